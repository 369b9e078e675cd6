//! SignalWire cXML, voice.
//!
//! Source: SignalWire "Compatibility API" (cXML voice pages, webhooks, error codes). What is not
//! said there follows TwiML, with which cXML is declared compatible. What the two share is in
//! [`crate::laml`].

mod dial;
mod verbs;

use std::time::Duration;

use crate::laml::vendor::{StatusCallbacks, StatusFields, Vendor, Webhooks};
use crate::laml::{self, VerbSupport};
use crate::{Dialect, FetchError, RetryOn, Success};

pub(crate) static SIGNALWIRE: Vendor = Vendor {
    dialect: Dialect::Cxml,
    language: "cXML",
    root: &verbs::RESPONSE,
    bad_value: "20422",
    bad_method: Some("13221"),
    missing_content_type: Some("20422"),
    wrong_leg: None,
    numbers_first: true,
    support: SUPPORT,
    webhooks: Webhooks {
        connect: Duration::from_secs(2),
        read: Duration::from_secs(5),
        total: Duration::from_secs(15),
        connect_key: "ot",
        retry_keys: false,
        retries: 0,
        retry_on: RetryOn {
            connect: false,
            read: false,
            client_errors: false,
            server_errors: false,
        },
        redirects: 3,
        digest: false,
        user_agent: None,
        idempotency_header: None,
        signalwire_signature: true,
        status: StatusCallbacks {
            retries: Some((2, RetryOn::ALL)),
            backoff: &[Duration::from_secs(1), Duration::from_secs(5)],
            success: Success::OneOf(&[200, 204]),
            inbound_words_are_two: true,
            fields: StatusFields::SignalWire,
        },
    },
};

const SUPPORT: &[VerbSupport] = &[
    (
        "Refer",
        "runs",
        "REFER to one `Sip`, with the true outcome sent to `action`",
    ),
    (
        "Pause",
        "runs",
        "waits; an unanswered call stays unanswered",
    ),
    ("Hangup", "runs", "answers an unanswered call first"),
    ("Reject", "runs", "404, or 486 with `reason=\"busy\"`"),
    ("Redirect", "runs", "fetches the next document"),
    ("Say", "runs", "text and SSML; answers the call"),
    (
        "Play",
        "runs",
        "WAV, MP3, OGG and G.711 files, and `digits`; `rtmp:` is not read; answers the call",
    ),
    (
        "Gather",
        "runs",
        "keys and, with a recognizer, speech; keys pressed earlier are dropped; answers the call",
    ),
    (
        "Record",
        "runs",
        "the caller alone; always asks `action` or the current document; `storageUrl` is \
         ignored; answers the call",
    ),
    ("Dial", "refused", "a second leg is needed"),
    ("Enqueue", "refused", "queues are needed"),
    ("Leave", "refused", "queues are needed"),
    (
        "Connect",
        "runs",
        "with `Stream`, in both directions; answers the call. Its other nouns are refused",
    ),
    ("Start", "runs", "with `Stream`; answers the call"),
    ("Stop", "runs", "with `Stream`, by name or all"),
    ("Denoise", "runs", "noted, without effect"),
    (
        "Echo",
        "runs",
        "the caller hears itself for `timeout` seconds; answers the call",
    ),
    ("Sms", "refused", "there are no messages, only calls"),
    ("Pay", "refused", "a payment connector is needed"),
];

/// Every verb, whether it runs, and a note.
pub fn support() -> &'static [VerbSupport] {
    SUPPORT
}

/// SignalWire's code for a request that failed.
pub(crate) fn fetch_error_code(error: &FetchError) -> String {
    laml::fetch_error::signalwire(error.kind).to_owned()
}

/// A UUID.
pub(crate) fn call_sid(random: u128) -> String {
    crate::uuid::uuid(random, 4)
}

/// A UUID.
pub(crate) fn application_sid(bits: u128) -> String {
    crate::uuid::uuid(bits, 5)
}

/// A UUID.
pub(crate) fn recording_sid(random: u128) -> String {
    crate::uuid::uuid(random, 4)
}

/// A UUID.
pub(crate) fn stream_sid(random: u128) -> String {
    crate::uuid::uuid(random, 4)
}

/// A UUID.
pub(crate) fn transcription_sid(random: u128) -> String {
    crate::uuid::uuid(random, 4)
}
