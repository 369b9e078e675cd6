//! What networks do to a stream, and what is heard of it.

use std::time::{Duration, Instant};

use hookflash_audio::g711;
use hookflash_audio::measure::{dominant_frequency, rms, tone_level};
use hookflash_media::{Codec, MediaEvent, NegotiatedStream, Session};

use crate::support::*;

const MS: Duration = Duration::from_millis(1);

/// A peer made by hand: 400 Hz in µ-law, its packets sent and delivered as the test says.
struct Peer {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    position: u32,
    packet_samples: u32,
}

impl Peer {
    fn new(ssrc: u32, packet_ms: u32) -> Peer {
        Peer {
            ssrc,
            sequence: 65_000,
            timestamp: u32::MAX - 20_000,
            position: 0,
            packet_samples: packet_ms * 8,
        }
    }

    fn packet(&mut self) -> Vec<u8> {
        let payload: Vec<u8> = (0..self.packet_samples)
            .map(|n| {
                let phase = f64::from(self.position + n) * 400.0 / 8_000.0;
                let sample = (phase * std::f64::consts::TAU).sin() * 8_000.0;
                g711::encode(g711::Law::Mu, sample as i16)
            })
            .collect();
        let packet = rtp(
            0,
            self.position == 0,
            self.ssrc,
            self.sequence,
            self.timestamp,
            &payload,
        );
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.packet_samples);
        self.position += self.packet_samples;
        packet
    }

    fn lose(&mut self) {
        self.packet();
    }
}

struct Listener {
    began: Instant,
    now: Instant,
    session: Session,
    ear: Ear,
}

impl Listener {
    fn new() -> Listener {
        let began = Instant::now();
        let mut session = session(1);
        session.agree(began, Some(stream(ann(), Codec::Pcmu)));
        let ear = listen(&mut session);
        Listener {
            began,
            now: began,
            session,
            ear,
        }
    }

    fn receive(&mut self, packet: &[u8]) {
        self.session.receive(self.now, ann(), packet);
    }

    fn beat(&mut self) {
        self.session.beat(self.now, &mut [0; 1_500]);
        self.now += BEAT;
    }

    /// Delivers packets at their times, in milliseconds, with a beat every 20 ms between them.
    fn deliver(&mut self, mut packets: Vec<(f64, Vec<u8>)>, until_ms: f64) {
        packets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut packets = packets.into_iter().peekable();
        loop {
            let beat_at = (self.now - self.began).as_secs_f64() * 1e3;
            if beat_at >= until_ms {
                return;
            }
            while let Some((at, packet)) = packets.next_if(|(at, _)| *at <= beat_at) {
                let now = self.began + Duration::from_secs_f64(at / 1e3);
                self.session.receive(now, ann(), &packet);
            }
            self.beat();
        }
    }
}

fn assert_tone(samples: &[i16], tolerance_db: f32) {
    let frequency = dominant_frequency(samples, 8_000).unwrap_or_default();
    assert!((frequency - 400.0).abs() < 3.0, "{frequency} Hz");
    let sent = tone_level(
        &sine(8_000, 400.0, 8_000.0, Duration::from_secs(1)),
        8_000,
        400.0,
    );
    let level = tone_level(samples, 8_000, 400.0);
    assert!((level - sent).abs() < tolerance_db, "{level} dB of {sent}");
}

/// How rough a clean 400 Hz tone is, quantised as it is.
fn calm() -> i32 {
    let mut clean = Peer::new(1, 1_000);
    let packet = clean.packet();
    let samples: Vec<i16> = packet[12..]
        .iter()
        .map(|byte| g711::decode(g711::Law::Mu, *byte))
        .collect();
    roughest(&samples)
}

