//! A process that is killed while it owes and delivers loses nothing that was owed.
//!
//! The test runs itself as another process (told by an environment variable), which writes to its
//! output what it may rely on: `C id` once a call is written down, `O id` once an entry is owed,
//! `D id` when it has been handed out for delivery, `S id` before the store is told that it was
//! delivered. An identifier is the call's, with a place. After each kill the parent compares that
//! with what a store finds in a copy of the files; the files themselves are for the next victim.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::files::copy_files;
use crate::suite::{ACCOUNT, call, ended, now, owed};
use hookflash_store::{Options, Scope, Store};
use rusqlite::Connection;
use tempfile::TempDir;

/// Names the database, in the process that is killed.
const VICTIM: &str = "HOOKFLASH_STORE_VICTIM";
const KILLS: u64 = 100;
/// How many calls the victim has at a time.
const CALLS: u32 = 8;

fn options(path: &str) -> Options {
    let mut options = Options::new(format!("sqlite://{path}"));
    options.urgent_delay = Duration::from_millis(1);
    options
}

fn say(word: &str, id: &str) {
    let mut out = std::io::stdout().lock();
    // The parent that no longer listens has had enough.
    let _ = writeln!(out, "{word} {id}").and_then(|()| out.flush());
}

fn deliver(store: &Store, call: &str, place: i64) {
    let id = format!("{call}/{place}");
    say("D", &id);
    say("S", &id);
    store.delivered(ACCOUNT, call, place);
}

/// One call after the other, each with two requests.
async fn calls(store: Store, number: u32) {
    for turn in 0.. {
        let sid = format!("CA-{}-{number}-{turn}", std::process::id());
        let written = store.put_call_surely(call(&sid, now()), Duration::from_millis(2));
        written.await.expect("nothing is wrong with the database");
        say("C", &format!("{sid}/"));
        let over = ended(call(&sid, now()), now());
        let owing = store.owe(owed(&sid, 0), Some(over));
        owing.await.expect("nothing is wrong with the database");
        say("O", &format!("{sid}/0"));
        let leaving = store.leave(owed(&sid, 1), None);
        leaving.await.expect("nothing is wrong with the database");
        say("O", &format!("{sid}/1"));
        deliver(&store, &sid, 0);
    }
}

async fn victim(path: &str) {
    // The test harness has begun a line.
    println!();
    let store = Store::open(options(path)).await.unwrap();
    for number in 0..CALLS {
        tokio::spawn(calls(store.clone(), number));
    }
    loop {
        // Asking has the tables written, and what is only in the journal is to be killed as well.
        tokio::time::sleep(Duration::from_millis(20)).await;
        for entry in store.due(now(), 50).await.unwrap() {
            deliver(&store, &entry.call, entry.place);
        }
    }
}

/// What the victim said until it died.
fn hear(path: &Path, moments: u64) -> Vec<(String, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::nothing_owed_is_lost_by_a_kill",
            "--nocapture",
        ])
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = Vec::new();
    let mut is_killed = false;
    while let Some(Ok(line)) = lines.next() {
        // The test harness has its say as well, and the last line may be cut short.
        let Some((word, id)) = line.split_once(' ') else {
            continue;
        };
        if matches!(word, "C" | "O" | "D" | "S") && id.starts_with("CA-") {
            heard.push((word.to_owned(), id.to_owned()));
        }
        if !is_killed && heard.len() as u64 >= moments {
            child.kill().unwrap();
            is_killed = true;
        }
    }
    let status = child.wait().unwrap();
    assert!(is_killed, "the victim ended by itself: {status}");
    heard
}

const CALLS_IN_TABLES: &str = "SELECT sid FROM calls UNION SELECT sid FROM live_calls";

