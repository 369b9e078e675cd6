//! The endpoint: a user agent without sockets and clock.
//!
//! Feed it with `handle_*`, tell it what to do with the commands, then drain it:
//! [`Endpoint::poll_transmit`], [`Endpoint::poll_event`], [`Endpoint::poll_resolve`] (or
//! [`Endpoint::poll_dns`]), and with registrations [`Endpoint::poll_registration`] and
//! [`Endpoint::poll_register`], until each returns `None`. Then sleep until
//! [`Endpoint::poll_timeout`] at the latest and call [`Endpoint::handle_timeout`].

mod address;
mod authenticator;
mod client;
mod command;
mod config;
mod core;
mod inbound;
mod incoming_register;
mod leg;
mod owned_headers;
mod registration;
mod server;
mod session_body;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use bytes::Bytes;

pub use command::{
    Census, CommandError, DnsId, DnsQuery, NotifyState, OutgoingInvite, OutgoingRefer,
    OutgoingRegistration, RedirectPolicy, Redirects, Resolve, ResolveId, Tally, Target,
};
pub use config::{Credentials, EndpointConfig, Listener, Shard, shard_of_call_id};
pub use owned_headers::is_owned_header;
pub use session_body::session_description;

use self::core::{Core, Due, Upcall};
use crate::by_id::ById;
use crate::digest::DigestServer;
use crate::event::{Event, IncomingReferId, LegId, ReferId, RegisterId, RegistrationId, RequestId};
use crate::locate::DnsAnswer;
use crate::timer::TimerId;
use crate::transaction::TransactionId;
use crate::transport::{ConnectionId, Flow, Transmit, TransmitId};
use crate::{Message, Method};
use leg::{Final, Inbound, Leg, dismiss_fork};
use owned_headers::{check_address, check_extra};
use registration::Registration;

/// Extra headers as the application gives them: name and value.
pub type ExtraHeaders<'a> = &'a [(String, String)];
type Done = Result<(), CommandError>;

/// A SIP user agent: any number of legs, on any number of listeners, driven by one thread.
///
/// ```
/// use std::time::Instant;
/// use hookflash_sip::{ConnectionId, Endpoint, EndpointConfig, Flow, Transport};
///
/// let mut endpoint = Endpoint::new(EndpointConfig::default(), 1);
/// let flow = Flow {
///     transport: Transport::Udp,
///     local: ([127, 0, 0, 1], 5060).into(),
///     remote: ([127, 0, 0, 1], 5070).into(),
///     connection: ConnectionId::default(),
/// };
/// let options = b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n\
///     Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r\n\
///     From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n\
///     Call-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n";
/// endpoint.handle_datagram(Instant::now(), flow, options);
/// let answer = endpoint.poll_transmit().expect("an answer");
/// assert!(answer.bytes.starts_with(b"SIP/2.0 200 OK"));
/// ```
pub struct Endpoint {
    core: Core,
    legs: ById<LegId, Box<Leg>>,
    is_accepting: bool,
    challenger: Option<DigestServer>,
    registrations: BTreeMap<RegistrationId, Box<Registration>>,
    registrations_made: u32,
    registers: HashMap<RegisterId, (Inbound, Option<TimerId>)>,
}

impl Endpoint {
    /// An endpoint with no legs. `seed` feeds tags, branches, Call-IDs and random delays; give
    /// real randomness outside of tests.
    pub fn new(config: EndpointConfig, seed: u64) -> Endpoint {
        // The clock reading stands for "before anything"; each call brings its own.
        let core = Core::new(config, seed, Instant::now());
        Endpoint {
            core,
            legs: ById::default(),
            is_accepting: true,
            challenger: None,
            registrations: BTreeMap::new(),
            registrations_made: 0,
            registers: HashMap::new(),
        }
    }

    /// A UDP packet came in.
    pub fn handle_datagram(&mut self, now: Instant, flow: Flow, bytes: &[u8]) {
        if Message::is_keep_alive(bytes) {
            return;
        }
        match Message::parse_datagram(bytes) {
            Ok(message) => self.handle_message(now, flow, message),
            Err(error) => {
                self.core.now = now;
                let Some(request) = error.request() else {
                    return;
                };
                let mut request = request.clone();
                request.stamp_top_via(flow.remote);
                let id = self.core.keys.server(&request, request.method());
                let tag = self.core.stray_tag(id);
                if let Some(mut response) = error.answer(Some(&tag)) {
                    let via = request.headers().get(crate::Name::Via).unwrap_or_default();
                    response.headers_mut().set_first(crate::Name::Via, via);
                    self.core.respond_stateless(flow, &request, response);
                }
            }
        }
    }

