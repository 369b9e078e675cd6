//! Pages of lists.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{CallQuery, RecordingQuery};

/// Where a page begins: behind this call or recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageMark {
    /// When it was made, to the microsecond.
    pub created_at: SystemTime,
    /// Its identifier.
    pub sid: String,
}

/// The longest identifier that a mark can have.
const LONGEST_SID: usize = 64;

/// As `PageToken` and `pageToken` have it.
impl fmt::Display for PageMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.created_at.duration_since(UNIX_EPOCH);
        let micros = u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(u64::MAX);
        write!(f, "PA{micros:016x}{}", self.sid)
    }
}

impl FromStr for PageMark {
    type Err = ();

    fn from_str(text: &str) -> Result<PageMark, ()> {
        let rest = text.strip_prefix("PA").ok_or(())?;
        let (micros, sid) = rest.split_at_checked(16).ok_or(())?;
        let is_hex = micros.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_sid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !is_hex || sid.len() > LONGEST_SID || sid.is_empty() || !sid.bytes().all(is_sid) {
            return Err(());
        }
        let micros = u64::from_str_radix(micros, 16).map_err(|_| ())?;
        let created_at = UNIX_EPOCH.checked_add(Duration::from_micros(micros));
        Ok(PageMark {
            created_at: created_at.ok_or(())?,
            sid: sid.to_owned(),
        })
    }
}

/// Which page of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsked {
    /// Entries of a page.
    pub size: u32,
    /// Which page, from 0.
    pub number: u64,
    /// Behind this entry. Without it the page is found by its number.
    pub after: Option<PageMark>,
}

/// Which part of which list of calls is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallList {
    /// Which calls.
    pub query: CallQuery,
    /// Earliest first; else latest first.
    pub oldest_first: bool,
    /// Calls that run are on the page, whichever others have to give way.
    pub live_always: bool,
    /// Which of them.
    pub page: PageAsked,
}

/// Which part of which list of recordings is wanted; latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingList {
    /// Which recordings.
    pub query: RecordingQuery,
    /// Which of them.
    pub page: PageAsked,
}

impl PageAsked {
    /// The first so many.
    pub(crate) fn first(size: u32) -> PageAsked {
        PageAsked {
            size,
            number: 0,
            after: None,
        }
    }

    /// How many entries come before the page, when no mark says where it begins.
    pub fn offset(&self) -> u64 {
        match self.after {
            Some(_) => 0,
            None => self.number.saturating_mul(self.size.into()),
        }
    }
}

/// What surrounds the entries of a list.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// Path of the list as it was asked for, without query.
    pub path: &'a str,
    /// Its query, decoded.
    pub query: &'a [(String, String)],
    /// What was read from it.
    pub page: &'a PageAsked,
    /// Where the next page begins; `None` after the last.
    pub next: Option<PageMark>,
    /// Base of absolute URLs, without a trailing slash.
    pub public_url: &'a str,
}

/// The query of another page of the same list: the same filters under other page parameters.
pub(crate) fn page_query(
    query: &[(String, String)],
    own: &[&str],
    page: &[(&str, String)],
) -> String {
    let filters = query
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .cloned();
    let page = page
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    let fields: Vec<_> = filters.chain(page).collect();
    crate::laml::form::encode(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_as_it_went_out() {
        let mark = PageMark {
            created_at: UNIX_EPOCH + Duration::from_micros(1_795_255_200_000_001),
            sid: "c-00000000-0000-4000-8000-000000000001".to_owned(),
        };
        assert_eq!(mark.to_string().parse(), Ok(mark));
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        let long = format!("PA0000000000000000{}", "a".repeat(65));
        for text in [
            "",
            "PA",
            "PB0000000000000000CA",
            "PA000000000000000g0",
            "PA0000000000000000",
            &long,
            "PA00000000000000é",
        ] {
            assert_eq!(text.parse::<PageMark>(), Err(()), "{text}");
        }
    }
}
