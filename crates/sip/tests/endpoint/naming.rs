//! Calls to names, with DNS asked record by record, and servers that are dead.

use hookflash_sip::locate::{DnsAnswer, Record, RecordKind, Srv};
use hookflash_sip::{DnsQuery, EndpointConfig, LegEnd, Method, Transport};

use crate::outgoing::{ANSWER, place};
use crate::raw::{Raw, SDP, address, config, seconds};

fn asking() -> Raw {
    Raw::with(EndpointConfig {
        asks_dns: true,
        ..config()
    })
}

fn queries(raw: &mut Raw) -> Vec<DnsQuery> {
    std::iter::from_fn(|| raw.endpoint.poll_dns()).collect()
}

/// Answers everything that is asked: two servers behind SRV.
fn serve(raw: &mut Raw) {
    loop {
        let asked = queries(raw);
        if asked.is_empty() {
            return;
        }
        for query in asked {
            let name = query.question.name.as_str();
            let records = match (query.question.kind, name) {
                (RecordKind::Srv, "_sip._udp.carrier.example") => [(1, "a"), (2, "b")]
                    .map(|(priority, host)| {
                        Record::Srv(Srv {
                            priority,
                            weight: 0,
                            port: 5060,
                            target: format!("{host}.carrier.example"),
                        })
                    })
                    .into(),
                (RecordKind::A, "a.carrier.example") => {
                    vec![Record::Address("10.0.0.21".parse().unwrap())]
                }
                (RecordKind::A, "b.carrier.example") => {
                    vec![Record::Address("10.0.0.22".parse().unwrap())]
                }
                _ => Vec::new(),
            };
            let answer = DnsAnswer::Records(records);
            raw.endpoint.handle_dns(raw.now, query.id, answer);
        }
    }
}

fn call(raw: &mut Raw) -> hookflash_sip::LegId {
    let leg = place(raw, |invite| {
        invite.uri = "sip:bob@carrier.example".to_owned();
        invite.server_timeout = Some(seconds(4));
    });
    serve(raw);
    leg
}

#[test]
fn the_records_are_asked_for_and_the_first_server_is_called() {
    let mut raw = asking();
    call(&mut raw);
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("10.0.0.21:5060"));
    assert_eq!(sent.flow.transport, Transport::Udp);
    assert_eq!(raw.endpoint.server_name(sent.id), Some("carrier.example"));
}

#[test]
fn a_dead_server_costs_its_patience_once_and_is_tried_last_until_that_is_forgotten() {
    let mut raw = asking();
    call(&mut raw);
    raw.wait(seconds(4));
    let last = raw.sent.pop_back().unwrap();
    assert_eq!(last.flow.remote, address("10.0.0.22:5060"));
    let hookflash_sip::Message::Request(invite) = last.message else {
        panic!()
    };
    raw.respond(&invite, 486, "", "");
    assert_eq!(raw.ended(), LegEnd::Refused(486));
    raw.sent.clear();
    call(&mut raw);
    assert_eq!(raw.next_sent().flow.remote, address("10.0.0.22:5060"));
    raw.expect_nothing_left();
    raw.sent.clear();
    call(&mut raw);
    assert_eq!(raw.next_sent().flow.remote, address("10.0.0.21:5060"));
    raw.expect_nothing_left();
}

#[test]
fn the_last_server_has_its_full_time_when_there_is_nobody_else_to_try() {
    let mut raw = asking();
    place(&mut raw, |invite| {
        invite.uri = "sip:bob@carrier.example".to_owned();
        invite.server_timeout = Some(seconds(4));
        invite.last_server_waits = true;
    });
    serve(&mut raw);
    assert_eq!(raw.next_sent().flow.remote, address("10.0.0.21:5060"));
    raw.wait(seconds(4));
    let second = raw.sent.pop_back().unwrap();
    assert_eq!(second.flow.remote, address("10.0.0.22:5060"));
    raw.wait(seconds(20));
    let hookflash_sip::Message::Request(invite) = second.message else {
        panic!()
    };
    raw.respond(&invite, 486, "", "");
    assert_eq!(raw.ended(), LegEnd::Refused(486));
}

#[test]
fn a_single_server_has_its_full_time_and_no_more() {
    let mut raw = Raw::new();
    place(&mut raw, |invite| {
        invite.server_timeout = Some(seconds(4));
        invite.last_server_waits = true;
    });
    raw.wait(seconds(31));
    assert!(raw.events.is_empty(), "{:?}", raw.events);
    raw.wait(seconds(1));
    assert_eq!(raw.ended(), LegEnd::NoAnswer);
}

#[test]
fn when_all_servers_are_dead_the_call_ends_once_and_the_next_call_tries_them_again() {
    let mut raw = asking();
    for _ in 0..2 {
        call(&mut raw);
        raw.wait(seconds(8));
        let ends = std::iter::from_fn(|| raw.events.pop_front());
        let ends: Vec<_> = ends.map(|(_, event)| format!("{event:?}")).collect();
        assert_eq!(ends, ["Ended(NoAnswer)", "Released"]);
    }
    raw.expect_nothing_left();
}

