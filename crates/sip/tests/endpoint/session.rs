//! Changing the session within a call: re-INVITE, UPDATE, hold, glare, session timers.

use bytes::Bytes;
use hookflash_sip::{CommandError, EndpointConfig, Event, LegEnd, Method, Request};

use crate::pair::{Pair, sdp, side_config};
use crate::raw::{Raw, SDP, config, header, seconds};

const OFFER: &str = "Content-Type: application/sdp\nContact: <sip:peer@10.0.0.9>\n";

fn hold() -> Bytes {
    Bytes::from(format!("{SDP}a=sendonly\r\n"))
}

fn reoffer(raw: &mut Raw) -> Option<Bytes> {
    match raw.event() {
        Event::Reoffer(sdp) => sdp,
        other => panic!("{other:?}"),
    }
}

fn settled(raw: &mut Raw) -> Result<Bytes, u16> {
    match raw.event() {
        Event::OfferSettled(answer) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hold_of_the_peer_is_answered_and_acknowledged() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.in_dialog("INVITE", "re", &OFFER.replace("peer@", "moved@"), SDP);
    assert_eq!(raw.response().status(), 100);
    assert_eq!(reoffer(&mut raw), Some(sdp()));
    raw.endpoint.answer_offer(raw.now, leg, Ok(sdp())).unwrap();
    assert_eq!(raw.response().status(), 200);
    raw.wait(seconds(1));
    assert_eq!(raw.response().status(), 200, "repeated until the ACK");
    raw.in_dialog("ACK", "reack", "", "");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.sent_request(Method::Bye).uri(), "sip:moved@10.0.0.9");
}

#[test]
fn a_refused_reinvite_leaves_the_session_and_the_target_as_they_were() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.in_dialog("INVITE", "re", &OFFER.replace("peer@", "moved@"), SDP);
    assert_eq!(raw.response().status(), 100);
    raw.endpoint.answer_offer(raw.now, leg, Err(488)).unwrap();
    assert_eq!(raw.response().status(), 488);
    raw.in_dialog("ACK", "re", "", "");
    assert!(raw.endpoint.is_confirmed(leg));
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.sent_request(Method::Bye).uri(), "sip:peer@10.0.0.9");
}

#[test]
fn a_reinvite_without_offer_asks_us_for_one() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.in_dialog("INVITE", "re", "Contact: <sip:peer@10.0.0.9>\n", "");
    assert_eq!(raw.response().status(), 100);
    assert_eq!(reoffer(&mut raw), None);
    raw.endpoint.answer_offer(raw.now, leg, Ok(sdp())).unwrap();
    assert_eq!(raw.response().status(), 200);
    raw.in_dialog("ACK", "reack", "Content-Type: application/sdp\n", SDP);
    assert_eq!(settled(&mut raw), Ok(sdp()));
}

#[test]
fn a_cancelled_reinvite_gets_487_and_the_call_goes_on() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.in_dialog("INVITE", "re", OFFER, SDP);
    assert_eq!(raw.response().status(), 100);
    reoffer(&mut raw);
    raw.in_dialog("CANCEL", "re", "", "");
    assert_eq!(
        (raw.response().status(), raw.response().status()),
        (200, 487)
    );
    assert!(raw.endpoint.is_confirmed(leg));
    let late = raw.endpoint.answer_offer(raw.now, leg, Ok(sdp()));
    assert!(matches!(late, Err(CommandError::WrongState { .. })));
}

#[test]
fn c89_a_second_reinvite_gets_500_with_retry_after_and_ours_makes_491() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.in_dialog("INVITE", "re1", OFFER, SDP);
    assert_eq!(raw.response().status(), 100);
    raw.cseq += 1;
    raw.in_dialog("INVITE", "re2", OFFER, SDP);
    let refused = raw.response();
    assert_eq!(refused.status(), 500);
    assert!(header(&refused, "Retry-After").parse::<u8>().unwrap() <= 10);
    raw.endpoint.answer_offer(raw.now, leg, Err(488)).unwrap();
    raw.response();
    raw.endpoint.offer(raw.now, leg, hold()).unwrap();
    let ours = raw.sent_request(Method::Invite);
    raw.cseq += 1;
    raw.in_dialog("INVITE", "re3", OFFER, SDP);
    assert_eq!(raw.response().status(), 491);
    raw.cseq += 1;
    raw.in_dialog("UPDATE", "up1", OFFER, SDP);
    assert_eq!(raw.response().status(), 491);
    raw.cseq += 1;
    raw.in_dialog("UPDATE", "up2", "Contact: <sip:peer@10.0.0.9>\n", "");
    assert_eq!(
        raw.response().status(),
        200,
        "an UPDATE without offer never collides"
    );
    raw.respond(
        &ours,
        200,
        "Contact: <sip:peer@10.0.0.9>\nContent-Type: application/sdp\n",
        SDP,
    );
    raw.sent_request(Method::Ack);
}

