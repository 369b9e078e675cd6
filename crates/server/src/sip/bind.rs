//! The sockets that SIP is spoken on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use hookflash_sip::{Listener, Transport};
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Listen;
use crate::media::route_towards;

/// The kernel's queue of datagrams, in bytes: a second's worth of a busy server.
const UDP_BUFFER: usize = 4 * 1024 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 1_024;

/// A bound socket.
#[derive(Debug)]
pub(crate) enum Bound {
    Udp(UdpSocket),
    Tcp(TcpListener),
}

/// Binds one address; port 0 lets the system choose.
pub(crate) fn bind(listen: Listen) -> io::Result<(Bound, SocketAddr)> {
    let is_udp = listen.transport == Transport::Udp;
    let (kind, protocol) = if is_udp {
        (Type::DGRAM, Protocol::UDP)
    } else {
        (Type::STREAM, Protocol::TCP)
    };
    let socket = Socket::new(Domain::for_address(listen.address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if listen.address.is_ipv6() {
        // Both families may be listened on with the same port.
        socket.set_only_v6(true)?;
    }
    if is_udp {
        // Wishes: a kernel with a lower limit gives what it can.
        let _ = socket.set_recv_buffer_size(UDP_BUFFER);
        let _ = socket.set_send_buffer_size(UDP_BUFFER);
    } else {
        // A restarted server must not wait for its predecessor's connections to fade.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&listen.address.into())?;
    if is_udp {
        let socket: UdpSocket = socket.into();
        let address = socket.local_addr()?;
        return Ok((Bound::Udp(socket), address));
    }
    socket.listen(BACKLOG)?;
    let socket: TcpListener = socket.into();
    let address = socket.local_addr()?;
    Ok((Bound::Tcp(socket), address))
}

/// The listener as the endpoint sees it. `advertise` is the configured host, if any.
pub(crate) fn listener(
    transport: Transport,
    local: SocketAddr,
    advertise: Option<&str>,
) -> Listener {
    let written = match advertise {
        Some(host) => with_port(host, local.port()),
        None if local.ip().is_unspecified() => {
            // Documentation addresses (RFC 5737, RFC 3849) stand for "out there": the address
            // that leads there is the one that peers can most likely reach.
            let out_there: IpAddr = match local {
                SocketAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
                SocketAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
            };
            let host = route_towards(out_there).ok();
            host.map(|ip| SocketAddr::new(ip, local.port()).to_string())
                .unwrap_or_default()
        }
        None => local.to_string(),
    };
    Listener {
        transport,
        local,
        advertise: written,
    }
}

fn with_port(host: &str, port: u16) -> String {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return SocketAddr::new(ip, port).to_string();
    }
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advertised_host_gets_the_port_that_was_bound() {
        let local = "0.0.0.0:5080".parse().unwrap();
        for (given, written) in [
            ("203.0.113.7", "203.0.113.7:5080"),
            ("2001:db8::7", "[2001:db8::7]:5080"),
            ("voice.example.com", "voice.example.com:5080"),
            ("voice.example.com:5070", "voice.example.com:5070"),
        ] {
            assert_eq!(
                listener(Transport::Udp, local, Some(given)).advertise,
                written
            );
        }
        let bound = "127.0.0.1:5080".parse().unwrap();
        assert_eq!(
            listener(Transport::Udp, bound, None).advertise,
            "127.0.0.1:5080"
        );
    }

    #[test]
    fn a_taken_address_is_an_error_and_port_0_finds_a_free_one() {
        for scheme in ["udp", "tcp"] {
            let free = Listen::parse(&format!("{scheme}://127.0.0.1:0")).unwrap();
            let (socket, address) = bind(free).unwrap();
            assert_ne!(address.port(), 0);
            let taken = Listen::parse(&format!("{scheme}://{address}")).unwrap();
            assert_eq!(bind(taken).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            drop(socket);
        }
    }
}
