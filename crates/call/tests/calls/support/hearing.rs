//! What a person would say about the samples that a handset heard.

use std::ops::Range;
use std::time::Duration;

use hookflash_audio::measure;

/// Below this nothing is heard: above what companding makes of silence.
const SILENT: u16 = 300;

/// Where sound begins and ends, pieces separated by silence of more than `gap`.
pub fn sounds(heard: &[i16], gap: Duration) -> Vec<Range<usize>> {
    let gap = samples(gap);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, sample) in heard.iter().enumerate() {
        if sample.unsigned_abs() <= SILENT {
            continue;
        }
        match found.last_mut() {
            Some(last) if at - last.end <= gap => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

/// The only sound, with no silence longer than a frame in it.
pub fn one_sound(heard: &[i16]) -> Range<usize> {
    let found = sounds(heard, Duration::from_millis(20));
    assert_eq!(found.len(), 1, "one unbroken sound: {found:?}");
    found[0].clone()
}

/// How long so many samples last.
pub fn length(range: &Range<usize>) -> Duration {
    Duration::from_micros(range.len() as u64 * 125)
}

pub fn samples(length: Duration) -> usize {
    usize::try_from(length.as_micros() / 125).unwrap()
}

/// Whether a sound has this frequency, as far as half a percent.
pub fn is_tone(heard: &[i16], hertz: f32) -> bool {
    measure::dominant_frequency(heard, 8_000)
        .is_some_and(|found| (found - hertz).abs() <= hertz * 0.005 + 2.0)
}

/// The largest step between neighbouring samples: a click is a large one.
pub fn largest_step(heard: &[i16]) -> i32 {
    let steps = heard
        .windows(2)
        .map(|two| (i32::from(two[1]) - i32::from(two[0])).abs());
    steps.max().unwrap_or(0)
}

/// Asserts that two times are as good as the same: within 100 ms.
pub fn assert_about(found: Duration, expected: Duration) {
    let off = found.abs_diff(expected);
    assert!(
        off <= Duration::from_millis(100),
        "{found:?} is not {expected:?}"
    );
}
