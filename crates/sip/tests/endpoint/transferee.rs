//! The phone's side of a transfer, against our own transferor.

use hookflash_sip::{
    CommandError, Event, IncomingReferId, LegEnd, LegId, NotifyState, OutgoingRefer, ReferId,
};

use crate::pair::{Pair, side_config};
use crate::raw::{Raw, header, seconds};

fn refer(pair: &mut Pair, a: LegId, refer_sub: Option<bool>) -> (ReferId, IncomingReferId) {
    let refer = OutgoingRefer {
        refer_to: "<sip:t@example.com?X-A=1%3B2>".to_owned(),
        refer_sub,
        ..OutgoingRefer::default()
    };
    let id = pair.a.endpoint.refer(pair.now, a, refer).unwrap();
    let mut asked = None;
    pair.until("the phone is asked", |pair| {
        asked = pair.b.take(|event| match event {
            Event::Refer(id, request) => {
                let to = request.headers().get("Refer-To");
                assert_eq!(to, Some("<sip:t@example.com?X-A=1%3B2>"));
                Some(*id)
            }
            _ => None,
        });
        asked.is_some()
    });
    (id, asked.unwrap())
}

fn state(status: u16, last: bool) -> NotifyState {
    NotifyState {
        status,
        reason: String::new(),
        last,
    }
}

fn news(pair: &mut Pair) -> Vec<(String, String)> {
    std::iter::from_fn(|| {
        pair.a.take(|event| match event {
            Event::Notify(_, news) => {
                let body = String::from_utf8(news.body.to_vec()).unwrap();
                let state = news.subscription.as_ref().unwrap();
                Some((body.trim_end().to_owned(), state.state.clone()))
            }
            _ => None,
        })
    })
    .collect()
}

#[test]
fn a_transfer_is_accepted_reported_and_ends_with_one_last_notify() {
    let mut pair = Pair::new(1);
    let (a, b) = pair.call();
    let (id, asked) = refer(&mut pair, a, None);
    pair.b
        .endpoint
        .accept_refer(pair.now, b, asked, 202)
        .unwrap();
    pair.b
        .endpoint
        .notify(pair.now, b, asked, state(180, false))
        .unwrap();
    pair.drive(seconds(1));
    pair.b
        .endpoint
        .notify(pair.now, b, asked, state(200, true))
        .unwrap();
    pair.drive(seconds(1));
    let expected = [
        ("SIP/2.0 100 Trying", "active"),
        ("SIP/2.0 180 Ringing", "active"),
        ("SIP/2.0 200 OK", "terminated"),
    ];
    assert_eq!(
        news(&mut pair),
        expected.map(|(body, s)| (body.to_owned(), s.to_owned()))
    );
    let late = pair.b.endpoint.notify(pair.now, b, asked, state(200, true));
    assert_eq!(late, Err(CommandError::UnknownRefer));
    assert!(pair.a.endpoint.is_confirmed(a) && pair.b.endpoint.is_confirmed(b));
    pair.a.endpoint.forget_refer(pair.now, a, id);
    pair.a.endpoint.hang_up(pair.now, a, &[]).unwrap();
    pair.expect_nothing_left();
}

#[test]
fn a_refused_refer_leaves_the_call() {
    let mut pair = Pair::new(2);
    let (a, b) = pair.call();
    let (_, asked) = refer(&mut pair, a, None);
    let no_refusal = pair.b.endpoint.reject_refer(pair.now, b, asked, 202);
    assert_eq!(no_refusal, Err(CommandError::UnknownRefer));
    pair.b
        .endpoint
        .reject_refer(pair.now, b, asked, 603)
        .unwrap();
    pair.drive(seconds(1));
    let code = pair.a.take(|event| match event {
        Event::ReferAnswer(_, answer) => Some(answer.code),
        _ => None,
    });
    assert_eq!(code, Some(603));
    assert!(pair.a.endpoint.is_confirmed(a));
    assert_eq!(pair.a.endpoint.census().subscriptions, 0);
}

#[test]
fn c112_a_granted_refer_sub_false_is_repeated_and_no_notify_comes() {
    let mut pair = Pair::new(3);
    let (a, b) = pair.call();
    let (_, asked) = refer(&mut pair, a, Some(false));
    pair.b
        .endpoint
        .accept_refer(pair.now, b, asked, 200)
        .unwrap();
    pair.b
        .endpoint
        .notify(pair.now, b, asked, state(200, true))
        .unwrap();
    pair.drive(seconds(1));
    let granted = pair.a.take(|event| match event {
        Event::ReferAnswer(_, answer) => Some((answer.code, answer.refer_sub_false)),
        _ => None,
    });
    assert_eq!(granted, Some((200, true)));
    assert_eq!(pair.b.sent_count("NOTIFY"), 0);
}

