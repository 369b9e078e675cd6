//! Rings for a while.

use std::rc::Rc;

use hookflash_audio::{Item, Playlist, Tone};
use hookflash_program::Ring;

use crate::Host;
use crate::call::Call;
use crate::program::Then;

/// An answered call hears a ringing tone; one that is not is told to ring by itself.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, ring: Ring) -> Then {
    let began = call.host.now();
    let tone = call.is_answered().then(|| Ringing::begin(call, &ring));
    if tone.is_none() {
        call.ring();
    }
    tokio::time::sleep(ring.length).await;
    drop(tone);
    call.took_time_since(began);
    Then::Next
}

/// Plays the tone until it is dropped.
struct Ringing<'a, H: Host>(&'a Rc<Call<H>>);

impl<'a, H: Host> Ringing<'a, H> {
    fn begin(call: &'a Rc<Call<H>>, ring: &Ring) -> Ringing<'a, H> {
        let items = vec![Item::Tone(Tone::ringing(ring.length))];
        let times = Some(1);
        call.session(|session| session.play(Playlist { items, times }));
        Ringing(call)
    }
}

impl<H: Host> Drop for Ringing<'_, H> {
    fn drop(&mut self) {
        self.0.session(|session| session.stop_playing());
    }
}
