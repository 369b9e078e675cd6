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

use hookflash_program::{Audio, Program, Stream};

use crate::laml::media_stream::MediaStream;
use crate::laml::vendor::{StatusCallbacks, StatusFields, Vendor, Webhooks};
use crate::laml::{self, VerbSupport};
use crate::{
    CallFacts, Dialect, Document, DocumentError, FetchError, HttpRequest, Moment, RecordingFacts,
    RetryOn, StreamProtocol, Success,
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

/// Describes how a sound is fetched.
///
/// # Errors
/// When the URL is none of http(s) and file.
pub(crate) fn audio_request(
    facts: &CallFacts,
    base: &str,
    audio: &Audio,
) -> Result<HttpRequest, FetchError> {
    laml::media_request::audio(&TWILIO, facts, base, audio)
}

/// Describes the handshake of a stream. Its URL is never relative, whatever `base` is.
///
/// # Errors
/// When the URL is no ws: or wss: URL.
pub(crate) fn stream_request(
    facts: &CallFacts,
    _base: &str,
    stream: &Stream,
) -> Result<HttpRequest, FetchError> {
    laml::media_request::stream(&TWILIO, facts, stream)
}

/// The messages of a stream.
pub(crate) fn stream_protocol(
    facts: &CallFacts,
    stream: &Stream,
    sid: &str,
) -> Box<dyn StreamProtocol> {
    Box::new(MediaStream::new(facts, stream, sid))
}

/// The Recording resource.
pub(crate) fn recording_resource(
    recording: &RecordingFacts,
    public_url: &str,
) -> serde_json::Value {
    laml::recordings::resource(TWILIO.dialect, recording, public_url)
}
