//! Requests that neither make nor end anything: INFO, MESSAGE, OPTIONS and the like.

use std::sync::Arc;

use bytes::Bytes;

use super::{Inbound, Leg, Phase, write_extra};
use crate::Method;
use crate::endpoint::client::Purpose;
use crate::endpoint::command::CommandError;
use crate::endpoint::core::Core;
use crate::event::{Event, LegEnd, RequestId};

impl Leg {
    /// Sends a request within the dialog.
    pub(in crate::endpoint) fn request(
        &mut self,
        core: &mut Core,
        method: Method,
        extra: &[(String, String)],
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<RequestId, CommandError> {
        let has_own_command = matches!(
            method,
            Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Prack
                | Method::Update
                | Method::Refer
                | Method::Notify
        );
        if self.phase != Phase::Confirmed || has_own_command {
            return Err(self.wrong_state("send such a request"));
        }
        let Some(dialog) = &mut self.dialog else {
            return Err(self.wrong_state("send such a request"));
        };
        let mut outgoing = dialog.request(method);
        write_extra(outgoing.request.headers_mut(), extra);
        if let Some(content_type) = content_type {
            outgoing.request.set_body(content_type, body);
        }
        self.requests_made += 1;
        let id = RequestId(self.requests_made);
        self.send(core, outgoing, Purpose::Request(id));
        Ok(id)
    }

    pub(super) fn on_request_final(&mut self, core: &mut Core, request: RequestId, status: u16) {
        core.event(self.id, Event::RequestAnswer(request, status));
        if status == 481 {
            self.abort(core, LegEnd::DialogGone);
        }
    }

    /// A request of the peer that is answered with 200 and passed on.
    pub(in crate::endpoint) fn on_request(&mut self, core: &mut Core, inbound: Inbound) {
        core.answer_status(inbound.id, &inbound.request, 200);
        core.event(self.id, Event::Request(Arc::new(inbound.request)));
    }

    /// Asks whether the peer still knows the dialog, after it left a request unanswered (RFC 5057
    /// section 5.2): a proxy may have swallowed that request alone.
    pub(super) fn probe(&mut self, core: &mut Core) {
        if self.phase != Phase::Confirmed {
            return;
        }
        let Some(dialog) = &mut self.dialog else {
            return;
        };
        let options = dialog.request(Method::Options);
        self.send(core, options, Purpose::Probe);
    }
}
