//! Which trunk a call goes out by, and which one next when that fails.
//!
//! A telephone number needs a trunk. A SIP URI is called directly, unless a trunk says that hosts
//! like its host are its own. Trunks are tried in the order in which they are configured, those
//! that failed not long ago last.

use std::time::{Duration, Instant};

use crate::event::LegEnd;
use crate::locate::DeadHosts;
use crate::uri::{Scheme, Uri, UriRef, escape_user};

/// What a trunk is for.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its name in the configuration.
    pub name: String,
    /// Where its calls go.
    pub uri: Uri,
    /// Patterns for numbers, with `*` and `?`; empty takes none.
    pub numbers: Vec<String>,
    /// Patterns for the hosts of SIP URIs; empty takes none.
    pub hosts: Vec<String>,
}

/// What is to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A telephone number: digits with or without `+`, visual separators removed.
    Number(String),
    /// A SIP or SIPS URI, called as it is.
    Uri(Uri),
}

impl Callee {
    /// Reads `+44…`, `tel:+44…`, `sip:…` or `sips:…`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Callee> {
        let text = text.trim();
        if let Ok(uri) = Uri::parse_target(text) {
            return match uri.scheme() {
                Scheme::Tel => number(uri.user()?).map(Callee::Number),
                Scheme::Sip | Scheme::Sips => Some(Callee::Uri(uri)),
                Scheme::Other => None,
            };
        }
        number(text).map(Callee::Number)
    }
}

/// The way a call takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the URI itself.
    Direct,
    /// By one of these trunks (indices into the table), tried in this order.
    Trunks(Vec<usize>),
    /// No trunk takes this number.
    NoTrunk,
}

/// What the INVITE to be sent by a trunk says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkTarget {
    /// The Request-URI.
    pub uri: String,
    /// The first Route; `None` when the Request-URI leads to the trunk by itself.
    pub route: Option<String>,
}

/// All trunks, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Trunks {
    trunks: Vec<Trunk>,
    dead: DeadHosts<usize>,
}

impl Trunks {
    /// A table of trunks.
    pub fn new(trunks: Vec<Trunk>) -> Trunks {
        Trunks {
            trunks,
            dead: DeadHosts::default(),
        }
    }

    /// The trunk with that index.
    pub fn get(&self, trunk: usize) -> Option<&Trunk> {
        self.trunks.get(trunk)
    }

    /// How a callee is reached.
    pub fn way(&self, now: Instant, callee: &Callee) -> Way {
        let takes = |trunk: &Trunk| match callee {
            Callee::Number(number) => trunk.numbers.iter().any(|p| fits(p, number)),
            Callee::Uri(uri) => {
                let host = uri.host().trim_end_matches('.').to_ascii_lowercase();
                let fits_host = |p: &String| fits(&p.to_ascii_lowercase(), &host);
                trunk.hosts.iter().any(fits_host)
            }
        };
        let all = self.trunks.iter().enumerate();
        let mut found: Vec<usize> = all.filter(|(_, t)| takes(t)).map(|(at, _)| at).collect();
        self.dead.put_last(now, &mut found, |trunk| *trunk);
        match callee {
            _ if !found.is_empty() => Way::Trunks(found),
            Callee::Uri(_) => Way::Direct,
            Callee::Number(_) => Way::NoTrunk,
        }
    }

    /// What to write into the INVITE. A number becomes the user part of the trunk's URI; a URI
    /// stays as it is and goes by way of the trunk.
    pub fn target(&self, trunk: usize, callee: &Callee) -> Option<TrunkTarget> {
        let trunk = self.get(trunk)?;
        Some(match callee {
            Callee::Number(number) => TrunkTarget {
                uri: with_user(&trunk.uri.as_ref(), number),
                route: None,
            },
            Callee::Uri(uri) => TrunkTarget {
                uri: uri.without_headers().to_owned(),
                route: Some(trunk.uri.without_headers().to_owned()),
            },
        })
    }

    /// Notes how a call by a trunk ended before it was answered, and whether the next trunk may be
    /// tried. `has_rung`: the far end rang or sent early media, so that it was the callee, not the
    /// trunk, who did not want.
    pub fn ended(
        &mut self,
        now: Instant,
        trunk: usize,
        end: &LegEnd,
        has_rung: bool,
        dead_for: Duration,
    ) -> bool {
        let failed = !has_rung && is_failure_of_the_trunk(end);
        match failed {
            // It works, and does not want to take this call: perhaps the next one.
            true if matches!(end, LegEnd::Refused(403 | 580)) => {}
            true => self.dead.bury(now, trunk, now + dead_for),
            false => self.dead.revive(trunk),
        }
        failed
    }

    /// Whether a trunk failed not long ago.
    pub fn is_dead(&self, now: Instant, trunk: usize) -> bool {
        self.dead.is_dead(now, trunk)
    }
}

/// Whether a call failed for a reason that another trunk may not have. What says something about
/// the callee (busy, unknown, declined) or about our own request does not count.
pub fn is_failure_of_the_trunk(end: &LegEnd) -> bool {
    match end {
        LegEnd::NoAnswer | LegEnd::TransportLost(_) => true,
        LegEnd::Refused(status) => matches!(status, 401 | 403 | 407 | 408 | 500..=504 | 580),
        _ => false,
    }
}

/// The digits of a number, with `+` if it has one; `None` when it is none.
fn number(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            '+' if at == 0 => digits.push(c),
            '0'..='9' | '*' | '#' => digits.push(c),
            '-' | '.' | '(' | ')' | ' ' => {}
            _ => return None,
        }
    }
    (1..=64)
        .contains(&digits.trim_start_matches('+').len())
        .then_some(digits)
}

