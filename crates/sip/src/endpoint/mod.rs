//! The endpoint: a user agent without sockets and clock.
//!
//! Feed it with `handle_*`, tell it what to do with the commands, then drain it: first
//! [`Endpoint::poll_transmit`], [`Endpoint::poll_event`] and [`Endpoint::poll_resolve`] until each
//! returns `None`, then sleep until [`Endpoint::poll_timeout`] at the latest and call
//! [`Endpoint::handle_timeout`].

mod command;
mod config;

use std::time::Instant;

use bytes::Bytes;

pub use command::{
    Census, CommandError, NotifyState, OutgoingInvite, OutgoingRefer, Resolve, ResolveId, Target,
};
pub use config::{Credentials, EndpointConfig, Listener, Shard, shard_of_call_id};

use crate::event::{Event, IncomingReferId, LegId, ReferId, RequestId};
use crate::transport::{ConnectionId, Flow, Transmit, TransmitId};
use crate::{Message, Method};

/// Extra headers as the application gives them: name and value.
pub type ExtraHeaders<'a> = &'a [(String, String)];
type Done = Result<(), CommandError>;

/// A SIP user agent: any number of legs, on any number of listeners, driven by one thread.
pub struct Endpoint {}

impl Endpoint {
    /// An endpoint with no legs. `seed` feeds tags, branches, Call-IDs and random delays; give
    /// real randomness outside of tests.
    pub fn new(config: EndpointConfig, seed: u64) -> Endpoint {
        todo!()
    }

    /// A UDP packet came in.
    pub fn handle_datagram(&mut self, now: Instant, flow: Flow, bytes: &[u8]) {
        todo!()
    }
    /// A message came in on a stream.
    pub fn handle_message(&mut self, now: Instant, flow: Flow, message: Message) {
        todo!()
    }
    /// A transmission failed; `why` is the operating system's word for it.
    pub fn handle_send_error(&mut self, now: Instant, id: TransmitId, why: &str) {
        todo!()
    }
    /// The resolver's answer, best target first; empty when there is none.
    pub fn handle_resolved(&mut self, now: Instant, id: ResolveId, targets: Vec<Target>) {
        todo!()
    }
    /// A connection was closed by either side.
    pub fn handle_connection_closed(&mut self, now: Instant, connection: ConnectionId) {
        todo!()
    }
    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        todo!()
    }

    /// The next thing to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        todo!()
    }
    /// The next piece of news.
    pub fn poll_event(&mut self) -> Option<(LegId, Event)> {
        todo!()
    }
    /// The next name to resolve.
    pub fn poll_resolve(&mut self) -> Option<Resolve> {
        todo!()
    }
    /// When `handle_timeout` wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// Places a call.
    pub fn invite(&mut self, now: Instant, invite: OutgoingInvite) -> Result<LegId, CommandError> {
        todo!()
    }
    /// Sends a provisional response (101 to 199), reliably when the peer requires it.
    pub fn progress(
        &mut self,
        now: Instant,
        leg: LegId,
        status: u16,
        headers: ExtraHeaders<'_>,
        sdp: Option<Bytes>,
    ) -> Done {
        todo!()
    }
    /// Answers with 200, retransmitted until the ACK.
    pub fn answer(
        &mut self,
        now: Instant,
        leg: LegId,
        headers: ExtraHeaders<'_>,
        sdp: Bytes,
    ) -> Done {
        todo!()
    }
    /// Refuses an incoming call (300 to 699).
    pub fn reject(
        &mut self,
        now: Instant,
        leg: LegId,
        status: u16,
        reason: Option<&str>,
        headers: ExtraHeaders<'_>,
    ) -> Done {
        todo!()
    }
    /// Ends a leg in the way its state demands: BYE, CANCEL, or 603.
    pub fn hang_up(&mut self, now: Instant, leg: LegId, headers: ExtraHeaders<'_>) -> Done {
        todo!()
    }
    /// Asks the peer to call somebody else.
    pub fn refer(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: OutgoingRefer,
    ) -> Result<ReferId, CommandError> {
        todo!()
    }
    /// The transfer is over: NOTIFYs are still answered and reported for the grace period.
    pub fn forget_refer(&mut self, now: Instant, leg: LegId, refer: ReferId) {
        todo!()
    }
    /// Sends another request within the dialog (INFO, MESSAGE, OPTIONS …).
    pub fn request(
        &mut self,
        now: Instant,
        leg: LegId,
        method: Method,
        headers: ExtraHeaders<'_>,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<RequestId, CommandError> {
        todo!()
    }
    /// Offers new SDP by re-INVITE (UPDATE before the answer). Waits for its turn.
    pub fn offer(&mut self, now: Instant, leg: LegId, sdp: Bytes) -> Done {
        todo!()
    }
    /// Settles `Event::Reoffer`: our SDP, or a status code that refuses.
    pub fn answer_offer(&mut self, now: Instant, leg: LegId, answer: Result<Bytes, u16>) -> Done {
        todo!()
    }
    /// Accepts a REFER of the peer (200 or 202) and sends the first NOTIFY.
    pub fn accept_refer(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: IncomingReferId,
        status: u16,
    ) -> Done {
        todo!()
    }
    /// Refuses a REFER of the peer.
    pub fn reject_refer(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: IncomingReferId,
        status: u16,
    ) -> Done {
        todo!()
    }
    /// Reports how the call that the peer asked for is going.
    pub fn notify(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: IncomingReferId,
        state: NotifyState,
    ) -> Done {
        todo!()
    }
    /// Replaces a leg's credentials for digest challenges.
    pub fn set_credentials(&mut self, leg: LegId, credentials: Vec<Credentials>) {
        todo!()
    }
    /// Whether new calls are taken; otherwise they get a 503 before anything is allocated.
    pub fn set_accepting(&mut self, accepting: bool) {
        todo!()
    }

    /// Whether the dialog is confirmed on both sides and not ending.
    pub fn is_confirmed(&self, leg: LegId) -> bool {
        todo!()
    }
    /// Whether the leg exists and has not ended.
    pub fn is_alive(&self, leg: LegId) -> bool {
        todo!()
    }
    /// The number of legs, ended ones with open subscriptions included.
    pub fn leg_count(&self) -> usize {
        todo!()
    }
    /// Everything that is held.
    pub fn census(&self) -> Census {
        todo!()
    }
}
