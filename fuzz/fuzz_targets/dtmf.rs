//! Any sound at any rate, in pieces of any size: every key that goes down comes up before another.

#![no_main]

use hookflash_audio::dtmf::{Detector, Edge};
use libfuzzer_sys::fuzz_target;

const RATES: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

fuzz_target!(|input: &[u8]| {
    let [choice, size, sound @ ..] = input else {
        return;
    };
    let rate = RATES[usize::from(*choice) % RATES.len()];
    let samples: Vec<i16> = sound
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let mut detector = Detector::new(rate);
    let mut pressed = None;
    for part in samples.chunks(usize::from(*size) + 1) {
        for edge in detector.push(part) {
            match edge {
                Edge::Down(key) => assert_eq!(pressed.replace(key), None),
                Edge::Up(key, _) => assert_eq!(pressed.take(), Some(key)),
            }
        }
    }
    assert_eq!(detector.pressed(), pressed);
});
