//! Responses.

use std::io::Write;

use bytes::Bytes;

use super::{Request, end_length, write_end};
use crate::header::Name;
use crate::headers::Headers;
use crate::status::reason_phrase;
use crate::wire_text;

/// A response: status code, reason phrase, headers and body.
#[derive(Clone, Debug)]
pub struct Response {
    status: u16,
    // Holds the reason phrase too, so that a received message is one buffer.
    headers: Headers,
    body: Bytes,
}

impl Response {
    /// A response with no headers yet; [`Request::response_to`] copies those that must be there.
    pub fn new(status: u16, reason: Option<&str>) -> Response {
        let mut headers = Headers::with_capacity(768, 12);
        headers.set_start_text(reason.unwrap_or_else(|| reason_phrase(status)));
        Response {
            status,
            headers,
            body: Bytes::new(),
        }
    }

    pub(super) fn from_parts(status: u16, headers: Headers) -> Response {
        Response {
            status,
            headers,
            body: Bytes::new(),
        }
    }

    /// The status code, 100 to 699.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase; may be empty.
    pub fn reason(&self) -> &str {
        self.headers.start_text()
    }

    /// Whether this is a provisional response (1xx).
    pub fn is_provisional(&self) -> bool {
        self.status < 200
    }

    /// Whether this is a final response of success (2xx).
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The headers, to change them.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// The body; empty when there is none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Gives the response a body and names its type.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.headers.set(Name::ContentType, content_type);
        self.body = body.into();
    }

    pub(crate) fn set_raw_body(&mut self, body: Bytes) {
        self.body = body;
    }

    /// Copies Record-Route from the request, as responses that make a dialog must have it
    /// (RFC 3261 section 12.1.1).
    pub fn copy_record_route(&mut self, request: &Request) {
        self.headers.copy_all(request.headers(), Name::RecordRoute);
    }

    /// The response as it goes to the wire, with the right Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        let line = "SIP/2.0 200 \r\n".len() + self.reason().len();
        let mut out = Vec::with_capacity(line + end_length(&self.headers, &self.body));
        self.write_to(&mut out);
        out.into()
    }

    /// Appends the response as it goes to the wire, with the right Content-Length.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        let _ = write!(out, "SIP/2.0 {} ", self.status);
        wire_text::write_to(self.reason(), out);
        out.extend_from_slice(b"\r\n");
        write_end(&self.headers, &self.body, out);
    }
}
