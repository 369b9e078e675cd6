//! The row that is kept of a call.

use std::borrow::Cow;
use std::time::SystemTime;

use hookflash_call::journal::Entry;
use hookflash_call::{Asked, CallRecord, LegRecord, Parts, TransferRecord, leg_name};
use hookflash_dialects::{CallEnd, CallFacts, CallState, Direction, EndedBy};
use hookflash_store::{CallRow, LegRow, TransferRow, WebhookRow, micros};

use super::details::{Details, text};

/// Looks at a call as it stands, with texts that are the call's own as a rule. Must not come back to the record from
/// within.
pub(crate) fn look<R>(record: &CallRecord, look: impl FnOnce(CallRow<'_>) -> R) -> R {
    let told = record.statuses_told();
    record.look(|parts| look(row(record, parts, told)))
}

fn row<'a>(record: &CallRecord, parts: Parts<'a>, told: u32) -> CallRow<'a> {
    let at = |millis: u32| micros(record.wall_clock(millis));
    let mut row = of_facts(parts.facts, told);
    row.legs = legs(parts, &row, at);
    row.transfers = transfers(parts.transfers, &row.sid, at);
    row.webhooks = webhooks(parts.entries, at);
    row
}

fn of_facts(facts: &CallFacts, told: u32) -> CallRow<'_> {
    let application = &facts.application;
    let (from, to) = application.account.dialect.parties_told(facts);
    let end = match &facts.state {
        CallState::Ended(end) => Some(end_row(end)),
        _ => None,
    };
    let has_left = facts.state != CallState::Queued;
    CallRow {
        account: text(&application.account.sid),
        sid: text(&facts.sid),
        application: text(&application.sid),
        parent: facts.parent_sid.as_deref().map(text),
        direction: direction(facts.direction),
        from: from.into(),
        to: to.into(),
        state: state(&facts.state),
        end,
        created_at: micros(facts.created_at),
        started_at: has_left.then(|| micros(facts.started_at)),
        answered_at: facts.answered_at.map(micros),
        ended_at: facts.ended_at.map(micros),
        legs: Vec::new(),
        transfers: Vec::new(),
        webhooks: Vec::new(),
        details: Details::of(facts, told).written().map(Cow::Owned),
    }
}

fn direction(direction: Direction) -> hookflash_store::Direction {
    match direction {
        Direction::Inbound => hookflash_store::Direction::Inbound,
        Direction::OutboundApi => hookflash_store::Direction::OutboundApi,
        Direction::OutboundDial => hookflash_store::Direction::OutboundDial,
    }
}

fn state(state: &CallState) -> hookflash_store::CallState {
    match state {
        CallState::Queued => hookflash_store::CallState::Queued,
        CallState::Trying => hookflash_store::CallState::Trying,
        CallState::Ringing => hookflash_store::CallState::Ringing,
        CallState::InProgress => hookflash_store::CallState::InProgress,
        CallState::Ended(_) => hookflash_store::CallState::Ended,
    }
}

fn end_row(end: &CallEnd) -> hookflash_store::CallEnd<'_> {
    hookflash_store::CallEnd {
        by: match end.by {
            EndedBy::Peer => hookflash_store::EndedBy::Peer,
            EndedBy::Document => hookflash_store::EndedBy::Document,
            EndedBy::Api => hookflash_store::EndedBy::Api,
            EndedBy::Server => hookflash_store::EndedBy::Server,
        },
        answered: end.answered,
        sip_status: end.sip_status,
        sip_reason: text(&end.sip_reason),
        cause: end.cause.as_deref().map(text),
        message: end.message.as_deref().map(text),
    }
}

fn legs<'a>(parts: Parts<'a>, call: &CallRow<'_>, at: impl Fn(u32) -> i64) -> Vec<LegRow<'a>> {
    let talking = parts.talking();
    let row = |(place, leg): (usize, &'a LegRecord)| {
        let flow = leg.flow.as_ref();
        let mut row = LegRow {
            id: leg_name(place).into(),
            direction: call.direction,
            uri: None,
            sip_call_id: text(&parts.facts.sip_call_id),
            transport: flow.map(|flow| flow.transport.via_token().to_ascii_lowercase().into()),
            local: flow.map(|flow| flow.local.to_string().into()),
            remote: flow.map(|flow| flow.remote.to_string().into()),
            trunk: parts.facts.trunk.as_deref().map(text),
            codec: parts.codec.filter(|_| place == talking).map(text),
            sip_status: status(call),
            started_at: call.started_at.unwrap_or(call.created_at),
            answered_at: call.answered_at,
            ended_at: call.ended_at,
        };
        if let Some(called) = leg.called.as_deref() {
            row.uri = Some(text(&called.uri));
            row.sip_call_id = text(&called.call_id);
            row.trunk = called.trunk.as_deref().map(text);
            row.sip_status = called.status;
            row.started_at = at(called.started);
            row.answered_at = called.answered.map(&at);
            row.ended_at = called.ended.map(&at);
        }
        row
    };
    parts.legs.iter().enumerate().map(row).collect()
}

