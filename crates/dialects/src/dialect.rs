//! The dialect as a value, and the one place that chooses between the four.

use std::fmt;
use std::str::FromStr;

use hookflash_program::{Audio, Diagnostic, Program, Severity, Stream, Transcription};

use crate::jambonz::gateway::{self, GatewayMoment};
use crate::laml::media_stream::MediaStream;
use crate::laml::vendor::Vendor;
use crate::{
    ApplicationSocket, CallFacts, FetchError, HttpRequest, Moment, RecordingFacts, StreamProtocol,
    TranscriptionProtocol, bxml, cxml, jambonz, laml, twiml,
};

/// One of the four languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Twilio TwiML.
    Twiml,
    /// SignalWire cXML.
    Cxml,
    /// Bandwidth BXML.
    Bxml,
    /// jambonz / Cognigy Voice Gateway JSON verbs.
    Jambonz,
}

/// A reply as it is to be parsed.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The bytes.
    pub body: &'a [u8],
    /// The Content-Type header; `None` for files and documents given by the API, `Some("")` for
    /// a reply that had none.
    pub content_type: Option<&'a str>,
    /// Whether it is the answer to the first request of a call, on which an empty jambonz array
    /// is an error.
    pub first: bool,
}

/// A document that the vendor would not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// The error that decides, then every other remark in document order.
    pub diagnostics: Vec<Diagnostic>,
}

impl DocumentError {
    /// The vendor's code of the error that decides.
    pub fn code(&self) -> &str {
        self.diagnostics
            .iter()
            .find(|d| d.severity == Severity::Error)
            .map_or("", |d| d.code.as_str())
    }
}

/// A document with a single error, found before there was anything else to remark.
impl From<Diagnostic> for DocumentError {
    fn from(error: Diagnostic) -> DocumentError {
        DocumentError {
            diagnostics: vec![error],
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DocumentError {}

/// What the dialects are to this crate: TwiML and cXML are one language with two vendors.
pub(crate) enum Family {
    /// What differs between the two is in the vendor.
    Laml(&'static Vendor),
    Bxml,
    Jambonz,
}

impl Dialect {
    /// All four, in the order in which they are listed everywhere.
    pub const ALL: [Dialect; 4] = [
        Dialect::Twiml,
        Dialect::Cxml,
        Dialect::Bxml,
        Dialect::Jambonz,
    ];

    /// The name used in configuration and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Twiml => "twiml",
            Dialect::Cxml => "cxml",
            Dialect::Bxml => "bxml",
            Dialect::Jambonz => "jambonz",
        }
    }

    /// Whether a recording that nothing came into has a state of its own; else it is a failure.
    pub fn has_absent_recordings(self) -> bool {
        self != Dialect::Bxml
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Dialect::Twiml => Family::Laml(&twiml::TWILIO),
            Dialect::Cxml => Family::Laml(&cxml::SIGNALWIRE),
            Dialect::Bxml => Family::Bxml,
            Dialect::Jambonz => Family::Jambonz,
        }
    }

    /// Parses and validates a document.
    ///
    /// # Errors
    /// When the vendor would not run it.
    pub fn parse(self, document: Document<'_>) -> Result<Program, DocumentError> {
        match self.family() {
            Family::Laml(vendor) => laml::document::parse(vendor, document),
            Family::Bxml => bxml::parse(document),
            Family::Jambonz => jambonz::parse(document),
        }
    }

    /// Describes the request that this moment calls for, or `None` when the dialect makes none
    /// (no hook given, or no such notion). `base` is the URL of the current document, against
    /// which relative URLs resolve.
    ///
    /// # Errors
    /// When the hook's URL cannot be used; the error names it.
    pub fn request(
        self,
        facts: &CallFacts,
        base: &str,
        moment: &Moment<'_>,
    ) -> Result<Option<HttpRequest>, FetchError> {
        match self.family() {
            Family::Laml(vendor) => laml::request::request(vendor, facts, base, moment),
            Family::Bxml => bxml::request(facts, base, moment),
            Family::Jambonz => jambonz::request(facts, base, moment),
        }
    }

    /// Describes the Voice Gateway event of a moment, which goes to the application's `events_url`
    /// beside all other requests. `None` when there is no such URL, and for other dialects than
    /// jambonz.
    ///
    /// # Errors
    /// When `events_url` cannot be used; the error names it.
    pub fn gateway_event(
        self,
        facts: &CallFacts,
        moment: GatewayMoment<'_>,
    ) -> Result<Option<HttpRequest>, FetchError> {
        match self {
            Dialect::Jambonz => gateway::event(facts, moment),
            Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => Ok(None),
        }
    }

    /// The vendor's code or word for a request that failed, such as `11205` or `callback-error`.
    pub fn fetch_error_code(self, error: &FetchError) -> String {
        match self {
            Dialect::Twiml => twiml::fetch_error_code(error),
            Dialect::Cxml => cxml::fetch_error_code(error),
            Dialect::Bxml => bxml::fetch_error_code(error),
            Dialect::Jambonz => jambonz::fetch_error_code(error),
        }
    }

    /// The vendor's word for the state that the call is in, as its webhooks and its REST API
    /// spell it.
    pub fn status_word(self, facts: &CallFacts) -> &'static str {
        match self.family() {
            Family::Laml(_) => laml::status::word(facts),
            Family::Bxml => bxml::status_word(facts),
            Family::Jambonz => jambonz::status_word(facts),
        }
    }

