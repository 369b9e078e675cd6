//! Changing the session within a call (RFC 3261 section 14, RFC 3311): offers of ours, answers to
//! the peer's.

use bytes::Bytes;
use std::time::Duration;

use super::outgoing::Final;
use super::{Done, Leg, LegTimer, Phase, SDP, cseq_of, write_abilities};
use crate::dialog::tag_of;
use crate::endpoint::client::Purpose;
use crate::endpoint::core::Core;
use crate::endpoint::session_body::session_description;
use crate::event::{Event, LegEnd};
use crate::header::Name;
use crate::timer::TimerId;
use crate::transaction::TransactionId;
use crate::usage::session_timer::{Agreement, write_request};
use crate::{Method, Request};

/// How often an offer that collides is made again.
const TRIES: u8 = 6;

/// Our side of the session.
#[derive(Default)]
pub(super) struct Offers {
    /// What we said last; a refresh by re-INVITE says it again.
    pub(super) sdp: Bytes,
    // What we want to say next.
    waiting: Option<Bytes>,
    // What the open re-INVITE says.
    sent: Option<Bytes>,
    /// The open re-INVITE.
    pub(super) invite: Option<TransactionId>,
    tries: u8,
    again: Option<TimerId>,
}

impl Offers {
    pub(super) fn clear(&mut self, core: &mut Core) {
        core.stop(&mut self.again);
        self.waiting = None;
        self.sent = None;
    }
}

impl Leg {
    /// Offers new SDP as soon as nothing else is being settled. A newer offer replaces one that
    /// still waits.
    pub(in crate::endpoint) fn offer(&mut self, core: &mut Core, sdp: Bytes) -> Done {
        if self.phase != Phase::Confirmed {
            return Err(self.wrong_state("offer"));
        }
        self.offers.waiting = Some(sdp);
        self.offers.tries = 0;
        self.take_turn(core);
        Ok(())
    }

    /// Sends what waited for its turn, if it has come.
    pub(super) fn take_turn(&mut self, core: &mut Core) {
        let free =
            self.turn.may_invite() && self.accepting.is_none() && self.offers.again.is_none();
        if self.phase != Phase::Confirmed || !free {
            return;
        }
        if let Some(sdp) = self.offers.waiting.take() {
            self.reinvite(core, sdp, false);
        } else if self.session.as_ref().is_some_and(|session| session.is_due) {
            let sdp = self.offers.sdp.clone();
            self.reinvite(core, sdp, true);
        }
    }

    fn reinvite(&mut self, core: &mut Core, sdp: Bytes, refresh: bool) {
        let Some(dialog) = &mut self.dialog else {
            return;
        };
        let mut invite = dialog.request(Method::Invite);
        let headers = invite.request.headers_mut();
        write_abilities(core, headers);
        let running = self.session.as_mut().map(|session| {
            session.is_due = false;
            session.as_requester()
        });
        write_request(core.session_policy(), running, headers);
        self.turn.our_invite = true;
        if !sdp.is_empty() {
            self.turn.our_offer = true;
            invite.request.set_body(SDP, sdp.clone());
        }
        self.offers.sent = (!refresh).then_some(sdp);
        self.offers.invite = Some(self.send(core, invite, Purpose::Reinvite { refresh }));
    }

