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
        302, 400, 403, 404, 405, 420, 480, 488, 500, 501, 503, 603, 604,
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

#[test]
fn c29_a_100_slows_repetition_down_and_is_no_result() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    raw.respond(&request, 100, "", "");
    raw.wait(seconds(10));
    assert_eq!(raw.sent.len(), 2, "every 4 s");
    assert!(raw.events.is_empty());
    raw.respond(&request, 202, "", "");
    assert_eq!(answer(&mut raw), (id, 202, false));
}

#[test]
fn c30_every_2xx_accepts_and_c153_needs_no_contact() {
    for status in [200, 202, 204, 299] {
        let mut raw = Raw::new();
        let leg = raw.call();
        let (id, request) = refer(&mut raw, leg);
        raw.respond(&request, status, "", "");
        assert_eq!(answer(&mut raw), (id, status, false));
        assert_eq!(
            raw.notify("refer", "active", "SIP/2.0 100 Trying\n")
                .status(),
            200
        );
    }
}

#[test]
fn c41_refer_sub_false_in_the_2xx_is_told() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (_, request) = refer(&mut raw, leg);
    raw.respond(&request, 202, "Refer-Sub: false\n", "");
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.refer_sub_false));
}

#[test]
fn c46_a_rejection_after_an_early_notify_wins() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 100 Trying\n")
            .status(),
        200
    );
    notified(&mut raw);
    raw.respond(&request, 403, "", "");
    assert_eq!(answer(&mut raw), (id, 403, false));
    raw.wait(seconds(33));
    assert_eq!(
        raw.notify("refer", "active", "SIP/2.0 200 OK\n").status(),
        481
    );
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn c48_the_event_header_in_its_compact_form() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, request) = refer(&mut raw, leg);
    raw.cseq += 1;
    let extra = format!("o: Refer ; x=\"a;b\" ; id = {}\n", cseq(&request));
    raw.in_dialog("NOTIFY", "compact", &extra, "SIP/2.0 100 Trying\n");
    assert_eq!(raw.response().status(), 200);
    assert_eq!(notified(&mut raw).0, id);
}

#[test]
fn c55_a_notify_without_subscription_state_is_passed_on() {
    let mut raw = Raw::new();
    let leg = raw.call();
    refer(&mut raw, leg);
    raw.cseq += 1;
    raw.in_dialog("NOTIFY", "bare", "Event: refer\n", "SIP/2.0 200 OK\n");
    assert_eq!(raw.response().status(), 200);
    assert!(matches!(raw.event(), Event::Notify(_, news) if news.subscription.is_none()));
}

#[test]
fn c77_c142_both_byes_cross_and_both_are_answered() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.sent_request(Method::Bye);
    raw.in_dialog("BYE", "bye", "", "");
    assert_eq!(raw.response().status(), 200);
    raw.respond(&bye, 200, "", "");
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.wait(seconds(60));
    assert!(raw.is_silent());
    raw.expect_nothing_left();
}

#[test]
fn c79_a_bye_carries_the_reason_given() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let reason = [(
        "Reason".to_owned(),
        "SIP;cause=200;text=\"Call transferred\"".to_owned(),
    )];
    raw.endpoint.hang_up(raw.now, leg, &reason).unwrap();
    let bye = raw.sent_request(Method::Bye);
    assert_eq!(bye.headers().get("Reason"), Some(reason[0].1.as_str()));
}

#[test]
fn c36a_a_peer_that_leaves_the_probe_unanswered_too_is_given_up() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, _) = refer(&mut raw, leg);
    raw.wait(seconds(33));
    assert_eq!(answer(&mut raw), (id, 408, true));
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::DialogGone);
    raw.expect_nothing_left();
}

