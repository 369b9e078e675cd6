//! A filter by a word finds the calls that have the word, and no others.

use hookflash_dialects::{CallEnd, CallFacts, CallQuery, CallState, Dialect, Direction, EndedBy};

use crate::example::{at, placed};

const DIRECTIONS: [Direction; 3] = [
    Direction::Inbound,
    Direction::OutboundApi,
    Direction::OutboundDial,
];
const BY: [EndedBy; 4] = [
    EndedBy::Peer,
    EndedBy::Document,
    EndedBy::Api,
    EndedBy::Server,
];
const CODES: [u16; 11] = [200, 404, 408, 480, 486, 487, 488, 500, 503, 600, 603];

/// Every state that words tell apart, and more.
fn every_call(dialect: Dialect) -> Vec<CallFacts> {
    let mut states = vec![
        CallState::Queued,
        CallState::Trying,
        CallState::Ringing,
        CallState::InProgress,
    ];
    for by in BY {
        for answered in [true, false] {
            for sip_status in CODES {
                for cause in [None, Some("busy"), Some("callback-error")] {
                    states.push(CallState::Ended(CallEnd {
                        by,
                        answered,
                        sip_status,
                        sip_reason: String::new(),
                        cause: cause.map(str::to_owned),
                        message: None,
                    }));
                }
            }
        }
    }
    let of = |direction| {
        states.iter().map(move |state| CallFacts {
            direction,
            state: state.clone(),
            ended_at: matches!(state, CallState::Ended(_)).then(|| at(9000)),
            ..placed(dialect)
        })
    };
    DIRECTIONS.into_iter().flat_map(of).collect()
}

const WORDS: [&str; 17] = [
    "queued",
    "initiated",
    "ringing",
    "in-progress",
    "completed",
    "busy",
    "failed",
    "no-answer",
    "canceled",
    "trying",
    "answered",
    "disconnected",
    "early-media",
    "alerting",
    "",
    "nonsense",
    "Completed",
];

#[test]
fn every_call_is_found_under_its_own_status_word_and_no_other() {
    for dialect in Dialect::ALL {
        for facts in every_call(dialect) {
            let own = dialect.status_word(&facts);
            assert!(WORDS.contains(&own));
            for word in WORDS {
                let query = CallQuery {
                    status: Some(word.to_owned()),
                    ..CallQuery::default()
                };
                let standings = dialect.standings(&query).unwrap();
                let found = standings.iter().any(|standing| standing.covers(&facts));
                assert_eq!(
                    found,
                    own == word,
                    "{dialect} {word}: {:?} {:?}",
                    facts.direction,
                    facts.state
                );
            }
        }
    }
}

#[test]
fn every_bandwidth_call_is_found_under_its_own_cause_and_no_other() {
    for facts in every_call(Dialect::Bxml) {
        let state = Dialect::Bxml.call_resource(&facts);
        let own = state["disconnectCause"].as_str();
        let words = [
            "hangup",
            "busy",
            "timeout",
            "cancel",
            "rejected",
            "callback-error",
            "invalid-bxml",
            "application-error",
            "error",
            "unknown",
        ];
        for word in words {
            let query = CallQuery {
                cause: Some(word.to_owned()),
                ..CallQuery::default()
            };
            let standings = Dialect::Bxml.standings(&query).unwrap();
            let found = standings.iter().any(|standing| standing.covers(&facts));
            assert_eq!(
                found,
                own == Some(word),
                "{word}: {:?} {:?}",
                facts.direction,
                facts.state
            );
        }
    }
}

#[test]
fn a_query_without_a_word_means_every_call() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.standings(&CallQuery::default()), None);
    }
}
