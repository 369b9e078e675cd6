//! Retry-After (RFC 3261 section 20.33).

use super::{BadHeader, Name, Params, TypedHeader, number};
use crate::syntax::find_outside;

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter<'a> {
    /// Seconds to wait.
    pub seconds: u32,
    /// All parameters, `duration` among them.
    pub params: Params<'a>,
}

impl<'a> TypedHeader<'a> for RetryAfter<'a> {
    const NAME: Name<'static> = Name::RetryAfter;

    fn parse(value: &'a str) -> Result<RetryAfter<'a>, BadHeader> {
        // A comment in parentheses may stand between the number and the parameters.
        let end = value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(value.len());
        let (digits, rest) = value.split_at_checked(end).unwrap_or((value, ""));
        let rest = rest.trim_start();
        let seconds = number(digits).filter(|_| rest.is_empty() || rest.starts_with(['(', ';']));
        let Some(seconds) = seconds else {
            return Err(BadHeader::new(
                Name::RetryAfter,
                "is no number of seconds",
                value,
            ));
        };
        let after_comment = match rest.starts_with('(') {
            true => rest
                .rfind(')')
                .and_then(|at| rest.get(at + 1..))
                .unwrap_or(""),
            false => rest,
        };
        let params = find_outside(after_comment, b';').and_then(|at| after_comment.get(at..));
        Ok(RetryAfter {
            seconds,
            params: Params::new(params.unwrap_or("")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_comment_and_duration_are_read() {
        assert_eq!(RetryAfter::parse("120").unwrap().seconds, 120);
        let retry = RetryAfter::parse("18000 (in a; meeting);duration=3600").unwrap();
        assert_eq!(
            (retry.seconds, retry.params.get("duration")),
            (18000, Some("3600"))
        );
        assert_eq!(RetryAfter::parse("99999999999").unwrap().seconds, u32::MAX);
        for value in ["", "soon", "-1", "1 day"] {
            assert!(RetryAfter::parse(value).is_err(), "{value:?}");
        }
    }
}
