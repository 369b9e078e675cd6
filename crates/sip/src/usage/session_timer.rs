//! Session timers (RFC 4028): how long a session lives without refresh, and who refreshes.

use std::time::Duration;

use crate::header::{MinSe, Name, Refresher, Require, SessionExpires, Supported};
use crate::headers::Headers;

/// What we want and accept, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) wanted: Option<u32>,
    pub(crate) minimum: u32,
}

/// What one transaction settled. The refresher is named by its role in that transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) seconds: u32,
    pub(crate) refresher: Refresher,
}

/// The interval that the peer asked for is too short: 422 with this Min-SE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooShort(pub(crate) u32);

impl Agreement {
    /// As receiver of an INVITE or UPDATE (RFC 4028 section 9).
    pub(crate) fn of_request(
        policy: Policy,
        headers: &Headers,
    ) -> Result<Option<Agreement>, TooShort> {
        let peer_can = Supported::lists(headers, "timer") || Require::lists(headers, "timer");
        let asked = headers.typed_opt::<SessionExpires>().ok().flatten();
        let Some(asked) = asked else {
            // A peer that knows timers but did not ask: we take the work upon ourselves.
            let offered = policy.wanted.filter(|_| peer_can);
            return Ok(offered.map(|seconds| {
                let least = min_se(headers).unwrap_or(0);
                Agreement {
                    seconds: seconds.max(least),
                    refresher: Refresher::Uas,
                }
            }));
        };
        if asked.seconds < policy.minimum {
            if peer_can {
                return Err(TooShort(policy.minimum));
            }
            // A proxy asked for it, which a caller that knows nothing of timers cannot change.
            return Ok(Some(Agreement {
                seconds: policy.minimum,
                refresher: Refresher::Uas,
            }));
        }
        let refresher = match asked.refresher {
            Some(refresher) if peer_can => refresher,
            None if peer_can => Refresher::Uac,
            _ => Refresher::Uas,
        };
        Ok(Some(Agreement {
            seconds: asked.seconds,
            refresher,
        }))
    }

    /// As sender, from the 2xx (RFC 4028 section 7.2). `None`: this session has no timer.
    pub(crate) fn of_response(headers: &Headers) -> Option<Agreement> {
        let said = headers.typed_opt::<SessionExpires>().ok().flatten()?;
        Some(Agreement {
            seconds: said.seconds.max(1),
            refresher: said.refresher.unwrap_or(Refresher::Uac),
        })
    }

    /// Writes the agreement into a 2xx of ours.
    pub(crate) fn write_answer(&self, request: &Headers, headers: &mut Headers) {
        headers.push(Name::SessionExpires, &self.value());
        let peer_can = Supported::lists(request, "timer") || Require::lists(request, "timer");
        if self.refresher == Refresher::Uac && peer_can {
            headers.push(Name::Require, "timer");
        }
    }

    fn value(&self) -> String {
        let refresher = match self.refresher {
            Refresher::Uac => "uac",
            Refresher::Uas => "uas",
        };
        format!("{};refresher={refresher}", self.seconds)
    }

    /// Whether the work is ours, given our role in the transaction that settled this.
    pub(crate) fn is_ours(&self, we_asked: bool) -> bool {
        (self.refresher == Refresher::Uac) == we_asked
    }

    /// When to act: half the interval for whoever refreshes, shortly before the end for the other
    /// side, which then gives up (RFC 4028 section 10).
    pub(crate) fn deadline(&self, we_asked: bool) -> Duration {
        let whole = Duration::from_secs(u64::from(self.seconds));
        if self.is_ours(we_asked) {
            whole / 2
        } else {
            whole - (whole / 3).min(Duration::from_secs(32))
        }
    }
}

/// Writes what we ask for into an INVITE or UPDATE (RFC 4028 section 7.1).
pub(crate) fn write_request(policy: Policy, running: Option<Agreement>, headers: &mut Headers) {
    match running {
        Some(agreement) => headers.push(Name::SessionExpires, &agreement.value()),
        None => {
            let Some(seconds) = policy.wanted else { return };
            headers.push(Name::SessionExpires, &seconds.to_string());
        }
    }
    headers.push(Name::MinSe, &policy.minimum.to_string());
}

/// The Min-SE header in seconds.
pub(crate) fn min_se(headers: &Headers) -> Option<u32> {
    headers.typed_opt::<MinSe>().ok().flatten().map(|min| min.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        wanted: Some(1800),
        minimum: 90,
    };

    fn headers(lines: &[(&'static str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push(*name, value);
        }
        headers
    }

    #[test]
    fn a_peer_that_asks_without_naming_the_refresher_does_the_work() {
        let asked = headers(&[("Supported", "timer"), ("Session-Expires", "600")]);
        let agreement = Agreement::of_request(POLICY, &asked).unwrap().unwrap();
        assert_eq!(
            agreement,
            Agreement {
                seconds: 600,
                refresher: Refresher::Uac
            }
        );
        let mut answer = Headers::default();
        agreement.write_answer(&asked, &mut answer);
        assert_eq!(answer.get("Session-Expires"), Some("600;refresher=uac"));
        assert_eq!(answer.get("Require"), Some("timer"));
        assert_eq!(agreement.deadline(false), Duration::from_secs(568));
    }

    #[test]
    fn too_short_an_interval_is_refused_only_when_the_peer_can_ask_again() {
        let short = [("Session-Expires", "30")];
        assert_eq!(
            Agreement::of_request(POLICY, &headers(&short)),
            Ok(Some(Agreement {
                seconds: 90,
                refresher: Refresher::Uas
            }))
        );
        let able = headers(&[("Session-Expires", "30"), ("Supported", "timer")]);
        assert_eq!(Agreement::of_request(POLICY, &able), Err(TooShort(90)));
    }

    #[test]
    fn a_peer_without_timers_gets_none() {
        assert_eq!(Agreement::of_request(POLICY, &Headers::default()), Ok(None));
        assert_eq!(Agreement::of_response(&Headers::default()), None);
    }

    #[test]
    fn the_refresher_is_named_by_the_role_in_the_transaction() {
        let uas = Agreement {
            seconds: 1800,
            refresher: Refresher::Uas,
        };
        assert!(uas.is_ours(false) && !uas.is_ours(true));
        assert_eq!(uas.deadline(false), Duration::from_secs(900));
        assert_eq!(uas.deadline(true), Duration::from_secs(1768));
    }
}
