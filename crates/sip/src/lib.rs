//! SIP for call control and transfer, without sockets and clocks.
//!
//! What a telephone call needs of RFC 3261 and its companions: [`Message`]s read and written,
//! [`Uri`]s, typed headers in [`header`], both sides of digest authentication in [`digest`],
//! messages out of byte streams in [`stream`]; and on top of these an [`Endpoint`] with its
//! transactions, dialogs, and dialog usages: calls, REFER with its subscriptions, session timers.
//! For calls that go out: where they go ([`locate`], RFC 3263; [`trunk`]), registrations of ours,
//! and a [`registrar`] for those of others.
//!
//! Promises: bad input never panics and is told apart with its place and, where SIP allows it, an
//! answer; bytes that are not UTF-8 come back to the wire as they were; no value can end its line;
//! URIs are never rewritten. No request stays without answer, every leg ends once, and the end of
//! a subscription is never the end of a call. Bytes and times come in as arguments, bytes and
//! values go out.
//!
//! Leaves out: sockets, clocks, random numbers, media, and what a status means to a caller.

mod by_id;
mod dialog;
pub mod digest;
pub mod endpoint;
pub mod event;
pub mod header;
mod headers;
pub mod locate;
mod message;
mod method;
mod multipart;
pub mod registrar;
mod status;
pub mod stream;
mod syntax;
mod timer;
mod transaction;
pub mod transport;
pub mod trunk;
pub mod uri;
mod usage;
pub mod wire_text;

pub use by_id::{ById, Identity};
pub use endpoint::{
    Census, CommandError, Credentials, DnsId, DnsQuery, Endpoint, EndpointConfig, Listener,
    NotifyState, OutgoingInvite, OutgoingRefer, OutgoingRegistration, RedirectPolicy, Redirects,
    Resolve, ResolveId, Shard, Tally, is_owned_header, session_description, shard_of_call_id,
};
pub use event::{
    Event, IncomingReferId, IncomingRegister, LegEnd, LegId, Notification, ReferAnswer, ReferId,
    RegisterId, RegistrationEvent, RegistrationFailure, RegistrationId, RequestId,
    SubscriptionNews, WireEvent,
};
pub use header::{BadHeader, Name, TypedHeader};
pub use headers::{Headers, UnsafeText};
pub use message::{Head, Message, ParseError, Problem, Refusal, Request, Response};
pub use method::Method;
pub use multipart::{BadMultipart, Part, multipart_parts};
pub use status::{reason_phrase, registered_phrase};
pub use transport::{ConnectionId, Flow, Transmit, TransmitId, Transport};
pub use uri::{BadUri, Scheme, Uri, UriRef};
