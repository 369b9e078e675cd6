//! A call that we place: from the INVITE to the first 2xx, forks included (RFC 3261 sections
//! 13.2 and 9.1).

use std::sync::Arc;

use bytes::Bytes;

use super::redirect::Redirecting;
use super::session::MOST_LENGTHENINGS;
use super::{Done, Leg, LegTimer, Phase, SDP, SUPPORTED, cseq_of, tag_text, write_extra};
use crate::dialog::{Dialog, Outgoing, tag_of};
use crate::endpoint::authenticator::Authenticator;
use crate::endpoint::client::{MOST_FORKS, Patience, Purpose};
use crate::endpoint::command::{CommandError, OutgoingInvite};
use crate::endpoint::core::{Core, Failure};
use crate::endpoint::session_body::session_description;
use crate::event::{Event, LegEnd, LegId};
use crate::header::{Name, NameAddr};
use crate::headers::Headers;
use crate::transaction::TransactionId;
use crate::transport::Flow;
use crate::usage::reliable_provisional::ReliableReceiver;
use crate::usage::session_timer::{Agreement, min_se, write_request};
use crate::{Method, Request, Response, Uri};

/// An INVITE of ours that has no final answer: the first of a leg.
pub(super) struct Calling {
    pub(super) id: TransactionId,
    uri: Box<str>,
    call_id: Box<str>,
    // Our From with its tag.
    local: Box<str>,
    pub(super) sequence: u32,
    early: Vec<Early>,
    pub(super) flow: Option<Flow>,
    // How long one server may be silent.
    patience: Option<Patience>,
    /// Where else to call.
    pub(super) redirecting: Option<Box<Redirecting>>,
    answered_provisionally: bool,
    // How often the session interval was too short for somebody on the way.
    lengthened: u8,
    canceled: Option<Box<[(String, String)]>>,
}

/// A fork that has answered provisionally.
pub(super) struct Early {
    pub(super) dialog: Dialog,
    pub(super) reliable: ReliableReceiver,
    // What it said of the session.
    sdp: Option<Bytes>,
}

/// A final answer to a request of ours.
pub(in crate::endpoint) struct Final {
    pub(in crate::endpoint) id: TransactionId,
    pub(in crate::endpoint) flow: Flow,
    pub(in crate::endpoint) response: Response,
    pub(in crate::endpoint) request: Option<Box<Request>>,
}

impl Calling {
    pub(super) fn early_count(&self) -> usize {
        self.early.len()
    }

    pub(super) fn call_id(&self) -> &str {
        &self.call_id
    }

    pub(super) fn dialog_of(&mut self, headers: &Headers) -> Option<&mut Dialog> {
        let mut dialogs = self.early.iter_mut().map(|early| &mut early.dialog);
        dialogs.find(|dialog| dialog.matches(headers))
    }

    /// The fork that a response comes from.
    pub(super) fn early_of(&mut self, headers: &Headers) -> Option<&mut Early> {
        let tag = headers.get(Name::To).and_then(tag_of)?;
        self.early
            .iter_mut()
            .find(|early| early.dialog.remote_tag() == Some(tag))
    }

    pub(super) fn is_canceled(&self) -> bool {
        self.canceled.is_some()
    }

    /// Another URI is called.
    pub(super) fn turn_to(&mut self, uri: &str) {
        self.uri = uri.into();
    }

    /// The highest number used in any of the dialogs.
    fn last_sequence(&self) -> u32 {
        let early = self.early.iter().map(|early| early.dialog.local_sequence());
        early.max().unwrap_or(0).max(self.sequence)
    }
}

