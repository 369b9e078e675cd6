//! Reading and writing whole messages.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use hookflash_sip::header::{CSeq, Contact, From, MaxForwards, Name, To, Via};
use hookflash_sip::{Message, Method, Problem, Request, Response};

const INVITE: &str = "INVITE sip:+15550100@192.0.2.7:5060;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP 198.51.100.4:5060;branch=z9hG4bKa;rport\r\n\
    v: SIP/2.0/TCP p1.example;branch=z9hG4bKb, SIP/2.0/UDP p2.example;branch=z9hG4bKc\r\n\
    Record-Route: <sip:198.51.100.4;lr>\r\n\
    f: \"Ann\" <sip:ann@example.com>;tag=1\r\n\
    t : <sip:+15550100@192.0.2.7>\r\n\
    i: 7@example.com\r\n\
    cseq: 1 INVITE\r\n\
    m: <sip:ann@198.51.100.9:5062>\r\n\
    Max-Forwards: 70\r\n\
    Subject: one\r\n\ttwo\r\n  three\r\n\
    X-Own: kept\r\n\
    c: application/sdp\r\n\
    l: 5\r\n\r\nv=0\r\n";

fn request(bytes: &[u8]) -> Request {
    match Message::parse_datagram(bytes).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    }
}

fn response(bytes: &[u8]) -> Response {
    match Message::parse_datagram(bytes).unwrap() {
        Message::Response(response) => response,
        Message::Request(_) => panic!("a request"),
    }
}

fn problem(bytes: &[u8]) -> Problem {
    Message::parse_datagram(bytes).unwrap_err().problem
}

#[test]
fn compact_forms_folding_and_repeated_headers_are_read() {
    let invite = request(INVITE.as_bytes());
    assert_eq!(*invite.method(), Method::Invite);
    assert_eq!(invite.uri(), "sip:+15550100@192.0.2.7:5060;user=phone");
    let headers = invite.headers();
    let branches: Vec<_> = headers
        .typed_list::<Via>()
        .map(|v| v.unwrap().branch().unwrap().to_owned())
        .collect();
    assert_eq!(branches, ["z9hG4bKa", "z9hG4bKb", "z9hG4bKc"]);
    assert_eq!(headers.typed::<From>().unwrap().tag(), Some("1"));
    assert_eq!(
        headers.typed::<To>().unwrap().uri,
        "sip:+15550100@192.0.2.7"
    );
    assert_eq!(headers.typed::<CSeq>().unwrap().number, 1);
    assert_eq!(headers.typed::<MaxForwards>().unwrap(), MaxForwards(70));
    let contact = headers.typed::<Contact>().unwrap();
    assert_eq!(contact.address().unwrap().uri, "sip:ann@198.51.100.9:5062");
    let subject: Vec<_> = headers.get("s").unwrap().split_whitespace().collect();
    assert_eq!(subject, ["one", "two", "three"]);
    assert_eq!(&invite.body()[..], b"v=0\r\n");
    assert!(invite.validate().is_ok());
}

#[test]
fn what_is_written_is_in_long_form_and_reads_the_same() {
    let invite = request(INVITE.as_bytes());
    let wire = invite.to_bytes();
    let text = std::str::from_utf8(&wire).unwrap();
    assert!(text.starts_with("INVITE sip:+15550100@192.0.2.7:5060;user=phone SIP/2.0\r\nVia: "));
    assert!(text.contains("\r\nCSeq: 1 INVITE\r\n"));
    assert!(text.contains("\r\nX-Own: kept\r\n"));
    assert!(text.ends_with("\r\nContent-Length: 5\r\n\r\nv=0\r\n"));
    assert_eq!(request(&wire).to_bytes(), wire);
}

#[test]
fn a_response_takes_over_what_identifies_the_request() {
    let invite = request(INVITE.as_bytes());
    let mut ok = invite.response_to(200, None, Some("mine"));
    ok.copy_record_route(&invite);
    let ok = response(&ok.to_bytes());
    assert_eq!((ok.status(), ok.reason()), (200, "OK"));
    let via = |headers: &hookflash_sip::Headers| -> Vec<String> {
        headers.get_all(Name::Via).map(str::to_owned).collect()
    };
    assert_eq!(via(ok.headers()), via(invite.headers()));
    for name in [Name::From, Name::CallId, Name::CSeq, Name::RecordRoute] {
        assert_eq!(ok.headers().get(name), invite.headers().get(name));
    }
    assert_eq!(
        ok.headers().get(Name::To),
        Some("<sip:+15550100@192.0.2.7>;tag=mine")
    );
    assert_eq!(ok.headers().get(Name::Contact), None);
}

