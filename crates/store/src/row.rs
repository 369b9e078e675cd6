//! What is kept: plain rows, one snapshot each.
//!
//! A row is written whole; a later one with the same key takes the place of an earlier one. Times
//! are microseconds since 1970, UTC.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod call;
mod leg;
mod recording;
mod transfer;
mod webhook;
mod words;
mod written_call;

pub(crate) use call::CallTable;
pub use call::{CallEnd, CallRow, CallState, Direction, EndedBy};
pub use leg::LegRow;
pub use recording::RecordingRow;
pub use transfer::TransferRow;
pub use webhook::WebhookRow;
pub(crate) use written_call::{WrittenCall, key_hash};

/// Text of a row: borrowed by whoever puts it, owned by whoever has read it.
pub(crate) type Text<'a> = Cow<'a, str>;

fn owned(text: Text<'_>) -> Text<'static> {
    Cow::Owned(text.into_owned())
}

/// A time of day as rows have it: microseconds since 1970.
pub fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The time of day of a row; times before 1970 are 1970.
pub fn system_time(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// A row that waits to be written.
pub(crate) trait Record {
    /// The account and the row's own identifier.
    fn key(&self) -> (&str, &str);

    /// Adds the key to a hash.
    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize;
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
        self.0.hash_key(state);
    }
}

/// The statement that writes a row: what it sets when there is none with its key, and when there
/// is one.
fn upsert(table: &str, columns: &[&str], key: &str, changing: &[&str]) -> String {
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let changes: Vec<String> = changing
        .iter()
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    format!(
        "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({key}) DO UPDATE SET {}",
        columns.join(", "),
        marks.join(", "),
        changes.join(", "),
    )
}

/// About how much memory some strings take.
fn text_bytes(texts: &[&str]) -> usize {
    texts.iter().map(|text| text.len()).sum()
}

fn optional(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}
