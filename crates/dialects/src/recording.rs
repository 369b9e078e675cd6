//! A recording, in nobody's vocabulary.

use std::time::{Duration, SystemTime};

use hookflash_program::{RecordingFormat, Tracks};

/// What is known of a recording. Callbacks and the REST resource are made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingFacts {
    /// Identifier in the dialect's own form; see [`crate::Dialect::recording_sid`].
    pub sid: String,
    /// The call's identifier.
    pub call_sid: String,
    /// The account's identifier.
    pub account_sid: String,
    /// The application's identifier.
    pub application_sid: String,
    /// Calling party as the dialect tells it.
    pub from: String,
    /// Called party as the dialect tells it.
    pub to: String,
    /// Whether the call came in.
    pub inbound: bool,
    /// Identifier of the parent call.
    pub parent_sid: Option<String>,
    /// Who asked for it.
    pub source: RecordingSource,
    /// When it began.
    pub started_at: SystemTime,
    /// When it ended.
    pub ended_at: Option<SystemTime>,
    /// How long it sounds, without pauses and trimmed silence.
    pub duration: Duration,
    /// 1 or 2.
    pub channels: u8,
    /// What was recorded.
    pub tracks: Tracks,
    /// How it is kept.
    pub format: RecordingFormat,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// How far it has come.
    pub state: RecordingState,
    /// A sentence on why it failed.
    pub error: Option<String>,
    /// The application's name for it (jambonz).
    pub name: Option<String>,
}

/// Which recordings an API wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingQuery {
    /// Its call.
    pub call: Option<String>,
    /// Its conference. There are none, and so no recordings of one.
    pub conference: Option<String>,
    /// Calling party as [`RecordingFacts::from`] has it.
    pub from: Option<String>,
    /// Called party as [`RecordingFacts::to`] has it.
    pub to: Option<String>,
    /// When it began: from, inclusive, and before, exclusive.
    pub started: (Option<SystemTime>, Option<SystemTime>),
}

/// Who asked for a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordingSource {
    /// `Record`: one direction until silence or a key.
    Verb,
    /// A verb that started it in the background.
    Background,
    /// The API.
    Api,
}

/// How far a recording has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordingState {
    /// It runs.
    InProgress,
    /// It runs without sound.
    Paused,
    /// It can be fetched.
    Completed,
    /// There is none: nothing was heard.
    Absent,
    /// It could not be written.
    Failed,
    /// Its sound was deleted.
    Deleted,
}
