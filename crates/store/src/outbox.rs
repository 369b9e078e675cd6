//! Owed requests: written down before they are owed, struck off when they are delivered.
//!
//! Requests of one call are delivered in order: one is handed out only when no earlier one of its
//! call is left. Whoever was handed one holds it for [`crate::Options::hold`] and says what came of
//! it; one that is held when the process dies is handed out again after the restart, and one whose
//! holder never says anything when its time is up. So each is delivered at least once.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::batch::Owing;
use crate::error::StoreError;
use crate::sql::{Database, Row, Value};

/// A request that is owed to an application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owed {
    /// Its account.
    pub account: String,
    /// The call that it tells of.
    pub call: String,
    /// Its place among the requests of its call, of which lower ones go first. Account, call and
    /// place identify it: owing it a second time changes nothing.
    pub place: i64,
    /// Where it goes, for people who look at the list.
    pub target: String,
    /// The request. The store does not look into it.
    pub request: Vec<u8>,
    /// When it was owed.
    pub owed_at: i64,
    /// When it is to be tried next.
    pub due_at: i64,
    /// How many times it was tried in vain.
    pub attempts: u32,
    /// What the last attempt ended in.
    pub last_error: Option<String>,
}

impl Owed {
    pub(crate) fn bytes(&self) -> usize {
        let texts = self.account.len() + self.call.len() + self.target.len();
        size_of::<Owed>() + texts + self.request.len()
    }

    pub(crate) fn key(&self) -> EntryKey<'_> {
        EntryKey {
            account: &self.account,
            call: &self.call,
            place: self.place,
        }
    }
}

/// What became of an attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// It is tried again.
    At {
        /// When.
        due_at: i64,
        /// What went wrong.
        why: String,
    },
    /// It is given up and becomes a dead letter.
    Never {
        /// What went wrong.
        why: String,
        /// When it was given up.
        at: i64,
    },
}

/// What became of a request that was handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Delivered,
    Failed(Next),
}

/// No earlier request of the call of `o` is left.
const IS_FIRST: &str = "NOT EXISTS (SELECT 1 FROM outbox e WHERE e.account = o.account \
     AND e.call_sid = o.call_sid AND e.place < o.place)";

const ENTRY: &str =
    "account, call_sid, place, target, request, owed_at, due_at, attempts, last_error";

pub(crate) fn read(row: &mut Row) -> Result<Owed, StoreError> {
    Ok(Owed {
        account: row.text()?,
        call: row.text()?,
        place: row.int()?,
        target: row.text()?,
        request: row.bytes()?,
        owed_at: row.int()?,
        due_at: row.int()?,
        attempts: row.number()?,
        last_error: row.optional_text()?,
    })
}

pub(crate) fn values(entry: &Owed) -> Vec<Value<'_>> {
    vec![
        Value::text(&entry.account),
        Value::text(&entry.call),
        Value::Int(entry.place),
        Value::text(&entry.target),
        Value::Bytes(&entry.request),
        Value::Int(entry.owed_at),
        Value::Int(entry.due_at),
        Value::Int(entry.attempts.into()),
        Value::optional(entry.last_error.as_deref()),
    ]
}

/// Writes entries down. Those that are not left for whoever asks are held until `until` by whoever
/// owed them.
pub(crate) fn insert(
    database: &mut dyn Database,
    owed: &VecDeque<Owing>,
    node: &str,
    until: i64,
) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO outbox ({ENTRY}, node, held_until, ready_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (account, call_sid, place) DO NOTHING"
    );
    let mut all = owed.iter().map(|owing| {
        let (held, ready) = match owing.is_left {
            true => (None, Some(owing.entry.due_at)),
            false => (Some(until), None),
        };
        let mut values = values(&owing.entry);
        values.extend([Value::text(node), Value::number(held), Value::number(ready)]);
        values
    });
    database.run(&sql, &mut all).map(drop)
}

/// An entry by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntryKey<'a> {
    pub(crate) account: &'a str,
    pub(crate) call: &'a str,
    pub(crate) place: i64,
}

impl<'a> EntryKey<'a> {
    fn of_call(self) -> [Value<'a>; 2] {
        [Value::text(self.account), Value::text(self.call)]
    }

    fn values(self) -> [Value<'a>; 3] {
        let [account, call] = self.of_call();
        [account, call, Value::Int(self.place)]
    }
}

