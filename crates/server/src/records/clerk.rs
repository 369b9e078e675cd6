//! The thread that keeps records in order: rows of calls that go on, callbacks that were not
//! delivered at once, calls that died, records that are old.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use hookflash_call::CallKey;
use hookflash_dialects::HttpRequest;
use hookflash_store::{Next, Owed, Scope, StoreError, micros, system_time};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::{Records, owed, row};
use crate::config::Config;
use crate::resolver::Names;
use crate::webhook::Webhooks;

/// How long a change of a call that goes on may wait to be written. Most calls are over before
/// that, or have changed again.
const CHANGES: Duration = Duration::from_millis(250);
/// How often what is old is looked for, and in memory.
const SWEEP: Duration = Duration::from_secs(60);
const SWEEP_OF_MEMORY: Duration = Duration::from_secs(2);
/// How many rows are deleted before others get their turn.
const SWEPT_AT_ONCE: u32 = 500;
/// How many dead letters are kept.
const MOST_DEAD_LETTERS: u32 = 10_000;
/// How many callbacks are under way at a time.
const MOST_UNDER_WAY: usize = 64;
/// How many calls that died are closed at a time.
const CLOSED_AT_ONCE: u32 = 200;
/// The pause when the store cannot be asked.
const STORE_PAUSE: Duration = Duration::from_secs(2);
/// The longest sleep: another server may have left something in a shared database.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What the thread is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// Whether records end with the process, and how many calls are kept then.
    pub(crate) memory: Option<u32>,
}

impl From<&Config> for Setup {
    fn from(config: &Config) -> Setup {
        Setup {
            memory: config.store.is_memory().then_some(config.records.max),
        }
    }
}

/// Works until `stop` resolves. Called within a `LocalSet`.
pub(crate) async fn run(records: Records, setup: Setup, stop: impl Future<Output = ()>) {
    let clerk = Rc::new(Clerk {
        webhooks: Webhooks::new(Names::default(), records.rules().allow_private),
        records,
        under_way: Cell::new(0),
        room: Notify::new(),
    });
    let owed = async {
        clerk.close_the_dead().await;
        tokio::join!(clerk.sweep(setup), clerk.deliver());
    };
    // What has changed is taken also while the store cannot be asked who died.
    let work = async { tokio::join!(clerk.write_changes(), owed) };
    tokio::select! {
        _ = work => {}
        () = stop => {}
    }
}

struct Clerk {
    records: Records,
    webhooks: Rc<Webhooks>,
    under_way: Cell<usize>,
    /// Told when a callback is no longer under way.
    room: Notify,
}

