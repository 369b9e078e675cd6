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
