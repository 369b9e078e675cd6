//! For how long a reply may be used, and how to ask whether it still may (RFC 9111).

use std::time::SystemTime;

use hookflash_dialects::HttpRequest;
use http::header::{AGE, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, Request, Response};
use http_cache_semantics::{AfterResponse, BeforeRequest, CacheOptions, CachePolicy};

/// What a reply said of its freshness.
#[derive(Clone, Debug)]
pub(crate) struct Freshness {
    policy: CachePolicy,
    /// It came after a redirect, whose own freshness is not known: it is always asked again.
    redirected: bool,
}

/// The shelf is divided by credentials, so what is `private` may be kept.
const OPTIONS: CacheOptions = CacheOptions {
    shared: false,
    cache_heuristic: 0.1,
    immutable_min_time_to_live: std::time::Duration::from_secs(86_400),
    ignore_cargo_cult: false,
};

/// An age in seconds that stands for every higher one (RFC 9111 section 1.2.2). The policy adds the
/// time since to whatever a reply says, and panics where that is more than can be said.
const OLDEST: u64 = 1 << 31;

impl Freshness {
    pub(crate) fn new(
        request: &HttpRequest,
        status: u16,
        headers: HeaderMap,
        redirected: bool,
    ) -> Freshness {
        let now = SystemTime::now();
        let request = as_http(request);
        let response = as_response(status, headers);
        Freshness {
            policy: CachePolicy::new_options(&request, &response, now, OPTIONS),
            redirected,
        }
    }

    /// Whether it may be kept at all.
    pub(crate) fn may_be_kept(&self) -> bool {
        self.policy.is_storable()
    }

    /// Whether it may be used without asking.
    pub(crate) fn is_fresh(&self, request: &HttpRequest, now: SystemTime) -> bool {
        let request = as_http(request);
        !self.redirected
            && matches!(
                self.policy.before_request(&request, now),
                BeforeRequest::Fresh(_)
            )
    }

    /// The headers that ask whether it may still be used.
    pub(crate) fn conditions(&self, request: &HttpRequest) -> Vec<(String, String)> {
        let conditional = match self.policy.before_request(&as_http(request), far_future()) {
            BeforeRequest::Stale { request, .. } => request.headers,
            BeforeRequest::Fresh(_) => return Vec::new(),
        };
        [IF_NONE_MATCH, IF_MODIFIED_SINCE]
            .into_iter()
            .filter_map(|name| {
                let value = conditional.get(&name)?.to_str().ok()?;
                Some((name.to_string(), value.to_owned()))
            })
            .collect()
    }

    /// After a 304.
    pub(crate) fn confirmed(
        self,
        request: &HttpRequest,
        headers: HeaderMap,
        now: SystemTime,
    ) -> Freshness {
        let response = as_response(304, headers);
        let policy = match self
            .policy
            .after_response(&as_http(request), &response, now)
        {
            AfterResponse::NotModified(policy, _) | AfterResponse::Modified(policy, _) => policy,
        };
        Freshness {
            policy,
            redirected: self.redirected,
        }
    }
}

/// When everything is stale.
fn far_future() -> SystemTime {
    SystemTime::now() + std::time::Duration::from_secs(100 * 366 * 86_400)
}

fn as_http(request: &HttpRequest) -> Request<()> {
    let mut http = Request::new(());
    if let Ok(uri) = request.url.parse() {
        *http.uri_mut() = uri;
    }
    for (name, value) in &request.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            http.headers_mut().append(name, value);
        }
    }
    http
}

fn as_response(status: u16, mut headers: HeaderMap) -> Response<()> {
    // Of several ages the first counts, and one that is none is left out (section 5.1).
    let age = headers.get(AGE).and_then(|age| seconds(age.as_bytes()));
    headers.remove(AGE);
    if let Some(age) = age {
        headers.insert(AGE, HeaderValue::from(age));
    }
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    response
}

/// A number of seconds, [`OLDEST`] at most.
fn seconds(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().filter(|_| is_number)?;
    // Digits that are no number are too many.
    Some(number.parse().map_or(OLDEST, |age: u64| age.min(OLDEST)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::tests::get;
    use super::*;

    /// What servers write, and what they should not.
    fn value() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            Just("0".to_owned()),
            Just("-1".to_owned()),
            Just("2147483648".to_owned()),
            Just("9223372036854775807".to_owned()),
            Just("18446744073709551615".to_owned()),
            Just("99999999999999999999".to_owned()),
            Just("1e30".to_owned()),
            any::<u64>().prop_map(|number| number.to_string()),
        ];
        let date = prop_oneof![
            Just("Thu, 01 Jan 1970 00:00:00 GMT".to_owned()),
            Just("Fri, 31 Dec 9999 23:59:59 GMT".to_owned()),
            Just("Sat, 01 Jan 0001 00:00:00 GMT".to_owned()),
            Just("Sun, 29 Nov 2026 10:00:00 GMT".to_owned()),
            Just("yesterday".to_owned()),
        ];
        let directive = (
            prop_oneof![
                Just("max-age="),
                Just("s-maxage="),
                Just("stale-while-revalidate="),
                Just("stale-if-error="),
                Just("immutable, max-age="),
                Just("no-cache=\""),
                Just("must-revalidate, private, max-age="),
                Just("no-store "),
            ],
            number.clone(),
        );
        prop_oneof![
            number,
            date,
            directive.prop_map(|(name, number)| format!("{name}{number}")),
            "[ -~]{0,20}",
        ]
    }

    fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let name = prop_oneof![
            Just("age"),
            Just("cache-control"),
            Just("date"),
            Just("etag"),
            Just("expires"),
            Just("last-modified"),
            Just("pragma"),
            Just("vary"),
        ];
        prop::collection::vec((name, value()), 0..8)
    }

    fn map(headers: &[(&'static str, String)]) -> HeaderMap {
        let pairs = headers.iter().filter_map(|(name, value)| {
            let value = HeaderValue::from_str(value).ok()?;
            Some((HeaderName::from_static(name), value))
        });
        pairs.collect()
    }

    proptest! {
        #[test]
        fn whatever_a_reply_says_of_its_freshness_can_be_asked_about(
            first in headers(),
            second in headers(),
            status in prop_oneof![Just(200_u16), Just(203), Just(206), Just(301), Just(404)],
            later in prop_oneof![Just(0_u64), Just(60), Just(1 << 31)],
        ) {
            let request = get("http://h/a.wav");
            let then = SystemTime::now() + Duration::from_secs(later);
            let freshness = Freshness::new(&request, status, map(&first), false);
            freshness.may_be_kept();
            freshness.is_fresh(&request, then);
            freshness.conditions(&request);
            let again = freshness.confirmed(&request, map(&second), then);
            again.is_fresh(&request, then);
            again.conditions(&request);
        }
    }
}
