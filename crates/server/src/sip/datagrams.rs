//! UDP: reading in batches, and sending.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hookflash_sip::{ConnectionId, Flow, Transmit, Transport};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::shard_of_datagram;
use crate::shard::{Input, Shard};

/// How many datagrams are read before calls get their turn.
const BATCH: usize = 64;
/// The longest datagram there is.
const LONGEST: usize = 65_535;

/// The UDP sockets of the process, by the address that they are bound to.
#[derive(Clone, Debug, Default)]
pub(crate) struct UdpSockets(Arc<Vec<(SocketAddr, UdpSocket)>>);

impl UdpSockets {
    pub(crate) fn new(sockets: Vec<(SocketAddr, UdpSocket)>) -> UdpSockets {
        UdpSockets(Arc::new(sockets))
    }

    /// Sends a message from the address that its flow names.
    pub(crate) fn send(&self, transmit: &Transmit) -> io::Result<()> {
        let flow = &transmit.flow;
        let own = self.0.iter().find(|(local, _)| *local == flow.local);
        let same_family =
            |(local, _): &&(SocketAddr, UdpSocket)| local.is_ipv4() == flow.remote.is_ipv4();
        let (_, socket) = own
            .or_else(|| self.0.iter().find(same_family))
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::AddrNotAvailable,
                    "no UDP listener of this family",
                )
            })?;
        socket.send_to(&transmit.bytes, flow.remote).map(|_| ())
    }
}

/// Has the runtime say when a socket can be read, and nothing else: whoever waits for room to send
/// as well is woken after each datagram that was sent.
#[allow(
    deprecated,
    reason = "its successor is unsafe code, for types that may lose their descriptor; a socket of \
              the standard library keeps it"
)]
pub(crate) fn readable(socket: UdpSocket) -> io::Result<AsyncFd<UdpSocket>> {
    AsyncFd::with_interest(socket, Interest::READABLE)
}

/// Reads a socket for as long as the shard lives. Datagrams of other shards' calls are handed
/// over; what does not fit into their queues is lost, as on the wire, and sent again.
pub(crate) async fn receive(shard: Rc<Shard>, socket: AsyncFd<UdpSocket>, local: SocketAddr) {
    let mut buffer = vec![0; LONGEST];
    loop {
        let mut ready = match socket.readable().await {
            Ok(ready) => ready,
            Err(error) => {
                tracing::error!(%local, %error, "a UDP listener broke");
                return;
            }
        };
        let since = Instant::now();
        let mut read = 0;
        shard.look_at_the_door(since);
        while read < BATCH {
            let Ok(received) = ready.try_io(|socket| socket.get_ref().recv_from(&mut buffer))
            else {
                break;
            };
            read += 1;
            // ICMP about an earlier datagram; its transaction finds out by itself.
            let Ok((length, remote)) = received else {
                continue;
            };
            let flow = Flow {
                transport: Transport::Udp,
                local,
                remote,
                connection: ConnectionId(0),
            };
            let datagram = buffer.get(..length).unwrap_or_default();
            match shard_of_datagram(datagram, shard.count()) {
                own if own == shard.index() => shard.datagram(flow, datagram),
                other => {
                    let bytes = Bytes::copy_from_slice(datagram);
                    shard.mail().post(
                        other,
                        Input::Datagram {
                            flow,
                            bytes,
                            at: since,
                        },
                    );
                }
            }
        }
        shard.flush();
        if read < BATCH {
            shard.door().caught_up();
        } else {
            shard.door().behind(since);
            tokio::task::yield_now().await;
        }
    }
}
