//! One POST to a service of the operator: no cookies, no redirects, no retries, and every status
//! is an answer.

use bytes::Bytes;
use hookflash_dialects::{FetchError, FetchErrorKind};
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request};
use http_body_util::Full;
use tokio::time::Instant;

use super::exchange::{Unread, read};
use super::{Location, Webhooks, failure};

impl Webhooks {
    /// Gives status, `Content-Type` and body. The connection has to be there by `deadline`; how
    /// long the whole may take is the caller's business.
    pub(crate) async fn post(
        &self,
        location: &Location,
        headers: &[(&'static str, String)],
        body: Bytes,
        most: usize,
        deadline: Instant,
    ) -> Result<(u16, Option<String>, Vec<u8>), FetchError> {
        let message = message(location, headers, body)?;
        let broken = |error: hyper::Error| {
            let why = format!("the connection broke: {error}");
            failure::new(FetchErrorKind::Protocol, &location.url, why)
        };
        let mut message = Some(message);
        let mut answered = None;
        if let Some(mut sender) = self.pool.idle(&location.origin)
            && let Some(first) = message.take()
        {
            match sender.try_send_request(first).await {
                Ok(response) => answered = Some((sender, response)),
                // An idle connection that its peer had closed; nothing was written.
                Err(mut unsent) => match unsent.take_message() {
                    Some(unwritten) => message = Some(unwritten),
                    None => return Err(broken(unsent.into_error())),
                },
            }
        }
        if let Some(message) = message {
            let allow_private = self.allow_private.get();
            let mut sender = self.pool.open(location, allow_private, deadline).await?;
            let response = sender.send_request(message).await.map_err(broken)?;
            answered = Some((sender, response));
        }
        let Some((sender, response)) = answered else {
            let why = "the request was not sent";
            return Err(failure::new(FetchErrorKind::Protocol, &location.url, why));
        };
        let status = response.status().as_u16();
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
        match read(response.into_body(), most).await {
            Ok(body) => {
                self.pool.put_back(&location.origin, sender);
                Ok((status, kind, body))
            }
            Err(Unread::TooLarge) => {
                let why = format!("the reply is over {most} bytes");
                Err(failure::new(FetchErrorKind::TooLarge, &location.url, why))
            }
            Err(Unread::Broken(error)) => Err(broken(error)),
        }
    }
}

fn message(
    location: &Location,
    headers: &[(&'static str, String)],
    body: Bytes,
) -> Result<Request<Full<Bytes>>, FetchError> {
    let mut message = Request::new(Full::new(body));
    *message.method_mut() = Method::POST;
    message.uri_mut().clone_from(&location.target);
    let into = message.headers_mut();
    into.insert(HOST, location.host_header.clone());
    into.insert(USER_AGENT, HeaderValue::from_static(crate::PRODUCT));
    for (name, value) in headers {
        let written = (HeaderName::try_from(*name), HeaderValue::from_str(value));
        let (Ok(name), Ok(mut value)) = written else {
            let why = format!("the header {name} cannot be written; is the key right?");
            return Err(failure::new(FetchErrorKind::Protocol, &location.url, why));
        };
        value.set_sensitive(true);
        into.insert(name, value);
    }
    Ok(message)
}
