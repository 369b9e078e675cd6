//! Tones: phase-continuous, with soft edges, at telephone levels.
//!
//! Levels are in dBm0 as ITU-T G.711 relates them to numbers: a sine that just fills 16 bits is
//! +3.14 dBm0 in A-law (and +3.17 in µ-law, 0.03 dB apart), so one of 0 dBm0 peaks at
//! [`PEAK_0_DBM0`].

use std::f64::consts::{PI, TAU};
use std::time::Duration;

use crate::Tone;

/// The peak of a sine of 0 dBm0: 32,768 less 3.14 dB.
pub const PEAK_0_DBM0: f32 = 22_827.0;

/// How long an edge is, so that none clicks.
const RAMP_MILLIS: u32 = 3;

/// The peak of a sine of that level.
pub fn peak(dbm0: f32) -> f32 {
    PEAK_0_DBM0 * 10f32.powf(dbm0 / 20.0)
}

/// The level of samples with that root mean square.
pub fn dbm0(rms: f32) -> f32 {
    20.0 * (rms * std::f32::consts::SQRT_2 / PEAK_0_DBM0).log10()
}

/// Samples in a duration, to the nearest.
pub(crate) fn samples_in(duration: Duration, rate: u32) -> usize {
    let samples = (duration.as_nanos() * u128::from(rate) + 500_000_000) / 1_000_000_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// A sine as a rotating pointer: no sine is computed per sample.
#[derive(Clone, Copy, Debug)]
struct Oscillator {
    now: (f64, f64),
    turn: (f64, f64),
}

impl Oscillator {
    fn new(hz: f32, rate: u32) -> Oscillator {
        let angle = TAU * f64::from(hz) / f64::from(rate.max(1));
        Oscillator {
            now: (1.0, 0.0),
            turn: (angle.cos(), angle.sin()),
        }
    }

    fn next(&mut self) -> f64 {
        let ((re, im), (cos, sin)) = (self.now, self.turn);
        self.now = (re * cos - im * sin, re * sin + im * cos);
        im
    }
}

/// Makes the samples of a [`Tone`].
#[derive(Clone, Debug)]
pub struct Generator {
    voices: [Option<Oscillator>; 2],
    peak: f64,
    rate: u32,
    on: usize,
    cycle: usize,
    length: usize,
    position: usize,
}

impl Generator {
    /// A tone from its beginning. One that would alternate without ever sounding or pausing is
    /// empty.
    pub fn new(tone: &Tone, rate: u32) -> Generator {
        let on = samples_in(tone.on, rate);
        let cycle = on.saturating_add(samples_in(tone.off, rate));
        let length = match tone.repeat_for {
            _ if cycle == 0 => 0,
            Some(length) => samples_in(length, rate),
            None => cycle,
        };
        let (first, second) = tone.frequencies;
        let voice = |hz: f32| {
            let audible = hz > 0.0 && hz < rate as f32 / 2.0;
            audible.then(|| Oscillator::new(hz, rate))
        };
        Generator {
            voices: [voice(first), voice(second)],
            peak: f64::from(peak(tone.level)).min(f64::from(i16::MAX)),
            rate,
            on,
            cycle,
            length,
            position: 0,
        }
    }

    /// Samples in all.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The same tone from another moment, in samples.
    pub(crate) fn from(tone: &Tone, rate: u32, position: usize) -> Generator {
        let mut generator = Generator::new(tone, rate);
        generator.position = position.min(generator.length);
        generator
    }

    /// Fills `out`; returns how much of it, which is all until the tone ends.
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        let mut filled = 0;
        for slot in out.iter_mut().take(self.length - self.position) {
            *slot = self.sample();
            self.position += 1;
            filled += 1;
        }
        filled
    }

    fn sample(&mut self) -> i16 {
        let sum: f64 = self.voices.iter_mut().flatten().map(Oscillator::next).sum();
        let within = self.position % self.cycle.max(1);
        if within >= self.on {
            return 0;
        }
        let sounding = self.on.min(self.length - (self.position - within));
        let edge = within.min(sounding.saturating_sub(1 + within));
        let ramp = ((self.rate * RAMP_MILLIS / 1_000) as usize).min(sounding / 4);
        let gain = if edge < ramp { rise(edge, ramp) } else { 1.0 };
        (sum * self.peak * gain).round() as i16
    }
}

/// A raised cosine from 0 to 1 over `length` samples.
pub(crate) fn rise(position: usize, length: usize) -> f64 {
    let part = (position as f64 + 0.5) / length.max(1) as f64;
    0.5 - 0.5 * (PI * part.min(1.0)).cos()
}

