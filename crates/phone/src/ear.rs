//! What the phone makes of what it hears: sound, quiet and plain tones, and a recording of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::measure::{rms, tone_level};
use hookflash_audio::{Tap, TapFrame};

/// A frame is loud from this root mean square on: -50 dBFS.
const LOUD: f32 = 100.0;
/// Loud frames in a row that are sound.
const SOUND: u32 = 3;
/// Quiet frames in a row that are told as quiet.
const QUIET: u32 = 25;
/// Frames over which a tone is looked for.
const TONE: u32 = 10;
/// How much of the sound may be something else than the tone, in decibels.
const IMPURE: f32 = 1.0;
const FRAME: Duration = Duration::from_millis(20);

/// Something that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// After quiet there is sound.
    Sound,
    /// After sound it has been quiet for half a second.
    Quiet,
    /// A plain tone of so many hertz.
    Tone(u32),
}

/// Takes in what one leg hears.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    /// What was heard since it was last asked.
    told: Vec<Heard>,
    /// Samples since they were last taken, and their rate.
    samples: Vec<i16>,
    rate: u32,
    loud: u32,
    quiet: u32,
    sounding: bool,
    /// There was sound since the last keys.
    since_keys: bool,
    window: Vec<i16>,
    tone: Option<u32>,
}

impl Ear {
    fn hear(&mut self, samples: &[i16], rate: u32) {
        if rate != self.rate {
            self.rate = rate;
            self.window.clear();
        }
        self.samples.extend_from_slice(samples);
        if rms(samples) >= LOUD {
            (self.loud, self.quiet) = (self.loud + 1, 0);
        } else {
            (self.loud, self.quiet) = (0, self.quiet.saturating_add(1));
        }
        if self.loud == SOUND {
            self.since_keys = true;
            if !self.sounding {
                self.sounding = true;
                self.told.push(Heard::Sound);
            }
        }
        if self.quiet == QUIET && self.sounding {
            self.sounding = false;
            self.told.push(Heard::Quiet);
        }
        self.look_for_tone(samples);
    }

    fn look_for_tone(&mut self, samples: &[i16]) {
        self.window.extend_from_slice(samples);
        if self.window.len() < samples.len() * TONE as usize {
            return;
        }
        let tone = plain_tone(&self.window, self.rate);
        self.window.clear();
        let same = |a: u32, b: u32| a.abs_diff(b) <= 3;
        match (tone, self.tone) {
            (Some(now), Some(before)) if same(now, before) => {}
            (Some(now), _) => self.told.push(Heard::Tone(now)),
            (None, _) => {}
        }
        self.tone = tone;
    }

    /// What was heard since it was last asked.
    pub(crate) fn told(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.told)
    }

    /// Moves the samples heard since the last time behind `out`; says at which rate they are.
    pub(crate) fn take_samples(&mut self, out: &mut Vec<i16>) -> u32 {
        out.append(&mut self.samples);
        self.rate
    }

    /// Whether there was sound since the last keys, and then so much quiet.
    pub(crate) fn turn_has_come(&self, quiet: Duration) -> bool {
        self.since_keys && FRAME * self.quiet >= quiet
    }

    /// Keys are sent: what comes next is the answer to them.
    pub(crate) fn keys_sent(&mut self) {
        self.since_keys = false;
    }
}

/// The frequency of samples that are one tone and little else.
fn plain_tone(samples: &[i16], rate: u32) -> Option<u32> {
    let all = rms(samples);
    if all < LOUD {
        return None;
    }
    // Where the line is crossed upwards, to a part of a sample.
    let mut crossings = samples
        .windows(2)
        .enumerate()
        .filter_map(|(n, pair)| match pair {
            [a, b] if *a < 0 && *b >= 0 => {
                let (a, b) = (f32::from(*a), f32::from(*b));
                Some(n as f32 - a / (b - a))
            }
            _ => None,
        });
    let first = crossings.next()?;
    let (count, last) = crossings.fold((0, first), |(count, _), at| (count + 1, at));
    let hz = count as f32 * rate as f32 / (last - first);
    let whole = 20.0 * (all * std::f32::consts::SQRT_2 / 32_768.0).log10();
    let plain = count > 0 && tone_level(samples, rate, hz) >= whole - IMPURE;
    plain.then(|| hz.round() as u32)
}

/// An [`Ear`] that a session and the phone share.
pub(crate) struct SharedEar(pub(crate) Rc<RefCell<Ear>>);

impl Tap for SharedEar {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        self.0.borrow_mut().hear(frame.caller, frame.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f32, millis: usize) -> Vec<i16> {
        let step = std::f32::consts::TAU * hz / 8_000.0;
        (0..millis * 8)
            .map(|n| ((n as f32 * step).sin() * 5_000.0) as i16)
            .collect()
    }

    fn heard(ear: &mut Ear, samples: &[i16]) -> Vec<Heard> {
        samples.chunks(160).for_each(|frame| ear.hear(frame, 8_000));
        ear.told()
    }

    #[test]
    fn tones_sound_and_quiet_are_told_once_each() {
        let mut ear = Ear::default();
        let story = [
            vec![0; 8_000],
            sine(1_004.0, 900),
            sine(440.0, 600),
            vec![0; 8_000],
        ]
        .concat();
        let expected = [
            Heard::Sound,
            Heard::Tone(1_004),
            Heard::Tone(440),
            Heard::Quiet,
        ];
        assert_eq!(heard(&mut ear, &story), expected);
    }

    #[test]
    fn two_tones_at_once_are_sound_and_no_plain_tone() {
        let both: Vec<i16> = sine(440.0, 1_000)
            .iter()
            .zip(sine(480.0, 1_000))
            .map(|(a, b)| a + b)
            .collect();
        assert_eq!(heard(&mut Ear::default(), &both), [Heard::Sound]);
    }

    #[test]
    fn the_turn_comes_after_sound_and_quiet() {
        let quiet = Duration::from_millis(400);
        let mut ear = Ear::default();
        heard(&mut ear, &vec![0; 8_000]);
        assert!(!ear.turn_has_come(quiet), "nothing was said yet");
        heard(&mut ear, &sine(300.0, 200));
        heard(&mut ear, &vec![0; 3_000]);
        assert!(!ear.turn_has_come(quiet), "a breath");
        heard(&mut ear, &vec![0; 320]);
        assert!(ear.turn_has_come(quiet));
        ear.keys_sent();
        heard(&mut ear, &vec![0; 8_000]);
        assert!(!ear.turn_has_come(quiet), "no answer to the keys yet");
    }

    #[test]
    fn samples_are_kept_until_they_are_taken() {
        let mut ear = Ear::default();
        heard(&mut ear, &[7; 320]);
        let mut samples = Vec::new();
        assert_eq!(ear.take_samples(&mut samples), 8_000);
        ear.take_samples(&mut samples);
        assert_eq!(samples, [7; 320]);
    }
}
