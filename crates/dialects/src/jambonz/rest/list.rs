//! Lists of calls.

use super::{invalid, standing};
use crate::rest::{ApiFault, CallList, PageAsked, given};
use crate::{CallQuery, Direction};

/// jambonz' lists have no pages, and are of calls that run; of those that are over, so many are
/// listed besides.
pub(crate) const MOST_LISTED: u32 = 1000;

/// Reads the query; see [`crate::Dialect::read_list`].
pub(crate) fn read_list(query: &[(String, String)]) -> Result<CallList, ApiFault> {
    let text = |name| given(query, name);
    let direction = match text("direction") {
        None => None,
        Some("inbound") => Some(Direction::Inbound),
        Some("outbound") => Some(Direction::OutboundApi),
        Some(_) => return Err(invalid("direction must be inbound or outbound".to_owned())),
    };
    let status = text("callStatus");
    if status.is_some_and(|word| !standing::WORDS.contains(&word)) {
        let words = standing::WORDS.join(", ");
        return Err(invalid(format!("callStatus must be one of {words}")));
    }
    let owned = |name| text(name).map(str::to_owned);
    Ok(CallList {
        query: CallQuery {
            from: owned("from"),
            to: owned("to"),
            direction,
            status: status.map(str::to_owned),
            ..CallQuery::default()
        },
        oldest_first: false,
        live_always: true,
        page: PageAsked::first(MOST_LISTED),
    })
}
