//! `/hookflash/v1/engines`: who speaks and who listens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::{Desk, Refusal};
use crate::speech::Found;

pub(crate) async fn show(State(desk): State<Arc<Desk>>) -> Result<Json<Found>, Refusal> {
    let found = desk.speech.engines().await.map(Json);
    found.ok_or_else(|| {
        let message = "the speech engines do not answer; the server is being stopped or too busy";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message)
    })
}
