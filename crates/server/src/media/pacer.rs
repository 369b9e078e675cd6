//! The beat of 20 ms at which streams send, one for all streams of a shard.
//!
//! Streams are spread over the slots of a small wheel, so that a thousand calls do not send in
//! the same instant. The wheel turns only while there are streams.

use std::cell::RefCell;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::Duration;

use hookflash_media::NegotiatedStream;
use hookflash_media::rtp::{PACKET_SIZE, RtpStart, SilenceSource};
use tokio::time::{MissedTickBehavior, interval};

/// A packet of every stream each 20 ms.
const BEAT: Duration = Duration::from_millis(20);
/// How many slots the wheel has.
const SLOTS: usize = 4;
/// How often, in turns of the wheel, a socket is emptied of what came in: once per second.
const TURNS_BETWEEN_DRAINS: u32 = 50;
/// How many packets are thrown away at a time.
const DRAINED_AT_ONCE: usize = 64;

/// Names a stream of a pacer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamId {
    slot: usize,
    serial: u64,
}

struct Stream {
    serial: u64,
    socket: Rc<UdpSocket>,
    source: SilenceSource,
    /// `None` while it is paused.
    remote: Option<SocketAddr>,
}

#[derive(Default)]
struct Wheel {
    slots: [Vec<Stream>; SLOTS],
    next_serial: u64,
    turning: bool,
}

/// The streams of one shard.
#[derive(Clone, Default)]
pub(crate) struct Pacer(Rc<RefCell<Wheel>>);

impl Pacer {
    /// Begins a stream and, if it is the first, the beat. Called within a `LocalSet`.
    pub(crate) fn add(
        &self,
        socket: Rc<UdpSocket>,
        remote: SocketAddr,
        stream: &NegotiatedStream,
    ) -> StreamId {
        let mut wheel = self.0.borrow_mut();
        let serial = wheel.next_serial;
        wheel.next_serial += 1;
        let fewest = wheel
            .slots
            .iter()
            .enumerate()
            .min_by_key(|(_, streams)| streams.len());
        let slot = fewest.map_or(0, |(slot, _)| slot);
        let start = RtpStart::from_random(rand::random());
        let source = SilenceSource::new(stream.codec, stream.payload_type, start);
        if let Some(streams) = wheel.slots.get_mut(slot) {
            streams.push(Stream {
                serial,
                socket,
                source,
                remote: Some(remote),
            });
        }
        if !wheel.turning {
            wheel.turning = true;
            tokio::task::spawn_local(turn(Rc::clone(&self.0)));
        }
        StreamId { slot, serial }
    }

    pub(crate) fn change(&self, id: StreamId, remote: SocketAddr, to: &NegotiatedStream) {
        self.with(id, |stream| {
            stream.source.set_codec(to.codec, to.payload_type);
            stream.remote = Some(remote);
        });
    }

    pub(crate) fn pause(&self, id: StreamId) {
        self.with(id, |stream| stream.remote = None);
    }

    pub(crate) fn remove(&self, id: StreamId) {
        let mut wheel = self.0.borrow_mut();
        if let Some(streams) = wheel.slots.get_mut(id.slot)
            && let Some(at) = streams.iter().position(|stream| stream.serial == id.serial)
        {
            streams.swap_remove(at);
        }
    }

    /// How many streams there are, paused ones included.
    #[cfg(test)]
    pub(crate) fn streams(&self) -> usize {
        self.0.borrow().slots.iter().map(Vec::len).sum()
    }

    fn with(&self, id: StreamId, change: impl FnOnce(&mut Stream)) {
        let mut wheel = self.0.borrow_mut();
        let streams = wheel.slots.get_mut(id.slot);
        if let Some(stream) = streams.and_then(|s| s.iter_mut().find(|s| s.serial == id.serial)) {
            change(stream);
        }
    }
}

/// Turns the wheel until no stream is left.
async fn turn(wheel: Rc<RefCell<Wheel>>) {
    let mut ticks = interval(BEAT / SLOTS as u32);
    // After a stall the streams go on; what was missed is missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut packet = [0; PACKET_SIZE];
    let mut turns: u32 = 0;
    loop {
        for slot in 0..SLOTS {
            ticks.tick().await;
            let mut wheel = wheel.borrow_mut();
            let Some(streams) = wheel.slots.get_mut(slot) else {
                continue;
            };
            for stream in streams {
                beat(stream, &mut packet);
                if turns.is_multiple_of(TURNS_BETWEEN_DRAINS) {
                    drain(&stream.socket);
                }
            }
        }
        turns = turns.wrapping_add(1);
        let mut wheel = wheel.borrow_mut();
        if wheel.slots.iter().all(Vec::is_empty) {
            wheel.turning = false;
            return;
        }
    }
}

fn beat(stream: &mut Stream, packet: &mut [u8; PACKET_SIZE]) {
    let Some(remote) = stream.remote else {
        stream.source.skip_packet();
        return;
    };
    if let Ok(length) = stream.source.next_packet(packet) {
        // A peer that is not there yet, or no more, answers with ICMP; the next beat tries again.
        let _ = stream
            .socket
            .send_to(packet.get(..length).unwrap_or_default(), remote);
    }
}

fn drain(socket: &UdpSocket) {
    let mut nothing = [0; 16];
    for _ in 0..DRAINED_AT_ONCE {
        if socket.recv(&mut nothing).is_err() {
            return;
        }
    }
}
