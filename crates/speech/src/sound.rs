//! Audio of engines into clips, away from the thread that others wait for.

use std::time::Duration;

use hookflash_audio::{Clip, DecodeLimits, decode as decode_file};

use crate::EngineError;

/// Longest speech.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Reads what an engine gave: any file that prompts may be, or `audio/pcm;rate=…` (16 bit,
/// little endian).
pub(crate) async fn decode(
    bytes: Vec<u8>,
    content_type: Option<&'static str>,
) -> Result<Clip, EngineError> {
    let work = tokio::task::spawn_blocking(move || now(&bytes, content_type));
    match work.await {
        Ok(outcome) => outcome,
        Err(_) => Err(EngineError::Garbage("its audio cannot be read".to_owned())),
    }
}

/// The same on this thread.
pub(crate) fn now(bytes: &[u8], content_type: Option<&str>) -> Result<Clip, EngineError> {
    let rate = content_type.and_then(|kind| kind.strip_prefix("audio/pcm;rate="));
    let clip = match rate.and_then(|rate| rate.parse().ok()) {
        Some(rate) => Clip::new(rate, samples(bytes)),
        None => {
            let limits = DecodeLimits { longest: LONGEST };
            decode_file(bytes, content_type, "", limits)
                .map_err(|error| EngineError::Garbage(error.to_string()))?
        }
    };
    if clip.samples().is_empty() {
        return Err(EngineError::Garbage("no audio came".to_owned()));
    }
    Ok(clip)
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.chunks_exact(2);
    pairs
        .filter_map(|pair| Some(i16::from_le_bytes(pair.try_into().ok()?)))
        .collect()
}

/// A WAV file of one channel.
pub(crate) fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let header = hookflash_audio::wav::header(1, rate, samples.len() as u64 * 2);
    let mut bytes = header.to_vec();
    bytes.reserve(samples.len() * 2);
    hookflash_audio::wav::interleave(&[samples], &mut bytes);
    bytes
}
