//! Right answers to what is wrong, unknown or too much: never silence.

use hookflash_sip::{EndpointConfig, Method};

use crate::raw::{Raw, SDP, config, header};

#[test]
fn each_flaw_has_its_answer() {
    let cases = [
        ("OPTIONS", "", 200),
        ("BOGUS", "", 501),
        ("PUBLISH", "", 405),
        ("REGISTER", "", 405),
        ("INVITE", "Require: sec-agree\n", 420),
        ("INVITE", "Content-Type: text/plain\n", 415),
        (
            "INVITE",
            "Content-Type: application/sdp\nContent-Encoding: gzip\n",
            415,
        ),
        ("SUBSCRIBE", "Event: presence\n", 489),
        ("INFO", "", 481),
        ("BYE", "", 481),
        ("NOTIFY", "Event: refer\n", 481),
        ("UPDATE", "", 481),
        ("PRACK", "RAck: 1 1 INVITE\n", 481),
        ("MESSAGE", "", 404),
    ];
    for (method, extra, status) in cases {
        let mut raw = Raw::new();
        let body = if method == "INVITE" { SDP } else { "" };
        raw.request(method, "b", extra, body);
        assert_eq!(raw.response().status(), status, "{method} {extra}");
        let nothing = hookflash_sip::Census::default();
        assert_eq!(raw.endpoint.census(), nothing, "{method}");
        raw.request(method, "b", extra, body);
        assert_eq!(
            raw.response().status(),
            status,
            "the repetition gets the same"
        );
        raw.expect_nothing_left();
    }
}

#[test]
fn the_answers_say_what_would_be_right() {
    let mut raw = Raw::new();
    raw.request("BOGUS", "1", "", "");
    assert!(header(&raw.response(), "Allow").contains("REFER"));
    raw.cseq += 1;
    raw.request("INVITE", "2", "Require: sec-agree, 100rel, x\n", "");
    assert_eq!(header(&raw.response(), "Unsupported"), "sec-agree, x");
    raw.cseq += 1;
    raw.request("INVITE", "3", "Content-Type: text/plain\n", "hello");
    assert!(header(&raw.response(), "Accept").contains("application/sdp"));
    raw.cseq += 1;
    raw.request("OPTIONS", "4", "", "");
    let options = raw.response();
    for name in ["Allow", "Supported", "Accept", "Contact"] {
        assert!(options.headers().contains(name), "{name}");
    }
}

fn outside(change: impl FnOnce(String) -> String) -> Option<u16> {
    let mut raw = Raw::new();
    let text = format!(
        "INVITE sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\n\
         Max-Forwards: 70\nFrom: <sip:peer@10.0.0.9>;tag=far\nTo: <sip:us@10.0.0.1>\n\
         Call-ID: call\nCSeq: 1 INVITE\nContact: <sip:peer@10.0.0.9>\n\
         Content-Type: application/sdp\n\n{SDP}"
    );
    raw.receive(&change(text));
    raw.sent.pop_front().map(|sent| match sent.message {
        hookflash_sip::Message::Response(response) => response.status(),
        hookflash_sip::Message::Request(_) => panic!("a request"),
    })
}

#[test]
fn malformed_requests_are_refused_before_a_leg_is_made() {
    assert_eq!(outside(|text| text), Some(100));
    assert_eq!(
        outside(|text| text.replace("SIP/2.0\nVia", "SIP/3.0\nVia")),
        Some(505)
    );
    assert_eq!(
        outside(|text| text.replace("INVITE sip:", "INVITE mailto:")),
        Some(416)
    );
    assert_eq!(
        outside(|text| text.replace("CSeq: 1 INVITE", "CSeq: 1 BYE")),
        Some(400)
    );
    assert_eq!(
        outside(|text| text.replace("Max-Forwards: 70", "Max-Forwards: 0")),
        Some(483)
    );
    assert_eq!(
        outside(|text| text.replace("Contact: <sip:peer@10.0.0.9>\n", "")),
        Some(400)
    );
    assert_eq!(
        outside(|text| text.replace("Contact:", "Contact")),
        Some(400)
    );
    assert_eq!(
        outside(|text| text.replace("Call-ID: call\n", "")),
        Some(400)
    );
    let encoded =
        |text: String| text.replace("Content-Type", "Content-Encoding: gzip\nContent-Type");
    assert_eq!(outside(encoded), Some(415));
    let untyped = |text: String| text.replace("Content-Type", "X-Type");
    assert_eq!(outside(untyped), Some(100), "what begins like SDP is SDP");
}

