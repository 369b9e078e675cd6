//! Status words and status callbacks.
//!
//! Source: Twilio Call resource and `StatusCallback`; SignalWire "cXML voice overview". The words
//! for unanswered calls follow the SIP status as is customary; a call that its document rejects
//! ends as `no-answer` or `busy` (SignalWire's `Reject`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::laml::parameters::{Fields, push, standard};
use crate::laml::recordings;
use crate::laml::vendor::{StatusFields, Vendor};
use crate::{CallEnd, CallFacts, CallState, Direction, EndedBy, StatusEvent};

/// The word for the state a call is in, as the REST API has it.
pub(crate) fn word(facts: &CallFacts) -> &'static str {
    match &facts.state {
        CallState::Queued => "queued",
        CallState::Trying => match facts.direction {
            // The application is asked while the caller hears ringing.
            Direction::Inbound => "ringing",
            Direction::OutboundApi => "queued",
            Direction::OutboundDial => "initiated",
        },
        CallState::Ringing => "ringing",
        CallState::InProgress => "in-progress",
        CallState::Ended(end) => ended_word(facts.direction, end),
    }
}

/// The word for the state a call is in, as requests to the application have it: a call that has
/// not left yet is `initiated` there.
pub(crate) fn webhook_word(facts: &CallFacts) -> &'static str {
    match word(facts) {
        "queued" => "initiated",
        other => other,
    }
}

fn ended_word(direction: Direction, end: &CallEnd) -> &'static str {
    if end.answered {
        return "completed";
    }
    match (end.by, end.sip_status) {
        (EndedBy::Api, _) => "canceled",
        (EndedBy::Document, 404) if direction == Direction::Inbound => "no-answer",
        (_, 486 | 600 | 603) => "busy",
        (_, 408 | 480 | 487) => "no-answer",
        _ => "failed",
    }
}

/// The fields of a status callback.
pub(crate) fn callback(
    vendor: &Vendor,
    facts: &CallFacts,
    event: StatusEvent,
    sequence: u32,
) -> Fields {
    let status = match event {
        StatusEvent::Initiated => "initiated",
        StatusEvent::Ringing | StatusEvent::EarlyMedia => "ringing",
        StatusEvent::Answered => "in-progress",
        StatusEvent::Completed => match word(facts) {
            "completed" => "completed",
            _ if vendor.webhooks.status.inbound_words_are_two
                && facts.direction == Direction::Inbound =>
            {
                "failed"
            }
            word => word,
        },
    };
    let mut fields = standard(vendor, facts, status);
    let at = match event {
        StatusEvent::Initiated => Some(facts.started_at),
        StatusEvent::Ringing | StatusEvent::EarlyMedia => None,
        StatusEvent::Answered => facts.answered_at,
        StatusEvent::Completed => facts.ended_at,
    };
    push(&mut fields, "Timestamp", rfc_2822(at.unwrap_or(facts.now)));
    push(&mut fields, "CallbackSource", "call-progress-events");
    push(&mut fields, "SequenceNumber", sequence.to_string());

    if let CallState::Ended(end) = &facts.state
        && event == StatusEvent::Completed
    {
        let seconds = talk_time(facts).as_secs();
        push(&mut fields, "CallDuration", seconds.to_string());
        match vendor.webhooks.status.fields {
            StatusFields::Twilio => {
                push(&mut fields, "Duration", seconds.div_ceil(60).to_string());
                push(&mut fields, "SipResponseCode", end.sip_status.to_string());
            }
            StatusFields::SignalWire => {
                push(&mut fields, "SipResultCode", end.sip_status.to_string());
                if !end.sip_reason.is_empty() {
                    push(&mut fields, "SipInviteResultPhrase", &end.sip_reason);
                }
                let (by, direction) = hangup_words(facts.direction, end.by);
                push(&mut fields, "HangupBy", by);
                push(&mut fields, "HangupDirection", direction);
            }
        }
        recordings::ordered_fields(vendor.dialect, &mut fields, facts);
    }
    fields
}

/// From the answer to the end; nothing for a call that was never answered.
pub(crate) fn talk_time(facts: &CallFacts) -> Duration {
    match (facts.answered_at, facts.ended_at) {
        (Some(answered), Some(ended)) => ended.duration_since(answered).unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

/// Who hung up, and whether the BYE came in or went out. SignalWire names the fields and not
/// their words; these are ours.
fn hangup_words(direction: Direction, by: EndedBy) -> (&'static str, &'static str) {
    match (by, direction) {
        (EndedBy::Peer, Direction::Inbound) => ("caller", "inbound"),
        (EndedBy::Peer, Direction::OutboundApi | Direction::OutboundDial) => ("callee", "inbound"),
        (EndedBy::Document | EndedBy::Api | EndedBy::Server, _) => ("platform", "outbound"),
    }
}

/// A time as RFC 2822 writes it, in UTC.
pub(crate) fn rfc_2822(at: SystemTime) -> String {
    // The HTTP date is the same but for the name of the zone. Times before 1970 can only come
    // from a clock that was never set.
    let date = httpdate::fmt_http_date(at.max(UNIX_EPOCH));
    date.replace("GMT", "+0000")
}

/// A time as RFC 3339 writes it, in UTC with microseconds.
pub(crate) fn rfc_3339(at: SystemTime) -> String {
    humantime::format_rfc3339_micros(at.max(UNIX_EPOCH)).to_string()
}
