//! The store as the server sees it.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Notify, oneshot};

use crate::backlog::{Backlog, Job, Limits, Trouble};
use crate::batch::{Commit, Held, Settled, Statements};
use crate::call_list::{self, CallFilter, CallPage, Cursor, Page};
use crate::dead_letter::{self, DeadLetter, DeadLetters};
use crate::error::{ErrorKind, StoreError};
use crate::journal::Journal;
use crate::known::Running;
use crate::options::{Options, Place};
use crate::outbox::{self, Next, Outcome, Owed};
use crate::reader::Readers;
use crate::recording_list::{self, RecordingFilter};
use crate::retention;
use crate::row::{CallRow, RecordingRow, key_hash, micros};
use crate::scope::Scope;
use crate::sql::{self, Database, Use};
use crate::told::Waiter;
use crate::writer::Writer;

/// How often requests that are held for too long are looked for, in microseconds.
const EXPIRY: i64 = 60_000_000;
/// How long a question waits for rows that were put before it, when the database is slow.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open store. Clones are the same store; it closes when the last of them is dropped, or
/// better by [`Store::close`], which says what could not be written.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backlog: Arc<Backlog>,
    /// None when only the writer's connection has the rows.
    readers: Option<Readers>,
    node: String,
    hold: i64,
    /// How long what is owed may wait for others before it is in the journal.
    urgent_delay: Duration,
    outbox: Arc<Notify>,
    /// Gives the number of rows that were lost once the writer is done.
    ended: std::sync::Mutex<Option<oneshot::Receiver<usize>>>,
    /// Tells this run from earlier ones.
    run: i64,
    /// When holds that are over are looked for next.
    expiry: AtomicI64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.backlog.close();
    }
}

/// An owed request could not be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotWritten {
    /// Why.
    pub error: StoreError,
    /// Whether it is kept in memory and written when the database can be written again. In either
    /// case it is the caller's to deliver.
    pub is_kept: bool,
}

/// How a store is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Why nothing can be written; none when all is well.
    pub trouble: Option<Trouble>,
    /// How many rows wait to be written.
    pub waiting: usize,
    /// How many bytes of memory they take, about.
    pub waiting_bytes: usize,
    /// How many rows were written since the start.
    pub written: u64,
    /// In how many transactions.
    pub transactions: u64,
    /// How many rows were dropped because too many waited.
    pub dropped: u64,
    /// How many rows the database refused.
    pub refused: u64,
}

