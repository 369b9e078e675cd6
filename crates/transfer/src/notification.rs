//! The two kinds of message that a transfer hears: the answer to its REFER, and NOTIFYs.

use crate::sipfrag::NoStatus;

/// What came of sending the REFER, as plain facts of a response, or of the lack of one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferAnswer {
    /// Status code of the response. Ignored when [`local`](Self::local) is set.
    pub code: u16,
    /// Reason phrase of the response.
    pub reason: String,
    /// Whether the response repeats `Refer-Sub: false` (RFC 4488 §4).
    pub refer_sub_false: bool,
    /// Set when no response came at all.
    pub local: Option<LocalFailure>,
}

impl ReferAnswer {
    /// A response with its code and reason phrase.
    pub fn response(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            ..Self::default()
        }
    }

    /// The transaction ended without a response.
    pub fn failure(local: LocalFailure) -> Self {
        Self {
            local: Some(local),
            ..Self::default()
        }
    }
}

/// Why a REFER has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalFailure {
    /// Timer F of the transaction fired (RFC 3261 §17.1.2.2).
    Timeout,
    /// The request could not be sent on any transport.
    Transport,
}

/// A NOTIFY of the refer subscription, matched to this transfer by the dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notification<'a> {
    /// Value of the Content-Type header field.
    pub content_type: Option<&'a str>,
    /// The body, undecoded.
    pub body: &'a [u8],
    /// The Subscription-State header field; `None` when the NOTIFY has none.
    pub subscription: Option<Subscription<'a>>,
}

/// Value of a Subscription-State header field (RFC 6665 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription<'a> {
    /// The state itself.
    pub state: SubscriptionState,
    /// Parameter `reason`.
    pub reason: Option<&'a str>,
    /// Parameter `expires`, in seconds.
    pub expires: Option<u32>,
}

/// The states of a subscription that RFC 6665 §4.1.3 names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Accepted and running.
    Active,
    /// Not authorised yet; for a transfer the same as active.
    Pending,
    /// Ended with this NOTIFY.
    Terminated,
    /// An extension; treated as active.
    Other,
}

impl SubscriptionState {
    /// Reads the state's word, in any case.
    pub fn from_word(word: &str) -> Self {
        match word.trim() {
            w if w.eq_ignore_ascii_case("active") => Self::Active,
            w if w.eq_ignore_ascii_case("pending") => Self::Pending,
            w if w.eq_ignore_ascii_case("terminated") => Self::Terminated,
            _ => Self::Other,
        }
    }
}

/// What a NOTIFY did to the transfer. It is answered 200 in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NotifyEffect {
    /// Status to pass on as progress, provisional or final; `None` when the NOTIFY brought none or
    /// came too late to count.
    pub progress: Option<u16>,
    /// It came after the outcome was settled, and changed nothing but our own view.
    pub late: bool,
    /// Something about it that is worth a line in the journal.
    pub warning: Option<NotifyWarning>,
}

/// A flaw of a NOTIFY that was tolerated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyWarning {
    /// There is no status to be read from it.
    NoStatus(NoStatus),
    /// The status was read from a body not declared as `message/sipfrag`; holds the declared type.
    ContentType(Option<String>),
    /// There is no Subscription-State (RFC 6665 §4.1.3 requires it).
    NoSubscriptionState,
}

impl std::fmt::Display for NotifyWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoStatus(why) => write!(f, "the NOTIFY brings no status: {why}"),
            Self::ContentType(None) => {
                f.write_str("the NOTIFY has no Content-Type; its body was read as message/sipfrag")
            }
            Self::ContentType(Some(found)) => write!(
                f,
                "the NOTIFY's Content-Type is {found:?}; its body was read as message/sipfrag"
            ),
            Self::NoSubscriptionState => f.write_str(
                "the NOTIFY has no Subscription-State; a final status was taken as terminated",
            ),
        }
    }
}
