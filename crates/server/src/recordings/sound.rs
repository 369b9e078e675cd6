//! The file of one recording while it is written.

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use hookflash_program::RecordingFormat;

use super::file::Piece;
use super::sidecar::incomplete;
use super::writer::Finished;

/// Length of a WAV file's head.
const HEAD: u64 = 44;
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
        file.write_all(&[0; HEAD as usize]).map_err(failed)?;
        Ok(Sound {
            path,
            incomplete,
            file,
            channels,
            rate: None,
            bytes: 0,
        })
    }

    fn failed(&self, error: std::io::Error) -> String {
        format!("{} cannot be written: {error}", self.incomplete.display())
    }

    pub(crate) fn write(&mut self, piece: &Piece) -> Result<(), String> {
        let rate = *self.rate.get_or_insert(piece.rate);
        let mut bytes = Vec::with_capacity(piece.samples.len() * 2);
        for sample in &piece.samples {
            bytes.extend_from_slice(&sample.to_le_bytes());
        }
        let _ = rate;
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
        let head = wav_head(rate, self.channels, self.bytes);
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
        let size = HEAD + u64::from(self.bytes);
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

fn wav_head(rate: u32, channels: u8, bytes: u32) -> [u8; HEAD as usize] {
    let mut head = [0; HEAD as usize];
    let block = u16::from(channels) * 2;
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(bytes + 36).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &u16::from(channels).to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(block)).to_le_bytes(),
        &block.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &bytes.to_le_bytes(),
    ];
    for (to, from) in head.iter_mut().zip(fields.into_iter().flatten()) {
        *to = *from;
    }
    head
}
