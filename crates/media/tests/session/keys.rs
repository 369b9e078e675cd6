//! Keys out and keys in.

use std::time::{Duration, Instant};

use hookflash_media::{
    Codec, KeySource, KeyToSend, MediaEvent, NegotiatedStream, PlayEnd, Session,
};
use rtp_types::RtpPacket;

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

fn dial(text: &str) -> Vec<KeyToSend> {
    text.chars()
        .map(|key| KeyToSend {
            key: (key != 'w').then_some(key),
            length: 100 * MS,
            gap: 60 * MS,
        })
        .collect()
}

#[test]
fn keys_sent_are_keys_heard_in_the_codecs_of_every_clock() {
    for codec in Codec::ALL {
        let mut line = Line::with(codec);
        line.run(100 * MS);
        let id = line.ann.send_keys(dial("12w34567890*#abcD"));
        line.run(4_000 * MS);
        assert_eq!(keys(&mut line.bob), "1234567890*#ABCD", "{codec}");
        assert_eq!(
            events(&mut line.ann),
            [MediaEvent::Played(id, PlayEnd::Complete)]
        );
    }
}

#[test]
fn keys_wait_for_what_plays_and_what_plays_for_them() {
    let mut line = Line::with(Codec::Pcmu);
    let first = line.ann.play(tone(500.0, 200 * MS));
    let keys_of = line.ann.send_keys(dial("1"));
    let last = line.ann.play(tone(500.0, 200 * MS));
    let mut order = Vec::new();
    for _ in 0..50 {
        line.beat();
        order.extend(events(&mut line.ann));
        order.extend(events(&mut line.bob));
    }
    let played = |id| MediaEvent::Played(id, PlayEnd::Complete);
    let key = MediaEvent::Key {
        key: '1',
        source: KeySource::Event,
    };
    assert_eq!(order, [played(first), key, played(keys_of), played(last)]);
}

/// What Ann sends in so many beats, parsed: payload type, marker, sequence, timestamp, payload.
fn sent(session: &mut Session, beats: usize) -> Vec<(u8, bool, u16, u32, Vec<u8>)> {
    let mut now = Instant::now();
    let mut buf = [0; 1_500];
    let mut packets = Vec::new();
    for _ in 0..beats {
        let (_, length) = session.beat(now, &mut buf).expect("a packet");
        let packet = RtpPacket::parse(&buf[..length]).expect("RTP");
        packets.push((
            packet.payload_type(),
            packet.marker_bit(),
            packet.sequence_number(),
            packet.timestamp(),
            packet.payload().to_vec(),
        ));
        now += BEAT;
    }
    packets
}

#[test]
fn a_key_is_a_marked_packet_a_growing_duration_and_three_ends() {
    let mut line = Line::with(Codec::Pcmu);
    line.ann.send_keys(dial("5"));
    let packets = sent(&mut line.ann, 12);
    let (_, _, first, began, _) = packets[0];
    let events = [160, 320, 480, 640, 800, 800, 800];
    for (index, (kind, marker, sequence, timestamp, payload)) in packets.iter().enumerate() {
        assert_eq!(*sequence, first.wrapping_add(index as u16));
        if let Some(duration) = events.get(index) {
            let end = if index >= 4 { 0x80 } else { 0 };
            let [high, low] = u16::to_be_bytes(*duration);
            assert_eq!(*payload, [5, end | 10, high, low]);
            assert_eq!((*kind, *marker, *timestamp), (101, index == 0, began));
        } else {
            let clock = began.wrapping_add(index as u32 * 160);
            assert_eq!((*kind, *timestamp), (0, clock), "audio is back in step");
            assert_eq!(*marker, index == events.len(), "and begins a spurt");
            assert_eq!(payload.len(), 160);
        }
    }
}

