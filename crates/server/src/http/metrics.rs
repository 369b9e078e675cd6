//! `/metrics`: what is counted, in the text format of Prometheus.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookflash_store::StoreError;
use prometheus::{Gauge, IntCounter, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::{Desk, Refusal};
use crate::registrations::{Registration, Standing};
use crate::shard::Holdings;

/// How long a busy shard may take to say what it holds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A gauge per shard: name, help, value.
type Held = (&'static str, &'static str, fn(&Holdings) -> usize);

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
    let kept = kept.ok().and_then(Result::ok);
    match write(&desk, &shards, kept) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

/// How much is in the store.
struct Kept {
    owed: u64,
    dead_letters: u64,
    recordings: u64,
}

async fn kept(desk: &Desk) -> Result<Kept, StoreError> {
    let store = desk.records.store();
    let (owed, dead_letters) = store.count_owed().await?;
    Ok(Kept {
        owed,
        dead_letters,
        recordings: store.count_recordings().await?,
    })
}

fn write(
    desk: &Desk,
    shards: &[(usize, Holdings)],
    kept: Option<Kept>,
) -> prometheus::Result<String> {
    let registry = Registry::new_custom(Some("hookflash".to_owned()), None)?;
    let of = &desk.ledger.counters;
    let counters: [(&str, &str, &AtomicU64); 15] = [
        (
            "calls_started_total",
            "Calls that came in or left.",
            &of.calls_started,
        ),
        (
            "calls_completed_total",
            "Calls that were answered and are over.",
            &of.calls_completed,
        ),
        (
            "calls_unanswered_total",
            "Calls over without an answer.",
            &of.calls_unanswered,
        ),
        (
            "calls_failed_total",
            "Calls ended by a failure.",
            &of.calls_failed,
        ),
        (
            "calls_broken_total",
            "Calls ended by a fault of this server.",
            &of.calls_broken,
        ),
        ("webhooks_total", "Requests to applications.", &of.webhooks),
        (
            "webhooks_failed_total",
            "Requests that came to nothing.",
            &of.webhooks_failed,
        ),
        (
            "documents_refused_total",
            "Documents that could not be run.",
            &of.documents_refused,
        ),
        (
            "transfers_started_total",
            "Transfers begun.",
            &of.transfers_started,
        ),
        (
            "transfers_succeeded_total",
            "Transfers that succeeded.",
            &of.transfers_succeeded,
        ),
        (
            "transfers_failed_total",
            "Transfers that failed.",
            &of.transfers_failed,
        ),
        (
            "transfers_unknown_total",
            "Transfers without outcome.",
            &of.transfers_unknown,
        ),
        (
            "transfers_canceled_total",
            "Transfers cut short.",
            &of.transfers_canceled,
        ),
        (
            "transfers_not_applicable_total",
            "Transfers for which no REFER was sent.",
            &of.transfers_not_applicable,
        ),
        (
            "events_dropped_total",
            "Events dropped by full queues.",
            &of.events_dropped,
        ),
    ];
    for (name, help, value) in counters {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value.load(Ordering::Relaxed));
        registry.register(Box::new(counter))?;
    }
    let sum = |value: fn(&Holdings) -> u64| shards.iter().map(|(_, held)| value(held)).sum();
    let recordings = desk.recordings.counts();
    let so_far = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let speech = desk.speech.counts();
    let store = desk.records.health();
    let counters: [(&str, &str, u64); 18] = [
        (
            "store_rows_written_total",
            "Rows that the store has written.",
            store.written,
        ),
        (
            "store_rows_dropped_total",
            "Rows that the store dropped because too many waited.",
            store.dropped,
        ),
        (
            "store_rows_refused_total",
            "Rows that the database refused.",
            store.refused,
        ),
        (
            "trunk_registration_failures_total",
            "Attempts to register with a trunk that failed.",
            desk.registrations.failures(),
        ),
        (
            "wrong_passwords_total",
            "Wrong passwords of phones.",
            desk.guard.counted(),
        ),
        (
            "api_wrong_passwords_total",
            "Wrong passwords and tokens of HTTP clients.",
            desk.client_guard.counted(),
        ),
        (
            "speech_texts_spoken_total",
            "Texts that a speech engine spoke, or a cache had.",
            so_far(&speech.spoken),
        ),
        (
            "speech_texts_failed_total",
            "Texts that no speech engine spoke.",
            so_far(&speech.failed),
        ),
        (
            "speech_recognitions_total",
            "Times that speech was listened to.",
            so_far(&speech.sessions),
        ),
        (
            "calls_refused_total",
            "Calls refused at the door.",
            sum(|held| held.refused),
        ),
        (
            "media_packets_received_total",
            "RTP packets that came in.",
            sum(|held| held.packets_in),
        ),
        (
            "media_packets_sent_total",
            "RTP packets that left.",
            sum(|held| held.packets_out),
        ),
        (
            "media_late_packets_total",
            "RTP packets that left 20 ms late or more, or not at all.",
            sum(|held| held.late_beats),
        ),
        (
            "media_standstills_busy_total",
            "Times that audio was 20 ms late or more because a shard had too much to do.",
            sum(|held| held.standstills_busy),
        ),
        (
            "media_standstills_not_run_total",
            "Times that audio was 20 ms late or more because the machine did not run a shard.",
            sum(|held| held.standstills_not_run),
        ),
        (
            "recordings_started_total",
            "Recordings begun.",
            so_far(&recordings.begun),
        ),
        (
            "recordings_failed_total",
            "Recordings that could not be written.",
            so_far(&recordings.failed),
        ),
        (
            "recordings_bytes_total",
            "Bytes of finished recordings.",
            so_far(&recordings.bytes),
        ),
    ];
    for (name, help, value) in counters {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        registry.register(Box::new(counter))?;
    }
    let prompts = desk.prompts.stock();
    let trunks = desk.registrations.list();
    let is_registered = |one: &&Registration| matches!(one.standing, Standing::Registered { .. });
    let registered = trunks.iter().filter(is_registered).count();
    let mut gauges = vec![
        (
            "store_trouble",
            "1 while the store cannot be written.",
            u64::from(store.trouble.is_some()),
        ),
        (
            "store_rows_waiting",
            "Rows that wait to be written.",
            store.waiting as u64,
        ),
        (
            "store_bytes_waiting",
            "Memory of the rows that wait.",
            store.waiting_bytes as u64,
        ),
        (
            "registered_phones",
            "Phones of users that are registered.",
            desk.bindings.len() as u64,
        ),
        (
            "registered_trunks",
            "Trunks that we are registered with.",
            registered as u64,
        ),
        (
            "unregistered_trunks",
            "Trunks that we should be registered with and are not.",
            (trunks.len() - registered) as u64,
        ),
        (
            "prompts_cached",
            "Audio files kept in memory.",
            prompts.clips as u64,
        ),
        (
            "prompts_cached_bytes",
            "Memory of audio files that are kept.",
            prompts.bytes,
        ),
        ("calls", "Calls that run now.", of.calls_live()),
        (
            "sip_connections",
            "Open SIP connections.",
            desk.connections.len() as u64,
        ),
    ];
    if let Some(kept) = kept {
        gauges.push(("outbox_owed", "Final callbacks that are owed.", kept.owed));
        gauges.push((
            "outbox_dead_letters",
            "Final callbacks that were given up.",
            kept.dead_letters,
        ));
        gauges.push((
            "recordings",
            "Recordings that are known and over.",
            kept.recordings,
        ));
    }
    for (name, help, value) in gauges {
        let gauge = IntGauge::new(name, help)?;
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(Box::new(gauge))?;
    }
    let held: [Held; 9] = [
        ("sip_legs", "Legs.", |holdings| holdings.census.legs),
        ("sip_transactions", "Transactions.", |holdings| {
            holdings.census.transactions
        }),
        ("sip_dialogs", "Dialogs.", |holdings| {
            holdings.census.dialogs
        }),
        ("sip_subscriptions", "Refer subscriptions.", |holdings| {
            holdings.census.subscriptions
        }),
        ("sip_timers", "Running timers.", |holdings| {
            holdings.census.timers
        }),
        (
            "webhooks_owed",
            "Requests that applications are owed.",
            |holdings| holdings.owed,
        ),
        ("media_legs", "Legs that send and receive.", |holdings| {
            holdings.media_legs
        }),
        (
            "websockets",
            "Open WebSockets of applications.",
            |holdings| holdings.websockets,
        ),
        ("media_ports", "RTP ports in use.", |holdings| {
            holdings.ports
        }),
    ];
    for (name, help, value) in held {
        let gauge = IntGaugeVec::new(Opts::new(name, help), &["shard"])?;
        for (index, holdings) in shards {
            let value = i64::try_from(value(holdings)).unwrap_or(i64::MAX);
            gauge.with_label_values(&[index.to_string()]).set(value);
        }
        registry.register(Box::new(gauge))?;
    }
    let delays = shards.iter().map(|(_, held)| held.longest_delay);
    let longest = Gauge::new(
        "media_longest_delay_seconds",
        "The latest that audio has left since the start.",
    )?;
    longest.set(delays.max().unwrap_or_default().as_secs_f64());
    registry.register(Box::new(longest))?;
    desk.meter.show(&registry)?;
    TextEncoder::new().encode_to_string(&registry.gather())
}
