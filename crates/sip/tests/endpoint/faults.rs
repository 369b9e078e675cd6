//! What goes wrong with calls that we place. Each ends once, and nothing of it stays.

use bytes::Bytes;
use hookflash_sip::trunk::{Callee, Trunk, Trunks, Way};
use hookflash_sip::{Event, LegEnd, LegId, Method, Request, Uri};

use crate::outgoing::{ANSWER, place};
use crate::pair::{Pair, credentials};
use crate::raw::{Raw, SDP, address, seconds};

/// The leg has ended once, like this, and nothing is left of it.
fn expect_one_end(raw: &mut Raw, leg: LegId, end: &LegEnd) {
    raw.expect_nothing_left();
    let ends = raw.events.iter().filter_map(|(id, event)| match event {
        Event::Ended(end) if *id == leg => Some(end.clone()),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), std::slice::from_ref(end));
}

fn as_fork(invite: &Request, tag: &str) -> Request {
    let mut fork = invite.clone();
    let to = format!("<sip:bob@10.0.0.9>;tag={tag}");
    fork.headers_mut().set("To", &to);
    fork
}

#[test]
fn a_call_that_rings_too_long_is_cancelled() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| invite.ring_timeout = Some(seconds(20)));
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 180, "", "");
    raw.wait(seconds(20));
    let cancel = raw.sent_request(Method::Cancel);
    raw.respond(&cancel, 200, "", "");
    raw.respond(&invite, 487, "", "");
    raw.sent_request(Method::Ack);
    expect_one_end(&mut raw, leg, &LegEnd::NoAnswer);
}

#[test]
fn the_ring_timeout_goes_on_through_challenges_and_redirections() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| {
        invite.ring_timeout = Some(seconds(20));
        invite.credentials = vec![credentials()];
        invite.redirects.most = 2;
    });
    let first = raw.sent_request(Method::Invite);
    raw.wait(seconds(9));
    raw.sent.clear();
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n";
    raw.respond(&first, 401, challenge, "");
    raw.sent_request(Method::Ack);
    let second = raw.sent_request(Method::Invite);
    raw.wait(seconds(9));
    raw.sent.clear();
    raw.respond(&second, 302, "Contact: <sip:c@10.0.0.10>\n", "");
    raw.sent_request(Method::Ack);
    let third = raw.sent_request(Method::Invite);
    raw.respond(&third, 180, "", "");
    raw.wait(seconds(2));
    raw.sent_request(Method::Cancel);
    raw.respond(&third, 487, "", "");
    expect_one_end(&mut raw, leg, &LegEnd::NoAnswer);
}

#[test]
fn a_200_that_crosses_the_cancel_of_a_ring_timeout_is_ended_and_never_reported() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| invite.ring_timeout = Some(seconds(20)));
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 180, "", "");
    raw.wait(seconds(20));
    raw.sent_request(Method::Cancel);
    raw.respond(&invite, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    let answered = |event: &Event| matches!(event, Event::Answered(_));
    assert!(!raw.events.iter().any(|(_, event)| answered(event)));
    expect_one_end(&mut raw, leg, &LegEnd::NoAnswer);
}

#[test]
fn an_answer_stops_the_ring_timeout() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| invite.ring_timeout = Some(seconds(20)));
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    raw.wait(seconds(100));
    assert!(raw.is_silent() && raw.endpoint.is_confirmed(leg));
}

#[test]
fn a_hang_up_at_the_moment_of_the_ring_timeout_counts_once() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| invite.ring_timeout = Some(seconds(20)));
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 180, "", "");
    raw.wait(seconds(20));
    assert!(raw.endpoint.hang_up(raw.now, leg, &[]).is_err());
    raw.sent_request(Method::Cancel);
    assert!(raw.is_silent());
    raw.respond(&invite, 487, "", "");
    expect_one_end(&mut raw, leg, &LegEnd::NoAnswer);
}

