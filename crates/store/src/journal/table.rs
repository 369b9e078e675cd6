//! A journal that is a table of the database: a row for what is written down together.

use crate::error::StoreError;
use crate::sql::{Database, Value};

/// The rows of one node.
#[derive(Debug)]
pub(super) struct Table {
    node: String,
}

impl Table {
    pub(super) fn new(node: &str) -> Table {
        Table {
            node: node.to_owned(),
        }
    }

    /// What is in it, in the order in which it came.
    pub(super) fn read(&self, database: &mut dyn Database) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT entries FROM journal WHERE node = $1 ORDER BY entry_no";
        let mut rows = database.query(sql, vec![Value::text(&self.node)])?;
        rows.iter_mut().map(|row| row.bytes()).collect()
    }

    /// Writes entries in a transaction of their own.
    pub(super) fn insert(
        &self,
        database: &mut dyn Database,
        entries: &[u8],
        is_durable: bool,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO journal (node, entries) VALUES ($1, $2)";
        database.begin(is_durable)?;
        let values = vec![Value::text(&self.node), Value::Bytes(entries)];
        let written = database.query(sql, values);
        let result = written.and_then(|_| database.commit());
        if result.is_err() {
            database.rollback();
        }
        result
    }

    /// Forgets all that is in it, within a transaction.
    pub(super) fn empty(&self, database: &mut dyn Database) -> Result<(), StoreError> {
        let sql = "DELETE FROM journal WHERE node = $1";
        database.query(sql, vec![Value::text(&self.node)]).map(drop)
    }
}
