//! A transfer and what came of it.

use serde::{Deserialize, Serialize};

use super::{Record, optional, text_bytes};
use crate::error::StoreError;
use crate::sql::{Row, Value};

/// A transfer of a call. Words are those of our own view of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRow {
    /// Account of its call.
    pub account: String,
    /// Its call.
    pub call: String,
    /// Its name within the call.
    pub id: String,
    /// `blind` or another kind.
    pub kind: String,
    /// Where to.
    pub target: String,
    /// Final status of the REFER.
    pub refer_status: Option<u16>,
    /// Statuses of its NOTIFYs in order.
    pub notify_statuses: Vec<u16>,
    /// The one that settled it.
    pub final_notify_status: Option<u16>,
    /// Those that came too late.
    pub late_notify_statuses: Vec<u16>,
    /// How it ended; none while it runs.
    pub end: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Who or what ended it.
    pub ended_by: Option<String>,
    /// The whole in a sentence.
    pub verdict: Option<String>,
    /// When it began.
    pub started_at: i64,
    /// When its result came.
    pub ended_at: Option<i64>,
}

impl Record for TransferRow {
    const TABLE: &'static str = "transfers";
    const COLUMNS: &'static [&'static str] = &[
        "account",
        "transfer",
        "kind",
        "target",
        "refer_status",
        "notify_statuses",
        "final_notify_status",
        "late_notify_statuses",
        "transfer_end",
        "outcome",
        "ended_by",
        "verdict",
        "started_at",
        "ended_at",
    ];
    const OF_CALL: bool = true;
    const KEY: usize = 2;

    fn key(&self) -> (&str, &str, &str) {
        (&self.account, &self.call, &self.id)
    }

    fn values<'a>(&'a self, _node: &'a str) -> Vec<Value<'a>> {
        vec![
            Value::text(&self.account),
            Value::text(&self.id),
            Value::text(&self.kind),
            Value::text(&self.target),
            Value::number(self.refer_status),
            Value::owned(written(&self.notify_statuses)),
            Value::number(self.final_notify_status),
            Value::owned(written(&self.late_notify_statuses)),
            Value::optional(self.end.as_deref()),
            Value::optional(self.outcome.as_deref()),
            Value::optional(self.ended_by.as_deref()),
            Value::optional(self.verdict.as_deref()),
            Value::Int(self.started_at),
            Value::number(self.ended_at),
            Value::text(&self.call),
        ]
    }

    fn read(row: &mut Row) -> Result<TransferRow, StoreError> {
        Ok(TransferRow {
            account: row.text()?,
            id: row.text()?,
            kind: row.text()?,
            target: row.text()?,
            refer_status: row.optional_number()?,
            notify_statuses: statuses(&row.text()?),
            final_notify_status: row.optional_number()?,
            late_notify_statuses: statuses(&row.text()?),
            end: row.optional_text()?,
            outcome: row.optional_text()?,
            ended_by: row.optional_text()?,
            verdict: row.optional_text()?,
            started_at: row.int()?,
            ended_at: row.optional_int()?,
            call: row.text()?,
        })
    }

    fn bytes(&self) -> usize {
        let texts = [
            self.account.as_str(),
            &self.call,
            &self.id,
            &self.kind,
            &self.target,
            optional(&self.end),
            optional(&self.outcome),
            optional(&self.ended_by),
            optional(&self.verdict),
        ];
        let statuses = self.notify_statuses.len() + self.late_notify_statuses.len();
        size_of::<TransferRow>() + text_bytes(&texts) + statuses * size_of::<u16>()
    }
}

/// Statuses as they are kept: with commas.
fn written(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    words.join(",")
}

fn statuses(written: &str) -> Vec<u16> {
    written
        .split(',')
        .filter_map(|word| word.parse().ok())
        .collect()
}
