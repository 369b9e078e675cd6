//! Our own view of a call, the same for every dialect, as JSON (`/hookflash/v1/calls`).

use std::time::Duration;

use hookflash_dialects::{CallState, EndedBy};
use hookflash_media::Statistics;
use hookflash_program::HookMethod;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::journal::{Entry, What};
use crate::line::Line;
use crate::record::{CallRecord, LegRecord, TransferRecord};
use crate::time_text::rfc3339;

/// The call with its legs, verbs, webhooks and transfers.
pub fn call(record: &CallRecord) -> Value {
    let mut call = record.facts(|facts| {
        let ended_by = match &facts.state {
            CallState::Ended(end) => Some(ended_by(end.by)),
            _ => None,
        };
        json!({
            "sid": facts.sid,
            "account": facts.application.account.sid,
            "application": facts.application.name,
            "dialect": facts.application.account.dialect.as_str(),
            "direction": facts.direction.as_str(),
            "from": facts.from.uri,
            "to": facts.to.uri,
            "status": facts.application.account.dialect.status_word(facts),
            "startedAt": rfc3339(facts.started_at),
            "answeredAt": facts.answered_at.map(rfc3339),
            "endedAt": facts.ended_at.map(rfc3339),
            "endedBy": ended_by,
        })
    });
    if let Some(call) = call.as_object_mut() {
        call.insert("legs".to_owned(), legs(record));
        call.insert("verbs".to_owned(), verbs(record));
        call.insert("webhooks".to_owned(), webhooks(record));
        call.insert("transfers".to_owned(), transfers(record));
    }
    call
}

/// The call's journal in order. When it was full, a last event says how many are missing.
pub fn trace(record: &CallRecord) -> Value {
    let talking = record.talking();
    let mut events: Vec<Value> = record.entries(|entries| {
        let events = entries.iter().map(|entry| event(record, entry, talking));
        events.collect()
    });
    let missing = record.entries_not_kept();
    if let Some(last) = events.last().filter(|_| missing > 0) {
        let full = json!({
            "at": last["at"],
            "kind": "call",
            "direction": null,
            "leg": null,
            "summary": format!("{missing} events are not shown: this call's journal was full"),
            "details": { "missing": missing },
        });
        events.push(full);
    }
    Value::Array(events)
}

/// One entry of a journal, as in [`trace`], with the call that it belongs to: for watchers.
pub fn watched(record: &CallRecord, index: usize) -> Option<Value> {
    let talking = record.talking();
    let mut event = record.entries(|entries| Some(event(record, entries.get(index)?, talking)))?;
    let sid = record.facts(|facts| facts.sid.clone());
    event.as_object_mut()?.insert("call".to_owned(), sid.into());
    Some(event)
}

/// Every transfer of the call.
pub fn transfers(record: &CallRecord) -> Value {
    let sid = record.facts(|facts| facts.sid.clone());
    record.transfers(|transfers| {
        let numbered = transfers.iter().enumerate();
        numbered
            .map(|(number, one)| transfer(record, &sid, number, one))
            .collect()
    })
}

fn transfer(record: &CallRecord, sid: &str, number: usize, transfer: &TransferRecord) -> Value {
    let mut view = json!({
        "id": format!("{sid}-transfer-{}", number + 1),
        "kind": "blind",
        "target": transfer.target,
    });
    let result = transfer.result.as_deref();
    let (late, verdict) = match &transfer.amendment {
        Some(amendment) => (
            amendment.late_notify_codes.as_slice(),
            Some(amendment.verdict.as_str()),
        ),
        None => (&[][..], result.map(|result| result.verdict.as_str())),
    };
    let rest = json!({
        "referStatus": result.and_then(|result| result.refer_code),
        "notifyStatuses": result.map_or(&transfer.notify_codes, |result| &result.notify_codes),
        "finalNotifyStatus": result.and_then(|result| result.final_notify_code),
        "end": result.map(|result| result.end.as_str()),
        "outcome": result.map(|result| result.outcome.as_str()),
        "endedBy": result.map(|result| result.ended_by.as_str()),
        "verdict": verdict,
        "startedAt": rfc3339(record.wall_clock(transfer.started)),
        "endedAt": transfer.ended.map(|at| rfc3339(record.wall_clock(at))),
        "lateNotifyStatuses": late,
    });
    if let (Some(view), Value::Object(rest)) = (view.as_object_mut(), rest) {
        view.extend(rest);
    }
    view
}

/// Name of a leg by its place, in `legs` and in the trace: `a`, `b`, and so on.
pub fn leg_name(place: usize) -> String {
    let letter = u8::try_from(place).ok().filter(|place| *place < 26);
    match letter {
        Some(letter) => char::from(b'a' + letter).to_string(),
        None => format!("leg{}", place + 1),
    }
}

fn legs(record: &CallRecord) -> Value {
    let legs = record.legs(<[LegRecord]>::to_vec);
    let talking = record.talking();
    let legs = legs.iter().enumerate();
    legs.map(|(place, one)| leg(record, place, one, place == talking))
        .collect()
}

