//! What is to be written, taken apart into transactions.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::outbox::{self, Outcome, Owed, Receipt};
use crate::row::{CallRow, LegRow, Record, RecordingRow, TransferRow, WebhooksRow};
use crate::sql::{Database, Value};

/// An owed request on its way to the database.
#[derive(Debug)]
pub(crate) struct Owing {
    pub(crate) entry: Owed,
    /// Who waits. Nobody does once the caller was told that it cannot be written now, and then
    /// the caller delivers it.
    pub(crate) waiter: Option<oneshot::Sender<Result<Receipt, StoreError>>>,
}

impl Owing {
    /// Tells who waits that it is not written yet.
    pub(crate) fn put_off(&mut self, error: &StoreError) {
        if let Some(waiter) = self.waiter.take() {
            // Who no longer waits does not want to know.
            let _ = waiter.send(Err(error.clone()));
        }
    }
}

/// What became of an owed request.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) account: String,
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
}

impl Settled {
    pub(crate) fn bytes(&self) -> usize {
        let why = match &self.outcome {
            Outcome::Delivered => 0,
            Outcome::Failed(outbox::Next::At { why, .. } | outbox::Next::Never { why, .. }) => {
                why.len()
            }
        };
        size_of::<Settled>() + self.account.len() + self.id.len() + why
    }
}

/// Rows that are to be written, no two with the same key.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) calls: VecDeque<CallRow>,
    pub(crate) owed: VecDeque<Owing>,
    pub(crate) settled: VecDeque<Settled>,
    pub(crate) recordings: VecDeque<RecordingRow>,
    pub(crate) transfers: VecDeque<TransferRow>,
    pub(crate) legs: VecDeque<LegRow>,
    pub(crate) webhooks: VecDeque<WebhooksRow>,
}

/// Moves up to `left` from the front of one queue to another.
fn take<T>(from: &mut VecDeque<T>, left: &mut usize) -> VecDeque<T> {
    let count = from.len().min(*left);
    *left -= count;
    if count == from.len() {
        return std::mem::take(from);
    }
    from.drain(..count).collect()
}

/// Puts what was taken back to the front.
fn put_back<T>(to: &mut VecDeque<T>, mut taken: VecDeque<T>) {
    taken.append(to);
    *to = taken;
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
            + self.owed.len()
            + self.settled.len()
            + self.recordings.len()
            + self.transfers.len()
            + self.legs.len()
            + self.webhooks.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn bytes(&self) -> usize {
        fn sum<R: Record>(rows: &VecDeque<R>) -> usize {
            rows.iter().map(Record::bytes).sum()
        }
        let owed: usize = self.owed.iter().map(|owing| owing.entry.bytes()).sum();
        let settled: usize = self.settled.iter().map(Settled::bytes).sum();
        let rows = sum(&self.calls) + sum(&self.recordings) + sum(&self.transfers);
        owed + settled + rows + sum(&self.legs) + sum(&self.webhooks)
    }

    /// Takes the first `count` rows: calls before what belongs to them, owed requests before what
    /// became of them.
    pub(crate) fn split(&mut self, count: usize) -> Batch {
        let mut left = count.max(1);
        Batch {
            calls: take(&mut self.calls, &mut left),
            owed: take(&mut self.owed, &mut left),
            settled: take(&mut self.settled, &mut left),
            recordings: take(&mut self.recordings, &mut left),
            transfers: take(&mut self.transfers, &mut left),
            legs: take(&mut self.legs, &mut left),
            webhooks: take(&mut self.webhooks, &mut left),
        }
    }

    /// Puts back what could not be written.
    pub(crate) fn put_back(&mut self, taken: Batch) {
        put_back(&mut self.calls, taken.calls);
        put_back(&mut self.owed, taken.owed);
        put_back(&mut self.settled, taken.settled);
        put_back(&mut self.recordings, taken.recordings);
        put_back(&mut self.transfers, taken.transfers);
        put_back(&mut self.legs, taken.legs);
        put_back(&mut self.webhooks, taken.webhooks);
    }

    /// Tells everybody who waits that nothing is written yet.
    pub(crate) fn put_off(&mut self, error: &StoreError) {
        for owing in &mut self.owed {
            owing.put_off(error);
        }
    }

    /// Writes all of it in one transaction. A receipt for each of the owed requests comes back.
    pub(crate) fn write(
        &self,
        database: &mut dyn Database,
        statements: &Statements,
        held: Held<'_>,
    ) -> Result<Vec<Receipt>, StoreError> {
        // What is only a record may go with the machine; what is owed may not.
        database.begin(!self.owed.is_empty())?;
        let written = self.rows(database, statements, held);
        let result = written.and_then(|receipts| database.commit().map(|()| receipts));
        if result.is_err() {
            database.rollback();
        }
        result
    }

    fn rows(
        &self,
        database: &mut dyn Database,
        statements: &Statements,
        held: Held<'_>,
    ) -> Result<Vec<Receipt>, StoreError> {
        fn all<R: Record>(
            database: &mut dyn Database,
            sql: &str,
            rows: &VecDeque<R>,
            node: &str,
        ) -> Result<(), StoreError> {
            if rows.is_empty() {
                return Ok(());
            }
            let values: Vec<Vec<Value<'_>>> = rows.iter().map(|row| row.values(node)).collect();
            database.run(sql, &values).map(drop)
        }
        let node = held.node;
        all(database, &statements.call, &self.calls, node)?;
        all(database, &statements.leg, &self.legs, node)?;
        all(database, &statements.transfer, &self.transfers, node)?;
        all(database, &statements.webhooks, &self.webhooks, node)?;
        all(database, &statements.recording, &self.recordings, node)?;
        let mut receipts = Vec::new();
        if !self.owed.is_empty() {
            let entries: Vec<(&Owed, bool)> = self
                .owed
                .iter()
                .map(|owing| (&owing.entry, owing.waiter.is_none()))
                .collect();
            receipts = outbox::insert(database, &entries, node, held.now, held.until)?;
        }
        if !self.settled.is_empty() {
            let outcomes: Vec<(&str, &str, &Outcome)> = self
                .settled
                .iter()
                .map(|one| (one.account.as_str(), one.id.as_str(), &one.outcome))
                .collect();
            outbox::settle(database, &outcomes)?;
        }
        Ok(receipts)
    }
}

/// By whom and until when owed requests are held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) node: &'a str,
    pub(crate) now: i64,
    pub(crate) until: i64,
}

/// The statements that write rows.
#[derive(Debug)]
pub(crate) struct Statements {
    call: String,
    leg: String,
    transfer: String,
    webhooks: String,
    recording: String,
}

impl Statements {
    pub(crate) fn new() -> Statements {
        Statements {
            call: CallRow::upsert(),
            leg: LegRow::upsert(),
            transfer: TransferRow::upsert(),
            webhooks: WebhooksRow::upsert(),
            recording: RecordingRow::upsert(),
        }
    }
}
