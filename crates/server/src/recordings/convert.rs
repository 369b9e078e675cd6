//! A recording in the other format, or in one channel instead of two: made when it is first asked
//! for, and kept beside it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use hookflash_audio::wav;

use super::SoundForm;
use super::file::Piece;
use super::sound::Sound;

/// Writes a recording of ours in another form, a second at a time. Two channels become one as in
/// a recording that had one from the beginning: both are heard as loud as they were.
///
/// # Errors
/// A sentence on why it cannot be read or written.
pub(crate) fn convert(
    recording: &Path,
    target: PathBuf,
    form: SoundForm,
) -> Result<PathBuf, String> {
    let unreadable = |error| format!("{} cannot be read: {error}", recording.display());
    let mut file = BufReader::new(File::open(recording).map_err(unreadable)?);
    let mut head = [0; wav::HEADER];
    file.read_exact(&mut head).map_err(unreadable)?;
    // Where our own head has them.
    let [.., channels, _, a, b, c, d] = head.first_chunk::<28>().map_or([0; 28], |first| *first);
    let (channels, rate) = (channels.clamp(1, 2), u32::from_le_bytes([a, b, c, d]));
    let mut sound = Sound::create(target.clone(), form.format, form.channels)?;
    let second = u64::from(rate.max(1)) * u64::from(channels) * 2;
    loop {
        let mut bytes = Vec::new();
        let read = (&mut file).take(second).read_to_end(&mut bytes);
        if let Err(error) = read {
            sound.give_up();
            return Err(unreadable(error));
        }
        if bytes.is_empty() {
            return sound.finish().map(|_| target);
        }
        let (samples, _) = bytes.as_chunks::<2>();
        let samples = samples.iter().map(|two| i16::from_le_bytes(*two));
        let samples: Vec<i16> = match form.channels < channels {
            true => mixed(&samples.collect::<Vec<_>>()),
            false => samples.collect(),
        };
        let piece = Piece {
            samples,
            rate,
            channels: form.channels,
        };
        if let Err(why) = sound.write(&piece) {
            sound.give_up();
            return Err(why);
        }
    }
}

/// Pairs of samples as one each.
fn mixed(samples: &[i16]) -> Vec<i16> {
    let (pairs, _) = samples.as_chunks::<2>();
    pairs.iter().map(|[a, b]| a.saturating_add(*b)).collect()
}
