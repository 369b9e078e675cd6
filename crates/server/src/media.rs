//! The audio side of calls: one bound UDP port per leg, and the session that beats behind it.

mod leg;
mod pacer;
mod ports;
mod readable;
mod standstill;
mod waiting;
mod wire;

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_call::{MediaError, MediaPort};
use hookflash_media::rtp::RtpStart;
use hookflash_media::{MediaEvent, Session, SessionConfig};
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Ports;
use leg::Leg;
pub(crate) use leg::Tally;
use pacer::Pacer;
use ports::PortPool;

/// The receive buffer of a port, in bytes. The kernel charges a small packet with some 800, and
/// a peer's jitter may hold back 100 ms; the rest is for a beat that comes late.
const RECEIVE_BUFFER: usize = 64 * 1_024;

/// The receive buffer of an RTCP port: reports are small and seldom.
const RTCP_BUFFER: usize = 8 * 1_024;

/// How SDP names this machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advertise {
    /// The configured address; it stands for every other.
    pub(crate) configured: Option<IpAddr>,
    /// The addresses of the SIP listeners, for those that are bound to one.
    pub(crate) listeners: Vec<IpAddr>,
}

/// The media of one shard.
pub(crate) struct Media {
    ports: Rc<RefCell<PortPool>>,
    pacer: Pacer,
    advertise: RefCell<Advertise>,
    packet_timeout: Cell<Option<Duration>>,
}

impl Media {
    /// Takes the share of `range` that belongs to shard `index` of `count`.
    pub(crate) fn new(range: Ports, index: usize, count: usize, advertise: Advertise) -> Media {
        let start = rand::random();
        Media {
            ports: Rc::new(RefCell::new(PortPool::new(range, index, count, start))),
            pacer: Pacer::new(),
            advertise: RefCell::new(advertise),
            packet_timeout: Cell::new(None),
        }
    }

    /// For how long a peer may send nothing, from now on for new legs; `None` for ever.
    pub(crate) fn set_packet_timeout(&self, timeout: Option<Duration>) {
        self.packet_timeout.set(timeout);
    }

    /// What the legs have done.
    pub(crate) fn tally(&self) -> &Tally {
        self.pacer.tally()
    }

    /// How many legs beat.
    pub(crate) fn legs(&self) -> usize {
        self.pacer.legs()
    }

    /// Binds a port for a peer at `towards`.
    pub(crate) fn open(&self, towards: IpAddr) -> Result<Port, MediaError> {
        let (local, shown) = self.own_address(towards)?;
        let mut last = None;
        let tries = self.ports.borrow().free();
        for _ in 0..tries {
            let Some(port) = self.ports.borrow_mut().take() else {
                break;
            };
            match bind(SocketAddr::new(local, port), RECEIVE_BUFFER) {
                Ok(socket) => {
                    let config = SessionConfig {
                        start: RtpStart::from_random(rand::random()),
                        packet_timeout: self.packet_timeout.get(),
                    };
                    return Ok(Port {
                        address: SocketAddr::new(shown, port),
                        leg: Rc::new(Leg::new(socket, config, towards)),
                        slot: Cell::new(None),
                        pacer: self.pacer.clone(),
                        pool: Rc::clone(&self.ports),
                    });
                }
                Err(error) => {
                    self.ports.borrow_mut().give_back(port);
                    // Another process may sit on a port; anything else concerns all ports alike.
                    if error.kind() != std::io::ErrorKind::AddrInUse {
                        return Err(MediaError::Refused(error.to_string()));
                    }
                    last = Some(error);
                }
            }
        }
        tracing::warn!(error = ?last, "no RTP port is left; widen media.ports");
        Err(MediaError::NoPortLeft)
    }

    /// How many ports are in use.
    pub(crate) fn in_use(&self) -> usize {
        self.ports.borrow().in_use()
    }

    /// The address to bind, and the one to write into SDP.
    fn own_address(&self, towards: IpAddr) -> Result<(IpAddr, IpAddr), MediaError> {
        let advertise = self.advertise.borrow();
        let same_family = |ip: &&IpAddr| ip.is_ipv4() == towards.is_ipv4();
        let wildcard: IpAddr = match towards {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        if let Some(configured) = advertise.configured.as_ref().filter(same_family) {
            return Ok((wildcard, *configured));
        }
        let mut bound = advertise.listeners.iter().filter(same_family);
        let own = |ip: &&IpAddr| !ip.is_unspecified();
        let reaches = |ip: &&IpAddr| own(ip) && ip.is_loopback() == towards.is_loopback();
        if let Some(local) = bound.clone().find(reaches) {
            return Ok((*local, *local));
        }
        // Where there is no route, as on a machine without a network, a name may still lead to a
        // listener's own address.
        let shown = match (route_towards(towards), bound.find(own)) {
            (Ok(shown), _) => shown,
            (Err(_), Some(local)) => return Ok((*local, *local)),
            (Err(error), None) => {
                let why = format!("there is no route to the peer: {error}");
                return Err(MediaError::Refused(why));
            }
        };
        Ok((wildcard, shown))
    }
}

/// The address that packets towards a peer leave from. Nothing is sent.
pub(crate) fn route_towards(peer: IpAddr) -> std::io::Result<IpAddr> {
    let any: SocketAddr = match peer {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    // Port 9 is discard; connecting a datagram socket only asks for the route.
    socket.connect((peer, 9))?;
    Ok(socket.local_addr()?.ip())
}

fn bind(address: SocketAddr, buffer: usize) -> std::io::Result<UdpSocket> {
    let socket = unbound(address, buffer)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A socket that can be bound to this address.
fn unbound(address: SocketAddr, buffer: usize) -> std::io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM.nonblocking(),
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A wish only; a kernel that keeps a larger buffer does no harm.
    let _ = socket.set_recv_buffer_size(buffer);
    Ok(socket)
}

/// The audio side of one leg. Dropping it closes the socket and frees the port.
pub(crate) struct Port {
    address: SocketAddr,
    leg: Rc<Leg>,
    /// Where in the wheel it beats, once it does.
    slot: Cell<Option<usize>>,
    pacer: Pacer,
    pool: Rc<RefCell<PortPool>>,
}

impl MediaPort for Port {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn session<R>(&self, work: impl FnOnce(&mut Session, Instant) -> R) -> R {
        if self.slot.get().is_none() {
            self.slot.set(Some(self.pacer.add(Rc::clone(&self.leg))));
        }
        self.leg.session(work)
    }

    async fn event(&self) -> MediaEvent {
        self.leg.event().await
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.get() {
            self.pacer.remove(slot, &self.leg);
            self.leg.end();
        }
        self.pool.borrow_mut().give_back(self.address.port());
    }
}

#[cfg(test)]
mod tests;
