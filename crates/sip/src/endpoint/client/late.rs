//! What still comes from a way that was given up for silence (RFC 3263 section 4.3): its phone
//! must not go on ringing, and its refusal wants its ACK. A 2xx counts like any other.

use super::{ClientTransaction, Machine, Purpose, acknowledgement, follow_up};
use crate::endpoint::core::{Core, Failure, Upcall};
use crate::header::{Name, Via};
use crate::transaction::{Timer, TransactionId, invite_client as invite};
use crate::transport::{Flow, TransmitId};
use crate::{Method, Response};

impl ClientTransaction {
    /// Whether a response comes from a way that is not waited for any more.
    pub(super) fn is_late(&self, attempt: u8) -> bool {
        attempt != self.attempt & 0b111 || self.machine == Machine::Abandoned
    }
}

impl Core {
    /// Reports an INVITE as unanswered before 64·T1 have passed, and stays to see off what comes
    /// after all; false when the usual time has passed.
    pub(super) fn abandon(&mut self, id: TransactionId) -> bool {
        let Some(transaction) = self.clients.get_mut(&id) else {
            return false;
        };
        let early =
            transaction.present_patience().is_some() && transaction.purpose == Purpose::Invite;
        if !early {
            return false;
        }
        transaction.machine = Machine::Abandoned;
        let mut timers = [transaction.repeating.take(), transaction.ending.take()];
        for timer in &mut timers {
            self.stop(timer);
        }
        self.report_failure(id, Failure::Timeout);
        let patience = self.times.patience();
        self.set_ending(id, Timer::B, patience);
        true
    }

    /// A 2xx from such a way after another one has refused for good: nobody wants it any more, and
    /// the leg will say so. False when it counts like any other.
    pub(super) fn is_unwanted_success(
        &mut self,
        id: TransactionId,
        flow: Flow,
        response: &Response,
    ) -> bool {
        let Some(transaction) = self.clients.get(&id) else {
            return false;
        };
        let is_over = transaction.machine == Machine::Invite(invite::State::Completed);
        if !is_over || transaction.given_up.is_none() || !response.is_success() {
            return false;
        }
        self.upcalls.push_back(Upcall::Response {
            leg: transaction.leg,
            id,
            purpose: transaction.purpose,
            flow,
            response: response.clone(),
            request: None,
            attempts: None,
        });
        true
    }

    /// Answers a response from such a way. Nothing is kept of it: whoever needs the answer again
    /// repeats its response.
    pub(super) fn see_off(&mut self, id: TransactionId, flow: Flow, response: &Response) {
        let Some(transaction) = self.clients.get(&id) else {
            return;
        };
        let request = transaction.request.as_deref();
        let request = request.or(transaction.given_up.as_deref());
        let Some(original) = request.filter(|request| *request.method() == Method::Invite) else {
            return;
        };
        let mut request = match response.is_provisional() {
            true => follow_up(original, Method::Cancel),
            false => acknowledgement(original, response),
        };
        // The branch of that way; what its hop added to the Via is left out.
        let Ok(via) = response.headers().typed::<Via<'_>>() else {
            return;
        };
        let branch = via.branch().unwrap_or_default();
        let via = self.addresses.via(&flow, branch);
        request.headers_mut().set_first(Name::Via, &via);
        self.transmit(TransmitId(0), flow, request.to_bytes());
    }
}
