//! The state machine of one transfer.
//!
//! ```text
//!  begin ──► Referring ──2xx──► Accepted ──final NOTIFY, end of the subscription──► Ended
//!               │                  └────── limit, hang-up, redirect, lost transport ──►
//!               └── 3xx–6xx, no answer, hang-up, redirect, lost transport ────────────►
//! ```
//!
//! NOTIFYs count from the moment the REFER leaves (RFC 6665 §4.1.2.4). When they bring the outcome
//! before the response to REFER is there, that response is waited for: it may still be a refusal,
//! which then wins (§4.1.2.1). The peer's BYE is followed by a short wait as well, because
//! it may have overtaken the final NOTIFY.

use std::time::{Duration, Instant};

use crate::limits::{Limits, later};
use crate::notification::{
    LocalFailure, Notification, NotifyEffect, NotifyWarning, ReferAnswer, Subscription,
    SubscriptionState,
};
use crate::result::{Amendment, End, EndedBy, Outcome, TransferResult};
use crate::sipfrag::{self, Status};
use crate::verdict;

/// Statuses kept per transfer; a peer that sends more has only its latest kept at the end.
const MOST_STATUSES: usize = 64;

/// Code for a REFER that nobody answered (RFC 3261 §8.1.3.1).
const REQUEST_TIMEOUT: u16 = 408;

/// One blind transfer, from the REFER to its result.
///
/// Feed it with the `handle_*` methods, in the order in which things happen, then ask
/// [`poll_result`](Self::poll_result) and [`poll_amendment`](Self::poll_amendment), and call
/// [`handle_timeout`](Self::handle_timeout) when the instant of
/// [`poll_timeout`](Self::poll_timeout) has come. A limit that has passed is noticed by every
/// `handle_*` method first, so that a late timer does not turn a late NOTIFY into a timely one.
#[derive(Debug)]
pub struct Transfer {
    target: String,
    limits: Limits,
    started: Instant,
    state: State,
    answer: Option<(u16, String)>,
    notify_codes: Vec<u16>,
    latest_status: Option<Status>,
    latest_notify: Option<Instant>,
    subscription_expires: Option<Instant>,
    subscription_reason: Option<String>,
    news: News,
    peer_bye: Option<Instant>,
    result: Option<Box<TransferResult>>,
    late_notify_codes: Vec<u16>,
    amendment: Option<Box<Amendment>>,
}

/// Where the REFER stands.
#[derive(Debug)]
enum State {
    Referring,
    Accepted(Instant),
    Ended(Box<Ended>),
}

/// What is left to know once the result is out.
#[derive(Debug)]
struct Ended {
    verdict: String,
    outcome: Outcome,
    dialog_alive: bool,
}

/// What the NOTIFYs have said so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Awaited,
    Final(u16),
    SubscriptionOver,
}

/// What a deadline stands for.
#[derive(Debug, Clone, Copy)]
enum Due {
    NoAnswer,
    NoFinalNotify,
    SubscriptionExpiry,
    AfterBye,
}

impl Transfer {
    /// Starts with the REFER leaving now. `target` is kept for the result only.
    pub fn begin(now: Instant, target: impl Into<String>, limits: Limits) -> Self {
        Self {
            target: target.into(),
            limits,
            started: now,
            state: State::Referring,
            answer: None,
            notify_codes: Vec::new(),
            latest_status: None,
            latest_notify: None,
            subscription_expires: None,
            subscription_reason: None,
            news: News::Awaited,
            peer_bye: None,
            result: None,
            late_notify_codes: Vec::new(),
            amendment: None,
        }
    }

    /// Whether the result is there, fetched or not.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// The response to REFER, after any challenge was dealt with, or the news that none will come.
    /// Provisional responses are no result (RFC 3261 §17.1.2.2) and are ignored.
    pub fn handle_response(&mut self, now: Instant, answer: ReferAnswer) {
        self.handle_timeout(now);
        if !matches!(self.state, State::Referring) {
            return;
        }
        match answer.local {
            Some(LocalFailure::Timeout) => self.refer_unanswered(now),
            Some(LocalFailure::Transport) => self.handle_transport_lost(now),
            None if answer.code < 200 => {}
            None if answer.code < 300 => {
                self.answer = Some((answer.code, answer.reason));
                self.accepted(now, answer.refer_sub_false);
            }
            None => {
                self.answer = Some((answer.code, answer.reason));
                self.rejected(now, answer.code);
            }
        }
    }

