//! Lists of calls, with the filters and the paging of the vendors' APIs.

use crate::error::StoreError;
use crate::retention;
use crate::row::{CallRow, CallState, CallTable, Direction, EndedBy};
use crate::scope::{Conditions, Scope};
use crate::sql::{Database, Value};

/// No call waits longer than an hour, in microseconds, between being asked for and its INVITE. It
/// lets the order in which calls were made bound a search by their start.
const LONGEST_WAIT: i64 = 3_600 * 1_000_000;

/// Of how many accounts the operator's list is put together in order. With more, all calls are
/// sorted.
const MOST_ACCOUNTS: usize = 50;

/// A span of time: from, inclusive, and before, exclusive. An instant is a span of one microsecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// At this time or later.
    pub from: Option<i64>,
    /// Before this time.
    pub before: Option<i64>,
}

/// Which statuses of an INVITE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Statuses {
    /// Any, or none yet.
    #[default]
    Any,
    /// One of these.
    In(Vec<u16>),
    /// Another than these.
    NotIn(Vec<u16>),
}

/// Where a call stands, as finely as a dialect's status word says it. What is empty or none does
/// not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// One of these states.
    pub states: Vec<CallState>,
    /// One of these directions.
    pub directions: Vec<Direction>,
    /// Whether it had been answered when it ended.
    pub answered: Option<bool>,
    /// The final status of its INVITE.
    pub sip: Statuses,
    /// Ended by one of these.
    pub ended_by: Vec<EndedBy>,
    /// The word for its failure; `Some(None)`: it has none.
    pub cause: Option<Option<String>>,
}

/// Which calls. What is empty or none does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Calling party as the application is told.
    pub from: Option<String>,
    /// Called party as the application is told.
    pub to: Option<String>,
    /// The call that it was made for.
    pub parent: Option<String>,
    /// Identifier of its application.
    pub application: Option<String>,
    /// Way in which it was set up.
    pub direction: Option<Direction>,
    /// One of these: a word of a dialect may stand for several.
    pub standing: Vec<Standing>,
    /// When it came in or was asked for.
    pub created: Span,
    /// When its INVITE arrived or left.
    pub started: Span,
    /// When it ended.
    pub ended: Span,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By `created_at`, latest first (Twilio, SignalWire, our own view).
    #[default]
    NewestFirst,
    /// By `created_at`, earliest first (Bandwidth).
    OldestFirst,
}

/// Where a page begins: behind this call. Calls that come in later do not move it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the call was made.
    pub created_at: i64,
    /// Its identifier.
    pub sid: String,
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// In which order.
    pub order: Order,
    /// Behind this call; from the beginning without it.
    pub after: Option<Cursor>,
    /// How many calls to leave out from there.
    pub offset: u64,
    /// How many at most.
    pub limit: u32,
}

impl Page {
    /// The newest calls.
    pub fn first(limit: u32) -> Page {
        Page {
            order: Order::NewestFirst,
            after: None,
            offset: 0,
            limit,
        }
    }
}

/// Part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<CallRow<'static>>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// A list of values, for `IN`.
fn list<'a>(conditions: &mut Conditions<'a>, values: impl Iterator<Item = Value<'a>>) -> String {
    let marks: Vec<String> = values.map(|value| conditions.mark(value)).collect();
    marks.join(", ")
}

impl Standing {
    /// Whether calls of a table can stand like this.
    fn may_be_in(&self, table: CallTable) -> bool {
        let is_over = table == CallTable::Over;
        let states = &self.states;
        let by_state = states.is_empty()
            || states
                .iter()
                .any(|state| (*state == CallState::Ended) == is_over);
        // A call that runs has none of these.
        let needs_end = self.answered.is_some()
            || self.sip != Statuses::Any
            || !self.ended_by.is_empty()
            || matches!(self.cause, Some(Some(_)));
        by_state && (is_over || !needs_end)
    }

