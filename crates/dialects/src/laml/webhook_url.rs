//! The URL of a request: resolved against its document, stripped of credentials and of the
//! overrides in its fragment.
//!
//! Source: Twilio "Webhook connection overrides"; SignalWire "Webhooks"; RFC 3986 section 5.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::hook_url::{retry_on, unusable, user_information};
use crate::laml::vendor::Webhooks;
use crate::shown::shown;
use crate::{FetchError, FetchErrorKind, RetryOn};

/// A URL that is ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebhookUrl {
    /// Absolute, without fragment and user information. An absolute URL keeps its bytes, because
    /// the application signs what it sees; only a missing path becomes `/`.
    pub(crate) url: String,
    /// User and password that stood in it.
    pub(crate) credentials: Option<(String, String)>,
    /// What its fragment asks for.
    pub(crate) overrides: Overrides,
}

/// What the fragment of a URL sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub(crate) connect: Option<Duration>,
    pub(crate) read: Option<Duration>,
    pub(crate) total: Option<Duration>,
    pub(crate) retries: Option<u8>,
    pub(crate) retry_on: Option<RetryOn>,
}

/// Resolves a URL as written against `base`, the URL of its document. `owner` is the URL that
/// the configuration gives for the application: a relative URL that stays on its origin keeps
/// its credentials, as it would in a browser.
///
/// # Errors
/// When the result is no http(s) URL, and when an override is out of range.
pub(crate) fn resolve(
    written: &str,
    base: &str,
    owner: &str,
    webhooks: &Webhooks,
) -> Result<WebhookUrl, FetchError> {
    let written = written.trim();
    let (reference, fragment) = written.split_once('#').unwrap_or((written, ""));
    let invalid = |why: &str| unusable(written, why);

    let (url, relative) = match Url::parse(reference) {
        Ok(url) => (url, false),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let base = Url::parse(base).map_err(|_| {
                invalid(
                    "the URL is relative, and the document did not come from a URL; \
                     write it in full, with http:// or https://",
                )
            })?;
            let url = base
                .join(reference)
                .map_err(|error| invalid(&format!("the URL cannot be read: {error}")))?;
            (url, true)
        }
        Err(error) => return Err(invalid(&format!("the URL cannot be read: {error}"))),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid(&format!(
            "the URL has the scheme `{}`; only http and https are asked",
            url.scheme()
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("the URL names no host"));
    }

    let credentials = user_information(&url).or_else(|| {
        let may_have_some = relative && owner.contains('@');
        let owner = may_have_some.then(|| Url::parse(owner).ok()).flatten()?;
        (owner.origin() == url.origin())
            .then(|| user_information(&owner))
            .flatten()
    });
    let text = match relative {
        false => as_written(reference).unwrap_or_else(|| serialised(url)),
        true => serialised(url),
    };
    let overrides = Overrides::read(fragment, webhooks).map_err(|message| FetchError {
        kind: FetchErrorKind::BadOverride,
        url: text.clone(),
        message,
        body: None,
    })?;
    Ok(WebhookUrl {
        url: text,
        credentials,
        overrides,
    })
}

/// Reads the `ws:` or `wss:` URL of a stream. It has to be absolute, and its fragment stays at
/// home.
///
/// # Errors
/// When it is anything else.
pub(crate) fn socket(written: &str) -> Result<(String, Option<(String, String)>), FetchError> {
    let written = written.trim();
    let reference = written.split('#').next().unwrap_or(written);
    let invalid = |why: &str| unusable(written, why);
    if reference.is_empty() {
        return Err(invalid("the stream has no `url`; give a wss:// URL"));
    }
    let url = Url::parse(reference).map_err(|error| {
        invalid(&match error {
            url::ParseError::RelativeUrlWithoutBase => {
                "the URL of a stream cannot be relative; write it in full, with wss://".to_owned()
            }
            error => format!("the URL cannot be read: {error}"),
        })
    })?;
    if !matches!(url.scheme(), "ws" | "wss") {
        return Err(invalid(&format!(
            "the URL has the scheme `{}`; a stream needs wss://, or ws:// on a network of your own",
            url.scheme()
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("the URL names no host"));
    }
    let credentials = user_information(&url);
    let text = as_written(reference).unwrap_or_else(|| serialised(url));
    Ok((text, credentials))
}

/// The URL of a document without the parameters that were added to it when it was asked for by
/// GET, so that they are not there twice when it is asked again. The first of them is always the
/// call's identifier.
pub(crate) fn document_url<'a>(asked: &'a str, call_sid: &str) -> &'a str {
    let added = format!("CallSid={call_sid}&");
    let at = asked.match_indices(&added).find_map(|(at, _)| {
        let before = asked.get(..at)?;
        before.ends_with(['?', '&']).then_some(before)
    });
    at.map_or(asked, |before| {
        before.strip_suffix(['?', '&']).unwrap_or(before)
    })
}

/// Adds fields to the query of a URL, keeping what is there.
pub(crate) fn with_query(url: &str, fields: &[(String, String)]) -> String {
    if fields.is_empty() {
        return url.to_owned();
    }
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{}", crate::laml::form::encode(fields))
}

fn serialised(mut url: Url) -> String {
    // Both only fail on URLs without a host, which were refused before.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url.into()
}

/// The reference without user information and with a path, byte for byte; `None` when it holds
/// bytes that cannot go out as they are.
fn as_written(reference: &str) -> Option<String> {
    let sendable = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{'..=b'}')
    };
    if !reference.bytes().all(sendable) {
        return None;
    }
    let (scheme, rest) = reference.split_once("://")?;
    // `http:/host/?x=://` is read as a URL with a host too, but its `://` is another.
    if !["http", "https", "ws", "wss"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
    {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.is_empty() {
        return None;
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{host}{slash}{path}"))
}

impl Overrides {
    /// Reads `key=value` pairs joined by `&`. Keys that mean nothing here are skipped, because a
    /// fragment may also be a plain anchor.
    fn read(fragment: &str, webhooks: &Webhooks) -> Result<Overrides, String> {
        let mut overrides = Overrides::default();
        for pair in fragment.split('&') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            let value = percent_decode_str(value).decode_utf8_lossy();
            match key {
                _ if key == webhooks.connect_key => {
                    overrides.connect = Some(milliseconds(key, &value, 10_000)?);
                }
                "rt" => overrides.read = Some(milliseconds(key, &value, 15_000)?),
                "tt" => overrides.total = Some(milliseconds(key, &value, 15_000)?),
                "rc" if webhooks.retry_keys => {
                    let count = value.parse().ok().filter(|count| *count <= 5);
                    overrides.retries = Some(count.ok_or_else(|| {
                        format!(
                            "the override #rc={} is no number of retries from 0 to 5",
                            shown(&value)
                        )
                    })?);
                }
                "rp" if webhooks.retry_keys => {
                    overrides.retry_on = Some(retry_on(&value).map_err(|word| {
                        format!(
                            "the override #rp= names `{}`; it knows 4xx, 5xx, ct, rt and all",
                            shown(word)
                        )
                    })?);
                }
                "sni" if webhooks.retry_keys && !matches!(&*value, "y" | "n") => {
                    let value = shown(&value);
                    return Err(format!("the override #sni={value} is neither y nor n"));
                }
                _ => {}
            }
        }
        Ok(overrides)
    }
}

fn milliseconds(key: &str, value: &str, most: u64) -> Result<Duration, String> {
    value
        .parse()
        .ok()
        .filter(|milliseconds| (100..=most).contains(milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| {
            let value = shown(value);
            format!("the override #{key}={value} is no number of milliseconds from 100 to {most}")
        })
}