    /// A NOTIFY of this transfer's subscription.
    pub fn handle_notify(&mut self, now: Instant, notify: Notification<'_>) -> NotifyEffect {
        self.handle_timeout(now);
        let reading = sipfrag::read(notify.content_type, notify.body);
        let warning = match &reading.status {
            Err(why) => Some(NotifyWarning::NoStatus(*why)),
            Ok(_) if !reading.declared => Some(NotifyWarning::ContentType(
                notify.content_type.map(sipfrag::printable),
            )),
            Ok(_) if notify.subscription.is_none() => Some(NotifyWarning::NoSubscriptionState),
            Ok(_) => None,
        };
        let status = reading.status.ok();
        if self.is_ended() || self.news != News::Awaited {
            self.note_late(status.as_ref());
            return NotifyEffect {
                progress: None,
                late: true,
                warning,
            };
        }
        self.latest_notify = Some(now);
        let progress = status.as_ref().map(|status| status.code);
        let given_up = progress == Some(487) && self.peer_bye.is_some();
        if given_up {
            // Who hangs up while the target rings cancels the new call, too: that is the hang-up's
            // echo and no news about the target.
            self.note_late(status.as_ref());
            self.end(now, End::LegHangup, EndedBy::PeerBye);
            return NotifyEffect {
                progress: None,
                late: true,
                warning,
            };
        }
        if let Some(status) = status {
            push_bounded(&mut self.notify_codes, status.code);
            if status.code >= 200 {
                self.news = News::Final(status.code);
            }
            self.latest_status = Some(status);
        }
        self.note_subscription(now, notify.subscription);
        self.end_if_told(now);
        NotifyEffect {
            progress,
            late: false,
            warning,
        }
    }

    /// The peer ended the call. Comes with or without a result, which stays one result.
    pub fn handle_peer_bye(&mut self, now: Instant) {
        self.handle_timeout(now);
        if self.peer_bye.is_some() {
            return;
        }
        self.peer_bye = Some(now);
        if let State::Ended(ended) = &self.state {
            if ended.outcome == Outcome::Unknown && ended.dialog_alive {
                self.amend();
            }
        } else if self.limits.after_bye.is_zero() {
            self.end_with_call(now, EndedBy::PeerBye);
        }
    }

    /// We end the call: by an API request, or because the server stops. Does not wait for anything.
    pub fn handle_local_hangup(&mut self, now: Instant) {
        self.handle_timeout(now);
        self.end_with_call(now, EndedBy::LocalHangup);
    }

    /// The dialog turned out to be gone: another request got 481, or the session expired.
    pub fn handle_dialog_gone(&mut self, now: Instant) {
        self.handle_timeout(now);
        self.end_with_call(now, EndedBy::Dialog);
    }

    /// The application replaced the running document.
    pub fn handle_superseded(&mut self, now: Instant) {
        self.handle_timeout(now);
        self.end(now, End::Superseded, EndedBy::Redirect);
    }

    /// The peer can no longer be reached on any transport. A lost connection that can be opened
    /// again is none of this machine's business (RFC 3261 §18.4).
    pub fn handle_transport_lost(&mut self, now: Instant) {
        self.handle_timeout(now);
        match self.news {
            News::Final(_) => self.end(now, End::Final, EndedBy::Notify),
            _ if self.peer_bye.is_some() => self.end(now, End::LegHangup, EndedBy::PeerBye),
            _ => self.end(now, End::TransportError, EndedBy::Transport),
        }
    }