#[test]
fn packets_of_every_length_give_a_frame_with_every_beat() {
    for packet_ms in [10, 20, 30, 40, 60, 120] {
        let mut listener = Listener::new();
        let mut peer = Peer::new(7, packet_ms);
        let packets = (0..2_400 / packet_ms)
            .map(|n| (f64::from(n * packet_ms) + 3.0, peer.packet()))
            .collect();
        listener.deliver(packets, 2_400.0);
        let heard = listener.ear.take();
        assert!(
            heard.frames[10..].iter().all(|heard| *heard),
            "{packet_ms} ms"
        );
        assert_tone(&heard.caller[3_200..17_600], 0.5);
        let rough = roughest(&heard.caller[3_200..17_600]);
        assert!(rough < calm() * 3 / 2, "{packet_ms} ms: {rough}");
        assert_eq!(listener.session.statistics().packets_lost, 0);
    }
}

#[test]
fn five_percent_of_loss_leave_the_tone() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    let mut dice = dice(5);
    for beat in 0..500 {
        if beat > 2 && dice() < 0.05 {
            peer.lose();
        } else {
            let packet = peer.packet();
            listener.receive(&packet);
        }
        listener.beat();
    }
    let heard = listener.ear.take().caller;
    for second in heard[8_000..].chunks_exact(8_000) {
        assert_tone(second, 1.0);
    }
    let statistics = listener.session.statistics();
    assert!(
        (10..45).contains(&statistics.packets_lost),
        "{statistics:?}"
    );
    let concealed = statistics.concealed.as_millis() as i64;
    assert!(
        (concealed - statistics.packets_lost * 20).abs() <= 60,
        "{statistics:?}"
    );
}

#[test]
fn jitter_of_sixty_milliseconds_is_evened_out() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    let mut dice = dice(6);
    let packets = (0..1_000)
        .map(|n| (f64::from(n) * 20.0 + dice() * 60.0, peer.packet()))
        .collect();
    listener.deliver(packets, 20_000.0);
    let heard = listener.ear.take().caller;
    for second in heard[5 * 8_000..].chunks_exact(8_000) {
        assert_tone(second, 1.0);
    }
    let statistics = listener.session.statistics();
    assert_eq!(statistics.packets_lost, 0);
    assert!(statistics.late <= 10, "{statistics:?}");
    assert!(statistics.delay <= 160 * MS, "{statistics:?}");
    assert!(
        statistics.jitter >= 5 * MS && statistics.jitter <= 60 * MS,
        "{statistics:?}"
    );
}

#[test]
fn packets_out_of_order_and_twice_are_put_right() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    let mut packets = Vec::new();
    for n in 0..200_u32 {
        let at = f64::from(n) * 20.0;
        let packet = peer.packet();
        if n % 7 == 3 {
            packets.push((at + 1.0, packet.clone()));
        }
        // Every fifth comes after its successor.
        packets.push((if n % 5 == 4 { at + 25.0 } else { at }, packet));
    }
    listener.deliver(packets, 4_000.0);
    let heard = listener.ear.take().caller;
    assert_tone(&heard[4_000..28_000], 0.5);
    let rough = roughest(&heard[8_000..28_000]);
    assert!(rough < calm() * 3 / 2, "{rough}");
    let statistics = listener.session.statistics();
    assert_eq!(statistics.duplicates, 28);
    // The first few teach the buffer to wait.
    assert!(statistics.late <= 6, "{statistics:?}");
}

#[test]
fn another_source_at_the_same_address_takes_over_at_once() {
    let mut listener = Listener::new();
    let (mut first, mut second) = (Peer::new(7, 20), Peer::new(8, 20));
    for _ in 0..50 {
        let packet = first.packet();
        listener.receive(&packet);
        listener.beat();
    }
    let straggler = first.packet();
    for beat in 0..50 {
        let packet = second.packet();
        listener.receive(&packet);
        if beat == 5 {
            listener.receive(&straggler);
        }
        listener.beat();
    }
    let heard = listener.ear.take();
    let silent = heard.frames[2..].iter().filter(|heard| !**heard).count();
    assert!(silent <= 3, "{silent} frames");
    assert_tone(&heard.caller[9_600..], 0.5);
    let statistics = listener.session.statistics();
    assert_eq!((statistics.packets_lost, statistics.ignored.stale), (0, 1));
}