#[test]
fn a_long_key_is_sent_in_segments_and_heard_once() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut line = Line::with(codec);
        let key = KeyToSend {
            key: Some('7'),
            length: 20_000 * MS,
            gap: 100 * MS,
        };
        line.ann.send_keys(vec![key, key]);
        let mut heard = String::new();
        for _ in 0..2_100 {
            line.beat();
            heard += &keys(&mut line.bob);
        }
        assert_eq!(heard, "77", "{codec}");
    }
    let mut line = Line::with(Codec::Pcmu);
    line.ann.send_keys(vec![KeyToSend {
        key: Some('7'),
        length: 20_000 * MS,
        gap: 100 * MS,
    }]);
    let packets = sent(&mut line.ann, 1_003);
    let mut began: Vec<u32> = packets.iter().map(|(_, _, _, t, _)| *t).collect();
    began.dedup();
    let segments = [0, 0xFFFF, 2 * 0xFFFF].map(|since| began[0].wrapping_add(since));
    assert_eq!(began[..3], segments);
    let full = packets
        .iter()
        .filter(|(kind, .., payload)| *kind == 101 && payload[2..] == [0xFF, 0xFF]);
    assert_eq!(full.count(), 2);
    assert_eq!(packets.iter().filter(|(_, marker, ..)| *marker).count(), 2);
}

#[test]
fn no_key_is_lost_or_doubled_when_half_of_the_packets_are() {
    let mut line = Line::with(Codec::Pcmu);
    line.run(200 * MS);
    line.ann.send_keys(dial("1122334455667788990011"));
    let mut heard = String::new();
    for beat in 0..220_u32 {
        // Whole bursts of three as well as every other one.
        let lost = beat % 2 == 0 || beat % 17 < 3;
        line.beat_through(|packet| match (lost, beat % 5) {
            (true, _) => vec![],
            (false, 0) => vec![packet.clone(), packet],
            (false, _) => vec![packet],
        });
        heard += &keys(&mut line.bob);
    }
    assert_eq!(heard, "1122334455667788990011");
}

#[test]
fn a_peer_without_telephone_events_gets_tones_and_is_listened_to() {
    for codec in Codec::ALL {
        let mut line = Line::with(codec);
        let now = line.now;
        line.ann
            .agree(now, Some(NegotiatedStream::new(bob(), codec)));
        line.bob
            .agree(now, Some(NegotiatedStream::new(ann(), codec)));
        line.run(200 * MS);
        let id = line.ann.send_keys(dial("0123456789*#ABCD"));
        line.run(3_000 * MS);
        let told: Vec<_> = events(&mut line.bob)
            .into_iter()
            .map(|event| match event {
                MediaEvent::Key {
                    key,
                    source: KeySource::Tones,
                } => key,
                other => panic!("{codec}: {other:?}"),
            })
            .collect();
        assert_eq!(String::from_iter(told), "0123456789*#ABCD", "{codec}");
        let complete = MediaEvent::Played(id, PlayEnd::Complete);
        assert_eq!(events(&mut line.ann), [complete]);
    }
}

#[test]
fn tones_beside_telephone_events_are_not_told_twice() {
    let mut line = Line::with(Codec::Pcmu);
    let now = line.now;
    // Ann believes that Bob takes no events, Bob knows that Ann can send them.
    line.ann
        .agree(now, Some(NegotiatedStream::new(bob(), Codec::Pcmu)));
    line.ann.send_keys(dial("123"));
    line.run(1_000 * MS);
    assert_eq!(keys(&mut line.bob), "");
}

#[test]
fn keys_of_sip_info_are_told_as_such_and_others_not_at_all() {
    let mut session = session(1);
    for key in ['1', 'd', '#', 'x', ' ', '\u{663}'] {
        session.hear_key(key);
    }
    let told = ['1', 'D', '#'].map(|key| MediaEvent::Key {
        key,
        source: KeySource::Info,
    });
    assert_eq!(events(&mut session), told);
}

#[test]
fn stopping_lets_the_key_that_is_down_come_up_properly() {
    let mut line = Line::with(Codec::Pcmu);
    let first = line.ann.send_keys(dial("12345"));
    let second = line.ann.play(tone(500.0, 100 * MS));
    line.run(200 * MS);
    line.ann.stop_playing();
    let stopped = [first, second].map(|id| MediaEvent::Played(id, PlayEnd::Stopped));
    assert_eq!(events(&mut line.ann), stopped);
    let packets = sent(&mut line.ann, 6);
    let ends: Vec<bool> = packets
        .iter()
        .map(|(kind, .., payload)| *kind == 101 && payload[1] & 0x80 != 0)
        .collect();
    assert_eq!(ends, [true, true, true, false, false, false]);
    assert_eq!(events(&mut line.ann), []);
}

