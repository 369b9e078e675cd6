//! Audio that an application sends over a socket, read into samples.

use hookflash_audio::DecodeLimits;
use hookflash_audio::resample::{RATES, convert};

use super::backlog::MOST_WAITING;

/// A recorded piece, ready to be heard.
pub(super) struct Piece {
    pub(super) rate: u32,
    pub(super) samples: Vec<i16>,
}

/// Reads a recorded piece, away from the calls of this thread where it may take long.
pub(super) async fn decode(bytes: Vec<u8>, rate: Option<u32>) -> Result<Piece, String> {
    let read = move || match rate {
        Some(rate) => Ok(Piece {
            rate,
            samples: linear(&bytes).collect(),
        }),
        None => file(&bytes),
    };
    if rate.is_some_and(is_handy) {
        return read();
    }
    let read = tokio::task::spawn_blocking(move || read().map(Piece::made_handy));
    read.await.map_err(|error| error.to_string())?
}

fn file(bytes: &[u8]) -> Result<Piece, String> {
    let limits = DecodeLimits {
        longest: MOST_WAITING,
    };
    let clip = hookflash_audio::decode(bytes, None, "", limits);
    let clip = clip.map_err(|error| error.to_string())?;
    Ok(Piece {
        rate: clip.rate(),
        samples: clip.samples().into(),
    })
}

/// Whether 40 ms are whole samples. Between such rates a resampler works in blocks of 40 ms; from
/// any other its blocks can be a second long, and to make one for it, as for every piece that comes
/// behind one of another rate, takes longer than the calls of a thread can wait.
fn is_handy(rate: u32) -> bool {
    rate.is_multiple_of(25)
}

impl Piece {
    /// The same, at the next rate that is handy.
    fn made_handy(self) -> Piece {
        if is_handy(self.rate) {
            return self;
        }
        let [.., highest] = RATES;
        let rate = RATES.into_iter().find(|rate| *rate > self.rate);
        let rate = rate.unwrap_or(highest);
        Piece {
            rate,
            samples: convert(self.rate, rate, &self.samples),
        }
    }
}

/// Samples of 16 bits, little endian; half a sample at the end is none.
pub(super) fn linear(bytes: &[u8]) -> impl Iterator<Item = i16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of silence as a WAV file.
    fn wav(rate: u32) -> Vec<u8> {
        let length = 2 * rate as usize;
        let mut file = hookflash_audio::wav::header(1, rate, length as u64).to_vec();
        file.resize(file.len() + length, 0);
        file
    }

    #[test]
    fn a_piece_at_a_rate_without_common_measure_is_made_one_that_calls_can_wait_for() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for (given, heard) in [(8_000, 8_000), (63_997, 48_000), (8_009, 11_025)] {
            let samples = vec![0; 2 * given as usize];
            for (bytes, rate) in [(samples, Some(given)), (wav(given), None)] {
                let piece = runtime.block_on(decode(bytes, rate)).unwrap();
                assert_eq!((piece.rate, piece.samples.len()), (heard, heard as usize));
            }
        }
    }
}