impl Leg {
    /// Places a call.
    pub(in crate::endpoint) fn call(
        core: &mut Core,
        id: LegId,
        call_id: &str,
        invite: OutgoingInvite,
    ) -> Result<Leg, CommandError> {
        let uri = called_uri(&invite)?;
        let local = format!("{};tag={}", invite.from, tag_text(id));
        let sequence = 1 + u32::try_from(core.random() >> 52).unwrap_or(0);
        let mut request = write_invite(core, &uri, &invite, call_id, &local, sequence)?;
        let mut leg = Leg::new(id, true, Phase::Calling);
        leg.flow = invite.flow;
        leg.authenticator = Authenticator::new(invite.credentials);
        leg.turn.our_invite = true;
        if let Some(sdp) = invite.body {
            leg.turn.our_offer = true;
            leg.offers.sdp = sdp.clone();
            request.set_body(SDP, sdp);
        }
        leg.open += 1;
        let outgoing = Outgoing {
            request,
            strict: false,
        };
        let transaction = match invite.flow {
            Some(flow) => core.send_on(id, flow, outgoing, Purpose::Invite),
            None => core.send(id, None, outgoing, Purpose::Invite),
        };
        let patience = invite.server_timeout.map(|time| Patience {
            time,
            last_waits: invite.last_server_waits,
        });
        if let Some(patience) = patience {
            core.limit_ways(transaction, patience);
        }
        if invite.keeps_flow {
            core.kept.insert(id);
        }
        leg.ring = invite
            .ring_timeout
            .map(|timeout| core.start(id, LegTimer::Ring, timeout));
        leg.outgoing = Some(Box::new(Calling {
            id: transaction,
            uri: uri.without_headers().into(),
            call_id: call_id.into(),
            local: local.into(),
            sequence,
            early: Vec::new(),
            flow: invite.flow,
            patience,
            redirecting: Redirecting::new(invite.redirects, &uri),
            answered_provisionally: false,
            lengthened: 0,
            canceled: None,
        }));
        Ok(leg)
    }

    /// Sends the INVITE again after it was refused for a reason that can be helped.
    pub(super) fn call_again(&mut self, core: &mut Core, mut request: Request) -> TransactionId {
        let Some(calling) = self.outgoing.as_mut() else {
            return TransactionId(0);
        };
        calling.sequence = calling.last_sequence() + 1;
        calling.early.clear();
        calling.answered_provisionally = false;
        let cseq = format!("{} INVITE", calling.sequence);
        request.headers_mut().set(Name::CSeq, &cseq);
        request.headers_mut().remove(Name::Via);
        let outgoing = Outgoing {
            request,
            strict: false,
        };
        let id = match calling.flow {
            Some(flow) => core.send_on(self.id, flow, outgoing, Purpose::Invite),
            None => core.send(self.id, self.flow.as_ref(), outgoing, Purpose::Invite),
        };
        calling.id = id;
        if let Some(patience) = calling.patience {
            core.limit_ways(id, patience);
        }
        self.open += 1;
        id
    }

    pub(super) fn on_provisional(
        &mut self,
        core: &mut Core,
        id: TransactionId,
        flow: Flow,
        response: Response,
    ) {
        let Some(calling) = self.outgoing.as_mut().filter(|calling| calling.id == id) else {
            return;
        };
        self.flow = Some(flow);
        let is_first = !std::mem::replace(&mut calling.answered_provisionally, true);
        if calling.canceled.is_some() {
            if is_first {
                self.send_cancel(core);
            }
            return;
        }
        if response.status() == 100 {
            return;
        }
        let tagged = response.headers().get(Name::To).and_then(tag_of).is_some();
        let is_new = tagged && calling.early_of(response.headers()).is_none();
        if is_new && calling.early.len() < MOST_FORKS {
            let dialog = Dialog::of_response(
                &response,
                &calling.local,
                calling.last_sequence(),
                &calling.uri,
            );
            calling.early.push(Early {
                dialog,
                reliable: ReliableReceiver::default(),
                sdp: None,
            });
        }
        let sdp = session_description(response.headers(), response.body());
        if let (Some(sdp), Some(early)) = (sdp, calling.early_of(response.headers())) {
            early.sdp = Some(sdp);
        }
        self.learn(response.headers());
        if self.acknowledge_provisional(core, &response) {
            core.event(self.id, Event::Progress(Arc::new(response)));
        }
    }