#[test]
fn a_server_that_answers_after_its_time_is_cancelled_and_its_answer_acknowledged() {
    let mut raw = asking();
    call(&mut raw);
    let first = raw.sent_request(Method::Invite);
    raw.wait(seconds(4));
    raw.sent.clear();
    raw.respond(&first, 180, "", "");
    let cancel = raw.sent_request(Method::Cancel);
    assert_eq!(cancel.headers().get("Via"), first.headers().get("Via"));
    raw.respond(&first, 487, "", "");
    let ack = raw.sent_request(Method::Ack);
    assert_eq!(ack.headers().get("Via"), first.headers().get("Via"));
    assert!(raw.events.is_empty(), "the call goes on elsewhere");
    raw.wait(seconds(4));
    assert_eq!(raw.ended(), LegEnd::NoAnswer);
    raw.expect_nothing_left();
}

#[test]
fn a_2xx_after_the_call_was_given_up_gets_its_ack_and_a_bye() {
    let mut raw = Raw::new();
    place(&mut raw, |invite| invite.server_timeout = Some(seconds(4)));
    let invite = raw.sent_request(Method::Invite);
    raw.wait(seconds(5));
    assert_eq!(raw.ended(), LegEnd::NoAnswer);
    raw.sent.clear();
    raw.respond(&invite, 180, "", "");
    raw.sent_request(Method::Cancel);
    raw.respond(&invite, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    raw.respond(&invite, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    assert!(raw.is_silent(), "one BYE is enough");
    raw.expect_nothing_left();
}

#[test]
fn retry_after_says_for_how_long_a_server_is_left_alone() {
    let mut raw = asking();
    call(&mut raw);
    let first = raw.sent_request(Method::Invite);
    raw.respond(&first, 503, "Retry-After: 120\n", "");
    raw.sent_request(Method::Ack);
    let second = raw.sent_request(Method::Invite);
    raw.respond(&second, 404, "", "");
    raw.wait(seconds(100));
    raw.sent.clear();
    call(&mut raw);
    assert_eq!(raw.next_sent().flow.remote, address("10.0.0.22:5060"));
}

#[test]
fn a_resolver_that_never_answers_ends_the_call_once() {
    let mut raw = asking();
    place(&mut raw, |invite| {
        invite.uri = "sip:bob@carrier.example".to_owned();
    });
    let asked = queries(&mut raw);
    raw.wait(seconds(6));
    assert!(matches!(raw.ended(), LegEnd::TransportLost(_)));
    for query in asked {
        raw.endpoint
            .handle_dns(raw.now, query.id, DnsAnswer::Nothing);
    }
    assert!(raw.is_silent() && queries(&mut raw).is_empty());
    raw.expect_nothing_left();
}

#[test]
fn a_name_without_anything_behind_it_ends_the_call_once() {
    let mut raw = asking();
    place(&mut raw, |invite| {
        invite.uri = "sip:bob@nowhere.example".to_owned()
    });
    serve(&mut raw);
    let why = "nowhere.example cannot be reached: DNS knows no address of it";
    assert_eq!(raw.ended(), LegEnd::TransportLost(why.to_owned()));
    assert!(raw.is_silent());
    raw.expect_nothing_left();
}

#[test]
fn a_call_taken_back_while_its_name_is_looked_for_leaves_nothing() {
    let mut raw = asking();
    let leg = place(&mut raw, |invite| {
        invite.uri = "sip:bob@carrier.example".to_owned();
    });
    let asked = queries(&mut raw);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.ended(), LegEnd::Local);
    for query in asked {
        raw.endpoint
            .handle_dns(raw.now, query.id, DnsAnswer::Nothing);
    }
    assert!(raw.is_silent() && queries(&mut raw).is_empty());
    raw.expect_nothing_left();
}

#[test]
fn a_transport_that_we_do_not_listen_on_is_no_way() {
    for uri in ["sips:bob@10.0.0.9", "sip:bob@10.0.0.9;transport=ws"] {
        let mut raw = Raw::new();
        place(&mut raw, |invite| invite.uri = uri.to_owned());
        assert!(raw.is_silent(), "{uri}");
        assert!(matches!(raw.ended(), LegEnd::TransportLost(_)), "{uri}");
        raw.expect_nothing_left();
    }
}

#[test]
fn each_server_that_is_tried_stands_in_the_journal() {
    let mut raw = Raw::with(EndpointConfig {
        asks_dns: true,
        wire_events: true,
        ..config()
    });
    call(&mut raw);
    raw.wait(seconds(7));
    let places: Vec<String> = raw
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            hookflash_sip::Event::Wire(wire) => {
                Some(format!("{} {}", wire.summary(), wire.flow.remote))
            }
            _ => None,
        })
        .collect();
    assert_eq!(places, ["INVITE 10.0.0.21:5060", "INVITE 10.0.0.22:5060"]);
}

