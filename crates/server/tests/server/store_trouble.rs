//! A database file that is full, held by somebody, or taken away while calls run.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookflash_server::config::Config;
use hookflash_server::{Running, Server};
use rusqlite::Connection;
use serde_json::Value;

use crate::application::Application;
use crate::peer::{Peer, status};
use crate::records::{ANSWER_AND_WAIT, outbox, setup, stop};
use crate::rest::send;
use crate::stage::{get, get_json, udp, until};

/// A server with its records in a file, its application, and the calls that were made.
struct Trial {
    application: Application,
    setup: Config,
    server: Running,
    sids: Vec<String>,
}

impl Trial {
    fn new() -> Trial {
        Trial::limited(None)
    }

    /// With a file that cannot grow beyond so many bytes.
    fn limited(max_bytes: Option<u64>) -> Trial {
        let application = Application::saying(ANSWER_AND_WAIT);
        let mut setup = setup(&application);
        setup.store.max_bytes = max_bytes;
        let server = Server::start(setup.clone()).unwrap();
        until("it is ready", || get(server.http_addr, "/readyz").0 == 200);
        Trial {
            application,
            setup,
            server,
            sids: Vec::new(),
        }
    }

    fn path(&self) -> PathBuf {
        self.setup
            .store
            .url
            .strip_prefix("sqlite://")
            .unwrap()
            .into()
    }

    /// A call comes, is answered and is hung up, whatever becomes of its record.
    fn call(&mut self) {
        let number = self.asked().len();
        let mut peer = Peer::of(udp(&self.server), &format!("trouble-{number}"));
        assert_eq!(status(&peer.invite("")), 200);
        until("the application was asked", || self.asked().len() > number);
        assert_eq!(status(&peer.bye()), 200);
        self.sids.push(self.asked()[number].clone());
    }

    /// The calls whose documents were asked for. Lists of the server's end with what could be
    /// written.
    fn asked(&self) -> Vec<String> {
        let heard = self.application.heard().into_iter();
        let asked = heard.filter(|request| request.starts_with("POST /voice "));
        let sid = |request: String| {
            let sid = request.split_once("CallSid=").unwrap().1;
            sid.split('&').next().unwrap().to_owned()
        };
        asked.map(sid).collect()
    }

    /// How often the application was told of the end of each call.
    fn told(&self) -> Vec<usize> {
        let told = self.application.final_statuses();
        let of = |sid: &String| told.iter().filter(|one| one.contains(sid.as_str())).count();
        self.sids.iter().map(of).collect()
    }

    fn metric(&self, name: &str) -> u64 {
        let text = get(self.server.http_addr, "/metrics").1;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse().unwrap()
    }

    /// Calls go on, their ends are told, and the operator can see what is wrong.
    fn goes_on(&mut self, why: &str) {
        for _ in 0..3 {
            self.call();
        }
        until("every end was told", || self.told().iter().all(|n| *n > 0));
        until("the operator can see it", || {
            let (status, told) = get(self.server.http_addr, "/readyz");
            status == 503 && told.contains(why)
        });
        until("so can the machines", || {
            self.metric("hookflash_store_trouble ") == 1
        });
        assert!(self.metric("hookflash_store_rows_waiting ") > 0);
        assert_eq!(get(self.server.http_addr, "/healthz").0, 200);
    }

    /// What waited is written, nothing was lost, and nobody was told twice.
    fn recovers(self) {
        until("it is well again", || {
            get(self.server.http_addr, "/readyz").0 == 200
        });
        until("nothing waits", || {
            self.metric("hookflash_store_rows_waiting ") == 0
        });
        assert_eq!(self.metric("hookflash_store_trouble "), 0);
        assert_eq!(self.metric("hookflash_store_rows_dropped_total "), 0);
        until("nothing is owed", || outbox(&self.server)["owedInAll"] == 0);
        assert_eq!(outbox(&self.server)["deadLettersInAll"], 0);
        let told = self.told();
        assert!(told.iter().all(|n| *n == 1), "{told:?}");
        let path = self.path();
        stop(self.server);
        let file = Connection::open(path).unwrap();
        for sid in &self.sids {
            let kept = "SELECT count(*) FROM calls WHERE sid = ?1";
            let kept: i64 = file.query_row(kept, [sid], |row| row.get(0)).unwrap();
            assert_eq!(kept, 1, "{sid}");
        }
        let told = self.application.final_statuses().len();
        assert_eq!(told, self.sids.len(), "nobody was told again at the end");
    }
}

