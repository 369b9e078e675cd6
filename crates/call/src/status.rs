//! What the application is told about the call's own state: status callbacks and Voice Gateway
//! events.

use std::rc::Rc;

use hookflash_dialects::{CallState, GatewayMoment, Moment, StatusEvent};

use hookflash_program::{Gather, Gathered};
use hookflash_transfer::TransferResult;

use crate::call::{Call, Phase};
use crate::journal::What;
use crate::{Host, Turn};

impl<H: Host> Call<H> {
    /// What happens before the first document is asked for: the application learns of the call,
    /// and the caller hears it ring where the dialect lets it.
    pub(crate) fn greet(self: &Rc<Self>) {
        self.tell_status(StatusEvent::Initiated);
        let waits_for_document = self.options.document.is_none();
        if waits_for_document && self.dialect().rings_while_fetching() {
            self.ring();
        }
    }

    /// Sends 180, once.
    pub(crate) fn ring(self: &Rc<Self>) {
        if !self.rings() {
            self.ring_with(&[]);
        }
    }

    fn rings(&self) -> bool {
        self.record.facts(|facts| facts.state != CallState::Trying)
    }

    /// Sends 180 with these header fields, whether the call rings already or not.
    pub(crate) fn ring_with(self: &Rc<Self>, headers: &[(String, String)]) {
        if self.phase.get() != Phase::Waiting {
            return;
        }
        let sent =
            self.on_leg(|endpoint, now, leg| endpoint.progress(now, leg, 180, headers, None));
        if sent.is_ok() && !self.rings() {
            self.record.change(|facts| facts.state = CallState::Ringing);
            self.note(What::Ringing);
            self.turned(Turn::Ringing);
            self.tell_status(StatusEvent::Ringing);
        }
        self.note_refused_command(sent);
    }

    /// Tells the application that the call's status changed, when it wants to know.
    pub(crate) fn tell_status(self: &Rc<Self>, event: StatusEvent) {
        let gateway = match event {
            StatusEvent::Initiated => Some(GatewayMoment::Created),
            StatusEvent::Ringing | StatusEvent::EarlyMedia => None,
            StatusEvent::Answered => Some(GatewayMoment::InProgress),
            StatusEvent::Completed => Some(GatewayMoment::Ended),
        };
        let sequence = self.record.statuses_told();
        match self.request_for(&Moment::Status { event, sequence }) {
            Ok(Some(request)) => {
                self.record.status_told();
                match event {
                    StatusEvent::Completed => self.owe(request),
                    StatusEvent::Initiated
                    | StatusEvent::Ringing
                    | StatusEvent::EarlyMedia
                    | StatusEvent::Answered => self.tell(request),
                }
            }
            Ok(None) => {}
            Err(error) => self.note_fetch_error(None, &error),
        }
        if let Some(moment) = gateway {
            self.tell_gateway(moment);
        }
    }

    /// Tells of a transfer's result beside its callback. Once per transfer.
    pub(crate) fn tell_transfer_event(self: &Rc<Self>, result: &TransferResult) {
        self.tell_gateway(GatewayMoment::ReferDone(result));
    }

    /// Tells of the result of a gather beside its callback.
    pub(crate) fn tell_gather_event(self: &Rc<Self>, verb: &Gather, result: &Gathered) {
        self.tell_gateway(GatewayMoment::GatherDone { verb, result });
    }

    fn tell_gateway(self: &Rc<Self>, moment: GatewayMoment<'_>) {
        match self
            .record
            .facts(|facts| self.dialect().gateway_event(facts, moment))
        {
            Ok(Some(request)) => self.tell(request),
            Ok(None) => {}
            Err(error) => self.note_fetch_error(None, &error),
        }
    }
}
