//! What waits for the writer: the latest state of each row, what is owed, and questions.

use std::collections::{HashSet, VecDeque};
use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::batch::{Batch, Owing, Settled};
use crate::error::{ErrorKind, StoreError};
use crate::journal::{self, Note, What};
use crate::outbox::Owed;
use crate::row::{ByKey, CallRow, CallTable, Record, RecordingRow, WrittenCall};
use crate::sql::Database;
use crate::told::Waiter;

type Latest<R> = HashSet<ByKey<R>>;

/// A question to the database. It is asked with a connection, or with the reason why there is
/// none, and says whether it has its answer; `true` as the second argument: it is not asked again.
pub(crate) type Job = Box<dyn FnMut(Result<&mut dyn Database, &StoreError>, bool) -> bool + Send>;

/// The latest state of a call.
#[derive(Debug)]
struct CallPut {
    row: Arc<WrittenCall>,
    /// Somebody relies on it.
    is_sure: bool,
}

/// A call that is kept.
struct Kept {
    row: Arc<WrittenCall>,
    /// Whether it was not known yet that it is over, or is not over.
    is_news: bool,
}

impl Record for CallPut {
    fn key(&self) -> (&str, &str) {
        self.row.key()
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.row.hash_key(state);
    }

    fn bytes(&self) -> usize {
        self.row.bytes()
    }
}

/// What waits.
#[derive(Default)]
struct Waiting {
    /// What is to be in the journal soon. It waits for its table as well.
    notes: Notes,
    /// What is to be in the journal and on the disk of the machine, which is dearer.
    promises: Notes,
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
    trouble: Option<Trouble>,
    is_closing: bool,
    /// When the writer looks again by itself; none while it waits to be woken.
    looks_at: Option<Instant>,
    /// When it looks again because notes came a while ago.
    tick: Option<Instant>,
}

/// While notes come that cannot wait for long, the writer looks for them so often. Nobody need wake
/// it for the first of them, and what it finds is written together.
const TICK: Duration = Duration::from_millis(20);

/// Notes that wait for others.
#[derive(Default)]
struct Notes {
    waiting: VecDeque<Note>,
    /// When the first of them has waited for long enough.
    due: Option<Instant>,
}

impl Notes {
    fn push(&mut self, note: Note) {
        self.due = Some(self.due.map_or(note.due, |due| due.min(note.due)));
        self.waiting.push_back(note);
    }

    fn take(&mut self) -> VecDeque<Note> {
        self.due = None;
        // As many come until the next time, more or less.
        let room = VecDeque::with_capacity(self.waiting.len());
        std::mem::replace(&mut self.waiting, room)
    }
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
    /// For what nobody waits to be in the journal.
    pub(crate) journal_delay: Duration,
    /// Nothing outlives the process anyhow: nobody waits for the journal.
    pub(crate) is_memory: bool,
}

/// What the writer is to do next.
#[derive(Default)]
pub(crate) struct Work {
    /// To be safe now: in the journal, or in its tables with all of the batch.
    pub(crate) notes: VecDeque<Note>,
    /// Whether everything is to go to the tables.
    pub(crate) is_whole: bool,
    pub(crate) batch: Batch,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) is_closing: bool,
}

impl Waiting {
    fn rows(&self) -> usize {
        self.calls.len() + self.recordings.len() + self.settled.len() + self.owed.len()
    }

    fn is_empty(&self) -> bool {
        self.taken == 0 && self.rows() == 0
    }

    /// When the tables are to be written.
    fn due(&self, limits: &Limits) -> Option<Instant> {
        match self.rows() >= limits.rows {
            true => self.since,
            false => self.since.map(|since| since + limits.delay),
        }
    }

    /// When the journal is to be written.
    fn notes_due(&self) -> Option<Instant> {
        self.notes.due.into_iter().chain(self.promises.due).min()
    }

    /// Takes what is due for the journal by a time, if anything is: promises with everything else,
    /// and everything else without them, when they may still wait.
    fn take_due_notes(&mut self, by: Instant) -> Option<VecDeque<Note>> {
        if self.notes_due()? > by {
            return None;
        }
        let mut notes = self.notes.take();
        if self.promises.due.is_some_and(|due| due <= by) {
            notes.append(&mut self.promises.take());
        }
        Some(notes)
    }

    fn take_notes(&mut self) -> VecDeque<Note> {
        let mut notes = self.notes.take();
        notes.append(&mut self.promises.take());
        notes
    }

    /// Takes everything, in the order in which it must be written.
    fn take(&mut self) -> Batch {
        self.since = None;
        let batch = Batch::new(
            in_order(self.calls.drain()),
            std::mem::take(&mut self.owed),
            std::mem::take(&mut self.settled),
            self.recordings.drain().map(|row| row.0).collect(),
        );
        self.taken = batch.len();
        self.bytes = batch.bytes();
        batch
    }

