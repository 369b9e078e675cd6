//! Paths of Bandwidth's voice API, with the base of its own servers (`/api/v2`) and without one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};

use super::refused::Refused;
use super::tenant::{Vendor, admit};
use super::{Answer, body, calls, live_recording, oauth2, recordings};
use crate::http::Desk;

const VENDOR: Vendor = Vendor::Bandwidth;

pub(super) fn routes() -> Router<Arc<Desk>> {
    let mut all = Router::new().route("/api/v1/oauth2/token", post(oauth2::issue));
    for base in ["/api/v2", ""] {
        let account = format!("{base}/accounts/{{account}}");
        let call = format!("{account}/calls/{{call}}");
        all = all
            .route(&format!("{account}/calls"), get(list).post(create))
            .route(&call, get(show).post(change))
            .route(&format!("{call}/bxml"), put(document))
            .route(&format!("{call}/recording"), put(change_recording))
            .route(
                &format!("{account}/recordings"),
                get(recordings::bandwidth_list),
            )
            .route(
                &format!("{call}/recordings"),
                get(recordings::bandwidth_list_of_call),
            )
            .route(
                &format!("{call}/recordings/{{name}}"),
                get(recordings::bandwidth_one).delete(recordings::bandwidth_delete),
            )
            .route(
                &format!("{call}/recordings/{{name}}/media"),
                get(recordings::bandwidth_sound).delete(recordings::bandwidth_delete_sound),
            );
    }
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

/// The body is the document that the call goes on with.
async fn document(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let dialect = tenant.dialect();
    let document = body::document(dialect, &parts.headers, sent).await?;
    calls::runs(&desk, &tenant, &call).await?;
    let update = dialect
        .read_document(&document)
        .map_err(|fault| Refused::of(dialect, fault))?;
    calls::tell(&desk, &tenant, &call, update).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn change_recording(
    State(desk): State<Arc<Desk>>,
    Path((account, call)): OfCall,
    request: Request,
) -> Answer {
    let (parts, sent) = request.into_parts();
    let tenant = admit(&desk, VENDOR, &account, &parts.headers)?;
    let sent = body::parameters(tenant.dialect(), &parts.headers, sent).await?;
    live_recording::change_current(&desk, &tenant, &call, sent.as_body()).await
}
