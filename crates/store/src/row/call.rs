//! A call, in nobody's vocabulary: each dialect makes its own words of these facts.
//!
//! What lists are filtered by has columns. Everything else is one text of JSON, the body: it is
//! read together or not at all, and a row less is worth more than a column more.
//!
//! Calls that run and calls that are over have tables of their own, so that a call is written to
//! the large one, with its indexes, once. The table of those that run stays small.

use serde::{Deserialize, Serialize};

use super::words::words;
use super::{LegRow, TransferRow, WebhookRow, upsert};
use crate::error::{ErrorKind, StoreError};
use crate::sql::Row;

words! {
    /// Which way a call was set up.
    Direction {
        /// Somebody called us.
        Inbound = "inbound",
        /// We called somebody by request of the API.
        OutboundApi = "outbound-api",
        /// We called somebody on behalf of another call.
        OutboundDial = "outbound-dial",
    }
}

words! {
    /// Where a call stands.
    CallState {
        /// Asked for; the INVITE has not left.
        Queued = "queued",
        /// The INVITE arrived or left; nothing rings yet.
        Trying = "trying",
        /// It rings.
        Ringing = "ringing",
        /// It is answered.
        InProgress = "in-progress",
        /// It is over.
        Ended = "ended",
    }
}

words! {
    /// Who ended a call.
    EndedBy {
        /// The other party.
        Peer = "peer",
        /// A document, or the end of one.
        Document = "document",
        /// The API or the operator.
        Api = "api",
        /// The server, because something failed.
        Server = "server",
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    /// Who ended it.
    pub by: EndedBy,
    /// Whether it had been answered.
    pub answered: bool,
    /// The final SIP status of its INVITE.
    pub sip_status: u16,
    /// Its reason phrase.
    pub sip_reason: String,
    /// A word for the failure, if it was one.
    pub cause: Option<String>,
    /// A sentence on the failure.
    pub message: Option<String>,
}

/// A call.
///
/// The times by which calls are ordered and aged must hold: `created_at` never changes, and no
/// other time lies before it; its INVITE leaves within an hour of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Its account.
    pub account: String,
    /// Its identifier in the dialect's own form.
    pub sid: String,
    /// Identifier of its application.
    pub application: String,
    /// The call that it was made for.
    pub parent: Option<String>,
    /// Which way it was set up.
    pub direction: Direction,
    /// Calling party as the application is told; filters compare the first thousand bytes.
    pub from: String,
    /// Called party as the application is told; filters compare the first thousand bytes.
    pub to: String,
    /// Where it stands. A call that is over stays over: what is put later changes its parts only.
    pub state: CallState,
    /// How it ended; given exactly when `state` is [`CallState::Ended`].
    pub end: Option<CallEnd>,
    /// When it came in or was asked for.
    pub created_at: i64,
    /// When its INVITE arrived or left.
    pub started_at: Option<i64>,
    /// When it was answered.
    pub answered_at: Option<i64>,
    /// When it ended; given exactly when `state` is [`CallState::Ended`].
    pub ended_at: Option<i64>,
    /// Its legs.
    pub legs: Vec<LegRow>,
    /// Its transfers.
    pub transfers: Vec<TransferRow>,
    /// What it asked its application.
    pub webhooks: Vec<WebhookRow>,
    /// Whatever else the server wants to find again, among it what it takes to tell the
    /// application of the end of a call that died: JSON that the store does not look into.
    pub details: Option<String>,
}

/// Where calls are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallTable {
    /// Those that are over.
    Over,
    /// Those that run.
    Live,
}

/// Columns of both tables, in the order of [`super::WrittenCall::values`].
pub(crate) const COLUMNS: [&str; 17] = [
    "account",
    "sid",
    "application",
    "parent",
    "direction",
    "from_told",
    "to_told",
    "state",
    "ended_by",
    "end_answered",
    "sip_status",
    "cause",
    "created_at",
    "started_at",
    "ended_at",
    "body",
    "details",
];

impl CallTable {
    pub(crate) const ALL: [CallTable; 2] = [CallTable::Over, CallTable::Live];

    pub(crate) fn name(self) -> &'static str {
        match self {
            CallTable::Over => "calls",
            CallTable::Live => "live_calls",
        }
    }

    /// The statement that writes a row. Of a call that is over nothing changes that lists look at,
    /// so that no index is touched a second time.
    pub(crate) fn upsert(self) -> String {
        match self {
            CallTable::Over => upsert(self.name(), &COLUMNS, "account, sid", &["body", "details"]),
            CallTable::Live => {
                let columns = [&COLUMNS[..], &["node", "run"]].concat();
                let changing = columns.get(2..).unwrap_or_default();
                upsert(self.name(), &columns, "account, sid", changing)
            }
        }
    }

    /// The statement that changes what may still change of a call that is over, if it has a row.
    pub(crate) fn late_news() -> String {
        let over = CallTable::Over.name();
        format!("UPDATE {over} SET body = $1, details = $2 WHERE account = $3 AND sid = $4")
    }

    /// The beginning of a query, up to and without WHERE; the table is `t`.
    pub(crate) fn select(self) -> String {
        let columns: Vec<String> = COLUMNS.iter().map(|c| format!("t.{c}")).collect();
        format!("SELECT {} FROM {} t", columns.join(", "), self.name())
    }
}

/// What has no column, as it is read. What an earlier version did not write is none.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReadBody {
    answered_at: Option<i64>,
    sip_reason: String,
    message: Option<String>,
    legs: Vec<LegRow>,
    transfers: Vec<TransferRow>,
    webhooks: Vec<WebhookRow>,
}

impl CallRow {
    /// Reads the columns.
    pub(crate) fn read(row: &mut Row) -> Result<CallRow, StoreError> {
        let account = row.text()?;
        let sid = row.text()?;
        let application = row.text()?;
        let parent = row.optional_text()?;
        let direction = row.word(Direction::of_word)?;
        let from = row.text()?;
        let to = row.text()?;
        let state = row.word(CallState::of_word)?;
        let by = row.optional_word(EndedBy::of_word)?;
        let answered = row.optional_int()?.unwrap_or_default() != 0;
        let sip_status = row.optional_number()?.unwrap_or_default();
        let cause = row.optional_text()?;
        let created_at = row.int()?;
        let started_at = row.optional_int()?;
        let ended_at = row.optional_int()?;
        let body: ReadBody = serde_json::from_str(&row.text()?).map_err(|error| {
            let message = format!("the body of call {sid} cannot be read: {error}");
            StoreError::new(ErrorKind::Operator, message)
        })?;
        let end = by.map(|by| CallEnd {
            by,
            answered,
            sip_status,
            sip_reason: body.sip_reason,
            cause,
            message: body.message,
        });
        Ok(CallRow {
            account,
            sid,
            application,
            parent,
            direction,
            from,
            to,
            state,
            end,
            created_at,
            started_at,
            answered_at: body.answered_at,
            ended_at,
            legs: body.legs,
            transfers: body.transfers,
            webhooks: body.webhooks,
            details: row.optional_text()?,
        })
    }
}
