//! How many calls may run and begin: the limits of the configuration, which hold for all shards
//! together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// `limits` of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Calls that may run.
    pub(crate) calls: u64,
    /// Calls that may begin in a second; 0 is no limit.
    pub(crate) per_second: u32,
}

/// Which of the limits is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Calls,
    PerSecond,
}

/// The entrance of the process.
#[derive(Debug, Default)]
pub(crate) struct Entrance {
    /// Calls that were let in, ever.
    let_in: AtomicU64,
    bucket: Mutex<Bucket>,
}

/// A second's worth of calls.
#[derive(Debug, Default)]
struct Bucket {
    tokens: f64,
    filled: Option<Instant>,
}

impl Bucket {
    fn fill(&mut self, now: Instant, per_second: u32) -> bool {
        let most = f64::from(per_second);
        self.tokens = match self.filled {
            Some(before) => {
                let passed = now.saturating_duration_since(before).as_secs_f64();
                (self.tokens + passed * most).min(most)
            }
            None => most,
        };
        // Threads look at their clocks one after the other, and may come here in another order.
        self.filled = self.filled.max(Some(now));
        self.tokens >= 1.0
    }
}

impl Entrance {
    /// Whether one more call may begin now; `ended` is how many are over, ever.
    pub(crate) fn has_room(&self, now: Instant, limits: Limits, ended: u64) -> bool {
        let running = self.let_in.load(Ordering::Relaxed).saturating_sub(ended);
        let per_second = limits.per_second;
        running < limits.calls && (per_second == 0 || self.bucket().fill(now, per_second))
    }

    /// Lets a call in that begins now.
    ///
    /// # Errors
    /// The limit that does not allow it.
    pub(crate) fn enter(
        &self,
        now: Instant,
        limits: Limits,
        ended: u64,
    ) -> Result<Entering<'_>, Reached> {
        let has_place = |let_in: u64| let_in.saturating_sub(ended) < limits.calls;
        if !has_place(self.let_in.load(Ordering::Relaxed)) {
            return Err(Reached::Calls);
        }
        let mut bucket = (limits.per_second > 0).then(|| self.bucket());
        if let Some(bucket) = &mut bucket
            && !bucket.fill(now, limits.per_second)
        {
            return Err(Reached::PerSecond);
        }
        let one_more = |let_in| has_place(let_in).then_some(let_in + 1);
        self.let_in
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map_err(|_| Reached::Calls)?;
        if let Some(bucket) = &mut bucket {
            bucket.tokens -= 1.0;
        }
        Ok(Entering(self))
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is let in and has not begun yet. When this is dropped it never will.
#[derive(Debug)]
pub(crate) struct Entering<'a>(&'a Entrance);

impl Entering<'_> {
    /// The call runs now, and will count as over once.
    pub(crate) fn begun(self) {
        std::mem::forget(self);
    }
}

impl Drop for Entering<'_> {
    fn drop(&mut self) {
        self.0.let_in.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MANY: u64 = u64::MAX;

    fn limits(calls: u64, per_second: u32) -> Limits {
        Limits { calls, per_second }
    }

    #[test]
    fn a_second_lets_in_as_many_calls_as_configured() {
        let entrance = Entrance::default();
        let now = Instant::now();
        let let_in = |at: Instant| {
            let mut count = 0;
            while let Ok(entering) = entrance.enter(at, limits(MANY, 5), 0) {
                assert!(count < 100);
                entering.begun();
                count += 1;
            }
            assert!(!entrance.has_room(at, limits(MANY, 5), 0));
            count
        };
        assert_eq!(let_in(now), 5);
        assert_eq!(let_in(now), 0);
        assert_eq!(let_in(now + Duration::from_millis(450)), 2);
        assert_eq!(let_in(now), 0, "by the clock of a slower thread");
        assert_eq!(let_in(now + Duration::from_secs(60)), 5);
    }

    #[test]
    fn a_place_is_free_again_when_its_call_is_over_or_never_began() {
        let entrance = Entrance::default();
        let enter = |ended| entrance.enter(Instant::now(), limits(1, 0), ended);
        drop(enter(0).unwrap());
        enter(0).unwrap().begun();
        assert_eq!(enter(0).unwrap_err(), Reached::Calls);
        assert!(!entrance.has_room(Instant::now(), limits(1, 0), 0));
        enter(1).unwrap().begun();
        assert_eq!(enter(1).unwrap_err(), Reached::Calls);
    }

    #[test]
    fn shards_that_let_calls_in_at_once_stay_within_the_limits() {
        let entrance = Entrance::default();
        let now = Instant::now();
        for limits in [limits(10, 0), limits(20, 10), limits(20, 100)] {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..100 {
                            let entered = entrance.enter(now, limits, 0);
                            if let Ok(entering) = entered {
                                entering.begun();
                            }
                        }
                    });
                }
            });
            let most = entrance.let_in.load(Ordering::Relaxed);
            assert_eq!(most, limits.calls, "{limits:?}");
        }
    }
}
