//! Audio that an application sends over a socket, read into samples.

use hookflash_audio::DecodeLimits;

use super::backlog::MOST_WAITING;

/// A recorded piece, ready to be heard.
pub(super) struct Piece {
    pub(super) rate: u32,
    pub(super) samples: Vec<i16>,
}

/// Reads a recorded piece, away from the calls of this thread: it may be long.
pub(super) async fn decode(bytes: Vec<u8>, rate: Option<u32>) -> Result<Piece, String> {
    if let Some(rate) = rate {
        let samples = linear(&bytes).collect();
        return Ok(Piece { rate, samples });
    }
    let limits = DecodeLimits {
        longest: MOST_WAITING,
    };
    let read = move || hookflash_audio::decode(&bytes, None, "", limits);
    let clip = tokio::task::spawn_blocking(read).await;
    let clip = clip.map_err(|error| error.to_string())?;
    let clip = clip.map_err(|error| error.to_string())?;
    Ok(Piece {
        rate: clip.rate(),
        samples: clip.samples().into(),
    })
}

/// Samples of 16 bits, little endian; half a sample at the end is none.
pub(super) fn linear(bytes: &[u8]) -> impl Iterator<Item = i16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair))
}
