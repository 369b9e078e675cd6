//! The suite on SQLite, in a file and in memory, and what only a file can show.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod crash;
mod files;
mod journal;
mod paging;
#[path = "../suite/mod.rs"]
mod suite;
mod trouble;

mod in_memory {
    use hookflash_store::Options;

    use crate::suite;

    struct Memory;

    impl suite::Place for Memory {
        fn options(&self) -> Options {
            Options::new("sqlite::memory:")
        }

        /// Nothing in memory outlives its process.
        async fn pretend_later_version(&self) {}

        async fn as_of_second_version(&self, _: &str) {}
    }

    async fn memory() -> Memory {
        Memory
    }

    suite::behaviours!(memory);
}

mod in_a_file {
    use std::path::PathBuf;

    use hookflash_store::Options;
    use rusqlite::Connection;
    use tempfile::TempDir;

    use crate::suite::{self, Place};

    struct File {
        folder: TempDir,
    }

    impl File {
        fn path(&self) -> PathBuf {
            self.folder.path().join("hookflash.db")
        }
    }

    impl Place for File {
        fn options(&self) -> Options {
            Options::new(format!("sqlite://{}", self.path().display()))
        }

        async fn pretend_later_version(&self) {
            let connection = Connection::open(self.path()).unwrap();
            let sql = "INSERT INTO hookflash_schema VALUES (999, 0)";
            connection.execute(sql, []).unwrap();
        }

        async fn as_of_second_version(&self, sql: &str) {
            let file = Connection::open(self.path()).unwrap();
            let sql = sql.replace("BYTES", "BLOB");
            let version = "INSERT INTO hookflash_schema VALUES (1, 0), (2, 0)";
            for statements in [
                include_str!("../../src/migrations/sqlite_1.sql"),
                include_str!("../../src/migrations/sqlite_2.sql"),
                suite::VERSIONS,
                version,
                &sql,
            ] {
                file.execute_batch(statements).unwrap();
            }
        }
    }

    async fn file() -> File {
        File {
            folder: TempDir::new().unwrap(),
        }
    }

    suite::behaviours!(file);
    suite::surviving!(file);

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_but_its_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let place = file().await;
        let _store = place.open().await;
        let mode = place.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
