//! Decoded audio, shared between calls.

use std::time::Duration;

/// A piece of audio, decoded once.
#[derive(Debug)]
pub struct Clip {
    rate: u32,
    samples: Box<[i16]>,
}

impl Clip {
    /// Mono samples at `rate` per second, which is not 0.
    pub fn new(rate: u32, samples: impl Into<Box<[i16]>>) -> Clip {
        Clip {
            rate: rate.max(1),
            samples: samples.into(),
        }
    }

    /// Samples per second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        let micros = self.samples.len() as u64 * 1_000_000 / u64::from(self.rate);
        Duration::from_micros(micros)
    }
}
