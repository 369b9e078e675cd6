//! What the application may ask for, and why it may be refused.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::config::Credentials;
use crate::locate::DnsQuestion;
use crate::transport::{Flow, Transport};
use crate::{UnsafeText, Uri};

/// A call to be placed.
#[derive(Clone, Debug, Default)]
pub struct OutgoingInvite {
    /// The Request-URI, without header part.
    pub uri: String,
    /// A URI to send the INVITE to instead of the Request-URI's host: the outbound proxy. It is
    /// written as the first Route.
    pub route: Option<String>,
    /// The From header's value without tag.
    pub from: String,
    /// The To header's value.
    pub to: String,
    /// Further headers. Those that belong to the stack are refused.
    pub headers: Vec<(String, String)>,
    /// The SDP offer. Without one the peer's offer arrives in `Event::Answered`, already
    /// acknowledged, so calls that shall carry media need it.
    pub body: Option<Bytes>,
    /// For digest challenges, now and on every later request of the leg.
    pub credentials: Vec<Credentials>,
    /// Sends on this flow, whatever the URI says.
    pub flow: Option<Flow>,
    /// Keeps everything within the dialog to the flow that the INVITE took, unless a proxy is on
    /// the way: for a phone behind address translation, whose Contact leads nowhere.
    pub keeps_flow: bool,
    /// How long the call may take to be answered, redirections and further servers included. Then
    /// it is cancelled, and ends with `LegEnd::NoAnswer`.
    pub ring_timeout: Option<Duration>,
    /// How long one server may leave the INVITE without any answer before the next is tried; at
    /// most 64·T1, which is the default.
    pub server_timeout: Option<Duration>,
    /// The last server, or the only one, has 64·T1 all the same: there is nobody else to try.
    pub last_server_waits: bool,
    /// Which redirections (3xx) are followed. The default follows none.
    pub redirects: Redirects,
}

/// Where a call may be sent on to by the called side (RFC 3261 section 8.1.3.4).
#[derive(Clone, Debug, Default)]
pub struct Redirects {
    /// How many further URIs are called at most; a URI is never called twice.
    pub most: u8,
    /// Says which URIs may be called; without it any may.
    pub policy: Option<RedirectPolicy>,
}

/// Decides whether a call may be sent on to a URI: the operator's allow-list.
#[derive(Clone)]
pub struct RedirectPolicy(Arc<dyn Fn(&Uri) -> bool + Send + Sync>);

impl RedirectPolicy {
    /// From a function; it is asked once for each Contact of a redirection.
    pub fn new(allows: impl Fn(&Uri) -> bool + Send + Sync + 'static) -> RedirectPolicy {
        RedirectPolicy(Arc::new(allows))
    }

    pub(crate) fn allows(&self, uri: &Uri) -> bool {
        (self.0)(uri)
    }
}

impl fmt::Debug for RedirectPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedirectPolicy(…)")
    }
}

/// A registration to be made and kept.
#[derive(Clone, Debug)]
pub struct OutgoingRegistration {
    /// The registrar's URI, such as `sip:carrier.example`.
    pub registrar: String,
    /// A URI to send to instead: the outbound proxy.
    pub route: Option<String>,
    /// The address of record as it is written into From and To, without tag.
    pub aor: String,
    /// User part of the Contact; `None` takes that of the address of record.
    pub contact_user: Option<String>,
    /// `+sip.instance` (RFC 5626), such as `urn:uuid:…`; `None` writes none.
    pub instance: Option<String>,
    /// How long the binding shall live; whole seconds.
    pub expires: Duration,
    /// How long one server may leave a REGISTER without final answer before the next is tried; at
    /// most 64·T1, which is the default.
    pub server_timeout: Option<Duration>,
    /// The first pause after a failure; it doubles with each further one, up to half an hour.
    pub retry: Duration,
    /// Further headers. Those that belong to the stack are refused.
    pub headers: Vec<(String, String)>,
    /// For digest challenges.
    pub credentials: Vec<Credentials>,
}

