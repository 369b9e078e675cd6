//! Which way a request takes, and which one next (RFC 3263 section 4.3, RFC 3261 section 18.1).

use std::time::Duration;

use super::machine::Input;
use super::{ClientTransaction, Machine, Purpose, acknowledgement};
use crate::endpoint::address::Addresses;
use crate::endpoint::command::{ResolveId, Target};
use crate::endpoint::core::{Core, Failure, Upcall, WireMessage, retry_after};
use crate::header::Name;
use crate::transaction::{
    Action, Timer, TransactionId, invite_client as invite, non_invite_client as other,
};
use crate::transport::{ConnectionId, Flow, TransmitId, Transport};
use crate::{Method, Request, Response};

/// How many ways one request takes.
const MOST_WAYS: usize = 7;
/// Nobody is dead for longer, whatever Retry-After says.
const LONGEST_DEATH: Duration = Duration::from_secs(600);

impl Core {
    /// The resolver's answer.
    pub(crate) fn resolved(&mut self, question: ResolveId, targets: &[Target]) {
        let Some(resolving) = self.resolving.remove(&question) else {
            return;
        };
        let id = resolving.transaction;
        let waits = |t: &ClientTransaction| t.machine == Machine::Waiting;
        if self.clients.get(&id).is_some_and(waits) {
            let used = resolving.used.as_ref();
            let mut ways = self.addresses.ways(targets, resolving.is_named, used);
            let place = |flow: &Flow| (flow.transport, flow.remote);
            // Whoever challenged a request gets the answer: the nonce may be known to it alone.
            if let Some(used) = used {
                ways.sort_by_key(|way| place(way) != place(used));
            }
            self.dead.put_last(self.now, &mut ways, place);
            self.begin_client(id, ways);
        }
    }

    /// A request could not be sent.
    pub(crate) fn client_send_failed(&mut self, id: TransactionId, why: &str) {
        self.bury(id, None);
        if self.try_next(id) {
            return;
        }
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        if transaction.purpose == Purpose::Ack {
            return;
        }
        self.drive_client(id, Input::TransportError, None);
        if let Some(Upcall::Failed {
            failure: Failure::Lost(text),
            ..
        }) = self.upcalls.back_mut()
        {
            *text = why.to_owned();
        }
    }

