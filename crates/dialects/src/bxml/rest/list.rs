//! Lists of calls.

use serde_json::Value;

use super::invalid;
use crate::CallQuery;
use crate::rest::{ApiFault, ApiReply, CallList, Listing, PageMark, instant, page_query};
use crate::shown::shown;

/// Calls on a page when nobody asks for a number, and at most.
const USUAL: u32 = 1000;
const MOST: u32 = 10_000;

/// Reads the query; see [`crate::Dialect::read_list`].
pub(crate) fn read_list(query: &[(String, String)]) -> Result<CallList, ApiFault> {
    let text = |name: &str| {
        let mut values = query.iter().rev();
        let (_, value) = values.find(|(field, _)| field == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    };
    let time = |name: &str| match text(name) {
        None => Ok(None),
        Some(written) => instant(written).map(Some).ok_or_else(|| {
            let found = shown(written);
            invalid(format!(
                "{name} must be like 2026-11-21T10:00:00Z, not `{found}`"
            ))
        }),
    };
    let size = match text("pageSize") {
        None => USUAL,
        Some(written) => {
            let size = written.parse().ok();
            let size = size.filter(|size| (1..=MOST).contains(size));
            size.ok_or_else(|| invalid(format!("pageSize must be from 1 to {MOST}")))?
        }
    };
    let after = match text("pageToken") {
        None => None,
        Some(written) => Some(
            written
                .parse::<PageMark>()
                .map_err(|()| invalid("pageToken is none that this server gave".to_owned()))?,
        ),
    };
    let owned = |name| text(name).map(str::to_owned);
    let latest = time("maxStartTime")?;
    let query = CallQuery {
        from: owned("from"),
        to: owned("to"),
        cause: owned("disconnectCause"),
        // The latest time is meant to be in it, and times are told in milliseconds.
        started: (
            time("minStartTime")?,
            latest.and_then(|at| at.checked_add(std::time::Duration::from_millis(1))),
        ),
        ..CallQuery::default()
    };
    Ok(CallList {
        query,
        oldest_first: true,
        size,
        number: 0,
        after,
    })
}

/// A bare array; the next page stands in `Link`.
pub(crate) fn list(calls: Vec<Value>, listing: Listing<'_>) -> ApiReply {
    let link = listing.next.as_ref().map(|mark| {
        let page = [
            ("pageSize", listing.wanted.size.to_string()),
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