impl Clerk {
    async fn write_changes(&self) {
        let mut ticks = interval(CHANGES);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.records.bring_up_to_date();
        }
    }

    /// Closes the calls that died with an earlier process, and owes their end.
    async fn close_the_dead(&self) {
        let mut closed = 0;
        loop {
            let died = match self.records.store.unfinished_calls(CLOSED_AT_ONCE).await {
                Ok(died) => died,
                Err(error) => {
                    self.pause("calls that died are not closed yet", &error)
                        .await;
                    continue;
                }
            };
            if died.is_empty() {
                break;
            }
            closed += died.len();
            let (rules, now) = (self.records.rules(), SystemTime::now());
            let store = &self.records.store;
            let mut left = Vec::new();
            for call in died {
                let row = row::closed(call, now);
                match owed::promise_of_dead(&row, &rules, now) {
                    Some(promise) => left.push(store.leave(promise, Some(row))),
                    None => store.put_call(row),
                }
            }
            for refused in join_all(left).await.into_iter().filter_map(Result::err) {
                if !refused.is_kept {
                    tracing::error!(error = %refused.error, "the end of a call cannot be owed");
                }
            }
        }
        if closed > 0 {
            tracing::warn!(
                calls = closed,
                "calls that ran when the server stopped were closed; their final callbacks go out"
            );
        }
    }

    async fn pause(&self, what: &str, error: &StoreError) {
        tracing::debug!(%error, "{what}");
        sleep(STORE_PAUSE).await;
    }

    /// Delivers what is owed, for ever.
    async fn deliver(self: &Rc<Self>) {
        loop {
            while self.under_way.get() >= MOST_UNDER_WAY {
                self.room.notified().await;
            }
            let changed = self.records.store.outbox_changed();
            let room = MOST_UNDER_WAY - self.under_way.get();
            let now = micros(SystemTime::now());
            let room = u32::try_from(room).unwrap_or(u32::MAX);
            let due = match self.records.store.due(now, room).await {
                Ok(due) => due,
                Err(error) => {
                    self.pause("what is owed cannot be looked for", &error)
                        .await;
                    continue;
                }
            };
            if due.is_empty() {
                let wait = self.until_due().await;
                // Either way it is looked again.
                let _ = timeout(wait, changed).await;
            }
            for entry in due {
                self.under_way.set(self.under_way.get() + 1);
                let clerk = Rc::clone(self);
                tokio::task::spawn_local(async move {
                    clerk.attempt(entry).await;
                    clerk.under_way.set(clerk.under_way.get() - 1);
                    clerk.room.notify_one();
                });
            }
        }
    }

    async fn until_due(&self) -> Duration {
        match self.records.store.next_due().await {
            Ok(Some(at)) => {
                let wait = system_time(at).duration_since(SystemTime::now());
                wait.unwrap_or_default().min(LONGEST_SLEEP)
            }
            Ok(None) => LONGEST_SLEEP,
            Err(_) => STORE_PAUSE,
        }
    }

    /// Tries one entry and says what came of it.
    async fn attempt(&self, entry: Owed) {
        let store = &self.records.store;
        let call = match store
            .call(Scope::Account(&entry.account), &entry.call)
            .await
        {
            Ok(call) => call,
            Err(error) => {
                let next = Next::At {
                    due_at: micros(SystemTime::now() + STORE_PAUSE),
                    why: error.to_string(),
                };
                return store.failed(&entry.account, &entry.call, entry.place, next);
            }
        };
        let rules = self.records.rules();
        self.webhooks.set_allow_private(rules.allow_private);
        let now = SystemTime::now();
        let next = match owed::request_of(&entry, call.as_ref(), &rules, now) {
            Ok(request) => match self.send(&request).await {
                Ok(()) => None,
                Err(error) => Some(rules.after_entry(&entry, &error, SystemTime::now())),
            },
            Err(unmade) => Some(rules.after_unmade(&entry, unmade, now)),
        };
        match next {
            None => store.delivered(&entry.account, &entry.call, entry.place),
            Some(next) => {
                if let Next::Never { why, .. } = &next {
                    tracing::warn!(
                        call = entry.call,
                        why = %hookflash_call::Masked(why),
                        "a final callback was given up; `hookflash outbox list` shows it"
                    );
                }
                store.failed(&entry.account, &entry.call, entry.place, next);
            }
        }
    }

    async fn send(&self, request: &HttpRequest) -> Result<(), hookflash_dialects::FetchError> {
        // Cookies belong to the call as long as it runs; here there is no jar any more.
        self.webhooks.fetch(CallKey(0), request).await.map(drop)
    }

    /// Deletes what is old, for ever.
    async fn sweep(&self, setup: Setup) {
        let every = match setup.memory {
            Some(_) => SWEEP_OF_MEMORY,
            None => SWEEP,
        };
        let mut next = Instant::now() + every;
        loop {
            tokio::time::sleep_until(next).await;
            next = Instant::now() + every;
            if let Err(error) = self.sweep_once(setup).await {
                self.pause("old records are not deleted yet", &error).await;
            }
        }
    }

    async fn sweep_once(&self, setup: Setup) -> Result<(), StoreError> {
        let store = &self.records.store;
        if let Some(most) = setup.memory {
            store.trim_calls(most, owed::carrying).await?;
        }
        let before = micros(SystemTime::now() - self.records.rules().keep);
        while store
            .sweep_calls(Scope::Operator, before, SWEPT_AT_ONCE, owed::carrying)
            .await?
            == SWEPT_AT_ONCE
        {
            sleep(Duration::from_millis(20)).await;
        }
        let given_up = store.trim_dead_letters(MOST_DEAD_LETTERS).await?;
        if given_up > 0 {
            tracing::warn!(
                letters = given_up,
                most = MOST_DEAD_LETTERS,
                "the oldest dead letters were deleted: there are too many"
            );
        }
        Ok(())
    }
}
