//! What words of states and causes stand for: the other direction of [`crate::bxml::status_word`]
//! and [`crate::bxml::event::cause`].

use crate::rest::{CallStage, Standing, Statuses};
use crate::{CallQuery, Direction, EndedBy};

const INBOUND: &[Direction] = &[Direction::Inbound];
const OUTBOUND: &[Direction] = &[Direction::OutboundApi, Direction::OutboundDial];
const NOT_BY_THE_SERVER: &[EndedBy] = &[EndedBy::Peer, EndedBy::Document, EndedBy::Api];
const OURS: &[EndedBy] = &[EndedBy::Document, EndedBy::Api];
const PEER: &[EndedBy] = &[EndedBy::Peer];
const SERVER: &[EndedBy] = &[EndedBy::Server];

const BUSY: &[u16] = &[486, 600];
const TIMEOUT: &[u16] = &[408, 480, 487];
const TOLD_APART: &[u16] = &[486, 600, 408, 480, 487];

/// See [`crate::Dialect::standings`]. No query names both.
pub(crate) fn standings(query: &CallQuery) -> Option<Vec<Standing>> {
    match (&query.status, &query.cause) {
        (Some(state), _) => Some(of_state(state)),
        (None, Some(cause)) => Some(of_cause(cause)),
        (None, None) => None,
    }
}

fn of_state(word: &str) -> Vec<Standing> {
    let stages: &[CallStage] = match word {
        "queued" => &[CallStage::Queued],
        "initiated" => &[CallStage::Trying, CallStage::Ringing],
        "answered" => &[CallStage::InProgress],
        "disconnected" => &[CallStage::Ended],
        _ => return Vec::new(),
    };
    vec![Standing::at(stages)]
}

/// A failure with a word of its own has that word; all others are told by how they ended.
fn of_cause(word: &str) -> Vec<Standing> {
    let ended = |answered, ended_by, directions, sip| Standing {
        ended_by,
        directions,
        sip,
        cause: Some(None),
        ..Standing::over(answered)
    };
    let mut standings = match word {
        "hangup" => vec![ended(true, NOT_BY_THE_SERVER, &[], Statuses::Any)],
        "error" => vec![
            ended(true, SERVER, &[], Statuses::Any),
            ended(false, SERVER, INBOUND, Statuses::Any),
            ended(false, SERVER, OUTBOUND, Statuses::NotIn(TIMEOUT)),
        ],
        "cancel" => vec![
            ended(false, PEER, INBOUND, Statuses::Any),
            ended(false, OURS, OUTBOUND, Statuses::Any),
        ],
        "rejected" => vec![
            ended(false, OURS, INBOUND, Statuses::Any),
            ended(false, PEER, OUTBOUND, Statuses::NotIn(TOLD_APART)),
        ],
        "busy" => vec![ended(false, PEER, OUTBOUND, Statuses::In(BUSY))],
        "timeout" => vec![
            ended(false, PEER, OUTBOUND, Statuses::In(TIMEOUT)),
            ended(false, SERVER, OUTBOUND, Statuses::In(TIMEOUT)),
        ],
        _ => Vec::new(),
    };
    standings.push(Standing {
        cause: Some(Some(word.to_owned())),
        ..Standing::at(&[CallStage::Ended])
    });
    standings
}
