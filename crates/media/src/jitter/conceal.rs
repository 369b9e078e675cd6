//! Bridging a loss: the last pitch period goes on and fades, and gives way to the next packet
//! without a step. The idea is that of G.711 appendix I.

/// Milliseconds of the past that are kept.
const PAST: u32 = 30;

/// The longest and the shortest period looked for: 66 and 400 Hz.
const LONGEST: u32 = 15;
const SHORTEST_IN_TENTHS: u32 = 25;

/// Milliseconds of full level before the fade, and of the fade.
const HOLD: u32 = 10;
const FADE: u32 = 50;

/// Milliseconds in which real audio takes over.
const OVERLAP: u32 = 5;

/// What is known of the recent past, and where in it a bridge stands.
#[derive(Debug, Default)]
pub(crate) struct Concealment {
    past: Vec<i16>,
    /// Samples made up since the last real one.
    made: usize,
    /// Samples of the period that is being repeated; 0 when none is.
    period: usize,
}

impl Concealment {
    /// Takes samples that were decoded.
    pub(crate) fn remember(&mut self, samples: &[i16], rate: u32) {
        if samples.is_empty() {
            return;
        }
        let keep = samples_in(rate, PAST);
        if samples.len() >= keep {
            self.past.clear();
            let newest = samples.len() - keep;
            self.past
                .extend_from_slice(samples.get(newest..).unwrap_or_default());
        } else {
            let surplus = (self.past.len() + samples.len()).saturating_sub(keep);
            self.past.drain(..surplus.min(self.past.len()));
            self.past.extend_from_slice(samples);
        }
    }

    /// Forgets the past: it belongs to another stream or rate.
    pub(crate) fn forget(&mut self) {
        self.past.clear();
        self.made = 0;
        self.period = 0;
    }

    /// Makes up samples.
    pub(crate) fn conceal(&mut self, out: &mut [i16], rate: u32) {
        if self.past.is_empty() || self.made >= samples_in(rate, HOLD + FADE) {
            out.fill(0);
            self.made = self.made.saturating_add(out.len());
            return;
        }
        if self.period == 0 {
            self.period = self.find_period(rate);
        }
        for sample in out {
            *sample = self.made_up(self.made, rate);
            self.made += 1;
        }
    }

    /// Blends a bridge into the real samples that follow it.
    pub(crate) fn resume(&mut self, samples: &mut [i16], rate: u32) {
        if self.made == 0 {
            return;
        }
        let overlap = samples_in(rate, OVERLAP).min(samples.len());
        for (index, sample) in samples.iter_mut().take(overlap).enumerate() {
            let ours = i32::from(self.made_up(self.made + index, rate));
            let theirs = i32::from(*sample);
            let weight = index as i32 + 1;
            let all = overlap as i32 + 1;
            *sample = ((ours * (all - weight) + theirs * weight) / all) as i16;
        }
        self.made = 0;
        self.period = 0;
    }

    fn made_up(&self, index: usize, rate: u32) -> i16 {
        let (hold, fade) = (samples_in(rate, HOLD), samples_in(rate, FADE));
        let level = (hold + fade).saturating_sub(index.max(hold)).min(fade);
        if self.period == 0 || level == 0 {
            return 0;
        }
        let from = self.past.len() - self.period;
        let sample = self.past.get(from + index % self.period).copied();
        (i64::from(sample.unwrap_or(0)) * level as i64 / fade as i64) as i16
    }

    /// The lag at which the last 10 ms resemble most what was before.
    fn find_period(&self, rate: u32) -> usize {
        let window = samples_in(rate, 10);
        let shortest = (rate / 1_000 * SHORTEST_IN_TENTHS / 10) as usize;
        let longest = samples_in(rate, LONGEST);
        let Some(from) = self.past.len().checked_sub(window) else {
            return 0;
        };
        let last = self.past.get(from..).unwrap_or_default();
        let candidates = (shortest..=longest.min(from)).filter_map(|lag| {
            let before = self.past.get(from - lag..)?.get(..window)?;
            Some((likeness(last, before), lag))
        });
        candidates
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map_or(0, |(_, lag)| lag)
    }
}

/// How alike two pieces are, louder ones not more than quieter ones; 1 for the same.
pub(super) fn likeness(a: &[i16], b: &[i16]) -> f32 {
    let (mut both, mut energy_a, mut energy_b) = (0.0_f32, 1.0_f32, 1.0_f32);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f32::from(*a), f32::from(*b));
        both += a * b;
        energy_a += a * a;
        energy_b += b * b;
    }
    both / (energy_a * energy_b).sqrt()
}

/// Samples in so many milliseconds.
pub(super) const fn samples_in(rate: u32, ms: u32) -> usize {
    (rate / 1_000 * ms) as usize
}
