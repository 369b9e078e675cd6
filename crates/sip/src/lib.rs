//! SIP for call control and transfer, without sockets and clocks.

pub mod digest;
pub mod header;
mod headers;
mod message;
mod method;
mod multipart;
mod status;
mod syntax;
pub mod uri;
pub mod wire_text;

pub use header::{BadHeader, Name, TypedHeader};
pub use headers::{Headers, UnsafeText};
pub use message::{Head, Message, ParseError, Problem, Refusal, Request, Response};
pub use method::Method;
pub use multipart::{BadMultipart, Part, multipart_parts};
pub use status::reason_phrase;
pub use uri::{BadUri, Scheme, Uri, UriRef};
