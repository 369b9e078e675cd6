//! What is kept: plain rows, one snapshot each.
//!
//! A row is written whole; a later one with the same key takes the place of an earlier one. Times
//! are microseconds since 1970, UTC.

use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::StoreError;
use crate::sql::{Row, Value};

mod call;
mod leg;
mod recording;
mod transfer;
mod webhooks;
mod words;

pub use call::{CallEnd, CallRow, CallState, Direction, EndedBy};
pub use leg::LegRow;
pub use recording::RecordingRow;
pub use transfer::TransferRow;
pub use webhooks::{WebhookAttempt, WebhooksRow};

/// A time of day as rows have it: microseconds since 1970.
pub fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The time of day of a row; times before 1970 are 1970.
pub fn system_time(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// A row of a table.
pub(crate) trait Record: Sized {
    /// The table.
    const TABLE: &'static str;
    /// Its columns, the key first.
    const COLUMNS: &'static [&'static str];
    /// Whether the row belongs to a call. It is kept under the number of the call then, which
    /// grows, so that new rows lie next to each other and a transaction touches few pages. The
    /// identifier of the call follows the other columns in [`Record::values`] and
    /// [`Record::read`].
    const OF_CALL: bool;
    /// How many of the columns are the key; of a row of a call, together with the call's number.
    const KEY: usize;

    /// The account, the row's own identifier, and the part that tells it from others of its call.
    fn key(&self) -> (&str, &str, &str);

    /// The values of the columns.
    fn values<'a>(&'a self, node: &'a str) -> Vec<Value<'a>>;

    /// Reads the columns.
    fn read(row: &mut Row) -> Result<Self, StoreError>;

    /// About how much memory it takes.
    fn bytes(&self) -> usize;

    /// The statement that writes one. Of a call that is not there nothing is written.
    fn upsert() -> String {
        let columns = Self::COLUMNS.join(", ");
        let marks: Vec<String> = (1..=Self::COLUMNS.len()).map(|n| format!("${n}")).collect();
        let marks = marks.join(", ");
        let (key, rest) = Self::COLUMNS.split_at(Self::KEY.min(Self::COLUMNS.len()));
        let changes: Vec<String> = rest.iter().map(|c| format!("{c} = excluded.{c}")).collect();
        let table = Self::TABLE;
        let (source, key) = if Self::OF_CALL {
            let call = Self::COLUMNS.len() + 1;
            let source = format!(
                "INTO {table} (call_no, {columns}) SELECT c.call_no, {marks} FROM calls c \
                 WHERE c.account = $1 AND c.sid = ${call}",
            );
            // The account goes with the number.
            let rest = key.iter().skip(1).copied();
            (source, ["call_no"].into_iter().chain(rest).collect())
        } else {
            let source = format!("INTO {table} ({columns}) VALUES ({marks})");
            (source, key.to_vec())
        };
        format!(
            "INSERT {source} ON CONFLICT ({}) DO UPDATE SET {}",
            key.join(", "),
            changes.join(", "),
        )
    }

    /// The beginning of a query, up to and without WHERE; the table is `t`, and `c` is the call
    /// of a row that belongs to one.
    fn select() -> String {
        let columns: Vec<String> = Self::COLUMNS.iter().map(|c| format!("t.{c}")).collect();
        let columns = columns.join(", ");
        let table = Self::TABLE;
        if Self::OF_CALL {
            format!(
                "SELECT {columns}, c.sid FROM {table} t \
                 JOIN calls c ON c.call_no = t.call_no AND c.account = t.account",
            )
        } else {
            format!("SELECT {columns} FROM {table} t")
        }
    }
}

/// A record that equals every other with its key.
#[derive(Debug)]
pub(crate) struct ByKey<R>(pub(crate) R);

impl<R: Record> PartialEq for ByKey<R> {
    fn eq(&self, other: &ByKey<R>) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<R: Record> Eq for ByKey<R> {}

impl<R: Record> Hash for ByKey<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}

/// About how much memory some strings take.
fn text_bytes(texts: &[&str]) -> usize {
    texts.iter().map(|text| text.len()).sum()
}

fn optional(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}