#[test]
fn after_a_hang_up_no_further_server_is_tried() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| {
        invite.uri = "sip:bob@carrier.example".to_owned();
        invite.server_timeout = Some(seconds(3));
    });
    let question = raw.endpoint.poll_resolve().unwrap();
    let targets = ["10.0.0.21:5060", "10.0.0.22:5060"].map(address);
    let targets = targets.map(|target| (hookflash_sip::Transport::Udp, target));
    raw.endpoint
        .handle_resolved(raw.now, question.id, targets.into());
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    raw.wait(seconds(40));
    let elsewhere = |sent: &crate::raw::Sent| sent.flow.remote == address("10.0.0.22:5060");
    assert!(!raw.sent.iter().any(elsewhere));
    expect_one_end(&mut raw, leg, &LegEnd::Local);
}

#[test]
fn two_2xx_from_forks_leave_one_call_and_its_end_is_one() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    let (winner, loser) = (as_fork(&invite, "one"), as_fork(&invite, "two"));
    for fork in [&winner, &loser] {
        raw.respond(fork, 180, "Contact: <sip:bob@10.0.0.9>\n", "");
    }
    assert_eq!(raw.endpoint.census().dialogs, 2);
    raw.respond(&winner, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    for _ in 0..3 {
        raw.respond(&loser, 200, "Contact: <sip:bob2@10.0.0.10>\n", SDP);
    }
    let methods: Vec<String> = std::iter::from_fn(|| raw.sent.pop_front())
        .map(|sent| match sent.message {
            hookflash_sip::Message::Request(request) => request.method().to_string(),
            hookflash_sip::Message::Response(response) => response.status().to_string(),
        })
        .collect();
    assert_eq!(methods, ["ACK", "BYE", "ACK", "ACK"]);
    assert_eq!(raw.endpoint.census().dialogs, 1);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    expect_one_end(&mut raw, leg, &LegEnd::Local);
}

#[test]
fn a_peer_that_never_answers_bye_is_left_behind() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 200, ANSWER, SDP);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    expect_one_end(&mut raw, leg, &LegEnd::Local);
}

#[test]
fn a_peer_that_never_acknowledges_is_hung_up_on_and_left_behind() {
    let mut raw = Raw::new();
    let leg = raw.invite("");
    raw.endpoint
        .answer(raw.now, leg, &[], Bytes::from_static(SDP.as_bytes()))
        .unwrap();
    expect_one_end(&mut raw, leg, &LegEnd::NoAck);
}

#[test]
fn a_peer_that_answers_every_invite_with_401_is_refused_once() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| invite.credentials = vec![credentials()]);
    raw.drain();
    let mut invites = 0;
    while let Some(sent) = raw.sent.pop_front() {
        let hookflash_sip::Message::Request(request) = sent.message else {
            panic!()
        };
        if *request.method() == Method::Invite {
            invites += 1;
            assert!(invites < 20, "no end in sight");
            let challenge = format!(
                "WWW-Authenticate: Digest realm=\"r\", nonce=\"n{invites}\", stale=true, \
                 qop=\"auth\"\n"
            );
            raw.respond(&request, 401, &challenge, "");
        }
    }
    assert!(invites > 1);
    expect_one_end(&mut raw, leg, &LegEnd::Refused(401));
}

#[test]
fn a_challenge_that_crosses_our_cancel_is_not_answered() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| invite.credentials = vec![credentials()]);
    let invite = raw.sent_request(Method::Invite);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n";
    raw.respond(&invite, 401, challenge, "");
    raw.sent_request(Method::Ack);
    assert!(raw.is_silent());
    expect_one_end(&mut raw, leg, &LegEnd::Local);
}

#[test]
fn a_collision_is_a_refusal_of_a_first_invite() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(&invite, 491, "", "");
    expect_one_end(&mut raw, leg, &LegEnd::Refused(491));
}

#[test]
fn a_peer_that_does_not_know_the_100rel_that_we_require_refuses_once() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |invite| {
        let required = ("Require".to_owned(), "100rel".to_owned());
        invite.headers.push(required);
    });
    let invite = raw.sent_request(Method::Invite);
    assert_eq!(invite.headers().get("Require"), Some("100rel"));
    raw.respond(&invite, 420, "Unsupported: 100rel\n", "");
    expect_one_end(&mut raw, leg, &LegEnd::Refused(420));
}

