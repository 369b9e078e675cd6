//! The opening handshake (RFC 6455 section 4.1).
//!
//! Written here because deployed applications answer more freely than the library's client
//! allows: without naming the sub-protocol, and with more than `Upgrade` in `Connection`.

use hookflash_dialects::{FetchError, FetchErrorKind, HttpRequest};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::webhook::{Location, Stream, Webhooks, failure};

/// Longest head of a reply, in bytes.
const LONGEST_HEAD: usize = 16 * 1_024;
/// Most header fields of a reply.
const MOST_FIELDS: usize = 64;

/// Connects and shakes hands, following as many redirects as the policy allows. Gives the
/// connection, and what came behind the reply's head.
pub(crate) async fn shake(
    webhooks: &Webhooks,
    request: &HttpRequest,
) -> Result<(Box<dyn Stream>, Vec<u8>), FetchError> {
    let deadline = Instant::now() + request.policy.total;
    let mut location = locate(&request.url)?;
    let first = location.origin.clone();
    let mut redirects = 0;
    loop {
        // Credentials stay with the host that they were given for.
        let credentials = request.credentials.as_ref();
        let credentials = credentials.filter(|_| location.origin == first);
        let hop = Hop {
            request,
            location: &location,
            credentials,
        };
        let to = match hop.shake(webhooks, deadline).await? {
            Answer::Shaken(stream, rest) => return Ok((stream, rest)),
            Answer::Redirect(to) => to,
        };
        redirects += 1;
        if redirects > request.policy.redirects {
            let why = format!(
                "still redirected after {} redirects",
                request.policy.redirects
            );
            let kind = FetchErrorKind::TooManyRedirects;
            return Err(failure::new(kind, &location.url, why));
        }
        location = follow(&location, &to)?;
    }
}

/// What an application answered.
enum Answer {
    Shaken(Box<dyn Stream>, Vec<u8>),
    Redirect(String),
}

/// What the head of a reply says, once it is complete.
enum Judged {
    /// The handshake is done; the length of the head.
    Shaken(usize),
    /// It is to be tried there.
    Redirect(String),
}

/// One URL of a chain of redirects.
struct Hop<'a> {
    request: &'a HttpRequest,
    location: &'a Location,
    credentials: Option<&'a (String, String)>,
}

