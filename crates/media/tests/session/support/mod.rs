//! A clock that only the test moves, a network of the test's making, and ears.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_audio::{Clip, Playlist, Tap, TapFrame};
use hookflash_media::rtp::RtpStart;
use hookflash_media::{Codec, Direction, MediaEvent, NegotiatedStream, Session, SessionConfig};

pub(crate) const BEAT: Duration = Duration::from_millis(20);

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// Where Ann is.
pub(crate) fn ann() -> SocketAddr {
    address("192.0.2.1:4000")
}

/// Where Bob is.
pub(crate) fn bob() -> SocketAddr {
    address("198.51.100.2:5000")
}

pub(crate) fn session(number: u32) -> Session {
    Session::new(SessionConfig {
        start: RtpStart {
            ssrc: number,
            sequence: 65_500,
            timestamp: u32::MAX - 1_000,
        },
        packet_timeout: Some(Duration::from_secs(10)),
    })
}

/// With telephone-events of payload type 101.
pub(crate) fn stream(remote: SocketAddr, codec: Codec) -> NegotiatedStream {
    NegotiatedStream {
        telephone_event: Some(101),
        ..NegotiatedStream::new(remote, codec)
    }
}

pub(crate) fn in_direction(stream: NegotiatedStream, direction: Direction) -> NegotiatedStream {
    NegotiatedStream {
        direction,
        ..stream
    }
}

/// What a tap heard.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    pub(crate) caller: Vec<i16>,
    pub(crate) ours: Vec<i16>,
    pub(crate) frames: Vec<bool>,
    pub(crate) rates: Vec<u32>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Ear(pub(crate) Rc<RefCell<Heard>>);

impl Tap for Ear {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        let mut heard = self.0.borrow_mut();
        assert_eq!(frame.caller.len(), frame.ours.len());
        assert_eq!(frame.caller.len(), frame.rate as usize / 50);
        heard.caller.extend_from_slice(frame.caller);
        heard.ours.extend_from_slice(frame.ours);
        heard.frames.push(frame.heard);
        heard.rates.push(frame.rate);
    }
}

/// A tap on a session, and what it hears.
pub(crate) fn listen(session: &mut Session) -> Ear {
    let ear = Ear::default();
    session.tap(Box::new(ear.clone()));
    ear
}

impl Ear {
    pub(crate) fn take(&self) -> Heard {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

/// Two sessions and what is between them.
pub(crate) struct Line {
    pub(crate) now: Instant,
    pub(crate) ann: Session,
    pub(crate) bob: Session,
}

impl Line {
    /// Both agreed on a codec.
    pub(crate) fn with(codec: Codec) -> Line {
        let now = Instant::now();
        let (mut of_ann, mut of_bob) = (session(0xA), session(0xB));
        of_ann.agree(now, Some(stream(bob(), codec)));
        of_bob.agree(now, Some(stream(ann(), codec)));
        Line {
            now,
            ann: of_ann,
            bob: of_bob,
        }
    }

    /// One beat of both, each packet delivered at once.
    pub(crate) fn beat(&mut self) {
        self.beat_through(|packet| vec![packet]);
    }

    /// One beat of both; what Ann sends passes through `network`.
    pub(crate) fn beat_through(&mut self, network: impl FnOnce(Vec<u8>) -> Vec<Vec<u8>>) {
        let mut buf = [0; 1_500];
        if let Some((to, length)) = self.ann.beat(self.now, &mut buf) {
            assert_eq!(to, bob());
            for packet in network(buf[..length].to_vec()) {
                self.bob.receive(self.now, ann(), &packet);
            }
        }
        if let Some((to, length)) = self.bob.beat(self.now, &mut buf) {
            assert_eq!(to, ann());
            self.ann.receive(self.now, bob(), &buf[..length]);
        }
        self.now += BEAT;
    }

    pub(crate) fn run(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 20 {
            self.beat();
        }
    }
}

pub(crate) fn events(session: &mut Session) -> Vec<MediaEvent> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

/// The keys that were told.
pub(crate) fn keys(session: &mut Session) -> String {
    events(session)
        .into_iter()
        .filter_map(|event| match event {
            MediaEvent::Key { key, .. } => Some(key),
            _ => None,
        })
        .collect()
}

pub(crate) fn sine(rate: u32, hz: f32, peak: f32, length: Duration) -> Vec<i16> {
    let samples = (length.as_secs_f32() * rate as f32) as usize;
    let step = std::f32::consts::TAU * hz / rate as f32;
    (0..samples)
        .map(|n| ((n as f32 * step).sin() * peak) as i16)
        .collect()
}

pub(crate) fn tone(hz: f32, length: Duration) -> Playlist {
    Playlist::clip(Arc::new(Clip::new(8_000, sine(8_000, hz, 8_000.0, length))))
}

/// An RTP packet of a peer made by hand.
pub(crate) fn rtp(
    payload_type: u8,
    marker: bool,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type | u8::from(marker) << 7];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

/// The greatest second difference: a click is a sudden one.
pub(crate) fn roughest(samples: &[i16]) -> i32 {
    samples
        .windows(3)
        .map(|w| (i32::from(w[0]) - 2 * i32::from(w[1]) + i32::from(w[2])).abs())
        .max()
        .unwrap_or(0)
}

/// A generator of numbers that are the same in every run.
pub(crate) fn dice(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}
