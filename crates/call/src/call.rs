//! One call: what its task, its verbs and its events share.
//!
//! Everything of a call happens on one thread, in one task. The program runs as a future inside
//! that task; events from the wire are taken out of the inbox between its steps, by
//! [`Call::interrupted`] alone. That function returns when something ends or replaces the program,
//! and the task then drops the program's future: the one place where a call is interrupted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_dialects::{CallEnd, CallState, Dialect};
use hookflash_media::{KeySource, MediaEvent};
use hookflash_program::{Recognizer, Voice};
use hookflash_sip::{Endpoint, Event, Flow, LegEnd, LegId, Request, WireEvent};
use tokio::sync::Notify;

use crate::audio::Audio;
use crate::background::Background;
use crate::command::Command;
use crate::inbox::{Inbox, Input};
use crate::journal::{SipMessage, VerbEnd, What};
use crate::ledger::Ledger;
use crate::lookahead::Ahead;
use crate::masking::Masked;
use crate::options::CallOptions;
use crate::program::Replacement;
use crate::record::CallRecord;
use crate::sounds::Sounds;
use crate::transfers::Transfers;
use crate::verb::refer;
use crate::voice_watch::VoiceWatches;
use crate::{CallKey, Host, Turn, ending, info_digits, invite, program};

/// How far a call has come, seen from its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not answered.
    Waiting,
    /// We answered; the ACK is still on its way.
    Answered,
    /// Answered and acknowledged.
    Confirmed,
    /// Over.
    Over,
}

/// How a program came to its end, and the call with it.
#[derive(Debug)]
pub(crate) enum Finish {
    /// The leg is gone already.
    Gone(LegEnd),
    /// The call is to be hung up.
    HangUp {
        /// Header fields for the BYE.
        headers: Vec<(String, String)>,
        /// Why.
        why: Reason,
    },
    /// The unanswered call is to be refused.
    Refuse {
        /// SIP status.
        status: u16,
        /// Reason phrase; the standard one when absent.
        reason: Option<String>,
        /// Header fields for the answer.
        headers: Vec<(String, String)>,
        /// Why.
        why: Reason,
    },
}

/// Why a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A document said so, or ran out.
    Document,
    /// The API or the operator said so.
    Api,
    /// Something failed here or at the application.
    Failure {
        /// The vendor's code or word.
        code: Option<String>,
        /// A sentence.
        message: String,
    },
}

/// What ends or replaces a running program.
enum Interruption {
    /// The call is to end, or has ended.
    Over(Finish),
    /// Another document takes the place of the running one.
    Replaced(Replacement),
}

/// A running call.
pub(crate) struct Call<H: Host> {
    pub(crate) host: Rc<H>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) record: Arc<CallRecord>,
    pub(crate) options: Arc<CallOptions>,
    pub(crate) leg: LegId,
    pub(crate) inbox: Inbox,
    pub(crate) audio: RefCell<Audio<H::Media>>,
    pub(crate) sounds: Sounds,
    pub(crate) voice_watches: VoiceWatches,
    pub(crate) ahead: Ahead,
    pub(crate) transfers: Transfers,
    pub(crate) background: Background<H>,
    /// Voice of speech that names none, as the documents of the call set it.
    pub(crate) voice_defaults: RefCell<Option<Box<Voice>>>,
    /// Recognizer of speech that names none, as the documents of the call set it.
    pub(crate) recognizer_defaults: RefCell<Option<Box<Recognizer>>>,
    /// URL of the current document.
    pub(crate) base: RefCell<Rc<str>>,
    pub(crate) requests: Cell<u16>,
    pub(crate) statuses: Cell<u32>,
    /// Documents run since the last verb that took time.
    pub(crate) documents: Cell<u16>,
    pub(crate) phase: Cell<Phase>,
    /// The phase changed, or the leg was released.
    changed: Notify,
    released: Cell<bool>,
    verb_runs: Cell<bool>,
    /// Another document is about to take the place of the running one.
    superseded: Cell<bool>,
}

impl<H: Host> Call<H> {
    /// A call that came in just now. Its task is started by the desk.
    pub(crate) fn incoming(
        host: Rc<H>,
        ledger: Arc<Ledger>,
        options: Arc<CallOptions>,
        leg: LegId,
        invite: &Request,
        flow: Flow,
    ) -> Rc<Call<H>> {
        let random = (host.random(), host.random());
        let facts = invite::facts(invite, flow, &options, random, host.wall_clock());
        let key: CallKey = ledger.next_key();
        let record = Arc::new(CallRecord::new(key, leg, flow, host.now(), facts));
        let base = Rc::from(options.application.url.as_str());
        Rc::new(Call {
            host,
            ledger,
            record,
            options,
            leg,
            inbox: Inbox::default(),
            audio: RefCell::new(Audio::default()),
            sounds: Sounds::default(),
            voice_watches: VoiceWatches::default(),
            ahead: Ahead::default(),
            transfers: Transfers::default(),
            background: Background::default(),
            voice_defaults: RefCell::default(),
            recognizer_defaults: RefCell::default(),
            base: RefCell::new(base),
            requests: Cell::new(0),
            statuses: Cell::new(0),
            documents: Cell::new(0),
            phase: Cell::new(Phase::Waiting),
            changed: Notify::new(),
            released: Cell::new(false),
            verb_runs: Cell::new(false),
            superseded: Cell::new(false),
        })
    }