#[test]
fn c89_c133_a_reinvite_while_a_refer_is_open_is_served() {
    let mut raw = Raw::new();
    let leg = raw.call();
    let refer = hookflash_sip::OutgoingRefer {
        refer_to: "<sip:t@h>".to_owned(),
        ..hookflash_sip::OutgoingRefer::default()
    };
    raw.endpoint.refer(raw.now, leg, refer).unwrap();
    raw.sent_request(Method::Refer);
    raw.in_dialog("INVITE", "re", OFFER, SDP);
    assert_eq!(raw.response().status(), 100);
    reoffer(&mut raw);
    raw.endpoint.answer_offer(raw.now, leg, Ok(sdp())).unwrap();
    assert_eq!(raw.response().status(), 200);
}

#[test]
fn an_offer_of_ours_is_settled_by_the_2xx() {
    let mut pair = Pair::new(1);
    let (a, b) = pair.call();
    pair.b.endpoint.offer(pair.now, b, hold()).unwrap();
    let mut offered = None;
    pair.until("the offer arrives", |pair| {
        offered = pair.a.take(|event| match event {
            Event::Reoffer(sdp) => Some(sdp.clone()),
            _ => None,
        });
        offered.is_some()
    });
    assert_eq!(offered, Some(Some(hold())));
    pair.a
        .endpoint
        .answer_offer(pair.now, a, Ok(sdp()))
        .unwrap();
    pair.until("it is settled", |pair| {
        let answer = pair.b.take(|event| match event {
            Event::OfferSettled(answer) => Some(answer.clone()),
            _ => None,
        });
        answer == Some(Ok(sdp()))
    });
    pair.a.endpoint.hang_up(pair.now, a, &[]).unwrap();
    pair.expect_nothing_left();
}

#[test]
fn an_offer_that_collides_is_made_again_later_and_both_succeed() {
    for seed in 0..20 {
        let mut pair = Pair::new(seed);
        let (a, b) = pair.call();
        pair.a.endpoint.offer(pair.now, a, hold()).unwrap();
        pair.b.endpoint.offer(pair.now, b, hold()).unwrap();
        let mut left = 2;
        pair.until("both are settled", |pair| {
            let reoffer = |event: &Event| matches!(event, Event::Reoffer(_)).then_some(());
            if pair.a.take(reoffer).is_some() {
                pair.a
                    .endpoint
                    .answer_offer(pair.now, a, Ok(sdp()))
                    .unwrap();
            }
            if pair.b.take(reoffer).is_some() {
                pair.b
                    .endpoint
                    .answer_offer(pair.now, b, Ok(sdp()))
                    .unwrap();
            }
            let done = |event: &Event| match event {
                Event::OfferSettled(answer) => Some(answer.is_ok()),
                _ => None,
            };
            for side in [&mut pair.a, &mut pair.b] {
                if let Some(ok) = side.take(done) {
                    assert!(ok, "seed {seed}");
                    left -= 1;
                }
            }
            left == 0
        });
        pair.a.endpoint.hang_up(pair.now, a, &[]).unwrap();
        pair.expect_nothing_left();
    }
}

#[test]
fn offers_wait_for_each_other() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.offer(raw.now, leg, sdp()).unwrap();
    let first = raw.sent_request(Method::Invite);
    raw.endpoint.offer(raw.now, leg, hold()).unwrap();
    assert!(raw.is_silent());
    raw.respond(
        &first,
        200,
        "Contact: <sip:peer@10.0.0.9>\nContent-Type: application/sdp\n",
        SDP,
    );
    raw.sent_request(Method::Ack);
    let second = raw.sent_request(Method::Invite);
    assert_eq!(*second.body(), hold());
    raw.respond(&second, 488, "", "");
    raw.sent_request(Method::Ack);
    assert_eq!(
        (settled(&mut raw), settled(&mut raw)),
        (Ok(sdp()), Err(488))
    );
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn an_update_with_offer_is_answered_by_the_application() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.in_dialog("UPDATE", "up", OFFER, SDP);
    assert!(raw.is_silent());
    assert_eq!(reoffer(&mut raw), Some(sdp()));
    raw.endpoint.answer_offer(raw.now, leg, Ok(hold())).unwrap();
    let ok = raw.response();
    assert_eq!((ok.status(), ok.body()), (200, &hold()));
}

fn with_timer() -> EndpointConfig {
    EndpointConfig {
        session_expires: Some(seconds(1800)),
        ..config()
    }
}

const TIMER: &str = "Supported: timer\n";

fn refreshed(raw: &mut Raw, request: &Request) {
    let extra = "Session-Expires: 600;refresher=uac\nContact: <sip:peer@10.0.0.9>\n";
    raw.respond(request, 200, extra, "");
}

#[test]
fn too_short_a_session_gets_422_with_min_se() {
    let mut raw = Raw::with(with_timer());
    raw.request("INVITE", "i", &format!("{TIMER}Session-Expires: 30\n"), "");
    let refused = raw.response();
    assert_eq!((refused.status(), header(&refused, "Min-SE")), (422, "90"));
    assert_eq!(raw.endpoint.leg_count(), 0);
}

