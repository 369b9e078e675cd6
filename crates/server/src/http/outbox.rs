//! `/hookflash/v1/outbox`: what applications are owed, what was given up, and what the operator
//! does about it.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use hookflash_call::{Masked, rfc3339};
use hookflash_store::{DeadLetter, DeadLetters, Owed, Scope, StoreError, micros, system_time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Asked, unreadable};
use super::{Desk, Refusal};

/// Entries of each list when nobody asks for a number, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 1_000;

/// What of the lists is wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    limit: Option<String>,
    offset: Option<String>,
    account: Option<String>,
}

/// Which dead letters an order is about. All of them only when it says so.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Chosen {
    account: Option<String>,
    call: Option<String>,
    all: bool,
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let limit = number("limit", wanted.limit.as_deref(), USUAL, 1..=MOST)?;
    let offset = number("offset", wanted.offset.as_deref(), 0, 0..=u32::MAX)?;
    let store = desk.records.store();
    let scope = scope(wanted.account.as_deref());
    let owed = store.owed(scope, limit, offset.into()).await;
    let dead = store
        .dead_letters(scope, DeadLetters::default(), limit, offset.into())
        .await;
    let (owed, dead) = (owed.map_err(unavailable)?, dead.map_err(unavailable)?);
    let (owed_in_all, dead_in_all) = store.count_owed().await.map_err(unavailable)?;
    let shown = |text: &str| desk.shown(text);
    Ok(Json(json!({
        "owed": owed.iter().map(|entry| of_owed(entry, shown)).collect::<Vec<_>>(),
        "deadLetters": dead.iter().map(|letter| of_dead(letter, shown)).collect::<Vec<_>>(),
        "owedInAll": owed_in_all,
        "deadLettersInAll": dead_in_all,
    })))
}

pub(crate) async fn replay(
    State(desk): State<Arc<Desk>>,
    chosen: Result<Json<Chosen>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let chosen = chosen_by(chosen)?;
    let now = micros(SystemTime::now());
    let replayed = desk
        .records
        .store()
        .replay(scope(chosen.account.as_deref()), letters(&chosen), now)
        .await
        .map_err(unavailable)?;
    Ok(Json(json!({ "replayed": replayed })))
}

pub(crate) async fn discard(
    State(desk): State<Arc<Desk>>,
    chosen: Result<Json<Chosen>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let chosen = chosen_by(chosen)?;
    let discarded = desk
        .records
        .store()
        .discard(scope(chosen.account.as_deref()), letters(&chosen))
        .await
        .map_err(unavailable)?;
    Ok(Json(json!({ "discarded": discarded })))
}

/// Only `application/json` is taken, which a web page of another site cannot send here.
fn chosen_by(chosen: Result<Json<Chosen>, JsonRejection>) -> Result<Chosen, Refusal> {
    let Json(chosen) = chosen.map_err(|error| match error.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::new(error.status(), error.body_text()),
        _ => unreadable("order", &error.body_text()),
    })?;
    if chosen.all == chosen.call.is_some() {
        let message = "name a `call`, or say `\"all\": true`";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    }
    Ok(chosen)
}

fn letters(chosen: &Chosen) -> DeadLetters {
    DeadLetters {
        call: chosen.call.clone(),
        ..DeadLetters::default()
    }
}

fn scope(account: Option<&str>) -> Scope<'_> {
    account.map_or(Scope::Operator, Scope::Account)
}

fn number(
    name: &str,
    text: Option<&str>,
    usual: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, Refusal> {
    let Some(text) = text else {
        return Ok(usual);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        let message = format!("{name} is a number from {least} to {most}, not `{text}`");
        Refusal::new(StatusCode::BAD_REQUEST, message)
    })
}

/// The store cannot be asked.
pub(crate) fn unavailable(error: StoreError) -> Refusal {
    let message = format!("the store cannot be asked: {error}");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message)
}

impl Desk {
    /// A text in which parties may occur, as the configuration lets it be shown.
    fn shown(&self, text: &str) -> String {
        match self.settings().personal_data {
            true => text.to_owned(),
            false => Masked(text.split('?').next().unwrap_or(text)).to_string(),
        }
    }
}

fn of_owed(entry: &Owed, shown: impl Fn(&str) -> String) -> Value {
    json!({
        "account": entry.account,
        "call": entry.call,
        "target": shown(&entry.target),
        "owedAt": rfc3339(system_time(entry.owed_at)),
        "dueAt": rfc3339(system_time(entry.due_at)),
        "attempts": entry.attempts,
        "lastError": entry.last_error.as_deref().map(shown),
    })
}

fn of_dead(letter: &DeadLetter, shown: impl Fn(&str) -> String) -> Value {
    json!({
        "account": letter.account,
        "call": letter.call,
        "target": shown(&letter.target),
        "owedAt": rfc3339(system_time(letter.owed_at)),
        "diedAt": rfc3339(system_time(letter.died_at)),
        "attempts": letter.attempts,
        "lastError": shown(&letter.last_error),
    })
}
