//! The call state, and the reply to a new call.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::bxml::event::{cause, error_id, put, time};
use crate::bxml::{invite, status_word};
use crate::rest::ApiReply;
use crate::{CallFacts, CallState, Direction};

/// See [`crate::Dialect::call_resource`].
pub(crate) fn call(facts: &CallFacts) -> Value {
    let (from, to) = parties(facts);
    let started = (facts.state != CallState::Queued).then_some(facts.started_at);
    let updated = facts.ended_at.or(facts.answered_at).or(started);
    let end = match &facts.state {
        CallState::Ended(end) => Some(end),
        _ => None,
    };
    let message = end.and_then(|end| end.message.as_deref());
    let is_inbound = facts.direction == Direction::Inbound;
    let direction = match is_inbound {
        true => "inbound",
        false => "outbound",
    };
    let mut state = Map::new();
    put(&mut state, "applicationId", facts.application.sid.as_str());
    put(
        &mut state,
        "accountId",
        facts.application.account.sid.as_str(),
    );
    put(&mut state, "callId", facts.sid.as_str());
    put(&mut state, "parentCallId", json!(facts.parent_sid));
    put(&mut state, "to", to);
    put(&mut state, "from", from);
    put(&mut state, "direction", direction);
    put(&mut state, "state", status_word(facts));
    let stir_shaken = invite::stir_shaken(&facts.invite).filter(|_| is_inbound);
    put(&mut state, "stirShaken", json!(stir_shaken));
    put(&mut state, "identity", Value::Null);
    let enqueued = (!is_inbound).then_some(facts.created_at);
    put(&mut state, "enqueuedTime", maybe(enqueued));
    put(&mut state, "startTime", maybe(started));
    put(&mut state, "answerTime", maybe(facts.answered_at));
    put(&mut state, "endTime", maybe(facts.ended_at));
    let cause = end.map(|end| cause(end, facts.direction));
    put(&mut state, "disconnectCause", json!(cause));
    put(&mut state, "errorMessage", json!(message));
    put(
        &mut state,
        "errorId",
        json!(message.map(|_| error_id(facts))),
    );
    put(
        &mut state,
        "lastUpdate",
        maybe(Some(updated.unwrap_or(facts.created_at))),
    );
    Value::Object(state)
}

/// See [`crate::Dialect::call_created`].
pub(crate) fn created(facts: &CallFacts, repeated: Map<String, Value>) -> ApiReply {
    let (from, to) = parties(facts);
    let url = url(facts);
    let mut reply = Map::new();
    put(&mut reply, "applicationId", facts.application.sid.as_str());
    put(
        &mut reply,
        "accountId",
        facts.application.account.sid.as_str(),
    );
    put(&mut reply, "callId", facts.sid.as_str());
    put(&mut reply, "to", to);
    put(&mut reply, "from", from);
    put(&mut reply, "enqueuedTime", time(facts.created_at));
    put(&mut reply, "callUrl", url.as_str());
    // What Bandwidth fills in where the request says nothing.
    put(&mut reply, "callTimeout", 30);
    put(&mut reply, "callbackTimeout", 15);
    put(&mut reply, "answerMethod", "POST");
    put(&mut reply, "answerFallbackMethod", "POST");
    put(&mut reply, "disconnectMethod", "POST");
    put(&mut reply, "priority", 5);
    reply.extend(repeated);
    ApiReply {
        headers: vec![("Location", url)],
        ..ApiReply::with(201, Value::Object(reply))
    }
}

/// See [`crate::Dialect::parties_told`].
pub(crate) fn parties(facts: &CallFacts) -> (String, String) {
    (invite::party(&facts.from), invite::party(&facts.to))
}

/// The URL of the call.
pub(crate) fn url(facts: &CallFacts) -> String {
    let account = &facts.application.account.sid;
    format!(
        "{}/api/v2/accounts/{account}/calls/{}",
        facts.public_url, facts.sid
    )
}

fn maybe(at: Option<SystemTime>) -> Value {
    at.map(time).into()
}
