//! Carrying out what the state machines of client transactions ask for.

use std::time::Duration;

use bytes::Bytes;

use super::{MOST_FORKS, Machine, Purpose, acknowledgement};
use crate::Response;
use crate::dialog::tag_of;
use crate::endpoint::core::{Core, Due, Failure, Upcall, WireMessage};
use crate::header::Name;
use crate::transaction::{
    Action, Timer, TransactionId, invite_client as invite, non_invite_client as other,
};
use crate::transport::{Flow, TransmitId};

/// What happens to a client transaction of either kind.
#[derive(Clone, Copy)]
pub(super) enum Input {
    Provisional,
    Success,
    Failure,
    Fired(Timer),
    TransportError,
}

impl Core {
    /// A response came in; false when it belongs to nothing here.
    pub(crate) fn receive_response(&mut self, flow: Flow, response: Response) -> bool {
        // More than one Via means that it was not meant for us (RFC 3261 section 8.1.3.3).
        if response.headers().get_list(Name::Via).nth(1).is_some() {
            return false;
        }
        let Some((id, attempt)) = TransactionId::of_response(&response) else {
            return false;
        };
        let Some(transaction) = self.clients.get(&id).filter(|_| can_be_read(&response)) else {
            return false;
        };
        if response.status() != 503 {
            self.dead.revive((flow.transport, flow.remote));
        }
        // Another way is being tried already; only a late 2xx still counts.
        if transaction.is_late(attempt) && !response.is_success() {
            self.see_off(id, flow, &response);
            return true;
        }
        // The connection that we asked for has a name by now.
        if let Some(transaction) = self.clients.get_mut(&id)
            && let Some(used) = &mut transaction.flow
            && used.transport.is_reliable()
            && (used.transport, used.remote) == (flow.transport, flow.remote)
        {
            used.connection = flow.connection;
        }
        if response.status() == 503 && self.try_after_refusal(id, &response) {
            return true;
        }
        if self.is_repeated_success(id, &response) || self.is_unwanted_success(id, flow, &response)
        {
            return true;
        }
        let Some(transaction) = self.clients.get(&id) else {
            return false;
        };
        if transaction.acks.len() >= MOST_FORKS {
            return true;
        }
        let leg = transaction.leg;
        if transaction.request.is_some() || response.is_success() && transaction.is_invite() {
            self.wire(leg, false, flow, WireMessage::Response(&response));
        }
        let input = match response.status() {
            ..=199 => Input::Provisional,
            200..=299 => Input::Success,
            _ => Input::Failure,
        };
        self.drive_client(id, input, Some(response));
        true
    }

    /// Whether a 2xx has been acknowledged before; then its ACK goes out again.
    pub(super) fn is_repeated_success(&mut self, id: TransactionId, response: &Response) -> bool {
        let Some(transaction) = self.clients.get(&id).filter(|_| response.is_success()) else {
            return false;
        };
        let tag = response
            .headers()
            .get(Name::To)
            .and_then(tag_of)
            .unwrap_or_default();
        let ack = transaction.acks.iter().find(|(known, _)| &**known == tag);
        let Some((_, ack)) = ack else { return false };
        if let Some(transaction) = self.clients.get(ack)
            && let Some(flow) = transaction.flow
        {
            let (ack, bytes) = (*ack, transaction.bytes.clone());
            self.transmit(TransmitId(ack.0), flow, bytes);
        }
        true
    }

    pub(crate) fn fire_client(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        match timer.repeats() {
            true => transaction.repeating = None,
            false => transaction.ending = None,
        }
        match transaction.machine {
            Machine::Waiting => self.stop_resolving(id),
            Machine::Ack | Machine::Abandoned => self.end_client(id),
            _ => self.drive_client(id, Input::Fired(timer), None),
        }
    }

