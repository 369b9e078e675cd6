//! Hold, and media that flows one way only.

use std::time::Duration;

use hookflash_audio::measure::rms;
use hookflash_media::{Codec, Direction, MediaEvent, PlayEnd};
use rtp_types::RtpPacket;

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn c87_nothing_is_sent_or_heard_against_the_agreed_direction() {
    for direction in [
        Direction::SendRecv,
        Direction::SendOnly,
        Direction::RecvOnly,
        Direction::Inactive,
    ] {
        let mut line = Line::with(Codec::Pcmu);
        let now = line.now;
        let held = in_direction(stream(bob(), Codec::Pcmu), direction);
        line.ann.agree(now, Some(held));
        line.bob.play(tone(500.0, 5_000 * MS));
        let ear = listen(&mut line.ann);
        let received_before = line.bob.statistics().packets_received;
        line.run(1_000 * MS);
        let sent = line.bob.statistics().packets_received - received_before;
        assert_eq!(
            sent,
            if direction.sends() { 50 } else { 0 },
            "{direction:?}"
        );
        let heard = rms(&ear.take().caller[1_600..]);
        assert_eq!(
            heard > 1_000.0,
            direction.receives(),
            "{direction:?}: {heard}"
        );
    }
}

#[test]
fn a_prompt_ends_on_time_while_nobody_hears_it() {
    let mut line = Line::with(Codec::Pcmu);
    let id = line.ann.play(tone(500.0, 1_000 * MS));
    line.run(500 * MS);
    let now = line.now;
    let held = in_direction(stream(bob(), Codec::Pcmu), Direction::Inactive);
    line.ann.agree(now, Some(held));
    line.run(480 * MS);
    assert_eq!(events(&mut line.ann), []);
    line.run(40 * MS);
    let complete = MediaEvent::Played(id, PlayEnd::Complete);
    assert_eq!(events(&mut line.ann), [complete]);
}

#[test]
fn c92_no_packets_are_missed_on_hold() {
    let mut line = Line::with(Codec::Pcmu);
    let now = line.now;
    let held = in_direction(stream(bob(), Codec::Pcmu), Direction::SendOnly);
    line.ann.agree(now, Some(held));
    let mut buf = [0; 1_500];
    for _ in 0..60 * 50 {
        line.ann.beat(line.now, &mut buf);
        line.now += BEAT;
    }
    assert_eq!(events(&mut line.ann), []);
    let now = line.now;
    line.ann.agree(now, Some(stream(bob(), Codec::Pcmu)));
    for _ in 0..11 * 50 {
        line.ann.beat(line.now, &mut buf);
        line.now += BEAT;
    }
    assert_eq!(events(&mut line.ann), [MediaEvent::NoPackets]);
}

#[test]
fn what_was_said_before_a_hold_is_not_heard_after_it() {
    let mut line = Line::with(Codec::Pcmu);
    line.bob.play(tone(500.0, 1_000 * MS));
    line.run(500 * MS);
    let now = line.now;
    let held = in_direction(stream(bob(), Codec::Pcmu), Direction::SendOnly);
    line.ann.agree(now, Some(held));
    line.run(1_000 * MS);
    let now = line.now;
    line.ann.agree(now, Some(stream(bob(), Codec::Pcmu)));
    let ear = listen(&mut line.ann);
    line.run(500 * MS);
    assert_eq!(ear.take().caller.iter().max(), Some(&0));
}

#[test]
fn after_hold_the_stream_goes_on_with_its_source_its_numbers_and_its_clock() {
    let mut line = Line::with(Codec::Pcmu);
    let mut buf = [0; 1_500];
    let mut packets = Vec::new();
    for beat in 0..150 {
        let direction = match beat {
            50 => Some(Direction::Inactive),
            100 => Some(Direction::SendRecv),
            _ => None,
        };
        if let Some(direction) = direction {
            let agreed = in_direction(stream(bob(), Codec::Pcmu), direction);
            line.ann.agree(line.now, Some(agreed));
        }
        if let Some((_, length)) = line.ann.beat(line.now, &mut buf) {
            let packet = RtpPacket::parse(&buf[..length]).expect("RTP");
            packets.push((
                beat,
                packet.marker_bit(),
                packet.ssrc(),
                packet.sequence_number(),
                packet.timestamp(),
            ));
        }
        line.now += BEAT;
    }
    assert_eq!(packets.len(), 100);
    let (_, _, ssrc, sequence, timestamp) = packets[0];
    for (index, packet) in packets.iter().enumerate() {
        let beat = if index < 50 { index } else { index + 50 } as u32;
        let marked = index == 0 || index == 50;
        let expected = (
            beat,
            marked,
            ssrc,
            sequence.wrapping_add(index as u16),
            timestamp.wrapping_add(beat * 160),
        );
        assert_eq!(*packet, expected);
    }
}

#[test]
fn without_an_agreement_nothing_is_sent_and_nothing_heard() {
    let mut session = session(1);
    let now = std::time::Instant::now();
    assert_eq!(session.beat(now, &mut [0; 1_500]), None);
    assert_eq!(session.poll_rtcp(now, &mut [0; 1_500]), None);
    session.receive(now, ann(), &rtp(0, true, 1, 1, 1, &[0; 160]));
    assert_eq!(session.statistics().ignored.unexpected, 1);
    let now = now + Duration::from_secs(60);
    session.beat(now, &mut [0; 1_500]);
    assert_eq!(events(&mut session), []);
}