    /// Makes room by forgetting what is worth least: states of calls that run, of which more will
    /// come. Says how many rows that cost.
    fn make_room(&mut self) -> usize {
        let before = self.calls.len();
        let mut freed = 0;
        self.calls.retain(|put| {
            let is_kept = put.0.row.table() == CallTable::Over || put.0.is_sure;
            freed += if is_kept { 0 } else { put.0.bytes() };
            is_kept
        });
        self.bytes = self.bytes.saturating_sub(freed);
        before - self.calls.len()
    }

    /// Keeps a call in the place of its earlier state. One that is over stays over. Says whether
    /// that it is over waits already: then news of it need not be in the journal as well.
    fn put_call(&mut self, mut put: CallPut) -> bool {
        let more = put.bytes();
        let (mut less, mut was_over) = (0, false);
        if let Some(ByKey(earlier)) = self.calls.take(&ByKey(CallPut {
            row: Arc::clone(&put.row),
            is_sure: false,
        })) {
            less = earlier.bytes();
            let is_sure = put.is_sure || earlier.is_sure;
            was_over = earlier.row.table() == CallTable::Over;
            if put.row.table() == CallTable::Live && was_over {
                less = more;
                put = earlier;
            }
            put.is_sure = is_sure;
        }
        self.calls.insert(ByKey(put));
        self.bytes = (self.bytes + more).saturating_sub(less);
        was_over
    }

    fn put_recording(&mut self, row: RecordingRow) {
        let more = row.bytes();
        let earlier = self.recordings.replace(ByKey(row));
        let less = earlier.map_or(0, |earlier| earlier.0.bytes());
        self.bytes = (self.bytes + more).saturating_sub(less);
    }
}

