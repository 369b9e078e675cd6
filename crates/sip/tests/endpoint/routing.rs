//! Ways: route sets, addresses, names, transports.

use hookflash_sip::{
    ConnectionId, Event, Flow, LegEnd, Message, Method, OutgoingInvite, OutgoingRefer, Transport,
};

use crate::pair::{Pair, sdp};
use crate::raw::{Raw, SDP, address, header, seconds};

fn refer() -> OutgoingRefer {
    OutgoingRefer {
        refer_to: "<sip:t@h>".to_owned(),
        ..OutgoingRefer::default()
    }
}

fn place(raw: &mut Raw, uri: &str) -> hookflash_sip::LegId {
    let invite = OutgoingInvite {
        uri: uri.to_owned(),
        from: "<sip:us@10.0.0.1>".to_owned(),
        to: format!("<{uri}>"),
        body: Some(sdp()),
        ..OutgoingInvite::default()
    };
    raw.endpoint.invite(raw.now, invite).unwrap()
}

fn routes(request: &hookflash_sip::Request) -> Vec<&str> {
    request.headers().get_list("Route").collect()
}

#[test]
fn c21_as_called_party_requests_follow_record_route_in_order() {
    let mut raw = Raw::new();
    let leg = raw.call_with("Record-Route: <sip:10.0.0.7;lr>\nRecord-Route: <sip:10.0.0.8;lr>\n");
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("10.0.0.7:5060"));
    let Message::Request(request) = sent.message else {
        panic!()
    };
    assert_eq!(request.uri(), "sip:peer@10.0.0.9");
    assert_eq!(routes(&request), ["<sip:10.0.0.7;lr>", "<sip:10.0.0.8;lr>"]);
}

#[test]
fn the_2xx_repeats_record_route() {
    let mut raw = Raw::new();
    let leg = raw.invite("Record-Route: <sip:10.0.0.7;lr>\n");
    raw.response();
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    assert_eq!(header(&raw.response(), "Record-Route"), "<sip:10.0.0.7;lr>");
}

#[test]
fn c21_as_caller_requests_follow_record_route_in_reverse() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, "sip:bob@10.0.0.9");
    let invite = raw.sent_request(Method::Invite);
    let extra = "Record-Route: <sip:10.0.0.8;lr>, <sip:10.0.0.7;lr>\nContact: <sip:bob@10.0.0.6>\n";
    raw.respond(&invite, 200, extra, SDP);
    let ack = raw.next_sent();
    assert_eq!(ack.flow.remote, address("10.0.0.7:5060"));
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    let request = raw.sent_request(Method::Refer);
    assert_eq!(request.uri(), "sip:bob@10.0.0.6");
    assert_eq!(routes(&request), ["<sip:10.0.0.7;lr>", "<sip:10.0.0.8;lr>"]);
}

#[test]
fn c21_a_strict_router_finds_itself_in_the_request_uri() {
    let mut raw = Raw::new();
    let leg = raw.call_with("Record-Route: <sip:10.0.0.7:5070>, <sip:10.0.0.8;lr>\n");
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("10.0.0.7:5070"));
    let Message::Request(request) = sent.message else {
        panic!()
    };
    assert_eq!(request.uri(), "sip:10.0.0.7:5070");
    assert_eq!(
        routes(&request),
        ["<sip:10.0.0.8;lr>", "<sip:peer@10.0.0.9>"]
    );
}

#[test]
fn c54_a_notify_moves_the_remote_target() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    raw.sent_request(Method::Refer);
    raw.cseq += 1;
    let extra = "Event: refer\nSubscription-State: active\nContact: <sip:new@10.0.0.5:5070>\n";
    raw.in_dialog("NOTIFY", "n", extra, "SIP/2.0 100 Trying\n");
    raw.response();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("10.0.0.5:5070"));
}

#[test]
fn c147_c148_c149_a_request_may_come_from_elsewhere_and_is_answered_there() {
    let mut raw = Raw::new();
    let leg = raw.call();
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    raw.sent_request(Method::Refer);
    raw.flow.remote = address("192.0.2.77:41000");
    raw.cseq += 1;
    raw.in_dialog(
        "NOTIFY",
        "n",
        "Event: refer\nSubscription-State: active\n",
        "SIP/2.0 100 T\n",
    );
    let sent = raw.next_sent();
    assert_eq!(sent.flow.remote, address("192.0.2.77:41000"));
    let Message::Response(ok) = sent.message else {
        panic!()
    };
    assert_eq!(ok.status(), 200);
    assert!(header(&ok, "Via").contains("received=192.0.2.77"));
    assert!(header(&ok, "Via").contains("rport=41000"));
    assert!(matches!(raw.event(), Event::Notify(..)));
}

