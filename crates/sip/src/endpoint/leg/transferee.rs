//! Transferee: the peer's REFER comes in, our NOTIFYs go out (RFC 3515, RFC 4488, RFC 7647).

use std::sync::Arc;

use super::incoming::write_contact;
use super::{Done, Inbound, Leg, LegTimer, Phase, cseq_of, write_abilities};
use crate::Method;
use crate::endpoint::client::Purpose;
use crate::endpoint::command::{CommandError, NotifyState};
use crate::endpoint::core::Core;
use crate::event::{Event, IncomingReferId};
use crate::header::{Name, ReferSub, ReferTo, Require};
use crate::usage::refer_notifier::{Notifier, Report, Stage, survives};

impl Leg {
    /// A REFER of the peer that was authenticated, if that was asked for.
    pub(in crate::endpoint) fn on_refer(&mut self, core: &mut Core, inbound: Inbound) {
        let headers = inbound.request.headers();
        let status = match headers.typed::<ReferTo<'_>>() {
            Err(_) => Some(400),
            // It may overtake the ACK.
            Ok(_) if !matches!(self.phase, Phase::Confirmed | Phase::Answered) => Some(481),
            // An unwanted further usage is declined; the call is not touched (RFC 5057 5.6).
            Ok(_) if !core.config.accept_refer => Some(603),
            Ok(_) => None,
        };
        if let Some(status) = status {
            return core.answer_status(inbound.id, &inbound.request, status);
        }
        self.notifiers_made += 1;
        let id = IncomingReferId(self.notifiers_made);
        let mut notifier = Notifier::new(id, cseq_of(headers));
        notifier.silent = headers.typed_opt::<ReferSub>().ok().flatten() == Some(ReferSub(false))
            || Require::lists(headers, "norefersub");
        let request = Arc::new(inbound.request);
        notifier.asked = Some((inbound.id, Arc::clone(&request)));
        // The peer's transaction must not run out (RFC 3515 section 2.4.2).
        let patience = core.times.patience() / 4 * 3;
        notifier.timer = Some(core.start(self.id, LegTimer::Notifier(id), patience));
        self.notifiers.push(notifier);
        core.event(self.id, Event::Refer(id, request));
    }

    fn notifier(&mut self, id: IncomingReferId) -> Option<&mut Notifier> {
        self.notifiers.iter_mut().find(|notifier| notifier.id == id)
    }

    /// Accepts a REFER and reports at once that something is being tried.
    pub(in crate::endpoint) fn accept_refer(
        &mut self,
        core: &mut Core,
        id: IncomingReferId,
        status: u16,
    ) -> Done {
        let (leg, flow) = (self.id, self.flow);
        let Some(notifier) = self.notifier(id) else {
            return Err(CommandError::UnknownRefer);
        };
        let asked = notifier.asked.take_if(|_| (200..300).contains(&status));
        let Some((transaction, request)) = asked else {
            return Err(CommandError::UnknownRefer);
        };
        notifier.stage = Stage::Active;
        let mut timer = notifier.timer.take();
        let life = core.config.max_subscription;
        notifier.timer = Some(core.start(leg, LegTimer::Notifier(id), life));
        let mut response = request.response_to(status, None, None);
        write_contact(core, flow.as_ref(), response.headers_mut());
        write_abilities(core, response.headers_mut());
        if notifier.silent {
            response.headers_mut().push(Name::ReferSub, "false");
        }
        core.stop(&mut timer);
        core.respond(transaction, response);
        if let Some(dialog) = &mut self.dialog {
            dialog.refresh_target(request.headers());
        }
        self.report(
            core,
            id,
            Report {
                status: 100,
                reason: String::new(),
                last: false,
            },
        );
        Ok(())
    }

    /// Refuses a REFER.
    pub(in crate::endpoint) fn reject_refer(
        &mut self,
        core: &mut Core,
        id: IncomingReferId,
        status: u16,
    ) -> Done {
        let refuses = (300..700).contains(&status);
        let notifier = self.notifier(id).filter(|_| refuses);
        let Some((transaction, request)) = notifier.and_then(|n| n.asked.take()) else {
            return Err(CommandError::UnknownRefer);
        };
        core.answer_status(transaction, &request, status);
        self.remove_notifier(core, id);
        Ok(())
    }

    /// Reports on a call that the peer asked for, also after the peer hung up.
    pub(in crate::endpoint) fn notify(
        &mut self,
        core: &mut Core,
        id: IncomingReferId,
        state: NotifyState,
    ) -> Done {
        if self
            .notifier(id)
            .is_none_or(|notifier| notifier.stage != Stage::Active)
        {
            return Err(CommandError::UnknownRefer);
        }
        let NotifyState {
            status,
            reason,
            last,
        } = state;
        self.report(
            core,
            id,
            Report {
                status,
                reason,
                last,
            },
        );
        Ok(())
    }

    fn report(&mut self, core: &mut Core, id: IncomingReferId, report: Report) {
        let Some(notifier) = self.notifier(id) else {
            return;
        };
        match notifier.report(report) {
            Some(report) => self.send_notify(core, id, &report),
            None if notifier.is_done() => self.remove_notifier(core, id),
            None => {}
        }
    }

    fn send_notify(&mut self, core: &mut Core, id: IncomingReferId, report: &Report) {
        let Some(event) = self.notifier(id).map(|notifier| notifier.event()) else {
            return;
        };
        let Some(dialog) = &mut self.dialog else {
            return;
        };
        let mut notify = dialog.request(Method::Notify);
        let headers = notify.request.headers_mut();
        headers.push(Name::Event, &event);
        headers.push(
            Name::SubscriptionState,
            &report.state(core.config.max_subscription),
        );
        write_abilities(core, headers);
        notify
            .request
            .set_body("message/sipfrag;version=2.0", report.body());
        self.send(core, notify, Purpose::Notify(id));
    }

    pub(super) fn on_notify_final(&mut self, core: &mut Core, id: IncomingReferId, status: u16) {
        core.event(self.id, Event::NotifyAnswer(id, status));
        let Some(notifier) = self.notifier(id) else {
            return;
        };
        match notifier.answered(survives(status)) {
            Some(next) => self.send_notify(core, id, &next),
            None if notifier.is_done() => self.remove_notifier(core, id),
            None => {}
        }
    }

    /// The application did not settle a REFER in time, or never said how the call went.
    pub(super) fn on_notifier_timer(&mut self, core: &mut Core, id: IncomingReferId) {
        let Some(notifier) = self.notifier(id) else {
            return;
        };
        notifier.timer = None;
        if let Some((transaction, request)) = notifier.asked.take() {
            core.answer_status(transaction, &request, 603);
        }
        self.remove_notifier(core, id);
    }

    /// The call is over: a REFER that was not settled never will be.
    pub(super) fn end_unsettled_notifiers(&mut self, core: &mut Core) {
        let unsettled: Vec<IncomingReferId> = self
            .notifiers
            .iter()
            .filter(|notifier| notifier.stage == Stage::Asked)
            .map(|notifier| notifier.id)
            .collect();
        for id in unsettled {
            if let Some((transaction, request)) =
                self.notifier(id).and_then(|notifier| notifier.asked.take())
            {
                core.answer_status(transaction, &request, 487);
            }
            self.remove_notifier(core, id);
        }
    }

    fn remove_notifier(&mut self, core: &mut Core, id: IncomingReferId) {
        if let Some(notifier) = self.notifier(id) {
            let mut timer = notifier.timer.take();
            core.stop(&mut timer);
        }
        self.notifiers.retain(|notifier| notifier.id != id);
    }
}
