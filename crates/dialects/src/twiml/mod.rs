//! Twilio TwiML, voice.
//!
//! Source: Twilio "TwiML for Programmable Voice" with its pages per verb, "Webhook connection
//! overrides", "Webhooks security", and the attribute lists of the official libraries. What it
//! shares with cXML is in [`crate::laml`].

mod connect;
mod dial;
mod pay;
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

pub(crate) static TWILIO: Vendor = Vendor {
    dialect: Dialect::Twiml,
    language: "TwiML",
    root: &verbs::RESPONSE,
    bad_value: "12200",
    bad_method: None,
    missing_content_type: None,
    wrong_leg: Some("13801"),
    numbers_first: false,
    support: SUPPORT,
    webhooks: Webhooks {
        connect: Duration::from_secs(5),
        read: Duration::from_secs(15),
        total: Duration::from_secs(15),
        connect_key: "ct",
        retry_keys: true,
        retries: 1,
        retry_on: RetryOn {
            connect: true,
            read: false,
            client_errors: false,
            server_errors: false,
        },
        redirects: 10,
        digest: true,
        user_agent: Some("TwilioProxy/1.1"),
        idempotency_header: Some("I-Twilio-Idempotency-Token"),
        signalwire_signature: false,
        status: StatusCallbacks {
            retries: None,
            backoff: &[],
            success: Success::Any2xx,
            inbound_words_are_two: false,
            fields: StatusFields::Twilio,
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
    (
        "Hangup",
        "runs",
        "answers an unanswered call first; `Parameter` is ignored",
    ),
    ("Reject", "runs", "404, or 486 with `reason=\"busy\"`"),
    ("Redirect", "runs", "fetches the next document"),
    ("Say", "refused", "speaking needs audio"),
    ("Play", "refused", "playing needs audio"),
    ("Gather", "refused", "hearing keys and speech needs audio"),
    ("Record", "refused", "recording needs audio"),
    ("Dial", "refused", "a second leg is needed"),
    ("Enqueue", "refused", "queues are needed"),
    ("Leave", "refused", "queues are needed"),
    ("Queue", "refused", "queues are needed"),
    ("Connect", "refused", "media sessions are needed"),
    ("Start", "refused", "media forks are needed"),
    ("Stop", "refused", "media forks are needed"),
    ("Pay", "refused", "a payment connector is needed"),
    ("Prompt", "refused", "belongs to `Pay`"),
    ("Sms", "refused", "there are no messages, only calls"),
    ("Echo", "refused", "echoing needs audio"),
    ("Transcribe", "refused", "hearing speech needs audio"),
];

/// Every verb, whether it runs, and a note.
pub fn support() -> &'static [VerbSupport] {
    SUPPORT
}

/// Parses and validates a document.
///
/// # Errors
/// 11750, 11770, 12100, 12101, 12102 and 12300: errors for which Twilio does not run it.
pub(crate) fn parse(document: Document<'_>) -> Result<Program, DocumentError> {
    laml::document::parse(&TWILIO, document)
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
    laml::request::request(&TWILIO, facts, base, moment)
}

/// Twilio's code for a request that failed.
pub(crate) fn fetch_error_code(error: &FetchError) -> String {
    laml::fetch_error::twilio(error.kind).to_owned()
}

/// `CallStatus` as the Call resource has it.
pub(crate) fn status_word(facts: &CallFacts) -> &'static str {
    laml::status::word(facts)
}

/// `CA` and 32 hex digits.
pub(crate) fn call_sid(random: u128) -> String {
    laml::sid::prefixed("CA", random)
}

/// `AP` and 32 hex digits.
pub(crate) fn application_sid(bits: u128) -> String {
    laml::sid::prefixed("AP", bits)
}
