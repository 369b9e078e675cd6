//! Audio that is fetched or spoken before it is due, so that one prompt follows the other without
//! a gap.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use hookflash_audio::Clip;
use hookflash_dialects::{FetchErrorKind, HttpRequest};
use hookflash_program::{Prompt, SpeechText, Step, Verb, Voice};
use tokio::task::JoinHandle;

use crate::call::Call;
use crate::{ClipError, Host, SpeechError};

/// How many prompts of the running verb are made ready at once.
const MOST_OF_THIS_VERB: usize = 4;

/// How many verbs further ahead prompts are made ready, and how many of each.
const VERBS_AHEAD: usize = 4;
const MOST_OF_LATER_VERBS: usize = 2;

/// What may be there before anybody asks for it.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    under_way: RefCell<Vec<(Wanted, Fetch)>>,
}

/// A piece of audio by its source.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Speech(SpeechText, Voice),
    File(String, Option<(String, String)>),
}

/// Where a piece of audio comes from.
enum Source {
    Speech(SpeechText, Voice),
    File(Box<HttpRequest>),
}

impl Source {
    fn wanted(&self) -> Wanted {
        match self {
            Source::Speech(text, voice) => Wanted::Speech(text.clone(), voice.clone()),
            Source::File(request) => Wanted::File(request.url.clone(), request.credentials.clone()),
        }
    }
}

/// Audio on its way. Dropping it gives it up.
#[derive(Debug)]
pub(crate) struct Fetch(JoinHandle<Result<Arc<Clip>, Trouble>>);

/// Why a prompt cannot be heard.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The file cannot be had or read.
    File(String),
    /// Nothing here can speak.
    NoEngine,
    /// What speaks failed.
    Speech(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::File(why) => write!(f, "not played: {why}"),
            Trouble::NoEngine => {
                f.write_str("not spoken: no speech engine is configured or installed")
            }
            Trouble::Speech(why) => write!(f, "not spoken: {why}"),
        }
    }
}

impl Fetch {
    /// Waits until the audio is there.
    pub(crate) async fn done(mut self) -> Result<Arc<Clip>, Trouble> {
        let stopped = "the server stopped before it was there";
        (&mut self.0)
            .await
            .unwrap_or_else(|_| Err(Trouble::File(stopped.to_owned())))
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Ahead {
    /// Gives up everything that nobody asked for.
    pub(crate) fn clear(&self) {
        self.under_way.take();
    }

    fn has(&self, wanted: &Wanted) -> bool {
        let under_way = self.under_way.borrow();
        under_way.iter().any(|(known, _)| known == wanted)
    }

    fn take(&self, wanted: &Wanted) -> Option<Fetch> {
        let mut under_way = self.under_way.borrow_mut();
        let at = under_way.iter().position(|(known, _)| known == wanted)?;
        Some(under_way.swap_remove(at).1)
    }
}

impl<H: Host> Call<H> {
    /// Makes ready what this verb and the verbs right after it let the caller hear. Nothing but
    /// audio is fetched.
    pub(crate) fn look_ahead(self: &Rc<Self>, step: &Step, later: &[Step]) {
        if !takes_time(&step.verb) {
            return;
        }
        let this = prompts_of(&step.verb).iter().take(MOST_OF_THIS_VERB);
        let later = later
            .iter()
            .take_while(|step| is_passed(&step.verb) || !prompts_of(&step.verb).is_empty())
            .filter(|step| !is_passed(&step.verb))
            .take(VERBS_AHEAD)
            .flat_map(|step| prompts_of(&step.verb).iter().take(MOST_OF_LATER_VERBS));
        for prompt in this.chain(later) {
            let Some(Ok(source)) = self.source(prompt) else {
                continue;
            };
            let wanted = source.wanted();
            if !self.ahead.has(&wanted) {
                let fetch = self.begin_fetch(source);
                self.ahead.under_way.borrow_mut().push((wanted, fetch));
            }
        }
    }

    /// Fetches or speaks a prompt, unless that has begun already; `None` for a prompt that needs
    /// neither.
    pub(crate) fn fetch_prompt(&self, prompt: &Prompt) -> Option<Result<Fetch, Trouble>> {
        Some(self.source(prompt)?.map(|source| {
            let under_way = self.ahead.take(&source.wanted());
            under_way.unwrap_or_else(|| self.begin_fetch(source))
        }))
    }

    fn source(&self, prompt: &Prompt) -> Option<Result<Source, Trouble>> {
        match prompt {
            Prompt::Speech(speech) => {
                let voice = self.voice(&speech.voice);
                Some(Ok(Source::Speech(speech.text.clone(), voice)))
            }
            Prompt::Audio(audio) => {
                let base = Rc::clone(&self.base.borrow());
                let request = self
                    .record
                    .facts(|facts| self.dialect().audio_request(facts, &base, audio));
                Some(match request {
                    Ok(request) => Ok(Source::File(Box::new(request))),
                    Err(error) => Err(Trouble::File(error.message)),
                })
            }
            Prompt::Silence(_) | Prompt::Keys(_) | Prompt::OneOf(_) => None,
        }
    }

    fn begin_fetch(&self, source: Source) -> Fetch {
        Fetch(match source {
            Source::Speech(text, voice) => {
                let spoken = self.host.speak(text, voice);
                tokio::task::spawn_local(async move { spoken.await.map_err(speech_trouble) })
            }
            Source::File(request) => {
                let fetched = self.host.clip(*request);
                tokio::task::spawn_local(async move { fetched.await.map_err(file_trouble) })
            }
        })
    }

    /// A voice with what the call's settings add to it.
    fn voice(&self, asked: &Voice) -> Voice {
        let settings = self.voice_defaults.borrow();
        let Some(settings) = settings.as_deref() else {
            return asked.clone();
        };
        if asked.vendor.is_some() && asked.vendor != settings.vendor {
            // The voices of one vendor mean nothing to another.
            return asked.clone();
        }
        let or = |own: &Option<String>, set: &Option<String>| own.clone().or_else(|| set.clone());
        Voice {
            name: or(&asked.name, &settings.name),
            vendor: or(&asked.vendor, &settings.vendor),
            language: or(&asked.language, &settings.language),
            gender: or(&asked.gender, &settings.gender),
        }
    }
}

fn speech_trouble(error: SpeechError) -> Trouble {
    match error {
        SpeechError::NoEngine => Trouble::NoEngine,
        SpeechError::Failed(why) => Trouble::Speech(why),
    }
}

fn file_trouble(error: ClipError) -> Trouble {
    Trouble::File(match &error {
        ClipError::Fetch(fetch) => match fetch.kind {
            FetchErrorKind::Status(status) => format!("{} answered {status}", fetch.url),
            _ => format!("{}: {}", fetch.url, fetch.message),
        },
        ClipError::Unreadable(_) | ClipError::TooLarge(_) => error.to_string(),
    })
}

/// The verbs during which there is time to look ahead.
fn takes_time(verb: &Verb) -> bool {
    matches!(verb, Verb::Prompts(_) | Verb::Gather(_) | Verb::Pause(_))
}

/// The verbs that change nothing about what comes next, and take no time of their own.
fn is_passed(verb: &Verb) -> bool {
    matches!(verb, Verb::Pause(_) | Verb::Tag(_) | Verb::Noted(_))
}

fn prompts_of(verb: &Verb) -> &[Prompt] {
    match verb {
        Verb::Prompts(prompts) => &prompts.items,
        Verb::Gather(gather) => &gather.prompts,
        _ => &[],
    }
}
