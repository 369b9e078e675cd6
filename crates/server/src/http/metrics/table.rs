//! Every metric: its name without the prefix `hookflash_`, its labels, what it says, where its
//! values are read.

use std::sync::atomic::{AtomicU64, Ordering};

use hookflash_call::{CallCounts, Counters};
use hookflash_dialects::CallState;
use hookflash_store::Health;

use super::{Kept, Seen};
use crate::registrations::Standing;
use crate::shard::Holdings;

/// Whether a metric only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
}

/// Values with their labels, in the order of the row's.
pub(super) type Values = Vec<(Vec<String>, u64)>;

/// One metric.
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
    pub(super) read: fn(&Seen<'_>) -> Values,
}

type Labels = &'static [&'static str];

const fn counter(
    name: &'static str,
    labels: Labels,
    help: &'static str,
    read: fn(&Seen<'_>) -> Values,
) -> Row {
    Row {
        kind: Kind::Counter,
        name,
        labels,
        help,
        read,
    }
}

const fn gauge(
    name: &'static str,
    labels: Labels,
    help: &'static str,
    read: fn(&Seen<'_>) -> Values,
) -> Row {
    Row {
        kind: Kind::Gauge,
        name,
        labels,
        help,
        read,
    }
}

const NONE: Labels = &[];
const OF_CALLS: Labels = &["dialect", "direction"];
const SHARD: Labels = &["shard"];
const TRUNK: Labels = &["trunk"];

/// See the module's text.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    gauge("build_info", &["version"], "1; its label is the version.", |_| vec![(vec![env!("CARGO_PKG_VERSION").to_owned()], 1)]),

    gauge("calls", NONE, "Calls that run now.", |seen| one(seen.desk.ledger.counters.calls_live())),
    gauge("calls_live", &["dialect", "direction", "state"], "Calls that run now, by where they stand.", live),
    counter("calls_started_total", OF_CALLS, "Calls that came in or left.", |seen| calls(seen, |counts| &counts.started)),
    counter("calls_completed_total", OF_CALLS, "Calls that were answered and are over.", |seen| calls(seen, |counts| &counts.completed)),
    counter("calls_unanswered_total", OF_CALLS, "Calls over without an answer.", |seen| calls(seen, |counts| &counts.unanswered)),
    counter("calls_failed_total", OF_CALLS, "Calls ended by a failure here or at the application.", |seen| calls(seen, |counts| &counts.failed)),
    counter("calls_broken_total", NONE, "Calls ended by a fault of this server.", |seen| counted(seen, |of| &of.calls_broken)),
    counter("calls_refused_total", NONE, "Calls refused at the door.", |seen| sum(seen, |held| held.refused)),
    counter("events_dropped_total", NONE, "Events dropped by full queues.", |seen| counted(seen, |of| &of.events_dropped)),

    counter("transfers_started_total", NONE, "Transfers begun, or refused before they could begin.", |seen| counted(seen, |of| &of.transfers_started)),
    counter("transfers_ended_total", &["end", "outcome"], "Transfers with a result, by how it came about.", transfers),

    counter("webhooks_total", NONE, "Requests to applications.", |seen| counted(seen, |of| &of.webhooks)),
    counter("webhooks_failed_total", NONE, "Requests that came to nothing.", |seen| counted(seen, |of| &of.webhooks_failed)),
    counter("documents_refused_total", NONE, "Documents that could not be run.", |seen| counted(seen, |of| &of.documents_refused)),
    gauge("webhooks_owed", SHARD, "Requests that applications are owed.", |seen| by_shard(seen, |held| held.owed)),
    gauge("websockets", SHARD, "Open WebSockets of applications.", |seen| by_shard(seen, |held| held.websockets)),

    counter("sip_requests_total", &["direction"], "SIP requests that were read or sent, repeated ones too.", |seen| both_ways(seen, |held| (held.sip.requests_in, held.sip.requests_out))),
    counter("sip_responses_total", &["direction"], "SIP responses that were read or sent, repeated ones too.", |seen| both_ways(seen, |held| (held.sip.responses_in, held.sip.responses_out))),
    counter("sip_retransmissions_total", NONE, "SIP messages sent again because no answer came.", |seen| sum(seen, |held| held.tally.resent)),
    counter("sip_timeouts_total", NONE, "SIP requests that were never answered.", |seen| sum(seen, |held| held.tally.timeouts)),
    gauge("sip_legs", SHARD, "Legs.", |seen| by_shard(seen, |held| held.census.legs)),
    gauge("sip_transactions", SHARD, "Transactions.", |seen| by_shard(seen, |held| held.census.transactions)),
    gauge("sip_dialogs", SHARD, "Dialogs.", |seen| by_shard(seen, |held| held.census.dialogs)),
    gauge("sip_subscriptions", SHARD, "Refer subscriptions.", |seen| by_shard(seen, |held| held.census.subscriptions)),
    gauge("sip_timers", SHARD, "Running timers.", |seen| by_shard(seen, |held| held.census.timers)),
    gauge("sip_connections", NONE, "Open SIP connections.", |seen| one(seen.desk.connections.len() as u64)),

    gauge("trunk_up", TRUNK, "1 for a trunk that calls go out by; 0 while it is tried last, because it failed.", trunks_up),
    gauge("trunk_registered", TRUNK, "1 for a trunk that we are registered with as we should be.", trunks_registered),
    counter("trunk_registration_failures_total", NONE, "Attempts to register with a trunk that failed.", |seen| one(seen.desk.registrations.failures())),
    gauge("registered_phones", NONE, "Phones of users that are registered.", |seen| one(seen.desk.bindings.len() as u64)),
    counter("wrong_passwords_total", NONE, "Wrong passwords of phones.", |seen| one(seen.desk.guard.counted())),
    counter("api_wrong_passwords_total", NONE, "Wrong passwords and tokens of HTTP clients.", |seen| one(seen.desk.client_guard.counted())),

    gauge("media_legs", SHARD, "Legs that send and receive.", |seen| by_shard(seen, |held| held.media_legs)),
    gauge("media_ports", SHARD, "RTP ports in use.", |seen| by_shard(seen, |held| held.ports)),
    counter("media_packets_received_total", NONE, "RTP packets that came in.", |seen| sum(seen, |held| held.packets_in)),
    counter("media_packets_sent_total", NONE, "RTP packets that left.", |seen| sum(seen, |held| held.packets_out)),
    counter("media_late_packets_total", NONE, "RTP packets that left 20 ms late or more, or not at all.", |seen| sum(seen, |held| held.late_beats)),
    counter("media_standstills_busy_total", NONE, "Times that audio was 20 ms late or more because a shard had too much to do.", |seen| sum(seen, |held| held.standstills_busy)),
    counter("media_standstills_not_run_total", NONE, "Times that audio was 20 ms late or more because the machine did not run a shard.", |seen| sum(seen, |held| held.standstills_not_run)),
    counter("media_packets_lost_total", NONE, "RTP packets of peers that never came, of calls that are over.", |seen| counted(seen, |of| &of.packets_lost)),
    counter("media_packets_too_late_total", NONE, "RTP packets of peers that came too late to be played, of calls that are over.", |seen| counted(seen, |of| &of.packets_too_late)),

    counter("recordings_started_total", NONE, "Recordings begun.", |seen| so_far(&seen.desk.recordings.counts().begun)),
    counter("recordings_failed_total", NONE, "Recordings that could not be written.", |seen| so_far(&seen.desk.recordings.counts().failed)),
    counter("recordings_bytes_total", NONE, "Bytes of finished recordings.", |seen| so_far(&seen.desk.recordings.counts().bytes)),
    gauge("recordings", NONE, "Recordings that are known and over.", |seen| kept(seen, |kept| kept.recordings)),
    gauge("prompts_cached", NONE, "Audio files kept in memory.", |seen| one(seen.desk.prompts.stock().clips as u64)),
    gauge("prompts_cached_bytes", NONE, "Memory of audio files that are kept.", |seen| one(seen.desk.prompts.stock().bytes)),
    counter("speech_texts_spoken_total", NONE, "Texts that a speech engine spoke, or a cache had.", |seen| so_far(&seen.desk.speech.counts().spoken)),
    counter("speech_texts_failed_total", NONE, "Texts that no speech engine spoke.", |seen| so_far(&seen.desk.speech.counts().failed)),
    counter("speech_recognitions_total", NONE, "Times that speech was listened to.", |seen| so_far(&seen.desk.speech.counts().sessions)),

    gauge("store_trouble", NONE, "1 while the store cannot be written.", |seen| store(seen, |health| health.trouble.is_some().into())),
    gauge("store_rows_waiting", NONE, "Rows that wait to be written.", |seen| store(seen, |health| health.waiting as u64)),
    gauge("store_bytes_waiting", NONE, "Memory of the rows that wait.", |seen| store(seen, |health| health.waiting_bytes as u64)),
    counter("store_rows_written_total", NONE, "Rows that the store has written.", |seen| store(seen, |health| health.written)),
    counter("store_rows_dropped_total", NONE, "Rows that the store dropped because too many waited.", |seen| store(seen, |health| health.dropped)),
    counter("store_rows_refused_total", NONE, "Rows that the database refused.", |seen| store(seen, |health| health.refused)),
    counter("store_waits_given_up_total", NONE, "Times that a call went on before it, or its end, was written down, because the store was slow.", |seen| one(seen.desk.records.not_awaited())),
    gauge("outbox_owed", NONE, "Final callbacks that are owed.", |seen| kept(seen, |kept| kept.owed)),
    gauge("outbox_oldest_owed_seconds", NONE, "For how long the oldest of them is owed; 0 when none is.", |seen| kept(seen, |kept| kept.oldest_owed)),
    gauge("outbox_dead_letters", NONE, "Final callbacks that were given up.", |seen| kept(seen, |kept| kept.dead_letters)),
];

fn one(value: u64) -> Values {
    vec![(Vec::new(), value)]
}

fn so_far(counter: &AtomicU64) -> Values {
    one(counter.load(Ordering::Relaxed))
}

fn counted(seen: &Seen<'_>, counter: fn(&Counters) -> &AtomicU64) -> Values {
    so_far(counter(&seen.desk.ledger.counters))
}

fn calls(seen: &Seen<'_>, counter: fn(&CallCounts) -> &AtomicU64) -> Values {
    let kinds = seen.desk.ledger.counters.calls_by_kind();
    kinds
        .map(|(dialect, direction, counts)| {
            let labels = vec![dialect.as_str().to_owned(), direction.as_str().to_owned()];
            (labels, counter(counts).load(Ordering::Relaxed))
        })
        .collect()
}

fn live(seen: &Seen<'_>) -> Values {
    let state = |state: &CallState| match state {
        CallState::Queued => "queued",
        CallState::Trying => "trying",
        CallState::Ringing => "ringing",
        CallState::InProgress => "in-progress",
        CallState::Ended(_) => "ended",
    };
    let labels = seen.live.iter().map(|record| {
        record.facts(|facts| {
            let dialect = facts.application.account.dialect;
            [
                dialect.as_str(),
                facts.direction.as_str(),
                state(&facts.state),
            ]
        })
    });
    // One of the same labels adds to the others.
    labels
        .map(|labels| (labels.map(str::to_owned).to_vec(), 1))
        .collect()
}

fn transfers(seen: &Seen<'_>) -> Values {
    let ended = seen.desk.ledger.counters.transfers_ended();
    ended
        .into_iter()
        .map(|((end, outcome), count)| {
            let labels = vec![end.as_str().to_owned(), outcome.as_str().to_owned()];
            (labels, count)
        })
        .collect()
}

fn sum(seen: &Seen<'_>, value: fn(&Holdings) -> u64) -> Values {
    one(seen.shards.iter().map(|(_, held)| value(held)).sum())
}

fn by_shard(seen: &Seen<'_>, value: fn(&Holdings) -> usize) -> Values {
    let shards = seen.shards.iter();
    shards
        .map(|(index, held)| (vec![index.to_string()], value(held) as u64))
        .collect()
}

/// What was read and what was sent.
fn both_ways(seen: &Seen<'_>, value: fn(&Holdings) -> (u64, u64)) -> Values {
    let (mut read, mut sent) = (0, 0);
    for (_, held) in &seen.shards {
        let (of_read, of_sent) = value(held);
        read += of_read;
        sent += of_sent;
    }
    vec![
        (vec!["in".to_owned()], read),
        (vec!["out".to_owned()], sent),
    ]
}

fn trunks_up(seen: &Seen<'_>) -> Values {
    let trunks = seen.desk.board().ways.trunks_up();
    trunks
        .into_iter()
        .map(|(name, is_up)| (vec![name.to_string()], is_up.into()))
        .collect()
}

fn trunks_registered(seen: &Seen<'_>) -> Values {
    let wanted = seen.desk.registrations.list().into_iter();
    wanted
        .map(|one| {
            let is_registered = matches!(one.standing, Standing::Registered { .. });
            (vec![one.wanted.trunk], is_registered.into())
        })
        .collect()
}

fn store(seen: &Seen<'_>, value: fn(&Health) -> u64) -> Values {
    one(value(&seen.desk.records.health()))
}

/// Nothing when the store did not say it in time.
fn kept(seen: &Seen<'_>, value: fn(&Kept) -> u64) -> Values {
    seen.kept
        .as_ref()
        .map_or_else(Vec::new, |kept| one(value(kept)))
}
