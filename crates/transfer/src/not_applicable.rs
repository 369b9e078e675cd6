//! Why no REFER was sent at all.

use std::fmt;

use crate::allow_list::Refusal;
use crate::refer_to::ReferToError;

/// The reason why a transfer never reached the wire. Displays as half a sentence that follows
/// "No REFER was sent: ".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotApplicable {
    /// The call is not answered yet, and the dialect does not answer it for a transfer.
    NotAnswered,
    /// The call is already ending.
    CallEnding,
    /// The dialect does not allow a transfer on a leg of this direction.
    WrongDirection,
    /// Another transfer on this dialog has no result yet.
    TransferInProgress,
    /// The target cannot be written into a Refer-To header.
    BadTarget(ReferToError),
    /// The operator's `allow_targets` does not reach the target.
    TargetRefused(Refusal),
    /// Anything else that keeps a REFER from being built, in words.
    Unsendable(String),
}

impl NotApplicable {
    /// Whether the call goes on after this refusal.
    pub(crate) fn call_stands(&self) -> bool {
        !matches!(self, Self::CallEnding)
    }
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnswered => f.write_str("the call has not been answered yet"),
            Self::CallEnding => f.write_str("the call was already ending"),
            Self::WrongDirection => {
                f.write_str("the dialect does not allow a transfer on a leg of this direction")
            }
            Self::TransferInProgress => {
                f.write_str("another transfer of this call has no result yet")
            }
            Self::BadTarget(error) => write!(f, "{error}"),
            Self::TargetRefused(refusal) => write!(f, "{refusal}"),
            Self::Unsendable(why) => f.write_str(why),
        }
    }
}
