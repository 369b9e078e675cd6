//! The differences between Twilio and SignalWire, as data.

use std::time::Duration;

use crate::laml::VerbSupport;
use crate::laml::schema::Element;
use crate::{Dialect, RetryOn, Success};

/// What one vendor does in its own way. `twiml` and `cxml` hold one each.
pub(crate) struct Vendor {
    /// The dialect.
    pub(crate) dialect: Dialect,
    /// What the vendor calls its documents, for messages.
    pub(crate) language: &'static str,
    /// The root element and, below it, every verb and noun.
    pub(crate) root: &'static Element,
    /// Code of a bad attribute value that has no code of its own.
    pub(crate) bad_value: &'static str,
    /// Code of a bad HTTP method wherever it stands; `None` when each verb has its own.
    pub(crate) bad_method: Option<&'static str>,
    /// Code of a reply without Content-Type; `None` when it is read as a document.
    pub(crate) missing_content_type: Option<&'static str>,
    /// Code of Refer on a leg that is not SIP.
    pub(crate) wrong_leg: Option<&'static str>,
    /// Whether From and To are numbers whenever the user part is one, and not only for calls of
    /// a trunk.
    pub(crate) numbers_first: bool,
    /// Which verbs run.
    pub(crate) support: &'static [VerbSupport],
    /// How requests are made.
    pub(crate) webhooks: Webhooks,
}

/// How a vendor makes its requests.
pub(crate) struct Webhooks {
    /// Limit for TCP and TLS.
    pub(crate) connect: Duration,
    /// Limit for the head of the reply.
    pub(crate) read: Duration,
    /// Limit for everything.
    pub(crate) total: Duration,
    /// Key of the connect limit in a URL fragment.
    pub(crate) connect_key: &'static str,
    /// Whether a URL fragment may set retries (`rc`, `rp`).
    pub(crate) retry_keys: bool,
    /// Retries of requests for documents.
    pub(crate) retries: u8,
    /// On what.
    pub(crate) retry_on: RetryOn,
    /// Redirects that are followed.
    pub(crate) redirects: u8,
    /// Whether a Digest challenge is answered with the user information of the URL.
    pub(crate) digest: bool,
    /// User-Agent, where it is known.
    pub(crate) user_agent: Option<&'static str>,
    /// Name of the header that is the same on every try of one request, where there is one.
    pub(crate) idempotency_header: Option<&'static str>,
    /// Whether the signature goes under SignalWire's header name too.
    pub(crate) signalwire_signature: bool,
    /// How status callbacks are made.
    pub(crate) status: StatusCallbacks,
}

/// How a vendor makes its status callbacks.
pub(crate) struct StatusCallbacks {
    /// Retries; `None`: those of requests for documents.
    pub(crate) retries: Option<(u8, RetryOn)>,
    /// Pause before each retry; the last one repeats.
    pub(crate) backoff: &'static [Duration],
    /// What counts as delivered.
    pub(crate) success: Success,
    /// Whether the callback of an inbound call says only `completed` or `failed`.
    pub(crate) inbound_words_are_two: bool,
    /// The names of its own fields.
    pub(crate) fields: StatusFields,
}

/// Which fields a status callback has beyond those that both vendors send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusFields {
    /// `Duration` in minutes and `SipResponseCode`.
    Twilio,
    /// `SipResultCode`, `SipInviteResultPhrase`, `HangupBy`, `HangupDirection`.
    SignalWire,
}
