//! How many requests the APIs were asked, how they were replied to, and how long that took.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::account_of;
use super::tenant::{Vendor, dialect_of};
use crate::http::Desk;

/// Upper bounds of the buckets, in seconds. Most replies take about a millisecond; a command to a
/// call may wait for the answer of the other party.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// What paths and methods are called that no operation has.
const OTHER: &str = "other";

/// What is counted of requests. There are as many series as dialects times [`operation`]s (times
/// classes of status), whatever clients send.
pub(crate) struct Meter {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl Meter {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// When a name is none for Prometheus.
    pub(crate) fn new() -> prometheus::Result<Meter> {
        let requests = Opts::new("api_requests_total", "Requests to the REST APIs.");
        let durations = HistogramOpts::new(
            "api_request_duration_seconds",
            "From a request to the beginning of its reply.",
        );
        Ok(Meter {
            requests: IntCounterVec::new(requests, &["dialect", "operation", "status"])?,
            durations: HistogramVec::new(
                durations.buckets(BUCKETS.to_vec()),
                &["dialect", "operation"],
            )?,
        })
    }

    /// Shows it on the page of this registry.
    ///
    /// # Errors
    /// When something of the same name is there.
    pub(crate) fn show(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.requests.clone()))?;
        registry.register(Box::new(self.durations.clone()))
    }
}

/// Counts a request when it is one to an API.
pub(crate) async fn measure(
    State(desk): State<Arc<Desk>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let Some(vendor) = Vendor::find(path) else {
        return next.run(request).await;
    };
    let account = account_of(path).unwrap_or_default();
    let dialect = dialect_of(&desk.settings(), vendor, account).as_str();
    let matched = request.extensions().get::<MatchedPath>();
    let operation = matched.map_or(OTHER, |matched| {
        operation(request.method(), matched.as_str())
    });
    let began = Instant::now();
    let response = next.run(request).await;
    let took = began.elapsed().as_secs_f64();
    let durations = &desk.meter.durations;
    durations
        .with_label_values(&[dialect, operation])
        .observe(took);
    let status = class(response.status());
    let requests = &desk.meter.requests;
    requests
        .with_label_values(&[dialect, operation, status])
        .inc();
    response
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500.. => "5xx",
    }
}

/// What a request to one of the routes asks for, in the same words for every vendor.
fn operation(method: &Method, route: &str) -> &'static str {
    let below = route
        .split_once("{account}")
        .map_or(route, |(_, rest)| rest);
    let below = below.trim_end_matches('/').to_ascii_lowercase();
    let below = below.strip_suffix(".json").unwrap_or(&below);
    let [read, write, delete] = match below {
        "/api/v1/oauth2/token" => [OTHER, "issue-token", OTHER],
        "/calls" => ["list-calls", "create-call", OTHER],
        "/callcount" => ["count-calls", OTHER, OTHER],
        "/calls/{call}" => ["show-call", "change-call", "delete-call"],
        "/calls/{call}/bxml" => [OTHER, "change-call", OTHER],
        "/calls/{call}/recording" => [OTHER, "change-recording", OTHER],
        "/recordings" | "/calls/{call}/recordings" => ["list-recordings", "begin-recording", OTHER],
        "/recordings/{name}" | "/calls/{call}/recordings/{name}" => {
            ["show-recording", "change-recording", "delete-recording"]
        }
        "/calls/{call}/recordings/{name}/media"
        | "/recentcalls/{call}/record/{year}/{month}/{day}/{format}" => {
            ["play-recording", OTHER, "delete-sound"]
        }
        _ => [OTHER; 3],
    };
    match *method {
        Method::GET | Method::HEAD => read,
        Method::POST | Method::PUT => write,
        Method::DELETE => delete,
        _ => OTHER,
    }
}
