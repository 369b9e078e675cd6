//! Requests that come in: absorbed, refused, or handed to the leg they belong to (RFC 3261
//! sections 8.2 and 12.2.2). Nothing is left without an answer but ACK.

use super::core::{Core, WireMessage};
use super::leg::{Inbound, Leg, NewLeg, SUPPORTED, leg_of_tag, tag_text};
use super::server::Known;
use super::{Endpoint, session_body};
use crate::dialog::{Dialog, tag_of};
use crate::digest::{Denied, DigestServer};
use crate::endpoint::leg::has_offer;
use crate::event::{Event, LegId};
use crate::header::{CSeq, Event as EventPackage, MaxForwards, Name};
use crate::transaction::TransactionId;
use crate::transport::Flow;
use crate::usage::offer_answer::Glare;
use crate::usage::session_timer::{Agreement, TooShort};
use crate::{Method, Refusal, Request, Response, reason_phrase};

impl Endpoint {
    pub(super) fn receive_request(&mut self, flow: Flow, mut request: Request) {
        request.stamp_top_via(flow.remote);
        let method = request.method().clone();
        let of = if method == Method::Ack {
            &Method::Invite
        } else {
            &method
        };
        let id = self.core.keys.server(&request, of);
        if self.core.absorb(id, flow, &request) == Known::Absorbed {
            return;
        }
        if method == Method::Ack {
            return self.receive_ack(flow, &request);
        }
        if let Err(refusal) = request.validate() {
            return self.refuse_stateless(flow, id, &request, &refusal);
        }
        if method == Method::Cancel {
            return self.receive_cancel(flow, id, &request);
        }
        let to = request.headers().get(Name::To);
        match to.and_then(tag_of).map(str::to_owned) {
            Some(tag) => self.receive_in_dialog(flow, &tag, Inbound { id, request }),
            None => self.receive_outside(flow, Inbound { id, request }),
        }
    }

    fn is_full(&self) -> bool {
        !self.is_accepting || self.legs.len() >= self.core.config.max_legs
    }

    pub(super) fn refuse_stateless(
        &mut self,
        flow: Flow,
        id: TransactionId,
        request: &Request,
        refusal: &Refusal,
    ) {
        let tag = self.core.stray_tag(id);
        let response = refusal.response_to(request, Some(&tag));
        self.core.respond_stateless(flow, request, response);
    }

    /// What has nothing to do with any leg (RFC 3261 section 8.2, in its order).
    fn check(&self, request: &Request, in_dialog: bool) -> Result<(), Refusal> {
        let headers = request.headers();
        let allow = &self.core.config.allow;
        if let Method::Other(_) = request.method() {
            return Err(self.with_allow(Refusal::new(501, reason_phrase(501))));
        }
        // SUBSCRIBE is understood in so far as it gets a more telling answer.
        if !allow.contains(request.method()) && *request.method() != Method::Subscribe {
            return Err(self.with_allow(Refusal::new(405, reason_phrase(405))));
        }
        // OPTIONS may be meant for the last hop that it reaches (RFC 3261 section 16.3).
        let last_hop = headers.typed_opt::<MaxForwards>().ok().flatten() == Some(MaxForwards(0));
        if last_hop && !in_dialog && *request.method() != Method::Options {
            return Err(Refusal::new(483, reason_phrase(483)));
        }
        // Proxy-Require is for proxies, which we are not.
        let known = |tag: &&str| SUPPORTED.split(", ").any(|s| s.eq_ignore_ascii_case(tag));
        let unknown: Vec<&str> = headers
            .get_list(Name::Require)
            .filter(|tag| !known(tag))
            .collect();
        if !unknown.is_empty() {
            let mut refusal = Refusal::new(420, reason_phrase(420));
            refusal
                .headers
                .push((Name::Unsupported, unknown.join(", ")));
            return Err(refusal);
        }
        match request.method() {
            Method::Invite | Method::Update | Method::Prack => {
                session_body::check(headers, request.body())
            }
            _ => Ok(()),
        }
    }

    fn with_allow(&self, mut refusal: Refusal) -> Refusal {
        refusal.headers.push((Name::Allow, self.core.allow.clone()));
        refusal
    }

    fn receive_ack(&mut self, flow: Flow, ack: &Request) {
        let Some(leg) = ack
            .headers()
            .get(Name::To)
            .and_then(tag_of)
            .and_then(leg_of_tag)
        else {
            return;
        };
        self.with_leg(leg, |leg, core| {
            if leg.dialog_of(ack.headers()).is_some() {
                leg.on_ack(core, flow, ack);
            }
        });
    }