/// A leg. What there is of audio belongs to the one that is talked on.
fn leg(record: &CallRecord, place: usize, leg: &LegRecord, is_talked_on: bool) -> Value {
    let codec = record.codec().filter(|_| is_talked_on);
    let media = record.entries(|entries| {
        entries.iter().rev().find_map(|entry| match &entry.what {
            What::Statistics(statistics) => Some(media(statistics)),
            _ => None,
        })
    });
    let media = media.filter(|_| is_talked_on);
    let flow = leg.flow.as_ref();
    let called = leg.called.as_deref();
    let at = |millis: Option<u32>| millis.map(|at| rfc3339(record.wall_clock(at)));
    record.facts(|facts| {
        let mut view = json!({
            "id": leg_name(place),
            "direction": facts.direction.as_str(),
            "callId": facts.sip_call_id,
            "transport": flow.map(|flow| flow.transport.via_token().to_ascii_lowercase()),
            "local": flow.map(|flow| flow.local.to_string()),
            "remote": flow.map(|flow| flow.remote.to_string()),
            "trunk": facts.trunk,
            "codec": codec,
            "media": media,
            "sipStatus": match &facts.state {
                CallState::Queued => 0,
                CallState::Trying => 100,
                CallState::Ringing => 180,
                CallState::InProgress => 200,
                CallState::Ended(end) => end.sip_status,
            },
            "startedAt": rfc3339(facts.started_at),
            "answeredAt": facts.answered_at.map(rfc3339),
            "endedAt": facts.ended_at.map(rfc3339),
        });
        if let (Some(view), Some(called)) = (view.as_object_mut(), called) {
            let own = [
                ("uri", json!(called.uri)),
                ("callId", json!(called.call_id)),
                ("trunk", json!(called.trunk.as_deref())),
                ("sipStatus", json!(called.status)),
                ("startedAt", json!(at(Some(called.started)))),
                ("answeredAt", json!(at(called.answered))),
                ("endedAt", json!(at(called.ended))),
            ];
            view.extend(own.map(|(name, value)| (name.to_owned(), value)));
        }
        view
    })
}

/// What has passed through the leg's audio, once it is over. Times are in milliseconds.
pub(crate) fn media(statistics: &Statistics) -> Value {
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    json!({
        "packetsSent": statistics.packets_sent,
        "packetsReceived": statistics.packets_received,
        "packetsLost": statistics.packets_lost,
        "packetsLate": statistics.late,
        "packetsIgnored": {
            "malformed": statistics.ignored.malformed,
            "stranger": statistics.ignored.stranger,
            "unknownPayload": statistics.ignored.unknown_payload,
            "stale": statistics.ignored.stale,
            "unexpected": statistics.ignored.unexpected,
        },
        "jitter": millis(statistics.jitter),
        "concealed": millis(statistics.concealed),
        "peerLost": statistics.peer_lost,
        "peerJitter": statistics.peer_jitter.map(millis),
        "roundTrip": statistics.round_trip.map(millis),
    })
}

fn verbs(record: &CallRecord) -> Value {
    let mut verbs: Vec<Value> = Vec::new();
    let when = |entry: &Entry| rfc3339(record.wall_clock(entry.at));
    record.entries(|entries| {
        for entry in entries {
            match &entry.what {
                What::Verb { name, position } => verbs.push(json!({
                    "verb": name,
                    "line": position.line,
                    "column": position.column,
                    "state": "running",
                    "startedAt": when(entry),
                    "endedAt": null,
                    "prompts": [],
                    "notes": [],
                })),
                What::VerbDone(how) => {
                    if let Some(verb) = verbs.last_mut().and_then(Value::as_object_mut) {
                        verb.insert("state".to_owned(), how.as_str().into());
                        verb.insert("endedAt".to_owned(), when(entry).into());
                    }
                }
                What::Prompt { what, .. } => push(&mut verbs, "prompts", json!(what)),
                What::VerbNote(text) => push(&mut verbs, "notes", json!(text)),
                _ => {}
            }
        }
    });
    Value::Array(verbs)
}

/// Adds to a list of the verb that runs.
fn push(verbs: &mut [Value], list: &str, value: Value) {
    let list = verbs.last_mut().and_then(|verb| verb.get_mut(list));
    if let Some(list) = list.and_then(Value::as_array_mut) {
        list.push(value);
    }
}

fn webhooks(record: &CallRecord) -> Value {
    let at = |millis: u32| rfc3339(record.wall_clock(millis));
    let view = |asked: &Asked<'_>| {
        let error = asked.failure;
        json!({
            "purpose": asked.purpose,
            "method": asked.method,
            "url": asked.url,
            "status": asked.status,
            "error": error.map(|(code, error)| json!({ "code": code, "message": error.message })),
            "startedAt": at(asked.started),
            "endedAt": asked.ended.map(at),
        })
    };
    record.entries(|entries| Asked::of(entries).iter().map(view).collect())
}

fn event(record: &CallRecord, entry: &Entry, talking: usize) -> Value {
    let line = Line::of(&entry.what);
    let leg = match (&entry.what, line.kind) {
        (What::Sip(message), _) => Some(leg_name(usize::from(message.leg))),
        (_, "media") => Some(leg_name(talking)),
        _ => None,
    };
    json!({
        "at": rfc3339(record.wall_clock(entry.at)),
        "kind": line.kind,
        "direction": line.direction,
        "leg": leg,
        "summary": line.summary,
        "details": line.details,
    })
}

pub(crate) fn ended_by(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Peer => "peer",
        EndedBy::Document => "document",
        EndedBy::Api => "api",
        EndedBy::Server => "server",
    }
}

/// How a request is sent: a message on the application's WebSocket has no method.
pub(crate) fn method_word(method: HookMethod, url: &str) -> &'static str {
    match method {
        _ if url.starts_with("ws:") || url.starts_with("wss:") => "WS",
        HookMethod::Get => "GET",
        HookMethod::Post => "POST",
    }
}
