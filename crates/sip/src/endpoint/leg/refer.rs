//! Transferor: REFER goes out, NOTIFYs come in (RFC 3515, RFC 4488, RFC 6665).

use std::time::Duration;

use super::outgoing::Final;
use super::{Inbound, Leg, LegTimer, Phase, write_abilities, write_extra};
use crate::endpoint::client::Purpose;
use crate::endpoint::command::{CommandError, OutgoingRefer};
use crate::endpoint::core::{Core, Failure, retry_after};
use crate::event::{Event, LegEnd, Notification, ReferAnswer, ReferId, SubscriptionNews};
use crate::header::{self, Name, ReferSub, State, SubscriptionState};
use crate::usage::refer_subscription::{Collided, Subscription};
use crate::{Method, Refusal, Request, reason_phrase};

/// How often a REFER that is refused with 491 is sent again.
const MOST_COLLISIONS: u8 = 3;

impl Leg {
    /// Sends a REFER. Its subscription exists from this moment on.
    pub(in crate::endpoint) fn refer(
        &mut self,
        core: &mut Core,
        refer: &OutgoingRefer,
    ) -> Result<ReferId, CommandError> {
        let up = self.phase == Phase::Confirmed;
        let Some(dialog) = self.dialog.as_mut().filter(|_| up) else {
            return Err(self.wrong_state("refer"));
        };
        let mut outgoing = dialog.request(Method::Refer);
        let sequence = dialog.local_sequence();
        let headers = outgoing.request.headers_mut();
        headers.push(Name::ReferTo, &refer.refer_to);
        // There is at most one (RFC 3892 section 3); a header of the application's own goes first.
        let is_given = |(name, _): &(String, String)| Name::from(name.as_str()) == Name::ReferredBy;
        let referred_by = refer.referred_by.as_ref();
        if let Some(referred_by) = referred_by.filter(|_| !refer.headers.iter().any(is_given)) {
            headers.push(Name::ReferredBy, referred_by);
        }
        if let Some(refer_sub) = refer.refer_sub {
            headers.push(Name::ReferSub, if refer_sub { "true" } else { "false" });
        }
        write_abilities(core, headers);
        headers.push(Name::Accept, "message/sipfrag");
        write_extra(headers, &refer.headers);
        let id = self.subscriptions.open(sequence);
        let life = core.config.max_subscription;
        let timer = core.start(self.id, LegTimer::Subscription(id), life);
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.timer = Some(timer);
        }
        self.send(core, outgoing, Purpose::Refer(id));
        Ok(id)
    }

    pub(super) fn on_refer_final(&mut self, core: &mut Core, id: ReferId, answer: Final) {
        let Final {
            response, request, ..
        } = answer;
        let status = response.status();
        if status == 491 && self.wait_after_collision(core, id, request) {
            return;
        }
        let refer_sub = response.headers().typed_opt::<ReferSub>().ok().flatten();
        let refer_sub_false = response.is_success() && refer_sub == Some(ReferSub(false));
        if response.is_success() {
            self.subscriptions.accepted(id);
            if refer_sub_false {
                self.finish_refer(core, id);
            }
            if let Some(dialog) = &mut self.dialog {
                dialog.refresh_target(response.headers());
            }
        } else {
            self.drop_refer(core, id);
        }
        let answer = ReferAnswer {
            code: status,
            reason: response.reason().to_owned(),
            refer_sub_false,
            retry_after: retry_after(&response),
            local: false,
        };
        core.event(self.id, Event::ReferAnswer(id, answer));
        match status {
            481 => self.abort(core, LegEnd::DialogGone),
            408 => self.probe(core),
            _ => {}
        }
    }

    /// Keeps a REFER that collided with a request of the peer, to send it again after the delay of
    /// a collision (RFC 3261 section 14.1); false when that is no use (any more).
    fn wait_after_collision(
        &mut self,
        core: &mut Core,
        id: ReferId,
        request: Option<Box<Request>>,
    ) -> bool {
        let up = self.phase == Phase::Confirmed;
        let delay = self.glare_delay(core);
        let leg = self.id;
        let wanted = |s: &&mut Subscription| up && !s.finished && s.collisions < MOST_COLLISIONS;
        let subscription = self.subscriptions.get_mut(id).filter(wanted);
        let (Some(subscription), Some(request)) = (subscription, request) else {
            return false;
        };
        subscription.collisions += 1;
        let again = Some(core.start(leg, LegTimer::ReferAgain(id), delay));
        subscription.collided = Some(Box::new(Collided { request, again }));
        true
    }

    pub(super) fn refer_again(&mut self, core: &mut Core, id: ReferId) {
        let subscription = self.subscriptions.get_mut(id);
        let Some(collided) = subscription.and_then(|s| s.collided.take()) else {
            return;
        };
        let mut request = collided.request;
        request.headers_mut().remove(Name::Authorization);
        request.headers_mut().remove(Name::ProxyAuthorization);
        self.authenticator.authorize(&mut request);
        // Only a leg without dialog gives it back, and that one has sent no REFER.
        let _ = self.send_again(core, request, Purpose::Refer(id));
    }

    /// The call is over: a REFER that waits to be sent again never will be.
    pub(super) fn drop_collided_refers(&mut self, core: &mut Core) {
        for id in self.subscriptions.collided() {
            self.drop_refer(core, id);
        }
    }

    fn forget_collision(&mut self, core: &mut Core, id: ReferId) {
        let subscription = self.subscriptions.get_mut(id);
        if let Some(mut collided) = subscription.and_then(|s| s.collided.take()) {
            core.stop(&mut collided.again);
        }
    }

    pub(super) fn on_refer_failed(&mut self, core: &mut Core, id: ReferId, failure: &Failure) {
        self.drop_refer(core, id);
        let reason = match failure {
            Failure::Timeout => reason_phrase(408).to_owned(),
            Failure::Lost(why) => why.clone(),
        };
        let answer = ReferAnswer {
            code: failure.status(),
            reason,
            refer_sub_false: false,
            retry_after: None,
            local: true,
        };
        core.event(self.id, Event::ReferAnswer(id, answer));
        if *failure == Failure::Timeout {
            self.probe(core);
        }
    }

    /// The application has its result; what still comes is served for the grace period.
    pub(in crate::endpoint) fn forget_refer(&mut self, core: &mut Core, id: ReferId) {
        self.finish_refer(core, id);
    }

    /// A refused REFER made no subscription, whatever NOTIFY has come before.
    fn drop_refer(&mut self, core: &mut Core, id: ReferId) {
        self.forget_collision(core, id);
        if self
            .subscriptions
            .get_mut(id)
            .is_some_and(|subscription| subscription.heard)
        {
            return self.finish_refer(core, id);
        }
        if let Some(mut subscription) = self.subscriptions.remove(id) {
            core.stop(&mut subscription.timer);
        }
    }

    fn finish_refer(&mut self, core: &mut Core, id: ReferId) {
        self.forget_collision(core, id);
        let leg = self.id;
        let Some(subscription) = self.subscriptions.get_mut(id).filter(|s| !s.finished) else {
            return;
        };
        subscription.finished = true;
        core.stop(&mut subscription.timer);
        let grace = core.config.refer_grace;
        subscription.timer = Some(core.start(leg, LegTimer::Subscription(id), grace));
    }

    pub(super) fn on_subscription_timer(&mut self, core: &mut Core, id: ReferId) {
        let Some(subscription) = self.subscriptions.get_mut(id) else {
            return;
        };
        subscription.timer = None;
        match subscription.finished {
            true => drop(self.subscriptions.remove(id)),
            false => self.finish_refer(core, id),
        }
    }

    /// A NOTIFY of the peer, served also after the call is over.
    pub(in crate::endpoint) fn on_notify(&mut self, core: &mut Core, inbound: &Inbound) {
        let headers = inbound.request.headers();
        let event = match headers.typed_opt::<header::Event<'_>>() {
            Ok(Some(event)) if event.is("refer") => event,
            Err(_) => return core.answer_status(inbound.id, &inbound.request, 400),
            Ok(_) => {
                let mut refusal = Refusal::new(489, reason_phrase(489));
                refusal
                    .headers
                    .push((Name::AllowEvents, "refer".to_owned()));
                return core.refuse(inbound.id, &inbound.request, &refusal);
            }
        };
        let Some(id) = self.subscriptions.find(event.id()) else {
            return core.answer_status(inbound.id, &inbound.request, 481);
        };
        core.answer_status(inbound.id, &inbound.request, 200);
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(headers);
        }
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.heard = true;
        }
        let notification = notification(&inbound.request);
        let is_last = notification
            .subscription
            .as_ref()
            .is_some_and(|s| s.state == "terminated");
        if is_last {
            self.finish_refer(core, id);
        }
        core.event(self.id, Event::Notify(id, notification));
    }
}

fn notification(request: &Request) -> Notification {
    let headers = request.headers();
    let state = headers.typed_opt::<SubscriptionState<'_>>().ok().flatten();
    let subscription = state.map(|news| SubscriptionNews {
        state: match news.state {
            State::Active => "active".to_owned(),
            State::Pending => "pending".to_owned(),
            State::Terminated => "terminated".to_owned(),
            State::Other(word) => word.to_ascii_lowercase(),
        },
        reason: news.reason().map(str::to_owned),
        expires: news
            .expires()
            .map(|seconds| Duration::from_secs(u64::from(seconds))),
    });
    Notification {
        content_type: headers.get(Name::ContentType).map(str::to_owned),
        body: request.body().clone(),
        subscription,
    }
}
