//! Brings a database to the schema of this program.

use super::{Database, Value};
use crate::error::{ErrorKind, StoreError};

/// Makes the tables that are missing, one version after the other, each in its transaction.
///
/// # Errors
/// When the database was made by a later version of this program.
pub(crate) fn migrate(database: &mut dyn Database, now: i64) -> Result<(), StoreError> {
    let result = database.begin(true).and_then(|()| steps(database, now));
    match result {
        Ok(()) => database.commit(),
        Err(error) => {
            database.rollback();
            Err(error)
        }
    }
}

fn steps(database: &mut dyn Database, now: i64) -> Result<(), StoreError> {
    database.lock_schema()?;
    database.script(
        "CREATE TABLE IF NOT EXISTS hookflash_schema \
         (version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)",
    )?;
    let sql = "SELECT max(version) FROM hookflash_schema";
    let version = database.number(sql, Vec::new())?.unwrap_or_default();
    let migrations = database.migrations();
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(StoreError::new(
            ErrorKind::Operator,
            format!(
                "the database has schema {version} and this version of hookflash knows {known}: \
                 run the version that made it, or name another database in store.url"
            ),
        ));
    }
    for (number, statements) in (1..).zip(migrations) {
        if number > version {
            database.script(statements)?;
            let sql = "INSERT INTO hookflash_schema (version, applied_at) VALUES ($1, $2)";
            database.query(sql, vec![Value::Int(number), Value::Int(now)])?;
        }
    }
    Ok(())
}
