//! A shard: one thread with its own endpoint, calls, sockets' share and timers.
//!
//! Whatever touches the endpoint ends with [`Shard::flush`], which sends what the endpoint has to
//! send, hands out its events, and sets the timer. The shard is the [`Host`] of its calls.

mod caller;
pub(crate) mod door;
mod entrance;
mod host;
mod identity;
mod mail;
mod messages;
mod phones;
mod trunks;
mod work;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_call::{Desk, Ledger};
use hookflash_sip::digest::DigestServer;
use hookflash_sip::{
    Census, DnsQuery, Endpoint, EndpointConfig, Event, Flow, LegId, Message, Tally, Transmit,
    Transport,
};
use tokio::sync::Notify;

use crate::guard::Guard;
use crate::media::Media;
use crate::prompts::Prompts;
use crate::recordings::Recordings;
use crate::records::Records;
use crate::registrar::Bindings;
use crate::registrations::Registrations;
use crate::resolver::Names;
use crate::sip::datagrams::UdpSockets;
use crate::sip::streams::{self, Connections};
use crate::speech::Speech;
use crate::switchboard::Switchboard;
use crate::webhook::{self, Webhooks};
use crate::websocket;
use door::Door;
use entrance::{Entering, Reached};

pub(crate) use caller::Full;
pub(crate) use entrance::{Entrance, Limits};
pub(crate) use identity::Realms;
pub(crate) use mail::{Input, Mail, Post};
pub(crate) use messages::Counted;
use messages::{Messages, RESPONSE};
pub(crate) use work::run;

/// Timers of SIP that end within the same one of these wake the shard once: of those that only
/// wait for repetitions, each call leaves some behind.
const TICK: Duration = Duration::from_millis(10);

/// What all shards of a process share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) sockets: UdpSockets,
    pub(crate) connections: Arc<Connections>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) mail: Mail,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) recordings: Arc<Recordings>,
    pub(crate) records: Records,
    pub(crate) speech: Arc<Speech>,
    pub(crate) realms: Realms,
    pub(crate) entrance: Arc<Entrance>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) bindings: Arc<Bindings>,
    pub(crate) registrations: Arc<Registrations>,
    /// Name servers for SIP; the system's when there are none.
    pub(crate) dns: Arc<[SocketAddr]>,
    pub(crate) personal_data: bool,
    pub(crate) webhook_times: webhook::Times,
}

/// One shard. Lives on its thread.
pub(crate) struct Shard {
    /// Itself, for what the endpoint's calls start on it.
    this: Weak<Shard>,
    common: Common,
    index: usize,
    count: usize,
    retry_after: Duration,
    endpoint: RefCell<Endpoint>,
    desk: RefCell<Option<Rc<Desk<Shard>>>>,
    board: RefCell<Arc<Switchboard>>,
    digests: RefCell<HashMap<String, DigestServer>>,
    /// Our registrations with trunks.
    held: RefCell<Vec<trunks::Held>>,
    /// Names of SIP.
    names: Names,
    webhooks: Rc<Webhooks>,
    websockets: websocket::Open,
    media: Media,
    door: Door,
    refused: Cell<u64>,
    messages: Messages,
    said_why: Cell<Option<Instant>>,
    flushing: Cell<bool>,
    accepting: Cell<bool>,
    /// When the first tick began.
    begun: Instant,
    /// When the timer will fire, and how it learns of an earlier deadline.
    alarm: Cell<Option<Instant>>,
    alarm_moved: Notify,
}

/// What a shard holds, for metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holdings {
    pub(crate) census: Census,
    pub(crate) tally: Tally,
    pub(crate) sip: Counted,
    pub(crate) owed: usize,
    pub(crate) ports: usize,
    pub(crate) media_legs: usize,
    pub(crate) packets_in: u64,
    pub(crate) packets_out: u64,
    pub(crate) late_beats: u64,
    pub(crate) longest_delay: Duration,
    pub(crate) standstills_busy: u64,
    pub(crate) standstills_not_run: u64,
    pub(crate) websockets: usize,
    pub(crate) refused: u64,
}

/// The shard is being flushed for as long as this lives, and not after a panic in it.
struct Flushing<'a>(&'a Shard);

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.flushing.set(false);
    }
}

/// Does something for one call. A fault of ours in it must not take the shard's other calls along.
fn spare_others<R>(what: &str, work: impl FnOnce() -> R) -> Option<R> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if done.is_err() {
        tracing::error!("{what} came to nothing by a fault of this server; please report it");
    }
    done.ok()
}

