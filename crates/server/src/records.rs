//! Records that outlive the process: what is kept of calls, and what applications are owed.
//!
//! The calls' threads only hand over; the store writes on its own. What every call leaves is one
//! row, written when it is over. A call that lasts, or whose application is owed a final status
//! callback, has a row before that, so that a crash does not make it be forgotten. A thread of
//! this module ([`clerk`]) brings rows up to date, delivers what is owed, closes the calls that
//! died with an earlier process, and deletes what is old.

mod clerk;
mod details;
mod directory;
mod list;
mod owed;
mod patience;
mod remembered;
mod row;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use hookflash_call::{Asked, CallRecord, Turn};
use hookflash_dialects::{CallState, Direction};
use hookflash_store::{Health, Options, Store, StoreError};

use crate::config::Config;
pub(crate) use clerk::{Setup, run};
use directory::Directory;
pub(crate) use list::standing;
use patience::Patience;
pub(crate) use remembered::{cursor, cursor_of};

/// How long a delivery may take, with all that the vendor's policy has for it, before it counts
/// as one that nobody makes any more.
const HOLD: Duration = Duration::from_secs(15 * 60);
/// How long the store may take to say that it is well.
const PATIENCE: Duration = Duration::from_secs(1);

/// The records of the process. Clones are the same.
#[derive(Clone)]
pub(crate) struct Records {
    store: Store,
    shared: Arc<Shared>,
}

struct Shared {
    /// Calls of which something has changed that was not written then. Each knows whether that is
    /// still so.
    changed: Mutex<Vec<Arc<CallRecord>>>,
    rules: RwLock<Arc<Rules>>,
    patience: Patience,
    is_lasting: bool,
}

/// What the configuration says of records.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    directory: Directory,
    /// For how long records of calls are kept.
    keep: Duration,
    /// For how long a final callback is tried.
    owed_for: Duration,
    allow_private: bool,
}

impl Rules {
    fn of(config: &Config) -> Arc<Rules> {
        Arc::new(Rules {
            directory: Directory::of(config),
            keep: config.records.keep,
            owed_for: config.webhook.owed_for,
            allow_private: config.webhook.allow_private_networks,
        })
    }
}

impl Records {
    /// Opens the store of the configuration. Waits for it, on a thread of its own, because it may
    /// be on the other side of a network and this may be called from within a runtime.
    ///
    /// # Errors
    /// When it cannot be opened, with what to do about it.
    pub(crate) fn open(config: &Config) -> Result<Records, StoreError> {
        let mut options = Options::new(config.store.url.clone());
        options.node.clone_from(&config.store.node);
        options.hold = HOLD;
        options.max_bytes = config.store.max_bytes;
        let store = on_a_thread(Store::open(options))??;
        Ok(Records {
            store,
            shared: Arc::new(Shared {
                changed: Mutex::default(),
                rules: RwLock::new(Rules::of(config)),
                patience: Patience::default(),
                is_lasting: !config.store.is_memory(),
            }),
        })
    }

    /// Takes over a changed configuration.
    pub(crate) fn reload(&self, config: &Config) {
        let mut rules = self
            .shared
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *rules = Rules::of(config);
    }

    fn rules(&self) -> Arc<Rules> {
        let rules = self.shared.rules.read();
        Arc::clone(&rules.unwrap_or_else(PoisonError::into_inner))
    }

