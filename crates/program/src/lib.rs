//! The vendor-neutral instruction set: what a call can be told to do, as data.
//!
//! A dialect parses a document into a [`Program`]; the call runs it verb by verb. Every rule in
//! which vendors differ (what runs after a transfer, whether a verb answers the call, how long a
//! NOTIFY may take) is a field here, filled in by the dialect, so that the code which runs a verb
//! never asks which vendor the document came from.
//!
//! Leaves out: parsing (see `hookflash-dialects`), running (see `hookflash-call`), and every
//! word of a vendor's vocabulary.

mod diagnostic;
mod gather;
mod hook;
mod outcome;
mod prompt;
mod record;
mod sip_request;
mod stream;
mod verb;

pub use diagnostic::{Diagnostic, Position, Severity};
pub use gather::{Gather, KeyEvents, KeyRules, OnEmpty, Recognizer, SpeechRules, TypedAhead};
pub use hook::{Hook, HookMethod};
pub use outcome::{GatherEnd, Gathered, Heard, RecordEnd, StreamEnd};
pub use prompt::{
    Alert, Audio, Dub, DubOrder, Echo, KeyOrPause, Keys, Prompt, Prompts, Repeat, Ring, Speech,
    SpeechText, Voice,
};
pub use record::{
    Announce, BackgroundRecording, Record, RecordTranscription, RecordingFormat, StartRecording,
    Tracks,
};
pub use sip_request::SipRequest;
pub use stream::{Stream, StreamEncoding, StreamFormat, Transcription, Which};
pub use verb::{
    Answering, BackgroundGather, Config, Continuation, Decline, EndOfProgram, Hangup, Noted, Pause,
    Program, Redirect, Refer, ReferTiming, ReferredBy, Reject, Setting, Step, Tag, TargetRule,
    Unrunnable, Verb,
};
