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

/// A frequency of the keypad, and by how much it turns in a block, conjugate.
struct Probe {
    hz: f32,
    turn: Complex,
}

/// One sample of the conjugate sines of all frequencies; side by side, so that the processor does
/// all at once.
#[derive(Clone, Copy)]
struct Waves {
    re: [f32; 8],
    im: [f32; 8],
}

static PROBES: LazyLock<[Probe; 8]> = LazyLock::new(|| {
    frequencies().map(|hz| Probe {
        hz,
        turn: Complex::unit(-TAU * hz * BLOCK as f32 / RATE as f32),
    })
});

static WAVES: LazyLock<[Waves; BLOCK]> = LazyLock::new(|| {
    std::array::from_fn(|n| {
        let waves = frequencies().map(|hz| Complex::unit(-TAU * hz * n as f32 / RATE as f32));
        Waves {
            re: waves.map(|wave| wave.re),
            im: waves.map(|wave| wave.im),
        }
    })
});

fn frequencies() -> [f32; 8] {
    let [l0, l1, l2, l3] = LOW;
    let [h0, h1, h2, h3] = HIGH;
    [l0, l1, l2, l3, h0, h1, h2, h3]
}

/// How much of each frequency is in a block.
fn probe(samples: &[i16; BLOCK]) -> [Complex; 8] {
    let (mut re, mut im) = ([0.0; 8], [0.0; 8]);
    for (waves, sample) in WAVES.iter().zip(samples) {
        let sample = f32::from(*sample);
        for (sum, wave) in re.iter_mut().zip(&waves.re) {
            *sum += wave * sample;
        }
        for (sum, wave) in im.iter_mut().zip(&waves.im) {
            *sum += wave * sample;
        }
    }
    let mut probes = [Complex::default(); 8];
    for (probe, (re, im)) in probes.iter_mut().zip(re.into_iter().zip(im)) {
        *probe = Complex { re, im };
    }
    probes
}

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
        let loud = energy > QUIET * BLOCK as f32;
        let probes = if loud {
            probe(samples)
        } else {
            Default::default()
        };
        let block = Block { energy, probes };
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
