//! The language in which `twiml` and `cxml` list their verbs, nouns and attributes.

/// An element: a verb, a noun, or a part of one.
#[derive(Debug)]
pub(crate) struct Element {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its attributes, in groups that elements share.
    pub(crate) attributes: &'static [&'static [Attribute]],
    /// What may stand in it.
    pub(crate) children: &'static [&'static Element],
    /// The vendor's code for an element that may not; `None` for the general one.
    pub(crate) bad_child: Option<&'static str>,
    /// Its text.
    pub(crate) text: Text,
    /// The text or a child must be there, else this code.
    pub(crate) needs_content: Option<&'static str>,
    /// An attribute that makes up for missing content.
    pub(crate) content_or: Option<&'static str>,
    /// How many children it may hold at most, and the code for more.
    pub(crate) most_children: Option<(usize, &'static str)>,
}

/// What the text of an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Nothing but blanks.
    None,
    /// Any words.
    Words,
    /// At most so many characters, else this code.
    AtMost(usize, &'static str),
    /// The URL of a file or document.
    Url,
    /// The URL of a sound, which may be a stream and is not only http(s).
    MediaUrl,
    /// The SIP URI that Dial calls.
    DialledUri,
}

/// An attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// What the vendor takes when it is missing or bad, in words; empty when nothing.
    pub(crate) default: &'static str,
    /// The vendor's code for a bad value; `None` for the general one.
    pub(crate) code: Option<&'static str>,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// What an attribute may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Any,
    /// Text of at most so many characters.
    AtMost(usize),
    /// A URL, absolute or relative, http(s) when absolute.
    Url,
    /// A URL or nothing at all, where nothing has a meaning of its own.
    UrlOrEmpty,
    /// A `wss:` URL.
    WebSocketUrl,
    /// `GET` or `POST`.
    Method,
    /// `true` or `false`.
    Bool,
    /// A whole number in this range.
    Whole(u32, u32),
    /// A whole number in this range, or one of these words.
    WholeOr(u32, u32, &'static [&'static str]),
    /// A number, maybe with decimals, in this range.
    Decimal(u32, u32),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any of these words, separated by blanks.
    Words(&'static [&'static str]),
    /// Keys of a phone, maybe none.
    Keys,
    /// One key of a phone, or none.
    Key,
    /// Keys to send, with `w` and `W` for pauses.
    KeysToSend,
}

impl Element {
    /// An element without attributes, children and text.
    pub(crate) const fn new(name: &'static str) -> Element {
        Element {
            name,
            attributes: &[],
            children: &[],
            bad_child: None,
            text: Text::None,
            needs_content: None,
            content_or: None,
            most_children: None,
        }
    }

    pub(crate) const fn attributes(self, attributes: &'static [&'static [Attribute]]) -> Element {
        Element { attributes, ..self }
    }

    pub(crate) const fn children(self, children: &'static [&'static Element]) -> Element {
        Element { children, ..self }
    }

    pub(crate) const fn bad_child(self, code: &'static str) -> Element {
        Element {
            bad_child: Some(code),
            ..self
        }
    }

    pub(crate) const fn text(self, text: Text) -> Element {
        Element { text, ..self }
    }

    pub(crate) const fn needs_content(self, code: &'static str) -> Element {
        Element {
            needs_content: Some(code),
            ..self
        }
    }

    pub(crate) const fn content_or(self, attribute: &'static str) -> Element {
        Element {
            content_or: Some(attribute),
            ..self
        }
    }

    pub(crate) const fn most_children(self, most: usize, code: &'static str) -> Element {
        Element {
            most_children: Some((most, code)),
            ..self
        }
    }

    /// The attribute of this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes
            .iter()
            .flat_map(|group| group.iter())
            .find(|known| known.name == name)
    }

    /// The names of all attributes.
    pub(crate) fn attribute_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.attributes
            .iter()
            .flat_map(|group| group.iter())
            .map(|attribute| attribute.name)
    }

    /// The child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&'static Element> {
        self.children
            .iter()
            .copied()
            .find(|known| known.name == name)
    }
}

