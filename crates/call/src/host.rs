//! What a call needs of the machine it runs on.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use hookflash_audio::Clip;
use hookflash_dialects::{FetchError, Frame, HttpRequest, RecordingFacts, Reply};
use hookflash_media::{MediaEvent, Session};
use hookflash_program::{Heard, Recognizer, RecordingFormat, SpeechText, Voice};
use hookflash_sip::{Endpoint, LegEnd};

use crate::record::CallRecord;
use crate::way::Way;

/// Names a call within the process for everything that must keep an order or a jar per call:
/// requests to the application, cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(pub u64);

/// Why a call has no media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaError {
    /// Every port of the configured range is in use.
    NoPortLeft,
    /// The operating system refused; its words.
    Refused(String),
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MediaError::NoPortLeft => {
                f.write_str("no RTP port is left; widen `media.ports` in the configuration")
            }
            MediaError::Refused(why) => write!(f, "no RTP port could be opened: {why}"),
        }
    }
}

impl std::error::Error for MediaError {}

/// The audio side of one leg: a bound RTP port and the session behind it, which the host lets
/// beat every 20 ms.
pub trait MediaPort: 'static {
    /// The address that goes into SDP.
    fn address(&self) -> SocketAddr;

    /// Gives the session to `work`.
    fn session<R>(&self, work: impl FnOnce(&mut Session, Instant) -> R) -> R;

    /// The next thing that happens on the session. Only one future waits at a time; dropping it
    /// loses nothing.
    fn event(&self) -> impl Future<Output = MediaEvent>;
}

/// Why audio cannot be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipError {
    /// It could not be fetched.
    Fetch(FetchError),
    /// It is no audio that can be read; a sentence says why.
    Unreadable(String),
    /// It is longer or larger than the configuration allows.
    TooLarge(String),
}

impl fmt::Display for ClipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClipError::Fetch(error) => error.fmt(f),
            ClipError::Unreadable(why) | ClipError::TooLarge(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ClipError {}

/// Why text cannot be spoken or speech cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechError {
    /// No engine is there.
    NoEngine,
    /// The engine failed; a sentence says how.
    Failed(String),
}

impl fmt::Display for SpeechError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpeechError::NoEngine => f.write_str("no speech engine is configured or installed"),
            SpeechError::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SpeechError {}

/// Speech on its way to being text.
pub trait Recognition: 'static {
    /// Takes samples, at the rate that was asked for. Never waits; what the recognizer cannot
    /// take in time is dropped.
    fn hear(&self, samples: &[i16]);

    /// No more speech comes; the final result does.
    fn finish(&self);

    /// The next result; `None` when there is none left.
    fn next(&self) -> impl Future<Output = Option<Result<Heard, SpeechError>>>;
}

/// A file that a recording is written to. Dropping it without [`RecordingFile::finish`] removes
/// what was written.
pub trait RecordingFile: 'static {
    /// Appends frames: one slice per channel, equally long. Never waits; a disk that is full or
    /// too slow shows in [`RecordingFile::failure`].
    fn write(&mut self, channels: &[&[i16]], rate: u32);

    /// Why it cannot be written any more.
    fn failure(&self) -> Option<String>;

    /// Completes the file. Gives its size in bytes, its length, and the format that it really
    /// has.
    fn finish(
        self,
    ) -> impl Future<Output = Result<(u64, Duration, RecordingFormat), String>> + 'static;
}

/// How a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketClosed {
    /// The code of the application's farewell (RFC 6455 §7.4); `None` when there was none, or
    /// none in it.
    pub code: Option<u16>,
    /// A sentence.
    pub why: String,
}

impl fmt::Display for SocketClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// A WebSocket of the application.
pub trait Socket: 'static {
    /// Sends a message. Never waits: false when the application takes messages too slowly and
    /// this one was dropped.
    fn send(&self, frame: Frame) -> bool;

    /// The next message.
    ///
    /// # Errors
    /// When the socket is closed; says how.
    fn next(&self) -> impl Future<Output = Result<Frame, SocketClosed>>;

    /// Sends what is still to be sent, then closes with the code 1000.
    fn close(&self);
}

