//! Text that gives back the bytes it was made from.
//!
//! Headers are handled as `str`, yet peers send bytes that are not UTF-8 (Latin-1 display names
//! above all) and expect them back unchanged. A byte `b` that is not part of valid UTF-8 becomes
//! the code point U+10FF00 + `b`, at the very end of the last private-use plane. Genuine code
//! points of that range are taken apart into bytes and carried the same way, so that the mapping
//! can be undone without loss.

use std::borrow::Cow;

const FIRST: u32 = 0x10_FF80;
const BASE: u32 = 0x10_FF00;

/// Reads bytes from the wire as text; never fails and never loses a byte.
pub fn from_wire(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !has_carried_bytes(text) => Cow::Borrowed(text),
        _ => Cow::Owned(carry(bytes)),
    }
}

/// Appends the bytes that `text` stands for on the wire.
pub fn write_to(text: &str, out: &mut Vec<u8>) {
    if !has_carried_bytes(text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut buffer = [0; 4];
    for c in text.chars() {
        match carried_byte(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
}

/// The text as a person should see it: bytes that were not UTF-8 are read as Latin-1.
pub fn display_text(text: &str) -> Cow<'_, str> {
    if has_carried_bytes(text) {
        Cow::Owned(
            text.chars()
                .map(|c| carried_byte(c).map_or(c, char::from))
                .collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether `text` holds bytes that were not UTF-8 on the wire.
pub fn has_carried_bytes(text: &str) -> bool {
    // All carried code points are encoded as F4 8F BE.. or F4 8F BF..
    memchr::memchr_iter(0xF4, text.as_bytes()).any(|at| {
        matches!(
            text.as_bytes().get(at + 1..at + 3),
            Some([0x8F, 0xBE | 0xBF])
        )
    })
}

fn carried_byte(c: char) -> Option<u8> {
    let code = u32::from(c);
    if code >= FIRST {
        u8::try_from(code - BASE).ok()
    } else {
        None
    }
}

fn carry(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 32);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if carried_byte(c).is_some() {
                let mut buffer = [0; 4];
                carry_raw(c.encode_utf8(&mut buffer).as_bytes(), &mut text);
            } else {
                text.push(c);
            }
        }
        carry_raw(chunk.invalid(), &mut text);
    }
    text
}

fn carry_raw(bytes: &[u8], text: &mut String) {
    text.extend(
        bytes
            .iter()
            .filter_map(|b| char::from_u32(BASE + u32::from(*b))),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        write_to(text, &mut out);
        out
    }

    #[test]
    fn every_byte_string_survives() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(back(&from_wire(&all)), all);
    }

    #[test]
    fn genuine_code_points_of_the_range_survive() {
        let genuine = "x\u{10FF80}\u{10FFFF}y".as_bytes();
        let text = from_wire(genuine);
        assert_eq!(back(&text), genuine);
        assert_eq!(text.chars().count(), 2 + 8);
    }

    #[test]
    fn latin_1_is_shown_as_latin_1() {
        let text = from_wire(b"J\xF6rg");
        assert_eq!(display_text(&text), "Jörg");
        assert_eq!(display_text("Jörg"), "Jörg");
    }
}