#[test]
fn a_to_tag_is_never_added_twice_and_100_carries_the_timestamp() {
    let text = INVITE.replace(
        "t : <sip:+15550100@192.0.2.7>",
        "To: sip:b@c;TAG=theirs\r\nTimestamp: 54",
    );
    let invite = request(text.as_bytes());
    let trying = invite.response_to(100, None, None);
    assert_eq!(trying.headers().get(Name::Timestamp), Some("54"));
    let busy = invite.response_to(486, Some("No"), Some("mine"));
    assert_eq!(busy.headers().get(Name::To), Some("sip:b@c;TAG=theirs"));
    assert_eq!(
        (busy.reason(), busy.headers().get(Name::Timestamp)),
        ("No", None)
    );
}

#[test]
fn bytes_that_are_not_utf8_come_back_unchanged() {
    let mut bytes = INVITE
        .replace("\"Ann\"", "\"J?rg \u{10FF8A}\"")
        .into_bytes();
    let at = bytes.windows(3).position(|w| w == b"J?r").unwrap() + 1;
    bytes[at] = 0xF6;
    let invite = request(&bytes);
    let from = invite.headers().typed::<From>().unwrap();
    let name = from.display().unwrap();
    assert!(hookflash_sip::wire_text::display_text(&name).starts_with("J\u{F6}rg "));
    let needle: &[u8] = b"\"J\xF6rg \xF4\x8F\xBE\x8A\" <sip:ann@example.com>;tag=1\r\n";
    for wire in [
        invite.to_bytes(),
        invite.response_to(404, None, None).to_bytes(),
    ] {
        assert!(wire.windows(needle.len()).any(|w| w == needle));
    }
}

#[test]
fn a_datagram_without_content_length_is_body_to_its_end() {
    let text = INVITE.replace("l: 5\r\n", "");
    assert_eq!(&request(text.as_bytes()).body()[..], b"v=0\r\n");
}

#[test]
fn bytes_beyond_content_length_are_dropped_and_missing_ones_refused() {
    let longer = format!("{INVITE}padding");
    assert_eq!(&request(longer.as_bytes()).body()[..], b"v=0\r\n");
    let short = INVITE.replace("l: 5", "l: 6");
    let error = Message::parse_datagram(short.as_bytes()).unwrap_err();
    assert_eq!(error.problem, Problem::BodyLength);
    assert_eq!(error.answer(Some("t")).unwrap().status(), 400);
}

#[test]
fn contradictory_or_absurd_content_lengths_are_refused() {
    for bad in [
        "-1",
        "5 5",
        "five",
        "",
        "0x5",
        "5, 5",
        "5\r\nContent-Length: 4",
    ] {
        let text = INVITE.replace("l: 5", &format!("l: {bad}"));
        assert_eq!(problem(text.as_bytes()), Problem::ContentLength, "{bad}");
    }
    let text = INVITE.replace("l: 5", "l: 99999999999999999999999");
    assert_eq!(problem(text.as_bytes()), Problem::BodyLength);
    let same = INVITE.replace("l: 5", "l: 5\r\nContent-Length: 05");
    assert_eq!(request(same.as_bytes()).body().len(), 5);
}

#[test]
fn line_ends_without_carriage_return_and_leading_empty_lines_are_forgiven() {
    let text = format!(
        "\r\n\n\r\n{}",
        INVITE.replace("\r\n", "\n").replace("l: 5", "l: 4")
    );
    let invite = request(text.as_bytes());
    assert_eq!(&invite.body()[..], b"v=0\n");
    assert_eq!(invite.headers().get("X-Own"), Some("kept"));
}

