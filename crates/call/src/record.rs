//! A call as it is kept: its facts, its journal, its transfers. Shared with whoever looks at it
//! from other threads; only the call's own task writes.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hookflash_dialects::CallFacts;
use hookflash_sip::{Flow, LegId};
use hookflash_transfer::{Amendment, TransferResult};

use crate::CallKey;
use crate::journal::{Entry, What};

/// How many entries a journal keeps; what comes after is counted only. A peer that sends for hours
/// must not fill the memory.
const MOST_ENTRIES: usize = 2_000;

/// After so many entries SIP messages are no longer kept, so that there is room for what matters
/// more.
const MOST_WITH_MESSAGES: usize = 1_500;

/// How many statuses are kept of a transfer that runs.
const MOST_STATUSES: usize = 64;

/// A call's journal, facts and transfers.
#[derive(Debug)]
pub struct CallRecord {
    /// The call, within this process.
    pub key: CallKey,
    /// What whoever keeps the record has noted of it.
    pub keeping: Keeping,
    /// How many changes of its status the application was told, or is owed.
    statuses: AtomicU32,
    started: Instant,
    started_at: SystemTime,
    forgotten: Mutex<bool>,
    concluded: AtomicBool,
    closed: AtomicBool,
    inner: Mutex<Inner>,
}

/// Notes of whoever keeps a record, for whom a list of calls would be dearer.
#[derive(Debug, Default)]
pub struct Keeping {
    has_changed: AtomicBool,
    is_promised: AtomicBool,
}

impl Keeping {
    /// Something has changed that is still to be kept; says whether nothing had before.
    pub fn note_change(&self) -> bool {
        !self.has_changed.swap(true, Ordering::AcqRel)
    }

    /// The call is being kept as it stands; says whether something had changed.
    pub fn take_change(&self) -> bool {
        self.has_changed.swap(false, Ordering::AcqRel)
    }

    /// The end of the call was promised to its application and is being told, or no longer.
    pub fn set_promised(&self, is_promised: bool) {
        self.is_promised.store(is_promised, Ordering::Release);
    }

    /// Whether the end of the call was promised and is being told.
    pub fn is_promised(&self) -> bool {
        self.is_promised.load(Ordering::Acquire)
    }
}

/// All of a record, while somebody looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The facts.
    pub facts: &'a CallFacts,
    /// The legs, in the order in which they began.
    pub legs: &'a [LegRecord],
    /// The journal.
    pub entries: &'a [Entry],
    /// The transfers.
    pub transfers: &'a [TransferRecord],
    /// The codec that the call's audio uses, once that is settled.
    pub codec: Option<&'static str>,
}

impl Parts<'_> {
    /// The place of the leg that is talked on: the first until one that we called has answered.
    pub fn talking(&self) -> usize {
        talking(self.legs)
    }
}

fn talking(legs: &[LegRecord]) -> usize {
    let is_answered = |leg: &LegRecord| {
        let called = leg.called.as_ref();
        called.is_some_and(|called| called.answered.is_some())
    };
    legs.iter().position(is_answered).unwrap_or(0)
}

#[derive(Debug)]
struct Inner {
    facts: CallFacts,
    legs: Vec<LegRecord>,
    entries: Vec<Entry>,
    not_kept: u32,
    transfers: Vec<TransferRecord>,
    codec: Option<&'static str>,
}

/// A leg as it is kept.
#[derive(Clone, Debug)]
pub struct LegRecord {
    /// The leg, within the shard that runs its call.
    pub id: LegId,
    /// The way that its messages take, once one has passed.
    pub flow: Option<Flow>,
    /// Of a leg that we called; what is to be known of a caller's leg stands in the call's facts.
    pub called: Option<Box<CalledLeg>>,
}

/// What is kept of a leg that we called.
#[derive(Clone, Debug)]
pub struct CalledLeg {
    /// The URI that was called.
    pub uri: Box<str>,
    /// Call-ID of its INVITE.
    pub call_id: Box<str>,
    /// Name of the trunk; `None` when the URI was called directly.
    pub trunk: Option<Arc<str>>,
    /// The latest status of its INVITE; 0 before the first.
    pub status: u16,
    /// Milliseconds from the beginning of the call.
    pub started: u32,
    /// Milliseconds from the beginning of the call to its answer.
    pub answered: Option<u32>,
    /// Milliseconds from the beginning of the call to its end.
    pub ended: Option<u32>,
}

