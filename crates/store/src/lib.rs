//! Records that survive: calls with their legs, transfers and webhooks, recordings, and requests
//! that are owed to applications, in SQLite or PostgreSQL.
//!
//! Promises: putting a record never waits and never fails a call; records are written in batches
//! by a thread of the store, and the latest state of each wins. While the database cannot be
//! written, a bounded backlog waits in memory and drains afterwards. What [`Store::owe`] has
//! accepted is on disk and is handed out until it is delivered or given up, in order per call and
//! at least once. Every row has an account, and every question a [`Scope`].
//!
//! Leaves out: what the rows mean. It stores facts in nobody's vocabulary and bytes it does not
//! look into; dialects, HTTP and retry policies are the server's.

mod backlog;
mod batch;
mod call_list;
mod call_match;
mod dead_letter;
mod error;
mod journal;
mod known;
mod options;
mod outbox;
mod reader;
mod recording_list;
mod retention;
mod row;
mod scope;
mod sql;
mod store;
mod told;
mod writer;

pub use backlog::Trouble;
pub use call_list::{CallFilter, CallPage, Cursor, Order, Page, Span, Standing, Statuses};
pub use dead_letter::{DeadLetter, DeadLetters};
pub use error::{ErrorKind, StoreError};
pub use options::Options;
pub use outbox::{Next, Owed};
pub use recording_list::RecordingFilter;
pub use row::{
    CallEnd, CallRow, CallState, Direction, EndedBy, LegRow, RecordingRow, TransferRow, WebhookRow,
    micros, system_time,
};
pub use scope::Scope;
pub use store::{Health, NotWritten, Store};
pub use told::told_together;
