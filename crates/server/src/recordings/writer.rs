//! The threads that write recordings, so that a slow disk never holds up a call.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookflash_program::RecordingFormat;
use tokio::sync::oneshot;

use super::Counts;
use super::file::{Piece, Progress};
use super::sound::Sound;

/// How many threads write.
const THREADS: usize = 2;

/// What came of a recording: bytes, length, format.
pub(crate) type Finished = Result<(u64, Duration, RecordingFormat), String>;

/// Something for a writer to do. Those of one recording go to one writer, in order.
pub(crate) enum Job {
    Open {
        id: u64,
        sound: PathBuf,
        format: RecordingFormat,
        channels: u8,
        progress: Arc<Progress>,
        counts: Arc<Counts>,
    },
    Write {
        id: u64,
        piece: Piece,
    },
    Finish {
        id: u64,
        done: oneshot::Sender<Finished>,
    },
    GiveUp {
        id: u64,
    },
    Remove(Vec<PathBuf>),
    Settle(Sender<()>),
    /// Goes wrong as the encoder of this recording might.
    #[cfg(test)]
    Fault {
        id: u64,
    },
}

impl Job {
    /// The recording that it is for.
    fn recording(&self) -> Option<u64> {
        match self {
            Job::Open { id, .. }
            | Job::Write { id, .. }
            | Job::Finish { id, .. }
            | Job::GiveUp { id } => Some(*id),
            Job::Remove(_) | Job::Settle(_) => None,
            #[cfg(test)]
            Job::Fault { id } => Some(*id),
        }
    }
}

/// The way to one writer. What may wait there is bounded per recording.
#[derive(Clone)]
pub(crate) struct Queue(Sender<Job>);

impl Queue {
    pub(crate) fn send(&self, job: Job) {
        // A writer ends with the server, when nothing is asked any more.
        let _ = self.0.send(job);
    }
}

/// All writers. They start with the first job.
pub(crate) struct Writers {
    running: Mutex<Vec<Queue>>,
    next_id: AtomicU64,
}

impl Writers {
    pub(crate) fn new() -> Writers {
        Writers {
            running: Mutex::default(),
            next_id: AtomicU64::new(0),
        }
    }

    /// A new recording's number, and the writer for it.
    pub(crate) fn open(&self) -> Result<(u64, Queue), String> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let turn = usize::try_from(id).unwrap_or_default();
        Ok((id, self.queue(turn)?))
    }

    /// Removes files, whether they are there or not.
    pub(crate) fn remove(&self, files: Vec<PathBuf>) {
        self.file_work(Job::Remove(files));
    }

    /// What concerns finished files goes to one writer, in the order it was asked for.
    fn file_work(&self, job: Job) {
        match self.queue(0) {
            Ok(queue) => queue.send(job),
            Err(error) => tracing::error!(%error, "a recording's files cannot be kept in order"),
        }
    }

    /// Waits until every job that was given has been done.
    pub(crate) fn settle(&self) {
        let queues = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for queue in queues {
            let (done, is_done) = channel();
            queue.send(Job::Settle(done));
            // An error says that the writer has ended, and so has its work.
            let _ = is_done.recv();
        }
    }

    fn queue(&self, turn: usize) -> Result<Queue, String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.len() < THREADS {
            let (queue, jobs) = channel();
            // It ends when the last way to it is gone.
            std::thread::Builder::new()
                .name(format!("recordings-{}", running.len()))
                .spawn(move || work(&jobs))
                .map_err(|error| format!("no thread can be had to write it: {error}"))?;
            running.push(Queue(queue));
        }
        let queue = running.get(turn % THREADS).or(running.first());
        queue
            .cloned()
            .ok_or_else(|| "there is no writer".to_owned())
    }
}

/// A recording as its writer has it.
struct Running {
    /// What is written, until it fails.
    sound: Option<Sound>,
    progress: Arc<Progress>,
    counts: Arc<Counts>,
}

impl Running {
    fn fail(&mut self, why: String) {
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(%why, "a recording failed");
        // Whoever was first has said it.
        let _ = self.progress.failure.set(why);
        if let Some(sound) = self.sound.take() {
            sound.give_up();
        }
    }
}

fn work(jobs: &Receiver<Job>) {
    let mut running = HashMap::new();
    while let Ok(job) = jobs.recv() {
        let id = job.recording();
        // A fault of ours in one recording must not lose all others of this writer.
        let done = catch_unwind(AssertUnwindSafe(|| carry_out(&mut running, job)));
        let broken = id.filter(|_| done.is_err());
        if let Some(mut one) = broken.and_then(|id| running.remove(&id)) {
            one.fail("writing it met a fault of this server".to_owned());
        }
    }
    for one in running.into_values() {
        if let Some(sound) = one.sound {
            sound.give_up();
        }
    }
}

fn carry_out(running: &mut HashMap<u64, Running>, job: Job) {
    match job {
        Job::Open {
            id,
            sound,
            format,
            channels,
            progress,
            counts,
        } => {
            let opened = Sound::create(sound, format, channels);
            let mut one = Running {
                sound: None,
                progress,
                counts,
            };
            match opened {
                Ok(sound) => one.sound = Some(sound),
                Err(why) => one.fail(why),
            }
            running.insert(id, one);
        }
        Job::Write { id, piece } => {
            let Some(one) = running.get_mut(&id) else {
                return;
            };
            let bytes = piece.samples.len() * 2;
            one.progress.waiting.fetch_sub(bytes, Ordering::Relaxed);
            if let Some(sound) = &mut one.sound
                && let Err(why) = sound.write(&piece)
            {
                one.fail(why);
            }
        }
        Job::Finish { id, done } => {
            let Some(one) = running.get_mut(&id) else {
                return;
            };
            let finished = finish(one);
            if let Ok((bytes, ..)) = &finished {
                one.counts.bytes.fetch_add(*bytes, Ordering::Relaxed);
            }
            running.remove(&id);
            // The call may be gone.
            let _ = done.send(finished);
        }
        Job::GiveUp { id } => {
            if let Some(sound) = running.remove(&id).and_then(|one| one.sound) {
                sound.give_up();
            }
        }
        Job::Remove(files) => remove(&files),
        Job::Settle(done) => {
            // Whoever waits may have given up.
            let _ = done.send(());
        }
        #[cfg(test)]
        Job::Fault { .. } => panic!("a fault for the test"),
    }
}

fn finish(one: &mut Running) -> Finished {
    // The queue may have overflowed, which is as bad as a full disk: a piece is missing.
    if let Some(why) = one.progress.failure.get().cloned() {
        if let Some(sound) = one.sound.take() {
            one.counts.failed.fetch_add(1, Ordering::Relaxed);
            sound.give_up();
        }
        return Err(why);
    }
    let Some(sound) = one.sound.take() else {
        return Err("nothing was written".to_owned());
    };
    let finished = sound.finish();
    if let Err(why) = &finished {
        one.fail(why.clone());
    }
    finished
}

pub(crate) fn remove(files: &[PathBuf]) {
    for file in files {
        match std::fs::remove_file(file) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let file = file.display();
                tracing::error!(%file, %error, "a file of a recording cannot be removed");
            }
        }
    }
}
