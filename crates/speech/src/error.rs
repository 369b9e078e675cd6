//! What goes wrong with an engine.

use std::fmt;

/// Why an engine gave nothing. Each is the operator's to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// It does too much already.
    Busy,
    /// It took too long and was cut off.
    Late,
    /// The program could not be started; the operating system's words.
    NotStarted(String),
    /// The program ended with an error; its own words.
    Crashed(String),
    /// What came is nothing that was asked for; a sentence.
    Garbage(String),
    /// What came is longer than allowed.
    TooLong,
    /// The service refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// How its answer begins.
        words: String,
    },
    /// The service cannot be reached; a sentence.
    Unreachable(String),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Busy => f.write_str("it is busy; too much is asked of it at a time"),
            EngineError::Late => f.write_str("it took too long and was cut off"),
            EngineError::NotStarted(why) => write!(f, "it cannot be started: {why}"),
            EngineError::Crashed(why) => write!(f, "it ended with an error: {why}"),
            EngineError::Garbage(why) => write!(f, "it gave something else: {why}"),
            EngineError::TooLong => f.write_str("it gave more than is allowed"),
            EngineError::Refused { status, words } => match (*status, words.as_str()) {
                (401 | 403, _) => write!(f, "it refused the key ({status}): {words}"),
                (_, "") => write!(f, "it answered {status}"),
                _ => write!(f, "it answered {status}: {words}"),
            },
            EngineError::Unreachable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for EngineError {}
