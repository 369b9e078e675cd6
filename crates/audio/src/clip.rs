//! Decoded audio, shared between calls.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use crate::g711::{self, Law};
use crate::resample;

/// Samples per second of G.711.
const G711_RATE: u32 = 8_000;

/// A piece of audio, decoded once.
///
/// Other rates and G.711 bytes are made when they are first asked for and kept as long as the clip,
/// so that a thousand calls can play it by copying. Making one takes milliseconds per minute of
/// audio: [`Clip::prepare`] does it where that harms nobody.
pub struct Clip {
    rate: u32,
    samples: Box<[i16]>,
    rates: [OnceLock<Box<[i16]>>; resample::RATES.len()],
    laws: [OnceLock<Box<[u8]>>; 2],
}

impl Clip {
    /// Mono samples at `rate` per second, which is not 0.
    pub fn new(rate: u32, samples: impl Into<Box<[i16]>>) -> Clip {
        Clip {
            rate: rate.max(1),
            samples: samples.into(),
            rates: [const { OnceLock::new() }; resample::RATES.len()],
            laws: [const { OnceLock::new() }; 2],
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

    /// The samples at another rate; `None` when that is none of [`resample::RATES`].
    pub fn at(&self, rate: u32) -> Option<&[i16]> {
        if rate == self.rate {
            return Some(&self.samples);
        }
        let index = resample::RATES.iter().position(|known| *known == rate)?;
        let made = self.rates.get(index)?;
        Some(made.get_or_init(|| resample::convert(self.rate, rate, &self.samples).into()))
    }

    /// The samples as G.711 bytes, 8,000 per second.
    pub fn encoded(&self, law: Law) -> &[u8] {
        let [mulaw, alaw] = &self.laws;
        let made = match law {
            Law::Mu => mulaw,
            Law::A => alaw,
        };
        made.get_or_init(|| {
            let samples = self.at(G711_RATE).unwrap_or_default();
            samples.iter().map(|s| g711::encode(law, *s)).collect()
        })
    }

    /// Makes what a player with this wish would make: resampling and encoding.
    pub fn prepare(&self, want: crate::Want) {
        self.at(want.rate());
        if let Some(law) = want.law() {
            self.encoded(law);
        }
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        let micros = self.samples.len() as u64 * 1_000_000 / u64::from(self.rate);
        Duration::from_micros(micros)
    }

    /// Bytes of memory it holds now, what was made of it included.
    pub fn memory(&self) -> usize {
        let made = self.rates.iter().filter_map(OnceLock::get);
        let bytes = self.laws.iter().filter_map(OnceLock::get);
        size_of::<Clip>()
            + size_of_val::<[i16]>(&self.samples)
            + made
                .map(|samples| size_of_val::<[i16]>(samples))
                .sum::<usize>()
            + bytes.map(|bytes| bytes.len()).sum::<usize>()
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clip")
            .field("rate", &self.rate)
            .field("duration", &self.duration())
            .finish_non_exhaustive()
    }
}
