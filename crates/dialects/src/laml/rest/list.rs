//! Lists of calls and of recordings.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::form::Form;
use super::standing;
use crate::laml::vendor::Vendor;
use crate::rest::{
    ApiFault, ApiReply, CallList, Listing, PageAsked, PageMark, RecordingList, day, instant,
    page_query,
};
use crate::shown::shown;
use crate::{CallQuery, Dialect, RecordingQuery};

/// Entries of a page when nobody asks for a number, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 1000;

/// Times are kept to the microsecond.
const AN_INSTANT: Duration = Duration::from_micros(1);

/// A span of time, from and before.
type Span = (Option<SystemTime>, Option<SystemTime>);

/// Reads the query; see [`Dialect::read_list`].
pub(crate) fn read_list(
    vendor: &'static Vendor,
    query: &[(String, String)],
) -> Result<CallList, ApiFault> {
    let form = &Form::new(vendor, query);
    let owned = |name| form.text(name).map(str::to_owned);
    let party = |name| form.party(name).map(Cow::into_owned);
    Ok(CallList {
        query: CallQuery {
            from: party("From"),
            to: party("To"),
            parent: owned("ParentCallSid"),
            status: form.word("Status", standing::WORDS)?.map(str::to_owned),
            started: span(form, "StartTime")?,
            ended: span(form, "EndTime")?,
            ..CallQuery::default()
        },
        oldest_first: false,
        live_always: false,
        page: page(form)?,
    })
}

/// Reads the query; see [`Dialect::read_recording_list`].
pub(crate) fn read_recording_list(
    vendor: &'static Vendor,
    query: &[(String, String)],
) -> Result<RecordingList, ApiFault> {
    let form = &Form::new(vendor, query);
    let owned = |name| form.text(name).map(str::to_owned);
    Ok(RecordingList {
        query: RecordingQuery {
            call: owned("CallSid"),
            conference: owned("ConferenceSid"),
            started: span(form, "DateCreated")?,
            ..RecordingQuery::default()
        },
        page: page(form)?,
    })
}

fn page(form: &Form<'_>) -> Result<PageAsked, ApiFault> {
    let after = match form.text("PageToken") {
        None => None,
        Some(text) => match text.parse::<PageMark>() {
            Ok(mark) => Some(mark),
            Err(()) => {
                let wanted = "is none that this server gave; begin with the first page";
                return Err(match form.vendor.dialect {
                    Dialect::Cxml => form.fault("54454", format!("PageToken {wanted}")),
                    _ => form.invalid("PageToken", wanted),
                });
            }
        },
    };
    Ok(PageAsked {
        // The official libraries ask for as much as they please.
        size: number(form, "PageSize")?.map_or(USUAL, |size| size.clamp(1, MOST)),
        number: number(form, "Page")?.unwrap_or_default().into(),
        after,
    })
}

fn number(form: &Form<'_>, name: &str) -> Result<Option<u32>, ApiFault> {
    form.whole(name, 0, u32::MAX)
}

/// `Name` is a day or a time; `Name>` begins there, and `Name<` ends with it.
fn span(form: &Form<'_>, name: &str) -> Result<Span, ApiFault> {
    let bad = |name: &str, text: &str| {
        let found = shown(text);
        let wanted = format!("must be like 2026-11-21 or 2026-11-21T10:00:00Z, not `{found}`");
        form.invalid(name, &wanted)
    };
    let bound = |name: &str| match form.text(name) {
        None => Ok(None),
        Some(text) => instant(text).map(Some).ok_or_else(|| bad(name, text)),
    };
    let mut from = bound(&format!("{name}>"))?;
    let mut before = bound(&format!("{name}<"))?.and_then(|at| at.checked_add(AN_INSTANT));
    if let Some(text) = form.text(name) {
        let (begin, end) = day(text).ok_or_else(|| bad(name, text))?;
        from = from.max(Some(begin));
        before = Some(before.map_or(end, |before| before.min(end)));
    }
    Ok((from, before))
}

/// The reply: the entries under their name, and beside them nothing but what tells of the page.
/// twilio-python demands exactly one other key.
pub(crate) fn list(
    dialect: Dialect,
    called: &'static str,
    entries: Vec<Value>,
    listing: Listing<'_>,
) -> ApiReply {
    let PageAsked { size, number, .. } = *listing.page;
    let uri = |number: u64, mark: Option<&PageMark>| {
        let mut page = vec![("PageSize", size.to_string()), ("Page", number.to_string())];
        page.extend(mark.map(|mark| ("PageToken", mark.to_string())));
        let own = ["PageSize", "Page", "PageToken"];
        format!(
            "{}?{}",
            listing.path,
            page_query(listing.query, &own, &page)
        )
    };
    let next = number.saturating_add(1);
    let first = number.saturating_mul(size.into());
    let last = first.saturating_add((entries.len() as u64).saturating_sub(1));
    let mut list = json!({
        called: entries,
        "uri": uri(number, listing.page.after.as_ref()),
        "first_page_uri": uri(0, None),
        "next_page_uri": listing.next.as_ref().map(|mark| uri(next, Some(mark))),
        "previous_page_uri": number.checked_sub(1).map(|previous| uri(previous, None)),
        "page": number,
        "page_size": size,
    });
    if dialect == Dialect::Twiml
        && let Value::Object(fields) = &mut list
    {
        fields.insert("start".to_owned(), first.into());
        fields.insert("end".to_owned(), last.into());
    }
    ApiReply::with(200, list)
}