#[test]
fn while_somebody_holds_the_file_calls_go_on_and_the_operator_is_told() {
    let mut trial = Trial::new();
    let other = Connection::open(trial.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    trial.goes_on("locked");
    other.execute_batch("ROLLBACK").unwrap();
    trial.recovers();
}

#[test]
fn while_the_disk_is_full_calls_go_on_and_what_waited_is_written_when_there_is_room() {
    let limit = 600 << 10;
    let mut trial = Trial::limited(Some(limit));
    // Somebody else has taken the room; what is left is inside of pages.
    let other = Connection::open(trial.path()).unwrap();
    other
        .execute_batch("CREATE TABLE filler (it BLOB)")
        .unwrap();
    let filler = vec![0_u8; usize::try_from(limit).unwrap()];
    other
        .execute("INSERT INTO filler VALUES (?1)", [filler])
        .unwrap();
    while get(trial.server.http_addr, "/readyz").0 == 200 {
        trial.call();
        assert!(trial.sids.len() < 500, "it never was full");
    }
    trial.goes_on("full");
    other.execute_batch("DELETE FROM filler").unwrap();
    trial.recovers();
}

#[cfg(unix)]
#[test]
fn while_the_file_is_moved_away_calls_go_on_and_what_waited_is_written_when_it_is_back() {
    let mut trial = Trial::new();
    trial.call();
    until("its end was told", || trial.told() == [1]);
    let away = trial.path().with_extension("away");
    std::fs::rename(trial.path(), &away).unwrap();
    trial.goes_on("hookflash.db was removed");
    std::fs::rename(&away, trial.path()).unwrap();
    trial.recovers();
}

#[cfg(unix)]
#[test]
fn a_server_whose_file_was_removed_begins_a_new_one_when_it_is_restarted() {
    let mut trial = Trial::new();
    trial.call();
    until("its end was told", || trial.told() == [1]);
    std::fs::remove_file(trial.path()).unwrap();
    trial.goes_on("hookflash.db was removed");
    assert!(
        !trial.path().exists(),
        "nothing is made that nobody asked for"
    );
    stop(trial.server);

    trial.server = Server::start(trial.setup.clone()).unwrap();
    trial.sids.clear();
    let before = trial.application.final_statuses().len();
    assert_eq!(before, 4, "each call once");
    trial.call();
    until("its end was told", || trial.told() == [1]);
    assert_eq!(trial.application.final_statuses().len(), before + 1);
    let path = trial.path();
    stop(trial.server);
    let kept: i64 = Connection::open(path)
        .unwrap()
        .query_row("SELECT count(*) FROM calls", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 1);
}

/// Every call of the REST API's list, walked a call at a time, and whether the list says that it may
/// lack some.
fn walked(trial: &Trial) -> (Vec<String>, bool) {
    let http = trial.server.http_addr;
    let mut path = "/2010-04-01/Accounts/twiml/Calls.json?PageSize=1".to_owned();
    let (mut sids, mut lacks) = (Vec::new(), false);
    while sids.len() < 50 {
        let head = format!("Authorization: Basic {}\r\n", STANDARD.encode("twiml:key"));
        let reply = send(http, "GET", &path, &head, b"");
        assert_eq!(reply.status, 200, "{path}");
        lacks |= reply.header("hookflash-incomplete").is_some();
        let page = reply.json();
        let calls = page["calls"].as_array().unwrap();
        let sid = |call: &Value| call["sid"].as_str().unwrap().to_owned();
        sids.extend(calls.iter().map(sid));
        match page["next_page_uri"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    (sids, lacks)
}

#[test]
fn lists_have_the_calls_that_run_also_while_nothing_can_be_written() {
    let mut trial = Trial::new();
    trial.call();
    until("its end was told", || trial.told() == [1]);
    until("it is written", || {
        trial.metric("hookflash_store_rows_waiting ") == 0
    });
    let other = Connection::open(trial.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    trial.goes_on("locked");
    let mut peer = Peer::of(udp(&trial.server), "runs");
    assert_eq!(status(&peer.invite("")), 200);
    let all = trial.sids.len() + 1;
    until("its document was asked for", || trial.asked().len() == all);
    let mut newest_first = trial.asked();
    newest_first.reverse();

    assert_eq!(walked(&trial), (newest_first.clone(), true));
    let sids = |list: &Value| -> Vec<String> {
        let calls = list["calls"].as_array().unwrap().iter();
        calls
            .map(|call| call["sid"].as_str().unwrap().to_owned())
            .collect()
    };
    let view = |query: &str| {
        get_json(
            trial.server.http_addr,
            &format!("/hookflash/v1/calls?{query}"),
        )
    };
    let list = view("limit=100");
    assert_eq!(sids(&list), newest_first);
    assert!(list["incomplete"].as_str().unwrap().contains("trouble"));
    assert_eq!(sids(&view("status=in-progress")), newest_first[..1]);
    assert_eq!(sids(&view("status=completed")), newest_first[1..]);
    let behind = format!("limit=2&after={}", newest_first[0]);
    assert_eq!(sids(&view(&behind)), newest_first[1..3]);

    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(status(&peer.bye()), 200);
    trial.sids.push(newest_first[0].clone());
    until("nothing is lacking", || {
        walked(&trial) == (newest_first.clone(), false)
    });
    assert_eq!(
        get_json(trial.server.http_addr, "/hookflash/v1/calls").get("incomplete"),
        None
    );
    until("its end was told", || trial.told().iter().all(|n| *n > 0));
    trial.recovers();
}
