//! The WebSocket of an application (`ws.jambonz.org`): one per call, opened by this server, on
//! which everything goes that would be HTTP requests otherwise, and on which the application can
//! tell the call what to do at any time.
//!
//! Sources: jambonz' pages on its WebSocket API, its official libraries, and `ws-requestor` of its
//! feature server where those are silent.

mod command;
mod message;
mod reading;

use crate::{ApplicationSocket, CallFacts, Frame, FromApplication, SocketMessage, VerbNews};

pub(super) use message::{Occasion, request, root};

/// The messages of a call's WebSocket.
#[derive(Debug)]
pub(crate) struct Session;

impl ApplicationSocket for Session {
    fn again(&self, first: &SocketMessage) -> SocketMessage {
        message::reconnect(first)
    }

    fn read(&self, facts: &CallFacts, frame: &Frame) -> Result<FromApplication, SocketMessage> {
        reading::read(facts, frame)
    }

    fn complaint(&self, facts: &CallFacts, why: &str, content: &str) -> SocketMessage {
        message::invalid(facts, why, content)
    }

    fn refusal(&self, facts: &CallFacts, why: &str, content: &str) -> SocketMessage {
        message::error(facts, "CommandRefused", why, content)
    }

    fn verb_news(
        &self,
        facts: &CallFacts,
        verb: &str,
        id: Option<&str>,
        news: VerbNews,
    ) -> SocketMessage {
        message::verb_news(facts, verb, id, news)
    }
}
