//! How a store is opened.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{ErrorKind, StoreError};

/// How a store is opened. [`Options::new`] fills in what suits a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://FILE`, `sqlite::memory:` or `postgres://…`.
    pub url: String,
    /// Names this server among those that share a database. Unfinished calls and entries of the
    /// outbox that are being delivered belong to a node, so a restarted server must use the name
    /// it had.
    pub node: String,
    /// How many rows one transaction writes at most.
    pub batch_rows: usize,
    /// How long a row may wait for others before the tables are written. The more wait, the fewer
    /// of the states that they go through are ever written. Questions do not wait for it, nor do
    /// more rows than make four transactions.
    pub batch_delay: Duration,
    /// How long what nobody waits for may wait for others before it is written to the journal.
    pub journal_delay: Duration,
    /// How long what is owed may wait for others before it is written to the journal.
    pub urgent_delay: Duration,
    /// How many bytes of rows may wait in memory while the database cannot be written.
    pub backlog_bytes: usize,
    /// How long an owed request stays with whoever delivers it before it falls due again. Longer
    /// than a delivery with all its attempts may take.
    pub hold: Duration,
    /// Pause after a first failed transaction; doubles up to [`Options::longest_pause`].
    pub first_pause: Duration,
    /// The longest pause between attempts to write.
    pub longest_pause: Duration,
    /// SQLite: how large the file may grow, in bytes. Beyond, it is as if the disk were full.
    pub max_bytes: Option<u64>,
}

impl Options {
    /// With the rows of so many transactions the tables are written before their time. Each time,
    /// calls that are just ending cost a row more than they would later.
    pub(crate) const EARLY: usize = 4;

    /// What suits a server, with this database.
    pub fn new(url: impl Into<String>) -> Options {
        Options {
            url: url.into(),
            node: String::new(),
            batch_rows: 1_024,
            batch_delay: Duration::from_secs(1),
            journal_delay: Duration::from_millis(250),
            urgent_delay: Duration::from_millis(40),
            backlog_bytes: 64 << 20,
            hold: Duration::from_secs(300),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
            max_bytes: None,
        }
    }

    pub(crate) fn place(&self) -> Result<Place, StoreError> {
        if self.url.starts_with("postgres://") || self.url.starts_with("postgresql://") {
            return Ok(Place::Postgres(self.url.clone()));
        }
        let rest = self.url.strip_prefix("sqlite:");
        match rest.map(|rest| rest.strip_prefix("//").unwrap_or(rest)) {
            Some(":memory:") => Ok(Place::Memory),
            Some(path) if !path.is_empty() => Ok(Place::File(path.into())),
            _ => Err(StoreError::new(
                ErrorKind::Operator,
                "store.url must be sqlite://FILE, sqlite::memory: or postgres://USER@HOST/NAME",
            )),
        }
    }
}

/// Where the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    File(PathBuf),
    Postgres(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Option<Place> {
        Options::new(url).place().ok()
    }

    #[test]
    fn a_url_names_a_file_memory_or_a_server() {
        assert_eq!(place("sqlite::memory:"), Some(Place::Memory));
        assert_eq!(place("sqlite://:memory:"), Some(Place::Memory));
        assert_eq!(place("sqlite://a.db"), Some(Place::File("a.db".into())));
        assert_eq!(
            place("sqlite:///var/a.db"),
            Some(Place::File("/var/a.db".into()))
        );
        let server = "postgres://hookflash@127.0.0.1/calls";
        assert_eq!(place(server), Some(Place::Postgres(server.to_owned())));
    }

    #[test]
    fn another_url_is_refused_with_the_forms_that_are_known() {
        for url in ["", "mysql://x", "sqlite:", "sqlite://", "a.db"] {
            let error = Options::new(url).place().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Operator);
            assert!(error.to_string().contains("sqlite://FILE"), "{error}");
        }
    }
}
