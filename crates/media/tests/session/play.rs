//! What is played is heard, right and in order.

use std::time::Duration;

use hookflash_audio::measure::{dominant_frequency, tone_level};
use hookflash_media::{Codec, MediaEvent, PlayEnd};

use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_tone_comes_back_at_its_frequency_and_level_through_every_codec() {
    for codec in Codec::ALL {
        let mut line = Line::with(codec);
        let ear = listen(&mut line.bob);
        let id = line.ann.play(tone(1_000.0, 2 * SECOND));
        line.run(Duration::from_millis(2_200));
        assert_eq!(
            events(&mut line.ann),
            [MediaEvent::Played(id, PlayEnd::Complete)]
        );
        let rate = codec.sample_rate();
        let heard = ear.take().caller;
        let middle = &heard[rate as usize / 2..rate as usize * 3 / 2];
        let frequency = dominant_frequency(middle, rate).unwrap_or_default();
        assert!((frequency - 1_000.0).abs() < 2.0, "{codec}: {frequency} Hz");
        let sent = tone_level(&sine(rate, 1_000.0, 8_000.0, SECOND), rate, 1_000.0);
        let level = tone_level(middle, rate, 1_000.0);
        assert!((level - sent).abs() < 1.0, "{codec}: {level} dB of {sent}");
    }
}

#[test]
fn prompts_follow_each_other_with_at_most_a_frame_of_silence() {
    let mut line = Line::with(Codec::Pcmu);
    let ear = listen(&mut line.bob);
    for _ in 0..4 {
        line.ann.play(tone(500.0, Duration::from_millis(330)));
    }
    line.run(Duration::from_millis(1_200));
    let heard = ear.take().caller;
    let sounding = &heard[800..8_000];
    let quietest = sounding
        .chunks(40)
        .map(|piece| piece.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0))
        .collect::<Vec<_>>();
    let longest_silence = quietest
        .chunk_by(|a, b| (*a < 100) == (*b < 100))
        .filter(|run| run[0] < 100)
        .map(<[u16]>::len)
        .max();
    assert!(longest_silence.unwrap_or(0) <= 4, "{longest_silence:?}");
}
