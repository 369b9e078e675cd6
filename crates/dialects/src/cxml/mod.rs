//! SignalWire cXML, voice.
//!
//! Source: SignalWire "Compatibility API" (cXML voice pages, webhooks, error codes). What is not
//! said there follows TwiML, with which cXML is declared compatible. What the two share is in
//! [`crate::laml`].

mod dial;
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

/// Describes how a sound is fetched.
///
/// # Errors
/// When the URL is none of http(s) and file.
pub(crate) fn audio_request(
    facts: &CallFacts,
    base: &str,
    audio: &Audio,
) -> Result<HttpRequest, FetchError> {
    laml::media_request::audio(&SIGNALWIRE, facts, base, audio)
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
    laml::media_request::stream(&SIGNALWIRE, facts, stream)
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
    laml::recordings::resource(SIGNALWIRE.dialect, recording, public_url)
}
