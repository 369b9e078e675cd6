//! What a status word stands for: the other direction of [`crate::laml::status::word`].

use crate::rest::{CallStage, Standing, Statuses};
use crate::{Direction, EndedBy};

/// Every word that a call can have.
pub(super) const WORDS: &[&str] = &[
    "queued",
    "initiated",
    "ringing",
    "in-progress",
    "completed",
    "busy",
    "failed",
    "no-answer",
    "canceled",
];

const BUSY: &[u16] = &[486, 600, 603];
const NO_ANSWER: &[u16] = &[408, 480, 487];
const TOLD_APART: &[u16] = &[486, 600, 603, 408, 480, 487];
const TOLD_APART_OF_DOCUMENTS: &[u16] = &[486, 600, 603, 408, 480, 487, 404];

const NOT_BY_THE_API: &[EndedBy] = &[EndedBy::Peer, EndedBy::Document, EndedBy::Server];
const NOT_BY_US: &[EndedBy] = &[EndedBy::Peer, EndedBy::Server];

const INBOUND: &[Direction] = &[Direction::Inbound];
const OUTBOUND: &[Direction] = &[Direction::OutboundApi, Direction::OutboundDial];

/// See [`crate::Dialect::standings`].
pub(crate) fn standings(word: &str) -> Vec<Standing> {
    let trying = |directions| Standing {
        directions,
        ..Standing::at(&[CallStage::Trying])
    };
    let unanswered = |ended_by, sip| Standing {
        ended_by,
        sip,
        ..Standing::over(false)
    };
    match word {
        "queued" => vec![
            Standing::at(&[CallStage::Queued]),
            trying(&[Direction::OutboundApi]),
        ],
        "initiated" => vec![trying(&[Direction::OutboundDial])],
        "ringing" => vec![Standing::at(&[CallStage::Ringing]), trying(INBOUND)],
        "in-progress" => vec![Standing::at(&[CallStage::InProgress])],
        "completed" => vec![Standing::over(true)],
        "canceled" => vec![unanswered(&[EndedBy::Api], Statuses::Any)],
        "busy" => vec![unanswered(NOT_BY_THE_API, Statuses::In(BUSY))],
        "no-answer" => vec![
            unanswered(NOT_BY_THE_API, Statuses::In(NO_ANSWER)),
            Standing {
                directions: INBOUND,
                ..unanswered(&[EndedBy::Document], Statuses::In(&[404]))
            },
        ],
        "failed" => vec![
            unanswered(NOT_BY_US, Statuses::NotIn(TOLD_APART)),
            Standing {
                directions: INBOUND,
                ..unanswered(
                    &[EndedBy::Document],
                    Statuses::NotIn(TOLD_APART_OF_DOCUMENTS),
                )
            },
            Standing {
                directions: OUTBOUND,
                ..unanswered(&[EndedBy::Document], Statuses::NotIn(TOLD_APART))
            },
        ],
        _ => Vec::new(),
    }
}
