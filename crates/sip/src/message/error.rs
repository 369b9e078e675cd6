//! What makes a packet unreadable.

use std::fmt;

use super::{Request, Response};

/// Why bytes could not be read as a SIP message. To blame is always the peer.
#[derive(Clone, Debug)]
pub struct ParseError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, in bytes from the beginning of what was given.
    pub offset: usize,
    /// The readable rest of a request, boxed because it is rare.
    request: Option<Box<Request>>,
}

/// The ways in which a packet can be unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing, or nothing but blanks and line ends.
    Empty,
    /// The first line is neither a request line nor a status line.
    StartLine,
    /// The Request-URI contains blanks or is missing.
    RequestUri,
    /// The status code is not a number from 100 to 699.
    StatusCode,
    /// A response in another version than SIP/2.0.
    Version,
    /// A header line without colon.
    HeaderWithoutColon,
    /// A header name that is no token.
    HeaderName,
    /// A carriage return in the middle of a line.
    BareCarriageReturn,
    /// No empty line after the headers.
    Unfinished,
    /// More than 256 header lines.
    TooManyHeaders,
    /// Start line and headers longer than 64 KiB.
    HeadTooLong,
    /// Content-Length is no number, or given twice with different numbers.
    ContentLength,
    /// Content-Length promises more bytes than there are, or more than allowed.
    BodyLength,
    /// No Content-Length on a stream, where nothing else tells where the body ends.
    NoContentLength,
}

impl Problem {
    /// The problem in words that fit a reason phrase.
    pub fn as_str(self) -> &'static str {
        match self {
            Problem::Empty => "Empty Message",
            Problem::StartLine => "Malformed Start Line",
            Problem::RequestUri => "Malformed Request-URI",
            Problem::StatusCode => "Malformed Status Code",
            Problem::Version => "Unknown SIP Version",
            Problem::HeaderWithoutColon => "Header Line Without Colon",
            Problem::HeaderName => "Malformed Header Name",
            Problem::BareCarriageReturn => "Carriage Return Inside A Line",
            Problem::Unfinished => "Headers Without End",
            Problem::TooManyHeaders => "Too Many Headers",
            Problem::HeadTooLong => "Headers Too Long",
            Problem::ContentLength => "Malformed Content-Length",
            Problem::BodyLength => "Content-Length Beyond Message",
            Problem::NoContentLength => "Content-Length Missing",
        }
    }
}

impl ParseError {
    pub(crate) fn new(problem: Problem, offset: usize) -> ParseError {
        ParseError {
            problem,
            offset,
            request: None,
        }
    }

    pub(crate) fn with_request(mut self, request: Request) -> ParseError {
        self.request = Some(Box::new(request));
        self
    }

    /// What could be read of a broken request: only given when Via, From, To, Call-ID and CSeq
    /// were all there. Not to be acted upon, only to be answered.
    pub fn request(&self) -> Option<&Request> {
        self.request.as_deref()
    }

    /// The 400 (or 413, 513) for a broken request, if it can be answered at all. ACK never is.
    pub fn answer(&self, to_tag: Option<&str>) -> Option<Response> {
        let request = self.request()?;
        if *request.method() == crate::Method::Ack {
            return None;
        }
        let status = match self.problem {
            Problem::HeadTooLong | Problem::TooManyHeaders => 513,
            _ => 400,
        };
        let reason = if status == 513 {
            None
        } else {
            Some(self.problem.as_str())
        };
        Some(request.response_to(status, reason, to_tag))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unreadable SIP message: {} (byte {})",
            self.problem.as_str(),
            self.offset
        )
    }
}

impl std::error::Error for ParseError {}
