//! A call as it is written, to the journal and to its table.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::call::{COLUMNS, CallRow, CallState, CallTable, Direction, EndedBy};
use super::{LegRow, Record, TransferRow, WebhookRow, optional, text_bytes};
use crate::sql::Value;

/// What lists look at, and everything else as one text. It is made once, by whoever puts the call
/// and has it at hand, and is the same in the journal and in the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenCall {
    pub(crate) account: String,
    pub(crate) sid: String,
    application: String,
    parent: Option<String>,
    direction: Direction,
    from: String,
    to: String,
    state: CallState,
    by: Option<EndedBy>,
    answered: Option<bool>,
    sip_status: Option<u16>,
    cause: Option<String>,
    pub(crate) created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    body: String,
    details: Option<String>,
}

/// What has no column, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<i64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    sip_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "<[LegRow]>::is_empty")]
    legs: &'a [LegRow],
    #[serde(skip_serializing_if = "<[TransferRow]>::is_empty")]
    transfers: &'a [TransferRow],
    #[serde(skip_serializing_if = "<[WebhookRow]>::is_empty")]
    webhooks: &'a [WebhookRow],
}

impl Body<'_> {
    fn written(&self) -> String {
        SCRATCH.with_borrow_mut(|text| {
            text.clear();
            // Only text and numbers: there is nothing in it that JSON could not say.
            match serde_json::to_writer(&mut *text, self) {
                Ok(()) => str::from_utf8(text).unwrap_or_default().to_owned(),
                Err(_) => String::new(),
            }
        })
    }
}

thread_local! {
    /// Where the text of a body grows, so that the one that is kept takes no more than its length.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl From<CallRow> for WrittenCall {
    fn from(row: CallRow) -> WrittenCall {
        let end = row.end.as_ref();
        let body = Body {
            answered_at: row.answered_at,
            sip_reason: end.map_or("", |end| &end.sip_reason),
            message: end.and_then(|end| end.message.as_deref()),
            legs: &row.legs,
            transfers: &row.transfers,
            webhooks: &row.webhooks,
        };
        let body = body.written();
        WrittenCall {
            by: end.map(|end| end.by),
            answered: end.map(|end| end.answered),
            sip_status: end.map(|end| end.sip_status),
            cause: row.end.and_then(|end| end.cause),
            body,
            account: row.account,
            sid: row.sid,
            application: row.application,
            parent: row.parent,
            direction: row.direction,
            from: row.from,
            to: row.to,
            state: row.state,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            details: row.details,
        }
    }
}

impl WrittenCall {
    pub(crate) fn table(&self) -> CallTable {
        match self.state {
            CallState::Ended => CallTable::Over,
            _ => CallTable::Live,
        }
    }

    /// The values of the columns.
    pub(crate) fn values(&self) -> Vec<Value<'_>> {
        // The node and the run of a call that is not over follow.
        let mut values = Vec::with_capacity(COLUMNS.len() + 2);
        values.extend([
            Value::text(&self.account),
            Value::text(&self.sid),
            Value::text(&self.application),
            Value::optional(self.parent.as_deref()),
            Value::word(self.direction.as_str()),
            Value::short(&self.from),
            Value::short(&self.to),
            Value::word(self.state.as_str()),
            Value::optional(self.by.map(|by| by.as_str())),
            Value::number(self.answered),
            Value::number(self.sip_status),
            Value::optional(self.cause.as_deref()),
            Value::Int(self.created_at),
            Value::number(self.started_at),
            Value::number(self.ended_at),
            Value::text(&self.body),
            Value::optional(self.details.as_deref()),
        ]);
        values
    }

    /// The values of [`CallTable::late_news`].
    pub(crate) fn late_news(&self) -> Vec<Value<'_>> {
        vec![
            Value::text(&self.body),
            Value::optional(self.details.as_deref()),
            Value::text(&self.account),
            Value::text(&self.sid),
        ]
    }
}

impl Record for WrittenCall {
    fn key(&self) -> (&str, &str) {
        (&self.account, &self.sid)
    }

    fn bytes(&self) -> usize {
        let texts = [
            self.account.as_str(),
            &self.sid,
            &self.application,
            optional(&self.parent),
            &self.from,
            &self.to,
            optional(&self.cause),
            &self.body,
            optional(&self.details),
        ];
        size_of::<WrittenCall>() + text_bytes(&texts)
    }
}
