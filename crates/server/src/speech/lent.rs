//! The server's HTTP client, as speech engines borrow it.

use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use hookflash_dialects::{FetchError, FetchErrorKind};
use hookflash_speech::{Connection, EngineError, HttpClient, HttpReply, HttpRequest};
use tokio::time::Instant;

use crate::webhook::{Location, Webhooks};

/// Opens what the operator configured, on whatever network that is.
pub(super) struct Lent(pub(super) Rc<Webhooks>);

impl HttpClient for Lent {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'_, Result<HttpReply, EngineError>> {
        async move {
            let deadline = Instant::now() + request.time_limit;
            let location = Location::parse(&request.url).map_err(blame)?;
            let most = request.most;
            let work = self.0.post(
                &location,
                &request.headers,
                request.body.into(),
                most,
                deadline,
            );
            match tokio::time::timeout_at(deadline, work).await {
                Ok(Ok((status, content_type, body))) => Ok(HttpReply {
                    status,
                    content_type,
                    body,
                }),
                Ok(Err(error)) => Err(blame(error)),
                Err(_) => Err(EngineError::Late),
            }
        }
        .boxed_local()
    }

    fn connect<'a>(
        &'a self,
        url: &'a str,
        time_limit: Duration,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Connection>, EngineError>> {
        async move {
            // The connection of a WebSocket is that of the scheme without it.
            let plain = url.replacen("ws", "http", 1);
            let location = Location::parse(&plain).map_err(blame)?;
            let stream = self.0.open(&location, Instant::now() + time_limit).await;
            Ok(Box::new(stream.map_err(blame)?) as Box<dyn Connection>)
        }
        .boxed_local()
    }
}

fn blame(error: FetchError) -> EngineError {
    match error.kind {
        FetchErrorKind::ReadTimeout | FetchErrorKind::TotalTimeout => EngineError::Late,
        FetchErrorKind::TooLarge => EngineError::TooLong,
        // The URL is the operator's; what is in its query may be a key.
        _ => EngineError::Unreachable(error.message),
    }
}
