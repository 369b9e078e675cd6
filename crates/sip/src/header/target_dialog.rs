//! Target-Dialog (RFC 4538 section 7).

use super::{BadHeader, Name, TypedHeader, with_params};

/// The dialog that a request outside it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetDialog<'a> {
    /// Its Call-ID.
    pub call_id: &'a str,
    /// The tag of the receiver of this header; without it the header is to be ignored.
    pub local_tag: Option<&'a str>,
    /// The tag of the sender; without it the header is to be ignored.
    pub remote_tag: Option<&'a str>,
}

impl<'a> TypedHeader<'a> for TargetDialog<'a> {
    const NAME: Name<'static> = Name::TargetDialog;

    fn parse(value: &'a str) -> Result<TargetDialog<'a>, BadHeader> {
        let (call_id, params) = with_params(value);
        if call_id.is_empty() || call_id.contains([' ', '\t', ',']) {
            return Err(BadHeader::new(
                Name::TargetDialog,
                "names no Call-ID",
                value,
            ));
        }
        let tag = |name| params.get(name).filter(|tag| !tag.is_empty());
        Ok(TargetDialog {
            call_id,
            local_tag: tag("local-tag"),
            remote_tag: tag("remote-tag"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c161_tags_may_be_missing() {
        let target =
            TargetDialog::parse("fa77as7dad8-sd98ajzz@h;local-tag=k;remote-tag=6").unwrap();
        assert_eq!(
            (target.local_tag, target.remote_tag),
            (Some("k"), Some("6"))
        );
        assert_eq!(
            TargetDialog::parse("a@b;local-tag").unwrap().local_tag,
            None
        );
        assert!(TargetDialog::parse("").is_err());
    }
}
