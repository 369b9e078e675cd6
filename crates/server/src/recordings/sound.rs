//! The file of one recording while it is written.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use hookflash_audio::{Resampler, mp3, wav};
use hookflash_program::RecordingFormat;

use super::file::Piece;
use super::sidecar::incomplete;
use super::writer::Finished;

/// How much goes to the kernel at a time.
const BUFFER: usize = 16 * 1_024;
/// The largest file: what a WAV file can say of its length.
const LARGEST: u64 = u32::MAX as u64 - 100;

/// A file being written.
pub(crate) struct Sound {
    /// Its name once it is complete, and until then.
    path: PathBuf,
    incomplete: PathBuf,
    file: BufWriter<File>,
    format: RecordingFormat,
    channels: u8,
    /// What is known with the first piece.
    begun: Option<Begun>,
    /// Bytes of the file so far.
    bytes: u64,
    /// Samples of each channel so far.
    frames: u64,
    /// What comes at another rate, and goes through one of these per channel.
    converters: Option<(u32, Vec<Resampler>)>,
}

struct Begun {
    /// Samples per second of what is taken.
    rate: u32,
    encoder: Option<mp3::Encoder>,
}

impl Sound {
    pub(crate) fn create(
        path: PathBuf,
        format: RecordingFormat,
        channels: u8,
    ) -> Result<Sound, String> {
        let incomplete = incomplete(&path);
        let failed = |error| format!("{} cannot be written: {error}", incomplete.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::create(&incomplete).map_err(failed)?;
        let mut file = BufWriter::with_capacity(BUFFER, file);
        let head: &[u8] = match format {
            RecordingFormat::Wav => &[0; wav::HEADER],
            RecordingFormat::Mp3 => &[],
        };
        file.write_all(head).map_err(failed)?;
        Ok(Sound {
            path,
            incomplete,
            file,
            format,
            channels,
            begun: None,
            bytes: head.len() as u64,
            frames: 0,
            converters: None,
        })
    }

    fn failed(&self, error: impl Display) -> String {
        format!("{} cannot be written: {error}", self.incomplete.display())
    }

    pub(crate) fn write(&mut self, piece: &Piece) -> Result<(), String> {
        let rate = match &self.begun {
            Some(begun) => begun.rate,
            None => {
                let is_mp3 = self.format == RecordingFormat::Mp3;
                let new = || mp3::Encoder::new(self.channels.into(), piece.rate);
                let encoder = is_mp3.then(new);
                let rate = piece.rate;
                self.begun.insert(Begun { rate, encoder }).rate
            }
        };
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
            .zip(apart(&piece.samples, count))
            .map(|(converter, samples)| {
                let mut out = Vec::new();
                converter.push(&samples, &mut out);
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
        let count = usize::from(self.channels.max(1));
        let encoder = self.begun.as_mut().and_then(|begun| begun.encoder.as_mut());
        let mut bytes = Vec::new();
        match encoder {
            Some(encoder) => {
                let channels = apart(samples, count);
                let channels: Vec<&[i16]> = channels.iter().map(Vec::as_slice).collect();
                let encoded = encoder.push(&channels, &mut bytes);
                encoded.map_err(|error| self.failed(error))?;
            }
            None => bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
        }
        self.bytes += bytes.len() as u64;
        self.frames += (samples.len() / count) as u64;
        if self.bytes > LARGEST {
            return Err("it is longer than a file of sound can be".to_owned());
        }
        self.file
            .write_all(&bytes)
            .map_err(|error| self.failed(error))
    }

    pub(crate) fn finish(mut self) -> Finished {
        let rate = self.begun.as_ref().map_or(8_000, |begun| begun.rate);
        match self.complete(rate) {
            Ok(()) => {
                let micros = self.frames * 1_000_000 / u64::from(rate.max(1));
                Ok((self.bytes, Duration::from_micros(micros), self.format))
            }
            Err(why) => {
                self.give_up();
                Err(why)
            }
        }
    }

    /// Writes what is missing, the head last, and gives the file its name.
    fn complete(&mut self, rate: u32) -> Result<(), String> {
        let encoder = self.begun.take().and_then(|begun| begun.encoder);
        let (mut last, mut head) = (Vec::new(), Vec::new());
        match (encoder, self.format) {
            (Some(encoder), _) => {
                let finished = encoder.finish(&mut last);
                head = finished.map_err(|error| self.failed(error))?;
            }
            (None, RecordingFormat::Wav) => {
                let sound = self.bytes - wav::HEADER as u64;
                head.extend(wav::header(self.channels.into(), rate, sound));
            }
            (None, RecordingFormat::Mp3) => {}
        }
        self.bytes += last.len() as u64;
        self.file
            .write_all(&last)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(&head))
            .and_then(|()| self.file.flush())
            .and_then(|()| fs::rename(&self.incomplete, &self.path))
            .map_err(|error| self.failed(error))
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

/// Samples of each channel by itself.
fn apart(samples: &[i16], channels: usize) -> Vec<Vec<i16>> {
    let of = |channel| samples.iter().skip(channel).step_by(channels).copied();
    (0..channels).map(|channel| of(channel).collect()).collect()
}
