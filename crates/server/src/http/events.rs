//! `/hookflash/v1/events`: every new entry of every journal, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use hookflash_call::{Published, view};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Desk;
use super::asked::Asked;

/// Which events are wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// Of this call only.
    call: Option<String>,
}

pub(crate) async fn watch(
    State(desk): State<Arc<Desk>>,
    Asked(wanted): Asked<Wanted>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::unfold((desk.ledger.watch(), wanted), |(mut news, wanted)| async {
        let event = next(&mut news, &wanted).await?;
        Some((Ok(event), (news, wanted)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn next(news: &mut Receiver<Published>, wanted: &Wanted) -> Option<Event> {
    loop {
        match news.recv().await {
            Ok(published) => {
                let sid = published.call.facts(|facts| facts.sid.clone());
                if wanted.call.as_ref().is_some_and(|call| *call != sid) {
                    continue;
                }
                let Some(entry) = view::watched(&published.call, published.index) else {
                    continue;
                };
                let kind = entry
                    .get("kind")
                    .and_then(|kind| kind.as_str())
                    .unwrap_or("call");
                let event = Event::default()
                    .event(kind)
                    .id(format!("{sid}/{}", published.index))
                    .data(entry.to_string());
                return Some(event);
            }
            Err(RecvError::Lagged(lost)) => {
                let data = json!({ "lost": lost }).to_string();
                return Some(Event::default().event("lost").data(data));
            }
            Err(RecvError::Closed) => return None,
        }
    }
}
