//! Requests.

use std::net::SocketAddr;

use bytes::Bytes;

use super::{Response, end_length, write_end};
use crate::header::{Name, NameAddr, TypedHeader, Via};
use crate::headers::Headers;
use crate::syntax::{List, find_outside};
use crate::{Method, wire_text};

/// A request: method, Request-URI, headers and body.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    pub(super) version_known: bool,
    // Holds the Request-URI too, so that a received message is one buffer.
    headers: Headers,
    body: Bytes,
}

impl Request {
    /// A request with no headers yet. Blanks and line ends in `uri` are dropped.
    pub fn new(method: Method, uri: &str) -> Request {
        let mut request = Request {
            method,
            version_known: true,
            headers: Headers::with_capacity(1024, 20),
            body: Bytes::new(),
        };
        request.set_uri(uri);
        request
    }

    pub(super) fn from_parts(method: Method, version_known: bool, headers: Headers) -> Request {
        Request {
            method,
            version_known,
            headers,
            body: Bytes::new(),
        }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The Request-URI as it stands in the request line.
    pub fn uri(&self) -> &str {
        self.headers.start_text()
    }

    /// Changes the Request-URI. Blanks and line ends are dropped: they can never be part of one.
    pub fn set_uri(&mut self, uri: &str) {
        if uri.bytes().any(|b| b <= b' ') {
            let clean: String = uri.chars().filter(|c| *c > ' ').collect();
            self.headers.set_start_text(&clean);
        } else {
            self.headers.set_start_text(uri);
        }
    }

    /// Whether the request line says SIP/2.0; another version is answered 505.
    pub fn is_known_version(&self) -> bool {
        self.version_known
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

    /// Gives the request a body and names its type.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.headers.set(Name::ContentType, content_type);
        self.body = body.into();
    }

    pub(crate) fn set_raw_body(&mut self, body: Bytes) {
        self.body = body;
    }

    /// The request as it goes to the wire, with the right Content-Length.
    pub fn to_bytes(&self) -> Bytes {
        let line = self.method.as_str().len() + self.uri().len() + "  SIP/2.0\r\n".len();
        let mut out = Vec::with_capacity(line + end_length(&self.headers, &self.body));
        self.write_to(&mut out);
        out.into()
    }

    /// Appends the request as it goes to the wire, with the right Content-Length.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        wire_text::write_to(self.uri(), out);
        out.extend_from_slice(b" SIP/2.0\r\n");
        write_end(&self.headers, &self.body, out);
    }

    /// The beginning of a response to this request (RFC 3261 section 8.2.6.2): Via, From, To,
    /// Call-ID and CSeq are copied, and Timestamp into a 100.
    ///
    /// `to_tag` is added when To has none yet. `reason` defaults to the usual phrase. Record-Route
    /// is left to [`Response::copy_record_route`].
    pub fn response_to(&self, status: u16, reason: Option<&str>, to_tag: Option<&str>) -> Response {
        let mut response = Response::new(status, reason);
        let headers = response.headers_mut();
        headers.copy_all(&self.headers, Name::Via);
        headers.copy_all(&self.headers, Name::From);
        match (self.headers.get(Name::To), to_tag) {
            (Some(to), Some(tag)) if !has_tag(to) => {
                headers.push(Name::To, &format!("{to};tag={tag}"));
            }
            _ => headers.copy_all(&self.headers, Name::To),
        }
        headers.copy_all(&self.headers, Name::CallId);
        headers.copy_all(&self.headers, Name::CSeq);
        if status == 100 {
            headers.copy_all(&self.headers, Name::Timestamp);
        }
        response
    }

    /// Notes in the top Via where the request really came from (RFC 3261 section 18.2.1, RFC 3581
    /// section 4): `received` when sent-by names another host or `rport` was asked for, and the
    /// port as value of `rport` when asked for.
    pub fn stamp_top_via(&mut self, source: SocketAddr) {
        let Some(line) = self.headers.get(Name::Via) else {
            return;
        };
        let (top, rest) = match find_outside(line, b',').and_then(|at| line.split_at_checked(at)) {
            Some((top, rest)) => (top, rest),
            None => (line, ""),
        };
        let Ok(via) = Via::parse(top) else { return };
        let wants_rport = via.params.contains("rport");
        let ip = source.ip().to_canonical();
        let same_host = via.host_ip() == Some(ip);
        if same_host && !wants_rport && !via.params.contains("received") {
            return;
        }
        let mut stamped = String::with_capacity(line.len() + 64);
        stamped.push_str(
            top.split_once(';')
                .map_or(top, |(before, _)| before)
                .trim_end(),
        );
        for param in via.params.iter() {
            match param.name {
                name if name.eq_ignore_ascii_case("received") => continue,
                name if name.eq_ignore_ascii_case("rport") => {
                    stamped.push_str(&format!(";{name}={}", source.port()));
                    continue;
                }
                name => stamped.extend([";", name]),
            }
            stamped.extend(param.value.iter().flat_map(|value| ["=", value]));
        }
        if !same_host || wants_rport {
            stamped.push_str(&format!(";received={ip}"));
        }
        stamped.push_str(rest);
        self.headers.set_first(Name::Via, &stamped);
    }
}

fn has_tag(to: &str) -> bool {
    match NameAddr::parse(to) {
        Ok(to) => to.params.contains("tag"),
        Err(_) => to.contains(";tag="),
    }
}

/// The first of several comma-joined values.
pub(super) fn first_item(value: &str) -> &str {
    List::new(value).next().unwrap_or("")
}
