//! SIP for call control and transfer, without sockets and clocks.

mod dialog;
pub mod digest;
pub mod endpoint;
pub mod event;
pub mod header;
mod headers;
mod message;
mod method;
mod multipart;
mod status;
pub mod stream;
mod syntax;
mod timer;
mod transaction;
pub mod transport;
pub mod uri;
mod usage;
pub mod wire_text;

pub use endpoint::{
    Census, CommandError, Credentials, Endpoint, EndpointConfig, Listener, NotifyState,
    OutgoingInvite, OutgoingRefer, Resolve, ResolveId, Shard, session_description,
    shard_of_call_id,
};
pub use event::{
    Event, IncomingReferId, LegEnd, LegId, Notification, ReferAnswer, ReferId, RequestId,
    SubscriptionNews, WireEvent,
};
pub use header::{BadHeader, Name, TypedHeader};
pub use headers::{Headers, UnsafeText};
pub use message::{Head, Message, ParseError, Problem, Refusal, Request, Response};
pub use method::Method;
pub use multipart::{BadMultipart, Part, multipart_parts};
pub use status::reason_phrase;
pub use transport::{ConnectionId, Flow, Transmit, TransmitId, Transport};
pub use uri::{BadUri, Scheme, Uri, UriRef};
