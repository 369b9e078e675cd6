//! Whether new calls are taken: limits, overload, and the end of the day.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How far the shard may be behind the wire before it turns new calls away. Below the first
/// retransmission (T1), so that what waits in the sockets is still worth an answer; not far below,
/// so that a machine which merely stutters refuses nobody.
const MOST_LAG: Duration = Duration::from_millis(400);

/// The door of one shard.
#[derive(Debug, Default)]
pub(crate) struct Door {
    draining: Cell<bool>,
    /// Since when the shard has not been seen without work.
    behind_since: Cell<Option<Instant>>,
    /// Calls that may still come in, and when that was last filled up.
    tokens: Cell<f64>,
    filled: Cell<Option<Instant>>,
}

impl Door {
    /// Takes no new calls any more.
    pub(crate) fn close(&self) {
        self.draining.set(true);
    }

    /// Whether it takes no new calls any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.draining.get()
    }

    /// Everything that had arrived was dealt with.
    pub(crate) fn caught_up(&self) {
        self.behind_since.set(None);
    }

    /// More waits. `since` is when the oldest of it arrived, as far as that is known.
    pub(crate) fn behind(&self, since: Instant) {
        let earliest = self
            .behind_since
            .get()
            .map_or(since, |known| known.min(since));
        self.behind_since.set(Some(earliest));
    }

    /// Whether a call may come in now. `rate` is this shard's share of the calls per second,
    /// zero for no limit.
    pub(crate) fn is_open(&self, now: Instant, live: u64, most: u64, rate: f64) -> bool {
        if self.draining.get() || self.lags(now) {
            return false;
        }
        self.has_room(now, live, most, rate)
    }

    /// Whether the shard is so far behind the wire that new calls would only make it worse.
    pub(crate) fn lags(&self, now: Instant) -> bool {
        let since = self.behind_since.get();
        since.is_some_and(|since| now.saturating_duration_since(since) > MOST_LAG)
    }

    /// Whether the limits allow one more call.
    pub(crate) fn has_room(&self, now: Instant, live: u64, most: u64, rate: f64) -> bool {
        live < most && (rate <= 0.0 || self.fill(now, rate) >= 1.0)
    }

    /// A call came in.
    pub(crate) fn passed(&self) {
        self.tokens.set((self.tokens.get() - 1.0).max(0.0));
    }

    /// A bucket of one second's worth of calls.
    fn fill(&self, now: Instant, rate: f64) -> f64 {
        let most = rate.max(1.0);
        let tokens = match self.filled.get() {
            Some(before) => {
                let passed = now.saturating_duration_since(before).as_secs_f64();
                (self.tokens.get() + passed * rate).min(most)
            }
            None => most,
        };
        self.filled.set(Some(now));
        self.tokens.set(tokens);
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_closes_at_the_limit_of_calls_and_at_the_end_of_the_day() {
        let door = Door::default();
        let now = Instant::now();
        assert!(door.is_open(now, 9, 10, 0.0));
        assert!(!door.is_open(now, 10, 10, 0.0));
        door.close();
        assert!(!door.is_open(now, 0, 10, 0.0));
    }

    #[test]
    fn a_second_lets_in_as_many_calls_as_configured() {
        let door = Door::default();
        let now = Instant::now();
        let let_in = |at: Instant| {
            let mut count = 0;
            while door.is_open(at, 0, 10, 5.0) {
                door.passed();
                count += 1;
            }
            count
        };
        assert_eq!(let_in(now), 5);
        assert_eq!(let_in(now), 0);
        assert_eq!(let_in(now + Duration::from_millis(450)), 2);
        assert_eq!(let_in(now + Duration::from_secs(60)), 5);
    }

    #[test]
    fn lag_turns_calls_away_until_the_shard_has_caught_up() {
        let door = Door::default();
        let now = Instant::now();
        door.behind(now);
        assert!(door.is_open(now + Duration::from_millis(350), 0, 10, 0.0));
        door.behind(now + Duration::from_millis(350));
        assert!(!door.is_open(now + Duration::from_millis(450), 0, 10, 0.0));
        door.caught_up();
        assert!(door.is_open(now + Duration::from_millis(460), 0, 10, 0.0));
    }
}