#[test]
fn an_answer_in_a_reliable_183_counts_for_a_200_without_sdp() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    let (one, two) = (as_fork(&invite, "one"), as_fork(&invite, "two"));
    let early = |rseq| format!("{ANSWER}Require: 100rel\nRSeq: {rseq}\n");
    raw.respond(&one, 183, &early(7), SDP);
    let prack = raw.sent_request(Method::Prack);
    raw.respond(&prack, 200, "", "");
    let other_sdp = SDP.replace("4000", "4002");
    raw.respond(&two, 183, &early(1), &other_sdp);
    let prack = raw.sent_request(Method::Prack);
    raw.respond(&prack, 200, "", "");
    assert_eq!(raw.endpoint.early_answer(leg), None);
    raw.respond(&one, 200, "Contact: <sip:bob@10.0.0.9>\n", "");
    raw.sent_request(Method::Ack);
    let answer = raw.endpoint.early_answer(leg).unwrap();
    assert!(
        String::from_utf8_lossy(&answer).contains("4000"),
        "that of the fork which won"
    );
}

#[test]
fn a_183_with_early_media_and_without_tag_is_reported_and_makes_no_dialog() {
    let mut raw = Raw::new();
    place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    let header = |name: &'static str| invite.headers().get(name).unwrap().to_owned();
    let text = format!(
        "SIP/2.0 183 Session Progress\nVia: {}\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {}\n\
         Require: 100rel\nRSeq: 1\nContent-Type: application/sdp\n\n{SDP}",
        header("Via"),
        header("From"),
        header("To"),
        header("Call-ID"),
        header("CSeq"),
    );
    raw.receive(&text);
    assert!(matches!(raw.event(), Event::Progress(response) if response.status() == 183));
    assert!(raw.is_silent(), "without a dialog there is no PRACK");
    assert_eq!(raw.endpoint.census().dialogs, 0);
}

#[test]
fn a_peer_that_never_answers_prack_leaves_nothing() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, |_| {});
    let invite = raw.sent_request(Method::Invite);
    raw.respond(
        &invite,
        180,
        "Require: 100rel\nRSeq: 1\nContact: <sip:b@10.0.0.9>\n",
        "",
    );
    raw.sent_request(Method::Prack);
    raw.respond(&invite, 486, "", "");
    expect_one_end(&mut raw, leg, &LegEnd::Refused(486));
}

#[test]
fn a_phone_behind_translation_is_reached_by_its_flow_only() {
    let mut raw = Raw::new();
    let behind = hookflash_sip::Flow {
        remote: address("10.0.0.9:40123"),
        ..raw.flow
    };
    let leg = place(&mut raw, |invite| {
        invite.uri = "sip:desk@192.168.1.7:5062".to_owned();
        invite.flow = Some(behind);
        invite.keeps_flow = true;
    });
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, behind.remote);
    let hookflash_sip::Message::Request(invite) = sent.message else {
        panic!()
    };
    raw.flow = behind;
    raw.respond(&invite, 200, "Contact: <sip:desk@192.168.1.7:5062>\n", SDP);
    assert_eq!(raw.next_sent().flow.remote, behind.remote, "ACK");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.next_sent().flow.remote, behind.remote, "BYE");
    expect_one_end(&mut raw, leg, &LegEnd::Local);
}

#[test]
fn identity_and_privacy_headers_go_out_as_they_were_given() {
    let mut raw = Raw::new();
    let given = [
        ("P-Asserted-Identity", "\"Shop\" <sip:+4420@example.com>"),
        ("Remote-Party-ID", "<sip:+4420@example.com>;privacy=full"),
        ("Privacy", "id"),
        ("Diversion", "<sip:+4421@example.com>;reason=unconditional"),
        ("User-to-User", "48656c6c6f;encoding=hex"),
    ];
    place(&mut raw, |invite| {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        invite.headers = given.map(owned).into();
    });
    let invite = raw.sent_request(Method::Invite);
    for (name, value) in given {
        assert_eq!(invite.headers().get(name), Some(value));
        assert!(!hookflash_sip::is_owned_header(name));
    }
    assert!(hookflash_sip::is_owned_header("v") && hookflash_sip::is_owned_header("call-id"));
}

