//! The thread that runs the engines.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use hookflash_call::SpeechError;
use hookflash_program::{Heard, Recognizer, Voice};
use hookflash_speech::{HttpClient, Recognizers, SpeakError, Speaker};

use super::engines;
use super::lent::Lent;
use super::{Job, Jobs, Setup};
use crate::resolver::Names;
use crate::webhook::Webhooks;

/// Largest recording that is sent to be transcribed: what OpenAI's service takes.
const LARGEST: u64 = 25 << 20;

/// What the thread works with until the configuration changes.
#[derive(Clone)]
struct Staff {
    speaker: Rc<Speaker>,
    recognizers: Recognizers,
    /// Who speaks when nobody is asked for.
    voice: Option<String>,
}

impl Staff {
    fn of(setup: &Setup, client: &Rc<dyn HttpClient>) -> Staff {
        Staff {
            speaker: Rc::new(engines::speaker(setup, client)),
            recognizers: engines::recognizers(&setup.settings, client),
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
                tokio::task::spawn_local(recognizer.listen(&wish, hearing));
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
                    outcome = transcribe(&staff.recognizers, &wish, file, content_type) => {
                        let _ = reply.send(outcome);
                    }
                    () = reply.closed() => {}
                }
            });
        }
        Job::Setup(_) => {}
    }
}

async fn transcribe(
    recognizers: &Recognizers,
    wish: &Recognizer,
    file: PathBuf,
    content_type: &'static str,
) -> Result<Heard, SpeechError> {
    let Some(recognizer) = recognizers.choose(wish) else {
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
    heard.map_err(|error| failed(error.to_string()))
}

fn blame(error: SpeakError) -> SpeechError {
    match error {
        SpeakError::NoEngine => SpeechError::NoEngine,
        SpeakError::Failed(_) => SpeechError::Failed(error.to_string()),
    }
}
