//! A network in virtual time: datagrams between addresses, with delay, loss and duplication.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hookflash_sip::{ConnectionId, Endpoint, Event, Flow, LegId, Transport};
use tokio::sync::Notify;

/// How the network treats datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Datagrams of a thousand that are lost.
    pub lost: u64,
    /// Datagrams of a thousand that arrive twice.
    pub doubled: u64,
    /// Every datagram takes a millisecond, and up to this much more.
    pub jitter: Duration,
}

impl Weather {
    pub const FAIR: Weather = Weather {
        lost: 0,
        doubled: 0,
        jitter: Duration::ZERO,
    };
}

type Hear = Rc<dyn Fn(LegId, Event)>;

enum Node {
    /// A user agent on our own stack.
    Agent(Rc<RefCell<Endpoint>>, Hear),
    /// Somebody who reads every byte.
    Raw(Rc<Mailbox>),
}

impl Clone for Node {
    fn clone(&self) -> Node {
        match self {
            Node::Agent(endpoint, hear) => Node::Agent(Rc::clone(endpoint), Rc::clone(hear)),
            Node::Raw(mailbox) => Node::Raw(Rc::clone(mailbox)),
        }
    }
}

#[derive(Default)]
pub struct Mailbox {
    pub waiting: RefCell<VecDeque<Vec<u8>>>,
    pub arrived: Notify,
}

/// From, to, bytes.
type Datagram = (SocketAddr, SocketAddr, Vec<u8>);

pub struct Net {
    nodes: RefCell<HashMap<SocketAddr, Node>>,
    under_way: RefCell<BTreeMap<(Instant, u64), Datagram>>,
    count: Cell<u64>,
    dice: Cell<u64>,
    weather: Cell<Weather>,
    changed: Notify,
}

pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Net {
    pub fn new(weather: Weather) -> Rc<Net> {
        let net = Rc::new(Net {
            nodes: RefCell::default(),
            under_way: RefCell::default(),
            count: Cell::new(0),
            dice: Cell::new(0x9e37_79b9_7f4a_7c15),
            weather: Cell::new(weather),
            changed: Notify::new(),
        });
        tokio::task::spawn_local(Rc::clone(&net).run());
        net
    }

    pub fn add_agent(&self, address: SocketAddr, endpoint: Rc<RefCell<Endpoint>>, hear: Hear) {
        self.nodes
            .borrow_mut()
            .insert(address, Node::Agent(endpoint, hear));
    }

    pub fn add_raw(&self, address: SocketAddr) -> Rc<Mailbox> {
        let mailbox = Rc::new(Mailbox::default());
        self.nodes
            .borrow_mut()
            .insert(address, Node::Raw(Rc::clone(&mailbox)));
        mailbox
    }

    /// Works with an agent's endpoint, sends what it has to send and tells its news.
    pub fn with<R>(
        &self,
        address: SocketAddr,
        work: impl FnOnce(&mut Endpoint, Instant) -> R,
    ) -> R {
        let Some(Node::Agent(endpoint, hear)) = self.nodes.borrow().get(&address).cloned() else {
            panic!("{address} is no agent");
        };
        let result = work(&mut endpoint.borrow_mut(), now());
        self.drain(address, &endpoint, &hear);
        result
    }

    pub fn send(&self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        let weather = self.weather.get();
        if self.roll(1000) < weather.lost {
            return;
        }
        let copies = if self.roll(1000) < weather.doubled {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let jitter = u64::try_from(weather.jitter.as_micros()).unwrap();
            let delay = Duration::from_micros(1000 + self.roll(jitter + 1));
            self.count.set(self.count.get() + 1);
            let key = (now() + delay, self.count.get());
            self.under_way
                .borrow_mut()
                .insert(key, (from, to, bytes.clone()));
        }
        self.changed.notify_one();
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut dice = self.dice.get();
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        self.dice.set(dice);
        dice % sides.max(1)
    }

    fn drain(&self, address: SocketAddr, endpoint: &Rc<RefCell<Endpoint>>, hear: &Hear) {
        loop {
            let transmit = endpoint.borrow_mut().poll_transmit();
            let Some(transmit) = transmit else { break };
            self.send(address, transmit.flow.remote, transmit.bytes.to_vec());
        }
        loop {
            let event = endpoint.borrow_mut().poll_event();
            let Some((leg, event)) = event else { break };
            hear(leg, event);
        }
        loop {
            let question = endpoint.borrow_mut().poll_resolve();
            let Some(question) = question else { break };
            endpoint
                .borrow_mut()
                .handle_resolved(now(), question.id, Vec::new());
        }
        self.changed.notify_one();
    }

    async fn run(self: Rc<Net>) {
        loop {
            let due = self.due();
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(due) => {}
            }
            self.deliver();
            self.time_passed();
        }
    }

    fn due(&self) -> Option<Instant> {
        let delivery = self.under_way.borrow().keys().next().map(|(at, _)| *at);
        let nodes = self.nodes.borrow();
        let timers = nodes.values().filter_map(|node| match node {
            Node::Agent(endpoint, _) => endpoint.borrow().poll_timeout(),
            Node::Raw(_) => None,
        });
        timers.chain(delivery).min()
    }

    fn deliver(&self) {
        loop {
            let Some(entry) = self
                .under_way
                .borrow_mut()
                .first_entry()
                .and_then(|entry| (entry.key().0 <= now()).then(|| entry.remove()))
            else {
                return;
            };
            let (from, to, bytes) = entry;
            let node = self.nodes.borrow().get(&to).cloned();
            match node {
                Some(Node::Agent(endpoint, hear)) => {
                    let flow = Flow {
                        transport: Transport::Udp,
                        local: to,
                        remote: from,
                        connection: ConnectionId(0),
                    };
                    endpoint.borrow_mut().handle_datagram(now(), flow, &bytes);
                    self.drain(to, &endpoint, &hear);
                }
                Some(Node::Raw(mailbox)) => {
                    mailbox.waiting.borrow_mut().push_back(bytes);
                    mailbox.arrived.notify_one();
                }
                None => {}
            }
        }
    }

    fn time_passed(&self) {
        let agents: Vec<_> = self
            .nodes
            .borrow()
            .iter()
            .map(|(at, node)| (*at, node.clone()))
            .collect();
        for (address, node) in agents {
            let Node::Agent(endpoint, hear) = node else {
                continue;
            };
            let due = endpoint.borrow().poll_timeout();
            if due.is_some_and(|due| due <= now()) {
                endpoint.borrow_mut().handle_timeout(now());
                self.drain(address, &endpoint, &hear);
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
