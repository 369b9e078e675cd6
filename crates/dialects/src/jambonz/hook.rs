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

/// Makes a hook absolute.
pub(super) fn resolve(facts: &CallFacts, written: &str) -> Result<HookUrl, FetchError> {
    HookUrl::absolute(absolute(facts, written)?, written)
}

/// Makes a URL absolute: only `/…` is relative, and only scheme, host and port of the
/// application's URL count for it.
pub(super) fn absolute(facts: &CallFacts, written: &str) -> Result<Url, FetchError> {
    let is_path = written.starts_with('/') && !written.starts_with("//");
    let url = if is_path {
        let application = &facts.application.url;
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
    let timeout = timeout.unwrap_or(TIMEOUT);
    let mut policy = Policy {
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
    };
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