/// Writes down what became of entries. Says whether another may be due because of it.
pub(crate) fn settle(
    database: &mut dyn Database,
    outcomes: &[(EntryKey<'_>, &Outcome)],
) -> Result<bool, StoreError> {
    let mut again = outcomes.iter().filter_map(|(key, outcome)| match outcome {
        Outcome::Failed(Next::At { due_at, why }) => {
            let [account, call, place] = key.values();
            Some(vec![
                Value::Int(*due_at),
                Value::text(why),
                account,
                call,
                place,
            ])
        }
        _ => None,
    });
    let sql = "UPDATE outbox SET attempts = attempts + 1, node = '', held_until = NULL, \
               due_at = $1, ready_at = $1, last_error = $2 \
               WHERE account = $3 AND call_sid = $4 AND place = $5";
    database.run(sql, &mut again)?;
    let mut dead = outcomes.iter().filter_map(|(key, outcome)| match outcome {
        Outcome::Failed(Next::Never { why, at }) => {
            let [account, call, place] = key.values();
            Some(vec![
                Value::text(why),
                Value::Int(*at),
                account,
                call,
                place,
            ])
        }
        _ => None,
    });
    let sql = "INSERT INTO dead_letters (account, call_sid, place, target, request, \
               owed_at, attempts, last_error, died_at) \
               SELECT account, call_sid, place, target, request, owed_at, attempts + 1, \
               CAST($1 AS TEXT), CAST($2 AS BIGINT) FROM outbox \
               WHERE account = $3 AND call_sid = $4 AND place = $5 \
               ON CONFLICT (account, call_sid, place) DO NOTHING";
    database.run(sql, &mut dead)?;
    let is_gone = |outcome: &Outcome| !matches!(outcome, Outcome::Failed(Next::At { .. }));
    let gone = || outcomes.iter().filter(|(_, outcome)| is_gone(outcome));
    let sql = "DELETE FROM outbox WHERE account = $1 AND call_sid = $2 AND place = $3";
    database.run(sql, &mut gone().map(|(key, _)| key.values().to_vec()))?;
    if outcomes.iter().any(|(_, outcome)| !is_gone(outcome)) {
        return Ok(true);
    }
    // What comes after one that is gone.
    let sql = "SELECT 1 FROM outbox WHERE account = $1 AND call_sid = $2 \
               AND ready_at IS NOT NULL LIMIT 1";
    let next = database.run(sql, &mut gone().map(|(key, _)| key.of_call().to_vec()))?;
    Ok(next.iter().any(|rows| !rows.is_empty()))
}

/// Hands out entries whose turn it is.
pub(crate) fn claim(
    database: &mut dyn Database,
    node: &str,
    now: i64,
    until: i64,
    limit: u32,
) -> Result<Vec<Owed>, StoreError> {
    // Said a second time for PostgreSQL: another server that claims the same row at the same time
    // waits for this one and looks at the row, but not at the inner query, again.
    let sql = format!(
        "UPDATE outbox SET held_until = $1, node = $2, ready_at = NULL WHERE entry_no IN (\
         SELECT o.entry_no FROM outbox o WHERE o.ready_at <= $3 AND {IS_FIRST} \
         ORDER BY o.ready_at, o.entry_no LIMIT $4) AND ready_at <= $3 RETURNING {ENTRY}"
    );
    let values = vec![
        Value::Int(until),
        Value::text(node),
        Value::Int(now),
        Value::Int(limit.into()),
    ];
    let mut rows = database.query(&sql, values)?;
    let entries: Result<Vec<Owed>, StoreError> = rows.iter_mut().map(read).collect();
    let mut entries = entries?;
    entries.sort_by_key(|entry| (entry.due_at, entry.owed_at));
    Ok(entries)
}

/// When the next entry falls due.
pub(crate) fn next_due(database: &mut dyn Database) -> Result<Option<i64>, StoreError> {
    let sql = format!(
        "SELECT o.ready_at FROM outbox o WHERE o.ready_at IS NOT NULL AND {IS_FIRST} \
         ORDER BY o.ready_at, o.entry_no LIMIT 1"
    );
    database.number(&sql, Vec::new())
}

/// Lets go of what this node held when it died.
pub(crate) fn release(database: &mut dyn Database, node: &str) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET ready_at = due_at, held_until = NULL \
               WHERE node = $1 AND held_until IS NOT NULL";
    database.query(sql, vec![Value::text(node)]).map(drop)
}

/// Lets go of what was held for too long, by a node that is gone for good. Looks at every entry.
pub(crate) fn expire(database: &mut dyn Database, now: i64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET ready_at = due_at, held_until = NULL WHERE held_until <= $1";
    database.query(sql, vec![Value::Int(now)]).map(drop)
}

/// How many requests are owed, and how many were given up.
pub(crate) fn count(database: &mut dyn Database) -> Result<(u64, u64), StoreError> {
    let mut count = |table: &str| -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {table}");
        let count = database.number(&sql, Vec::new())?.unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    };
    Ok((count("outbox")?, count("dead_letters")?))
}

/// Entries that are owed, in the order in which they were.
pub(crate) fn list(
    database: &mut dyn Database,
    scope: crate::Scope<'_>,
    limit: u32,
    offset: u64,
) -> Result<Vec<Owed>, StoreError> {
    let (clause, mut values) = scope.clause("account", 1);
    let next = values.len();
    let sql = format!(
        "SELECT {ENTRY} FROM outbox WHERE {clause} ORDER BY entry_no LIMIT ${} OFFSET ${}",
        next + 1,
        next + 2
    );
    values.push(Value::Int(limit.into()));
    values.push(Value::Int(i64::try_from(offset).unwrap_or(i64::MAX)));
    let mut rows = database.query(&sql, values)?;
    rows.iter_mut().map(read).collect()
}
