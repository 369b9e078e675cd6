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
    let age = headers.get(AGE).and_then(|age| age.to_str().ok());
    let age = age.and_then(|age| age.parse::<u64>().ok());
    if age.is_some_and(|age| age > OLDEST) {
        headers.insert(AGE, HeaderValue::from(OLDEST));
    }
    let mut response = Response::new(());
    *response.headers_mut() = headers;
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    response
}
