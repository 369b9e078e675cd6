//! The thread that writes. It gathers rows into transactions and keeps at it when they fail.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use crate::backlog::{Backlog, Job};
use crate::batch::{Batch, Commit, Held, Statements};
use crate::error::{ErrorKind, StoreError};
use crate::journal::{self, Note};
use crate::options::Options;
use crate::row::micros;
use crate::sql::{self, Database, Use};

pub(crate) struct Writer {
    options: Options,
    backlog: Arc<Backlog>,
    /// None after it was lost.
    database: Option<Box<dyn Database>>,
    statements: Statements,
    /// Tells the rows of this process from those that earlier ones have left.
    run: i64,
    /// What could not be written yet.
    left: Batch,
    /// Who waits for the tables to be written.
    notes: VecDeque<Note>,
    /// The journal could not be written the last time, which is told once.
    has_no_journal: bool,
    pause: Option<Duration>,
    resume: Option<Instant>,
    /// Told when something may have fallen due.
    outbox: Arc<Notify>,
}

impl Writer {
    pub(crate) fn new(
        options: Options,
        backlog: Arc<Backlog>,
        database: Box<dyn Database>,
        statements: Statements,
        run: i64,
        outbox: Arc<Notify>,
    ) -> Writer {
        Writer {
            options,
            backlog,
            database: Some(database),
            statements,
            run,
            left: Batch::default(),
            notes: VecDeque::new(),
            has_no_journal: false,
            pause: None,
            resume: None,
            outbox,
        }
    }

    /// Writes until the store is closed. Says how many rows could not be written.
    pub(crate) fn run(mut self) -> usize {
        loop {
            let work = self.backlog.next(self.left.len(), self.resume);
            if !work.is_whole {
                self.note(work.notes);
                continue;
            }
            self.notes.extend(work.notes);
            if self.left.is_empty() {
                self.left = work.batch;
            }
            let is_due = self.resume.is_none_or(|resume| resume <= Instant::now());
            if is_due || work.is_closing {
                self.write();
            }
            self.answer(work.jobs);
            if work.is_closing {
                return self.last();
            }
        }
    }

    /// Writes what came while the last of it was written.
    fn last(mut self) -> usize {
        if self.left.is_empty() {
            let work = self.backlog.next(0, None);
            self.left = work.batch;
            self.notes.extend(work.notes);
            self.write();
        }
        let (rows, _) = self.backlog.size();
        if rows == 0
            && let Ok(database) = connected(&mut self.database, &self.options)
            && let Err(error) = self.statements.journal.close(database)
        {
            tracing::warn!(%error, "the journal stays; the next start reads it");
        }
        let closed = StoreError::closed();
        let late = self.backlog.next(self.left.len().max(1), None);
        let notes = self.notes.drain(..).chain(late.notes);
        journal::tell_all(notes, &Err(closed.clone()));
        for mut job in late.jobs {
            job(Err(&closed), true);
        }
        rows
    }

    /// Makes what somebody waits for safe without writing the tables.
    fn note(&mut self, notes: VecDeque<Note>) {
        let Statements {
            journal, written, ..
        } = &mut self.statements;
        let result = connected(&mut self.database, &self.options)
            .and_then(|database| journal.write(database, &notes, written));
        match result {
            Ok(()) => {
                self.has_no_journal = false;
                self.backlog
                    .counts
                    .transactions
                    .fetch_add(1, Ordering::Relaxed);
                journal::tell_all(notes, &Ok(()));
            }
            // The tables are as safe, and find out whether it is the database that is in trouble.
            Err(error) => {
                self.notes.extend(notes);
                self.left = self.backlog.all();
                self.write();
                // Trouble of the database is told by itself.
                if !self.has_no_journal && self.left.is_empty() {
                    self.has_no_journal = true;
                    tracing::warn!(
                        %error,
                        "the journal of the store cannot be written; its tables are, which is slower"
                    );
                }
            }
        }
    }

    /// Writes everything that is left, one transaction after the other, until one fails.
    fn write(&mut self) {
        while !self.left.is_empty() {
            let mut batch = self.left.split(self.options.batch_rows);
            let mut result = self.transaction(&mut batch);
            if matches!(&result, Err(error) if error.kind() == ErrorKind::Refused) {
                result = self.one_by_one(&mut batch);
            }
            if let Err(error) = result {
                self.left.put_back(batch);
                return self.failed(&error);
            }
        }
        if self.statements.journal.is_used()
            && let Err(error) = self.transaction(&mut Batch::default())
        {
            return self.failed(&error);
        }
        journal::tell_all(self.notes.drain(..), &Ok(()));
    }

