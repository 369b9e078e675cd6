//! The Call resource.
//!
//! Prices are null, because nobody pays; numbers are formatted as they are written.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::laml::parameters::{API_VERSION, direction_word, forwarded_from, parties};
use crate::laml::status::{rfc_2822, talk_time, word};
use crate::laml::vendor::Vendor;
use crate::{AnsweredBy, CallFacts, CallState, Dialect, Direction};

/// See [`Dialect::call_resource`].
pub(crate) fn call(vendor: &Vendor, facts: &CallFacts) -> Value {
    let (from, to) = parties(vendor, facts);
    let started = (facts.state != CallState::Queued).then_some(facts.started_at);
    let updated = facts.ended_at.or(facts.answered_at).or(started);
    let path = path(vendor.dialect, facts);
    let forwarded_from = match facts.direction {
        Direction::Inbound => forwarded_from(facts),
        Direction::OutboundApi | Direction::OutboundDial => None,
    };
    let caller_name = Some(&facts.from.display_name).filter(|name| !name.is_empty());
    let mut call = Map::new();
    let mut put = |name: &str, value: Value| {
        call.insert(name.to_owned(), value);
    };
    put("sid", json!(facts.sid));
    put("account_sid", json!(facts.application.account.sid));
    put("parent_call_sid", json!(facts.parent_sid));
    put("phone_number_sid", Value::Null);
    put("to", json!(to));
    put("to_formatted", json!(to));
    put("from", json!(from));
    put("from_formatted", json!(from));
    put("status", json!(word(facts)));
    put("direction", json!(direction_word(facts.direction)));
    put("start_time", time(started));
    put("end_time", time(facts.ended_at));
    put("price", Value::Null);
    put("price_unit", json!("USD"));
    put(
        "answered_by",
        json!(facts.answered_by.map(answered_by_word)),
    );
    put("forwarded_from", json!(forwarded_from));
    put("caller_name", json!(caller_name));
    put("group_sid", Value::Null);
    put("api_version", json!(API_VERSION));
    put("date_created", time(Some(facts.created_at)));
    put(
        "date_updated",
        time(Some(updated.unwrap_or(facts.created_at))),
    );
    put("uri", json!(format!("{path}.json")));
    let recordings = format!("{path}/Recordings.json");
    put("subresource_uris", json!({ "recordings": recordings }));
    let ended = match &facts.state {
        CallState::Ended(end) => Some(end),
        _ => None,
    };
    let seconds = ended.map(|_| talk_time(facts).as_secs());
    match vendor.dialect {
        Dialect::Cxml => {
            put("duration", json!(seconds.unwrap_or_default()));
            put("formatted_to", json!(to));
            put("formatted_from", json!(from));
            put("annotation", Value::Null);
            put(
                "sip_result_code",
                json!(ended.map(|end| end.sip_status.to_string())),
            );
            for unmeasured in UNMEASURED {
                put(unmeasured, Value::Null);
            }
        }
        _ => {
            put(
                "duration",
                json!(seconds.map(|seconds| seconds.to_string())),
            );
            let waited = started
                .unwrap_or(facts.now)
                .duration_since(facts.created_at);
            let waited = waited.unwrap_or_default().as_millis();
            put("queue_time", json!(waited.to_string()));
            put("trunk_sid", Value::Null);
            put("stir_verstat", Value::Null);
        }
    }
    Value::Object(call)
}

/// Qualities of sound that SignalWire tells; its media servers measure them.
const UNMEASURED: [&str; 1] = ["audio_in_mos"];

fn path(dialect: Dialect, facts: &CallFacts) -> String {
    let prefix = match dialect {
        Dialect::Cxml => "/api/laml",
        _ => "",
    };
    let account = &facts.application.account.sid;
    format!(
        "{prefix}/{API_VERSION}/Accounts/{account}/Calls/{}",
        facts.sid
    )
}

fn time(at: Option<SystemTime>) -> Value {
    at.map(rfc_2822).into()
}

/// `AnsweredBy`.
pub(crate) fn answered_by_word(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Human => "human",
        AnsweredBy::MachineStart => "machine_start",
        AnsweredBy::MachineEndBeep => "machine_end_beep",
        AnsweredBy::MachineEndSilence => "machine_end_silence",
        AnsweredBy::MachineEndOther => "machine_end_other",
        AnsweredBy::Fax => "fax",
        AnsweredBy::Silence | AnsweredBy::Unknown => "unknown",
    }
}
