//! Whether somebody speaks: louder than the line has lately been at its quietest.

use std::time::Duration;

use crate::tone::samples_in;

/// What is judged at once.
const STEP: Duration = Duration::from_millis(10);
/// Quieter is never speech, in dBFS. An idle line of G.711 is at -70 or below.
const QUIETEST: f32 = -50.0;
/// How much louder than the noise of the line speech is, to begin and to go on, in decibels.
const ABOVE: f32 = 9.0;
const STILL_ABOVE: f32 = 6.0;
/// Until the line has had a pause its noise is not taken to be louder than this, in dBFS: a call
/// may begin with speech.
const LOUDEST_NOISE: f32 = -45.0;
/// The noise is the quietest step in so many spans of so many steps: three seconds, longer than
/// anybody speaks without a dip.
const SPANS: usize = 6;
const SPAN: u32 = 50;
/// Steps of speech that end a silence; a click is shorter.
const CLICK: u32 = 3;
/// Hum of the mains and what is constant is not heard: high-pass at this frequency.
const HUM: f32 = 150.0;

/// The level of a step, without hum.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    before: f32,
    filtered: f32,
    energy: f32,
    count: usize,
}

impl Meter {
    fn add(&mut self, sample: i16, rate: u32) {
        let sample = f32::from(sample);
        let keep = 1.0 - (std::f32::consts::TAU * HUM / rate as f32).min(1.0);
        self.filtered = keep * (self.filtered + sample - self.before);
        self.before = sample;
        self.energy += self.filtered * self.filtered;
        self.count += 1;
    }

    /// The level since the last call in dBFS.
    fn read(&mut self) -> f32 {
        let mean = self.energy / self.count.max(1) as f32;
        (self.energy, self.count) = (0.0, 0);
        // A sine that fills 16 bits has half the power of its peak.
        10.0 * ((mean * 2.0).max(1e-6) / 32_768f32.powi(2)).log10()
    }
}

/// Tells when speech begins and ends.
#[derive(Clone, Debug)]
pub struct Detector {
    rate: u32,
    step: usize,
    begin: u32,
    end: u32,
    meter: Meter,
    quietest: [f32; SPANS],
    span: f32,
    steps: u32,
    /// Steps of speech lately while silent, or of silence while speaking.
    run: u32,
    /// Steps of speech in a row.
    loud: u32,
    speaking: bool,
}

impl Detector {
    /// For audio of so many samples per second. So much speech is a beginning, so much silence an
    /// end; both to 10 ms and at least that.
    pub fn new(rate: u32, begin: Duration, end: Duration) -> Detector {
        let steps = |duration: Duration| {
            let steps = duration.as_millis() / STEP.as_millis();
            u32::try_from(steps).unwrap_or(u32::MAX).max(1)
        };
        Detector {
            rate: rate.max(1),
            step: samples_in(STEP, rate).max(1),
            begin: steps(begin),
            end: steps(end),
            meter: Meter::default(),
            quietest: [LOUDEST_NOISE; SPANS],
            span: LOUDEST_NOISE,
            steps: 0,
            run: 0,
            loud: 0,
            speaking: false,
        }
    }

    /// Takes the next samples. Says whether somebody speaks if that has changed; of more than one
    /// change in the same samples only the last is told.
    pub fn push(&mut self, samples: &[i16]) -> Option<bool> {
        let before = self.speaking;
        for sample in samples {
            self.meter.add(*sample, self.rate);
            if self.meter.count >= self.step {
                let level = self.meter.read();
                self.judge(level);
            }
        }
        (self.speaking != before).then_some(self.speaking)
    }

    /// Whether somebody speaks.
    pub fn is_speaking(&self) -> bool {
        self.speaking
    }

    fn judge(&mut self, level: f32) {
        let noise = self.noise(level);
        let above = if self.speaking { STILL_ABOVE } else { ABOVE };
        let speech = level > QUIETEST.max(noise + above);
        self.loud = if speech { self.loud + 1 } else { 0 };
        match (self.speaking, speech) {
            (false, true) => self.run += 1,
            (false, false) => self.run = self.run.saturating_sub(2),
            (true, true) if self.loud >= CLICK => self.run = 0,
            (true, _) => self.run += 1,
        }
        if self.run >= if self.speaking { self.end } else { self.begin } {
            self.speaking = !self.speaking;
            self.run = 0;
        }
    }

    /// The noise of the line, this step included.
    fn noise(&mut self, level: f32) -> f32 {
        self.span = self.span.min(level);
        self.steps += 1;
        let noise = self.quietest.iter().copied().fold(self.span, f32::min);
        if self.steps >= SPAN {
            self.quietest.rotate_left(1);
            if let Some(last) = self.quietest.last_mut() {
                *last = self.span;
            }
            (self.span, self.steps) = (f32::INFINITY, 0);
        }
        noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Law, g711};

