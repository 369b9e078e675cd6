//! The suite on PostgreSQL. `HOOKFLASH_TEST_POSTGRES` names a database of a server that is there
//! for tests; each test makes a schema of its own in it and drops it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../suite/mod.rs"]
mod suite;
mod wire;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hookflash_store::{CallFilter, Options, Scope, Store};
use suite::{ACCOUNT, Place, call, ended, now, owed};
use tokio_postgres::{Client, NoTls};
use wire::Wire;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A schema of its own in the database.
struct Schema {
    url: String,
    name: String,
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a server");
    tokio::spawn(connection);
    client
}

async fn schema() -> Schema {
    let url = std::env::var("HOOKFLASH_TEST_POSTGRES").expect("HOOKFLASH_TEST_POSTGRES is set");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("hookflash_test_{}_{number}", std::process::id());
    let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
    client(&url).await.batch_execute(&sql).await.unwrap();
    Schema { url, name }
}

impl Schema {
    async fn run(&self, sql: &str) {
        client(&self.options().url)
            .await
            .batch_execute(sql)
            .await
            .unwrap();
    }

    /// Cuts every connection of this test's stores.
    async fn cut(&self) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE application_name = '{}'",
            self.name
        );
        client(&self.url).await.batch_execute(&sql).await.unwrap();
    }
}

impl Place for Schema {
    fn options(&self) -> Options {
        let mark = if self.url.contains('?') { '&' } else { '?' };
        let name = &self.name;
        let mut options = Options::new(format!(
            "{}{mark}options=-csearch_path%3D{name}&application_name={name}",
            self.url
        ));
        options.first_pause = Duration::from_millis(20);
        options.longest_pause = Duration::from_millis(100);
        options
    }

    async fn pretend_later_version(&self) {
        self.run("INSERT INTO hookflash_schema VALUES (999, 0)")
            .await;
    }

    async fn as_of_second_version(&self, sql: &str) {
        self.run(include_str!("../../src/migrations/postgres_1.sql"))
            .await;
        self.run(include_str!("../../src/migrations/postgres_2.sql"))
            .await;
        self.run(suite::VERSIONS).await;
        self.run("INSERT INTO hookflash_schema VALUES (1, 0), (2, 0)")
            .await;
        self.run(&sql.replace("BYTES", "BYTEA")).await;
    }
}

// Run with `--test-threads=1`: the last test changes what every connection of the role may do.
suite::behaviours!(schema);
suite::surviving!(schema);

#[tokio::test]
async fn a_connection_that_was_cut_is_made_again() {
    let place = schema().await;
    let store = place.open().await;
    store.put_call(call("CA1", 100));
    store.flush().await.unwrap();
    let mine = Scope::Account(ACCOUNT);
    assert!(store.call(mine, "CA1").await.unwrap().is_some());
    place.cut().await;
    // A question is asked again on a new connection, and so is what is written.
    assert!(store.call(mine, "CA1").await.unwrap().is_some());
    store.put_call(call("CA2", 200));
    while store.health().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(store.call(mine, "CA2").await.unwrap().is_some());
    assert_eq!(store.health().trouble, None);
}

#[tokio::test]
async fn while_the_database_is_read_only_everything_waits() {
    let place = schema().await;
    let store = place.open().await;
    let read_only =
        |on: bool| format!("ALTER ROLE CURRENT_USER SET default_transaction_read_only = {on}");
    let admin = client(&place.url).await;
    admin.batch_execute(&read_only(true)).await.unwrap();
    place.cut().await;
    store.put_call(call("CA1", 100));
    let refused = store.owe(owed("CA1", 0), None).await;
    admin
        .batch_execute("SET default_transaction_read_only = off")
        .await
        .unwrap();
    admin.batch_execute(&read_only(false)).await.unwrap();
    let refused = refused.unwrap_err();
    assert!(refused.is_kept && refused.error.is_passing(), "{refused:?}");
    place.cut().await;
    while store.health().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        store.due(now(), 10).await.unwrap(),
        [],
        "who owed it delivers it"
    );
    store.delivered(ACCOUNT, "CA1", 0);
    assert_eq!(store.owed(Scope::Operator, 10, 0).await.unwrap(), []);
}

#[tokio::test]
async fn while_the_server_is_gone_everything_waits_and_then_drains() {
    let place = schema().await;
    let mut wire = Wire::to(&place.options().url).await;
    let mut options = place.options();
    options.url = wire.url(&options.url);
    let store = Store::open(options).await.unwrap();
    let mine = Scope::Account(ACCOUNT);
    store.owe(owed("CA1", 0), None).await.unwrap();

    wire.cut().await;
    for number in 0..1_000 {
        store.put_call(call(&format!("CA{number}"), number));
    }
    let refused = store.owe(owed("CA1", 1), None).await.unwrap_err();
    assert!(refused.is_kept && refused.error.is_passing(), "{refused:?}");
    store.delivered(ACCOUNT, "CA1", 0);
    for number in 0..1_000 {
        store.put_call(ended(call(&format!("CA{number}"), number), number));
    }
    assert!(
        store.call(mine, "CA7").await.is_err(),
        "it cannot be asked either"
    );
    assert!(store.health().trouble.is_some());

    wire.mend().await;
    while store.health().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let health = store.health();
    assert_eq!(
        (health.trouble, health.dropped, health.waiting_bytes),
        (None, 0, 0)
    );
    let found = store.call(mine, "CA7").await.unwrap();
    assert_eq!(found, Some(ended(call("CA7", 7), 7)));
    let all = CallFilter::default();
    assert_eq!(store.count_calls(mine, all).await.unwrap(), 1_000);
    let left = store.owed(mine, 10, 0).await.unwrap();
    assert_eq!(suite::ids(&left), [("CA1", 1)]);
}
