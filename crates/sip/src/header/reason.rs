//! Reason (RFC 3326 section 2).

use std::borrow::Cow;
use std::fmt;

use super::{BadHeader, Name, Params, TypedHeader, with_params};
use crate::syntax::{is_token, quote};

/// Why a request was sent, a BYE or CANCEL above all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850` or another protocol, as written.
    pub protocol: &'a str,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Reason<'a> {
    /// The cause: a status code for `SIP`, a release cause for `Q.850`.
    pub fn cause(&self) -> Option<u16> {
        self.params
            .find("cause")
            .and_then(|cause| cause.text().parse().ok())
    }

    /// The cause in words.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        self.params.find("text").map(|text| text.text())
    }

    /// Writes a Reason value.
    pub fn format(protocol: &str, cause: u16, text: Option<&str>) -> String {
        use fmt::Write;
        let mut value = format!("{protocol};cause={cause}");
        if let Some(text) = text {
            // Writing to a String cannot fail.
            let _ = write!(value, ";text={}", quote(text));
        }
        value
    }
}

impl<'a> TypedHeader<'a> for Reason<'a> {
    const NAME: Name<'static> = Name::Reason;
    const LIST: bool = true;

    fn parse(value: &'a str) -> Result<Reason<'a>, BadHeader> {
        let (protocol, params) = with_params(value);
        if !is_token(protocol) {
            return Err(BadHeader::new(Name::Reason, "names no protocol", value));
        }
        Ok(Reason { protocol, params })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_and_text_are_read_and_written() {
        let value = Reason::format("Q.850", 16, Some("Normal \"clearing\""));
        let reason = Reason::parse(&value).unwrap();
        assert_eq!((reason.protocol, reason.cause()), ("Q.850", Some(16)));
        assert_eq!(reason.text().as_deref(), Some("Normal \"clearing\""));
        assert_eq!(
            Reason::parse("SIP;cause=\"200\"").unwrap().cause(),
            Some(200)
        );
        assert!(Reason::parse(";cause=1").is_err());
    }
}
