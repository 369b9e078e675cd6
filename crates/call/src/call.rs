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

use hookflash_dialects::{CallEnd, CallFacts, CallState, Dialect};
use hookflash_media::{KeySource, MediaEvent};
use hookflash_program::{Recognizer, Step, Voice};
use hookflash_sip::{CommandError, Endpoint, Event, Flow, LegEnd, LegId, Request, WireEvent};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::appended::Appended;
use crate::application_socket::ApplicationSocket;
use crate::audio::Audio;
use crate::background::Background;
use crate::desk::Legs;
use crate::inbox::{Inbox, Input};
use crate::journal::{SipMessage, VerbEnd, What};
use crate::ledger::Ledger;
use crate::lookahead::Ahead;
use crate::masking::Masked;
use crate::options::CallOptions;
use crate::program::{Begin, Replacement};
use crate::record::{CallRecord, LegRecord};
use crate::sounds::Sounds;
use crate::transfers::Transfers;
use crate::verb::refer;
use crate::voice_watch::VoiceWatches;
use crate::way::{Placement, Way};
use crate::{CallKey, Host, Turn, control, ending, info_digits, invite, placing, program};

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
    /// A call that we placed came to nothing, and its legs are told already.
    NotAnswered(Box<CallEnd>),
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
pub(crate) enum Interruption {
    /// The call is to end, or has ended.
    Over(Box<Finish>),
    /// Another document takes the place of the running one.
    Replaced(Box<Replacement>),
}

