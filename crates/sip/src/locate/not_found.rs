//! Why a search for a place ends with none.

use std::fmt;

/// Why there is no place to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// DNS knows no such name, or no address of it.
    NoAddress,
    /// DNS did not answer in time, or with an error.
    Unanswered,
    /// The domain says that it takes no calls (RFC 2782: the target `.`).
    Denied,
    /// There are addresses, but none of a transport and family that we listen on.
    OutOfReach,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotFound::NoAddress => "DNS knows no address of it",
            NotFound::Unanswered => "DNS did not answer in time, or with an error",
            NotFound::Denied => "its domain says in DNS that it takes no calls",
            NotFound::OutOfReach => {
                "it has no address of a transport and family that is listened on here"
            }
        })
    }
}
