//! A request to the application, as data. The server sends it; [`HttpRequest::headers_for`]
//! gives it the headers that depend on the attempt, such as signatures.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use hookflash_program::HookMethod;

use crate::{SocketMessage, jambonz, laml};

/// What the reply is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyUse {
    /// A document that runs next.
    Document,
    /// Nothing: it tells the application something. Order per call is kept and failures are
    /// retried by the policy.
    Ignored,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// None: parameters, if any, travel in the query of the URL.
    None,
    /// `application/x-www-form-urlencoded`; names and values not yet encoded, in sending order.
    Form(Vec<(String, String)>),
    /// `application/json`, byte for byte as it is sent and signed.
    Json(String),
    /// None of HTTP: the request is a message on the application's WebSocket, and everything else
    /// of it describes the handshake that opens one.
    Message(Box<SocketMessage>),
}

impl Body {
    fn content_type(&self) -> Option<&'static str> {
        match self {
            Body::None | Body::Message(_) => None,
            Body::Form(_) => Some("application/x-www-form-urlencoded"),
            Body::Json(_) => Some("application/json"),
        }
    }
}

/// How a request is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Not at all.
    None,
    /// `X-Twilio-Signature` with this key, and `X-SignalWire-Signature` too when `signalwire`.
    Laml {
        /// Key.
        key: String,
        /// Also under SignalWire's header name.
        signalwire: bool,
    },
    /// `Jambonz-Signature` with this secret.
    Jambonz {
        /// Secret.
        secret: String,
    },
}

/// Which failures are tried again (`#rp=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryOn {
    /// The connection could not be made (TCP or TLS).
    pub connect: bool,
    /// The reply did not come in time.
    pub read: bool,
    /// Status 400–499.
    pub client_errors: bool,
    /// Status 500–599.
    pub server_errors: bool,
}

impl RetryOn {
    /// All of them.
    pub const ALL: RetryOn = RetryOn {
        connect: true,
        read: true,
        client_errors: true,
        server_errors: true,
    };

    /// Whether a failure of this kind is tried again.
    pub fn covers(self, kind: FetchErrorKind) -> bool {
        match kind {
            FetchErrorKind::ConnectTimeout | FetchErrorKind::Refused | FetchErrorKind::Tls => {
                self.connect
            }
            FetchErrorKind::ReadTimeout => self.read,
            FetchErrorKind::Status(400..=499) => self.client_errors,
            FetchErrorKind::Status(500..=599) => self.server_errors,
            _ => false,
        }
    }
}

/// Limits and manners of one request, after `#…` overrides of its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Limit for TCP and TLS.
    pub connect: Duration,
    /// Limit from the request to the head of the reply.
    pub read: Duration,
    /// Limit for everything, retries and redirects included.
    pub total: Duration,
    /// How many times more it is tried on the same URL.
    pub retries: u8,
    /// On what.
    pub retry_on: RetryOn,
    /// Pause before each retry; the last one repeats. Empty: at once.
    pub backoff: Vec<Duration>,
    /// How many redirects are followed.
    pub redirects: u8,
    /// Cap of the reply in bytes.
    pub max_reply: usize,
    /// Which statuses are a success.
    pub success: Success,
    /// Whether cookies are kept for the call and sent back.
    pub cookies: bool,
    /// Whether a 401 with a Digest challenge is answered with the URL's user information.
    pub digest: bool,
}

/// Which statuses of a reply are a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// 200–299.
    Any2xx,
    /// One of these.
    OneOf(&'static [u16]),
}

impl Success {
    /// Whether this status is one.
    pub fn covers(self, status: u16) -> bool {
        match self {
            Success::Any2xx => (200..300).contains(&status),
            Success::OneOf(list) => list.contains(&status),
        }
    }
}

