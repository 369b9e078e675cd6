//! Keys as pairs of tones: ITU-T Q.23 says which, Q.24 how to tell them from speech.

mod detector;
mod spectrum;

use std::time::Duration;

use crate::Tone;

pub use detector::{Detector, Edge};

/// The rows of the keypad, in hertz.
pub const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// Its columns.
pub const HIGH: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// The level of each of the two tones we send, in dBm0: -6 together, as most gateways do.
const LEVEL: f32 = -9.0;

/// The key in that row and column.
fn key_at(row: usize, column: usize) -> Option<char> {
    KEYS.get(row)?.get(column).copied()
}

/// The frequencies of a key; `None` if it is none of `0`–`9`, `*`, `#`, `A`–`D` (or `a`–`d`).
pub fn frequencies(key: char) -> Option<(f32, f32)> {
    let key = key.to_ascii_uppercase();
    let rows = LOW.iter().zip(KEYS);
    rows.filter_map(|(low, keys)| {
        let column = keys.iter().position(|known| *known == key)?;
        Some((*low, *HIGH.get(column)?))
    })
    .next()
}

/// The tone of a key and the silence after it; `None` as for [`frequencies`].
pub fn tone(key: char, on: Duration, off: Duration) -> Option<Tone> {
    Some(Tone {
        frequencies: frequencies(key)?,
        level: LEVEL,
        on,
        off,
        repeat_for: None,
    })
}

#[cfg(test)]
mod tests;