impl Store {
    /// Opens a store, makes its tables when they are missing, and lets go of what this node held
    /// when it last stopped.
    ///
    /// # Errors
    /// When the URL names nothing known, the database cannot be opened, or it was made by a later
    /// version.
    pub async fn open(options: Options) -> Result<Store, StoreError> {
        let is_memory = options.place()? == Place::Memory;
        let backlog = Arc::new(Backlog::new(Limits {
            bytes: options.backlog_bytes,
            rows: options.batch_rows * Options::EARLY,
            delay: options.batch_delay,
            journal_delay: options.journal_delay,
            is_memory,
        }));
        let outbox = Arc::new(Notify::new());
        let (opened, is_open) = oneshot::channel();
        let (ended, has_ended) = oneshot::channel();
        let (writing, shared, told) = (options.clone(), Arc::clone(&backlog), Arc::clone(&outbox));
        let run = random();
        let write = move || match prepare(&writing, run) {
            Ok((database, statements)) => {
                // Who no longer waits has dropped the receiver of the end, too.
                let _ = opened.send(Ok(()));
                let lost = Writer::new(writing, shared, database, statements, run, told).run();
                let _ = ended.send(lost);
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        };
        thread::Builder::new()
            .name("store-write".to_owned())
            .spawn(write)
            .map_err(|e| StoreError::new(ErrorKind::Operator, e.to_string()))?;
        is_open.await.map_err(|_| StoreError::closed())??;
        let readers = match is_memory {
            true => None,
            false => Some(Readers::start(&options)?),
        };
        Ok(Store {
            inner: Arc::new(Inner {
                backlog,
                readers,
                hold: i64::try_from(options.hold.as_micros()).unwrap_or(i64::MAX),
                node: options.node,
                urgent_delay: options.urgent_delay,
                outbox,
                ended: std::sync::Mutex::new(Some(has_ended)),
                run,
                expiry: AtomicI64::new(0),
            }),
        })
    }

    /// Writes what waits, as far as the database lets it, and ends. Says how many rows were lost.
    pub async fn close(&self) -> usize {
        self.inner.backlog.close();
        let ended = match self.inner.ended.lock() {
            Ok(mut ended) => ended.take(),
            Err(_) => None,
        };
        match ended {
            Some(ended) => ended.await.unwrap_or_default(),
            None => 0,
        }
    }

    /// How it is doing, for readiness, metrics and the console.
    pub fn health(&self) -> Health {
        let backlog = &self.inner.backlog;
        let (waiting, waiting_bytes) = backlog.size();
        let counts = &backlog.counts;
        Health {
            trouble: backlog.trouble(),
            waiting,
            waiting_bytes,
            written: counts.written.load(Ordering::Relaxed),
            transactions: counts.transactions.load(Ordering::Relaxed),
            dropped: counts.dropped.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
        }
    }

    // Records. Each of these returns at once and never fails the call: what comes of the row is
    // in `health`.

    /// Keeps the state of a call.
    pub fn put_call(&self, row: CallRow<'_>) {
        self.inner.backlog.put_call(&row);
    }

    /// Keeps the state of a call, soon: resolves when the end of this process can no longer make
    /// it be forgotten. It waits for others to be written with up to `patience`.
    ///
    /// # Errors
    /// When the database cannot be written now. The row is kept all the same, as by
    /// [`Store::put_call`].
    pub fn put_call_surely(
        &self,
        row: CallRow<'_>,
        patience: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (waiter, written) = Waiter::new();
        let due = Instant::now() + patience;
        self.inner.backlog.put_call_surely(&row, due, waiter);
        async { written.await.unwrap_or_else(|_| Err(StoreError::closed())) }
    }

    /// Keeps the state of a recording.
    pub fn put_recording(&self, row: RecordingRow) {
        self.inner.backlog.put_recording(row);
    }

    /// Waits until everything that was put before is written.
    ///
    /// # Errors
    /// When the database cannot be written; it goes on trying.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.on_writer(|database| database.check()).await?;
        match self.inner.backlog.trouble() {
            Some(trouble) => Err(trouble.error),
            None => Ok(()),
        }
    }

    // Questions. Each sees what was put before it, unless the database is in trouble.

