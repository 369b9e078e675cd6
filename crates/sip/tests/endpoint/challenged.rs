//! Digest challenges to requests within a call.

use hookflash_sip::{Event, LegEnd, Method, OutgoingRefer};

use crate::pair::{Pair, credentials, side_config};
use crate::raw::{Raw, seconds};

fn refer() -> OutgoingRefer {
    OutgoingRefer {
        refer_to: "<sip:t@example.com>".to_owned(),
        ..OutgoingRefer::default()
    }
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n";

#[test]
fn c33_the_notify_names_the_refer_that_was_accepted() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.set_credentials(leg, vec![credentials()]);
    let id = raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    let first = raw.sent_request(Method::Refer);
    raw.respond(&first, 401, CHALLENGE, "");
    let second = raw.sent_request(Method::Refer);
    assert!(second.headers().contains("Authorization"));
    let number = second
        .headers()
        .get("CSeq")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    raw.respond(&second, 202, "", "");
    assert!(matches!(raw.event(), Event::ReferAnswer(answered, _) if answered == id));
    raw.notify(
        &format!("refer;id={number}"),
        "active",
        "SIP/2.0 100 Trying\n",
    );
    assert!(matches!(raw.event(), Event::Notify(notified, _) if notified == id));
    let old = first
        .headers()
        .get("CSeq")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        raw.notify(&format!("refer;id={old}"), "active", "")
            .status(),
        481
    );
}

#[test]
fn a_nonce_that_is_known_is_used_before_being_asked() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.set_credentials(leg, vec![credentials()]);
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    let first = raw.sent_request(Method::Refer);
    raw.respond(&first, 401, CHALLENGE, "");
    let second = raw.sent_request(Method::Refer);
    raw.respond(&second, 202, "", "");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.sent_request(Method::Bye);
    assert!(
        bye.headers()
            .get("Authorization")
            .unwrap()
            .contains("nonce=\"n1\"")
    );
    let stale = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true\n";
    raw.respond(&bye, 401, stale, "");
    let again = raw.sent_request(Method::Bye);
    assert!(
        again
            .headers()
            .get("Authorization")
            .unwrap()
            .contains("nonce=\"n2\"")
    );
    raw.respond(&again, 200, "", "");
    assert_eq!(raw.ended(), LegEnd::Local);
}

#[test]
fn a_bye_that_stays_refused_ends_the_call_all_the_same() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.set_credentials(leg, vec![credentials()]);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    for _ in 0..2 {
        let bye = raw.sent_request(Method::Bye);
        raw.respond(&bye, 401, CHALLENGE, "");
    }
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn a_phone_that_challenges_refer_gets_credentials() {
    let mut phone = side_config("10.0.0.2:5060");
    phone.challenge_refer = Some(credentials());
    let mut pair = Pair::with(5, side_config("10.0.0.1:5060"), phone);
    let (a, b) = pair.call();
    pair.a.endpoint.refer(pair.now, a, refer()).unwrap();
    pair.drive(seconds(1));
    let refused = pair.a.take(|event| match event {
        Event::ReferAnswer(_, answer) => Some(answer.code),
        _ => None,
    });
    assert_eq!(refused, Some(401));
    let challenged = |event: &Event| matches!(event, Event::ReferChallenged).then_some(());
    assert!(pair.b.take(challenged).is_some(), "the phone is not told");
    assert!(pair.a.endpoint.is_confirmed(a));
    pair.a.endpoint.set_credentials(a, vec![credentials()]);
    pair.a.endpoint.refer(pair.now, a, refer()).unwrap();
    pair.until("the phone is asked", |pair| {
        let asked = |event: &Event| matches!(event, Event::Refer(..)).then_some(());
        pair.b.take(asked).is_some()
    });
    pair.b.endpoint.hang_up(pair.now, b, &[]).unwrap();
    pair.expect_nothing_left();
}

#[test]
fn a_peer_that_never_stops_asking_is_not_followed_for_ever() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.set_credentials(leg, vec![credentials()]);
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    raw.drain();
    let mut sent = 0;
    while let Some(first) = raw.sent.pop_front() {
        sent += 1;
        assert!(sent < 20, "no end in sight");
        let hookflash_sip::Message::Request(request) = first.message else {
            panic!()
        };
        let challenge = format!("Proxy-Authenticate: Digest realm=\"r{sent}\", nonce=\"n\"\n");
        raw.respond(&request, 407, &challenge, "");
    }
    assert_eq!(sent, 9);
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.code == 407));
    assert!(raw.endpoint.is_confirmed(leg));
}

#[test]
fn a_peer_that_always_wants_longer_sessions_is_not_followed_for_ever() {
    let mut config = crate::raw::config();
    config.session_expires = Some(seconds(1800));
    let mut raw = Raw::with(config);
    let invite = hookflash_sip::OutgoingInvite {
        uri: "sip:bob@10.0.0.9".to_owned(),
        from: "<sip:us@10.0.0.1>".to_owned(),
        to: "<sip:bob@10.0.0.9>".to_owned(),
        ..hookflash_sip::OutgoingInvite::default()
    };
    raw.endpoint.invite(raw.now, invite).unwrap();
    for least in 2000..2005 {
        let invite = raw.sent_request(Method::Invite);
        raw.respond(&invite, 422, &format!("Min-SE: {least}\n"), "");
        raw.sent_request(Method::Ack);
    }
    assert!(raw.is_silent());
    assert_eq!(raw.ended(), LegEnd::Refused(422));
}

#[test]
fn over_tcp_rejected_credentials_are_not_repeated_either() {
    let mut raw = Raw::new();
    raw.flow.transport = hookflash_sip::Transport::Tcp;
    raw.contact = "<sip:peer@10.0.0.9;transport=tcp>".to_owned();
    let leg = raw.call();
    raw.endpoint.set_credentials(leg, vec![credentials()]);
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    for _ in 0..2 {
        let request = raw.sent_request(Method::Refer);
        raw.respond(&request, 401, CHALLENGE, "");
    }
    assert!(raw.is_silent());
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.code == 401));
}
