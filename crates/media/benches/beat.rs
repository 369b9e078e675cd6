//! What a beat of 20 ms costs one leg.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "in a benchmark a panic is the message"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use hookflash_audio::{Clip, Playlist, Tap, TapFrame};
use hookflash_media::rtp::RtpStart;
use hookflash_media::{Codec, NegotiatedStream, Session, SessionConfig};

const BEAT: Duration = Duration::from_millis(20);

struct Deaf;

impl Tap for Deaf {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        black_box(frame.caller);
    }
}

/// A session that plays a minute for ever.
fn playing(codec: Codec) -> Session {
    let mut session = Session::new(SessionConfig {
        start: RtpStart::from_random([3; 10]),
        packet_timeout: Some(Duration::from_secs(60)),
    });
    let peer = ([192, 0, 2, 1], 4_000).into();
    let stream = NegotiatedStream {
        telephone_event: Some(101),
        ..NegotiatedStream::new(peer, codec)
    };
    session.agree(Instant::now(), Some(stream));
    let samples: Vec<i16> = (0..480_000_i32)
        .map(|n| (n * 7_919 % 20_000 - 10_000) as i16)
        .collect();
    let mut playlist = Playlist::clip(Arc::new(Clip::new(8_000, samples)));
    playlist.times = None;
    session.play(playlist);
    session
}

/// Packets of a peer, one after the other.
fn talk(packet: &mut [u8], beat: u32) {
    let sequence = (beat as u16).to_be_bytes();
    let timestamp = beat.wrapping_mul(160).to_be_bytes();
    let fields = sequence.into_iter().chain(timestamp);
    for (field, byte) in packet.iter_mut().skip(2).zip(fields) {
        *field = byte;
    }
}

fn beats(c: &mut Criterion) {
    for codec in [Codec::Pcmu, Codec::L16Wide, Codec::Opus] {
        let mut session = playing(codec);
        let mut now = Instant::now();
        let mut buf = [0; 1_500];
        c.bench_function(&format!("beat while playing, {codec}"), |b| {
            b.iter(|| {
                now += BEAT;
                black_box(session.beat(now, &mut buf))
            });
        });
    }
    for listens in [false, true] {
        let mut session = playing(Codec::Pcmu);
        if listens {
            session.tap(Box::new(Deaf));
        }
        let mut now = Instant::now();
        let mut buf = [0; 1_500];
        let header = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let mut packet = [&header[..], &[0x55; 160]].concat();
        let mut beat = 0;
        let from = ([192, 0, 2, 1], 4_000).into();
        let what = if listens { "heard by a tap" } else { "unheard" };
        c.bench_function(&format!("receive and beat, PCMU, {what}"), |b| {
            b.iter(|| {
                now += BEAT;
                beat += 1;
                talk(&mut packet, beat);
                session.receive(now, from, &packet);
                black_box(session.beat(now, &mut buf))
            });
        });
    }
}

criterion_group!(benches, beats);
criterion_main!(benches);
