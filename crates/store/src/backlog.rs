//! What waits for the writer: the latest state of each row, what is owed, and questions.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::batch::{Batch, CallPut, Owing, Settled, Waiter};
use crate::error::{ErrorKind, StoreError};
use crate::row::{ByKey, CallRow, CallTable, Record, RecordingRow};
use crate::sql::Database;

type Latest<R> = HashSet<ByKey<R>>;

/// A question to the database. It is asked with a connection, or with the reason why there is
/// none, and says whether it has its answer; `true` as the second argument: it is not asked again.
pub(crate) type Job = Box<dyn FnMut(Result<&mut dyn Database, &StoreError>, bool) -> bool + Send>;

/// What waits.
#[derive(Default)]
struct Waiting {
    calls: Latest<CallPut>,
    recordings: Latest<RecordingRow>,
    owed: VecDeque<Owing>,
    settled: VecDeque<Settled>,
    jobs: VecDeque<Job>,
    /// Of all that waits and of what the writer has taken and not written.
    bytes: usize,
    /// What the writer has taken and not written.
    taken: usize,
    /// When the first of the rows came.
    since: Option<Instant>,
    /// When the first of those came that somebody waits for.
    urgent_since: Option<Instant>,
    trouble: Option<Trouble>,
    is_closing: bool,
}

/// Why nothing can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: SystemTime,
    /// What the database says.
    pub error: StoreError,
}

/// Counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) written: AtomicU64,
    pub(crate) transactions: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) refused: AtomicU64,
}

/// What callers and the writer share.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    pub(crate) counts: Counts,
    limits: Limits,
}

/// When the writer is woken, and how much may wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) rows: usize,
    pub(crate) delay: Duration,
    pub(crate) urgent_delay: Duration,
}

/// What the writer is to do next.
pub(crate) struct Work {
    pub(crate) batch: Batch,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) is_closing: bool,
}

impl Waiting {
    fn rows(&self) -> usize {
        self.calls.len() + self.recordings.len() + self.settled.len()
    }

    fn is_empty(&self) -> bool {
        self.taken == 0 && self.rows() == 0 && self.owed.is_empty()
    }

    /// When a transaction is due.
    fn deadline(&self, limits: &Limits) -> Option<Instant> {
        if self.rows() + self.owed.len() >= limits.rows {
            return self.since.or(self.urgent_since);
        }
        let rows = self.since.map(|since| since + limits.delay);
        let urgent = self.urgent_since.map(|since| since + limits.urgent_delay);
        match (rows, urgent) {
            (Some(rows), Some(urgent)) => Some(rows.min(urgent)),
            (rows, urgent) => rows.or(urgent),
        }
    }

    /// Takes everything, in the order in which it must be written.
    fn take(&mut self) -> Batch {
        self.since = None;
        self.urgent_since = None;
        let batch = Batch {
            calls: in_order(self.calls.drain()),
            owed: std::mem::take(&mut self.owed),
            settled: std::mem::take(&mut self.settled),
            recordings: self.recordings.drain().map(|row| row.0).collect(),
        };
        self.taken = batch.len();
        batch
    }

    /// Makes room by forgetting what is worth least: states of calls that run, of which more will
    /// come. Says how many rows that cost.
    fn make_room(&mut self) -> usize {
        let before = self.calls.len();
        let mut freed = 0;
        self.calls.retain(|put| {
            let is_kept = put.0.row.table() == CallTable::Over || !put.0.waiters.is_empty();
            freed += if is_kept { 0 } else { put.0.bytes() };
            is_kept
        });
        self.bytes = self.bytes.saturating_sub(freed);
        before - self.calls.len()
    }

    /// Keeps a call in the place of its earlier state. One that is over stays over.
    fn put_call(&mut self, put: CallPut) {
        let more = put.bytes();
        let is_live = put.row.table() == CallTable::Live;
        let mut less = 0;
        if let Some(earlier) = self.calls.replace(ByKey(put)) {
            let is_late = is_live && earlier.0.row.table() == CallTable::Over;
            if (is_late || !earlier.0.waiters.is_empty())
                && let Some(latest) = self.calls.take(&earlier)
            {
                let (mut kept, gone) = match is_late {
                    true => (earlier, latest),
                    false => (latest, earlier),
                };
                less = gone.0.bytes();
                kept.0.waiters.extend(gone.0.waiters);
                self.calls.insert(kept);
            } else {
                less = earlier.0.bytes();
            }
        }
        self.bytes = (self.bytes + more).saturating_sub(less);
    }

