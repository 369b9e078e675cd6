//! Values of attributes and texts of elements: whether they are what Bandwidth takes.

use std::time::Duration;

use url::Url;

use super::schema::{Kind, TextRule};
use crate::hook_url::shown_url;
use crate::shown::shown;

/// Says what is wrong with an attribute's value.
///
/// # Errors
/// When it is not what its kind wants; the sentence says what was found and what is wanted.
pub(super) fn check(kind: Kind, value: &str) -> Result<(), String> {
    let value = value.trim();
    let found = |wanted: &str| Err(format!("`{}` found, {wanted} wanted", shown(value)));
    match kind {
        Kind::Ignored => Ok(()),
        Kind::Text(max) => at_most(value, max),
        Kind::Flag if is_word(value, &["true", "false"]) => Ok(()),
        Kind::Flag => found("`true` or `false`"),
        Kind::Word(words) if words.contains(&value) => Ok(()),
        Kind::Word(words) => found(&format!("one of {}", words.join(", "))),
        Kind::Method if is_word(value, &["GET", "POST"]) => Ok(()),
        Kind::Method => found("`GET` or `POST`"),
        Kind::Url => url(value),
        Kind::SocketUrl => match Url::parse(value) {
            Ok(url) if matches!(url.scheme(), "ws" | "wss") => Ok(()),
            _ => Err(format!(
                "`{}` found, a ws:// or wss:// URL wanted",
                shown_url(value)
            )),
        },
        Kind::Seconds(min, max) if is_within(value, min, max) => Ok(()),
        Kind::Seconds(min, max) => found(&format!("seconds from {min} to {max}")),
        Kind::Milliseconds(min, max) if is_within(value, min, max) => Ok(()),
        Kind::Milliseconds(min, max) => found(&format!("milliseconds from {min} to {max}")),
        Kind::Whole(min, max) => match value.parse::<u32>() {
            Ok(number) if !value.starts_with('+') && (min..=max).contains(&number) => Ok(()),
            _ => found(&format!("a whole number from {min} to {max}")),
        },
        Kind::Digits if value.chars().all(is_dtmf) => Ok(()),
        Kind::Digits => found("digits of 0-9 * # A-D"),
        Kind::CallerId => {
            let words = ["Restricted", "Anonymous", "Private", "Unavailable"];
            if value.is_empty() || is_word(value, &words) || is_e164(value) {
                Ok(())
            } else {
                found("a number such as +15551234567 or one of the words for a withheld one")
            }
        }
    }
}

/// Says what is wrong with the text of an element.
///
/// # Errors
/// When it does not follow the rule.
pub(super) fn check_text(rule: TextRule, text: &str) -> Result<(), String> {
    match rule {
        TextRule::Needed(what) if text.is_empty() => Err(format!("{what} is missing")),
        TextRule::Needed(_) => Ok(()),
        TextRule::AtMost(max) => at_most(text, max),
        TextRule::PhoneNumber if is_e164(text) => Ok(()),
        TextRule::PhoneNumber => Err(format!(
            "`{}` is no number such as +15551234567",
            shown(text)
        )),
        TextRule::ConferenceName => {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if (1..=100).contains(&text.len()) && text.chars().all(is_name) {
                Ok(())
            } else {
                Err("a name of 1 to 100 letters, digits, `-`, `_` and `.` is wanted".to_owned())
            }
        }
        TextRule::Dtmf => {
            let is_tone = |c: char| is_dtmf(c) || matches!(c, 'w' | 'W' | ',');
            if (1..=50).contains(&text.len()) && text.chars().all(is_tone) {
                Ok(())
            } else {
                Err("1 to 50 of 0-9 * # a-d A-D w W , are wanted".to_owned())
            }
        }
    }
}

/// A checked number of seconds.
pub(super) fn seconds(value: &str) -> Duration {
    let seconds = value.trim().parse::<f64>().unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A checked number of milliseconds.
pub(super) fn milliseconds(value: &str) -> Duration {
    seconds(value) / 1000
}

/// Whether this is a telephone number with `+` and country code (ITU-T E.164).
pub(super) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

fn at_most(text: &str, max: usize) -> Result<(), String> {
    let found = text.chars().count();
    if found <= max {
        Ok(())
    } else {
        Err(format!("has {found} characters; at most {max} are allowed"))
    }
}

fn url(value: &str) -> Result<(), String> {
    // Any base will do: only whether the reference can be resolved is asked here.
    let base = Url::parse("http://document.invalid/").ok();
    match base.and_then(|base| base.join(value).ok()) {
        Some(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
        _ => Err(format!(
            "`{}` is neither an http(s) URL nor a relative one",
            shown_url(value)
        )),
    }
}

fn is_word(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// A decimal between two bounds.
fn is_within(value: &str, min: f64, max: f64) -> bool {
    let number = value.parse::<f64>();
    is_decimal(value) && number.is_ok_and(|number| (min..=max).contains(&number))
}

/// Digits and at most one point: no exponent, sign or `inf`, which `f64` would read.
fn is_decimal(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn is_dtmf(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#' | 'a'..='d' | 'A'..='D')
}
