//! Reliable provisional responses and PRACK (RFC 3262).

use bytes::Bytes;
use hookflash_sip::{Event, LegEnd, Method, OutgoingInvite, Response};

use crate::pair::{Pair, sdp};
use crate::raw::{Raw, SDP, header, seconds};

fn ring(raw: &mut Raw) -> Response {
    raw.request(
        "INVITE",
        "invite",
        "Require: 100rel\nContent-Type: application/sdp\n",
        SDP,
    );
    let leg = raw.incoming();
    assert_eq!(raw.response().status(), 100);
    raw.endpoint
        .progress(raw.now, leg, 183, &[], Some(sdp()))
        .unwrap();
    let progress = raw.response();
    assert_eq!(
        (progress.status(), header(&progress, "Require")),
        (183, "100rel")
    );
    raw.learn_tag(&progress);
    progress
}

#[test]
fn a_reliable_response_is_repeated_until_the_prack_and_the_2xx_waits() {
    let mut raw = Raw::new();
    let progress = ring(&mut raw);
    let leg = raw.endpoint_leg();
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    assert!(raw.is_silent());
    raw.wait(seconds(2));
    assert_eq!(raw.sent.len(), 2, "after 0.5 and 1.5 s");
    raw.sent.clear();
    let rack = format!("RAck: {} 1 INVITE\n", header(&progress, "RSeq"));
    raw.cseq = 2;
    raw.in_dialog("PRACK", "prack", &rack, "");
    assert_eq!(raw.response().status(), 200);
    let ok = raw.response();
    assert_eq!((ok.status(), header(&ok, "CSeq")), (200, "1 INVITE"));
    raw.cseq = 1;
    raw.in_dialog("ACK", "ack", "", "");
    assert!(raw.endpoint.is_confirmed(leg));
    raw.wait(seconds(40));
    assert!(raw.is_silent());
}

#[test]
fn a_prack_for_nothing_gets_481() {
    let mut raw = Raw::new();
    ring(&mut raw);
    raw.cseq = 2;
    raw.in_dialog("PRACK", "prack", "RAck: 1 99 INVITE\n", "");
    assert_eq!(raw.response().status(), 481);
}

#[test]
fn without_prack_the_call_is_refused() {
    let mut raw = Raw::new();
    ring(&mut raw);
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::NoAck);
    raw.expect_nothing_left();
}

#[test]
fn as_caller_we_acknowledge_each_reliable_response_once_and_in_order() {
    let mut raw = Raw::new();
    let invite = OutgoingInvite {
        uri: "sip:bob@10.0.0.9".to_owned(),
        from: "<sip:us@10.0.0.1>".to_owned(),
        to: "<sip:bob@10.0.0.9>".to_owned(),
        body: Some(Bytes::from_static(SDP.as_bytes())),
        ..OutgoingInvite::default()
    };
    raw.endpoint.invite(raw.now, invite).unwrap();
    let invite = raw.sent_request(Method::Invite);
    let reliable =
        |rseq: u32| format!("Require: 100rel\nRSeq: {rseq}\nContact: <sip:bob@10.0.0.9:5099>\n");
    raw.respond(&invite, 180, &reliable(10), "");
    let prack = raw.sent_request(Method::Prack);
    let number = invite.headers().get("CSeq").unwrap().to_owned();
    assert_eq!(
        prack.headers().get("RAck"),
        Some(format!("10 {number}").as_str())
    );
    assert_eq!(prack.uri(), "sip:bob@10.0.0.9:5099");
    raw.respond(&prack, 200, "", "");
    raw.respond(&invite, 180, &reliable(10), "");
    raw.respond(&invite, 180, &reliable(12), "");
    assert!(raw.is_silent(), "a repetition and one that is ahead");
    raw.respond(&invite, 183, &reliable(11), "");
    let second = raw.sent_request(Method::Prack);
    raw.respond(&second, 200, "", "");
    raw.respond(&invite, 200, "Contact: <sip:bob@10.0.0.9>\n", SDP);
    let ack = raw.sent_request(Method::Ack);
    assert_eq!(
        ack.headers()
            .get("CSeq")
            .map(|c| c.replace("ACK", "INVITE")),
        Some(number)
    );
    let heard = raw
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Progress(_)));
    assert_eq!(heard.count(), 2);
}

#[test]
fn both_of_our_sides_understand_each_other() {
    let mut pair = Pair::new(1);
    let leg = pair.invite(|invite| {
        invite
            .headers
            .push(("Require".to_owned(), "100rel".to_owned()))
    });
    pair.until("it arrives", |pair| pair.b.incoming().is_some());
    let b = pair.b.take_incoming();
    pair.b
        .endpoint
        .progress(pair.now, b, 180, &[], None)
        .unwrap();
    pair.b
        .endpoint
        .progress(pair.now, b, 183, &[], Some(sdp()))
        .unwrap();
    pair.b.endpoint.answer(pair.now, b, &[], sdp()).unwrap();
    pair.until("up", |pair| pair.b.endpoint.is_confirmed(b));
    assert_eq!(pair.a.sent_count("PRACK"), 2);
    pair.a.endpoint.hang_up(pair.now, leg, &[]).unwrap();
    pair.expect_nothing_left();
}

#[test]
fn an_update_before_the_answer_is_served_once_the_first_offer_is_settled() {
    let mut raw = Raw::new();
    let progress = ring(&mut raw);
    let leg = raw.endpoint_leg();
    let offer = "Content-Type: application/sdp\nContact: <sip:peer@10.0.0.9>\n";
    raw.cseq = 2;
    raw.in_dialog("UPDATE", "early", offer, SDP);
    assert_eq!(raw.response().status(), 500);
    raw.cseq = 3;
    let rack = format!("RAck: {} 1 INVITE\n", header(&progress, "RSeq"));
    raw.in_dialog("PRACK", "prack", &rack, "");
    assert_eq!(raw.response().status(), 200);
    raw.cseq = 4;
    raw.in_dialog("UPDATE", "second", offer, SDP);
    assert!(matches!(raw.event(), Event::Reoffer(Some(_))));
    raw.endpoint.answer_offer(raw.now, leg, Ok(sdp())).unwrap();
    assert_eq!(raw.response().status(), 200);
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    assert_eq!(raw.response().status(), 200);
    raw.cseq = 1;
    raw.in_dialog("ACK", "ack", "", "");
    assert!(raw.endpoint.is_confirmed(leg));
}
