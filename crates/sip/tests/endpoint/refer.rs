//! Transferor: REFER and its subscription.

use hookflash_sip::{Event, LegEnd, LegId, Method, OutgoingRefer, ReferId, Request};

use crate::raw::{Raw, header, seconds};

fn refer(raw: &mut Raw, leg: LegId) -> (ReferId, Request) {
    let refer = OutgoingRefer {
        refer_to: "<sip:target@example.com>".to_owned(),
        ..OutgoingRefer::default()
    };
    let id = raw.endpoint.refer(raw.now, leg, refer).unwrap();
    (id, raw.sent_request(Method::Refer))
}

fn cseq(request: &Request) -> u32 {
    request
        .headers()
        .get("CSeq")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

fn answer(raw: &mut Raw) -> (ReferId, u16, bool) {
    match raw.event() {
        Event::ReferAnswer(id, answer) => (id, answer.code, answer.local),
        other => panic!("{other:?}"),
    }
}

fn notified(raw: &mut Raw) -> (ReferId, String) {
    match raw.event() {
        Event::Notify(id, news) => (id, String::from_utf8(news.body.to_vec()).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transfer_from_refer_to_the_last_notify() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    assert_eq!(request.uri(), "sip:peer@10.0.0.9");
    assert_eq!(
        request.headers().get("Refer-To"),
        Some("<sip:target@example.com>")
    );
    assert_eq!(request.headers().get_all("Contact").count(), 1);
    assert!(request.headers().get("Event").is_none());
    raw.respond(&request, 202, "", "");
    assert_eq!(answer(&mut raw), (id, 202, false));
    let event = format!("refer;id={}", cseq(&request));
    let ok = raw.notify(&event, "active;expires=60", "SIP/2.0 100 Trying\n");
    assert_eq!(ok.status(), 200);
    assert_eq!(
        notified(&mut raw),
        (id, "SIP/2.0 100 Trying\r\n".to_owned())
    );
    raw.notify(&event, "terminated;reason=noresource", "SIP/2.0 200 OK\n");
    assert_eq!(notified(&mut raw), (id, "SIP/2.0 200 OK\r\n".to_owned()));
    assert!(
        raw.endpoint.is_confirmed(leg),
        "c53: the subscription's end is not the call's"
    );
    raw.endpoint.forget_refer(raw.now, leg, id);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn c45_a_notify_before_the_202_is_served() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 200 OK\n").status(),
        200
    );
    assert_eq!(notified(&mut raw).0, id);
    raw.respond(&request, 202, "", "");
    assert_eq!(answer(&mut raw), (id, 202, false));
}

#[test]
fn c28_a_silent_peer_makes_a_408_here_and_then_answers_for_the_dialog() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, _) = refer(&mut raw, leg);
    raw.wait(seconds(31));
    assert_eq!(raw.sent.len(), 9, "after 0.5, 1.5, 3.5, 7.5 … s");
    raw.sent.clear();
    raw.wait(seconds(1));
    assert_eq!(answer(&mut raw), (id, 408, true));
    raw.sent_request(Method::Refer);
    let probe = raw.sent_request(Method::Options);
    raw.respond(&probe, 200, "", "");
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn c36_a_481_ends_the_call_and_a_bye_is_sent() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    raw.respond(&request, 481, "", "");
    assert_eq!(answer(&mut raw), (id, 481, false));
    assert_eq!(raw.ended(), LegEnd::DialogGone);
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 481, "", "");
    raw.expect_nothing_left();
}

#[test]
fn c36_other_refusals_leave_the_call_alone() {
    for status in [
        302, 400, 403, 404, 405, 420, 480, 488, 491, 500, 501, 503, 603, 604,
    ] {
        let mut raw = Raw::new();
        let leg = raw.call();
        let (id, request) = refer(&mut raw, leg);
        raw.respond(&request, status, "", "");
        assert_eq!(answer(&mut raw), (id, status, false));
        assert!(raw.endpoint.is_confirmed(leg), "{status}");
        assert!(raw.is_silent());
    }
}

#[test]
fn c49_a_notify_for_nothing_gets_481_489_or_400() {
    let mut raw = Raw::new();
    let leg = raw.call();
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 100 Trying\n")
            .status(),
        481
    );
    let unknown = raw.notify("presence", "active", "");
    assert_eq!(
        (unknown.status(), header(&unknown, "Allow-Events")),
        (489, "refer")
    );
    raw.cseq += 1;
    raw.in_dialog("NOTIFY", "noevent", "Subscription-State: active\n", "");
    assert_eq!(raw.response().status(), 489);
    let (_, request) = refer(&mut raw, leg);
    let wrong = format!("refer;id={}", cseq(&request) + 7);
    assert_eq!(
        raw.notify(&wrong, "active", "SIP/2.0 100 Trying\n")
            .status(),
        481
    );
}

