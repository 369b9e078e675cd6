//! A call, in nobody's vocabulary: each dialect makes its own words of these facts.

use serde::{Deserialize, Serialize};

use super::words::words;
use super::{Record, optional, text_bytes};
use crate::error::StoreError;
use crate::sql::{Row, Value};

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
    /// Whole URI of the calling party.
    pub from_uri: String,
    /// Whole URI of the called party.
    pub to_uri: String,
    /// Display name of the calling party.
    pub from_name: String,
    /// Call-ID of its first leg.
    pub sip_call_id: String,
    /// Name of its trunk.
    pub trunk: Option<String>,
    /// Where it stands.
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
    /// When this row was made.
    pub updated_at: i64,
    /// Whatever else the server wants to find again, among it what it takes to tell the
    /// application of the end of a call that died: JSON that the store does not look into.
    pub details: Option<String>,
}

impl Record for CallRow {
    const TABLE: &'static str = "calls";
    const COLUMNS: &'static [&'static str] = &[
        "account",
        "sid",
        "node",
        "application",
        "parent",
        "direction",
        "from_told",
        "to_told",
        "from_uri",
        "to_uri",
        "from_name",
        "sip_call_id",
        "trunk",
        "state",
        "ended_by",
        "end_answered",
        "sip_status",
        "sip_reason",
        "cause",
        "end_message",
        "created_at",
        "started_at",
        "answered_at",
        "ended_at",
        "updated_at",
        "details",
    ];
    const OF_CALL: bool = false;
    const KEY: usize = 2;

    fn key(&self) -> (&str, &str, &str) {
        (&self.account, &self.sid, "")
    }

    fn values<'a>(&'a self, node: &'a str) -> Vec<Value<'a>> {
        let end = self.end.as_ref();
        vec![
            Value::text(&self.account),
            Value::text(&self.sid),
            Value::text(node),
            Value::text(&self.application),
            Value::optional(self.parent.as_deref()),
            Value::word(self.direction.as_str()),
            Value::short(&self.from),
            Value::short(&self.to),
            Value::text(&self.from_uri),
            Value::text(&self.to_uri),
            Value::text(&self.from_name),
            Value::text(&self.sip_call_id),
            Value::optional(self.trunk.as_deref()),
            Value::word(self.state.as_str()),
            Value::optional(end.map(|end| end.by.as_str())),
            Value::number(end.map(|end| end.answered)),
            Value::number(end.map(|end| end.sip_status)),
            Value::optional(end.map(|end| end.sip_reason.as_str())),
            Value::optional(end.and_then(|end| end.cause.as_deref())),
            Value::optional(end.and_then(|end| end.message.as_deref())),
            Value::Int(self.created_at),
            Value::number(self.started_at),
            Value::number(self.answered_at),
            Value::number(self.ended_at),
            Value::Int(self.updated_at),
            Value::optional(self.details.as_deref()),
        ]
    }

    fn read(row: &mut Row) -> Result<CallRow, StoreError> {
        let account = row.text()?;
        let sid = row.text()?;
        let _node = row.text()?;
        let application = row.text()?;
        let parent = row.optional_text()?;
        let direction = row.word(Direction::of_word)?;
        let from = row.text()?;
        let to = row.text()?;
        let from_uri = row.text()?;
        let to_uri = row.text()?;
        let from_name = row.text()?;
        let sip_call_id = row.text()?;
        let trunk = row.optional_text()?;
        let state = row.word(CallState::of_word)?;
        let by = row.optional_word(EndedBy::of_word)?;
        let answered = row.optional_int()?.unwrap_or_default() != 0;
        let sip_status = row.optional_number()?.unwrap_or_default();
        let sip_reason = row.optional_text()?.unwrap_or_default();
        let cause = row.optional_text()?;
        let message = row.optional_text()?;
        let end = by.map(|by| CallEnd {
            by,
            answered,
            sip_status,
            sip_reason,
            cause,
            message,
        });
        Ok(CallRow {
            account,
            sid,
            application,
            parent,
            direction,
            from,
            to,
            from_uri,
            to_uri,
            from_name,
            sip_call_id,
            trunk,
            state,
            end,
            created_at: row.int()?,
            started_at: row.optional_int()?,
            answered_at: row.optional_int()?,
            ended_at: row.optional_int()?,
            updated_at: row.int()?,
            details: row.optional_text()?,
        })
    }

    fn bytes(&self) -> usize {
        let end = self.end.as_ref().map_or(0, |end| {
            text_bytes(&[
                &end.sip_reason,
                optional(&end.cause),
                optional(&end.message),
            ])
        });
        let texts = [
            self.account.as_str(),
            &self.sid,
            &self.application,
            optional(&self.parent),
            &self.from,
            &self.to,
            &self.from_uri,
            &self.to_uri,
            &self.from_name,
            &self.sip_call_id,
            optional(&self.trunk),
            optional(&self.details),
        ];
        size_of::<CallRow>() + end + text_bytes(&texts)
    }
}
