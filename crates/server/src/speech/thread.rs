//! The thread that runs the engines.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use hookflash_call::SpeechError;
use hookflash_program::{Heard, Recognizer, Voice};
use hookflash_speech::{HttpClient, Recognizers, SpeakError, Speaker};

use super::engines;
use super::found::Found;
use super::lent::Lent;
use super::{Job, Jobs, Setup};
use crate::resolver::Names;
use crate::webhook::Webhooks;

/// Largest recording that is sent to be transcribed: what OpenAI's service takes.
const LARGEST: u64 = 25 << 20;

/// What the thread works with until the configuration changes.
#[derive(Clone)]
pub(super) struct Staff {
    pub(super) speaker: Rc<Speaker>,
    recognizers: Recognizers,
    /// How each recognizer fared last.
    pub(super) listened: Rc<RefCell<HashMap<String, Result<(), String>>>>,
    found: Found,
    /// Who speaks when nobody is asked for.
    voice: Option<String>,
}

impl Staff {
    fn of(setup: &Setup, client: &Rc<dyn HttpClient>) -> Staff {
        let (speaker, synthesizers) = engines::speaker(setup, client);
        let (recognizers, listeners) = engines::recognizers(&setup.settings, client);
        let found = Found::new(synthesizers, listeners);
        found.announce();
        Staff {
            speaker: Rc::new(speaker),
            recognizers,
            listened: Rc::default(),
            found,
            voice: setup.settings.voice.clone(),
        }
    }

    fn usual(&self, voice: Voice) -> Voice {
        let asks = voice.name.is_some() || voice.language.is_some() || voice.gender.is_some();
        if asks {
            return voice;
        }
        Voice {
            name: self.voice.clone(),
            ..voice
        }
    }
}

/// Works until `stop` resolves. Called within a local runtime.
pub(crate) async fn run(setup: Setup, jobs: Jobs, stop: impl Future<Output = ()>) {
    let webhooks = Webhooks::new(Names::default(), true);
    let client: Rc<dyn HttpClient> = Rc::new(Lent(webhooks));
    let staff = RefCell::new(Staff::of(&setup, &client));
    let Jobs(mut jobs) = jobs;
    let work = async {
        while let Some(job) = jobs.recv().await {
            if let Job::Setup(setup) = job {
                let renewed = Staff::of(&setup, &client);
                staff.replace(renewed);
            } else {
                begin(staff.borrow().clone(), job);
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = stop => {}
    }
}

fn begin(staff: Staff, job: Job) {
    match job {
        Job::Speak {
            text,
            voice,
            mut reply,
        } => {
            tokio::task::spawn_local(async move {
                let voice = staff.usual(voice);
                tokio::select! {
                    outcome = staff.speaker.speak(&text, &voice) => {
                        let _ = reply.send(outcome.map_err(blame));
                    }
                    // Nobody waits any more; the engine's work ends here.
                    () = reply.closed() => {}
                }
            });
        }
        Job::Listen { wish, hearing } => {
            if let Some(recognizer) = staff.recognizers.choose(&wish) {
                let (name, failure) = (recognizer.name().to_owned(), hearing.failure());
                let listening = recognizer.listen(&wish, hearing);
                tokio::task::spawn_local(async move {
                    listening.await;
                    let outcome = match failure.take() {
                        Some(error) => Err(error.to_string()),
                        None => Ok(()),
                    };
                    staff.listened.borrow_mut().insert(name, outcome);
                });
            }
        }
        Job::Transcribe {
            wish,
            file,
            content_type,
            mut reply,
        } => {
            tokio::task::spawn_local(async move {
                tokio::select! {
                    outcome = transcribe(&staff, &wish, file, content_type) => {
                        let _ = reply.send(outcome);
                    }
                    () = reply.closed() => {}
                }
            });
        }
        Job::Engines { reply } => {
            let _ = reply.send(staff.found.clone().with_outcomes(&staff));
        }
        Job::Setup(_) => {}
    }
}

async fn transcribe(
    staff: &Staff,
    wish: &Recognizer,
    file: PathBuf,
    content_type: &'static str,
) -> Result<Heard, SpeechError> {
    let Some(recognizer) = staff.recognizers.choose(wish) else {
        return Err(SpeechError::NoEngine);
    };
    let failed = |why: String| SpeechError::Failed(format!("{}: {why}", recognizer.name()));
    let read = tokio::task::spawn_blocking(move || {
        if std::fs::metadata(&file)?.len() > LARGEST {
            return Err(std::io::Error::other("it is too large to be transcribed"));
        }
        std::fs::read(&file)
    });
    let bytes = match read.await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(failed(format!("the recording cannot be read: {error}"))),
        Err(error) => return Err(failed(error.to_string())),
    };
    let heard = recognizer.transcribe(wish, bytes, content_type).await;
    let outcome = heard
        .as_ref()
        .map(|_| ())
        .map_err(|error| error.to_string());
    let name = recognizer.name().to_owned();
    staff.listened.borrow_mut().insert(name, outcome);
    heard.map_err(|error| failed(error.to_string()))
}

fn blame(error: SpeakError) -> SpeechError {
    match error {
        SpeakError::NoEngine => SpeechError::NoEngine,
        SpeakError::Failed(_) => SpeechError::Failed(error.to_string()),
    }
}
