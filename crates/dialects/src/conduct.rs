//! How a call behaves where the vendors differ and no document says so.

use crate::{Dialect, bxml};

impl Dialect {
    /// Whether a caller hears ringing while the first document is fetched. jambonz leaves the call
    /// at 100 Trying until a verb says otherwise (its first request reports `sip_status` 100).
    pub fn rings_while_fetching(self) -> bool {
        self != Dialect::Jambonz
    }

    /// Whether there is a word for a called side that is heard before its answer. That it rings is
    /// not told then.
    pub fn tells_early_media(self) -> bool {
        self == Dialect::Jambonz
    }

    /// Whether a reply without verbs means "carry on" instead of "end of document".
    pub fn empty_reply_goes_on(self) -> bool {
        self == Dialect::Jambonz
    }

    /// Whether the first request of a call tells this header of the INVITE.
    pub fn tells_header(self, name: &str) -> bool {
        match self {
            Dialect::Twiml | Dialect::Cxml => self.tells_header_again(name),
            Dialect::Bxml => bxml::tells_header(name),
            Dialect::Jambonz => true,
        }
    }

    /// Whether every later request tells this header of the INVITE too.
    pub fn tells_header_again(self, name: &str) -> bool {
        let is_custom = name
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        match self {
            Dialect::Twiml | Dialect::Cxml => {
                is_custom
                    || name.eq_ignore_ascii_case("Diversion")
                    || name.eq_ignore_ascii_case("User-to-User")
            }
            Dialect::Bxml | Dialect::Jambonz => false,
        }
    }

    /// The header field that says why a call was refused for want of a document.
    pub fn refusal_reason_header(self) -> Option<&'static str> {
        (self == Dialect::Jambonz).then_some("X-Reason")
    }
}
