//! Lets the caller hear something (`Say`, `Play`, `SpeakSentence`, `PlayAudio`, `say`, `play`).

use std::rc::Rc;

use hookflash_dialects::Moment;
use hookflash_program::Prompts;

use crate::Host;
use crate::call::Call;
use crate::player::Player;
use crate::program::Then;
use crate::sounds::Keys;

/// Plays to the end or to the limit, then asks the application where the document names a hook.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, prompts: Box<Prompts>) -> Then {
    let began = call.host.now();
    let deadline = prompts.at_most.map(|most| began + most);
    let listener = call.listen(Keys::Ignores);
    let player = Player::new(call, &prompts.items);
    player.play(prompts.repeat, &listener, deadline).await;
    let (played, failure) = (player.played(), player.failure());
    drop((player, listener));
    call.took_time_since(began);
    if prompts.result.is_none() {
        return Then::Next;
    }
    let done = Moment::PromptsDone {
        verb: &prompts,
        played,
        failure: failure.as_deref(),
    };
    let empty_reply_goes_on = call.dialect().empty_reply_goes_on();
    call.ask_what_next(&done, empty_reply_goes_on).await
}
