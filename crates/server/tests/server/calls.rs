//! Calls from the INVITE to what our own view shows of them.

use hookflash_server::Server;
use serde_json::Value;

use crate::application::Application;
use crate::peer::{Peer, header, status};
use crate::stage::{WAITING, config, get, get_json, serving, udp, until, wait};

#[test]
fn a_call_is_answered_by_a_static_document_and_shown() {
    let server = serving("shards = 1", WAITING);
    let mut peer = Peer::of(udp(&server), "shown");
    let answer = peer.invite("");
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.contains("m=audio "), "{answer}");
    let call = || get_json(server.http_addr, "/hookflash/v1/calls")["calls"][0].clone();
    until("the call is in progress", || {
        call()["status"] == "in-progress"
    });
    let call = call();
    assert_eq!(call["application"], "it");
    let sid = call["sid"].as_str().unwrap().to_owned();
    let one = format!("/hookflash/v1/calls/{sid}");
    assert_eq!(
        get_json(server.http_addr, &one)["legs"][0]["callId"],
        "shown"
    );
    assert_eq!(status(&peer.bye()), 200);
    until("the call is over", || {
        get_json(server.http_addr, &one)["status"] == "completed"
    });
    let trace = get_json(server.http_addr, &format!("{one}/trace"));
    let summaries: Vec<&str> = trace
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event["summary"].as_str())
        .collect();
    assert!(
        summaries.contains(&"INVITE") && summaries.contains(&"BYE"),
        "{summaries:?}"
    );
    let metrics = || get(server.http_addr, "/metrics").1;
    let completed = r#"hookflash_calls_completed_total{dialect="jambonz",direction="inbound"} 1"#;
    assert!(metrics().contains(completed), "{}", metrics());
    for left in [
        "sip_legs",
        "sip_dialogs",
        "sip_subscriptions",
        "media_ports",
        "webhooks_owed",
    ] {
        until(left, || {
            metrics().contains(&format!("hookflash_{left}{{shard=\"0\"}} 0"))
        });
    }
    wait(server.drain(std::time::Duration::ZERO));
}

#[test]
fn the_list_is_newest_first_in_pages_and_filtered() {
    let server = serving("", WAITING);
    for name in ["one", "two", "three"] {
        let mut peer = Peer::of(udp(&server), name);
        assert_eq!(status(&peer.invite("")), 200);
        peer.bye();
    }
    let page = |query: &str| {
        let list = get_json(server.http_addr, &format!("/hookflash/v1/calls?{query}"));
        let ids: Vec<String> = list["calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["legs"][0]["callId"].as_str().unwrap().to_owned())
            .collect();
        (ids, list["next"].as_str().map(str::to_owned))
    };
    let (first, next) = page("limit=2");
    assert_eq!(first, ["three", "two"]);
    assert_eq!(
        page(&format!("limit=2&after={}", next.unwrap())),
        (vec!["one".into()], None)
    );
    assert_eq!(page("account=jambonz").0.len(), 3);
    assert_eq!(page("account=other").0.len(), 0);
    assert_eq!(page("status=busy").0.len(), 0);
    until("all are completed", || {
        page("status=completed").0.len() == 3
    });
}

#[test]
fn placeholders_of_a_static_document_are_filled() {
    let server = serving(
        "",
        "<Response><Refer><Sip>sip:x@127.0.0.1?X-Call={{CallSid}}&amp;X-To={{To}}</Sip></Refer>\
         </Response>",
    );
    let mut peer = Peer::of(udp(&server), "filled");
    let answer = peer.invite("");
    let refer = peer.take("REFER", &answer, "603 Decline");
    let target = header(&refer, "Refer-To").unwrap();
    assert!(
        target.contains("X-Call=CA") && !target.contains("{{"),
        "{target}"
    );
}

#[test]
fn a_web_application_is_asked_and_its_transfer_is_reported() {
    let application = Application::saying(
        "<Response><Refer action=\"/done\"><Sip>sip:bob@127.0.0.1</Sip></Refer></Response>",
    );
    let text = format!(
        "[[applications]]\nname = \"it\"\naccount = \"twiml\"\nurl = \"{}\"\n",
        application.url("/voice")
    );
    let server = Server::start(config("", &text, &[])).unwrap();
    let mut peer = Peer::of(udp(&server), "asked");
    let answer = peer.invite("");
    let refer = peer.take("REFER", &answer, "603 Decline");
    assert!(
        header(&refer, "Refer-To")
            .unwrap()
            .contains("sip:bob@127.0.0.1")
    );
    until("the application heard of the transfer", || {
        application.heard().len() >= 2
    });
    let heard = application.heard();
    assert!(heard[0].starts_with("POST /voice ") && heard[0].contains("CallStatus=ringing"));
    assert!(
        heard[0].to_lowercase().contains("x-twilio-signature:"),
        "{}",
        heard[0]
    );
    assert!(heard[1].starts_with("POST /done "), "{}", heard[1]);
    assert!(
        heard[1].contains("ReferSipResponseCode=603"),
        "{}",
        heard[1]
    );
    let call = &get_json(server.http_addr, "/hookflash/v1/calls")["calls"][0];
    assert_eq!(call["transfers"][0]["end"], "rejected");
    assert_ne!(call["webhooks"], Value::Array(Vec::new()));
}

#[test]
fn calls_of_every_shard_find_their_way() {
    let server = serving("shards = 3", WAITING);
    let mut peers: Vec<Peer> = (0..12)
        .map(|n| Peer::of(udp(&server), &format!("call-{n}@{}", n * 7919)))
        .collect();
    for peer in &mut peers {
        assert_eq!(status(&peer.invite("")), 200);
    }
    until("all are seen", || {
        let list = get_json(server.http_addr, "/hookflash/v1/calls?status=in-progress");
        list["calls"].as_array().unwrap().len() == 12
    });
    for peer in &mut peers {
        assert_eq!(status(&peer.bye()), 200);
    }
    wait(server.drain(std::time::Duration::ZERO));
}
