//! What is to be written, taken apart into transactions.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::journal::Journal;
use crate::known::{Running, Written};
use crate::outbox::{self, EntryKey, Outcome, Owed};
use crate::row::{CallTable, Record, RecordingRow, WrittenCall};
use crate::sql::{Database, Value};

/// An owed request on its way to the database.
#[derive(Clone, Debug)]
pub(crate) struct Owing {
    pub(crate) entry: Arc<Owed>,
    /// Whether it is for whoever asks for what is due, and not for the caller.
    pub(crate) is_left: bool,
}

/// What became of an owed request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settled {
    pub(crate) account: String,
    pub(crate) call: String,
    pub(crate) place: i64,
    pub(crate) outcome: Outcome,
}

impl Settled {
    pub(crate) fn bytes(&self) -> usize {
        let why = match &self.outcome {
            Outcome::Delivered => 0,
            Outcome::Failed(outbox::Next::At { why, .. } | outbox::Next::Never { why, .. }) => {
                why.len()
            }
        };
        size_of::<Settled>() + self.account.len() + self.call.len() + why
    }

    fn key(&self) -> EntryKey<'_> {
        EntryKey {
            account: &self.account,
            call: &self.call,
            place: self.place,
        }
    }
}

/// Rows that are to be written, no two with the same key.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) calls: VecDeque<Arc<WrittenCall>>,
    pub(crate) owed: VecDeque<Owing>,
    pub(crate) settled: VecDeque<Settled>,
    pub(crate) recordings: VecDeque<RecordingRow>,
}

/// Moves up to `left` from the front of one queue to another.
fn take<T>(from: &mut VecDeque<T>, left: &mut usize) -> VecDeque<T> {
    let count = from.len().min(*left);
    *left -= count;
    if count == from.len() {
        return std::mem::take(from);
    }
    from.drain(..count).collect()
}