    /// Finds out which row of a transaction is not to be had, and writes the others.
    fn one_by_one(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        while !batch.is_empty() {
            let mut one = batch.split(1);
            // The journal still has what is left of the batch.
            let result = self.commit(&mut one, false);
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Refused => self.refused(&one, &error),
                Err(error) => {
                    batch.put_back(one);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn refused(&mut self, batch: &Batch, error: &StoreError) {
        let before = self.backlog.counts.refused.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            tracing::error!(%error, "the database refuses a row, which is lost; others are kept");
        }
        let (told, kept) = self.notes.drain(..).partition(|note| note.is_of(batch));
        self.notes = kept;
        let told: VecDeque<Note> = told;
        journal::tell_all(told, &Err(error.clone()));
        self.backlog.done(batch.len(), batch.bytes());
    }

    fn transaction(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let is_last = self.left.is_empty();
        self.commit(batch, is_last)
    }

    /// Writes rows; after the last of them, nothing in the journal is needed.
    fn commit(&mut self, batch: &mut Batch, is_last: bool) -> Result<(), StoreError> {
        let hold = i64::try_from(self.options.hold.as_micros()).unwrap_or(i64::MAX);
        let held = Held {
            node: &self.options.node,
            run: self.run,
            until: micros(SystemTime::now()).saturating_add(hold),
        };
        let how = Commit {
            // What the machine must not forget is in the journal no longer when it is written over.
            is_durable: self.notes.iter().any(Note::is_promise)
                || self.statements.journal.has_promises(),
            empties_journal: is_last && self.statements.journal.is_used(),
        };
        let database = connected(&mut self.database, &self.options)?;
        let is_news = batch.write(database, &mut self.statements, held, how)?;
        batch.is_written(&mut self.statements);
        let counts = &self.backlog.counts;
        counts
            .written
            .fetch_add(batch.len() as u64, Ordering::Relaxed);
        counts.transactions.fetch_add(1, Ordering::Relaxed);
        let recovered = self.backlog.done(batch.len(), batch.bytes());
        self.pause = None;
        self.resume = None;
        if let Some(trouble) = recovered {
            let seconds = trouble.since.elapsed().unwrap_or_default().as_secs();
            tracing::warn!(
                seconds,
                rows = self.left.len(),
                "the store can be written again"
            );
        }
        if is_news {
            self.outbox.notify_waiters();
        }
        Ok(())
    }

    /// Tries again later.
    fn failed(&mut self, error: &StoreError) {
        let is_new = self.backlog.failed(error);
        // Whoever is told of the failure now can also see it in the store's health.
        journal::tell_all(self.notes.drain(..), &Err(error.clone()));
        if self
            .database
            .as_ref()
            .is_some_and(|database| database.is_gone())
        {
            self.database = None;
        }
        if is_new {
            tracing::error!(
                %error,
                "the store cannot be written; calls go on, records wait in memory"
            );
        }
        let pause = match self.pause {
            None => self.options.first_pause,
            Some(pause) => (pause * 2).min(self.options.longest_pause),
        };
        self.pause = Some(pause);
        self.resume = Some(Instant::now() + pause);
    }

    fn answer(&mut self, jobs: VecDeque<Job>) {
        for mut job in jobs {
            for is_last in [false, true] {
                let database = connected(&mut self.database, &self.options);
                let is_done = match database {
                    Ok(database) => job(Ok(database), is_last),
                    Err(error) => job(Err(&error), is_last),
                };
                if is_done {
                    break;
                }
            }
        }
    }
}

/// The connection, made anew when the last one was lost.
fn connected<'a>(
    database: &'a mut Option<Box<dyn Database>>,
    options: &Options,
) -> Result<&'a mut dyn Database, StoreError> {
    if database.as_ref().is_some_and(|database| database.is_gone()) {
        *database = None;
    }
    match database {
        Some(database) => Ok(database.as_mut()),
        None => Ok(database
            .insert(sql::connect(options, Use::Writing)?)
            .as_mut()),
    }
}
