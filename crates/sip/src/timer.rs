//! Timers by the thousand: one queue per fixed duration, so that starting, stopping and firing
//! cost the same however many run.
//!
//! Timers of one duration expire in the order in which they were started, so each queue is sorted
//! by itself. The few durations that are not fixed (random delays, intervals a peer asked for)
//! share a heap.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Names a running timer; harmless once it has fired or was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerId {
    slot: u32,
    generation: NonZeroU32,
}

struct Slot<K> {
    generation: NonZeroU32,
    queue: usize,
    // `None` once stopped; the queue entry follows when it reaches the front.
    key: Option<K>,
}

/// All timers of an endpoint. `K` says what to do when one fires.
pub(crate) struct Timers<K> {
    fixed: Vec<(Duration, VecDeque<(Instant, u32)>)>,
    other: BinaryHeap<Reverse<(Instant, u32)>>,
    slots: Vec<Slot<K>>,
    free: Vec<u32>,
    running: usize,
}

const OTHER: usize = usize::MAX;

impl<K> Timers<K> {
    /// Timers with a queue for each of these durations.
    pub(crate) fn new(durations: impl IntoIterator<Item = Duration>) -> Timers<K> {
        let mut fixed: Vec<(Duration, VecDeque<_>)> = Vec::new();
        for duration in durations {
            if !fixed.iter().any(|(known, _)| *known == duration) {
                fixed.push((duration, VecDeque::new()));
            }
        }
        Timers {
            fixed,
            other: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            running: 0,
        }
    }

    /// Starts a timer.
    pub(crate) fn start(&mut self, now: Instant, after: Duration, key: K) -> TimerId {
        let queue = self
            .fixed
            .iter()
            .position(|(known, _)| *known == after)
            .unwrap_or(OTHER);
        let id = self.occupy(queue, key);
        let deadline = now + after;
        match self.fixed.get_mut(queue) {
            Some((_, entries)) => {
                // A caller whose clock goes backwards must not break the order.
                let deadline = entries
                    .back()
                    .map_or(deadline, |(last, _)| deadline.max(*last));
                entries.push_back((deadline, id.slot));
            }
            None => self.other.push(Reverse((deadline, id.slot))),
        }
        self.running += 1;
        id
    }

    /// Stops a timer if it still runs.
    pub(crate) fn stop(&mut self, id: TimerId) {
        let Some(slot) = self.slots.get_mut(id.slot as usize) else {
            return;
        };
        if slot.generation != id.generation || slot.key.take().is_none() {
            return;
        }
        let queue = slot.queue;
        self.running -= 1;
        self.prune(queue);
    }

    /// When the next timer fires.
    pub(crate) fn next(&self) -> Option<Instant> {
        let fixed = self.fixed.iter().filter_map(|(_, entries)| entries.front());
        let other = self.other.peek().map(|Reverse(entry)| entry);
        fixed.chain(other).map(|(deadline, _)| *deadline).min()
    }

    /// Takes the earliest timer that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<K> {
        let deadline = self.next().filter(|deadline| *deadline <= now)?;
        let due = |entry: Option<&(Instant, u32)>| entry.is_some_and(|(at, _)| *at == deadline);
        let queue = self
            .fixed
            .iter()
            .position(|(_, entries)| due(entries.front()));
        let slot = match queue.and_then(|queue| self.fixed.get_mut(queue)) {
            Some((_, entries)) => entries.pop_front()?.1,
            None => self.other.pop()?.0.1,
        };
        let key = self.vacate(slot);
        self.running -= 1;
        self.prune(queue.unwrap_or(OTHER));
        key
    }

    /// The number of running timers.
    pub(crate) fn len(&self) -> usize {
        self.running
    }

    /// Removes stopped timers from the front, so that `next` never names a stopped one.
    fn prune(&mut self, queue: usize) {
        loop {
            let front = match self.fixed.get(queue) {
                Some((_, entries)) => entries.front().copied(),
                None => self.other.peek().map(|Reverse(entry)| *entry),
            };
            let Some((_, slot)) = front else { return };
            if self
                .slots
                .get(slot as usize)
                .is_some_and(|slot| slot.key.is_some())
            {
                return;
            }
            match self.fixed.get_mut(queue) {
                Some((_, entries)) => drop(entries.pop_front()),
                None => drop(self.other.pop()),
            }
            self.vacate(slot);
        }
    }

    fn occupy(&mut self, queue: usize, key: K) -> TimerId {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            slot.queue = queue;
            slot.key = Some(key);
            return TimerId {
                slot: index,
                generation: slot.generation,
            };
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot {
            generation: NonZeroU32::MIN,
            queue,
            key: Some(key),
        });
        TimerId {
            slot: index,
            generation: NonZeroU32::MIN,
        }
    }

    fn vacate(&mut self, index: u32) -> Option<K> {
        let slot = self.slots.get_mut(index as usize)?;
        slot.generation = slot.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.free.push(index);
        slot.key.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn timers_of_all_durations_fire_in_order_of_their_deadlines() {
        let start = Instant::now();
        let mut timers = Timers::new([SECOND, SECOND * 4]);
        timers.start(start, SECOND * 4, "four");
        timers.start(start, SECOND * 3, "three");
        timers.start(start, SECOND, "one");
        timers.start(start + SECOND, SECOND, "two");
        assert_eq!(timers.next(), Some(start + SECOND));
        assert_eq!(timers.pop(start), None);
        let late = start + SECOND * 9;
        let order: Vec<_> = std::iter::from_fn(|| timers.pop(late)).collect();
        assert_eq!(order, ["one", "two", "three", "four"]);
        assert_eq!((timers.len(), timers.next()), (0, None));
    }

    #[test]
    fn a_stopped_timer_never_fires_and_is_not_waited_for() {
        let start = Instant::now();
        let mut timers = Timers::new([SECOND]);
        let first = timers.start(start, SECOND, 1);
        let odd = timers.start(start, SECOND / 3, 2);
        timers.start(start + SECOND, SECOND, 3);
        timers.stop(first);
        timers.stop(odd);
        timers.stop(first);
        assert_eq!((timers.len(), timers.next()), (1, Some(start + SECOND * 2)));
        assert_eq!(timers.pop(start + SECOND * 2), Some(3));
    }

    #[test]
    fn an_old_id_does_not_stop_a_timer_that_took_its_place() {
        let start = Instant::now();
        let mut timers = Timers::new([SECOND]);
        let old = timers.start(start, SECOND, "old");
        assert_eq!(timers.pop(start + SECOND), Some("old"));
        timers.start(start, SECOND, "new");
        timers.stop(old);
        assert_eq!(timers.len(), 1);
    }
}
