//! Paths of Twilio's and SignalWire's APIs. Twilio's libraries end them in `.json`, SignalWire's
//! documentation does not and begins them with `/api/laml`; each is served in all four ways.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::routing::{get, post};

use super::tenant::{Vendor, admit};
use super::{Answer, body, calls, live_recording, recordings};
use crate::http::Desk;

const VENDOR: Vendor = Vendor::Laml;

pub(super) fn routes() -> Router<Arc<Desk>> {
    let mut all = Router::new();
    for base in ["/2010-04-01", "/api/laml/2010-04-01"] {
        let account = format!("{base}/Accounts/{{account}}");
        for ending in ["", ".json"] {
            all = all
                .route(&format!("{account}/Calls{ending}"), get(list).post(create))
                .route(
                    &format!("{account}/Recordings{ending}"),
                    get(recordings::laml_list),
                )
                .route(
                    &format!("{account}/Calls/{{call}}/Recordings{ending}"),
                    get(recordings::laml_list_of_call).post(record),
                );
        }
        all = all
            .route(
                &format!("{account}/Calls/{{call}}"),
                get(show).post(change).delete(delete),
            )
            .route(
                &format!("{account}/Recordings/{{name}}"),
                recordings::laml_one(),
            )
            .route(
                &format!("{account}/Calls/{{call}}/Recordings/{{name}}"),
                recordings::laml_one_of_call().merge(post(change_recording)),
            );
    }
    all
}

/// An identifier without the ending that names the format.
pub(super) fn bare(name: &str) -> &str {
    name.strip_suffix(".json").unwrap_or(name)
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
    calls::show(&desk, &tenant, bare(&call)).await
}

async fn change(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let sent = body::parameters(tenant.dialect(), &parts.headers, sent).await?;
    calls::change(&desk, &tenant, bare(&call), sent.as_body()).await
}

async fn delete(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    headers: HeaderMap,
) -> Answer {
    let tenant = admit(&desk, VENDOR, &account, &headers)?;
    calls::delete(&desk, &tenant, bare(&call)).await
}

async fn record(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let sent = body::parameters(tenant.dialect(), &parts.headers, sent).await?;
    live_recording::begin(&desk, &tenant, &call, sent.as_body()).await
}

async fn change_recording(
    State(desk): State<Arc<Desk>>,
    Path((account, call, name)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let sent = body::parameters(tenant.dialect(), &parts.headers, sent).await?;
    live_recording::change(&desk, &tenant, &call, bare(&name), sent.as_body()).await
}