    /// A connection is gone: what waits for an answer on it is sent again on a new one. The branch
    /// stays, so that a peer that has the request already takes it for a repetition.
    pub(crate) fn connection_closed(&mut self, connection: ConnectionId) {
        if connection == ConnectionId::default() {
            return;
        }
        let on_it = |transaction: &ClientTransaction| {
            transaction
                .flow
                .is_some_and(|flow| flow.connection == connection)
                && transaction.request.is_some()
                && transaction.machine != Machine::Abandoned
        };
        let mut ids: Vec<TransactionId> = self
            .clients
            .iter()
            .filter(|(_, t)| on_it(t))
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(transaction) = self.clients.get_mut(&id)
                && let Some(flow) = &mut transaction.flow
            {
                flow.connection = ConnectionId::default();
                let (flow, bytes) = (*flow, transaction.bytes.clone());
                self.transmit(TransmitId(id.0), flow, bytes);
            }
        }
    }

    /// The present way of a request failed: its address is tried last for some time. Within a
    /// dialog silence says nothing of the server.
    fn bury(&mut self, id: TransactionId, time: Option<Duration>) {
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let counts = transaction.purpose.finds_server() && transaction.request.is_some();
        let Some(flow) = transaction.flow.filter(|_| counts) else {
            return;
        };
        let time = time.unwrap_or(self.config.dead_for).min(LONGEST_DEATH);
        if !time.is_zero() {
            let host = (flow.transport, flow.remote);
            self.dead.bury(self.now, host, self.now + time);
        }
    }

    /// Begins sending, on the first of these flows.
    pub(super) fn begin_client(&mut self, id: TransactionId, mut flows: Vec<Flow>) {
        // Attempts are told apart by three bits of the branch, and TCP may fall back to UDP once.
        flows.truncate(MOST_WAYS);
        flows.reverse();
        let Some(first) = flows.pop() else {
            return self.give_up(id, Failure::Lost("no way to the peer".to_owned()));
        };
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.further = flows;
            transaction.flow = Some(first);
        }
        self.launch(id);
    }

    /// Sends a request that has had no answer yet by its next way, as a transaction of its own
    /// (RFC 3263 section 4.3); false when there is none.
    pub(super) fn try_next(&mut self, id: TransactionId) -> bool {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return false;
        };
        let unanswered = matches!(
            transaction.machine,
            Machine::Invite(invite::State::Calling | invite::State::Proceeding)
                | Machine::Other(other::State::Trying | other::State::Proceeding)
                | Machine::Ack
        );
        if !unanswered || transaction.purpose == Purpose::Cancel {
            return false;
        }
        let Some(next) = transaction.further.pop() else {
            return false;
        };
        transaction.flow = Some(next);
        transaction.attempt = transaction.attempt.saturating_add(1);
        if transaction.is_invite() && transaction.given_up.is_none() {
            transaction.given_up = transaction.request.clone();
        }
        let (mut repeating, mut ending) = (transaction.repeating.take(), transaction.ending.take());
        transaction.interval = Duration::ZERO;
        self.stop(&mut repeating);
        self.stop(&mut ending);
        self.launch(id);
        true
    }

    /// The server behind this way takes no calls: perhaps the next one does. Within a dialog there
    /// is only one peer, and it has answered.
    pub(super) fn try_after_refusal(&mut self, id: TransactionId, response: &Response) -> bool {
        self.bury(id, retry_after(response));
        let Some(transaction) = self.clients.get(&id) else {
            return false;
        };
        if transaction.further.is_empty() || !transaction.purpose.finds_server() {
            return false;
        }
        if let (Some(request), Some(flow)) = (transaction.request.as_deref(), transaction.flow)
            && *request.method() == Method::Invite
        {
            let ack = acknowledgement(request, response);
            self.transmit(TransmitId(0), flow, ack.to_bytes());
        }
        self.try_next(id)
    }

    /// Nothing came from this way: perhaps another one brings an answer (RFC 3263 section 4.3). A
    /// stream within a dialog delivers or breaks, so there silence is the peer's own.
    pub(super) fn try_after_silence(&mut self, id: TransactionId) -> bool {
        self.bury(id, None);
        let may_be_lost = self.clients.get(&id).is_some_and(|transaction| {
            let stream = transaction.flow.is_some_and(|f| f.transport.is_reliable());
            !stream || transaction.purpose.finds_server()
        });
        may_be_lost && self.try_next(id)
    }

    /// Writes what depends on the way (Via, Contact) and sends.
    pub(super) fn launch(&mut self, id: TransactionId) {
        let Some(flow) = self.write_for_way(id) else {
            return;
        };
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        let leg = transaction.leg;
        let request = transaction.request.take();
        let (machine, actions) = match request.as_deref().map(Request::method) {
            Some(Method::Ack) => (Machine::Ack, [Action::Send].as_slice()),
            Some(Method::Invite) => (Machine::Invite(invite::BEGIN.0), invite::BEGIN.1),
            _ => (Machine::Other(other::BEGIN.0), other::BEGIN.1),
        };
        transaction.machine = machine;
        if let Some(request) = &request {
            self.wire(leg, true, flow, WireMessage::Request(request));
        }
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.request = request;
        }
        for action in actions {
            self.act_client(id, *action, &mut None);
        }
        if machine == Machine::Ack {
            let patience = self.times.patience();
            self.set_ending(id, Timer::M, patience);
        }
    }

    /// Writes the request for its way, or for TCP to the same address when it is too large for UDP
    /// (RFC 3261 section 18.1.1). `None` when there is no way or no request any more.
    fn write_for_way(&mut self, id: TransactionId) -> Option<Flow> {
        let transaction = self.clients.get_mut(&id)?;
        let flow = transaction.flow?;
        let request = transaction.request.as_deref_mut()?;
        if transaction.purpose == Purpose::Cancel {
            transaction.bytes = request.to_bytes();
            return Some(flow);
        }
        let branch = id.branch(transaction.attempt);
        address(request, &branch, &self.addresses, &flow);
        transaction.bytes = request.to_bytes();
        let fits = flow.transport != Transport::Udp
            || transaction.bytes.len() <= self.config.max_udp
            || transaction.any_size;
        if fits || !self.addresses.has(Transport::Tcp, flow.remote.ip()) {
            return Some(flow);
        }
        let Some(larger) = self.addresses.flow_to(Transport::Tcp, flow.remote, None) else {
            return Some(flow);
        };
        transaction.any_size = true;
        transaction.further.push(flow);
        transaction.flow = Some(larger);
        address(request, &branch, &self.addresses, &larger);
        transaction.bytes = request.to_bytes();
        Some(larger)
    }
}

/// Writes our address into a request, in place of that of an earlier attempt.
fn address(request: &mut Request, branch: &str, addresses: &Addresses, flow: &Flow) {
    let via = addresses.via(flow, branch);
    let needs_contact = matches!(
        request.method(),
        Method::Invite
            | Method::Update
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Options
    );
    let is_register = *request.method() == Method::Register;
    let headers = request.headers_mut();
    match headers.contains(Name::Via) {
        true => headers.set_first(Name::Via, &via),
        false => headers.push_front(Name::Via, &via),
    }
    if needs_contact {
        headers.set(Name::Contact, &addresses.contact(flow));
    } else if let Some(contact) = is_register.then(|| headers.get(Name::Contact)).flatten() {
        let contact = addresses.registered_contact(contact, flow);
        headers.set(Name::Contact, &contact);
    }
}
