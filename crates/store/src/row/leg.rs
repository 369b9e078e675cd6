//! A leg: the SIP dialog between this server and one party of a call.

use serde::{Deserialize, Serialize};

use super::call::Direction;
use super::{Text, owned};

/// A leg of a call. Kept within the row of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegRow<'a> {
    /// Its name within the call.
    pub id: Text<'a>,
    /// Which way it was set up.
    pub direction: Direction,
    /// The URI that was called, of a leg that we called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Text<'a>>,
    /// Call-ID.
    pub sip_call_id: Text<'a>,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`, once a message has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Text<'a>>,
    /// Our address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Text<'a>>,
    /// The peer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Text<'a>>,
    /// Name of its trunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<Text<'a>>,
    /// Codec of its audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Text<'a>>,
    /// Latest status of its INVITE.
    pub sip_status: u16,
    /// When its INVITE arrived or left.
    pub started_at: i64,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<i64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

impl LegRow<'_> {
    pub(super) fn into_owned(self) -> LegRow<'static> {
        LegRow {
            id: owned(self.id),
            direction: self.direction,
            uri: self.uri.map(owned),
            sip_call_id: owned(self.sip_call_id),
            transport: self.transport.map(owned),
            local: self.local.map(owned),
            remote: self.remote.map(owned),
            trunk: self.trunk.map(owned),
            codec: self.codec.map(owned),
            sip_status: self.sip_status,
            started_at: self.started_at,
            answered_at: self.answered_at,
            ended_at: self.ended_at,
        }
    }
}
