//! Calls that go out.

use hookflash_sip::{Event, LegEnd, Method, OutgoingInvite};

use crate::pair::{Pair, credentials, sdp};
use crate::raw::{Raw, SDP, seconds};

pub(crate) fn place(
    raw: &mut Raw,
    change: impl FnOnce(&mut OutgoingInvite),
) -> hookflash_sip::LegId {
    let mut invite = OutgoingInvite {
        uri: "sip:bob@10.0.0.9".to_owned(),
        from: "<sip:us@10.0.0.1>".to_owned(),
        to: "<sip:bob@10.0.0.9>".to_owned(),
        body: Some(sdp()),
        ..OutgoingInvite::default()
    };
    change(&mut invite);
    raw.endpoint.invite(raw.now, invite).unwrap()
}

pub(crate) const ANSWER: &str = "Contact: <sip:bob@10.0.0.9:5080>\nContent-Type: application/sdp\n";

#[test]
fn a_call_rings_is_answered_and_hung_up() {
    let mut pair = Pair::new(1);
    let a = pair.invite(|_| {});
    pair.until("it rings", |pair| pair.b.incoming().is_some());
    let b = pair.b.take_incoming();
    pair.b
        .endpoint
        .progress(pair.now, b, 180, &[], None)
        .unwrap();
    pair.until("ringing is heard", |pair| {
        let heard = |event: &Event| match event {
            Event::Progress(response) => Some(response.status()),
            _ => None,
        };
        pair.a.take(heard) == Some(180)
    });
    pair.b.endpoint.answer(pair.now, b, &[], sdp()).unwrap();
    pair.until("answered", |pair| pair.a.endpoint.is_confirmed(a));
    pair.until("acknowledged", |pair| pair.b.endpoint.is_confirmed(b));
    pair.a.endpoint.hang_up(pair.now, a, &[]).unwrap();
    pair.until("over", |pair| pair.a.ended() == Some(LegEnd::Local));
    assert_eq!(pair.b.ended(), Some(LegEnd::PeerBye(None)));
    assert_eq!(pair.a.sent.len(), 3, "INVITE, ACK, BYE: {:?}", pair.a.sent);
    pair.expect_nothing_left();
}

#[test]
fn a_refusal_is_reported_with_its_code() {
    let mut pair = Pair::new(2);
    pair.invite(|_| {});
    pair.until("it rings", |pair| pair.b.incoming().is_some());
    let b = pair.b.take_incoming();
    pair.b.endpoint.reject(pair.now, b, 486, None, &[]).unwrap();
    pair.until("refused", |pair| {
        pair.a.ended() == Some(LegEnd::Refused(486))
    });
    pair.expect_nothing_left();
}

#[test]
fn a_call_that_nobody_answers_is_cancelled() {
    let mut pair = Pair::new(3);
    let a = pair.invite(|_| {});
    pair.until("it rings", |pair| pair.b.incoming().is_some());
    pair.until("100 is back", |pair| {
        pair.b.sent_count("SIP/2.0 100") > 0 && pair.step()
    });
    pair.a.endpoint.hang_up(pair.now, a, &[]).unwrap();
    pair.until("cancelled", |pair| {
        pair.b.ended() == Some(LegEnd::Canceled(None))
    });
    pair.until("over", |pair| pair.a.ended() == Some(LegEnd::Local));
    pair.expect_nothing_left();
}

#[test]
fn a_cancel_waits_for_a_provisional_answer() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert!(raw.is_silent());
    raw.respond(&invite, 100, "", "");
    let cancel = raw.sent_request(Method::Cancel);
    assert_eq!(cancel.headers().get("Via"), invite.headers().get("Via"));
    raw.respond(&cancel, 200, "", "");
    raw.respond(&invite, 487, "", "");
    raw.sent_request(Method::Ack);
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended_with_bye() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 180, "", "");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    raw.sent_request(Method::Cancel);
    raw.respond(&invite, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    assert_eq!(raw.ended(), LegEnd::Local);
    assert!(
        !raw.events
            .iter()
            .any(|(_, event)| matches!(event, Event::Answered(_)))
    );
    raw.expect_nothing_left();
}

#[test]
fn a_cancelled_call_without_final_answer_is_given_up() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 180, "", "");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let cancel = raw.sent_request(Method::Cancel);
    raw.respond(&cancel, 200, "", "");
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn the_first_fork_that_answers_wins_and_the_others_get_ack_and_bye() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 200, ANSWER, SDP);
    let ack = raw.sent_request(Method::Ack);
    assert_eq!(ack.uri(), "sip:bob@10.0.0.9:5080");
    let mut other = invite.clone();
    other
        .headers_mut()
        .set("To", "<sip:bob@10.0.0.9>;tag=other");
    raw.respond(&other, 200, "Contact: <sip:bob2@10.0.0.10>\n", SDP);
    let ack = raw.sent_request(Method::Ack);
    assert_eq!(ack.uri(), "sip:bob2@10.0.0.10");
    let bye = raw.sent_request(Method::Bye);
    assert_eq!(
        bye.headers().get("To"),
        Some("<sip:bob@10.0.0.9>;tag=other")
    );
    raw.respond(&bye, 200, "", "");
    assert!(raw.endpoint.is_confirmed(leg));
    raw.respond(&other, 200, "Contact: <sip:bob2@10.0.0.10>\n", SDP);
    raw.sent_request(Method::Ack);
    assert!(raw.is_silent(), "a repeated 2xx only gets its ACK again");
}

