//! Refer-Sub (RFC 4488 section 4).

use super::{BadHeader, Name, TypedHeader, with_params};

/// Whether a REFER makes a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferSub(pub bool);

impl TypedHeader<'_> for ReferSub {
    const NAME: Name<'static> = Name::ReferSub;

    fn parse(value: &str) -> Result<ReferSub, BadHeader> {
        match with_params(value).0 {
            word if word.eq_ignore_ascii_case("true") => Ok(ReferSub(true)),
            word if word.eq_ignore_ascii_case("false") => Ok(ReferSub(false)),
            _ => Err(BadHeader::new(
                Name::ReferSub,
                "is neither true nor false",
                value,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c41_true_and_false_are_read_in_any_case() {
        assert_eq!(ReferSub::parse("False ;x=1"), Ok(ReferSub(false)));
        assert_eq!(ReferSub::parse("true"), Ok(ReferSub(true)));
        assert!(ReferSub::parse("no").is_err());
    }
}
