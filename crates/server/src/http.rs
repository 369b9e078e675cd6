//! The HTTP listener: health, metrics, our own view of calls, and the vendors' REST APIs. What comes
//! with later releases says so instead of being unknown.

mod access;
pub(crate) mod api;
mod asked;
mod calls;
mod client;
mod engines;
mod events;
mod metrics;
mod outbox;
mod refusal;
mod registrations;
mod stored;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use hookflash_call::Ledger;

use crate::config::{AccountSettings, Config, Secret};
use crate::guard::Guard;
use crate::prompts::Prompts;
use crate::recordings::Recordings;
use crate::records::Records;
use crate::registrar::Bindings;
use crate::registrations::Registrations;
use crate::shard::Mail;
use crate::sip::streams::Connections;
use crate::speech::Speech;
use crate::switchboard::Switchboard;
use crate::webhook::Times;
use client::Client;
use refusal::Refusal;

/// How often recordings that are old enough are looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// What the pages are made from.
pub(crate) struct Desk {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) mail: Mail,
    pub(crate) connections: Arc<Connections>,
    /// Against phones that guess.
    pub(crate) guard: Arc<Guard>,
    /// Against HTTP clients that guess.
    pub(crate) client_guard: Guard,
    pub(crate) meter: api::Meter,
    pub(crate) webhook_times: Times,
    pub(crate) bindings: Arc<Bindings>,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) recordings: Arc<Recordings>,
    pub(crate) records: Records,
    pub(crate) speech: Arc<Speech>,
    pub(crate) settings: RwLock<Arc<Settings>>,
    pub(crate) board: RwLock<Arc<Switchboard>>,
    /// The shard that gets the next call which is placed.
    pub(crate) next_shard: AtomicUsize,
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
    personal_data: bool,
    rates: api::Rates,
}

impl Settings {
    pub(crate) fn new(config: &Config, public_url: String) -> Arc<Settings> {
        Arc::new(Settings {
            admin_token: config.http.admin_token.clone(),
            accounts: config.accounts.clone(),
            public_url,
            public_recordings: config.recordings.public,
            keep_recordings: config.recordings.keep,
            personal_data: config.logs.personal_data,
            rates: api::Rates::new(config.http.requests_per_second),
        })
    }
}

impl Desk {
    fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.read();
        Arc::clone(&settings.unwrap_or_else(PoisonError::into_inner))
    }

    /// Who may be called, and how.
    pub(crate) fn board(&self) -> Arc<Switchboard> {
        Arc::clone(&self.board.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All shards, each time beginning with the next.
    pub(crate) fn shards_in_turn(&self) -> impl Iterator<Item = usize> + use<> {
        let count = self.mail.count();
        let first = self.next_shard.fetch_add(1, Ordering::Relaxed);
        (0..count).map(move |step| first.wrapping_add(step) % count)
    }

    /// Takes over a changed configuration.
    pub(crate) fn set(&self, settings: Arc<Settings>, board: Arc<Switchboard>) {
        let mut current = self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = settings;
        *self.board.write().unwrap_or_else(PoisonError::into_inner) = board;
    }
}

/// Deletes recordings that are old enough, for ever.
async fn sweep(desk: &Desk) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        if let Some(keep) = desk.settings().keep_recordings
            && let Err(error) = desk.recordings.sweep(keep).await
        {
            tracing::debug!(%error, "old recordings are not deleted yet");
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
            any(|| later("the packet capture of a call")),
        )
        .route("/hookflash/v1/events", get(events::watch))
        .route("/hookflash/v1/registrations", get(registrations::show))
        .route("/hookflash/v1/outbox", get(outbox::list))
        .route("/hookflash/v1/outbox/replay", post(outbox::replay))
        .route("/hookflash/v1/outbox/discard", post(outbox::discard))
        .route("/hookflash/v1/engines", get(engines::show))
        .route("/hookflash/{*path}", any(unknown))
        .route("/metrics", get(metrics::show))
        .route("/console", any(|| later("the web console")))
        .route("/console/", any(|| later("the web console")))
        .route("/console/{*path}", any(|| later("the web console")))
        .route_layer(from_fn_with_state(Arc::clone(&desk), access::check));
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(own)
        .merge(api::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(&desk), api::measure))
        .with_state(desk)
}

async fn ready(State(desk): State<Arc<Desk>>) -> (StatusCode, String) {
    if desk.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned());
    }
    if !desk.mail.all_run() {
        let why = "a shard has ended by a fault of this server, and its calls get no answer; restart it\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why.to_owned());
    }
    match desk.records.answers().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn later(what: &'static str) -> Refusal {
    let message = format!(
        "{what} comes with a later release of hookflash; calls can be watched at \
         /hookflash/v1/calls"
    );
    Refusal::new(StatusCode::NOT_IMPLEMENTED, message)
}

async fn unknown(
    State(desk): State<Arc<Desk>>,
    client: Client,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let of_api = api::nowhere(&desk, client, &headers, &uri);
    of_api.unwrap_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "there is nothing at this path").into_response()
    })
}

async fn wrong_method(
    State(desk): State<Arc<Desk>>,
    client: Client,
    method: Method,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let of_api = api::wrong_method(&desk, client, &method, &headers, &uri);
    of_api.unwrap_or_else(|| {
        let message = "this path does not know this method";
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response()
    })
}

#[cfg(test)]
pub(crate) mod tests;
