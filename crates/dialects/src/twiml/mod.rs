//! Twilio TwiML, voice.
//!
//! Source: Twilio "TwiML for Programmable Voice" with its pages per verb, "Webhook connection
//! overrides", "Webhooks security", and the attribute lists of the official libraries. What it
//! shares with cXML is in [`crate::laml`].

mod connect;
mod dial;
mod pay;
mod verbs;

use std::time::Duration;

use crate::laml::vendor::{StatusCallbacks, StatusFields, Vendor, Webhooks};
use crate::laml::{self, VerbSupport};
use crate::{Dialect, FetchError, RetryOn, Success};

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
    ("Say", "runs", "text and SSML; answers the call"),
    (
        "Play",
        "runs",
        "WAV, MP3, OGG and G.711 files, and `digits`; answers the call",
    ),
    (
        "Gather",
        "runs",
        "keys and, with a recognizer, speech; keys pressed earlier are dropped; answers the call",
    ),
    (
        "Record",
        "runs",
        "the caller alone; always asks `action` or the current document; answers the call",
    ),
    ("Dial", "refused", "a second leg is needed"),
    ("Enqueue", "refused", "queues are needed"),
    ("Leave", "refused", "queues are needed"),
    ("Queue", "refused", "queues are needed"),
    (
        "Connect",
        "runs",
        "with `Stream`, in both directions; answers the call. Its other nouns are refused",
    ),
    (
        "Start",
        "runs",
        "with `Stream`, `Recording` and, with a recognizer, `Transcription`; answers the call. \
         `Siprec` is refused",
    ),
    (
        "Stop",
        "runs",
        "with `Stream`, `Recording` and `Transcription`, by name or all",
    ),
    ("Pay", "refused", "a payment connector is needed"),
    ("Prompt", "refused", "belongs to `Pay`"),
    ("Sms", "refused", "there are no messages, only calls"),
    (
        "Echo",
        "runs",
        "the caller hears itself until it hangs up; answers the call",
    ),
    (
        "Transcribe",
        "refused",
        "no page describes it; use `<Start><Transcription>`",
    ),
];

/// Every verb, whether it runs, and a note.
pub fn support() -> &'static [VerbSupport] {
    SUPPORT
}

/// Twilio's code for a request that failed.
pub(crate) fn fetch_error_code(error: &FetchError) -> String {
    laml::fetch_error::twilio(error.kind).to_owned()
}

/// `CA` and 32 hex digits.
pub(crate) fn call_sid(random: u128) -> String {
    laml::sid::prefixed("CA", random)
}

/// `AP` and 32 hex digits.
pub(crate) fn application_sid(bits: u128) -> String {
    laml::sid::prefixed("AP", bits)
}

/// `RE` and 32 hex digits.
pub(crate) fn recording_sid(random: u128) -> String {
    laml::sid::prefixed("RE", random)
}

/// `MZ` and 32 hex digits.
pub(crate) fn stream_sid(random: u128) -> String {
    laml::sid::prefixed("MZ", random)
}

/// `TR` and 32 hex digits.
pub(crate) fn transcription_sid(random: u128) -> String {
    laml::sid::prefixed("TR", random)
}