    fn condition<'a>(&'a self, conditions: &mut Conditions<'a>) -> String {
        let mut parts = Vec::new();
        if !self.states.is_empty() {
            let words = self.states.iter().map(|one| Value::plain(one.as_str()));
            parts.push(format!("t.state IN ({})", list(conditions, words)));
        }
        if !self.directions.is_empty() {
            let words = self.directions.iter().map(|one| Value::plain(one.as_str()));
            parts.push(format!("t.direction IN ({})", list(conditions, words)));
        }
        if let Some(answered) = self.answered {
            parts.push(format!("t.end_answered = {}", u8::from(answered)));
        }
        let numbers = |statuses: &[u16]| -> Vec<Value<'a>> {
            statuses
                .iter()
                .map(|status| Value::Int((*status).into()))
                .collect()
        };
        match &self.sip {
            Statuses::Any => {}
            Statuses::In(statuses) => {
                let marks = list(conditions, numbers(statuses).into_iter());
                parts.push(format!("t.sip_status IN ({marks})"));
            }
            Statuses::NotIn(statuses) => {
                let marks = list(conditions, numbers(statuses).into_iter());
                parts.push(format!("t.sip_status NOT IN ({marks})"));
            }
        }
        if !self.ended_by.is_empty() {
            let words = self.ended_by.iter().map(|one| Value::plain(one.as_str()));
            parts.push(format!("t.ended_by IN ({})", list(conditions, words)));
        }
        match &self.cause {
            None => {}
            Some(None) => parts.push("t.cause IS NULL".to_owned()),
            Some(Some(cause)) => {
                let mark = conditions.mark(Value::text(cause));
                parts.push(format!("t.cause = {mark}"));
            }
        }
        if parts.is_empty() {
            return "1 = 1".to_owned();
        }
        parts.join(" AND ")
    }
}

impl CallFilter {
    /// The tables that may hold calls which it finds.
    fn tables(&self) -> impl Iterator<Item = CallTable> {
        let needs_end = self.ended != Span::default();
        CallTable::ALL.into_iter().filter(move |table| {
            let by_standing =
                self.standing.is_empty() || self.standing.iter().any(|one| one.may_be_in(*table));
            by_standing && (*table == CallTable::Over || !needs_end)
        })
    }

    fn conditions(&self) -> Conditions<'_> {
        let mut conditions = Conditions::none();
        let equal = [
            ("t.from_told =", self.from.as_deref().map(Value::short)),
            ("t.to_told =", self.to.as_deref().map(Value::short)),
            ("t.parent =", self.parent.as_deref().map(Value::text)),
            (
                "t.application =",
                self.application.as_deref().map(Value::text),
            ),
            (
                "t.direction =",
                self.direction.map(|one| Value::plain(one.as_str())),
            ),
        ];
        for (left, value) in equal {
            if let Some(value) = value {
                conditions.compare(left, value);
            }
        }
        // What is known of a call's start and end bounds when it was made, which has an index.
        let earliest = [
            self.created.from,
            self.started
                .from
                .map(|from| from.saturating_sub(LONGEST_WAIT)),
        ];
        let latest = [self.created.before, self.started.before, self.ended.before];
        if let Some(from) = earliest.into_iter().flatten().max() {
            conditions.compare("t.created_at >=", Value::Int(from));
        }
        if let Some(before) = latest.into_iter().flatten().min() {
            conditions.compare("t.created_at <", Value::Int(before));
        }
        for (column, span) in [("t.started_at", self.started), ("t.ended_at", self.ended)] {
            if let Some(from) = span.from {
                conditions.compare(&format!("{column} >="), Value::Int(from));
            }
            if let Some(before) = span.before {
                conditions.compare(&format!("{column} <"), Value::Int(before));
            }
        }
        let standing: Vec<String> = self
            .standing
            .iter()
            .map(|standing| standing.condition(&mut conditions))
            .collect();
        match standing.as_slice() {
            [] => {}
            [one] => conditions.and(one),
            several => conditions.and(&format!("(({}))", several.join(") OR ("))),
        }
        conditions
    }
}

/// A part of the list of calls: from each table, and for the operator from each account, those
/// that come first, merged by the database.
pub(crate) fn page(
    database: &mut dyn Database,
    scope: Scope<'_>,
    filter: &CallFilter,
    page: &Page,
) -> Result<CallPage, StoreError> {
    let accounts = match scope {
        Scope::Account(account) => vec![account.to_owned()],
        Scope::Operator => retention::accounts(database)?,
    };
    let mut conditions = filter.conditions();
    let (than, way) = match page.order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    if let Some(cursor) = &page.after {
        let at = conditions.mark(Value::Int(cursor.created_at));
        let sid = conditions.mark(Value::text(&cursor.sid));
        conditions.and(&format!("(t.created_at, t.sid) {than} ({at}, {sid})"));
    }
    let tables: Vec<CallTable> = filter.tables().collect();
    let keys = keys(&tables, scope, &accounts, &mut conditions);
    if keys.is_empty() {
        return Ok(CallPage::default());
    }
    // One more than is wanted shows whether there is a next page.
    let limit = conditions.mark(Value::Int(i64::from(page.limit) + 1));
    let offset = conditions.mark(Value::Int(i64::try_from(page.offset).unwrap_or(i64::MAX)));
    let rows = tables.iter().map(|table| {
        format!(
            "{}, page WHERE page.source = '{}' AND t.call_no = page.number",
            table.select(),
            table.name()
        )
    });
    // Indexes alone find the page, so that what is left out is not read.
    let sql = format!(
        "WITH page AS ({} ORDER BY made_at {way}, name {way} LIMIT {limit} OFFSET {offset}) \
         {} ORDER BY created_at {way}, sid {way}",
        keys.join(" UNION ALL "),
        rows.collect::<Vec<_>>().join(" UNION ALL "),
    );
    let mut rows = database.query(&sql, conditions.values)?;
    let calls: Result<Vec<CallRow<'static>>, StoreError> =
        rows.iter_mut().map(CallRow::read).collect();
    Ok(CallPage::of(calls?, page.limit as usize))
}

