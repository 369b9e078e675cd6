//! Where a message came from and where it goes, without a socket in sight.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// A transport that SIP runs over (RFC 3261 §18, RFC 7118).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// UDP: unreliable, so transactions retransmit.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// Whether the transport delivers by itself, so that nothing is retransmitted.
    pub fn is_reliable(self) -> bool {
        self != Transport::Udp
    }

    /// The token of a Via header, such as `UDP`.
    pub fn via_token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// Reads a Via token or a `transport=` parameter, in any case.
    pub fn from_token(token: &str) -> Option<Transport> {
        [
            Transport::Udp,
            Transport::Tcp,
            Transport::Tls,
            Transport::Ws,
            Transport::Wss,
        ]
        .into_iter()
        .find(|transport| transport.via_token().eq_ignore_ascii_case(token))
    }

    /// The port used when none is written (RFC 3261 §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.via_token())
    }
}

/// Names one connection of a stream transport within the process; 0 stands for "none" (UDP, or
/// a connection still to be opened).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// The pair of addresses that a message travels between, and the connection it uses if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The transport.
    pub transport: Transport,
    /// Our address: the listener's for UDP.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// The connection to prefer; when it is gone a new one is opened to `remote`.
    pub connection: ConnectionId,
}

/// Names a transmission, so that its failure can be reported back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransmitId(pub u64);

/// Bytes that the owner of the sockets is asked to send.
#[derive(Clone, Debug)]
pub struct Transmit {
    /// Handed back with `handle_send_error` when sending fails.
    pub id: TransmitId,
    /// Where to.
    pub flow: Flow,
    /// A whole SIP message.
    pub bytes: Bytes,
}
