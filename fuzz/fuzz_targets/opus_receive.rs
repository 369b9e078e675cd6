//! A call in Opus that repeats what it hears: whatever payloads come and go missing, it is decoded,
//! made up for and encoded again with every beat.
//!
//! The input says how the peer wants Opus. Then come packets, each after a byte that says what is
//! lost before it and how often there is a beat behind it, and its length.

#![no_main]

use std::time::{Duration, Instant};

use hookflash_media::rtp::RtpStart;
use hookflash_media::{Codec, Format, NegotiatedStream, OpusWish, Session, SessionConfig};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(([wish, bitrate], mut rest)) = input.split_first_chunk() else {
        return;
    };
    let peer = ([192, 0, 2, 1], 4_000).into();
    let codec = match wish & 8 {
        0 => Codec::Opus,
        _ => Codec::Pcmu,
    };
    let mut agreed = NegotiatedStream::new(peer, codec);
    for other in [Codec::Opus, Codec::Pcmu] {
        agreed
            .accepts
            .add(other.payload_type(), Format::Audio(other));
    }
    agreed.opus = OpusWish {
        fec: wish & 1 != 0,
        constant_rate: wish & 2 != 0,
        max_bitrate: (wish & 4 != 0).then(|| u32::from(*bitrate) << (wish >> 4)),
    };
    let mut now = Instant::now();
    let mut session = Session::new(SessionConfig {
        start: RtpStart::from_random([7; 10]),
        packet_timeout: None,
    });
    session.agree(now, Some(agreed));
    session.echo(true);
    let (mut sequence, mut timestamp) = (0u16, 0u32);
    let mut buf = [0; 1_500];
    while let [what, length, tail @ ..] = rest {
        let (payload, after) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = after;
        let lost = u16::from(what & 3);
        let odd = u32::from(what & 4) * 37;
        sequence = sequence.wrapping_add(1 + lost);
        timestamp = timestamp.wrapping_add(u32::from(lost) * 960 + odd);
        let (codec, ticks) = match what & 0x38 {
            0x38 => (Codec::Pcmu, payload.len() as u32),
            _ => (Codec::Opus, opus_ticks(payload)),
        };
        let packet = [
            &[0x80, codec.payload_type()],
            sequence.to_be_bytes().as_slice(),
            &timestamp.to_be_bytes(),
            &[1, 2, 3, 4],
            payload,
        ]
        .concat();
        timestamp = timestamp.wrapping_add(ticks);
        session.receive(now, peer, &packet);
        for _ in 0..what >> 6 {
            let sent = session.beat(now, &mut buf);
            assert!(sent.is_some_and(|(_, length)| length <= buf.len()));
            now += Duration::from_millis(20);
        }
    }
});

/// How long a payload lasts (RFC 6716 section 3.1), however many frames it says it has.
fn opus_ticks(payload: &[u8]) -> u32 {
    let Some(first) = payload.first() else {
        return 0;
    };
    let frame = match first >> 3 {
        config @ 0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        config @ 12..=15 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => payload.get(1).map_or(0, |count| u32::from(count & 0x3f)),
    };
    frame * frames
}