/// The selections of keys from which a page is merged, one for each index that is read.
fn keys(
    tables: &[CallTable],
    scope: Scope<'_>,
    accounts: &[String],
    conditions: &mut Conditions,
) -> Vec<String> {
    let wanted = conditions.text.clone();
    let mut keys = Vec::new();
    for table in tables {
        let select = format!(
            "SELECT '{table}' AS source, t.call_no AS number, t.created_at AS made_at, t.sid AS name \
             FROM {table} t \
             WHERE {wanted}",
            table = table.name()
        );
        let is_whole = scope == Scope::Operator && accounts.len() > MOST_ACCOUNTS;
        // Those that run are few; the accounts are those of calls that are over.
        if is_whole || (scope == Scope::Operator && *table == CallTable::Live) {
            keys.push(select);
            continue;
        }
        for account in accounts {
            let account = conditions.mark(Value::owned(account.clone()));
            keys.push(format!("{select} AND t.account = {account}"));
        }
    }
    keys
}

impl CallPage {
    /// The first so many of these calls, and where the next page begins if there are more.
    fn of(mut calls: Vec<CallRow<'static>>, wanted: usize) -> CallPage {
        let has_more = calls.len() > wanted;
        calls.truncate(wanted);
        let next = calls.last().filter(|_| has_more).map(|call| Cursor {
            created_at: call.created_at,
            sid: call.sid.to_string(),
        });
        CallPage { calls, next }
    }
}

/// How many calls a filter finds.
pub(crate) fn count(
    database: &mut dyn Database,
    scope: Scope<'_>,
    filter: &CallFilter,
) -> Result<u64, StoreError> {
    let mut count = 0;
    for table in filter.tables() {
        let mut conditions = filter.conditions();
        if let Scope::Account(account) = scope {
            conditions.compare("t.account =", Value::owned(account.to_owned()));
        }
        let table = table.name();
        let sql = format!("SELECT count(*) FROM {table} t WHERE {}", conditions.text);
        let found = database.number(&sql, conditions.values)?;
        count += u64::try_from(found.unwrap_or_default()).unwrap_or_default();
    }
    Ok(count)
}

/// Calls of a node that run, as far as they are not of this run, oldest of each account first.
/// Not by the time, because clocks are set now and then.
pub(crate) fn unfinished(
    database: &mut dyn Database,
    node: &str,
    run: i64,
    limit: u32,
) -> Result<Vec<CallRow<'static>>, StoreError> {
    let sql = format!(
        "{} WHERE t.node = $1 AND t.run <> $2 ORDER BY t.account, t.created_at, t.sid LIMIT $3",
        CallTable::Live.select()
    );
    let values = vec![Value::text(node), Value::Int(run), Value::Int(limit.into())];
    read_all(database, &sql, values)
}

/// Every call of a node that runs, or did when it stopped.
pub(crate) fn running(
    database: &mut dyn Database,
    node: &str,
) -> Result<Vec<CallRow<'static>>, StoreError> {
    let sql = format!("{} WHERE t.node = $1", CallTable::Live.select());
    read_all(database, &sql, vec![Value::text(node)])
}

fn read_all(
    database: &mut dyn Database,
    sql: &str,
    values: Vec<Value<'_>>,
) -> Result<Vec<CallRow<'static>>, StoreError> {
    let mut rows = database.query(sql, values)?;
    rows.iter_mut().map(CallRow::read).collect()
}

/// One call.
pub(crate) fn one(
    database: &mut dyn Database,
    scope: Scope<'_>,
    sid: &str,
) -> Result<Option<CallRow<'static>>, StoreError> {
    for table in CallTable::ALL {
        let mut conditions = Conditions::of(scope, "t.account");
        conditions.compare("t.sid =", Value::text(sid));
        let sql = format!("{} WHERE {} LIMIT 1", table.select(), conditions.text);
        let mut rows = database.query(&sql, conditions.values)?;
        if let Some(row) = rows.first_mut() {
            return CallRow::read(row).map(Some);
        }
    }
    Ok(None)
}