#[test]
fn an_invite_that_came_by_two_ways_is_taken_once() {
    let mut raw = Raw::new();
    raw.invite("");
    assert_eq!(raw.response().status(), 100);
    raw.request("INVITE", "other", "", "");
    assert_eq!(raw.response().status(), 482);
    assert_eq!(raw.endpoint.leg_count(), 1);
}

#[test]
fn too_many_calls_get_503_and_repetitions_of_known_ones_do_not() {
    let mut raw = Raw::with(EndpointConfig {
        max_legs: 1,
        ..config()
    });
    raw.invite("");
    assert_eq!(raw.response().status(), 100);
    let before = raw.endpoint.census();
    let second = "INVITE sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK2\n\
                  From: <sip:p@h>;tag=2\nTo: <sip:us@h>\nCall-ID: two\nCSeq: 1 INVITE\n\
                  Contact: <sip:p@h>\n\n";
    raw.receive(second);
    let refused = raw.response();
    assert_eq!(
        (refused.status(), header(&refused, "Retry-After")),
        (503, "5")
    );
    assert_eq!(raw.endpoint.census(), before, "nothing was kept");
    raw.request("INVITE", "invite", "Content-Type: application/sdp\n", SDP);
    assert_eq!(raw.response().status(), 100, "the known INVITE is absorbed");
    let mut closed = Raw::new();
    closed.endpoint.set_accepting(false);
    closed.request("INVITE", "invite", "", "");
    assert_eq!(closed.response().status(), 503);
    closed.request("OPTIONS", "options", "", "");
    assert_eq!(closed.response().status(), 200);
}

#[test]
fn c90_requests_during_a_call_are_answered() {
    let mut raw = Raw::new();
    let leg = raw.call();
    for (method, status) in [
        ("INFO", 200),
        ("OPTIONS", 200),
        ("MESSAGE", 200),
        ("SUBSCRIBE", 403),
        ("BOGUS", 501),
    ] {
        raw.cseq += 1;
        raw.in_dialog(method, method, "Event: refer\n", "");
        assert_eq!(raw.response().status(), status, "{method}");
    }
    raw.cseq += 1;
    raw.in_dialog("SUBSCRIBE", "presence", "Event: presence\n", "");
    assert_eq!(raw.response().status(), 489);
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn a_481_to_a_request_of_ours_ends_the_call() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let body = bytes::Bytes::from_static(b"Signal=5\r\n");
    let kind = Some("application/dtmf-relay");
    let id = raw
        .endpoint
        .request(raw.now, leg, Method::Info, &[], kind, body)
        .unwrap();
    let info = raw.sent_request(Method::Info);
    assert_eq!(info.headers().get("Content-Type"), kind);
    assert!(!info.headers().contains("Contact"));
    raw.respond(&info, 481, "", "");
    let hookflash_sip::Event::RequestAnswer(answered, 481) = raw.event() else {
        panic!()
    };
    assert_eq!(answered, id);
    assert_eq!(raw.ended(), hookflash_sip::LegEnd::DialogGone);
    raw.sent_request(Method::Bye);
}

#[test]
fn keep_alives_and_garbage_do_nothing() {
    let mut raw = Raw::new();
    for bytes in [
        b"\r\n\r\n".as_slice(),
        b"\0\0\0\0",
        b"",
        b"hello",
        &[0xff; 100],
    ] {
        raw.receive_bytes(bytes);
    }
    raw.receive("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK0000000000000000\n\n");
    assert!(raw.is_silent() && raw.events.is_empty());
    assert_eq!(raw.endpoint.census(), hookflash_sip::Census::default());
}