/// All samples of a tone at once, at most an hour.
pub fn samples(tone: &Tone, rate: u32) -> Vec<i16> {
    let mut generator = Generator::new(tone, rate);
    let most = rate as usize * 3_600;
    let mut out = vec![0; generator.length().min(most)];
    generator.fill(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{dominant_frequency, rms, tone_level};

    fn lasting(millis: u64, frequencies: (f32, f32), level: f32) -> Tone {
        Tone {
            frequencies,
            level,
            on: Duration::from_millis(millis),
            off: Duration::ZERO,
            repeat_for: None,
        }
    }

    /// What 0 dBm0 is in dBFS.
    fn zero() -> f32 {
        20.0 * (PEAK_0_DBM0 / 32_768.0).log10()
    }

    #[test]
    fn a_sine_of_0_dbm0_is_3_14_db_below_one_that_fills_16_bits() {
        assert!((zero() * 100.0 + 314.0).abs() < 1.0, "{}", zero());
        let samples = samples(&lasting(1_000, (1_000.0, 0.0), 0.0), 8_000);
        let peak = samples.iter().map(|s| s.abs()).max().unwrap();
        assert!((f32::from(peak) - PEAK_0_DBM0).abs() < 5.0, "{peak}");
        assert!(dbm0(rms(&samples)).abs() < 0.1);
    }

    #[test]
    fn tones_have_their_frequencies_and_levels_at_every_rate() {
        for rate in crate::resample::RATES {
            for (hz, level) in [(440.0, -10.0), (1_004.0, -20.0), (3_400.0, -3.0)] {
                let samples = samples(&lasting(1_000, (hz, 0.0), level), rate);
                assert_eq!(samples.len(), rate as usize);
                let heard = dominant_frequency(&samples, rate).unwrap();
                assert!((heard - hz).abs() < 0.5, "{heard} for {hz} at {rate}");
                let heard = tone_level(&samples, rate, hz) - zero();
                assert!((heard - level).abs() < 0.2, "{heard} for {level} at {rate}");
            }
        }
    }

    #[test]
    fn of_two_frequencies_each_has_the_level() {
        let samples = samples(&lasting(1_000, (440.0, 480.0), -19.0), 8_000);
        for hz in [440.0, 480.0] {
            let heard = tone_level(&samples, 8_000, hz) - zero();
            assert!((heard + 19.0).abs() < 0.3, "{heard}");
        }
    }

    #[test]
    fn edges_are_soft() {
        let samples = samples(&lasting(100, (1_000.0, 0.0), 0.0), 8_000);
        let bend = |three: &[i16]| {
            (i32::from(three[0]) - 2 * i32::from(three[1]) + i32::from(three[2])).abs()
        };
        let padded = [&[0; 10], &samples[..], &[0; 10]].concat();
        let steady = samples[200..600].windows(3).map(bend).max().unwrap();
        let sharpest = padded.windows(3).map(bend).max().unwrap();
        assert!(
            sharpest <= steady + steady / 20,
            "{sharpest} after {steady}"
        );
    }

    #[test]
    fn a_cadence_alternates_and_ends_in_time() {
        let cadence = Tone {
            off: Duration::from_millis(300),
            repeat_for: Some(Duration::from_millis(1_000)),
            ..lasting(200, (1_000.0, 0.0), -10.0)
        };
        let samples = samples(&cadence, 8_000);
        assert_eq!(samples.len(), 8_000);
        for (millis, sounds) in [(100, true), (350, false), (600, true), (850, false)] {
            let around = &samples[millis * 8 - 200..millis * 8 + 200];
            assert_eq!(rms(around) > 1_000.0, sounds, "at {millis} ms");
        }
        let ringing = Tone::ringing(Duration::from_secs(7));
        let samples = super::samples(&ringing, 8_000);
        assert_eq!(samples.len(), 56_000);
        assert!(rms(&samples[48_400..55_900]) > 1_000.0);
        assert!(samples[55_999].abs() < 200, "the cut is soft too");
    }

    #[test]
    fn a_tone_made_in_pieces_is_the_same() {
        let tone = lasting(500, (697.0, 1_209.0), -9.0);
        let whole = samples(&tone, 8_000);
        let mut generator = Generator::new(&tone, 8_000);
        let mut pieces = Vec::new();
        let mut part = [0; 37];
        loop {
            let filled = generator.fill(&mut part);
            pieces.extend_from_slice(&part[..filled]);
            if filled < part.len() {
                break;
            }
        }
        assert_eq!(pieces, whole);
    }

    #[test]
    fn tones_without_length_or_that_cannot_be_heard_do_no_harm() {
        let nothing = lasting(0, (440.0, 0.0), 0.0);
        assert_eq!(samples(&nothing, 8_000), []);
        let forever = Tone {
            repeat_for: Some(Duration::MAX),
            ..nothing
        };
        assert_eq!(samples(&forever, 8_000), []);
        for hz in [0.0, -1.0, 4_000.0, 1e9, f32::NAN, f32::INFINITY] {
            let silent = samples(&lasting(20, (hz, 0.0), 0.0), 8_000);
            assert_eq!(silent, [0; 160], "{hz}");
        }
        let loud = samples(&lasting(20, (440.0, 480.0), f32::INFINITY), 8_000);
        assert_eq!(loud.len(), 160);
    }
}
