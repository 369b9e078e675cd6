//! What engines need of the network. The server has an HTTP client already; it lends it.

use std::fmt;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::EngineError;

/// A POST request to a service.
#[derive(Clone)]
pub struct HttpRequest {
    /// Where to.
    pub url: String,
    /// Headers, `Content-Type` among them.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// How long the whole may take.
    pub time_limit: Duration,
    /// Longest answer in bytes.
    pub most: usize,
}

impl fmt::Debug for HttpRequest {
    /// Without what stands in headers and body: keys, and what is said to callers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("HttpRequest")
            .field("url", &self.url)
            .field("headers", &names)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A service's answer, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// Status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

/// A connection, with TLS when it was asked for.
pub trait Connection: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Connection for T {}

/// An HTTP client that somebody lends.
pub trait HttpClient {
    /// Sends a request. Redirects are not followed; a status is no error.
    ///
    /// # Errors
    /// When no answer came, or one that is too long.
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpReply, EngineError>>;

    /// Opens a connection to the host of a `ws://` or `wss://` URL.
    ///
    /// # Errors
    /// When it cannot be had in time.
    fn connect<'a>(
        &'a self,
        url: &'a str,
        time_limit: Duration,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Connection>, EngineError>>;
}

/// The body of a good answer. Of any other it is told how it begins, but not our key, which some
/// services repeat.
pub(crate) fn accepted(reply: HttpReply, key: &str) -> Result<HttpReply, EngineError> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    Err(refused(reply.status, &reply.body, key))
}

/// A refusal in the service's words, without our key.
pub(crate) fn refused(status: u16, body: &[u8], key: &str) -> EngineError {
    let text = String::from_utf8_lossy(body.get(..800).unwrap_or(body));
    let words = match key {
        "" => beginning(text.as_bytes()),
        key => beginning(text.replace(key, "…").as_bytes()),
    };
    EngineError::Refused { status, words }
}

/// How a text begins, on one line, for a person.
pub(crate) fn beginning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..800).unwrap_or(bytes));
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(200).collect()
}
