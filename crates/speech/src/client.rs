//! What engines need of the network. The server has an HTTP client already; it lends it.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::EngineError;

/// A POST request to a service.
#[derive(Clone, Debug)]
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

/// The body of a good answer.
pub(crate) fn accepted(reply: HttpReply) -> Result<HttpReply, EngineError> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    Err(EngineError::Refused {
        status: reply.status,
        words: beginning(&reply.body),
    })
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
