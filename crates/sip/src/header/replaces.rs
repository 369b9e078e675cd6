//! Replaces (RFC 3891 section 6.1).

use super::{BadHeader, Name, TypedHeader, with_params};

/// The dialog that a new call is to take the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaces<'a> {
    /// Its Call-ID.
    pub call_id: &'a str,
    /// The tag of the receiver of this header.
    pub to_tag: &'a str,
    /// The tag of the other side.
    pub from_tag: &'a str,
    /// Whether only an early dialog may be replaced.
    pub early_only: bool,
}

impl<'a> TypedHeader<'a> for Replaces<'a> {
    const NAME: Name<'static> = Name::Replaces;

    fn parse(value: &'a str) -> Result<Replaces<'a>, BadHeader> {
        let bad = |problem| BadHeader::new(Name::Replaces, problem, value);
        let (call_id, params) = with_params(value);
        if call_id.is_empty() || call_id.contains([' ', '\t', ',']) {
            return Err(bad("names no Call-ID"));
        }
        let tag = |name| params.get(name).filter(|tag| !tag.is_empty());
        let to_tag = tag("to-tag").ok_or_else(|| bad("lacks to-tag"))?;
        let from_tag = tag("from-tag").ok_or_else(|| bad("lacks from-tag"))?;
        Ok(Replaces {
            call_id,
            to_tag,
            from_tag,
            early_only: params.contains("early-only"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialog_and_flag_are_read() {
        let replaces = Replaces::parse("98732@h ;from-tag=r33th4x0r ; to-tag=ff87ff;early-only");
        let replaces = replaces.unwrap();
        assert_eq!((replaces.call_id, replaces.to_tag), ("98732@h", "ff87ff"));
        assert_eq!(
            (replaces.from_tag, replaces.early_only),
            ("r33th4x0r", true)
        );
        for value in ["", "a;to-tag=1", "a;from-tag=1", ";to-tag=1;from-tag=2"] {
            assert!(Replaces::parse(value).is_err(), "{value:?}");
        }
    }
}
