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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Want;
    use crate::measure::tone_level;

    fn tone(rate: u32) -> Clip {
        let step = std::f32::consts::TAU * 1_000.0 / rate as f32;
        let samples: Vec<i16> = (0..rate)
            .map(|n| ((n as f32 * step).sin() * 10_000.0) as i16)
            .collect();
        Clip::new(rate, samples)
    }

    #[test]
    fn other_rates_are_made_once_when_asked_for() {
        let clip = tone(44_100);
        let alone = clip.memory();
        let first = clip.at(8_000).unwrap().as_ptr();
        assert_eq!(clip.memory(), alone + 16_000);
        assert_eq!(clip.at(8_000).unwrap().as_ptr(), first);
        assert_eq!(clip.at(8_000).unwrap().len(), 8_000);
        assert!(clip.at(44_100).unwrap().as_ptr() == clip.samples().as_ptr());
        assert!(clip.at(8_001).is_none());
    }

    #[test]
    fn bytes_of_g711_sound_like_the_clip_and_are_kept() {
        let clip = tone(16_000);
        clip.prepare(Want::G711(Law::A));
        let prepared = clip.memory();
        for law in [Law::Mu, Law::A] {
            let mut samples = Vec::new();
            g711::decode_all(law, clip.encoded(law), &mut samples);
            let level =
                tone_level(&samples, 8_000, 1_000.0) - 20.0 * (10_000f32 / 32_768.0).log10();
            assert!(level.abs() < 0.2, "{level}");
        }
        assert_eq!(clip.memory(), prepared + 8_000);
    }

    #[test]
    fn a_clip_of_g711_is_not_resampled() {
        let clip = Clip::new(8_000, vec![1_000; 80]);
        assert_eq!(clip.encoded(Law::Mu), [g711::encode(Law::Mu, 1_000); 80]);
        assert_eq!(clip.duration(), Duration::from_millis(10));
        assert_eq!(Clip::new(0, vec![]).duration(), Duration::ZERO);
    }
}
