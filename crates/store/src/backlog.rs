//! What waits for the writer: the latest state of each row, what is owed, and questions.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::batch::{Batch, Owing, Settled};
use crate::error::StoreError;
use crate::row::{ByKey, CallRow, LegRow, Record, RecordingRow, TransferRow, WebhooksRow};
use crate::sql::Database;

type Latest<R> = HashSet<ByKey<R>>;

/// A question to the database. It is asked with a connection, or with the reason why there is
/// none, and says whether it has its answer; `true` as the second argument: it is not asked again.
pub(crate) type Job = Box<dyn FnMut(Result<&mut dyn Database, &StoreError>, bool) -> bool + Send>;

/// A row of any table.
#[derive(Debug)]
pub(crate) enum AnyRow {
    Call(ByKey<CallRow>),
    Leg(ByKey<LegRow>),
    Transfer(ByKey<TransferRow>),
    Webhooks(ByKey<WebhooksRow>),
    Recording(ByKey<RecordingRow>),
}

/// What waits.
#[derive(Default)]
struct Waiting {
    calls: Latest<CallRow>,
    legs: Latest<LegRow>,
    transfers: Latest<TransferRow>,
    webhooks: Latest<WebhooksRow>,
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
    /// When the first of the owed requests came.
    owed_since: Option<Instant>,
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
    pub(crate) owe_delay: Duration,
}

/// What the writer is to do next.
pub(crate) struct Work {
    pub(crate) batch: Batch,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) is_closing: bool,
}

impl Waiting {
    fn rows(&self) -> usize {
        self.calls.len()
            + self.legs.len()
            + self.transfers.len()
            + self.webhooks.len()
            + self.recordings.len()
            + self.settled.len()
    }

    fn is_empty(&self) -> bool {
        self.taken == 0 && self.rows() == 0 && self.owed.is_empty()
    }

    /// When a transaction is due.
    fn deadline(&self, limits: &Limits) -> Option<Instant> {
        if self.rows() + self.owed.len() >= limits.rows {
            return self.since.or(self.owed_since);
        }
        let rows = self.since.map(|since| since + limits.delay);
        let owed = self.owed_since.map(|since| since + limits.owe_delay);
        match (rows, owed) {
            (Some(rows), Some(owed)) => Some(rows.min(owed)),
            (rows, owed) => rows.or(owed),
        }
    }

    /// Takes everything, in the order in which it must be written.
    fn take(&mut self) -> Batch {
        fn rows<R: Record>(latest: &mut Latest<R>) -> VecDeque<R> {
            latest.drain().map(|row| row.0).collect()
        }
        self.since = None;
        self.owed_since = None;
        let batch = Batch {
            calls: rows(&mut self.calls),
            owed: std::mem::take(&mut self.owed),
            settled: std::mem::take(&mut self.settled),
            recordings: rows(&mut self.recordings),
            transfers: rows(&mut self.transfers),
            legs: rows(&mut self.legs),
            webhooks: rows(&mut self.webhooks),
        };
        self.taken = batch.len();
        batch
    }

    /// Makes room for a row by forgetting what is worth least. Says how many rows that cost.
    fn make_room(&mut self) -> usize {
        fn forget<R: Record>(latest: &mut Latest<R>) -> (usize, usize) {
            let count = latest.len();
            (count, latest.drain().map(|row| row.0.bytes()).sum())
        }
        let (mut count, mut bytes) = forget(&mut self.webhooks);
        if count == 0 {
            (count, bytes) = forget(&mut self.legs);
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        count
    }
}

impl Waiting {
    /// Whether a row takes the place of one that waits, for which there was room.
    fn has_earlier(&self, row: &AnyRow) -> bool {
        match row {
            AnyRow::Call(row) => self.calls.contains(row),
            AnyRow::Recording(row) => self.recordings.contains(row),
            AnyRow::Transfer(row) => self.transfers.contains(row),
            AnyRow::Leg(_) | AnyRow::Webhooks(_) => false,
        }
    }

    fn put(&mut self, row: AnyRow) {
        let (more, less) = match row {
            AnyRow::Call(row) => replace(&mut self.calls, row),
            AnyRow::Leg(row) => replace(&mut self.legs, row),
            AnyRow::Transfer(row) => replace(&mut self.transfers, row),
            AnyRow::Webhooks(row) => replace(&mut self.webhooks, row),
            AnyRow::Recording(row) => replace(&mut self.recordings, row),
        };
        self.bytes = (self.bytes + more).saturating_sub(less);
    }
}

/// Puts a row in the place of an earlier one and says how much more memory is used, and less.
fn replace<R: Record>(latest: &mut Latest<R>, row: ByKey<R>) -> (usize, usize) {
    let more = row.0.bytes();
    let earlier = latest.replace(row);
    (more, earlier.map_or(0, |earlier| earlier.0.bytes()))
}

impl AnyRow {
    fn bytes(&self) -> usize {
        match self {
            AnyRow::Call(row) => row.0.bytes(),
            AnyRow::Leg(row) => row.0.bytes(),
            AnyRow::Transfer(row) => row.0.bytes(),
            AnyRow::Webhooks(row) => row.0.bytes(),
            AnyRow::Recording(row) => row.0.bytes(),
        }
    }
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

    /// Keeps a row, in the place of an earlier one with its key. When there is no room, what is
    /// worth less goes, or else this row.
    pub(crate) fn put(&self, row: AnyRow) {
        let mut waiting = self.waiting();
        let mut dropped = 0;
        let limit = self.limits.bytes;
        if waiting.bytes + row.bytes() > limit {
            dropped = waiting.make_room();
        }
        if waiting.bytes + row.bytes() <= limit || waiting.has_earlier(&row) {
            waiting.put(row);
        } else {
            dropped += 1;
        }
        self.came(waiting);
        if dropped > 0 {
            self.dropped(dropped);
        }
    }

    fn dropped(&self, count: usize) {
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
    fn came(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if waiting.rows() == 0 {
            return;
        }
        let is_first = waiting.since.is_none();
        let now = is_first.then(Instant::now);
        waiting.since = waiting.since.or(now);
        let is_full = waiting.rows() == self.limits.rows;
        drop(waiting);
        if is_first || is_full {
            self.wake.notify_one();
        }
    }

    /// Keeps what became of an owed request.
    pub(crate) fn settle(&self, settled: Settled) {
        let mut waiting = self.waiting();
        waiting.bytes += settled.bytes();
        waiting.settled.push_back(settled);
        self.came(waiting);
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
        let is_first = waiting.owed_since.is_none();
        if is_first {
            waiting.owed_since = Some(Instant::now());
        }
        waiting.owed.push_back(owing);
        drop(waiting);
        if is_first {
            self.wake.notify_one();
        }
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
        let is_new = waiting.trouble.is_none();
        let since = waiting.trouble.as_ref().map(|trouble| trouble.since);
        waiting.trouble = Some(Trouble {
            since: since.unwrap_or_else(SystemTime::now),
            error: error.clone(),
        });
        is_new
    }
}
