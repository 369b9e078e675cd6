//! A recording. Its sound is a file elsewhere.

use serde::{Deserialize, Serialize};

use super::{Record, optional, text_bytes, upsert};
use crate::error::StoreError;
use crate::sql::{Row, Value};

/// A recording of a call. Words are the server's own; the store compares none of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingRow {
    /// Its account.
    pub account: String,
    /// Its identifier in the dialect's own form.
    pub sid: String,
    /// Its call.
    pub call: String,
    /// How far it has come.
    pub state: String,
    /// Who asked for it.
    pub source: String,
    /// How its sound is kept.
    pub format: String,
    /// 1 or 2.
    pub channels: u8,
    /// Size of the file in bytes.
    pub size: u64,
    /// How long it sounds, in microseconds.
    pub duration: i64,
    /// When it began.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Whatever else the server wants to find again: JSON that the store does not look into.
    pub details: Option<String>,
}

/// Columns of the table, in the order of [`RecordingRow::values`].
const COLUMNS: [&str; 12] = [
    "account",
    "sid",
    "call_sid",
    "state",
    "source",
    "format",
    "channels",
    "size",
    "duration",
    "started_at",
    "ended_at",
    "details",
];

impl RecordingRow {
    /// The statement that writes one.
    pub(crate) fn upsert() -> String {
        let changing = COLUMNS.get(2..).unwrap_or_default();
        upsert("recordings", &COLUMNS, "account, sid", changing)
    }

    /// The beginning of a query, up to and without WHERE; the table is `t`.
    pub(crate) fn select() -> String {
        let columns: Vec<String> = COLUMNS.iter().map(|c| format!("t.{c}")).collect();
        format!("SELECT {} FROM recordings t", columns.join(", "))
    }

    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(&self.account),
            Value::text(&self.sid),
            Value::text(&self.call),
            Value::text(&self.state),
            Value::text(&self.source),
            Value::text(&self.format),
            Value::Int(self.channels.into()),
            Value::Int(i64::try_from(self.size).unwrap_or(i64::MAX)),
            Value::Int(self.duration),
            Value::Int(self.started_at),
            Value::number(self.ended_at),
            Value::optional(self.details.as_deref()),
        ]
    }

    pub(crate) fn read(row: &mut Row) -> Result<RecordingRow, StoreError> {
        Ok(RecordingRow {
            account: row.text()?,
            sid: row.text()?,
            call: row.text()?,
            state: row.text()?,
            source: row.text()?,
            format: row.text()?,
            channels: row.number()?,
            size: row.number()?,
            duration: row.int()?,
            started_at: row.int()?,
            ended_at: row.optional_int()?,
            details: row.optional_text()?,
        })
    }
}

impl Record for RecordingRow {
    fn key(&self) -> (&str, &str) {
        (&self.account, &self.sid)
    }

    fn bytes(&self) -> usize {
        let texts = [
            self.account.as_str(),
            &self.sid,
            &self.call,
            &self.state,
            &self.source,
            &self.format,
            optional(&self.details),
        ];
        size_of::<RecordingRow>() + text_bytes(&texts)
    }
}