    /// Tells who waits for a call that it is not written yet.
    fn put_off_calls(&mut self, error: &StoreError) {
        let waits = |put: &ByKey<CallPut>| !put.0.waiters.is_empty();
        if !self.calls.iter().any(waits) {
            return;
        }
        let put_off = |mut put: ByKey<CallPut>| {
            put.0.put_off(error);
            put
        };
        self.calls = self.calls.drain().map(put_off).collect();
    }

    fn put_recording(&mut self, row: RecordingRow) {
        let more = row.bytes();
        let earlier = self.recordings.replace(ByKey(row));
        let less = earlier.map_or(0, |earlier| earlier.0.bytes());
        self.bytes = (self.bytes + more).saturating_sub(less);
    }
}

/// Calls as they were made, so that the indexes grow at their ends.
fn in_order(calls: impl Iterator<Item = ByKey<CallPut>>) -> VecDeque<CallPut> {
    let mut calls: Vec<CallPut> = calls.map(|put| put.0).collect();
    calls.sort_unstable_by(|a, b| {
        let made = a.row.created_at.cmp(&b.row.created_at);
        made.then_with(|| a.row.sid.cmp(&b.row.sid))
    });
    calls.into()
}

fn full() -> StoreError {
    StoreError::new(ErrorKind::Busy, "too much waits to be written")
}

impl Backlog {
    pub(crate) fn new(limits: Limits) -> Backlog {
        Backlog {
            limits,
            ..Backlog::default()
        }
    }

    /// A panic elsewhere cannot have left half a row behind, so its mark is of no interest.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a call. When there is no room, what is worth less goes, or else this one. Who waits
    /// for it to be written is told at once when that may take a while.
    pub(crate) fn put_call(&self, row: CallRow, waiter: Option<Waiter>) {
        let mut put = CallPut {
            row,
            waiters: waiter.into_iter().collect(),
        };
        let mut waiting = self.waiting();
        if let Some(trouble) = &waiting.trouble {
            put.put_off(&trouble.error);
        }
        let is_urgent = !put.waiters.is_empty();
        let dropped = match self.room_for(&mut waiting, put.bytes()) {
            Ok(dropped) => {
                waiting.put_call(put);
                dropped
            }
            Err(dropped) => {
                put.put_off(&full());
                dropped + 1
            }
        };
        self.came(waiting, is_urgent);
        self.dropped(dropped);
    }

    /// Keeps a recording, as [`Backlog::put_call`].
    pub(crate) fn put_recording(&self, row: RecordingRow) {
        let mut waiting = self.waiting();
        let dropped = match self.room_for(&mut waiting, row.bytes()) {
            Ok(dropped) => {
                waiting.put_recording(row);
                dropped
            }
            Err(dropped) => dropped + 1,
        };
        self.came(waiting, false);
        self.dropped(dropped);
    }

    /// Makes room for so many bytes if need be; either way says how many rows that cost.
    fn room_for(&self, waiting: &mut Waiting, bytes: usize) -> Result<usize, usize> {
        let mut dropped = 0;
        if waiting.bytes + bytes > self.limits.bytes {
            dropped = waiting.make_room();
        }
        match waiting.bytes + bytes <= self.limits.bytes {
            true => Ok(dropped),
            false => Err(dropped),
        }
    }

    fn dropped(&self, count: usize) {
        if count == 0 {
            return;
        }
        let before = self
            .counts
            .dropped
            .fetch_add(count as u64, Ordering::Relaxed);
        if before == 0 {
            tracing::error!(
                limit = self.limits.bytes,
                "the store cannot keep up and drops records; calls go on. Look at the database"
            );
        }
    }

