//! How many namespaces and attributes XML may have.
//!
//! Every element knows the namespaces of those around it. The XML parser copies them one by one
//! and compares each with all, so elements within elements that declare one each cost the cube of
//! their number: minutes for a document of 64 kB. The attributes of an element are compared each
//! with each: the 9,000 that fit into such a document hold up the calls of a thread for a seventh
//! of a second.

/// More than any document needs; prefixes are declared once, at the root.
pub(crate) const MOST_NAMESPACES: usize = 100;

/// Attributes of one element; three times what any has.
pub(crate) const MOST_ATTRIBUTES: usize = 100;

/// What there is too much of.
pub(crate) struct TooMany {
    /// Where the first one too many stands.
    pub(crate) at: usize,
    /// How many of what there may be.
    pub(crate) most: String,
    /// What to do about it.
    pub(crate) help: Option<&'static str>,
}

/// What text that is to be parsed has too much of.
pub(crate) fn too_many(text: &str) -> Option<TooMany> {
    if let Some(at) = namespaces(text) {
        return Some(TooMany {
            at,
            most: format!("{MOST_NAMESPACES} XML namespaces"),
            help: Some("declare each prefix once, on <Response>"),
        });
    }
    let at = attributes(text)?;
    Some(TooMany {
        at,
        most: format!("{MOST_ATTRIBUTES} attributes on one element"),
        help: None,
    })
}

/// What looks like a declaration counts as one.
fn namespaces(text: &str) -> Option<usize> {
    text.match_indices("xmlns")
        .nth(MOST_NAMESPACES)
        .map(|(at, _)| at)
}

/// An element has as many attributes as there are texts in quotes before its end; none of them can
/// hold another `<`.
fn attributes(text: &str) -> Option<usize> {
    for (begin, _) in text.match_indices('<') {
        let tag = text.get(begin + 1..)?.split('<').next()?;
        // A comment, a piece of plain text (CDATA) or an instruction has none.
        if tag.starts_with(['!', '?']) {
            continue;
        }
        let mut at = 0;
        let mut found = 0;
        while let Some((open, quote)) = next(tag, at, &['"', '\'', '>'])
            && quote != '>'
            && let Some((close, _)) = next(tag, open + 1, &[quote])
        {
            found += 1;
            if found > MOST_ATTRIBUTES {
                return Some(begin + 1 + open);
            }
            at = close + 1;
        }
    }
    None
}

/// Where the next of these characters of one byte is, and which.
fn next(text: &str, from: usize, wanted: &[char]) -> Option<(usize, char)> {
    let rest = text.get(from..)?;
    let (at, found) = rest.match_indices(wanted).next()?;
    Some((from + at, found.chars().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_declarations_are_fine_and_one_more_is_found() {
        let hundred = "<p xmlns:a='b'>".repeat(MOST_NAMESPACES);
        assert!(too_many(&hundred).is_none());
        let more = format!("{hundred}<p xmlns='c'>");
        let found = too_many(&more).unwrap();
        assert_eq!(found.at, hundred.len() + 3);
        assert_eq!(found.most, "100 XML namespaces");
    }

    #[test]
    fn a_hundred_attributes_of_an_element_are_fine_and_one_more_is_found() {
        let hundred = " a = 'it >' b=\"'\"".repeat(MOST_ATTRIBUTES / 2);
        let many = format!("<p{hundred}>it's \"x\"<q{hundred}/>").repeat(3);
        assert!(too_many(&many).is_none());
        let more = format!("é{many}<p{hundred} c='é'>");
        let found = too_many(&more).unwrap();
        assert_eq!(more.get(found.at..), Some("'é'>"));
        assert_eq!(found.most, "100 attributes on one element");
    }

    #[test]
    fn words_in_quotes_are_no_attributes() {
        let quoted = "\"word\" ".repeat(2 * MOST_ATTRIBUTES);
        for text in [
            format!("{quoted}<p a='b'>{quoted}</p>"),
            format!("<p><!-- {quoted} --><![CDATA[{quoted}]]></p>"),
        ] {
            assert!(too_many(&text).is_none(), "{text}");
        }
    }
}
