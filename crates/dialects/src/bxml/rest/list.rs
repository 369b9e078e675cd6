//! Lists of calls and of recordings.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::invalid;
use crate::rest::{
    ApiFault, ApiReply, CallList, Listing, PageAsked, PageMark, RecordingList, given, instant,
    page_query,
};
use crate::shown::shown;
use crate::{CallQuery, RecordingQuery};

/// Calls on a page when nobody asks for a number, and at most.
const USUAL: u32 = 1000;
const MOST: u32 = 10_000;

/// So many recordings are listed; their list has no pages.
const MOST_RECORDINGS: u32 = 1000;

/// Reads the query; see [`crate::Dialect::read_list`].
pub(crate) fn read_list(query: &[(String, String)]) -> Result<CallList, ApiFault> {
    let owned = |name| given(query, name).map(str::to_owned);
    let size = match given(query, "pageSize") {
        None => USUAL,
        Some(written) => {
            let size = written.parse().ok();
            let size = size.filter(|size| (1..=MOST).contains(size));
            size.ok_or_else(|| invalid(format!("pageSize must be from 1 to {MOST}")))?
        }
    };
    let after = match given(query, "pageToken") {
        None => None,
        Some(written) => Some(
            written
                .parse::<PageMark>()
                .map_err(|()| invalid("pageToken is none that this server gave".to_owned()))?,
        ),
    };
    Ok(CallList {
        query: CallQuery {
            from: owned("from"),
            to: owned("to"),
            cause: owned("disconnectCause"),
            started: started(query)?,
            ..CallQuery::default()
        },
        oldest_first: true,
        live_always: false,
        page: PageAsked {
            size,
            number: 0,
            after,
        },
    })
}

/// Reads the query; see [`crate::Dialect::read_recording_list`].
pub(crate) fn read_recording_list(query: &[(String, String)]) -> Result<RecordingList, ApiFault> {
    let owned = |name| given(query, name).map(str::to_owned);
    Ok(RecordingList {
        query: RecordingQuery {
            from: owned("from"),
            to: owned("to"),
            started: started(query)?,
            ..RecordingQuery::default()
        },
        page: PageAsked::first(MOST_RECORDINGS),
    })
}

/// From `minStartTime` to `maxStartTime`, both within.
fn started(
    query: &[(String, String)],
) -> Result<(Option<SystemTime>, Option<SystemTime>), ApiFault> {
    let time = |name: &str| match given(query, name) {
        None => Ok(None),
        Some(written) => instant(written).map(Some).ok_or_else(|| {
            let found = shown(written);
            invalid(format!(
                "{name} must be like 2026-11-21T10:00:00Z, not `{found}`"
            ))
        }),
    };
    let latest = time("maxStartTime")?;
    // Times are told in milliseconds.
    let before = latest.and_then(|at| at.checked_add(Duration::from_millis(1)));
    Ok((time("minStartTime")?, before))
}

/// A bare array; the next page stands in `Link`.
pub(crate) fn list(calls: Vec<Value>, listing: Listing<'_>) -> ApiReply {
    let link = listing.next.as_ref().map(|mark| {
        let page = [
            ("pageSize", listing.page.size.to_string()),
            ("pageToken", mark.to_string()),
        ];
        let query = page_query(listing.query, &["pageSize", "pageToken"], &page);
        let (base, path) = (listing.public_url, listing.path);
        ("Link", format!("<{base}{path}?{query}>; rel=\"next\""))
    });
    ApiReply {
        headers: link.into_iter().collect(),
        ..ApiReply::with(200, Value::Array(calls))
    }
}
