//! What every engine that listens has in common: a session is a pair of queues, one end with the
//! call, the other with the engine, so that neither can hold up the other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

use futures_util::future::LocalBoxFuture;
use hookflash_program::{Heard, Recognizer as Wish};
use tokio::sync::{Mutex, mpsc};

use crate::EngineError;

/// Frames that wait for an engine: ten seconds of 20 ms each. What comes on top is lost.
const FRAMES: usize = 500;
/// Results that wait for the call.
const RESULTS: usize = 32;

/// The call's end of a session.
#[derive(Debug)]
pub struct Listening {
    samples: RefCell<Option<mpsc::Sender<Vec<i16>>>>,
    results: Mutex<mpsc::Receiver<Result<Heard, EngineError>>>,
    lost: Cell<u64>,
}

/// The engine's end of a session.
#[derive(Debug)]
pub struct Hearing {
    /// Samples per second.
    pub rate: u32,
    pub(crate) samples: mpsc::Receiver<Vec<i16>>,
    pub(crate) results: Results,
}

/// Where results go.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    to_call: mpsc::Sender<Result<Heard, EngineError>>,
    failure: Failure,
}

/// What went wrong in a session, for whoever runs it.
#[derive(Clone, Debug, Default)]
pub struct Failure(Arc<std::sync::Mutex<Option<EngineError>>>);

impl Failure {
    /// The last thing that did.
    pub fn take(&self) -> Option<EngineError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: &EngineError) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(error.clone());
    }
}

/// The two ends of a session at `rate` samples per second.
pub fn session(rate: u32) -> (Listening, Hearing) {
    let (to_engine, samples) = mpsc::channel(FRAMES);
    let (results, from_engine) = mpsc::channel(RESULTS);
    let listening = Listening {
        samples: RefCell::new(Some(to_engine)),
        results: Mutex::new(from_engine),
        lost: Cell::new(0),
    };
    let hearing = Hearing {
        rate,
        samples,
        results: Results {
            to_call: results,
            failure: Failure::default(),
        },
    };
    (listening, hearing)
}

impl Listening {
    /// Takes samples. Never waits; what the engine cannot take in time is lost.
    pub fn hear(&self, samples: &[i16]) {
        let to = self.samples.borrow();
        let Some(to) = to.as_ref() else { return };
        if let Err(mpsc::error::TrySendError::Full(_)) = to.try_send(samples.to_vec()) {
            if self.lost.get() == 0 {
                tracing::warn!("a recognizer does not keep up; speech is lost");
            }
            self.lost.set(self.lost.get() + 1);
        }
    }

    /// How many frames were lost.
    pub fn lost(&self) -> u64 {
        self.lost.get()
    }

    /// No more speech comes; the final result does.
    pub fn finish(&self) {
        self.samples.borrow_mut().take();
    }

    /// The next result; `None` when there is none left. Only one future waits at a time;
    /// dropping it loses nothing.
    pub async fn next(&self) -> Option<Result<Heard, EngineError>> {
        self.results.lock().await.recv().await
    }

    /// Takes samples and waits for the engine.
    pub(crate) async fn feed(&self, samples: Vec<i16>) {
        let to = self.samples.borrow().clone();
        if let Some(to) = to {
            let _ = to.send(samples).await;
        }
    }
}

impl Hearing {
    /// Tells, once the session is served, what went wrong in it.
    pub fn failure(&self) -> Failure {
        self.results.failure.clone()
    }
}

impl Results {
    /// Gives a result to the call. A partial one that the call has no time for is left out.
    pub(crate) async fn give(&self, result: Result<Heard, EngineError>) {
        if matches!(&result, Ok(heard) if !heard.is_final) {
            let _ = self.to_call.try_send(result);
        } else {
            if let Err(error) = &result {
                self.failure.set(error);
            }
            let _ = self.to_call.send(result).await;
        }
    }

    /// Resolves when the call waits for no more of them.
    pub(crate) async fn closed(&self) {
        self.to_call.closed().await;
    }
}

/// An engine that listens.
pub trait Recognizer {
    /// Its name in configuration and log.
    fn name(&self) -> &str;

    /// Serves a session to its end. To be run beside the call; ends soon after the call's end of
    /// the session is dropped.
    fn listen(&self, wish: &Wish, hearing: Hearing) -> LocalBoxFuture<'static, ()>;

    /// The text of a finished recording: the bytes of a file of the kind that `content_type`
    /// names.
    fn transcribe(
        &self,
        wish: &Wish,
        file: Vec<u8>,
        content_type: &'static str,
    ) -> LocalBoxFuture<'static, Result<Heard, EngineError>>;
}

/// Every recognizer there is, the default first.
#[derive(Clone, Default)]
pub struct Recognizers(pub Vec<Rc<dyn Recognizer>>);

impl Recognizers {
    /// That which a document names as its vendor, else the first.
    pub fn choose(&self, wish: &Wish) -> Option<&Rc<dyn Recognizer>> {
        let named = wish.vendor.as_deref().and_then(|vendor| {
            let is_it = |one: &&Rc<dyn Recognizer>| one.name().eq_ignore_ascii_case(vendor);
            self.0.iter().find(is_it)
        });
        named.or_else(|| self.0.first())
    }
}

/// One text of several results.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    texts: Vec<String>,
    confidence: f32,
    language: Option<String>,
}

impl Joined {
    pub(crate) fn add(&mut self, heard: Heard) {
        self.texts.push(heard.text);
        self.confidence += heard.confidence;
        self.language = heard.language.or(self.language.take());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// All of it; the confidence is the mean.
    pub(crate) fn heard(&self, is_final: bool) -> Heard {
        let count = self.texts.len().max(1) as f32;
        Heard {
            text: self.texts.join(" "),
            confidence: self.confidence / count,
            language: self.language.clone(),
            is_final,
        }
    }
}

/// A recognizer tells no end of digits when it is sure.
pub(crate) fn confidence(value: Option<f64>) -> f32 {
    value.map_or(1.0, |value| value.clamp(0.0, 1.0) as f32)
}
