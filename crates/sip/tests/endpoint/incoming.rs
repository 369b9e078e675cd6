//! Calls that come in.

use bytes::Bytes;
use hookflash_sip::{Event, LegEnd, Method};

use crate::raw::{Raw, SDP, header, seconds};

fn sdp() -> Bytes {
    Bytes::from_static(SDP.as_bytes())
}

#[test]
fn a_call_is_answered_acknowledged_and_hung_up_by_the_peer() {
    let mut raw = Raw::new();
    let leg = raw.call();
    assert!(raw.endpoint.is_confirmed(leg));
    raw.in_dialog("BYE", "bye", "Reason: Q.850;cause=16\n", "");
    assert_eq!(raw.response().status(), 200);
    assert_eq!(
        raw.ended(),
        LegEnd::PeerBye(Some("Q.850;cause=16".to_owned()))
    );
    assert!(matches!(raw.event(), Event::Released));
    raw.expect_nothing_left();
}

#[test]
fn the_2xx_is_repeated_until_the_ack_and_the_repeated_invite_is_absorbed() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    assert_eq!(raw.response().status(), 100);
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    let ok = raw.response();
    raw.learn_tag(&ok);
    raw.wait(seconds(4));
    assert_eq!(raw.sent.len(), 3, "after 0.5, 1.5 and 3.5 s");
    raw.sent.clear();
    let before = raw.events.len();
    raw.request("INVITE", "invite", "", "");
    assert!(raw.is_silent() && raw.events.len() == before);
    raw.in_dialog("ACK", "ack", "", "");
    raw.wait(seconds(100));
    assert!(raw.is_silent());
    assert!(matches!(raw.event(), Event::Confirmed { .. }));
}

#[test]
fn without_ack_the_call_is_ended_with_bye() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::NoAck);
    let last = raw.sent.iter().filter(|sent| match &sent.message {
        hookflash_sip::Message::Request(request) => *request.method() == Method::Bye,
        hookflash_sip::Message::Response(_) => false,
    });
    assert!(last.count() >= 1);
    raw.expect_nothing_left();
}

#[test]
fn a_hang_up_before_the_ack_waits_for_the_ack() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    assert_eq!(raw.response().status(), 100);
    let ok = raw.response();
    raw.learn_tag(&ok);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert!(raw.is_silent());
    raw.in_dialog("ACK", "ack", "", "");
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn cancel_gets_200_and_the_invite_487() {
    let mut raw = Raw::new();
    raw.invite("");
    assert_eq!(raw.response().status(), 100);
    raw.request("CANCEL", "invite", "Reason: SIP;cause=200\n", "");
    let ok = raw.response();
    assert_eq!((ok.status(), header(&ok, "CSeq")), (200, "1 CANCEL"));
    let terminated = raw.response();
    assert_eq!(
        (terminated.status(), header(&terminated, "CSeq")),
        (487, "1 INVITE")
    );
    assert_eq!(header(&ok, "To"), header(&terminated, "To"));
    assert_eq!(
        raw.ended(),
        LegEnd::Canceled(Some("SIP;cause=200".to_owned()))
    );
    raw.request("ACK", "invite", "", "");
    raw.wait(seconds(10));
    assert!(raw.is_silent(), "the ACK stops the repetition of the 487");
    raw.expect_nothing_left();
}

#[test]
fn a_cancel_that_crosses_the_200_changes_nothing() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    raw.drain();
    raw.sent.clear();
    raw.request("CANCEL", "invite", "", "");
    assert_eq!(raw.response().status(), 200);
    assert!(raw.is_silent() && raw.endpoint.is_alive(leg));
}

#[test]
fn a_cancel_of_nothing_gets_481() {
    let mut raw = Raw::new();
    raw.request("CANCEL", "x", "", "");
    assert_eq!(raw.response().status(), 481);
}

#[test]
fn a_refusal_is_repeated_until_the_ack_and_leaves_nothing() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    assert_eq!(raw.response().status(), 100);
    raw.endpoint
        .reject(raw.now, leg, 486, Some("Occupied"), &[])
        .unwrap();
    let busy = raw.response();
    assert_eq!((busy.status(), busy.reason()), (486, "Occupied"));
    raw.wait(seconds(1));
    assert_eq!(raw.response().status(), 486);
    raw.request("ACK", "invite", "", "");
    raw.expect_nothing_left();
}

#[test]
fn an_offerless_invite_gets_our_offer_and_the_ack_brings_the_answer() {
    let mut raw = Raw::new();
    raw.request("INVITE", "invite", "", "");
    let leg = raw.incoming();
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    assert_eq!(raw.response().status(), 100);
    let ok = raw.response();
    raw.learn_tag(&ok);
    raw.in_dialog("ACK", "ack", "Content-Type: application/sdp\n", SDP);
    let Event::Confirmed { body } = raw.event() else {
        panic!()
    };
    assert_eq!(body, Some(sdp()));
}

#[test]
fn an_ended_dialog_answers_481_and_an_ack_is_never_answered() {
    let mut raw = Raw::new();
    raw.call();
    raw.in_dialog("BYE", "bye", "", "");
    assert_eq!(raw.response().status(), 200);
    raw.in_dialog("INFO", "info", "", "");
    assert_eq!(raw.response().status(), 481);
    raw.in_dialog("ACK", "stray", "", "");
    assert!(raw.is_silent());
}
