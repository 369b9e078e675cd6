//! Our registrations with trunks, and the registrars that they meet.

use std::time::Duration;

use hookflash_server::config::Config;
use hookflash_server::{Running, Server};
use serde_json::Value;

use crate::dns::{Manner, NameServer};
use crate::peer::{Peer, header, status};
use crate::stage::{WAITING, config, document, get, get_json, udp, until, wait};

fn trunk(name: &str, uri: &str) -> String {
    format!(
        "[[trunks]]\nname = \"{name}\"\nuri = \"{uri}\"\nusername = \"line1\"\n\
         password = \"secret\"\nregister = true\n"
    )
}

fn setup(top: &str) -> Config {
    let mut config = config(top, &document("it", WAITING), &[("it", WAITING)]);
    config.recordings.folder = "recordings".into();
    config
}

fn standing(server: &Running) -> Value {
    get_json(server.http_addr, "/hookflash/v1/registrations")["trunks"].clone()
}

/// A registrar that waits for a REGISTER. It never asks anything itself, so that it may be told
/// of any server.
fn registrar() -> Peer {
    Peer::of("127.0.0.1:9".parse().unwrap(), "registrar")
}

/// Answers REGISTERs until one brings credentials and is granted.
fn grant(registrar: &mut Peer, expires: u32) -> String {
    let challenge = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\"\r\n";
    loop {
        let request = registrar.request("REGISTER");
        let contact = header(&request, "Contact").unwrap().to_owned();
        let contact = contact.split_once(";expires").unwrap().0;
        match header(&request, "Authorization") {
            None => registrar.answer_with(&request, "401 Unauthorized", challenge),
            Some(_) => {
                let more = format!("Contact: {contact};expires={expires}\r\n");
                registrar.answer_with(&request, "200 OK", &more);
                return request;
            }
        }
    }
}

#[test]
fn a_trunk_is_registered_with_shown_and_left_at_the_end_of_the_day() {
    let mut carrier = registrar();
    // Calls from elsewhere are somebody's business, so that not all of loopback may call.
    let other = "[[trunks]]\nname = \"other\"\nfrom = [\"192.0.2.0/24\"]\n";
    let top = format!(
        "shards = 3\n{other}{}",
        trunk("carrier", &format!("sip:{}", carrier.address()))
    );
    let server = Server::start(setup(&top)).unwrap();
    assert_eq!(status(&Peer::of(udp(&server), "early").invite("")), 403);
    let register = grant(&mut carrier, 600);
    assert!(
        register.starts_with(&format!("REGISTER sip:{} ", carrier.address())),
        "{register}"
    );
    assert_eq!(header(&register, "To"), Some("<sip:line1@127.0.0.1>"));
    let contact = header(&register, "Contact").unwrap();
    assert!(
        contact.starts_with(&format!("<sip:line1@{}>", udp(&server))),
        "{contact}"
    );
    until("it is registered", || {
        standing(&server)[0]["status"] == "registered"
    });
    let shown = standing(&server)[0].clone();
    assert_eq!(shown["trunk"], "carrier");
    assert_eq!(shown["address"], carrier.address().to_string());
    assert!(!shown.to_string().contains("secret"), "{shown}");
    let metrics = get(server.http_addr, "/metrics").1;
    assert!(
        metrics.contains("hookflash_trunk_registered{trunk=\"carrier\"} 1"),
        "{metrics}"
    );
    // The registrar may call: it is the trunk.
    let mut caller = carrier.turning_to(udp(&server), "from-the-carrier");
    assert_eq!(status(&caller.invite("")), 200);
    assert_eq!(status(&caller.bye()), 200);
    let draining = std::thread::spawn(move || wait(server.drain(Duration::ZERO)));
    let left = grant(&mut caller, 0);
    assert_eq!(header(&left, "Expires"), Some("0"), "{left}");
    draining.join().unwrap();
}