impl Shard {
    pub(crate) fn new(
        common: Common,
        config: EndpointConfig,
        board: Arc<Switchboard>,
        media: Media,
    ) -> Rc<Shard> {
        media.set_packet_timeout(board.rtp_timeout);
        let names = Names::asking(&common.dns);
        // Applications are looked for as every other program of the machine would.
        let times = Some(common.webhook_times.clone());
        let webhooks = Webhooks::measured(Names::default(), board.allow_private_networks, times);
        let shard = Rc::new_cyclic(|this| Shard {
            this: Weak::clone(this),
            index: config.shard.index,
            count: config.shard.count,
            retry_after: config.retry_after,
            endpoint: RefCell::new(Endpoint::new(config, rand::random())),
            desk: RefCell::default(),
            board: RefCell::new(board),
            digests: RefCell::default(),
            held: RefCell::default(),
            names,
            webhooks,
            websockets: websocket::Open::default(),
            media,
            door: Door::default(),
            refused: Cell::new(0),
            messages: Messages::default(),
            said_why: Cell::new(None),
            flushing: Cell::new(false),
            accepting: Cell::new(true),
            begun: Instant::now(),
            alarm: Cell::new(None),
            alarm_moved: Notify::new(),
            common,
        });
        let ledger = Arc::clone(&shard.common.ledger);
        let desk = Rc::new(Desk::new(Rc::clone(&shard), ledger));
        *shard.desk.borrow_mut() = Some(desk);
        shard
    }

    fn this(&self) -> Option<Rc<Shard>> {
        self.this.upgrade()
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn mail(&self) -> &Mail {
        &self.common.mail
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.common.connections
    }

    pub(crate) fn bindings(&self) -> &Bindings {
        &self.common.bindings
    }

    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// The calls; `None` once the shard has shut down.
    pub(crate) fn desk(&self) -> Option<Rc<Desk<Shard>>> {
        self.desk.borrow().clone()
    }

    pub(crate) fn webhooks(&self) -> &Rc<Webhooks> {
        &self.webhooks
    }

    pub(crate) fn board(&self) -> Arc<Switchboard> {
        Arc::clone(&self.board.borrow())
    }

    /// Takes over a changed configuration. Calls that run keep theirs.
    pub(crate) fn reload(self: &Rc<Self>, board: Arc<Switchboard>) {
        self.webhooks
            .set_allow_private(board.allow_private_networks);
        self.media.set_packet_timeout(board.rtp_timeout);
        self.digests.borrow_mut().clear();
        *self.board.borrow_mut() = board;
        if self.index == 0 {
            self.sweep_bindings();
        }
        if !self.door.is_closed() {
            self.register_with_trunks();
            self.flush();
        }
    }

    pub(crate) fn holdings(&self) -> Holdings {
        let tally = self.media.tally();
        Holdings {
            media_legs: self.media.legs(),
            packets_in: tally.packets_in.get(),
            packets_out: tally.packets_out.get(),
            late_beats: tally.late_beats.get(),
            longest_delay: tally.longest_delay.get(),
            standstills_busy: tally.standstills_busy.get(),
            standstills_not_run: tally.standstills_not_run.get(),
            websockets: self.websockets.count(),
            census: self.endpoint.borrow().census(),
            tally: self.endpoint.borrow().tally(),
            sip: self.messages.counted(),
            owed: self.webhooks.owed(),
            ports: self.media.in_use(),
            refused: self.refused.get(),
        }
    }

    /// Forgets the calls, so that the shard can be dropped.
    pub(crate) fn dissolve(&self) {
        self.desk.borrow_mut().take();
    }

    /// A datagram of one of this shard's calls. To be followed by [`Shard::flush`].
    pub(crate) fn datagram(&self, flow: Flow, bytes: &[u8]) {
        self.messages.read(bytes.starts_with(RESPONSE), bytes.len());
        self.endpoint
            .borrow_mut()
            .handle_datagram(Instant::now(), flow, bytes);
    }

    /// A message of one of this shard's calls. To be followed by [`Shard::flush`].
    pub(crate) fn message(&self, flow: Flow, message: Message) {
        let is_response = matches!(message, Message::Response(_));
        self.messages.read(is_response, usize::MAX);
        self.endpoint
            .borrow_mut()
            .handle_message(Instant::now(), flow, message);
    }

    /// Takes something from another shard or thread. To be followed by [`Shard::flush`].
    pub(crate) fn take(self: &Rc<Self>, input: Input) {
        let now = Instant::now();
        match input {
            Input::Datagram { flow, bytes, at } => {
                self.door.behind(at);
                self.look_at_the_door(now);
                self.datagram(flow, &bytes);
            }
            Input::Message { flow, message } => self.message(flow, *message),
            Input::Accepted { stream, local } => match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => streams::begin(self, stream, local),
                Err(error) => tracing::warn!(%error, "a connection could not be taken over"),
            },
            Input::Closed(id) => self.endpoint.borrow_mut().handle_connection_closed(now, id),
            Input::SendFailed(id, why) => {
                self.endpoint.borrow_mut().handle_send_error(now, id, &why);
            }
            Input::Do(work) => spare_others("an order to the shard", || work(self)).unwrap_or(()),
        }
    }

    /// Gives something to a shard, this one included. It arrives for certain.
    pub(crate) fn tell(self: &Rc<Self>, index: usize, input: Input) {
        if index == self.index {
            self.take(input);
            self.flush();
        } else if let Err(input) = self.mail().try_post(index, input) {
            let mail = self.mail().clone();
            tokio::task::spawn_local(async move { mail.deliver(index, *input).await });
        }
    }

