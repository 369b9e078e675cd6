//! Events of Cognigy Voice Gateway, which stands on jambonz: the same fields in an envelope with
//! a name. They go to the application's `events_url`, beside all other requests.

use hookflash_program::{Gather, GatherEnd, Gathered, Hook};
use hookflash_transfer::{Outcome, TransferResult};
use serde_json::{Map, Value};

use super::call_info::{self, Payload, put};
use super::number::number_meta_data;
use super::request::{Asked, add_refer_codes, send};
use super::speech::add_gathered;
use crate::{CallFacts, Direction, FetchError, HttpRequest};

/// What a gateway event is told about.
#[derive(Clone, Copy, Debug)]
pub enum GatewayMoment<'a> {
    /// The call arrived or is about to leave.
    Created,
    /// It was answered.
    InProgress,
    /// It is over; see `CallFacts::state`.
    Ended,
    /// A transfer has its result. Told once per transfer, whatever became of it.
    ReferDone(&'a TransferResult),
    /// A gather has its result: one of the call's verbs, or input beside them.
    GatherDone {
        /// The verb.
        verb: &'a Gather,
        /// The result.
        result: &'a Gathered,
    },
}

/// Describes the event of a moment; `None` when the application wants no events, and when Voice
/// Gateway has none for it.
///
/// # Errors
/// When `events_url` cannot be used.
pub(crate) fn event(
    facts: &CallFacts,
    moment: GatewayMoment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    let Some(url) = &facts.application.events_url else {
        return Ok(None);
    };
    let Some((name, payload)) = named(facts, moment) else {
        return Ok(None);
    };
    let mut envelope = Map::new();
    put(&mut envelope, "event", name);
    put(&mut envelope, "payload", Value::Object(payload));
    if let Some(data) = number_meta_data(&facts.from.user) {
        put(&mut envelope, "numberMetaData", data);
    }
    send(facts, Asked::tell("event"), &Hook::post(url), envelope).map(Some)
}

fn named(facts: &CallFacts, moment: GatewayMoment<'_>) -> Option<(&'static str, Payload)> {
    let event = match moment {
        GatewayMoment::Created => ("CALL_CREATED", call_info::first(facts)),
        GatewayMoment::InProgress => {
            let status = call_info::status_at(facts, crate::StatusEvent::Answered);
            ("CALL_IN_PROGRESS", call_info::base(facts, status))
        }
        GatewayMoment::Ended => {
            let status = call_info::status(facts);
            let mut payload = call_info::base(facts, status);
            call_info::add_end(&mut payload, facts);
            (end_name(status.word, facts.direction), payload)
        }
        GatewayMoment::ReferDone(result) => {
            let mut payload = call_info::first(facts);
            add_refer_codes(&mut payload, result);
            put(&mut payload, "verdict", result.verdict.as_str());
            let succeeded = result.outcome == Outcome::Succeeded;
            let name = if succeeded {
                "TRANSFER_REFER_SUCCESS"
            } else {
                "TRANSFER_REFER_ERROR"
            };
            (name, payload)
        }
        GatewayMoment::GatherDone { verb, result } => {
            let name = match result.reason {
                GatherEnd::Keys => "RECOGNIZED_DTMF",
                GatherEnd::Speech => "RECOGNIZED_SPEECH",
                GatherEnd::Timeout => "USER_INPUT_TIMEOUT",
                GatherEnd::LowConfidence | GatherEnd::Failed => return None,
            };
            let mut payload = call_info::base(facts, call_info::status(facts));
            add_gathered(&mut payload, verb, result);
            (name, payload)
        }
    };
    Some(event)
}

/// `NO_ANSWER` and `USER_BUSY` speak of somebody who was called; a caller who gives up is a call
/// that failed.
fn end_name(word: &str, direction: Direction) -> &'static str {
    match (word, direction) {
        ("completed", _) => "CALL_COMPLETED",
        ("busy", _) => "USER_BUSY",
        ("no-answer", Direction::OutboundApi | Direction::OutboundDial) => "NO_ANSWER",
        _ => "CALL_FAILED",
    }
}