    /// The life of the call, from its INVITE until nothing of its leg is left.
    pub(crate) async fn live(self: Rc<Self>, invite: Arc<Request>) {
        self.turned(Turn::Begun);
        self.keep_offer(&invite);
        drop(invite);
        if !self.options.credentials.is_empty() {
            let credentials = self.options.credentials.clone();
            self.endpoint(|endpoint, _| endpoint.set_credentials(self.leg, credentials));
        }
        let finish = self.run().await;
        Box::pin(ending::end(&self, finish)).await;
        while !self.released.get() {
            if let Input::Leg(event) = self.inbox.next().await {
                self.hear(event);
            }
        }
        self.background.all_done().await;
        self.transfers.clear();
    }

    /// Runs documents until something ends the call.
    async fn run(self: &Rc<Self>) -> Finish {
        let deadline = self.options.max_duration.map(|most| self.host.now() + most);
        let mut replaced = None;
        loop {
            let mut program = Box::pin(program::run(self, replaced.take()));
            let gather = &self.background.gather;
            let interruption = loop {
                tokio::select! {
                    biased;
                    interruption = self.interrupted() => break interruption,
                    reply = gather.changed() => if let Some(loaded) = reply {
                        self.note_call("the caller's answer brought another document");
                        break Interruption::Replaced(Replacement::Loaded(loaded));
                    },
                    finish = &mut program, if !gather.holds() => return finish,
                    () = until(deadline) => break Interruption::Over(too_long()),
                }
            };
            let is_superseded = matches!(interruption, Interruption::Replaced(_));
            self.superseded.set(is_superseded);
            drop(program);
            self.superseded.set(false);
            gather.go_on();
            self.verb_ended(VerbEnd::Interrupted);
            match interruption {
                Interruption::Over(finish) => return finish,
                Interruption::Replaced(document) => {
                    refer::superseded(self);
                    self.documents.set(0);
                    replaced = Some(document);
                }
            }
        }
    }

    /// Takes inputs until one of them ends or replaces the program. Dropping the future loses none.
    async fn interrupted(self: &Rc<Self>) -> Interruption {
        loop {
            let input = tokio::select! {
                biased;
                input = self.inbox.next() => input,
                event = self.media_event() => match self.take_media_event(event) {
                    Some(finish) => return Interruption::Over(finish),
                    None => continue,
                },
            };
            match input {
                Input::Leg(event) => {
                    if let Some(end) = self.hear(event) {
                        return Interruption::Over(Finish::Gone(end));
                    }
                }
                Input::Command(Command::HangUp) => {
                    return Interruption::Over(Finish::HangUp {
                        headers: Vec::new(),
                        why: Reason::Api,
                    });
                }
                Input::Command(Command::Redirect(document)) => {
                    self.note_call("another document was ordered through the API");
                    return Interruption::Replaced(Replacement::Ordered(document));
                }
            }
        }
    }

    /// Goes on hearing what comes from the wire, for as long as it is polled.
    pub(crate) async fn go_on_hearing(self: &Rc<Self>) -> std::convert::Infallible {
        loop {
            if let Input::Leg(event) = self.inbox.next().await {
                self.hear(event);
            }
        }
    }

    /// Takes note of one event of the leg, in any state of the call, and does what it calls for.
    /// Says how the leg ended, when it did.
    fn hear(self: &Rc<Self>, event: Event) -> Option<LegEnd> {
        match event {
            Event::Wire(wire) => self.keep(What::Sip(self.message(wire))),
            Event::Confirmed { body } => {
                if self.phase.get() == Phase::Answered {
                    self.set_phase(Phase::Confirmed);
                }
                self.take_answer_of_ack(body);
            }
            Event::Reoffer(offer) => self.answer_reoffer(offer),
            Event::OfferSettled(answer) => self.take_answer(answer),
            Event::ReferAnswer(refer, answer) => self.transfers.answered(self, refer, answer),
            Event::Notify(refer, notification) => {
                self.transfers.notified(self, refer, &notification);
            }
            Event::Refer(refer, _) => {
                // RFC 5057 §5.6: an unwanted usage inside a dialog is refused with 603.
                let refused =
                    self.endpoint(|endpoint, now| endpoint.reject_refer(now, self.leg, refer, 603));
                self.note_call("the far end asked for a transfer, which this release declines");
                self.note_refused_command(refused);
            }
            Event::Ended(end) => return Some(end),
            Event::Released => {
                self.released.set(true);
                self.changed.notify_waiters();
            }
            Event::Request(request) => {
                if let Some(key) = info_digits::key(&request) {
                    let source = KeySource::Info;
                    // A key ends no call.
                    let _ = self.take_media_event(MediaEvent::Key { key, source });
                }
            }
            Event::RequestAnswer(request, status) => {
                self.background.requests.answered(request, status);
            }
            Event::Incoming { .. }
            | Event::Progress(_)
            | Event::Answered(_)
            | Event::NotifyAnswer(..) => {}
        }
        None
    }

