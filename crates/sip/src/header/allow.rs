//! The headers that list tokens: Allow, Allow-Events, Supported, Require, Unsupported
//! (RFC 3261 sections 20.5, 20.32, 20.37, 20.40; RFC 6665 section 8.2.2).

use super::{BadHeader, Name, TypedHeader};
use crate::headers::Headers;
use crate::syntax::is_token;

macro_rules! token_header {
    ($(#[$doc:meta])* $header:ident, $same:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $header<'a>(pub &'a str);

        impl<'a> TypedHeader<'a> for $header<'a> {
            const NAME: Name<'static> = Name::$header;
            const LIST: bool = true;

            fn parse(value: &'a str) -> Result<Self, BadHeader> {
                if is_token(value) {
                    Ok($header(value))
                } else {
                    Err(BadHeader::new(Name::$header, "lists something that is no token", value))
                }
            }
        }

        impl $header<'_> {
            /// Whether the token stands in any of these header lines.
            pub fn lists(headers: &Headers, token: &str) -> bool {
                headers.get_list(Name::$header).any(|item| item.$same(token))
            }
        }
    };
}

token_header! {
    /// A method that the sender accepts. Methods are case-sensitive.
    Allow, eq
}
token_header! {
    /// An event package that the sender serves.
    AllowEvents, eq_ignore_ascii_case
}
token_header! {
    /// An extension that the sender understands.
    Supported, eq_ignore_ascii_case
}
token_header! {
    /// An extension that the receiver must understand.
    Require, eq_ignore_ascii_case
}
token_header! {
    /// An extension that the receiver of a request does not understand.
    Unsupported, eq_ignore_ascii_case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_over_all_lines() {
        let mut headers = Headers::default();
        headers.push("Allow", "INVITE,ACK");
        headers.push("Allow", "REFER");
        headers.push("k", "Timer , 100rel");
        assert!(Allow::lists(&headers, "REFER"));
        assert!(!Allow::lists(&headers, "refer"));
        assert!(Supported::lists(&headers, "timer"));
        assert!(!Require::lists(&headers, "timer"));
        assert_eq!(
            headers.typed_list::<Allow>().filter(Result::is_ok).count(),
            3
        );
    }
}
