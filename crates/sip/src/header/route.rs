//! Route and Record-Route (RFC 3261 sections 20.30 and 20.34).

use std::ops::Deref;

use super::from_to::address_header;
use super::{BadHeader, Name, NameAddr, TypedHeader};

address_header! {
    /// A proxy that a request is to visit.
    Route, true
}
address_header! {
    /// A proxy that wants to see the dialog's further requests.
    RecordRoute, true
}

impl Route<'_> {
    /// Whether the proxy routes loosely (RFC 3261 section 19.1.1, `lr`).
    pub fn is_loose(&self) -> bool {
        self.0
            .parsed_uri()
            .is_ok_and(|uri| uri.params().contains("lr"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_routing_is_a_parameter_of_the_uri() {
        assert!(Route::parse("<sip:p.example;lr>").unwrap().is_loose());
        assert!(Route::parse("<sip:p.example;lr=on>").unwrap().is_loose());
        assert!(!Route::parse("<sip:p.example>;lr").unwrap().is_loose());
    }
}
