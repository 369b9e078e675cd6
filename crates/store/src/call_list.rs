//! Lists of calls, with the filters and the paging of the vendors' APIs.

use crate::error::StoreError;
use crate::row::{CallRow, CallState, Direction, EndedBy, Record};
use crate::scope::{Conditions, Scope};
use crate::sql::{Database, Row, Value};

/// No call waits longer than an hour, in microseconds, between being asked for and its INVITE. It
/// lets the order in which calls were made bound a search by their start.
const LONGEST_WAIT: i64 = 3_600 * 1_000_000;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPage {
    /// The calls.
    pub calls: Vec<CallRow>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// A list of values, for `IN`.
fn list<'a>(conditions: &mut Conditions<'a>, values: impl Iterator<Item = Value<'a>>) -> String {
    let marks: Vec<String> = values.map(|value| conditions.mark(value)).collect();
    marks.join(", ")
}

impl Standing {
    fn condition<'a>(&'a self, conditions: &mut Conditions<'a>) -> String {
        let mut parts = Vec::new();
        if !self.states.is_empty() {
            // Written out, and not as values, so that the planner sees which index serves it.
            let words: Vec<String> = self
                .states
                .iter()
                .map(|state| format!("'{}'", state.as_str()))
                .collect();
            parts.push(match words.as_slice() {
                [word] => format!("t.state = {word}"),
                words => format!("t.state IN ({})", words.join(", ")),
            });
        }
        if !self.states.is_empty() && !self.states.contains(&CallState::Ended) {
            // Follows from the states; it names the index of the few calls that run.
            parts.push("t.ended_at IS NULL".to_owned());
        }
        if !self.directions.is_empty() {
            let words = self.directions.iter().map(|one| Value::word(one.as_str()));
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
            let words = self.ended_by.iter().map(|one| Value::word(one.as_str()));
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
    fn conditions(&self, scope: Scope<'_>) -> Conditions<'_> {
        let mut conditions = Conditions::of(scope, "t.account");
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
                self.direction.map(|one| Value::word(one.as_str())),
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

/// A part of the list of calls.
pub(crate) fn page(
    database: &mut dyn Database,
    scope: Scope<'_>,
    filter: &CallFilter,
    page: &Page,
) -> Result<CallPage, StoreError> {
    let mut conditions = filter.conditions(scope);
    let (than, way) = match page.order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    if let Some(cursor) = &page.after {
        let at = conditions.mark(Value::Int(cursor.created_at));
        let sid = conditions.mark(Value::text(&cursor.sid));
        conditions.and(&format!("(t.created_at, t.sid) {than} ({at}, {sid})"));
    }
    // One more than is wanted shows whether there is a next page.
    let limit = conditions.mark(Value::Int(i64::from(page.limit) + 1));
    let offset = conditions.mark(Value::Int(i64::try_from(page.offset).unwrap_or(i64::MAX)));
    let sql = format!(
        "{} WHERE {} ORDER BY t.created_at {way}, t.sid {way} LIMIT {limit} OFFSET {offset}",
        CallRow::select(),
        conditions.text
    );
    let mut rows = database.query(&sql, conditions.values)?;
    let calls: Result<Vec<CallRow>, StoreError> = rows.iter_mut().map(CallRow::read).collect();
    let mut calls = calls?;
    let wanted = page.limit as usize;
    let has_more = calls.len() > wanted;
    calls.truncate(wanted);
    let next = calls.last().filter(|_| has_more).map(|call| Cursor {
        created_at: call.created_at,
        sid: call.sid.clone(),
    });
    Ok(CallPage { calls, next })
}

/// How many calls a filter finds.
pub(crate) fn count(
    database: &mut dyn Database,
    scope: Scope<'_>,
    filter: &CallFilter,
) -> Result<u64, StoreError> {
    let conditions = filter.conditions(scope);
    let sql = format!("SELECT count(*) FROM calls t WHERE {}", conditions.text);
    let count = database
        .number(&sql, conditions.values)?
        .unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The number of the latest call; 0 without any.
pub(crate) fn latest(database: &mut dyn Database) -> Result<i64, StoreError> {
    let latest = database.number("SELECT max(call_no) FROM calls", Vec::new())?;
    Ok(latest.unwrap_or_default())
}

/// Calls of a node that are not over, up to the one with a number, oldest of each account first.
/// Numbers, because clocks are set now and then.
pub(crate) fn unfinished(
    database: &mut dyn Database,
    node: &str,
    latest: i64,
    limit: u32,
) -> Result<Vec<CallRow>, StoreError> {
    let sql = format!(
        "{} WHERE t.node = $1 AND t.ended_at IS NULL AND t.call_no <= $2 \
         ORDER BY t.account, t.created_at, t.sid LIMIT $3",
        CallRow::select()
    );
    let values = vec![
        Value::text(node),
        Value::Int(latest),
        Value::Int(limit.into()),
    ];
    let mut rows = database.query(&sql, values)?;
    rows.iter_mut().map(CallRow::read).collect()
}

/// One row, or those of a call, by account and identifier of the call.
pub(crate) fn of_call<R: Record>(
    database: &mut dyn Database,
    scope: Scope<'_>,
    call: &str,
) -> Result<Vec<R>, StoreError> {
    let table = if R::OF_CALL { "c" } else { "t" };
    let mut conditions = Conditions::of(scope, &format!("{table}.account"));
    conditions.compare(&format!("{table}.sid ="), Value::text(call));
    let key: Vec<String> = R::COLUMNS
        .iter()
        .take(R::KEY)
        .map(|c| format!("t.{c}"))
        .collect();
    let sql = format!(
        "{} WHERE {} ORDER BY {}",
        R::select(),
        conditions.text,
        key.join(", ")
    );
    let mut rows: Vec<Row> = database.query(&sql, conditions.values)?;
    rows.iter_mut().map(R::read).collect()
}