#[test]
fn c50_a_late_notify_is_served_for_the_grace_period_and_then_gets_481() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    raw.respond(&request, 202, "", "");
    answer(&mut raw);
    raw.endpoint.forget_refer(raw.now, leg, id);
    raw.wait(seconds(31));
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 200 OK\n").status(),
        200
    );
    assert_eq!(notified(&mut raw).0, id);
    raw.wait(seconds(2));
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 200 OK\n").status(),
        481
    );
}

#[test]
fn c51_a_lower_number_gets_500_and_a_repetition_the_same_answer() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (_, request) = refer(&mut raw, leg);
    raw.respond(&request, 202, "", "");
    answer(&mut raw);
    raw.cseq = 50;
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 100 Trying\n")
            .status(),
        200
    );
    notified(&mut raw);
    let extra = "Event: refer\nSubscription-State: active\n";
    raw.in_dialog("NOTIFY", "notify51", extra, "");
    assert_eq!(raw.response().status(), 200);
    assert!(raw.events.is_empty(), "the repetition is no news");
    raw.cseq = 40;
    raw.in_dialog("NOTIFY", "late", extra, "");
    assert_eq!(raw.response().status(), 500);
}

#[test]
fn c81_notifies_after_the_peers_bye_are_served_until_the_transfer_is_over() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    raw.respond(&request, 202, "", "");
    answer(&mut raw);
    raw.cseq += 1;
    raw.in_dialog("BYE", "bye", "", "");
    assert_eq!(raw.response().status(), 200);
    assert_eq!(raw.ended(), LegEnd::PeerBye(None));
    raw.wait(seconds(60));
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 180 Ringing\n")
            .status(),
        200
    );
    assert_eq!(notified(&mut raw).0, id);
    raw.endpoint.forget_refer(raw.now, leg, id);
    raw.wait(seconds(33));
    assert!(matches!(raw.event(), Event::Released));
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 200 OK\n").status(),
        481
    );
    raw.expect_nothing_left();
}

#[test]
fn c139_c140_a_second_refer_has_an_id_of_its_own() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (first, one) = refer(&mut raw, leg);
    raw.respond(&one, 202, "", "");
    answer(&mut raw);
    raw.notify(
        "refer",
        "terminated;reason=noresource",
        "SIP/2.0 486 Busy Here\n",
    );
    assert_eq!(notified(&mut raw).0, first);
    let (second, two) = refer(&mut raw, leg);
    raw.respond(&two, 202, "", "");
    answer(&mut raw);
    assert!(cseq(&two) > cseq(&one));
    raw.notify(
        &format!("refer;id={}", cseq(&one)),
        "active",
        "SIP/2.0 486 Busy\n",
    );
    assert_eq!(notified(&mut raw).0, first);
    raw.notify(
        &format!("refer ; id = {}", cseq(&two)),
        "active",
        "SIP/2.0 200 OK\n",
    );
    assert_eq!(notified(&mut raw).0, second);
    raw.notify("refer", "active", "SIP/2.0 200 OK\n");
    assert_eq!(
        notified(&mut raw).0,
        second,
        "without id the only open transfer is meant"
    );
}

#[test]
fn c1_refer_needs_a_call_that_is_up() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    let refer = OutgoingRefer {
        refer_to: "<sip:t@h>".to_owned(),
        ..OutgoingRefer::default()
    };
    assert!(raw.endpoint.refer(raw.now, leg, refer.clone()).is_err());
    let evil = OutgoingRefer {
        refer_to: "<sip:t@h>\r\nX: 1".to_owned(),
        ..refer
    };
    assert!(raw.endpoint.refer(raw.now, leg, evil).is_err());
}

#[test]
fn c132_refer_and_bye_cross() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    raw.in_dialog("BYE", "bye", "", "");
    assert_eq!(raw.response().status(), 200);
    assert_eq!(raw.ended(), LegEnd::PeerBye(None));
    raw.respond(&request, 481, "", "");
    assert_eq!(answer(&mut raw), (id, 481, false));
    assert!(raw.is_silent(), "no BYE for a call that is over");
    raw.expect_nothing_left();
}