#[test]
fn c113_the_transferors_bye_does_not_end_the_reports() {
    let mut pair = Pair::new(4);
    let (a, b) = pair.call();
    let (id, asked) = refer(&mut pair, a, None);
    pair.b
        .endpoint
        .accept_refer(pair.now, b, asked, 202)
        .unwrap();
    pair.drive(seconds(1));
    pair.a.endpoint.hang_up(pair.now, a, &[]).unwrap();
    pair.drive(seconds(1));
    assert_eq!(pair.b.ended(), Some(LegEnd::PeerBye(None)));
    pair.b
        .endpoint
        .notify(pair.now, b, asked, state(486, true))
        .unwrap();
    pair.drive(seconds(1));
    assert_eq!(news(&mut pair).last().unwrap().0, "SIP/2.0 486 Busy Here");
    let answered = pair.b.take(|event| match event {
        Event::NotifyAnswer(_, 200) => Some(()),
        _ => None,
    });
    assert!(answered.is_some());
    pair.a.endpoint.forget_refer(pair.now, a, id);
    pair.expect_nothing_left();
}

#[test]
fn a_refer_that_nobody_settles_is_declined_in_time() {
    let mut pair = Pair::new(5);
    let (a, _) = pair.call();
    refer(&mut pair, a, None);
    pair.drive(seconds(25));
    let code = pair.a.take(|event| match event {
        Event::ReferAnswer(_, answer) => Some((answer.code, answer.local)),
        _ => None,
    });
    assert_eq!(code, Some((603, false)));
}

#[test]
fn c100_refer_to_must_stand_once() {
    for (extra, status) in [("", 400), ("Refer-To: <sip:a@b>\nr: <sip:c@d>\n", 400)] {
        let mut raw = Raw::with(side_config("10.0.0.1:5060"));
        raw.call();
        raw.in_dialog("REFER", "refer", extra, "");
        assert_eq!(raw.response().status(), status, "{extra}");
    }
}

#[test]
fn c101_a_refer_from_a_stranger_is_refused() {
    let mut raw = Raw::with(side_config("10.0.0.1:5060"));
    raw.request("REFER", "refer", "Refer-To: <sip:a@b>\n", "");
    assert_eq!(raw.response().status(), 403);
    raw.tag = "0123456789abcdef".to_owned();
    raw.in_dialog("REFER", "refer2", "Refer-To: <sip:a@b>\n", "");
    assert_eq!(raw.response().status(), 481);
}

#[test]
fn c105_c106_the_notify_has_all_it_needs() {
    let mut raw = Raw::with(side_config("10.0.0.1:5060"));
    let leg = raw.call();
    raw.in_dialog(
        "REFER",
        "refer",
        "Refer-To: <sip:a@b>\nContact: <sip:peer@10.0.0.9>\n",
        "",
    );
    let Event::Refer(id, _) = raw.event() else {
        panic!()
    };
    raw.endpoint.accept_refer(raw.now, leg, id, 200).unwrap();
    let accepted = raw.response();
    assert_eq!(
        (accepted.status(), header(&accepted, "Contact")),
        (200, "<sip:10.0.0.1:5060>")
    );
    let notify = raw.sent_request(hookflash_sip::Method::Notify);
    let value = |name: &'static str| notify.headers().get(name).unwrap();
    assert_eq!(value("Event"), format!("refer;id={}", raw.cseq));
    assert_eq!(value("Subscription-State"), "active;expires=600");
    assert_eq!(value("Content-Type"), "message/sipfrag;version=2.0");
    assert_eq!(value("Contact"), "<sip:10.0.0.1:5060>");
    assert_eq!(&notify.body()[..], b"SIP/2.0 100 Trying\r\n");
}

#[test]
fn c163_an_endpoint_that_takes_no_refer_declines_it() {
    let mut raw = Raw::new();
    raw.call();
    raw.in_dialog("REFER", "refer", "Refer-To: <sip:a@b>\n", "");
    assert_eq!(raw.response().status(), 603);
}
