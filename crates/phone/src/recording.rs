//! The WAV file of what the phone hears.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use hookflash_audio::{Resampler, wav};

/// Written as it is heard; its header says how long it is when it is saved.
#[derive(Debug)]
pub(crate) struct Recording {
    file: BufWriter<File>,
    /// Samples per second, those of the first samples.
    rate: u32,
    /// Bytes of samples.
    length: u64,
    /// From another codec's rate.
    resampler: Option<(u32, Resampler)>,
    bytes: Vec<u8>,
}

impl Recording {
    /// Begins the file, which is made anew.
    pub(crate) fn create(path: &Path) -> io::Result<Recording> {
        Ok(Recording {
            file: BufWriter::new(File::create(path)?),
            rate: 0,
            length: 0,
            resampler: None,
            bytes: Vec::new(),
        })
    }

    pub(crate) fn write(&mut self, rate: u32, samples: &[i16]) -> io::Result<()> {
        if self.rate == 0 {
            self.rate = rate;
            self.file.write_all(&wav::header(1, rate, u64::MAX))?;
        }
        self.bytes.clear();
        if rate == self.rate {
            wav::interleave(&[samples], &mut self.bytes);
        } else {
            let to = self.rate;
            let known = self.resampler.take().filter(|(from, _)| *from == rate);
            let (_, mut resampler) = known.unwrap_or_else(|| (rate, Resampler::new(rate, to)));
            let mut converted = Vec::new();
            resampler.push(samples, &mut converted);
            self.resampler = Some((rate, resampler));
            wav::interleave(&[&converted], &mut self.bytes);
        }
        self.length += self.bytes.len() as u64;
        self.file.write_all(&self.bytes)
    }

    /// Brings the file up to date: what was written is in it, and its header says so.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        let rate = if self.rate == 0 { 8_000 } else { self.rate };
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&wav::header(1, rate, self.length))?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()
    }
}
