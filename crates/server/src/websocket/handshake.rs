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

/// Connects and shakes hands. Gives the connection, and what came behind the reply's head.
pub(crate) async fn shake(
    webhooks: &Webhooks,
    request: &HttpRequest,
) -> Result<(Box<dyn Stream>, Vec<u8>), FetchError> {
    let location = locate(request)?;
    let policy = &request.policy;
    let deadline = Instant::now() + policy.total;
    let connect_by = deadline.min(Instant::now() + policy.connect);
    let mut stream = webhooks.open(&location, connect_by).await?;
    let key = generate_key();
    let head = write_head(request, &location, &key);
    let late = |_| {
        failure::new(
            FetchErrorKind::ReadTimeout,
            &request.url,
            "the WebSocket handshake was not answered in time",
        )
    };
    let broke = |error: std::io::Error| {
        let why = format!("the connection broke in the WebSocket handshake: {error}");
        failure::new(FetchErrorKind::Protocol, &request.url, why)
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
        if let Some(length) = judge(request, &key, &bytes)? {
            return Ok((stream, bytes.split_off(length)));
        }
        if read == 0 {
            let why = "the connection was closed before the WebSocket handshake was complete";
            return Err(failure::new(FetchErrorKind::Protocol, &request.url, why));
        }
        if bytes.len() > LONGEST_HEAD {
            let why = "the head of the reply to the WebSocket handshake is too long";
            return Err(failure::new(FetchErrorKind::Protocol, &request.url, why));
        }
    }
}

/// The `ws:` URL as the `http:` URL that it is asked at; signed and reported as written.
fn locate(request: &HttpRequest) -> Result<Location, FetchError> {
    let url = &request.url;
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
        error.url.clone_from(url);
        error
    })?;
    location.url.clone_from(url);
    Ok(location)
}

fn write_head(request: &HttpRequest, location: &Location, key: &str) -> String {
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
    for (name, value) in request.headers_for(&request.url, crate::webhook::unix_seconds()) {
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
    if let Some((user, password)) = request.credentials.as_ref().filter(|_| !authorized) {
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

/// The length of the head once it is complete and right.
fn judge(request: &HttpRequest, key: &str, bytes: &[u8]) -> Result<Option<usize>, FetchError> {
    let wrong = |why: &str| {
        let why = format!("the reply to the WebSocket handshake is wrong: {why}");
        failure::new(FetchErrorKind::Protocol, &request.url, why)
    };
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut reply = httparse::Response::new(&mut fields);
    let length = match reply.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(wrong(&format!("it is no HTTP: {error}"))),
    };
    let status = reply.code.unwrap_or_default();
    if status != 101 {
        let body = bytes.get(length..).unwrap_or_default();
        return Err(failure::status(status, &request.url, body));
    }
    let fields: &[httparse::Header<'_>] = reply.headers;
    let values = |name: &'static str| {
        fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .filter_map(|field| std::str::from_utf8(field.value).ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
    };
    if !values("upgrade").any(|value| value.eq_ignore_ascii_case("websocket")) {
        return Err(wrong("it has no `Upgrade: websocket`"));
    }
    if !values("connection").any(|value| value.eq_ignore_ascii_case("upgrade")) {
        return Err(wrong("it has no `Connection: Upgrade`"));
    }
    if values("sec-websocket-accept").next() != Some(&derive_accept_key(key.as_bytes())) {
        return Err(wrong("its Sec-WebSocket-Accept does not fit our key"));
    }
    if values("sec-websocket-extensions").any(|value| !value.is_empty()) {
        return Err(wrong("it uses an extension that was not asked for"));
    }
    let asked = request
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
    for protocol in values("sec-websocket-protocol") {
        if !asked.is_some_and(|(_, asked)| asked.split(',').any(|one| one.trim() == protocol)) {
            return Err(wrong("it names a sub-protocol that was not asked for"));
        }
    }
    Ok(Some(length))
}
