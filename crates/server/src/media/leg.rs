//! One leg's sockets and session, and what happens each beat.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::UdpSocket;
use std::time::Instant;

use hookflash_media::{MediaEvent, Session, SessionConfig};
use tokio::sync::Notify;

/// Room for the largest packet that is taken or sent: an Ethernet frame's worth.
pub(crate) const LARGEST_PACKET: usize = 1_500;
/// How many packets are taken from a socket each beat. A peer that sends one each 20 ms and
/// gathers them for 200 ms stays far below; one that floods loses what is beyond.
const TAKEN_PER_BEAT: usize = 32;
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
    session: RefCell<Session>,
    events: RefCell<VecDeque<MediaEvent>>,
    news: Notify,
}

impl Leg {
    pub(crate) fn new(socket: UdpSocket, config: SessionConfig) -> Leg {
        Leg {
            socket,
            session: RefCell::new(Session::new(config)),
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
        // A peer that is not there yet, or no more, answers with ICMP; the next beat tries again.
        if let Some((to, length)) = session.beat(now, packet) {
            let _ = self
                .socket
                .send_to(packet.get(..length).unwrap_or_default(), to);
            Tally::count(&tally.packets_out, 1);
        }
        if let Some((to, length)) = session.poll_rtcp(now, packet) {
            let _ = self
                .socket
                .send_to(packet.get(..length).unwrap_or_default(), to);
        }
        self.gather(&mut session);
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
