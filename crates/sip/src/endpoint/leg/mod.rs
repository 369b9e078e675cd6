//! A leg: an INVITE, the dialog that grows from it, and every usage of that dialog.
//!
//! One file per matter; each adds its part to [`Leg`]. What happens on a leg is told as events,
//! what goes out goes through [`Core`].

mod bye;
mod challenge;
mod incoming;
mod offer;
mod outgoing;
mod prack;
mod redirect;
mod refer;
mod requests;
mod session;
mod transferee;

use std::time::Duration;

use bytes::Bytes;

use super::authenticator::Authenticator;
use super::client::Purpose;
use super::command::CommandError;
use super::config::Credentials;
use super::core::{Core, Failure, Upcall};
use crate::dialog::{Dialog, Outgoing};
use crate::event::{Event, IncomingReferId, LegEnd, LegId, ReferId};
use crate::header::{Allow, CSeq, Name};
use crate::headers::Headers;
use crate::timer::TimerId;
use crate::transaction::TransactionId;
use crate::transport::Flow;
use crate::usage::offer_answer::{Glare, OfferAnswer};
use crate::usage::refer_notifier::Notifier;
use crate::usage::refer_subscription::ReferSubscriptions;
use crate::{Method, Request};

pub(super) use incoming::NewLeg;
pub(super) use offer::has_offer;
pub(super) use outgoing::{Final, dismiss_fork};

/// Extensions that we understand (RFC 3262, RFC 4028, RFC 4488).
pub(super) const SUPPORTED: &str = "100rel, timer, norefersub";

/// The timers of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegTimer {
    /// Our 2xx goes out again until the ACK.
    AcceptAgain,
    /// No ACK came.
    AcceptEnd,
    /// A reliable provisional response goes out again until the PRACK.
    ReliableAgain,
    /// No PRACK came.
    ReliableEnd,
    /// Nobody answered our call for too long.
    Ring,
    /// An offer that collided is made again.
    OfferAgain,
    /// The session has to be refreshed, or was not.
    Session,
    /// A REFER that collided is sent again.
    ReferAgain(ReferId),
    /// A refer subscription's grace or longest life is over.
    Subscription(ReferId),
    /// A REFER of the peer was not settled or reported on for too long.
    Notifier(IncomingReferId),
}

/// How far a leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The peer called and has no final answer.
    Incoming,
    /// Our 2xx has no ACK.
    Answered,
    /// We called and have no final answer.
    Calling,
    /// The call is up.
    Confirmed,
    /// Our BYE has no answer.
    Ending,
    /// The call is over; other usages may go on.
    Ended,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Phase::Incoming => "not answered yet",
            Phase::Answered => "waiting for the ACK",
            Phase::Calling => "calling",
            Phase::Confirmed => "up",
            Phase::Ending => "hanging up",
            Phase::Ended => "over",
        }
    }
}

/// A request of the peer within a leg, with its transaction.
pub(super) struct Inbound {
    pub(super) id: TransactionId,
    pub(super) request: Request,
}

/// See the module's text.
pub(super) struct Leg {
    id: LegId,
    // We made the Call-ID, which decides how long glare lasts (RFC 3261 section 14.1).
    is_caller: bool,
    flow: Option<Flow>,
    phase: Phase,
    dialog: Option<Dialog>,
    incoming: Option<Box<incoming::Incoming>>,
    accepting: Option<Box<incoming::Accepting>>,
    outgoing: Option<Box<outgoing::Calling>>,
    update: Option<Box<Inbound>>,
    turn: OfferAnswer,
    offers: offer::Offers,
    session: Option<session::Session>,
    // What the peer's Allow said of UPDATE.
    peer_updates: bool,
    subscriptions: ReferSubscriptions,
    notifiers: Vec<Notifier>,
    notifiers_made: u32,
    requests_made: u32,
    authenticator: Authenticator,
    // Requests of ours without final answer.
    open: u32,
    // A hang-up that waits for the ACK of our 2xx.
    hang_up: Option<Box<[(String, String)]>>,
    // Ends a call of ours that nobody answers.
    ring: Option<TimerId>,
    has_rung_out: bool,
    // The SDP answer of a provisional response, where the 2xx had none.
    early_answer: Option<Box<Bytes>>,
}

