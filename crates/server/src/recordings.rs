//! Recordings: their sound on disk, and what is known of them.
//!
//! The sound is `FOLDER/ACCOUNT/SID.wav`. What its callbacks and its REST resource say is in the
//! store once it is over, and in memory while it runs. A recording that runs has another name, so
//! that what a crash leaves behind is no recording; it is removed at the next start. Files are
//! written by threads of their own ([`writer`]).

mod convert;
mod file;
mod list;
mod sidecar;
mod sound;
mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookflash_dialects::{RecordingFacts, RecordingState};
use hookflash_program::RecordingFormat;
use hookflash_store::{Store, StoreError};

use crate::records::Records;
pub(crate) use file::Recording;
use writer::Writers;

/// How the names of the files of one recording end: in either format, and mixed into one channel.
const EXTENSIONS: [&str; 4] = ["wav", "mp3", "mono.wav", "mono.mp3"];

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) begun: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

/// How the sound of a recording is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SoundForm {
    pub(crate) format: RecordingFormat,
    pub(crate) channels: u8,
}

/// The recordings of the process.
pub(crate) struct Recordings {
    folder: PathBuf,
    store: Store,
    running: Mutex<HashMap<String, Arc<RecordingFacts>>>,
    writers: Writers,
    counts: Arc<Counts>,
    /// Held while a recording is turned into another format: one at a time.
    converting: tokio::sync::Mutex<()>,
}

/// Why a folder cannot be written, or made, as far as that can be seen without doing it.
fn obstacle(folder: &Path) -> Option<String> {
    let here = Path::new(".");
    let nearest = folder.ancestors().find(|path| path.exists());
    let nearest = nearest.unwrap_or(here);
    let known = match nearest.metadata() {
        Ok(known) => known,
        Err(error) => return Some(format!("{}: {error}", nearest.display())),
    };
    let what = match () {
        () if !known.is_dir() => "is no folder",
        () if known.permissions().readonly() => "may not be written",
        () => return None,
    };
    Some(format!("{} {what}", nearest.display()))
}

impl Recordings {
    /// Takes in what earlier versions have put beside the sound. A folder that is not there is made
    /// with the first recording.
    pub(crate) fn open(folder: &Path, records: &Records) -> Arc<Recordings> {
        if let Some(why) = obstacle(folder) {
            tracing::warn!(folder = %folder.display(), why, "recordings will fail");
        }
        let beside = sidecar::read_all(folder);
        for (_, facts) in &beside {
            records.store().put_recording(sidecar::row(facts));
        }
        if !beside.is_empty() && records.is_lasting() && records.flush_now() {
            let files = beside.iter().map(|(file, _)| file.clone());
            writer::remove(&files.collect::<Vec<_>>());
            tracing::info!(recordings = beside.len(), "taken into the store");
        }
        Arc::new(Recordings {
            folder: folder.to_owned(),
            store: records.store().clone(),
            running: Mutex::default(),
            writers: Writers::new(),
            counts: Arc::default(),
            converting: tokio::sync::Mutex::default(),
        })
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<RecordingFacts>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted since the start.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Begins to write a recording.
    ///
    /// # Errors
    /// A sentence, when the operating system gives no thread.
    pub(crate) fn record(&self, facts: &RecordingFacts) -> Result<Recording, String> {
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
        let begun = file::begin(&self.writers, &self.folder, facts, Arc::clone(&self.counts));
        if begun.is_err() {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        begun
    }

    /// Takes over what is known of a recording, for good once it has ended.
    pub(crate) fn keep(&self, facts: &RecordingFacts) {
        match facts.state {
            RecordingState::InProgress | RecordingState::Paused => {
                let known = Arc::new(facts.clone());
                self.running().insert(facts.sid.clone(), known);
                return;
            }
            RecordingState::Completed => {}
            RecordingState::Absent | RecordingState::Failed | RecordingState::Deleted => {
                self.remove_sound(facts);
            }
        }
        self.store.put_recording(sidecar::row(facts));
        self.running().remove(&facts.sid);
    }

    /// Where the sound of a recording is.
    pub(crate) fn sound(&self, facts: &RecordingFacts) -> PathBuf {
        sound_of(&self.folder, facts)
    }

    /// Where the sound is in this form, made if need be; `None` when it cannot be had.
    pub(crate) async fn sound_as(
        &self,
        facts: &RecordingFacts,
        wanted: SoundForm,
    ) -> Option<PathBuf> {
        let sound = self.sound(facts);
        let kept = SoundForm {
            format: facts.format,
            channels: facts.channels,
        };
        if wanted == kept {
            return Some(sound);
        }
        if kept.format == RecordingFormat::Mp3 {
            return None;
        }
        let is_mixed = wanted.channels < kept.channels;
        let made = sound.with_extension(extension(wanted.format, is_mixed));
        let _turn = self.converting.lock().await;
        if tokio::fs::try_exists(&made).await.unwrap_or(false) {
            return Some(made);
        }
        let work = move || convert::convert(&sound, made, wanted);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(made)) => Some(made),
            Ok(Err(why)) => {
                tracing::warn!(%why, "a recording was not had in another form");
                None
            }
            Err(_) => None,
        }
    }

    /// Removes a recording and everything that is known of it.
    ///
    /// # Errors
    /// When the store cannot be asked; the sound stays then.
    pub(crate) async fn delete(&self, facts: &RecordingFacts) -> Result<(), StoreError> {
        self.store
            .delete_recording(&facts.account_sid, &facts.sid)
            .await?;
        self.remove_sound(facts);
        Ok(())
    }

    /// Removes the sound of a recording that is over; that it was made stays known.
    pub(crate) fn delete_sound(&self, facts: &RecordingFacts) {
        // Of any other there is none.
        if facts.state == RecordingState::Completed {
            self.keep(&RecordingFacts {
                state: RecordingState::Deleted,
                ..facts.clone()
            });
        }
    }

    fn remove_sound(&self, facts: &RecordingFacts) {
        let sound = self.sound(facts);
        let files = EXTENSIONS.map(|extension| sound.with_extension(extension));
        self.writers.remove(files.to_vec());
    }

    /// Waits until everything that was asked for is on disk.
    pub(crate) fn settle(&self) {
        self.writers.settle();
    }
}

/// Where the sound of a recording is.
fn sound_of(folder: &Path, facts: &RecordingFacts) -> PathBuf {
    let folder = folder.join(plain(&facts.account_sid));
    let extension = extension(facts.format, false);
    folder.join(format!("{}.{extension}", plain(&facts.sid)))
}

/// How the name of the file ends that has the channels as they were recorded, or mixed into one.
fn extension(format: RecordingFormat, is_mixed: bool) -> &'static str {
    let [wav, mp3, mixed_wav, mixed_mp3] = EXTENSIONS;
    match (format, is_mixed) {
        (RecordingFormat::Wav, false) => wav,
        (RecordingFormat::Mp3, false) => mp3,
        (RecordingFormat::Wav, true) => mixed_wav,
        (RecordingFormat::Mp3, true) => mixed_mp3,
    }
}

/// An identifier as a name of a file: whatever it holds, it stays in its folder.
fn plain(identifier: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    identifier
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests;
