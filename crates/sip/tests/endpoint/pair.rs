//! Two endpoints and the network between them, in virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookflash_sip::{
    Census, ConnectionId, Credentials, Endpoint, EndpointConfig, Event, Flow, LegEnd, LegId,
    Listener, Message, OutgoingInvite, Transmit, Transport,
};

use crate::raw::{SDP, address};

/// What the network does to packets, in percent and milliseconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) loss: u64,
    pub(crate) duplication: u64,
    pub(crate) delay: u64,
    pub(crate) jitter: u64,
    pub(crate) partitioned: bool,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    at: Instant,
    order: u64,
    to_b: bool,
    tcp: bool,
    bytes: Bytes,
}

pub(crate) struct Side {
    pub(crate) endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    pub(crate) events: VecDeque<(LegId, Event)>,
    /// Everything this side has put on the wire: transport and start line.
    pub(crate) sent: Vec<(Transport, String)>,
}

pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) a: Side,
    pub(crate) b: Side,
    pub(crate) faults: Faults,
    pub(crate) tcp_refused: bool,
    packets: BinaryHeap<Reverse<Packet>>,
    order: u64,
    random: u64,
}

/// The configuration of a side; A is 10.0.0.1, B is 10.0.0.2.
pub(crate) fn side_config(local: &str) -> EndpointConfig {
    let local = address(local);
    let listeners = [Transport::Udp, Transport::Tcp].map(|transport| Listener {
        transport,
        local,
        advertise: String::new(),
    });
    EndpointConfig {
        listeners: listeners.into(),
        session_expires: None,
        wire_events: false,
        accept_refer: true,
        ..EndpointConfig::default()
    }
}

pub(crate) fn sdp() -> Bytes {
    Bytes::from_static(SDP.as_bytes())
}

impl Pair {
    pub(crate) fn new(seed: u64) -> Pair {
        Pair::with(
            seed,
            side_config("10.0.0.1:5060"),
            side_config("10.0.0.2:5060"),
        )
    }

