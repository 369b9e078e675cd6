//! What the API and the operator can tell a running call.

use hookflash_program::Hook;

/// A command to a running call. It interrupts the running verb and drops the rest of its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// End the call.
    HangUp,
    /// Go on with another document.
    Redirect(NewDocument),
}

/// Where a document that did not come out of another one is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewDocument {
    /// At the application. A relative URL stands relative to the current document.
    At(Hook),
    /// Here.
    Given(GivenDocument),
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

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandRefused {
    /// There is no such call on this shard.
    Unknown,
    /// The call is over.
    Over,
}

impl std::fmt::Display for CommandRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CommandRefused::Unknown => "there is no such call",
            CommandRefused::Over => "the call is already over",
        })
    }
}

impl std::error::Error for CommandRefused {}
