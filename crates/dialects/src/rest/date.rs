//! Times in the filters of lists.

use std::time::{Duration, SystemTime};

const A_DAY: Duration = Duration::from_secs(86_400);
const A_SECOND: Duration = Duration::from_secs(1);

/// A date in UTC or a date with a time (ISO 8601, of any zone, in UTC without one): where it begins
/// and where it is over. A date lasts a day, a time a second. Midnight in UTC is a date: the
/// official libraries have no other way to write one.
pub(crate) fn day(text: &str) -> Option<(SystemTime, SystemTime)> {
    let begin = instant(text)?;
    let since = begin.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let is_midnight = since.as_nanos().is_multiple_of(A_DAY.as_nanos());
    let lasts = if is_midnight { A_DAY } else { A_SECOND };
    Some((begin, begin.checked_add(lasts)?))
}

/// A time (ISO 8601, of any zone, in UTC without one), or the beginning of a date.
pub(crate) fn instant(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let weak = |text: &str| humantime::parse_rfc3339_weak(text).ok();
    let (date, time) = match text.split_once(['T', ' ']) {
        None if text.len() == "2026-11-21".len() => return weak(&format!("{text} 00:00:00")),
        None => return None,
        Some(parts) => parts,
    };
    let Some(at) = time.find(['+', '-']) else {
        return weak(text);
    };
    let (time, zone) = time.split_at(at);
    if time.ends_with('Z') {
        return None;
    }
    let utc = weak(&format!("{date}T{time}"))?;
    let ahead = ahead(zone.get(1..)?)?;
    match zone.starts_with('+') {
        true => utc.checked_sub(ahead),
        false => utc.checked_add(ahead),
    }
}

/// How far a zone is from UTC: `02:00`, `0200` or `02`.
fn ahead(zone: &str) -> Option<Duration> {
    let (hours, minutes) = match zone.split_once(':') {
        Some(parts) => parts,
        None => zone.split_at_checked(2)?,
    };
    let number = |text: &str, below: u64| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number)?;
        (number < below).then_some(number)
    };
    let minutes = match minutes {
        "" => 0,
        minutes => number(minutes, 60)?,
    };
    Some(Duration::from_secs(
        3600 * number(hours, 24)? + 60 * minutes,
    ))
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
    fn a_time_may_be_of_any_zone() {
        let utc = instant("2026-11-21T10:30:00Z");
        for same in [
            "2026-11-21T10:30:00",
            "2026-11-21 10:30:00",
            "2026-11-21T10:30:00+00:00",
            "2026-11-21T12:30:00+02:00",
            "2026-11-21T12:30:00.000+0200",
            "2026-11-21T12:30:00+02",
            "2026-11-21T05:00:00-05:30",
        ] {
            assert_eq!(instant(same), utc, "{same}");
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
            "2026-11-21T10:00:00Z+02:00",
            "2026-11-21T10:00:00+24:00",
            "2026-11-21T10:00:00+2:00",
            "2026-11-21T10:00:00+02:60",
            "2026-11-21T10:00:00+é",
            "2026-11-21T10:00:00+",
            "0001-01-01T00:00:00+01:00",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
