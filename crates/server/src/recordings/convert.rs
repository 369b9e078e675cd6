//! A recording in the other format: made when it is first asked for, and kept beside it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use hookflash_audio::wav;
use hookflash_program::RecordingFormat;

use super::file::Piece;
use super::sound::Sound;

/// Writes a recording of ours as MP3, a second at a time.
///
/// # Errors
/// A sentence on why it cannot be read or written.
pub(crate) fn to_mp3(recording: &Path) -> Result<PathBuf, String> {
    let unreadable = |error| format!("{} cannot be read: {error}", recording.display());
    let mut file = BufReader::new(File::open(recording).map_err(unreadable)?);
    let mut head = [0; wav::HEADER];
    file.read_exact(&mut head).map_err(unreadable)?;
    // Where our own head has them.
    let [.., channels, _, a, b, c, d] = head.first_chunk::<28>().map_or([0; 28], |first| *first);
    let (channels, rate) = (channels.clamp(1, 2), u32::from_le_bytes([a, b, c, d]));
    let target = recording.with_extension("mp3");
    let mut sound = Sound::create(target.clone(), RecordingFormat::Mp3, channels)?;
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
        let piece = Piece {
            samples: samples.iter().map(|two| i16::from_le_bytes(*two)).collect(),
            rate,
            channels,
        };
        if let Err(why) = sound.write(&piece) {
            sound.give_up();
            return Err(why);
        }
    }
}
