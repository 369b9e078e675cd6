//! What ends a stream, and the word of it.

/// What ends a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A verb, a setting or another document.
    Ordered,
    /// The end of the call.
    CallOver,
    /// The application: it asked for that, or closed the socket; a word on why.
    Application(String),
    /// A key.
    Key,
    /// Its longest time.
    Longest,
    /// The socket could not be opened, or is of no use any more; why.
    Failed(String),
}

impl Ending {
    pub(super) fn text(&self) -> &str {
        match self {
            Ending::Ordered => "stopped by the document",
            Ending::CallOver => "the call is over",
            Ending::Application(why) | Ending::Failed(why) => why,
            Ending::Key => "the caller pressed a key that ends it",
            Ending::Longest => "it reached its longest time",
        }
    }
}
