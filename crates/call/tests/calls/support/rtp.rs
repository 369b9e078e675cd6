//! Audio in virtual time: ports whose sessions beat every 20 ms, packets between them, and a
//! handset at the far end that presses keys, speaks and listens.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_audio::{Clip, Item, Playlist, Tap, TapFrame};
use hookflash_call::MediaPort;
use hookflash_media::rtp::RtpStart;
use hookflash_media::{
    Codec, KeyToSend, LocalMedia, MediaEvent, OfferAnswer, Session, SessionConfig,
};
use tokio::sync::Notify;

use super::net::now;

const BEAT: Duration = Duration::from_millis(20);

/// The network that audio takes. It loses nothing unless told so.
pub struct RtpNet {
    ports: RefCell<BTreeMap<SocketAddr, Weak<Port>>>,
    opened: Notify,
    /// Whether time passes for the ports; held calls by the hundred need none of it.
    pub beats: Cell<bool>,
    /// Which packet of how many is lost; 0 for none.
    pub lose_every: Cell<u64>,
    packets: Cell<u64>,
}

/// One end of a stream.
struct Port {
    address: SocketAddr,
    session: RefCell<Session>,
    happened: Notify,
    /// Where the last beat's packet went, and its payload type.
    sent: Cell<Option<(SocketAddr, u8)>>,
}

impl RtpNet {
    pub fn new() -> Rc<RtpNet> {
        let net = Rc::new(RtpNet {
            ports: RefCell::default(),
            opened: Notify::new(),
            beats: Cell::new(true),
            lose_every: Cell::new(0),
            packets: Cell::new(0),
        });
        tokio::task::spawn_local(run(Rc::downgrade(&net)));
        net
    }

    /// Lets time pass for the ports, if it did not.
    pub fn start(&self) {
        self.beats.set(true);
        self.opened.notify_one();
    }

    fn open(&self, address: SocketAddr, start: u8, packet_timeout: Option<Duration>) -> Rc<Port> {
        let config = SessionConfig {
            start: RtpStart::from_random([start; 10]),
            packet_timeout,
        };
        let port = Rc::new(Port {
            address,
            session: RefCell::new(Session::new(config)),
            happened: Notify::new(),
            sent: Cell::new(None),
        });
        self.ports
            .borrow_mut()
            .insert(address, Rc::downgrade(&port));
        self.opened.notify_one();
        port
    }

    fn beat(&self) {
        let ports: Vec<Rc<Port>> = self
            .ports
            .borrow()
            .values()
            .filter_map(Weak::upgrade)
            .collect();
        let mut under_way = Vec::new();
        let mut buf = [0; 1_500];
        for port in &ports {
            let mut session = port.session.borrow_mut();
            let sent = session.beat(now(), &mut buf);
            port.sent.set(sent.map(|(to, _)| (to, buf[1] & 0x7f)));
            under_way.extend(sent.map(|(to, length)| (port.address, to, buf[..length].to_vec())));
            let report = session.poll_rtcp(now(), &mut buf);
            under_way.extend(report.map(|(to, length)| (port.address, to, buf[..length].to_vec())));
        }
        for (from, to, packet) in under_way {
            self.packets.set(self.packets.get() + 1);
            let every = self.lose_every.get();
            if every > 0 && self.packets.get().is_multiple_of(every) {
                continue;
            }
            let port = self.ports.borrow().get(&to).and_then(Weak::upgrade);
            if let Some(port) = port {
                port.session.borrow_mut().receive(now(), from, &packet);
            }
        }
        for port in ports {
            port.happened.notify_one();
        }
    }
}

async fn run(net: Weak<RtpNet>) {
    let mut next = tokio::time::Instant::now();
    loop {
        let Some(net) = net.upgrade() else { return };
        net.ports
            .borrow_mut()
            .retain(|_, port| port.strong_count() > 0);
        if net.ports.borrow().is_empty() || !net.beats.get() {
            // Whoever waits for a port holds no port, and the network goes with its world.
            let opened = tokio::time::timeout(Duration::from_secs(60), net.opened.notified());
            if opened.await.is_ok() {
                next = tokio::time::Instant::now();
            }
            continue;
        }
        next += BEAT;
        tokio::time::sleep_until(next).await;
        net.beat();
    }
}

/// The server's side of a leg's audio.
pub struct TestMedia {
    port: Rc<Port>,
    open_ports: Rc<Cell<usize>>,
}

impl TestMedia {
    pub fn open(
        net: &RtpNet,
        address: SocketAddr,
        open_ports: &Rc<Cell<usize>>,
        packet_timeout: Option<Duration>,
    ) -> TestMedia {
        open_ports.set(open_ports.get() + 1);
        TestMedia {
            port: net.open(address, 1, packet_timeout),
            open_ports: Rc::clone(open_ports),
        }
    }
}

impl RtpNet {
    /// Where the latest packet of a port went in the latest beat, and its payload type.
    pub fn sends(&self, port: u16) -> Option<(SocketAddr, u8)> {
        let address = ([127, 0, 0, 1], port).into();
        let port = self.ports.borrow().get(&address).and_then(Weak::upgrade)?;
        port.sent.get()
    }
}

impl MediaPort for TestMedia {
    fn address(&self) -> SocketAddr {
        self.port.address
    }