/// An optional attribute without a default.
pub(crate) const fn attribute(name: &'static str, kind: Kind) -> Attribute {
    Attribute {
        name,
        kind,
        default: "",
        code: None,
        required: false,
    }
}

impl Attribute {
    pub(crate) const fn default(self, default: &'static str) -> Attribute {
        Attribute { default, ..self }
    }

    pub(crate) const fn code(self, code: &'static str) -> Attribute {
        Attribute {
            code: Some(code),
            ..self
        }
    }

    pub(crate) const fn required(self) -> Attribute {
        Attribute {
            required: true,
            ..self
        }
    }
}

impl Kind {
    /// Whether it may hold this value.
    pub(crate) fn accepts(self, value: &str) -> bool {
        let whole = |least: u32, most: u32| {
            value.bytes().all(|byte| byte.is_ascii_digit())
                && value
                    .parse::<u32>()
                    .is_ok_and(|number| (least..=most).contains(&number))
        };
        match self {
            Kind::Any => true,
            Kind::AtMost(most) => value.chars().count() <= most,
            Kind::Url => !value.trim().is_empty() && is_http_reference(value),
            Kind::UrlOrEmpty => value.trim().is_empty() || is_http_reference(value),
            Kind::WebSocketUrl => {
                url::Url::parse(value.trim()).is_ok_and(|url| url.scheme() == "wss")
            }
            Kind::Method => value.eq_ignore_ascii_case("GET") || value.eq_ignore_ascii_case("POST"),
            Kind::Bool => matches!(value, "true" | "false"),
            Kind::Whole(least, most) => whole(least, most),
            Kind::WholeOr(least, most, words) => whole(least, most) || words.contains(&value),
            Kind::Decimal(least, most) => {
                value
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
                    && value
                        .parse::<f64>()
                        .is_ok_and(|number| (f64::from(least)..=f64::from(most)).contains(&number))
            }
            Kind::OneOf(words) => words.contains(&value),
            Kind::Words(words) => {
                let mut found = value.split_ascii_whitespace().peekable();
                found.peek().is_some() && found.all(|word| words.contains(&word))
            }
            Kind::Keys => value
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'*' | b'#')),
            Kind::Key => value.len() <= 1 && Kind::Keys.accepts(value),
            Kind::KeysToSend => {
                !value.is_empty()
                    && value
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b'*' | b'#' | b'w' | b'W'))
            }
        }
    }

    /// What it may hold, in words that follow "expected".
    pub(crate) fn expected(self) -> String {
        let list = |words: &[&str]| {
            words
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Kind::Any => "a text".to_owned(),
            Kind::AtMost(most) => format!("at most {most} characters"),
            Kind::Url | Kind::UrlOrEmpty => "an http(s) or relative URL".to_owned(),
            Kind::WebSocketUrl => "a wss:// URL".to_owned(),
            Kind::Method => "`GET` or `POST`".to_owned(),
            Kind::Bool => "`true` or `false`".to_owned(),
            Kind::Whole(least, u32::MAX) => format!("a whole number from {least}"),
            Kind::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Kind::WholeOr(least, u32::MAX, words) => {
                format!("a whole number from {least}, or {}", list(words))
            }
            Kind::WholeOr(least, most, words) => {
                format!("a whole number from {least} to {most}, or {}", list(words))
            }
            Kind::Decimal(least, most) => format!("a number from {least} to {most}"),
            Kind::OneOf(words) => format!("one of {}", list(words)),
            Kind::Words(words) => format!("some of {}, separated by blanks", list(words)),
            Kind::Keys => "keys from 0–9, * and #".to_owned(),
            Kind::Key => "one key from 0–9, * and #, or nothing".to_owned(),
            Kind::KeysToSend => "keys from 0–9, *, # and w or W for pauses".to_owned(),
        }
    }
}

