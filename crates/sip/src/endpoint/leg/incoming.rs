//! A call that comes in, and re-INVITEs: from the INVITE to the ACK (RFC 3261 sections 13.3 and
//! 14.2).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{
    Done, Inbound, Leg, LegTimer, Phase, SDP, cseq_of, tag_text, write_abilities, write_extra,
};
use crate::dialog::Dialog;
use crate::endpoint::core::{Core, WireMessage};
use crate::endpoint::session_body::session_description;
use crate::event::{Event, LegEnd, LegId};
use crate::header::{Name, Require};
use crate::headers::Headers;
use crate::timer::TimerId;
use crate::transaction::TransactionId;
use crate::transport::Flow;
use crate::usage::reliable_provisional::ReliableSender;
use crate::usage::session_timer::Agreement;
use crate::{Request, Response};

/// An INVITE of the peer that has no final answer.
pub(super) struct Incoming {
    pub(super) id: TransactionId,
    pub(super) request: Arc<Request>,
    pub(super) is_first: bool,
    pub(super) agreement: Option<Agreement>,
    pub(super) reliable: ReliableSender,
    // What waits for a PRACK before it may go out.
    pub(super) waiting: VecDeque<Response>,
}

impl Incoming {
    /// The 2xx is decided upon and only waits for a PRACK.
    fn is_answered(&self) -> bool {
        self.waiting.iter().any(Response::is_success)
    }
}

/// A 2xx of ours that has no ACK.
pub(super) struct Accepting {
    cseq: u32,
    bytes: Bytes,
    id: TransactionId,
    is_first: bool,
    // Our 2xx carried the offer, so the ACK carries the answer.
    offered: bool,
    interval: Duration,
    again: Option<TimerId>,
    end: Option<TimerId>,
}

/// A call that has passed all checks.
pub(in crate::endpoint) struct NewLeg {
    pub(in crate::endpoint) id: LegId,
    pub(in crate::endpoint) dialog: Dialog,
    pub(in crate::endpoint) agreement: Option<Agreement>,
    pub(in crate::endpoint) flow: Flow,
}

impl Leg {
    /// A new call. 100 goes out at once, so that the peer stops repeating itself.
    pub(in crate::endpoint) fn incoming(core: &mut Core, new: NewLeg, inbound: Inbound) -> Leg {
        let NewLeg {
            id,
            dialog,
            agreement,
            flow,
        } = new;
        let mut leg = Leg::new(id, false, Phase::Incoming);
        leg.flow = Some(flow);
        leg.dialog = Some(dialog);
        leg.learn(inbound.request.headers());
        let request = Arc::new(inbound.request);
        core.assign(inbound.id, id);
        core.event(
            id,
            Event::Incoming {
                invite: Arc::clone(&request),
                flow,
            },
        );
        core.wire(id, false, flow, WireMessage::Request(&request));
        leg.take_invite(core, inbound.id, request, true, agreement);
        leg
    }

    fn take_invite(
        &mut self,
        core: &mut Core,
        id: TransactionId,
        request: Arc<Request>,
        is_first: bool,
        agreement: Option<Agreement>,
    ) {
        self.turn.their_invite = true;
        self.turn.their_offer = session_description(request.headers(), request.body()).is_some();
        let trying = request.response_to(100, None, None);
        core.respond(id, trying);
        let first_rseq = u32::try_from(core.random() >> 34).unwrap_or(1);
        self.incoming = Some(Box::new(Incoming {
            id,
            request,
            is_first,
            agreement,
            reliable: ReliableSender::new(first_rseq),
            waiting: VecDeque::new(),
        }));
    }

    /// A re-INVITE that has passed all checks.
    pub(in crate::endpoint) fn on_reinvite(
        &mut self,
        core: &mut Core,
        inbound: Inbound,
        agreement: Option<Agreement>,
    ) {
        let request = Arc::new(inbound.request);
        let offer = session_description(request.headers(), request.body());
        self.take_invite(core, inbound.id, request, false, agreement);
        core.event(self.id, Event::Reoffer(offer));
    }

