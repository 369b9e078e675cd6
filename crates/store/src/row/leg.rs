//! A leg: the SIP dialog between this server and one party of a call.

use serde::{Deserialize, Serialize};

use super::call::Direction;
use super::{Record, optional, text_bytes};
use crate::error::StoreError;
use crate::sql::{Row, Value};

/// A leg of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegRow {
    /// Account of its call.
    pub account: String,
    /// Its call.
    pub call: String,
    /// Its name within the call.
    pub id: String,
    /// Which way it was set up.
    pub direction: Direction,
    /// Call-ID.
    pub sip_call_id: String,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    pub transport: String,
    /// Our address.
    pub local: String,
    /// The peer's address.
    pub remote: String,
    /// Name of its trunk.
    pub trunk: Option<String>,
    /// Codec of its audio.
    pub codec: Option<String>,
    /// Latest status of its INVITE.
    pub sip_status: u16,
    /// When its INVITE arrived or left.
    pub started_at: i64,
    /// When it was answered.
    pub answered_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
}

impl Record for LegRow {
    const TABLE: &'static str = "legs";
    const COLUMNS: &'static [&'static str] = &[
        "account",
        "leg",
        "direction",
        "sip_call_id",
        "transport",
        "local_address",
        "remote_address",
        "trunk",
        "codec",
        "sip_status",
        "started_at",
        "answered_at",
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
            Value::word(self.direction.as_str()),
            Value::text(&self.sip_call_id),
            Value::text(&self.transport),
            Value::text(&self.local),
            Value::text(&self.remote),
            Value::optional(self.trunk.as_deref()),
            Value::optional(self.codec.as_deref()),
            Value::Int(self.sip_status.into()),
            Value::Int(self.started_at),
            Value::number(self.answered_at),
            Value::number(self.ended_at),
            Value::text(&self.call),
        ]
    }

    fn read(row: &mut Row) -> Result<LegRow, StoreError> {
        Ok(LegRow {
            account: row.text()?,
            id: row.text()?,
            direction: row.word(Direction::of_word)?,
            sip_call_id: row.text()?,
            transport: row.text()?,
            local: row.text()?,
            remote: row.text()?,
            trunk: row.optional_text()?,
            codec: row.optional_text()?,
            sip_status: row.number()?,
            started_at: row.int()?,
            answered_at: row.optional_int()?,
            ended_at: row.optional_int()?,
            call: row.text()?,
        })
    }

    fn bytes(&self) -> usize {
        let texts = [
            self.account.as_str(),
            &self.call,
            &self.id,
            &self.sip_call_id,
            &self.transport,
            &self.local,
            &self.remote,
            optional(&self.trunk),
            optional(&self.codec),
        ];
        size_of::<LegRow>() + text_bytes(&texts)
    }
}
