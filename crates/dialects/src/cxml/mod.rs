//! SignalWire cXML, voice.
//!
//! Source: SignalWire "Compatibility API" (cXML voice pages, webhooks, error codes). What is not
//! said there follows TwiML, with which cXML is declared compatible. What the two share is in
//! [`crate::laml`].

mod dial;
mod verbs;

pub(crate) use crate::voice::{
    audio_request, recording_resource, recording_sid, stream_protocol, stream_request, stream_sid,
    transcription_sid,
};
use std::time::Duration;

use hookflash_program::Program;

use crate::laml::vendor::{StatusCallbacks, StatusFields, Vendor, Webhooks};
use crate::laml::{self, VerbSupport};
use crate::{
    CallFacts, Dialect, Document, DocumentError, FetchError, HttpRequest, Moment, RetryOn, Success,
};

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
    ("Say", "refused", "speaking needs audio"),
    ("Play", "refused", "playing needs audio"),
    ("Gather", "refused", "hearing keys and speech needs audio"),
    ("Record", "refused", "recording needs audio"),
    ("Dial", "refused", "a second leg is needed"),
    ("Enqueue", "refused", "queues are needed"),
    ("Leave", "refused", "queues are needed"),
    ("Connect", "refused", "media sessions are needed"),
    ("Start", "refused", "media forks are needed"),
    ("Stop", "refused", "media forks are needed"),
    ("Denoise", "refused", "cleaning audio needs audio"),
    ("Echo", "refused", "echoing needs audio"),
    ("Sms", "refused", "there are no messages, only calls"),
    ("Pay", "refused", "a payment connector is needed"),
];

/// Every verb, whether it runs, and a note.
pub fn support() -> &'static [VerbSupport] {
    SUPPORT
}

/// Parses and validates a document.
///
/// # Errors
/// 11750, 11770, 12100, 12101, 12102, 12300 and 20422: errors for which SignalWire does not run
/// it.
pub(crate) fn parse(document: Document<'_>) -> Result<Program, DocumentError> {
    laml::document::parse(&SIGNALWIRE, document)
}

/// Describes the request for a moment; `None` when there is none to make.
///
/// # Errors
/// When the URL is no http(s) URL or its `#…` overrides are out of range.
pub(crate) fn request(
    facts: &CallFacts,
    base: &str,
    moment: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    laml::request::request(&SIGNALWIRE, facts, base, moment)
}

/// SignalWire's code for a request that failed.
pub(crate) fn fetch_error_code(error: &FetchError) -> String {
    laml::fetch_error::signalwire(error.kind).to_owned()
}

/// `CallStatus` as the Call resource has it.
pub(crate) fn status_word(facts: &CallFacts) -> &'static str {
    laml::status::word(facts)
}

/// A UUID.
pub(crate) fn call_sid(random: u128) -> String {
    crate::uuid::uuid(random, 4)
}

/// A UUID.
pub(crate) fn application_sid(bits: u128) -> String {
    crate::uuid::uuid(bits, 5)
}
