//! Rings for a while.

use std::rc::Rc;

use hookflash_audio::{Item, Tone};
use hookflash_program::Ring;

use crate::Host;
use crate::call::Call;
use crate::player::Sounding;
use crate::program::Then;

/// An answered call hears a ringing tone; one that is not is told to ring by itself.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, ring: Ring) -> Then {
    let began = call.host.now();
    let tone = call
        .is_answered()
        .then(|| Sounding::begin(call, Item::Tone(Tone::ringing(ring.length))));
    if tone.is_none() {
        call.ring();
    }
    tokio::time::sleep(ring.length).await;
    drop(tone);
    call.took_time_since(began);
    Then::Next
}
