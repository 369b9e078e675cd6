//! Requests for audio files and the handshakes of WebSockets, which all dialects make alike; what
//! a URL is relative to is the dialect's own.

use std::time::Duration;

use hookflash_program::HookMethod;
use url::Url;

use crate::hook_url::{unusable, user_information};
use crate::{Body, FetchError, HttpRequest, Policy, ReplyUse, RetryOn, Signing, Success};

/// The largest audio file that is read: more than two hours of G.711, an hour of 16-bit samples at
/// 8 kHz (Twilio and SignalWire name 40 minutes).
pub(crate) const MAX_AUDIO: usize = 64 << 20;

/// So long may all of a file take, unless its URL says otherwise.
pub(crate) const LONGEST_FETCH: Duration = Duration::from_secs(60);

/// Describes the request for an audio file: always GET. A `file:` URL stays as it is.
///
/// # Errors
/// When the URL is none of these.
pub(crate) fn audio(
    url: Url,
    written: &str,
    credentials: Option<&(String, String)>,
) -> Result<HttpRequest, FetchError> {
    match url.scheme() {
        "http" | "https" => Ok(get("audio", url, credentials)),
        "file" => Ok(HttpRequest {
            credentials: None,
            ..get("audio", url, None)
        }),
        other => Err(unusable(
            written,
            &format!("the scheme `{other}` cannot be played; give an http:// or https:// URL"),
        )),
    }
}

/// Describes the handshake of a WebSocket.
///
/// # Errors
/// When the URL is no `ws:` or `wss:` URL.
pub(crate) fn socket(
    purpose: &'static str,
    url: Url,
    written: &str,
    credentials: Option<&(String, String)>,
) -> Result<HttpRequest, FetchError> {
    match url.scheme() {
        "ws" | "wss" => {
            let mut request = get(purpose, url, credentials);
            request.reply_use = ReplyUse::Ignored;
            // No vendor follows redirects here.
            request.policy.redirects = 0;
            Ok(request)
        }
        other => Err(unusable(
            written,
            &format!("the scheme `{other}` is no WebSocket; give a ws:// or wss:// URL"),
        )),
    }
}

fn get(purpose: &'static str, mut url: Url, credentials: Option<&(String, String)>) -> HttpRequest {
    let credentials = credentials.cloned().or_else(|| user_information(&url));
    url.set_fragment(None);
    // Fails only for URLs that cannot have a user, and those have none to be taken away.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    HttpRequest {
        purpose,
        method: HookMethod::Get,
        url: url.into(),
        credentials,
        headers: Vec::new(),
        body: Body::None,
        signing: Signing::None,
        policy: Policy {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(10),
            total: LONGEST_FETCH,
            retries: 0,
            retry_on: RetryOn::default(),
            backoff: Vec::new(),
            redirects: 5,
            max_reply: MAX_AUDIO,
            success: Success::Any2xx,
            cookies: false,
            digest: false,
        },
        reply_use: ReplyUse::Document,
    }
}
