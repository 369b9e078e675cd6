//! Bandwidth BXML: documents, events and words of Programmable Voice v2.
//!
//! Sources: Bandwidth's BXML and webhook pages (`docs/voice/bxml`, `docs/voice/webhooks`) and the
//! OpenAPI file of its voice API.

mod document;
mod event;
mod invite;
mod program;
mod request;
mod schema;
mod value;

pub(crate) use crate::voice::{
    audio_request, recording_resource, recording_sid, stream_protocol, stream_request, stream_sid,
    transcription_sid,
};
use hookflash_program::Program;

use crate::uuid::uuid;
use crate::{CallFacts, CallState, Document, DocumentError, FetchError, HttpRequest, Moment};

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
        CallState::Trying | CallState::Ringing => "initiated",
        CallState::InProgress => "answered",
        CallState::Ended(_) => "disconnected",
    }
}

/// `c-`, eight hex digits, and a UUID.
pub(crate) fn call_sid(random: u128) -> String {
    // The UUID overwrites six bits of the random number; multiplied with an odd number that has
    // many ones, all of them count in the upper bits.
    let folded = random.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 96;
    format!("c-{folded:08x}-{}", uuid(random, 4))
}

/// A UUID.
pub(crate) fn application_sid(bits: u128) -> String {
    uuid(bits, 5)
}

/// Every verb, `runs` or `refused`, and a note; for documentation.
pub fn support() -> &'static [(&'static str, &'static str, &'static str)] {
    program::support()
}