    /// Opens or closes the endpoint for new calls.
    pub(crate) fn look_at_the_door(&self, now: Instant) {
        let open = self.door.is_open(now) && self.has_room(now);
        if open != self.accepting.get() {
            self.accepting.set(open);
            self.endpoint.borrow_mut().set_accepting(open);
        }
    }

    /// Whether the limits allow one more call.
    fn has_room(&self, now: Instant) -> bool {
        let ended = self.common.ledger.counters.calls_ended();
        let limits = self.board.borrow().limits;
        self.common.entrance.has_room(now, limits, ended)
    }

    /// Takes a place for a call, if the limits allow one more.
    fn enter(&self) -> Result<Entering<'_>, Reached> {
        let ended = self.common.ledger.counters.calls_ended();
        let limits = self.board.borrow().limits;
        self.common.entrance.enter(Instant::now(), limits, ended)
    }

    /// Sends, hands out and arms whatever the endpoint has to send, tell and wait for.
    pub(crate) fn flush(self: &Rc<Self>) {
        // What an event makes its call do ends up here again; the outer round goes on with it.
        if self.flushing.replace(true) {
            return;
        }
        let flushing = Flushing(self);
        loop {
            let transmit = self.endpoint.borrow_mut().poll_transmit();
            if let Some(transmit) = transmit {
                self.transmit(&transmit);
                continue;
            }
            let event = self.endpoint.borrow_mut().poll_event();
            if let Some((leg, event)) = event {
                self.dispatch(leg, event);
                continue;
            }
            let register = self.endpoint.borrow_mut().poll_register();
            if let Some(register) = register {
                self.registering(register);
                continue;
            }
            let news = self.endpoint.borrow_mut().poll_registration();
            if let Some((id, event)) = news {
                self.registration_news(id, event);
                continue;
            }
            let query = self.endpoint.borrow_mut().poll_dns();
            match query {
                Some(query) => self.ask(query),
                None => break,
            }
        }
        drop(flushing);
        self.arm();
    }

    fn transmit(self: &Rc<Self>, transmit: &Transmit) {
        self.messages.sent(transmit.bytes.starts_with(RESPONSE));
        let why = match transmit.flow.transport {
            Transport::Udp => match self.common.sockets.send(transmit) {
                Ok(()) => return,
                // The kernel's queue is full: as good as lost on the wire, and sent again.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) => error.to_string(),
            },
            Transport::Tcp => match streams::send(self, transmit) {
                Ok(()) => return,
                Err(why) => why.to_owned(),
            },
            other => format!("{other} is not spoken"),
        };
        let now = Instant::now();
        self.endpoint
            .borrow_mut()
            .handle_send_error(now, transmit.id, &why);
    }

    fn dispatch(self: &Rc<Self>, leg: LegId, event: Event) {
        match event {
            Event::Incoming { invite, flow } => {
                let now = Instant::now();
                if self.has_room(now) {
                    let taken = spare_others("a new call", || self.incoming(leg, invite, flow));
                    if taken.is_none() {
                        self.refuse(leg, 500, None, &[]);
                    }
                } else {
                    // Messages are read in batches; others of this one took the last places.
                    self.turn_away(leg);
                }
                self.look_at_the_door(now);
            }
            event => {
                if let Some(desk) = self.desk() {
                    // Legs that were refused at the door belong to no call.
                    desk.event(leg, event);
                }
            }
        }
    }

    fn ask(self: &Rc<Self>, query: DnsQuery) {
        let shard = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let answer = shard.names.records(&query.question).await;
            let now = Instant::now();
            shard
                .endpoint
                .borrow_mut()
                .handle_dns(now, query.id, answer);
            shard.flush();
        });
    }

    fn arm(&self) {
        let timeout = self.endpoint.borrow().poll_timeout();
        let wanted = timeout.map(|at| end_of_tick(self.begun, at));
        let earlier = match (wanted, self.alarm.get()) {
            (Some(wanted), Some(set)) => wanted < set,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if earlier {
            self.alarm.set(wanted);
            self.alarm_moved.notify_one();
        }
    }
}

/// When the tick ends in which `at` lies.
fn end_of_tick(begun: Instant, at: Instant) -> Instant {
    // A second is a whole number of ticks.
    let tick = TICK.subsec_nanos();
    let passed = at.saturating_duration_since(begun).subsec_nanos() % tick;
    let left = (tick - passed) % tick;
    at + Duration::from_nanos(left.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_one_tick_end_with_it_and_never_before_their_time() {
        let begun = Instant::now();
        let after = |millis| begun + Duration::from_millis(millis);
        for (at, end) in [(0, 0), (1, 10), (10, 10), (11, 20), (32_009, 32_010)] {
            assert_eq!(end_of_tick(begun, after(at)), after(end));
        }
        let years = Duration::from_secs(86_400 * 3_650);
        assert_eq!(end_of_tick(begun, after(1) + years), after(10) + years);
    }
}
