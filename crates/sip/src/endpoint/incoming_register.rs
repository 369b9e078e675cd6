//! REGISTER of others, handed to whoever keeps the bindings (RFC 3261 section 10.3).

use std::sync::Arc;
use std::time::Instant;

use super::core::Due;
use super::leg::Inbound;
use super::owned_headers::check_register_answer;
use super::{Endpoint, ExtraHeaders};
use crate::endpoint::command::CommandError;
use crate::event::{IncomingRegister, RegisterId};
use crate::transport::Flow;
use crate::{Refusal, reason_phrase};

/// How many may wait for their answer.
const MOST_WAITING: usize = 4096;

impl Endpoint {
    /// The next REGISTER that wants an answer by [`Endpoint::answer_register`]. Only when
    /// `EndpointConfig::allow` lists REGISTER; who asks has not been authenticated.
    pub fn poll_register(&mut self) -> Option<IncomingRegister> {
        self.core.registers.pop_front()
    }

    /// Answers a REGISTER. One that is not answered gets 500 after 64·T1.
    ///
    /// # Errors
    /// When it has been answered, the status is not final, or a header is the stack's. Contact may
    /// be given.
    pub fn answer_register(
        &mut self,
        now: Instant,
        id: RegisterId,
        status: u16,
        headers: ExtraHeaders<'_>,
    ) -> Result<(), CommandError> {
        self.core.now = now;
        check_register_answer(headers)?;
        let wrong = |state| CommandError::WrongState {
            command: "answer a REGISTER",
            state,
        };
        if !(200..700).contains(&status) {
            return Err(wrong("waiting for a final status"));
        }
        let Some((inbound, mut timer)) = self.registers.remove(&id) else {
            return Err(wrong("settled"));
        };
        self.core.stop(&mut timer);
        let tag = self.core.stray_tag(inbound.id);
        let mut response = inbound.request.response_to(status, None, Some(&tag));
        for (name, value) in headers {
            response.headers_mut().push(&**name, value);
        }
        self.core.respond(inbound.id, response);
        self.run();
        Ok(())
    }

    pub(super) fn receive_register(&mut self, flow: Flow, inbound: Inbound) {
        if self.registers.len() >= MOST_WAITING {
            let refusal = Refusal::new(503, reason_phrase(503));
            return self.refuse_stateless(flow, inbound.id, &inbound.request, &refusal);
        }
        self.core.begin_server(inbound.id, &inbound.request, flow);
        if !self.core.is_first_copy(inbound.id, &inbound.request) {
            return self.core.answer_status(inbound.id, &inbound.request, 482);
        }
        let id = RegisterId(inbound.id.0);
        self.core.registers.push_back(IncomingRegister {
            id,
            request: Arc::new(inbound.request.clone()),
            flow,
        });
        let patience = self.core.times.patience();
        let timer = self
            .core
            .timers
            .start(self.core.now, patience, Due::IncomingRegister(id));
        self.registers.insert(id, (inbound, Some(timer)));
    }

    /// Nobody answered it.
    pub(super) fn on_register_timer(&mut self, id: RegisterId) {
        if let Some((inbound, _)) = self.registers.remove(&id) {
            self.core.answer_status(inbound.id, &inbound.request, 500);
        }
    }
}
