//! Bandwidth BXML: documents, events and words of Programmable Voice v2.
//!
//! Sources: Bandwidth's BXML and webhook pages (`docs/voice/bxml`, `docs/voice/webhooks`) and the
//! OpenAPI file of its voice API.

mod attribute;
mod document;
mod event;
mod invite;
mod media_event;
mod program;
mod request;
mod resource;
pub(crate) mod rest;
mod schema;
mod socket;
mod value;
mod verb;

use hookflash_program::{Audio, Program, Stream, Transcription};

pub(crate) use invite::tells_header;

use crate::uuid::uuid;
use crate::{
    CallFacts, CallState, Document, DocumentError, FetchError, HttpRequest, Moment, RecordingFacts,
    StreamProtocol, TranscriptionProtocol, media_request,
};

/// Bandwidth's word for a webhook that failed.
const CALLBACK_ERROR: &str = "callback-error";

/// Bandwidth's word for a verb that cannot be carried out.
const APPLICATION_ERROR: &str = "application-error";

/// Parses and validates a document.
pub(crate) fn parse(document: Document<'_>) -> Result<Program, DocumentError> {
    let text = document::text(document.body)?;
    let xml = document::xml(text)?;
    document::check(&xml)?;
    Ok(program::build(&xml))
}

/// Describes the request of a moment.
pub(crate) fn request(
    facts: &CallFacts,
    base: &str,
    moment: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    request::request(facts, base, moment)
}

/// Bandwidth has one word for every failed webhook.
pub(crate) fn fetch_error_code(_error: &FetchError) -> String {
    CALLBACK_ERROR.to_owned()
}

/// `state` of the calls resource.
pub(crate) fn status_word(facts: &CallFacts) -> &'static str {
    match facts.state {
        CallState::Queued => "queued",
        CallState::Trying | CallState::Ringing => "initiated",
        CallState::InProgress => "answered",
        CallState::Ended(_) => "disconnected",
    }
}

/// `c-`, eight hex digits, and a UUID. Identifiers of calls begin with the time; so do these, in
/// units of 16 milliseconds.
pub(crate) fn call_sid(random: u128) -> String {
    let time = (random >> 84) & 0xffff_ffff;
    format!("c-{time:08x}-{}", uuid(random, 4))
}

/// `r-`, and as that of a call.
pub(crate) fn recording_sid(random: u128) -> String {
    sid('r', random)
}

/// `s-`, and as that of a call.
pub(crate) fn stream_sid(random: u128) -> String {
    sid('s', random)
}

/// `t-`, and as that of a call.
pub(crate) fn transcription_sid(random: u128) -> String {
    sid('t', random)
}

fn sid(kind: char, random: u128) -> String {
    // The UUID overwrites six bits of the random number; multiplied with an odd number that has
    // many ones, all of them count in the upper bits.
    let folded = random.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 96;
    format!("{kind}-{folded:08x}-{}", uuid(random, 4))
}

/// A file of `PlayAudio`: relative URLs resolve against that of the document.
pub(crate) fn audio_request(
    facts: &CallFacts,
    base: &str,
    audio: &Audio,
) -> Result<HttpRequest, FetchError> {
    let url = request::absolute(facts, base, &audio.url)?;
    media_request::audio(url, &audio.url, audio.credentials.as_ref())
}

/// The handshake of `StartStream`.
pub(crate) fn stream_request(
    facts: &CallFacts,
    base: &str,
    stream: &Stream,
) -> Result<HttpRequest, FetchError> {
    let url = request::absolute(facts, base, &stream.url)?;
    media_request::socket("stream", url, &stream.url, stream.credentials.as_ref())
}

/// The messages of `StartStream`.
pub(crate) fn stream_protocol(
    facts: &CallFacts,
    stream: &Stream,
    sid: &str,
) -> Box<dyn StreamProtocol> {
    Box::new(socket::StreamMessages::new(facts, stream, sid))
}

/// The handshake of a `destination` of `StartTranscription`, which the schema wants to be
/// absolute.
pub(crate) fn transcription_request(
    verb: &Transcription,
) -> Result<Option<HttpRequest>, FetchError> {
    let Some(written) = &verb.destination else {
        return Ok(None);
    };
    let url = url::Url::parse(written)
        .map_err(|error| crate::hook_url::unusable(written, &error.to_string()))?;
    media_request::socket("transcription", url, written, None).map(Some)
}

/// The messages of `StartTranscription`.
pub(crate) fn transcription_protocol(
    facts: &CallFacts,
    verb: &Transcription,
    sid: &str,
) -> Box<dyn TranscriptionProtocol> {
    Box::new(socket::TranscriptionMessages::new(facts, verb, sid))
}

/// `callRecordingMetadata`.
pub(crate) fn recording_resource(
    recording: &RecordingFacts,
    public_url: &str,
) -> serde_json::Value {
    resource::recording(recording, public_url)
}

/// A UUID.
pub(crate) fn application_sid(bits: u128) -> String {
    uuid(bits, 5)
}

/// Every verb, `runs` or `refused`, and a note; for documentation.
pub fn support() -> &'static [(&'static str, &'static str, &'static str)] {
    program::support()
}
