//! One request and its answer on one URL.

use bytes::Bytes;
use hookflash_call::CallKey;
use hookflash_dialects::{Body, FetchError, FetchErrorKind, HttpRequest, Reply, ReplyUse};
use hookflash_program::HookMethod;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST, HeaderName,
    HeaderValue, LOCATION, USER_AGENT,
};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::authorization::Question;
use super::location::{Location, Origin};
use super::pool::Sender;
use super::{Webhooks, failure, unix_seconds};

/// How much of a reply that nobody reads is read, so that its connection can be used again.
const UNREAD: usize = 64 * 1024;

/// One URL of a chain of redirects, and what is sent there.
pub(crate) struct Hop<'a> {
    location: Location,
    method: HookMethod,
    /// The request, or a copy without body after a redirect that made it a GET.
    request: std::borrow::Cow<'a, HttpRequest>,
    first: Origin,
}

/// What an exchange came to, short of failing.
pub(crate) enum Answer {
    Reply(Reply, HeaderMap),
    Redirect { status: u16, location: String },
}

impl<'a> Hop<'a> {
    pub(crate) fn first(request: &'a HttpRequest) -> Result<Hop<'a>, FetchError> {
        let location = Location::parse(&request.url)?;
        Ok(Hop {
            first: location.origin.clone(),
            location,
            method: request.method,
            request: std::borrow::Cow::Borrowed(request),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.location.url
    }

    /// The next URL of the chain. 301, 302 and 303 turn into a GET without body, as clients have
    /// always done; 307 and 308 repeat the request (RFC 9110 section 15.4).
    pub(crate) fn redirected(self, status: u16, location: &str) -> Result<Hop<'a>, FetchError> {
        let next = self.location.follow(location)?;
        let mut hop = Hop {
            location: next,
            ..self
        };
        if !matches!(status, 307 | 308) {
            hop.method = HookMethod::Get;
            if hop.request.body != Body::None {
                hop.request.to_mut().body = Body::None;
            }
        }
        Ok(hop)
    }

    fn method(&self) -> Method {
        match self.method {
            HookMethod::Get => Method::GET,
            HookMethod::Post => Method::POST,
        }
    }
}

impl Webhooks {
    /// Asks once; a Digest challenge and a connection that the peer had already given up are
    /// dealt with here.
    pub(crate) async fn exchange(
        &self,
        call: CallKey,
        request: &HttpRequest,
        hop: &Hop<'_>,
    ) -> Result<Answer, FetchError> {
        let policy = &request.policy;
        let body = hop.request.encoded_body();
        let body = body.map_or_else(Bytes::new, |(_, text)| match text {
            std::borrow::Cow::Borrowed(text) => Bytes::copy_from_slice(text.as_bytes()),
            std::borrow::Cow::Owned(text) => Bytes::from(text),
        });
        // Credentials stay with the host that they were given for.
        let question = request
            .credentials
            .as_ref()
            .filter(|_| hop.location.origin == hop.first)
            .map(|credentials| Question {
                origin: &hop.location.origin,
                method: match hop.method {
                    HookMethod::Get => "GET",
                    HookMethod::Post => "POST",
                },
                target: hop
                    .location
                    .target
                    .path_and_query()
                    .map_or("/", |path| path.as_str()),
                body: &body,
                credentials,
            });
        let mut authorization = question
            .as_ref()
            .and_then(|question| self.answers.first(question, policy.digest));
        for challenged in [false, true] {
            let (sender, response) = self
                .round_trip(call, hop, &body, authorization.take())
                .await?;
            self.keep_cookies(call, request, hop, &response);
            if response.status() == 401
                && policy.digest
                && !challenged
                && let Some(question) = &question
                && let Some(answer) = self.answers.second(question, response.headers())
            {
                authorization = Some(answer);
                self.discard(hop, sender, response).await;
                continue;
            }
            return self.take(request, hop, sender, response).await;
        }
        Err(failure::status(401, hop.url(), b""))
    }

    fn keep_cookies(
        &self,
        call: CallKey,
        request: &HttpRequest,
        hop: &Hop<'_>,
        response: &Response<Incoming>,
    ) {
        if request.policy.cookies {
            self.jars.keep(call, hop.url(), response.headers());
        }
    }

    fn message(
        &self,
        call: CallKey,
        hop: &Hop<'_>,
        body: Bytes,
        authorization: Option<HeaderValue>,
    ) -> Request<Full<Bytes>> {
        let mut message = Request::new(Full::new(body));
        *message.method_mut() = hop.method();
        message.uri_mut().clone_from(&hop.location.target);
        let headers = message.headers_mut();
        headers.insert(HOST, hop.location.host_header.clone());
        for (name, value) in hop.request.headers_for(hop.url(), unix_seconds()) {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                continue;
            };
            let Ok(value) = HeaderValue::from_str(&value) else {
                continue;
            };
            // The length is the message's own, and nobody waits for 100 Continue.
            if name != HOST && name != CONTENT_LENGTH && name != EXPECT {
                headers.append(name, value);
            }
        }
        if !headers.contains_key(USER_AGENT) {
            headers.insert(USER_AGENT, HeaderValue::from_static(crate::PRODUCT));
        }
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        }
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        if hop.request.policy.cookies
            && let Some(cookies) = self.jars.header(call, hop.url())
        {
            headers.insert(COOKIE, cookies);
        }
        message
    }

