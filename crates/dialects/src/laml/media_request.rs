//! Requests for sounds, and the handshakes of streams.
//!
//! Source: Twilio "Play" and "Stream"; SignalWire "Play" and "Stream". Connections are made as
//! for documents; a sound may take longer than a document and be larger.

use hookflash_program::{Audio, HookMethod, Stream};
use url::Url;

use crate::hook_url::unusable;
use crate::laml::request::{headers, policy};
use crate::laml::vendor::Vendor;
use crate::laml::webhook_url::{Overrides, document_url, resolve, socket};
use crate::media_request::{LONGEST_FETCH, MAX_AUDIO};
use crate::{Body, CallFacts, FetchError, HttpRequest, Policy, ReplyUse, Signing};

/// See [`crate::Dialect::audio_request`].
pub(crate) fn audio(
    vendor: &Vendor,
    facts: &CallFacts,
    base: &str,
    audio: &Audio,
) -> Result<HttpRequest, FetchError> {
    let webhooks = &vendor.webhooks;
    let (url, credentials, overrides, signing) = match file(base, &audio.url) {
        Some(url) => (url, None, Overrides::default(), Signing::None),
        None => {
            let base = match audio.url.trim().is_empty() {
                true => document_url(base, &facts.sid),
                false => base,
            };
            let found = resolve(&audio.url, base, &facts.application.url, webhooks)?;
            let signing = signing(vendor, facts);
            (found.url, found.credentials, found.overrides, signing)
        }
    };
    let total = overrides.total.unwrap_or(LONGEST_FETCH);
    Ok(HttpRequest {
        purpose: "audio",
        method: HookMethod::Get,
        url,
        credentials: audio.credentials.clone().or(credentials),
        headers: headers(webhooks, facts, None),
        body: Body::None,
        signing,
        policy: Policy {
            total,
            max_reply: MAX_AUDIO,
            ..policy(webhooks, &overrides, ReplyUse::Document)
        },
        reply_use: ReplyUse::Document,
    })
}

/// A `file:` URL: as written, or a relative one in a document that is a file itself.
fn file(base: &str, written: &str) -> Option<String> {
    let written = written.trim();
    let url = match Url::parse(written) {
        Ok(url) => return (url.scheme() == "file").then(|| written.to_owned()),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            Url::parse(base).ok()?.join(written).ok()?
        }
        Err(_) => return None,
    };
    (url.scheme() == "file").then(|| url.into())
}

/// See [`crate::Dialect::stream_request`].
pub(crate) fn stream(
    vendor: &Vendor,
    facts: &CallFacts,
    stream: &Stream,
) -> Result<HttpRequest, FetchError> {
    let (url, credentials) = socket(&stream.url)?;
    let mut headers = Vec::new();
    if let Some(token) = &stream.bearer {
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable(
                &stream.url,
                "`authBearerToken` holds characters that no token may have",
            ));
        }
        headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    }
    Ok(HttpRequest {
        purpose: "stream",
        method: HookMethod::Get,
        url,
        // A request has one Authorization, and the token was asked for by name.
        credentials: stream
            .credentials
            .clone()
            .or(credentials)
            .filter(|_| stream.bearer.is_none()),
        headers,
        body: Body::None,
        signing: signing(vendor, facts),
        policy: Policy {
            // A message may hold a whole prompt, which is no document.
            max_reply: MAX_AUDIO,
            // No vendor follows redirects here.
            redirects: 0,
            ..policy(&vendor.webhooks, &Overrides::default(), ReplyUse::Document)
        },
        reply_use: ReplyUse::Ignored,
    })
}

fn signing(vendor: &Vendor, facts: &CallFacts) -> Signing {
    Signing::Laml {
        key: facts.application.account.signing_key.clone(),
        signalwire: vendor.webhooks.signalwire_signature,
    }
}