    pub(super) fn drive_client(
        &mut self,
        id: TransactionId,
        input: Input,
        mut response: Option<Response>,
    ) {
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let state = match transaction.machine {
            // Somebody answered after all.
            Machine::Abandoned => Machine::Invite(invite::State::Calling),
            machine => machine,
        };
        let (machine, actions, over) = match state {
            Machine::Invite(state) => {
                let input = match input {
                    Input::Provisional => invite::Input::Provisional,
                    Input::Success => invite::Input::Success,
                    Input::Failure => invite::Input::Failure,
                    Input::Fired(timer) => invite::Input::Fired(timer),
                    Input::TransportError => invite::Input::TransportError,
                };
                let (next, actions) = invite::step(state, input);
                (
                    Machine::Invite(next),
                    actions,
                    next == invite::State::Terminated,
                )
            }
            Machine::Other(state) => {
                let input = match input {
                    Input::Provisional => other::Input::Provisional,
                    Input::Success | Input::Failure => other::Input::Final,
                    Input::Fired(timer) => other::Input::Fired(timer),
                    Input::TransportError => other::Input::TransportError,
                };
                let (next, actions) = other::step(state, input);
                (
                    Machine::Other(next),
                    actions,
                    next == other::State::Terminated,
                )
            }
            Machine::Waiting | Machine::Ack | Machine::Abandoned => return,
        };
        if actions.contains(&Action::ReportTimeout)
            && (self.try_after_silence(id) || self.abandon(id))
        {
            return;
        }
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.machine = machine;
        }
        for action in actions {
            self.act_client(id, *action, &mut response);
        }
        if over {
            self.end_client(id);
        }
    }

    /// Carries out one action. `response` is the one that called for it; it is taken when it is
    /// reported.
    pub(super) fn act_client(
        &mut self,
        id: TransactionId,
        action: Action,
        response: &mut Option<Response>,
    ) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        match action {
            Action::Send | Action::Resend => {
                if let Some(flow) = transaction.flow {
                    self.tally.resent += u64::from(action == Action::Resend);
                    let bytes = transaction.bytes.clone();
                    self.transmit(TransmitId(id.0), flow, bytes);
                }
            }
            Action::Acknowledge => {
                if let Some(response) = response {
                    self.acknowledge_refusal(id, response);
                }
            }
            Action::Report => {
                if let Some(response) = response.take() {
                    self.report_response(id, response);
                }
            }
            Action::ReportTimeout => {
                self.tally.timeouts += 1;
                self.report_failure(id, Failure::Timeout);
            }
            Action::ReportLost => {
                self.report_failure(id, Failure::Lost("sending failed".to_owned()));
            }
            Action::Start(timer) => self.start_client(id, timer),
            Action::SlowDown(timer) => {
                transaction.interval = self.times.t2;
                self.start_client(id, timer);
            }
            Action::StopRepeating => {
                let mut timer = transaction.repeating.take();
                self.stop(&mut timer);
            }
            Action::StopEnding
                if transaction.limited
                    && transaction.machine == Machine::Invite(invite::State::Proceeding) => {}
            Action::StopEnding => {
                let mut timer = transaction.ending.take();
                self.stop(&mut timer);
            }
        }
    }

    /// Sends the ACK of a refused INVITE, which belongs to the same transaction (RFC 3261 section
    /// 17.1.1.3).
    fn acknowledge_refusal(&mut self, id: TransactionId, response: &Response) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        let (Some(request), Some(flow)) = (transaction.request.as_deref(), transaction.flow) else {
            return;
        };
        let leg = transaction.leg;
        let ack = acknowledgement(request, response);
        transaction.bytes = ack.to_bytes();
        let bytes = transaction.bytes.clone();
        self.transmit(TransmitId(id.0), flow, bytes);
        self.wire(leg, true, flow, WireMessage::Request(&ack));
    }

    /// Hands a response to whoever sent the request; a final one with the request, and with what
    /// else is not needed here any more.
    fn report_response(&mut self, id: TransactionId, response: Response) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        let Some(flow) = transaction.flow else { return };
        let request = match response.is_provisional() {
            true => None,
            false => transaction.request.take(),
        };
        if transaction.machine == Machine::Invite(invite::State::Accepted)
            || matches!(transaction.machine, Machine::Other(_)) && request.is_some()
        {
            transaction.bytes = Bytes::new();
        }
        // Over a stream the transaction ends right here, so all that is left goes along.
        let attempts = transaction.digest.take_if(|_| request.is_some());
        let (leg, purpose) = (transaction.leg, transaction.purpose);
        let upcall = Upcall::Response {
            leg,
            id,
            purpose,
            flow,
            response,
            request,
            attempts,
        };
        self.upcalls.push_back(upcall);
    }

    pub(super) fn start_client(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        let reliable = transaction
            .flow
            .is_some_and(|flow| flow.transport.is_reliable());
        let first = self.times.first(timer, reliable);
        let after = match timer.repeats() && !transaction.interval.is_zero() {
            true => first.map(|_| self.times.again(timer, transaction.interval)),
            false => first,
        };
        let Some(mut after) = after else { return };
        let patience = transaction.present_patience();
        if let Some(patience) = patience.filter(|_| timer.is_patience()) {
            after = after.min(patience);
        }
        if after.is_zero() {
            return self.fire_client(id, timer);
        }
        if timer.repeats() {
            transaction.interval = after;
            let started = self
                .timers
                .start(self.now, after, Due::Transaction(id, timer));
            transaction.repeating = Some(started);
        } else {
            self.set_ending(id, timer, after);
        }
    }

    pub(super) fn set_ending(&mut self, id: TransactionId, timer: Timer, after: Duration) {
        let started = self
            .timers
            .start(self.now, after, Due::Transaction(id, timer));
        let earlier = match self.clients.get_mut(&id) {
            Some(transaction) => transaction.ending.replace(started),
            None => Some(started),
        };
        if let Some(earlier) = earlier {
            self.timers.stop(earlier);
        }
    }

    pub(super) fn report_failure(&mut self, id: TransactionId, failure: Failure) {
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let (leg, purpose) = (transaction.leg, transaction.purpose);
        let request = (purpose == Purpose::Invite).then(|| transaction.request.clone());
        self.upcalls.push_back(Upcall::Failed {
            leg,
            id,
            purpose,
            failure,
            request: request.flatten(),
        });
    }
}

/// Whether a response has what is needed to act on it.
fn can_be_read(response: &Response) -> bool {
    response.headers().get(Name::To).is_some() && response.headers().get(Name::CallId).is_some()
}
