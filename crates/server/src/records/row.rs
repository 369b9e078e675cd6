//! The row that is kept of a call.

use std::time::SystemTime;

use hookflash_call::journal::What;
use hookflash_call::{CallRecord, LegRecord, TransferRecord, leg_name};
use hookflash_dialects::{CallEnd, CallFacts, CallState, Direction, EndedBy};
use hookflash_program::HookMethod;
use hookflash_store::{CallRow, LegRow, TransferRow, WebhookRow, micros};

use super::details::Details;

/// A call as it stands.
pub(crate) fn row(record: &CallRecord) -> CallRow {
    let told = record.statuses_told();
    let mut row = record.facts(|facts| of_facts(facts, told));
    row.legs = legs(record, &row);
    row.transfers = transfers(record, &row.sid);
    row.webhooks = webhooks(record);
    row
}

fn of_facts(facts: &CallFacts, told: u32) -> CallRow {
    let application = &facts.application;
    let (from, to) = application.account.dialect.parties_told(facts);
    let end = match &facts.state {
        CallState::Ended(end) => Some(end_row(end)),
        _ => None,
    };
    let has_left = facts.state != CallState::Queued;
    // Only text and numbers: there is nothing in it that JSON could not say.
    let details = serde_json::to_string(&Details::of(facts, told)).ok();
    CallRow {
        account: application.account.sid.clone(),
        sid: facts.sid.clone(),
        application: application.sid.clone(),
        parent: facts.parent_sid.clone(),
        direction: direction(facts.direction),
        from,
        to,
        state: state(&facts.state),
        end,
        created_at: micros(facts.created_at),
        started_at: has_left.then(|| micros(facts.started_at)),
        answered_at: facts.answered_at.map(micros),
        ended_at: facts.ended_at.map(micros),
        legs: Vec::new(),
        transfers: Vec::new(),
        webhooks: Vec::new(),
        details,
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

fn end_row(end: &CallEnd) -> hookflash_store::CallEnd {
    hookflash_store::CallEnd {
        by: match end.by {
            EndedBy::Peer => hookflash_store::EndedBy::Peer,
            EndedBy::Document => hookflash_store::EndedBy::Document,
            EndedBy::Api => hookflash_store::EndedBy::Api,
            EndedBy::Server => hookflash_store::EndedBy::Server,
        },
        answered: end.answered,
        sip_status: end.sip_status,
        sip_reason: end.sip_reason.clone(),
        cause: end.cause.clone(),
        message: end.message.clone(),
    }
}

fn legs(record: &CallRecord, call: &CallRow) -> Vec<LegRow> {
    let talking = record.talking();
    let codec = record.codec();
    let (call_id, trunk) = record.facts(|facts| (facts.sip_call_id.clone(), facts.trunk.clone()));
    let row = |place: usize, leg: &LegRecord| {
        let flow = leg.flow.as_ref();
        let at = |millis: u32| micros(record.wall_clock(millis));
        let mut row = LegRow {
            id: leg_name(place),
            direction: call.direction,
            uri: None,
            sip_call_id: call_id.clone(),
            transport: flow.map(|flow| flow.transport.via_token().to_ascii_lowercase()),
            local: flow.map(|flow| flow.local.to_string()),
            remote: flow.map(|flow| flow.remote.to_string()),
            trunk: trunk.clone(),
            codec: codec.filter(|_| place == talking).map(str::to_owned),
            sip_status: status(call),
            started_at: call.started_at.unwrap_or(call.created_at),
            answered_at: call.answered_at,
            ended_at: call.ended_at,
        };
        if let Some(called) = leg.called.as_deref() {
            row.uri = Some(called.uri.to_string());
            row.sip_call_id = called.call_id.to_string();
            row.trunk = called.trunk.as_deref().map(str::to_owned);
            row.sip_status = called.status;
            row.started_at = at(called.started);
            row.answered_at = called.answered.map(at);
            row.ended_at = called.ended.map(at);
        }
        row
    };
    record.legs(|legs| {
        let legs = legs.iter().enumerate();
        legs.map(|(place, leg)| row(place, leg)).collect()
    })
}

fn status(call: &CallRow) -> u16 {
    match call.state {
        hookflash_store::CallState::Queued => 0,
        hookflash_store::CallState::Trying => 100,
        hookflash_store::CallState::Ringing => 180,
        hookflash_store::CallState::InProgress => 200,
        hookflash_store::CallState::Ended => call.end.as_ref().map_or(0, |end| end.sip_status),
    }
}

fn transfers(record: &CallRecord, sid: &str) -> Vec<TransferRow> {
    let at = |millis: u32| micros(record.wall_clock(millis));
    let row = |number: usize, transfer: &TransferRecord| {
        let result = transfer.result.as_deref();
        let verdict = match &transfer.amendment {
            Some(amendment) => Some(amendment.verdict.clone()),
            None => result.map(|result| result.verdict.clone()),
        };
        TransferRow {
            id: format!("{sid}-transfer-{}", number + 1),
            kind: "blind".to_owned(),
            target: transfer.target.to_string(),
            refer_status: result.and_then(|result| result.refer_code),
            notify_statuses: result.map_or_else(
                || transfer.notify_codes.clone(),
                |result| result.notify_codes.clone(),
            ),
            final_notify_status: result.and_then(|result| result.final_notify_code),
            late_notify_statuses: transfer
                .amendment
                .as_ref()
                .map(|amendment| amendment.late_notify_codes.clone())
                .unwrap_or_default(),
            end: result.map(|result| result.end.as_str().to_owned()),
            outcome: result.map(|result| result.outcome.as_str().to_owned()),
            ended_by: result.map(|result| result.ended_by.as_str().to_owned()),
            verdict,
            started_at: at(transfer.started),
            ended_at: transfer.ended.map(at),
        }
    };
    record.transfers(|transfers| {
        let transfers = transfers.iter().enumerate();
        transfers
            .map(|(number, transfer)| row(number, transfer))
            .collect()
    })
}

/// How many requests of a call are kept: those at its beginning. A document that is asked for
/// again and again for hours is no record.
const MOST_WEBHOOKS: usize = 100;

fn webhooks(record: &CallRecord) -> Vec<WebhookRow> {
    let mut rows: Vec<WebhookRow> = Vec::new();
    // Where each numbered request stands: one whose URL cannot be used has no number.
    let mut places: Vec<usize> = Vec::new();
    let at = |millis: u32| micros(record.wall_clock(millis));
    record.entries(|entries| {
        for entry in entries {
            match &entry.what {
                What::Asked {
                    purpose,
                    method,
                    url,
                    ..
                } => {
                    places.push(rows.len());
                    if rows.len() < MOST_WEBHOOKS {
                        rows.push(WebhookRow {
                            purpose: Some((*purpose).to_owned()),
                            method: Some(method_word(*method).to_owned()),
                            url: url.to_string(),
                            status: None,
                            error: None,
                            started_at: at(entry.at),
                            ended_at: None,
                        });
                    }
                }
                What::Replied { number, status, .. } => {
                    if let Some(row) = numbered(&mut rows, &places, *number) {
                        row.status = Some(*status);
                        row.ended_at = Some(at(entry.at));
                    }
                }
                What::Unanswered {
                    number: Some(number),
                    failure,
                } => {
                    if let Some(row) = numbered(&mut rows, &places, *number) {
                        row.error = Some((failure.0.clone(), failure.1.message.clone()));
                        row.ended_at = Some(at(entry.at));
                    }
                }
                What::Unanswered {
                    number: None,
                    failure,
                } if rows.len() < MOST_WEBHOOKS => rows.push(WebhookRow {
                    purpose: None,
                    method: None,
                    url: failure.1.url.clone(),
                    status: None,
                    error: Some((failure.0.clone(), failure.1.message.clone())),
                    started_at: at(entry.at),
                    ended_at: Some(at(entry.at)),
                }),
                _ => {}
            }
        }
    });
    rows
}

fn numbered<'a>(
    rows: &'a mut [WebhookRow],
    places: &[usize],
    number: u16,
) -> Option<&'a mut WebhookRow> {
    rows.get_mut(*places.get(usize::from(number))?)
}

fn method_word(method: HookMethod) -> &'static str {
    match method {
        HookMethod::Get => "GET",
        HookMethod::Post => "POST",
    }
}

/// A call as it stands for its application: it goes on until that was told its end, or is owed it.
pub(crate) fn as_it_stands(record: &CallRecord) -> CallRow {
    match record.is_concluded() {
        true => row(record),
        false => going_on(row(record)),
    }
}

/// A call before its end.
pub(crate) fn going_on(mut row: CallRow) -> CallRow {
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
pub(crate) fn closed(mut row: CallRow, now: SystemTime) -> CallRow {
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
        .to_owned(),
        cause: Some("server-restarted".to_owned()),
        message: Some("the server stopped while the call ran, and was started again".to_owned()),
    });
    for leg in &mut row.legs {
        leg.ended_at = leg.ended_at.or(row.ended_at);
    }
    for transfer in &mut row.transfers {
        if transfer.outcome.is_none() {
            transfer.end = Some("transport_error".to_owned());
            transfer.outcome = Some("unknown".to_owned());
            transfer.verdict = Some(
                "The server stopped while the transfer ran; nobody knows what came of it."
                    .to_owned(),
            );
            transfer.ended_at = row.ended_at;
        }
    }
    row
}
