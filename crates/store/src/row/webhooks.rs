//! What a call asked its application, in one row.

use serde::{Deserialize, Serialize};

use super::{Record, optional, text_bytes};
use crate::error::StoreError;
use crate::sql::{Row, Value};

/// The requests of a call to its application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhooksRow {
    /// Account of the call.
    pub account: String,
    /// The call.
    pub call: String,
    /// How many requests were made.
    pub asked: u32,
    /// How many of them came to nothing.
    pub failed: u32,
    /// The longest that a reply took, in microseconds.
    pub slowest: i64,
    /// As many of the requests as the server wants to keep.
    pub requests: Vec<WebhookAttempt>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAttempt {
    /// What it was for.
    pub purpose: String,
    /// Method.
    pub method: String,
    /// URL without user information.
    pub url: String,
    /// Status of the reply.
    pub status: Option<u16>,
    /// Why there was none of use.
    pub error: Option<String>,
    /// When it left.
    pub started_at: i64,
    /// When it was answered or given up.
    pub ended_at: Option<i64>,
}

impl Record for WebhooksRow {
    const TABLE: &'static str = "webhooks";
    const COLUMNS: &'static [&'static str] = &["account", "asked", "failed", "slowest", "requests"];
    const OF_CALL: bool = true;
    const KEY: usize = 1;

    fn key(&self) -> (&str, &str, &str) {
        (&self.account, &self.call, "")
    }

    fn values<'a>(&'a self, _node: &'a str) -> Vec<Value<'a>> {
        // Only text and numbers: there is nothing in it that JSON could not say.
        let requests = serde_json::to_string(&self.requests).unwrap_or_default();
        vec![
            Value::text(&self.account),
            Value::Int(self.asked.into()),
            Value::Int(self.failed.into()),
            Value::Int(self.slowest),
            Value::owned(requests),
            Value::text(&self.call),
        ]
    }

    fn read(row: &mut Row) -> Result<WebhooksRow, StoreError> {
        Ok(WebhooksRow {
            account: row.text()?,
            asked: row.number()?,
            failed: row.number()?,
            slowest: row.int()?,
            requests: serde_json::from_str(&row.text()?).unwrap_or_default(),
            call: row.text()?,
        })
    }

    fn bytes(&self) -> usize {
        let requests: usize = self.requests.iter().map(attempt_bytes).sum();
        size_of::<WebhooksRow>() + text_bytes(&[&self.account, &self.call]) + requests
    }
}

fn attempt_bytes(attempt: &WebhookAttempt) -> usize {
    let texts = [
        attempt.purpose.as_str(),
        &attempt.method,
        &attempt.url,
        optional(&attempt.error),
    ];
    size_of::<WebhookAttempt>() + text_bytes(&texts)
}