#[test]
fn a_source_that_numbers_anew_is_followed() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    for beat in 0..100 {
        if beat == 50 {
            peer.sequence = 20_000;
            peer.timestamp = 123;
        }
        let packet = peer.packet();
        listener.receive(&packet);
        listener.beat();
    }
    let heard = listener.ear.take().caller;
    assert_tone(&heard[9_600..], 0.5);
}

#[test]
fn a_pause_of_the_talker_costs_no_delay_afterwards() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    for round in 0..5 {
        for _ in 0..50 {
            let packet = peer.packet();
            listener.receive(&packet);
            listener.beat();
        }
        for _ in 0..50 {
            peer.timestamp = peer.timestamp.wrapping_add(160);
            listener.beat();
        }
        let heard = listener.ear.take().caller;
        assert_tone(&heard[1_600..7_200], 0.5);
        assert_eq!(rms(&heard[11_200..]), 0.0, "round {round}");
    }
    for _ in 0..5 {
        let packet = peer.packet();
        listener.receive(&packet);
        listener.beat();
    }
    assert!(listener.session.statistics().delay <= 60 * MS);
    assert_eq!(listener.session.statistics().packets_lost, 0);
}

#[test]
fn comfort_noise_is_silence_and_what_was_not_agreed_is_counted() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    for _ in 0..20 {
        let packet = peer.packet();
        listener.receive(&packet);
        listener.beat();
    }
    listener.ear.take();
    let noise = rtp(13, false, 7, peer.sequence, peer.timestamp, &[40]);
    listener.receive(&noise);
    let video = rtp(
        34,
        false,
        7,
        peer.sequence.wrapping_add(1),
        peer.timestamp,
        &[1; 100],
    );
    listener.receive(&video);
    for _ in 0..20 {
        listener.beat();
    }
    let heard = listener.ear.take().caller;
    assert_eq!(rms(&heard[800..]), 0.0);
    assert_eq!(listener.session.statistics().ignored.unknown_payload, 1);
}

#[test]
fn padding_extensions_and_contributing_sources_are_no_audio() {
    let mut listener = Listener::new();
    let mut peer = Peer::new(7, 20);
    for _ in 0..60 {
        let plain = peer.packet();
        let mut packet = plain[..12].to_vec();
        packet[0] |= 0b0011_0010;
        packet.extend([0xAA; 8]);
        packet.extend([0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0]);
        packet.extend(&plain[12..]);
        packet.extend([0, 0, 0, 4]);
        listener.receive(&packet);
        listener.beat();
    }
    assert_tone(&listener.ear.take().caller[1_600..], 0.5);
}

#[test]
fn ten_minutes_with_a_clock_that_is_off_keep_the_delay() {
    // Parts in a million, and minutes: what clocks are, and what bad ones are.
    for (off, minutes) in [(100, 10), (-100, 10), (800, 1), (-800, 1)] {
        let spacing = 20.0 * (1.0 - f64::from(off) * 1e-6);
        let mut listener = Listener::new();
        let mut peer = Peer::new(7, 20);
        let beats = minutes * 60 * 50_u32;
        let mut sent = 0_u32;
        let mut most = Duration::ZERO;
        let mut rough = 0;
        for beat in 0..beats {
            let now = f64::from(beat) * 20.0 + 7.0;
            while f64::from(sent) * spacing <= now {
                let packet = peer.packet();
                listener.receive(&packet);
                sent += 1;
            }
            listener.beat();
            most = most.max(listener.session.statistics().delay);
            if beat % 500 == 499 {
                let heard = listener.ear.take().caller;
                rough = rough.max(roughest(&heard[1_600..]));
                assert_tone(&heard[72_000..], 1.0);
            }
        }
        let statistics = listener.session.statistics();
        assert!(most <= 100 * MS, "{off}: {most:?}");
        assert_eq!((statistics.late, statistics.surplus), (0, 0), "{off}");
        assert!(statistics.concealed <= 100 * MS, "{off}: {statistics:?}");
        assert!(rough < calm() * 2, "{off}: {rough} of {}", calm());
    }
}

