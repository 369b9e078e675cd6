//! Which way media flows (RFC 3264 §5.1, §6.1).

/// Direction of a stream, seen from the side that states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways; what holds when nothing is said.
    #[default]
    SendRecv,
    /// Only from the side that states it.
    SendOnly,
    /// Only to the side that states it.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The direction with these two abilities.
    pub const fn from_abilities(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the side that states it sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the side that states it receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// What is left of our wish when the other side states `theirs`: sendonly is met by recvonly,
    /// inactive by inactive.
    pub const fn meeting(self, theirs: Self) -> Self {
        Self::from_abilities(
            self.sends() && theirs.receives(),
            self.receives() && theirs.sends(),
        )
    }

    /// The SDP attribute (RFC 8866 §6.7).
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Reads the SDP attribute.
    pub fn from_attribute(name: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.attribute().eq_ignore_ascii_case(name))
    }
}
