//! Paths of Twilio's and SignalWire's APIs. Twilio's libraries end them in `.json`, SignalWire's
//! documentation does not and begins them with `/api/laml`; each is served in all four ways.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::{calls, live_recording, recordings};
use crate::http::Desk;

pub(super) fn routes() -> Router<Arc<Desk>> {
    let mut all = Router::new();
    for base in ["/2010-04-01", "/api/laml/2010-04-01"] {
        let account = format!("{base}/Accounts/{{account}}");
        let call = format!("{account}/Calls/{{call}}");
        for ending in ["", ".json"] {
            all = all
                .route(
                    &format!("{account}/Calls{ending}"),
                    get(calls::list).post(calls::create),
                )
                .route(
                    &format!("{account}/Recordings{ending}"),
                    get(recordings::list),
                )
                .route(
                    &format!("{call}/Recordings{ending}"),
                    get(recordings::list).post(live_recording::begin),
                );
        }
        let one = get(recordings::laml_read).delete(recordings::delete);
        all = all
            .route(
                &call,
                get(calls::show).post(calls::change).delete(calls::delete),
            )
            .route(&format!("{account}/Recordings/{{name}}"), one.clone())
            .route(
                &format!("{call}/Recordings/{{name}}"),
                one.post(live_recording::change),
            );
    }
    all
}
