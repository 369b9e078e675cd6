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

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, hz: f32, peak: f32, count: usize) -> Vec<i16> {
        let step = TAU * f64::from(hz) / f64::from(rate);
        (0..count)
            .map(|n| ((n as f64 * step).sin() * f64::from(peak)) as i16)
            .collect()
    }

    #[test]
    fn a_sine_that_fills_16_bits_is_0_dbfs() {
        let samples = sine(8_000, 1_000.0, 32_767.0, 4_000);
        assert!(tone_level(&samples, 8_000, 1_000.0).abs() < 0.01);
        assert!((rms(&samples) - 32_767.0 / 2f32.sqrt()).abs() < 20.0);
        assert!(tone_level(&samples, 8_000, 1_400.0) < -60.0);
        assert_eq!(tone_level(&[0; 100], 8_000, 1_000.0), -120.0);
        assert_eq!((rms(&[]), tone_level(&[], 8_000, 100.0)), (0.0, -120.0));
    }

    #[test]
    fn the_loudest_frequency_is_found_beside_others_and_after_silence() {
        for rate in [8_000, 16_000, 48_000] {
            for hz in [97.3, 440.0, 1_004.5, 3_333.0] {
                let quieter = sine(rate, 700.0, 2_000.0, rate as usize / 2);
                let mut samples = sine(rate, hz, 9_000.0, rate as usize / 2);
                samples
                    .iter_mut()
                    .zip(quieter)
                    .for_each(|(sum, sample)| *sum += sample);
                let late = [vec![0; rate as usize / 4], samples].concat();
                let heard = dominant_frequency(&late, rate).unwrap();
                assert!((heard - hz).abs() < 1.0, "{heard} for {hz} at {rate}");
            }
        }
    }

    #[test]
    fn silence_has_no_frequency() {
        assert_eq!(dominant_frequency(&[0; 8_000], 8_000), None);
        assert_eq!(dominant_frequency(&[9_000; 20], 8_000), None);
        assert_eq!(dominant_frequency(&[], 0), None);
    }
}
