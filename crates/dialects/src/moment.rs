//! The moments of a call at which an application is asked or told something.

use std::time::Duration;

use hookflash_program::{
    Announce, Gather, Gathered, Heard, Hook, KeyEvents, Prompts, Record, RecordEnd,
    RecordTranscription, Refer, SipRequest, Stream, StreamEnd, Transcription,
};
use hookflash_transfer::TransferResult;

use crate::{AnsweredBy, MachineDetection, RecordingFacts, Track};

/// A change of a call's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusEvent {
    /// The INVITE arrived (inbound) or is about to leave.
    Initiated,
    /// It rings.
    Ringing,
    /// Who calls hears the called side, which has not answered.
    EarlyMedia,
    /// It was answered.
    Answered,
    /// It is over; see `CallFacts::state`.
    Completed,
}

/// News of a running transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferNews {
    /// The status code that the NOTIFY carried.
    pub status: u16,
}

/// Why the application is asked or told something.
#[derive(Clone, Debug)]
pub enum Moment<'a> {
    /// The call wants its first document: it came in, or we placed it and it was answered.
    Incoming,
    /// A redirect verb, a result hook's reply, or the API names the document to fetch.
    Redirected(&'a Hook),
    /// A document could not be fetched or run; asks the application's fallback. `failed` is the
    /// request that failed (its URL goes into `ErrorUrl`), `code` the vendor's error.
    Fallback {
        /// The URL that failed.
        failed_url: &'a str,
        /// The vendor's error code or word.
        code: &'a str,
        /// What exactly was asked when it failed, so that the event can be told again.
        failed: &'a Moment<'a>,
    },
    /// A transfer has its result. Made once per transfer.
    ReferDone {
        /// The verb.
        verb: &'a Refer,
        /// The result.
        result: &'a TransferResult,
    },
    /// A NOTIFY brought a status.
    ReferProgress {
        /// The verb.
        verb: &'a Refer,
        /// The news.
        news: &'a ReferNews,
    },
    /// What a verb let the caller hear has been heard.
    PromptsDone {
        /// The verb.
        verb: &'a Prompts,
        /// How long something was heard.
        played: Duration,
        /// Something could not be played: what and why.
        failure: Option<&'a str>,
    },
    /// A gather has its result.
    GatherDone {
        /// The verb.
        verb: &'a Gather,
        /// The result.
        result: &'a Gathered,
    },
    /// Speech that is not complete yet.
    GatherPartial {
        /// The verb.
        verb: &'a Gather,
        /// What was heard so far.
        heard: &'a Heard,
        /// Counts the partial results of this gather from 0.
        sequence: u32,
    },
    /// A key was pressed while key events are on.
    Key {
        /// Who is told.
        events: &'a KeyEvents,
        /// The key.
        key: char,
    },
    /// The recording of a verb is over; its file is complete.
    RecordDone {
        /// The verb.
        verb: &'a Record,
        /// The recording.
        recording: &'a RecordingFacts,
        /// How it ended.
        end: RecordEnd,
    },
    /// A recording began, can be fetched, or came to nothing; its state says which.
    Recording {
        /// Who is told.
        announce: &'a Announce,
        /// The recording.
        recording: &'a RecordingFacts,
    },
    /// The text of a recording.
    RecordingText {
        /// Who is told.
        transcription: &'a RecordTranscription,
        /// The recording.
        recording: &'a RecordingFacts,
        /// Its announcement, whose credentials and tag some vendors use here too.
        announce: &'a Announce,
        /// Identifier of the transcription in the dialect's own form.
        sid: &'a str,
        /// The text, or why there is none.
        text: Result<&'a Heard, &'a str>,
    },
    /// A stream began, ended or failed.
    StreamStatus {
        /// The verb.
        stream: &'a Stream,
        /// The stream's identifier.
        sid: &'a str,
        /// What happened.
        event: StreamEvent<'a>,
    },
    /// The stream that the document waited for is over.
    StreamDone {
        /// The verb.
        stream: &'a Stream,
        /// The stream's identifier.
        sid: &'a str,
        /// What became of it.
        end: &'a StreamEnd,
    },
    /// A transcription began, ended, failed or has a result.
    Transcription {
        /// The verb.
        verb: &'a Transcription,
        /// The transcription's identifier.
        sid: &'a str,
        /// What happened.
        event: TranscriptionEvent<'a>,
        /// Counts the requests of this transcription from 0.
        sequence: u32,
    },
    /// The other party answered a request of the document.
    SipRequestDone {
        /// The verb.
        verb: &'a SipRequest,
        /// Its status, or why there is none.
        answer: Result<u16, &'a str>,
    },
    /// It is known who picked up a call that we placed.
    MachineDetected {
        /// By which rules, and who is told.
        detection: &'a MachineDetection,
        /// Who picked up.
        answered_by: AnsweredBy,
        /// How long that took from the answer on.
        after: Duration,
        /// Nothing more will be found; a machine's greeting may still be waited for otherwise.
        is_final: bool,
    },
    /// The call's status changed. `sequence` counts from 0 per call.
    Status {
        /// What happened.
        event: StatusEvent,
        /// Counts the status requests of this call from 0.
        sequence: u32,
    },
}

/// What happened to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// The socket is open.
    Started,
    /// The socket is closed; a sentence says by whom and why.
    Stopped(&'a str),
    /// The socket could not be opened, or broke.
    Failed(&'a str),
    /// It was never tried: its name is taken, or the call has too many already.
    Rejected(&'a str),
}

/// What happened to a transcription.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TranscriptionEvent<'a> {
    /// It runs.
    Started,
    /// Something was heard.
    Heard(Track, &'a Heard),
    /// It is over.
    Stopped,
    /// It failed.
    Failed(&'a str),
}