#[test]
fn a_bye_to_a_name_has_its_full_time_once_the_name_is_known() {
    let mut raw = asking();
    raw.contact = "<sip:peer@carrier.example>".to_owned();
    let leg = raw.call();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    raw.wait(seconds(3));
    serve(&mut raw);
    raw.wait(seconds(20));
    assert!(raw.events.is_empty(), "there is still time for an answer");
    raw.sent.clear();
    raw.wait(seconds(4));
    let hookflash_sip::Message::Request(bye) = raw.next_sent().message else {
        panic!()
    };
    raw.respond(&bye, 200, "", "");
    assert_eq!(raw.ended(), LegEnd::Local);
    raw.expect_nothing_left();
}

#[test]
fn whoever_challenged_gets_the_answer_among_servers_that_are_equal() {
    let mut raw = asking();
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n";
    let equals = |raw: &mut Raw| {
        while let Some(query) = raw.endpoint.poll_dns() {
            let address = |last| Record::Address([10, 0, 0, last].into());
            let server = |host: &str| {
                Record::Srv(Srv {
                    priority: 1,
                    weight: 10,
                    port: 5060,
                    target: format!("{host}.example"),
                })
            };
            let records = match (query.question.kind, query.question.name.as_str()) {
                (RecordKind::Srv, "_sip._udp.carrier.example") => ["a", "b"].map(server).into(),
                (RecordKind::A, "a.example") => vec![address(21)],
                (RecordKind::A, "b.example") => vec![address(22)],
                _ => Vec::new(),
            };
            let answer = DnsAnswer::Records(records);
            raw.endpoint.handle_dns(raw.now, query.id, answer);
        }
        raw.drain();
    };
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..20 {
        place(&mut raw, |invite| {
            invite.uri = "sip:bob@carrier.example".to_owned();
            invite.credentials = vec![crate::pair::credentials()];
        });
        equals(&mut raw);
        let sent = raw.next_sent();
        first.insert(sent.flow.remote);
        let hookflash_sip::Message::Request(invite) = sent.message else {
            panic!()
        };
        raw.flow.remote = sent.flow.remote;
        raw.respond(&invite, 401, challenge, "");
        raw.sent_request(Method::Ack);
        equals(&mut raw);
        let again = raw.next_sent();
        assert_eq!(again.flow.remote, sent.flow.remote);
        let hookflash_sip::Message::Request(invite) = again.message else {
            panic!()
        };
        raw.respond(&invite, 486, "", "");
        raw.sent_request(Method::Ack);
    }
    assert_eq!(first.len(), 2, "calls are spread over both");
    raw.expect_nothing_left();
}

#[test]
fn a_server_that_comes_late_to_a_call_refused_elsewhere_is_seen_off_all_the_same() {
    let mut raw = asking();
    call(&mut raw);
    let first = raw.sent_request(Method::Invite);
    raw.wait(seconds(4));
    let hookflash_sip::Message::Request(second) = raw.sent.pop_back().unwrap().message else {
        panic!()
    };
    raw.sent.clear();
    raw.respond(&second, 486, "", "");
    raw.sent_request(Method::Ack);
    assert_eq!(raw.ended(), LegEnd::Refused(486));
    raw.respond(&first, 180, "", "");
    raw.sent_request(Method::Cancel);
    raw.respond(&first, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    let bye = raw.sent_request(Method::Bye);
    raw.respond(&bye, 200, "", "");
    raw.respond(&first, 200, ANSWER, SDP);
    raw.sent_request(Method::Ack);
    assert!(raw.is_silent(), "one BYE is enough");
    raw.expect_nothing_left();
}

#[test]
fn the_ring_timeout_counts_while_the_name_is_looked_for() {
    let mut raw = asking();
    place(&mut raw, |invite| {
        invite.uri = "sip:bob@carrier.example".to_owned();
        invite.ring_timeout = Some(seconds(2));
    });
    raw.wait(seconds(2));
    assert_eq!(raw.ended(), LegEnd::NoAnswer);
    serve(&mut raw);
    assert!(raw.is_silent());
    raw.expect_nothing_left();
}

#[test]
fn a_dead_registrar_gives_way_to_the_next_and_that_one_is_kept() {
    let mut raw = asking();
    let wanted = hookflash_sip::OutgoingRegistration {
        registrar: "sip:carrier.example".to_owned(),
        aor: "<sip:trunk@carrier.example>".to_owned(),
        server_timeout: Some(seconds(4)),
        ..hookflash_sip::OutgoingRegistration::default()
    };
    raw.endpoint.register(raw.now, wanted).unwrap();
    serve(&mut raw);
    assert_eq!(raw.next_sent().flow.remote, address("10.0.0.21:5060"));
    raw.wait(seconds(4));
    let last = raw.sent.pop_back().unwrap();
    assert_eq!(last.flow.remote, address("10.0.0.22:5060"));
    let hookflash_sip::Message::Request(register) = last.message else {
        panic!()
    };
    raw.sent.clear();
    raw.respond(&register, 200, "Expires: 60\n", "");
    let news = raw.endpoint.poll_registration();
    assert!(matches!(
        news,
        Some((_, hookflash_sip::RegistrationEvent::Registered { .. }))
    ));
    while raw.is_silent() {
        raw.wait(seconds(1));
        serve(&mut raw);
    }
    let refresh = raw.next_sent();
    assert_eq!(refresh.flow.remote, address("10.0.0.22:5060"));
}
