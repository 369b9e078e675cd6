//! How long requests to applications take, for metrics.

use std::time::Duration;

use hookflash_dialects::{FetchError, FetchErrorKind};
use prometheus::{HistogramOpts, HistogramVec, Registry};

/// Upper bounds of the buckets, in seconds. Applications near by answer within milliseconds, and
/// most vendors give up after 15 s.
const BUCKETS: [f64; 11] = [
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 5.0, 15.0,
];

/// The times of all shards. Clones are the same.
#[derive(Clone)]
pub(crate) struct Times(HistogramVec);

impl Times {
    /// Nothing measured yet.
    ///
    /// # Errors
    /// When a name is none for Prometheus.
    pub(crate) fn new() -> prometheus::Result<Times> {
        let durations = HistogramOpts::new(
            "webhook_duration_seconds",
            "From a request to an application to the end of its reply, retries and redirects included.",
        );
        let durations = durations.buckets(BUCKETS.to_vec());
        HistogramVec::new(durations, &["outcome"]).map(Times)
    }

    /// Shows them on the page of this registry.
    ///
    /// # Errors
    /// When something of the same name is there.
    pub(crate) fn show(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.0.clone()))
    }

    pub(super) fn took<T>(&self, time: Duration, outcome: &Result<T, FetchError>) {
        let outcome = match outcome {
            Ok(_) => "ok",
            Err(error) => match error.kind {
                FetchErrorKind::Status(400..=499) => "4xx",
                FetchErrorKind::Status(500..) => "5xx",
                FetchErrorKind::ConnectTimeout
                | FetchErrorKind::ReadTimeout
                | FetchErrorKind::TotalTimeout => "timeout",
                _ => "failed",
            },
        };
        self.0
            .with_label_values(&[outcome])
            .observe(time.as_secs_f64());
    }
}