type Done = Result<(), CommandError>;

impl Leg {
    fn new(id: LegId, is_caller: bool, phase: Phase) -> Leg {
        Leg {
            id,
            is_caller,
            flow: None,
            phase,
            dialog: None,
            incoming: None,
            accepting: None,
            outgoing: None,
            update: None,
            turn: OfferAnswer::default(),
            offers: offer::Offers::default(),
            session: None,
            peer_updates: false,
            subscriptions: ReferSubscriptions::default(),
            notifiers: Vec::new(),
            notifiers_made: 0,
            requests_made: 0,
            authenticator: Authenticator::default(),
            open: 0,
            hang_up: None,
            ring: None,
            has_rung_out: false,
            early_answer: None,
        }
    }

    pub(super) fn early_answer(&self) -> Option<&Bytes> {
        self.early_answer.as_deref()
    }

    /// The Call-ID of a call that we placed.
    pub(super) fn call_id(&self) -> Option<&str> {
        self.outgoing.as_ref().map(|calling| calling.call_id())
    }

    pub(super) fn is_confirmed(&self) -> bool {
        self.phase == Phase::Confirmed
    }

    pub(super) fn is_alive(&self) -> bool {
        self.phase != Phase::Ended
    }

    /// Nothing can happen any more.
    pub(super) fn is_released(&self) -> bool {
        self.phase == Phase::Ended
            && self.open == 0
            && self.subscriptions.is_empty()
            && self.notifiers.iter().all(Notifier::is_done)
    }

    /// Whether it is the peer's turn to change the session.
    pub(super) fn admit(&self, request: &Request, with_offer: bool) -> Result<(), Glare> {
        if *request.method() == Method::Update {
            return self.turn.admit_update(with_offer);
        }
        // A re-INVITE that overtakes the ACK, or comes before the first answer (RFC 5407 3.1.4).
        if self.accepting.is_some() || self.phase != Phase::Confirmed {
            return Err(if self.incoming.is_some() {
                Glare::Theirs
            } else {
                Glare::Ours
            });
        }
        self.turn.admit_invite()
    }

    pub(super) fn dialog_count(&self) -> usize {
        let early = self
            .outgoing
            .as_ref()
            .map_or(0, |calling| calling.early_count());
        usize::from(self.dialog.is_some()) + early
    }

    pub(super) fn subscription_count(&self) -> usize {
        self.subscriptions.len() + self.notifiers.iter().filter(|n| !n.is_done()).count()
    }

    pub(super) fn set_credentials(&mut self, credentials: Vec<Credentials>) {
        self.authenticator = Authenticator::new(credentials);
    }

    /// Our tag, as it stands on the wire.
    pub(super) fn tag(&self) -> String {
        tag_text(self.id)
    }

    fn wrong_state(&self, command: &'static str) -> CommandError {
        CommandError::WrongState {
            command,
            state: self.phase.name(),
        }
    }

    /// The dialog that a request of the peer belongs to, early ones included.
    pub(super) fn dialog_of(&mut self, headers: &Headers) -> Option<&mut Dialog> {
        if let Some(dialog) = &mut self.dialog {
            return Some(dialog).filter(|dialog| dialog.matches(headers));
        }
        self.outgoing.as_mut()?.dialog_of(headers)
    }

    /// Sends a request within the dialog and counts it.
    fn send(&mut self, core: &mut Core, mut outgoing: Outgoing, purpose: Purpose) -> TransactionId {
        self.authenticator.authorize(&mut outgoing.request);
        core.sign_request(&mut outgoing.request);
        self.open += 1;
        core.send(self.id, self.flow.as_ref(), outgoing, purpose)
    }

