//! What is left of calls when the server has stopped, and what applications hear all the same.

use std::time::Duration;

use hookflash_server::config::Config;
use hookflash_server::{Running, Server};
use serde_json::Value;

use crate::application::Application;
use crate::peer::{Peer, status};
use crate::rest::send;
use crate::stage::{config_with_file, get, get_json, get_with, post_json, udp, until, wait};

pub(crate) const ANSWER_AND_WAIT: &str = "<Response><Gather timeout=\"60\"/></Response>";

/// A server whose calls are run by this application, with its records in a file.
pub(crate) fn setup(application: &Application) -> Config {
    let rest = format!(
        "[[applications]]\nname = \"it\"\naccount = \"twiml\"\nurl = \"{}\"\n\
         status_callback = \"{}\"\n",
        application.url("/voice"),
        application.url("/status"),
    );
    config_with_file("shards = 2", &rest)
}

/// One call that is answered and hung up by its caller. Gives its identifier.
fn call(server: &Running, name: &str) -> String {
    let mut peer = Peer::of(udp(server), name);
    assert_eq!(status(&peer.invite("")), 200);
    let sid = newest(server, "in-progress");
    assert_eq!(status(&peer.bye()), 200);
    sid
}

/// The identifier of the newest call, once it stands like this.
fn newest(server: &Running, standing: &str) -> String {
    let path = "/hookflash/v1/calls?limit=1";
    let newest = || get_json(server.http_addr, path)["calls"][0].clone();
    until("the newest call stands as it should", || {
        newest()["status"] == standing
    });
    newest()["sid"].as_str().unwrap().to_owned()
}

pub(crate) fn outbox(server: &Running) -> Value {
    get_json(server.http_addr, "/hookflash/v1/outbox")
}

fn nothing_is_left(server: &Running) {
    until("nothing is left", || {
        let outbox = outbox(server);
        outbox["owedInAll"] == 0 && outbox["deadLettersInAll"] == 0
    });
}

/// The fields of a request.
fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

pub(crate) fn stop(server: Running) {
    wait(server.drain(Duration::ZERO));
}

#[test]
fn a_call_is_shown_after_a_restart_without_its_trace() {
    let application = Application::saying(ANSWER_AND_WAIT);
    let setup = setup(&application);
    let server = Server::start(setup.clone()).unwrap();
    let sid = call(&server, "kept");
    let path = format!("/hookflash/v1/calls/{sid}");
    until("the application was told", || {
        application.final_statuses().len() == 1
    });
    until("its answer is in the journal", || {
        let webhooks = get_json(server.http_addr, &path)["webhooks"].clone();
        let webhooks = webhooks.as_array().unwrap();
        webhooks.iter().all(|one| !one["endedAt"].is_null())
    });
    let mut before = get_json(server.http_addr, &path);
    assert_eq!(get(server.http_addr, &format!("{path}/trace")).0, 200);
    stop(server);

    let server = Server::start(setup).unwrap();
    let after = get_json(server.http_addr, &path);
    // These are told of calls in memory only.
    before["verbs"] = after["verbs"].clone();
    before["legs"][0]["media"] = Value::Null;
    assert_eq!(after, before);
    let list = get_json(server.http_addr, "/hookflash/v1/calls?status=completed");
    assert_eq!(list["calls"][0], after);
    let (status, why) = get(server.http_addr, &format!("{path}/trace"));
    assert_eq!(status, 410, "{why}");
    assert!(why.contains("kept in memory"), "{why}");
    assert_eq!(
        application.final_statuses().len(),
        1,
        "told once, by the first"
    );
    stop(server);
}

#[test]
fn what_a_request_came_to_after_the_call_was_over_is_kept() {
    let application = Application::saying(
        "<Response><Refer action=\"/status\"><Sip>sip:carol@example.com</Sip></Refer></Response>",
    );
    application.hold_status();
    let rest = format!(
        "[[applications]]\nname = \"it\"\naccount = \"twiml\"\nurl = \"{}\"\n",
        application.url("/voice"),
    );
    let setup = config_with_file("", &rest);
    let server = Server::start(setup.clone()).unwrap();
    let mut peer = Peer::of(udp(&server), "late");
    let answer = peer.invite("");
    peer.take("REFER", &answer, "202 Accepted");
    assert_eq!(status(&peer.bye()), 200);
    let path = format!("/hookflash/v1/calls/{}", newest(&server, "completed"));
    let of_action = |server: &Running| get_json(server.http_addr, &path)["webhooks"][1].clone();
    until("the call is recorded as one that is over", || {
        let metrics = get(server.http_addr, "/metrics").1;
        metrics.contains("\nhookflash_calls 0\n")
    });
    assert_eq!(of_action(&server)["endedAt"], Value::Null);
    application.answer_status_with(204);
    until("the transfer's callback is answered", || {
        of_action(&server)["endedAt"].is_string()
    });
    let before = of_action(&server);
    assert_eq!(before["status"], 204);
    stop(server);

    let server = Server::start(setup).unwrap();
    assert_eq!(of_action(&server), before);
    stop(server);
}

