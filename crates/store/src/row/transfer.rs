//! A transfer and what came of it.

use serde::{Deserialize, Serialize};

/// A transfer of a call. Kept within the row of its call. Words are those of our own view of a
/// transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferRow {
    /// Its name within the call.
    pub id: String,
    /// `blind` or another kind.
    pub kind: String,
    /// Where to.
    pub target: String,
    /// Final status of the REFER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refer_status: Option<u16>,
    /// Statuses of its NOTIFYs in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify_statuses: Vec<u16>,
    /// The one that settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_notify_status: Option<u16>,
    /// Those that came too late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_notify_statuses: Vec<u16>,
    /// How it ended; none while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Who or what ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// The whole in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// When it began.
    pub started_at: i64,
    /// When its result came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}