#[test]
fn keys_go_on_as_tones_when_a_new_agreement_has_no_events() {
    let mut line = Line::with(Codec::Pcmu);
    line.ann.send_keys(dial("1234"));
    line.run(240 * MS);
    let now = line.now;
    line.ann
        .agree(now, Some(NegotiatedStream::new(bob(), Codec::Pcmu)));
    line.bob
        .agree(now, Some(NegotiatedStream::new(ann(), Codec::Pcmu)));
    line.run(1_000 * MS);
    assert_eq!(keys(&mut line.bob), "1234");
}

#[test]
fn events_of_eight_thousand_beside_opus_are_sent_and_heard() {
    let mut line = Line::with(Codec::Opus);
    let now = line.now;
    let with = |remote| NegotiatedStream {
        telephone_event_rate: 8_000,
        ..stream(remote, Codec::Opus)
    };
    line.ann.agree(now, Some(with(bob())));
    line.bob.agree(now, Some(with(ann())));
    line.ann.send_keys(dial("11#"));
    line.run(1_000 * MS);
    assert_eq!(keys(&mut line.bob), "11#");
}

#[test]
fn keys_sent_aside_wait_for_nothing_and_are_stopped_by_nothing() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut line = Line::with(codec);
        let music = line.ann.play(tone(500.0, 10_000 * MS));
        line.run(300 * MS);
        assert!(line.ann.send_keys_aside(dial("1")));
        assert!(line.ann.send_keys_aside(dial("23")));
        line.run(60 * MS);
        line.ann.stop_playing();
        let next = line.ann.play(tone(500.0, 200 * MS));
        line.run(1_500 * MS);
        assert_eq!(keys(&mut line.bob), "123");
        let told = events(&mut line.ann);
        let stopped = MediaEvent::Played(music, PlayEnd::Stopped);
        assert_eq!(told, [stopped, MediaEvent::Played(next, PlayEnd::Complete)]);
    }
}

#[test]
fn keys_sent_aside_sound_as_tones_beside_the_music_when_the_peer_takes_no_events() {
    let mut line = Line::with(Codec::Pcmu);
    let now = line.now;
    let without = |remote| NegotiatedStream::new(remote, Codec::Pcmu);
    line.ann.agree(now, Some(without(bob())));
    line.bob.agree(now, Some(without(ann())));
    line.ann.play(tone(300.0, 10_000 * MS));
    line.run(300 * MS);
    line.ann.send_keys_aside(dial("1"));
    line.ann.send_keys_aside(dial("*"));
    let ear = listen(&mut line.bob);
    line.run(1_000 * MS);
    assert_eq!(keys(&mut line.bob), "1*");
    let heard = ear.take().caller;
    let late = &heard[heard.len() - 1_600..];
    assert!(late.iter().any(|sample| sample.unsigned_abs() > 1_000));
}

#[test]
fn too_many_keys_aside_are_refused() {
    let mut line = Line::with(Codec::Pcmu);
    let taken = (0..100).filter(|_| line.ann.send_keys_aside(dial("1")));
    assert_eq!(taken.count(), 64);
}

#[test]
fn keys_sent_aside_go_on_as_tones_when_a_new_agreement_has_no_events() {
    let mut line = Line::with(Codec::Pcmu);
    line.run(100 * MS);
    line.ann.send_keys_aside(dial("123"));
    line.run(120 * MS);
    let now = line.now;
    let without = |remote| NegotiatedStream::new(remote, Codec::Pcmu);
    line.ann.agree(now, Some(without(bob())));
    line.bob.agree(now, Some(without(ann())));
    line.run(1_500 * MS);
    assert_eq!(keys(&mut line.bob), "123");
}

#[test]
fn a_muted_caller_is_not_heard_but_its_keys_are() {
    let mut line = Line::with(Codec::Pcmu);
    let now = line.now;
    let without = |remote| NegotiatedStream::new(remote, Codec::Pcmu);
    line.ann.agree(now, Some(without(bob())));
    line.bob.agree(now, Some(without(ann())));
    line.run(100 * MS);
    line.bob.mute(true);
    let ear = listen(&mut line.bob);
    line.ann.send_keys(dial("7"));
    line.ann.play(tone(500.0, 500 * MS));
    line.run(400 * MS);
    assert_eq!(keys(&mut line.bob), "7");
    let heard = ear.take();
    assert!(heard.caller.iter().all(|sample| *sample == 0));
    assert!(heard.frames.iter().all(|heard| !heard));
    line.bob.mute(false);
    line.run(200 * MS);
    assert!(
        ear.take()
            .caller
            .iter()
            .any(|sample| sample.unsigned_abs() > 1_000)
    );
}
