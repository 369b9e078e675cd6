//! `/hookflash/v1/calls`: the list, one call, its trace. Calls in memory are shown with all that
//! happened on them, others as they are kept in the store.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookflash_call::view;
use hookflash_dialects::rest::Standing;
use hookflash_dialects::{CallQuery, Dialect};
use hookflash_store::{CallFilter, CallRow, Cursor, Page, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Asked, Named};
use super::outbox::unavailable;
use super::{Desk, Refusal, stored};
use crate::records::{cursor, cursor_of};

/// Calls of a page when nobody asks for a number.
const USUAL: usize = 50;
/// Calls of a page at most.
const MOST: usize = 1_000;
/// How many pages of the store are looked through for a status, of which dialects have different
/// notions, before the rest is left for the next page.
const MOST_PAGES: usize = 20;

/// What of the list is wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    limit: Option<String>,
    after: Option<String>,
    status: Option<String>,
    account: Option<String>,
}

impl Wanted {
    fn limit(&self) -> Result<usize, Refusal> {
        let Some(text) = self.limit.as_deref() else {
            return Ok(USUAL);
        };
        let limit = text.parse().ok();
        let limit = limit.filter(|limit| (1..=MOST).contains(limit));
        limit.ok_or_else(|| {
            let message = format!("limit is a number from 1 to {MOST}, not `{text}`");
            Refusal::new(StatusCode::BAD_REQUEST, message)
        })
    }

    fn scope(&self) -> Scope<'_> {
        self.account
            .as_deref()
            .map_or(Scope::Operator, Scope::Account)
    }

    /// What the store can tell of the status: a call that is meant stands like one of these.
    fn filter(&self) -> CallFilter {
        let query = CallQuery {
            status: self.status.clone(),
            ..CallQuery::default()
        };
        let standings = self.status.iter().flat_map(|_| {
            let dialects = Dialect::ALL.into_iter();
            dialects.flat_map(|dialect| dialect.standings(&query).unwrap_or_default())
        });
        CallFilter {
            standing: distinct(standings)
                .into_iter()
                .map(crate::records::standing)
                .collect(),
            ..CallFilter::default()
        }
    }
}

fn distinct(standings: impl Iterator<Item = Standing>) -> Vec<Standing> {
    let mut distinct: Vec<Standing> = Vec::new();
    for standing in standings {
        if !distinct.contains(&standing) {
            distinct.push(standing);
        }
    }
    distinct
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let limit = wanted.limit()?;
    found(&desk, &wanted, limit).await.map(Json)
}

fn unknown_cursor(after: &str) -> Refusal {
    let message = format!("after names the call `{after}`, which is not (any more) known");
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

/// The list of all calls that are kept; those that run are among them.
async fn found(desk: &Desk, wanted: &Wanted, limit: usize) -> Result<Value, Refusal> {
    let mut after = None;
    if let Some(sid) = wanted.after.as_deref() {
        after = Some(behind(desk, sid).await?);
    }
    let filter = wanted.filter();
    if wanted.status.is_some() && filter.standing.is_empty() {
        return Ok(json!({ "calls": [], "next": null }));
    }
    let mut calls = Vec::new();
    let mut next = None;
    let mut lacks = None;
    for _ in 0..MOST_PAGES {
        let page = Page {
            after: after.clone(),
            ..Page::first(u32::try_from(limit).unwrap_or(u32::MAX))
        };
        let found = desk
            .records
            .calls(&desk.ledger, wanted.scope(), filter.clone(), page)
            .await;
        lacks = lacks.or(found.lacks);
        after.clone_from(&found.next);
        for row in &found.calls {
            if calls.len() == limit {
                break;
            }
            let (view, status) = shown(desk, row);
            next = Some(row.sid.clone());
            if wanted
                .status
                .as_ref()
                .is_none_or(|wanted| *wanted == status)
            {
                calls.push(view);
            }
        }
        if after.is_none() {
            let is_last = found.calls.last().map(|row| &row.sid) == next.as_ref();
            next = next.filter(|_| !is_last);
            break;
        }
        if calls.len() == limit {
            break;
        }
    }
    let mut list = json!({ "calls": calls, "next": next });
    if let (Some(list), Some(lacks)) = (list.as_object_mut(), lacks) {
        list.insert("incomplete".to_owned(), json!(lacks));
    }
    Ok(list)
}

/// Where a page begins behind this call.
async fn behind(desk: &Desk, sid: &str) -> Result<Cursor, Refusal> {
    if let Some(record) = desk.ledger.find(sid) {
        return Ok(cursor_of(&record));
    }
    let row = desk.records.store().call(Scope::Operator, sid).await;
    let row = row.map_err(unavailable)?;
    row.as_ref().map(cursor).ok_or_else(|| unknown_cursor(sid))
}

/// The call as fresh as it can be had, and its status.
fn shown(desk: &Desk, row: &CallRow<'_>) -> (Value, String) {
    let view = match desk.ledger.find(&row.sid) {
        Some(record) => view::call(&record),
        None => stored::call(row, desk.records.facts(row).as_ref()),
    };
    let status = view.get("status").and_then(Value::as_str);
    let status = status.unwrap_or_default().to_owned();
    (view, status)
}

pub(crate) async fn one(
    State(desk): State<Arc<Desk>>,
    Named(sid): Named,
) -> Result<Json<Value>, Refusal> {
    if let Some(record) = desk.ledger.find(&sid) {
        return Ok(Json(view::call(&record)));
    }
    let row = kept(&desk, &sid).await?;
    let facts = desk.records.facts(&row);
    Ok(Json(stored::call(&row, facts.as_ref())))
}

pub(crate) async fn trace(
    State(desk): State<Arc<Desk>>,
    Named(sid): Named,
) -> Result<Json<Value>, Refusal> {
    if let Some(record) = desk.ledger.find(&sid) {
        return Ok(Json(view::trace(&record)));
    }
    kept(&desk, &sid).await?;
    let message = format!(
        "the trace of call `{sid}` is gone: traces are kept in memory, for the calls that ended \
         last (records.max) and as long as the server runs. Its record is at \
         /hookflash/v1/calls/{sid}"
    );
    Err(Refusal::new(StatusCode::GONE, message))
}

async fn kept(desk: &Desk, sid: &str) -> Result<CallRow<'static>, Refusal> {
    let row = desk.records.store().call(Scope::Operator, sid).await;
    row.map_err(unavailable)?.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            format!("there is no call `{sid}` (any more)"),
        )
    })
}
