//! The RTP port of one leg as the kernel has it: a socket that hears everybody and, once the call
//! lasts, a second one on the same port that is connected to the peer.
//!
//! A packet that leaves a connected socket costs an eighth less: its route is known. But such a
//! socket hears nobody else, and whose packets are taken is decided where the rules are
//! (`hookflash_media`), which must hear strangers too. So the port has both: the kernel gives to the
//! connected one what the peer sends, and all else to the other. Where the rules say that the peer
//! is elsewhere, the connected one is pointed there with the next packet.

use std::cell::{Cell, OnceCell};
use std::io::{ErrorKind, Result};
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;

use socket2::{SockRef, Socket};

use super::readable::{News, Readable};
use super::{RECEIVE_BUFFER, unbound};

/// Beats that a call lasts before its port is connected (5 s): shorter ones would not earn the
/// socket, which costs as much as sending forty packets does.
const BEATS_UNCONNECTED: u8 = 250;

/// The RTP port of one leg.
pub(super) struct Wire {
    everybody: UdpSocket,
    /// `None` inside when it cannot be had, as when files run out.
    peer: OnceCell<Option<Connected>>,
    beats: Cell<u8>,
}

impl Wire {
    /// The port that a socket is bound to.
    pub(super) fn new(everybody: UdpSocket) -> Wire {
        Wire {
            everybody,
            peer: OnceCell::new(),
            beats: Cell::new(0),
        }
    }

    /// What the port is bound to.
    pub(super) fn local(&self) -> Result<SocketAddr> {
        self.everybody.local_addr()
    }

    /// The sockets to be looked at in this beat.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        let peer = self.connected();
        let everybody = peer.is_none_or(|peer| peer.others.may_wait());
        let everybody = everybody.then_some(&self.everybody);
        everybody.into_iter().chain(peer.map(|peer| &peer.socket))
    }

    /// Takes a packet that waits at one of them. An error is what ICMP says of an earlier one.
    pub(super) fn take(socket: &UdpSocket, packet: &mut [u8]) -> Result<(usize, SocketAddr)> {
        socket.recv_from(packet)
    }

    /// All that waited at one of them has been taken.
    pub(super) fn all_taken(&self, socket: &UdpSocket) {
        if let Some(peer) = self.connected()
            && std::ptr::eq(socket, &self.everybody)
        {
            peer.others.all_taken();
        }
    }

    /// Sends the packet of a beat.
    pub(super) fn beat(&self, packet: &[u8], to: SocketAddr, readable: &Rc<Readable>) {
        match self.beats.get() {
            BEATS_UNCONNECTED => {
                self.peer.get_or_init(|| self.connect(to, readable));
            }
            beats => self.beats.set(beats + 1),
        }
        self.send(packet, to);
    }

    /// Sends a packet.
    pub(super) fn send(&self, packet: &[u8], to: SocketAddr) {
        let sent = self.connected().is_some_and(|peer| peer.send(packet, to));
        if !sent {
            // A peer that is not there yet, or no more, answers with ICMP; the next beat tries
            // again.
            let _ = self.everybody.send_to(packet, to);
        }
    }

    /// Whether the port is connected to this address.
    #[cfg(test)]
    pub(super) fn leads_to(&self, to: SocketAddr) -> bool {
        self.connected().is_some_and(|peer| peer.to.get() == to)
    }

    fn connected(&self) -> Option<&Connected> {
        self.peer.get()?.as_ref()
    }

    fn connect(&self, to: SocketAddr, readable: &Rc<Readable>) -> Option<Connected> {
        Connected::beside(&self.everybody, to, readable)
            .inspect_err(|error| tracing::debug!(%to, %error, "an RTP port stays unconnected"))
            .ok()
    }
}

/// The socket that leads to the peer.
struct Connected {
    socket: UdpSocket,
    to: Cell<SocketAddr>,
    /// Of the socket for everybody else, where little comes from now on.
    others: News,
}

impl Connected {
    /// A second socket on the port of the first.
    fn beside(everybody: &UdpSocket, to: SocketAddr, readable: &Rc<Readable>) -> Result<Connected> {
        let local = everybody.local_addr()?;
        let second = unbound(local, RECEIVE_BUFFER)?;
        // Two sockets have one port when both allow it while the second is bound. No third one gets
        // in afterwards.
        let first = SockRef::from(everybody);
        first.set_reuse_address(true)?;
        let bound = Self::share(&second, local);
        first.set_reuse_address(false)?;
        bound?;
        let socket = UdpSocket::from(second);
        socket.connect(to)?;
        Ok(Connected {
            socket,
            to: Cell::new(to),
            others: News::of(everybody, local.port(), readable),
        })
    }

    fn share(second: &Socket, local: SocketAddr) -> Result<()> {
        second.set_reuse_address(true)?;
        second.bind(&local.into())?;
        second.set_reuse_address(false)
    }

    /// False when the packet has to leave by the other socket.
    fn send(&self, packet: &[u8], to: SocketAddr) -> bool {
        if self.to.get() != to {
            if self.socket.connect(to).is_err() {
                return false;
            }
            self.to.set(to);
        }
        match self.socket.send(packet) {
            Ok(_) => true,
            // The queue is full, as it would be for the other one.
            Err(error) if error.kind() == ErrorKind::WouldBlock => true,
            // What ICMP says of an earlier packet is told in place of sending this one.
            Err(_) => self.socket.send(packet).is_ok(),
        }
    }
}
