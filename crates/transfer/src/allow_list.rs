//! Which targets the operator lets documents reach: `transfer.allow_targets`.
//!
//! A transfer makes another party place a call, so an open list is an invitation to toll fraud
//! (RFC 3515 §5.2). Patterns know two wildcards, `*` for any run of characters and `?` for one:
//!
//! | Pattern | Reaches |
//! |---|---|
//! | `*` | everything |
//! | `+44*`, `2???` | these numbers: `tel:` URIs, and SIP users that are numbers, at any host |
//! | `pbx.example.com`, `*.example.com`, `10.0.0.*` | every target at these hosts |
//! | `sales-*@pbx.example.com` | these users at these hosts |

use std::fmt;

use crate::refer_to::ReferTo;

/// The compiled list of patterns. An empty list reaches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowList(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Everything,
    Number(String),
    Host(String),
    UserAtHost { user: String, host: String },
}

/// Why a target is not reached. Names no party, so that it may be logged and reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No pattern matches.
    NotListed,
    /// A `maddr` parameter leads to a host that no pattern matches.
    Maddr,
    /// A Route in the URI's header part could lead the call past the list.
    Route,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotListed => {
                "the target is not among those that this server may reach (transfer.allow_targets)"
            }
            Self::Maddr => {
                "the target's maddr parameter leads to a host that this server may not reach \
                 (transfer.allow_targets)"
            }
            Self::Route => {
                "the target carries a Route header, which could lead past the targets that this \
                 server may reach (transfer.allow_targets)"
            }
        })
    }
}

impl std::error::Error for Refusal {}

impl AllowList {
    /// Compiles the patterns of the configuration. Every text is a pattern; one that can match
    /// nothing, such as an empty one, is harmless.
    pub fn new<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Self {
        Self(
            patterns
                .into_iter()
                .map(|pattern| Pattern::compile(pattern.as_ref()))
                .collect(),
        )
    }

    /// The list that reaches everything, which is the default.
    pub fn everything() -> Self {
        Self(vec![Pattern::Everything])
    }

    /// Whether a target may be reached.
    pub fn check(&self, target: &ReferTo) -> Result<(), Refusal> {
        if self.0.contains(&Pattern::Everything) {
            return Ok(());
        }
        if target.has_route_header() {
            return Err(Refusal::Route);
        }
        let user = target.user().unwrap_or_default();
        let reaches = |host: Option<&str>| {
            self.0
                .iter()
                .any(|pattern| pattern.matches(user, target.number().as_deref(), host))
        };
        if !reaches(target.host()) {
            return Err(Refusal::NotListed);
        }
        match target.maddr() {
            Some(maddr) if !reaches(Some(maddr)) => Err(Refusal::Maddr),
            _ => Ok(()),
        }
    }
}

impl Pattern {
    fn compile(text: &str) -> Self {
        let text = text.trim();
        let text = text
            .strip_prefix("sip:")
            .or(text.strip_prefix("tel:"))
            .unwrap_or(text);
        let is_number = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b"+*#?".contains(&b));
        match text.rsplit_once('@') {
            _ if !text.is_empty() && text.bytes().all(|byte| byte == b'*') => Self::Everything,
            Some((user, host)) => Self::UserAtHost {
                user: user.to_owned(),
                host: comparable_host(host),
            },
            None if is_number => Self::Number(text.to_owned()),
            None => Self::Host(comparable_host(text)),
        }
    }

    fn matches(&self, user: &str, number: Option<&str>, host: Option<&str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Number(pattern) => number.is_some_and(|number| wildcard(pattern, number)),
            Self::Host(pattern) => host.is_some_and(|host| wildcard(pattern, host)),
            Self::UserAtHost {
                user: user_pattern,
                host: host_pattern,
            } => {
                host.is_some_and(|host| wildcard(host_pattern, host))
                    && (wildcard(user_pattern, user)
                        || number.is_some_and(|number| wildcard(user_pattern, number)))
            }
        }
    }
}

fn comparable_host(host: &str) -> String {
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_ascii_lowercase();
    match host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => address.to_string(),
        Err(_) => host.strip_suffix('.').map(str::to_owned).unwrap_or(host),
    }
}

/// Whether the whole text matches; linear in the product of both lengths at worst.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (mut rest, mut text) = (pattern.chars(), text.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut after = rest.clone();
        match (after.next(), text.clone().next()) {
            (Some('*'), _) => {
                retry = Some((after.clone(), text.clone()));
                rest = after;
                continue;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                rest = after;
                text.next();
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        // The latest star takes one character more, as long as there is one.
        let Some((after_star, mut from)) = retry.take() else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        rest = after_star.clone();
        text = from.clone();
        retry = Some((after_star, from));
    }
}
