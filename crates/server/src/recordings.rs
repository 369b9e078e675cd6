//! Recordings on disk: what is known of them, and where they are.
//!
//! A recording is `FOLDER/ACCOUNT/SID.wav` with `SID.json` beside it, which says everything that
//! its callbacks and its REST resource say. A recording that runs has another name, so that what
//! a crash leaves behind is no recording; it is removed at the next start. Files are written by
//! threads of their own ([`writer`]).

mod convert;
mod file;
mod sidecar;
mod sound;
mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hookflash_dialects::{RecordingFacts, RecordingState};
use hookflash_program::RecordingFormat;

pub(crate) use file::Recording;
use writer::Writers;

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) begun: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

/// The recordings of the process.
pub(crate) struct Recordings {
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<RecordingFacts>>>,
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
    /// Reads what earlier runs have left. A folder that is not there is made with the first
    /// recording.
    pub(crate) fn open(folder: &Path) -> Arc<Recordings> {
        if let Some(why) = obstacle(folder) {
            tracing::warn!(folder = %folder.display(), why, "recordings will fail");
        }
        let counts = Arc::<Counts>::default();
        let known = sidecar::read_all(folder)
            .into_iter()
            .map(|facts| (facts.sid.clone(), Arc::new(facts)))
            .collect();
        Arc::new(Recordings {
            folder: folder.to_owned(),
            known: Mutex::new(known),
            writers: Writers::new(),
            counts,
            converting: tokio::sync::Mutex::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<RecordingFacts>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted since the start.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.known().len()
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
        self.known()
            .insert(facts.sid.clone(), Arc::new(facts.clone()));
        let place = Place::of(&self.folder, facts);
        match facts.state {
            RecordingState::InProgress | RecordingState::Paused => {}
            RecordingState::Completed => self.writers.keep(place.sidecar, facts.clone()),
            RecordingState::Absent | RecordingState::Failed => {
                self.writers.remove(vec![place.sound]);
                self.writers.keep(place.sidecar, facts.clone());
            }
        }
    }

    /// One recording.
    pub(crate) fn find(&self, sid: &str) -> Option<Arc<RecordingFacts>> {
        self.known().get(sid).cloned()
    }

    /// Those of an account that `is_wanted`, newest first.
    pub(crate) fn list(
        &self,
        account: &str,
        is_wanted: impl Fn(&RecordingFacts) -> bool,
    ) -> Vec<Arc<RecordingFacts>> {
        let mut found: Vec<Arc<RecordingFacts>> = self
            .known()
            .values()
            .filter(|facts| facts.account_sid == account && is_wanted(facts))
            .map(Arc::clone)
            .collect();
        found.sort_by(|a, b| {
            let newer = b.started_at.cmp(&a.started_at);
            newer.then_with(|| a.sid.cmp(&b.sid))
        });
        found
    }

    /// Where the sound of a recording is.
    pub(crate) fn sound(&self, facts: &RecordingFacts) -> PathBuf {
        Place::of(&self.folder, facts).sound
    }

    /// Where the sound is in this format, made if need be; `None` when it cannot be had.
    pub(crate) async fn sound_as(
        &self,
        facts: &RecordingFacts,
        wanted: RecordingFormat,
    ) -> Option<PathBuf> {
        let sound = self.sound(facts);
        match (facts.format, wanted) {
            (RecordingFormat::Wav, RecordingFormat::Wav)
            | (RecordingFormat::Mp3, RecordingFormat::Mp3) => return Some(sound),
            (RecordingFormat::Mp3, RecordingFormat::Wav) => return None,
            (RecordingFormat::Wav, RecordingFormat::Mp3) => {}
        }
        let _turn = self.converting.lock().await;
        let made = sound.with_extension("mp3");
        if tokio::fs::try_exists(&made).await.unwrap_or(false) {
            return Some(made);
        }
        match tokio::task::spawn_blocking(move || convert::to_mp3(&sound)).await {
            Ok(Ok(made)) => Some(made),
            Ok(Err(why)) => {
                tracing::warn!(%why, "a recording was not turned into MP3");
                None
            }
            Err(_) => None,
        }
    }

    /// Removes a recording and everything that is known of it.
    pub(crate) fn delete(&self, facts: &RecordingFacts) {
        self.known().remove(&facts.sid);
        let place = Place::of(&self.folder, facts);
        let other = place.sound.with_extension("mp3");
        self.writers.remove(vec![place.sound, other, place.sidecar]);
    }

    /// Removes the sound of a recording; that it was made stays known.
    pub(crate) fn delete_sound(&self, facts: &RecordingFacts) {
        let place = Place::of(&self.folder, facts);
        let other = place.sound.with_extension("mp3");
        self.writers.remove(vec![place.sound, other]);
    }

    /// Deletes every recording that ended longer than `keep` ago.
    pub(crate) fn sweep(&self, keep: Duration) {
        let now = SystemTime::now();
        let is_old = |facts: &&Arc<RecordingFacts>| {
            let ended = facts.ended_at.and_then(|at| now.duration_since(at).ok());
            ended.is_some_and(|age| age > keep)
        };
        let old: Vec<Arc<RecordingFacts>> = self
            .known()
            .values()
            .filter(is_old)
            .map(Arc::clone)
            .collect();
        for facts in &old {
            self.delete(facts);
        }
        if !old.is_empty() {
            tracing::info!(recordings = old.len(), "deleted by recordings.keep");
        }
    }

    /// Waits until everything that was asked for is on disk.
    pub(crate) fn settle(&self) {
        self.writers.settle();
    }
}

/// The files of one recording.
struct Place {
    sound: PathBuf,
    sidecar: PathBuf,
}

impl Place {
    fn of(folder: &Path, facts: &RecordingFacts) -> Place {
        let folder = folder.join(plain(&facts.account_sid));
        let name = plain(&facts.sid);
        let extension = match facts.format {
            RecordingFormat::Wav => "wav",
            RecordingFormat::Mp3 => "mp3",
        };
        Place {
            sound: folder.join(format!("{name}.{extension}")),
            sidecar: folder.join(format!("{name}.json")),
        }
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
