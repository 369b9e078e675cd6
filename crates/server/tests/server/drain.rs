//! The end of the day: no new calls, the old ones finish, and nobody is forgotten.

use std::time::Duration;

use hookflash_server::Server;

use crate::application::Application;
use crate::peer::{Peer, header, status};
use crate::stage::{WAITING, config, get, udp, until, wait};

#[test]
fn a_drain_without_patience_ends_calls_and_delivers_the_last_callbacks() {
    let application = Application::saying(WAITING);
    let text = format!(
        "[[applications]]\nname = \"it\"\naccount = \"jambonz\"\nurl = \"{}\"\nstatus_callback = \"{}\"\n",
        application.url("/voice"),
        application.url("/status"),
    );
    let server = Server::start(config("shards = 2", &text, &[])).unwrap();
    let mut old = Peer::of(udp(&server), "old");
    let answer = old.invite("");
    assert_eq!(status(&answer), 200);
    let draining = std::thread::spawn(move || wait(server.drain(Duration::ZERO)));
    old.take("BYE", &answer, "200 OK");
    draining.join().unwrap();
    let completed: Vec<String> = application
        .heard()
        .into_iter()
        .filter(|request| request.starts_with("POST /status "))
        .filter(|request| request.contains("\"call_status\":\"completed\""))
        .collect();
    assert_eq!(completed.len(), 1, "the last callback comes once");
}

#[test]
fn a_drain_with_patience_refuses_new_calls_and_waits_for_the_old_one_to_end_by_itself() {
    let server = crate::stage::serving("shards = 2", WAITING);
    let (sip, http) = (udp(&server), server.http_addr);
    let mut peer = Peer::of(sip, "patient");
    let answer = peer.invite("");
    assert_eq!(status(&answer), 200);
    let draining = std::thread::spawn(move || wait(server.drain(Duration::from_secs(3_600))));
    until("it is not ready", || get(http, "/readyz").0 == 503);
    // Every shard refuses, whichever the call belongs to.
    until("new calls are refused", || {
        let mut new = Peer::of(sip, &format!("new-{}", rand::random::<u32>()));
        let refused = new.invite("");
        if status(&refused) == 200 {
            new.bye();
        }
        status(&refused) == 503 && header(&refused, "Retry-After").is_some()
    });
    let goodbye = peer.bye();
    assert_eq!(status(&goodbye), 200, "{goodbye} after {answer}");
    draining.join().unwrap();
}

#[test]
fn haste_in_the_middle_of_a_drain_ends_the_calls_that_are_left() {
    let server = crate::stage::serving("shards = 2", WAITING);
    let mut peer = Peer::of(udp(&server), "hurried");
    let answer = peer.invite("");
    assert_eq!(status(&answer), 200);
    let http = server.http_addr;
    let haste = server.haste();
    let draining = std::thread::spawn(move || wait(server.drain(Duration::from_secs(3_600))));
    until("it is not ready", || get(http, "/readyz").0 == 503);
    haste.begin();
    peer.take("BYE", &answer, "200 OK");
    draining.join().unwrap();
}