    /// Waits until the dialog is confirmed: REFER is sent only then (checklist 1).
    pub(crate) async fn confirmed(&self) {
        while self.phase.get() == Phase::Answered {
            self.changed.notified().await;
        }
    }

    /// Waits until the phase changes, or audio is there.
    pub(crate) async fn phase_changed(&self) {
        self.changed.notified().await;
    }

    /// Lets go on whoever waits for the phase or for audio.
    pub(crate) fn audio_is_there(&self) {
        self.changed.notify_waiters();
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
        self.changed.notify_waiters();
    }

    pub(crate) fn is_answered(&self) -> bool {
        matches!(self.phase.get(), Phase::Answered | Phase::Confirmed)
    }

    /// Works with the endpoint. No part of the call may be borrowed while it does.
    pub(crate) fn endpoint<R>(&self, work: impl FnOnce(&mut Endpoint, Instant) -> R) -> R {
        self.host.endpoint(work)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.options.application.account.dialect
    }

    /// Adds an entry to the journal, after the messages that crossed the wire before it.
    pub(crate) fn note(&self, what: What) {
        while let Some(wire) = self.inbox.take_wire() {
            self.keep(What::Sip(self.message(wire)));
        }
        self.keep(what);
        let dropped = self.inbox.take_dropped();
        if dropped > 0 {
            let counter = &self.ledger.counters.events_dropped;
            counter.fetch_add(u64::from(dropped), std::sync::atomic::Ordering::Relaxed);
            self.note_call(&format!(
                "{dropped} events were dropped: more came than could be read"
            ));
        }
    }

    fn keep(&self, what: What) {
        if let Some(index) = self.record.push(self.host.now(), what) {
            self.ledger.publish(&self.record, index);
        }
    }

    fn message(&self, wire: WireEvent) -> SipMessage {
        SipMessage::new(wire, Some(self.record.flow))
    }

    pub(crate) fn note_call(&self, text: &str) {
        self.note(What::CallNote(text.into()));
    }

    /// A command that the leg's state did not allow: most often the leg has just ended, and the
    /// news of that wait in the inbox.
    pub(crate) fn note_refused_command<E: std::fmt::Display>(&self, result: Result<(), E>) {
        if let Err(why) = result {
            self.note_call(&format!("not sent: {why}"));
        }
    }

    /// Tells that the running verb has taken time since then, if it has: documents that follow each
    /// other no longer do so in a circle.
    pub(crate) fn took_time_since(&self, began: Instant) {
        if self.host.now().saturating_duration_since(began) >= Duration::from_millis(100) {
            self.documents.set(0);
        }
    }

    /// Whether the running verb is being interrupted by another document, not by the end of the
    /// call.
    pub(crate) fn is_superseded(&self) -> bool {
        self.superseded.get()
    }

    pub(crate) fn verb_began(&self) {
        self.verb_runs.set(true);
    }

    /// The call's identifier, for logs.
    pub(crate) fn sid(&self) -> String {
        self.record.facts(|facts| facts.sid.clone())
    }

    pub(crate) fn verb_ended(&self, how: VerbEnd) {
        if self.verb_runs.replace(false) {
            self.note(What::VerbDone(how));
        }
    }

    /// The call has come further.
    pub(crate) fn turned(&self, turn: Turn) {
        self.host.call_changed(&self.record, turn);
    }

    /// Marks the call as over, at this moment.
    pub(crate) fn set_ended(&self, end: CallEnd) {
        self.set_phase(Phase::Over);
        tracing::debug!(
            call = %self.sid(),
            by = ?end.by,
            status = end.sip_status,
            cause = end.cause,
            why = end.message.as_deref().map(Masked).map(tracing::field::display),
            "a call ended"
        );
        self.note(What::Ended(Box::new(end.clone())));
        let now = self.host.wall_clock();
        self.record.change(|facts| {
            facts.ended_at = Some(now);
            facts.state = CallState::Ended(end);
        });
        self.turned(Turn::Ended);
    }
}

fn too_long() -> Finish {
    let message = "the call reached the longest time that a call may take".to_owned();
    Finish::HangUp {
        headers: Vec::new(),
        why: Reason::Failure {
            code: None,
            message,
        },
    }
}

/// Waits for an instant; for ever when there is none.
pub(crate) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => Box::pin(tokio::time::sleep_until(at.into())).await,
        None => std::future::pending().await,
    }
}

impl Reason {
    pub(crate) fn failure(code: Option<String>, message: impl Into<String>) -> Reason {
        Reason::Failure {
            code,
            message: message.into(),
        }
    }
}