#[test]
fn c152_ipv6_all_the_way() {
    let mut raw = Raw::new();
    raw.flow = Flow {
        transport: Transport::Udp,
        local: address("[2001:db8::1]:5060"),
        remote: address("[2001:db8::9]:5060"),
        connection: ConnectionId::default(),
    };
    let text = format!(
        "INVITE sip:us@[2001:db8::1] SIP/2.0\nVia: SIP/2.0/UDP [2001:db8::9];branch=z9hG4bKx\n\
         From: <sip:p@[2001:db8::9]>;tag=far\nTo: <sip:us@[2001:db8::1]>\nCall-ID: call\n\
         CSeq: 1 INVITE\nContact: <sip:p@[2001:db8::9]:5070>\n\n{SDP}"
    );
    raw.receive(&text);
    let leg = raw.incoming();
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    assert_eq!(raw.next_sent().flow.remote, address("[2001:db8::9]:5060"));
    let ok = raw.response();
    assert_eq!(header(&ok, "Contact"), "<sip:[2001:db8::1]:5060>");
    let to = header(&ok, "To").to_owned();
    raw.receive(&format!(
        "ACK sip:[2001:db8::1] SIP/2.0\nVia: SIP/2.0/UDP [2001:db8::9];branch=z9hG4bKy\n\
         From: <sip:p@[2001:db8::9]>;tag=far\nTo: {to}\nCall-ID: call\nCSeq: 1 ACK\n\n"
    ));
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.next_sent();
    assert_eq!(bye.flow.remote, address("[2001:db8::9]:5070"));
    let Message::Request(bye) = bye.message else {
        panic!()
    };
    assert!(
        bye.headers()
            .get("Via")
            .unwrap()
            .starts_with("SIP/2.0/UDP [2001:db8::1]:5060;")
    );
}

#[test]
fn latin_1_in_a_display_name_goes_back_byte_for_byte() {
    let mut raw = Raw::new();
    let text = format!(
        "INVITE sip:us@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx\r\n\
         From: \"J@rg\" <sip:p@10.0.0.9>;tag=far\r\nTo: <sip:us@10.0.0.1>\r\nCall-ID: call\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:p@10.0.0.9>\r\n\r\n{SDP}"
    );
    let latin: Vec<u8> = text
        .bytes()
        .map(|b| if b == b'@' { 0xf6 } else { b })
        .collect();
    // Only the name's letter is meant; addresses keep theirs.
    let mut bytes = text.clone().into_bytes();
    let at = text.find("J@rg").unwrap() + 1;
    bytes[at] = latin[at];
    raw.receive_bytes(&bytes);
    let leg = raw.incoming();
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    raw.response();
    let ok = raw.next_sent().message.to_bytes();
    assert!(
        ok.windows(4)
            .any(|window| window == [b'J', 0xf6, b'r', b'g'])
    );
}

#[test]
fn a_host_name_is_resolved_and_the_next_target_is_tried_when_one_fails() {
    let mut raw = Raw::new();
    place(&mut raw, "sip:bob@carrier.example");
    assert!(raw.is_silent());
    let question = raw.endpoint.poll_resolve().unwrap();
    assert_eq!(
        (question.host.as_str(), question.port, question.secure),
        ("carrier.example", None, false)
    );
    let targets = ["10.0.0.21:5060", "10.0.0.22:5060"].map(|t| (Transport::Udp, address(t)));
    raw.endpoint
        .handle_resolved(raw.now, question.id, targets.into());
    let first = raw.next_sent();
    assert_eq!(first.flow.remote, address("10.0.0.21:5060"));
    raw.endpoint
        .handle_send_error(raw.now, first.id, "no route to host");
    let second = raw.next_sent();
    assert_eq!(second.flow.remote, address("10.0.0.22:5060"));
    let (Message::Request(first), Message::Request(second)) = (first.message, second.message)
    else {
        panic!()
    };
    assert_ne!(
        first.headers().get("Via"),
        second.headers().get("Via"),
        "a branch of its own"
    );
    raw.respond(&second, 200, "Contact: <sip:bob@10.0.0.22>\n", SDP);
    raw.sent_request(Method::Ack);
}