    /// A message came in, on a stream after framing or from elsewhere.
    pub fn handle_message(&mut self, now: Instant, flow: Flow, message: Message) {
        self.core.now = now;
        match message {
            Message::Request(request) => self.receive_request(flow, request),
            Message::Response(response) => {
                self.core.receive_response(flow, response);
            }
        }
        self.run();
    }

    /// A transmission failed; `why` is the operating system's word for it.
    pub fn handle_send_error(&mut self, now: Instant, id: TransmitId, why: &str) {
        self.core.now = now;
        let id = TransactionId(id.0);
        match id.is_server() {
            true => self.core.server_send_failed(id),
            false => self.core.client_send_failed(id, why),
        }
        self.run();
    }

    /// The resolver's answer, best target first; empty when there is none.
    pub fn handle_resolved(&mut self, now: Instant, id: ResolveId, targets: Vec<Target>) {
        self.core.now = now;
        self.core.resolved(id, &targets);
        self.run();
    }

    /// What DNS answered; `Failed` when nothing came. Late and second answers are ignored.
    pub fn handle_dns(&mut self, now: Instant, id: DnsId, answer: DnsAnswer) {
        self.core.now = now;
        self.core.dns_answered(id, answer);
        self.run();
    }

    /// A connection was closed by either side.
    pub fn handle_connection_closed(&mut self, now: Instant, connection: ConnectionId) {
        self.core.now = now;
        self.core.connection_closed(connection);
        if connection != ConnectionId::default() {
            self.on_registration_connection_closed(connection);
        }
        self.run();
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.core.now = now;
        while let Some(due) = self.core.timers.pop(now) {
            match due {
                Due::Transaction(id, timer) if id.is_server() => self.core.fire_server(id, timer),
                Due::Transaction(id, timer) => self.core.fire_client(id, timer),
                Due::Leg(leg, timer) => self.with_leg(leg, |leg, core| leg.on_timer(core, timer)),
                Due::Registration(id) => self.on_registration_timer(id),
                Due::IncomingRegister(id) => self.on_register_timer(id),
            }
            self.run();
        }
    }

