//! The thread that writes. It gathers rows into transactions and keeps at it when they fail.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use crate::backlog::{Backlog, Job};
use crate::batch::{Batch, Held, Running, Statements};
use crate::error::{ErrorKind, StoreError};
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
        running: Running,
        run: i64,
        outbox: Arc<Notify>,
    ) -> Writer {
        Writer {
            options,
            backlog,
            database: Some(database),
            statements: Statements::new(running),
            run,
            left: Batch::default(),
            pause: None,
            resume: None,
            outbox,
        }
    }

    /// Writes until the store is closed. Says how many rows could not be written.
    pub(crate) fn run(mut self) -> usize {
        loop {
            let work = self.backlog.next(self.left.len(), self.resume);
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
            self.left = self.backlog.next(0, None).batch;
            self.write();
        }
        let (rows, _) = self.backlog.size();
        let closed = StoreError::closed();
        self.left.put_off(&closed);
        for mut job in self.backlog.next(0, None).jobs {
            job(Err(&closed), true);
        }
        rows
    }

    fn held(&self) -> (i64, i64) {
        let now = micros(SystemTime::now());
        let hold = i64::try_from(self.options.hold.as_micros()).unwrap_or(i64::MAX);
        (now, now.saturating_add(hold))
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
    }

    /// Finds out which row of a transaction is not to be had, and writes the others.
    fn one_by_one(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        while !batch.is_empty() {
            let mut one = batch.split(1);
            match self.transaction(&mut one) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Refused => self.refused(one, &error),
                Err(error) => {
                    batch.put_back(one);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn refused(&mut self, mut batch: Batch, error: &StoreError) {
        let before = self.backlog.counts.refused.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            tracing::error!(%error, "the database refuses a row, which is lost; others are kept");
        }
        batch.put_off(error);
        self.backlog.done(batch.len(), batch.bytes());
    }

    fn transaction(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let (now, until) = self.held();
        let node = self.options.node.clone();
        let held = Held {
            node: &node,
            run: self.run,
            now,
            until,
        };
        let database = connected(&mut self.database, &self.options)?;
        let receipts = batch.write(database, &mut self.statements, held)?;
        batch.forget_moved(&mut self.statements);
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
        if !batch.settled.is_empty() || receipts.iter().any(|receipt| !receipt.is_held) {
            self.outbox.notify_waiters();
        }
        batch.written(receipts);
        Ok(())
    }

    /// Tries again later.
    fn failed(&mut self, error: &StoreError) {
        let is_new = self.backlog.failed(error);
        // Whoever is told of the failure now can also see it in the store's health.
        self.left.put_off(error);
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
