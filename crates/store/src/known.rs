//! What the writer knows of the rows that are there, so that it need not look.

use std::collections::HashSet;

use crate::row::WrittenCall;

/// The calls that may have a row among those that run. Most calls are over before they have been
/// written once, and need none taken away.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// Hashes of keys. Two calls with the same are one row looked for in vain.
    keys: HashSet<u64>,
}

impl Running {
    pub(crate) fn insert(&mut self, key_hash: u64) {
        self.keys.insert(key_hash);
    }

    pub(crate) fn contains(&self, row: &WrittenCall) -> bool {
        !self.keys.is_empty() && self.keys.contains(&row.key_hash())
    }

    pub(crate) fn remove(&mut self, row: &WrittenCall) {
        if !self.keys.is_empty() {
            self.keys.remove(&row.key_hash());
        }
    }
}

/// At least so many calls that are over are known to have their row: those of a minute of a busy
/// server, in half a megabyte. Later news than that is rare.
const MOST: usize = 56_000;

/// The calls that were written last as over. What comes of them later changes their row; when there
/// is none any more, somebody has deleted it, at another server perhaps, and it stays deleted.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Hashes of keys. A call has that of another among so many, and would go
    /// without a row, once in a hundred million million calls.
    keys: HashSet<u64>,
    /// Those before them.
    earlier: HashSet<u64>,
}

impl Written {
    pub(crate) fn insert(&mut self, row: &WrittenCall) {
        if self.keys.len() >= MOST {
            std::mem::swap(&mut self.keys, &mut self.earlier);
            self.keys.clear();
        }
        self.keys.insert(row.key_hash());
    }

    pub(crate) fn contains(&self, row: &WrittenCall) -> bool {
        let key = row.key_hash();
        self.keys.contains(&key) || self.earlier.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{CallEnd, CallRow, CallState, Direction, EndedBy};

    fn over(number: usize) -> WrittenCall {
        WrittenCall::from(&CallRow {
            account: "AC1".into(),
            sid: format!("CA{number}").into(),
            application: "".into(),
            parent: None,
            direction: Direction::Inbound,
            from: "".into(),
            to: "".into(),
            state: CallState::Ended,
            end: Some(CallEnd {
                by: EndedBy::Peer,
                answered: false,
                sip_status: 486,
                sip_reason: "".into(),
                cause: None,
                message: None,
            }),
            created_at: 1,
            started_at: None,
            answered_at: None,
            ended_at: Some(2),
            legs: Vec::new(),
            transfers: Vec::new(),
            webhooks: Vec::new(),
            details: None,
        })
    }

    #[test]
    fn the_latest_calls_are_known_and_no_more_than_twice_as_many() {
        let mut written = Written::default();
        for number in 0..=2 * MOST {
            written.insert(&over(number));
            let last = number.saturating_sub(MOST - 1);
            assert!(written.contains(&over(last)), "{last} of {number}");
        }
        assert!(!written.contains(&over(0)));
        assert!(written.keys.len() + written.earlier.len() <= 2 * MOST);
    }
}
