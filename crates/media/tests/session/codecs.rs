//! What networks do to a stream, in every codec. What is particular to one is in `network`.

use std::time::Duration;

use hookflash_audio::measure::{dominant_frequency, tone_level};
use hookflash_media::{Codec, Statistics};

use crate::support::*;

/// In hertz: what is left over when a period of it is cut out of a frame is no period.
const LOW_TONE: f32 = 187.0;

/// In hertz. No period of it is a whole frame of any codec.
const TONE: f32 = 430.0;

/// Lets Ann play a tone to Bob through a network for 9 s. `network` says after how many
/// milliseconds the packet of a number is delivered, perhaps more than once, perhaps never.
/// Gives what Bob heard after the first three, in which his buffer learns.
fn hear(
    codec: Codec,
    hertz: f32,
    mut network: impl FnMut(u32) -> Vec<u64>,
) -> (Vec<i16>, Statistics) {
    let mut line = Line::with(codec);
    let ear = listen(&mut line.bob);
    line.ann.play(tone(hertz, Duration::from_secs(10)));
    let mut on_the_way = Vec::new();
    for beat in 0..450 {
        let now = line.now;
        line.beat_through(|packet| {
            for delay in network(beat) {
                on_the_way.push((now + Duration::from_millis(delay), packet.clone()));
            }
            on_the_way.sort_by_key(|(due, _)| *due);
            let late = on_the_way.partition_point(|(due, _)| *due <= now);
            on_the_way.drain(..late).map(|(_, packet)| packet).collect()
        });
        if beat == 149 {
            ear.take();
        }
    }
    (ear.take().caller, line.bob.statistics())
}

fn assert_tone(codec: Codec, samples: &[i16], tolerance_db: f32) {
    let rate = codec.sample_rate();
    let sent = sine(rate, TONE, 8_000.0, Duration::from_secs(1));
    let sent = tone_level(&sent, rate, TONE);
    for second in samples.chunks_exact(rate as usize) {
        let frequency = dominant_frequency(second, rate).unwrap_or_default();
        assert!((frequency - TONE).abs() < 3.0, "{codec}: {frequency} Hz");
        let level = tone_level(second, rate, TONE);
        assert!(
            (level - sent).abs() < tolerance_db,
            "{codec}: {level} dB of {sent}"
        );
    }
}

#[test]
fn five_percent_of_loss_leave_the_tone_in_every_codec() {
    for codec in Codec::ALL {
        let mut dice = dice(5);
        let network = |beat| match beat > 2 && dice() < 0.05 {
            true => vec![],
            false => vec![0],
        };
        let (heard, statistics) = hear(codec, TONE, network);
        assert_tone(codec, &heard, 2.0);
        assert!(
            (10..40).contains(&statistics.packets_lost),
            "{codec}: {statistics:?}"
        );
        let concealed = statistics.concealed.as_millis() as i64;
        let lost = statistics.packets_lost * 20;
        assert!((concealed - lost).abs() <= 60, "{codec}: {statistics:?}");
    }
}

#[test]
fn jitter_disorder_and_duplicates_are_evened_out_in_every_codec() {
    for codec in Codec::ALL {
        let mut dice = dice(6);
        let (heard, statistics) = hear(codec, TONE, |beat| {
            let delay = (dice() * 60.0) as u64;
            match beat % 7 {
                3 => vec![delay, delay + 5],
                _ => vec![delay],
            }
        });
        assert_tone(codec, &heard, 1.0);
        assert!(statistics.packets_lost <= 4, "{codec}: {statistics:?}");
        assert!(statistics.duplicates > 40, "{codec}: {statistics:?}");
        assert!(statistics.late <= 10, "{codec}: {statistics:?}");
    }
}

/// A stretched stream is no whole number of frames any more: a loss begins within one, and what is
/// made up goes on from what was decoded last, not from what was played last. Opus makes it up
/// itself, and lets a tone fade as it does all that is no voice.
#[test]
fn a_loss_in_a_stretched_stream_is_bridged_without_a_step_in_every_plain_codec() {
    for codec in Codec::ALL {
        if codec == Codec::Opus {
            continue;
        }
        let (heard, statistics) = hear(codec, LOW_TONE, |beat| match beat {
            // The way gets shorter once, so that there is too much to play.
            0..60 => vec![90],
            _ if beat > 200 && beat % 25 == 0 => vec![],
            _ => vec![0],
        });
        assert_eq!(statistics.packets_lost, 9, "{codec}: {statistics:?}");
        let rate = codec.sample_rate();
        let sent = sine(rate, LOW_TONE, 8_000.0, Duration::from_secs(1));
        let sent = tone_level(&sent, rate, LOW_TONE);
        // A step turns the wave, which then cancels itself for a moment.
        for (number, window) in heard.chunks_exact(rate as usize / 50).enumerate() {
            let level = tone_level(window, rate, LOW_TONE);
            assert!(
                (level - sent).abs() < 2.0,
                "{codec}: {level} dB of {sent} in window {number}"
            );
        }
    }
}
