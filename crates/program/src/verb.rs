//! The verbs that a call can run.

use std::time::Duration;

use crate::{
    Alert, BackgroundRecording, Diagnostic, Dub, Echo, Gather, Hook, KeyEvents, Keys, Position,
    Prompts, Recognizer, Record, Ring, SipRequest, Stream, Transcription, Voice, Which,
};

/// A document that was found valid, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// What happens when the steps run out.
    pub end: EndOfProgram,
    /// What the vendor notes but does not mind.
    pub warnings: Vec<Diagnostic>,
}

/// A verb and where it stands in its document.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The name that the document used, such as `Refer` or `sip:refer`.
    pub name: String,
    /// Where.
    pub position: Position,
    /// What to do to an unanswered call first.
    pub answering: Answering,
    /// The verb.
    pub verb: Verb,
}

/// What a verb does with a call that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// Answer it, then run.
    Answer,
    /// Run on the unanswered call.
    Leave,
    /// Skip the verb, noting that it needs an answered call.
    Skip,
    /// Let the caller hear it before the call is answered (183 with a session description).
    EarlyMedia,
}

/// How a call ends when its program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfProgram {
    /// Hang up; an unanswered call is answered first, as if `Hangup` stood there.
    AnswerAndHangUp,
    /// Hang up; an unanswered call is refused with this status.
    HangUpOrRefuse(u16),
    /// It does not: it waits for what the API says next.
    Wait,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Answer the call.
    Answer,
    /// Transfer the caller by SIP REFER.
    Refer(Box<Refer>),
    /// Wait.
    Pause(Pause),
    /// End the call.
    Hangup(Hangup),
    /// Refuse an unanswered call; end an answered one.
    Reject(Reject),
    /// Refuse an unanswered call with a status; skipped on an answered one.
    Decline(Decline),
    /// Fetch another document and go on with that.
    Redirect(Box<Redirect>),
    /// Change what later requests carry as tag.
    Tag(Tag),
    /// Change settings of the call.
    Config(Box<Config>),
    /// Let the caller hear something.
    Prompts(Box<Prompts>),
    /// Collect keys and speech.
    Gather(Box<Gather>),
    /// Record the caller.
    Record(Box<Record>),
    /// Send keys to the caller.
    SendKeys(Keys),
    /// Ring for a while.
    Ring(Ring),
    /// The caller hears itself.
    Echo(Echo),
    /// Ring with Alert-Info.
    Alert(Alert),
    /// Tell the application each key from now on, or no more.
    KeyEvents(Option<Box<KeyEvents>>),
    /// Record in the background.
    Recording(BackgroundRecording),
    /// Stream audio and go on.
    StartStream(Box<Stream>),
    /// Stream audio until the stream ends.
    ConnectStream(Box<Stream>),
    /// Stop streams.
    StopStream(Which),
    /// Turn speech into text.
    Transcribe(Box<Transcription>),
    /// Stop transcriptions.
    StopTranscription(Which),
    /// Mix audio into what the caller hears.
    Dub(Box<Dub>),
    /// Send a request within the dialog.
    SipRequest(Box<SipRequest>),
    /// Without effect here; noted in the journal, and the next verb runs.
    Noted(Noted),
    /// Understood and valid, but this release cannot run it.
    Unrunnable(Unrunnable),
}

impl Verb {
    /// The name that the document gives this verb, so that the application can tell verbs apart.
    pub fn id(&self) -> Option<&str> {
        match self {
            Verb::Refer(refer) => refer.id.as_deref(),
            Verb::Prompts(prompts) => prompts.id.as_deref(),
            Verb::Gather(gather) => gather.id.as_deref(),
            Verb::Record(record) => record.id.as_deref(),
            Verb::StartStream(stream) | Verb::ConnectStream(stream) => stream.id.as_deref(),
            Verb::Transcribe(transcription) => transcription.id.as_deref(),
            Verb::SipRequest(request) => request.id.as_deref(),
            _ => None,
        }
    }
}

/// A verb that is understood and changes nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// A sentence on why it has no effect.
    pub why: String,
}

/// Wait in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// How long.
    pub length: Duration,
}

/// End the call; an unanswered one as the program's end rule says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hangup {
    /// Header fields for the BYE.
    pub headers: Vec<(String, String)>,
}

/// Refuse the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// SIP status, such as 486.
    pub status: u16,
}

/// Refuse an unanswered call with a status of the application's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// SIP status, 400–699.
    pub status: u16,
    /// Reason phrase; the standard one when absent.
    pub reason: Option<String>,
    /// Header fields for the answer.
    pub headers: Vec<(String, String)>,
}

/// Fetch another document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Where it is; its `fallback` is used when that fails.
    pub hook: Hook,
    /// Told about the call's status changes from now on.
    pub status_hook: Option<Hook>,
    /// Becomes the tag of later requests, when given.
    pub tag: Option<String>,
}