#[test]
fn a_name_that_cannot_be_resolved_fails_the_call() {
    let mut raw = Raw::new();
    place(&mut raw, "sip:bob@nowhere.example");
    let question = raw.endpoint.poll_resolve().unwrap();
    raw.endpoint
        .handle_resolved(raw.now, question.id, Vec::new());
    assert!(matches!(raw.ended(), LegEnd::TransportLost(_)));
    place(&mut raw, "sip:bob@slow.example");
    raw.wait(seconds(33));
    assert!(
        matches!(raw.ended(), LegEnd::TransportLost(_)),
        "nor does it wait for ever"
    );
    raw.expect_nothing_left();
}

#[test]
fn c20_a_large_request_goes_over_tcp_and_back_to_udp_when_refused() {
    for refused in [false, true] {
        let mut pair = Pair::new(1);
        pair.tcp_refused = refused;
        let (a, b) = pair.call();
        let long = format!("<sip:t@h?X={}>", "y".repeat(4000));
        let refer = OutgoingRefer {
            refer_to: long.clone(),
            ..OutgoingRefer::default()
        };
        pair.a.endpoint.refer(pair.now, a, refer).unwrap();
        pair.until("the phone is asked", |pair| {
            let asked = |event: &Event| match event {
                Event::Refer(_, request) => request.headers().get("Refer-To").map(str::to_owned),
                _ => None,
            };
            pair.b.take(asked).is_some_and(|value| value == long)
        });
        let ways: Vec<Transport> = pair
            .a
            .sent
            .iter()
            .filter(|(_, line)| line.starts_with("REFER"))
            .map(|(transport, _)| *transport)
            .collect();
        match refused {
            false => assert_eq!(ways, [Transport::Tcp]),
            true => assert_eq!(ways, [Transport::Tcp, Transport::Udp]),
        }
        pair.b.endpoint.hang_up(pair.now, b, &[]).unwrap();
        pair.expect_nothing_left();
    }
}

fn over_tcp() -> Raw {
    let mut raw = Raw::new();
    raw.flow = Flow {
        transport: Transport::Tcp,
        local: address("10.0.0.1:5060"),
        remote: address("10.0.0.9:40000"),
        connection: ConnectionId(7),
    };
    raw
}

#[test]
fn over_tcp_answers_use_the_connection_and_a_new_one_when_it_is_gone() {
    let mut raw = over_tcp();
    raw.invite("");
    assert_eq!(raw.next_sent().flow.connection, ConnectionId(7));
    let leg = raw.endpoint_leg();
    raw.endpoint.reject(raw.now, leg, 486, None, &[]).unwrap();
    let busy = raw.next_sent();
    assert_eq!(busy.flow.connection, ConnectionId(7));
    raw.endpoint
        .handle_send_error(raw.now, busy.id, "broken pipe");
    let again = raw.next_sent();
    assert_eq!(again.flow.connection, ConnectionId(0));
    assert_eq!(
        again.flow.remote,
        address("10.0.0.9:5060"),
        "the port in Via"
    );
    raw.wait(seconds(5));
    assert!(raw.is_silent(), "nothing is repeated on a stream");
}

#[test]
fn c85_a_request_on_a_connection_that_closes_is_sent_again_on_a_new_one() {
    let mut raw = over_tcp();
    raw.contact = "<sip:peer@10.0.0.9:40000;transport=tcp>".to_owned();
    let leg = raw.call();
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    assert_eq!(raw.next_sent().flow.connection, ConnectionId(7));
    raw.endpoint
        .handle_connection_closed(raw.now, ConnectionId(9));
    assert!(raw.is_silent(), "another connection is nobody's business");
    raw.endpoint
        .handle_connection_closed(raw.now, ConnectionId(7));
    let again = raw.next_sent();
    assert_eq!(
        (again.flow.connection, again.flow.remote),
        (ConnectionId(0), raw.flow.remote)
    );
    let Message::Request(request) = again.message else {
        panic!()
    };
    raw.respond(&request, 202, "", "");
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.code == 202));
    raw.endpoint
        .handle_connection_closed(raw.now, ConnectionId(7));
    assert!(raw.is_silent(), "what was answered is not sent again");
}