/// A running call.
pub(crate) struct Call<H: Host> {
    pub(crate) host: Rc<H>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) record: Arc<CallRecord>,
    pub(crate) options: Arc<CallOptions>,
    /// The leg that is talked on: that of the caller, or the one that answered; none before that.
    leg: Cell<Option<LegId>>,
    /// Legs of which something is left.
    legs_left: Cell<u16>,
    /// How the party was reached that answered a call of ours.
    pub(crate) way: RefCell<Option<Rc<Way>>>,
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
    /// What talks with an application that has a WebSocket.
    pub(crate) application: ApplicationSocket<H>,
    /// Verbs that were appended to the running document.
    pub(crate) appended: Appended,
    /// How long it may last from its answer on.
    longest: Cell<Option<Duration>>,
    /// Goes off when the call has lasted too long.
    alarm: Cell<Option<Alarm>>,
    /// URL of the current document.
    pub(crate) base: RefCell<Rc<str>>,
    pub(crate) requests: Cell<u16>,
    /// Documents run since the last verb that took time.
    pub(crate) documents: Cell<u16>,
    pub(crate) phase: Cell<Phase>,
    /// The phase changed, or a leg was released.
    changed: Notify,
    verb_runs: Cell<bool>,
    /// The application knows that the called side is heard before its answer.
    pub(crate) told_early: Cell<bool>,
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
        let call = Call::new(host, ledger, options, facts);
        call.record.add_leg(LegRecord {
            id: leg,
            flow: Some(flow),
            called: None,
        });
        call.leg.set(Some(leg));
        call.legs_left.set(1);
        Rc::new(call)
    }

    /// A call that is to be placed. Its task is started by the desk.
    pub(crate) fn placed(host: Rc<H>, ledger: Arc<Ledger>, placement: &Placement) -> Rc<Call<H>> {
        let random = (host.random(), host.random());
        let facts = placing::facts(placement, random, host.wall_clock());
        let call = Call::new(host, ledger, Arc::clone(&placement.options), facts);
        let order = &placement.order;
        *call.voice_defaults.borrow_mut() = order.voice.clone().map(Box::new);
        *call.recognizer_defaults.borrow_mut() = order.recognizer.clone().map(Box::new);
        let longest = order.max_duration.or(placement.options.max_duration);
        call.longest.set(longest);
        Rc::new(call)
    }

    fn new(
        host: Rc<H>,
        ledger: Arc<Ledger>,
        options: Arc<CallOptions>,
        facts: CallFacts,
    ) -> Call<H> {
        let base = Rc::from(facts.application.url.as_str());
        let key: CallKey = ledger.next_key();
        let record = Arc::new(CallRecord::new(key, host.now(), facts));
        Call {
            host,
            ledger,
            record,
            options,
            leg: Cell::new(None),
            legs_left: Cell::new(0),
            way: RefCell::new(None),
            inbox: Inbox::default(),
            audio: RefCell::new(Audio::default()),
            sounds: Sounds::default(),
            voice_watches: VoiceWatches::default(),
            ahead: Ahead::default(),
            transfers: Transfers::default(),
            background: Background::default(),
            voice_defaults: RefCell::default(),
            recognizer_defaults: RefCell::default(),
            application: ApplicationSocket::default(),
            appended: Appended::default(),
            longest: Cell::new(None),
            alarm: Cell::new(None),
            base: RefCell::new(base),
            requests: Cell::new(0),
            documents: Cell::new(0),
            phase: Cell::new(Phase::Waiting),
            changed: Notify::new(),
            verb_runs: Cell::new(false),
            superseded: Cell::new(false),
            told_early: Cell::new(false),
        }
    }

    /// The life of a call that came in, from its INVITE until nothing of its leg is left.
    pub(crate) async fn live(self: Rc<Self>, invite: Arc<Request>) {
        self.keep_offer(&invite);
        drop(invite);
        if !self.options.credentials.is_empty() {
            let credentials = self.options.credentials.clone();
            // The leg has just come in.
            let _ = self.on_leg(|endpoint, _, leg| {
                endpoint.set_credentials(leg, credentials);
                Ok(())
            });
        }
        let most = self.options.max_duration;
        self.ends_at(most.map(|most| self.host.now() + most));
        let finish = self.run(Begin::Incoming).await;
        self.see_off(finish).await;
    }

    /// The life of a call that we place, until nothing of its legs is left.
    pub(crate) async fn live_placed(self: Rc<Self>, legs: Rc<Legs<H>>, placement: Placement) {
        let placed = Box::pin(placing::place(&self, &legs, placement)).await;
        drop(legs);
        let finish = match placed {
            Ok(answered) => self.run(Begin::Answered(answered)).await,
            Err(finish) => finish,
        };
        self.see_off(finish).await;
    }

    async fn see_off(self: &Rc<Self>, finish: Finish) {
        Box::pin(ending::end(self, finish)).await;
        self.released().await;
    }

    /// Waits until nothing is left of the legs, nor of what goes on beside them.
    pub(crate) async fn released(self: &Rc<Self>) {
        while self.legs_left.get() > 0 {
            if let Input::Leg(leg, event) = self.inbox.next().await {
                self.hear(leg, event);
            }
        }
        self.background.all_done().await;
        self.transfers.clear();
    }

    /// Runs documents until something ends the call.
    async fn run(self: &Rc<Self>, mut begin: Begin<H>) -> Finish {
        loop {
            let asks = begin.asks();
            let mut program = Box::pin(program::run(self, begin));
            if asks {
                // Two orders in the same moment: the application is asked for both documents.
                tokio::select! {
                    biased;
                    finish = &mut program => return finish,
                    () = std::future::ready(()) => {}
                }
            }
            let gather = &self.background.gather;
            let interruption = loop {
                tokio::select! {
                    biased;
                    interruption = self.interrupted() => break interruption,
                    reply = gather.changed() => if let Some(loaded) = reply {
                        self.note_call("the caller's answer brought another document");
                        break Interruption::Replaced(Box::new(Replacement::Loaded(loaded)));
                    },
                    finish = &mut program, if !gather.holds() => return finish,
                }
            };
            let is_superseded = matches!(interruption, Interruption::Replaced(_));
            self.superseded.set(is_superseded);
            drop(program);
            self.superseded.set(false);
            gather.go_on();
            self.verb_ended(VerbEnd::Interrupted);
            match interruption {
                Interruption::Over(finish) => return *finish,
                Interruption::Replaced(document) => {
                    refer::superseded(self);
                    self.documents.set(0);
                    self.appended.take();
                    begin = Begin::Replaced(document);
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
                    Some(finish) => return Interruption::Over(Box::new(finish)),
                    None => continue,
                },
            };
            match input {
                Input::Leg(leg, event) => {
                    if let Some(end) = self.hear(leg, event) {
                        return Interruption::Over(Box::new(Finish::Gone(end)));
                    }
                }
                Input::Command(command) => {
                    if let Some(interruption) = control::obey(self, *command) {
                        return interruption;
                    }
                }
                Input::Document(loaded) => {
                    return Interruption::Replaced(Box::new(Replacement::Loaded(*loaded)));
                }
                Input::Finish(finish) => return Interruption::Over(finish),
            }
        }
    }

    /// Goes on hearing what comes from the wire, for as long as it is polled.
    pub(crate) async fn go_on_hearing(self: &Rc<Self>) -> std::convert::Infallible {
        loop {
            if let Input::Leg(leg, event) = self.inbox.next().await {
                self.hear(leg, event);
            }
        }
    }

    /// Takes note of one event of a leg, in any state of the call, and does what it calls for.
    /// Says how the leg ended that is talked on, when it did.
    pub(crate) fn hear(self: &Rc<Self>, leg: LegId, event: Event) -> Option<LegEnd> {
        let is_aside = self.leg.get() != Some(leg);
        match event {
            Event::Wire(wire) => self.keep(What::Sip(self.message(leg, wire))),
            Event::Released => {
                self.legs_left.set(self.legs_left.get().saturating_sub(1));
                self.changed.notify_waiters();
            }
            Event::Ended(end) => {
                placing::leg_ended(self, leg, &end);
                return Some(end).filter(|_| !is_aside);
            }
            event if is_aside => placing::hear_aside(self, leg, event),
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
                    self.on_leg(|endpoint, now, leg| endpoint.reject_refer(now, leg, refer, 603));
                self.note_call("the far end asked for a transfer, which this release declines");
                self.note_refused_command(refused);
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
            | Event::NotifyAnswer(..)
            | Event::ReferChallenged => {}
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

    /// The leg that is talked on.
    pub(crate) fn leg(&self) -> Option<LegId> {
        self.leg.get()
    }

    /// This leg has the call from now on.
    pub(crate) fn talks_on(&self, leg: LegId) {
        self.leg.set(Some(leg));
    }

    /// Another leg belongs to the call until it is released.
    pub(crate) fn has_another_leg(&self) {
        self.legs_left.set(self.legs_left.get().saturating_add(1));
    }

    /// The call may last so long from its answer on, whether it is answered yet or not.
    pub(crate) fn lasts_at_most(self: &Rc<Self>, longest: Duration) {
        self.longest.set(Some(longest));
        self.answer_counts();
    }

    /// Counts how long the call lasts from its answer on, if it has one and that matters.
    pub(crate) fn answer_counts(self: &Rc<Self>) {
        let Some(longest) = self.longest.get() else {
            return;
        };
        let now = self.host.wall_clock();
        let answered_at = self.record.facts(|facts| facts.answered_at);
        let passed = answered_at.map(|at| now.duration_since(at).unwrap_or_default());
        if let Some(passed) = passed {
            self.ends_at(Some(self.host.now() + longest.saturating_sub(passed)));
        }
    }

    /// The call ends then, if it has not ended before.
    fn ends_at(self: &Rc<Self>, deadline: Option<Instant>) {
        let alarm = deadline.map(|deadline| {
            let call = Rc::downgrade(self);
            let task = tokio::task::spawn_local(async move {
                tokio::time::sleep_until(deadline.into()).await;
                if let Some(call) = call.upgrade() {
                    call.inbox.put(Input::Finish(Box::new(too_long())));
                }
            });
            Alarm(task.abort_handle())
        });
        self.alarm.set(alarm);
    }

    /// The call is over and cannot last too long any more.
    pub(crate) fn stop_alarm(&self) {
        self.alarm.take();
    }

    /// Works with the endpoint on the leg that is talked on. No part of the call may be borrowed
    /// while it does.
    pub(crate) fn on_leg<R>(
        &self,
        work: impl FnOnce(&mut Endpoint, Instant, LegId) -> Result<R, CommandError>,
    ) -> Result<R, CommandError> {
        let leg = self.leg.get().ok_or(CommandError::UnknownLeg)?;
        self.endpoint(|endpoint, now| work(endpoint, now, leg))
    }

    /// Whether the leg that is talked on is there and has not ended.
    pub(crate) fn has_live_leg(&self) -> bool {
        let is_alive = |leg| self.endpoint(|endpoint, _| endpoint.is_alive(leg));
        self.leg.get().is_some_and(is_alive)
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
        while let Some((leg, wire)) = self.inbox.take_wire() {
            self.keep(What::Sip(self.message(leg, wire)));
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

    fn message(&self, leg: LegId, wire: WireEvent) -> SipMessage {
        let (place, usual) = self.record.leg_seen(leg, wire.flow);
        SipMessage::new(wire, place, usual)
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

    pub(crate) fn verb_began(self: &Rc<Self>, step: &Step) {
        self.verb_runs.set(true);
        self.tell_verb_began(step);
    }

    /// The call's identifier, for logs.
    pub(crate) fn sid(&self) -> String {
        self.record.facts(|facts| facts.sid.clone())
    }

    pub(crate) fn verb_ended(self: &Rc<Self>, how: VerbEnd) {
        if self.verb_runs.replace(false) {
            self.note(What::VerbDone(how));
            self.tell_verb_ended();
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
    }
}

/// Ends a call that has lasted too long, for as long as this lives.
struct Alarm(AbortHandle);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
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
