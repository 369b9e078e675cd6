//! Other sample rates, by FFT with an anti-aliasing filter.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::BEATS;

/// The rates that audio comes in and goes out at.
pub const RATES: [u32; 8] = [
    8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
];

/// The highest rate anything is converted from or to.
pub const MAX_RATE: u32 = 384_000;

/// Samples per block when nobody waits for the first one.
const LONG_BLOCK: usize = 2_048;

/// Converts a stream from one rate to another.
///
/// Whole blocks of 20 ms (40 ms at 11,025) go in and out; what is left over waits for the next
/// push. The output lags by [`Resampler::delay`].
pub struct Resampler {
    fft: Option<Fft<f32>>,
    input: Vec<f32>,
    filled: usize,
    output: Vec<f32>,
}

impl Resampler {
    /// From and to samples per second. Equal rates, 0 and rates above [`MAX_RATE`] are passed
    /// through as they are.
    pub fn new(from: u32, to: u32) -> Resampler {
        Resampler::with_block(from, to, (from / BEATS).max(1) as usize)
    }

    fn with_block(from: u32, to: u32, block: usize) -> Resampler {
        let known = |rate: u32| (1..=MAX_RATE).contains(&rate);
        let fft = if from != to && known(from) && known(to) {
            let (from, to) = (from as usize, to as usize);
            let window = WindowFunction::BlackmanHarris2;
            Fft::new_custom(from, to, block, 1, 1, window, FixedSync::Both).ok()
        } else {
            None
        };
        let (input, output) = match &fft {
            Some(fft) => (fft.input_frames_max(), fft.output_frames_max()),
            None => (0, 0),
        };
        Resampler {
            fft,
            input: vec![0.0; input],
            filled: 0,
            output: vec![0.0; output],
        }
    }

    /// By how many samples of the output rate it lags.
    pub fn delay(&self) -> usize {
        self.fft.as_ref().map_or(0, |fft| fft.output_delay())
    }

    /// Takes samples, appends what they make.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        if self.fft.is_none() {
            out.extend_from_slice(samples);
            return;
        }
        let mut rest = samples;
        while !rest.is_empty() {
            let room = self.input.get_mut(self.filled..).unwrap_or_default();
            let (now, later) = rest.split_at(rest.len().min(room.len()));
            for (slot, sample) in room.iter_mut().zip(now) {
                *slot = f32::from(*sample);
            }
            self.filled += now.len();
            rest = later;
            if self.filled >= self.input.len() {
                self.convert_block(out);
            }
        }
    }

    /// Appends what is still inside, the lag included, and starts afresh.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let mut missing = self.delay() as isize;
        while self.fft.is_some() && (missing > 0 || self.filled > 0) {
            let waiting = self.filled;
            self.input.get_mut(waiting..).unwrap_or_default().fill(0.0);
            self.convert_block(out);
            let blank = self.input.len() - waiting;
            let made = blank * self.output.len() / self.input.len().max(1);
            missing -= made as isize;
        }
        if let Some(fft) = &mut self.fft {
            fft.reset();
        }
    }

    fn convert_block(&mut self, out: &mut Vec<i16>) {
        self.filled = 0;
        let (frames_in, frames_out) = (self.input.len(), self.output.len());
        let source = InterleavedSlice::new(&self.input, 1, frames_in);
        let target = InterleavedSlice::new_mut(&mut self.output, 1, frames_out);
        let made = match (&mut self.fft, source, target) {
            (Some(fft), Ok(source), Ok(mut target)) => fft
                .process_into_buffer(&source, &mut target, None)
                .map_or(0, |(_, made)| made),
            _ => 0,
        };
        let samples = self.output.get(..made).unwrap_or_default();
        out.extend(samples.iter().map(|sample| round(*sample)));
    }
}

/// `as` saturates, so what is too loud is clipped and not wrapped.
fn round(sample: f32) -> i16 {
    sample.round() as i16
}