    pub(super) fn on_reinvite_final(&mut self, core: &mut Core, refresh: bool, answer: Final) {
        let Final {
            id, flow, response, ..
        } = answer;
        self.offers.invite = None;
        self.turn.our_invite = false;
        self.turn.our_offer = false;
        let sent = self.offers.sent.take();
        if response.is_success() {
            let Some(dialog) = &mut self.dialog else {
                return;
            };
            dialog.refresh_target(response.headers());
            let ack = dialog.ack(cseq_of(response.headers()));
            let tag = response
                .headers()
                .get(Name::To)
                .and_then(tag_of)
                .unwrap_or_default();
            core.acknowledge(id, self.id, &flow, tag, ack);
            if self.phase != Phase::Confirmed {
                return;
            }
            self.learn(response.headers());
            self.run_session(core, Agreement::of_response(response.headers()), true);
            if let Some(sent) = sent {
                self.offers.sdp = sent;
                let body = session_description(response.headers(), response.body());
                core.event(self.id, Event::OfferSettled(body.ok_or(400)));
            }
            return self.take_turn(core);
        }
        if self.phase != Phase::Confirmed {
            return;
        }
        match response.status() {
            491 if self.offers.tries < TRIES => {
                self.offers.tries += 1;
                self.offers.waiting = self.offers.waiting.take().or(sent);
                self.mark_refresh_due(refresh);
                let delay = self.glare_delay(core);
                self.offers.again = Some(core.start(self.id, LegTimer::OfferAgain, delay));
                return;
            }
            422 if self.lengthen_session(core, response.headers()) => {
                self.offers.waiting = self.offers.waiting.take().or(sent);
                self.mark_refresh_due(refresh);
                return self.take_turn(core);
            }
            408 | 481 => {
                self.report_offer(core, refresh, response.status());
                return self.abort(core, LegEnd::DialogGone);
            }
            _ => {}
        }
        self.report_offer(core, refresh, response.status());
        self.take_turn(core);
    }

    pub(super) fn on_reinvite_failed(&mut self, core: &mut Core, refresh: bool) {
        self.offers.invite = None;
        self.turn.our_invite = false;
        self.turn.our_offer = false;
        self.report_offer(core, refresh, 408);
        self.abort(core, LegEnd::DialogGone);
    }

    fn report_offer(&mut self, core: &mut Core, refresh: bool, status: u16) {
        if !refresh && self.phase == Phase::Confirmed {
            core.event(self.id, Event::OfferSettled(Err(status)));
        }
    }

    fn mark_refresh_due(&mut self, refresh: bool) {
        if let Some(session) = self.session.as_mut().filter(|_| refresh) {
            session.is_due = true;
        }
    }

    /// RFC 3261 section 14.1: whoever made the Call-ID waits longer.
    pub(super) fn glare_delay(&self, core: &mut Core) -> Duration {
        let millis = Duration::from_millis;
        match self.is_caller {
            true => core.random_delay(millis(2100), millis(4000)),
            false => core.random_delay(Duration::ZERO, millis(2000)),
        }
    }

    pub(super) fn offer_again(&mut self, core: &mut Core) {
        self.offers.again = None;
        self.take_turn(core);
    }

    /// Settles the offer of the peer that is open.
    pub(in crate::endpoint) fn answer_offer(
        &mut self,
        core: &mut Core,
        answer: Result<Bytes, u16>,
    ) -> Done {
        if let Some(update) = self.update.take() {
            self.turn.their_offer = false;
            match answer {
                Ok(sdp) => {
                    let headers = update.request.headers();
                    let agreement = Agreement::of_request(core.session_policy(), headers);
                    self.offers.sdp = sdp.clone();
                    self.accept_update(core, &update, agreement.ok().flatten(), Some(sdp));
                }
                Err(status) => core.answer_status(update.id, &update.request, refusal(status)),
            }
            self.take_turn(core);
            return Ok(());
        }
        if self
            .incoming
            .as_ref()
            .is_none_or(|incoming| incoming.is_first)
        {
            return Err(self.wrong_state("answer an offer"));
        }
        match answer {
            Ok(sdp) => self.accept_invite(core, &[], sdp),
            Err(status) => {
                self.refuse_invite(core, refusal(status), None, &[]);
                self.take_turn(core);
            }
        }
        Ok(())
    }

    /// Writes the headers of a refreshing UPDATE.
    pub(super) fn update_request(&mut self, core: &Core) -> Option<crate::dialog::Outgoing> {
        let mut update = self.dialog.as_mut()?.request(Method::Update);
        let headers = update.request.headers_mut();
        write_abilities(core, headers);
        let running = self
            .session
            .as_ref()
            .map(super::session::Session::as_requester);
        write_request(core.session_policy(), running, headers);
        Some(update)
    }
}

/// A status that refuses an offer; others would break the transaction.
fn refusal(status: u16) -> u16 {
    if (400..700).contains(&status) {
        status
    } else {
        488
    }
}

/// Whether a request carries an offer.
pub(in crate::endpoint) fn has_offer(request: &Request) -> bool {
    session_description(request.headers(), request.body()).is_some()
}
