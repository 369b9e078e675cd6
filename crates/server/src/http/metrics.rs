//! `/metrics`: what is counted, in the text format of Prometheus.
//!
//! What there is stands in [`table`]; here it is gathered and written.

mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookflash_call::CallRecord;
use hookflash_dialects::CallState;
use hookflash_store::{Scope, StoreError, system_time};
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use prometheus::{Gauge, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use super::{Desk, Refusal};
use crate::shard::Holdings;
use table::{Kind, Row, TABLE};

/// How long a busy shard may take to say what it holds, and a store what is in it.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) async fn show(State(desk): State<Arc<Desk>>) -> Response {
    let mut shards = Vec::with_capacity(desk.mail.count());
    for index in 0..desk.mail.count() {
        let asked = desk.mail.ask(index, |shard| shard.holdings());
        if let Ok(Some(holdings)) = tokio::time::timeout(PATIENCE, asked).await {
            shards.push((index, holdings));
        }
    }
    // A store that does not answer has no numbers of what is owed; that it is in trouble is told.
    let kept = tokio::time::timeout(PATIENCE, kept(&desk)).await;
    let is_live =
        |record: &CallRecord| record.facts(|facts| !matches!(facts.state, CallState::Ended(_)));
    let seen = Seen {
        desk: &desk,
        live: desk.ledger.newest(usize::MAX, None, is_live),
        shards,
        kept: kept.ok().and_then(Result::ok),
    };
    match write(&seen) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

/// What the metrics of one page are read from.
struct Seen<'a> {
    desk: &'a Desk,
    /// The calls that run.
    live: Vec<Arc<CallRecord>>,
    /// What each shard holds, as far as it said so in time.
    shards: Vec<(usize, Holdings)>,
    /// How much is in the store, if it answers.
    kept: Option<Kept>,
}

/// How much is in the store.
struct Kept {
    owed: u64,
    /// For how long the oldest of it is owed, in seconds.
    oldest_owed: u64,
    dead_letters: u64,
    recordings: u64,
}

async fn kept(desk: &Desk) -> Result<Kept, StoreError> {
    let store = desk.records.store();
    let (owed, dead_letters) = store.count_owed().await?;
    let oldest = store.owed(Scope::Operator, 1, 0).await?;
    let age = oldest.first().map(|oldest| {
        let since = SystemTime::now().duration_since(system_time(oldest.owed_at));
        since.unwrap_or_default().as_secs()
    });
    Ok(Kept {
        owed,
        oldest_owed: age.unwrap_or_default(),
        dead_letters,
        recordings: store.count_recordings().await?,
    })
}

fn write(seen: &Seen<'_>) -> prometheus::Result<String> {
    let registry = Registry::new_custom(Some("hookflash".to_owned()), None)?;
    for row in TABLE {
        put(&registry, row, seen)?;
    }
    registry.register(Box::new(longest_delay(seen)?))?;
    seen.desk.meter.show(&registry)?;
    seen.desk.webhook_times.show(&registry)?;
    let mut families = registry.gather();
    families.extend(process()?.gather());
    TextEncoder::new().encode_to_string(&families)
}

/// The only metric beside the table that is no whole number.
fn longest_delay(seen: &Seen<'_>) -> prometheus::Result<Gauge> {
    let delays = seen.shards.iter().map(|(_, held)| held.longest_delay);
    let longest = Gauge::new(
        "media_longest_delay_seconds",
        "The latest that audio has left since the start.",
    )?;
    longest.set(delays.max().unwrap_or_default().as_secs_f64());
    Ok(longest)
}

/// Puts a row of the table on the page. One without a value is left out.
fn put(registry: &Registry, row: &Row, seen: &Seen<'_>) -> prometheus::Result<()> {
    let values = (row.read)(seen);
    if values.is_empty() {
        return Ok(());
    }
    let opts = Opts::new(row.name, row.help);
    match row.kind {
        Kind::Counter => {
            let counter = IntCounterVec::new(opts, row.labels)?;
            for (labels, value) in values {
                counter.get_metric_with_label_values(&labels)?.inc_by(value);
            }
            registry.register(Box::new(counter))
        }
        Kind::Gauge => {
            let gauge = IntGaugeVec::new(opts, row.labels)?;
            for (labels, value) in values {
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                gauge.get_metric_with_label_values(&labels)?.add(value);
            }
            registry.register(Box::new(gauge))
        }
    }
}

/// Memory, files, time and beginning of this process, under the names that every exporter uses.
fn process() -> prometheus::Result<Registry> {
    let registry = Registry::new();
    #[cfg(target_os = "linux")]
    registry.register(Box::new(ProcessCollector::for_self()))?;
    Ok(registry)
}
