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

use socket2::{SockRef, Socket};

use super::{RECEIVE_BUFFER, unbound};

/// Beats that a call lasts before its port is connected (5 s): shorter ones would not earn the
/// socket, which costs as much as sending forty packets does.
const BEATS_UNCONNECTED: u8 = 250;
/// Beats from one look at the socket for everybody else to the next, while nothing comes there.
const BEATS_BETWEEN_LOOKS: u8 = 5;
/// Beats for which it is looked at each time after something has come there.
const BEATS_ATTENTIVE: u8 = 50;

/// The RTP port of one leg.
pub(super) struct Wire {
    everybody: UdpSocket,
    /// `None` inside when it cannot be had, as when files run out.
    peer: OnceCell<Option<Connected>>,
    beats: Cell<u8>,
    /// Beats since something came to `everybody`, as far as they are counted.
    quiet: Cell<u8>,
}

impl Wire {
    /// The port that a socket is bound to.
    pub(super) fn new(everybody: UdpSocket) -> Wire {
        Wire {
            everybody,
            peer: OnceCell::new(),
            beats: Cell::new(0),
            quiet: Cell::new(0),
        }
    }

    /// What the port is bound to.
    pub(super) fn local(&self) -> Result<SocketAddr> {
        self.everybody.local_addr()
    }

    /// The sockets to be looked at in this beat.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        let peer = self.connected();
        let quiet = self.quiet.get();
        self.quiet
            .set(quiet.checked_add(1).unwrap_or(BEATS_ATTENTIVE + 1));
        let everybody =
            peer.is_none() || quiet < BEATS_ATTENTIVE || quiet.is_multiple_of(BEATS_BETWEEN_LOOKS);
        let everybody = everybody.then_some(&self.everybody);
        everybody.into_iter().chain(peer.map(|peer| &peer.socket))
    }

    /// Takes a packet that waits at one of them. An error is what ICMP says of an earlier one.
    pub(super) fn take(
        &self,
        socket: &UdpSocket,
        packet: &mut [u8],
    ) -> Result<(usize, SocketAddr)> {
        if std::ptr::eq(socket, &self.everybody) {
            self.quiet.set(0);
        }
        socket.recv_from(packet)
    }

    /// Sends the packet of a beat.
    pub(super) fn beat(&self, packet: &[u8], to: SocketAddr) {
        match self.beats.get() {
            BEATS_UNCONNECTED => {
                self.peer.get_or_init(|| self.connect(to));
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

    fn connect(&self, to: SocketAddr) -> Option<Connected> {
        Connected::beside(&self.everybody, to)
            .inspect_err(|error| tracing::debug!(%to, %error, "an RTP port stays unconnected"))
            .ok()
    }
}

/// The socket that leads to the peer.
struct Connected {
    socket: UdpSocket,
    to: Cell<SocketAddr>,
}

impl Connected {
    /// A second socket on the port of the first.
    fn beside(first: &UdpSocket, to: SocketAddr) -> Result<Connected> {
        let local = first.local_addr()?;
        let second = unbound(local, RECEIVE_BUFFER)?;
        // Two sockets have one port when both allow it while the second is bound. No third one gets
        // in afterwards.
        let first = SockRef::from(first);
        first.set_reuse_address(true)?;
        let bound = Self::share(&second, local);
        first.set_reuse_address(false)?;
        bound?;
        let socket = UdpSocket::from(second);
        socket.connect(to)?;
        Ok(Connected {
            socket,
            to: Cell::new(to),
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