fn with_user(uri: &UriRef<'_>, user: &str) -> String {
    let text = uri.without_headers();
    let scheme = uri.scheme_text();
    let rest = text.get(scheme.len() + 1..).unwrap_or_default();
    // The user part of the trunk's own URI, if any, gives way.
    let at = match uri.user() {
        Some(_) => rest.find('@').map_or(0, |at| at + 1),
        None => 0,
    };
    let place = rest.get(at..).unwrap_or_default();
    format!("{scheme}:{}@{place}", escape_user(user))
}

/// Whether a pattern with `*` (anything) and `?` (one character) fits a whole text.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the present attempt fails: after the last star, one byte further.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if text.get(t) == Some(byte) => (p, t) = (p + 1, t + 1),
            _ => match retry {
                Some((star, at)) => {
                    (p, t) = (star, at + 1);
                    retry = Some((star, at + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEAD: Duration = Duration::from_secs(60);

    fn trunk(name: &str, numbers: &[&str], hosts: &[&str]) -> Trunk {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Trunk {
            name: name.to_owned(),
            uri: Uri::parse("sip:out@127.0.0.1:5070;transport=udp").unwrap(),
            numbers: texts(numbers),
            hosts: texts(hosts),
        }
    }

    fn way(trunks: &Trunks, callee: &str) -> Way {
        trunks.way(Instant::now(), &Callee::parse(callee).unwrap())
    }

    #[test]
    fn a_number_takes_the_trunks_whose_patterns_fit_in_their_order() {
        let trunks = Trunks::new(vec![
            trunk("uk", &["+44*", "0044*"], &[]),
            trunk("short", &["1??"], &[]),
            trunk("any", &["*"], &[]),
            trunk("hosts only", &[], &["pbx.example"]),
        ]);
        assert_eq!(way(&trunks, "+44 20 7946-0000"), Way::Trunks(vec![0, 2]));
        assert_eq!(
            way(&trunks, "tel:+44-20-7946-0000"),
            Way::Trunks(vec![0, 2])
        );
        assert_eq!(way(&trunks, "112"), Way::Trunks(vec![1, 2]));
        assert_eq!(way(&trunks, "+4930123"), Way::Trunks(vec![2]));
        let uk = Trunks::new(vec![trunk("uk", &["+44*"], &[])]);
        assert_eq!(way(&uk, "+4930123"), Way::NoTrunk);
    }

    #[test]
    fn a_uri_goes_direct_unless_a_trunk_names_its_host() {
        let trunks = Trunks::new(vec![trunk("carrier", &[], &["*.carrier.example"])]);
        assert_eq!(way(&trunks, "sip:+44@other.example"), Way::Direct);
        let callee = Callee::parse("sip:Bob@SBC.Carrier.example;user=phone").unwrap();
        assert_eq!(trunks.way(Instant::now(), &callee), Way::Trunks(vec![0]));
        let target = trunks.target(0, &callee).unwrap();
        assert_eq!(
            target.uri, "sip:Bob@SBC.Carrier.example;user=phone",
            "byte for byte"
        );
        assert_eq!(
            target.route.as_deref(),
            Some("sip:out@127.0.0.1:5070;transport=udp")
        );
        assert_eq!(
            way(&trunks, "sip:bob@carrier.example.evil.example"),
            Way::Direct
        );
    }

    #[test]
    fn a_number_becomes_the_user_part_of_the_trunks_uri() {
        let trunks = Trunks::new(vec![trunk("any", &["*"], &[])]);
        let target = trunks
            .target(0, &Callee::Number("+4420#1".to_owned()))
            .unwrap();
        assert_eq!(target.uri, "sip:+4420%231@127.0.0.1:5070;transport=udp");
        assert_eq!(target.route, None);
    }

    #[test]
    fn what_is_neither_number_nor_uri_is_no_callee() {
        for text in [
            "", "+", "alice", "http://x", "12a", "1+2", "sip:", "tel:abc",
        ] {
            assert_eq!(Callee::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_trunk_that_failed_is_tried_last_and_one_that_rang_did_not_fail() {
        let now = Instant::now();
        let mut trunks = Trunks::new(vec![trunk("a", &["*"], &[]), trunk("b", &["*"], &[])]);
        let callee = Callee::Number("+1".to_owned());
        assert!(!trunks.ended(now, 0, &LegEnd::NoAnswer, true, DEAD));
        assert!(!trunks.ended(now, 0, &LegEnd::Refused(486), false, DEAD));
        assert!(trunks.ended(now, 0, &LegEnd::Refused(403), false, DEAD));
        assert_eq!(trunks.way(now, &callee), Way::Trunks(vec![0, 1]));
        assert!(trunks.ended(now, 0, &LegEnd::NoAnswer, false, DEAD));
        assert_eq!(trunks.way(now, &callee), Way::Trunks(vec![1, 0]));
        assert!(trunks.ended(now, 1, &LegEnd::Refused(503), false, DEAD));
        assert_eq!(
            trunks.way(now, &callee),
            Way::Trunks(vec![0, 1]),
            "all are dead"
        );
        assert_eq!(trunks.way(now + DEAD, &callee), Way::Trunks(vec![0, 1]));
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let pattern = "*a".repeat(30) + "b";
        assert!(!fits(&pattern, &"a".repeat(64)));
        assert!(fits("*", "") && fits("a*c", "abbc") && !fits("a?c", "ac"));
    }
}
