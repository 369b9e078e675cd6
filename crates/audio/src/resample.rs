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
