//! The file of one recording while it is written.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use hookflash_audio::{Resampler, wav};
use hookflash_program::RecordingFormat;

use super::file::Piece;
use super::sidecar::incomplete;
use super::writer::Finished;

/// How much goes to the kernel at a time.
const BUFFER: usize = 16 * 1_024;

/// A file being written.
pub(crate) struct Sound {
    /// Its name once it is complete, and until then.
    path: PathBuf,
    incomplete: PathBuf,
    file: BufWriter<File>,
    channels: u8,
    /// Samples per second of the file, known with the first piece.
    rate: Option<u32>,
    /// Bytes of sound so far.
    bytes: u32,
    /// What comes at another rate, and goes through one of these per channel.
    converters: Option<(u32, Vec<Resampler>)>,
}

impl Sound {
    pub(crate) fn create(
        path: PathBuf,
        _format: RecordingFormat,
        channels: u8,
    ) -> Result<Sound, String> {
        let path = path.with_extension("wav");
        let incomplete = incomplete(&path);
        let failed = |error| format!("{} cannot be written: {error}", incomplete.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::create(&incomplete).map_err(failed)?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        file.write_all(&[0; wav::HEADER]).map_err(failed)?;
        Ok(Sound {
            path,
            incomplete,
            file,
            channels,
            rate: None,
            bytes: 0,
            converters: None,
        })
    }

    fn failed(&self, error: std::io::Error) -> String {
        format!("{} cannot be written: {error}", self.incomplete.display())
    }

    pub(crate) fn write(&mut self, piece: &Piece) -> Result<(), String> {
        let rate = *self.rate.get_or_insert(piece.rate);
        if piece.rate == rate {
            return self.append(&piece.samples);
        }
        let samples = self.converted(piece, rate);
        self.append(&samples)
    }

    fn converted(&mut self, piece: &Piece, rate: u32) -> Vec<i16> {
        let count = usize::from(self.channels);
        let fits = |(from, _): &(u32, Vec<Resampler>)| *from == piece.rate;
        let fresh = || {
            let new = |_| Resampler::new(piece.rate, rate);
            (piece.rate, (0..count).map(new).collect())
        };
        let (_, converters) = match self.converters.take().filter(fits) {
            Some(known) => self.converters.insert(known),
            None => self.converters.insert(fresh()),
        };
        let channels: Vec<Vec<i16>> = converters
            .iter_mut()
            .enumerate()
            .map(|(channel, converter)| {
                let one: Vec<i16> = piece
                    .samples
                    .iter()
                    .skip(channel)
                    .step_by(count)
                    .copied()
                    .collect();
                let mut out = Vec::new();
                converter.push(&one, &mut out);
                out
            })
            .collect();
        let frames = channels.iter().map(Vec::len).min().unwrap_or_default();
        (0..frames)
            .flat_map(|frame| {
                channels
                    .iter()
                    .filter_map(move |channel| channel.get(frame))
            })
            .copied()
            .collect()
    }

    fn append(&mut self, samples: &[i16]) -> Result<(), String> {
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let more = u32::try_from(bytes.len()).ok();
        self.bytes = more
            .and_then(|more| self.bytes.checked_add(more))
            .filter(|bytes| *bytes < u32::MAX - 100)
            .ok_or_else(|| "it is longer than a WAV file can be".to_owned())?;
        self.file
            .write_all(&bytes)
            .map_err(|error| self.failed(error))
    }

    pub(crate) fn finish(mut self) -> Finished {
        let rate = self.rate.unwrap_or(8_000);
        let head = wav::header(self.channels.into(), rate, self.bytes.into());
        let written = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&head))
            .and_then(|()| self.file.flush())
            .and_then(|()| fs::rename(&self.incomplete, &self.path));
        if let Err(error) = written {
            let why = self.failed(error);
            self.give_up();
            return Err(why);
        }
        let per_second = u64::from(rate) * u64::from(self.channels) * 2;
        let micros = u64::from(self.bytes) * 1_000_000 / per_second.max(1);
        let size = wav::HEADER as u64 + u64::from(self.bytes);
        let length = Duration::from_micros(micros);
        Ok((size, length, RecordingFormat::Wav))
    }

    /// Removes what was written.
    pub(crate) fn give_up(self) {
        let Sound {
            incomplete, file, ..
        } = self;
        // What is still in the buffer is not worth a write.
        let (file, _) = file.into_parts();
        drop(file);
        // It may never have been there, or its folder may be gone.
        let _ = fs::remove_file(incomplete);
    }
}
