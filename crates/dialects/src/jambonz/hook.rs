//! Where a hook leads, and how it is asked: jambonz' rules for relative hooks and for the
//! overrides behind `#`.

use std::time::Duration;

use url::Url;

use super::document::MAX_BYTES;
use crate::hook_url::{HookUrl, retry_on, unusable};
use crate::shown::shown;
use crate::{CallFacts, FetchError, FetchErrorKind, Policy, RetryOn, Success};

/// How long jambonz waits for an application.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most retries that `rc` may ask for.
const MAX_RETRIES: u8 = 5;

/// Pauses before the retries: from half a second, doubled up to two, then two more each time.
const BACKOFF: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(6),
];

/// Handshakes have to be quick (jambonz' feature server, `ws-requestor`).
const HANDSHAKE: Duration = Duration::from_millis(1_500);

/// How many redirects of a handshake are followed.
const HANDSHAKE_REDIRECTS: u8 = 2;

/// The largest message that an application may send.
const MAX_MESSAGE: usize = 24 * 1024;

/// How a hook is asked.
pub(super) enum Way {
    /// By an HTTP request.
    Http(HookUrl),
    /// By a message on the WebSocket at this URL.
    Socket(HookUrl),
}

/// Finds out how a hook is asked. An application whose URL is a WebSocket gets all hooks there
/// but those that name an http: URL; a hook that names a WebSocket changes over to that one.
pub(super) fn resolve(facts: &CallFacts, written: &str) -> Result<Way, FetchError> {
    let application = facts.application_url();
    let is_socket_application = has_scheme(application, &["ws", "wss"]);
    if is_socket_application && !has_scheme(written, &["http", "https", "ws", "wss"]) {
        return Ok(Way::Socket(HookUrl::socket(
            absolute(facts, application)?,
            written,
        )?));
    }
    let url = absolute(facts, written)?;
    match url.scheme() {
        "ws" | "wss" => HookUrl::socket(url, written).map(Way::Socket),
        _ => HookUrl::absolute(url, written).map(Way::Http),
    }
}

/// Whether a text is a URL of one of these schemes.
pub(super) fn has_scheme(text: &str, schemes: &[&str]) -> bool {
    text.trim_start()
        .split_once(':')
        .is_some_and(|(scheme, _)| {
            schemes
                .iter()
                .any(|known| known.eq_ignore_ascii_case(scheme))
        })
}

/// Makes a URL absolute: only `/…` is relative, and only scheme, host and port of the
/// application's URL count for it.
pub(super) fn absolute(facts: &CallFacts, written: &str) -> Result<Url, FetchError> {
    let is_path = written.starts_with('/') && !written.starts_with("//");
    let url = if is_path {
        let application = facts.application_url();
        let base = Url::parse(application)
            .map_err(|error| unusable(application, &format!("not a URL: {error}")))?;
        base.join(written)
    } else {
        Url::parse(written)
    };
    url.map_err(|error| {
        let why = format!("{error}; a hook is an absolute URL or begins with `/`");
        unusable(written, &why)
    })
}

/// How a hook is asked: the defaults, changed by `rc`, `rp`, `ct`, `rt` and `tt` behind `#`. Other
/// words there are none of our business. `timeout` is that of the call, if it has one.
pub(super) fn policy(hook: &HookUrl, timeout: Option<Duration>) -> Result<Policy, FetchError> {
    overridden(hook, defaults(timeout.unwrap_or(TIMEOUT)))
}

/// How a WebSocket is opened, and opened again: connecting is tried again by itself. The limit of
/// the reply is that of one message.
pub(super) fn socket_policy(hook: &HookUrl) -> Result<Policy, FetchError> {
    let policy = Policy {
        retries: MAX_RETRIES,
        redirects: HANDSHAKE_REDIRECTS,
        max_reply: MAX_MESSAGE,
        success: Success::OneOf(&[101]),
        ..defaults(HANDSHAKE)
    };
    let policy = overridden(hook, policy)?;
    let hops = u32::from(HANDSHAKE_REDIRECTS) + 1;
    Ok(Policy {
        total: (policy.connect + policy.read) * hops,
        ..policy
    })
}

fn defaults(timeout: Duration) -> Policy {
    Policy {
        connect: timeout,
        read: timeout,
        total: timeout,
        retries: 0,
        retry_on: RetryOn {
            connect: true,
            ..RetryOn::default()
        },
        backoff: BACKOFF.to_vec(),
        redirects: 0,
        max_reply: MAX_BYTES,
        success: Success::OneOf(&[200, 202, 204]),
        cookies: false,
        digest: false,
    }
}

fn overridden(hook: &HookUrl, mut policy: Policy) -> Result<Policy, FetchError> {
    let mut total = None;
    for (name, value) in overrides(hook.fragment.as_deref().unwrap_or_default()) {
        let bad = |wanted: &str| FetchError {
            kind: FetchErrorKind::BadOverride,
            url: hook.url.to_string(),
            message: format!("#{name}={}: {wanted} wanted", shown(value)),
            body: None,
        };
        match name {
            "rc" => {
                let count = value.parse().ok().filter(|count| *count <= MAX_RETRIES);
                policy.retries = count.ok_or_else(|| bad("a number from 0 to 5"))?;
            }
            "rp" => {
                let wanted = "a list of ct, rt, 4xx, 5xx, all";
                policy.retry_on = retry_on(value).map_err(|_| bad(wanted))?;
            }
            "ct" => policy.connect = limit(value).ok_or_else(|| bad(LIMIT))?,
            "rt" => policy.read = limit(value).ok_or_else(|| bad(LIMIT))?,
            "tt" => total = Some(limit(value).ok_or_else(|| bad(LIMIT))?),
            _ => {}
        }
    }
    let pauses: Duration = BACKOFF.iter().take(usize::from(policy.retries)).sum();
    let attempts = policy.read.max(policy.connect) * u32::from(policy.retries + 1);
    policy.total = total.unwrap_or(attempts + pauses);
    Ok(policy)
}

const LIMIT: &str = "milliseconds from 100 to 15000";

fn overrides(fragment: &str) -> impl Iterator<Item = (&str, &str)> {
    fragment.split('&').filter_map(|pair| pair.split_once('='))
}

fn limit(value: &str) -> Option<Duration> {
    let milliseconds = value.parse().ok()?;
    (100..=15_000)
        .contains(&milliseconds)
        .then(|| Duration::from_millis(milliseconds))
}
