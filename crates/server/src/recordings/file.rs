//! A recording as its call sees it.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hookflash_call::RecordingFile;
use hookflash_dialects::RecordingFacts;
use hookflash_program::RecordingFormat;
use tokio::sync::oneshot;

use super::writer::{Job, Queue, Writers};
use super::{Counts, sound_of};

/// How much sound is gathered before it goes to a writer: a quarter of a second.
const GATHERED: u32 = 4;
/// How much of one recording may wait for the disk, in bytes: half a minute of two channels at
/// 8 kHz.
const MOST_WAITING: usize = 1 << 20;

/// What a recording shares with its writer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Bytes that wait.
    pub(crate) waiting: AtomicUsize,
    /// Why it cannot be written any more.
    pub(crate) failure: OnceLock<String>,
}

/// A piece of sound on its way to a file.
pub(crate) struct Piece {
    /// Frame after frame, one sample of each channel.
    pub(crate) samples: Vec<i16>,
    pub(crate) rate: u32,
    pub(crate) channels: u8,
}

/// A recording being written.
pub(crate) struct Recording {
    id: u64,
    /// `None` once it is finished.
    queue: Option<Queue>,
    gathered: Piece,
    progress: Arc<Progress>,
}

/// Begins a recording.
pub(crate) fn begin(
    writers: &Writers,
    folder: &Path,
    facts: &RecordingFacts,
    counts: Arc<Counts>,
) -> Result<Recording, String> {
    let (id, queue) = writers.open()?;
    // A file of sound has one or two.
    let channels = facts.channels.clamp(1, 2);
    let progress = Arc::<Progress>::default();
    queue.send(Job::Open {
        id,
        sound: sound_of(folder, facts),
        format: facts.format,
        channels,
        progress: Arc::clone(&progress),
        counts,
    });
    Ok(Recording {
        id,
        queue: Some(queue),
        gathered: Piece {
            samples: Vec::new(),
            rate: 0,
            channels,
        },
        progress,
    })
}

impl Recording {
    fn pass_on(&mut self) {
        let samples = std::mem::take(&mut self.gathered.samples);
        let Some(queue) = self.queue.as_ref().filter(|_| !samples.is_empty()) else {
            return;
        };
        if self.progress.failure.get().is_some() {
            return;
        }
        let bytes = samples.len() * 2;
        let waiting = self.progress.waiting.fetch_add(bytes, Ordering::Relaxed);
        if waiting + bytes > MOST_WAITING {
            // Whoever was first has said it.
            let _ = self
                .progress
                .failure
                .set("the disk does not keep up with what is recorded".to_owned());
            return;
        }
        let piece = Piece {
            samples,
            ..self.gathered
        };
        queue.send(Job::Write { id: self.id, piece });
    }
}

#[cfg(test)]
impl Recording {
    /// Has its writer go wrong with it.
    pub(crate) fn meet_fault(&self) {
        if let Some(queue) = &self.queue {
            queue.send(Job::Fault { id: self.id });
        }
    }
}

impl RecordingFile for Recording {
    fn write(&mut self, channels: &[&[i16]], rate: u32) {
        if self.gathered.rate != rate {
            self.pass_on();
            self.gathered.rate = rate.max(1);
        }
        let frames = channels.iter().map(|channel| channel.len()).max();
        for frame in 0..frames.unwrap_or_default() {
            // As many channels as were announced: more are left out, missing ones are silent.
            for channel in 0..usize::from(self.gathered.channels) {
                let sample = channels.get(channel).and_then(|channel| channel.get(frame));
                self.gathered.samples.push(sample.copied().unwrap_or(0));
            }
        }
        let enough = rate as usize * usize::from(self.gathered.channels) / GATHERED as usize;
        if self.gathered.samples.len() >= enough {
            self.pass_on();
        }
    }

    fn failure(&self) -> Option<String> {
        self.progress.failure.get().cloned()
    }

    fn finish(
        mut self,
    ) -> impl Future<Output = Result<(u64, Duration, RecordingFormat), String>> + 'static {
        self.pass_on();
        let (done, is_done) = oneshot::channel();
        if let Some(queue) = self.queue.take() {
            queue.send(Job::Finish { id: self.id, done });
        }
        let progress = Arc::clone(&self.progress);
        async move {
            let why = || {
                let known = progress.failure.get().cloned();
                known.unwrap_or_else(|| "the server stopped before it was complete".to_owned())
            };
            is_done.await.unwrap_or_else(|_| Err(why()))
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.send(Job::GiveUp { id: self.id });
        }
    }
}
