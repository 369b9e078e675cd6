//! A transfer and what came of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Text, owned};

/// A transfer of a call. Kept within the row of its call. Words are those of our own view of a
/// transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferRow<'a> {
    /// Its name within the call.
    pub id: Text<'a>,
    /// `blind` or another kind.
    pub kind: Text<'a>,
    /// Where to.
    pub target: Text<'a>,
    /// Final status of the REFER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refer_status: Option<u16>,
    /// Statuses of its NOTIFYs in order.
    #[serde(default, skip_serializing_if = "<[u16]>::is_empty")]
    pub notify_statuses: Cow<'a, [u16]>,
    /// The one that settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_notify_status: Option<u16>,
    /// Those that came too late.
    #[serde(default, skip_serializing_if = "<[u16]>::is_empty")]
    pub late_notify_statuses: Cow<'a, [u16]>,
    /// How it ended; none while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Text<'a>>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Text<'a>>,
    /// Who or what ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Text<'a>>,
    /// The whole in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Text<'a>>,
    /// When it began.
    pub started_at: i64,
    /// When its result came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

impl TransferRow<'_> {
    pub(super) fn into_owned(self) -> TransferRow<'static> {
        TransferRow {
            id: owned(self.id),
            kind: owned(self.kind),
            target: owned(self.target),
            refer_status: self.refer_status,
            notify_statuses: Cow::Owned(self.notify_statuses.into_owned()),
            final_notify_status: self.final_notify_status,
            late_notify_statuses: Cow::Owned(self.late_notify_statuses.into_owned()),
            end: self.end.map(owned),
            outcome: self.outcome.map(owned),
            ended_by: self.ended_by.map(owned),
            verdict: self.verdict.map(owned),
            started_at: self.started_at,
            ended_at: self.ended_at,
        }
    }
}
