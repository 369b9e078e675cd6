//! The refer subscription as the transferee sees it (RFC 3515): made by the peer's REFER, and
//! ours to report on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::event::IncomingReferId;
use crate::timer::TimerId;
use crate::transaction::TransactionId;
use crate::{Request, reason_phrase};

/// How far a REFER of the peer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not answered.
    Asked,
    /// Accepted: NOTIFYs may be sent.
    Active,
    /// The last NOTIFY is under way, or the peer wants no more.
    Over,
}

/// One REFER of the peer.
#[derive(Debug)]
pub(crate) struct Notifier {
    pub(crate) id: IncomingReferId,
    pub(crate) sequence: u32,
    pub(crate) stage: Stage,
    /// The REFER, until it is answered.
    pub(crate) asked: Option<(TransactionId, Arc<Request>)>,
    /// The time for an answer, then for the whole subscription.
    pub(crate) timer: Option<TimerId>,
    /// The peer asked for no subscription (RFC 4488).
    pub(crate) silent: bool,
    // NOTIFYs go one after the other, so that no later one overtakes.
    in_flight: bool,
    waiting: VecDeque<Report>,
}

/// What one NOTIFY says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) last: bool,
}

impl Report {
    /// The message/sipfrag body: a status line and nothing that would tell more than needed.
    pub(crate) fn body(&self) -> String {
        let reason = match self.reason.is_empty() {
            true => reason_phrase(self.status),
            false => &self.reason,
        };
        format!("SIP/2.0 {} {reason}\r\n", self.status)
    }

    /// The Subscription-State value.
    pub(crate) fn state(&self, expires: Duration) -> String {
        match self.last {
            true => "terminated;reason=noresource".to_owned(),
            false => format!("active;expires={}", expires.as_secs().max(1)),
        }
    }
}

impl Notifier {
    pub(crate) fn new(id: IncomingReferId, sequence: u32) -> Notifier {
        Notifier {
            id,
            sequence,
            stage: Stage::Asked,
            asked: None,
            timer: None,
            silent: false,
            in_flight: false,
            waiting: VecDeque::new(),
        }
    }

    /// The Event value; the `id` is mandatory from a dialog's second REFER on and harmless before.
    pub(crate) fn event(&self) -> String {
        format!("refer;id={}", self.sequence)
    }

    /// Something is to be reported; gives it back when it can be sent now.
    pub(crate) fn report(&mut self, report: Report) -> Option<Report> {
        if self.stage != Stage::Active {
            return None;
        }
        if report.last {
            self.stage = Stage::Over;
            // What has not been said yet is overtaken by the outcome.
            self.waiting.clear();
        }
        if self.silent {
            return None;
        }
        self.waiting.push_back(report);
        self.next()
    }

    /// The NOTIFY under way was answered; gives back the next one to send.
    pub(crate) fn answered(&mut self, subscription_goes_on: bool) -> Option<Report> {
        self.in_flight = false;
        if !subscription_goes_on {
            self.stage = Stage::Over;
            self.waiting.clear();
        }
        self.next()
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.stage == Stage::Over && !self.in_flight && self.waiting.is_empty()
    }

    fn next(&mut self) -> Option<Report> {
        if self.in_flight {
            return None;
        }
        let report = self.waiting.pop_front()?;
        self.in_flight = true;
        Some(report)
    }
}

/// Whether a subscription goes on after its NOTIFY was answered so (RFC 6665 section 4.2.2).
pub(crate) fn survives(status: u16) -> bool {
    !matches!(
        status,
        404 | 405 | 408 | 410 | 416 | 480..=485 | 489 | 501 | 604
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: u16, last: bool) -> Report {
        Report {
            status,
            reason: String::new(),
            last,
        }
    }

    fn active() -> Notifier {
        let mut notifier = Notifier::new(IncomingReferId(1), 7);
        notifier.stage = Stage::Active;
        notifier
    }

    #[test]
    fn c105_the_first_report_is_a_status_line_with_line_end() {
        let first = report(100, false);
        assert_eq!(first.body(), "SIP/2.0 100 Trying\r\n");
        assert_eq!(first.state(Duration::from_secs(60)), "active;expires=60");
        assert_eq!(
            report(486, true).state(Duration::ZERO),
            "terminated;reason=noresource"
        );
    }

    #[test]
    fn reports_wait_for_each_other_and_the_outcome_overtakes_what_waits() {
        let mut notifier = active();
        assert!(notifier.report(report(100, false)).is_some());
        assert_eq!(notifier.report(report(180, false)), None);
        assert_eq!(notifier.report(report(200, true)), None);
        assert_eq!(notifier.answered(true), Some(report(200, true)));
        assert!(!notifier.is_done());
        assert_eq!(notifier.answered(true), None);
        assert!(notifier.is_done());
    }

    #[test]
    fn c109_a_notify_answered_481_ends_the_subscription() {
        let mut notifier = active();
        notifier.report(report(100, false));
        notifier.report(report(180, false));
        assert!(!survives(481) && survives(500));
        assert_eq!(notifier.answered(survives(481)), None);
        assert!(notifier.is_done());
    }
}
