//! The end of a call (RFC 3261 section 15).

use super::{Done, Inbound, Leg, Phase, write_extra};
use crate::Method;
use crate::endpoint::client::Purpose;
use crate::endpoint::core::Core;
use crate::event::LegEnd;
use crate::header::Name;

impl Leg {
    /// Ends the call in the way its state demands.
    pub(in crate::endpoint) fn hang_up(
        &mut self,
        core: &mut Core,
        extra: &[(String, String)],
    ) -> Done {
        match self.phase {
            Phase::Incoming => {
                self.refuse_invite(core, 603, None, extra);
                self.end(core, LegEnd::Local);
                Ok(())
            }
            // The called party must not send BYE before the ACK (RFC 3261 section 15).
            Phase::Answered if self.hang_up.is_none() => {
                self.hang_up = Some(extra.into());
                Ok(())
            }
            Phase::Calling => self.cancel_call(core, extra),
            Phase::Confirmed => {
                self.bye(core, extra);
                Ok(())
            }
            Phase::Answered | Phase::Ending | Phase::Ended => Err(self.wrong_state("hang up")),
        }
    }

    /// Sends BYE; the leg ends when it is answered.
    pub(super) fn bye(&mut self, core: &mut Core, extra: &[(String, String)]) {
        self.refuse_open_invites(core);
        self.stop_accepting(core);
        self.phase = Phase::Ending;
        if let Some(mut session) = self.session.take() {
            core.stop(&mut session.timer);
        }
        self.offers.clear(core);
        self.send_bye(core, extra);
    }

    pub(super) fn send_bye(&mut self, core: &mut Core, extra: &[(String, String)]) {
        let Some(dialog) = &mut self.dialog else {
            return;
        };
        let mut bye = dialog.request(Method::Bye);
        write_extra(bye.request.headers_mut(), extra);
        self.send(core, bye, Purpose::Bye);
    }

    /// Any answer to our BYE, and none at all, ends the call.
    pub(super) fn on_bye_answered(&mut self, core: &mut Core) {
        let end = self.local_end();
        self.end(core, end);
    }

    /// How a call ends that we ended.
    pub(super) fn local_end(&self) -> LegEnd {
        match self.has_rung_out {
            true => LegEnd::NoAnswer,
            false => LegEnd::Local,
        }
    }

    /// The peer's BYE. It ends the call, not the subscriptions (RFC 5057 section 5.5).
    pub(in crate::endpoint) fn on_bye(&mut self, core: &mut Core, inbound: &Inbound) {
        core.answer_status(inbound.id, &inbound.request, 200);
        if matches!(self.phase, Phase::Ending | Phase::Ended) {
            return;
        }
        self.refuse_open_invites(core);
        let reason = inbound
            .request
            .headers()
            .get(Name::Reason)
            .map(str::to_owned);
        self.end(core, LegEnd::PeerBye(reason));
    }
}
