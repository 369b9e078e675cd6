//! Talking with an application over one WebSocket per call: what is said, without the socket.
//!
//! A request of the dialect whose body is [`crate::Body::Message`] goes over that socket. Whoever
//! holds the socket gives each message its identifier, waits for the reply that names it, and hands
//! what comes in to the dialect's [`ApplicationSocket`].

use std::time::Duration;

use crate::{CallFacts, CallUpdate, Frame};

/// A message to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketMessage {
    /// The vendor's name for this kind of message.
    pub kind: &'static str,
    /// The call.
    pub call_sid: String,
    /// The hook of the application that is meant, as the document spells it.
    pub hook: Option<String>,
    /// What is told, as JSON.
    pub data: String,
    /// How long the application may take to reply; `None` when no reply is expected.
    pub reply_within: Option<Duration>,
    /// What it does to the talk.
    pub part: TalkPart,
}

/// What a message does to the talk with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalkPart {
    /// It opens the talk of the call.
    Opens,
    /// It opens a talk with another WebSocket, which has the call from here on: what is relative
    /// to the application is relative to that one.
    Moves,
    /// It is said within the talk.
    Within,
}

/// What an application said.
#[derive(Clone, Debug, PartialEq)]
pub enum FromApplication {
    /// It replied to the message of this identifier.
    Reply {
        /// The identifier.
        to: String,
        /// The document that came with it.
        document: Option<String>,
    },
    /// It tells the call to do something, asked or not.
    Command(Box<SocketCommand>),
}

/// A command of an application, which may come at any time.
#[derive(Clone, Debug, PartialEq)]
pub struct SocketCommand {
    /// Its name, for the journal.
    pub name: &'static str,
    /// What it asks for, in order.
    pub updates: Vec<CallUpdate>,
    /// The message that this answers beside what it asks for.
    pub replies_to: Option<String>,
}

/// How far a verb has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerbNews {
    /// It begins.
    Began,
    /// It is over.
    Ended,
}

/// How a vendor's applications talk over their WebSocket. Got from
/// [`crate::Dialect::application_socket`].
pub trait ApplicationSocket {
    /// The message that opens the talk again on a new connection, after `first` opened it on one
    /// that was lost.
    fn again(&self, first: &SocketMessage) -> SocketMessage;

    /// Reads what came.
    ///
    /// # Errors
    /// The message that tells the application what is wrong with it.
    fn read(&self, facts: &CallFacts, frame: &Frame) -> Result<FromApplication, SocketMessage>;

    /// Tells the application that something it sent cannot be understood. `content` is what it
    /// sent.
    fn complaint(&self, facts: &CallFacts, why: &str, content: &str) -> SocketMessage;

    /// Tells the application that something it sent was understood and is not carried out.
    fn refusal(&self, facts: &CallFacts, why: &str, content: &str) -> SocketMessage;

    /// Tells how far the running document has come: a verb's name, and the one that the document
    /// gives it.
    fn verb_news(
        &self,
        facts: &CallFacts,
        verb: &str,
        id: Option<&str>,
        news: VerbNews,
    ) -> SocketMessage;
}