#[test]
fn as_refresher_we_send_update_at_half_time_and_bye_when_it_stays_unanswered() {
    let mut raw = Raw::with(with_timer());
    let leg = raw.invite(&format!(
        "{TIMER}Allow: INVITE, UPDATE\nSession-Expires: 600;refresher=uas\n"
    ));
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    raw.response();
    let ok = raw.response();
    assert_eq!(header(&ok, "Session-Expires"), "600;refresher=uas");
    raw.learn_tag(&ok);
    raw.in_dialog("ACK", "ack", "", "");
    raw.wait(seconds(300));
    let update = raw.sent_request(Method::Update);
    assert_eq!(
        update.headers().get("Session-Expires"),
        Some("600;refresher=uac")
    );
    assert!(update.body().is_empty());
    refreshed(&mut raw, &update);
    raw.wait(seconds(299));
    assert!(raw.is_silent());
    raw.wait(seconds(1));
    raw.sent_request(Method::Update);
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::DialogGone);
    raw.expect_nothing_left();
}

#[test]
fn a_peer_that_cannot_update_is_refreshed_by_reinvite_with_the_same_sdp() {
    let mut raw = Raw::with(with_timer());
    let leg = raw.invite(&format!(
        "{TIMER}Allow: INVITE, BYE\nSession-Expires: 600;refresher=uas\n"
    ));
    raw.endpoint.answer(raw.now, leg, &[], hold()).unwrap();
    raw.response();
    let ok = raw.response();
    raw.learn_tag(&ok);
    raw.in_dialog("ACK", "ack", "", "");
    raw.event();
    raw.wait(seconds(300));
    let invite = raw.sent_request(Method::Invite);
    assert_eq!(*invite.body(), hold());
    refreshed(&mut raw, &invite);
    raw.sent_request(Method::Ack);
    assert!(raw.events.is_empty(), "the application need not know");
    raw.wait(seconds(300));
    raw.sent_request(Method::Invite);
}

#[test]
fn a_peer_that_does_not_refresh_is_hung_up_on() {
    let mut raw = Raw::with(with_timer());
    raw.call_with(&format!("{TIMER}Session-Expires: 600;refresher=uac\n"));
    raw.wait(seconds(567));
    assert!(raw.is_silent());
    raw.wait(seconds(2));
    raw.sent_request(Method::Bye);
    assert_eq!(raw.ended(), LegEnd::SessionExpired);
    raw.expect_nothing_left();
}

#[test]
fn a_refresh_of_the_peer_starts_the_time_anew() {
    let mut raw = Raw::with(with_timer());
    let leg = raw.call_with(&format!("{TIMER}Session-Expires: 600;refresher=uac\n"));
    raw.wait(seconds(500));
    let extra = format!("{TIMER}Session-Expires: 600;refresher=uac\n");
    raw.in_dialog("UPDATE", "refresh", &extra, "");
    let ok = raw.response();
    assert_eq!(header(&ok, "Session-Expires"), "600;refresher=uac");
    raw.wait(seconds(500));
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn c75_c134_a_refresh_due_during_a_transfer_has_a_number_of_its_own() {
    let mut raw = Raw::with(with_timer());
    let leg = raw.call_with(&format!(
        "{TIMER}Allow: UPDATE\nSession-Expires: 600;refresher=uas\n"
    ));
    raw.wait(seconds(299));
    let refer = hookflash_sip::OutgoingRefer {
        refer_to: "<sip:t@h>".to_owned(),
        ..hookflash_sip::OutgoingRefer::default()
    };
    raw.endpoint.refer(raw.now, leg, refer).unwrap();
    let refer = raw.sent_request(Method::Refer);
    raw.respond(&refer, 202, "", "");
    raw.wait(seconds(1));
    let update = raw.sent_request(Method::Update);
    assert_eq!(refer.headers().get("CSeq"), Some("1 REFER"));
    assert_eq!(update.headers().get("CSeq"), Some("2 UPDATE"));
}

#[test]
fn as_caller_we_ask_for_a_timer_and_a_422_makes_us_ask_for_more() {
    let mut b = side_config("10.0.0.2:5060");
    b.min_se = seconds(3000);
    let mut a = side_config("10.0.0.1:5060");
    a.session_expires = Some(seconds(1800));
    let mut pair = Pair::with(1, a, b);
    let leg = pair.invite(|_| {});
    let (a, _) = pair.connect(leg);
    assert_eq!(pair.a.sent_count("INVITE"), 2);
    pair.drive(seconds(7000));
    assert_eq!(pair.a.sent_count("UPDATE"), 4, "every 1500 s");
    assert!(pair.a.endpoint.is_confirmed(a));
}

#[test]
fn an_offer_that_is_open_when_the_call_ends_is_refused_and_not_left_unanswered() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.sent_request(Method::Bye);
    raw.in_dialog("UPDATE", "late", OFFER, SDP);
    raw.respond(&bye, 200, "", "");
    assert_eq!(raw.response().status(), 487);
    raw.expect_nothing_left();
}
