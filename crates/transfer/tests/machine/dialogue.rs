//! A transfer whose clock is moved by hand, and the words in which the tests speak.

use std::time::{Duration, Instant};

use hookflash_transfer::{
    Amendment, Limits, LocalFailure, Notification, NotifyEffect, ReferAnswer, Subscription,
    SubscriptionState, Transfer, TransferResult,
};

pub(crate) const TOTAL: Duration = Duration::from_secs(300);

pub(crate) fn patient() -> Limits {
    Limits::from_latest_news(Duration::from_secs(120), TOTAL)
}

/// BXML's rule.
pub(crate) fn strict() -> Limits {
    Limits::from_acceptance(Duration::from_secs(30), TOTAL)
}

pub(crate) struct Dialogue {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) transfer: Transfer,
    results: Vec<TransferResult>,
    amendments: Vec<Amendment>,
}

/// We send REFER.
pub(crate) fn refer() -> Dialogue {
    refer_within(patient())
}

pub(crate) fn refer_within(limits: Limits) -> Dialogue {
    let start = Instant::now();
    Dialogue {
        start,
        now: start,
        transfer: Transfer::begin(start, "sip:alice@example.com", limits),
        results: Vec::new(),
        amendments: Vec::new(),
    }
}

/// A REFER that was answered 202.
pub(crate) fn accepted() -> Dialogue {
    refer().answers(202, "Accepted")
}

impl Dialogue {
    pub(crate) fn answers(mut self, code: u16, reason: &str) -> Self {
        self.transfer
            .handle_response(self.now, ReferAnswer::response(code, reason));
        self.looked()
    }

    pub(crate) fn answers_refer_sub_false(mut self) -> Self {
        let answer = ReferAnswer {
            refer_sub_false: true,
            ..ReferAnswer::response(202, "Accepted")
        };
        self.transfer.handle_response(self.now, answer);
        self.looked()
    }

    pub(crate) fn never_answers(mut self) -> Self {
        self.transfer
            .handle_response(self.now, ReferAnswer::failure(LocalFailure::Timeout));
        self.looked()
    }

    pub(crate) fn cannot_be_sent(mut self) -> Self {
        self.transfer
            .handle_response(self.now, ReferAnswer::failure(LocalFailure::Transport));
        self.looked()
    }

    /// A NOTIFY with a status line and the value of its Subscription-State.
    pub(crate) fn notifies(mut self, status_line: &str, subscription: &str) -> Self {
        self.notify(status_line, subscription);
        self.looked()
    }

    pub(crate) fn notify(&mut self, status_line: &str, subscription: &str) -> NotifyEffect {
        let body = format!("{status_line}\r\n");
        let effect = self.transfer.handle_notify(
            self.now,
            Notification {
                content_type: Some("message/sipfrag;version=2.0"),
                body: if status_line.is_empty() {
                    b""
                } else {
                    body.as_bytes()
                },
                subscription: subscription_state(subscription),
            },
        );
        self.look();
        effect
    }

    pub(crate) fn hangs_up(mut self) -> Self {
        self.transfer.handle_peer_bye(self.now);
        self.looked()
    }

    pub(crate) fn we_hang_up(mut self) -> Self {
        self.transfer.handle_local_hangup(self.now);
        self.looked()
    }

    pub(crate) fn dialog_is_gone(mut self) -> Self {
        self.transfer.handle_dialog_gone(self.now);
        self.looked()
    }

    pub(crate) fn we_redirect(mut self) -> Self {
        self.transfer.handle_superseded(self.now);
        self.looked()
    }

    pub(crate) fn transport_breaks(mut self) -> Self {
        self.transfer.handle_transport_lost(self.now);
        self.looked()
    }

    /// Time passes, and every timer fires at its instant.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        let until = self.now + wait;
        while let Some(due) = self.transfer.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.transfer.handle_timeout(self.now);
            assert_ne!(
                self.transfer.poll_timeout(),
                Some(due),
                "a timer that fires for ever"
            );
            self.look();
        }
        self.now = until;
        self
    }

    pub(crate) fn after_secs(self, secs: u64) -> Self {
        self.after(Duration::from_secs(secs))
    }

    pub(crate) fn after_ms(self, ms: u64) -> Self {
        self.after(Duration::from_millis(ms))
    }

    /// Time passes, and our timers are late.
    pub(crate) fn after_without_timers(mut self, wait: Duration) -> Self {
        self.now += wait;
        self
    }

    pub(crate) fn is_open(&self) -> bool {
        assert_eq!(self.transfer.is_ended(), !self.results.is_empty());
        self.results.is_empty()
    }

    /// The result, of which there is exactly one.
    pub(crate) fn result(&self) -> &TransferResult {
        assert_eq!(self.results.len(), 1, "exactly one result");
        assert_eq!(
            self.transfer.poll_timeout(),
            None,
            "no timer after the result"
        );
        &self.results[0]
    }

    /// The latest state of what came after the result.
    pub(crate) fn amendment(&self) -> Option<&Amendment> {
        self.amendments.last()
    }

    fn looked(mut self) -> Self {
        self.look();
        self
    }

    fn look(&mut self) {
        self.results.extend(self.transfer.poll_result());
        self.amendments.extend(self.transfer.poll_amendment());
    }
}

fn subscription_state(value: &str) -> Option<Subscription<'_>> {
    let mut parts = value.split(';');
    let word = parts.next().filter(|word| !word.is_empty())?;
    let mut subscription = Subscription {
        state: SubscriptionState::from_word(word),
        reason: None,
        expires: None,
    };
    for part in parts {
        match part.split_once('=') {
            Some(("reason", reason)) => subscription.reason = Some(reason),
            Some(("expires", seconds)) => subscription.expires = seconds.parse().ok(),
            _ => {}
        }
    }
    Some(subscription)
}
