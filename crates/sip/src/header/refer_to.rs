//! Refer-To (RFC 3515 section 2.1).

use std::ops::Deref;

use super::from_to::address_header;
use super::{BadHeader, Name, NameAddr, TypedHeader};

address_header! {
    /// Where a transferee is asked to call.
    ReferTo, false
}

impl ReferTo<'_> {
    /// The value for a target: always in angle brackets, the target byte for byte.
    pub fn format(uri: &str) -> String {
        NameAddr::format(None, uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c9_c11_the_target_stands_in_brackets_byte_for_byte() {
        for uri in [
            "sip:a%3Ab@h:5070;user=phone?X-A=1&Replaces=a%40b%3Bto-tag%3D1",
            "tel:+49-30",
        ] {
            let value = ReferTo::format(uri);
            assert_eq!(value, format!("<{uri}>"));
            assert_eq!(ReferTo::parse(&value).unwrap().uri, uri);
        }
    }
}
