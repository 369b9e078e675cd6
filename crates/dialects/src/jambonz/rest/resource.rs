//! A call, and the replies to requests about it.

use serde_json::{Map, Value, json};

use crate::jambonz::call_info::{self, party, put};
use crate::rest::ApiReply;
use crate::{CallFacts, CallState, Direction};

/// See [`crate::Dialect::call_resource`].
pub(crate) fn call(facts: &CallFacts) -> Value {
    let status = call_info::status(facts);
    let (from, to) = parties(facts);
    let direction = match facts.direction {
        Direction::Inbound => "inbound",
        Direction::OutboundApi | Direction::OutboundDial => "outbound",
    };
    let application = &facts.application;
    let mut call = Map::new();
    put(&mut call, "account_sid", application.account.sid.as_str());
    put(&mut call, "application_sid", application.sid.as_str());
    put(&mut call, "call_id", facts.sip_call_id.as_str());
    put(&mut call, "call_sid", facts.sid.as_str());
    put(&mut call, "call_status", status.word);
    put(&mut call, "caller_name", facts.from.display_name.as_str());
    put(&mut call, "direction", direction);
    if matches!(facts.state, CallState::Ended(_)) {
        let ended = facts.ended_at.unwrap_or(facts.now);
        let duration = call_info::duration(facts.answered_at, ended);
        put(&mut call, "duration", duration);
    }
    put(&mut call, "from", from);
    put(&mut call, "to", to);
    let trunk = facts.trunk.as_deref().unwrap_or_default();
    put(&mut call, "originating_sip_trunk_name", trunk);
    put(&mut call, "originating_sip_ip", facts.source_ip.as_str());
    if let Some(parent) = &facts.parent_sid {
        put(&mut call, "parent_call_sid", parent.as_str());
    }
    put(&mut call, "service_url", &*facts.public_url);
    put(&mut call, "sip_status", status.code);
    put(&mut call, "sip_reason", status.reason);
    put(&mut call, "trace_id", facts.trace_id.as_str());
    if let Some(data) = &facts.tag_data {
        put(&mut call, "customerData", Value::clone(data));
    }
    Value::Object(call)
}

/// See [`crate::Dialect::call_created`].
pub(crate) fn created(facts: &CallFacts) -> ApiReply {
    ApiReply::with(
        201,
        json!({ "sid": facts.sid, "callId": facts.sip_call_id }),
    )
}

/// See [`crate::Dialect::call_updated`].
pub(crate) fn updated(answer: Option<(u16, &str)>) -> ApiReply {
    match answer {
        Some((status, reason)) => {
            ApiReply::with(200, json!({ "status": status, "reason": reason }))
        }
        None => ApiReply::empty(202),
    }
}

/// See [`crate::Dialect::parties_told`].
pub(crate) fn parties(facts: &CallFacts) -> (String, String) {
    (party(&facts.from).to_owned(), party(&facts.to).to_owned())
}