/// Whether this is an http(s) URL, or a reference that can be resolved against one.
fn is_http_reference(value: &str) -> bool {
    match url::Url::parse(value.trim()) {
        Ok(url) => matches!(url.scheme(), "http" | "https"),
        Err(url::ParseError::RelativeUrlWithoutBase) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::laml::vendor::Vendor;

    const VENDORS: [&Vendor; 2] = [&crate::twiml::TWILIO, &crate::cxml::SIGNALWIRE];

    /// Every element of a vendor, each once.
    fn elements(vendor: &Vendor) -> Vec<&'static Element> {
        let mut all: Vec<&'static Element> = Vec::new();
        let mut open = vec![vendor.root];
        while let Some(element) = open.pop() {
            if !all.iter().any(|seen| std::ptr::eq(*seen, element)) {
                all.push(element);
                open.extend(element.children);
            }
        }
        all
    }

    #[test]
    fn no_name_stands_twice_in_an_element() {
        for element in VENDORS.into_iter().flat_map(elements) {
            let attributes: Vec<&str> = element.attribute_names().collect();
            let unique: BTreeSet<&str> = attributes.iter().copied().collect();
            assert_eq!(
                unique.len(),
                attributes.len(),
                "attributes of {}",
                element.name
            );
            let children: BTreeSet<&str> = element.children.iter().map(|c| c.name).collect();
            assert_eq!(
                children.len(),
                element.children.len(),
                "children of {}",
                element.name
            );
        }
    }

    #[test]
    fn every_default_is_a_value_that_the_attribute_may_hold() {
        for element in VENDORS.into_iter().flat_map(elements) {
            for attribute in element.attributes.iter().flat_map(|group| group.iter()) {
                let default = attribute.default;
                assert!(
                    default.is_empty() || attribute.kind.accepts(default),
                    "{} {}={default}",
                    element.name,
                    attribute.name
                );
            }
        }
    }

    #[test]
    fn every_verb_is_in_the_support_table_and_nothing_else() {
        for vendor in VENDORS {
            let verbs: BTreeSet<&str> = vendor.root.children.iter().map(|c| c.name).collect();
            let listed: BTreeSet<&str> = vendor.support.iter().map(|(verb, ..)| *verb).collect();
            assert_eq!(verbs, listed);
            assert_eq!(listed.len(), vendor.support.len());
        }
    }

    #[test]
    fn kinds_accept_what_they_say_and_nothing_near_it() {
        for (kind, good, bad) in [
            (Kind::AtMost(3), &["", "äöü"][..], &["abcd"][..]),
            (
                Kind::Url,
                &["/x", "x?y", "https://a/"],
                &["", " ", "ftp://a/", "mailto:a@b"],
            ),
            (Kind::UrlOrEmpty, &["", "/x"], &["tel:1"]),
            (
                Kind::WebSocketUrl,
                &["wss://a/x"],
                &["ws://a/x", "https://a", "/x", ""],
            ),
            (Kind::Method, &["GET", "post"], &["PUT", "", "GET "]),
            (Kind::Bool, &["true", "false"], &["True", "1", ""]),
            (
                Kind::Whole(5, 600),
                &["5", "600", "030"],
                &["4", "601", "-5", "+5", "5.0", "", "5s"],
            ),
            (
                Kind::WholeOr(1, 9, &["auto"]),
                &["1", "auto"],
                &["0", "Auto", ""],
            ),
            (
                Kind::Decimal(0, 10),
                &["0", "9.99", "10"],
                &["10.01", "-1", "1e1", "inf", "NaN", ""],
            ),
            (Kind::OneOf(&["a", "b"]), &["a"], &["A", "a b", ""]),
            (Kind::Words(&["a", "b"]), &["a", "b a"], &["", "a,b", "c"]),
            (Kind::Key, &["", "#"], &["##", "a", "é"]),
            (Kind::Keys, &["", "12*#"], &["1 2", "w"]),
            (Kind::KeysToSend, &["ww12#W"], &["", "1,2"]),
        ] {
            for value in good {
                assert!(kind.accepts(value), "{kind:?} refuses {value:?}");
            }
            for value in bad {
                assert!(!kind.accepts(value), "{kind:?} takes {value:?}");
            }
        }
    }
}
