//! One HTTP request to the server, plainly: it runs on this machine or behind a proxy that speaks
//! TLS for it.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long the server may take for one request.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than any answer of the API has.
const MOST: usize = 8 << 20;

/// A request as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: String,
    /// Type and text of the body.
    pub(crate) body: Option<(&'static str, String)>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// The server that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// `host:port`.
    pub(crate) server: String,
    /// The value of the Authorization header, if there is one.
    pub(crate) authorization: Option<String>,
}

impl Client {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// A sentence, when there is no answer.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Answer, String> {
        let exchange = tokio::time::timeout(PATIENCE, self.exchange(ask));
        let answered = exchange
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        answered.map_err(|why| {
            format!(
                "the server at http://{}: {why}; is `hookflash serve` running there? \
                 (--http says where)",
                self.server
            )
        })
    }

    async fn exchange(&self, ask: &Ask) -> Result<Answer, String> {
        let stream = TcpStream::connect(&self.server)
            .await
            .map_err(|error| error.to_string())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        // The request that uses the connection reports what broke it.
        tokio::spawn(connection);
        let mut request = hyper::Request::builder()
            .method(ask.method)
            .uri(&ask.path)
            .header(HOST, &self.server)
            .header(CONNECTION, "close")
            .header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let body = match &ask.body {
            Some((kind, text)) => {
                request = request.header(CONTENT_TYPE, *kind);
                Bytes::from(text.clone())
            }
            None => Bytes::new(),
        };
        let request = request
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MOST)
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(Answer {
            status,
            body: body.to_bytes().into(),
        })
    }
}
