//! How long a transfer may take: three limits, set per dialect by configuration.

use std::time::{Duration, Instant};

/// The time limits of one transfer.
///
/// An unanswered REFER is not limited here: timer F of its SIP transaction (RFC 3261 §17.1.2) ends
/// it, and [`total`](Self::total) is the last resort should that never be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the 2xx to the first NOTIFY. Without [`gap`](Self::gap): from the 2xx to the final one.
    pub first_notify: Duration,
    /// From one NOTIFY to the next. `None`: NOTIFYs do not extend the wait, `first_notify` counts
    /// for the final one.
    pub gap: Option<Duration>,
    /// From REFER to the result, whatever else happens.
    pub total: Duration,
    /// How long after the peer's BYE a NOTIFY or a response to REFER still counts. On UDP the three
    /// may overtake each other. The call is over by then, so nobody waits for this. Zero gives the
    /// result with the BYE.
    pub after_bye: Duration,
}

impl Limits {
    /// Enough for datagrams of one burst to overtake each other, below one retransmission.
    pub const AFTER_BYE: Duration = Duration::from_millis(100);

    /// The final NOTIFY must come within `wait` of the 2xx, and news do not extend that: the rule
    /// of BXML (30 s).
    pub const fn from_acceptance(wait: Duration, total: Duration) -> Self {
        Self {
            first_notify: wait,
            gap: None,
            total,
            after_bye: Self::AFTER_BYE,
        }
    }

    /// The final NOTIFY must come within `wait` of the 2xx or of the latest NOTIFY, whichever is
    /// later, so that a phone that rings for long is not called a failure.
    pub const fn from_latest_news(wait: Duration, total: Duration) -> Self {
        Self {
            first_notify: wait,
            gap: Some(wait),
            total,
            after_bye: Self::AFTER_BYE,
        }
    }

    /// The same limits with another wait after the peer's BYE.
    pub const fn with_after_bye(self, after_bye: Duration) -> Self {
        Self { after_bye, ..self }
    }

    /// When waiting for the next NOTIFY ends, once the REFER was accepted.
    pub(crate) fn next_notify_due(
        &self,
        accepted: Instant,
        latest_notify: Option<Instant>,
    ) -> Instant {
        match (self.gap, latest_notify) {
            (Some(gap), Some(latest)) if latest > accepted => later(latest, gap),
            _ => later(accepted, self.first_notify),
        }
    }
}

/// `at` plus `wait`; a wait too long for the clock is as good as thirty years.
pub(crate) fn later(at: Instant, wait: Duration) -> Instant {
    const LONG: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    at + wait.min(LONG)
}