#[test]
fn nothing_for_the_configured_time_is_told_once_until_something_comes() {
    let mut listener = Listener::new();
    let mut sent = 0;
    let mut told = Vec::new();
    for _ in 0..1_500 {
        sent += u32::from(
            listener
                .session
                .beat(listener.now, &mut [0; 1_500])
                .is_some(),
        );
        listener.now += BEAT;
        for event in events(&mut listener.session) {
            told.push((event, listener.now - listener.began));
        }
    }
    assert_eq!(
        told,
        [(MediaEvent::NoPackets, Duration::from_millis(10_020))]
    );
    assert_eq!(sent, 1_500, "our side goes on sending");
    let packet = Peer::new(7, 20).packet();
    listener.receive(&packet);
    for _ in 0..600 {
        listener.beat();
    }
    assert_eq!(events(&mut listener.session), [MediaEvent::NoPackets]);
}

#[test]
fn a_change_of_codec_leaves_no_more_than_a_gap() {
    let mut line = Line::with(Codec::Pcmu);
    let ear = listen(&mut line.bob);
    let codecs = [
        Codec::Pcma,
        Codec::Opus,
        Codec::L16Wide,
        Codec::L16,
        Codec::Pcmu,
    ];
    line.ann.play(tone(400.0, Duration::from_secs(12)));
    line.run(1_000 * MS);
    for codec in codecs {
        let now = line.now;
        line.ann.agree(now, Some(stream(bob(), codec)));
        // Bob is told a little later.
        line.run(60 * MS);
        let now = line.now;
        line.bob.agree(now, Some(stream(ann(), codec)));
        ear.take();
        line.run(1_500 * MS);
        let heard = ear.take().caller;
        let rate = codec.sample_rate();
        let later = &heard[rate as usize / 2..];
        let frequency = dominant_frequency(later, rate).unwrap_or_default();
        assert!((frequency - 400.0).abs() < 2.0, "{codec}: {frequency} Hz");
        let sent = tone_level(
            &sine(rate, 400.0, 8_000.0, Duration::from_secs(1)),
            rate,
            400.0,
        );
        let level = tone_level(later, rate, 400.0);
        assert!((level - sent).abs() < 1.0, "{codec}: {level} dB of {sent}");
    }
    let statistics = line.bob.statistics();
    let unknown = statistics.ignored.unknown_payload as i64;
    assert_eq!(
        statistics.packets_lost, unknown,
        "the sequence went on: {statistics:?}"
    );
}

#[test]
fn a_prompt_goes_on_where_it_is_when_the_codec_changes() {
    let mut line = Line::with(Codec::Pcmu);
    let id = line.ann.play(tone(400.0, Duration::from_secs(2)));
    line.run(1_000 * MS);
    let now = line.now;
    line.ann.agree(now, Some(stream(bob(), Codec::Opus)));
    line.run(980 * MS);
    assert_eq!(events(&mut line.ann), []);
    line.run(40 * MS);
    let complete = MediaEvent::Played(id, hookflash_media::PlayEnd::Complete);
    assert_eq!(events(&mut line.ann), [complete]);
}

#[test]
fn an_answer_with_several_codecs_lets_the_peer_choose_anew_at_any_time() {
    let mut listener = Listener::new();
    let mut agreed = NegotiatedStream::new(ann(), Codec::Pcma);
    agreed
        .accepts
        .add(0, hookflash_media::Format::Audio(Codec::Pcmu));
    listener.session.agree(listener.now, Some(agreed));
    let mut peer = Peer::new(7, 20);
    for _ in 0..50 {
        let packet = peer.packet();
        listener.receive(&packet);
        listener.beat();
    }
    assert_tone(&listener.ear.take().caller[1_600..], 0.5);
    assert_eq!(listener.session.statistics().ignored.unknown_payload, 0);
}
