//! How a call behaves where the vendors differ and no document says so.

use crate::Dialect;

impl Dialect {
    /// Whether a caller hears ringing while the first document is fetched. jambonz leaves the call
    /// at 100 Trying until a verb says otherwise (its first request reports `sip_status` 100).
    pub fn rings_while_fetching(self) -> bool {
        self != Dialect::Jambonz
    }

    /// Whether a reply without verbs means "carry on" instead of "end of document".
    pub fn empty_reply_goes_on(self) -> bool {
        self == Dialect::Jambonz
    }

    /// The header field that says why a call was refused for want of a document.
    pub fn refusal_reason_header(self) -> Option<&'static str> {
        (self == Dialect::Jambonz).then_some("X-Reason")
    }
}