/// A transfer as it is kept.
#[derive(Clone, Debug)]
pub struct TransferRecord {
    /// Where to, as sent, or as the document gave it when nothing was sent.
    pub target: Box<str>,
    /// Milliseconds from the beginning of the call.
    pub started: u32,
    /// The statuses of its NOTIFYs while it runs; afterwards the result has them.
    pub notify_codes: Vec<u16>,
    /// What came of it.
    pub result: Option<Box<TransferResult>>,
    /// Milliseconds from the beginning of the call to the result.
    pub ended: Option<u32>,
    /// What became known after the result.
    pub amendment: Option<Box<Amendment>>,
}

impl CallRecord {
    /// A record that begins now.
    pub fn new(key: CallKey, now: Instant, facts: CallFacts) -> CallRecord {
        CallRecord {
            key,
            keeping: Keeping::default(),
            statuses: AtomicU32::new(0),
            started: now,
            started_at: facts.created_at,
            forgotten: Mutex::new(false),
            concluded: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                facts,
                legs: Vec::new(),
                entries: Vec::new(),
                not_kept: 0,
                transfers: Vec::new(),
                codec: None,
            }),
        }
    }

    /// Keeps something of the call, and is told whether somebody had it deleted. Whoever deletes it
    /// waits, and so finds all that was kept before. Must not ask the same from within, or delete it.
    pub fn keep<R>(&self, keep: impl FnOnce(bool) -> R) -> R {
        keep(*self.forgotten())
    }

    /// Whether it is over and its application has been told so, or is owed that, if it wants to
    /// know. Before, whoever keeps it must not keep that it is over: if the process died then,
    /// nobody would tell of it.
    pub fn is_concluded(&self) -> bool {
        self.concluded.load(Ordering::Acquire)
    }

    pub(crate) fn conclude(&self) {
        self.concluded.store(true, Ordering::Release);
    }

    /// Nothing of the call counts as running any more; false when that was so before.
    pub(crate) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::Relaxed)
    }

    /// Somebody has it deleted: nothing of it is to be kept from now on.
    pub fn forget(&self) {
        *self.forgotten() = true;
    }

    fn forgotten(&self) -> MutexGuard<'_, bool> {
        self.forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all of it at once. Must not come back to this record from within.
    pub fn look<R>(&self, look: impl FnOnce(Parts<'_>) -> R) -> R {
        let inner = self.inner();
        look(Parts {
            facts: &inner.facts,
            legs: &inner.legs,
            entries: &inner.entries,
            transfers: &inner.transfers,
            codec: inner.codec,
        })
    }

    /// Looks at the facts. Must not come back to this record from within.
    pub fn facts<R>(&self, look: impl FnOnce(&CallFacts) -> R) -> R {
        look(&self.inner().facts)
    }

    /// Looks at the legs, in the order in which they began. Must not come back to this record from
    /// within.
    pub fn legs<R>(&self, look: impl FnOnce(&[LegRecord]) -> R) -> R {
        look(&self.inner().legs)
    }

    /// The place of the leg that is talked on: the first until one that we called has answered.
    pub fn talking(&self) -> usize {
        self.legs(talking)
    }

    /// The way that the messages of the leg take that is talked on.
    pub fn flow(&self) -> Option<Flow> {
        let talking = self.talking();
        self.legs(|legs| legs.get(talking)?.flow)
    }

    /// Looks at the journal. Must not come back to this record from within.
    pub fn entries<R>(&self, look: impl FnOnce(&[Entry]) -> R) -> R {
        look(&self.inner().entries)
    }

    /// Looks at the transfers. Must not come back to this record from within.
    pub fn transfers<R>(&self, look: impl FnOnce(&[TransferRecord]) -> R) -> R {
        look(&self.inner().transfers)
    }

    /// The codec that the call's audio uses, once that is settled.
    pub fn codec(&self) -> Option<&'static str> {
        self.inner().codec
    }

    /// How many entries were dropped because the journal was full.
    pub fn entries_not_kept(&self) -> u32 {
        self.inner().not_kept
    }

    /// The time of day at so many milliseconds of this call.
    pub fn wall_clock(&self, at: u32) -> SystemTime {
        self.started_at + Duration::from_millis(u64::from(at))
    }

    /// Milliseconds of this call at an instant.
    pub fn millis(&self, at: Instant) -> u32 {
        u32::try_from(at.saturating_duration_since(self.started).as_millis()).unwrap_or(u32::MAX)
    }

    /// How many changes of its status the application was told, or is owed.
    pub fn statuses_told(&self) -> u32 {
        self.statuses.load(Ordering::Relaxed)
    }

    pub(crate) fn status_told(&self) {
        self.statuses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut CallFacts) -> R) -> R {
        change(&mut self.inner().facts)
    }

    pub(crate) fn set_codec(&self, codec: &'static str) {
        self.inner().codec = Some(codec);
    }

    pub(crate) fn add_leg(&self, leg: LegRecord) {
        let mut inner = self.inner();
        inner.legs.reserve_exact(1);
        inner.legs.push(leg);
    }

    pub(crate) fn change_called(&self, leg: LegId, change: impl FnOnce(&mut CalledLeg)) {
        let mut inner = self.inner();
        let found = inner.legs.iter_mut().find(|known| known.id == leg);
        if let Some(called) = found.and_then(|leg| leg.called.as_deref_mut()) {
            change(called);
        }
    }

    /// A message of a leg took this way: gives the place of the leg, and its usual way. That of a
    /// leg that we called may change until it is answered.
    pub(crate) fn leg_seen(&self, leg: LegId, flow: Flow) -> (u8, Option<Flow>) {
        let mut inner = self.inner();
        let mut legs = inner.legs.iter_mut().enumerate();
        let Some((place, leg)) = legs.find(|(_, known)| known.id == leg) else {
            return (0, None);
        };
        let called = leg.called.as_ref();
        if called.is_some_and(|called| called.answered.is_none()) {
            leg.flow = Some(flow);
        }
        (u8::try_from(place).unwrap_or(u8::MAX), leg.flow)
    }

    /// Adds an entry and says where it stands; `None` when the journal is full.
    pub(crate) fn push(&self, now: Instant, what: What) -> Option<usize> {
        let at = self.millis(now);
        let mut inner = self.inner();
        let index = inner.entries.len();
        let most = match what {
            What::Sip(_) | What::Key { .. } => MOST_WITH_MESSAGES,
            // These come once, and tell how it ended.
            What::Statistics(_) | What::Ended(_) => usize::MAX,
            _ => MOST_ENTRIES,
        };
        if index >= most {
            inner.not_kept = inner.not_kept.saturating_add(1);
            return None;
        }
        if index == inner.entries.capacity() {
            // Small steps while the journal is small: a held call stays within two of them.
            inner
                .entries
                .reserve_exact(if index < 30 { 6 } else { index / 2 });
        }
        inner.entries.push(Entry { at, what });
        Some(index)
    }

    /// Begins a transfer and gives its number.
    pub(crate) fn begin_transfer(&self, now: Instant, target: &str) -> u16 {
        let started = self.millis(now);
        let mut inner = self.inner();
        let number = u16::try_from(inner.transfers.len()).unwrap_or(u16::MAX);
        inner.transfers.push(TransferRecord {
            target: target.into(),
            started,
            notify_codes: Vec::new(),
            result: None,
            ended: None,
            amendment: None,
        });
        number
    }

    /// Keeps the status of a NOTIFY; says whether it was one of those that are kept.
    pub(crate) fn keep_status(&self, number: u16, status: u16) -> bool {
        let mut kept = false;
        self.change_transfer(number, |transfer| {
            kept = transfer.result.is_some() || transfer.notify_codes.len() < MOST_STATUSES;
            if kept && transfer.result.is_none() {
                transfer.notify_codes.push(status);
            }
        });
        kept
    }

    pub(crate) fn change_transfer(&self, number: u16, change: impl FnOnce(&mut TransferRecord)) {
        if let Some(transfer) = self.inner().transfers.get_mut(usize::from(number)) {
            change(transfer);
        }
    }

    /// A panic elsewhere cannot have left half an entry behind, so its mark is of no interest.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