    fn session<R>(&self, work: impl FnOnce(&mut Session, Instant) -> R) -> R {
        let result = work(&mut self.port.session.borrow_mut(), now());
        self.port.happened.notify_one();
        result
    }

    async fn event(&self) -> MediaEvent {
        loop {
            let event = self.port.session.borrow_mut().poll_event();
            match event {
                Some(event) => return event,
                None => self.port.happened.notified().await,
            }
        }
    }
}

impl Drop for TestMedia {
    fn drop(&mut self) {
        self.open_ports.set(self.open_ports.get() - 1);
    }
}

impl fmt::Debug for TestMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestMedia({})", self.port.address)
    }
}

/// What a caller holds in the hand: keys, a microphone, an ear that forgets nothing.
pub struct Handset {
    port: Rc<Port>,
    agreement: RefCell<OfferAnswer>,
    ear: Rc<RefCell<Vec<i16>>>,
    keys: RefCell<VecDeque<char>>,
}

struct Ear(Rc<RefCell<Vec<i16>>>);

impl Tap for Ear {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        self.0.borrow_mut().extend_from_slice(frame.caller);
    }
}

impl Handset {
    /// A handset at this port.
    pub fn new(net: &RtpNet, port: u16) -> Handset {
        let address: SocketAddr = ([127, 0, 0, 1], port).into();
        let handset = Handset {
            port: net.open(address, 2, None),
            agreement: RefCell::new(OfferAnswer::new(LocalMedia {
                address: address.ip(),
                port,
                codecs: [Codec::Pcmu, Codec::Pcma].into(),
                session_id: u64::from(port),
            })),
            ear: Rc::default(),
            keys: RefCell::default(),
        };
        let ear = Ear(Rc::clone(&handset.ear));
        handset.port.session.borrow_mut().tap(Box::new(ear));
        handset
    }

    /// A session description to call with, or to offer anew.
    pub fn offer(&self) -> String {
        String::from_utf8(self.agreement.borrow_mut().offer().to_vec()).unwrap()
    }

    /// Takes the answer: audio flows from now on.
    pub fn accept(&self, answer: &str) {
        let stream = self.agreement.borrow_mut().accept_answer(answer.as_bytes());
        let mut session = self.port.session.borrow_mut();
        session.agree(now(), Some(stream.expect("an answer")));
    }

    /// Takes an offer and gives the answer: audio flows from now on.
    pub fn answer(&self, offer: &str) -> String {
        let answer = self.agreement.borrow_mut().answer(offer.as_bytes());
        let stream = self.agreement.borrow().stream().copied();
        self.port.session.borrow_mut().agree(now(), stream);
        String::from_utf8(answer.expect("an offer").to_vec()).unwrap()
    }

    /// Presses keys one after the other, for 100 ms each and as long apart.
    pub fn press(&self, keys: &str) {
        self.press_fast(keys, Duration::from_millis(100), Duration::from_millis(100));
    }

    /// Presses keys at a pace of the test's choice.
    pub fn press_fast(&self, keys: &str, length: Duration, gap: Duration) {
        let keys = keys.chars().map(|key| KeyToSend {
            key: Some(key),
            length,
            gap,
        });
        self.port.session.borrow_mut().send_keys(keys.collect());
    }

    /// Speaks: a tone of 300 Hz that rises and falls as syllables do, and never falls silent.
    pub fn speak(&self, length: Duration) {
        let even = tone(300.0, length);
        let syllable = std::f64::consts::TAU * 4.0 / 8_000.0;
        let loudness = |at: usize| 1.0 + 0.4 * (at as f64 * syllable).sin();
        let samples = even.samples().iter().enumerate();
        let spoken: Vec<i16> = samples
            .map(|(at, &sample)| (f64::from(sample) * loudness(at)) as i16)
            .collect();
        self.play(Arc::new(Clip::new(8_000, spoken)));
    }

    /// Lets the other side hear a clip.
    pub fn play(&self, clip: Arc<Clip>) {
        self.port.session.borrow_mut().play(Playlist {
            items: vec![Item::Clip(clip, Duration::ZERO)],
            times: Some(1),
        });
    }

    /// Everything heard since the handset was there, one sample per 125 µs.
    pub fn heard(&self) -> Vec<i16> {
        self.ear.borrow().clone()
    }

    /// Forgets what was heard.
    pub fn forget(&self) {
        self.ear.take();
    }

    /// The keys that came from the other side.
    pub fn keys(&self) -> String {
        while let Some(event) = self.port.session.borrow_mut().poll_event() {
            if let MediaEvent::Key { key, .. } = event {
                self.keys.borrow_mut().push_back(key);
            }
        }
        self.keys.borrow().iter().collect()
    }
}

/// A tone of half the full level at 8,000 samples per second.
pub fn tone(hertz: f64, length: Duration) -> Arc<Clip> {
    let samples = (length.as_secs_f64() * 8_000.0).round();
    let step = std::f64::consts::TAU * hertz / 8_000.0;
    let mut made = Vec::new();
    while (made.len() as f64) < samples {
        made.push(((made.len() as f64 * step).sin() * 16_000.0) as i16);
    }
    Arc::new(Clip::new(8_000, made))
}
