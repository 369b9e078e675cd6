//! RSeq and RAck (RFC 3262 sections 7.1 and 7.2).

use super::{BadHeader, Name, TypedHeader, number};
use crate::syntax::is_token;

/// The number of a reliable provisional response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RSeq(pub u32);

/// Which reliable provisional response a PRACK acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RAck<'a> {
    /// The response's RSeq.
    pub rseq: u32,
    /// The CSeq number of the request that was answered.
    pub cseq: u32,
    /// Its method.
    pub method: &'a str,
}

impl TypedHeader<'_> for RSeq {
    const NAME: Name<'static> = Name::RSeq;

    fn parse(value: &str) -> Result<RSeq, BadHeader> {
        match value
            .parse()
            .ok()
            .filter(|_| value.bytes().all(|b| b.is_ascii_digit()))
        {
            Some(number) => Ok(RSeq(number)),
            None => Err(BadHeader::new(Name::RSeq, "is no number", value)),
        }
    }
}

impl<'a> TypedHeader<'a> for RAck<'a> {
    const NAME: Name<'static> = Name::RAck;

    fn parse(value: &'a str) -> Result<RAck<'a>, BadHeader> {
        let mut words = value.split_ascii_whitespace();
        let rseq = words.next().and_then(number);
        let cseq = words.next().and_then(number);
        let method = words.next().filter(|m| is_token(m));
        match (rseq, cseq, method, words.next()) {
            (Some(rseq), Some(cseq), Some(method), None) => Ok(RAck { rseq, cseq, method }),
            _ => Err(BadHeader::new(
                Name::RAck,
                "is not two numbers and a method",
                value,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_method_are_read() {
        assert_eq!(RSeq::parse("988789"), Ok(RSeq(988789)));
        assert_eq!(
            RAck::parse("776656  1 INVITE"),
            Ok(RAck {
                rseq: 776656,
                cseq: 1,
                method: "INVITE"
            })
        );
        for value in ["", "1 INVITE", "1 2", "1 2 INVITE x", "a 1 INVITE"] {
            assert!(RAck::parse(value).is_err(), "{value:?}");
        }
        assert!(RSeq::parse("+1").is_err());
    }
}