    const BEGIN: Duration = Duration::from_millis(100);
    const END: Duration = Duration::from_millis(500);

    fn detector() -> Detector {
        Detector::new(8_000, BEGIN, END)
    }

    fn noise(millis: usize, peak: f32) -> Vec<i16> {
        let mut state = 1u32;
        (0..millis * 8)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((state >> 8) as f32 / (1 << 23) as f32 * peak - peak) as i16
            })
            .collect()
    }

    /// Syllables: tones of a voice that swell and fade four times a second.
    fn speech(millis: usize, peak: f32) -> Vec<i16> {
        let wave = |t: f32, hz: f32| (t * hz * std::f32::consts::TAU).sin();
        (0..millis * 8)
            .map(|n| {
                let t = n as f32 / 8_000.0;
                let swell = wave(t, 2.0).abs().max(0.02);
                ((wave(t, 180.0) + wave(t, 540.0) + 0.5 * wave(t, 1_260.0)) * swell * peak / 2.5)
                    as i16
            })
            .collect()
    }

    fn mix(a: &[i16], b: &[i16]) -> Vec<i16> {
        a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
    }

    /// When it changed, in milliseconds, with what.
    fn changes(detector: &mut Detector, samples: &[i16]) -> Vec<(usize, bool)> {
        let frames = samples.chunks(160).enumerate();
        frames
            .filter_map(|(n, frame)| Some(((n + 1) * 20, detector.push(frame)?)))
            .collect()
    }

    #[test]
    fn speech_begins_after_the_asked_speech_and_ends_after_the_asked_silence() {
        for level in [1_000.0, 8_000.0, 30_000.0] {
            let samples = [vec![0; 8_000], speech(2_000, level), vec![0; 16_000]].concat();
            let changes = changes(&mut detector(), &samples);
            let [(begun, true), (ended, false)] = changes[..] else {
                panic!("{changes:?} at {level}");
            };
            assert!((1_100..=1_260).contains(&begun), "began at {begun}");
            assert!((3_400..=3_540).contains(&ended), "ended at {ended}");
        }
    }

    #[test]
    fn a_call_may_begin_with_speech() {
        let changes = changes(&mut detector(), &speech(1_000, 6_000.0));
        assert!(
            matches!(changes[..], [(at, true)] if at <= 300),
            "{changes:?}"
        );
    }

    #[test]
    fn silence_and_the_idle_noise_of_g711_are_not_speech() {
        let mut idle = noise(10_000, 8.0);
        for law in [Law::Mu, Law::A] {
            for sample in &mut idle {
                *sample = g711::decode(law, g711::encode(law, *sample));
            }
            assert_eq!(changes(&mut detector(), &idle), []);
        }
        assert_eq!(changes(&mut detector(), &vec![0; 80_000]), []);
        assert_eq!(changes(&mut detector(), &vec![2_000; 80_000]), []);
    }

    #[test]
    fn steady_noise_is_not_speech_but_speech_above_it_is() {
        let hiss = noise(12_000, 400.0);
        assert_eq!(changes(&mut detector(), &hiss), []);
        let said = [vec![0; 32_000], speech(3_000, 8_000.0), vec![0; 40_000]].concat();
        let changes = changes(&mut detector(), &mix(&hiss, &said));
        let [(begun, true), (ended, false)] = changes[..] else {
            panic!("{changes:?}");
        };
        assert!((4_100..=4_300).contains(&begun), "{begun}");
        assert!((7_350..=7_700).contains(&ended), "{ended}");
    }

    #[test]
    fn noise_that_comes_up_is_speech_only_until_it_is_known() {
        let samples = [noise(5_000, 10.0), noise(15_000, 3_000.0)].concat();
        let changes = changes(&mut detector(), &samples);
        let [(_, true), (ended, false)] = changes[..] else {
            panic!("{changes:?}");
        };
        assert!(ended <= 5_000 + 3_500 + 600, "{ended}");
    }

    #[test]
    fn clicks_neither_begin_speech_nor_keep_it_going() {
        let mut clicks = vec![0; 80_000];
        for at in (0..clicks.len()).step_by(2_000) {
            clicks[at..at + 30].fill(20_000);
        }
        assert_eq!(changes(&mut detector(), &clicks), []);
        let mut samples = speech(1_000, 8_000.0);
        samples.extend(clicks);
        assert_eq!(changes(&mut detector(), &samples).len(), 2);
    }

    #[test]
    fn hum_of_the_mains_is_not_speech() {
        let step = std::f32::consts::TAU * 50.0 / 8_000.0;
        let hum: Vec<i16> = (0..80_000)
            .map(|n| ((n as f32 * step).sin() * 250.0) as i16)
            .collect();
        assert_eq!(changes(&mut detector(), &hum), []);
    }
}
