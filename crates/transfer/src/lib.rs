//! One call transfer as a state machine with exactly one result.
//!
//! A [`Transfer`] is told what happens around a SIP REFER (its response, NOTIFYs, hang-ups, time)
//! and says what came of it: one [`TransferResult`] with the raw facts, an outcome that is never
//! success without a 2xx from the target, and a verdict in words.
//!
//! Beside it stand what a REFER is made of, each in a module of its own: targets, Referred-By, the
//! fragments of NOTIFYs, and the headers that documents may not touch.
//!
//! Promises: no I/O, no clock, no panic on any input, one result per transfer. Leaves out: sending
//! and matching messages (the SIP crate), and vendors' words for results (the dialects).

pub mod allow_list;
pub mod cause;
pub mod limits;
pub mod not_applicable;
pub mod notification;
pub mod owned_headers;
pub mod refer_to;
pub mod referred_by;
pub mod result;
pub mod sipfrag;
pub mod transfer;
mod verdict;

pub use allow_list::{AllowList, Refusal};
pub use limits::Limits;
pub use not_applicable::NotApplicable;
pub use notification::{
    LocalFailure, Notification, NotifyEffect, NotifyWarning, ReferAnswer, Subscription,
    SubscriptionState,
};
pub use refer_to::{ReferTo, ReferToError};
pub use result::{Amendment, End, EndedBy, Outcome, TransferResult};
pub use transfer::Transfer;
