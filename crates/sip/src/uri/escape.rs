//! Percent-encoding in the parts of a URI (RFC 3261 sections 19.1.2 and 25.1).

use std::borrow::Cow;

use crate::wire_text;

/// Undoes percent-encoding. A percent sign without two hexadecimal digits stays as it is.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => {
                    bytes.push(b'%');
                    rest = tail;
                }
            },
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    Cow::Owned(wire_text::from_wire(&bytes).into_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

/// Encodes text for the user part.
pub fn escape_user(text: &str) -> String {
    escape(text, b"&=+$,;?/")
}

/// Encodes text for a URI parameter's name or value.
pub fn escape_param(text: &str) -> String {
    escape(text, b"[]/:&+$")
}

/// Encodes text for a name or value in the header part.
pub fn escape_header(text: &str) -> String {
    escape(text, b"[]/?:+$")
}

fn escape(text: &str, also_allowed: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    wire_text::write_to(text, &mut bytes);
    let mut escaped = String::with_capacity(bytes.len() + 16);
    for byte in bytes {
        let unreserved = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')'
            );
        if unreserved || also_allowed.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c14_every_ascii_character_survives_each_part() {
        let all: String = (0u8..128).map(char::from).collect();
        for escape in [escape_user, escape_param, escape_header] {
            let escaped = escape(&all);
            assert_eq!(unescape(&escaped), all);
            assert!(!escaped.contains(|c: char| c <= ' ' || "<>\"@%\x7F".contains(c) && c != '%'));
        }
    }

    #[test]
    fn c14_characters_that_separate_are_encoded_where_they_separate() {
        assert_eq!(escape_header("a=b&c;d,e@f g"), "a%3Db%26c%3Bd%2Ce%40f%20g");
        assert_eq!(escape_param("a=b;c?d"), "a%3Db%3Bc%3Fd");
        assert_eq!(escape_user("a@b:c"), "a%40b%3Ac");
    }

    #[test]
    fn a_percent_sign_alone_stays() {
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%zz%4"), "%zz%4");
        assert_eq!(unescape("%41%e4"), "A\u{10FFE4}");
    }
}
