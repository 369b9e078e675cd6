//! A recording. Its sound is a file elsewhere.

use serde::{Deserialize, Serialize};

use super::{Record, optional, text_bytes};
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

impl Record for RecordingRow {
    const TABLE: &'static str = "recordings";
    const COLUMNS: &'static [&'static str] = &[
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
    const OF_CALL: bool = false;
    const KEY: usize = 2;

    fn key(&self) -> (&str, &str, &str) {
        (&self.account, &self.sid, "")
    }

    fn values<'a>(&'a self, _node: &'a str) -> Vec<Value<'a>> {
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

    fn read(row: &mut Row) -> Result<RecordingRow, StoreError> {
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