    /// A call with all that is kept of it.
    ///
    /// # Errors
    /// When the database cannot be asked; so with all that follow.
    pub async fn call(
        &self,
        scope: Scope<'_>,
        sid: &str,
    ) -> Result<Option<CallRow<'static>>, StoreError> {
        let (scope, sid) = (scope.owned(), sid.to_owned());
        let ask =
            move |database: &mut dyn Database| call_list::one(database, scope.as_scope(), &sid);
        self.read(ask).await
    }

    /// A recording.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn recording(
        &self,
        scope: Scope<'_>,
        sid: &str,
    ) -> Result<Option<RecordingRow>, StoreError> {
        let (scope, sid) = (scope.owned(), sid.to_owned());
        let ask = move |database: &mut dyn Database| {
            recording_list::one(database, scope.as_scope(), &sid)
        };
        self.read(ask).await
    }

    /// Part of the list of calls.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn calls(
        &self,
        scope: Scope<'_>,
        filter: CallFilter,
        page: Page,
    ) -> Result<CallPage, StoreError> {
        let scope = scope.owned();
        let ask = move |database: &mut dyn Database| {
            call_list::page(database, scope.as_scope(), &filter, &page)
        };
        self.read(ask).await
    }

    /// How many calls a filter finds. Looks at each of them, so it is not for every page.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn count_calls(
        &self,
        scope: Scope<'_>,
        filter: CallFilter,
    ) -> Result<u64, StoreError> {
        let scope = scope.owned();
        let ask = move |database: &mut dyn Database| {
            call_list::count(database, scope.as_scope(), &filter)
        };
        self.read(ask).await
    }

    /// How many recordings are known.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn count_recordings(&self) -> Result<u64, StoreError> {
        self.read(|database| recording_list::count(database)).await
    }

    /// Part of the list of recordings, newest first: behind the cursor (whose time is that of the
    /// recording's beginning), and from there without the first `offset`.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn recordings(
        &self,
        scope: Scope<'_>,
        filter: RecordingFilter,
        after: Option<Cursor>,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<RecordingRow>, StoreError> {
        let scope = scope.owned();
        let ask = move |database: &mut dyn Database| {
            recording_list::list(
                database,
                scope.as_scope(),
                &filter,
                after.as_ref(),
                offset,
                limit,
            )
        };
        self.read(ask).await
    }

    /// Calls of this node, of every account, that were not over when it last stopped. They died
    /// with it: the server closes each of them by [`Store::put_call`] and asks again until there
    /// are no more.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn unfinished_calls(&self, limit: u32) -> Result<Vec<CallRow<'static>>, StoreError> {
        let (node, run) = (self.inner.node.clone(), self.inner.run);
        let ask =
            move |database: &mut dyn Database| call_list::unfinished(database, &node, run, limit);
        self.read(ask).await
    }

    // What is deleted.

    /// Deletes the record of a call, which must be over; says whether there was one. Its recordings
    /// stay. So does what is owed of it or was given up: each request that is still to be made
    /// becomes what `carry` makes of it and of the record.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn delete_call(
        &self,
        account: &str,
        sid: &str,
        carry: impl Fn(&[u8], &CallRow<'_>) -> Vec<u8> + Send + 'static,
    ) -> Result<bool, StoreError> {
        let (account, sid) = (account.to_owned(), sid.to_owned());
        let delete = move |database: &mut dyn Database| {
            retention::delete_call(database, &account, &sid, &carry)
        };
        self.change(delete).await
    }

    /// Deletes the record of a recording; says whether there was one.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn delete_recording(&self, account: &str, sid: &str) -> Result<bool, StoreError> {
        let (account, sid) = (account.to_owned(), sid.to_owned());
        let delete = move |database: &mut dyn Database| {
            retention::delete_recording(database, &account, &sid)
        };
        self.change(delete).await
    }

    /// Deletes up to `limit` calls that ended before a time and of which nothing is owed, and says
    /// how many. Asked again until it says less than `limit`, it never holds up the writer for long.
    /// Each request of theirs that was given up becomes what `carry` makes of it and of the record.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn sweep_calls(
        &self,
        scope: Scope<'_>,
        before: i64,
        limit: u32,
        carry: impl Fn(&[u8], &CallRow<'_>) -> Vec<u8> + Send + 'static,
    ) -> Result<u32, StoreError> {
        let scope = scope.owned();
        let sweep = move |database: &mut dyn Database| {
            retention::sweep(database, scope.as_scope(), before, limit, &carry)
        };
        self.change(sweep).await
    }

    /// Deletes all but the calls that ended last and those of which something is owed; says how
    /// many. For a database in memory. `carry` is as that of [`Store::sweep_calls`].
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn trim_calls(
        &self,
        most: u32,
        carry: impl Fn(&[u8], &CallRow<'_>) -> Vec<u8> + Send + 'static,
    ) -> Result<u64, StoreError> {
        self.change(move |database: &mut dyn Database| retention::trim(database, most, &carry))
            .await
    }

    // What is owed.

    /// Writes an owed request down, and with it the state of the call that it tells of. When this
    /// returns `Ok`, both survive whatever happens to the process and the machine. It is delivered
    /// by the caller, who says what came of it.
    ///
    /// # Errors
    /// When it could not be written: it is the caller's to deliver all the same.
    pub fn owe(
        &self,
        entry: Owed,
        call: Option<CallRow<'_>>,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send + use<> {
        self.write_down(entry, false, call)
    }

    /// As [`Store::owe`], for [`Store::due`] to hand out.
    ///
    /// # Errors
    /// When it could not be written. If it is kept, it is handed out once it is.
    pub fn leave(
        &self,
        entry: Owed,
        call: Option<CallRow<'_>>,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send + use<> {
        self.write_down(entry, true, call)
    }

    fn write_down(
        &self,
        entry: Owed,
        is_left: bool,
        call: Option<CallRow<'_>>,
    ) -> impl Future<Output = Result<(), NotWritten>> + Send + use<> {
        let (waiter, written) = Waiter::new();
        let backlog = &self.inner.backlog;
        let due = Instant::now() + self.inner.urgent_delay;
        let is_kept = backlog.owe(entry, is_left, call.as_ref(), due, waiter);
        let refused = (!is_kept).then(|| match backlog.trouble() {
            Some(trouble) => trouble.error,
            None => StoreError::new(ErrorKind::Busy, "too much waits to be written"),
        });
        async move {
            if let Some(error) = refused {
                return Err(NotWritten {
                    error,
                    is_kept: false,
                });
            }
            match written.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(NotWritten {
                    is_kept: error.kind() != ErrorKind::Refused,
                    error,
                }),
                Err(_) => Err(NotWritten {
                    error: StoreError::closed(),
                    is_kept: false,
                }),
            }
        }
    }

    /// An owed request was delivered.
    pub fn delivered(&self, account: &str, call: &str, place: i64) {
        self.settle(account, call, place, Outcome::Delivered);
    }

    /// An owed request could not be delivered.
    pub fn failed(&self, account: &str, call: &str, place: i64, next: Next) {
        self.settle(account, call, place, Outcome::Failed(next));
    }

    fn settle(&self, account: &str, call: &str, place: i64, outcome: Outcome) {
        self.inner.backlog.settle(Settled {
            account: account.to_owned(),
            call: call.to_owned(),
            place,
            outcome,
        });
    }

    /// Hands out owed requests, of every account, whose turn it is. Who gets one holds it and says
    /// what came of it.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn due(&self, now: i64, limit: u32) -> Result<Vec<Owed>, StoreError> {
        let node = self.inner.node.clone();
        let until = now.saturating_add(self.inner.hold);
        let expiry = self.inner.expiry.load(Ordering::Relaxed);
        let expires = now >= expiry;
        if expires {
            let next = now.saturating_add(EXPIRY);
            self.inner.expiry.store(next, Ordering::Relaxed);
        }
        let claim = move |database: &mut dyn Database| {
            if expires {
                outbox::expire(database, now)?;
            }
            outbox::claim(database, &node, now, until, limit)
        };
        // What a machine forgets of this when it dies is due again sooner.
        self.change_by(claim, false).await
    }

    /// When [`Store::due`] has something next, as far as is known now.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.read(|database| outbox::next_due(database)).await
    }

    /// Waits until the outbox has changed such that [`Store::due`] may have more than before. The
    /// future must be made before the outbox is asked, so that nothing is missed in between.
    pub fn outbox_changed(&self) -> impl Future<Output = ()> + Send + use<> {
        Arc::clone(&self.inner.outbox).notified_owned()
    }

    /// What is owed, in the order in which it was.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn owed(
        &self,
        scope: Scope<'_>,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<Owed>, StoreError> {
        let scope = scope.owned();
        let ask = move |database: &mut dyn Database| {
            outbox::list(database, scope.as_scope(), limit, offset)
        };
        self.read(ask).await
    }

    /// How many requests are owed, and how many were given up.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn count_owed(&self) -> Result<(u64, u64), StoreError> {
        self.read(|database| outbox::count(database)).await
    }

    /// What was given up, the latest first.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn dead_letters(
        &self,
        scope: Scope<'_>,
        wanted: DeadLetters,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let scope = scope.owned();
        let ask = move |database: &mut dyn Database| {
            dead_letter::list(database, scope.as_scope(), &wanted, limit, offset)
        };
        self.read(ask).await
    }

    /// Makes dead letters owed again, due at `now`; says how many.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn replay(
        &self,
        scope: Scope<'_>,
        wanted: DeadLetters,
        now: i64,
    ) -> Result<u64, StoreError> {
        let scope = scope.owned();
        let replay = move |database: &mut dyn Database| {
            dead_letter::replay(database, scope.as_scope(), &wanted, now)
        };
        let replayed = self.change(replay).await?;
        if replayed > 0 {
            self.inner.outbox.notify_waiters();
        }
        Ok(replayed)
    }

    /// Forgets dead letters; says how many.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn discard(&self, scope: Scope<'_>, wanted: DeadLetters) -> Result<u64, StoreError> {
        let scope = scope.owned();
        let discard = move |database: &mut dyn Database| {
            dead_letter::discard(database, scope.as_scope(), &wanted)
        };
        self.change(discard).await
    }

    /// Forgets all but the latest dead letters; says how many.
    ///
    /// # Errors
    /// As [`Store::call`].
    pub async fn trim_dead_letters(&self, most: u32) -> Result<u64, StoreError> {
        self.change(move |database: &mut dyn Database| dead_letter::trim(database, most))
            .await
    }

    /// Asks without holding up the writer.
    async fn read<T: Send + 'static>(
        &self,
        ask: impl FnMut(&mut dyn Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(readers) = &self.inner.readers else {
            return self.on_writer(ask).await;
        };
        if !self.inner.backlog.is_clean() && self.inner.backlog.trouble().is_none() {
            // What is known late is better than nothing: a slow database is no error here.
            let _ = tokio::time::timeout(PATIENCE, self.flush()).await;
        }
        let (job, answer) = question(ask);
        readers.ask(job)?;
        answer.await.unwrap_or_else(|_| Err(StoreError::closed()))
    }

    /// Asks the writer, after everything that was put before.
    async fn on_writer<T: Send + 'static>(
        &self,
        ask: impl FnMut(&mut dyn Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = question(ask);
        if self.inner.backlog.ask(job).is_err() {
            return Err(StoreError::closed());
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::closed()))
    }

    /// Changes something in a transaction of its own.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut dyn Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.change_by(change, true).await
    }

    async fn change_by<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut dyn Database) -> Result<T, StoreError> + Send + 'static,
        is_durable: bool,
    ) -> Result<T, StoreError> {
        let ask = move |database: &mut dyn Database| {
            database.begin(is_durable)?;
            let result = change(database);
            let result = result.and_then(|done| database.commit().map(|()| done));
            if result.is_err() {
                database.rollback();
            }
            result
        };
        self.on_writer(ask).await
    }
}