/// Puts what was taken back to the front.
fn put_back<T>(to: &mut VecDeque<T>, mut taken: VecDeque<T>) {
    taken.append(to);
    *to = taken;
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.calls.len() + self.owed.len() + self.settled.len() + self.recordings.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn bytes(&self) -> usize {
        let calls: usize = self.calls.iter().map(|call| call.bytes()).sum();
        let recordings: usize = self.recordings.iter().map(Record::bytes).sum();
        let owed: usize = self.owed.iter().map(|owing| owing.entry.bytes()).sum();
        let settled: usize = self.settled.iter().map(Settled::bytes).sum();
        calls + recordings + owed + settled
    }

    /// Takes the first `count` rows: calls before what is owed of them, owed requests before what
    /// became of them.
    pub(crate) fn split(&mut self, count: usize) -> Batch {
        let mut left = count.max(1);
        Batch {
            calls: take(&mut self.calls, &mut left),
            owed: take(&mut self.owed, &mut left),
            settled: take(&mut self.settled, &mut left),
            recordings: take(&mut self.recordings, &mut left),
        }
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&mut self, taken: Batch) {
        put_back(&mut self.calls, taken.calls);
        put_back(&mut self.owed, taken.owed);
        put_back(&mut self.settled, taken.settled);
        put_back(&mut self.recordings, taken.recordings);
    }

    /// Leaves out what was owed and has been delivered before it was ever written.
    fn leave_out_delivered(&mut self) {
        let Batch { owed, settled, .. } = self;
        let delivered: HashSet<EntryKey<'_>> = settled
            .iter()
            .filter(|one| one.outcome == Outcome::Delivered)
            .map(Settled::key)
            .collect();
        if delivered.is_empty() {
            return;
        }
        let is_delivered = |owing: &Owing| delivered.contains(&owing.entry.key());
        let (gone, kept): (VecDeque<Owing>, VecDeque<Owing>) =
            owed.drain(..).partition(is_delivered);
        *owed = kept;
        let gone: HashSet<EntryKey<'_>> = gone.iter().map(|owing| owing.entry.key()).collect();
        settled.retain(|one| one.outcome != Outcome::Delivered || !gone.contains(&one.key()));
    }

    /// Brings everything that waits together, without what is no longer worth writing.
    pub(crate) fn new(
        calls: VecDeque<Arc<WrittenCall>>,
        owed: VecDeque<Owing>,
        settled: VecDeque<Settled>,
        recordings: VecDeque<RecordingRow>,
    ) -> Batch {
        let mut batch = Batch {
            calls,
            owed,
            settled,
            recordings,
        };
        batch.leave_out_delivered();
        batch
    }

    /// Writes all of it in one transaction; `durable` when what is owed would be lost otherwise.
    /// With the last of what waits, the journal of the node is emptied. Says whether more may be due
    /// afterwards of what is owed.
    pub(crate) fn write(
        &self,
        database: &mut dyn Database,
        statements: &mut Statements,
        held: Held<'_>,
        how: Commit,
    ) -> Result<bool, StoreError> {
        database.begin(how.is_durable)?;
        let result = self.rows(database, statements, held).and_then(|is_news| {
            if how.empties_journal {
                statements.journal.empty(database)?;
            }
            database.commit()?;
            Ok(is_news || self.owed.iter().any(|owing| owing.is_left))
        });
        match result {
            Ok(_) if how.empties_journal => statements.journal.is_emptied(),
            Ok(_) => {}
            Err(_) => database.rollback(),
        }
        result
    }

    /// Says whether more may be due of what was owed before.
    fn rows(
        &self,
        database: &mut dyn Database,
        statements: &mut Statements,
        held: Held<'_>,
    ) -> Result<bool, StoreError> {
        self.calls(database, statements, held)?;
        let mut recordings = self.recordings.iter().map(RecordingRow::values);
        database.run(&statements.recording, &mut recordings)?;
        if !self.owed.is_empty() {
            outbox::insert(database, &self.owed, held.node, held.until)?;
        }
        if self.settled.is_empty() {
            return Ok(false);
        }
        let outcomes: Vec<(EntryKey<'_>, &Outcome)> = self
            .settled
            .iter()
            .map(|one| (one.key(), &one.outcome))
            .collect();
        outbox::settle(database, &outcomes)
    }

    fn calls(
        &self,
        database: &mut dyn Database,
        statements: &mut Statements,
        held: Held<'_>,
    ) -> Result<(), StoreError> {
        let Statements {
            running, written, ..
        } = statements;
        let of = |table| self.calls.iter().filter(move |row| row.table() == table);
        // Before it is tried: a commit may work and its answer be lost.
        of(CallTable::Live).for_each(|row| running.insert(row.key_hash()));
        let mut live = of(CallTable::Live).map(|row| {
            let mut values = row.values();
            values.extend([Value::text(held.node), Value::Int(held.run)]);
            values
        });
        // One that had a row among those that run has its first among those that are over now.
        let (late, first): (Vec<_>, Vec<_>) =
            of(CallTable::Over).partition(|row| written.contains(row) && !running.contains(row));
        let mut first = first.into_iter().map(|row| row.values());
        let mut late = late.into_iter().map(|row| row.late_news());
        let moved = of(CallTable::Over).filter(|row| running.contains(row));
        let mut moved = moved.map(|row| row.key_values());
        database.run(&statements.live, &mut live)?;
        database.run(&statements.over, &mut first)?;
        database.run(&statements.late, &mut late)?;
        database.run(&statements.moved, &mut moved)?;
        Ok(())
    }

    /// Learns which calls are over and have their row; to be called once it is written.
    pub(crate) fn is_written(&self, statements: &mut Statements) {
        for row in &self.calls {
            if row.table() == CallTable::Over {
                statements.running.remove(row);
                statements.written.insert(row);
            }
        }
    }
}

/// By whom and until when owed requests are held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) node: &'a str,
    pub(crate) run: i64,
    pub(crate) until: i64,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Commit {
    /// It is on the disk of the machine afterwards.
    pub(crate) is_durable: bool,
    /// With it, everything that is in the journal is in the tables.
    pub(crate) empties_journal: bool,
}

/// The statements that write rows, and what is known of the rows that are there.
#[derive(Debug)]
pub(crate) struct Statements {
    live: String,
    over: String,
    late: String,
    moved: String,
    recording: String,
    pub(crate) journal: Journal,
    pub(crate) running: Running,
    pub(crate) written: Written,
}

impl Statements {
    pub(crate) fn new(running: Running, written: Written, journal: Journal) -> Statements {
        let live = CallTable::Live;
        Statements {
            live: live.upsert(),
            over: CallTable::Over.upsert(),
            late: CallTable::late_news(),
            moved: format!(
                "DELETE FROM {} WHERE account = $1 AND sid = $2",
                live.name()
            ),
            recording: RecordingRow::upsert(),
            journal,
            running,
            written,
        }
    }
}
