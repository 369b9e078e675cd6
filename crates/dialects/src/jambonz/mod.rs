//! jambonz verbs in JSON, and the events that Cognigy Voice Gateway puts on top.
//!
//! Sources: jambonz' documentation of webhooks and verbs, its public verb specifications and JSON
//! schemas, its feature server where those are silent, and Cognigy's documentation of Voice
//! Gateway.

mod call_info;
mod document;
pub(crate) mod gateway;
mod hook;
mod number;
mod position;
mod request;
mod schema;
pub mod signature;
mod sip_object;
mod stringify;
mod validate;
mod verb;

pub(crate) use crate::voice::{
    audio_request, recording_resource, recording_sid, stream_protocol, stream_request, stream_sid,
    transcription_sid,
};
use hookflash_program::Program;

pub use number::load as load_numbering_plans;

use crate::uuid::uuid;
use crate::{CallFacts, Document, DocumentError, FetchError, FetchErrorKind, HttpRequest, Moment};

/// Parses and validates a document.
pub(crate) fn parse(document: Document<'_>) -> Result<Program, DocumentError> {
    document::parse(document)
}

/// Describes the request of a moment. Hooks resolve against the application's URL, not against
/// that of the document.
pub(crate) fn request(
    facts: &CallFacts,
    _base: &str,
    moment: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    request::request(facts, moment)
}

/// The kind of alert that jambonz would raise.
pub(crate) fn fetch_error_code(error: &FetchError) -> String {
    let code = match error.kind {
        FetchErrorKind::Status(401 | 403) => "webhook-auth-failure",
        FetchErrorKind::Status(404) => "webhook-url-notfound",
        FetchErrorKind::Status(_) => "webhook-failure",
        _ => "webhook-connection-failure",
    };
    code.to_owned()
}

/// `call_status`.
pub(crate) fn status_word(facts: &CallFacts) -> &'static str {
    call_info::status(facts).word
}

/// A UUID.
pub(crate) fn call_sid(random: u128) -> String {
    uuid(random, 4)
}

/// A UUID.
pub(crate) fn application_sid(bits: u128) -> String {
    uuid(bits, 5)
}

/// Every verb, `runs` or `refused`, and a note; for documentation.
pub fn support() -> &'static [(&'static str, &'static str, &'static str)] {
    schema::support()
}
