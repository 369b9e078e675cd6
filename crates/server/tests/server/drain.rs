//! The end of the day: no new calls, the old ones finish, and nobody is forgotten.

use std::time::Duration;

use hookflash_server::Server;

use crate::application::Application;
use crate::peer::{Peer, header, status};
use crate::stage::{WAITING, config, get, udp, until, wait};

#[test]
fn a_drain_refuses_new_calls_ends_old_ones_and_delivers_the_last_callbacks() {
    let application = Application::saying(WAITING);
    let text = format!(
        "[[applications]]\nname = \"it\"\naccount = \"jambonz\"\nurl = \"{}\"\nstatus_callback = \"{}\"\n",
        application.url("/voice"),
        application.url("/status"),
    );
    let server = Server::start(config("shards = 2", &text, &[])).unwrap();
    let (sip, http) = (udp(&server), server.http_addr);
    let mut old = Peer::of(sip, "old");
    let answer = old.invite("");
    assert_eq!(status(&answer), 200);
    let draining = std::thread::spawn(move || wait(server.drain(Duration::from_secs(2))));
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
    old.take("BYE", &answer, "200 OK");
    draining.join().unwrap();
    let completed: Vec<String> = application
        .heard()
        .into_iter()
        .filter(|request| request.starts_with("POST /status "))
        .filter(|request| request.contains("\"call_status\":\"completed\""))
        .collect();
    assert!(!completed.is_empty(), "the last callback was not delivered");
}

#[test]
fn a_drain_with_patience_waits_for_the_call_to_end_by_itself() {
    let server = crate::stage::serving("", WAITING);
    let mut peer = Peer::of(udp(&server), "patient");
    let answer = peer.invite("");
    let http = server.http_addr;
    let draining = std::thread::spawn(move || wait(server.drain(Duration::from_secs(3_600))));
    until("it is not ready", || get(http, "/readyz").0 == 503);
    let goodbye = peer.bye();
    assert_eq!(status(&goodbye), 200, "{goodbye} after {answer}");
    draining.join().unwrap();
}
