//! A database that cannot be written: calls go on, the backlog is bounded and drains.

use std::path::PathBuf;
use std::time::Duration;

use crate::suite::{ACCOUNT, as_it_is, call, ended, now, owed, with_parts};
use hookflash_store::{CallFilter, ErrorKind, Options, Page, Scope, Store};
use rusqlite::Connection;
use tempfile::TempDir;

const MINE: Scope<'_> = Scope::Account(ACCOUNT);

struct Trial {
    folder: TempDir,
    options: Options,
}

impl Trial {
    fn path(&self) -> PathBuf {
        self.folder.path().join("hookflash.db")
    }

    async fn open(&self) -> Store {
        Store::open(self.options.clone()).await.unwrap()
    }
}

fn trial() -> Trial {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}/hookflash.db", folder.path().display());
    let mut options = Options::new(url);
    options.first_pause = Duration::from_millis(5);
    options.longest_pause = Duration::from_millis(20);
    options.batch_delay = Duration::from_millis(50);
    options.urgent_delay = Duration::from_millis(1);
    Trial { folder, options }
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn while_somebody_holds_the_file_rows_wait_and_then_drain() {
    let trial = trial();
    let store = trial.open().await;
    let other = Connection::open(trial.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    store.put_call(call("CA1", 100));
    // The journal is a file of its own.
    store.owe(owed("CA1", 0), None).await.unwrap();
    let error = store.flush().await.unwrap_err();
    let trouble = store.health().trouble.expect("the operator can see it");
    assert_eq!(
        (trouble.error.kind(), &trouble.error),
        (ErrorKind::Unavailable, &error)
    );
    // From now on they are told at once, and the latest state of a call takes an earlier one's place.
    let refused = store.owe(owed("CA2", 0), None).await.unwrap_err();
    assert!(refused.is_kept, "it is written later");
    assert_eq!(refused.error, error);
    store.put_call(call("CA2", 100));
    let refused = store
        .put_call_surely(call("CA3", 100), Duration::from_millis(1))
        .await
        .unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::Unavailable,
        "nobody waits for it"
    );
    store.put_call(ended(call("CA1", 100), 200));
    // What is written already can be asked for.
    assert_eq!(store.call(MINE, "CA1").await.unwrap(), None);

    other.execute_batch("ROLLBACK").unwrap();
    until(|| store.health().waiting == 0).await;
    let health = store.health();
    assert_eq!(
        (health.trouble, health.dropped, health.waiting_bytes),
        (None, 0, 0)
    );
    let found = store.call(MINE, "CA1").await.unwrap();
    assert_eq!(found, Some(ended(call("CA1", 100), 200)));
    assert!(store.call(MINE, "CA2").await.unwrap().is_some());
    // Whoever could not write it down is delivering it.
    assert_eq!(store.due(now(), 10).await.unwrap(), []);
    assert_eq!(store.owed(MINE, 10, 0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_request_delivered_before_it_could_be_written_is_not_owed_afterwards() {
    let trial = trial();
    let store = trial.open().await;
    let other = Connection::open(trial.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.owe(owed("CA1", 0), None).await.unwrap();
    store.delivered(ACCOUNT, "CA1", 0);
    other.execute_batch("ROLLBACK").unwrap();
    until(|| store.health().waiting == 0).await;
    assert_eq!(store.owed(MINE, 10, 0).await.unwrap(), []);
}

#[tokio::test]
async fn a_full_disk_bounds_the_backlog_and_what_was_kept_drains_when_there_is_room() {
    let mut trial = trial();
    trial.options.max_bytes = Some(600 << 10);
    trial.options.backlog_bytes = 300 << 10;
    let store = trial.open().await;
    let mut number = 0;
    let mut more = || {
        number += 1;
        let sid = format!("CA{number}");
        store.put_call(with_parts(ended(call(&sid, number), number)));
        number
    };
    while store.health().trouble.is_none() {
        more();
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    let before_trouble = more();
    for _ in 0..2_000 {
        more();
    }
    let full = store.health();
    assert!(full.dropped > 0, "{full:?}");
    assert!(full.waiting_bytes <= 300 << 10, "{full:?}");
    let refused = store.owe(owed("CA1", 0), None).await.unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::Unavailable);

    let before = store
        .count_calls(MINE, CallFilter::default())
        .await
        .unwrap();
    assert!(before > 100, "{before} were written while there was room");
    // The operator makes room; the log of changes is beside the limited file.
    while store
        .sweep_calls(MINE, before_trouble, 200, as_it_is)
        .await
        .unwrap()
        > 0
    {}
    until(|| store.health().waiting == 0).await;
    assert_eq!(store.health().trouble, None);
    let kept = store
        .calls(MINE, CallFilter::default(), Page::first(1))
        .await
        .unwrap();
    assert_eq!(kept.calls.len(), 1, "what waited was written");
    store.owe(owed("CA-other", 0), None).await.unwrap();
    let whole: String = Connection::open(trial.path())
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
}

#[tokio::test]
async fn a_row_that_the_database_refuses_harms_no_other() {
    let trial = trial();
    let store = trial.open().await;
    let hand = Connection::open(trial.path()).unwrap();
    hand.execute_batch(
        "CREATE TRIGGER no_thirteen BEFORE INSERT ON live_calls WHEN NEW.sid = 'CA13' \
         BEGIN SELECT RAISE(ABORT, 'unlucky'); END",
    )
    .unwrap();
    for number in 0..30 {
        store.put_call(call(&format!("CA{number}"), number));
    }
    store.flush().await.unwrap();
    let health = store.health();
    assert_eq!((health.refused, health.waiting, health.written), (1, 0, 29));
    let count = store
        .count_calls(MINE, CallFilter::default())
        .await
        .unwrap();
    assert_eq!(count, 29);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_taken_away_is_trouble_until_it_is_back() {
    let trial = trial();
    let store = trial.open().await;
    store.put_call(ended(call("CA1", 100), 200));
    store.flush().await.unwrap();
    let away = trial.folder.path().join("away.db");
    std::fs::rename(trial.path(), &away).unwrap();
    // SQLite would go on writing to a file that nobody finds any more.
    let gone = store.flush().await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unavailable);
    assert!(
        gone.to_string().contains("hookflash.db was removed"),
        "{gone}"
    );
    let refused = store.owe(owed("CA2", 0), None).await.unwrap_err();
    assert!(refused.is_kept, "it is written later");
    store.put_call(ended(call("CA2", 300), 400));

    std::fs::write(trial.path(), "").unwrap();
    let replaced = store.flush().await.unwrap_err().to_string();
    assert!(replaced.contains("hookflash.db was replaced"), "{replaced}");
    assert_eq!(
        std::fs::read(trial.path()).unwrap(),
        b"",
        "what is not ours is not written to"
    );

    std::fs::rename(&away, trial.path()).unwrap();
    until(|| store.health().waiting == 0).await;
    assert_eq!(store.health().trouble, None);
    assert!(store.call(MINE, "CA2").await.unwrap().is_some());
    assert_eq!(store.owed(MINE, 10, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_the_operators_matter() {
    let trial = trial();
    std::fs::write(
        trial.path(),
        b"these are not the rows you are looking for".repeat(100),
    )
    .unwrap();
    let error = Store::open(trial.options.clone())
        .await
        .err()
        .expect("it is refused");
    assert_eq!(error.kind(), ErrorKind::Operator);
    assert!(error.to_string().contains("hookflash.db"), "{error}");

    let folder = trial.folder.path().join("missing/hookflash.db");
    let options = Options::new(format!("sqlite://{}", folder.display()));
    let error = Store::open(options).await.err().expect("it is refused");
    assert_eq!(error.kind(), ErrorKind::Operator);
}
