//! Server transactions at work: answers go out, repetitions are absorbed.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use super::address::reply_path;
use super::core::{Core, Due, WireMessage};
use crate::event::LegId;
use crate::header::Via;
use crate::timer::TimerId;
use crate::transaction::{
    Action, Timer, TransactionId, invite_server as invite, non_invite_server as other,
};
use crate::transport::{ConnectionId, Flow, TransmitId};
use crate::{Method, Refusal, Request, Response};

/// A request that is being answered, or was not long ago.
pub(crate) struct ServerTransaction {
    machine: Machine,
    leg: Option<LegId>,
    flow: Flow,
    // Where to try again when the connection is gone.
    fallback: Option<SocketAddr>,
    last: Bytes,
    interval: Duration,
    repeating: Option<TimerId>,
    ending: Option<TimerId>,
    merged: Option<u64>,
}

#[derive(Clone, Copy)]
enum Machine {
    Invite(invite::State),
    Other(other::State),
}

enum Input {
    Invite(invite::Input),
    Other(other::Input),
}

/// What became of a request that may belong to a known transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Absorbed: nothing more to do.
    Absorbed,
    /// It belongs to no transaction.
    New,
}

impl Core {
    /// Gives a request or ACK to its transaction, if there is one.
    pub(crate) fn absorb(&mut self, id: TransactionId, flow: Flow, request: &Request) -> Known {
        let Some(transaction) = self.servers.get(&id) else {
            return Known::New;
        };
        let input = match (transaction.machine, request.method()) {
            // An ACK for a 2xx is the leg's, whatever branch it has.
            (Machine::Invite(invite::State::Accepted), Method::Ack) => return Known::New,
            (Machine::Invite(state), Method::Ack) => {
                if let (invite::State::Completed, Some(leg)) = (state, transaction.leg) {
                    self.wire(leg, false, flow, WireMessage::Request(request));
                }
                Input::Invite(invite::Input::Ack)
            }
            (Machine::Invite(_), _) => Input::Invite(invite::Input::Invite),
            (Machine::Other(_), _) => Input::Other(other::Input::Request),
        };
        self.drive_server(id, input, None);
        Known::Absorbed
    }

    /// Whether the INVITE transaction of a CANCEL still waits for its final answer; `None` when
    /// there is no such transaction.
    pub(crate) fn invite_waits(&self, id: TransactionId) -> Option<(bool, Option<LegId>)> {
        let transaction = self.servers.get(&id)?;
        let waits = matches!(
            transaction.machine,
            Machine::Invite(invite::State::Proceeding)
        );
        Some((waits, transaction.leg))
    }

    /// Begins a transaction for a request.
    pub(crate) fn begin_server(&mut self, id: TransactionId, request: &Request, flow: Flow) {
        let via = request.headers().typed::<Via<'_>>().ok();
        let (flow, fallback) = reply_path(flow, via.as_ref());
        let machine = match request.method() {
            Method::Invite => Machine::Invite(invite::State::Proceeding),
            _ => Machine::Other(other::State::Trying),
        };
        let transaction = ServerTransaction {
            machine,
            leg: None,
            flow,
            fallback,
            last: Bytes::new(),
            interval: Duration::ZERO,
            repeating: None,
            ending: None,
            merged: None,
        };
        self.servers.insert(id, transaction);
    }

    /// Remembers a request outside of dialogs, so that a copy that took another way is recognised;
    /// false when this is such a copy.
    pub(crate) fn is_first_copy(&mut self, id: TransactionId, request: &Request) -> bool {
        let merged = self.keys.merged(request);
        if self.merged.get(&merged).is_some_and(|first| *first != id) {
            return false;
        }
        self.merged.insert(merged, id);
        if let Some(transaction) = self.servers.get_mut(&id) {
            transaction.merged = Some(merged);
        }
        true
    }

    /// Says which leg a transaction belongs to.
    pub(crate) fn assign(&mut self, id: TransactionId, leg: LegId) {
        if let Some(transaction) = self.servers.get_mut(&id) {
            transaction.leg = Some(leg);
        }
    }

    /// Answers with nothing but a status.
    pub(crate) fn answer_status(&mut self, id: TransactionId, request: &Request, status: u16) {
        let tag = self.stray_tag(id);
        let response = request.response_to(status, None, (status > 100).then_some(&*tag));
        self.respond(id, response);
    }

    /// Answers with a refusal.
    pub(crate) fn refuse(&mut self, id: TransactionId, request: &Request, refusal: &Refusal) {
        let tag = self.stray_tag(id);
        let response = refusal.response_to(request, Some(&tag));
        self.respond(id, response);
    }

    /// The To tag of answers that belong to no leg: the same for each repetition.
    pub(crate) fn stray_tag(&self, id: TransactionId) -> String {
        format!("{:016x}", id.0.rotate_left(17))
    }

    /// Sends a response; the bytes are given back for those who repeat it themselves.
    pub(crate) fn respond(&mut self, id: TransactionId, mut response: Response) -> Bytes {
        self.sign(&mut response);
        let bytes = response.to_bytes();
        let Some(transaction) = self.servers.get(&id) else {
            return bytes;
        };
        if let Some(leg) = transaction.leg {
            self.wire(
                leg,
                true,
                transaction.flow,
                WireMessage::Response(&response),
            );
        }
        let input = match (self.servers.get(&id).map(|t| t.machine), response.status()) {
            (Some(Machine::Invite(_)), ..200) => Input::Invite(invite::Input::Provisional),
            (Some(Machine::Invite(_)), ..300) => Input::Invite(invite::Input::Success),
            (Some(Machine::Invite(_)), _) => Input::Invite(invite::Input::Failure),
            (_, ..200) => Input::Other(other::Input::Provisional),
            _ => Input::Other(other::Input::Final),
        };
        self.drive_server(id, input, Some(bytes.clone()));
        bytes
    }