    /// Sends a message and waits for the head of the reply. An idle connection may turn out to be
    /// closed; when nothing was written on it yet a new one is opened, which is no retry. A GET that
    /// such a connection swallowed is sent once more (RFC 9110 section 9.2.2); any other request that
    /// was written is never written again here: the application may have acted on it.
    async fn round_trip(
        &self,
        call: CallKey,
        hop: &Hop<'_>,
        body: &Bytes,
        authorization: Option<HeaderValue>,
    ) -> Result<(Sender, Response<Incoming>), FetchError> {
        let policy = &hop.request.policy;
        if let Some(mut sender) = self.pool.idle(&hop.location.origin) {
            let message = self.message(call, hop, body.clone(), authorization.clone());
            let deadline = Instant::now() + policy.read;
            match timeout_at(deadline, sender.try_send_request(message)).await {
                Ok(Ok(response)) => return Ok((sender, response)),
                Ok(Err(mut unsent)) => {
                    let is_safe = hop.method == HookMethod::Get;
                    if unsent.take_message().is_none() && !is_safe {
                        return Err(broken(hop, unsent.error()));
                    }
                }
                Err(_) => return Err(no_reply(hop, policy.read)),
            }
        }
        let allow_private = self.allow_private.get();
        let deadline = Instant::now() + policy.connect;
        // Boxed: most requests find an open connection, and each would carry the room.
        let opening = Box::pin(self.pool.open(&hop.location, allow_private, deadline));
        let mut sender = opening.await?;
        let message = self.message(call, hop, body.clone(), authorization);
        let deadline = Instant::now() + policy.read;
        match timeout_at(deadline, sender.send_request(message)).await {
            Ok(Ok(response)) => Ok((sender, response)),
            Ok(Err(error)) => Err(broken(hop, &error)),
            Err(_) => Err(no_reply(hop, policy.read)),
        }
    }

    /// Makes of a reply what the policy says.
    async fn take(
        &self,
        request: &HttpRequest,
        hop: &Hop<'_>,
        sender: Sender,
        response: Response<Incoming>,
    ) -> Result<Answer, FetchError> {
        let policy = &request.policy;
        let status = response.status().as_u16();
        let success = policy.success.covers(status);
        if !success && policy.redirects > 0 && matches!(status, 301 | 302 | 303 | 307 | 308) {
            let location = match response.headers().get(LOCATION).map(HeaderValue::as_bytes) {
                Some(bytes) if !bytes.is_empty() => String::from_utf8_lossy(bytes).into_owned(),
                _ => {
                    let why = format!("{status} without a Location header");
                    return Err(failure::new(FetchErrorKind::BadRedirect, hop.url(), why));
                }
            };
            self.discard(hop, sender, response).await;
            return Ok(Answer::Redirect { status, location });
        }
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if success && request.reply_use == ReplyUse::Ignored {
            self.discard(hop, sender, response).await;
            let reply = Reply {
                status,
                content_type,
                body: Vec::new(),
                url: hop.url().to_owned(),
            };
            return Ok(Answer::Reply(reply, HeaderMap::new()));
        }
        let cap = policy.max_reply;
        let (head, body) = response.into_parts();
        match read(body, cap).await {
            Ok(body) => {
                self.pool.put_back(&hop.location.origin, sender);
                if !success {
                    return Err(failure::status(status, hop.url(), &body));
                }
                let reply = Reply {
                    status,
                    content_type,
                    body,
                    url: hop.url().to_owned(),
                };
                Ok(Answer::Reply(reply, head.headers))
            }
            Err(_) if !success => Err(failure::status(status, hop.url(), b"")),
            Err(Unread::TooLarge) => Err(failure::new(
                FetchErrorKind::TooLarge,
                hop.url(),
                format!("the reply is over {cap} bytes"),
            )),
            Err(Unread::Broken(error)) => Err(broken(hop, &error)),
        }
    }

    /// Reads a short reply to its end so that the connection can be used again; a long one is
    /// not worth it.
    async fn discard(&self, hop: &Hop<'_>, sender: Sender, response: Response<Incoming>) {
        if read(response.into_body(), UNREAD).await.is_ok() {
            self.pool.put_back(&hop.location.origin, sender);
        }
    }
}

pub(super) enum Unread {
    TooLarge,
    Broken(hyper::Error),
}

pub(super) async fn read(mut body: Incoming, cap: usize) -> Result<Vec<u8>, Unread> {
    use hyper::body::Body as _;
    let announced = body
        .size_hint()
        .exact()
        .and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > cap) {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Unread::Broken)?;
        if let Some(data) = frame.data_ref() {
            if bytes.len() + data.len() > cap {
                return Err(Unread::TooLarge);
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

fn no_reply(hop: &Hop<'_>, limit: std::time::Duration) -> FetchError {
    failure::new(
        FetchErrorKind::ReadTimeout,
        hop.url(),
        format!("no answer within {} ms", limit.as_millis()),
    )
}

fn broken(hop: &Hop<'_>, error: &hyper::Error) -> FetchError {
    use std::error::Error as _;
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let cut_off = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::UnexpectedEof;
    let why = if error.is_incomplete_message() || cause.is_some_and(cut_off) {
        "the connection was closed before the reply was complete".to_owned()
    } else if error.is_parse() {
        format!("the reply is no HTTP: {error}")
    } else {
        format!("the connection broke: {error}")
    };
    failure::new(FetchErrorKind::Protocol, hop.url(), why)
}