fn status(call: &CallRow<'_>) -> u16 {
    match call.state {
        hookflash_store::CallState::Queued => 0,
        hookflash_store::CallState::Trying => 100,
        hookflash_store::CallState::Ringing => 180,
        hookflash_store::CallState::InProgress => 200,
        hookflash_store::CallState::Ended => call.end.as_ref().map_or(0, |end| end.sip_status),
    }
}

fn transfers<'a>(
    transfers: &'a [TransferRecord],
    sid: &str,
    at: impl Fn(u32) -> i64,
) -> Vec<TransferRow<'a>> {
    let row = |(number, transfer): (usize, &'a TransferRecord)| {
        let result = transfer.result.as_deref();
        let amendment = transfer.amendment.as_deref();
        let verdict = match amendment {
            Some(amendment) => Some(&amendment.verdict),
            None => result.map(|result| &result.verdict),
        };
        let statuses = result.map_or(&transfer.notify_codes, |result| &result.notify_codes);
        let late = amendment.map_or(&[][..], |amendment| &amendment.late_notify_codes);
        TransferRow {
            id: format!("{sid}-transfer-{}", number + 1).into(),
            kind: text("blind"),
            target: text(&transfer.target),
            refer_status: result.and_then(|result| result.refer_code),
            notify_statuses: Cow::Borrowed(statuses),
            final_notify_status: result.and_then(|result| result.final_notify_code),
            late_notify_statuses: Cow::Borrowed(late),
            end: result.map(|result| text(result.end.as_str())),
            outcome: result.map(|result| text(result.outcome.as_str())),
            ended_by: result.map(|result| text(result.ended_by.as_str())),
            verdict: verdict.map(|verdict| text(verdict)),
            started_at: at(transfer.started),
            ended_at: transfer.ended.map(&at),
        }
    };
    transfers.iter().enumerate().map(row).collect()
}

/// How many requests of a call are kept: those at its beginning. A document that is asked for
/// again and again for hours is no record.
const MOST_WEBHOOKS: usize = 100;

fn webhooks<'a>(entries: &'a [Entry], at: impl Fn(u32) -> i64) -> Vec<WebhookRow<'a>> {
    let row = |asked: Asked<'a>| WebhookRow {
        purpose: asked.purpose.map(text),
        method: asked.method.map(text),
        url: text(asked.url),
        status: asked.status,
        error: asked
            .failure
            .map(|(code, error)| (text(code), text(&error.message))),
        started_at: at(asked.started),
        ended_at: asked.ended.map(&at),
    };
    let all = Asked::of(entries).into_iter();
    all.take(MOST_WEBHOOKS).map(row).collect()
}

/// As [`look`], at a call as it stands for its application: it goes on until that was told its end,
/// or is owed it.
pub(crate) fn look_as_told<R>(record: &CallRecord, see: impl FnOnce(CallRow<'_>) -> R) -> R {
    let is_concluded = record.is_concluded();
    look(record, |row| match is_concluded {
        true => see(row),
        false => see(going_on(row)),
    })
}

/// A call before its end.
pub(crate) fn going_on(mut row: CallRow<'_>) -> CallRow<'_> {
    if row.state == hookflash_store::CallState::Ended {
        row.state = match (row.answered_at, row.started_at) {
            (Some(_), _) => hookflash_store::CallState::InProgress,
            (None, Some(_)) => hookflash_store::CallState::Trying,
            (None, None) => hookflash_store::CallState::Queued,
        };
        row.end = None;
        row.ended_at = None;
    }
    row
}

/// How a call that died with its process is closed: the truth as far as anybody knows it.
pub(crate) fn closed(mut row: CallRow<'_>, now: SystemTime) -> CallRow<'_> {
    let answered = row.answered_at.is_some();
    row.state = hookflash_store::CallState::Ended;
    row.ended_at = Some(micros(now));
    row.end = Some(hookflash_store::CallEnd {
        by: hookflash_store::EndedBy::Server,
        answered,
        sip_status: if answered { 200 } else { 503 },
        sip_reason: if answered {
            "OK"
        } else {
            "Service Unavailable"
        }
        .into(),
        cause: None,
        message: Some("the server stopped while the call ran, and was started again".into()),
    });
    for leg in &mut row.legs {
        leg.ended_at = leg.ended_at.or(row.ended_at);
    }
    for transfer in &mut row.transfers {
        if transfer.outcome.is_none() {
            transfer.end = Some("transport_error".into());
            transfer.outcome = Some("unknown".into());
            transfer.verdict = Some(
                "The server stopped while the transfer ran; nobody knows what came of it.".into(),
            );
            transfer.ended_at = row.ended_at;
        }
    }
    row
}