    /// A transaction of ours has news.
    pub(super) fn on_upcall(&mut self, core: &mut Core, upcall: Upcall) {
        match upcall {
            Upcall::Response {
                id,
                purpose,
                flow,
                response,
                request,
                attempts,
                ..
            } => {
                if response.is_provisional() {
                    if purpose == Purpose::Invite {
                        self.on_provisional(core, id, flow, response);
                    }
                    return;
                }
                self.settled(purpose);
                if purpose.is_within_dialog() {
                    self.keep_to(flow);
                } else if purpose == Purpose::Invite && self.dialog.is_none() {
                    self.flow = Some(flow);
                }
                let mut request = request;
                if matches!(response.status(), 401 | 407)
                    && let Some(refused) = request.take()
                {
                    match self.answer_challenge(core, &response, refused, attempts, purpose) {
                        Ok(()) => return,
                        Err(refused) => request = Some(refused),
                    }
                }
                self.on_final(
                    core,
                    purpose,
                    outgoing::Final {
                        id,
                        flow,
                        response,
                        request,
                    },
                );
            }
            Upcall::Failed {
                id,
                purpose,
                failure,
                request,
                ..
            } => {
                self.settled(purpose);
                if purpose == Purpose::Invite {
                    return self.on_invite_failed(core, id, failure, request);
                }
                self.on_failure(core, purpose, failure);
            }
        }
    }

    /// The connection that works now, should the leg use one: the earlier one may be gone.
    pub(super) fn keep_to(&mut self, flow: Flow) {
        if self.dialog.is_some()
            && let Some(used) = self.flow.as_mut().filter(|f| f.transport.is_reliable())
        {
            *used = flow;
        }
    }

    /// A request that counts as open is not any more.
    fn settled(&mut self, purpose: Purpose) {
        // Each further 2xx of a fork reports again.
        let is_first = purpose == Purpose::Invite && self.outgoing.is_some();
        if is_first || purpose.is_within_dialog() {
            self.open = self.open.saturating_sub(1);
        }
    }

    fn on_final(&mut self, core: &mut Core, purpose: Purpose, answer: outgoing::Final) {
        let status = answer.response.status();
        match purpose {
            Purpose::Invite => self.on_invite_final(core, answer),
            Purpose::Reinvite { refresh } => self.on_reinvite_final(core, refresh, answer),
            Purpose::Update => self.on_update_final(core, &answer),
            Purpose::Bye => self.on_bye_answered(core),
            Purpose::Refer(refer) => self.on_refer_final(core, refer, answer),
            Purpose::Notify(refer) => self.on_notify_final(core, refer, status),
            Purpose::Request(request) => self.on_request_final(core, request, status),
            Purpose::Probe => {
                if matches!(status, 408 | 481) {
                    self.abort(core, LegEnd::DialogGone);
                }
            }
            Purpose::Prack
            | Purpose::Cancel
            | Purpose::StrayBye
            | Purpose::Ack
            | Purpose::Register(_) => {}
        }
    }

    fn on_failure(&mut self, core: &mut Core, purpose: Purpose, failure: Failure) {
        match purpose {
            Purpose::Reinvite { refresh } => self.on_reinvite_failed(core, refresh),
            Purpose::Update => self.on_update_failed(core),
            Purpose::Bye => self.on_bye_answered(core),
            Purpose::Refer(refer) => self.on_refer_failed(core, refer, &failure),
            Purpose::Notify(refer) => self.on_notify_final(core, refer, failure.status()),
            Purpose::Request(request) => self.on_request_final(core, request, failure.status()),
            Purpose::Probe => self.abort(core, LegEnd::DialogGone),
            Purpose::Invite
            | Purpose::Prack
            | Purpose::Cancel
            | Purpose::StrayBye
            | Purpose::Ack
            | Purpose::Register(_) => {}
        }
    }