    pub(super) fn on_invite_final(&mut self, core: &mut Core, mut answer: Final) {
        let Some(mut calling) = self.outgoing.take_if(|calling| calling.id == answer.id) else {
            // Another fork answered as well (RFC 3261 section 13.2.2.4).
            if answer.response.is_success() {
                dismiss_fork(core, self.id, &answer);
            }
            return;
        };
        if answer.response.is_success() {
            return self.on_answered(core, *calling, answer);
        }
        let status = answer.response.status();
        if status == 422
            && calling.canceled.is_none()
            && calling.lengthened < MOST_LENGTHENINGS
            && let Some(least) = min_se(answer.response.headers())
            && core
                .session_policy()
                .wanted
                .is_some_and(|wanted| wanted < least)
            && let Some(mut request) = answer.request.take_if(|request| {
                let said = request.headers().get(Name::SessionExpires);
                said != Some(least.to_string().as_str())
            })
        {
            request
                .headers_mut()
                .set(Name::SessionExpires, &least.to_string());
            request.headers_mut().set(Name::MinSe, &least.to_string());
            calling.lengthened += 1;
            self.outgoing = Some(calling);
            self.call_again(core, *request);
            return;
        }
        let elsewhere = self.call_elsewhere(core, calling, Some(&answer.response), answer.request);
        let Err(calling) = elsewhere else { return };
        let end = match calling.canceled.is_some() {
            true => self.local_end(),
            false => LegEnd::Refused(status),
        };
        self.end(core, end);
    }

    /// The first 2xx. It is acknowledged in any case; a call that was cancelled meanwhile is then
    /// ended.
    fn on_answered(&mut self, core: &mut Core, mut calling: Calling, answer: Final) {
        let Final {
            id,
            flow,
            response,
            request,
        } = answer;
        let sequence = calling.last_sequence();
        let headers = response.headers();
        let mut dialog = match calling.early_of(headers) {
            Some(early) => early.dialog.clone(),
            None => Dialog::of_response(&response, &calling.local, sequence, &calling.uri),
        };
        dialog.confirm(&response);
        if session_description(headers, response.body()).is_none() {
            let early = calling.early_of(headers).and_then(|early| early.sdp.take());
            self.early_answer = early.map(Box::new);
        }
        let mut ack = dialog.ack(cseq_of(headers));
        if let Some(request) = &request {
            // Proxies that asked for credentials ask for them in the ACK, too.
            ack.request
                .headers_mut()
                .copy_all(request.headers(), Name::Authorization);
            ack.request
                .headers_mut()
                .copy_all(request.headers(), Name::ProxyAuthorization);
        }
        let tag = headers.get(Name::To).and_then(tag_of).unwrap_or_default();
        core.acknowledge(id, self.id, &flow, tag, ack);
        self.flow = Some(flow);
        self.dialog = Some(dialog);
        self.phase = Phase::Confirmed;
        core.stop(&mut self.ring);
        self.turn.our_invite = false;
        self.turn.our_offer = false;
        self.learn(headers);
        if let Some(headers) = calling.canceled {
            return self.bye(core, &headers);
        }
        self.run_session(core, Agreement::of_response(headers), true);
        core.event(self.id, Event::Answered(Arc::new(response)));
        self.take_turn(core);
    }

    pub(super) fn on_invite_failed(
        &mut self,
        core: &mut Core,
        id: TransactionId,
        failure: Failure,
        request: Option<Box<Request>>,
    ) {
        let Some(calling) = self.outgoing.take_if(|calling| calling.id == id) else {
            return;
        };
        let Err(calling) = self.call_elsewhere(core, calling, None, request) else {
            return;
        };
        let end = match failure {
            _ if calling.canceled.is_some() => self.local_end(),
            Failure::Timeout => LegEnd::NoAnswer,
            Failure::Lost(why) => LegEnd::TransportLost(why),
        };
        self.end(core, end);
    }

    /// Whether the call is still to be placed.
    pub(super) fn is_wanted(&self) -> bool {
        self.outgoing
            .as_ref()
            .is_some_and(|calling| calling.canceled.is_none())
    }