    /// Sends a provisional response.
    pub(in crate::endpoint) fn progress(
        &mut self,
        core: &mut Core,
        status: u16,
        extra: &[(String, String)],
        sdp: Option<Bytes>,
    ) -> Done {
        let tag = self.tag();
        let Some(incoming) = self
            .incoming
            .as_mut()
            .filter(|incoming| incoming.is_first && status < 200 && !incoming.is_answered())
        else {
            return Err(self.wrong_state("report progress"));
        };
        let mut response = incoming.request.response_to(status, None, Some(&tag));
        response.copy_record_route(&incoming.request);
        write_contact(core, self.flow.as_ref(), response.headers_mut());
        write_abilities(core, response.headers_mut());
        write_extra(response.headers_mut(), extra);
        if let Some(sdp) = sdp {
            self.offers.sdp = sdp.clone();
            response.set_body(SDP, sdp);
        }
        if Require::lists(incoming.request.headers(), "100rel") && status > 100 {
            incoming.waiting.push_back(response);
            self.send_waiting(core);
        } else {
            core.respond(incoming.id, response);
        }
        Ok(())
    }

    /// Answers the call with 200.
    pub(in crate::endpoint) fn answer(
        &mut self,
        core: &mut Core,
        extra: &[(String, String)],
        sdp: Bytes,
    ) -> Done {
        let incoming = self.incoming.as_ref().filter(|incoming| incoming.is_first);
        if incoming.is_none_or(|incoming| incoming.is_answered()) {
            return Err(self.wrong_state("answer"));
        }
        self.accept_invite(core, extra, sdp);
        Ok(())
    }

    /// Sends the 2xx to the INVITE that is open, after what waits for PRACK.
    pub(super) fn accept_invite(
        &mut self,
        core: &mut Core,
        extra: &[(String, String)],
        sdp: Bytes,
    ) {
        let tag = self.tag();
        let Some(incoming) = self.incoming.as_mut() else {
            return;
        };
        let request = Arc::clone(&incoming.request);
        let mut response = request.response_to(200, None, Some(&tag));
        response.copy_record_route(&request);
        let headers = response.headers_mut();
        write_contact(core, self.flow.as_ref(), headers);
        write_abilities(core, headers);
        if let Some(agreement) = incoming.agreement {
            agreement.write_answer(request.headers(), headers);
        }
        write_extra(headers, extra);
        self.offers.sdp = sdp.clone();
        response.set_body(SDP, sdp);
        incoming.waiting.push_back(response);
        self.send_waiting(core);
    }

