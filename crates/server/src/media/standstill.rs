//! Moments at which audio was late, and who held it up: this thread, which had too much to do, or
//! the machine, which did not let it run.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use super::leg::Tally;

/// The least that is told.
const SHORTEST: Duration = Duration::from_millis(20);
/// The most often that one is written into the log.
const SELDOM: Duration = Duration::from_secs(1);

/// Processor time of this thread.
fn processor() -> Duration {
    // A system call for each slot, not for each packet.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Looks after the time of a thread between its slots.
#[derive(Debug)]
pub(super) struct Standstills {
    /// When it was to go on after it last had nothing to do, and its processor time before.
    rested: Option<(Instant, Duration)>,
    /// The one that goes on has been told.
    told: bool,
    logged: Option<Instant>,
}

impl Standstills {
    pub(super) fn new() -> Standstills {
        Standstills {
            rested: None,
            told: false,
            logged: None,
        }
    }

    /// The thread has nothing to do before the next slot, which is due at this time.
    pub(super) fn rest(&mut self, due: Instant) {
        self.rested = Some((due, processor()));
        self.told = false;
    }

    /// A slot begins, so far behind its time.
    pub(super) fn look(&mut self, now: Instant, behind: Duration, tally: &Tally) {
        if behind < SHORTEST {
            return;
        }
        tally
            .longest_delay
            .set(tally.longest_delay.get().max(behind));
        let Some((since, before)) = self.rested.filter(|_| !self.told) else {
            return;
        };
        self.told = true;
        let busy = processor().saturating_sub(before);
        let within = now.saturating_duration_since(since);
        let by_us = busy >= within / 2;
        Tally::count(
            match by_us {
                true => &tally.standstills_busy,
                false => &tally.standstills_not_run,
            },
            1,
        );
        let is_due = |at| now.saturating_duration_since(at) >= SELDOM;
        if self.logged.is_none_or(is_due) {
            self.logged = Some(now);
            let (behind, busy) = (behind.as_millis(), busy.as_millis());
            let within = within.as_millis();
            match by_us {
                true => tracing::info!(
                    "audio is {behind} ms late: this thread has worked for {busy} of the last \
                     {within} ms; more shards or fewer calls would help"
                ),
                false => tracing::info!(
                    "audio is {behind} ms late: the machine let this thread work for {busy} of \
                     the last {within} ms only; look for other programs and stolen time"
                ),
            }
        }
    }
}