/// One request to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// What it is, for the journal: `first`, `action`, `status`, `fallback`, `refer`, …
    pub purpose: &'static str,
    /// Method.
    pub method: HookMethod,
    /// Absolute URL with query, without fragment and user information.
    pub url: String,
    /// HTTP Basic (or Digest) user and password.
    pub credentials: Option<(String, String)>,
    /// Headers that are the same on every attempt, without Content-Type and Authorization.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Body,
    /// Signature.
    pub signing: Signing,
    /// Limits.
    pub policy: Policy,
    /// What the reply is good for.
    pub reply_use: ReplyUse,
}

impl HttpRequest {
    /// Content-Type and encoded body; `None` when there is no body.
    pub fn encoded_body(&self) -> Option<(&'static str, Cow<'_, str>)> {
        let text = match &self.body {
            Body::None | Body::Message(_) => return None,
            Body::Form(fields) => Cow::Owned(laml::form::encode(fields)),
            Body::Json(json) => Cow::Borrowed(json.as_str()),
        };
        Some((self.body.content_type()?, text))
    }

    /// The headers of one attempt: the fixed ones, Content-Type and signatures. Authorization is
    /// not among them, because it must not follow a redirect to another host.
    ///
    /// `url` is the URL of this attempt, which a redirect makes another than [`Self::url`];
    /// `unix_seconds` is the time of the attempt. A redirect that turns POST into GET takes the
    /// body away: ask a copy of the request whose `body` is [`Body::None`] then.
    pub fn headers_for(&self, url: &str, unix_seconds: u64) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        if let Some(content_type) = self.body.content_type() {
            headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        }
        match &self.signing {
            Signing::None => {}
            Signing::Laml { key, signalwire } => {
                let form = match &self.body {
                    Body::Form(fields) => fields.as_slice(),
                    Body::None | Body::Json(_) | Body::Message(_) => &[],
                };
                let signature = laml::signature::signature(key, url, form);
                if *signalwire {
                    headers.push(("X-SignalWire-Signature".to_owned(), signature.clone()));
                }
                headers.push(("X-Twilio-Signature".to_owned(), signature));
            }
            Signing::Jambonz { secret } => {
                let body = self.encoded_body();
                let text = body.as_ref().map_or("", |(_, text)| text.as_ref());
                let value = jambonz::signature::header(secret, unix_seconds, text);
                headers.push(("Jambonz-Signature".to_owned(), value));
            }
        }
        headers
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Content-Type as received.
    pub content_type: Option<String>,
    /// Body, at most `Policy::max_reply` bytes.
    pub body: Vec<u8>,
    /// The URL it came from, after redirects; relative URLs in the document resolve against it.
    pub url: String,
}

/// What went wrong with a request; each dialect has its own code for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchErrorKind {
    /// The URL is no http(s) URL.
    InvalidUrl,
    /// The host name has no address.
    Dns,
    /// TCP connect timed out.
    ConnectTimeout,
    /// TCP connect was refused or reset.
    Refused,
    /// TLS handshake failed.
    Tls,
    /// The head of the reply did not come in time.
    ReadTimeout,
    /// The whole took too long.
    TotalTimeout,
    /// What came was no HTTP, or the connection broke in mid-reply.
    Protocol,
    /// More redirects than allowed.
    TooManyRedirects,
    /// A redirect without a usable Location.
    BadRedirect,
    /// A status that is no success.
    Status(u16),
    /// The reply is over the cap.
    TooLarge,
    /// The address is private and `webhook.allow_private_networks` is false.
    PrivateAddress,
    /// The `#…` overrides make no sense.
    BadOverride,
}

/// A request that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    /// What went wrong.
    pub kind: FetchErrorKind,
    /// The URL that failed.
    pub url: String,
    /// A sentence for a person, with the remedy when one is known.
    pub message: String,
    /// Start of the reply's body, when there was one, for the journal.
    pub body: Option<String>,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.url, self.message)
    }
}

impl std::error::Error for FetchError {}
