//! What is deleted: one record by request, old ones a few at a time.

use crate::call_list;
use crate::error::StoreError;
use crate::row::{CallRow, CallState};
use crate::scope::Scope;
use crate::sql::{Database, Row, Value};

/// Nothing is owed of the call of `t`: what is owed is told of its record.
const NOTHING_OWED: &str = "NOT EXISTS (SELECT 1 FROM outbox o WHERE o.account = t.account \
     AND o.call_sid = t.sid)";

fn delete_calls(database: &mut dyn Database, calls: &[i64]) -> Result<(), StoreError> {
    let mut values = calls.iter().map(|call| vec![Value::Int(*call)]);
    let sql = "DELETE FROM calls WHERE call_no = $1";
    database.run(sql, &mut values).map(drop)
}

fn numbers(rows: Vec<Row>) -> Result<Vec<i64>, StoreError> {
    rows.into_iter().map(|mut row| row.int()).collect()
}

/// What becomes of a request when the record of its call goes: it takes along what it needs.
type Carry<'a> = &'a dyn Fn(&[u8], &CallRow<'_>) -> Vec<u8>;

/// Deletes one call that is over; says whether there was one. The requests that are still to be made
/// of it, or may be once more, take along of its record what `carry` makes of them.
pub(crate) fn delete_call(
    database: &mut dyn Database,
    account: &str,
    sid: &str,
    carry: Carry<'_>,
) -> Result<bool, StoreError> {
    for table in ["outbox", "dead_letters"] {
        carry_along(database, table, account, sid, carry)?;
    }
    let sql = "DELETE FROM calls WHERE account = $1 AND sid = $2 RETURNING 1";
    let gone = database.query(sql, vec![Value::text(account), Value::text(sid)])?;
    Ok(!gone.is_empty())
}

/// Has the requests of a table that tell of this call take along what they need, if it is over.
fn carry_along(
    database: &mut dyn Database,
    table: &str,
    account: &str,
    sid: &str,
    carry: Carry<'_>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT place, request FROM {table} WHERE account = $1 AND call_sid = $2");
    let mut requests = database.query(&sql, vec![Value::text(account), Value::text(sid)])?;
    if requests.is_empty() {
        return Ok(());
    }
    let call = call_list::one(database, Scope::Account(account), sid)?;
    let Some(call) = call.filter(|call| call.state == CallState::Ended) else {
        return Ok(());
    };
    let mut changed = Vec::with_capacity(requests.len());
    for row in &mut requests {
        let (place, request) = (row.int()?, row.bytes()?);
        changed.push((place, carry(&request, &call)));
    }
    let mut values = changed.iter().map(|(place, request)| {
        vec![
            Value::Bytes(request),
            Value::text(account),
            Value::text(sid),
            Value::Int(*place),
        ]
    });
    let sql = format!(
        "UPDATE {table} SET request = $1 WHERE account = $2 AND call_sid = $3 AND place = $4"
    );
    database.run(&sql, &mut values).map(drop)
}

/// Deletes calls of which nothing is owed. What was given up of them takes along what it needs, so
/// that it can be replayed for as long as it is kept.
fn delete_old(
    database: &mut dyn Database,
    calls: &[i64],
    carry: Carry<'_>,
) -> Result<(), StoreError> {
    // Almost always there is none.
    let mut is_any = database.query("SELECT 1 FROM dead_letters LIMIT 1", Vec::new())?;
    if is_any.pop().is_some() {
        for call in calls {
            let sql = "SELECT t.account, t.sid FROM calls t WHERE t.call_no = $1 AND EXISTS \
                       (SELECT 1 FROM dead_letters d WHERE d.account = t.account \
                       AND d.call_sid = t.sid)";
            let mut told = database.query(sql, vec![Value::Int(*call)])?;
            if let Some(row) = told.first_mut() {
                let (account, sid) = (row.text()?, row.text()?);
                carry_along(database, "dead_letters", &account, &sid, carry)?;
            }
        }
    }
    delete_calls(database, calls)
}

/// Deletes one recording; says whether there was one.
pub(crate) fn delete_recording(
    database: &mut dyn Database,
    account: &str,
    sid: &str,
) -> Result<bool, StoreError> {
    let sql = "DELETE FROM recordings WHERE account = $1 AND sid = $2 RETURNING 1";
    let gone = database.query(sql, vec![Value::text(account), Value::text(sid)])?;
    Ok(!gone.is_empty())
}

/// Deletes up to `limit` calls that ended before a time and of which nothing is owed; says how many.
pub(crate) fn sweep(
    database: &mut dyn Database,
    scope: Scope<'_>,
    before: i64,
    limit: u32,
    carry: Carry<'_>,
) -> Result<u32, StoreError> {
    let accounts = match scope {
        Scope::Account(account) => vec![account.to_owned()],
        Scope::Operator => accounts(database)?,
    };
    let mut left = limit;
    for account in accounts {
        // No call ends before it is made, and the order in which they were made has an index.
        let sql = format!(
            "SELECT t.call_no FROM calls t WHERE t.account = $1 AND t.created_at < $2 \
             AND t.ended_at < $2 AND {NOTHING_OWED} ORDER BY t.created_at, t.sid LIMIT $3"
        );
        let values = vec![
            Value::text(&account),
            Value::Int(before),
            Value::Int(left.into()),
        ];
        let calls = numbers(database.query(&sql, values)?)?;
        delete_old(database, &calls, carry)?;
        left = left.saturating_sub(u32::try_from(calls.len()).unwrap_or(left));
        if left == 0 {
            break;
        }
    }
    Ok(limit - left)
}

/// The accounts that have calls that are over: one look at the index for each, not one for each call.
pub(crate) fn accounts(database: &mut dyn Database) -> Result<Vec<String>, StoreError> {
    let mut accounts = Vec::new();
    let mut last = String::new();
    loop {
        let sql = "SELECT min(account) FROM calls WHERE account > $1";
        let mut rows = database.query(sql, vec![Value::text(&last)])?;
        let Some(next) = rows.first_mut().map_or(Ok(None), Row::optional_text)? else {
            return Ok(accounts);
        };
        accounts.push(next.clone());
        last = next;
    }
}

/// Deletes all but the calls that were written last and those of which something is owed; says how
/// many.
pub(crate) fn trim(
    database: &mut dyn Database,
    most: u32,
    carry: Carry<'_>,
) -> Result<u64, StoreError> {
    let sql = format!(
        "SELECT t.call_no FROM calls t WHERE t.call_no <= (SELECT max(call_no) FROM calls) - $1 \
         AND {NOTHING_OWED}"
    );
    let calls = numbers(database.query(&sql, vec![Value::Int(most.into())])?)?;
    delete_old(database, &calls, carry)?;
    Ok(calls.len() as u64)
}
