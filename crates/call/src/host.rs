//! What a call needs of the machine it runs on.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::time::{Instant, SystemTime};

use hookflash_dialects::{FetchError, HttpRequest, Reply};
use hookflash_sip::Endpoint;

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

/// The audio side of one leg: a bound RTP port.
pub trait MediaPort {
    /// The address that goes into SDP.
    fn address(&self) -> SocketAddr;

    /// Starts, changes or (with `None`) pauses what is sent. Silence, one packet each 20 ms.
    fn send_silence(&self, stream: Option<hookflash_media::NegotiatedStream>);
}

/// The machine under a call. Lives on one shard, hence no `Send`.
pub trait Host: 'static {
    /// The audio side of a leg. Dropping it frees the port.
    type Media: MediaPort;

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

    /// Binds an RTP port on the address family of `towards`.
    ///
    /// # Errors
    /// When no port can be had; the call is then refused with 503.
    fn open_media(&self, towards: IpAddr) -> Result<Self::Media, MediaError>;
}
