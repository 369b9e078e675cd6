//! What a leg holds, and what a beat asks of the allocator.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the message"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use hookflash_audio::{Clip, Playlist, Want};
use hookflash_media::rtp::RtpStart;
use hookflash_media::{Codec, NegotiatedStream, Session, SessionConfig};

const BEAT: Duration = Duration::from_millis(20);

/// A leg and its peer, which talks all the time.
struct Leg {
    now: Instant,
    session: Session,
    packet: [u8; 172],
    sequence: u16,
}

impl Leg {
    fn new() -> Leg {
        let now = Instant::now();
        let mut session = Session::new(SessionConfig {
            start: RtpStart::from_random([5; 10]),
            packet_timeout: Some(Duration::from_secs(60)),
        });
        let stream = NegotiatedStream {
            telephone_event: Some(101),
            ..NegotiatedStream::new(([192, 0, 2, 1], 4_000).into(), Codec::Pcmu)
        };
        session.agree(now, Some(stream));
        let mut packet = [0x33; 172];
        packet[..2].copy_from_slice(&[0x80, 0]);
        Leg {
            now,
            session,
            packet,
            sequence: 0,
        }
    }

    fn beats(&mut self, count: u32) {
        let mut buf = [0; 1_500];
        for _ in 0..count {
            let timestamp = u32::from(self.sequence) * 160;
            self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            self.packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
            self.sequence += 1;
            let from = ([192, 0, 2, 1], 4_000).into();
            self.session.receive(self.now, from, &self.packet);
            let sent = self.session.beat(self.now, &mut buf);
            assert_eq!(sent.map(|(_, length)| length), Some(172));
            self.now += BEAT;
        }
    }
}

#[test]
fn an_answered_leg_that_receives_holds_less_than_six_kilobytes() {
    let mut leg = None;
    let heap = measure(|| {
        let mut new = Box::new(Leg::new());
        new.beats(500);
        leg = Some(new);
    });
    assert!(heap.bytes_current <= 6_000, "{heap:?}");
    assert!(leg.is_some());
}

#[test]
fn no_beat_allocates_while_a_shared_clip_plays_and_the_peer_talks() {
    let samples: Vec<i16> = (0..80_000_i32).map(|n| (n % 97 * 50) as i16).collect();
    let clip = Arc::new(Clip::new(8_000, samples));
    clip.prepare(Want::G711(hookflash_audio::Law::Mu));
    let mut leg = Leg::new();
    leg.session.play(Playlist::clip(clip));
    leg.beats(50);
    let heap = measure(|| leg.beats(300));
    assert_eq!(heap.count_total, 0, "{heap:?}");
}
