//! Paths of Bandwidth's voice API, with the base of its own servers (`/api/v2`) and without one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};

use super::named::CallSid;
use super::refused::Refused;
use super::tenant::Tenant;
use super::{Answer, body, calls, live_recording, oauth2, recordings};
use crate::http::Desk;

pub(super) fn routes() -> Router<Arc<Desk>> {
    let mut all = Router::new().route("/api/v1/oauth2/token", post(oauth2::issue));
    for base in ["/api/v2", ""] {
        let account = format!("{base}/accounts/{{account}}");
        let call = format!("{account}/calls/{{call}}");
        all = all
            .route(
                &format!("{account}/calls"),
                get(calls::list).post(calls::create),
            )
            .route(&call, get(calls::show).post(calls::change))
            .route(&format!("{call}/bxml"), put(document))
            .route(
                &format!("{call}/recording"),
                put(live_recording::change_current),
            )
            .route(&format!("{account}/recordings"), get(recordings::list))
            .route(&format!("{call}/recordings"), get(recordings::list))
            .route(
                &format!("{call}/recordings/{{name}}"),
                get(recordings::show).delete(recordings::delete),
            )
            .route(
                &format!("{call}/recordings/{{name}}/media"),
                get(recordings::bandwidth_sound).delete(recordings::bandwidth_delete_sound),
            );
    }
    all
}

/// The body is the document that the call goes on with.
async fn document(
    State(desk): State<Arc<Desk>>,
    tenant: Tenant,
    CallSid(call): CallSid,
    request: Request,
) -> Answer {
    let dialect = tenant.dialect();
    let document = body::document(dialect, request).await?;
    calls::runs(&desk, &tenant, &call).await?;
    let update = dialect
        .read_document(&document)
        .map_err(|fault| Refused::of(dialect, fault))?;
    calls::tell(&desk, &tenant, &call, update).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
