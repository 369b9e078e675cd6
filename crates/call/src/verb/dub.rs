//! Mixes audio into what the caller hears, on tracks of its own (jambonz `dub`).

use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::{Item, Playlist};
use hookflash_media::DubChange;
use hookflash_program::{Dub, DubOrder, Prompt, Repeat};

use crate::Host;
use crate::call::Call;
use crate::journal::{VerbEnd, What};
use crate::program::Then;

/// Changes a track; what it plays goes on beside the verbs that follow.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, dub: Box<Dub>) -> Then {
    let change = match &dub.order {
        DubOrder::Add | DubOrder::Silence => Some(DubChange::Silence),
        DubOrder::Remove => None,
        DubOrder::Play { prompt, forever } => match item(call, prompt).await {
            Ok((item, repeat)) => {
                let times = match repeat {
                    _ if *forever => None,
                    Repeat::Forever => None,
                    Repeat::Times(times) => Some(times),
                };
                let items = vec![item];
                Some(DubChange::Play(Playlist { items, times }, dub.gain))
            }
            Err(why) => {
                call.note(What::VerbNote(
                    format!("the track stays as it is: {why}").into(),
                ));
                call.verb_ended(VerbEnd::Failed);
                return Then::Next;
            }
        },
    };
    let changed = call.session(|session| session.dub(&dub.track, change));
    let why = match changed {
        Some(true) => return Then::Next,
        Some(false) => "no more tracks can be mixed",
        None => "the call has no audio",
    };
    call.note(What::VerbNote(format!("not mixed: {why}").into()));
    call.verb_ended(VerbEnd::Failed);
    Then::Next
}

/// What a prompt sounds like, and how often.
async fn item<H: Host>(call: &Rc<Call<H>>, prompt: &Prompt) -> Result<(Item, Repeat), String> {
    let (from, repeat) = match prompt {
        Prompt::Speech(speech) => (Duration::ZERO, speech.repeat),
        Prompt::Audio(audio) => (audio.from, audio.repeat),
        Prompt::Silence(length) => return Ok((Item::Silence(*length), Repeat::ONCE)),
        Prompt::OneOf(choices) => {
            let first = choices.first().ok_or("there is nothing to choose from")?;
            return Box::pin(item(call, first)).await;
        }
        Prompt::Keys(_) => return Err("keys cannot be mixed into other audio".to_owned()),
    };
    let fetch = call
        .fetch_prompt(prompt)
        .ok_or("there is nothing to play")?;
    let clip = match fetch {
        Ok(fetch) => fetch.done().await,
        Err(trouble) => Err(trouble),
    };
    let clip = clip.map_err(|trouble| trouble.to_string())?;
    Ok((Item::Clip(clip, from), repeat))
}