#[test]
fn a_final_status_that_is_not_taken_goes_out_after_a_restart() {
    let application = Application::saying(ANSWER_AND_WAIT);
    application.answer_status_with(503);
    let setup = setup(&application);
    let server = Server::start(setup.clone()).unwrap();
    let sid = call(&server, "owed");
    until("it was tried", || {
        outbox(&server)["owed"][0]["attempts"] == 1
    });
    let entry = outbox(&server)["owed"][0].clone();
    assert_eq!(entry["call"], sid.as_str());
    assert!(
        entry["lastError"].as_str().unwrap().contains("503"),
        "{entry}"
    );
    stop(server);
    let first = application.final_statuses();
    assert_eq!(first.len(), 1, "{first:?}");

    application.answer_status_with(200);
    let server = Server::start(setup).unwrap();
    until("the application was told", || {
        application.final_statuses().len() == 2
    });
    nothing_is_left(&server);
    // The same fields, signed anew.
    let all = application.final_statuses();
    assert_eq!(body(&all[0]), body(&all[1]));
    assert!(all[1].to_lowercase().contains("x-twilio-signature: "));
    assert!(all[1].contains(&format!("CallSid={sid}")));
    stop(server);
}

/// Deletes a call over Twilio's API, and sees that it is gone from there.
fn delete(server: &Running, sid: &str) {
    let calls = "/2010-04-01/Accounts/twiml/Calls";
    // twiml:key
    let known = "Authorization: Basic dHdpbWw6a2V5\r\n";
    let one = format!("{calls}/{sid}.json");
    assert_eq!(get_with(server.http_addr, &one, known).0, 200);
    let deleted = send(server.http_addr, "DELETE", &one, known, b"");
    assert_eq!(deleted.status, 204);
    is_deleted(server, sid);
}

fn is_deleted(server: &Running, sid: &str) {
    let calls = "/2010-04-01/Accounts/twiml/Calls";
    let known = "Authorization: Basic dHdpbWw6a2V5\r\n";
    let one = format!("{calls}/{sid}.json");
    assert_eq!(get_with(server.http_addr, &one, known).0, 404);
    let (status, list) = get_with(server.http_addr, &format!("{calls}.json"), known);
    let list = String::from_utf8(list).unwrap();
    assert!(status == 200 && !list.contains(sid), "{list}");
    let own = format!("/hookflash/v1/calls/{sid}");
    assert_eq!(get(server.http_addr, &own).0, 404);
}

/// Has what is owed fall due while the server is stopped.
fn let_time_pass(setup: &Config) {
    let path = setup.store.url.strip_prefix("sqlite://").unwrap();
    let database = rusqlite::Connection::open(path).unwrap();
    let sql = "UPDATE outbox SET due_at = 0, ready_at = 0";
    assert_eq!(database.execute(sql, []).unwrap(), 1);
}

#[test]
fn the_end_of_a_deleted_call_is_told_after_a_restart() {
    let application = Application::saying(ANSWER_AND_WAIT);
    application.answer_status_with(503);
    let setup = setup(&application);
    let server = Server::start(setup.clone()).unwrap();
    let sid = call(&server, "deleted");
    until("it was tried", || {
        outbox(&server)["owed"][0]["attempts"] == 1
    });
    delete(&server, &sid);
    assert_eq!(outbox(&server)["owed"][0]["call"], sid.as_str());
    stop(server);
    let_time_pass(&setup);

    // And once more by a server that did not know the call, in vain.
    let server = Server::start(setup.clone()).unwrap();
    until("it was tried again", || {
        outbox(&server)["owed"][0]["attempts"] == 2
    });
    is_deleted(&server, &sid);
    stop(server);
    let_time_pass(&setup);

    application.answer_status_with(200);
    let server = Server::start(setup).unwrap();
    until("the application was told", || {
        application.final_statuses().len() == 3
    });
    nothing_is_left(&server);
    is_deleted(&server, &sid);
    let all = application.final_statuses();
    assert_eq!(body(&all[0]), body(&all[2]));
    assert!(all[2].to_lowercase().contains("x-twilio-signature: "));
    stop(server);
}

