//! The eight frequencies of the keypad in the last 15 ms, anew every 5 ms.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::{HIGH, LOW};

/// Samples per second here.
pub(super) const RATE: u32 = 8_000;
/// Samples of a step.
pub(super) const BLOCK: usize = 40;
/// Steps of a window. Shorter ones blur neighbouring rows, longer ones blur the 23 ms that are no
/// key into the 40 ms that are.
const BLOCKS: usize = 3;
/// Samples of a window.
pub(super) const WINDOW: usize = BLOCK * BLOCKS;
/// Quieter blocks are not looked at: 25 dB below the quietest key.
const QUIET: f32 = 400.0;

/// How far, and in which direction, something turns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f32,
    pub(super) im: f32,
}

impl Complex {
    fn unit(angle: f32) -> Complex {
        Complex {
            re: angle.cos(),
            im: angle.sin(),
        }
    }

    pub(super) fn plus(self, other: Complex) -> Complex {
        Complex {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    fn times(self, other: Complex) -> Complex {
        Complex {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn conjugate(self) -> Complex {
        Complex {
            re: self.re,
            im: -self.im,
        }
    }

    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }
}

/// A frequency of the keypad and what is needed to look for it.
struct Probe {
    hz: f32,
    /// The conjugate of a sine of that frequency.
    wave: [Complex; BLOCK],
    /// By how much it turns in a block, conjugate.
    turn: Complex,
}

static PROBES: LazyLock<[Probe; 8]> = LazyLock::new(|| {
    let [l0, l1, l2, l3] = LOW;
    let [h0, h1, h2, h3] = HIGH;
    [l0, l1, l2, l3, h0, h1, h2, h3].map(|hz| {
        let step = -TAU * hz / RATE as f32;
        Probe {
            hz,
            wave: std::array::from_fn(|n| Complex::unit(step * n as f32)),
            turn: Complex::unit(step * BLOCK as f32),
        }
    })
});

#[derive(Clone, Copy, Debug, Default)]
struct Block {
    energy: f32,
    probes: [Complex; 8],
}

/// A tone that may be of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice {
    /// Which row or column.
    pub(super) index: usize,
    /// The frequency of the row or column.
    pub(super) nominal: f32,
    /// Its energy over the window.
    pub(super) energy: f32,
    /// How it turns in 5 ms against its nominal frequency, as long as it is loud.
    pub(super) drift: Complex,
}

impl Voice {
    /// By what part of its frequency it is off.
    pub(super) fn deviation(&self) -> f32 {
        deviation(self.drift, self.nominal)
    }
}

/// By what part of its nominal frequency a tone with that drift is off.
pub(super) fn deviation(drift: Complex, nominal: f32) -> f32 {
    hertz(drift) / nominal
}

fn hertz(drift: Complex) -> f32 {
    drift.angle() * RATE as f32 / (TAU * BLOCK as f32)
}

/// The loudest row and column of a window, and all the energy in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) low: Voice,
    pub(super) high: Voice,
    pub(super) energy: f32,
}

/// Slides over the samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Spectrum {
    blocks: [Block; BLOCKS],
    before: [Complex; 8],
}

impl Spectrum {
    /// Goes on by a block; `None` while there is not enough sound to look at.
    pub(super) fn step(&mut self, samples: &[i16; BLOCK]) -> Option<Sight> {
        let energy: f32 = samples.iter().map(|s| f32::from(*s).powi(2)).sum();
        let mut block = Block {
            energy,
            probes: [Complex::default(); 8],
        };
        if energy > QUIET * BLOCK as f32 {
            for (sum, probe) in block.probes.iter_mut().zip(PROBES.iter()) {
                for (wave, sample) in probe.wave.iter().zip(samples) {
                    let sample = f32::from(*sample);
                    sum.re += wave.re * sample;
                    sum.im += wave.im * sample;
                }
            }
        }
        let [_, second, third] = self.blocks;
        self.blocks = [second, third, block];
        let energy: f32 = self.blocks.iter().map(|block| block.energy).sum();
        let before = std::mem::take(&mut self.before);
        if energy < QUIET * WINDOW as f32 {
            return None;
        }
        self.before = self.window();
        let voice = |range| loudest(&self.before, &before, range);
        Some(Sight {
            low: voice(0..4)?,
            high: voice(4..8)?,
            energy,
        })
    }

    /// Whether any part of the window is silent.
    pub(super) fn has_silence(&self) -> bool {
        let quiet = QUIET * BLOCK as f32;
        self.blocks.iter().any(|block| block.energy <= quiet)
    }

    fn window(&self) -> [Complex; 8] {
        let mut window = [Complex::default(); 8];
        for block in self.blocks.iter().rev() {
            for ((sum, probe), now) in window.iter_mut().zip(PROBES.iter()).zip(block.probes) {
                *sum = sum.times(probe.turn).plus(now);
            }
        }
        window
    }
}

fn loudest(
    now: &[Complex; 8],
    before: &[Complex; 8],
    range: std::ops::Range<usize>,
) -> Option<Voice> {
    let first = range.start;
    let probes = now.iter().zip(before).zip(PROBES.iter()).enumerate();
    let (index, ((now, before), probe)) = probes
        .skip(first)
        .take(range.len())
        .max_by(|(_, ((a, _), _)), (_, ((b, _), _))| a.power().total_cmp(&b.power()))?;
    let drift = now.times(before.conjugate()).times(probe.turn);
    Some(Voice {
        index: index - first,
        nominal: probe.hz,
        energy: now.power() * 2.0 / WINDOW as f32 / response(hertz(drift)),
        drift,
    })
}

/// How much of a tone's energy a window sees that is tuned so many hertz beside it.
fn response(hertz: f32) -> f32 {
    // A tone farther off is no key; what it is corrected by must only stay small.
    let bins = hertz.abs().min(60.0) * WINDOW as f32 / RATE as f32;
    let angle = std::f32::consts::PI * bins;
    if angle < 1e-3 {
        1.0
    } else {
        (angle.sin() / angle).powi(2)
    }
}
