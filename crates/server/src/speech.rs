//! Speech engines as calls use them: one thread beside the shards runs them all, so that no call
//! waits for a program to be started or a file to be read.

mod engines;
mod found;
mod lent;
mod thread;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hookflash_audio::{Clip, Want};
use hookflash_call::{Recognition, SpeechError};
use hookflash_program::{Heard, Recognizer, SpeechText, Voice};
use hookflash_speech::{Hearing, Listening, session};
use tokio::sync::{mpsc, oneshot};

use crate::config;
use crate::prompts::wants;

pub(crate) use found::Found;
pub(crate) use thread::run;

/// Requests that wait for the thread; more fail at once.
const WAITING: usize = 1_024;

/// What the thread is asked to do.
pub(crate) enum Job {
    Speak {
        text: SpeechText,
        voice: Voice,
        reply: oneshot::Sender<Result<Arc<Clip>, SpeechError>>,
    },
    Listen {
        wish: Recognizer,
        hearing: Hearing,
    },
    Transcribe {
        wish: Recognizer,
        file: PathBuf,
        content_type: &'static str,
        reply: oneshot::Sender<Result<Heard, SpeechError>>,
    },
    Engines {
        reply: oneshot::Sender<Found>,
    },
    Setup(Box<Setup>),
}

/// What the thread is made from.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) settings: config::Speech,
    /// In what forms clips will be played.
    pub(crate) wants: Vec<Want>,
}

impl From<&config::Config> for Setup {
    fn from(config: &config::Config) -> Setup {
        Setup {
            settings: config.speech.clone(),
            wants: wants(&config.media),
        }
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) spoken: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) sessions: AtomicU64,
}

/// The speech of the process.
pub(crate) struct Speech {
    jobs: mpsc::Sender<Job>,
    can_listen: AtomicBool,
    said_deaf: AtomicBool,
    counts: Counts,
}

/// What the thread works off.
pub(crate) struct Jobs(mpsc::Receiver<Job>);

impl Speech {
    /// The handle, and what [`run`] needs.
    pub(crate) fn new(settings: &config::Speech) -> (Arc<Speech>, Jobs) {
        let (jobs, inbox) = mpsc::channel(WAITING);
        let speech = Speech {
            jobs,
            can_listen: AtomicBool::new(!settings.recognizers.is_empty()),
            said_deaf: AtomicBool::new(false),
            counts: Counts::default(),
        };
        (Arc::new(speech), Jobs(inbox))
    }

    /// What was counted since the start.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes over a changed configuration.
    pub(crate) async fn reload(&self, setup: Setup) {
        let can_listen = !setup.settings.recognizers.is_empty();
        self.can_listen.store(can_listen, Ordering::Relaxed);
        self.said_deaf.store(false, Ordering::Relaxed);
        let _ = self.jobs.send(Job::Setup(Box::new(setup))).await;
    }

    fn give(&self, job: Job) -> Result<(), SpeechError> {
        self.jobs.try_send(job).map_err(|error| {
            SpeechError::Failed(match error {
                mpsc::error::TrySendError::Full(_) => "too much speech is asked for at once".into(),
                mpsc::error::TrySendError::Closed(_) => "the server is being stopped".into(),
            })
        })
    }

    /// A text as audio.
    pub(crate) async fn speak(
        &self,
        text: SpeechText,
        voice: Voice,
    ) -> Result<Arc<Clip>, SpeechError> {
        let (reply, answer) = oneshot::channel();
        let outcome = match self.give(Job::Speak { text, voice, reply }) {
            Ok(()) => answered(answer).await,
            Err(error) => Err(error),
        };
        let count = match outcome {
            Ok(_) => &self.counts.spoken,
            Err(_) => &self.counts.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    fn hears(&self) -> Result<(), SpeechError> {
        if self.can_listen.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !self.said_deaf.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "speech is to be recognised and there is no recognizer; add \
                 [[speech.recognizers]] to the configuration"
            );
        }
        Err(SpeechError::NoEngine)
    }

    /// Begins to recognise speech.
    pub(crate) fn recognize(&self, wish: &Recognizer, rate: u32) -> Result<Listener, SpeechError> {
        self.hears()?;
        let (listening, hearing) = session(rate);
        self.give(Job::Listen {
            wish: wish.clone(),
            hearing,
        })?;
        self.counts.sessions.fetch_add(1, Ordering::Relaxed);
        Ok(Listener(listening))
    }

    /// The engines that were found; `None` while the server is being stopped.
    pub(crate) async fn engines(&self) -> Option<Found> {
        let (reply, answer) = oneshot::channel();
        self.give(Job::Engines { reply }).ok()?;
        answer.await.ok()
    }

    /// The text of a file.
    pub(crate) async fn transcribe(
        &self,
        wish: Recognizer,
        file: PathBuf,
        content_type: &'static str,
    ) -> Result<Heard, SpeechError> {
        self.hears()?;
        let (reply, answer) = oneshot::channel();
        self.give(Job::Transcribe {
            wish,
            file,
            content_type,
            reply,
        })?;
        answered(answer).await
    }
}

async fn answered<T>(answer: oneshot::Receiver<Result<T, SpeechError>>) -> Result<T, SpeechError> {
    match answer.await {
        Ok(outcome) => outcome,
        Err(_) => Err(SpeechError::Failed("the server is being stopped".into())),
    }
}

/// Speech being recognised. Dropping it ends the session.
pub(crate) struct Listener(Listening);

impl Recognition for Listener {
    fn hear(&self, samples: &[i16]) {
        self.0.hear(samples);
    }

    fn finish(&self) {
        self.0.finish();
    }

    async fn next(&self) -> Option<Result<Heard, SpeechError>> {
        let result = self.0.next().await?;
        Some(result.map_err(|error| SpeechError::Failed(format!("the recognizer: {error}"))))
    }
}

#[cfg(test)]
mod tests;
