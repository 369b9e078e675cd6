//! All calls of the process: those that run and the latest of those that are over.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hookflash_dialects::{CallEnd, CallState, Dialect, Direction, EndedBy};
use hookflash_media::Statistics;
use hookflash_transfer::{End, Outcome};
use tokio::sync::broadcast;

use crate::CallKey;
use crate::record::CallRecord;

/// How many events a slow subscriber may lag behind before it loses some.
const EVENTS_KEPT: usize = 1_024;

/// The registry of calls, shared by all shards.
#[derive(Debug)]
pub struct Ledger {
    calls: Mutex<Calls>,
    keep_ended: usize,
    next_key: AtomicU64,
    events: broadcast::Sender<Published>,
    /// Whether somebody may be watching: asking the channel itself takes a lock.
    watched: AtomicBool,
    /// What is counted.
    pub counters: Counters,
}

#[derive(Debug, Default)]
struct Calls {
    by_sid: HashMap<String, Arc<CallRecord>>,
    /// Keys count up, so this is the order in which calls began.
    by_key: BTreeMap<CallKey, Arc<CallRecord>>,
    /// In the order in which calls ended.
    ended: VecDeque<CallKey>,
    /// Calls that are no longer remembered, as far as somebody still keeps something of them: their
    /// application is being told of their end.
    leaving: Vec<Weak<CallRecord>>,
}

impl Calls {
    /// Stops to remember a call that is over.
    fn leave(&mut self, key: CallKey) {
        let Some(record) = self.by_key.remove(&key) else {
            return;
        };
        record.facts(|facts| self.by_sid.remove(&facts.sid));
        if Arc::strong_count(&record) == 1 {
            return;
        }
        if self.leaving.len() == self.leaving.capacity() {
            self.leaving.retain(|leaving| leaving.strong_count() > 0);
        }
        self.leaving.push(Arc::downgrade(&record));
    }

    fn leaving(&self, sid: &str) -> Option<Arc<CallRecord>> {
        let mut leaving = self.leaving.iter().filter_map(Weak::upgrade);
        leaving.find(|record| record.facts(|facts| facts.sid == sid))
    }
}

/// A new entry in the journal of a call, for those who watch.
#[derive(Clone, Debug)]
pub struct Published {
    /// The call.
    pub call: Arc<CallRecord>,
    /// Where the entry stands in its journal.
    pub index: usize,
}

impl Ledger {
    /// An empty ledger that remembers that many calls after their end.
    pub fn new(keep_ended: usize) -> Arc<Ledger> {
        Arc::new(Ledger {
            calls: Mutex::default(),
            keep_ended,
            next_key: AtomicU64::new(1),
            events: broadcast::Sender::new(EVENTS_KEPT),
            watched: AtomicBool::new(false),
            counters: Counters::default(),
        })
    }

    /// The call with this identifier.
    pub fn find(&self, sid: &str) -> Option<Arc<CallRecord>> {
        self.calls().by_sid.get(sid).cloned()
    }

