//! Our own view of a call that is kept and no longer in memory: as that of a call in memory,
//! without its verbs and its trace.

use hookflash_call::rfc3339;
use hookflash_dialects::CallFacts;
use hookflash_store::{CallRow, LegRow, TransferRow, WebhookRow, system_time};
use serde_json::{Value, json};

/// The call. `facts` are none when its account is not configured any more.
pub(crate) fn call(row: &CallRow<'_>, facts: Option<&CallFacts>) -> Value {
    let application = facts.map(|facts| facts.application.as_ref());
    let dialect = application.map(|application| application.account.dialect);
    json!({
        "sid": row.sid,
        "account": row.account,
        "application": application.map(|application| application.name.as_str()),
        "dialect": dialect.map(hookflash_dialects::Dialect::as_str),
        "direction": row.direction.as_str(),
        "from": facts.map_or(&*row.from, |facts| &facts.from.uri),
        "to": facts.map_or(&*row.to, |facts| &facts.to.uri),
        "status": facts.zip(dialect).map_or_else(
            || row.state.as_str(),
            |(facts, dialect)| dialect.status_word(facts),
        ),
        "startedAt": at(row.started_at.unwrap_or(row.created_at)),
        "answeredAt": row.answered_at.map(at),
        "endedAt": row.ended_at.map(at),
        "endedBy": row.end.as_ref().map(|end| end.by.as_str()),
        "legs": row.legs.iter().map(leg).collect::<Vec<_>>(),
        "verbs": [],
        "webhooks": row.webhooks.iter().map(webhook).collect::<Vec<_>>(),
        "transfers": row.transfers.iter().map(transfer).collect::<Vec<_>>(),
    })
}

fn at(micros: i64) -> String {
    rfc3339(system_time(micros))
}

fn leg(leg: &LegRow<'_>) -> Value {
    let mut view = json!({
        "id": leg.id,
        "direction": leg.direction.as_str(),
        "callId": leg.sip_call_id,
        "transport": leg.transport,
        "local": leg.local,
        "remote": leg.remote,
        "trunk": leg.trunk,
        "codec": leg.codec,
        "media": null,
        "sipStatus": leg.sip_status,
        "startedAt": at(leg.started_at),
        "answeredAt": leg.answered_at.map(at),
        "endedAt": leg.ended_at.map(at),
    });
    if let (Some(view), Some(uri)) = (view.as_object_mut(), &leg.uri) {
        view.insert("uri".to_owned(), json!(uri));
    }
    view
}

fn webhook(webhook: &WebhookRow<'_>) -> Value {
    let error = webhook.error.as_ref();
    json!({
        "purpose": webhook.purpose,
        "method": webhook.method,
        "url": webhook.url,
        "status": webhook.status,
        "error": error.map(|(code, message)| json!({ "code": code, "message": message })),
        "startedAt": at(webhook.started_at),
        "endedAt": webhook.ended_at.map(at),
    })
}

fn transfer(transfer: &TransferRow<'_>) -> Value {
    json!({
        "id": transfer.id,
        "kind": transfer.kind,
        "target": transfer.target,
        "referStatus": transfer.refer_status,
        "notifyStatuses": transfer.notify_statuses,
        "finalNotifyStatus": transfer.final_notify_status,
        "end": transfer.end,
        "outcome": transfer.outcome,
        "endedBy": transfer.ended_by,
        "verdict": transfer.verdict,
        "startedAt": at(transfer.started_at),
        "endedAt": transfer.ended_at.map(at),
        "lateNotifyStatuses": transfer.late_notify_statuses,
    })
}