    /// The next thing to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.core.transmits.pop_front()
    }

    /// The name that the certificate of the server must bear when a connection is opened for this
    /// transmission: the one in the URI, not one that DNS made of it (RFC 5922 section 7.1).
    /// `None` when the URI held an address.
    pub fn server_name(&self, id: TransmitId) -> Option<&str> {
        self.core.host_of(id)
    }

    /// The next piece of news.
    pub fn poll_event(&mut self) -> Option<(LegId, Event)> {
        self.core.events.pop_front()
    }

    /// The next name to resolve.
    pub fn poll_resolve(&mut self) -> Option<Resolve> {
        self.core.resolves.pop_front()
    }

    /// The next question to DNS; only with [`EndpointConfig::asks_dns`].
    pub fn poll_dns(&mut self) -> Option<DnsQuery> {
        self.core.dns.pop_front()
    }

    /// When `handle_timeout` wants to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.core.timers.next()
    }

    /// Places a call.
    ///
    /// # Errors
    /// When an address cannot be read, or a header is not the application's to set.
    pub fn invite(&mut self, now: Instant, invite: OutgoingInvite) -> Result<LegId, CommandError> {
        self.core.now = now;
        check_extra(&invite.headers)?;
        let id = LegId(self.core.random());
        let call_id = self.call_id();
        let leg = Leg::call(&mut self.core, id, &call_id, invite)?;
        self.legs.insert(id, Box::new(leg));
        self.run();
        Ok(id)
    }

    /// Sends a provisional response (101 to 199), reliably when the peer requires it.
    ///
    /// # Errors
    /// When the call is not waiting for an answer, or a header is not the application's to set.
    pub fn progress(
        &mut self,
        now: Instant,
        leg: LegId,
        status: u16,
        headers: ExtraHeaders<'_>,
        sdp: Option<Bytes>,
    ) -> Done {
        check_extra(headers)?;
        self.command(now, leg, |leg, core| {
            leg.progress(core, status, headers, sdp)
        })
    }

    /// Answers with 200, retransmitted until the ACK. `sdp` is the answer to the offer in the
    /// INVITE, or an offer when there was none.
    ///
    /// # Errors
    /// As for [`Endpoint::progress`].
    pub fn answer(
        &mut self,
        now: Instant,
        leg: LegId,
        headers: ExtraHeaders<'_>,
        sdp: Bytes,
    ) -> Done {
        check_extra(headers)?;
        self.command(now, leg, |leg, core| leg.answer(core, headers, sdp))
    }

    /// Refuses an incoming call (300 to 699).
    ///
    /// # Errors
    /// As for [`Endpoint::progress`].
    pub fn reject(
        &mut self,
        now: Instant,
        leg: LegId,
        status: u16,
        reason: Option<&str>,
        headers: ExtraHeaders<'_>,
    ) -> Done {
        owned_headers::check_refusal(status, headers)?;
        self.command(now, leg, |leg, core| {
            leg.reject(core, status, reason, headers)
        })
    }

    /// Ends a leg in the way its state demands: BYE, CANCEL, or 603. A BYE waits for the ACK of
    /// our 2xx (RFC 3261 section 15).
    ///
    /// # Errors
    /// When the leg is ending already, or a header is not the application's to set.
    pub fn hang_up(&mut self, now: Instant, leg: LegId, headers: ExtraHeaders<'_>) -> Done {
        check_extra(headers)?;
        self.command(now, leg, |leg, core| leg.hang_up(core, headers))
    }

    /// Asks the peer to call somebody else. A REFER that collides (491) is sent again, a few times
    /// at most, before its answer is reported.
    ///
    /// # Errors
    /// When the call is not up, a value cannot be read, or a header is not the application's.
    pub fn refer(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: OutgoingRefer,
    ) -> Result<ReferId, CommandError> {
        check_extra(&refer.headers)?;
        check_address("Refer-To", &refer.refer_to)?;
        if let Some(referred_by) = &refer.referred_by {
            check_address("Referred-By", referred_by)?;
        }
        self.command(now, leg, |leg, core| leg.refer(core, &refer))
    }

    /// The transfer is over: NOTIFYs are still answered and reported for the grace period.
    pub fn forget_refer(&mut self, now: Instant, leg: LegId, refer: ReferId) {
        self.core.now = now;
        self.with_leg(leg, |leg, core| leg.forget_refer(core, refer));
        self.run();
    }

    /// Sends another request within the dialog (INFO, MESSAGE, OPTIONS …).
    ///
    /// # Errors
    /// When the call is not up, the method has a command of its own, or a header is not the
    /// application's to set.
    pub fn request(
        &mut self,
        now: Instant,
        leg: LegId,
        method: Method,
        headers: ExtraHeaders<'_>,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<RequestId, CommandError> {
        check_extra(headers)?;
        self.command(now, leg, |leg, core| {
            leg.request(core, method, headers, content_type, body)
        })
    }

    /// Offers new SDP by re-INVITE. Waits for its turn and tries again after 491; a newer offer
    /// replaces one that still waits.
    ///
    /// # Errors
    /// When the call is not up.
    pub fn offer(&mut self, now: Instant, leg: LegId, sdp: Bytes) -> Done {
        self.command(now, leg, |leg, core| leg.offer(core, sdp))
    }

    /// Settles `Event::Reoffer`: our SDP, or a status code that refuses.
    ///
    /// # Errors
    /// When no offer of the peer is open (any more).
    pub fn answer_offer(&mut self, now: Instant, leg: LegId, answer: Result<Bytes, u16>) -> Done {
        self.command(now, leg, |leg, core| leg.answer_offer(core, answer))
    }

    /// Accepts a REFER of the peer (200 or 202) and sends the first NOTIFY.
    ///
    /// # Errors
    /// When the REFER is unknown or settled.
    pub fn accept_refer(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: IncomingReferId,
        status: u16,
    ) -> Done {
        self.command(now, leg, |leg, core| leg.accept_refer(core, refer, status))
    }

    /// Refuses a REFER of the peer.
    ///
    /// # Errors
    /// When the REFER is unknown or settled.
    pub fn reject_refer(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: IncomingReferId,
        status: u16,
    ) -> Done {
        self.command(now, leg, |leg, core| leg.reject_refer(core, refer, status))
    }

    /// Reports how the call that the peer asked for is going; also after the peer hung up.
    ///
    /// # Errors
    /// When the REFER is unknown, or its last report has been made.
    pub fn notify(
        &mut self,
        now: Instant,
        leg: LegId,
        refer: IncomingReferId,
        state: NotifyState,
    ) -> Done {
        self.command(now, leg, |leg, core| leg.notify(core, refer, state))
    }

    /// Replaces a leg's credentials for digest challenges.
    pub fn set_credentials(&mut self, leg: LegId, credentials: Vec<Credentials>) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.set_credentials(credentials);
        }
    }

    /// Keeps everything within the leg's dialog to the flow that it uses, unless a proxy is on the
    /// way: for a caller behind address translation, whose Contact leads nowhere.
    pub fn keep_flow(&mut self, leg: LegId) {
        if self.legs.contains_key(&leg) {
            self.core.kept.insert(leg);
        }
    }

    /// The SDP answer to our offer that came in a provisional response of the dialog that was
    /// answered; only when the 2xx of `Event::Answered` had none (RFC 3262 section 5).
    pub fn early_answer(&self, leg: LegId) -> Option<Bytes> {
        self.legs.get(&leg)?.early_answer().cloned()
    }

    /// The Call-ID of a call that we placed, until it is answered.
    pub fn call_id_of(&self, leg: LegId) -> Option<&str> {
        self.legs.get(&leg)?.call_id()
    }

    /// Whether new calls are taken; otherwise they get a 503 before anything is allocated.
    pub fn set_accepting(&mut self, accepting: bool) {
        self.is_accepting = accepting;
    }

    /// Whether the dialog is confirmed on both sides and not ending.
    pub fn is_confirmed(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|leg| leg.is_confirmed())
    }

    /// Whether the leg exists and has not ended.
    pub fn is_alive(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|leg| leg.is_alive())
    }

    /// The number of legs, ended ones with open subscriptions included.
    pub fn leg_count(&self) -> usize {
        self.legs.len()
    }

    /// What was counted so far.
    pub fn tally(&self) -> Tally {
        self.core.tally
    }

    /// Everything that is held. Walks through all legs: for tests and occasional metrics.
    pub fn census(&self) -> Census {
        let legs = self.legs.values();
        let (dialogs, subscriptions) = legs.fold((0, 0), |(dialogs, subscriptions), leg| {
            (
                dialogs + leg.dialog_count(),
                subscriptions + leg.subscription_count(),
            )
        });
        Census {
            legs: self.legs.len(),
            transactions: self.core.clients.len() + self.core.servers.len(),
            dialogs,
            subscriptions,
            registrations: self.registrations.len() + self.registers.len(),
            timers: self.core.timers.len(),
        }
    }

    fn call_id(&mut self) -> String {
        let Shard { index, count } = self.core.config.shard;
        let host = self.core.addresses.host();
        loop {
            let call_id = format!("{:016x}@{host}", self.core.random());
            if count <= 1 || shard_of_call_id(&call_id, count) == index % count {
                return call_id;
            }
        }
    }

    fn command<T>(
        &mut self,
        now: Instant,
        id: LegId,
        work: impl FnOnce(&mut Leg, &mut Core) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        self.core.now = now;
        let Some(leg) = self.legs.get_mut(&id) else {
            return Err(CommandError::UnknownLeg);
        };
        let result = work(leg, &mut self.core);
        self.release(id);
        self.run();
        result
    }

    /// Lets a leg work, and removes it when nothing of it is left.
    fn with_leg(&mut self, id: LegId, work: impl FnOnce(&mut Leg, &mut Core)) {
        if let Some(leg) = self.legs.get_mut(&id) {
            work(leg, &mut self.core);
            self.release(id);
        }
    }

    fn release(&mut self, id: LegId) {
        if self.legs.get(&id).is_some_and(|leg| leg.is_released()) {
            self.legs.remove(&id);
            self.core.kept.remove(&id);
            self.core.event(id, Event::Released);
        }
    }

    /// Brings the transactions' news to the legs.
    fn run(&mut self) {
        while let Some(upcall) = self.core.upcalls.pop_front() {
            let (Upcall::Response { leg, purpose, .. } | Upcall::Failed { leg, purpose, .. }) =
                &upcall;
            let id = *leg;
            if let client::Purpose::Register(registration) = *purpose {
                self.on_registration_upcall(registration, upcall);
                continue;
            }
            match self.legs.get_mut(&id) {
                Some(leg) => {
                    leg.on_upcall(&mut self.core, upcall);
                    self.release(id);
                }
                None => self.orphan(upcall),
            }
        }
    }

    /// News for a leg that is gone: a 2xx to its INVITE must still be acknowledged and ended.
    fn orphan(&mut self, upcall: Upcall) {
        if let Upcall::Response {
            leg,
            id,
            purpose,
            flow,
            response,
            request,
            ..
        } = upcall
            && response.is_success()
            && matches!(purpose, client::Purpose::Invite)
        {
            dismiss_fork(
                &mut self.core,
                leg,
                &Final {
                    id,
                    flow,
                    response,
                    request,
                },
            );
        }
    }
}
