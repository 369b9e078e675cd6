//! Content-Type (RFC 3261 section 20.15).

use super::{BadHeader, Name, Params, TypedHeader, with_params};
use crate::syntax::{cut, is_token, trim};

/// The media type of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType<'a> {
    /// The type, such as `application`.
    pub kind: &'a str,
    /// The subtype, such as `sdp`.
    pub subtype: &'a str,
    /// All parameters.
    pub params: Params<'a>,
}

impl ContentType<'_> {
    /// Whether this is that media type, without regard to case and parameters.
    pub fn is(&self, media_type: &str) -> bool {
        media_type.split_once('/').is_some_and(|(kind, subtype)| {
            self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
        })
    }
}

impl<'a> TypedHeader<'a> for ContentType<'a> {
    const NAME: Name<'static> = Name::ContentType;

    fn parse(value: &'a str) -> Result<ContentType<'a>, BadHeader> {
        let (media_type, params) = with_params(value);
        let slash = media_type
            .bytes()
            .position(|b| b == b'/')
            .unwrap_or(media_type.len());
        let (kind, subtype) = cut(media_type, slash);
        let (kind, subtype) = (trim(kind), trim(subtype));
        if !is_token(kind) || !is_token(subtype) {
            return Err(BadHeader::new(Name::ContentType, "is no media type", value));
        }
        Ok(ContentType {
            kind,
            subtype,
            params,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_compare_without_case_and_parameters() {
        let kind = ContentType::parse("Message/SIPFRAG ; version=2.0").unwrap();
        assert!(kind.is("message/sipfrag"));
        assert!(!kind.is("message/sip"));
        assert_eq!(kind.params.get("version"), Some("2.0"));
        for value in ["", "text", "text/", "a b/c"] {
            assert!(ContentType::parse(value).is_err(), "{value:?}");
        }
    }
}
