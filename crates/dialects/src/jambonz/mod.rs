//! jambonz verbs in JSON, and the events that Cognigy Voice Gateway puts on top.
//!
//! Sources: jambonz' documentation of webhooks and verbs, its public verb specifications and JSON
//! schemas, its feature server where those are silent, and Cognigy's documentation of Voice
//! Gateway.

mod audio_socket;
mod call_info;
mod document;
pub(crate) mod gateway;
mod hook;
mod number;
mod position;
mod reader;
mod request;
mod resource;
pub(crate) mod rest;
mod schema;
mod session;
pub mod signature;
mod sip_object;
mod speech;
mod stringify;
mod validate;
mod verb;

use hookflash_program::{Audio, Program, Stream};
use url::Url;

pub use number::load as load_numbering_plans;
pub(crate) use session::Session;

use crate::uuid::uuid;
use crate::{
    CallFacts, Document, DocumentError, FetchError, FetchErrorKind, HttpRequest, Moment,
    RecordingFacts, StreamProtocol, media_request,
};

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
pub(crate) fn recording_sid(random: u128) -> String {
    uuid(random, 4)
}

/// A UUID.
pub(crate) fn stream_sid(random: u128) -> String {
    uuid(random, 4)
}

/// A UUID.
pub(crate) fn transcription_sid(random: u128) -> String {
    uuid(random, 4)
}

/// A file of `play`: `/…` is relative to the application, as a hook is. Where that is a WebSocket
/// the file is on the same host.
pub(crate) fn audio_request(
    facts: &CallFacts,
    _base: &str,
    audio: &Audio,
) -> Result<HttpRequest, FetchError> {
    let mut url = hook::absolute(facts, &audio.url)?;
    if audio.url.starts_with('/') {
        change_scheme(&mut url, [("ws", "http"), ("wss", "https")]);
    }
    media_request::audio(url, &audio.url, audio.credentials.as_ref())
}

/// The handshake of `listen`: `/…` is a WebSocket of the application.
pub(crate) fn stream_request(
    facts: &CallFacts,
    _base: &str,
    stream: &Stream,
) -> Result<HttpRequest, FetchError> {
    let mut url = hook::absolute(facts, &stream.url)?;
    if stream.url.starts_with('/') {
        change_scheme(&mut url, [("http", "ws"), ("https", "wss")]);
    }
    let mut request =
        media_request::socket("stream", url, &stream.url, stream.credentials.as_ref())?;
    request.headers.push((
        "Sec-WebSocket-Protocol".to_owned(),
        audio_socket::SUB_PROTOCOL.to_owned(),
    ));
    Ok(request)
}

fn change_scheme(url: &mut Url, changes: [(&str, &str); 2]) {
    if let Some((_, to)) = changes.iter().find(|(from, _)| url.scheme() == *from) {
        // Cannot fail between the schemes that the URL standard calls special.
        let _ = url.set_scheme(to);
    }
}

/// The messages of `listen`.
pub(crate) fn stream_protocol(
    facts: &CallFacts,
    stream: &Stream,
    _sid: &str,
) -> Box<dyn StreamProtocol> {
    Box::new(audio_socket::AudioMessages::new(facts, stream))
}

/// A recording of `config.record`.
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
    schema::support()
}