/// Calls as they were made, so that the indexes grow at their ends.
fn in_order(calls: impl Iterator<Item = ByKey<CallPut>>) -> VecDeque<Arc<WrittenCall>> {
    let mut calls: Vec<(i64, Arc<WrittenCall>)> = calls
        .map(|ByKey(put)| (put.row.created_at, put.row))
        .collect();
    calls.sort_unstable_by(|(made, a), (other, b)| {
        made.cmp(other).then_with(|| a.key().cmp(&b.key()))
    });
    calls.into_iter().map(|(_, call)| call).collect()
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

    /// Keeps a call. When there is no room, what is worth less goes, or else this one.
    pub(crate) fn put_call(&self, row: &CallRow<'_>) {
        let row = WrittenCall::from(row);
        let mut waiting = self.waiting();
        let (kept, dropped) = self.keep_call(&mut waiting, row, false);
        match kept {
            Some(Kept { row, is_news: true }) => {
                self.note(waiting, What::Call(row), self.soon(), None);
            }
            _ => self.came(waiting),
        }
        self.dropped(dropped);
    }

    /// When something of which nobody is sure is to be in the journal.
    fn soon(&self) -> Instant {
        Instant::now() + self.limits.journal_delay
    }

    /// Keeps a call, as [`Backlog::put_call`], and sees to it that it is in the journal at `due`.
    /// Who waits for that is told at once when it may take a while.
    pub(crate) fn put_call_surely(&self, row: &CallRow<'_>, due: Instant, waiter: Waiter) {
        let row = WrittenCall::from(row);
        let mut waiting = self.waiting();
        let (call, dropped) = self.keep_call(&mut waiting, row, true);
        match call {
            Some(call) => self.note(waiting, What::Call(call.row), due, Some(waiter)),
            None => {
                drop(waiting);
                waiter.tell(Err(full()));
            }
        }
        self.dropped(dropped);
    }

    /// Keeps a call if there is room, and says how many rows that cost.
    fn keep_call(
        &self,
        waiting: &mut Waiting,
        row: WrittenCall,
        is_sure: bool,
    ) -> (Option<Kept>, usize) {
        let row = Arc::new(row);
        let put = CallPut {
            row: Arc::clone(&row),
            is_sure,
        };
        match self.room_for(waiting, put.bytes()) {
            Ok(dropped) => {
                let is_news = !waiting.put_call(put);
                (Some(Kept { row, is_news }), dropped)
            }
            Err(dropped) => (None, dropped + 1),
        }
    }

    /// Has something written to the journal by a time.
    fn note(
        &self,
        mut waiting: MutexGuard<'_, Waiting>,
        what: What,
        due: Instant,
        waiter: Option<Waiter>,
    ) {
        let note = Note { what, due, waiter };
        match &waiting.trouble {
            Some(trouble) => note.tell(Err(trouble.error.clone())),
            None if self.limits.is_memory => note.tell(Ok(())),
            None if note.is_promise() => waiting.promises.push(note),
            None => waiting.notes.push(note),
        }
        self.came(waiting);
    }

    /// Keeps a recording, as [`Backlog::put_call`].
    pub(crate) fn put_recording(&self, row: RecordingRow) {
        let mut waiting = self.waiting();
        let dropped = match self.room_for(&mut waiting, row.bytes()) {
            Ok(dropped) => {
                waiting.put_recording(row.clone());
                self.note(waiting, What::Recording(Box::new(row)), self.soon(), None);
                dropped
            }
            Err(dropped) => dropped + 1,
        };
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

    /// Wakes the writer when it is needed earlier than it looks by itself.
    fn came(&self, mut waiting: MutexGuard<'_, Waiting>) {
        if waiting.rows() > 0 && waiting.since.is_none() {
            waiting.since = Some(Instant::now());
        }
        let due = waiting.due(&self.limits).into_iter();
        let due = due.chain(waiting.notes_due()).min();
        let is_earlier = |due| waiting.looks_at.is_none_or(|looks_at| due < looks_at);
        // While nothing can be written, it has a time of its own.
        if waiting.trouble.is_none() && due.is_some_and(is_earlier) {
            // Once is enough.
            waiting.looks_at = due;
            drop(waiting);
            self.wake.notify_one();
        }
    }

    /// Keeps what became of an owed request.
    pub(crate) fn settle(&self, settled: Settled) {
        let mut waiting = self.waiting();
        waiting.bytes += settled.bytes();
        waiting.settled.push_back(settled.clone());
        self.note(waiting, What::Settled(Box::new(settled)), self.soon(), None);
    }

    /// Keeps an owed request, with the call that it tells of, and sees to it that both are in the
    /// journal at `due`. Not when there is no room, or the store is closing: says whether it is
    /// kept.
    pub(crate) fn owe(
        &self,
        owed: Owed,
        is_left: bool,
        call: Option<&CallRow<'_>>,
        due: Instant,
        waiter: Waiter,
    ) -> bool {
        let call = call.map(WrittenCall::from);
        let mut waiting = self.waiting();
        let bytes = owed.bytes();
        if waiting.bytes + bytes > self.limits.bytes || waiting.is_closing {
            let mut dropped = usize::from(!waiting.is_closing);
            if let Some(row) = call {
                dropped += self.keep_call(&mut waiting, row, false).1;
                self.came(waiting);
            }
            self.dropped(dropped);
            return false;
        }
        let (call, dropped) = match call {
            Some(row) => self.keep_call(&mut waiting, row, true),
            None => (None, 0),
        };
        let owing = Owing {
            entry: Arc::new(owed),
            is_left,
        };
        waiting.bytes += bytes;
        waiting.owed.push_back(owing.clone());
        let call = call.map(|call| call.row);
        self.note(waiting, What::Owed(owing, call), due, Some(waiter));
        self.dropped(dropped);
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
        (waiting.rows() + waiting.taken, waiting.bytes)
    }

    /// For the writer: waits until there is something to do. After a failure, when `left` rows
    /// could not be written, that is when `pause` is over, a question came, or the store closes.
    pub(crate) fn next(&self, left: usize, pause: Option<Instant>) -> Work {
        let mut waiting = self.waiting();
        loop {
            let now = Instant::now();
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
            let tables = match (pause, left) {
                (Some(pause), _) => Some(pause),
                (None, 0) => waiting.due(&self.limits),
                (None, _) => waiting.since,
            };
            if is_due(tables) || !waiting.jobs.is_empty() || waiting.is_closing {
                break;
            }
            let is_tick = is_due(waiting.tick);
            if is_tick {
                waiting.tick = None;
            }
            if let Some(notes) = waiting.take_due_notes(if is_tick { now + TICK } else { now }) {
                waiting.tick = Some(now + TICK);
                return Work {
                    notes,
                    ..Work::default()
                };
            }
            let times = tables.into_iter().chain(waiting.notes_due());
            waiting.looks_at = times.chain(waiting.tick).min();
            waiting = match waiting.looks_at {
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
        // What failed goes first; meanwhile later states of rows take the places of earlier ones.
        let batch = if left == 0 {
            waiting.take()
        } else {
            Batch::default()
        };
        Work {
            notes: waiting.take_notes(),
            is_whole: true,
            batch,
            jobs: std::mem::take(&mut waiting.jobs),
            is_closing: waiting.is_closing,
        }
    }

    /// For the writer: everything that waits.
    pub(crate) fn all(&self) -> Batch {
        self.waiting().take()
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
        let is_new = waiting.trouble.is_none();
        let since = waiting.trouble.as_ref().map(|trouble| trouble.since);
        waiting.trouble = Some(Trouble {
            since: since.unwrap_or_else(SystemTime::now),
            error: error.clone(),
        });
        let notes = waiting.take_notes();
        drop(waiting);
        journal::tell_all(notes, &Err(error.clone()));
        is_new
    }
}