    /// A call identifier in the vendor's form, made from 128 random bits.
    pub fn call_sid(self, random: u128) -> String {
        match self {
            Dialect::Twiml => twiml::call_sid(random),
            Dialect::Cxml => cxml::call_sid(random),
            Dialect::Bxml => bxml::call_sid(random),
            Dialect::Jambonz => jambonz::call_sid(random),
        }
    }

    /// A recording's identifier in the vendor's form, made from 128 random bits.
    pub fn recording_sid(self, random: u128) -> String {
        match self {
            Dialect::Twiml => twiml::recording_sid(random),
            Dialect::Cxml => cxml::recording_sid(random),
            Dialect::Bxml => bxml::recording_sid(random),
            Dialect::Jambonz => jambonz::recording_sid(random),
        }
    }

    /// A stream's identifier in the vendor's form, made from 128 random bits.
    pub fn stream_sid(self, random: u128) -> String {
        match self {
            Dialect::Twiml => twiml::stream_sid(random),
            Dialect::Cxml => cxml::stream_sid(random),
            Dialect::Bxml => bxml::stream_sid(random),
            Dialect::Jambonz => jambonz::stream_sid(random),
        }
    }

    /// A transcription's identifier in the vendor's form, made from 128 random bits.
    pub fn transcription_sid(self, random: u128) -> String {
        match self {
            Dialect::Twiml => twiml::transcription_sid(random),
            Dialect::Cxml => cxml::transcription_sid(random),
            Dialect::Bxml => bxml::transcription_sid(random),
            Dialect::Jambonz => jambonz::transcription_sid(random),
        }
    }

    /// Describes how an audio file of a document is fetched: always GET. A `file:` URL is left as
    /// it is. `base` is the URL of the current document.
    ///
    /// # Errors
    /// When the URL cannot be used; the error names it.
    pub fn audio_request(
        self,
        facts: &CallFacts,
        base: &str,
        audio: &Audio,
    ) -> Result<HttpRequest, FetchError> {
        match self.family() {
            Family::Laml(vendor) => laml::media_request::audio(vendor, facts, base, audio),
            Family::Bxml => bxml::audio_request(facts, base, audio),
            Family::Jambonz => jambonz::audio_request(facts, base, audio),
        }
    }

