//! One leg's sockets and session, and what happens each beat.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;

use hookflash_media::{MediaEvent, Session, SessionConfig};
use tokio::sync::Notify;

/// Room for the largest packet that is taken or sent: an Ethernet frame's worth.
pub(crate) const LARGEST_PACKET: usize = 1_500;
/// How many packets are taken from a socket each beat. A peer that sends one each 20 ms and
/// gathers them for 200 ms stays far below; one that floods loses what is beyond.
const TAKEN_PER_BEAT: usize = 32;
/// How many beats pass before the first look at the RTCP port, and between looks: 100 ms. Reports are seldom, and a look
/// costs as much as a packet.
const BEATS_PER_LOOK: u8 = 5;
/// How many events may wait for a call; the rest waits in the session.
const MOST_EVENTS: usize = 256;

/// What the legs of a shard have done.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) packets_in: Cell<u64>,
    pub(crate) packets_out: Cell<u64>,
    pub(crate) late_beats: Cell<u64>,
}

impl Tally {
    pub(crate) fn count(counter: &Cell<u64>, more: u64) {
        counter.set(counter.get().wrapping_add(more));
    }
}

/// One leg.
pub(crate) struct Leg {
    socket: UdpSocket,
    /// The port above, bound at the first look when the peer wants RTCP there; `None` when
    /// somebody else has it. A call that is over by then has sent no report and needs no farewell.
    rtcp: OnceCell<Option<UdpSocket>>,
    beats: Cell<u8>,
    session: RefCell<Session>,
    events: RefCell<VecDeque<MediaEvent>>,
    news: Notify,
}

impl Leg {
    /// A leg on a bound socket. `signalling` is where the peer's SIP comes from.
    pub(crate) fn new(socket: UdpSocket, config: SessionConfig, signalling: IpAddr) -> Leg {
        let mut session = Session::new(config);
        session.trust(signalling);
        Leg {
            socket,
            rtcp: OnceCell::new(),
            beats: Cell::new(0),
            session: RefCell::new(session),
            events: RefCell::default(),
            news: Notify::new(),
        }
    }

    /// Takes what came in, then lets 20 ms pass.
    pub(crate) fn beat(&self, now: Instant, packet: &mut [u8; LARGEST_PACKET], tally: &Tally) {
        let mut session = self.session.borrow_mut();
        for _ in 0..TAKEN_PER_BEAT {
            match self.socket.recv_from(packet) {
                Ok((length, from)) => {
                    Tally::count(&tally.packets_in, 1);
                    session.receive(now, from, packet.get(..length).unwrap_or_default());
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                // What ICMP says about an earlier packet; the next one may be there all the same.
                Err(_) => {}
            }
        }
        self.take_reports(&mut session, now, packet);
        if let Some(due) = session.beat(now, packet) {
            send(&self.socket, packet, due);
            Tally::count(&tally.packets_out, 1);
        }
        if let Some(due) = session.poll_rtcp(now, packet) {
            self.send_report(&session, packet, due);
        }
        self.gather(&mut session);
    }

    fn take_reports(&self, session: &mut Session, now: Instant, packet: &mut [u8; LARGEST_PACKET]) {
        let beats = self.beats.get().wrapping_add(1);
        self.beats.set(beats);
        if !beats.is_multiple_of(BEATS_PER_LOOK) {
            return;
        }
        if session.has_rtcp_port() {
            self.rtcp.get_or_init(|| self.open_rtcp());
        }
        let Some(Some(rtcp)) = self.rtcp.get() else {
            return;
        };
        for _ in 0..TAKEN_PER_BEAT {
            match rtcp.recv_from(packet) {
                Ok((length, from)) => {
                    let report = packet.get(..length).unwrap_or_default();
                    session.receive_rtcp(now, from, report);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    fn send_report(&self, session: &Session, packet: &[u8], due: (SocketAddr, usize)) {
        if !session.has_rtcp_port() {
            send(&self.socket, packet, due);
        } else if let Some(Some(rtcp)) = self.rtcp.get() {
            send(rtcp, packet, due);
        }
    }

    /// Says farewell to the peer.
    pub(crate) fn end(&self) {
        let mut packet = [0; LARGEST_PACKET];
        let mut session = self.session.borrow_mut();
        if let Some(due) = session.end(Instant::now(), &mut packet) {
            self.send_report(&session, &packet, due);
        }
    }

    fn open_rtcp(&self) -> Option<UdpSocket> {
        let mut address = self.socket.local_addr().ok()?;
        address.set_port(address.port().checked_add(1)?);
        super::bind(address, super::RTCP_BUFFER)
            .inspect_err(|error| tracing::debug!(%address, %error, "no reports of this call"))
            .ok()
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

fn send(socket: &UdpSocket, packet: &[u8], (to, length): (SocketAddr, usize)) {
    // A peer that is not there yet, or no more, answers with ICMP; the next beat tries again.
    let _ = socket.send_to(packet.get(..length).unwrap_or_default(), to);
}