    fn receive_cancel(&mut self, flow: Flow, id: TransactionId, cancel: &Request) {
        let invite = self.core.keys.server(cancel, &Method::Invite);
        self.core.begin_server(id, cancel, flow);
        let Some((waits, leg)) = self.core.invite_waits(invite) else {
            return self.core.answer_status(id, cancel, 481);
        };
        if let Some(leg) = leg {
            self.core.assign(id, leg);
            self.core
                .wire(leg, false, flow, WireMessage::Request(cancel));
        }
        // The same tag as in the answer to the INVITE (RFC 3261 section 9.2).
        let tag = leg.map_or_else(|| self.core.stray_tag(invite), tag_text);
        self.core
            .respond(id, cancel.response_to(200, None, Some(&tag)));
        if let Some(leg) = leg.filter(|_| waits) {
            self.with_leg(leg, |leg, core| leg.on_cancel(core, cancel));
        }
    }

    /// A request outside of dialogs. Only a call is remembered; everything else gets the same
    /// answer as often as it is asked.
    fn receive_outside(&mut self, flow: Flow, inbound: Inbound) {
        let Inbound { id, request } = &inbound;
        let is_call = *request.method() == Method::Invite;
        let refusal = match request.method() {
            _ if is_call && self.is_full() => {
                let mut refusal = Refusal::new(503, reason_phrase(503));
                let seconds = self.core.config.retry_after.as_secs().max(1);
                refusal
                    .headers
                    .push((Name::RetryAfter, seconds.to_string()));
                refusal
            }
            method => match (self.check(request, false), method) {
                (Err(refusal), _) => refusal,
                (Ok(()), Method::Invite) => return self.receive_invite(flow, inbound),
                (Ok(()), Method::Options) => {
                    let response = options_response(&self.core, *id, request, &flow);
                    return self.core.respond_stateless(flow, request, response);
                }
                (Ok(()), Method::Register) => return self.receive_register(flow, inbound),
                (Ok(()), Method::Subscribe) => bad_event(),
                // Placing calls for strangers is toll fraud (RFC 3515 section 5.2).
                (Ok(()), Method::Refer) => Refusal::new(403, reason_phrase(403)),
                // A message to nobody in particular.
                (Ok(()), Method::Message) => Refusal::new(404, reason_phrase(404)),
                // These belong to a dialog, and there is none.
                (Ok(()), _) => Refusal::new(481, reason_phrase(481)),
            },
        };
        self.refuse_stateless(flow, *id, request, &refusal);
    }

    fn receive_invite(&mut self, flow: Flow, inbound: Inbound) {
        let Inbound {
            id: transaction,
            request,
        } = &inbound;
        let policy = self.core.session_policy();
        let id = LegId(self.core.random());
        let made = match Agreement::of_request(policy, request.headers()) {
            Ok(agreement) => Dialog::of_request(request, &tag_text(id))
                .map(|dialog| NewLeg {
                    id,
                    dialog,
                    agreement,
                    flow,
                })
                .map_err(|why| Refusal::new(400, why)),
            Err(TooShort(least)) => Err(too_short(least)),
        };
        let new = match made {
            Ok(new) => new,
            Err(refusal) => return self.refuse_stateless(flow, *transaction, request, &refusal),
        };
        self.core.begin_server(*transaction, request, flow);
        if !self.core.is_first_copy(*transaction, request) {
            return self.core.answer_status(*transaction, request, 482);
        }
        let leg = Leg::incoming(&mut self.core, new, inbound);
        self.legs.insert(id, Box::new(leg));
    }

    fn receive_in_dialog(&mut self, flow: Flow, tag: &str, inbound: Inbound) {
        let leg = leg_of_tag(tag).and_then(|id| self.legs.get_mut(&id).map(|leg| (id, leg)));
        let cseq = inbound
            .request
            .headers()
            .typed::<CSeq<'_>>()
            .map_or(0, |cseq| cseq.number);
        let headers = inbound.request.headers();
        let found = leg.and_then(|(id, leg)| Some((id, leg.dialog_of(headers)?)));
        let Some((id, dialog)) = found else {
            let refusal = Refusal::new(481, reason_phrase(481));
            return self.refuse_stateless(flow, inbound.id, &inbound.request, &refusal);
        };
        let in_order = dialog.accept_sequence(cseq);
        self.core.begin_server(inbound.id, &inbound.request, flow);
        self.core.assign(inbound.id, id);
        self.core
            .wire(id, false, flow, WireMessage::Request(&inbound.request));
        if !in_order {
            return self.core.answer_status(inbound.id, &inbound.request, 500);
        }
        if let Err(refusal) = self.check(&inbound.request, true) {
            return self.core.refuse(inbound.id, &inbound.request, &refusal);
        }
        if *inbound.request.method() == Method::Refer && !self.is_authenticated(&inbound) {
            return self.core.event(id, Event::ReferChallenged);
        }
        self.with_leg(id, |leg, core| {
            // A NOTIFY may come from another machine than the call (RFC 6665 section 4.4.1).
            if flow.transport.is_reliable() && *inbound.request.method() != Method::Notify {
                leg.keep_to(flow);
            }
            dispatch(leg, core, inbound);
        });
    }

