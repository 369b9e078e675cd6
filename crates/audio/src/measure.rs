//! What is in audio: levels and frequencies, for tests, phones and whoever checks a call.

use std::f64::consts::TAU;

/// The root mean square; 0 for nothing.
pub fn rms(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / samples.len() as f64).sqrt() as f32
}

/// A level relative to a sine that fills 16 bits, which is 0 dBFS; at least -120.
fn dbfs(peak: f64) -> f32 {
    ((peak.max(1e-3) / 32_768.0).log10() * 20.0).max(-120.0) as f32
}

/// How loud the part of the sound at this frequency is, in dBFS: a sine that fills 16 bits is 0.
///
/// Frequencies closer than `4 * rate / samples.len()` are not told apart.
pub fn tone_level(samples: &[i16], rate: u32, hz: f32) -> f32 {
    dbfs(amplitude(samples, rate, f64::from(hz)))
}

/// The amplitude of a sine at `hz`, through a Hann window.
fn amplitude(samples: &[i16], rate: u32, hz: f64) -> f64 {
    let count = samples.len().max(1) as f64;
    let step = TAU * hz / f64::from(rate.max(1));
    let (mut re, mut im, mut weight) = (0.0, 0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let n = n as f64;
        let window = 0.5 - 0.5 * (TAU * (n + 0.5) / count).cos();
        let value = f64::from(*sample) * window;
        re += value * (step * n).cos();
        im += value * (step * n).sin();
        weight += window;
    }
    2.0 * re.hypot(im) / weight.max(f64::MIN_POSITIVE)
}

/// The frequency that sounds loudest between 50 Hz and half the rate, to the hertz or better over
/// half a second; `None` for silence and for less than 20 ms. Looks at the first second only.
pub fn dominant_frequency(samples: &[i16], rate: u32) -> Option<f32> {
    let samples = samples.get(..rate as usize).unwrap_or(samples);
    if samples.len() < (rate / 50) as usize || rms(samples) < 1.0 {
        return None;
    }
    // Half a bin at a time over a short window, then finer and finer around the best.
    let coarse = samples.get(..(rate / 20) as usize).unwrap_or(samples);
    let mut width = f64::from(rate) / coarse.len() as f64 / 2.0;
    let top = f64::from(rate) / 2.0;
    let mut best = loudest(
        samples_loudest_part(samples, coarse.len()),
        rate,
        50.0,
        top,
        width,
    )?;
    while width > 0.05 {
        best = loudest(samples, rate, best - width, best + width, width / 4.0)?;
        width /= 4.0;
    }
    Some(best as f32)
}

/// The stretch of that length with the most energy, looked for in steps of its length.
fn samples_loudest_part(samples: &[i16], length: usize) -> &[i16] {
    let parts = samples.chunks_exact(length.max(1));
    parts
        .max_by(|a, b| rms(a).total_cmp(&rms(b)))
        .unwrap_or(samples)
}

fn loudest(samples: &[i16], rate: u32, from: f64, to: f64, step: f64) -> Option<f64> {
    let count = ((to - from) / step) as usize;
    let tried = (0..=count).map(|n| from + step * n as f64);
    tried
        .map(|hz| (hz, amplitude(samples, rate, hz)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(hz, _)| hz)
}
