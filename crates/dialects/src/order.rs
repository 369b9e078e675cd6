//! What an API asks for: a call to be placed, a change of one that runs, a part of a list. In
//! nobody's vocabulary; each dialect reads its own requests into these.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hookflash_program::{
    BackgroundRecording, Config, Dub, Hook, Keys, Program, Recognizer, SipRequest, StartRecording,
    Voice,
};

use crate::{Application, Direction, StatusEvent};

/// A call that an API asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct CallOrder {
    /// The party to call, as given: a number, or a `sip:`, `sips:` or `tel:` URI, which reaches
    /// the wire byte for byte.
    pub to: String,
    /// Who calls.
    pub from: Caller,
    /// The application that runs the call. Made up when the request names none: its `url` is then
    /// the first document's, or empty when the document was given.
    pub application: Arc<Application>,
    /// What stands in the place of the application's URLs.
    pub hooks: CallHooks,
    /// The document to run when the call is answered, instead of asking for one.
    pub document: Option<Bytes>,
    /// How long the called side may take to answer.
    pub ring_timeout: Duration,
    /// The call is ended so long after its answer.
    pub max_duration: Option<Duration>,
    /// Keys to send once it is answered, before the document runs.
    pub keys: Option<Keys>,
    /// Records the call from its answer on.
    pub record: Option<Box<StartRecording>>,
    /// Further header fields of the INVITE, `User-to-User` among them. What belongs to the stack
    /// is refused when the call is placed.
    pub headers: Vec<(String, String)>,
    /// Digest user and password for this call, instead of its trunk's.
    pub credentials: Option<(String, String)>,
    /// The only trunk that may be used, by its name.
    pub trunk: Option<String>,
    /// Finds out who picked up.
    pub machine_detection: Option<MachineDetection>,
    /// Tag text of the call's requests (BXML).
    pub tag: Option<String>,
    /// Tag data of the call's requests (jambonz `customerData`).
    pub tag_data: Option<serde_json::Value>,
    /// Voice of speech that names none.
    pub voice: Option<Voice>,
    /// Recognizer of speech that names none.
    pub recognizer: Option<Recognizer>,
}

/// Who calls, as an API names the calling party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// A number, a user or a SIP URI; empty when the caller is not to be shown.
    pub value: String,
    /// Display name.
    pub display_name: Option<String>,
    /// Host of the From header; the server's own when absent.
    pub host: Option<String>,
    /// The caller is not to be shown to the called side (RFC 3323): From is anonymous, and the
    /// trunk learns the identity in P-Asserted-Identity with `Privacy: id`.
    pub is_private: bool,
}

/// URLs and rules that stand in the place of the application's own for one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallHooks {
    /// Asked for the first document.
    pub first: Option<Hook>,
    /// Asked when a document cannot be had.
    pub fallback: Option<Hook>,
    /// Told about the call's status.
    pub status: Option<Hook>,
    /// Which changes of the status it is told; the vendor's usual ones when absent.
    pub status_events: Option<StatusEvents>,
    /// How long the application may take to reply, instead of the vendor's usual time.
    pub reply_timeout: Option<Duration>,
    /// Told of recordings that the API asked for.
    pub recording: Option<Hook>,
}

/// A set of status changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusEvents(u8);

impl StatusEvents {
    /// Adds one.
    #[must_use]
    pub fn with(self, event: StatusEvent) -> StatusEvents {
        StatusEvents(self.0 | StatusEvents::bit(event))
    }