#[test]
fn the_version_is_read_in_any_case_and_another_one_gets_505() {
    let lower = INVITE.replacen(" SIP/2.0\r\n", " sip/2.0\r\n", 1);
    assert!(request(lower.as_bytes()).validate().is_ok());
    let newer = INVITE.replacen(" SIP/2.0\r\n", " SIP/7.0\r\n", 1);
    assert_eq!(
        request(newer.as_bytes()).validate().unwrap_err().status,
        505
    );
    assert_eq!(problem(b"SIP/7.0 200 OK\r\n\r\n"), Problem::Version);
    assert_eq!(problem(b"GET / HTTP/1.1\r\n\r\n"), Problem::StartLine);
}

#[test]
fn status_lines_are_read_with_any_reason() {
    for (line, status, reason) in [
        ("SIP/2.0 200 OK", 200, "OK"),
        ("SIP/2.0 486 ", 486, ""),
        ("SIP/2.0 404", 404, ""),
        ("sip/2.0 603 Nein  danke ", 603, "Nein  danke"),
    ] {
        let got = response(format!("{line}\r\nX: y\r\n\r\n").as_bytes());
        assert_eq!((got.status(), got.reason()), (status, reason));
    }
    for code in ["99", "700", "2000", "20", "abc", "+20", ""] {
        let text = format!("SIP/2.0 {code} X\r\n\r\n");
        assert_eq!(problem(text.as_bytes()), Problem::StatusCode, "{code}");
    }
}

#[test]
fn broken_header_lines_are_refused_and_the_request_is_still_answered() {
    for (line, expected) in [
        ("no colon here", Problem::HeaderWithoutColon),
        (": no name", Problem::HeaderName),
        ("two words: x", Problem::HeaderName),
        ("Sub\rject: x", Problem::BareCarriageReturn),
        ("Subject: a\rVia: b", Problem::BareCarriageReturn),
    ] {
        let text = INVITE.replace("X-Own: kept", line);
        let error = Message::parse_datagram(text.as_bytes()).unwrap_err();
        assert_eq!(error.problem, expected, "{line:?}");
        let answer = error.answer(Some("t")).unwrap();
        assert_eq!((answer.status(), answer.reason()), (400, expected.as_str()));
        assert_eq!(answer.headers().get(Name::CallId), Some("7@example.com"));
    }
}

#[test]
fn c5_the_answer_to_a_refused_request_does_not_carry_its_carriage_returns_on() {
    for line in ["X-Own: kept", "oops"] {
        let text = INVITE
            .replace("7@example.com", "7\rX-Evil: 1")
            .replace("X-Own: kept", line);
        let error = Message::parse_datagram(text.as_bytes()).unwrap_err();
        let wire = error.answer(Some("t")).unwrap().to_bytes();
        assert_eq!(
            response(&wire).headers().get(Name::CallId),
            Some("7 X-Evil: 1")
        );
    }
}

#[test]
fn a_broken_ack_or_one_without_sender_is_never_answered() {
    let ack = INVITE
        .replace("INVITE", "ACK")
        .replace("X-Own: kept", "nonsense");
    let error = Message::parse_datagram(ack.as_bytes()).unwrap_err();
    assert!(error.request().is_some() && error.answer(None).is_none());
    let nobody = INVITE
        .replace("i: 7@example.com\r\n", "")
        .replace("X-Own: kept", "nonsense");
    let error = Message::parse_datagram(nobody.as_bytes()).unwrap_err();
    assert!(error.request().is_none() && error.answer(None).is_none());
}

#[test]
fn the_place_of_an_error_is_told_in_bytes_of_the_packet() {
    for wrong in ["oops", "\rA: b"] {
        let text = format!("\r\nOPTIONS sip:a@b SIP/2.0\r\nSubject: \u{10FF80}\r\n{wrong}\r\n\r\n");
        let error = Message::parse_datagram(text.as_bytes()).unwrap_err();
        assert_eq!(error.offset, text.find(wrong).unwrap());
    }
}

#[test]
fn blanks_in_the_request_line_are_refused_or_forgiven() {
    let spread = INVITE.replacen("INVITE sip", "INVITE  sip", 1);
    assert_eq!(
        request(spread.as_bytes()).uri(),
        "sip:+15550100@192.0.2.7:5060;user=phone"
    );
    let inside = INVITE.replacen(";user", "; user", 1);
    let error = Message::parse_datagram(inside.as_bytes()).unwrap_err();
    assert_eq!(error.problem, Problem::RequestUri);
    assert_eq!(error.answer(None).unwrap().status(), 400);
}

