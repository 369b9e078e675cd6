//! What came of a transfer: the raw facts as seen on the wire, for dialects and views to project.

use std::time::Instant;

use crate::not_applicable::NotApplicable;
use crate::verdict;

/// How a transfer came to its end. The words are those of the transfer object in our own view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// A NOTIFY brought a final status.
    Final,
    /// The REFER got a final response of 300 or above, or none at all.
    Rejected,
    /// Accepted, but the final NOTIFY did not come in time.
    Timeout,
    /// The subscription ended or expired without a final status (RFC 6665 §4.1.3).
    SubscriptionEnded,
    /// The call ended first.
    LegHangup,
    /// The 2xx said `Refer-Sub: false`: there will be no NOTIFY (RFC 4488 §4).
    NoSubscription,
    /// No REFER was sent.
    NotApplicable,
    /// The REFER or the dialog was lost with its transport.
    TransportError,
    /// The application replaced the running document; no callback is owed.
    Superseded,
}

impl End {
    /// The word of our own view (`end`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::SubscriptionEnded => "subscription_ended",
            Self::LegHangup => "leg_hangup",
            Self::NoSubscription => "no_subscription",
            Self::NotApplicable => "not_applicable",
            Self::TransportError => "transport_error",
            Self::Superseded => "superseded",
        }
    }
}

/// Whether the caller reached the target, as far as anybody told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The far end reported a 2xx for the new call. Nothing else is success.
    Succeeded,
    /// The REFER was refused or never sent, or the new call failed.
    Failed,
    /// Accepted, and then no word about the end.
    Unknown,
    /// The call or the verb ended while the transfer was under way.
    Canceled,
}

impl Outcome {
    /// The word of our own view (`outcome`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Canceled => "canceled",
        }
    }

    /// What a final status in a NOTIFY says about the new call (RFC 3515 §2.4.5).
    pub(crate) const fn of_final_notify(code: u16) -> Self {
        if code < 300 {
            Self::Succeeded
        } else {
            Self::Failed
        }
    }
}

/// Who or what brought the result about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndedBy {
    /// A NOTIFY.
    Notify,
    /// The response to REFER.
    Response,
    /// A limit or the expiry of the subscription.
    Timer,
    /// The peer's BYE.
    PeerBye,
    /// Our own hang-up: asked for through an API, or because the server stops.
    LocalHangup,
    /// The application, by replacing the document.
    Redirect,
    /// The transport.
    Transport,
    /// The dialog, which turned out to be gone.
    Dialog,
    /// This server, which sent no REFER.
    Server,
}

impl EndedBy {
    /// The word of our own view (`endedBy`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Response => "response",
            Self::Timer => "timer",
            Self::PeerBye => "peer_bye",
            Self::LocalHangup => "local_hangup",
            Self::Redirect => "redirect",
            Self::Transport => "transport",
            Self::Dialog => "dialog",
            Self::Server => "server",
        }
    }
}

/// What became known after the result: it changes our own view of the transfer, never the result
/// itself and what the application was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The verdict, with what came later added to it.
    pub verdict: String,
    /// Statuses of all NOTIFYs that came after the outcome was settled (`lateNotifyStatuses`).
    pub late_notify_codes: Vec<u16>,
}

/// The one result of a transfer.
///
/// Codes are those of the wire, with one exception: a REFER that nobody answered has the code 408,
/// made locally ([`answered`](Self::answered) is false then). Holds the target and words of the
/// far end, so keep it out of logs, or mask it; the [`verdict`](Self::verdict), too, quotes the far
/// end's words and a target that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferResult {
    /// The target as it was sent, or as the application gave it when nothing was sent.
    pub target: String,
    /// Final status of the REFER; `None` when none came and none is made up.
    pub refer_code: Option<u16>,
    /// Reason phrase of that response; empty when there was none.
    pub refer_reason: String,
    /// Whether the far end gave a final response to the REFER.
    pub answered: bool,
    /// Every status that NOTIFYs brought up to the result, in order, the final one last.
    pub notify_codes: Vec<u16>,
    /// The last of them.
    pub last_notify_code: Option<u16>,
    /// The first of them that was final, 200 or above. `None` when the REFER was refused after all:
    /// that drops the subscription and its word (RFC 6665 §4.1.2.1).
    pub final_notify_code: Option<u16>,
    /// Reason phrase that came with the last status; empty when there was none.
    pub notify_reason: String,
    /// Reason header field inside that fragment (RFC 3326), as received.
    pub reason_header: Option<String>,
    /// The `reason` of `Subscription-State: terminated`.
    pub subscription_reason: Option<String>,
    /// How it ended.
    pub end: End,
    /// What came of it.
    pub outcome: Outcome,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Whether the original call still stood when the result came. False after a BYE, our own
    /// hang-up, and 481 to REFER.
    pub dialog_alive: bool,
    /// The whole in words: what happened, codes with reason phrases, the likely cause, and whether
    /// the call is still up.
    pub verdict: String,
    /// When the REFER left, or was refused here.
    pub started: Instant,
    /// When it was accepted: by its 2xx, or when it went unanswered although NOTIFYs had come.
    pub accepted: Option<Instant>,
    /// When the result came.
    pub ended: Instant,
}

impl TransferResult {
    /// The result of a transfer for which no REFER was sent.
    pub fn not_applicable(now: Instant, target: impl Into<String>, why: &NotApplicable) -> Self {
        Self {
            target: target.into(),
            refer_code: None,
            refer_reason: String::new(),
            answered: false,
            notify_codes: Vec::new(),
            last_notify_code: None,
            final_notify_code: None,
            notify_reason: String::new(),
            reason_header: None,
            subscription_reason: None,
            end: End::NotApplicable,
            outcome: Outcome::Failed,
            ended_by: EndedBy::Server,
            dialog_alive: why.call_stands(),
            verdict: verdict::never_sent(why),
            started: now,
            accepted: None,
            ended: now,
        }
    }

    /// Whether the application's completion callback is owed: always, except when the application
    /// itself replaced the document (contract, promise 1).
    pub fn owes_callback(&self) -> bool {
        self.end != End::Superseded
    }
}