/// A turn in the life of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It came in or was asked for.
    Begun,
    /// Its INVITE left.
    Left,
    /// It rings.
    Ringing,
    /// It was answered.
    Answered,
    /// A transfer began or has its result.
    Transfer,
    /// It is over. News of its transfers may still come.
    Ended,
    /// It is over, and a request that was under way then has its reply or was given up. Of one
    /// that is owed the host knows by itself.
    Settled,
}

/// The machine under a call. Lives on one shard, hence no `Send`.
pub trait Host: 'static {
    /// The audio side of a leg. Dropping it frees the port.
    type Media: MediaPort;
    /// Speech being recognised.
    type Recognition: Recognition;
    /// A recording being written.
    type Recording: RecordingFile;
    /// A WebSocket of the application.
    type Socket: Socket;

    /// The clock that timers run by.
    fn now(&self) -> Instant;

    /// The clock that people read.
    fn wall_clock(&self) -> SystemTime;

    /// 128 random bits.
    fn random(&self) -> u128;

    /// Gives the shard's endpoint to `work` and sends what it produced afterwards.
    fn endpoint<R>(&self, work: impl FnOnce(&mut Endpoint, Instant) -> R) -> R;

    /// Sends a request whose reply matters, by its policy.
    fn fetch(
        &self,
        call: CallKey,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Reply, FetchError>> + 'static;

    /// Sends a request whose reply does not matter: in order per call, retried by its policy,
    /// never holding up the call. `done` is told how it went, for the journal.
    fn tell(
        &self,
        call: CallKey,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    );

    /// As [`Host::tell`], for the final status of a call, which the application is owed whatever
    /// happens: that it is owed is written down before it is sent, and it is sent again after a
    /// crash until it was delivered or given up.
    fn owe(
        &self,
        record: &Arc<CallRecord>,
        request: HttpRequest,
        done: Box<dyn FnOnce(Result<u16, FetchError>)>,
    );

    /// The call has come further; what is kept of it may be brought up to date. Never waits.
    fn call_changed(&self, record: &Arc<CallRecord>, turn: Turn);

    /// A way to a called party has ended, answered or not. `has_rung`: the far end rang or answered,
    /// so that it was not the way that failed.
    fn way_ended(&self, way: &Way, end: &LegEnd, has_rung: bool);

    /// Resolves when a crash can no longer make this call be forgotten, or when that cannot be
    /// had now. The application first learns of a call after that.
    fn written_down(&self, record: &Arc<CallRecord>) -> impl Future<Output = ()> + 'static;

    /// Audio of a document, fetched and decoded; shared with every other call that plays it.
    fn clip(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Arc<Clip>, ClipError>> + 'static;

    /// Text as audio.
    fn speak(
        &self,
        text: SpeechText,
        voice: Voice,
    ) -> impl Future<Output = Result<Arc<Clip>, SpeechError>> + 'static;

    /// Begins to recognise speech at `rate` samples per second.
    ///
    /// # Errors
    /// When no recognizer can be had.
    fn recognize(
        &self,
        recognizer: &Recognizer,
        rate: u32,
    ) -> Result<Self::Recognition, SpeechError>;

    /// The text of a finished recording.
    fn transcribe(
        &self,
        recording: &RecordingFacts,
        recognizer: &Recognizer,
    ) -> impl Future<Output = Result<Heard, SpeechError>> + 'static;

    /// Opens the file of a recording.
    ///
    /// # Errors
    /// A sentence on why it cannot be written.
    fn record(&self, recording: &RecordingFacts) -> Result<Self::Recording, String>;

    /// Keeps what is known of a recording, so that it can be fetched.
    fn keep_recording(&self, recording: &RecordingFacts);

    /// Opens a WebSocket. The request describes the handshake; it is tried once, and its redirects
    /// are followed. The policy's `max_reply` is the largest message that is taken.
    fn connect(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Self::Socket, FetchError>> + 'static;

    /// Binds an RTP port on the address family of `towards`.
    ///
    /// # Errors
    /// When no port can be had; the call is then refused with 503.
    fn open_media(&self, towards: IpAddr) -> Result<Self::Media, MediaError>;
}
