//! The lexical rules that all headers share (RFC 3261 section 25.1): tokens, quoted strings,
//! comma-separated lists and semicolon-separated parameters.

use std::borrow::Cow;

const TOKEN: [bool; 256] = letters_digits_and(b"-.!%*_+`'~");
// The underscore is no host name character but common in private networks.
const HOST: [bool; 256] = letters_digits_and(b".-_");

#[allow(clippy::indexing_slicing)] // constant evaluation: out of bounds cannot compile
const fn letters_digits_and(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < more.len() {
        table[more[at] as usize] = true;
        at += 1;
    }
    table
}

pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Whether a byte can be part of a host name or an IPv4 address.
pub(crate) fn is_host_byte(byte: u8) -> bool {
    HOST.get(usize::from(byte)).copied().unwrap_or(false)
}

pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// `text` without blanks (as they stand in an unfolded header value) at either end.
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(b' ' | b'\t'), _) | (_, Some(b' ' | b'\t')) => text.trim_matches([' ', '\t']),
        _ => text,
    }
}

/// Cuts `text` at a byte index; the byte itself is left out.
pub(crate) fn cut(text: &str, at: usize) -> (&str, &str) {
    (
        text.get(..at).unwrap_or(text),
        text.get(at + 1..).unwrap_or(""),
    )
}

/// The index of the quote that closes the quoted string opening at the start of `text`.
pub(crate) fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// The content of a quoted string, or the text itself when it is not quoted.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return Cow::Borrowed(text);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            c
        });
    }
    Cow::Owned(plain)
}

/// Writes `text` as a quoted string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// The first place where `stop` stands outside quoted strings and angle brackets.
pub(crate) fn find_outside(text: &str, stop: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr3(stop, b'"', b'<', bytes.get(at..)?)?;
        at += match bytes.get(at)? {
            b'"' => closing_quote(text.get(at..)?)?,
            b'<' => memchr::memchr(b'>', bytes.get(at..)?)?,
            _ => return Some(at),
        };
        at += 1;
    }
}

/// Splits a header value at commas outside quotes and angle brackets; empty items are skipped.
#[derive(Clone, Debug)]
pub(crate) struct List<'a> {
    rest: &'a str,
}

impl<'a> List<'a> {
    pub(crate) fn new(text: &'a str) -> List<'a> {
        List { rest: text }
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while !self.rest.is_empty() {
            let item =
                match find_outside(self.rest, b',').and_then(|at| self.rest.split_at_checked(at)) {
                    Some((item, rest)) => {
                        self.rest = rest.get(1..).unwrap_or("");
                        item
                    }
                    None => std::mem::take(&mut self.rest),
                };
            let item = trim(item);
            if !item.is_empty() {
                return Some(item);
            }
        }
        None
    }
}

/// Header parameters: everything after the first `;` of a value, read when asked for.
///
/// Names are compared without regard to case; blanks around `;` and `=` are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    text: &'a str,
}

impl<'a> Params<'a> {
    /// Reads `;name=value;flag` (the leading semicolon may be missing).
    pub fn new(text: &'a str) -> Params<'a> {
        Params { text: trim(text) }
    }

    /// The parameters as they were written, with the leading semicolon.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// All parameters in their order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            loop {
                while let [b';' | b' ' | b'\t', ..] = rest.as_bytes() {
                    rest = rest.get(1..).unwrap_or("");
                }
                if rest.is_empty() {
                    return None;
                }
                let end = match memchr::memchr2(b';', b'"', rest.as_bytes()) {
                    Some(at) if rest.as_bytes().get(at) == Some(&b';') => Some(at),
                    Some(_) => find_outside(rest, b';'),
                    None => None,
                };
                let (item, after) = match end.and_then(|at| rest.split_at_checked(at)) {
                    Some(split) => split,
                    None => (rest, ""),
                };
                rest = after;
                let (name, value) = match item.bytes().position(|b| b == b'=') {
                    Some(at) => {
                        let (name, value) = cut(item, at);
                        (trim(name), Some(trim(value)))
                    }
                    None => (trim(item), None),
                };
                if !name.is_empty() {
                    return Some(Param { name, value });
                }
            }
        })
    }

    /// The first parameter of that name.
    pub fn find(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|p| p.name.eq_ignore_ascii_case(name))
    }

    /// The value as written (quotes included) of the first parameter of that name; empty for a
    /// parameter without value.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.find(name).map(|p| p.value.unwrap_or(""))
    }

    /// Whether a parameter of that name is present, with or without value.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

/// One header parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name in its own spelling.
    pub name: &'a str,
    /// The value as written, quotes included.
    pub value: Option<&'a str>,
}

impl<'a> Param<'a> {
    /// The value without quotes and escapes; empty when there is none.
    pub fn text(&self) -> Cow<'a, str> {
        unquote(self.value.unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_only_outside_quotes_and_brackets() {
        let items: Vec<_> = List::new(r#" "a, \" b" <sip:x,y@h>;q=1 ,, <sip:z@h> , c"#).collect();
        assert_eq!(items, [r#""a, \" b" <sip:x,y@h>;q=1"#, "<sip:z@h>", "c"]);
    }

    #[test]
    fn parameters_may_have_blanks_flags_and_quoted_semicolons() {
        let params = Params::new(r#"; id = 93809823 ;lr; text="a;b\"c";x="#);
        assert_eq!(params.get("ID"), Some("93809823"));
        assert_eq!(params.get("lr"), Some(""));
        assert_eq!(
            params
                .find("text")
                .map(|p| p.text().into_owned())
                .as_deref(),
            Some("a;b\"c")
        );
        assert_eq!(params.get("x"), Some(""));
        assert!(!params.contains("absent"));
    }

    #[test]
    fn quoting_and_unquoting_are_inverse() {
        for text in ["plain", "with \"quotes\"", "back\\slash", ""] {
            assert_eq!(unquote(&quote(text)), text);
        }
    }
}
