//! Header names and the typed forms of the headers that call control needs, one file per header.
//!
//! Typed headers borrow from the message; nothing is copied until it must be.

mod allow;
mod contact;
mod content_type;
mod cseq;
mod event;
mod from_to;
mod max_forwards;
mod name;
mod rack_rseq;
mod reason;
mod refer_sub;
mod refer_to;
mod referred_by;
mod replaces;
mod retry_after;
mod route;
mod session_expires;
mod subscription_state;
mod target_dialog;
mod via;
mod warning;

use std::fmt;

pub use crate::syntax::{Param, Params};
use crate::syntax::{find_outside, trim};
pub use allow::{Allow, AllowEvents, Require, Supported, Unsupported};
pub use contact::Contact;
pub use content_type::ContentType;
pub use cseq::CSeq;
pub use event::Event;
pub use from_to::{From, NameAddr, To};
pub use max_forwards::MaxForwards;
pub(crate) use name::KnownNames;
pub use name::Name;
pub use rack_rseq::{RAck, RSeq};
pub use reason::Reason;
pub use refer_sub::ReferSub;
pub use refer_to::ReferTo;
pub use referred_by::ReferredBy;
pub use replaces::Replaces;
pub use retry_after::RetryAfter;
pub use route::{RecordRoute, Route};
pub use session_expires::{MinSe, Refresher, SessionExpires};
pub use subscription_state::{State, SubscriptionState};
pub use target_dialog::TargetDialog;
pub use via::{Transport, Via};
pub use warning::Warning;

/// A header with a known structure.
pub trait TypedHeader<'a>: Sized {
    /// The header's name.
    const NAME: Name<'static>;
    /// Whether one line may hold several values, separated by commas.
    const LIST: bool = false;

    /// Reads one value.
    fn parse(value: &'a str) -> Result<Self, BadHeader>;
}

/// A header that is missing or does not have the structure it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHeader {
    /// Which header.
    pub name: Name<'static>,
    /// What is wrong, for a person.
    pub problem: &'static str,
    /// The value as received; may be personal data, so it is not part of the message text.
    pub value: String,
}

impl BadHeader {
    pub(crate) fn new(name: Name<'static>, problem: &'static str, value: &str) -> BadHeader {
        BadHeader {
            name,
            problem,
            value: value.to_owned(),
        }
    }
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.problem)
    }
}

impl std::error::Error for BadHeader {}

/// A number of seconds or a sequence number: digits only; too large ones become the largest.
fn number(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX))
}

/// Splits a value from its parameters: `value;param=…`.
fn with_params(value: &str) -> (&str, Params<'_>) {
    match find_outside(value, b';').and_then(|at| value.split_at_checked(at)) {
        Some((value, params)) => (trim(value), Params::new(params)),
        None => (trim(value), Params::default()),
    }
}
