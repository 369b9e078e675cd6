//! The moments of a call at which an application is asked or told something.

use hookflash_program::{Hook, Refer};
use hookflash_transfer::TransferResult;

/// A change of a call's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusEvent {
    /// The INVITE arrived (inbound) or is about to leave.
    Initiated,
    /// It rings.
    Ringing,
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
    /// An inbound call wants its first document.
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
    /// The call's status changed. `sequence` counts from 0 per call.
    Status {
        /// What happened.
        event: StatusEvent,
        /// Counts the status requests of this call from 0.
        sequence: u32,
    },
}