/// A question and where its answer comes.
fn question<T: Send + 'static>(
    mut ask: impl FnMut(&mut dyn Database) -> Result<T, StoreError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (sender, answer) = oneshot::channel();
    let mut sender = Some(sender);
    let job: Job = Box::new(move |database, is_last| {
        let result = match database {
            Ok(database) => ask(database),
            Err(error) => Err(error.clone()),
        };
        let may_pass = matches!(&result, Err(error) if error.kind() == ErrorKind::Unavailable);
        if may_pass && !is_last {
            return false;
        }
        if let Some(sender) = sender.take() {
            // Who no longer waits does not want to know.
            let _ = sender.send(result);
        }
        true
    });
    (job, answer)
}

/// Connects and makes everything ready: what the last run of this node left in the journal goes to
/// its tables, and what it held is let go of.
fn prepare(options: &Options, run: i64) -> Result<(Box<dyn Database>, Statements), StoreError> {
    let mut database = sql::connect(options, Use::Writing)?;
    sql::migrate(database.as_mut(), micros(SystemTime::now()))?;
    let mut running = Running::default();
    for row in call_list::running(database.as_mut(), &options.node)? {
        running.insert(key_hash(&row.account, &row.sid));
    }
    let (journal, left, written) = Journal::open(options, database.as_mut(), run)?;
    let mut statements = Statements::new(running, written, journal);
    // The calls among it are of a run that is over.
    let held = Held {
        node: &options.node,
        run: !run,
        until: 0,
    };
    let how = Commit {
        is_durable: true,
        empties_journal: true,
    };
    left.write(database.as_mut(), &mut statements, held, how)?;
    left.is_written(&mut statements);
    outbox::release(database.as_mut(), &options.node)?;
    Ok((database, statements))
}

/// A number that no earlier run had.
fn random() -> i64 {
    i64::from_ne_bytes(RandomState::new().hash_one(SystemTime::now()).to_ne_bytes())
}
