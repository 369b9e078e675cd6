//! How many XML namespaces a document may declare.
//!
//! Every element knows the namespaces of those around it. The XML parser copies them one by one
//! and compares each with all, so elements within elements that declare one each cost the cube of
//! their number: minutes for a document of 64 kB.

/// More than any document needs; prefixes are declared once, at the root.
pub(crate) const MOST_NAMESPACES: usize = 100;

/// Where the first declaration too many stands. What looks like a declaration counts as one.
pub(crate) fn too_many(text: &str) -> Option<usize> {
    text.match_indices("xmlns")
        .nth(MOST_NAMESPACES)
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_declarations_are_fine_and_one_more_is_found() {
        let hundred = "<p xmlns:a='b'>".repeat(MOST_NAMESPACES);
        assert_eq!(too_many(&hundred), None);
        let more = format!("{hundred}<p xmlns='c'>");
        assert_eq!(too_many(&more), Some(hundred.len() + 3));
    }
}