    /// Gives up a call that was not answered yet.
    pub(super) fn cancel_call(&mut self, core: &mut Core, extra: &[(String, String)]) -> Done {
        let Some(calling) = self.outgoing.as_mut().filter(|c| c.canceled.is_none()) else {
            return Err(self.wrong_state("hang up"));
        };
        calling.canceled = Some(extra.into());
        if core.withdraw(calling.id) {
            let end = self.local_end();
            self.end(core, end);
            return Ok(());
        }
        core.stay(calling.id);
        if calling.answered_provisionally {
            self.send_cancel(core);
        }
        Ok(())
    }

    /// The ring timeout has passed.
    pub(super) fn on_rung_out(&mut self, core: &mut Core) {
        self.ring = None;
        if self.is_wanted() {
            self.has_rung_out = true;
            // It is wanted, so it can be cancelled.
            let _ = self.cancel_call(core, &[]);
        }
    }

    fn send_cancel(&mut self, core: &mut Core) {
        let Some(calling) = self.outgoing.as_mut() else {
            return;
        };
        let headers = calling.canceled.as_deref().unwrap_or_default();
        core.cancel(calling.id, headers);
    }
}

/// Acknowledges and ends a dialog that nobody wants: a further fork, or an answer that came after
/// the leg was gone.
pub(in crate::endpoint) fn dismiss_fork(core: &mut Core, leg: LegId, answer: &Final) {
    let headers = answer.response.headers();
    let local = headers.get(Name::From).unwrap_or_default();
    let sequence = cseq_of(headers);
    let mut dialog = Dialog::of_response(&answer.response, local, sequence, "");
    let tag = headers.get(Name::To).and_then(tag_of).unwrap_or_default();
    core.acknowledge(answer.id, leg, &answer.flow, tag, dialog.ack(sequence));
    let bye = dialog.request(Method::Bye);
    core.send(leg, Some(&answer.flow), bye, Purpose::StrayBye);
}

/// The URI to call, once all addresses of the call have been checked but for the route.
fn called_uri(invite: &OutgoingInvite) -> Result<Uri, CommandError> {
    let uri = Uri::parse_target(&invite.uri)
        .map_err(|bad| bad_address("the Request-URI", bad.problem))?;
    for (what, text) in [("From", &invite.from), ("To", &invite.to)] {
        let value = NameAddr::parse(text).map_err(|problem| bad_address(what, problem))?;
        if value.tag().is_some() {
            return Err(bad_address(
                what,
                "has a tag, which is not for the caller to choose",
            ));
        }
    }
    Ok(uri)
}

/// The first INVITE of a leg, without its body (RFC 3261 section 8.1.1).
fn write_invite(
    core: &Core,
    uri: &Uri,
    invite: &OutgoingInvite,
    call_id: &str,
    local: &str,
    sequence: u32,
) -> Result<Request, CommandError> {
    let mut request = Request::new(Method::Invite, uri.without_headers());
    let headers = request.headers_mut();
    if let Some(route) = &invite.route {
        headers.try_push(Name::Route, &loose_route(route)?)?;
    }
    headers.push(Name::MaxForwards, "70");
    headers.try_push(Name::From, local)?;
    headers.try_push(Name::To, &invite.to)?;
    headers.push(Name::CallId, call_id);
    headers.push(Name::CSeq, &format!("{sequence} INVITE"));
    headers.push(Name::Allow, &core.allow);
    headers.push(Name::Supported, SUPPORTED);
    write_request(core.session_policy(), None, headers);
    write_extra(headers, &invite.headers);
    core.sign_request(&mut request);
    Ok(request)
}

/// The Route of an outbound proxy, which is a loose router (RFC 3261 section 16.12) even when its
/// URI does not say so.
fn loose_route(route: &str) -> Result<String, CommandError> {
    let value = NameAddr::parse(route).map_err(|problem| bad_address("the route", problem))?;
    let uri = value
        .parsed_uri()
        .map_err(|bad| bad_address("the route", bad.problem))?;
    let loose = if uri.params().contains("lr") {
        ""
    } else {
        ";lr"
    };
    Ok(format!("<{}{loose}>", value.uri))
}

fn bad_address(what: &'static str, problem: &'static str) -> CommandError {
    CommandError::BadAddress { what, problem }
}
