//! The journal that is a file beside the database.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use hookflash_store::{Options, Scope, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::files::{copy_files, named};
use crate::suite::{ACCOUNT, call, ended, ids, now, owed, with_parts};

struct Trial {
    folder: TempDir,
}

impl Trial {
    fn new() -> Trial {
        Trial {
            folder: TempDir::new().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hookflash.db")
    }

    /// Writes the tables when it is closed, or asked.
    async fn open(&self) -> Store {
        let mut options = Options::new(format!("sqlite://{}", self.path().display()));
        options.batch_delay = Duration::from_secs(3_600);
        options.urgent_delay = Duration::from_millis(1);
        options.journal_delay = Duration::from_millis(1);
        Store::open(options).await.unwrap()
    }

    fn journals(&self) -> Vec<PathBuf> {
        named(self.folder.path(), "-ahead-")
    }

    /// What would be found if the process died now.
    fn dead(&self) -> Trial {
        let copy = Trial::new();
        copy_files(self.folder.path(), copy.folder.path());
        copy
    }
}

async fn calls_owed(store: &Store) -> Vec<(String, i64)> {
    let owed = store.owed(Scope::Operator, 100, 0).await.unwrap();
    let ids = owed.into_iter().map(|entry| (entry.call, entry.place));
    ids.collect()
}

fn pairs(calls: &[&str]) -> Vec<(String, i64)> {
    calls.iter().map(|call| ((*call).to_owned(), 0)).collect()
}

#[tokio::test]
async fn what_is_owed_is_there_after_a_crash_although_the_database_was_held() {
    let trial = Trial::new();
    let store = trial.open().await;
    let other = Connection::open(trial.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let over = ended(call("CA1", 100), 200);
    let owing = store.owe(owed("CA1", 0), Some(over.clone()));
    owing.await.unwrap();
    let dead = trial.dead();
    let store = dead.open().await;
    assert_eq!(ids(&store.due(now(), 10).await.unwrap()), [("CA1", 0)]);
    let found = store.call(Scope::Account(ACCOUNT), "CA1").await.unwrap();
    assert_eq!(found, Some(over));
}

#[tokio::test]
async fn what_was_delivered_before_a_crash_is_not_owed_after_it() {
    let trial = Trial::new();
    let store = trial.open().await;
    for call in ["CA1", "CA2"] {
        store.owe(owed(call, 0), None).await.unwrap();
    }
    store.delivered(ACCOUNT, "CA1", 0);
    // What is owed after it is in the journal behind it.
    store.owe(owed("CA3", 0), None).await.unwrap();
    let dead = trial.dead();
    let store = dead.open().await;
    assert_eq!(calls_owed(&store).await, pairs(&["CA2", "CA3"]));
}

#[tokio::test]
async fn what_is_in_the_tables_does_not_come_again_from_the_journal() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    store.delivered(ACCOUNT, "CA1", 0);
    store.owe(owed("CA2", 0), None).await.unwrap();
    store.flush().await.unwrap();
    let length = fs::metadata(&trial.journals()[0]).unwrap().len();
    assert!(length > 0, "the old generation is still there");
    let dead = trial.dead();
    let store_of_dead = dead.open().await;
    assert_eq!(calls_owed(&store_of_dead).await, pairs(&["CA2"]));
    // A generation that is shorter than the one before.
    store.owe(owed("CA3", 0), None).await.unwrap();
    assert_eq!(fs::metadata(&trial.journals()[0]).unwrap().len(), length);
    let dead = trial.dead();
    let store_of_dead = dead.open().await;
    assert_eq!(calls_owed(&store_of_dead).await, pairs(&["CA2", "CA3"]));
}

#[tokio::test]
async fn the_end_of_a_call_that_nobody_waits_for_is_there_after_a_crash_too() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.put_call(ended(call("CA1", 100), 200));
    // It goes to the journal with the next that is written.
    store.owe(owed("CA2", 0), None).await.unwrap();
    let dead = trial.dead();
    let store = dead.open().await;
    let found = store.call(Scope::Account(ACCOUNT), "CA1").await.unwrap();
    assert_eq!(found, Some(ended(call("CA1", 100), 200)));
}

