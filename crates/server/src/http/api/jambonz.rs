//! Paths of jambonz' API. One of its libraries ends some of them in a slash.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use hookflash_dialects::{CallState, Direction};
use serde_json::json;

use super::named::CallSid;
use super::tenant::Tenant;
use super::{Answer, calls, recordings};
use crate::http::Desk;

pub(super) fn routes() -> Router<Arc<Desk>> {
    let account = "/v1/Accounts/{account}";
    let mut all = Router::new();
    let mut both = |path: &str, methods: MethodRouter<Arc<Desk>>| {
        let taken = std::mem::take(&mut all);
        all = taken
            .route(&format!("{account}{path}"), methods.clone())
            .route(&format!("{account}{path}/"), methods);
    };
    both("/Calls", get(calls::list).post(calls::create));
    // POST is its old name of PUT.
    both(
        "/Calls/{call}",
        get(calls::show)
            .put(calls::change)
            .post(calls::change)
            .delete(delete),
    );
    both("/CallCount", get(count));
    both("/Calls/{call}/Recordings", get(recordings::list));
    both("/Recordings", get(recordings::list));
    both(
        "/Recordings/{name}",
        get(recordings::jambonz_read).delete(recordings::delete),
    );
    both(
        "/RecentCalls/{call}/record/{year}/{month}/{day}/{format}",
        get(recordings::jambonz_record),
    );
    all
}

/// Ends a call that runs; the record of one that is over goes.
async fn delete(desk: State<Arc<Desk>>, tenant: Tenant, call: CallSid) -> Answer {
    let facts = calls::find(&desk, &tenant, &call.0).await?;
    match facts.state {
        CallState::Ended(_) => calls::delete(desk, tenant, call).await,
        _ => {
            calls::hang_up(&desk, &tenant, &call.0).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}

/// How many calls of the account run.
async fn count(State(desk): State<Arc<Desk>>, tenant: Tenant) -> Answer {
    let running = desk.ledger.newest(usize::MAX, None, |call| {
        call.facts(|facts| {
            facts.application.account.sid == tenant.sid()
                && !matches!(facts.state, CallState::Ended(_))
        })
    });
    let inbound = running
        .iter()
        .filter(|call| call.facts(|facts| facts.direction == Direction::Inbound))
        .count();
    let outbound = running.len() - inbound;
    Ok(Json(json!({ "inbound": inbound, "outbound": outbound })).into_response())
}