    fn changed(&self) -> MutexGuard<'_, Vec<Arc<CallRecord>>> {
        let changed = self.shared.changed.lock();
        changed.unwrap_or_else(PoisonError::into_inner)
    }

    /// A call has come further. Never waits; most states of a call are never written, because a
    /// later one comes first. One whose end was promised and is being told was written with the
    /// promise, and is once more when it is known what became of that.
    pub(crate) fn call_changed(&self, record: &Arc<CallRecord>, turn: Turn) {
        match turn {
            Turn::Ended if record.keeping.is_promised() => {
                record.keeping.take_change();
            }
            // As a rule the reply is there when what has changed is written: once for both.
            Turn::Ended if asks_still(record) => self.note_change(record),
            Turn::Ended => {
                record.keeping.take_change();
                self.put(record);
            }
            Turn::Begun
            | Turn::Left
            | Turn::Ringing
            | Turn::Answered
            | Turn::Transfer
            | Turn::Settled => self.note_change(record),
        }
    }

    fn note_change(&self, record: &Arc<CallRecord>) {
        if record.keeping.note_change() {
            self.changed().push(Arc::clone(record));
        }
    }

    /// Writes the calls that have changed. One that is over and whose application is still to be
    /// told so goes on until then: with its end it is written what is owed of it.
    pub(crate) fn bring_up_to_date(&self) {
        let changed = std::mem::take(&mut *self.changed());
        for record in changed {
            if !record.keeping.take_change() {
                continue;
            }
            // Together, so that a call that goes on is never written behind its end: after a crash
            // it would be taken for one that died.
            record.keep(|is_forgotten| {
                if !is_forgotten && !record.keeping.is_promised() {
                    row::look_as_told(&record, |row| self.store.put_call(row));
                }
            });
        }
    }

    /// Writes a call, unless somebody had it deleted.
    fn put(&self, record: &CallRecord) {
        record.keep(|is_forgotten| {
            if !is_forgotten {
                row::look(record, |row| self.store.put_call(row));
            }
        });
    }

    /// Resolves when a crash can no longer make the call be forgotten, or when that cannot be had
    /// now. Only calls wait of which the application learns before it asks, or is owed the end.
    pub(crate) fn written_down(
        &self,
        record: &Arc<CallRecord>,
    ) -> impl Future<Output = ()> + use<> {
        let written = is_awaited(record).then(|| {
            record.keeping.take_change();
            let patience = grouped(record);
            row::look(record, |row| self.store.put_call_surely(row, patience))
        });
        let shared = Arc::clone(&self.shared);
        async move {
            if let Some(written) = written {
                shared.patience.wait_for(written).await;
            }
        }
    }

    /// How often a call went on before it, or its end, was written down, because the store was slow.
    pub(crate) fn not_awaited(&self) -> u64 {
        self.shared.patience.given_up()
    }

    /// Whether what is kept outlives the process.
    pub(crate) fn is_lasting(&self) -> bool {
        self.shared.is_lasting
    }

    /// Waits until everything that was kept before is written; says whether it is. For the start,
    /// when nobody else is held up.
    pub(crate) fn flush_now(&self) -> bool {
        matches!(on_a_thread(self.store.flush()), Ok(Ok(())))
    }

    /// How the store is doing.
    pub(crate) fn health(&self) -> Health {
        self.store.health()
    }

    /// Whether the store answers; a sentence when it does not.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) async fn answers(&self) -> Result<(), String> {
        match tokio::time::timeout(PATIENCE, self.store.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("the store cannot be written: {error}")),
            Err(_) => Err("the store does not answer".to_owned()),
        }
    }

    /// The store itself, for lists of what is owed.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Writes everything that can be written, and ends.
    pub(crate) async fn close(&self) {
        self.bring_up_to_date();
        let lost = self.store.close().await;
        if lost > 0 {
            tracing::error!(
                rows = lost,
                "the store could not be written; records are lost"
            );
        }
    }
}

/// How long a call may wait for others to be written down with. Whoever asked for one waits for it
/// to ring; one that comes in has yet to be asked about.
fn grouped(record: &CallRecord) -> Duration {
    match record.facts(|facts| facts.direction) {
        Direction::OutboundApi => Duration::from_millis(4),
        _ => Duration::from_millis(20),
    }
}

/// Whether a request of the call is under way.
fn asks_still(record: &CallRecord) -> bool {
    record.entries(|entries| {
        let asked = Asked::of(entries);
        asked.iter().any(|asked| asked.ended.is_none())
    })
}

/// Whether the application learns of the call other than by its own asking and answering.
fn is_awaited(record: &CallRecord) -> bool {
    record.facts(|facts| {
        let is_told = facts.application.status_callback.is_some() || facts.status_hook().is_some();
        let is_live = !matches!(facts.state, CallState::Ended(_));
        is_live && (is_told || facts.direction == Direction::OutboundApi)
    })
}

/// Waits for something on a thread of its own: this may be called from within a runtime.
fn on_a_thread<T: Send>(work: impl Future<Output = T> + Send) -> Result<T, StoreError> {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.map(|runtime| runtime.block_on(work))
    };
    match std::thread::scope(|scope| scope.spawn(work).join()) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(StoreError::operator(error.to_string())),
        Err(_) => Err(StoreError::operator("the store panicked")),
    }
}
