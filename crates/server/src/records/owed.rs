//! Final status callbacks: written down before they are sent, sent until they have arrived.
//!
//! What is written down is that a call's application is owed its end. The request itself is made
//! when it is sent, of what is kept of the call and with the keys of that moment: no key is ever
//! on disk, and a signature is never old. The shard that had the call sends it first, by the
//! vendor's policy; after that, and after a restart, the clerk does.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hookflash_call::CallRecord;
use hookflash_dialects::{FetchError, FetchErrorKind, HttpRequest, Moment, StatusEvent};
use hookflash_store::{CallRow, Next, Owed, micros, system_time};
use serde::{Deserialize, Serialize};

use super::details::{self, Details};
use super::{PATIENCE, Records, Rules, row};
use crate::webhook::Webhooks;

/// The place of the final status among what is owed of a call. It is the last of its statuses,
/// and there is one.
pub(crate) const FINAL_STATUS: i64 = 0;
/// The first pause between attempts, and the longest. Each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What is written down of a request.
#[derive(Debug, Serialize, Deserialize)]
struct Promise {
    /// The number of the final status among the statuses of the call.
    sequence: u32,
}

type Done = Box<dyn FnOnce(Result<u16, FetchError>)>;

impl Records {
    /// Owes a final status callback and sends it, after the requests that the call sent before.
    pub(crate) fn owe(
        &self,
        webhooks: &Rc<Webhooks>,
        record: &Arc<CallRecord>,
        request: HttpRequest,
        done: Done,
    ) {
        let row = row::row(record);
        let (account, call) = (row.account.clone(), row.sid.clone());
        let sequence = record.statuses_told().saturating_sub(1);
        let owed_at = SystemTime::now();
        let entry = promise(&row, sequence, &request.url, owed_at);
        // In one transaction: that the call is over, and what is owed of it.
        self.changed().remove(&record.key);
        if !record.is_forgotten() {
            self.store.put_call(row);
        }
        let store = self.store.clone();
        let written = async move {
            // What cannot be written down now is sent all the same; the store has said in the log
            // what is wrong with it.
            let _ = tokio::time::timeout(PATIENCE, store.owe(entry)).await;
        };
        let (records, record) = (self.clone(), Arc::clone(record));
        let key = record.key;
        let settled = Box::new(move |result: Result<u16, FetchError>| {
            match &result {
                Ok(_) => records.store.delivered(&account, &call, FINAL_STATUS),
                Err(error) => {
                    let next = records.rules().after(error, 1, owed_at, SystemTime::now());
                    records.store.failed(&account, &call, FINAL_STATUS, next);
                }
            }
            done(result);
            // What the journal says of the request now belongs to the record.
            records.changed().insert(record.key, record);
        });
        webhooks.tell_after(key, Box::pin(written), request, settled);
    }
}

/// The entry that says what is owed.
fn promise(row: &CallRow, sequence: u32, target: &str, now: SystemTime) -> Owed {
    let request = serde_json::to_vec(&Promise { sequence });
    Owed {
        account: row.account.clone(),
        call: row.sid.clone(),
        place: FINAL_STATUS,
        target: target.to_owned(),
        request: request.unwrap_or_default(),
        owed_at: micros(now),
        due_at: micros(now),
        attempts: 0,
        last_error: None,
    }
}

/// What is owed of a call that died, if its application wants to be told of its end.
pub(crate) fn promise_of_dead(row: &CallRow, rules: &Rules, now: SystemTime) -> Option<Owed> {
    // Statuses that were told after the row was written are not counted, those of the states that
    // it had certainly are.
    let sequence = Details::read(row).told;
    let request = request(row, sequence, rules, now).ok()??;
    Some(promise(row, sequence, &request.url, now))
}

