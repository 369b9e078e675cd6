//! From and To, and the address form that many headers share (RFC 3261 sections 20.10, 20.20,
//! 20.39).

use std::borrow::Cow;
use std::ops::Deref;

use super::{BadHeader, Name, Params, TypedHeader};
use crate::syntax::{closing_quote, cut, is_token_byte, quote, trim, unquote};
use crate::uri::{BadUri, UriRef};

/// An address: display name, URI and header parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    display: &'a str,
    /// The URI as written, without angle brackets.
    pub uri: &'a str,
    /// The header's parameters; not those of the URI.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads `"Name" <uri>;params`, `Name <uri>;params`, `<uri>;params` or `uri;params`.
    ///
    /// Without angle brackets parameters belong to the header (RFC 3261 section 20). Display names
    /// that ought to be quoted are forgiven.
    pub fn parse(value: &'a str) -> Result<NameAddr<'a>, &'static str> {
        let value = trim(value);
        let name_end = if value.starts_with('"') {
            closing_quote(value).ok_or("has a quoted name without closing quote")? + 1
        } else {
            0
        };
        let after_name = value.get(name_end..).unwrap_or("");
        let Some(open) = memchr::memchr(b'<', after_name.as_bytes()) else {
            if name_end > 0 {
                return Err("has a name but no address in angle brackets");
            }
            return NameAddr::without_brackets(value);
        };
        let (before, inner) = cut(value, name_end + open);
        let display = trim(before);
        let close = memchr::memchr(b'>', inner.as_bytes());
        let (uri, rest) = cut(
            inner,
            close.ok_or("has an angle bracket that is not closed")?,
        );
        let (uri, rest) = (trim(uri), trim(rest));
        if uri.is_empty() {
            return Err("has no address");
        }
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err("has something unexpected after the address");
        }
        if name_end > 0 && display.len() != name_end {
            return Err("has something unexpected after the quoted name");
        }
        Ok(NameAddr {
            display,
            uri,
            params: Params::new(rest),
        })
    }

    fn without_brackets(value: &'a str) -> Result<NameAddr<'a>, &'static str> {
        let (uri, params) = match value.find(';') {
            Some(at) => value.split_at_checked(at).unwrap_or((value, "")),
            None => (value, ""),
        };
        let uri = trim(uri);
        if uri.is_empty() {
            return Err("has no address");
        }
        if uri.contains([' ', '\t', '>', '"']) {
            return Err("has an address that cannot be read");
        }
        Ok(NameAddr {
            display: "",
            uri,
            params: Params::new(params),
        })
    }

    /// The display name without quotes and escapes, if there is one.
    pub fn display(&self) -> Option<Cow<'a, str>> {
        match unquote(self.display) {
            name if name.is_empty() => None,
            name => Some(name),
        }
    }

    /// The display name as written, quotes included; empty when there is none.
    pub fn display_raw(&self) -> &'a str {
        self.display
    }

    /// The tag parameter.
    pub fn tag(&self) -> Option<&'a str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The URI with its parts.
    pub fn parsed_uri(&self) -> Result<UriRef<'a>, BadUri> {
        UriRef::borrowed(self.uri)
    }

    /// Writes an address; the URI always stands in angle brackets, and a display name that is not
    /// made of plain words is quoted.
    pub fn format(display: Option<&str>, uri: &str) -> String {
        match display.filter(|name| !name.is_empty()) {
            None => format!("<{uri}>"),
            Some(name) => {
                let plain = |b: u8| is_token_byte(b) || b == b' ';
                if name.bytes().all(plain) && name.trim() == name {
                    format!("{name} <{uri}>")
                } else {
                    format!("{} <{uri}>", quote(name))
                }
            }
        }
    }
}

macro_rules! address_header {
    ($(#[$doc:meta])* $header:ident, $list:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $header<'a>(pub NameAddr<'a>);

        impl<'a> TypedHeader<'a> for $header<'a> {
            const NAME: Name<'static> = Name::$header;
            const LIST: bool = $list;

            fn parse(value: &'a str) -> Result<Self, BadHeader> {
                NameAddr::parse(value)
                    .map($header)
                    .map_err(|problem| BadHeader::new(Name::$header, problem, value))
            }
        }

        impl<'a> Deref for $header<'a> {
            type Target = NameAddr<'a>;

            fn deref(&self) -> &NameAddr<'a> {
                &self.0
            }
        }
    };
}
pub(super) use address_header;

address_header! {
    /// Who a request is from.
    From, false
}
address_header! {
    /// Whom a request is for.
    To, false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_quoted_with_escapes_and_brackets_inside() {
        let addr = NameAddr::parse(r#""A \"B\" <sip:x@y>, C" <sip:a@b;tag=no>;tag=yes"#).unwrap();
        assert_eq!(addr.display().as_deref(), Some(r#"A "B" <sip:x@y>, C"#));
        assert_eq!(addr.uri, "sip:a@b;tag=no");
        assert_eq!(addr.tag(), Some("yes"));
    }

    #[test]
    fn without_brackets_parameters_belong_to_the_header() {
        let addr = NameAddr::parse("sip:a@b;tag=1").unwrap();
        assert_eq!((addr.uri, addr.tag()), ("sip:a@b", Some("1")));
    }

    #[test]
    fn plain_words_and_words_that_ought_to_be_quoted_are_read() {
        for name in ["Bob Smith", "Bob, Inc.", "J\u{10FFF6}rg", "日本"] {
            let value = format!("{name}<sip:a@b>");
            assert_eq!(
                NameAddr::parse(&value).unwrap().display().as_deref(),
                Some(name)
            );
        }
    }

    #[test]
    fn broken_ones_are_refused() {
        let broken = [
            "",
            "<>",
            "<sip:a@b",
            r#""name <sip:a@b>"#,
            r#""name" sip:a@b"#,
            "<sip:a@b> x",
            "name sip:a@b",
            ";tag=1",
            r#""a" b <sip:a@b>"#,
        ];
        for value in broken {
            assert!(NameAddr::parse(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn written_addresses_are_read_back() {
        for name in ["Bob", "Bob \"the\" \\ Builder", "a,b", " x ", "<sip:z@z>"] {
            let value = NameAddr::format(Some(name), "sip:a@b;x=1");
            let addr = NameAddr::parse(&value).unwrap();
            assert_eq!(addr.display().as_deref(), Some(name));
            assert_eq!(addr.uri, "sip:a@b;x=1");
        }
        assert_eq!(NameAddr::format(None, "tel:+1"), "<tel:+1>");
    }
}
