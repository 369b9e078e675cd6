//! BXML events: one JSON object each, keys in the order of Bandwidth's samples.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hookflash_program::Refer;
use hookflash_transfer::{End, Outcome, TransferResult};
use serde_json::{Map, Value, json};

use super::{invite, rest};
use crate::uuid::uuid;
use crate::{AnsweredBy, CallEnd, CallFacts, CallState, Direction, EndedBy};

/// An event, not yet sent.
pub(super) type Event = Map<String, Value>;

/// `initiate`: an inbound call wants to know what to do.
pub(super) fn initiate(facts: &CallFacts) -> Event {
    let mut event = common(facts, "initiate", facts.tag.as_deref());
    if let Some(uui) = invite::uui(&facts.invite) {
        put(&mut event, "uui", uui);
    }
    if let Some(diversion) = invite::diversion(&facts.invite) {
        event.insert("diversion".to_owned(), Value::Object(diversion));
    }
    if let Some(verdict) = invite::stir_shaken(&facts.invite) {
        event.insert("stirShaken".to_owned(), Value::Object(verdict));
    }
    event
}

/// `answer`: a call that we placed was answered. Who picked up is told when the call waited for
/// that.
pub(super) fn answer(facts: &CallFacts) -> Event {
    let mut event = common(facts, "answer", facts.tag.as_deref());
    if let Some(answered_by) = facts.answered_by {
        // The document has waited for it from the answer on.
        let waited = facts.answered_at.map(|at| facts.now.duration_since(at));
        let waited = waited.and_then(Result::ok).unwrap_or_default();
        add_machine_detection(&mut event, answered_by, waited);
    }
    event
}

/// `machineDetectionComplete`: it is known who picked up; the document did not wait for it.
pub(super) fn machine_detection_complete(
    facts: &CallFacts,
    answered_by: AnsweredBy,
    after: Duration,
) -> Event {
    let mut event = common(facts, "machineDetectionComplete", facts.tag.as_deref());
    add_machine_detection(&mut event, answered_by, after);
    event
}

fn add_machine_detection(event: &mut Event, answered_by: AnsweredBy, after: Duration) {
    let duration = format!("PT{}S", after.as_secs_f64());
    let result = json!({ "value": machine_word(answered_by), "duration": duration });
    put(event, "machineDetectionResult", result);
}

/// `value` of a result of machine detection. Bandwidth has no word of its own for a fax.
pub(super) fn machine_word(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Human => "human",
        AnsweredBy::MachineStart
        | AnsweredBy::MachineEndBeep
        | AnsweredBy::MachineEndSilence
        | AnsweredBy::MachineEndOther
        | AnsweredBy::Fax => "answering-machine",
        AnsweredBy::Silence => "silence",
        AnsweredBy::Unknown => "timeout",
    }
}

/// `redirect`: a `Redirect` verb or the API wants another document.
pub(super) fn redirect(facts: &CallFacts) -> Event {
    common(facts, "redirect", facts.tag.as_deref())
}

/// `referComplete`: a transfer has its result. Codes are integers and those of the wire; a code
/// that never came is left out.
pub(super) fn refer_complete(facts: &CallFacts, verb: &Refer, result: &TransferResult) -> Event {
    let tag = verb.tag.as_deref().or(facts.tag.as_deref());
    let mut event = common(facts, "referComplete", tag);
    let word = if result.outcome == Outcome::Succeeded {
        "success"
    } else {
        "failure"
    };
    put(&mut event, "referCallStatus", word);
    if let Some(code) = result.refer_code {
        put(&mut event, "referSipResponseCode", code);
    }
    let final_code = result
        .final_notify_code
        .filter(|_| result.end == End::Final);
    if let Some(code) = final_code {
        put(&mut event, "notifySipResponseCode", code);
    }
    event
}

/// `disconnect`: the call is over.
pub(super) fn disconnect(facts: &CallFacts) -> Event {
    let mut event = common(facts, "disconnect", facts.tag.as_deref());
    put(
        &mut event,
        "endTime",
        time(facts.ended_at.unwrap_or(facts.now)),
    );
    let CallState::Ended(end) = &facts.state else {
        put(&mut event, "cause", "unknown");
        return event;
    };
    put(&mut event, "cause", cause(end, facts.direction));
    if let Some(message) = &end.message {
        put(&mut event, "errorMessage", message.as_str());
        put(&mut event, "errorId", error_id(facts));
    }
    event
}

/// `errorId`: what Bandwidth's support would ask for leads to the call's traces here.
pub(super) fn error_id(facts: &CallFacts) -> String {
    let bits = u128::from_str_radix(&facts.trace_id, 16).unwrap_or_default();
    uuid(bits, 4)
}

/// Bandwidth's word for the way in which a call ended.
pub(super) fn cause(end: &CallEnd, direction: Direction) -> &str {
    if let Some(cause) = &end.cause {
        return cause;
    }
    let inbound = direction == Direction::Inbound;
    match (end.by, end.answered) {
        // Nobody answered in time, and this server gave up.
        (EndedBy::Server, false) if !inbound && matches!(end.sip_status, 408 | 480 | 487) => {
            "timeout"
        }
        (EndedBy::Server, _) => "error",
        (_, true) => "hangup",
        (EndedBy::Peer, false) if inbound => "cancel",
        (EndedBy::Document | EndedBy::Api, false) if inbound => "rejected",
        (EndedBy::Document | EndedBy::Api, false) => "cancel",
        (EndedBy::Peer, false) => match end.sip_status {
            486 | 600 => "busy",
            408 | 480 | 487 => "timeout",
            _ => "rejected",
        },
    }
}

/// The fields of every event.
pub(super) fn common(facts: &CallFacts, event_type: &str, tag: Option<&str>) -> Event {
    let account = &facts.application.account.sid;
    let mut event = Map::new();
    put(&mut event, "eventType", event_type);
    put(&mut event, "eventTime", time(facts.now));
    put(&mut event, "accountId", account.as_str());
    put(&mut event, "applicationId", facts.application.sid.as_str());
    put(&mut event, "from", invite::party(&facts.from));
    put(&mut event, "to", invite::party(&facts.to));
    let direction = if facts.direction == Direction::Inbound {
        "inbound"
    } else {
        "outbound"
    };
    put(&mut event, "direction", direction);
    put(&mut event, "callId", facts.sid.as_str());
    put(&mut event, "callUrl", rest::url(facts));
    if let Some(parent) = &facts.parent_sid {
        put(&mut event, "parentCallId", parent.as_str());
    }
    if facts.direction != Direction::Inbound {
        put(&mut event, "enqueuedTime", time(facts.created_at));
    }
    put(&mut event, "startTime", time(facts.started_at));
    if let Some(answered) = facts.answered_at {
        put(&mut event, "answerTime", time(answered));
    }
    if let Some(tag) = tag.filter(|tag| !tag.is_empty()) {
        put(&mut event, "tag", tag);
    }
    event
}

/// Adds or replaces a field.
pub(super) fn put(event: &mut Event, name: &str, value: impl Into<Value>) {
    event.insert(name.to_owned(), value.into());
}

/// ISO 8601 in UTC with milliseconds.
pub(super) fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time.max(UNIX_EPOCH)).to_string()
}
