//! Which sockets that seldom have something do have something, asked of the kernel once for many
//! legs.
//!
//! Reports are seldom, and so are strangers at the port of a call that lasts: a look at each of
//! these sockets every beat would find nothing nearly always. A poll that belongs to the wheel alone
//! tells of all of them at once, and wakes nobody when something comes. It is not for sockets that
//! send at each beat: whatever such a socket sends would look for those who wait at it.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::wire::Wire;

/// News that are fetched with one call of the kernel; more wait for the next.
const AT_ONCE: usize = 1_024;
/// How many reports are taken from a socket each beat; one that floods loses what is beyond.
const TAKEN_PER_BEAT: usize = 4;

/// What the kernel has told of the sockets of one shard.
pub(super) struct Readable {
    /// `None` when the kernel gives no poll: every socket is looked at.
    poll: Option<RefCell<(Poll, Events)>>,
    /// By local port: no two sockets of a shard that are watched share one.
    ports: Box<[Cell<bool>]>,
}

impl Readable {
    pub(super) fn new() -> Rc<Readable> {
        let poll = Poll::new()
            .inspect_err(|error| tracing::warn!(%error, "ports of calls are looked at one by one"))
            .ok();
        Rc::new(Readable {
            poll: poll.map(|poll| RefCell::new((poll, Events::with_capacity(AT_ONCE)))),
            ports: vec![Cell::new(false); usize::from(u16::MAX) + 1].into(),
        })
    }

    /// Asks for news.
    pub(super) fn refresh(&self) {
        let Some(poll) = &self.poll else { return };
        let (poll, events) = &mut *poll.borrow_mut();
        // Interrupted by a signal, they are still there at the next beat.
        if poll.poll(events, Some(Duration::ZERO)).is_err() {
            return;
        }
        for event in events.iter() {
            if let Some(port) = self.ports.get(event.token().0) {
                port.set(true);
            }
        }
    }

    /// Asks for news of a socket; says whether there will be any.
    fn watch(&self, socket: &UdpSocket, port: u16) -> bool {
        let Some(poll) = &self.poll else { return false };
        let poll = poll.borrow();
        // Closing the socket ends this too.
        let registered = poll.0.registry().register(
            &mut SourceFd(&socket.as_raw_fd()),
            Token(usize::from(port)),
            Interest::READABLE,
        );
        // What came before is not told.
        self.set(port, true);
        registered.is_ok()
    }

    fn has(&self, port: u16) -> bool {
        self.ports.get(usize::from(port)).is_none_or(Cell::get)
    }

    fn set(&self, port: u16, readable: bool) {
        if let Some(known) = self.ports.get(usize::from(port)) {
            known.set(readable);
        }
    }
}

/// What is known of one socket.
pub(super) struct News {
    port: u16,
    /// Whether the kernel tells of it.
    told: bool,
    readable: Rc<Readable>,
}

impl News {
    /// Begins to ask for what comes to a socket on this port.
    pub(super) fn of(socket: &UdpSocket, port: u16, readable: &Rc<Readable>) -> News {
        News {
            port,
            told: readable.watch(socket, port),
            readable: Rc::clone(readable),
        }
    }

    /// Whether something may wait there.
    pub(super) fn may_wait(&self) -> bool {
        !self.told || self.readable.has(self.port)
    }

    /// All that waited there has been taken.
    pub(super) fn all_taken(&self) {
        self.readable.set(self.port, false);
    }
}

/// A socket of reports that is read at the beat.
pub(super) struct Watched {
    socket: UdpSocket,
    news: News,
}

impl Watched {
    /// The socket above that of RTP.
    pub(super) fn above(rtp: &Wire, readable: &Rc<Readable>) -> Option<Watched> {
        let mut address = rtp.local().ok()?;
        let port = address.port().checked_add(1)?;
        address.set_port(port);
        let socket = super::bind(address, super::RTCP_BUFFER)
            .inspect_err(|error| tracing::debug!(%address, %error, "no reports of this call"))
            .ok()?;
        Some(Watched {
            news: News::of(&socket, port, readable),
            socket,
        })
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Hands on what has come.
    pub(super) fn take(&self, packet: &mut [u8], mut hand_on: impl FnMut(SocketAddr, &[u8])) {
        if !self.news.may_wait() {
            return;
        }
        for _ in 0..TAKEN_PER_BEAT {
            match self.socket.recv_from(packet) {
                Ok((length, from)) => hand_on(from, packet.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return self.news.all_taken();
                }
                // What ICMP says about an earlier packet; the next one may be there all the same.
                Err(_) => {}
            }
        }
    }
}