#[test]
fn a_target_that_answers_503_is_acknowledged_and_the_next_is_tried() {
    let mut raw = Raw::new();
    place(&mut raw, "sip:bob@carrier.example");
    let question = raw.endpoint.poll_resolve().unwrap();
    let targets = ["10.0.0.21:5060", "10.0.0.22:5060"].map(|t| (Transport::Udp, address(t)));
    raw.endpoint
        .handle_resolved(raw.now, question.id, targets.into());
    let first = raw.sent_request(Method::Invite);
    raw.respond(&first, 503, "", "");
    let ack = raw.sent_request(Method::Ack);
    assert_eq!(ack.headers().get("Via"), first.headers().get("Via"));
    let second = raw.next_sent();
    assert_eq!(second.flow.remote, address("10.0.0.22:5060"));
    raw.respond(&first, 503, "", "");
    let again = raw.sent_request(Method::Ack);
    assert_eq!(again.headers().get("CSeq"), ack.headers().get("CSeq"));
    assert!(
        raw.is_silent(),
        "a repeated 503 of the first does not count for the second"
    );
    let Message::Request(second) = second.message else {
        panic!()
    };
    raw.respond(&second, 503, "", "");
    raw.sent_request(Method::Ack);
    assert_eq!(raw.ended(), LegEnd::Refused(503));
    raw.expect_nothing_left();
}

#[test]
fn a_silent_target_gives_way_to_the_next() {
    let mut raw = Raw::new();
    place(&mut raw, "sip:bob@carrier.example");
    let question = raw.endpoint.poll_resolve().unwrap();
    let targets = ["10.0.0.21:5060", "10.0.0.22:5060"].map(|t| (Transport::Udp, address(t)));
    raw.endpoint
        .handle_resolved(raw.now, question.id, targets.into());
    raw.wait(seconds(32));
    assert!(raw.events.is_empty());
    assert_eq!(
        raw.sent.pop_back().unwrap().flow.remote,
        address("10.0.0.22:5060")
    );
    raw.wait(seconds(33));
    assert_eq!(raw.ended(), LegEnd::NoAnswer);
    raw.expect_nothing_left();
}

#[test]
fn over_tcp_the_2xx_is_repeated_on_a_new_connection_when_the_old_one_is_gone() {
    let mut raw = over_tcp();
    let leg = raw.invite("");
    raw.next_sent();
    raw.endpoint.answer(raw.now, leg, &[], sdp()).unwrap();
    let ok = raw.next_sent();
    raw.endpoint
        .handle_send_error(raw.now, ok.id, "broken pipe");
    raw.wait(seconds(1));
    assert_eq!(raw.next_sent().flow.remote, address("10.0.0.9:5060"));
}

#[test]
fn what_goes_back_to_a_browser_uses_its_connection() {
    let mut raw = Raw::new();
    raw.flow = Flow {
        transport: Transport::Ws,
        local: address("10.0.0.1:80"),
        remote: address("10.0.0.9:51000"),
        connection: ConnectionId(3),
    };
    raw.contact = "<sip:x@df7jal23ls0d.invalid;transport=ws>".to_owned();
    let leg = raw.call();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.next_sent().flow, raw.flow);
}

#[test]
fn the_ack_carries_the_credentials_that_the_invite_needed() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, "sip:bob@10.0.0.9");
    raw.endpoint
        .set_credentials(leg, vec![crate::pair::credentials()]);
    let first = raw.sent_request(Method::Invite);
    let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n";
    raw.respond(&first, 407, challenge, "");
    raw.sent_request(Method::Ack);
    let second = raw.sent_request(Method::Invite);
    raw.respond(&second, 200, "Contact: <sip:bob@10.0.0.9>\n", SDP);
    let ack = raw.sent_request(Method::Ack);
    let value = |request: &hookflash_sip::Request| {
        request
            .headers()
            .get("Proxy-Authorization")
            .map(str::to_owned)
    };
    assert_eq!(value(&ack), value(&second));
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert!(
        raw.sent_request(Method::Bye)
            .headers()
            .contains("Proxy-Authorization")
    );
}

#[test]
fn calls_of_a_shard_have_call_ids_that_lead_back_to_it() {
    let mut config = crate::raw::config();
    config.shard = hookflash_sip::Shard { index: 2, count: 5 };
    let mut raw = Raw::with(config);
    for _ in 0..20 {
        place(&mut raw, "sip:bob@10.0.0.9");
        let invite = raw.sent_request(Method::Invite);
        let call_id = invite.headers().get("Call-ID").unwrap();
        assert_eq!(hookflash_sip::shard_of_call_id(call_id, 5), 2);
    }
}

#[test]
fn a_call_that_waits_for_a_name_is_taken_back_without_a_word() {
    let mut raw = Raw::new();
    let leg = place(&mut raw, "sip:bob@carrier.example");
    let question = raw.endpoint.poll_resolve().unwrap();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.ended(), LegEnd::Local);
    let target = (Transport::Udp, address("10.0.0.21:5060"));
    raw.endpoint
        .handle_resolved(raw.now, question.id, vec![target]);
    assert!(raw.is_silent());
    raw.expect_nothing_left();
}

