//! A request of the leg was challenged (RFC 3261 section 22).

use super::Leg;
use crate::dialog::Outgoing;
use crate::endpoint::client::{Attempts, Purpose};
use crate::endpoint::core::Core;
use crate::header::Name;
use crate::transaction::TransactionId;
use crate::{Request, Response};

impl Leg {
    /// Sends a refused request again with credentials; gives it back when that is no use.
    pub(super) fn answer_challenge(
        &mut self,
        core: &mut Core,
        response: &Response,
        mut request: Box<Request>,
        attempts: Option<Box<Attempts>>,
        purpose: Purpose,
    ) -> Result<(), Box<Request>> {
        let answered = self
            .authenticator
            .answer(core, response, &mut request, attempts);
        let Some(attempts) = answered else {
            return Err(request);
        };
        let again = self.send_again(core, request, purpose)?;
        core.attach_digest(again, attempts);
        Ok(())
    }

    /// Sends a refused request again: a new number, a new branch, the same dialog.
    pub(super) fn send_again(
        &mut self,
        core: &mut Core,
        mut request: Box<Request>,
        purpose: Purpose,
    ) -> Result<TransactionId, Box<Request>> {
        if purpose == Purpose::Invite {
            return match self.is_wanted() {
                true => Ok(self.call_again(core, *request)),
                false => Err(request),
            };
        }
        let dialog = match (&mut self.dialog, &mut self.outgoing) {
            (Some(dialog), _) => Some(dialog),
            (None, Some(calling)) => calling
                .early_of(request.headers())
                .map(|early| &mut early.dialog),
            (None, None) => None,
        };
        let Some(dialog) = dialog.filter(|_| purpose != Purpose::StrayBye) else {
            return Err(request);
        };
        let sequence = dialog.renumber(&mut request);
        let strict = dialog.is_strict();
        request.headers_mut().remove(Name::Via);
        if let Purpose::Refer(refer) = purpose {
            self.subscriptions.renumber(refer, sequence);
        }
        self.open += 1;
        let outgoing = Outgoing {
            request: *request,
            strict,
        };
        let id = core.send(self.id, self.flow.as_ref(), outgoing, purpose);
        if let Purpose::Reinvite { .. } = purpose {
            self.offers.invite = Some(id);
        }
        Ok(id)
    }
}
