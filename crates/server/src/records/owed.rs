//! Final status callbacks: written down before they are sent, sent until they have arrived.
//!
//! What is written down is that a call's application is owed its end. The request itself is made
//! when it is sent, of what is kept of the call and with the keys of that moment: no key is ever
//! on disk, and a signature is never old. The shard that had the call sends it first, by the
//! vendor's policy; after that, and after a restart, the clerk does. When the record of the call is
//! deleted meanwhile, what it takes to make the request moves to what is written down.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hookflash_call::CallRecord;
use hookflash_dialects::{FetchError, FetchErrorKind, HttpRequest, Moment, StatusEvent};
use hookflash_store::{CallRow, Next, NotWritten, Owed, micros, system_time};
use serde::{Deserialize, Serialize};

use super::details::{self, Details};
use super::{Records, Rules, row};
use crate::webhook::Webhooks;

/// The place of the final status among what is owed of a call. It is the last of its statuses,
/// and there is one.
pub(crate) const FINAL_STATUS: i64 = 0;
/// The first pause between attempts, and the longest. Each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// What is written down of a request.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Promise<'a> {
    /// The number of the final status among the statuses of the call.
    sequence: u32,
    /// The call, when there is no record of it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<Box<CallRow<'a>>>,
}

impl<'a> Promise<'a> {
    fn read(request: &[u8]) -> serde_json::Result<Promise<'static>> {
        serde_json::from_slice(request)
    }

    /// Numbers and text: there is nothing in it that JSON could not say.
    fn written(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Takes along of a call what its application is told.
    fn carry(&mut self, call: &CallRow<'a>) {
        let call = CallRow {
            legs: Vec::new(),
            transfers: Vec::new(),
            webhooks: Vec::new(),
            ..call.clone()
        };
        self.call = Some(Box::new(call));
    }
}

/// What is written down of a request once the record of its call is deleted.
pub(crate) fn carrying(request: &[u8], call: &CallRow<'_>) -> Vec<u8> {
    match Promise::read(request) {
        Ok(mut promise) => {
            promise.carry(call);
            promise.written()
        }
        // Whoever is to make the request will say what is wrong with it.
        Err(_) => request.to_vec(),
    }
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
        let (account, call) = record.facts(|facts| {
            let account = &facts.application.account;
            (account.sid.clone(), facts.sid.clone())
        });
        let owed_at = SystemTime::now();
        let owing = self.promise(record, &request.url, owed_at);
        let is_kept = Rc::new(Cell::new(true));
        let (shared, kept) = (Arc::clone(&self.shared), Rc::clone(&is_kept));
        let owing = async move {
            let result = owing.await;
            kept.set(!matches!(&result, Err(refused) if !refused.is_kept));
            result
        };
        // What cannot be written down now is sent all the same.
        let written = async move { shared.patience.wait_for(owing).await };
        let (records, record) = (self.clone(), Arc::clone(record));
        let target = request.url.clone();
        let key = record.key;
        let settled = Box::new(move |result: Result<u16, FetchError>| {
            match &result {
                Ok(_) => records.store.delivered(&account, &call, FINAL_STATUS),
                Err(error) => {
                    if !is_kept.get() {
                        // There was no room. Now there may be, and the store counts it when not.
                        drop(records.promise(&record, &target, owed_at));
                    }
                    let next = records.rules().after(error, 1, owed_at, SystemTime::now());
                    records.store.failed(&account, &call, FINAL_STATUS, next);
                }
            }
            done(result);
            // What the call's journal says of the request belongs to the record, which is still to
            // be written as a rule.
            record.keeping.set_promised(false);
            records.put(&record);
        });
        webhooks.tell_after(key, Box::pin(written), request, settled);
    }

    /// Writes down what is owed of a call, and that the call is over.
    pub(crate) fn promise(
        &self,
        record: &CallRecord,
        target: &str,
        owed_at: SystemTime,
    ) -> impl Future<Output = Result<(), NotWritten>> + use<> {
        let sequence = record.statuses_told().saturating_sub(1);
        record.keeping.take_change();
        // Whoever deletes the record finds both, or else neither and the promise has the call.
        record.keep(|is_forgotten| {
            record.keeping.set_promised(true);
            row::look(record, |row| {
                let mut promise = Promise {
                    sequence,
                    call: None,
                };
                if is_forgotten {
                    promise.carry(&row);
                }
                let owed = entry(&row, &promise, target, owed_at);
                self.store.owe(owed, (!is_forgotten).then_some(row))
            })
        })
    }
}

/// The entry that says what is owed.
fn entry(row: &CallRow<'_>, promise: &Promise<'_>, target: &str, now: SystemTime) -> Owed {
    Owed {
        account: row.account.to_string(),
        call: row.sid.to_string(),
        place: FINAL_STATUS,
        target: target.to_owned(),
        request: promise.written(),
        owed_at: micros(now),
        due_at: micros(now),
        attempts: 0,
        last_error: None,
    }
}

/// What is owed of a call that died, if its application wants to be told of its end.
pub(crate) fn promise_of_dead(row: &CallRow<'_>, rules: &Rules, now: SystemTime) -> Option<Owed> {
    // Statuses that were told after the row was written are not counted, those of the states that
    // it had certainly are.
    let sequence = Details::read(row).told;
    let request = request(row, sequence, rules, now).ok()??;
    let promise = Promise {
        sequence,
        call: None,
    };
    Some(entry(row, &promise, &request.url, now))
}

/// Why no request can be made of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unmade {
    /// Nor will it until a person does something.
    ForGood(String),
    /// Neither is there a record of its call nor does it have the call. It has when the record was
    /// deleted just after the entry was handed out.
    NoCall,
}

/// The request that an entry stands for.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn request_of(
    entry: &Owed,
    row: Option<&CallRow<'_>>,
    rules: &Rules,
    now: SystemTime,
) -> Result<HttpRequest, Unmade> {
    let promise = Promise::read(&entry.request).map_err(|error| {
        Unmade::ForGood(format!("what was written down cannot be read: {error}"))
    })?;
    let row = row.or(promise.call.as_deref()).ok_or(Unmade::NoCall)?;
    let request = request(row, promise.sequence, rules, now).map_err(Unmade::ForGood)?;
    request.ok_or_else(|| Unmade::ForGood("nobody wants to be told any more".to_owned()))
}

fn request(
    row: &CallRow<'_>,
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
        match is_for_good(error.kind) {
            true => never(why, now),
            false => self.again(why, attempts, owed_at, now),
        }
    }

    fn again(&self, why: String, attempts: u32, owed_at: SystemTime, now: SystemTime) -> Next {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(attempts.saturating_sub(1).min(20));
        let due_at = now + pause.min(LONGEST_PAUSE);
        if due_at > owed_at + self.owed_for {
            return never(why, now);
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

    /// What follows when no request could be made of an entry.
    pub(crate) fn after_unmade(&self, entry: &Owed, unmade: Unmade, now: SystemTime) -> Next {
        match unmade {
            Unmade::ForGood(why) => never(why, now),
            Unmade::NoCall => {
                let why = "there is no record of the call any more".to_owned();
                let attempts = entry.attempts.saturating_add(1);
                self.again(why, attempts, system_time(entry.owed_at), now)
            }
        }
    }
}

fn never(why: String, now: SystemTime) -> Next {
    Next::Never {
        why,
        at: micros(now),
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
