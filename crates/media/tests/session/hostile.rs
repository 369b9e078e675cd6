//! Any bytes at any time: nothing breaks, and what is agreed goes on.

use std::time::{Duration, Instant};

use hookflash_media::{Codec, Format, NegotiatedStream, VoiceWatch};
use proptest::prelude::*;

use crate::support::*;

/// Packets that look right at first sight, and bytes that do not.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let header = (
        any::<u8>(),
        any::<bool>(),
        prop::sample::select(vec![0_u8, 8, 13, 96, 97, 98, 101, 34]),
        any::<u16>(),
        any::<u32>(),
        prop::sample::select(vec![1_u32, 2, 3]),
    );
    let payload = prop::collection::vec(any::<u8>(), 0..400);
    let likely =
        (header, payload).prop_map(|((first, odd, kind, sequence, time, ssrc), payload)| {
            let mut packet = rtp(kind, odd, ssrc, sequence % 300, time % 90_000, &payload);
            if odd {
                packet[0] = 0x80 | first;
            }
            packet
        });
    let reports =
        (200_u8..208, prop::collection::vec(any::<u8>(), 0..100)).prop_map(|(kind, mut body)| {
            body.resize(body.len() / 4 * 4, 0);
            let words = (body.len() / 4) as u8;
            [vec![0x81, kind, 0, words], body].concat()
        });
    let junk = prop::collection::vec(any::<u8>(), 0..1_500);
    prop_oneof![6 => likely, 2 => reports, 1 => junk]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_harm_a_session(
        codec in prop::sample::select(Codec::ALL.to_vec()),
        steps in prop::collection::vec((packets(), 0_u8..6), 1..80),
    ) {
        let mut now = Instant::now();
        let mut session = session(9);
        let mut agreed = stream(ann(), codec);
        for other in Codec::ALL {
            agreed.accepts.add(other.payload_type(), Format::Audio(other));
        }
        session.agree(now, Some(agreed));
        session.watch_voice(Some(VoiceWatch {
            begin: Duration::from_millis(100),
            end: Duration::from_millis(500),
        }));
        listen(&mut session);
        let mut buf = [0; 1_500];
        for (packet, then) in steps {
            match then {
                0 => session.receive_rtcp(now, ann(), &packet),
                1 => session.receive(now, bob(), &packet),
                _ => session.receive(now, ann(), &packet),
            }
            if then > 1 {
                prop_assert!(session.beat(now, &mut buf).is_some());
                session.poll_rtcp(now, &mut buf);
                now += BEAT;
            }
            if then == 5 {
                session.agree(now, Some(NegotiatedStream::new(ann(), codec)));
            }
        }
        session.statistics();
        while session.poll_event().is_some() {}
    }
}

#[test]
fn a_buffer_that_is_too_short_costs_a_packet_and_nothing_else() {
    for codec in Codec::ALL {
        let mut line = Line::with(codec);
        let now = line.now;
        line.ann.play(tone(500.0, Duration::from_secs(1)));
        for length in [0, 1, 11, 12, 13] {
            let sent = line.ann.beat(now, &mut vec![0; length]);
            assert!(sent.is_none_or(|(_, sent)| sent <= length), "{codec}");
        }
        assert!(line.ann.beat(now, &mut [0; 1_500]).is_some());
    }
}

#[test]
fn a_flood_is_bounded() {
    let mut line = Line::with(Codec::Pcmu);
    for sequence in 0..50_000_u32 {
        let time = sequence.wrapping_mul(160);
        let packet = rtp(0, false, 1, sequence as u16, time, &[1; 160]);
        line.ann.receive(line.now, bob(), &packet);
        let key = rtp(101, true, 1, sequence as u16, time, &[1, 10, 0, 160]);
        line.ann.receive(line.now, bob(), &key);
    }
    assert!(keys(&mut line.ann).len() <= 256);
    let statistics = line.ann.statistics();
    assert!(
        statistics.delay <= Duration::from_millis(1_000),
        "{statistics:?}"
    );
    let ear = listen(&mut line.ann);
    line.run(Duration::from_millis(200));
    assert!(ear.take().frames[5..].iter().all(|heard| *heard));
}

#[test]
fn datagrams_of_64_kilobytes_are_kept_by_nobody() {
    for codec in Codec::ALL {
        let now = Instant::now();
        let mut session = session(9);
        session.agree(now, Some(stream(ann(), codec)));
        for sequence in 0..20 {
            let payload = vec![0x08; 65_000];
            let kind = codec.payload_type();
            let timestamp = u32::from(sequence) * 960;
            let packet = rtp(kind, false, 1, sequence, timestamp, &payload);
            session.receive(now, ann(), &packet);
        }
        assert_eq!(session.statistics().ignored.malformed, 20, "{codec}");
    }
}
