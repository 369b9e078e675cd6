//! Recordings as MP3: whatever is heard, at whatever rate and cut into whatever pieces, becomes a
//! file that can be read again.
//!
//! The input is a row of sounds, three bytes each: what it is, how loud, how long.

#![no_main]

use hookflash_audio::mp3::Encoder;
use hookflash_audio::{DecodeLimits, decode};
use libfuzzer_sys::fuzz_target;

const RATES: [u32; 5] = [8_000, 11_025, 16_000, 24_000, 48_000];

fuzz_target!(|input: &[u8]| {
    let Some(([choice, size], sounds)) = input.split_first_chunk() else {
        return;
    };
    let rate = RATES[usize::from(*choice) % RATES.len()];
    let channels = 1 + usize::from(choice >> 7);
    let mut samples = Vec::new();
    for sound in sounds.as_chunks().0.iter().take(100) {
        append(*sound, &mut samples);
    }
    let mut encoder = Encoder::new(channels as u16, rate);
    let mut file = Vec::new();
    for part in samples.chunks(40 * (usize::from(*size) + 1)) {
        // The second channel is the first one's mirror, or silent for a while.
        let other: Vec<i16> = part.iter().map(|sample| !sample).collect();
        let parts = [part, &other[..other.len() / (1 + usize::from(choice & 1))]];
        encoder
            .push(&parts[..channels], &mut file)
            .expect("samples are all it takes");
    }
    let beginning = encoder.finish(&mut file).expect("an end");
    assert!(beginning.len() <= file.len());
    file[..beginning.len()].copy_from_slice(&beginning);
    if samples.len() > rate as usize / 10 {
        let clip = decode(&file, Some("audio/mpeg"), "", DecodeLimits::default());
        assert!(!clip.expect("a file of ours").samples().is_empty());
    }
});

fn append([what, level, length]: [u8; 3], samples: &mut Vec<i16>) {
    let level = i16::from_be_bytes([level, what]);
    let mut noise = u32::from(length) << 8 | u32::from(what);
    for n in 0..16 * (u32::from(length) + 1) {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let random = (noise >> 16) as i16;
        samples.push(match what % 5 {
            0 => level,
            1 if n / (1 + u32::from(what >> 3)) % 2 == 0 => level,
            1 => !level,
            2 => random.saturating_mul(level >> 8),
            3 if n % 576 == 0 => level,
            3 => 0,
            _ => random & level,
        });
    }
}
