//! A call, in nobody's vocabulary: each dialect makes its own words of these facts.
//!
//! What lists are filtered by has columns. Everything else is one text of JSON, the body: it is
//! read together or not at all, and a row less is worth more than a column more.
//!
//! Calls that run and calls that are over have tables of their own, so that a call is written to
//! the large one, with its indexes, once. The table of those that run stays small.

use serde::{Deserialize, Serialize};

use super::words::words;
use super::{LegRow, Text, TransferRow, WebhookRow, owned, upsert};
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
pub struct CallEnd<'a> {
    /// Who ended it.
    pub by: EndedBy,
    /// Whether it had been answered.
    pub answered: bool,
    /// The final SIP status of its INVITE.
    pub sip_status: u16,
    /// Its reason phrase.
    pub sip_reason: Text<'a>,
    /// A word for the failure, if it was one.
    pub cause: Option<Text<'a>>,
    /// A sentence on the failure.
    pub message: Option<Text<'a>>,
}

/// A call. Whoever puts one borrows its texts from where it has them; one that is read has its own.
///
/// The times by which calls are ordered and aged must hold: `created_at` never changes, and no
/// other time lies before it; its INVITE leaves within an hour of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow<'a> {
    /// Its account.
    pub account: Text<'a>,
    /// Its identifier in the dialect's own form.
    pub sid: Text<'a>,
    /// Identifier of its application.
    pub application: Text<'a>,
    /// The call that it was made for.
    pub parent: Option<Text<'a>>,
    /// Which way it was set up.
    pub direction: Direction,
    /// Calling party as the application is told; filters compare the first thousand bytes.
    pub from: Text<'a>,
    /// Called party as the application is told; filters compare the first thousand bytes.
    pub to: Text<'a>,
    /// Where it stands. A call that is over stays over: what is put later changes its parts only.
    pub state: CallState,
    /// How it ended; given exactly when `state` is [`CallState::Ended`].
    pub end: Option<CallEnd<'a>>,
    /// When it came in or was asked for.
    pub created_at: i64,
    /// When its INVITE arrived or left.
    pub started_at: Option<i64>,
    /// When it was answered.
    pub answered_at: Option<i64>,
    /// When it ended; given exactly when `state` is [`CallState::Ended`].
    pub ended_at: Option<i64>,
    /// Its legs.
    pub legs: Vec<LegRow<'a>>,
    /// Its transfers.
    pub transfers: Vec<TransferRow<'a>>,
    /// What it asked its application.
    pub webhooks: Vec<WebhookRow<'a>>,
    /// Whatever else the server wants to find again, among it what it takes to tell the
    /// application of the end of a call that died: JSON that the store does not look into.
    pub details: Option<Text<'a>>,
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
    sip_reason: Text<'static>,
    message: Option<Text<'static>>,
    legs: Vec<LegRow<'static>>,
    transfers: Vec<TransferRow<'static>>,
    webhooks: Vec<WebhookRow<'static>>,
}

impl CallRow<'_> {
    /// The same with texts of its own.
    pub fn into_owned(self) -> CallRow<'static> {
        CallRow {
            account: owned(self.account),
            sid: owned(self.sid),
            application: owned(self.application),
            parent: self.parent.map(owned),
            direction: self.direction,
            from: owned(self.from),
            to: owned(self.to),
            state: self.state,
            end: self.end.map(CallEnd::into_owned),
            created_at: self.created_at,
            started_at: self.started_at,
            answered_at: self.answered_at,
            ended_at: self.ended_at,
            legs: self.legs.into_iter().map(LegRow::into_owned).collect(),
            transfers: self
                .transfers
                .into_iter()
                .map(TransferRow::into_owned)
                .collect(),
            webhooks: self
                .webhooks
                .into_iter()
                .map(WebhookRow::into_owned)
                .collect(),
            details: self.details.map(owned),
        }
    }
}

impl CallEnd<'_> {
    fn into_owned(self) -> CallEnd<'static> {
        CallEnd {
            by: self.by,
            answered: self.answered,
            sip_status: self.sip_status,
            sip_reason: owned(self.sip_reason),
            cause: self.cause.map(owned),
            message: self.message.map(owned),
        }
    }
}

impl CallRow<'static> {
    /// Reads the columns.
    pub(crate) fn read(row: &mut Row) -> Result<CallRow<'static>, StoreError> {
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
            cause: cause.map(Text::from),
            message: body.message,
        });
        Ok(CallRow {
            account: account.into(),
            sid: sid.into(),
            application: application.into(),
            parent: parent.map(Text::from),
            direction,
            from: from.into(),
            to: to.into(),
            state,
            end,
            created_at,
            started_at,
            answered_at: body.answered_at,
            ended_at,
            legs: body.legs,
            transfers: body.transfers,
            webhooks: body.webhooks,
            details: row.optional_text()?.map(Text::from),
        })
    }
}
