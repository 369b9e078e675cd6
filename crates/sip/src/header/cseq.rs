//! CSeq (RFC 3261 section 20.16).

use std::fmt;

use super::{BadHeader, Name, TypedHeader, number};
use crate::syntax::{cut, is_token, trim};

/// A request's place in its sequence, and its method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The sequence number, below 2^31.
    pub number: u32,
    /// The method as written.
    pub method: &'a str,
}

impl<'a> TypedHeader<'a> for CSeq<'a> {
    const NAME: Name<'static> = Name::CSeq;

    fn parse(value: &'a str) -> Result<CSeq<'a>, BadHeader> {
        let bad = |problem| BadHeader::new(Name::CSeq, problem, value);
        let blank = value.bytes().position(|b| matches!(b, b' ' | b'\t'));
        let (digits, method) = cut(value, blank.ok_or_else(|| bad("lacks number or method"))?);
        let number = number(digits)
            .filter(|n| *n < 1 << 31)
            .ok_or_else(|| bad("has no number below 2147483648"))?;
        let method = trim(method);
        if !is_token(method) {
            return Err(bad("has no method"));
        }
        Ok(CSeq { number, method })
    }
}

impl fmt::Display for CSeq<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_method_are_read() {
        assert_eq!(
            CSeq::parse("0009  INVITE"),
            Ok(CSeq {
                number: 9,
                method: "INVITE"
            })
        );
        assert!(CSeq::parse("2147483647 BYE").is_ok());
    }

    #[test]
    fn broken_ones_are_refused() {
        for value in [
            "",
            "1",
            "INVITE",
            "2147483648 BYE",
            "36893488147419103232 BYE",
            "-1 BYE",
            "1 ",
        ] {
            assert!(CSeq::parse(value).is_err(), "{value:?}");
        }
    }
}
