//! What a call asked its application.

use serde::{Deserialize, Serialize};

use super::{Text, owned};

/// A request of a call to its application. Kept within the row of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRow<'a> {
    /// What it was for; none when not even its URL could be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Text<'a>>,
    /// Method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Text<'a>>,
    /// URL without user information.
    pub url: Text<'a>,
    /// Status of the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The vendor's word and a sentence on why there was none of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<(Text<'a>, Text<'a>)>,
    /// When it left.
    pub started_at: i64,
    /// When it was answered or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

impl WebhookRow<'_> {
    pub(super) fn into_owned(self) -> WebhookRow<'static> {
        WebhookRow {
            purpose: self.purpose.map(owned),
            method: self.method.map(owned),
            url: owned(self.url),
            status: self.status,
            error: self
                .error
                .map(|(code, message)| (owned(code), owned(message))),
            started_at: self.started_at,
            ended_at: self.ended_at,
        }
    }
}
