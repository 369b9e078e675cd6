//! `/hookflash/v1/calls`: the list, one call, its trace.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use hookflash_call::{CallRecord, view};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, Refusal};

/// Calls of a page when nobody asks for a number.
const USUAL: usize = 50;
/// Calls of a page at most.
const MOST: usize = 1_000;

/// What of the list is wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    limit: Option<String>,
    after: Option<String>,
    status: Option<String>,
    account: Option<String>,
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let limit = match wanted.limit.as_deref() {
        None => USUAL,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MOST).contains(limit))
            .ok_or_else(|| {
                let message = format!("limit is a number from 1 to {MOST}, not `{text}`");
                Refusal::new(StatusCode::BAD_REQUEST, message)
            })?,
    };
    if let Some(after) = wanted
        .after
        .as_deref()
        .filter(|after| desk.ledger.find(after).is_none())
    {
        let message = format!("after names the call `{after}`, which is not (any more) known");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    }
    let is_wanted = |record: &CallRecord| {
        record.facts(|facts| {
            let account = &facts.application.account;
            wanted
                .account
                .as_ref()
                .is_none_or(|sid| *sid == account.sid)
                && wanted
                    .status
                    .as_ref()
                    .is_none_or(|status| status == account.dialect.status_word(facts))
        })
    };
    // One more than asked for tells whether there is a next page.
    let mut found = desk
        .ledger
        .newest(limit + 1, wanted.after.as_deref(), is_wanted);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| has_more)
        .map(|record| record.facts(|facts| facts.sid.clone()));
    let calls: Vec<Value> = found.iter().map(|record| view::call(record)).collect();
    Ok(Json(json!({ "calls": calls, "next": next })))
}

pub(crate) async fn one(
    State(desk): State<Arc<Desk>>,
    Path(sid): Path<String>,
) -> Result<Json<Value>, Refusal> {
    find(&desk, &sid).map(|record| Json(view::call(&record)))
}

pub(crate) async fn trace(
    State(desk): State<Arc<Desk>>,
    Path(sid): Path<String>,
) -> Result<Json<Value>, Refusal> {
    find(&desk, &sid).map(|record| Json(view::trace(&record)))
}

fn find(desk: &Desk, sid: &str) -> Result<Arc<CallRecord>, Refusal> {
    desk.ledger.find(sid).ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            format!("there is no call `{sid}` (any more)"),
        )
    })
}