    /// Acts on the limits that have passed by now.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some((at, due)) = self.deadline() else {
            return;
        };
        if now < at {
            return;
        }
        match due {
            Due::NoAnswer => self.refer_unanswered_at_last(now),
            Due::NoFinalNotify => self.end(now, End::Timeout, EndedBy::Timer),
            Due::SubscriptionExpiry => self.end(now, End::SubscriptionEnded, EndedBy::Timer),
            Due::AfterBye => self.end_with_call(now, EndedBy::PeerBye),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next; `None` once it has ended.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline().map(|(at, _)| at)
    }

    /// The result, once.
    pub fn poll_result(&mut self) -> Option<TransferResult> {
        self.result.take().map(|result| *result)
    }

    /// What became known since the result, or since this was last asked. Comes after the result.
    pub fn poll_amendment(&mut self) -> Option<Amendment> {
        self.amendment.take().map(|amendment| *amendment)
    }

    fn deadline(&self) -> Option<(Instant, Due)> {
        let total = later(self.started, self.limits.total);
        if let State::Ended(_) = self.state {
            return None;
        }
        if let Some(bye) = self.peer_bye {
            return Some((later(bye, self.limits.after_bye).min(total), Due::AfterBye));
        }
        let State::Accepted(accepted) = self.state else {
            return Some((total, Due::NoAnswer));
        };
        let notify_due = self
            .limits
            .next_notify_due(accepted, self.latest_notify)
            .min(total);
        match self.subscription_expires {
            Some(expiry) if expiry < notify_due => Some((expiry, Due::SubscriptionExpiry)),
            _ => Some((notify_due, Due::NoFinalNotify)),
        }
    }

    fn accepted(&mut self, now: Instant, refer_sub_false: bool) {
        self.state = State::Accepted(now);
        // Who sends NOTIFYs has a subscription, whatever Refer-Sub says.
        if refer_sub_false && self.latest_notify.is_none() {
            self.end(now, End::NoSubscription, EndedBy::Response);
        } else {
            self.end_if_told(now);
        }
    }

    fn rejected(&mut self, now: Instant, code: u16) {
        // 481 and 487 answer a REFER that crossed the BYE (RFC 3261 §15.1.2): it was the BYE.
        if self.peer_bye.is_some() && matches!(code, 481 | 487) {
            self.end(now, End::LegHangup, EndedBy::PeerBye);
        } else {
            self.end(now, End::Rejected, EndedBy::Response);
        }
    }

    /// The transaction has ended. NOTIFYs prove that the REFER arrived all the same: it counts as
    /// accepted then, only that nobody knows with which code.
    fn refer_unanswered(&mut self, now: Instant) {
        if self.latest_notify.is_some() {
            self.state = State::Accepted(now);
            self.end_if_told(now);
        } else if self.peer_bye.is_some() {
            self.end(now, End::LegHangup, EndedBy::PeerBye);
        } else {
            self.end(now, End::Rejected, EndedBy::Timer);
        }
    }

    fn refer_unanswered_at_last(&mut self, now: Instant) {
        self.refer_unanswered(now);
        self.end(now, End::Timeout, EndedBy::Timer);
    }

    fn note_subscription(&mut self, now: Instant, subscription: Option<Subscription<'_>>) {
        let Some(subscription) = subscription else {
            return;
        };
        if let Some(expires) = subscription.expires {
            self.subscription_expires = Some(later(now, Duration::from_secs(expires.into())));
        }
        if subscription.state == SubscriptionState::Terminated {
            self.subscription_reason = subscription.reason.map(sipfrag::printable);
            if self.news == News::Awaited {
                self.news = News::SubscriptionOver;
            }
        }
    }

    /// Ends the transfer if the NOTIFYs have told all they will, and the REFER was accepted.
    fn end_if_told(&mut self, now: Instant) {
        if !matches!(self.state, State::Accepted(_)) {
            return;
        }
        match self.news {
            News::Awaited => {}
            News::Final(_) => self.end(now, End::Final, EndedBy::Notify),
            News::SubscriptionOver if self.peer_bye.is_some() => {
                self.end(now, End::LegHangup, EndedBy::PeerBye);
            }
            News::SubscriptionOver => self.end(now, End::SubscriptionEnded, EndedBy::Notify),
        }
    }

    /// The call is over: a final NOTIFY seen before counts, else the call took the transfer along.
    fn end_with_call(&mut self, now: Instant, ended_by: EndedBy) {
        let ended_by = if self.peer_bye.is_some() {
            EndedBy::PeerBye
        } else {
            ended_by
        };
        if let News::Final(_) = self.news {
            self.finish(now, End::Final, EndedBy::Notify, false);
        } else {
            self.finish(now, End::LegHangup, ended_by, false);
        }
    }

    fn end(&mut self, now: Instant, end: End, ended_by: EndedBy) {
        let refused_as_unknown =
            end == End::Rejected && self.answer.as_ref().is_some_and(|(code, _)| *code == 481);
        let alive = self.peer_bye.is_none() && !refused_as_unknown;
        self.finish(now, end, ended_by, alive);
    }

    /// The one place where a result is made.
    fn finish(&mut self, now: Instant, end: End, ended_by: EndedBy, dialog_alive: bool) {
        let accepted = match self.state {
            State::Ended(_) => return,
            State::Accepted(at) => Some(at),
            State::Referring => None,
        };
        let answer = self.answer.take();
        let answered = answer.is_some();
        let (refer_code, refer_reason) = match answer {
            Some((code, reason)) => (Some(code), sipfrag::printable(&reason)),
            None if end == End::Rejected => (Some(REQUEST_TIMEOUT), String::new()),
            None => (None, String::new()),
        };
        let final_notify_code = match self.news {
            News::Final(code) if end != End::Rejected => Some(code),
            _ => None,
        };
        let status = self.latest_status.take();
        let mut result = TransferResult {
            target: std::mem::take(&mut self.target),
            refer_code,
            refer_reason,
            answered,
            notify_codes: std::mem::take(&mut self.notify_codes),
            last_notify_code: status.as_ref().map(|status| status.code),
            final_notify_code,
            notify_reason: status
                .as_ref()
                .map(|s| s.reason.clone())
                .unwrap_or_default(),
            reason_header: status.and_then(|status| status.reason_header),
            subscription_reason: self.subscription_reason.take(),
            end,
            outcome: outcome(end, final_notify_code, accepted.is_some()),
            ended_by,
            dialog_alive,
            verdict: String::new(),
            started: self.started,
            accepted,
            ended: now,
        };
        result.verdict = verdict::of(&result);
        self.state = State::Ended(Box::new(Ended {
            verdict: result.verdict.clone(),
            outcome: result.outcome,
            dialog_alive,
        }));
        self.result = Some(Box::new(result));
        if !self.late_notify_codes.is_empty() {
            self.amend();
        }
    }

    fn note_late(&mut self, status: Option<&Status>) {
        if let Some(status) = status {
            push_bounded(&mut self.late_notify_codes, status.code);
            self.amend();
        }
    }

    fn amend(&mut self) {
        if let State::Ended(ended) = &self.state {
            let hung_up_later =
                ended.outcome == Outcome::Unknown && ended.dialog_alive && self.peer_bye.is_some();
            self.amendment = Some(Box::new(Amendment {
                verdict: verdict::amended(
                    &ended.verdict,
                    ended.outcome,
                    &self.late_notify_codes,
                    hung_up_later,
                ),
                late_notify_codes: self.late_notify_codes.clone(),
            }));
        }
    }
}

fn outcome(end: End, final_notify_code: Option<u16>, accepted: bool) -> Outcome {
    match (end, final_notify_code) {
        (End::Final | End::Superseded, Some(code)) => Outcome::of_final_notify(code),
        (End::Final | End::Timeout | End::SubscriptionEnded | End::NoSubscription, _) => {
            Outcome::Unknown
        }
        (End::LegHangup | End::Superseded, _) => Outcome::Canceled,
        (End::TransportError, _) if accepted => Outcome::Unknown,
        (End::Rejected | End::NotApplicable | End::TransportError, _) => Outcome::Failed,
    }
}

fn push_bounded(codes: &mut Vec<u16>, code: u16) {
    if codes.len() == MOST_STATUSES {
        codes.pop();
    }
    codes.push(code);
}