    /// Up to `limit` calls that `wanted` likes, newest first, beginning after the call `after`
    /// when that is given and known.
    pub fn newest(
        &self,
        limit: usize,
        after: Option<&str>,
        wanted: impl Fn(&CallRecord) -> bool,
    ) -> Vec<Arc<CallRecord>> {
        let calls = self.calls();
        let cursor = after
            .and_then(|sid| calls.by_sid.get(sid))
            .map(|record| record.key);
        let end = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        calls
            .by_key
            .range((Bound::Unbounded, end))
            .rev()
            .map(|(_, record)| record)
            .filter(|record| wanted(record))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Forgets a call that is over; says whether there was one. Of a call that is not remembered any
    /// more nothing is kept from then on, either.
    pub fn forget(&self, sid: &str) -> bool {
        let mut calls = self.calls();
        if let Some(record) = calls.leaving(sid) {
            record.forget();
        }
        let is_over = |record: &Arc<CallRecord>| {
            record.facts(|facts| matches!(facts.state, CallState::Ended(_)))
        };
        let Some(record) = calls.by_sid.get(sid).filter(|record| is_over(record)) else {
            return false;
        };
        record.forget();
        let key = record.key;
        calls.by_sid.remove(sid);
        calls.by_key.remove(&key);
        true
    }

    /// Tells of every new journal entry of every call from now on.
    pub fn watch(&self) -> broadcast::Receiver<Published> {
        let receiver = self.events.subscribe();
        self.watched.store(true, Ordering::Release);
        receiver
    }

    pub(crate) fn next_key(&self) -> CallKey {
        CallKey(self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn publish(&self, call: &Arc<CallRecord>, index: usize) {
        if !self.watched.load(Ordering::Acquire) {
            return;
        }
        let published = Published {
            call: Arc::clone(call),
            index,
        };
        if self.events.send(published).is_err() {
            // Nobody watches any more. Who begins right now sees the entry after this one.
            self.watched
                .store(self.events.receiver_count() > 0, Ordering::Release);
        }
    }

    pub(crate) fn open(&self, record: &Arc<CallRecord>) {
        let sid = record.facts(|facts| facts.sid.clone());
        let mut calls = self.calls();
        calls.by_sid.insert(sid, Arc::clone(record));
        calls.by_key.insert(record.key, Arc::clone(record));
        drop(calls);
        self.counters.call_began(record);
    }

    /// A call is over, and its application was told or is owed that. Counts once.
    pub(crate) fn close(&self, record: &CallRecord, end: &CallEnd) {
        if !record.close() {
            return;
        }
        let mut calls = self.calls();
        calls.ended.push_back(record.key);
        while calls.ended.len() > self.keep_ended {
            let Some(oldest) = calls.ended.pop_front() else {
                break;
            };
            calls.leave(oldest);
        }
        drop(calls);
        self.counters.call_ended(record, end);
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counters since the process began. They only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Calls that came in or left.
    pub calls_started: AtomicU64,
    /// Calls that were answered and are over.
    pub calls_completed: AtomicU64,
    /// Calls that are over without having been answered.
    pub calls_unanswered: AtomicU64,
    /// Calls that ended because something failed here or at the application.
    pub calls_failed: AtomicU64,
    /// Calls of which a task broke down by a fault of this server.
    pub calls_broken: AtomicU64,
    /// Requests to applications.
    pub webhooks: AtomicU64,
    /// Requests to applications that came to nothing.
    pub webhooks_failed: AtomicU64,
    /// Documents that could not be run.
    pub documents_refused: AtomicU64,
    /// Transfers begun, or refused before they could begin.
    pub transfers_started: AtomicU64,
    /// Packets of peers that never came, of calls that are over.
    pub packets_lost: AtomicU64,
    /// Packets of peers that came too late to be played, of calls that are over.
    pub packets_too_late: AtomicU64,
    /// Events dropped because a call's queue was full.
    pub events_dropped: AtomicU64,
    /// The calls once more, by dialect and direction. What is asked at every call stands above.
    by_kind: [[CallCounts; DIRECTIONS.len()]; Dialect::ALL.len()],
    /// Transfers that have a result.
    transfers_ended: Mutex<HashMap<(End, Outcome), u64>>,
}

const DIRECTIONS: [Direction; 3] = [
    Direction::Inbound,
    Direction::OutboundApi,
    Direction::OutboundDial,
];

/// What is counted of calls of one dialect and direction.
#[derive(Debug, Default)]
pub struct CallCounts {
    /// Came in or left.
    pub started: AtomicU64,
    /// Were answered and are over.
    pub completed: AtomicU64,
    /// Are over without having been answered.
    pub unanswered: AtomicU64,
    /// Ended because something failed here or at the application.
    pub failed: AtomicU64,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    /// The calls that run now.
    pub fn calls_live(&self) -> u64 {
        let ended = self.calls_ended();
        self.calls_started
            .load(Ordering::Relaxed)
            .saturating_sub(ended)
    }

    /// The calls that are over.
    pub fn calls_ended(&self) -> u64 {
        self.calls_completed.load(Ordering::Relaxed) + self.calls_unanswered.load(Ordering::Relaxed)
    }

    /// What is counted of the calls of each dialect and direction.
    pub fn calls_by_kind(&self) -> impl Iterator<Item = (Dialect, Direction, &CallCounts)> {
        let dialects = Dialect::ALL.into_iter().zip(&self.by_kind);
        dialects.flat_map(|(dialect, counts)| {
            let directions = DIRECTIONS.into_iter().zip(counts);
            directions.map(move |(direction, counts)| (dialect, direction, counts))
        })
    }

    /// How many transfers ended in each way.
    pub fn transfers_ended(&self) -> Vec<((End, Outcome), u64)> {
        let ended = self.transfers().clone();
        ended.into_iter().collect()
    }

    fn kind(&self, record: &CallRecord) -> Option<&CallCounts> {
        let wanted = record.facts(|facts| (facts.application.account.dialect, facts.direction));
        let mut kinds = self.calls_by_kind();
        let found = kinds.find(|(dialect, direction, _)| (*dialect, *direction) == wanted);
        found.map(|(_, _, counts)| counts)
    }

    fn call_began(&self, record: &CallRecord) {
        count(&self.calls_started);
        if let Some(counts) = self.kind(record) {
            count(&counts.started);
        }
    }

    fn call_ended(&self, record: &CallRecord, end: &CallEnd) {
        let kind = self.kind(record);
        let both = |all: &AtomicU64, own: fn(&CallCounts) -> &AtomicU64| {
            count(all);
            if let Some(kind) = kind {
                count(own(kind));
            }
        };
        match end.answered {
            true => both(&self.calls_completed, |kind| &kind.completed),
            false => both(&self.calls_unanswered, |kind| &kind.unanswered),
        }
        // Nobody's fault: the other side rang for too long.
        let rang_out = !end.answered && matches!(end.sip_status, 408 | 487);
        if end.by == EndedBy::Server && !rang_out {
            both(&self.calls_failed, |kind| &kind.failed);
        }
    }

    pub(crate) fn heard(&self, statistics: &Statistics) {
        let lost = u64::try_from(statistics.packets_lost).unwrap_or_default();
        self.packets_lost.fetch_add(lost, Ordering::Relaxed);
        self.packets_too_late
            .fetch_add(statistics.late, Ordering::Relaxed);
    }

    pub(crate) fn transfer_ended(&self, end: End, outcome: Outcome) {
        *self.transfers().entry((end, outcome)).or_default() += 1;
    }

    fn transfers(&self) -> MutexGuard<'_, HashMap<(End, Outcome), u64>> {
        let ended = self.transfers_ended.lock();
        ended.unwrap_or_else(PoisonError::into_inner)
    }
}
