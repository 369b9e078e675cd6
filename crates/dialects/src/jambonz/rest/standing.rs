//! What a status word stands for: the other direction of `call_status`.

use crate::rest::{CallStage, Standing, Statuses};
use crate::{Direction, EndedBy};

/// Every word that a call can have; the last three are of calls that jambonz would not list here.
pub(super) const WORDS: &[&str] = &[
    "trying",
    "ringing",
    "in-progress",
    "completed",
    "failed",
    "busy",
    "no-answer",
    "queued",
    "early-media",
    "alerting",
];

const INBOUND: &[Direction] = &[Direction::Inbound];
const BY_API: &[Direction] = &[Direction::OutboundApi];
const BY_DIAL: &[Direction] = &[Direction::OutboundDial];
const GIVEN_UP: Statuses = Statuses::In(&[487]);

/// See [`crate::Dialect::standings`].
pub(crate) fn standings(word: &str) -> Vec<Standing> {
    let unanswered = |directions, sip, ended_by| Standing {
        directions,
        sip,
        ended_by,
        ..Standing::over(false)
    };
    match word {
        "trying" => vec![Standing::at(&[CallStage::Queued, CallStage::Trying])],
        "ringing" => vec![Standing::at(&[CallStage::Ringing])],
        "in-progress" => vec![Standing::at(&[CallStage::InProgress])],
        "completed" => vec![Standing::over(true)],
        "no-answer" => vec![
            unanswered(INBOUND, GIVEN_UP, &[EndedBy::Peer]),
            unanswered(BY_API, GIVEN_UP, &[]),
            unanswered(BY_DIAL, GIVEN_UP, &[]),
        ],
        "busy" => vec![
            unanswered(BY_API, Statuses::In(&[486, 603]), &[]),
            unanswered(BY_DIAL, Statuses::In(&[486, 600]), &[]),
        ],
        "failed" => vec![
            unanswered(INBOUND, Statuses::NotIn(&[487]), &[]),
            unanswered(
                INBOUND,
                GIVEN_UP,
                &[EndedBy::Document, EndedBy::Api, EndedBy::Server],
            ),
            unanswered(BY_API, Statuses::NotIn(&[486, 603, 487]), &[]),
            unanswered(BY_DIAL, Statuses::NotIn(&[486, 600, 487]), &[]),
        ],
        _ => Vec::new(),
    }
}
