//! How verbs ended, in nobody's vocabulary.

use std::time::Duration;

/// What a gather brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// Why it ended.
    pub reason: GatherEnd,
    /// The keys, without the one that finished the input.
    pub keys: String,
    /// The key that finished the input.
    pub finish: Option<char>,
    /// What was said.
    pub heard: Option<Heard>,
}

/// Why a gather ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatherEnd {
    /// Keys.
    Keys,
    /// Speech.
    Speech,
    /// Neither, in time.
    Timeout,
    /// Speech that was not understood well enough.
    LowConfidence,
    /// Speech was asked for and cannot be recognised here.
    Failed,
}

/// A result of a recognizer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// The text.
    pub text: String,
    /// How sure the recognizer is, 0 to 1.
    pub confidence: f32,
    /// Language as BCP 47 spells it, when known.
    pub language: Option<String>,
    /// No further words will change it.
    pub is_final: bool,
}

/// How the recording of a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordEnd {
    /// The caller pressed this key.
    Key(char),
    /// Silence.
    Silence,
    /// The limit.
    Limit,
    /// The caller hung up.
    HangUp,
    /// A document or the API.
    Stopped,
    /// It could not be written.
    Failed,
}

/// What became of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEnd {
    /// How long it was open.
    pub duration: Duration,
    /// The key that ended it, if one did.
    pub keys: String,
    /// Why it ended, when something went wrong.
    pub failure: Option<String>,
}
