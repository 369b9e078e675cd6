//! Why ways to the called party came to nothing, and which of several reasons is told.

use hookflash_dialects::{CallEnd, EndedBy};
use hookflash_sip::{LegEnd, reason_phrase, trunk::is_failure_of_the_trunk};

use crate::ending;

/// Why one way came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Its leg ended so.
    Leg(LegEnd),
    /// It could not be tried: a status for that, and a sentence.
    Here(u16, String),
}

/// The failures of all ways so far.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// The one that says most.
    telling: Option<Failure>,
    /// One of them is the called party's, so that no other way can help.
    is_final: bool,
}

impl Failures {
    pub(super) fn add(&mut self, failure: Failure, has_rung: bool) {
        let may_be_helped = match &failure {
            Failure::Leg(end) => !has_rung && is_failure_of_the_trunk(end),
            Failure::Here(..) => true,
        };
        self.is_final |= !may_be_helped;
        let rank = |failure: &Failure| rank(failure);
        if self
            .telling
            .as_ref()
            .is_none_or(|known| rank(&failure) < rank(known))
        {
            self.telling = Some(failure);
        }
    }

    /// Whether another way may still succeed.
    pub(super) fn may_be_helped(&self) -> bool {
        !self.is_final
    }

    /// How the call ended.
    pub(super) fn end(self) -> CallEnd {
        match self.telling {
            Some(Failure::Leg(end)) => ending::gone(false, &end),
            Some(Failure::Here(status, message)) => of_ours(status, message),
            None => of_ours(404, "there is no way to the called party".to_owned()),
        }
    }
}

/// The end of a call that failed here.
pub(crate) fn of_ours(status: u16, message: impl Into<String>) -> CallEnd {
    CallEnd {
        by: EndedBy::Server,
        answered: false,
        sip_status: status,
        sip_reason: reason_phrase(status).to_owned(),
        cause: None,
        message: Some(message.into()),
    }
}

/// Whether a refusal is meant for every way to the called party (RFC 3261 §21.6).
pub(super) fn is_global(end: &LegEnd) -> bool {
    matches!(end, LegEnd::Refused(600..))
}

/// The lower the more it says about the called party, after RFC 3261 §16.7 (6): a global refusal
/// before a busy phone, that before other refusals, silence and servers that failed last.
fn rank(failure: &Failure) -> u8 {
    match failure {
        Failure::Leg(end) if is_global(end) => 0,
        Failure::Leg(LegEnd::Refused(486)) => 1,
        Failure::Leg(LegEnd::Refused(401 | 403 | 407)) => 4,
        Failure::Leg(LegEnd::Refused(408 | 480)) => 3,
        Failure::Leg(LegEnd::Refused(300..=499)) => 2,
        Failure::Leg(LegEnd::Refused(_)) => 5,
        Failure::Leg(LegEnd::NoAnswer) => 6,
        Failure::Leg(_) => 7,
        Failure::Here(..) => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_failures_the_one_that_says_most_of_the_called_party_is_told() {
        let lost = || LegEnd::TransportLost("refused".to_owned());
        let cases = [
            (vec![lost(), LegEnd::Refused(503)], 503, true),
            (vec![LegEnd::Refused(503), LegEnd::Refused(486)], 486, false),
            (vec![LegEnd::Refused(404), LegEnd::Refused(603)], 603, false),
            (vec![LegEnd::NoAnswer, LegEnd::Refused(480)], 480, false),
            (vec![LegEnd::Refused(401), LegEnd::Refused(404)], 404, false),
        ];
        for (ends, status, may_be_helped) in cases {
            for ends in [ends.clone(), ends.into_iter().rev().collect()] {
                let mut failures = Failures::default();
                for end in ends {
                    failures.add(Failure::Leg(end), false);
                }
                assert_eq!(failures.may_be_helped(), may_be_helped);
                assert_eq!(failures.end().sip_status, status);
            }
        }
    }

    #[test]
    fn what_has_rung_was_reached() {
        let mut failures = Failures::default();
        failures.add(Failure::Leg(LegEnd::Refused(503)), true);
        assert!(!failures.may_be_helped());
    }
}
