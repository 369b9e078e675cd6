//! Client transactions at work: requests go out, by another way if one fails, and answers come
//! back to the leg that asked.

mod late;
mod locating;
mod machine;
mod way;

use std::time::Duration;

use bytes::Bytes;

use super::address::NextHop;
use super::command::ResolveId;
use super::core::{Core, Failure};
use crate::dialog::Outgoing;
use crate::digest::DigestClient;
use crate::event::{IncomingReferId, LegId, ReferId, RegistrationId, RequestId};
use crate::header::{CSeq, Name};
use crate::timer::TimerId;
use crate::transaction::{
    Timer, TransactionId, invite_client as invite, non_invite_client as other,
};
use crate::transport::{Flow, TransmitId};
use crate::{Method, Request, Response};

/// How many forks of one INVITE are listened to: one answer can pretend to be any number.
pub(crate) const MOST_FORKS: usize = 32;

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
    /// A REGISTER of ours, which belongs to no leg.
    Register(RegistrationId),
    /// OPTIONS that asks whether the dialog is still known.
    Probe,
    /// The ACK of a 2xx; nothing answers it.
    Ack,
}

impl Purpose {
    /// Whether the request begins something, so that any server will do.
    pub(crate) fn finds_server(self) -> bool {
        matches!(self, Purpose::Invite | Purpose::Register(_))
    }

    /// Whether the request belongs to the leg's own dialog and is to be answered.
    pub(crate) fn is_within_dialog(self) -> bool {
        !matches!(
            self,
            Purpose::Invite
                | Purpose::Cancel
                | Purpose::StrayBye
                | Purpose::Ack
                | Purpose::Register(_)
        )
    }
}

use locating::Search;

/// A request that waits for a name.
pub(crate) struct Resolving {
    transaction: TransactionId,
    // The URI names the transport.
    is_named: bool,
    // The flow that the leg has been using.
    used: Option<Flow>,
    // Asks DNS; `None` when the resolver does all of it.
    search: Option<Box<Search>>,
}

/// How often a request was challenged, and the state of authentication that came of it.
pub(crate) struct Attempts {
    pub(crate) client: DigestClient,
    pub(crate) count: u8,
}

/// How long a way of a request may be silent before the next is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) time: Duration,
    /// The last way has the usual time.
    pub(crate) last_waits: bool,
}

/// A request of ours.
pub(crate) struct ClientTransaction {
    leg: LegId,
    purpose: Purpose,
    machine: Machine,
    // Until the final answer.
    request: Option<Box<Request>>,
    // What is sent again: the request, or the ACK of its refusal.
    bytes: Bytes,
    // The way that it takes now.
    flow: Option<Flow>,
    // The host name that was resolved.
    host: Option<Box<str>>,
    // Ways not tried yet, the next one last.
    further: Vec<Flow>,
    // Which way this is, from 0: part of the branch.
    attempt: u8,
    // An INVITE that a way was given up for: whoever comes late needs it.
    given_up: Option<Box<Request>>,
    // TCP was chosen for its size once; UDP takes it all the same after that.
    any_size: bool,
    // How long one way may be silent, if less than usual.
    patience: Option<Patience>,
    // The answer does not matter any more: a 1xx does not prolong the wait for it.
    limited: bool,
    // Until it is sent again; zero before the first time.
    interval: Duration,
    repeating: Option<TimerId>,
    ending: Option<TimerId>,
    digest: Option<Box<Attempts>>,
    // The ACKs of 2xx, by the To tag of each fork.
    acks: Vec<(Box<str>, TransactionId)>,
}

impl ClientTransaction {
    /// How long the present way may be silent, if less than usual.
    fn present_patience(&self) -> Option<Duration> {
        let patience = self.patience?;
        let is_last = self.further.is_empty();
        (!patience.last_waits || !is_last).then_some(patience.time)
    }

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
    /// The failure of an INVITE was reported before its time; what still comes is seen off.
    Abandoned,
    Ack,
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
        let hop = match used.filter(|_| self.kept.contains(&leg) && !outgoing.is_routed()) {
            Some(_) => Ok(NextHop::Connection),
            None => self.addresses.next_hop(outgoing.next_hop(), used, question),
        };
        self.insert_client(id, leg, outgoing.request, purpose);
        match hop {
            Ok(NextHop::Connection) => self.begin_client(id, used.copied().into_iter().collect()),
            Ok(NextHop::Address {
                transport,
                remote,
                is_named,
            }) => {
                let ways = self.addresses.ways(&[(transport, remote)], is_named, used);
                self.begin_client(id, ways);
            }
            Ok(NextHop::Name(resolve)) => {
                if let Some(transaction) = self.clients.get_mut(&id) {
                    transaction.host = Some(resolve.host.as_str().into());
                }
                let resolving = Resolving {
                    transaction: id,
                    is_named: resolve.transport.is_some() || resolve.secure,
                    used: used.copied(),
                    search: None,
                };
                self.resolve(resolving, resolve);
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

    /// The host name that a request goes to, if it had to be resolved.
    pub(crate) fn host_of(&self, id: TransmitId) -> Option<&str> {
        self.clients.get(&TransactionId(id.0))?.host.as_deref()
    }

    /// Gives each way of a request no more than this for its first answer.
    pub(crate) fn limit_ways(&mut self, id: TransactionId, patience: Patience) {
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.patience = Some(patience);
            let timer = match transaction.machine {
                Machine::Invite(invite::State::Calling) => Timer::B,
                Machine::Other(other::State::Trying) => Timer::F,
                _ => return,
            };
            if let Some(patience) = transaction.present_patience() {
                let patience = patience.min(self.times.patience());
                self.set_ending(id, timer, patience);
            }
        }
    }

    /// Tries no other way than the present one.
    pub(crate) fn stay(&mut self, id: TransactionId) {
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.further.clear();
        }
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
    pub(crate) fn attach_digest(&mut self, id: TransactionId, digest: Box<Attempts>) {
        if let Some(transaction) = self.clients.get_mut(&id) {
            transaction.digest = Some(digest);
        }
    }

    pub(super) fn insert_client(
        &mut self,
        id: TransactionId,
        leg: LegId,
        request: Request,
        purpose: Purpose,
    ) {
        let transaction = ClientTransaction {
            leg,
            purpose,
            machine: Machine::Waiting,
            request: Some(Box::new(request)),
            bytes: Bytes::new(),
            flow: None,
            host: None,
            further: Vec::new(),
            attempt: 0,
            given_up: None,
            any_size: false,
            patience: None,
            limited: false,
            interval: Duration::ZERO,
            repeating: None,
            ending: None,
            digest: None,
            acks: Vec::new(),
        };
        self.clients.insert(id, transaction);
    }

    pub(super) fn give_up(&mut self, id: TransactionId, failure: Failure) {
        self.report_failure(id, failure);
        self.end_client(id);
    }

    pub(super) fn end_client(&mut self, id: TransactionId) {
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