    /// The 2xx is on its way: it is repeated until the ACK, whatever the transport, because
    /// proxies further on may be unreliable (RFC 3261 section 13.3.1.4).
    pub(super) fn accepted(&mut self, core: &mut Core, incoming: Incoming, bytes: Bytes) {
        let interval = core.times.t1;
        let accepting = Accepting {
            cseq: cseq_of(incoming.request.headers()),
            bytes,
            id: incoming.id,
            is_first: incoming.is_first,
            offered: session_description(incoming.request.headers(), incoming.request.body())
                .is_none(),
            interval,
            again: Some(core.start(self.id, LegTimer::AcceptAgain, interval)),
            end: Some(core.start(self.id, LegTimer::AcceptEnd, core.times.patience())),
        };
        self.turn.their_invite = false;
        self.turn.their_offer = false;
        self.turn.our_offer = accepting.offered;
        if incoming.is_first {
            self.phase = Phase::Answered;
        } else if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(incoming.request.headers());
        }
        self.accepting = Some(Box::new(accepting));
        self.run_session(core, incoming.agreement, false);
    }

    pub(super) fn accept_again(&mut self, core: &mut Core) {
        let cap = core.times.t2;
        let Some(accepting) = self.accepting.as_mut() else {
            return;
        };
        core.respond_again(accepting.id, accepting.bytes.clone());
        accepting.again = Leg::repeat(
            core,
            self.id,
            LegTimer::AcceptAgain,
            &mut accepting.interval,
            Some(cap),
        );
    }

    /// RFC 3261 section 13.3.1.4: the session is ended with BYE.
    pub(super) fn on_no_ack(&mut self, core: &mut Core) {
        let end = match self.hang_up.is_some() {
            true => LegEnd::Local,
            false => LegEnd::NoAck,
        };
        self.stop_accepting(core);
        self.abort(core, end);
    }

    pub(super) fn stop_accepting(&mut self, core: &mut Core) {
        if let Some(mut accepting) = self.accepting.take() {
            core.stop(&mut accepting.again);
            core.stop(&mut accepting.end);
        }
    }

    /// The ACK for a 2xx of ours; repetitions are nothing new.
    pub(in crate::endpoint) fn on_ack(&mut self, core: &mut Core, flow: Flow, ack: &Request) {
        let cseq = cseq_of(ack.headers());
        let Some(accepting) = self.accepting.take_if(|accepting| accepting.cseq == cseq) else {
            return;
        };
        let (mut again, mut end) = (accepting.again, accepting.end);
        core.stop(&mut again);
        core.stop(&mut end);
        core.wire(self.id, false, flow, WireMessage::Request(ack));
        let body = session_description(ack.headers(), ack.body());
        if accepting.offered {
            self.turn.our_offer = false;
        }
        if accepting.is_first {
            self.phase = Phase::Confirmed;
            core.event(self.id, Event::Confirmed { body });
        } else if accepting.offered {
            core.event(self.id, Event::OfferSettled(body.ok_or(400)));
        }
        match self.hang_up.take() {
            Some(headers) => self.bye(core, &headers),
            None => self.take_turn(core),
        }
    }

    /// Refuses the call.
    pub(in crate::endpoint) fn reject(
        &mut self,
        core: &mut Core,
        status: u16,
        reason: Option<&str>,
        extra: &[(String, String)],
    ) -> Done {
        let is_first = self
            .incoming
            .as_ref()
            .is_some_and(|incoming| incoming.is_first);
        if !is_first || !(300..700).contains(&status) {
            return Err(self.wrong_state("reject"));
        }
        self.refuse_invite(core, status, reason, extra);
        self.end(core, LegEnd::Local);
        Ok(())
    }

    /// Gives the open INVITE a final answer that is no 2xx.
    pub(super) fn refuse_invite(
        &mut self,
        core: &mut Core,
        status: u16,
        reason: Option<&str>,
        extra: &[(String, String)],
    ) {
        self.stop_reliable(core);
        let tag = tag_text(self.id);
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        self.turn.their_invite = false;
        self.turn.their_offer = false;
        let mut response = incoming.request.response_to(status, reason, Some(&tag));
        write_extra(response.headers_mut(), extra);
        core.respond(incoming.id, response);
    }

    /// Whatever INVITE or UPDATE of the peer is open gets 487, because the call is over.
    pub(super) fn refuse_open_invites(&mut self, core: &mut Core) {
        self.refuse_invite(core, 487, None, &[]);
        if let Some(update) = self.update.take() {
            self.turn.their_offer = false;
            core.answer_status(update.id, &update.request, 487);
        }
    }

    /// The peer cancelled its INVITE; the CANCEL itself has been answered.
    pub(in crate::endpoint) fn on_cancel(&mut self, core: &mut Core, cancel: &Request) {
        let reason = cancel.headers().get(Name::Reason).map(str::to_owned);
        let Some(incoming) = self.incoming.as_ref() else {
            return;
        };
        let is_first = incoming.is_first;
        self.refuse_invite(core, 487, None, &[]);
        if is_first {
            self.end(core, LegEnd::Canceled(reason));
        } else {
            self.take_turn(core);
        }
    }

    /// An UPDATE of the peer that has passed all checks. Without offer it refreshes and is
    /// answered at once.
    pub(in crate::endpoint) fn on_update(
        &mut self,
        core: &mut Core,
        inbound: Inbound,
        agreement: Option<Agreement>,
    ) {
        self.learn(inbound.request.headers());
        let offer = session_description(inbound.request.headers(), inbound.request.body());
        match offer {
            None => self.accept_update(core, &inbound, agreement, None),
            Some(offer) => {
                self.turn.their_offer = true;
                self.update = Some(Box::new(inbound));
                core.event(self.id, Event::Reoffer(Some(offer)));
            }
        }
    }

    pub(super) fn accept_update(
        &mut self,
        core: &mut Core,
        inbound: &Inbound,
        agreement: Option<Agreement>,
        sdp: Option<Bytes>,
    ) {
        let mut response = inbound.request.response_to(200, None, None);
        let headers = response.headers_mut();
        write_contact(core, self.flow.as_ref(), headers);
        write_abilities(core, headers);
        if let Some(agreement) = agreement {
            agreement.write_answer(inbound.request.headers(), headers);
        }
        if let Some(sdp) = sdp {
            response.set_body(SDP, sdp);
        }
        core.respond(inbound.id, response);
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(inbound.request.headers());
        }
        // Only the session's own timer counts; before the answer there is none.
        if agreement.is_some() && self.phase == Phase::Confirmed {
            self.run_session(core, agreement, false);
        }
    }
}

/// Our Contact, on the listener that the leg uses.
pub(super) fn write_contact(core: &Core, flow: Option<&Flow>, headers: &mut Headers) {
    if let Some(flow) = flow {
        headers.push(Name::Contact, &core.addresses.contact(flow));
    }
}
