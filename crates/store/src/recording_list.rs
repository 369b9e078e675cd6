//! Lists of recordings.

use crate::error::StoreError;
use crate::row::RecordingRow;
use crate::scope::{Conditions, Scope};
use crate::sql::{Database, Value};
use crate::{Cursor, Span};

/// Which recordings. What is none does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Its call.
    pub call: Option<String>,
    /// When it began.
    pub started: Span,
    /// When it ended.
    pub ended: Span,
}

/// Newest first, behind the cursor, whose time is that of the recording's beginning, and then
/// without the first `offset`.
pub(crate) fn list(
    database: &mut dyn Database,
    scope: Scope<'_>,
    filter: &RecordingFilter,
    after: Option<&Cursor>,
    offset: u64,
    limit: u32,
) -> Result<Vec<RecordingRow>, StoreError> {
    let mut conditions = Conditions::of(scope, "t.account");
    if let Some(call) = &filter.call {
        conditions.compare("t.call_sid =", Value::text(call));
    }
    for (column, span) in [
        ("t.started_at", filter.started),
        ("t.ended_at", filter.ended),
    ] {
        if let Some(from) = span.from {
            conditions.compare(&format!("{column} >="), Value::Int(from));
        }
        if let Some(before) = span.before {
            conditions.compare(&format!("{column} <"), Value::Int(before));
        }
    }
    if let Some(cursor) = after {
        let at = conditions.mark(Value::Int(cursor.created_at));
        let sid = conditions.mark(Value::text(&cursor.sid));
        conditions.and(&format!("(t.started_at, t.sid) < ({at}, {sid})"));
    }
    let limit = conditions.mark(Value::Int(limit.into()));
    let offset = conditions.mark(Value::Int(i64::try_from(offset).unwrap_or(i64::MAX)));
    let sql = format!(
        "{} WHERE {} ORDER BY t.started_at DESC, t.sid DESC LIMIT {limit} OFFSET {offset}",
        RecordingRow::select(),
        conditions.text
    );
    let mut rows = database.query(&sql, conditions.values)?;
    rows.iter_mut().map(RecordingRow::read).collect()
}

/// One recording.
pub(crate) fn one(
    database: &mut dyn Database,
    scope: Scope<'_>,
    sid: &str,
) -> Result<Option<RecordingRow>, StoreError> {
    let mut conditions = Conditions::of(scope, "t.account");
    conditions.compare("t.sid =", Value::text(sid));
    let sql = format!(
        "{} WHERE {} LIMIT 1",
        RecordingRow::select(),
        conditions.text
    );
    let mut rows = database.query(&sql, conditions.values)?;
    rows.first_mut().map(RecordingRow::read).transpose()
}

/// How many there are.
pub(crate) fn count(database: &mut dyn Database) -> Result<u64, StoreError> {
    let count = database.number("SELECT count(*) FROM recordings", Vec::new())?;
    Ok(u64::try_from(count.unwrap_or_default()).unwrap_or_default())
}