#[test]
fn whenever_a_call_is_given_up_it_ends_once_on_both_sides() {
    for seed in 0..60 {
        let mut pair = Pair::new(1000 + seed);
        pair.faults.loss = 20;
        pair.faults.jitter = 40;
        let patience = std::time::Duration::from_millis(20 + 37 * seed);
        let a = pair.invite(|invite| invite.ring_timeout = Some(patience));
        for _ in 0..40 {
            pair.step();
            if pair.b.incoming().is_some() {
                let b = pair.b.take_incoming();
                // What comes first, the answer or the CANCEL, is the network's choice.
                let ring = pair.b.endpoint.progress(pair.now, b, 180, &[], None);
                if ring.is_ok() && seed % 3 != 0 {
                    let _ = pair.b.endpoint.answer(pair.now, b, &[], crate::pair::sdp());
                }
            }
        }
        pair.drive(seconds(200));
        if pair.a.endpoint.is_alive(a) {
            let _ = pair.a.endpoint.hang_up(pair.now, a, &[]);
        }
        pair.drive(seconds(200));
        let ends = |side: &crate::pair::Side| {
            let ended = |(_, event): &&(LegId, Event)| matches!(event, Event::Ended(_));
            side.events.iter().filter(ended).count()
        };
        assert_eq!(ends(&pair.a), 1, "seed {seed}");
        if let Some(b) = pair.b.events.front().map(|(leg, _)| *leg) {
            if pair.b.endpoint.is_alive(b) {
                let _ = pair.b.endpoint.hang_up(pair.now, b, &[]);
            }
            pair.drive(seconds(200));
            assert_eq!(ends(&pair.b), 1, "seed {seed}");
        }
        pair.expect_nothing_left();
    }
}

#[test]
fn a_dead_trunk_gives_way_to_the_next_and_is_tried_last_by_the_next_call() {
    let trunk = |name: &str, uri: &str| Trunk {
        name: name.to_owned(),
        uri: Uri::parse(uri).unwrap(),
        numbers: vec!["+44*".to_owned()],
        hosts: Vec::new(),
    };
    let mut trunks = Trunks::new(vec![
        trunk("dead", "sip:10.0.0.21"),
        trunk("alive", "sip:10.0.0.22"),
    ]);
    let callee = Callee::parse("+442079460000").unwrap();
    let mut raw = Raw::new();
    for expected in [vec![0, 1], vec![1, 0]] {
        let Way::Trunks(order) = trunks.way(raw.now, &callee) else {
            panic!("no trunk")
        };
        assert_eq!(order, expected);
        for trunk in order {
            let target = trunks.target(trunk, &callee).unwrap();
            let leg = place(&mut raw, |invite| {
                invite.uri = target.uri;
                invite.route = target.route;
                invite.server_timeout = Some(seconds(3));
            });
            let invite = raw.sent_request(Method::Invite);
            match trunk {
                0 => raw.wait(seconds(3)),
                _ => {
                    raw.respond(&invite, 180, "", "");
                    raw.respond(&invite, 486, "", "");
                }
            }
            let end = raw.ended();
            let goes_on = trunks.ended(raw.now, trunk, &end, trunk == 1, seconds(60));
            assert_eq!(goes_on, trunk == 0);
            assert!(!raw.endpoint.is_alive(leg));
            raw.sent.clear();
            if !goes_on {
                break;
            }
        }
    }
    raw.expect_nothing_left();
}

#[test]
fn an_invite_that_was_given_up_is_not_sent_again_when_its_connection_closes() {
    let mut raw = Raw::new();
    raw.flow.transport = hookflash_sip::Transport::Tcp;
    raw.flow.connection = hookflash_sip::ConnectionId(7);
    let flow = raw.flow;
    let leg = place(&mut raw, |invite| {
        invite.flow = Some(flow);
        invite.server_timeout = Some(seconds(3));
    });
    raw.sent_request(Method::Invite);
    raw.wait(seconds(4));
    raw.endpoint
        .handle_connection_closed(raw.now, hookflash_sip::ConnectionId(7));
    assert!(raw.is_silent());
    expect_one_end(&mut raw, leg, &LegEnd::NoAnswer);
}