#[test]
fn a_leg_keeps_to_the_connection_that_its_call_opened() {
    let mut raw = over_tcp();
    raw.flow.remote = address("10.0.0.9:5060");
    let leg = place(&mut raw, "sip:bob@10.0.0.9;transport=tcp");
    let sent = raw.next_sent();
    assert_eq!(sent.flow.connection, ConnectionId(0), "still to be opened");
    let Message::Request(invite) = sent.message else {
        panic!()
    };
    raw.respond(
        &invite,
        200,
        "Contact: <sip:bob@10.0.0.9;transport=tcp>\n",
        SDP,
    );
    assert_eq!(raw.next_sent().flow.connection, ConnectionId(7));
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.next_sent().flow.connection, ConnectionId(7));
}

#[test]
fn a_caller_over_tcp_who_names_no_transport_is_reached_by_the_connection_of_its_call() {
    for contact in ["<sip:peer@10.0.0.9>", "<sip:peer@192.168.1.20:5062>"] {
        let mut raw = over_tcp();
        raw.contact = contact.to_owned();
        let leg = raw.call();
        raw.endpoint.refer(raw.now, leg, refer()).unwrap();
        let sent = raw.next_sent();
        assert_eq!(sent.flow, raw.flow, "REFER to {contact}");
        let Message::Request(request) = sent.message else {
            panic!()
        };
        raw.respond(&request, 202, "", "");
        raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
        assert_eq!(raw.next_sent().flow, raw.flow, "BYE to {contact}");
    }
}

#[test]
fn a_caller_over_tcp_whose_name_has_no_address_is_reached_by_the_connection_of_its_call() {
    let mut raw = over_tcp();
    raw.contact = "<sip:peer@phone.example>".to_owned();
    let leg = raw.call();
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let question = raw.endpoint.poll_resolve().unwrap();
    raw.endpoint
        .handle_resolved(raw.now, question.id, Vec::new());
    assert_eq!(raw.next_sent().flow, raw.flow);
}

#[test]
fn c85_without_the_connection_of_its_call_the_contact_is_called_over_tcp_then_udp() {
    let mut raw = over_tcp();
    let leg = raw.call();
    raw.endpoint
        .handle_connection_closed(raw.now, ConnectionId(7));
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    let gone = raw.next_sent();
    assert_eq!(gone.flow.connection, ConnectionId(7));
    raw.endpoint
        .handle_send_error(raw.now, gone.id, "connection refused");
    let tcp = raw.next_sent();
    assert_eq!(
        (tcp.flow.transport, tcp.flow.remote, tcp.flow.connection),
        (Transport::Tcp, address("10.0.0.9:5060"), ConnectionId(0))
    );
    raw.endpoint
        .handle_send_error(raw.now, tcp.id, "connection refused");
    let udp = raw.next_sent();
    assert_eq!(
        (udp.flow.transport, udp.flow.remote),
        (Transport::Udp, address("10.0.0.9:5060"))
    );
    let Message::Request(request) = udp.message else {
        panic!()
    };
    raw.respond(&request, 202, "", "");
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.code == 202));
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    let bye = raw.next_sent();
    assert_eq!(bye.flow.transport, Transport::Udp, "the way that worked");
}

#[test]
fn c85_a_peer_that_comes_back_on_a_new_connection_is_reached_by_that_one() {
    let mut raw = over_tcp();
    let leg = raw.call();
    raw.endpoint
        .handle_connection_closed(raw.now, ConnectionId(7));
    raw.flow.remote = address("10.0.0.9:40001");
    raw.flow.connection = ConnectionId(8);
    raw.in_dialog("INFO", "info", "", "");
    assert_eq!(raw.response().status(), 200);
    raw.endpoint.hang_up(raw.now, leg, &[]).unwrap();
    assert_eq!(raw.next_sent().flow, raw.flow);
}

#[test]
fn a_peer_that_is_silent_or_refuses_within_the_dialog_is_not_asked_by_another_way() {
    let mut raw = over_tcp();
    let leg = raw.call();
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    let request = raw.sent_request(Method::Refer);
    raw.respond(&request, 503, "Retry-After: 5\n", "");
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.code == 503));
    assert!(raw.is_silent());
    raw.endpoint.refer(raw.now, leg, refer()).unwrap();
    raw.sent_request(Method::Refer);
    raw.wait(seconds(32));
    assert!(matches!(raw.event(), Event::ReferAnswer(_, answer) if answer.code == 408));
}
