//! Reliable provisional responses and PRACK (RFC 3262).

use super::{Inbound, Leg, LegTimer, write_abilities};
use crate::endpoint::client::Purpose;
use crate::endpoint::core::Core;
use crate::endpoint::session_body::session_description;
use crate::event::LegEnd;
use crate::header::{Name, RAck, RSeq, Require};
use crate::{Method, Response};

impl Leg {
    /// Sends what waits, as far as no PRACK is missing. A 2xx waits too, lest the offer in a
    /// provisional response is never answered.
    pub(super) fn send_waiting(&mut self, core: &mut Core) {
        let Some(incoming) = self.incoming.as_mut() else {
            return;
        };
        if incoming.reliable.waiting.is_some() {
            return;
        }
        let Some(mut response) = incoming.waiting.pop_front() else {
            return;
        };
        if response.is_success() {
            let bytes = core.respond(incoming.id, response);
            if let Some(incoming) = self.incoming.take() {
                self.accepted(core, *incoming, bytes);
            }
            return;
        }
        let rseq = incoming.reliable.number();
        response.headers_mut().push(Name::Require, "100rel");
        response.headers_mut().push(Name::RSeq, &rseq.to_string());
        let bytes = core.respond(incoming.id, response);
        incoming.reliable.sent(rseq, bytes, core.times.t1);
        let again = core.start(self.id, LegTimer::ReliableAgain, core.times.t1);
        let end = core.start(self.id, LegTimer::ReliableEnd, core.times.patience());
        if let Some(waiting) = &mut incoming.reliable.waiting {
            waiting.again = Some(again);
            waiting.end = Some(end);
        }
    }

    pub(super) fn reliable_again(&mut self, core: &mut Core) {
        let Some(incoming) = self.incoming.as_mut() else {
            return;
        };
        let Some(waiting) = &mut incoming.reliable.waiting else {
            return;
        };
        core.respond_again(incoming.id, waiting.bytes.clone());
        let timer = LegTimer::ReliableAgain;
        waiting.again = Leg::repeat(core, self.id, timer, &mut waiting.interval, None);
    }

    /// RFC 3262 section 3: the INVITE is refused with a 5xx.
    pub(super) fn on_no_prack(&mut self, core: &mut Core) {
        self.refuse_invite(core, 504, None, &[]);
        self.end(core, LegEnd::NoAck);
    }

    pub(super) fn stop_reliable(&mut self, core: &mut Core) {
        let Some(incoming) = self.incoming.as_mut() else {
            return;
        };
        if let Some(mut waiting) = incoming.reliable.waiting.take() {
            core.stop(&mut waiting.again);
            core.stop(&mut waiting.end);
        }
    }

    /// A PRACK of the peer.
    pub(in crate::endpoint) fn on_prack(&mut self, core: &mut Core, inbound: &Inbound) {
        let rack = inbound.request.headers().typed::<RAck<'_>>();
        let waiting = match (rack, self.incoming.as_mut()) {
            (Ok(rack), Some(incoming)) => {
                let invite = super::cseq_of(incoming.request.headers());
                incoming.reliable.acknowledged(&rack, invite)
            }
            _ => None,
        };
        let Some(mut waiting) = waiting else {
            return core.answer_status(inbound.id, &inbound.request, 481);
        };
        core.stop(&mut waiting.again);
        core.stop(&mut waiting.end);
        core.answer_status(inbound.id, &inbound.request, 200);
        // What the response said of the session is settled now (RFC 3262 section 5).
        if !self.offers.sdp.is_empty() {
            self.turn.their_offer = false;
        }
        self.send_waiting(core);
    }

    /// Acknowledges a provisional response of the peer in its early dialog, if it asks for it;
    /// false when the response is out of order or a repetition.
    pub(super) fn acknowledge_provisional(&mut self, core: &mut Core, response: &Response) -> bool {
        let headers = response.headers();
        if !Require::lists(headers, "100rel") {
            return true;
        }
        let Ok(RSeq(rseq)) = headers.typed::<RSeq>() else {
            return true;
        };
        let invite = super::cseq_of(headers);
        let Some(early) = self
            .outgoing
            .as_mut()
            .and_then(|calling| calling.early_of(headers))
        else {
            return true;
        };
        if !early.reliable.admit(rseq) {
            return false;
        }
        if session_description(headers, response.body()).is_some() {
            self.turn.our_offer = false;
        }
        let mut prack = early.dialog.request(Method::Prack);
        let prack_headers = prack.request.headers_mut();
        prack_headers.push(Name::RAck, &format!("{rseq} {invite} INVITE"));
        write_abilities(core, prack_headers);
        self.send(core, prack, Purpose::Prack);
        true
    }
}
