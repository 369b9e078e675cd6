//! What is played is heard, right and in order.

use std::sync::Arc;
use std::time::Duration;

use hookflash_audio::measure::{dominant_frequency, rms, tone_level};
use hookflash_audio::{Clip, Playlist};
use hookflash_media::{Codec, DubChange, FeedMark, MediaEvent, PlayEnd, VoiceWatch};

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

#[test]
fn stopping_a_prompt_makes_no_click() {
    for codec in [Codec::Pcmu, Codec::L16, Codec::L16Wide, Codec::Opus] {
        let mut line = Line::with(codec);
        let id = line.ann.play(tone(400.0, 5 * SECOND));
        let next = line.ann.play(tone(400.0, 5 * SECOND));
        line.run(Duration::from_millis(1_000));
        let ear = listen(&mut line.bob);
        line.run(Duration::from_millis(500));
        let calm = roughest(&ear.take().caller);
        line.ann.stop_playing();
        let stopped = [id, next].map(|id| MediaEvent::Played(id, PlayEnd::Stopped));
        assert_eq!(events(&mut line.ann), stopped);
        line.run(Duration::from_millis(500));
        let heard = ear.take().caller;
        let rough = roughest(&heard);
        assert!(rough <= calm * 3 / 2, "{codec}: {rough} after {calm}");
        assert!(rms(&heard[heard.len() / 2..]) < 10.0, "{codec}");
    }
}

#[test]
fn taps_hear_both_sides_of_every_beat() {
    let mut line = Line::with(Codec::Pcmu);
    let ear = listen(&mut line.ann);
    line.ann.play(tone(500.0, 2 * SECOND));
    line.bob.play(tone(900.0, 2 * SECOND));
    line.run(2 * SECOND);
    let heard = ear.take();
    assert_eq!(heard.frames.len(), 100);
    assert_eq!(heard.rates, [8_000; 100]);
    let frequency = |samples: &[i16]| dominant_frequency(&samples[1_600..14_000], 8_000);
    let close = |found: Option<f32>, hz: f32| found.is_some_and(|found| (found - hz).abs() < 2.0);
    assert!(close(frequency(&heard.ours), 500.0));
    assert!(close(frequency(&heard.caller), 900.0));
}

#[test]
fn a_tap_that_was_taken_away_hears_no_more() {
    let mut line = Line::with(Codec::Pcmu);
    let ear = Ear::default();
    let id = line.ann.tap(Box::new(ear.clone()));
    line.run(Duration::from_millis(100));
    assert!(line.ann.untap(id).is_some());
    assert!(line.ann.untap(id).is_none());
    line.run(Duration::from_millis(100));
    assert_eq!(ear.take().frames.len(), 5);
}

#[test]
fn an_echo_is_what_came_in_and_nothing_else() {
    let mut line = Line::with(Codec::Pcmu);
    line.bob.echo(true);
    line.bob.play(tone(2_000.0, 2 * SECOND));
    line.ann.play(tone(700.0, 2 * SECOND));
    let ear = listen(&mut line.ann);
    line.run(2 * SECOND);
    let heard = ear.take().caller;
    let back = tone_level(&heard[4_000..14_000], 8_000, 700.0);
    let sent = tone_level(&sine(8_000, 700.0, 8_000.0, SECOND), 8_000, 700.0);
    assert!((back - sent).abs() < 1.0, "{back} dB of {sent}");
    assert!(tone_level(&heard[4_000..14_000], 8_000, 2_000.0) < -50.0);
    line.bob.echo(false);
    line.run(Duration::from_millis(400));
    ear.take();
    line.run(Duration::from_millis(200));
    assert_eq!(rms(&ear.take().caller), 0.0);
}

