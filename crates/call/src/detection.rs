//! Finding out who picked up a call that we placed.
//!
//! A tap listens from the answer on. Either the first document waits for what it finds
//! ([`Detection::found`]), or the document runs meanwhile ([`Detection::beside`]).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::answering_machine::{Detector, Finding, RATE, Rules};
use hookflash_audio::{Resampler, Tap, TapFrame};
use hookflash_dialects::{AnsweredBy, HttpRequest, MachineDetection, Moment, ReplyUse};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::Host;
use crate::background::Tapped;
use crate::call::Call;
use crate::fault;
use crate::inbox::Input;

/// Detection under way. Dropping it gives it up.
pub(crate) struct Detection<H: Host> {
    order: MachineDetection,
    heard: Rc<Heard>,
    _tapped: Tapped<H>,
}

/// What the tap has found and nobody has taken yet.
#[derive(Debug, Default)]
struct Heard {
    found: RefCell<VecDeque<Found>>,
    news: Notify,
}

/// Something that was found.
#[derive(Clone, Copy, Debug)]
struct Found {
    finding: Finding,
    after: Duration,
    is_final: bool,
}

impl<H: Host> Detection<H> {
    /// Listens from now on. `None` when the call has no audio.
    pub(crate) fn begin(call: &Rc<Call<H>>, order: MachineDetection) -> Option<Detection<H>> {
        let heard = Rc::new(Heard::default());
        let listening = Listening {
            detector: Detector::new(Rules {
                until_greeting_ends: order.until_greeting_ends,
                timeout: order.timeout,
                speech_threshold: order.speech_threshold,
                speech_end_threshold: order.speech_end_threshold,
                silence_timeout: order.silence_timeout,
            }),
            resampler: None,
            heard: Rc::clone(&heard),
        };
        Some(Detection {
            order,
            heard,
            _tapped: Tapped::new(call, Box::new(listening))?,
        })
    }

    /// Whether the document does not wait.
    pub(crate) fn is_beside(&self) -> bool {
        self.order.beside
    }

    /// Waits until it is known who picked up; tells the application on the way what it is told.
    pub(crate) async fn found(self, call: &Rc<Call<H>>) {
        let base = Rc::clone(&call.base.borrow());
        loop {
            let found = self.heard.next().await;
            let answered_by = answered_by(found.finding);
            call.record
                .change(|facts| facts.answered_by = Some(answered_by));
            let millis = found.after.as_millis();
            call.note_call(&format!("after {millis} ms: {}", words(answered_by)));
            let moment = Moment::MachineDetected {
                detection: &self.order,
                answered_by,
                after: found.after,
                is_final: found.is_final,
            };
            tell(call, &base, &moment);
            if found.is_final {
                return;
            }
        }
    }

    /// Goes on beside the document.
    pub(crate) fn beside(self, call: &Rc<Call<H>>) -> Beside {
        let task = Rc::clone(call);
        Beside(fault::spawn(call, async move { self.found(&task).await }))
    }
}

/// Tells the application who picked up, and does what it says to that, if the dialect lets it.
fn tell<H: Host>(call: &Rc<Call<H>>, base: &str, moment: &Moment<'_>) {
    match call.request_at(base, moment) {
        Ok(Some(request)) if request.reply_use == ReplyUse::Document => {
            let asks = Rc::clone(call);
            fault::spawn(call, async move { obey_reply(&asks, request).await });
        }
        Ok(Some(request)) => call.tell(request),
        Ok(None) => {}
        Err(error) => call.note_fetch_error(None, &error),
    }
}

/// The verbs of the reply, if it has any, take the place of the running document.
async fn obey_reply<H: Host>(call: &Rc<Call<H>>, request: HttpRequest) {
    match call.load(request, false).await {
        Ok(loaded) if loaded.program.steps.is_empty() => {}
        Ok(loaded) => {
            call.note_call("the application answered who picked up with another document");
            call.inbox.put(Input::Document(Box::new(loaded)));
        }
        Err(failure) => call.note_call(&format!("the document goes on: {}", failure.message)),
    }
}

/// Detection that goes on beside the document, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Beside(AbortHandle);

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Heard {
    async fn next(&self) -> Found {
        loop {
            if let Some(found) = self.found.borrow_mut().pop_front() {
                return found;
            }
            self.news.notified().await;
        }
    }
}

/// The tap.
struct Listening {
    detector: Detector,
    /// For a call whose codec has another rate.
    resampler: Option<(u32, Resampler)>,
    heard: Rc<Heard>,
}

impl Tap for Listening {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        if self.detector.is_over() {
            return;
        }
        let finding = if frame.rate == RATE {
            self.resampler = None;
            self.detector.push(frame.caller)
        } else {
            let known = self
                .resampler
                .take()
                .filter(|(from, _)| *from == frame.rate);
            let fresh = || (frame.rate, Resampler::new(frame.rate, RATE));
            let (_, resampler) = self.resampler.insert(known.unwrap_or_else(fresh));
            let mut converted = Vec::with_capacity(frame.caller.len());
            resampler.push(frame.caller, &mut converted);
            self.detector.push(&converted)
        };
        if let Some(finding) = finding {
            self.heard.found.borrow_mut().push_back(Found {
                finding,
                after: self.detector.listened(),
                is_final: self.detector.is_over(),
            });
            self.heard.news.notify_one();
        }
    }
}

fn answered_by(finding: Finding) -> AnsweredBy {
    match finding {
        Finding::Human => AnsweredBy::Human,
        Finding::Machine => AnsweredBy::MachineStart,
        Finding::Beep => AnsweredBy::MachineEndBeep,
        Finding::GreetingEnded => AnsweredBy::MachineEndSilence,
        Finding::GreetingGoesOn => AnsweredBy::MachineEndOther,
        Finding::Fax => AnsweredBy::Fax,
        Finding::Silence => AnsweredBy::Silence,
        Finding::Timeout => AnsweredBy::Unknown,
    }
}

fn words(answered_by: AnsweredBy) -> &'static str {
    match answered_by {
        AnsweredBy::Human => "a person has answered",
        AnsweredBy::MachineStart => "a machine has answered",
        AnsweredBy::MachineEndBeep => "the machine's greeting ended in a beep",
        AnsweredBy::MachineEndSilence => "the machine's greeting ended in silence",
        AnsweredBy::MachineEndOther => "the machine's greeting goes on for too long",
        AnsweredBy::Fax => "a fax has answered",
        AnsweredBy::Silence => "nobody says anything",
        AnsweredBy::Unknown => "nobody can tell who has answered",
    }
}
