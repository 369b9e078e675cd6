//! Times in the filters of lists.

use std::time::{Duration, SystemTime};

const A_DAY: Duration = Duration::from_secs(86_400);
const A_SECOND: Duration = Duration::from_secs(1);

/// A date in UTC or a date with a time (ISO 8601, `Z` or no zone): where it begins and where it is
/// over. A date lasts a day, a time a second. Midnight is a date: the official libraries have no
/// other way to write one.
pub(crate) fn day(text: &str) -> Option<(SystemTime, SystemTime)> {
    let begin = instant(text)?;
    let since = begin.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let is_midnight = since.as_nanos().is_multiple_of(A_DAY.as_nanos());
    let lasts = if is_midnight { A_DAY } else { A_SECOND };
    Some((begin, begin.checked_add(lasts)?))
}

/// A time (ISO 8601, `Z` or no zone), or the beginning of a date.
pub(crate) fn instant(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    match text.len() == "2026-11-21".len() {
        true => humantime::parse_rfc3339_weak(&format!("{text} 00:00:00")).ok(),
        false => humantime::parse_rfc3339_weak(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_lasts_a_day_and_a_time_a_second() {
        let (begin, end) = day("2026-11-21").unwrap();
        assert_eq!(Some(begin), instant("2026-11-21T00:00:00Z"));
        assert_eq!(Some(end), instant("2026-11-22"));
        let (begin, end) = day("2026-11-21T10:00:00Z").unwrap();
        assert_eq!(end.duration_since(begin).unwrap(), A_SECOND);
    }

    #[test]
    fn midnight_is_how_libraries_write_a_date() {
        for midnight in ["2026-11-21T00:00:00Z", "2026-11-21T00:00:00.000Z"] {
            assert_eq!(day(midnight), day("2026-11-21"));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-21T25:00:00Z",
            "20é6-11-21",
            "2026-11-2é",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
