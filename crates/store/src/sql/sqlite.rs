//! SQLite, built into the program.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::{Cell, Database, Identity, Row, Use, Value, Values};
use crate::error::{ErrorKind, StoreError};
use crate::options::Options;

/// How long a statement waits for another process that holds the file.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many prepared statements are kept.
const STATEMENTS: usize = 64;
/// How many pages the write-ahead log holds before it is carried over. Pages that many rows share
/// are carried over once instead of often: 4,000 are 32 MB.
const LOG_PAGES: u32 = 4_000;
/// What is left of the log after it has grown beyond its measure.
const LOG_BYTES: u32 = 64 << 20;
/// How much of the file each connection keeps in memory, in KiB.
const CACHE: i32 = 16 << 10;
/// Large pages are fewer to write when many calls end at once, small ones less to write when one does.
const PAGE: u64 = 8_192;

/// A connection to a file or to memory.
pub(super) struct Sqlite {
    connection: Connection,
    is_durable: bool,
    /// What is written to; none when nobody else could take it away.
    file: Option<Held>,
}

/// A file that is open. Somebody may remove it, or put another in its place; then what is written
/// to it is lost when it is closed, and SQLite does not notice.
struct Held {
    path: PathBuf,
    identity: Identity,
}

impl Held {
    fn at(path: &Path) -> Result<Held, StoreError> {
        Ok(Held {
            path: path.to_owned(),
            identity: Identity::at(path).map_err(|e| StoreError::operator(e.to_string()))?,
        })
    }

    /// Whether the file is where it was opened.
    fn check(&self) -> Result<(), StoreError> {
        let what = match Identity::at(&self.path) {
            Ok(identity) if identity == self.identity => return Ok(()),
            Ok(_) => "was replaced",
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "was removed",
            // The folder cannot be looked into, which says nothing of the file.
            Err(_) => return Ok(()),
        };
        Err(StoreError::new(
            ErrorKind::Unavailable,
            format!(
                "{} {what} while the server runs; put it back, or restart the server to begin \
                 with what is there",
                self.path.display()
            ),
        ))
    }
}

impl Sqlite {
    /// A database that lives as long as this connection.
    pub(super) fn in_memory(options: &Options) -> Result<Sqlite, StoreError> {
        let connection = Connection::open_in_memory().map_err(|e| error(&e))?;
        let sqlite = Sqlite {
            connection,
            is_durable: true,
            file: None,
        };
        sqlite.limit(options)?;
        Ok(sqlite)
    }

    /// Opens a file; who writes makes it when it is not there.
    pub(super) fn open(path: &Path, options: &Options, purpose: Use) -> Result<Sqlite, StoreError> {
        let flags = match purpose {
            Use::Writing => {
                create(path)?;
                OpenFlags::SQLITE_OPEN_READ_WRITE
            }
            Use::Reading => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags);
        let sqlite = Sqlite {
            connection: opened.map_err(|e| at(path, &error(&e)))?,
            is_durable: true,
            file: match purpose {
                Use::Writing => Some(Held::at(path).map_err(|e| at(path, &e))?),
                Use::Reading => None,
            },
        };
        let connection = &sqlite.connection;
        connection.busy_timeout(PATIENCE).map_err(|e| error(&e))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let set = match purpose {
            // The first takes effect in a new file only.
            Use::Writing => format!(
                "PRAGMA page_size = {PAGE}; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {LOG_PAGES}; \
                 PRAGMA journal_size_limit = {LOG_BYTES}; PRAGMA cache_size = -{CACHE};"
            ),
            Use::Reading => format!("PRAGMA cache_size = -{CACHE};"),
        };
        sqlite.pragmas(&set).map_err(|e| at(path, &e))?;
        sqlite.limit(options)?;
        Ok(sqlite)
    }

    fn limit(&self, options: &Options) -> Result<(), StoreError> {
        match options.max_bytes {
            Some(bytes) => self.pragmas(&format!("PRAGMA max_page_count = {}", bytes / PAGE)),
            None => Ok(()),
        }
    }

    fn pragmas(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|e| error(&e))
    }
}

/// Makes the file so that only its owner can read it: it holds numbers of people and what it takes
/// to sign requests.
fn create(path: &Path) -> Result<(), StoreError> {
    let mut file = OpenOptions::new();
    file.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = StoreError::new(ErrorKind::Operator, error.to_string());
            Err(at(path, &error))
        }
    }
}

fn at(path: &Path, error: &StoreError) -> StoreError {
    StoreError::new(error.kind(), format!("{}: {error}", path.display()))
}

fn error(error: &rusqlite::Error) -> StoreError {
    use ErrorCode::{
        ApiMisuse, ConstraintViolation, DatabaseCorrupt, NotADatabase, ParameterOutOfRange, TooBig,
        TypeMismatch,
    };
    let kind = match error.sqlite_error_code() {
        Some(ConstraintViolation | TypeMismatch | TooBig | ParameterOutOfRange | ApiMisuse) => {
            ErrorKind::Refused
        }
        Some(DatabaseCorrupt | NotADatabase) => ErrorKind::Operator,
        Some(ErrorCode::Unknown) | None => ErrorKind::Refused,
        Some(_) => ErrorKind::Unavailable,
    };
    StoreError::new(kind, error.to_string())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        // Nothing here writes one; a hand may have.
        ValueRef::Real(number) => Cell::Text(number.to_string()),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

impl Database for Sqlite {
    fn check(&mut self) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), Held::check)
    }

    fn begin(&mut self, durable: bool) -> Result<(), StoreError> {
        self.check()?;
        if durable != self.is_durable {
            let level = if durable { "FULL" } else { "NORMAL" };
            self.pragmas(&format!("PRAGMA synchronous = {level}"))?;
            self.is_durable = durable;
        }
        self.query("BEGIN IMMEDIATE", Vec::new()).map(drop)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.query("COMMIT", Vec::new()).map(drop)
    }

    fn rollback(&mut self) {
        // Some errors have rolled back already, and then there is nothing to end.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    fn run(&mut self, sql: &str, all: Values<'_, '_>) -> Result<Vec<Vec<Row>>, StoreError> {
        let prepared = self.connection.prepare_cached(sql);
        let mut statement = prepared.map_err(|e| error(&e))?;
        let columns = statement.column_count();
        let mut results = Vec::new();
        for values in all {
            let values = rusqlite::params_from_iter(&values);
            if columns == 0 {
                statement.execute(values).map_err(|e| error(&e))?;
                continue;
            }
            let mut found = Vec::new();
            let mut rows = statement.query(values).map_err(|e| error(&e))?;
            while let Some(row) = rows.next().map_err(|e| error(&e))? {
                let cells = (0..columns).map(|column| row.get_ref(column).map(cell));
                let cells: Result<Vec<Cell>, _> = cells.collect();
                found.push(Row::new(cells.map_err(|e| error(&e))?));
            }
            results.push(found);
        }
        Ok(results)
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.pragmas(sql)
    }

    /// `BEGIN IMMEDIATE` has locked all of it.
    fn lock_schema(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn migrations(&self) -> &'static [&'static str] {
        &[
            include_str!("../migrations/sqlite_1.sql"),
            include_str!("../migrations/sqlite_2.sql"),
            include_str!("../migrations/sqlite_3.sql"),
        ]
    }

    fn is_gone(&self) -> bool {
        false
    }
}