    pub(crate) fn with(seed: u64, a: EndpointConfig, b: EndpointConfig) -> Pair {
        let side = |config: EndpointConfig, seed| Side {
            address: config.listeners[0].local,
            endpoint: Endpoint::new(config, seed),
            events: VecDeque::new(),
            sent: Vec::new(),
        };
        Pair {
            now: Instant::now(),
            a: side(a, seed * 2 + 1),
            b: side(b, seed * 2 + 2),
            faults: Faults {
                delay: 10,
                ..Faults::default()
            },
            tcp_refused: false,
            packets: BinaryHeap::new(),
            order: 0,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    pub(crate) fn draw(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    /// The next thing that happens: a packet arrives or a timer fires. False when nothing will.
    pub(crate) fn step(&mut self) -> bool {
        self.drain();
        let packet = self.packets.peek().map(|Reverse(packet)| packet.at);
        let timers = [&self.a, &self.b].map(|side| side.endpoint.poll_timeout());
        let Some(next) = timers.into_iter().chain([packet]).flatten().min() else {
            return false;
        };
        self.now = self.now.max(next);
        if packet == Some(next)
            && let Some(Reverse(packet)) = self.packets.pop()
        {
            self.deliver(packet);
        } else {
            for side in [&mut self.a, &mut self.b] {
                if side
                    .endpoint
                    .poll_timeout()
                    .is_some_and(|at| at <= self.now)
                {
                    side.endpoint.handle_timeout(self.now);
                }
            }
        }
        self.drain();
        true
    }

    /// Goes on until nothing happens within `time`, or `time` has passed.
    pub(crate) fn drive(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.drain();
            let packet = self.packets.peek().map(|Reverse(packet)| packet.at);
            let timers = [&self.a, &self.b].map(|side| side.endpoint.poll_timeout());
            match timers.into_iter().chain([packet]).flatten().min() {
                Some(next) if next <= end => self.step(),
                _ => break,
            };
        }
        self.now = end;
    }

    /// Goes on until something holds; fails when it never does.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Pair) -> bool) {
        for _ in 0..100_000 {
            self.drain();
            if holds(self) {
                return;
            }
            assert!(self.step(), "nothing happens any more, but not: {what}");
        }
        panic!("never: {what}");
    }

    fn deliver(&mut self, packet: Packet) {
        let (from, side) = match packet.to_b {
            true => (self.a.address, &mut self.b),
            false => (self.b.address, &mut self.a),
        };
        let transport = if packet.tcp {
            Transport::Tcp
        } else {
            Transport::Udp
        };
        let connection = ConnectionId(u64::from(packet.tcp));
        let flow = Flow {
            transport,
            local: side.address,
            remote: from,
            connection,
        };
        if packet.tcp {
            let message = Message::parse_datagram(&packet.bytes).expect("what was sent");
            side.endpoint.handle_message(self.now, flow, message);
        } else {
            side.endpoint.handle_datagram(self.now, flow, &packet.bytes);
        }
    }

    fn drain(&mut self) {
        for is_a in [true, false] {
            loop {
                let side = if is_a { &mut self.a } else { &mut self.b };
                while let Some(event) = side.endpoint.poll_event() {
                    side.events.push_back(event);
                }
                let Some(transmit) = side.endpoint.poll_transmit() else {
                    break;
                };
                self.send(is_a, transmit);
            }
        }
    }

    fn send(&mut self, from_a: bool, transmit: Transmit) {
        let Transmit { id, flow, bytes } = transmit;
        let line = String::from_utf8_lossy(&bytes)
            .lines()
            .next()
            .unwrap_or("")
            .to_owned();
        let (to, side) = match from_a {
            true => (self.b.address, &mut self.a),
            false => (self.a.address, &mut self.b),
        };
        side.sent.push((flow.transport, line));
        let tcp = flow.transport == Transport::Tcp;
        if tcp && self.tcp_refused {
            side.endpoint
                .handle_send_error(self.now, id, "connection refused");
            return;
        }
        assert_eq!(flow.remote, to, "to the other side");
        if self.faults.partitioned || (!tcp && self.draw(100) < self.faults.loss) {
            return;
        }
        let copies = 1 + u64::from(!tcp && self.draw(100) < self.faults.duplication);
        for _ in 0..copies {
            let jitter = if tcp {
                0
            } else {
                self.draw(self.faults.jitter + 1)
            };
            self.order += 1;
            self.packets.push(Reverse(Packet {
                at: self.now + Duration::from_millis(self.faults.delay + jitter),
                order: self.order,
                to_b: from_a,
                tcp,
                bytes: bytes.clone(),
            }));
        }
    }

    /// A calls B.
    pub(crate) fn invite(&mut self, change: impl FnOnce(&mut OutgoingInvite)) -> LegId {
        let mut invite = OutgoingInvite {
            uri: format!("sip:bob@{}", self.b.address),
            from: "\"A\" <sip:alice@10.0.0.1>".to_owned(),
            to: "<sip:bob@10.0.0.2>".to_owned(),
            body: Some(sdp()),
            ..OutgoingInvite::default()
        };
        change(&mut invite);
        self.a.endpoint.invite(self.now, invite).unwrap()
    }

    /// A calls B and B answers; both legs are up.
    pub(crate) fn call(&mut self) -> (LegId, LegId) {
        let a = self.invite(|_| {});
        self.connect(a)
    }

    pub(crate) fn connect(&mut self, a: LegId) -> (LegId, LegId) {
        self.until("the call arrives", |pair| pair.b.incoming().is_some());
        let b = self.b.take_incoming();
        self.b.endpoint.answer(self.now, b, &[], sdp()).unwrap();
        self.until("both sides are up", |pair| {
            pair.a.endpoint.is_confirmed(a) && pair.b.endpoint.is_confirmed(b)
        });
        self.a.events.clear();
        self.b.events.clear();
        (a, b)
    }

    /// Nothing is left on either side once the timers have run.
    pub(crate) fn expect_nothing_left(&mut self) {
        self.drive(Duration::from_secs(3600));
        assert_eq!(self.a.endpoint.census(), Census::default(), "side A");
        assert_eq!(self.b.endpoint.census(), Census::default(), "side B");
    }
}

impl Side {
    pub(crate) fn incoming(&self) -> Option<LegId> {
        self.events
            .iter()
            .find(|(_, e)| matches!(e, Event::Incoming { .. }))
            .map(|(leg, _)| *leg)
    }

    pub(crate) fn take_incoming(&mut self) -> LegId {
        let leg = self.incoming().expect("a call has come in");
        self.events
            .retain(|(_, event)| !matches!(event, Event::Incoming { .. }));
        leg
    }

    /// The first event that `pick` wants; those before it stay.
    pub(crate) fn take<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let at = self
            .events
            .iter()
            .position(|(_, event)| pick(event).is_some())?;
        let (_, event) = self.events.remove(at)?;
        pick(&event)
    }

    pub(crate) fn ended(&mut self) -> Option<LegEnd> {
        self.take(|event| match event {
            Event::Ended(end) => Some(end.clone()),
            _ => None,
        })
    }

    pub(crate) fn sent_count(&self, start: &str) -> usize {
        self.sent
            .iter()
            .filter(|(_, line)| line.starts_with(start))
            .count()
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        username: "alice".to_owned(),
        password: "secret".to_owned(),
        realm: None,
    }
}