#[test]
fn a_feed_is_played_and_its_marks_are_told_when_reached_or_cleared() {
    let mut line = Line::with(Codec::Pcma);
    let samples = sine(8_000, 600.0, 8_000.0, SECOND);
    assert_eq!(line.ann.feed(8_000, &samples), samples.len());
    line.ann.feed_mark("half".to_owned());
    line.ann.feed(8_000, &samples);
    line.ann.feed_mark("whole".to_owned());
    let mark = |name: &str, cleared| {
        let name = name.to_owned();
        MediaEvent::Mark(FeedMark { name, cleared })
    };
    line.run(Duration::from_millis(980));
    assert_eq!(events(&mut line.ann), []);
    line.run(Duration::from_millis(60));
    assert_eq!(events(&mut line.ann), [mark("half", false)]);
    assert!(line.ann.fed() > Duration::from_millis(900));
    line.ann.clear_feed();
    assert_eq!(events(&mut line.ann), [mark("whole", true)]);
    line.run(Duration::from_millis(100));
    let ear = listen(&mut line.bob);
    line.run(Duration::from_millis(100));
    assert!(rms(&ear.take().caller) < 10.0);
}

#[test]
fn a_dub_track_is_mixed_into_what_plays() {
    let mut line = Line::with(Codec::Pcmu);
    let mut music = tone(1_500.0, SECOND);
    music.times = None;
    assert!(line.ann.dub("music", Some(DubChange::Play(music, -6.0))));
    line.ann.play(tone(500.0, 10 * SECOND));
    let ear = listen(&mut line.bob);
    line.run(2 * SECOND);
    let heard = ear.take().caller;
    let level = |heard: &[i16], hz| tone_level(&heard[4_000..14_000], 8_000, hz);
    let (prompt, dub) = (level(&heard, 500.0), level(&heard, 1_500.0));
    assert!((prompt - dub - 6.0).abs() < 1.0, "{prompt} and {dub} dB");
    assert!(line.ann.dub("music", Some(DubChange::Silence)));
    assert!(line.ann.dub("music", None));
    line.run(Duration::from_millis(200));
    ear.take();
    line.run(2 * SECOND);
    assert!(level(&ear.take().caller, 1_500.0) < -45.0);
}

#[test]
fn the_voice_of_the_caller_is_told_when_it_begins_and_ends() {
    let mut line = Line::with(Codec::Pcmu);
    line.bob.watch_voice(Some(VoiceWatch {
        begin: Duration::from_millis(100),
        end: Duration::from_millis(700),
    }));
    // Syllables of a deep voice.
    let voice: Vec<i16> = (0..16_000)
        .map(|n| {
            let t = n as f32 / 8_000.0;
            let swell = (t * 4.0 * std::f32::consts::PI).sin().abs();
            let wave: f32 = (1..8)
                .map(|k| (t * 830.0 * k as f32).sin() / k as f32)
                .sum();
            (wave * swell * 3_000.0) as i16
        })
        .collect();
    line.run(SECOND);
    line.ann
        .play(Playlist::clip(Arc::new(Clip::new(8_000, voice))));
    line.run(Duration::from_millis(600));
    assert_eq!(events(&mut line.bob), [MediaEvent::Voice(true)]);
    line.run(Duration::from_millis(3_000));
    assert_eq!(events(&mut line.bob), [MediaEvent::Voice(false)]);
    line.bob.watch_voice(None);
    line.ann.play(tone(300.0, SECOND));
    line.run(2 * SECOND);
    assert_eq!(events(&mut line.bob), []);
}

#[test]
fn a_prompt_waits_for_an_answer_that_comes_a_moment_late_but_not_for_ever() {
    let mut line = Line::with(Codec::Pcmu);
    line.ann = session(0xA);
    let id = line.ann.play(tone(500.0, SECOND));
    line.run(SECOND);
    let now = line.now;
    line.ann.agree(now, Some(stream(bob(), Codec::Pcmu)));
    let ear = listen(&mut line.bob);
    line.run(Duration::from_millis(1_100));
    let complete = [MediaEvent::Played(id, PlayEnd::Complete)];
    assert_eq!(events(&mut line.ann), complete);
    let loud = ear.take().caller.iter().filter(|s| s.abs() > 500).count();
    assert!(loud > 6_900, "{loud}");

    line.ann = session(0xA);
    line.ann.play(tone(500.0, SECOND));
    line.run(4 * SECOND);
    assert_eq!(events(&mut line.ann), complete);
}
