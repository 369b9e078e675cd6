//! Max-Forwards (RFC 3261 section 20.22).

use super::{BadHeader, Name, TypedHeader, number};

/// How many more hops a request may take, 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxForwards(pub u8);

impl TypedHeader<'_> for MaxForwards {
    const NAME: Name<'static> = Name::MaxForwards;

    fn parse(value: &str) -> Result<MaxForwards, BadHeader> {
        match number(value).map(u8::try_from) {
            Some(Ok(hops)) => Ok(MaxForwards(hops)),
            _ => Err(BadHeader::new(
                Name::MaxForwards,
                "is no number from 0 to 255",
                value,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_up_to_255_count() {
        assert_eq!(MaxForwards::parse("70"), Ok(MaxForwards(70)));
        for value in ["", "-1", "256", "0x1"] {
            assert!(MaxForwards::parse(value).is_err(), "{value:?}");
        }
    }
}
