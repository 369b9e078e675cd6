//! One leg's sockets and session, and what happens each beat.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_media::{MediaEvent, Session, SessionConfig};
use tokio::sync::Notify;

use super::readable::{Readable, Watched};
use super::wire::Wire;

/// Room for the largest packet that is taken or sent: an Ethernet frame's worth.
pub(crate) const LARGEST_PACKET: usize = 1_500;
/// How many beats a call lasts before its RTCP port is opened: 100 ms.
const BEATS_WITHOUT_RTCP: u8 = 5;
/// How many events may wait for a call; the rest waits in the session.
const MOST_EVENTS: usize = 256;

/// What the legs of a shard have done.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) packets_in: Cell<u64>,
    pub(crate) packets_out: Cell<u64>,
    pub(crate) late_beats: Cell<u64>,
    /// The furthest that a slot was behind its time.
    pub(crate) longest_delay: Cell<Duration>,
    /// How often audio was 20 ms late or more because this thread had too much to do, and because
    /// it was not run.
    pub(crate) standstills_busy: Cell<u64>,
    pub(crate) standstills_not_run: Cell<u64>,
}

impl Tally {
    pub(crate) fn count(counter: &Cell<u64>, more: u64) {
        counter.set(counter.get().wrapping_add(more));
    }
}

/// One leg.
pub(crate) struct Leg {
    wire: Wire,
    /// It beats no more.
    over: Cell<bool>,
    /// The port above, when the peer wants RTCP there and the call lasts; `None` when somebody
    /// else has it. A call that is over before has sent no report and needs no farewell.
    rtcp: OnceCell<Option<Watched>>,
    beats: Cell<u8>,
    session: RefCell<Session>,
    events: RefCell<VecDeque<MediaEvent>>,
    news: Notify,
}

impl Leg {
    /// A leg on a bound socket. `signalling` is where the peer's SIP comes from.
    pub(super) fn new(socket: UdpSocket, config: SessionConfig, signalling: IpAddr) -> Leg {
        let mut session = Session::new(config);
        session.trust(signalling);
        Leg {
            wire: Wire::new(socket),
            over: Cell::new(false),
            rtcp: OnceCell::new(),
            beats: Cell::new(0),
            session: RefCell::new(session),
            events: RefCell::default(),
            news: Notify::new(),
        }
    }

    /// What its packets come to and leave from.
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Whether it beats no more.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// It beats no more.
    pub(super) fn stop(&self) {
        self.over.set(true);
    }

    /// Takes one packet that has come to a socket of its wire.
    pub(super) fn take(
        &self,
        socket: &UdpSocket,
        now: Instant,
        packet: &mut [u8; LARGEST_PACKET],
        tally: &Tally,
    ) {
        if let Ok((length, from)) = Wire::take(socket, packet) {
            Tally::count(&tally.packets_in, 1);
            let packet = packet.get(..length).unwrap_or_default();
            self.session.borrow_mut().receive(now, from, packet);
        }
    }

    /// Lets 20 ms pass.
    pub(super) fn beat(
        &self,
        now: Instant,
        packet: &mut [u8; LARGEST_PACKET],
        readable: &Rc<Readable>,
        tally: &Tally,
    ) {
        let mut session = self.session.borrow_mut();
        self.take_reports(&mut session, now, packet, readable);
        if let Some((to, length)) = session.beat(now, packet) {
            self.wire
                .beat(packet.get(..length).unwrap_or_default(), to, readable);
            Tally::count(&tally.packets_out, 1);
        }
        if let Some(due) = session.poll_rtcp(now, packet) {
            self.send_report(&session, packet, due);
        }
        self.gather(&mut session);
    }

    fn take_reports(
        &self,
        session: &mut Session,
        now: Instant,
        packet: &mut [u8; LARGEST_PACKET],
        readable: &Rc<Readable>,
    ) {
        let beats = self.beats.get();
        if beats < BEATS_WITHOUT_RTCP {
            return self.beats.set(beats + 1);
        }
        if session.has_rtcp_port() {
            self.rtcp
                .get_or_init(|| Watched::above(&self.wire, readable));
        }
        if let Some(Some(rtcp)) = self.rtcp.get() {
            rtcp.take(packet, |from, report| {
                session.receive_rtcp(now, from, report);
            });
        }
    }

    fn send_report(&self, session: &Session, packet: &[u8], (to, length): (SocketAddr, usize)) {
        let report = packet.get(..length).unwrap_or_default();
        if !session.has_rtcp_port() {
            self.wire.send(report, to);
        } else if let Some(Some(rtcp)) = self.rtcp.get() {
            // Who does not listen for reports answers with ICMP.
            let _ = rtcp.socket().send_to(report, to);
        }
    }

    /// Says farewell to the peer.
    pub(crate) fn end(&self) {
        let mut session = self.session.borrow_mut();
        if session.has_rtcp_port() && !matches!(self.rtcp.get(), Some(Some(_))) {
            return;
        }
        let mut packet = [0; LARGEST_PACKET];
        if let Some(due) = session.end(Instant::now(), &mut packet) {
            self.send_report(&session, &packet, due);
        }
    }

    /// Gives the session to `work`.
    pub(crate) fn session<R>(&self, work: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let mut session = self.session.borrow_mut();
        let result = work(&mut session, Instant::now());
        self.gather(&mut session);
        result
    }

    /// The next event.
    pub(crate) async fn event(&self) -> MediaEvent {
        loop {
            let event = self.events.borrow_mut().pop_front();
            if let Some(event) = event {
                return event;
            }
            self.news.notified().await;
        }
    }

    fn gather(&self, session: &mut Session) {
        let mut events = self.events.borrow_mut();
        while events.len() < MOST_EVENTS {
            let Some(event) = session.poll_event() else {
                break;
            };
            events.push_back(event);
            self.news.notify_one();
        }
    }
}