#[tokio::test]
async fn late_news_of_a_call_that_is_over_waits_for_the_tables() {
    let trial = Trial::new();
    let store = trial.open().await;
    let over = ended(call("CA1", 100), 200);
    let owing = store.owe(owed("CA1", 0), Some(over.clone()));
    owing.await.unwrap();
    let late = with_parts(over.clone());
    store.put_call(late.clone());
    store.owe(owed("CA2", 0), None).await.unwrap();
    let dead = trial.dead();
    let store_of_dead = dead.open().await;
    let mine = Scope::Account(ACCOUNT);
    assert_eq!(store_of_dead.call(mine, "CA1").await.unwrap(), Some(over));
    assert_eq!(store.call(mine, "CA1").await.unwrap(), Some(late));
}

#[tokio::test]
async fn two_crashes_in_a_row_lose_nothing() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let once = trial.dead();
    let store_of_once = once.open().await;
    store_of_once.owe(owed("CA2", 0), None).await.unwrap();
    let twice = once.dead();
    let store_of_twice = twice.open().await;
    assert_eq!(calls_owed(&store_of_twice).await, pairs(&["CA1", "CA2"]));
    store_of_twice.owe(owed("CA3", 0), None).await.unwrap();
    assert_eq!(twice.journals().len(), 1, "those of the dead are gone");
}

#[tokio::test]
async fn a_journal_that_is_taken_away_is_made_anew() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    fs::remove_file(&trial.journals()[0]).unwrap();
    store.owe(owed("CA2", 0), None).await.unwrap();
    let dead = trial.dead();
    let store_of_dead = dead.open().await;
    assert_eq!(calls_owed(&store_of_dead).await, pairs(&["CA2"]));
    drop(store_of_dead);
    // What was in it is in memory until the tables have it.
    assert_eq!(calls_owed(&store).await, pairs(&["CA1", "CA2"]));
}

#[tokio::test]
async fn the_tables_are_written_instead_of_a_journal_that_cannot_be() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let journal = &trial.journals()[0];
    fs::remove_file(journal).unwrap();
    fs::create_dir(journal).unwrap();
    store.owe(owed("CA2", 0), None).await.unwrap();
    assert_eq!(store.health().trouble, None);
    let count = Connection::open(trial.path()).unwrap();
    let count: i64 = count
        .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
    // Once it can be written again, it is.
    fs::remove_dir(journal).unwrap();
    store.owe(owed("CA3", 0), None).await.unwrap();
    let dead = trial.dead();
    let store = dead.open().await;
    assert_eq!(calls_owed(&store).await, pairs(&["CA1", "CA2", "CA3"]));
}

#[tokio::test]
async fn a_store_that_is_closed_leaves_no_journal() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    assert_eq!(trial.journals().len(), 1);
    assert_eq!(store.close().await, 0);
    assert_eq!(trial.journals(), [] as [PathBuf; 0]);
    let count = Connection::open(trial.path()).unwrap();
    let count: i64 = count
        .query_row("SELECT count(*) FROM journals", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_journal_that_no_row_tells_of_is_removed_and_nothing_else() {
    let trial = Trial::new();
    trial.open().await.close().await;
    for name in [
        "hookflash.db-ahead-00000000000000ff",
        "hookflash.db-ahead-of-time",
        "other.db-ahead-01",
    ] {
        fs::write(trial.folder.path().join(name), b"x").unwrap();
    }
    trial.open().await.close().await;
    let mut names = trial.journals();
    names.sort();
    let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["hookflash.db-ahead-of-time", "other.db-ahead-01"]);
}

#[tokio::test]
async fn the_journal_of_another_node_is_left_to_it() {
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let mut options = Options::new(format!("sqlite://{}", trial.path().display()));
    options.node = "another".to_owned();
    let another = Store::open(options).await.unwrap();
    assert_eq!(calls_owed(&another).await, []);
    another.close().await;
    let dead = trial.dead();
    let store = dead.open().await;
    assert_eq!(calls_owed(&store).await, pairs(&["CA1"]));
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let trial = Trial::new();
    let store = trial.open().await;
    store.owe(owed("CA1", 0), None).await.unwrap();
    let mode = fs::metadata(&trial.journals()[0])
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
