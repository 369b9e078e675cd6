//! Client transactions at work: requests go out, by another way if one fails, and answers come
//! back to the leg that asked.

use std::time::Duration;

use bytes::Bytes;

use super::address::NextHop;
use super::command::{ResolveId, Target};
use super::core::{Core, Due, Failure, Upcall, WireMessage};
use crate::dialog::{Outgoing, tag_of};
use crate::digest::DigestClient;
use crate::event::{IncomingReferId, LegId, ReferId, RequestId};
use crate::header::{CSeq, Name};
use crate::timer::TimerId;
use crate::transaction::{
    Action, Timer, TransactionId, invite_client as invite, non_invite_client as other,
};
use crate::transport::{ConnectionId, Flow, TransmitId, Transport};
use crate::{Method, Request, Response};

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The INVITE that made the leg.
    Invite,
    /// A later INVITE; `refresh` when only the session timer asked for it.
    Reinvite {
        refresh: bool,
    },
    /// An UPDATE that refreshes the session.
    Update,
    Prack,
    Cancel,
    Bye,
    /// BYE to a fork that lost, or to a call that was answered after it was cancelled.
    StrayBye,
    Refer(ReferId),
    Notify(IncomingReferId),
    Request(RequestId),
    /// OPTIONS that asks whether the dialog is still known.
    Probe,
    /// The ACK of a 2xx; nothing answers it.
    Ack,
}

/// A request of ours.
pub(crate) struct ClientTransaction {
    leg: LegId,
    purpose: Purpose,
    machine: Machine,
    // Until the final answer.
    request: Option<Box<Request>>,
    bytes: Bytes,
    flow: Option<Flow>,
    // Ways not tried yet, the next one last.
    further: Vec<Flow>,
    attempt: u8,
    any_size: bool,
    // The answer does not matter any more.
    limited: bool,
    interval: Duration,
    repeating: Option<TimerId>,
    ending: Option<TimerId>,
    digest: Option<Box<DigestClient>>,
    acks: Vec<(Box<str>, TransactionId)>,
}

