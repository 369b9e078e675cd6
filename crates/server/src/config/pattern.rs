//! Patterns with `*` and `?`, for routes, numbers, hosts and transfer targets.

use std::fmt;

use serde::{Serialize, Serializer};

/// A pattern as the configuration writes it. `*` stands for any characters, `?` for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern. An empty one is refused, because it would match nothing.
    pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
        if text.trim().is_empty() {
            return Err("an empty pattern matches nothing; write * for everything".to_owned());
        }
        Ok(Pattern(text.trim().to_owned()))
    }

    /// The pattern that matches everything.
    pub fn any() -> Pattern {
        Pattern("*".to_owned())
    }

    /// Whether the whole text matches. Case counts.
    pub fn matches(&self, text: &str) -> bool {
        wildcard(self.0.as_bytes(), text.as_bytes(), |a, b| a == b)
    }

    /// Whether the whole text matches, upper and lower case being the same, as in host names.
    pub fn matches_host(&self, text: &str) -> bool {
        wildcard(self.0.as_bytes(), text.as_bytes(), |a, b| {
            a.eq_ignore_ascii_case(b)
        })
    }

    /// Whether a called party matches: by its user part, or by `user@host` when the pattern
    /// names a host. The host part is compared without regard to case.
    pub fn matches_party(&self, user: &str, host: &str) -> bool {
        match self.0.split_once('@') {
            Some((user_pattern, host_pattern)) => {
                Pattern(user_pattern.to_owned()).matches(user)
                    && Pattern(host_pattern.to_owned()).matches_host(host)
            }
            None => self.matches(user),
        }
    }

    /// Whether the pattern names a host, as in `user@host`.
    pub fn names_host(&self) -> bool {
        self.0.contains('@')
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

/// Linear in the text for each star: the last star is the only place to come back to.
fn wildcard(pattern: &[u8], text: &[u8], same: impl Fn(&u8, &u8) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(have) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(want) if *want == b'?' || same(want, have) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, from)) = retry else {
                    return false;
                };
                retry = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_a_shell_would() {
        let yes = [
            ("*", ""),
            ("+44*", "+442079460123"),
            ("a*b*c", "aXbYbc"),
            ("2??", "201"),
        ];
        for (pattern, text) in yes {
            assert!(Pattern(pattern.into()).matches(text), "{pattern} {text}");
        }
        for (pattern, text) in [("+44*", "+4312"), ("2??", "20"), ("a*b", "abc"), ("A", "a")] {
            assert!(!Pattern(pattern.into()).matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_route_may_name_the_host_and_hosts_ignore_case() {
        let route = Pattern::parse("support@*.Example.com").unwrap();
        assert!(route.matches_party("support", "voice.example.COM"));
        assert!(!route.matches_party("support", "example.net"));
        assert!(
            Pattern::parse("support")
                .unwrap()
                .matches_party("support", "anything")
        );
        assert!(Pattern::parse(" ").is_err());
    }
}
