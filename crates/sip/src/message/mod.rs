//! SIP messages (RFC 3261 section 7): reading, changing, writing.

mod error;
mod parse;
mod request;
mod response;
mod validate;

use std::io::Write;

use bytes::Bytes;

pub use error::{ParseError, Problem};
pub use parse::Head;
pub(crate) use parse::{MAX_BODY, MAX_HEAD, part_headers};
pub use request::Request;
pub use response::Response;
pub use validate::Refusal;

use crate::headers::Headers;

/// A request or a response.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// Reads the message that makes up one datagram.
    ///
    /// Without Content-Length the body reaches to the end of the datagram; bytes beyond a
    /// Content-Length are dropped (RFC 3261 section 18.3).
    pub fn parse_datagram(bytes: &[u8]) -> Result<Message, ParseError> {
        parse::datagram(bytes)
    }

    /// Reads start line and headers from the beginning of a stream; the body comes later.
    ///
    /// `bytes` may reach beyond the head. [`Head::length`] tells where the body begins.
    pub fn parse_head(bytes: &[u8]) -> Result<Head, ParseError> {
        parse::head(bytes)
    }

    /// Whether a datagram is only a keep-alive: nothing but line ends, blanks or NULs (RFC 5626
    /// section 4.4.1 and what phones send beyond it).
    pub fn is_keep_alive(bytes: &[u8]) -> bool {
        bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0 | b' '))
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => request.headers(),
            Message::Response(response) => response.headers(),
        }
    }

    /// The headers, to change them.
    pub fn headers_mut(&mut self) -> &mut Headers {
        match self {
            Message::Request(request) => request.headers_mut(),
            Message::Response(response) => response.headers_mut(),
        }
    }

    /// The body; empty when there is none.
    pub fn body(&self) -> &Bytes {
        match self {
            Message::Request(request) => request.body(),
            Message::Response(response) => response.body(),
        }
    }

    /// The message as it goes to the wire, with the right Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }

    /// Appends the message as it goes to the wire, with the right Content-Length.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Message::Request(request) => request.write_to(out),
            Message::Response(response) => response.write_to(out),
        }
    }

    pub(crate) fn set_raw_body(&mut self, body: Bytes) {
        match self {
            Message::Request(request) => request.set_raw_body(body),
            Message::Response(response) => response.set_raw_body(body),
        }
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Message {
        Message::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Message {
        Message::Response(response)
    }
}

/// How much room [`write_end`] needs, within the few digits of Content-Length. Messages are kept for
/// as long as they may have to be repeated, so room that they do not use counts.
fn end_length(headers: &Headers, body: &[u8]) -> usize {
    headers.wire_length() + "Content-Length: 65535\r\n\r\n".len() + body.len()
}

/// Writes the headers' end and the body; Content-Length is always written and always right.
fn write_end(headers: &Headers, body: &[u8], out: &mut Vec<u8>) {
    headers.write_to(out);
    // Writing to memory cannot fail.
    let _ = write!(out, "Content-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
}
