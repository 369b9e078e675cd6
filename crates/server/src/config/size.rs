//! Amounts of memory as the configuration writes them: `"32MiB"`, `"500kB"`, `"4096"`.

use serde::Serializer;

const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Reads a size in bytes. The error is a sentence.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size; write a number and kB, MB, GB, KiB, MiB or GiB");
    let at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(at);
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let unit = unit.trim_start();
    let (_, bytes) = UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .ok_or_else(wrong)?;
    number
        .checked_mul(*bytes)
        .ok_or_else(|| format!("`{text}` is too large"))
}

/// Writes a size the way [`parse`] reads it, in the largest binary unit that fits.
pub(crate) fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format(*value))
}

fn format(bytes: u64) -> String {
    for (name, size) in UNITS.iter().rev().take(3) {
        if bytes > 0 && bytes.is_multiple_of(*size) {
            return format!("{}{name}", bytes / size);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_back_as_they_were_written() {
        for text in ["32MiB", "1GiB", "7KiB", "1000B", "0B"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(parse("2 mb"), Ok(2_000_000));
        assert_eq!(parse("4096"), Ok(4_096));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "MiB", "-1", "1.5MiB", "3 apples", "99999999999GiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
