//! What the API and the operator can tell a running call, and what they hear of it.

use hookflash_dialects::CallAction;
use hookflash_program::{Hook, Program};
use tokio::sync::oneshot;

/// Something that a running call is to do, on its way to the call's task.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) action: CallAction,
    /// Who waits for what the peer says to it.
    pub(crate) waiting: Option<oneshot::Sender<Result<u16, CommandRefused>>>,
}

impl Command {
    pub(crate) fn new(action: CallAction) -> Box<Command> {
        Box::new(Command {
            action,
            waiting: None,
        })
    }
}

/// Where a document that did not come out of another one is found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NewDocument {
    /// At the application. A relative URL stands relative to the current document.
    At(Hook),
    /// Here.
    Given(GivenDocument),
    /// Here, and read already.
    Read(Box<Program>),
}

/// A document that nobody has to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenDocument {
    /// The document.
    pub body: bytes::Bytes,
    /// What to call it in the journal, such as its file name.
    pub name: String,
    /// What relative URLs in it stand relative to; empty when they cannot be used.
    pub base: String,
}

/// What came of an update.
#[derive(Debug)]
pub enum Updated {
    /// It is done, or will be in its turn.
    Done,
    /// The recording with this identifier began, or was changed.
    Recording(String),
    /// The other party was asked.
    Asked(PeerAnswer),
}

/// The answer of the other party to a request that the API had sent, on its way.
#[derive(Debug)]
pub struct PeerAnswer(pub(crate) oneshot::Receiver<Result<u16, CommandRefused>>);

impl PeerAnswer {
    /// Its final status; 408 when it never came.
    ///
    /// # Errors
    /// When the request could not be sent, or the call ended before the answer came.
    pub async fn status(self) -> Result<u16, CommandRefused> {
        // A call that ends with the question open forgets it.
        self.0.await.unwrap_or(Err(CommandRefused::Over))
    }
}

/// Why a call does not do what it was told. Nothing of it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandRefused {
    /// There is no such call on this shard.
    Unknown,
    /// The call is over.
    Over,
    /// It needs an answered call, and this one is not answered yet.
    NotAnswered,
    /// It needs an unanswered call, and this one is answered.
    Answered,
    /// It cannot be done; a sentence says why.
    CannotBeDone(String),
}

impl std::fmt::Display for CommandRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CommandRefused::Unknown => "there is no such call",
            CommandRefused::Over => "the call is already over",
            CommandRefused::NotAnswered => "the call is not answered yet",
            CommandRefused::Answered => "the call is already answered",
            CommandRefused::CannotBeDone(why) => why,
        })
    }
}

impl std::error::Error for CommandRefused {}
