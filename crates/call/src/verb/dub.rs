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

/// The track that a whisper sounds on.
const WHISPER: &str = "whisper";

/// How often one prompt of a whisper is heard at most.
const MOST_REPEATS: u32 = 100;

/// Changes a track; what it plays goes on beside the verbs that follow.
pub(crate) async fn run<H: Host>(call: &Rc<Call<H>>, dub: Box<Dub>) -> Then {
    if let Err(why) = change(call, &dub).await {
        call.note(What::VerbNote(why.into()));
        call.verb_ended(VerbEnd::Failed);
    }
    Then::Next
}

/// Lets prompts be heard beside whatever else is heard.
///
/// # Errors
/// A sentence on why they are not.
pub(crate) async fn whisper<H: Host>(call: &Rc<Call<H>>, prompts: &[Prompt]) -> Result<(), String> {
    let mut items = Vec::with_capacity(prompts.len());
    for prompt in prompts {
        let (item, repeat) = item(call, prompt).await?;
        let Repeat::Times(times) = repeat else {
            return Err("a whisper cannot go on for ever".to_owned());
        };
        let times = usize::try_from(times.min(MOST_REPEATS)).unwrap_or(1);
        items.extend(std::iter::repeat_n(item, times));
    }
    let whisper = Playlist {
        items,
        times: Some(1),
    };
    mix(call, WHISPER, Some(DubChange::Play(whisper, 0.0)))
}

/// Changes a track.
///
/// # Errors
/// A sentence on why it stays as it is.
pub(crate) async fn change<H: Host>(call: &Rc<Call<H>>, dub: &Dub) -> Result<(), String> {
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
            Err(why) => return Err(format!("the track stays as it is: {why}")),
        },
    };
    mix(call, &dub.track, change)
}

fn mix<H: Host>(call: &Rc<Call<H>>, track: &str, change: Option<DubChange>) -> Result<(), String> {
    match call.session(|session| session.dub(track, change)) {
        Some(true) => Ok(()),
        Some(false) => Err("not mixed: no more tracks can be mixed".to_owned()),
        None => Err("not mixed: the call has no audio".to_owned()),
    }
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