/// The request that an entry stands for.
///
/// # Errors
/// A sentence, when it cannot be made any more.
pub(crate) fn request_of(
    entry: &Owed,
    row: Option<&CallRow>,
    rules: &Rules,
    now: SystemTime,
) -> Result<HttpRequest, String> {
    let promise: Promise = serde_json::from_slice(&entry.request)
        .map_err(|error| format!("what was written down cannot be read: {error}"))?;
    let row = row.ok_or("the record of the call was deleted before its end could be told")?;
    let request = request(row, promise.sequence, rules, now)?;
    request.ok_or_else(|| "nobody wants to be told any more".to_owned())
}

fn request(
    row: &CallRow,
    sequence: u32,
    rules: &Rules,
    now: SystemTime,
) -> Result<Option<HttpRequest>, String> {
    let facts = details::facts(row, &rules.directory, now).ok_or_else(|| {
        format!(
            "the account {} is not configured any more; add it, or discard this",
            row.account
        )
    })?;
    let moment = Moment::Status {
        event: StatusEvent::Completed,
        sequence,
    };
    let dialect = facts.application.account.dialect;
    dialect
        .request(&facts, &facts.application.url, &moment)
        .map_err(|error| error.to_string())
}

impl Rules {
    /// What follows an attempt that failed, when so many were made.
    pub(crate) fn after(
        &self,
        error: &FetchError,
        attempts: u32,
        owed_at: SystemTime,
        now: SystemTime,
    ) -> Next {
        let why = error.message.clone();
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(attempts.saturating_sub(1).min(20));
        let due_at = now + pause.min(LONGEST_PAUSE);
        if is_for_good(error.kind) || due_at > owed_at + self.owed_for {
            return Next::Never {
                why,
                at: micros(now),
            };
        }
        Next::At {
            due_at: micros(due_at),
            why,
        }
    }

    /// As [`Rules::after`], for an entry.
    pub(crate) fn after_entry(&self, entry: &Owed, error: &FetchError, now: SystemTime) -> Next {
        let attempts = entry.attempts.saturating_add(1);
        self.after(error, attempts, system_time(entry.owed_at), now)
    }
}

/// Whether the same again would come to the same: the application has heard it and wants none of
/// it, or there is nobody to ask. Whoever mends that can replay what was given up.
fn is_for_good(kind: FetchErrorKind) -> bool {
    match kind {
        FetchErrorKind::Status(408 | 425 | 429) => false,
        FetchErrorKind::Status(400..=499)
        | FetchErrorKind::InvalidUrl
        | FetchErrorKind::BadOverride
        | FetchErrorKind::PrivateAddress => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            owed_for: Duration::from_secs(3_600),
            ..Rules::default()
        }
    }

    fn failed(kind: FetchErrorKind) -> FetchError {
        FetchError {
            kind,
            url: "http://h/".to_owned(),
            message: "it failed".to_owned(),
            body: None,
        }
    }

    fn pause(attempts: u32, kind: FetchErrorKind, age: u64) -> Option<u64> {
        let owed_at = SystemTime::UNIX_EPOCH;
        let now = owed_at + Duration::from_secs(age);
        match rules().after(&failed(kind), attempts, owed_at, now) {
            Next::At { due_at, .. } => Some((due_at / 1_000_000).unsigned_abs() - age),
            Next::Never { .. } => None,
        }
    }

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let pauses: Vec<_> = (1..10)
            .map(|attempts| pause(attempts, FetchErrorKind::Refused, 0).unwrap())
            .collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
    }

    #[test]
    fn what_is_owed_for_too_long_is_given_up() {
        assert_eq!(pause(3, FetchErrorKind::ReadTimeout, 3_500), Some(40));
        assert_eq!(pause(3, FetchErrorKind::ReadTimeout, 3_561), None);
    }

    #[test]
    fn an_application_that_refuses_is_not_asked_again_and_one_that_is_busy_is() {
        assert_eq!(pause(1, FetchErrorKind::Status(404), 0), None);
        for later in [408, 425, 429, 500, 503] {
            assert!(pause(1, FetchErrorKind::Status(later), 0).is_some());
        }
    }
}
