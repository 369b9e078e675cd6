//! A leg: the SIP dialog between this server and one party of a call.

use serde::{Deserialize, Serialize};

use super::call::Direction;

/// A leg of a call. Kept within the row of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegRow {
    /// Its name within the call.
    pub id: String,
    /// Which way it was set up.
    pub direction: Direction,
    /// The URI that was called, of a leg that we called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Call-ID.
    pub sip_call_id: String,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`, once a message has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// Our address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The peer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Name of its trunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// Codec of its audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
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
