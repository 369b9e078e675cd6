//! Sends keys to the caller (`SendDtmf`, `dtmf`).

use std::rc::Rc;

use hookflash_program::{Keys as Sequence, Prompt, Repeat};

use crate::Host;
use crate::call::Call;
use crate::player::Player;
use crate::program::Then;
use crate::sounds::Keys;

pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, keys: Sequence) -> Then {
    let began = call.host.now();
    let listener = call.listen(Keys::Ignores);
    let sequence = [Prompt::Keys(keys)];
    let player = Player::new(call, &sequence);
    player.play(Repeat::ONCE, &listener, None).await;
    call.took_time_since(began);
    Then::Next
}
