//! Lists of calls while the store is in trouble: what it has, put together with what the process
//! remembers and could not write.

use hookflash_call::{CallRecord, Ledger};
use hookflash_store::{CallFilter, CallPage, CallRow, Cursor, Order, Page, Scope, micros};

use super::{Records, row};

/// What such a list says of itself.
const LACKS: &str = "the store is in trouble: calls that are over may be missing";

/// Part of a list of calls.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) calls: Vec<CallRow<'static>>,
    /// Where the next page begins; none after the last.
    pub(crate) next: Option<Cursor>,
    /// What the list may lack, when it may lack anything.
    pub(crate) lacks: Option<&'static str>,
}

impl Records {
    /// Part of the list of calls. Those that run are in it, whatever the state of the store; of those
    /// that are over, a store that cannot be read has none, and the process the latest.
    pub(crate) async fn calls(
        &self,
        ledger: &Ledger,
        scope: Scope<'_>,
        filter: CallFilter,
        page: Page,
    ) -> Found {
        self.bring_up_to_date();
        let wanted = page.clone();
        let kept = self.store.calls(scope, filter.clone(), page).await;
        // Asked afterwards: the writing that was waited for may have failed just now.
        let is_well = self.health().trouble.is_none();
        match kept {
            Ok(CallPage { calls, next }) if is_well => Found {
                calls,
                next,
                lacks: None,
            },
            _ => self.with_remembered(ledger, scope, &filter, &wanted).await,
        }
    }

    async fn with_remembered(
        &self,
        ledger: &Ledger,
        scope: Scope<'_>,
        filter: &CallFilter,
        page: &Page,
    ) -> Found {
        let most = page.offset.saturating_add(page.limit.into());
        let kept = Page {
            offset: 0,
            limit: u32::try_from(most).unwrap_or(u32::MAX),
            ..page.clone()
        };
        let kept = self.store.calls(scope, filter.clone(), kept).await;
        let kept = kept.unwrap_or_else(|error| {
            tracing::warn!(%error, "a list of calls was made from memory alone");
            CallPage::default()
        });
        // What lies behind it is on another page: the store may have more calls in between.
        let last = kept.next.as_ref();
        let mut calls = kept.calls;
        calls.retain(|row| ledger.find(&row.sid).is_none());
        let is_meant = |record: &CallRecord| {
            let is_behind = |cursor: &Cursor| comes_behind(page.order, &cursor_of(record), cursor);
            is_in(scope, record)
                && page.after.as_ref().is_none_or(is_behind)
                && !last.is_some_and(is_behind)
        };
        let remembered = ledger.newest(usize::MAX, None, is_meant);
        calls.extend(remembered.iter().filter_map(|record| {
            row::look_as_told(record, |row| filter.takes(&row).then(|| row.into_owned()))
        }));
        calls.sort_by(|one, other| {
            let order = (one.created_at, &one.sid).cmp(&(other.created_at, &other.sid));
            match page.order {
                Order::OldestFirst => order,
                Order::NewestFirst => order.reverse(),
            }
        });
        let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
        calls.drain(..offset.min(calls.len()));
        let has_more = calls.len() > page.limit as usize;
        calls.truncate(page.limit as usize);
        Found {
            next: match has_more {
                true => calls.last().map(cursor),
                false => kept.next,
            },
            calls,
            lacks: Some(LACKS),
        }
    }
}

fn is_in(scope: Scope<'_>, record: &CallRecord) -> bool {
    match scope {
        Scope::Operator => true,
        Scope::Account(sid) => record.facts(|facts| facts.application.account.sid == sid),
    }
}

fn comes_behind(order: Order, call: &Cursor, cursor: &Cursor) -> bool {
    let (call, cursor) = (
        (call.created_at, &call.sid),
        (cursor.created_at, &cursor.sid),
    );
    match order {
        Order::OldestFirst => call > cursor,
        Order::NewestFirst => call < cursor,
    }
}

/// Where a page begins behind this call.
pub(crate) fn cursor(row: &CallRow<'_>) -> Cursor {
    Cursor {
        created_at: row.created_at,
        sid: row.sid.to_string(),
    }
}

/// As [`cursor`], of a call in memory.
pub(crate) fn cursor_of(record: &CallRecord) -> Cursor {
    record.facts(|facts| Cursor {
        created_at: micros(facts.created_at),
        sid: facts.sid.clone(),
    })
}
