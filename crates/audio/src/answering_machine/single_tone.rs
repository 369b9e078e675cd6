//! One steady frequency: the beep of an answering machine, the tones of a fax.
//!
//! Voices hold neither their pitch nor the shape of their spectrum for a tenth of a second, and
//! nearly all of the power of a single tone is at one frequency.

use std::f32::consts::TAU;

/// Samples that are judged at once: 20 ms at 8,000 per second.
pub(super) const FRAME: usize = 160;
const RATE: f32 = 8_000.0;

/// Below this hums are, and voices whose pitch is all that is heard of them; above it nothing that
/// telephones let through.
const LOWEST: f32 = 350.0;
const HIGHEST: f32 = 3_300.0;

/// Root mean square below which nothing is a tone: about -44 dBFS.
const QUIET: f32 = 200.0;

/// How much of a frame's power is at the one frequency. Companded to G.711 it is 0.999; what fax
/// machines do to their tone to tell echo cancellers about it (ITU-T V.8) leaves 0.95.
const PURE: f32 = 0.85;

/// How far the frequency may wander from frame to frame.
const STEADY: f32 = 0.015;

/// The frequency of a frame that is one tone.
pub(super) fn frequency(frame: &[i16]) -> Option<f32> {
    let samples: Vec<f32> = frame.iter().map(|sample| f32::from(*sample)).collect();
    let power: f32 = samples.iter().map(|x| x * x).sum();
    if power < QUIET * QUIET * samples.len() as f32 {
        return None;
    }
    // A sine is the one signal with x(n-1) + x(n+1) = 2 cos(w) x(n): the best w for this frame.
    let (mut cross, mut own) = (0.0, 0.0);
    for three in samples.windows(3) {
        if let [before, here, after] = three {
            cross += (before + after) * here;
            own += here * here;
        }
    }
    let cosine = cross / (2.0 * own.max(1.0));
    if cosine.abs() >= 1.0 {
        return None;
    }
    let turn = cosine.acos();
    let hertz = turn * RATE / TAU;
    let is_pure = power_at(&samples, turn) >= PURE * power;
    (is_pure && (LOWEST..=HIGHEST).contains(&hertz)).then_some(hertz)
}

/// Whether two frames are of the same tone.
pub(super) fn is_same(one: f32, other: f32) -> bool {
    (one - other).abs() <= STEADY * one
}

/// How much of the samples' power is at this frequency.
fn power_at(samples: &[f32], turn: f32) -> f32 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (sin, cos) = (turn * n as f32).sin_cos();
        re += sample * cos;
        im += sample * sin;
    }
    2.0 * (re * re + im * im) / samples.len().max(1) as f32
}