#[test]
fn c85_a_refer_that_cannot_be_sent_leaves_the_call() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let given = OutgoingRefer {
        refer_to: "<sip:t@h>".to_owned(),
        ..OutgoingRefer::default()
    };
    let id = raw.endpoint.refer(raw.now, leg, given).unwrap();
    let sent = raw.next_sent();
    raw.endpoint
        .handle_send_error(raw.now, sent.id, "network is unreachable");
    assert_eq!(answer(&mut raw), (id, 503, true));
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn the_journal_has_every_message_once_and_in_order() {
    let mut config = crate::raw::config();
    config.wire_events = true;
    let mut raw = Raw::with(config);
    let leg = raw.invite("");
    raw.endpoint
        .answer(raw.now, leg, &[], bytes::Bytes::from_static(b"v=0\r\n"))
        .unwrap();
    raw.wait(seconds(1));
    let ok = raw.sent.iter().find_map(|sent| match &sent.message {
        hookflash_sip::Message::Response(response) if response.status() == 200 => Some(response),
        _ => None,
    });
    let ok = ok.unwrap().clone();
    raw.learn_tag(&ok);
    raw.sent.clear();
    raw.in_dialog("ACK", "ack", "", "");
    raw.cseq += 1;
    let (_, request) = refer(&mut raw, leg);
    raw.respond(&request, 202, "", "");
    raw.respond(&request, 202, "", "");
    raw.notify("refer", "terminated", "SIP/2.0 486 Busy Here\n");
    let ladder: Vec<String> = raw
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Wire(wire) => {
                let arrow = if wire.sent { ">" } else { "<" };
                let note = wire.note.as_deref().unwrap_or_default();
                Some(format!("{arrow} {} | {note}", wire.summary()))
            }
            _ => None,
        })
        .collect();
    let expected = [
        "< INVITE | ",
        "> 100 Trying | ",
        "> 200 OK | ",
        "< ACK | ",
        "> REFER | <sip:target@example.com>",
        "< 202 Reason | ",
        "< NOTIFY | SIP/2.0 486 Busy Here",
        "> 200 OK | ",
    ];
    assert_eq!(ladder, expected);
}

/// The REFER that goes out when a timer says so.
fn sent_later(raw: &mut Raw) -> Request {
    assert!(raw.is_silent(), "nothing is sent at once");
    let begin = raw.now;
    while raw.is_silent() && raw.now < begin + seconds(2) {
        raw.wait(std::time::Duration::from_millis(10));
    }
    raw.sent_request(Method::Refer)
}

#[test]
fn c35_a_refer_that_collides_is_sent_again_after_a_while() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, first) = refer(&mut raw, leg);
    raw.respond(&first, 491, "", "");
    let second = sent_later(&mut raw);
    assert_eq!(cseq(&second), cseq(&first) + 1);
    assert_ne!(second.headers().get("Via"), first.headers().get("Via"));
    for name in ["Refer-To", "From", "To", "Call-ID"] {
        assert_eq!(second.headers().get(name), first.headers().get(name));
    }
    raw.respond(&second, 491, "", "");
    let third = sent_later(&mut raw);
    raw.respond(&third, 202, "", "");
    assert_eq!(answer(&mut raw), (id, 202, false));
    let event = format!("refer;id={}", cseq(&third));
    let ok = raw.notify(&event, "terminated;reason=noresource", "SIP/2.0 200 OK\n");
    assert_eq!(ok.status(), 200);
    assert_eq!(notified(&mut raw).0, id);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    raw.expect_nothing_left();
}

#[test]
fn c35_a_refer_that_always_collides_is_refused_in_the_end() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let (id, mut request) = refer(&mut raw, leg);
    for _ in 0..3 {
        raw.respond(&request, 491, "", "");
        request = sent_later(&mut raw);
    }
    raw.respond(&request, 491, "", "");
    assert_eq!(answer(&mut raw), (id, 491, false));
    raw.wait(seconds(5));
    assert!(raw.is_silent());
    assert!(raw.endpoint.is_confirmed(leg), "the call goes on");
    assert_eq!(raw.endpoint.census().subscriptions, 0);
}

#[test]
fn c35_a_refer_that_waits_after_a_collision_is_not_sent_once_the_call_or_the_wish_is_over() {
    for forget in [false, true] {
        let mut raw = Raw::new();
        let leg = raw.call();
        let (id, request) = refer(&mut raw, leg);
        raw.respond(&request, 491, "", "");
        assert!(raw.is_silent());
        if forget {
            raw.endpoint.forget_refer(raw.now, leg, id);
        }
        raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
        let bye = raw.sent_request(Method::Bye);
        raw.wait(seconds(0));
        raw.respond(&bye, 200, "", "");
        raw.wait(seconds(10));
        assert!(raw.is_silent());
        raw.expect_nothing_left();
    }
}

#[test]
fn c26_headers_that_the_application_gives_itself_stand_there_once() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let given = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let refer = OutgoingRefer {
        refer_to: "<sip:target@example.com>".to_owned(),
        referred_by: Some("<sip:us@10.0.0.1>".to_owned()),
        headers: vec![
            given("b", "<sip:boss@example.com>"),
            given("User-Agent", "theirs"),
        ],
        ..OutgoingRefer::default()
    };
    raw.endpoint.refer(raw.now, leg, refer).unwrap();
    let request = raw.sent_request(Method::Refer);
    let all = |name: &'static str| -> Vec<String> {
        let values = request.headers().get_all(name);
        values.map(str::to_owned).collect()
    };
    assert_eq!(all("Referred-By"), ["<sip:boss@example.com>"]);
    assert_eq!(all("User-Agent"), ["theirs"]);
}
