//! Recording.

use std::time::Duration;

use crate::{Hook, Recognizer};

/// Record the caller until a key, silence or the limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// A beep first.
    pub beep: bool,
    /// Keys that end it.
    pub finish: Vec<char>,
    /// Silence that ends it; `None` for no such rule.
    pub silence: Option<Duration>,
    /// Longest recording.
    pub most: Duration,
    /// Silence at both ends is cut off.
    pub trim: bool,
    /// How it is kept.
    pub format: RecordingFormat,
    /// Who is told of the recording.
    pub announce: Announce,
    /// What is said is written down, and told.
    pub transcribe: Option<RecordTranscription>,
    /// Asked with the result; an empty URL is that of the current document.
    pub result: Option<Hook>,
    /// Whether a recording without sound is as good as none: the next verb runs and the result
    /// is not asked for.
    pub empty_goes_on: bool,
    /// An empty reply means "carry on" and not "end of document".
    pub empty_reply_goes_on: bool,
    /// Becomes the tag of later requests, when given.
    pub tag: Option<String>,
    /// The application's name for the recording (BXML `recordingName`).
    pub name: Option<String>,
    /// The application's name for this verb.
    pub id: Option<String>,
}

/// File format of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RecordingFormat {
    /// WAV, 16-bit PCM.
    #[default]
    Wav,
    /// MP3.
    Mp3,
}

/// Which direction is recorded, streamed or transcribed, as seen by the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tracks {
    /// What the caller says.
    #[default]
    Inbound,
    /// What the caller hears.
    Outbound,
    /// Both.
    Both,
}

/// Who is told what about a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announce {
    /// Told; nobody when absent.
    pub hook: Option<Hook>,
    /// Told that it began.
    pub begun: bool,
    /// Told that it can be fetched.
    pub completed: bool,
    /// Told that there is none, because nothing was heard.
    pub absent: bool,
    /// Becomes the tag of these requests, when given (BXML).
    pub tag: Option<String>,
}

/// A recording is turned into text.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordTranscription {
    /// Told the text.
    pub hook: Option<Hook>,
    /// What to recognise with.
    pub recognizer: Recognizer,
}

/// What happens to the recording that runs in the background.
#[derive(Clone, Debug, PartialEq)]
pub enum BackgroundRecording {
    /// It begins.
    Start(Box<StartRecording>),
    /// It pauses: what is said is left out, and what comes later follows at once.
    Pause,
    /// It pauses: silence is written in place of what is said.
    Silence,
    /// The sound is back.
    Resume,
    /// It ends.
    Stop,
}

/// A recording beside whatever else the call does.
#[derive(Clone, Debug, PartialEq)]
pub struct StartRecording {
    /// A file with one channel per direction, the caller's first.
    pub dual: bool,
    /// What is recorded.
    pub tracks: Tracks,
    /// Silence at both ends is cut off.
    pub trim: bool,
    /// How it is kept.
    pub format: RecordingFormat,
    /// Who is told.
    pub announce: Announce,
    /// What is said is written down, and told.
    pub transcribe: Option<RecordTranscription>,
    /// The application's name for the recording (BXML `recordingName`, jambonz `recordingID`).
    pub name: Option<String>,
}
