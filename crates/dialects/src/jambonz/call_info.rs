//! The fields of a call that its requests carry, in the order in which jambonz sends them.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::sip_object::sip_object;
use crate::{CallEnd, CallFacts, CallState, Direction, EndedBy, StatusEvent};

/// An object on its way to the application.
pub(super) type Payload = Map<String, Value>;

/// This server has one operator, whom jambonz calls a service provider.
const SERVICE_PROVIDER_SID: &str = "d4f6a1e2-9c3b-5b7a-8e21-6f0c5a9d3e47";

/// What a request says about where the call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status<'a> {
    /// `sip_status`.
    pub(super) code: u16,
    /// `sip_reason`.
    pub(super) reason: &'a str,
    /// `call_status`.
    pub(super) word: &'static str,
}

const TRYING: Status<'static> = Status {
    code: 100,
    reason: "Trying",
    word: "trying",
};
const RINGING: Status<'static> = Status {
    code: 180,
    reason: "Ringing",
    word: "ringing",
};
const EARLY_MEDIA: Status<'static> = Status {
    code: 183,
    reason: "Session Progress",
    word: "early-media",
};
const IN_PROGRESS: Status<'static> = Status {
    code: 200,
    reason: "OK",
    word: "in-progress",
};

/// Where a call stands now.
pub(super) fn status(facts: &CallFacts) -> Status<'_> {
    match &facts.state {
        CallState::Queued | CallState::Trying => TRYING,
        CallState::Ringing => RINGING,
        CallState::InProgress => IN_PROGRESS,
        CallState::Ended(end) => Status {
            code: end.sip_status,
            reason: &end.sip_reason,
            word: end_word(end, facts.direction),
        },
    }
}

/// Where a call stood at a change of its status, whatever has happened since.
pub(super) fn status_at(facts: &CallFacts, event: StatusEvent) -> Status<'_> {
    match event {
        StatusEvent::Initiated => TRYING,
        StatusEvent::Ringing => RINGING,
        StatusEvent::EarlyMedia => EARLY_MEDIA,
        StatusEvent::Answered => IN_PROGRESS,
        StatusEvent::Completed => status(facts),
    }
}

/// How a call ended, after the table of jambonz' feature server: it reads 486, 487, 600 and 603
/// in other ways for calls placed by the API than for those placed for another call.
fn end_word(end: &CallEnd, direction: Direction) -> &'static str {
    if end.answered {
        return "completed";
    }
    match (direction, end.sip_status) {
        (Direction::Inbound, 487) if end.by == EndedBy::Peer => "no-answer",
        (Direction::Inbound, _) => "failed",
        (_, 486) | (Direction::OutboundDial, 600) | (Direction::OutboundApi, 603) => "busy",
        (_, 487) => "no-answer",
        _ => "failed",
    }
}

/// The fields of every request about a call.
pub(super) fn base(facts: &CallFacts, status: Status<'_>) -> Payload {
    let application = &facts.application;
    let inbound = facts.direction == Direction::Inbound;
    let mut payload = Map::new();
    put(
        &mut payload,
        "direction",
        if inbound { "inbound" } else { "outbound" },
    );
    put(&mut payload, "trace_id", facts.trace_id.as_str());
    put(
        &mut payload,
        "caller_name",
        facts.from.display_name.as_str(),
    );
    put(&mut payload, "call_sid", facts.sid.as_str());
    put(
        &mut payload,
        "account_sid",
        application.account.sid.as_str(),
    );
    put(&mut payload, "application_sid", application.sid.as_str());
    put(&mut payload, "from", party(&facts.from));
    put(&mut payload, "to", party(&facts.to));
    put(&mut payload, "call_id", facts.sip_call_id.as_str());
    put(&mut payload, "sbc_callid", facts.sip_call_id.as_str());
    put(&mut payload, "sip_status", status.code);
    put(&mut payload, "sip_reason", status.reason);
    put(&mut payload, "call_status", status.word);
    put(&mut payload, "originating_sip_ip", facts.source_ip.as_str());
    put(
        &mut payload,
        "originating_sip_trunk_name",
        facts.trunk.as_deref().unwrap_or_default(),
    );
    put(
        &mut payload,
        "local_sip_address",
        facts.local_address.as_str(),
    );
    put(&mut payload, "fs_sip_address", facts.local_address.as_str());
    put(
        &mut payload,
        "api_base_url",
        format!("{}/v1", facts.public_url),
    );
    put(&mut payload, "service_provider_sid", SERVICE_PROVIDER_SID);
    if let Some(parent) = &facts.parent_sid {
        put(&mut payload, "parent_call_sid", parent.as_str());
    }
    if let Some(data) = &facts.tag_data {
        put(&mut payload, "customerData", Value::clone(data));
    }
    payload
}

/// The fields of the first request: also the INVITE that came in, and the speech settings. An
/// inbound call is told as it stood when it arrived.
pub(super) fn first(facts: &CallFacts) -> Payload {
    let status = match facts.direction {
        Direction::Inbound => TRYING,
        Direction::OutboundApi | Direction::OutboundDial => status(facts),
    };
    let mut payload = Map::new();
    if facts.direction == Direction::Inbound {
        put(&mut payload, "sip", sip_object(&facts.invite));
    }
    payload.extend(base(facts, status));
    // Which engines stand behind these is the operator's to say; applications read them to choose
    // their own settings.
    let defaults = json!({
        "synthesizer": {"vendor": "default", "language": "en-US", "voice": "default"},
        "recognizer": {"vendor": "default", "language": "en-US"},
    });
    put(&mut payload, "defaults", defaults);
    put(&mut payload, "env_vars", json!({}));
    payload
}

/// The fields that only the last status of a call has.
pub(super) fn add_end(payload: &mut Payload, facts: &CallFacts) {
    let CallState::Ended(end) = &facts.state else {
        return;
    };
    put(
        payload,
        "duration",
        duration(facts.answered_at, facts.ended_at.unwrap_or(facts.now)),
    );
    let by = if end.by == EndedBy::Peer {
        "caller"
    } else {
        "jambonz"
    };
    put(payload, "call_termination_by", by);
}

/// Adds or replaces a field.
pub(super) fn put(payload: &mut Payload, name: &str, value: impl Into<Value>) {
    payload.insert(name.to_owned(), value.into());
}

/// Seconds between answer and end, rounded.
pub(super) fn duration(answered: Option<SystemTime>, ended: SystemTime) -> u64 {
    let lasted = answered.and_then(|answered| ended.duration_since(answered).ok());
    lasted.map_or(0, |lasted| {
        lasted.as_secs() + u64::from(lasted.subsec_millis() >= 500)
    })
}

/// The user part: usually a number.
pub(super) fn party(party: &crate::Party) -> &str {
    if party.user.is_empty() {
        &party.uri
    } else {
        &party.user
    }
}