#[test]
fn a_call_that_is_deleted_while_its_end_is_told_does_not_come_back() {
    // With room in memory for the calls that are over, and without.
    for kept in [10, 1] {
        let application = Application::saying(ANSWER_AND_WAIT);
        let mut setup = setup(&application);
        setup.records.max = kept;
        let server = Server::start(setup.clone()).unwrap();
        application.hold_status();
        let sids = ["one", "another"].map(|name| call(&server, name));
        until("both are being told", || {
            application.final_statuses().len() == sids.len()
        });
        for sid in &sids {
            delete(&server, sid);
        }
        application.answer_status_with(200);
        until("nothing is owed", || outbox(&server)["owedInAll"] == 0);
        // What is known of the replies is written at the latest now, if at all.
        stop(server);
        let server = Server::start(setup).unwrap();
        for sid in &sids {
            is_deleted(&server, sid);
        }
        stop(server);
    }
}

#[test]
fn a_dead_letter_of_a_deleted_call_can_be_replayed() {
    let application = Application::saying(ANSWER_AND_WAIT);
    application.answer_status_with(404);
    let server = Server::start(setup(&application)).unwrap();
    let sid = call(&server, "deleted");
    until("it was given up", || {
        outbox(&server)["deadLettersInAll"] == 1
    });
    delete(&server, &sid);
    application.answer_status_with(200);
    let all = r#"{"all":true}"#;
    let replayed = post_json(server.http_addr, "/hookflash/v1/outbox/replay", all);
    assert_eq!(replayed["replayed"], 1);
    until("the application was told", || {
        application.final_statuses().len() == 2
    });
    nothing_is_left(&server);
    is_deleted(&server, &sid);
    stop(server);
}

#[test]
fn a_final_status_that_is_refused_is_a_dead_letter_until_it_is_replayed() {
    let application = Application::saying(ANSWER_AND_WAIT);
    application.answer_status_with(404);
    let server = Server::start(setup(&application)).unwrap();
    let sid = call(&server, "refused");
    until("it was given up", || {
        outbox(&server)["deadLetters"][0]["call"] == sid.as_str()
    });
    assert_eq!(outbox(&server)["owedInAll"], 0);
    let metrics = get(server.http_addr, "/metrics").1;
    assert!(
        metrics.contains("hookflash_outbox_dead_letters 1"),
        "{metrics}"
    );

    application.answer_status_with(200);
    let chosen = format!(r#"{{"call":"{sid}"}}"#);
    let replayed = post_json(server.http_addr, "/hookflash/v1/outbox/replay", &chosen);
    assert_eq!(replayed["replayed"], 1);
    until("the application was told", || {
        application.final_statuses().len() == 2
    });
    nothing_is_left(&server);
    let again = post_json(server.http_addr, "/hookflash/v1/outbox/replay", &chosen);
    assert_eq!(again["replayed"], 0);
    stop(server);
}

#[test]
fn a_dead_letter_can_be_discarded() {
    let application = Application::saying(ANSWER_AND_WAIT);
    application.answer_status_with(410);
    let server = Server::start(setup(&application)).unwrap();
    call(&server, "discarded");
    until("it was given up", || {
        outbox(&server)["deadLettersInAll"] == 1
    });
    let all = r#"{"all":true}"#;
    let discarded = post_json(server.http_addr, "/hookflash/v1/outbox/discard", all);
    assert_eq!(discarded["discarded"], 1);
    assert_eq!(outbox(&server)["deadLettersInAll"], 0);
    stop(server);
}

#[test]
fn a_store_that_cannot_be_opened_stops_the_start_and_says_why() {
    let application = Application::saying(ANSWER_AND_WAIT);
    let mut setup = setup(&application);
    setup.store.url = "sqlite:///nowhere/at/all/hookflash.db".to_owned();
    let error = Server::start(setup).unwrap_err().to_string();
    assert!(error.contains("store.url"), "{error}");
    assert!(error.contains("/nowhere/at/all/hookflash.db"), "{error}");
}