/// All samples at another rate, as long as before and without the lag.
pub fn convert(from: u32, to: u32, samples: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::with_block(from, to, LONG_BLOCK);
    if resampler.fft.is_none() {
        return samples.to_vec();
    }
    let length = (samples.len() as u64 * u64::from(to)).div_ceil(u64::from(from.max(1))) as usize;
    let lag = resampler.delay();
    let mut out = Vec::with_capacity(length + lag + resampler.output.len() * 2);
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out.drain(..lag.min(out.len()));
    out.resize(length, 0);
    out.shrink_to_fit();
    out
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.input.len(), self.output.len());
        write!(f, "Resampler({from} samples to {to})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::{dominant_frequency, rms, tone_level};

    const PEAK: f32 = 10_000.0;

    fn sine(rate: u32, hz: f32, count: usize) -> Vec<i16> {
        let step = std::f64::consts::TAU * f64::from(hz) / f64::from(rate);
        (0..count)
            .map(|n| ((n as f64 * step).sin() * f64::from(PEAK)) as i16)
            .collect()
    }

    /// How much louder a tone is than it was made, in decibels.
    fn change(samples: &[i16], rate: u32, hz: f32) -> f32 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        tone_level(middle, rate, hz) - 20.0 * (PEAK / 32_768.0).log10()
    }

    #[test]
    fn tones_of_speech_keep_frequency_and_level_between_all_rates() {
        for from in RATES {
            for to in RATES {
                for hz in [300.0, 1_004.0, 3_000.0, 3_400.0] {
                    let out = convert(from, to, &sine(from, hz, from as usize / 2));
                    let change = change(&out, to, hz);
                    assert!(
                        change.abs() < 1.0,
                        "{hz} Hz from {from} to {to}: {change} dB"
                    );
                }
            }
        }
        let out = convert(44_100, 8_000, &sine(44_100, 1_004.0, 44_100));
        let hz = dominant_frequency(&out, 8_000).unwrap();
        assert!((hz - 1_004.0).abs() < 0.5, "{hz}");
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone_and_not_folded_down() {
        for (from, to) in [
            (16_000, 8_000),
            (48_000, 8_000),
            (44_100, 8_000),
            (48_000, 16_000),
        ] {
            for above in [1.08, 1.25, 1.6] {
                let hz = to as f32 / 2.0 * above;
                let out = convert(from, to, &sine(from, hz, from as usize));
                let middle = &out[out.len() / 4..out.len() * 3 / 4];
                let level = 20.0 * (rms(middle).max(0.1) * 1.414 / PEAK).log10();
                assert!(level < -45.0, "{hz} Hz from {from} to {to}: {level} dB");
            }
        }
    }

    #[test]
    fn nothing_is_added_above_what_the_lower_rate_held() {
        let out = convert(8_000, 48_000, &sine(8_000, 3_000.0, 8_000));
        for image in [5_000.0, 11_000.0, 13_000.0] {
            let level = change(&out, 48_000, image);
            assert!(level < -50.0, "{image} Hz: {level} dB");
        }
    }

    #[test]
    fn a_stream_in_pieces_sounds_like_the_whole() {
        for (from, to) in [
            (8_000, 48_000),
            (48_000, 8_000),
            (44_100, 16_000),
            (11_025, 8_000),
        ] {
            let samples = sine(from, 700.0, from as usize);
            let mut resampler = Resampler::new(from, to);
            let mut out = Vec::new();
            for part in samples.chunks(317) {
                resampler.push(part, &mut out);
            }
            resampler.finish(&mut out);
            let length = to as usize + resampler.delay();
            assert!(out.len() >= length && out.len() < length + to as usize / 10);
            let level = change(&out, to, 700.0);
            assert!(level.abs() < 0.5, "from {from} to {to}: {level} dB");
            // Seams between blocks of 20 ms would be heard 50 Hz beside the tone.
            for beside in [600.0, 650.0, 750.0, 800.0] {
                let level = change(&out, to, beside);
                assert!(level < -60.0, "{beside} Hz from {from} to {to}: {level} dB");
            }
        }
    }

    #[test]
    fn a_frame_of_20_ms_in_is_a_frame_of_20_ms_out() {
        for (from, to) in [
            (8_000, 16_000),
            (48_000, 8_000),
            (24_000, 8_000),
            (16_000, 48_000),
        ] {
            let mut resampler = Resampler::new(from, to);
            let mut out = Vec::new();
            for n in 1..=50 {
                resampler.push(&vec![5; (from / 50) as usize], &mut out);
                assert_eq!(out.len(), n * (to / 50) as usize, "from {from} to {to}");
            }
            assert!(resampler.delay() as u32 <= to / 100);
        }
    }

    #[test]
    fn equal_and_impossible_rates_pass_samples_through() {
        for (from, to) in [(8_000, 8_000), (0, 8_000), (8_000, 0), (u32::MAX, 8_000)] {
            assert_eq!(convert(from, to, &[1, 2, 3]), [1, 2, 3]);
        }
    }

    #[test]
    fn what_is_too_loud_is_clipped_and_does_not_wrap() {
        let square: Vec<i16> = (0..8_000)
            .map(|n| if n % 40 < 20 { i16::MAX } else { i16::MIN })
            .collect();
        let out = convert(8_000, 48_000, &square);
        let level = 20.0 * (rms(&out) / rms(&square)).log10();
        assert!(level.abs() < 0.5, "{level}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn the_length_is_right_for_any_rate(from in 1..=192_000u32, to in 0..8usize, count in 0..5_000usize) {
            let to = RATES[to];
            // Rates without a common divisor need blocks as long as themselves.
            prop_assume!(u64::from(to) * count as u64 / u64::from(from) < 1_000_000);
            let out = convert(from, to, &vec![100; count]);
            let expected = (count as u64 * u64::from(to)).div_ceil(u64::from(from));
            prop_assert_eq!(out.len() as u64, expected);
        }
    }
}
