//! What must not be forgotten, before it is in its table.
//!
//! A call that is put to be sure of it, and what is owed, cannot wait for a large transaction, and
//! small ones are dear: each writes a page of every tree that it touches. So it goes to the
//! journal, which grows at its end, and stays in memory as well until a large transaction writes
//! the tables; from then on nothing in the journal is needed. Meanwhile a later state has often
//! taken its place, or what was owed has been delivered and needs no row any more. Whatever is in
//! the journal when a store is opened did not come so far, and goes to its table then.
//!
//! Beside an SQLite file the journal is a file of its own ([`file`]), in PostgreSQL a table
//! ([`table`]): a server that keeps its records elsewhere may have no disk that lasts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::batch::{Batch, Owing, Settled};
use crate::error::StoreError;
use crate::known::Written;
use crate::options::{Options, Place};
use crate::row::{RecordingRow, WrittenCall};
use crate::sql::Database;
use crate::told::{self, Waiter};

mod entry;
mod file;
mod table;

/// What is to be in the journal.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) what: What,
    /// When it has waited for others long enough.
    pub(crate) due: Instant,
    pub(crate) waiter: Option<Waiter>,
}

/// What a note is of.
#[derive(Debug)]
pub(crate) enum What {
    Call(Arc<WrittenCall>),
    /// What is owed, with the state of the call that it tells of.
    Owed(Owing, Option<Arc<WrittenCall>>),
    Settled(Box<Settled>),
    Recording(Box<RecordingRow>),
}

impl Note {
    /// Tells who waits.
    pub(crate) fn tell(self, result: Result<(), StoreError>) {
        if let Some(waiter) = self.waiter {
            waiter.tell(result);
        }
    }

    /// Whether the machine must not forget it either.
    pub(crate) fn is_promise(&self) -> bool {
        matches!(self.what, What::Owed(..))
    }

    /// Whether it is of one of these rows.
    pub(crate) fn is_of(&self, batch: &Batch) -> bool {
        let is_call = |call| batch.calls.iter().any(|row| Arc::ptr_eq(row, call));
        match &self.what {
            What::Call(call) => is_call(call),
            What::Owed(owing, call) => {
                let mut owed = batch.owed.iter();
                call.as_ref().is_some_and(is_call)
                    || owed.any(|row| Arc::ptr_eq(&row.entry, &owing.entry))
            }
            // Nobody waits for these.
            What::Settled(_) | What::Recording(_) => false,
        }
    }
}

/// Tells everybody who waits the same.
pub(crate) fn tell_all(notes: impl IntoIterator<Item = Note>, result: &Result<(), StoreError>) {
    told::tell_all(notes.into_iter().filter_map(|note| note.waiter), result);
}

/// A journal.
#[derive(Debug)]
pub(crate) struct Journal {
    kept: Kept,
    /// Something is in it that the tables may not have.
    is_used: bool,
    /// Among it something that the machine must not forget.
    has_promises: bool,
}

/// How a journal is kept.
#[derive(Debug)]
enum Kept {
    File(Box<file::File>),
    Table(table::Table),
    /// Nothing outlives the process anyhow.
    Nowhere,
}

impl Journal {
    /// Makes the journal of a run, and reads what earlier runs of its node have left: it is to be
    /// written to the tables, with the journal emptied, before anything is written to it. With it
    /// comes what the journal knows to have been in the tables before.
    pub(crate) fn open(
        options: &Options,
        database: &mut dyn Database,
        run: i64,
    ) -> Result<(Journal, Batch, Written), StoreError> {
        let (kept, left) = match options.place()? {
            Place::File(path) => {
                let (file, left) = file::File::open(&path, &options.node, database, run)?;
                (Kept::File(Box::new(file)), left)
            }
            Place::Postgres(_) => {
                let table = table::Table::new(&options.node);
                let left = table.read(database)?;
                (Kept::Table(table), left)
            }
            Place::Memory => (Kept::Nowhere, Vec::new()),
        };
        let journal = Journal {
            // Emptied once more, it leaves nothing of earlier runs.
            is_used: true,
            has_promises: true,
            kept,
        };
        let (left, written) = entry::read(&left, database)?;
        Ok((journal, left, written))
    }

    /// Writes notes down. Those that are promises are on the disk of the machine afterwards.
    /// `written` are calls that are over and have their row.
    pub(crate) fn write(
        &mut self,
        database: &mut dyn Database,
        notes: &VecDeque<Note>,
        written: &Written,
    ) -> Result<(), StoreError> {
        // Before it is tried: a commit may work and its answer be lost.
        let is_durable = notes.iter().any(Note::is_promise);
        self.is_used = true;
        self.has_promises |= is_durable;
        match &mut self.kept {
            Kept::File(file) => {
                database.check()?;
                file.append(is_durable, |text| entry::write(notes, written, text))
            }
            Kept::Table(table) => {
                let mut text = Vec::new();
                entry::write(notes, written, &mut text)?;
                table.insert(database, &text, is_durable)
            }
            Kept::Nowhere => Ok(()),
        }
    }

    /// Whether there is anything in it.
    pub(crate) fn is_used(&self) -> bool {
        self.is_used
    }

    /// Whether what is in it must not be forgotten by the machine.
    pub(crate) fn has_promises(&self) -> bool {
        self.has_promises
    }

    /// Within a transaction with which everything is in its table, forgets what is in it.
    pub(crate) fn empty(&mut self, database: &mut dyn Database) -> Result<(), StoreError> {
        match &mut self.kept {
            Kept::File(file) => file.empty(database),
            Kept::Table(table) => table.empty(database),
            Kept::Nowhere => Ok(()),
        }
    }

    /// To be called when that transaction is done.
    pub(crate) fn is_emptied(&mut self) {
        if let Kept::File(file) = &mut self.kept {
            file.begin_again();
        }
        self.is_used = false;
        self.has_promises = false;
    }

    /// Takes it away, when everything is in its table.
    pub(crate) fn close(&mut self, database: &mut dyn Database) -> Result<(), StoreError> {
        match &mut self.kept {
            Kept::File(file) => file.remove(database),
            Kept::Table(_) | Kept::Nowhere => Ok(()),
        }
    }
}
