//! Calls of this process and of earlier ones, for the REST APIs.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::SystemTime;

use hookflash_call::Ledger;
use hookflash_dialects::rest::{CallList, CallStage, PageMark, Standing, Statuses};
use hookflash_dialects::{CallFacts, Dialect, Direction, EndedBy};
use hookflash_store as kept;
use hookflash_store::{
    CallFilter, CallRow, Cursor, Order, Page, Scope, Span, StoreError, micros, system_time,
};

use super::{Records, details, owed};

/// Part of the list of an account's calls.
#[derive(Debug, Default)]
pub(crate) struct CallsPage {
    /// The calls.
    pub(crate) calls: Vec<CallFacts>,
    /// Where the next page begins; none after the last.
    pub(crate) next: Option<PageMark>,
    /// What the list may lack, when it may lack anything.
    pub(crate) lacks: Option<&'static str>,
}

impl Records {
    /// A call of an account, whether it runs, is over, or was before this process began. Calls in
    /// memory are looked for first by whoever asks: they are fresher.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub(crate) async fn find(
        &self,
        account: &str,
        sid: &str,
    ) -> Result<Option<CallFacts>, StoreError> {
        self.bring_up_to_date();
        let row = self.store.call(Scope::Account(account), sid).await?;
        Ok(row.and_then(|row| self.facts(&row)))
    }

    /// Part of the list of an account's calls, as its dialect's API asks for it.
    pub(crate) async fn list(
        &self,
        ledger: &Ledger,
        account: &str,
        dialect: Dialect,
        wanted: &CallList,
    ) -> CallsPage {
        let Some(filter) = filter(dialect, wanted) else {
            return CallsPage::default();
        };
        let page = Page {
            order: match wanted.oldest_first {
                true => Order::OldestFirst,
                false => Order::NewestFirst,
            },
            after: wanted.page.after.as_ref().map(|mark| Cursor {
                created_at: micros(mark.created_at),
                sid: mark.sid.clone(),
            }),
            offset: wanted.page.offset(),
            limit: wanted.page.size,
        };
        let scope = Scope::Account(account);
        let is_by_standing = !filter.standing.is_empty();
        let live = live_of(filter.clone());
        let mut found = self.calls(ledger, scope, filter, page.clone()).await;
        if wanted.live_always && !is_by_standing && found.next.is_some() {
            let live = self.calls(ledger, scope, live, page).await;
            let most = found.calls.len();
            found.calls = with_live(found.calls, live.calls, most);
        }
        CallsPage {
            calls: found
                .calls
                .iter()
                .filter_map(|row| self.facts(row))
                .collect(),
            next: found.next.map(|cursor| PageMark {
                created_at: system_time(cursor.created_at),
                sid: cursor.sid,
            }),
            lacks: found.lacks,
        }
    }

    /// Deletes the record of an account's call, which must be over; says whether there was one. What
    /// its application is owed of it is told all the same.
    ///
    /// # Errors
    /// As [`Records::find`].
    pub(crate) async fn delete(&self, account: &str, sid: &str) -> Result<bool, StoreError> {
        self.bring_up_to_date();
        // What still waits to be written would come back.
        self.store.flush().await?;
        self.store.delete_call(account, sid, owed::carrying).await
    }

    /// What is known of a call that is kept; none when its account is not configured any more.
    pub(crate) fn facts(&self, row: &CallRow<'_>) -> Option<CallFacts> {
        details::facts(row, &self.rules().directory, SystemTime::now())
    }
}

/// None when no call can be meant.
fn filter(dialect: Dialect, wanted: &CallList) -> Option<CallFilter> {
    let query = &wanted.query;
    let standing = match dialect.standings(query) {
        Some(standings) if standings.is_empty() => return None,
        Some(standings) => standings.into_iter().map(standing).collect(),
        None => Vec::new(),
    };
    let span = |(from, before): (Option<SystemTime>, Option<SystemTime>)| Span {
        from: from.map(micros),
        before: before.map(micros),
    };
    Some(CallFilter {
        from: query.from.clone(),
        to: query.to.clone(),
        parent: query.parent.clone(),
        application: None,
        direction: query.direction.map(direction),
        standing,
        created: Span::default(),
        started: span(query.started),
        ended: span(query.ended),
    })
}

/// The same filter of those that run alone.
fn live_of(filter: CallFilter) -> CallFilter {
    CallFilter {
        standing: vec![kept::Standing {
            states: vec![
                kept::CallState::Queued,
                kept::CallState::Trying,
                kept::CallState::Ringing,
                kept::CallState::InProgress,
            ],
            ..kept::Standing::default()
        }],
        ..filter
    }
}

/// Calls that run take the place of the oldest ones that are over. Latest first, as before.
fn with_live(
    mut listed: Vec<CallRow<'static>>,
    live: Vec<CallRow<'static>>,
    most: usize,
) -> Vec<CallRow<'static>> {
    let known: HashSet<String> = listed.iter().map(|row| row.sid.to_string()).collect();
    listed.extend(live.into_iter().filter(|row| !known.contains(&*row.sid)));
    let is_over = |row: &CallRow<'_>| row.state == kept::CallState::Ended;
    listed.sort_by_key(|row| (is_over(row), Reverse(row.created_at)));
    listed.truncate(most);
    listed.sort_by(|a, b| (b.created_at, &b.sid).cmp(&(a.created_at, &a.sid)));
    listed
}

fn direction(direction: Direction) -> kept::Direction {
    match direction {
        Direction::Inbound => kept::Direction::Inbound,
        Direction::OutboundApi => kept::Direction::OutboundApi,
        Direction::OutboundDial => kept::Direction::OutboundDial,
    }
}

/// Where a call stands, in the store's words.
pub(crate) fn standing(standing: Standing) -> kept::Standing {
    let stage = |stage: &CallStage| match stage {
        CallStage::Queued => kept::CallState::Queued,
        CallStage::Trying => kept::CallState::Trying,
        CallStage::Ringing => kept::CallState::Ringing,
        CallStage::InProgress => kept::CallState::InProgress,
        CallStage::Ended => kept::CallState::Ended,
    };
    let by = |by: &EndedBy| match by {
        EndedBy::Peer => kept::EndedBy::Peer,
        EndedBy::Document => kept::EndedBy::Document,
        EndedBy::Api => kept::EndedBy::Api,
        EndedBy::Server => kept::EndedBy::Server,
    };
    let directions = standing.directions.iter();
    kept::Standing {
        states: standing.stages.iter().map(stage).collect(),
        directions: directions.map(|one| direction(*one)).collect(),
        answered: standing.answered,
        sip: match standing.sip {
            Statuses::Any => kept::Statuses::Any,
            Statuses::In(list) => kept::Statuses::In(list.to_vec()),
            Statuses::NotIn(list) => kept::Statuses::NotIn(list.to_vec()),
        },
        ended_by: standing.ended_by.iter().map(by).collect(),
        cause: standing.cause,
    }
}
