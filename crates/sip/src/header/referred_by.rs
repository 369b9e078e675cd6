//! Referred-By (RFC 3892 section 3).

use std::borrow::Cow;
use std::ops::Deref;

use super::from_to::address_header;
use super::{BadHeader, Name, NameAddr, TypedHeader};

address_header! {
    /// On whose behalf a transfer is made.
    ReferredBy, false
}

impl<'a> ReferredBy<'a> {
    /// The Content-ID of the body part that holds the signed token.
    pub fn cid(&self) -> Option<Cow<'a, str>> {
        self.0.params.find("cid").map(|param| param.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_and_token_are_read() {
        let by = ReferredBy::parse(r#""R" <sip:r@h>;cid="20398823.2UWQFN309shb3@h""#).unwrap();
        assert_eq!(by.uri, "sip:r@h");
        assert_eq!(by.cid().as_deref(), Some("20398823.2UWQFN309shb3@h"));
        assert_eq!(ReferredBy::parse("sip:r@h").unwrap().cid(), None);
    }
}
