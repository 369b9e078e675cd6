//! The HTTP listener: health, metrics, and our own view of calls.
//!
//! Everything is read only. What comes with later releases says so instead of being unknown.

mod access;
mod calls;
mod events;
mod metrics;
mod refusal;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use hookflash_call::Ledger;

use crate::config::Secret;
use crate::shard::Mail;
use crate::sip::streams::Connections;
use refusal::Refusal;

/// What the pages are made from.
pub(crate) struct Desk {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) mail: Mail,
    pub(crate) connections: Arc<Connections>,
    pub(crate) admin_token: RwLock<Option<Secret>>,
    pub(crate) draining: AtomicBool,
}

impl Desk {
    fn admin_token(&self) -> Option<Secret> {
        self.admin_token
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Serves until `stop` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    desk: Arc<Desk>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let service = router(desk).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, service) => served,
        // Watchers of events would hold up a graceful end for ever.
        () = stop => Ok(()),
    }
}

pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let own = Router::new()
        .route("/hookflash/v1/calls", get(calls::list))
        .route("/hookflash/v1/calls/{sid}", get(calls::one))
        .route("/hookflash/v1/calls/{sid}/trace", get(calls::trace))
        .route(
            "/hookflash/v1/calls/{sid}/pcap",
            any(|| later("packet captures of calls")),
        )
        .route("/hookflash/v1/events", get(events::watch))
        .route("/hookflash/{*path}", any(unknown))
        .route("/metrics", get(metrics::show))
        .route("/console", any(|| later("the web console")))
        .route("/console/", any(|| later("the web console")))
        .route("/console/{*path}", any(|| later("the web console")))
        .route_layer(from_fn_with_state(Arc::clone(&desk), access::check));
    let mut all = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(own);
    for (path, what) in [
        ("/2010-04-01/{*path}", "the REST API of Twilio"),
        ("/api/laml/{*path}", "the REST API of SignalWire"),
        ("/api/v2/{*path}", "the REST API of Bandwidth"),
        ("/api/v1/{*path}", "the REST API of Bandwidth"),
        ("/v1/{*path}", "the REST API of jambonz"),
    ] {
        all = all.route(path, any(move || later(what)));
    }
    all.fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(desk)
}

async fn ready(State(desk): State<Arc<Desk>>) -> (StatusCode, &'static str) {
    if desk.draining.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

async fn later(what: &'static str) -> Refusal {
    let message = format!(
        "{what} comes with a later release of hookflash; calls can be watched at \
         /hookflash/v1/calls"
    );
    Refusal::new(StatusCode::NOT_IMPLEMENTED, message)
}

async fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this path")
}

async fn wrong_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path is read with GET")
}

#[cfg(test)]
mod tests;