    /// Wakes the writer when that cannot wait.
    fn came(&self, mut waiting: MutexGuard<'_, Waiting>, is_urgent: bool) {
        let rows = waiting.rows();
        let mut wakes = rows == self.limits.rows;
        if rows > 0 && waiting.since.is_none() {
            waiting.since = Some(Instant::now());
            wakes = true;
        }
        if is_urgent && waiting.urgent_since.is_none() {
            waiting.urgent_since = Some(Instant::now());
            wakes = true;
        }
        drop(waiting);
        if wakes {
            self.wake.notify_one();
        }
    }

    /// Keeps what became of an owed request.
    pub(crate) fn settle(&self, settled: Settled) {
        let mut waiting = self.waiting();
        waiting.bytes += settled.bytes();
        waiting.settled.push_back(settled);
        self.came(waiting, false);
    }

    /// Keeps an owed request until it is written; not when there is no room, or the store is
    /// closing.
    pub(crate) fn owe(&self, mut owing: Owing) -> bool {
        let mut waiting = self.waiting();
        let bytes = owing.entry.bytes();
        if waiting.bytes + bytes > self.limits.bytes || waiting.is_closing {
            return false;
        }
        if let Some(trouble) = &waiting.trouble {
            owing.put_off(&trouble.error);
        }
        waiting.bytes += bytes;
        waiting.owed.push_back(owing);
        self.came(waiting, true);
        true
    }

    /// Gives the writer a question; gives it back when nobody would answer it.
    pub(crate) fn ask(&self, job: Job) -> Result<(), Job> {
        let mut waiting = self.waiting();
        if waiting.is_closing {
            return Err(job);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.wake.notify_one();
        Ok(())
    }

    pub(crate) fn close(&self) {
        self.waiting().is_closing = true;
        self.wake.notify_one();
    }

    /// Whether all that was put is written.
    pub(crate) fn is_clean(&self) -> bool {
        self.waiting().is_empty()
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.waiting().trouble.clone()
    }

    /// How many rows wait, and how much memory they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        let waiting = self.waiting();
        (
            waiting.rows() + waiting.owed.len() + waiting.taken,
            waiting.bytes,
        )
    }

    /// For the writer: waits until there is something to do. After a failure, when `left` rows
    /// could not be written, that is when `pause` is over, a question came, or the store closes.
    pub(crate) fn next(&self, left: usize, pause: Option<Instant>) -> Work {
        let mut waiting = self.waiting();
        loop {
            let deadline = pause.or_else(|| match left {
                0 => waiting.deadline(&self.limits),
                _ => waiting.since,
            });
            let now = Instant::now();
            let is_due = deadline.is_some_and(|deadline| deadline <= now);
            if is_due || !waiting.jobs.is_empty() || waiting.is_closing {
                break;
            }
            waiting = match deadline {
                Some(deadline) => {
                    let wait = self.wake.wait_timeout(waiting, deadline - now);
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let wait = self.wake.wait(waiting);
                    wait.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        let jobs = std::mem::take(&mut waiting.jobs);
        // What failed goes first; meanwhile later states of rows take the places of earlier ones.
        let batch = if left == 0 {
            waiting.take()
        } else {
            Batch::default()
        };
        Work {
            batch,
            jobs,
            is_closing: waiting.is_closing,
        }
    }

    /// For the writer: so many rows of so many bytes are written, or given up.
    pub(crate) fn done(&self, rows: usize, bytes: usize) -> Option<Trouble> {
        let mut waiting = self.waiting();
        waiting.taken = waiting.taken.saturating_sub(rows);
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        waiting.trouble.take()
    }

    /// For the writer: nothing can be written. Says whether that is new.
    pub(crate) fn failed(&self, error: &StoreError) -> bool {
        let mut waiting = self.waiting();
        for owing in &mut waiting.owed {
            owing.put_off(error);
        }
        waiting.put_off_calls(error);
        let is_new = waiting.trouble.is_none();
        let since = waiting.trouble.as_ref().map(|trouble| trouble.since);
        waiting.trouble = Some(Trouble {
            since: since.unwrap_or_else(SystemTime::now),
            error: error.clone(),
        });
        is_new
    }
}