fn ids(connection: &Connection, sql: &str) -> HashSet<String> {
    let mut found = connection.prepare(sql).unwrap();
    let ids = found.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

#[tokio::test]
async fn nothing_owed_is_lost_by_a_kill() {
    if let Ok(path) = std::env::var(VICTIM) {
        return victim(&path).await;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("hookflash.db");
    let mut handed_out: HashSet<String> = HashSet::new();
    let mut owed_ids = HashSet::new();
    let mut settled = HashSet::new();
    let mut gone: HashSet<String> = HashSet::new();
    let mut known = HashSet::new();
    let mut was_in_journal = 0;
    for kill in 0..KILLS {
        // The moment of the kill wanders over everything that the victim does.
        for (word, id) in hear(&path, 1 + kill * 7 % 97) {
            match word.as_str() {
                "C" => drop(known.insert(id.trim_end_matches('/').to_owned())),
                "O" => drop(owed_ids.insert(id)),
                "D" => {
                    assert!(!gone.contains(&id), "{id} was struck off and came again");
                    handed_out.insert(id);
                }
                _ => drop(settled.insert(id)),
            }
        }
        let copy = TempDir::new().unwrap();
        copy_files(folder.path(), copy.path());
        let copied = copy.path().join("hookflash.db");
        let in_tables = ids(&Connection::open(&copied).unwrap(), CALLS_IN_TABLES).len();
        let store = Store::open(options(&copied.display().to_string())).await;
        store.unwrap().close().await;
        let connection = Connection::open(&copied).unwrap();
        was_in_journal += ids(&connection, CALLS_IN_TABLES).len() - in_tables;
        let whole: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(whole, "ok", "after kill {kill}");
        let left = ids(&connection, "SELECT call_sid || '/' || place FROM outbox");
        let over = ids(&connection, "SELECT sid FROM calls");
        let live = ids(&connection, "SELECT sid FROM live_calls");
        let twice = "SELECT sid FROM live_calls JOIN calls USING (sid)";
        let twice = ids(&connection, twice);
        assert!(twice.is_empty(), "after kill {kill}: {twice:?}");
        for sid in &known {
            assert!(
                over.contains(sid) || live.contains(sid),
                "{sid} is there, after kill {kill}"
            );
        }
        for id in &left {
            // Its call is not taken for one that died: it would be owed the same once more.
            let sid = id.split('/').next().unwrap();
            assert!(over.contains(sid), "{id} is of a call that is over");
        }
        for id in &owed_ids {
            assert!(
                left.contains(id) || settled.contains(id),
                "{id} is lost, after kill {kill}"
            );
        }
        // What was struck off must not come again; what was not may, once more.
        gone.extend(owed_ids.difference(&left).cloned());
    }

    let store = Store::open(options(&path.display().to_string()))
        .await
        .unwrap();
    let mut last_of_call: HashMap<String, i64> = HashMap::new();
    loop {
        let due = store.due(now(), 100).await.unwrap();
        if due.is_empty() {
            break;
        }
        for entry in due {
            let last = last_of_call.insert(entry.call.clone(), entry.place);
            assert!(last.is_none_or(|last| last < entry.place), "in order");
            let id = format!("{}/{}", entry.call, entry.place);
            assert!(!gone.contains(&id), "{id} was struck off");
            handed_out.insert(id);
            store.delivered(ACCOUNT, &entry.call, entry.place);
        }
    }
    assert_eq!(store.owed(Scope::Operator, 10, 0).await.unwrap(), []);
    for id in &owed_ids {
        assert!(handed_out.contains(id), "{id} was never handed out");
    }
    assert!(
        owed_ids.len() as u64 > KILLS,
        "the victim did something: {}",
        owed_ids.len()
    );

    assert!(
        was_in_journal > 100,
        "{was_in_journal} were in the journal only"
    );

    // The calls that died are known, and can be closed.
    let mut died = store.unfinished_calls(10_000).await.unwrap();
    for row in died.drain(..) {
        store.put_call(ended(row, now()));
    }
    assert_eq!(store.unfinished_calls(10).await.unwrap(), []);
}