#[test]
fn a_repeated_2xx_gets_its_ack_again() {
    let mut raw = Raw::new();
    place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    for _ in 0..3 {
        raw.respond(&invite, 200, ANSWER, SDP);
        raw.sent_request(Method::Ack);
        assert!(raw.is_silent());
    }
}

#[test]
fn silence_and_a_dead_network_are_told_apart() {
    let mut raw = Raw::new();
    place(&mut raw, |_| {});
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::NoAnswer);
    raw.sent.clear();
    place(&mut raw, |_| {});
    let sent = raw.next_sent();
    raw.endpoint
        .handle_send_error(raw.now, sent.id, "network is unreachable");
    assert_eq!(
        raw.ended(),
        LegEnd::TransportLost("network is unreachable".to_owned())
    );
    raw.expect_nothing_left();
}

#[test]
fn c31_a_challenged_invite_is_sent_again_once() {
    for (status, ask, reply) in [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
    ] {
        let mut raw = Raw::new();
        place(&mut raw, |invite| invite.credentials = vec![credentials()]);
        let first = raw.sent_request(Method::Invite);
        let challenge = format!("{ask}: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n");
        raw.respond(&first, status, &challenge, "");
        raw.sent_request(Method::Ack);
        let second = raw.sent_request(Method::Invite);
        assert!(
            second
                .headers()
                .get(reply)
                .unwrap()
                .contains("username=\"alice\"")
        );
        assert_eq!(
            second.headers().get("Call-ID"),
            first.headers().get("Call-ID")
        );
        assert_eq!(second.headers().get("From"), first.headers().get("From"));
        assert_ne!(second.headers().get("CSeq"), first.headers().get("CSeq"));
        assert_ne!(second.headers().get("Via"), first.headers().get("Via"));
        assert_eq!(second.headers().get_all("Via").count(), 1);
        raw.respond(&second, status, &challenge, "");
        raw.sent_request(Method::Ack);
        assert_eq!(
            raw.ended(),
            LegEnd::Refused(status),
            "rejected credentials are not repeated"
        );
        raw.expect_nothing_left();
    }
}

#[test]
fn without_credentials_a_challenge_is_a_refusal() {
    let mut raw = Raw::new();
    place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(
        &invite,
        401,
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\n",
        "",
    );
    assert_eq!(raw.ended(), LegEnd::Refused(401));
}

#[test]
fn an_outbound_proxy_is_the_first_route_and_the_next_hop() {
    let mut raw = Raw::new();
    place(&mut raw, |invite| {
        invite.uri = "sip:+4912345@carrier.example".to_owned();
        invite.route = Some("sip:10.0.0.8:5090".to_owned());
    });
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, crate::raw::address("10.0.0.8:5090"));
    let hookflash_sip::Message::Request(invite) = sent.message else {
        panic!()
    };
    assert_eq!(invite.uri(), "sip:+4912345@carrier.example");
    assert_eq!(
        invite.headers().get("Route"),
        Some("<sip:10.0.0.8:5090;lr>")
    );
}

#[test]
fn c6_a_header_of_the_stack_cannot_be_given() {
    let mut raw = Raw::new();
    let invite = OutgoingInvite {
        uri: "sip:bob@10.0.0.9".to_owned(),
        from: "<sip:us@10.0.0.1>".to_owned(),
        to: "<sip:bob@10.0.0.9>".to_owned(),
        headers: vec![("m".to_owned(), "<sip:evil@x>".to_owned())],
        ..OutgoingInvite::default()
    };
    assert!(raw.endpoint.invite(raw.now, invite).is_err());
    assert!(raw.is_silent());
    assert_eq!(raw.endpoint.leg_count(), 0);
}

#[test]
fn a_peer_that_pretends_to_be_ever_more_forks_is_not_followed() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    let respond_as = |raw: &mut Raw, status: u16, fork: u32| {
        let value = |name: &'static str| invite.headers().get(name).unwrap().to_owned();
        let text = format!(
            "SIP/2.0 {status} R\nVia: {}\nFrom: {}\nTo: {};tag=fork{fork}\nCall-ID: {}\n\
             CSeq: {}\n{ANSWER}\n{SDP}",
            value("Via"),
            value("From"),
            value("To"),
            value("Call-ID"),
            value("CSeq"),
        );
        raw.receive(&text);
    };
    for fork in 0..100 {
        respond_as(&mut raw, 180, fork);
    }
    assert_eq!(raw.endpoint.census().dialogs, 32);
    for fork in 0..100 {
        respond_as(&mut raw, 200, fork);
    }
    // For each fork an ACK, and a BYE for all but the one that won.
    assert_eq!(raw.sent.len(), 32 + 31);
    assert!(raw.endpoint.is_confirmed(leg));
    assert_eq!(raw.endpoint.census().dialogs, 1);
}
