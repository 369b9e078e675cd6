//! Owed requests that were given up, until a person replays or discards them.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::scope::{Conditions, Scope};
use crate::sql::{Database, Row, Value};

/// A request that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its account.
    pub account: String,
    /// The call that it tells of.
    pub call: String,
    /// Its place among the requests of its call.
    pub place: i64,
    /// Where it should have gone.
    pub target: String,
    /// The request.
    pub request: Vec<u8>,
    /// When it was owed.
    pub owed_at: i64,
    /// How many times it was tried in vain.
    pub attempts: u32,
    /// What the last attempt ended in.
    pub last_error: String,
    /// When it was given up.
    pub died_at: i64,
}

/// Which dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// Those of this call.
    pub call: Option<String>,
    /// Those with this place among the requests of their call.
    pub place: Option<i64>,
    /// Those given up at this time or later.
    pub died_from: Option<i64>,
    /// Those given up before this time.
    pub died_before: Option<i64>,
}

impl DeadLetters {
    fn conditions(&self, scope: Scope<'_>) -> Conditions<'_> {
        let mut conditions = Conditions::of(scope, "account");
        if let Some(call) = &self.call {
            conditions.compare("call_sid =", Value::text(call));
        }
        if let Some(place) = self.place {
            conditions.compare("place =", Value::Int(place));
        }
        if let Some(from) = self.died_from {
            conditions.compare("died_at >=", Value::Int(from));
        }
        if let Some(before) = self.died_before {
            conditions.compare("died_at <", Value::Int(before));
        }
        conditions
    }
}

fn read(row: &mut Row) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        account: row.text()?,
        call: row.text()?,
        place: row.int()?,
        target: row.text()?,
        request: row.bytes()?,
        owed_at: row.int()?,
        attempts: row.number()?,
        last_error: row.text()?,
        died_at: row.int()?,
    })
}

/// Those that were given up last come first.
pub(crate) fn list(
    database: &mut dyn Database,
    scope: Scope<'_>,
    wanted: &DeadLetters,
    limit: u32,
    offset: u64,
) -> Result<Vec<DeadLetter>, StoreError> {
    let mut conditions = wanted.conditions(scope);
    let limit = conditions.mark(Value::Int(limit.into()));
    let offset = conditions.mark(Value::Int(i64::try_from(offset).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT account, call_sid, place, target, request, owed_at, attempts, last_error, died_at \
         FROM dead_letters WHERE {} ORDER BY died_at DESC, account DESC, call_sid DESC, \
         place DESC LIMIT {limit} OFFSET {offset}",
        conditions.text
    );
    let mut rows = database.query(&sql, conditions.values)?;
    rows.iter_mut().map(read).collect()
}

/// Makes them owed again, due now, with no attempt counted; says how many.
pub(crate) fn replay(
    database: &mut dyn Database,
    scope: Scope<'_>,
    wanted: &DeadLetters,
    now: i64,
) -> Result<u64, StoreError> {
    // The numbers of a statement ascend, and the time stands in front.
    let conditions = wanted.conditions(scope);
    let sql = format!(
        "INSERT INTO outbox (account, call_sid, place, target, request, owed_at, due_at, \
         attempts, last_error, node, ready_at) \
         SELECT account, call_sid, place, target, request, owed_at, {now}, 0, last_error, \
         '', {now} FROM dead_letters WHERE {} ORDER BY call_sid, place \
         ON CONFLICT (account, call_sid, place) DO NOTHING",
        conditions.text
    );
    database.query(&sql, conditions.values.clone())?;
    discard_those(database, conditions)
}

/// Forgets them; says how many.
pub(crate) fn discard(
    database: &mut dyn Database,
    scope: Scope<'_>,
    wanted: &DeadLetters,
) -> Result<u64, StoreError> {
    discard_those(database, wanted.conditions(scope))
}

fn discard_those(
    database: &mut dyn Database,
    conditions: Conditions<'_>,
) -> Result<u64, StoreError> {
    let sql = format!(
        "DELETE FROM dead_letters WHERE {} RETURNING 1",
        conditions.text
    );
    Ok(database.query(&sql, conditions.values)?.len() as u64)
}

/// Forgets all but the latest; says how many.
pub(crate) fn trim(database: &mut dyn Database, most: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM dead_letters WHERE (died_at, account, call_sid, place) <= (\
               SELECT died_at, account, call_sid, place FROM dead_letters \
               ORDER BY died_at DESC, account DESC, call_sid DESC, place DESC \
               LIMIT 1 OFFSET $1) RETURNING 1";
    Ok(database.query(sql, vec![Value::Int(most.into())])?.len() as u64)
}
