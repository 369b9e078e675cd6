//! The entries of a journal, one behind the other, as MessagePack with the names of fields: what
//! an earlier version wrote before it died must be read by the one that was installed because of it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use rmp_serde::encode::Serializer;
use serde::{Deserialize, Serialize};

use super::{Note, What};
use crate::batch::{Batch, Owing, Settled};
use crate::error::{ErrorKind, StoreError};
use crate::known::Written;
use crate::outbox::Owed;
use crate::row::{CallRow, CallTable, Record, RecordingRow, WrittenCall};
use crate::sql::Database;

/// An entry that is written.
#[derive(Serialize)]
enum Putting<'a> {
    Row(&'a WrittenCall),
    Late(&'a WrittenCall),
    Owed(&'a Owed, bool),
    Settled(&'a Settled),
    Recording(&'a RecordingRow),
}

/// An entry that is read. Most are calls, so that room for one is not wasted.
#[derive(Deserialize)]
enum Entry {
    Row(Box<WrittenCall>),
    /// News of a call that was over and had its row in the table.
    Late(Box<WrittenCall>),
    /// As the version before wrote it.
    Call(Box<CallRow<'static>>),
    Owed(Owed, bool),
    Settled(Settled),
    Recording(RecordingRow),
}

/// Writes notes behind what is there.
pub(super) fn write(
    notes: &VecDeque<Note>,
    written: &Written,
    text: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let mut serializer = Serializer::new(text).with_struct_map();
    let mut put = |entry: &Putting<'_>| {
        let written = entry.serialize(&mut serializer);
        written.map_err(|e| StoreError::new(ErrorKind::Refused, e.to_string()))
    };
    for note in notes {
        match &note.what {
            What::Call(call) => put(&row(call, written))?,
            What::Owed(owing, call) => {
                if let Some(call) = call {
                    put(&row(call, written))?;
                }
                put(&Putting::Owed(&owing.entry, owing.is_left))?;
            }
            What::Settled(settled) => put(&Putting::Settled(settled))?,
            What::Recording(recording) => put(&Putting::Recording(recording))?,
        }
    }
    Ok(())
}

fn row<'a>(call: &'a WrittenCall, written: &Written) -> Putting<'a> {
    match call.table() {
        CallTable::Over if written.contains(call) => Putting::Late(call),
        CallTable::Over | CallTable::Live => Putting::Row(call),
    }
}

/// Reads what is left in journals. The last state of each row is what counts. Calls that are over
/// and of which there is late news only had their row before.
pub(super) fn read(
    left: &[Vec<u8>],
    database: &mut dyn Database,
) -> Result<(Batch, Written), StoreError> {
    let mut late: HashSet<(String, String)> = HashSet::new();
    let mut calls: HashMap<(String, String), WrittenCall> = HashMap::new();
    let mut recordings: HashMap<(String, String), RecordingRow> = HashMap::new();
    let (mut owed, mut settled) = (VecDeque::new(), VecDeque::new());
    for text in left {
        let mut text = text.as_slice();
        while !text.is_empty() {
            let entry = rmp_serde::from_read(&mut text).map_err(|error| {
                StoreError::operator(format!(
                    "what an earlier run left in the journal of the store cannot be read ({error}); \
                     start the version that wrote it once and stop it, which empties the journal"
                ))
            })?;
            match entry {
                Entry::Row(call) => {
                    late.remove(&key(&*call));
                    last_state(&mut calls, *call);
                }
                Entry::Late(call) => {
                    if !calls.contains_key(&key(&*call)) {
                        late.insert(key(&*call));
                    }
                    last_state(&mut calls, *call);
                }
                Entry::Call(call) => last_state(&mut calls, WrittenCall::from(&*call)),
                Entry::Owed(entry, is_left) => owed.push_back(Owing {
                    entry: Arc::new(entry),
                    is_left,
                }),
                Entry::Settled(one) => settled.push_back(one),
                Entry::Recording(row) => drop(recordings.insert(key(&row), row)),
            }
        }
    }
    let mut current = VecDeque::with_capacity(calls.len());
    for call in calls.into_values() {
        // It was over and went to its table, and the journal was not emptied any more.
        if call.table() == CallTable::Over || !is_over(database, &call)? {
            current.push_back(Arc::new(call));
        }
    }
    let recordings = recordings.into_values().collect();
    let mut written = Written::default();
    for call in current.iter().filter(|call| late.contains(&key(&***call))) {
        written.insert(call);
    }
    Ok((Batch::new(current, owed, settled, recordings), written))
}

/// Keeps a state of a call in the place of the one before. One that is over stays over.
fn last_state(calls: &mut HashMap<(String, String), WrittenCall>, call: WrittenCall) {
    let key = key(&call);
    let earlier = calls.get(&key).map(WrittenCall::table);
    if earlier != Some(CallTable::Over) || call.table() == CallTable::Over {
        calls.insert(key, call);
    }
}

fn key(row: &impl Record) -> (String, String) {
    let (account, sid) = row.key();
    (account.to_owned(), sid.to_owned())
}

fn is_over(database: &mut dyn Database, call: &WrittenCall) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM calls WHERE account = $1 AND sid = $2";
    Ok(database.number(sql, call.key_values())?.is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::options::Options;
    use crate::sql::{self, Use, Value};

    fn read_one(entry: &serde_json::Value) -> Result<Batch, StoreError> {
        let mut database = sql::connect(&Options::new("sqlite::memory:"), Use::Writing)?;
        sql::migrate(database.as_mut(), 0)?;
        let text = rmp_serde::to_vec(entry).unwrap();
        read(&[text], database.as_mut()).map(|(batch, _)| batch)
    }

    fn owed() -> serde_json::Value {
        json!({
            "account": "AC1", "call": "CA1", "place": 0, "target": "http://h/", "request": [123],
            "owed_at": 1, "due_at": 2, "attempts": 0,
        })
    }

    #[test]
    fn what_another_version_wrote_is_read() {
        // Without the error of the last attempt, which is optional.
        let batch = read_one(&json!({ "Owed": [owed(), true] })).unwrap();
        assert_eq!(
            (batch.owed[0].entry.due_at, batch.owed[0].is_left),
            (2, true)
        );
        let mut more = owed();
        more["what_comes_later"] = json!("unknown");
        let batch = read_one(&json!({ "Owed": [more, false] })).unwrap();
        assert_eq!(batch.owed[0].entry.request, [123]);
    }

    #[test]
    fn a_call_of_the_version_before_is_read() {
        let mut call = json!({
            "account": "AC1", "sid": "CA1", "application": "AP1", "parent": null,
            "direction": "inbound", "from": "+1", "to": "+2", "state": "in-progress", "end": null,
            "created_at": 1, "started_at": 2, "answered_at": 3, "ended_at": null,
            "legs": [], "transfers": [], "details": "{}",
            "webhooks": [{ "url": "http://h/", "startedAt": 4 }],
        });
        let batch = read_one(&json!({ "Call": call })).unwrap();
        assert_eq!(batch.calls[0].table(), CallTable::Live);
        call["state"] = json!("ended");
        call["ended_at"] = json!(5);
        call["end"] = json!({
            "by": "peer", "answered": true, "sip_status": 200, "sip_reason": "OK", "cause": null,
            "message": null,
        });
        let batch = read_one(&json!({ "Call": call })).unwrap();
        let values = batch.calls[0].values();
        let text = |column| match &values[column] {
            Value::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(8), "peer");
        assert_eq!(
            text(15),
            r#"{"answeredAt":3,"sipReason":"OK","webhooks":[{"url":"http://h/","startedAt":4}]}"#
        );
    }

    #[test]
    fn what_cannot_be_read_says_what_to_do() {
        let error = read_one(&json!({ "SomethingNew": 1 })).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Operator);
        assert!(
            error.to_string().contains("the version that wrote it"),
            "{error}"
        );
    }
}