    pub(super) fn on_timer(&mut self, core: &mut Core, timer: LegTimer) {
        match timer {
            LegTimer::AcceptAgain => self.accept_again(core),
            LegTimer::AcceptEnd => self.on_no_ack(core),
            LegTimer::ReliableAgain => self.reliable_again(core),
            LegTimer::ReliableEnd => self.on_no_prack(core),
            LegTimer::OfferAgain => self.offer_again(core),
            LegTimer::Ring => self.on_rung_out(core),
            LegTimer::Session => self.on_session_timer(core),
            LegTimer::ReferAgain(refer) => self.refer_again(core, refer),
            LegTimer::Subscription(refer) => self.on_subscription_timer(core, refer),
            LegTimer::Notifier(refer) => self.on_notifier_timer(core, refer),
        }
    }

    /// The call is over: everything that belongs to it stops, other usages go on.
    fn end(&mut self, core: &mut Core, end: LegEnd) {
        if self.phase == Phase::Ended {
            return;
        }
        self.refuse_open_invites(core);
        self.phase = Phase::Ended;
        core.stop(&mut self.ring);
        self.stop_accepting(core);
        self.stop_reliable(core);
        // Answers to INVITEs of ours are nobody's any more, should they come.
        if let Some(calling) = self.outgoing.take() {
            core.limit(calling.id);
            self.open = self.open.saturating_sub(1);
        }
        if let Some(invite) = self.offers.invite {
            core.limit(invite);
        }
        if let Some(mut session) = self.session.take() {
            core.stop(&mut session.timer);
        }
        self.offers.clear(core);
        self.incoming = None;
        self.update = None;
        self.hang_up = None;
        self.end_unsettled_notifiers(core);
        self.drop_collided_refers(core);
        core.event(self.id, Event::Ended(end));
    }

    /// Ends the call because of something that the peer did or did not do, with a BYE that does
    /// not decide anything any more.
    fn abort(&mut self, core: &mut Core, end: LegEnd) {
        if matches!(self.phase, Phase::Ended | Phase::Ending) {
            return;
        }
        self.refuse_open_invites(core);
        self.send_bye(core, &[]);
        self.end(core, end);
    }

    /// Learns from a message that makes or refreshes the dialog what the peer can do.
    fn learn(&mut self, headers: &Headers) {
        if headers.contains(Name::Allow) {
            self.peer_updates = Allow::lists(headers, "UPDATE");
        }
    }

    /// Notes a timer that has fired.
    fn repeat(
        core: &mut Core,
        leg: LegId,
        timer: LegTimer,
        interval: &mut Duration,
        cap: Option<Duration>,
    ) -> Option<TimerId> {
        *interval = cap.map_or(*interval * 2, |cap| (*interval * 2).min(cap));
        Some(core.start(leg, timer, *interval))
    }
}

/// Our tag of a leg.
pub(super) fn tag_text(leg: LegId) -> String {
    format!("{:016x}", leg.0)
}

/// The leg that a tag of ours names.
pub(super) fn leg_of_tag(tag: &str) -> Option<LegId> {
    (tag.len() == 16).then(|| u64::from_str_radix(tag, 16).ok().map(LegId))?
}

fn cseq_of(headers: &Headers) -> u32 {
    headers.typed::<CSeq<'_>>().map_or(0, |cseq| cseq.number)
}

/// Headers that say what we can do, for requests and answers that make or refresh the dialog.
fn write_abilities(core: &Core, headers: &mut Headers) {
    headers.push(Name::Allow, &core.allow);
    headers.push(Name::Supported, SUPPORTED);
}

/// Adds headers that the application gave; they were checked before.
fn write_extra(headers: &mut Headers, extra: &[(String, String)]) {
    for (name, value) in extra {
        headers.push(&**name, value);
    }
}

const SDP: &str = "application/sdp";
