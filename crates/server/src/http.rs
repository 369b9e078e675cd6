//! The HTTP listener: health, metrics, our own view of calls, and the vendors' APIs as far as they
//! concern recordings. What comes with later releases says so instead of being unknown.

mod access;
mod account;
mod calls;
mod engines;
mod events;
mod metrics;
mod recordings;
mod refusal;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use hookflash_call::Ledger;

use crate::config::{AccountSettings, Config, Secret};
use crate::prompts::Prompts;
use crate::recordings::Recordings;
use crate::shard::Mail;
use crate::sip::streams::Connections;
use crate::speech::Speech;
use refusal::Refusal;

/// How often recordings that are old enough are looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// What the pages are made from.
pub(crate) struct Desk {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) mail: Mail,
    pub(crate) connections: Arc<Connections>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) recordings: Arc<Recordings>,
    pub(crate) speech: Arc<Speech>,
    pub(crate) settings: RwLock<Arc<Settings>>,
    pub(crate) draining: AtomicBool,
}

/// What the configuration says of the pages.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    admin_token: Option<Secret>,
    accounts: Vec<AccountSettings>,
    public_url: String,
    public_recordings: bool,
    keep_recordings: Option<Duration>,
}

impl Settings {
    pub(crate) fn new(config: &Config, public_url: String) -> Arc<Settings> {
        Arc::new(Settings {
            admin_token: config.http.admin_token.clone(),
            accounts: config.accounts.clone(),
            public_url,
            public_recordings: config.recordings.public,
            keep_recordings: config.recordings.keep,
        })
    }
}

impl Desk {
    fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read();
        Arc::clone(&settings.unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over a changed configuration.
    pub(crate) fn set(&self, settings: Arc<Settings>) {
        let mut current = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = settings;
    }
}

/// Deletes recordings that are old enough, for ever.
async fn sweep(desk: &Desk) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        if let Some(keep) = desk.settings().keep_recordings {
            desk.recordings.sweep(keep);
        }
    }
}

/// Serves until `stop` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    desk: Arc<Desk>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let service = router(Arc::clone(&desk)).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, service) => served,
        () = sweep(&desk) => Ok(()),
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
        .route("/hookflash/v1/engines", get(engines::show))
        .route("/hookflash/{*path}", any(unknown))
        .route("/metrics", get(metrics::show))
        .route("/console", any(|| later("the web console")))
        .route("/console/", any(|| later("the web console")))
        .route("/console/{*path}", any(|| later("the web console")))
        .route_layer(from_fn_with_state(Arc::clone(&desk), access::check));
    let mut all = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(own)
        .merge(recordings::routes());
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
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not know this method",
    )
}

#[cfg(test)]
mod tests;
