//! A few milliseconds less or more, cut where the wave meets itself.

use super::conceal::{likeness, samples_in};

/// Milliseconds in which one place passes into the other.
const OVERLAP: u32 = 5;

/// The least and the most that is cut or added, in tenths of a millisecond.
const LEAST: u32 = 25;
const MOST: u32 = 100;

/// Leaves out 2.5 to 10 ms near the beginning. Needs 15 ms, else does nothing.
pub(super) fn shorten(samples: &mut Vec<i16>, rate: u32) {
    let overlap = samples_in(rate, OVERLAP);
    let Some(lag) = best_lag(samples, rate) else {
        return;
    };
    for index in 0..overlap {
        let later = samples.get(index + lag).copied().unwrap_or_default();
        if let Some(sample) = samples.get_mut(index) {
            *sample = blend(*sample, later, index, overlap);
        }
    }
    samples.drain(overlap..overlap + lag);
}

/// Repeats 2.5 to 10 ms near the beginning. Needs 15 ms, else does nothing.
pub(super) fn lengthen(samples: &mut Vec<i16>, rate: u32) {
    let overlap = samples_in(rate, OVERLAP);
    let Some(lag) = best_lag(samples, rate) else {
        return;
    };
    let bridge: Vec<i16> = (0..overlap)
        .map(|index| {
            let later = samples.get(index + lag).copied().unwrap_or_default();
            let earlier = samples.get(index).copied().unwrap_or_default();
            blend(later, earlier, index, overlap)
        })
        .collect();
    let rest = samples.get(overlap..).unwrap_or_default().to_vec();
    samples.truncate(lag);
    samples.extend(bridge);
    samples.extend(rest);
}

fn blend(from: i16, to: i16, index: usize, overlap: usize) -> i16 {
    let (weight, all) = (index as i32 + 1, overlap as i32 + 1);
    ((i32::from(from) * (all - weight) + i32::from(to) * weight) / all) as i16
}

/// The lag at which the beginning resembles most what comes later. Among equals the longest, so
/// that a tone or silence is done with at once.
fn best_lag(samples: &[i16], rate: u32) -> Option<usize> {
    let overlap = samples_in(rate, OVERLAP);
    let least = (rate / 1_000 * LEAST / 10) as usize;
    let most = (rate / 1_000 * MOST / 10) as usize;
    if samples.len() < most + overlap {
        return None;
    }
    let beginning = samples.get(..overlap)?;
    (least..=most)
        .filter_map(|lag| {
            let later = samples.get(lag..lag + overlap)?;
            Some((likeness(beginning, later), lag))
        })
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, lag)| lag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|n| ((n as f32 * 0.3).sin() * 8_000.0) as i16)
            .collect()
    }

    fn roughest(samples: &[i16]) -> i32 {
        samples
            .windows(3)
            .map(|w| (i32::from(w[0]) - 2 * i32::from(w[1]) + i32::from(w[2])).abs())
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn less_and_more_of_a_tone_is_the_tone() {
        let calm = roughest(&tone(320));
        for change in [shorten, lengthen] {
            let mut samples = tone(320);
            change(&mut samples, 8_000);
            let moved = samples.len().abs_diff(320);
            assert!((20..=80).contains(&moved), "{moved}");
            assert!(roughest(&samples) < calm * 3 / 2, "{}", roughest(&samples));
        }
    }

    #[test]
    fn too_little_is_left_as_it_is() {
        let mut samples = tone(100);
        shorten(&mut samples, 8_000);
        lengthen(&mut samples, 8_000);
        assert_eq!(samples, tone(100));
    }
}