impl ClientTransaction {
    fn is_invite(&self) -> bool {
        matches!(self.machine, Machine::Invite(_))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Machine {
    /// Waits for a name to be resolved.
    Waiting,
    Invite(invite::State),
    Other(other::State),
    Ack,
}

#[derive(Clone, Copy)]
enum Input {
    Provisional,
    Success,
    Failure,
    Fired(Timer),
    TransportError,
}

impl Core {
    /// Sends a request. `used` is the flow that the leg has been using.
    pub(crate) fn send(
        &mut self,
        leg: LegId,
        used: Option<&Flow>,
        outgoing: Outgoing,
        purpose: Purpose,
    ) -> TransactionId {
        let id = TransactionId::client(self.random());
        let question = ResolveId(id.0);
        let hop = self.addresses.next_hop(outgoing.next_hop(), used, question);
        self.insert_client(id, leg, outgoing.request, purpose);
        match hop {
            Ok(NextHop::Connection) => self.begin_client(id, used.copied().into_iter().collect()),
            Ok(NextHop::Address(transport, remote)) => {
                let flow = self.addresses.flow_to(transport, remote, used);
                // A peer behind address translation is reached by the connection it opened.
                let same = |used: &&Flow| {
                    used.transport == transport && transport.is_reliable() && flow != Some(**used)
                };
                let last_resort = used.filter(same).copied();
                self.begin_client(id, flow.into_iter().chain(last_resort).collect());
            }
            Ok(NextHop::Name(resolve)) => {
                self.resolving.insert(question, id);
                self.resolves.push_back(resolve);
                let patience = self.times.patience();
                self.set_ending(id, Timer::F, patience);
            }
            Err(why) => self.give_up(id, Failure::Lost(why.to_owned())),
        }
        id
    }

    /// Sends a request on exactly this flow.
    pub(crate) fn send_on(
        &mut self,
        leg: LegId,
        flow: Flow,
        outgoing: Outgoing,
        purpose: Purpose,
    ) -> TransactionId {
        let id = TransactionId::client(self.random());
        self.insert_client(id, leg, outgoing.request, purpose);
        self.begin_client(id, vec![flow]);
        id
    }

    /// Cancels an INVITE that has had a provisional answer (RFC 3261 section 9.1).
    pub(crate) fn cancel(&mut self, invite: TransactionId, headers: &[(String, String)]) {
        let Some(transaction) = self.clients.get(&invite) else {
            return;
        };
        let (leg, Some(flow)) = (transaction.leg, transaction.flow) else {
            return;
        };
        let Some(request) = transaction.request.as_deref() else {
            return;
        };
        let mut cancel = follow_up(request, Method::Cancel);
        for (name, value) in headers {
            cancel.headers_mut().push(&**name, value);
        }
        let id = invite.cancel();
        self.insert_client(id, leg, cancel, Purpose::Cancel);
        self.begin_client(id, vec![flow]);
        self.limit(invite);
    }

    /// Takes back a request that still waits for a name; false when it has been sent.
    pub(crate) fn withdraw(&mut self, id: TransactionId) -> bool {
        let waits = self
            .clients
            .get(&id)
            .is_some_and(|t| t.machine == Machine::Waiting);
        if waits {
            self.end_client(id);
        }
        waits
    }

    /// Waits no longer than usual for the final answer to an INVITE that does not matter any more.
    pub(crate) fn limit(&mut self, invite: TransactionId) {
        let Some(transaction) = self.clients.get_mut(&invite) else {
            return;
        };
        transaction.further.clear();
        transaction.limited = true;
        if transaction.machine == Machine::Invite(invite::State::Proceeding)
            && transaction.ending.is_none()
        {
            let patience = self.times.patience();
            self.set_ending(invite, Timer::B, patience);
        }
    }

    /// Sends the ACK for a 2xx and remembers it for repetitions of the 2xx.
    pub(crate) fn acknowledge(
        &mut self,
        invite: TransactionId,
        leg: LegId,
        used: &Flow,
        tag: &str,
        ack: Outgoing,
    ) {
        let id = self.send(leg, Some(used), ack, Purpose::Ack);
        if let Some(transaction) = self.clients.get_mut(&invite) {
            transaction.acks.push((tag.into(), id));
        }
    }

    /// Keeps the state of authentication with the request that it is for.
    pub(crate) fn attach_digest(&mut self, id: TransactionId, digest: Box<DigestClient>) {
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.digest = Some(digest);
        }
    }

    /// Takes the state of authentication of a request that was answered.
    pub(crate) fn take_digest(&mut self, id: TransactionId) -> Option<Box<DigestClient>> {
        self.clients.get_mut(&id)?.digest.take()
    }

    /// The resolver's answer.
    pub(crate) fn resolved(&mut self, question: ResolveId, targets: &[Target]) {
        let Some(id) = self.resolving.remove(&question) else {
            return;
        };
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        if transaction.machine != Machine::Waiting {
            return;
        }
        let flows: Vec<Flow> = targets
            .iter()
            .filter_map(|(transport, remote)| self.addresses.flow_to(*transport, *remote, None))
            .collect();
        self.begin_client(id, flows);
    }

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
        // Another way is being tried already; only a late 2xx still counts.
        if attempt != transaction.attempt & 0b111 && !response.is_success() {
            return true;
        }
        if response.status() == 503 && self.try_after_refusal(id, &response) {
            return true;
        }
        if self.is_repeated_success(id, &response) {
            return true;
        }
        let Some(transaction) = self.clients.get(&id) else {
            return false;
        };
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

    pub(crate) fn fire_client(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        match timer.repeats() {
            true => transaction.repeating = None,
            false => transaction.ending = None,
        }
        match transaction.machine {
            Machine::Waiting => {
                self.give_up(
                    id,
                    Failure::Lost("the name was not resolved in time".to_owned()),
                );
            }
            Machine::Ack => self.end_client(id),
            _ => self.drive_client(id, Input::Fired(timer), None),
        }
    }

    /// A request could not be sent.
    pub(crate) fn client_send_failed(&mut self, id: TransactionId, why: &str) {
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

    /// Whether a 2xx has been acknowledged before; then its ACK goes out again.
    fn is_repeated_success(&mut self, id: TransactionId, response: &Response) -> bool {
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

    fn insert_client(&mut self, id: TransactionId, leg: LegId, request: Request, purpose: Purpose) {
        let transaction = ClientTransaction {
            leg,
            purpose,
            machine: Machine::Waiting,
            request: Some(Box::new(request)),
            bytes: Bytes::new(),
            flow: None,
            further: Vec::new(),
            attempt: 0,
            any_size: false,
            limited: false,
            interval: Duration::ZERO,
            repeating: None,
            ending: None,
            digest: None,
            acks: Vec::new(),
        };
        self.clients.insert(id, transaction);
    }

    /// Begins sending, on the first of these flows.
    fn begin_client(&mut self, id: TransactionId, mut flows: Vec<Flow>) {
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
    fn try_next(&mut self, id: TransactionId) -> bool {
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
        let (mut repeating, mut ending) = (transaction.repeating.take(), transaction.ending.take());
        transaction.interval = Duration::ZERO;
        self.stop(&mut repeating);
        self.stop(&mut ending);
        self.launch(id);
        true
    }

    /// The server behind this way takes no requests: perhaps the next one does.
    fn try_after_refusal(&mut self, id: TransactionId, response: &Response) -> bool {
        let Some(transaction) = self.clients.get(&id) else {
            return false;
        };
        if transaction.further.is_empty() {
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

    /// Writes what depends on the way (Via, Contact) and sends.
    fn launch(&mut self, id: TransactionId) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        let Some(mut flow) = transaction.flow else {
            return;
        };
        let Some(request) = transaction.request.as_deref_mut() else {
            return;
        };
        let leg = transaction.leg;
        let is_first = transaction.attempt == 0;
        if transaction.purpose == Purpose::Cancel {
            transaction.bytes = request.to_bytes();
        } else {
            let branch = id.branch(transaction.attempt);
            address(
                request,
                &self.addresses.via(&flow, &branch),
                &self.addresses.contact(&flow),
            );
            transaction.bytes = request.to_bytes();
            if flow.transport == Transport::Udp
                && transaction.bytes.len() > self.config.max_udp
                && !transaction.any_size
                && self.addresses.has(Transport::Tcp, flow.remote.ip())
                && let Some(larger) = self.addresses.flow_to(Transport::Tcp, flow.remote, None)
            {
                transaction.any_size = true;
                transaction.further.push(flow);
                flow = larger;
                transaction.flow = Some(flow);
                let via = self.addresses.via(&flow, &branch);
                address(request, &via, &self.addresses.contact(&flow));
                transaction.bytes = request.to_bytes();
            }
        }
        if is_first {
            let request = transaction.request.take();
            if let Some(request) = &request {
                self.wire(leg, true, flow, WireMessage::Request(request));
            }
            if let Some(transaction) = self.clients.get_mut(&id) {
                transaction.request = request;
            }
        }
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        let actions = match transaction.request.as_deref().map(Request::method) {
            Some(Method::Ack) => {
                transaction.machine = Machine::Ack;
                [Action::Send].as_slice()
            }
            Some(Method::Invite) => {
                transaction.machine = Machine::Invite(invite::BEGIN.0);
                invite::BEGIN.1
            }
            _ => {
                transaction.machine = Machine::Other(other::BEGIN.0);
                other::BEGIN.1
            }
        };
        let is_ack = transaction.machine == Machine::Ack;
        for action in actions {
            self.act_client(id, *action, &mut None);
        }
        if is_ack {
            let patience = self.times.patience();
            self.set_ending(id, Timer::M, patience);
        }
    }

    fn drive_client(&mut self, id: TransactionId, input: Input, mut response: Option<Response>) {
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let (machine, actions, over) = match transaction.machine {
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
            Machine::Waiting | Machine::Ack => return,
        };
        // Nothing came from this target: perhaps another one answers (RFC 3263 section 4.3).
        if actions.contains(&Action::ReportTimeout) && self.try_next(id) {
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

    fn act_client(&mut self, id: TransactionId, action: Action, response: &mut Option<Response>) {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return;
        };
        match action {
            Action::Send | Action::Resend => {
                if let Some(flow) = transaction.flow {
                    let bytes = transaction.bytes.clone();
                    self.transmit(TransmitId(id.0), flow, bytes);
                }
            }
            Action::Acknowledge => {
                let (Some(request), Some(response), Some(flow)) = (
                    transaction.request.as_deref(),
                    response.as_ref(),
                    transaction.flow,
                ) else {
                    return;
                };
                let leg = transaction.leg;
                let ack = acknowledgement(request, response);
                transaction.bytes = ack.to_bytes();
                let bytes = transaction.bytes.clone();
                self.transmit(TransmitId(id.0), flow, bytes);
                self.wire(leg, true, flow, WireMessage::Request(&ack));
            }
            Action::Report => {
                let Some(response) = response.take() else {
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
                let (leg, purpose) = (transaction.leg, transaction.purpose);
                let upcall = Upcall::Response {
                    leg,
                    id,
                    purpose,
                    flow,
                    response,
                    request,
                };
                self.upcalls.push_back(upcall);
            }
            Action::ReportTimeout => self.report_failure(id, Failure::Timeout),
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

    fn start_client(&mut self, id: TransactionId, timer: Timer) {
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
        let Some(after) = after else { return };
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

    fn set_ending(&mut self, id: TransactionId, timer: Timer, after: Duration) {
        let started = self
            .timers
            .start(self.now, after, Due::Transaction(id, timer));
        match self.clients.get_mut(&id) {
            Some(transaction) => transaction.ending = Some(started),
            None => self.timers.stop(started),
        }
    }

    fn report_failure(&mut self, id: TransactionId, failure: Failure) {
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let (leg, purpose) = (transaction.leg, transaction.purpose);
        self.upcalls.push_back(Upcall::Failed {
            leg,
            id,
            purpose,
            failure,
        });
    }

    fn give_up(&mut self, id: TransactionId, failure: Failure) {
        self.report_failure(id, failure);
        self.end_client(id);
    }

    fn end_client(&mut self, id: TransactionId) {
        let Some(mut transaction) = self.clients.remove(&id) else {
            return;
        };
        self.stop(&mut transaction.repeating);
        self.stop(&mut transaction.ending);
        if transaction.machine == Machine::Waiting {
            self.resolving.remove(&ResolveId(id.0));
        }
    }
}

/// ACK for a refusal and CANCEL repeat their INVITE's identity (RFC 3261 sections 9.1, 17.1.1.3).
fn follow_up(invite: &Request, method: Method) -> Request {
    let mut request = Request::new(method.clone(), invite.uri());
    let from = invite.headers();
    let number = from.typed::<CSeq<'_>>().map_or(0, |cseq| cseq.number);
    let headers = request.headers_mut();
    headers.push(Name::Via, from.get(Name::Via).unwrap_or_default());
    headers.copy_all(from, Name::Route);
    headers.push(Name::MaxForwards, "70");
    for name in [Name::From, Name::To, Name::CallId] {
        headers.push(name, from.get(name).unwrap_or_default());
    }
    headers.push(Name::CSeq, &format!("{number} {method}"));
    request
}

/// The ACK for an answer that is no 2xx.
fn acknowledgement(invite: &Request, response: &Response) -> Request {
    let mut ack = follow_up(invite, Method::Ack);
    let to = response.headers().get(Name::To).unwrap_or_default();
    ack.headers_mut().set(Name::To, to);
    ack
}

/// Writes our address into a request, in place of that of an earlier attempt.
fn address(request: &mut Request, via: &str, contact: &str) {
    let needs_contact = matches!(
        request.method(),
        Method::Invite
            | Method::Update
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Options
    );
    let headers = request.headers_mut();
    match headers.contains(Name::Via) {
        true => headers.set_first(Name::Via, via),
        false => headers.push_front(Name::Via, via),
    }
    if needs_contact {
        headers.set(Name::Contact, contact);
    }
}

/// Whether a response has what is needed to act on it.
fn can_be_read(response: &Response) -> bool {
    response.headers().get(Name::To).is_some() && response.headers().get(Name::CallId).is_some()
}