    /// Whether a REFER shows the credentials that we ask for, if we do; otherwise it has been
    /// challenged.
    fn is_authenticated(&mut self, inbound: &Inbound) -> bool {
        let Some(expected) = &self.core.config.challenge_refer else {
            return true;
        };
        let now = self.core.now;
        let realm = expected
            .realm
            .clone()
            .unwrap_or_else(|| "hookflash".to_owned());
        if self.challenger.is_none() {
            let mut secret = [0; 32];
            for chunk in secret.chunks_mut(8) {
                chunk.copy_from_slice(&self.core.random().to_be_bytes());
            }
            self.challenger = Some(DigestServer::new(&realm, secret, now));
        }
        let Some(server) = &mut self.challenger else {
            return true;
        };
        let request = &inbound.request;
        let Some(expected) = &self.core.config.challenge_refer else {
            return true;
        };
        let shown = request
            .headers()
            .get(Name::Authorization)
            .ok_or(Denied::Unanswered);
        let verdict = shown.and_then(|shown| {
            server.verify(now, shown, request.method(), request.uri(), |user| {
                (user == expected.username).then(|| expected.password.clone())
            })
        });
        let Err(denied) = verdict else { return true };
        let mut refusal = Refusal::new(401, reason_phrase(401));
        for line in server.challenge(now, denied == Denied::Stale) {
            refusal.headers.push((Name::WwwAuthenticate, line));
        }
        self.core.refuse(inbound.id, request, &refusal);
        false
    }
}

fn dispatch(leg: &mut Leg, core: &mut Core, inbound: Inbound) {
    // After the call only what belongs to other usages is served.
    let outlives_call = matches!(inbound.request.method(), Method::Notify | Method::Bye);
    if !leg.is_alive() && !outlives_call {
        return core.answer_status(inbound.id, &inbound.request, 481);
    }
    match inbound.request.method() {
        Method::Invite | Method::Update => change_session(leg, core, inbound),
        Method::Bye => leg.on_bye(core, &inbound),
        Method::Prack => leg.on_prack(core, &inbound),
        Method::Notify => leg.on_notify(core, &inbound),
        Method::Refer => leg.on_refer(core, inbound),
        Method::Options => {
            let Some(flow) = core.reply_flow(inbound.id) else {
                return;
            };
            let response = options_response(core, inbound.id, &inbound.request, &flow);
            core.respond(inbound.id, response);
        }
        Method::Subscribe => {
            let refer = inbound.request.headers().typed_opt::<EventPackage<'_>>();
            if refer.is_ok_and(|event| event.is_some_and(|event| event.is("refer"))) {
                // No subscription can be made or kept alive this way (RFC 7614 section 7).
                return core.answer_status(inbound.id, &inbound.request, 403);
            }
            core.refuse(inbound.id, &inbound.request, &bad_event());
        }
        _ => leg.on_request(core, inbound),
    }
}

/// No events can be subscribed to here; a transfer makes its own subscription.
fn bad_event() -> Refusal {
    let mut refusal = Refusal::new(489, reason_phrase(489));
    refusal
        .headers
        .push((Name::AllowEvents, "refer".to_owned()));
    refusal
}

/// A re-INVITE or UPDATE, if it is the peer's turn.
fn change_session(leg: &mut Leg, core: &mut Core, inbound: Inbound) {
    match leg.admit(&inbound.request, has_offer(&inbound.request)) {
        Err(Glare::Ours) => return core.answer_status(inbound.id, &inbound.request, 491),
        Err(Glare::Theirs) => {
            let mut refusal = Refusal::new(500, reason_phrase(500));
            let seconds = core.random() % 11;
            refusal
                .headers
                .push((Name::RetryAfter, seconds.to_string()));
            return core.refuse(inbound.id, &inbound.request, &refusal);
        }
        Ok(()) => {}
    }
    let headers = inbound.request.headers();
    // Whoever does not know session timers must not stop one that runs (RFC 4028 section 7.4):
    // only a re-INVITE without them settles that there is none any more.
    let agreement = match Agreement::of_request(core.session_policy(), headers) {
        Ok(agreement) => agreement,
        Err(TooShort(least)) => {
            return core.refuse(inbound.id, &inbound.request, &too_short(least));
        }
    };
    match inbound.request.method() {
        Method::Invite => leg.on_reinvite(core, inbound, agreement),
        _ => leg.on_update(core, inbound, agreement),
    }
}

fn too_short(least: u32) -> Refusal {
    let mut refusal = Refusal::new(422, reason_phrase(422));
    refusal.headers.push((Name::MinSe, least.to_string()));
    refusal
}

/// What we can do (RFC 3261 section 11.2).
fn options_response(core: &Core, id: TransactionId, request: &Request, flow: &Flow) -> Response {
    let mut response = request.response_to(200, None, Some(&core.stray_tag(id)));
    let headers = response.headers_mut();
    headers.push(Name::Contact, &core.addresses.contact(flow));
    headers.push(Name::Allow, &core.allow);
    headers.push(Name::Supported, SUPPORTED);
    headers.push(
        Name::Accept,
        "application/sdp, message/sipfrag, multipart/mixed",
    );
    headers.push(Name::AllowEvents, "refer");
    response
}