#[test]
fn a_refusal_is_told_with_its_remedy_and_tried_again_later() {
    let mut carrier = registrar();
    let top = trunk("carrier", &format!("sip:{}", carrier.address()));
    let server = Server::start(setup(&top)).unwrap();
    let challenge = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\"\r\n";
    for _ in 0..2 {
        let request = carrier.request("REGISTER");
        carrier.answer_with(&request, "401 Unauthorized", challenge);
    }
    until("it failed", || standing(&server)[0]["status"] == "failed");
    let shown = standing(&server)[0].clone();
    assert!(
        shown["reason"]
            .as_str()
            .unwrap()
            .contains("`username` and `password`"),
        "{shown}"
    );
    assert!(shown["retryAt"].is_string());
    let metrics = get(server.http_addr, "/metrics").1;
    assert!(
        metrics.contains("hookflash_trunk_registration_failures_total 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("hookflash_trunk_registered{trunk=\"carrier\"} 0"),
        "{metrics}"
    );
}

#[test]
fn a_reload_leaves_the_trunks_that_are_gone_and_registers_with_new_ones() {
    let (mut old, mut new) = (registrar(), registrar());
    let before = trunk("old", &format!("sip:{}", old.address()));
    let after = trunk("new", &format!("sip:{}", new.address()));
    let mut server = Server::start(setup(&before)).unwrap();
    grant(&mut old, 600);
    until("it is registered", || {
        standing(&server)[0]["status"] == "registered"
    });
    wait(server.reload(setup(&format!("{before}{after}")))).unwrap();
    grant(&mut new, 600);
    until("both are registered", || {
        let all = standing(&server);
        all[0]["status"] == "registered" && all[1]["status"] == "registered"
    });
    wait(server.reload(setup(&after))).unwrap();
    let left = grant(&mut old, 0);
    assert_eq!(header(&left, "Expires"), Some("0"));
    until("the old one is forgotten", || {
        let all = standing(&server);
        all.as_array().unwrap().len() == 1 && all[0]["trunk"] == "new"
    });
}

#[test]
fn a_changed_password_is_used_after_the_old_registration_was_left() {
    let mut carrier = registrar();
    let text = trunk("carrier", &format!("sip:{}", carrier.address()));
    let mut server = Server::start(setup(&text)).unwrap();
    grant(&mut carrier, 600);
    until("it is registered", || {
        standing(&server)[0]["status"] == "registered"
    });
    wait(server.reload(setup(&text.replace("secret", "changed")))).unwrap();
    assert_eq!(
        header(&grant(&mut carrier, 0), "Expires"),
        Some("0"),
        "first it leaves"
    );
    assert_ne!(header(&grant(&mut carrier, 600), "Expires"), Some("0"));
    until("it is registered again", || {
        standing(&server)[0]["status"] == "registered"
    });
}

#[test]
fn a_registrar_whose_first_server_refuses_is_found_at_the_second() {
    let (mut dead, mut living) = (registrar(), registrar());
    let srv = |priority: u32, peer: &Peer| {
        let port = peer.address().port();
        format!("_sip._udp.carrier.example SRV {priority} 0 {port} host.carrier.example")
    };
    let (first, second) = (srv(1, &dead), srv(2, &living));
    let zone = [&*first, &*second, "host.carrier.example A 127.0.0.1"];
    let dns = NameServer::start(Manner::Honest, &zone);
    let top = format!(
        "[sip]\ndns = [\"{}\"]\n{}",
        dns.address,
        trunk("carrier", "sip:carrier.example")
    );
    let server = Server::start(setup(&top)).unwrap();
    let request = dead.request("REGISTER");
    dead.answer_with(&request, "503 Service Unavailable", "Retry-After: 60\r\n");
    grant(&mut living, 600);
    until("it is registered", || {
        standing(&server)[0]["status"] == "registered"
    });
    assert_eq!(
        standing(&server)[0]["address"],
        living.address().to_string()
    );
}

#[test]
fn a_registrar_that_dns_does_not_know_is_said_so() {
    let dns = NameServer::start(Manner::Honest, &[]);
    let top = format!(
        "[sip]\ndns = [\"{}\"]\n{}",
        dns.address,
        trunk("carrier", "sip:nowhere.example")
    );
    let server = Server::start(setup(&top)).unwrap();
    until("it failed", || standing(&server)[0]["status"] == "failed");
    let why = standing(&server)[0]["reason"].as_str().unwrap().to_owned();
    assert!(
        why.contains("nowhere.example cannot be reached: DNS knows no address"),
        "{why}"
    );
}
