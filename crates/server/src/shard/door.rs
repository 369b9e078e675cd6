//! Whether a shard takes new calls: overload, and the end of the day.

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

    /// Whether a call may come in now, as far as this shard is concerned.
    pub(crate) fn is_open(&self, now: Instant) -> bool {
        !self.draining.get() && !self.lags(now)
    }

    /// Whether the shard is so far behind the wire that new calls would only make it worse.
    pub(crate) fn lags(&self, now: Instant) -> bool {
        let since = self.behind_since.get();
        since.is_some_and(|since| now.saturating_duration_since(since) > MOST_LAG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_closes_at_the_end_of_the_day() {
        let door = Door::default();
        let now = Instant::now();
        assert!(door.is_open(now));
        door.close();
        assert!(!door.is_open(now));
    }

    #[test]
    fn lag_turns_calls_away_until_the_shard_has_caught_up() {
        let door = Door::default();
        let now = Instant::now();
        door.behind(now);
        assert!(door.is_open(now + Duration::from_millis(350)));
        door.behind(now + Duration::from_millis(350));
        assert!(!door.is_open(now + Duration::from_millis(450)));
        door.caught_up();
        assert!(door.is_open(now + Duration::from_millis(460)));
    }
}