impl Default for OutgoingRegistration {
    fn default() -> OutgoingRegistration {
        OutgoingRegistration {
            registrar: String::new(),
            route: None,
            aor: String::new(),
            contact_user: None,
            instance: None,
            expires: Duration::from_secs(3600),
            server_timeout: None,
            retry: Duration::from_secs(30),
            headers: Vec::new(),
            credentials: Vec::new(),
        }
    }
}

/// A REFER to be sent.
#[derive(Clone, Debug, Default)]
pub struct OutgoingRefer {
    /// The Refer-To header's value, written as it is.
    pub refer_to: String,
    /// The Referred-By header's value; `None` sends none.
    pub referred_by: Option<String>,
    /// Further headers. Those that belong to the stack are refused.
    pub headers: Vec<(String, String)>,
    /// The Refer-Sub header (RFC 4488); `None` sends none.
    pub refer_sub: Option<bool>,
}

/// What a NOTIFY of ours reports about a call that the peer asked us to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyState {
    /// The status code of the sipfrag.
    pub status: u16,
    /// Its reason phrase; empty means the usual one.
    pub reason: String,
    /// Whether this ends the subscription (`terminated;reason=noresource`).
    pub last: bool,
}

/// Names a question to the resolver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResolveId(pub u64);

/// A host name that a request waits for (RFC 3263). Answered with `handle_resolved`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// Handed back with the answer.
    pub id: ResolveId,
    /// The host name.
    pub host: String,
    /// The port, if one was written: then SRV is not asked.
    pub port: Option<u16>,
    /// The transport, if one was written: then NAPTR is not asked.
    pub transport: Option<Transport>,
    /// Whether only TLS will do (`sips:`).
    pub secure: bool,
}

/// Names a question to DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DnsId(pub(crate) ResolveId, pub(crate) u16);

/// A question to DNS that a request waits for. Answered with `handle_dns`; those of one request
/// may be asked at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuery {
    /// Handed back with the answer.
    pub id: DnsId,
    /// What is asked.
    pub question: DnsQuestion,
}

/// One place a name leads to.
pub type Target = (Transport, SocketAddr);

/// Why a command was not carried out. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// There is no such leg (any more).
    UnknownLeg,
    /// The leg knows no such REFER.
    UnknownRefer,
    /// The leg's state does not allow it.
    WrongState {
        /// What was asked for.
        command: &'static str,
        /// What the leg is doing.
        state: &'static str,
    },
    /// A text would break the message.
    Unsafe(UnsafeText),
    /// A header that the stack writes itself was given.
    OwnedHeader(String),
    /// A URI or header value cannot be read.
    BadAddress {
        /// Where it stands.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::UnknownLeg => f.write_str("the leg is gone"),
            CommandError::UnknownRefer => f.write_str("the leg knows no such REFER"),
            CommandError::WrongState { command, state } => {
                write!(f, "cannot {command} while the leg is {state}")
            }
            CommandError::Unsafe(problem) => problem.fmt(f),
            CommandError::OwnedHeader(name) => {
                write!(
                    f,
                    "header {name:?} is written by the stack and cannot be set"
                )
            }
            CommandError::BadAddress { what, problem } => write!(f, "{what} {problem}"),
        }
    }
}

impl std::error::Error for CommandError {}

impl From<UnsafeText> for CommandError {
    fn from(problem: UnsafeText) -> CommandError {
        CommandError::Unsafe(problem)
    }
}

/// What an endpoint holds, for leak tests and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Legs.
    pub legs: usize,
    /// Client and server transactions.
    pub transactions: usize,
    /// Early and confirmed dialogs.
    pub dialogs: usize,
    /// Refer subscriptions, ours and the peers'.
    pub subscriptions: usize,
    /// Registrations of ours, and REGISTERs of others that wait for their answer.
    pub registrations: usize,
    /// Running timers.
    pub timers: usize,
}

/// What an endpoint has counted since it began, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were sent again: no answer came, or the peer repeated itself.
    pub resent: u64,
    /// Requests of ours that were never answered (timers B and F).
    pub timeouts: u64,
}