    /// Whether this one is in it.
    pub fn has(self, event: StatusEvent) -> bool {
        self.0 & StatusEvents::bit(event) != 0
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(event: StatusEvent) -> u8 {
        match event {
            StatusEvent::Initiated => 1,
            StatusEvent::Ringing => 2,
            StatusEvent::Answered => 4,
            StatusEvent::Completed => 8,
            StatusEvent::EarlyMedia => 16,
        }
    }
}

impl FromIterator<StatusEvent> for StatusEvents {
    fn from_iter<I: IntoIterator<Item = StatusEvent>>(events: I) -> StatusEvents {
        events
            .into_iter()
            .fold(StatusEvents::default(), StatusEvents::with)
    }
}

/// How to find out whether a person or a machine picked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineDetection {
    /// Wait for the end of a machine's greeting, so that a message can be left.
    pub until_greeting_ends: bool,
    /// How long it may take in all; then it is unknown.
    pub timeout: Duration,
    /// Speech that goes on for so long is a machine's greeting.
    pub speech_threshold: Duration,
    /// So much silence after speech ends it.
    pub speech_end_threshold: Duration,
    /// So much silence at the beginning says nothing: it is unknown.
    pub silence_timeout: Duration,
    /// The document runs meanwhile; otherwise it waits for the result.
    pub beside: bool,
    /// Where the result is told of a detection beside the document. Without it the call's resource
    /// has it.
    pub told_to: Option<Hook>,
}

/// Who picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A machine; its greeting goes on.
    MachineStart,
    /// A machine; its greeting ended in a beep.
    MachineEndBeep,
    /// A machine; its greeting ended in silence.
    MachineEndSilence,
    /// A machine; its greeting did not end in time.
    MachineEndOther,
    /// A fax machine.
    Fax,
    /// Nobody said anything.
    Silence,
    /// Nobody can tell.
    Unknown,
}

/// A change of a call that an API asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallUpdate {
    /// What the call is to do.
    pub action: Option<CallAction>,
    /// URLs that take the place of the call's; those that are absent stay.
    pub hooks: CallHooks,
    /// The call is ended so long after its answer.
    pub max_duration: Option<Duration>,
    /// Becomes the tag of later requests, when given.
    pub tag: Option<String>,
    /// Becomes the tag data of later requests, when given.
    pub tag_data: Option<serde_json::Value>,
}

/// What a call is told to do.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAction {
    /// End, answered or not.
    HangUp,
    /// End if it is not answered yet; otherwise the request is refused.
    Cancel,
    /// End if it is answered; otherwise the request is refused.
    Complete,
    /// Go on with the document at this URL; the running verb is interrupted.
    Redirect(Hook),
    /// Go on with this document; the running verb is interrupted.
    Document(Bytes),
    /// Go on with these verbs; the running verb is interrupted.
    Run(Box<Program>),
    /// Transfer the other party, as these verbs say; the running verb is interrupted. When that
    /// comes to nothing and nobody says what comes next, the call waits.
    Transfer(Box<Program>),
    /// Append these verbs to what runs.
    Append(Box<Program>),
    /// Send keys to the other party.
    SendKeys(Keys),
    /// Send a request within the dialog; the reply says how it was answered.
    SipRequest(Box<SipRequest>),
    /// The other party is not heard any more, or heard again.
    Mute(bool),
    /// Recording in the background.
    Recording(BackgroundRecording),
    /// What becomes of running streams.
    Streams(Flowing),
    /// What becomes of running transcriptions.
    Transcriptions(Flowing),
    /// Say or play something beside what runs.
    Whisper(Box<Program>),
    /// Mix audio into what the other party hears.
    Dub(Box<Dub>),
    /// Change settings of the call, and what runs beside its verbs.
    Configure(Box<Config>),
}

/// What becomes of something that flows out of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flowing {
    /// Nothing is sent.
    Paused,
    /// Silence is sent.
    Silenced,
    /// It flows again.
    Resumed,
    /// It ends.
    Stopped,
}

/// Which calls an API wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallQuery {
    /// Calling party as the application is told.
    pub from: Option<String>,
    /// Called party as the application is told.
    pub to: Option<String>,
    /// The call that it was made for.
    pub parent: Option<String>,
    /// Way in which it was set up.
    pub direction: Option<Direction>,
    /// The dialect's own word for where it stands.
    pub status: Option<String>,
    /// The dialect's own word for why it ended.
    pub cause: Option<String>,
    /// When its INVITE arrived or left: from, inclusive, and before, exclusive.
    pub started: (Option<SystemTime>, Option<SystemTime>),
    /// When it ended: from, inclusive, and before, exclusive.
    pub ended: (Option<SystemTime>, Option<SystemTime>),
}
