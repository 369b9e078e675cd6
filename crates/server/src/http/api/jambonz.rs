//! Paths of jambonz' API. One of its libraries ends some of them in a slash.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use hookflash_dialects::{CallState, Direction};
use serde_json::json;

use super::tenant::{Vendor, admit};
use super::{Answer, body, calls, recordings};
use crate::http::Desk;

const VENDOR: Vendor = Vendor::Jambonz;

pub(super) fn routes() -> Router<Arc<Desk>> {
    let account = "/v1/Accounts/{account}";
    let mut all = Router::new();
    let mut both = |path: &str, methods: MethodRouter<Arc<Desk>>| {
        let taken = std::mem::take(&mut all);
        all = taken
            .route(&format!("{account}{path}"), methods.clone())
            .route(&format!("{account}{path}/"), methods);
    };
    both("/Calls", get(list).post(create));
    // POST is its old name of PUT.
    both(
        "/Calls/{call}",
        get(show).put(change).post(change).delete(delete),
    );
    both("/CallCount", get(count));
    both(
        "/Calls/{call}/Recordings",
        get(recordings::jambonz_list_of_call),
    );
    both("/Recordings", get(recordings::jambonz_list));
    both(
        "/Recordings/{name}",
        get(recordings::jambonz_one).delete(recordings::jambonz_delete),
    );
    both(
        "/RecentCalls/{call}/record/{year}/{month}/{day}/{format}",
        get(recordings::jambonz_record),
    );
    all
}

async fn create(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let sent = body::parameters(tenant.dialect(), &parts.headers, sent).await?;
    calls::create(&desk, &tenant, sent.as_body()).await
}

async fn list(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let tenant = admit(&desk, VENDOR, &account, &headers)?;
    calls::list(&desk, &tenant, &uri).await
}

type OfCall = Path<(String, String)>;

async fn show(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    headers: HeaderMap,
) -> Answer {
    let tenant = admit(&desk, VENDOR, &account, &headers)?;
    calls::show(&desk, &tenant, &call).await
}

async fn change(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let sent = body::parameters(tenant.dialect(), &parts.headers, sent).await?;
    calls::change(&desk, &tenant, &call, sent.as_body()).await
}

/// Ends a call that runs; the record of one that is over goes.
async fn delete(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    headers: HeaderMap,
) -> Answer {
    let tenant = admit(&desk, VENDOR, &account, &headers)?;
    let facts = calls::find(&desk, &tenant, &call).await?;
    match facts.state {
        CallState::Ended(_) => calls::delete(&desk, &tenant, &call).await,
        _ => {
            calls::hang_up(&desk, &tenant, &call).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}

/// How many calls of the account run.
async fn count(
    State(desk): State<Arc<Desk>>,
    Path(account): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let tenant = admit(&desk, VENDOR, &account, &headers)?;
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