impl Hop<'_> {
    async fn shake(&self, webhooks: &Webhooks, deadline: Instant) -> Result<Answer, FetchError> {
        let policy = &self.request.policy;
        let url = &self.location.url;
        let connect_by = deadline.min(Instant::now() + policy.connect);
        let mut stream = webhooks.open(self.location, connect_by).await?;
        let key = generate_key();
        let head = self.write_head(&key);
        let late = |_| {
            failure::new(
                FetchErrorKind::ReadTimeout,
                url,
                "the WebSocket handshake was not answered in time",
            )
        };
        let broke = |error: std::io::Error| {
            let why = format!("the connection broke in the WebSocket handshake: {error}");
            failure::new(FetchErrorKind::Protocol, url, why)
        };
        let deadline = deadline.min(Instant::now() + policy.read);
        timeout_at(deadline, stream.write_all(head.as_bytes()))
            .await
            .map_err(late)?
            .map_err(broke)?;
        let mut bytes = Vec::with_capacity(1_024);
        loop {
            let read = timeout_at(deadline, stream.read_buf(&mut bytes))
                .await
                .map_err(late)?
                .map_err(broke)?;
            match self.judge(&key, &bytes)? {
                Some(Judged::Shaken(length)) => {
                    let rest = bytes.split_off(length);
                    return Ok(Answer::Shaken(stream, rest));
                }
                Some(Judged::Redirect(to)) => return Ok(Answer::Redirect(to)),
                None => {}
            }
            if read == 0 {
                let why = "the connection was closed before the WebSocket handshake was complete";
                return Err(failure::new(FetchErrorKind::Protocol, url, why));
            }
            if bytes.len() > LONGEST_HEAD {
                let why = "the head of the reply to the WebSocket handshake is too long";
                return Err(failure::new(FetchErrorKind::Protocol, url, why));
            }
        }
    }

    fn write_head(&self, key: &str) -> String {
        let location = self.location;
        let target = location
            .target
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let host = location.host_header.to_str().unwrap_or_default();
        let mut head = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        );
        let mut authorized = false;
        for (name, value) in self
            .request
            .headers_for(&location.url, crate::webhook::unix_seconds())
        {
            let is = |other: &http::HeaderName| name.eq_ignore_ascii_case(other.as_str());
            let ours = [HOST, CONTENT_LENGTH, CONTENT_TYPE].iter().any(is);
            // What a document gives must not become a line of its own.
            let plain = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(&value).is_ok();
            if ours || !plain {
                continue;
            }
            authorized |= is(&AUTHORIZATION);
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some((user, password)) = self.credentials.filter(|_| !authorized) {
            head.push_str(&format!(
                "Authorization: {}\r\n",
                crate::webhook::basic(user, password)
            ));
        }
        head.push_str(concat!(
            "User-Agent: hookflash/",
            env!("CARGO_PKG_VERSION"),
            "\r\n\r\n"
        ));
        head
    }

    /// What the head says once it is complete and right.
    fn judge(&self, key: &str, bytes: &[u8]) -> Result<Option<Judged>, FetchError> {
        let url = &self.location.url;
        let policy = &self.request.policy;
        let wrong = |why: &str| {
            let why = format!("the reply to the WebSocket handshake is wrong: {why}");
            failure::new(FetchErrorKind::Protocol, url, why)
        };
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut reply = httparse::Response::new(&mut fields);
        let length = match reply.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(wrong(&format!("it is no HTTP: {error}"))),
        };
        let status = reply.code.unwrap_or_default();
        if policy.redirects > 0 && matches!(status, 301 | 302 | 303 | 307 | 308) {
            return self.redirect(status, reply.headers).map(Some);
        }
        if status != 101 {
            let body = bytes.get(length..).unwrap_or_default();
            return Err(failure::status(status, url, body));
        }
        self.check_agreement(key, reply.headers).map_err(wrong)?;
        Ok(Some(Judged::Shaken(length)))
    }

    fn redirect(&self, status: u16, fields: &[httparse::Header<'_>]) -> Result<Judged, FetchError> {
        let to = fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case("location"))
            .map(|field| String::from_utf8_lossy(field.value).trim().to_owned());
        match to.filter(|to| !to.is_empty()) {
            Some(to) => Ok(Judged::Redirect(to)),
            None => {
                let why = format!("{status} without a Location header");
                let kind = FetchErrorKind::BadRedirect;
                Err(failure::new(kind, &self.location.url, why))
            }
        }
    }

    /// What a 101 must say (RFC 6455 section 4.1); the error is what is wrong with it.
    fn check_agreement(
        &self,
        key: &str,
        fields: &[httparse::Header<'_>],
    ) -> Result<(), &'static str> {
        let values = |name: &'static str| {
            fields
                .iter()
                .filter(move |field| field.name.eq_ignore_ascii_case(name))
                .filter_map(|field| std::str::from_utf8(field.value).ok())
                .flat_map(|value| value.split(','))
                .map(str::trim)
        };
        if !values("upgrade").any(|value| value.eq_ignore_ascii_case("websocket")) {
            return Err("it has no `Upgrade: websocket`");
        }
        if !values("connection").any(|value| value.eq_ignore_ascii_case("upgrade")) {
            return Err("it has no `Connection: Upgrade`");
        }
        if values("sec-websocket-accept").next() != Some(&derive_accept_key(key.as_bytes())) {
            return Err("its Sec-WebSocket-Accept does not fit our key");
        }
        if values("sec-websocket-extensions").any(|value| !value.is_empty()) {
            return Err("it uses an extension that was not asked for");
        }
        let asked = self
            .request
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
        for protocol in values("sec-websocket-protocol") {
            if !asked.is_some_and(|(_, asked)| asked.split(',').any(|one| one.trim() == protocol)) {
                return Err("it names a sub-protocol that was not asked for");
            }
        }
        Ok(())
    }
}

/// The `ws:` URL as the `http:` URL that it is asked at; signed and reported as written.
fn locate(url: &str) -> Result<Location, FetchError> {
    let asked = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        _ => {
            return Err(failure::new(
                FetchErrorKind::InvalidUrl,
                url,
                "a WebSocket URL begins with ws:// or wss://",
            ));
        }
    };
    let mut location = Location::parse(&asked).map_err(|mut error| {
        url.clone_into(&mut error.url);
        error
    })?;
    url.clone_into(&mut location.url);
    Ok(location)
}

/// Where a redirect leads: `http:` is as good as `ws:` there, since that is what was asked.
fn follow(from: &Location, to: &str) -> Result<Location, FetchError> {
    let bad = |why: String| failure::new(FetchErrorKind::BadRedirect, &from.url, why);
    let next = url::Url::parse(&from.url).and_then(|base| base.join(to));
    let mut next =
        next.map_err(|error| bad(format!("redirected to `{to}`, which is no URL: {error}")))?;
    next.set_fragment(None);
    let scheme = match next.scheme() {
        "http" => "ws",
        "https" => "wss",
        other => other,
    };
    let scheme = scheme.to_owned();
    // Cannot fail between the schemes that the URL standard calls special; any other is refused
    // below.
    let _ = next.set_scheme(&scheme);
    locate(next.as_str()).map_err(|_| bad(format!("redirected to `{to}`, which is no WebSocket")))
}
