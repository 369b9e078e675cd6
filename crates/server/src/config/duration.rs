//! Durations as the configuration writes them: `"30s"`, `"1500ms"`, `"5m"`, `"30d"`.

use std::time::Duration;

use serde::Serializer;

/// Reads a duration. The error is a sentence.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!("`{text}` is no duration; write a number and ms, s, m, h or d, such as \"1500ms\"")
    };
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (digits, unit) = text.split_at(at);
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let milliseconds = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(milliseconds)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is too long"))
}

/// Writes a duration the way [`parse`] reads it, in the largest unit that fits.
pub(crate) fn format(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    for (unit, size) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ] {
        if milliseconds > 0 && milliseconds.is_multiple_of(size) {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    format!("{milliseconds}ms")
}

pub(crate) fn serialize_optional<S: Serializer>(
    value: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serialize(value, to),
        None => to.serialize_none(),
    }
}

pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back_as_they_were_written() {
        for text in ["1500ms", "30s", "5m", "2h", "30d", "0ms"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
        assert_eq!(format(parse("120s").unwrap()), "2m");
    }

    #[test]
    fn a_number_without_unit_and_a_foreign_unit_are_refused() {
        for text in [
            "30",
            "s",
            "",
            "5 days",
            "-1s",
            "1.5s",
            "99999999999999999999s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