    /// Describes the WebSocket handshake of a stream: `ws:` or `wss:` URL, credentials, signature,
    /// sub-protocol as a header field.
    ///
    /// # Errors
    /// When the URL cannot be used; the error names it.
    pub fn stream_request(
        self,
        facts: &CallFacts,
        base: &str,
        stream: &Stream,
    ) -> Result<HttpRequest, FetchError> {
        match self.family() {
            Family::Laml(vendor) => laml::media_request::stream(vendor, facts, stream),
            Family::Bxml => bxml::stream_request(facts, base, stream),
            Family::Jambonz => jambonz::stream_request(facts, base, stream),
        }
    }

    /// The messages of one stream. `sid` is its identifier.
    pub fn stream_protocol(
        self,
        facts: &CallFacts,
        stream: &Stream,
        sid: &str,
    ) -> Box<dyn StreamProtocol> {
        match self.family() {
            Family::Laml(_) => Box::new(MediaStream::new(facts, stream, sid)),
            Family::Bxml => bxml::stream_protocol(facts, stream, sid),
            Family::Jambonz => jambonz::stream_protocol(facts, stream, sid),
        }
    }

    /// Describes the handshake of the WebSocket that is told a transcription's results; `None`
    /// when the document names none, and for other dialects than BXML.
    ///
    /// # Errors
    /// When the URL cannot be used; the error names it.
    pub fn transcription_request(
        self,
        transcription: &Transcription,
    ) -> Result<Option<HttpRequest>, FetchError> {
        match self {
            Dialect::Bxml => bxml::transcription_request(transcription),
            Dialect::Twiml | Dialect::Cxml | Dialect::Jambonz => Ok(None),
        }
    }

    /// The messages on that socket. `sid` is the transcription's identifier.
    pub fn transcription_protocol(
        self,
        facts: &CallFacts,
        transcription: &Transcription,
        sid: &str,
    ) -> Option<Box<dyn TranscriptionProtocol>> {
        match self {
            Dialect::Bxml => Some(bxml::transcription_protocol(facts, transcription, sid)),
            Dialect::Twiml | Dialect::Cxml | Dialect::Jambonz => None,
        }
    }

    /// A recording as the vendor's REST API shows it. `public_url` is the base of absolute URLs.
    pub fn recording_resource(
        self,
        recording: &RecordingFacts,
        public_url: &str,
    ) -> serde_json::Value {
        match self.family() {
            Family::Laml(vendor) => {
                laml::recordings::resource(vendor.dialect, recording, public_url)
            }
            Family::Bxml => bxml::recording_resource(recording, public_url),
            Family::Jambonz => jambonz::recording_resource(recording, public_url),
        }
    }

    /// How applications talk over a WebSocket of their own; `None` where they cannot, and no
    /// request is a message then.
    pub fn application_socket(self) -> Option<&'static dyn ApplicationSocket> {
        match self {
            Dialect::Jambonz => Some(&jambonz::Session),
            Dialect::Twiml | Dialect::Cxml | Dialect::Bxml => None,
        }
    }

    /// An application identifier in the vendor's form, made from 128 bits derived from its name.
    pub fn application_sid(self, bits: u128) -> String {
        match self {
            Dialect::Twiml => twiml::application_sid(bits),
            Dialect::Cxml => cxml::application_sid(bits),
            Dialect::Bxml => bxml::application_sid(bits),
            Dialect::Jambonz => jambonz::application_sid(bits),
        }
    }

    /// The SIP status that refuses an unanswered call whose document cannot be had or run.
    pub fn refusal_without_document(self) -> u16 {
        match self {
            Dialect::Twiml | Dialect::Cxml => 503,
            Dialect::Bxml => 480,
            Dialect::Jambonz => 480,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is none of the four.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDialect(pub String);

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no dialect; use twiml, cxml, bxml or jambonz",
            self.0
        )
    }
}

impl std::error::Error for UnknownDialect {}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Dialect, UnknownDialect> {
        Dialect::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == name)
            .ok_or_else(|| UnknownDialect(name.to_owned()))
    }
}