    /// Answers without a transaction: nothing is remembered (RFC 3261 section 8.2.7).
    pub(crate) fn respond_stateless(
        &mut self,
        flow: Flow,
        request: &Request,
        mut response: Response,
    ) {
        if *request.method() == Method::Ack {
            return;
        }
        self.sign(&mut response);
        let via = request.headers().typed::<Via<'_>>().ok();
        let (flow, _) = reply_path(flow, via.as_ref());
        self.transmit(TransmitId(0), flow, response.to_bytes());
    }

    /// Sends bytes of an answer again on the way of its transaction.
    pub(crate) fn respond_again(&mut self, id: TransactionId, bytes: Bytes) {
        if let Some(flow) = self.reply_flow(id) {
            self.tally.resent += 1;
            self.transmit(TransmitId(id.0), flow, bytes);
        }
    }

    /// The way that answers of a transaction take.
    pub(crate) fn reply_flow(&self, id: TransactionId) -> Option<Flow> {
        self.servers.get(&id).map(|transaction| transaction.flow)
    }

    pub(crate) fn fire_server(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        match timer.repeats() {
            true => transaction.repeating = None,
            false => transaction.ending = None,
        }
        let input = match transaction.machine {
            Machine::Invite(_) => Input::Invite(invite::Input::Fired(timer)),
            Machine::Other(_) => Input::Other(other::Input::Fired(timer)),
        };
        self.drive_server(id, input, None);
    }

    /// A response could not be sent. Over a connection that is gone it is sent on a new one, once.
    pub(crate) fn server_send_failed(&mut self, id: TransactionId) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        let Some(remote) = transaction.fallback.take() else {
            return;
        };
        transaction.flow.remote = remote;
        transaction.flow.connection = ConnectionId::default();
        let (flow, bytes) = (transaction.flow, transaction.last.clone());
        if !bytes.is_empty() {
            self.transmit(TransmitId(id.0), flow, bytes);
        }
    }

    fn drive_server(&mut self, id: TransactionId, input: Input, message: Option<Bytes>) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        let (machine, actions, over) = match (transaction.machine, input) {
            (Machine::Invite(state), Input::Invite(input)) => {
                let (next, actions) = invite::step(state, input);
                (
                    Machine::Invite(next),
                    actions,
                    next == invite::State::Terminated,
                )
            }
            (Machine::Other(state), Input::Other(input)) => {
                let (next, actions) = other::step(state, input);
                (
                    Machine::Other(next),
                    actions,
                    next == other::State::Terminated,
                )
            }
            _ => return,
        };
        transaction.machine = machine;
        for action in actions {
            self.act_server(id, *action, message.as_ref());
        }
        if over {
            self.end_server(id);
        }
    }

    fn act_server(&mut self, id: TransactionId, action: Action, message: Option<&Bytes>) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        match action {
            Action::Send | Action::Resend => {
                self.tally.resent += u64::from(action == Action::Resend);
                if let Some(message) = message {
                    transaction.last = message.clone();
                }
                let accepted = matches!(
                    transaction.machine,
                    Machine::Invite(invite::State::Accepted)
                );
                let (flow, bytes) = (transaction.flow, transaction.last.clone());
                if accepted {
                    // The leg repeats its 2xx itself; here it would only take room.
                    transaction.last = Bytes::new();
                }
                if !bytes.is_empty() {
                    self.transmit(TransmitId(id.0), flow, bytes);
                }
            }
            Action::Start(timer) => self.start_server(id, timer),
            Action::StopRepeating => {
                let mut timer = transaction.repeating.take();
                self.stop(&mut timer);
            }
            Action::StopEnding => {
                let mut timer = transaction.ending.take();
                self.stop(&mut timer);
            }
            // An ACK in state Accepted is taken by its leg; a missing ACK for a refusal harms
            // nobody.
            Action::Acknowledge
            | Action::Report
            | Action::ReportTimeout
            | Action::ReportLost
            | Action::SlowDown(_) => {}
        }
    }

    fn start_server(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.servers.get_mut(&id) else {
            return;
        };
        let reliable = transaction.flow.transport.is_reliable();
        let after = match timer.repeats() && !transaction.interval.is_zero() {
            true => Some(self.times.again(timer, transaction.interval)),
            false => self.times.first(timer, reliable),
        };
        let Some(after) = after else { return };
        if after.is_zero() {
            return self.fire_server(id, timer);
        }
        let started = self
            .timers
            .start(self.now, after, Due::Transaction(id, timer));
        if timer.repeats() {
            transaction.interval = after;
            transaction.repeating = Some(started);
        } else {
            transaction.ending = Some(started);
        }
    }

    fn end_server(&mut self, id: TransactionId) {
        let Some(mut transaction) = self.servers.remove(&id) else {
            return;
        };
        self.stop(&mut transaction.repeating);
        self.stop(&mut transaction.ending);
        if let Some(merged) = transaction.merged {
            self.merged.remove(&merged);
        }
    }

    fn sign(&self, response: &mut Response) {
        let agent = &self.config.user_agent;
        let headers = response.headers();
        let is_said = agent.is_empty() || headers.contains(crate::Name::Server);
        if response.status() > 100 && !is_said {
            response.headers_mut().push(crate::Name::Server, agent);
        }
    }
}