/// Sets the tag that later requests carry.
#[derive(Clone, Debug, PartialEq)]
pub enum Tag {
    /// A text; empty clears it.
    Text(String),
    /// A JSON object, merged by replacement.
    Data(serde_json::Value),
}

/// Settings that concern the call as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// Parts of the verb that this release cannot carry out, by property name.
    pub not_run: Vec<String>,
    /// Asked when the peer sends REFER.
    pub refer_hook: Option<Hook>,
    /// Whether the application wants an event for each verb.
    pub notify_events: Option<bool>,
    /// Voice of speech that names none.
    pub voice: Setting<Voice>,
    /// Recognizer of speech that names none.
    pub recognizer: Setting<Recognizer>,
    /// Collects input beside the verbs that follow; `Some(None)` ends that.
    pub background_gather: Option<Option<Box<BackgroundGather>>>,
    /// Recording in the background.
    pub recording: Option<BackgroundRecording>,
    /// Streams audio beside the verbs that follow; `Some(None)` ends that.
    pub stream: Option<Option<Box<Stream>>>,
    /// Transcribes beside the verbs that follow; `Some(None)` ends that.
    pub transcription: Option<Option<Box<Transcription>>>,
}

/// What becomes of a setting.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Setting<T> {
    /// It stays.
    #[default]
    Kept,
    /// It is the configuration's again.
    Reset,
    /// It is this from now on.
    Set(T),
}

/// Input that is collected while other verbs run. It ends the running prompt, and its reply takes
/// the place of the running document.
#[derive(Clone, Debug, PartialEq)]
pub struct BackgroundGather {
    /// The rules.
    pub gather: Gather,
    /// It begins anew after each result.
    pub sticky: bool,
}

/// A verb that is valid in its dialect and that this release cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrunnable {
    /// The verb, as the vendor spells it.
    pub verb: String,
    /// Why not and what to do, for the journal.
    pub reason: String,
    /// The vendor's error for "cannot be carried out", such as `13750` or `application-error`.
    pub code: String,
}

/// Transfer the caller by SIP REFER and wait for the true outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Refer {
    /// The target as written, blanks trimmed. Validated by the transfer layer when the verb runs.
    pub target: String,
    /// What counts as a target.
    pub target_rule: TargetRule,
    /// Something is wrong with the verb that shows only when it runs (missing or second target):
    /// no REFER is sent and the result is a failure without codes.
    pub defect: Option<Diagnostic>,
    /// Whether this dialect allows REFER on a leg that we called.
    pub outbound_allowed: bool,
    /// The vendor's error for a leg that cannot be referred, such as `13801`.
    pub wrong_leg_code: Option<&'static str>,
    /// Asked once with the result.
    pub result: Option<Hook>,
    /// Told about every NOTIFY status.
    pub progress: Option<Hook>,
    /// The Referred-By header.
    pub referred_by: ReferredBy,
    /// More header fields for the REFER.
    pub headers: Vec<(String, String)>,
    /// From when the configured limit for the outcome counts.
    pub timing: ReferTiming,
    /// What runs after success.
    pub on_success: Continuation,
    /// What runs after anything else.
    pub on_failure: Continuation,
    /// Becomes the tag of later requests, when given.
    pub tag: Option<String>,
    /// The application's name for this verb, echoed in its hooks.
    pub id: Option<String>,
}

/// From when the limit for the final NOTIFY counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferTiming {
    /// From the 2xx to REFER, whatever comes in between.
    FromAcceptance,
    /// From the 2xx or the latest NOTIFY.
    FromLatestNews,
}

/// What a target may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetRule {
    /// A complete `sip:`, `sips:` or `tel:` URI.
    Uri,
    /// Also a bare number or user, which becomes `sip:X@<peer host>`.
    UriOrUser,
}

/// Who is named as the referrer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferredBy {
    /// The local party of the dialog, unless switched off by configuration.
    LocalParty,
    /// What the document gave, and a display name for it.
    Given {
        /// A URI, a name-addr or a bare user.
        value: String,
        /// Display name.
        display_name: Option<String>,
    },
    /// The calling party, with an optional display name (jambonz default).
    Caller {
        /// Display name; the caller's own when absent.
        display_name: Option<String>,
    },
}

/// What runs after a verb that has a result hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// The hook's reply; the next verb when there is no hook or the reply is empty of verbs and
    /// `empty_reply_goes_on`.
    Reply {
        /// An empty reply means "carry on" (jambonz) and not "end of document" (TwiML, BXML).
        empty_reply_goes_on: bool,
    },
    /// The call is ended at once; the hook's reply is ignored.
    HangUp,
}
