//! What somebody must be sure of, before it is in its table.
//!
//! A call that is put to be sure of it, and what is owed, cannot wait for a large transaction, and
//! small ones are dear: each writes a page of every tree that it touches. So it goes to the
//! journal, which is one tree that grows at its end, and stays in memory as well until a large
//! transaction writes the tables and empties the journal. By then a later state has often taken its
//! place, or what was owed has been delivered and needs no row any more. Whatever is in the journal
//! when a store is opened did not come so far, and goes to its table then.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::batch::{Batch, Owing};
use crate::error::StoreError;
use crate::outbox;
use crate::row::{CALL_COLUMNS, CallRow, CallTable, Record};
use crate::sql::{Database, Value};

/// Who waits until something is safe.
pub(crate) type Waiter = oneshot::Sender<Result<(), StoreError>>;

/// What somebody waits for.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) call: Option<Arc<CallRow>>,
    pub(crate) owing: Option<Owing>,
    /// When it has waited for others long enough.
    pub(crate) due: Instant,
    pub(crate) waiter: Waiter,
}

impl Note {
    /// Tells who waits. Who no longer does has gone on.
    pub(crate) fn tell(self, result: Result<(), StoreError>) {
        let _ = self.waiter.send(result);
    }

    /// Whether it is of one of these rows.
    pub(crate) fn is_of(&self, batch: &Batch) -> bool {
        let call = self.call.as_ref();
        let owing = self.owing.as_ref();
        let is_call = |call| batch.calls.iter().any(|row| Arc::ptr_eq(row, call));
        let is_owing = |owing: &Owing| {
            let mut owed = batch.owed.iter();
            owed.any(|row| Arc::ptr_eq(&row.entry, &owing.entry))
        };
        call.is_some_and(is_call) || owing.is_some_and(is_owing)
    }
}

/// Tells everybody who waits the same.
pub(crate) fn tell_all(notes: impl IntoIterator<Item = Note>, result: &Result<(), StoreError>) {
    for note in notes {
        note.tell(result.clone());
    }
}

/// The statements that write to the journal.
#[derive(Debug)]
pub(crate) struct Journal {
    call: String,
    owed: String,
}

fn insert(columns: &str) -> String {
    let marks: Vec<String> = (1..=columns.split(", ").count())
        .map(|number| format!("${number}"))
        .collect();
    let marks = marks.join(", ");
    format!("INSERT INTO journal ({columns}) VALUES ({marks})")
}

/// Columns of what is owed, as [`outbox::values`] has them.
const OWED: &str = "account, sid, place, target, request, owed_at, due_at, attempts, last_error";

impl Journal {
    pub(crate) fn new() -> Journal {
        Journal {
            call: insert(&format!("{}, node", CALL_COLUMNS.join(", "))),
            owed: insert(&format!("{OWED}, is_left, node")),
        }
    }

    /// Writes notes down in one transaction.
    pub(crate) fn write(
        &self,
        database: &mut dyn Database,
        node: &str,
        notes: &VecDeque<Note>,
    ) -> Result<(), StoreError> {
        let (mut calls, mut owed) = (Vec::new(), Vec::new());
        for note in notes {
            if let Some(call) = &note.call {
                let mut values = call.values();
                values.push(Value::text(node));
                calls.push(values);
            }
            if let Some(owing) = &note.owing {
                let mut values = outbox::values(&owing.entry);
                values.extend([Value::Int(owing.is_left.into()), Value::text(node)]);
                owed.push(values);
            }
        }
        // What is only a record may go with the machine; what is owed may not.
        database.begin(!owed.is_empty())?;
        let written = [(&self.call, calls), (&self.owed, owed)]
            .into_iter()
            .filter(|(_, rows)| !rows.is_empty())
            .try_for_each(|(sql, rows)| database.run(sql, &rows).map(drop));
        let result = written.and_then(|()| database.commit());
        if result.is_err() {
            database.rollback();
        }
        result
    }
}

/// Forgets all that is in the journal of a node, within a transaction.
pub(crate) fn empty(database: &mut dyn Database, node: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM journal WHERE node = $1";
    database.query(sql, vec![Value::text(node)]).map(drop)
}

/// What an earlier run has left in the journal of its node.
pub(crate) fn read(database: &mut dyn Database, node: &str) -> Result<Batch, StoreError> {
    let sql = format!(
        "SELECT {} FROM journal WHERE node = $1 AND place IS NULL ORDER BY entry_no",
        CALL_COLUMNS.join(", ")
    );
    let mut latest: HashMap<(String, String), CallRow> = HashMap::new();
    for row in &mut database.query(&sql, vec![Value::text(node)])? {
        let call = CallRow::read(row)?;
        let (account, sid) = call.key();
        let key = (account.to_owned(), sid.to_owned());
        let earlier = latest.get(&key).map(CallRow::table);
        // One that is over stays over.
        if earlier != Some(CallTable::Over) || call.table() == CallTable::Over {
            latest.insert(key, call);
        }
    }
    let mut calls = VecDeque::with_capacity(latest.len());
    for call in latest.into_values() {
        // It was over and went to its table, and the journal was not emptied any more.
        if call.table() == CallTable::Over || !is_over(database, &call)? {
            calls.push_back(Arc::new(call));
        }
    }
    let sql = format!(
        "SELECT {OWED}, is_left FROM journal WHERE node = $1 AND place IS NOT NULL \
         ORDER BY entry_no"
    );
    let mut owed = VecDeque::new();
    for row in &mut database.query(&sql, vec![Value::text(node)])? {
        owed.push_back(Owing {
            entry: Arc::new(outbox::read(row)?),
            is_left: row.int()? != 0,
        });
    }
    Ok(Batch {
        calls,
        owed,
        ..Batch::default()
    })
}

fn is_over(database: &mut dyn Database, call: &CallRow) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM calls WHERE sid = $1 AND account = $2";
    let values = vec![Value::text(&call.sid), Value::text(&call.account)];
    Ok(database.number(sql, values)?.is_some())
}