#[test]
fn limits_hold() {
    let many = "X: y\r\n".repeat(300);
    let text = INVITE.replace("X-Own: kept\r\n", &many);
    let error = Message::parse_datagram(text.as_bytes()).unwrap_err();
    assert_eq!(error.problem, Problem::TooManyHeaders);
    let long = INVITE.replace("kept", &"x".repeat(70_000));
    assert_eq!(problem(long.as_bytes()), Problem::HeadTooLong);
    assert_eq!(problem(b""), Problem::Empty);
    assert_eq!(problem(b"\r\n\r\n"), Problem::Empty);
    assert_eq!(
        problem(b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n"),
        Problem::Unfinished
    );
}

#[test]
fn a_message_with_as_many_headers_as_may_be_can_be_passed_on_with_its_length() {
    let with = |lines: usize, length: &str| {
        let head = "OPTIONS sip:a SIP/2.0\r\n";
        let more = "X: y\r\n".repeat(lines);
        format!("{head}{length}{more}\r\n")
    };
    let without_length = Message::parse_datagram(with(256, "").as_bytes()).unwrap();
    let passed_on = without_length.to_bytes();
    let again = Message::parse_datagram(&passed_on).unwrap();
    assert_eq!(again.headers().iter().count(), 257);
    assert_eq!(again.to_bytes(), passed_on);

    let short = "l: 0\r\n";
    assert!(Message::parse_datagram(with(256, short).as_bytes()).is_ok());
    for too_many in [
        with(257, ""),
        with(257, short),
        with(256, &short.repeat(2)),
        with(257, "").replace("\r\n\r\n", "\r\nl: 0\r\n\r\n"),
    ] {
        assert_eq!(problem(too_many.as_bytes()), Problem::TooManyHeaders);
    }
}

#[test]
fn requests_that_cannot_be_acted_upon_are_refused_with_the_right_code() {
    for (find, put, status, reason) in [
        ("cseq: 1 INVITE", "cseq: 1 BYE", 400, "CSeq Method Mismatch"),
        ("cseq: 1 INVITE", "cseq: INVITE", 400, "Malformed CSeq"),
        ("cseq: 1 INVITE\r\n", "", 400, "Missing CSeq"),
        ("i: 7@example.com\r\n", "", 400, "Missing Call-ID"),
        ("t : <sip:+15550100@192.0.2.7>\r\n", "", 400, "Missing To"),
        (
            "<sip:ann@example.com>;tag",
            "<sip:ann@example.com;tag",
            400,
            "Malformed From",
        ),
        ("X-Own: kept", "From: <sip:x@y>;tag=2", 400, "Repeated From"),
        ("X-Own: kept", "i: 8", 400, "Repeated Call-ID"),
        (
            "X-Own: kept",
            "Refer-To: <sip:a@b>\r\nr: <sip:c@d>",
            400,
            "Repeated Refer-To",
        ),
        (
            "Max-Forwards: 70",
            "Max-Forwards: 256",
            400,
            "Malformed Max-Forwards",
        ),
        ("SIP/2.0/UDP 198", "SIP/2.0 198", 400, "Malformed Via"),
        ("INVITE sip:", "INVITE <sip:", 400, "Malformed Request-URI"),
        ("INVITE sip:", "INVITE http:", 416, "Unsupported URI Scheme"),
    ] {
        let text = INVITE.replacen(find, put, 1);
        let invite = request(text.as_bytes());
        let refusal = invite.validate().unwrap_err();
        assert_eq!((refusal.status, refusal.reason), (status, reason));
        let answer = refusal.response_to(&invite, Some("t"));
        assert_eq!((answer.status(), answer.reason()), (status, reason));
    }
    let lenient = INVITE.replace("Max-Forwards: 70\r\n", "");
    assert!(request(lenient.as_bytes()).validate().is_ok());
}

#[test]
fn the_top_via_tells_where_a_request_really_came_from() {
    let mut invite = request(INVITE.as_bytes());
    invite.stamp_top_via("203.0.113.5:1024".parse().unwrap());
    assert_eq!(
        invite.headers().get(Name::Via),
        Some("SIP/2.0/UDP 198.51.100.4:5060;branch=z9hG4bKa;rport=1024;received=203.0.113.5")
    );
    assert_eq!(invite.headers().get_all(Name::Via).count(), 2);

    let joined = INVITE.replace(";rport\r\nv: ", ", ");
    let mut invite = request(joined.as_bytes());
    invite.stamp_top_via("198.51.100.4:9".parse().unwrap());
    invite.stamp_top_via("[::ffff:198.51.100.4]:9".parse().unwrap());
    assert_eq!(
        invite
            .headers()
            .get(Name::Via)
            .unwrap()
            .matches("received")
            .count(),
        0
    );
    invite.stamp_top_via("[::ffff:203.0.113.5]:9".parse().unwrap());
    let vias: Vec<_> = invite
        .headers()
        .typed_list::<Via>()
        .map(Result::unwrap)
        .collect();
    assert_eq!(vias[0].received(), "203.0.113.5".parse().ok());
    assert_eq!((vias.len(), vias[1].received()), (3, None));
}

#[test]
fn c5_nothing_that_ends_a_line_gets_into_a_request_line_or_body_type() {
    let mut refer = Request::new(Method::Refer, "sip:a@b\r\nX: y z");
    refer.set_body("text/plain\r\nX-Evil: 1", "x");
    let wire = refer.to_bytes();
    let text = std::str::from_utf8(&wire).unwrap();
    assert!(text.starts_with("REFER sip:a@bX:yz SIP/2.0\r\n"));
    assert!(!text.contains("\r\nX-Evil"));
}

mod round_trips {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_put_into_a_request_is_read_back(
            names in proptest::collection::vec("[A-Za-z][A-Za-z0-9-]{0,12}", 0..12),
            values in proptest::collection::vec(".{0,40}", 12),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut request = Request::new(Method::Info, "sip:a@b");
            for (name, value) in names.iter().zip(&values) {
                // What is no text for a header is refused or made harmless; both are read back.
                let name = format!("X-{name}");
                if request.headers_mut().try_push(name.as_str(), value).is_err() {
                    request.headers_mut().push(name.as_str(), value);
                }
            }
            request.set_body("application/octet-stream", body.clone());
            let wire = request.to_bytes();
            let Message::Request(back) = Message::parse_datagram(&wire)? else {
                return Err(TestCaseError::fail("a response"));
            };
            let pairs = |request: &Request| -> Vec<(String, String)> {
                let own = request.headers().iter().filter(|(n, _)| *n != Name::ContentLength);
                own.map(|(n, v)| (n.to_string(), v.to_owned())).collect()
            };
            // Characters of the range that carries bytes stand for those bytes.
            if !values.iter().any(|v| hookflash_sip::wire_text::has_carried_bytes(v)) {
                let clean: Vec<_> = pairs(&request).into_iter().collect();
                prop_assert_eq!(pairs(&back), clean);
            }
            prop_assert_eq!(&back.body()[..], &body[..]);
            prop_assert_eq!(back.to_bytes(), wire);
        }

        #[test]
        fn any_bytes_in_a_header_come_back_in_the_answer(
            bytes in proptest::collection::vec(1u8.., 1..60)
        ) {
            let mut value = bytes;
            value.retain(|b| !matches!(b, b'\r' | b'\n'));
            let value = value.trim_ascii();
            let text = INVITE.replace("\"Ann\"", "\"@@@@\"");
            let at = text.find("@@@@").unwrap();
            let mut wire = text.into_bytes();
            wire.splice(at..at + 4, value.iter().copied());
            let Message::Request(invite) = Message::parse_datagram(&wire)? else {
                return Err(TestCaseError::fail("a response"));
            };
            let answer = invite.response_to(480, None, None).to_bytes();
            let line = [b"From: \"", value, b"\" <sip:ann@example.com>;tag=1\r\n"].concat();
            prop_assert!(answer.windows(line.len()).any(|w| w == line));
        }
    }
}
