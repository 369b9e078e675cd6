//! The four languages in which applications tell a call what to do.
//!
//! A dialect does three things: it parses a reply into a [`hookflash_program::Program`]
//! ([`Dialect::parse`]), it describes the requests that the application gets as data
//! ([`Dialect::request`]), and it owns every word that the vendor uses. No SIP message, socket or
//! clock is known here; facts come in, bytes and descriptions of requests go out. The same holds
//! for the vendors' REST APIs in [`rest`]: fields come in, orders and resources go out.
//!
//! `twiml` and `cxml` share `laml`; `bxml` and `jambonz` stand alone. Sources are named in each
//! module. Left out: sending the requests and running the programs.

mod application_socket;
mod conduct;
mod confidence;
mod dialect;
mod facts;
mod hook_url;
mod http;
mod malformed;
mod media_request;
mod moment;
mod nearest;
mod order;
mod place;
mod recording;
mod shown;
mod stream;
mod too_many;
mod uuid;

pub mod bxml;
pub mod cxml;
pub mod jambonz;
pub mod laml;
pub mod rest;
pub mod twiml;

pub use application_socket::{
    ApplicationSocket, FromApplication, SocketCommand, SocketMessage, TalkPart, VerbNews,
};
pub use dialect::{Dialect, Document, DocumentError, UnknownDialect};
pub use facts::{
    Account, Application, CallEnd, CallFacts, CallState, Direction, EndedBy, InviteFacts,
    OrderedRecording, Party,
};
pub use http::{
    Body, FetchError, FetchErrorKind, HttpRequest, Policy, Reply, ReplyUse, RetryOn, Signing,
    Success,
};
pub use jambonz::gateway::GatewayMoment;
pub use moment::{Moment, ReferNews, StatusEvent, StreamEvent, TranscriptionEvent};
pub use order::{
    AnsweredBy, CallAction, CallHooks, CallOrder, CallQuery, CallUpdate, Caller, Flowing,
    MachineDetection, StatusEvents,
};
pub use recording::{RecordingFacts, RecordingQuery, RecordingSource, RecordingState};
pub use stream::{Frame, StreamOrder, StreamProtocol, Track, TranscriptionProtocol};
