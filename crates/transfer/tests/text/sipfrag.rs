//! A corpus of NOTIFY bodies as met in the field, and what each of them says.

use hookflash_transfer::sipfrag::{self, NoStatus, Reading};
use proptest::prelude::*;

const SIPFRAG: &str = "message/sipfrag;version=2.0";

#[test]
fn c58_status_lines_are_read_whatever_ends_and_surrounds_them() {
    let corpus: &[(&[u8], u16, &str)] = &[
        (b"SIP/2.0 100 Trying\r\n", 100, "Trying"),
        (b"SIP/2.0 100 Trying\r\n\r\n", 100, "Trying"),
        (b"SIP/2.0 180 Ringing\n", 180, "Ringing"),
        (b"SIP/2.0 183 Session Progress\r", 183, "Session Progress"),
        (b"SIP/2.0 200 OK", 200, "OK"),
        (b"\r\n\r\nSIP/2.0 200 OK\r\n", 200, "OK"),
        (b"\n \t\nSIP/2.0 200 OK\n\n\n", 200, "OK"),
        (b"  SIP/2.0 200 OK  \r\n", 200, "OK"),
        (b"SIP/2.0 200", 200, ""),
        (b"SIP/2.0 200\r\n", 200, ""),
        (b"SIP/2.0 200 \r\n", 200, ""),
        (b"SIP/2.0  486   Busy Here\r\n", 486, "Busy Here"),
        (b"SIP/2.0\t486\tBusy Here\r\n", 486, "Busy Here"),
        (b"SIP/2.0 486Busy Here\r\n", 486, "Busy Here"),
        (b"sip/2.0 486 busy", 486, "busy"),
        (b"Sip/2.0 603 Decline", 603, "Decline"),
        (
            b"SIP/2.0 404 Num\xc3\xa9ro inconnu\r\n",
            404,
            "Num\u{e9}ro inconnu",
        ),
        (b"SIP/2.0 480 Caf\xe9\r\n", 480, "Caf\u{fffd}"),
        (b"SIP/2.0 486 Busy\0 Here\r\n", 486, "Busy Here"),
        (
            b"SIP/2.0 199 Early Dialog Terminated\r\n",
            199,
            "Early Dialog Terminated",
        ),
        (b"SIP/2.0 699 Own Code\r\n", 699, "Own Code"),
        (
            b"SIP/2.0 302 Moved: see elsewhere\r\nContact: <sip:b@example.org>\r\n",
            302,
            "Moved: see elsewhere",
        ),
        (
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:a@b>\r\n\r\n",
            200,
            "OK",
        ),
        (
            b"SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 1.2.3.4",
            200,
            "OK",
        ),
        (
            b"SIP/2.0 503 Service Unavailable\r\nWarning: 399 h \"none\"\r\n",
            503,
            "Service Unavailable",
        ),
        (b"SIP/2.0 100 Trying\r\nSIP/2.0 200 OK\r\n", 100, "Trying"),
    ];
    for (body, code, reason) in corpus {
        let reading = sipfrag::read(Some(SIPFRAG), body);
        let status = reading
            .status
            .unwrap_or_else(|why| panic!("{:?}: {why}", body.escape_ascii()));
        assert_eq!(
            (status.code, status.reason.as_str()),
            (*code, *reason),
            "{body:?}"
        );
        assert!(reading.declared);
    }
}

#[test]
fn c61_everything_else_has_no_status() {
    let corpus: &[(&[u8], NoStatus)] = &[
        (b"", NoStatus::Empty),
        (b"\r\n", NoStatus::Empty),
        (b" \r\n\t\r\n", NoStatus::Empty),
        (b"SIP/2.0 99 Low\r\n", NoStatus::BadCode),
        (b"SIP/2.0 099 Low\r\n", NoStatus::BadCode),
        (b"SIP/2.0 700 High\r\n", NoStatus::BadCode),
        (b"SIP/2.0 2000 OK\r\n", NoStatus::BadCode),
        (b"SIP/2.0 20 OK\r\n", NoStatus::BadCode),
        (b"SIP/2.0 0200 OK\r\n", NoStatus::BadCode),
        (b"SIP/2.0 OK\r\n", NoStatus::BadCode),
        (b"SIP/2.0 -200 OK\r\n", NoStatus::BadCode),
        (
            b"SIP/2.0 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n",
            NoStatus::BadCode,
        ),
        (b"SIP/2.0\r\n200 OK\r\n", NoStatus::BadCode),
        (b"SIP/2.0", NoStatus::BadCode),
        (b"SIP/1.0 200 OK\r\n", NoStatus::OtherVersion),
        (b"SIP/3.0 200 OK\r\n", NoStatus::OtherVersion),
        (b"SIP/2.0200 OK\r\n", NoStatus::OtherVersion),
        (b"SIP/2 200 OK\r\n", NoStatus::OtherVersion),
        (
            b"INVITE sip:alice@example.com SIP/2.0\r\nTo: x\r\n",
            NoStatus::Request,
        ),
        (b"BYE sip:200@example.com sip/2.0", NoStatus::Request),
        (b"To: <sip:alice@example.com>\r\n", NoStatus::HeadersOnly),
        (b"Subject: SIP/2.0 200 OK\r\n", NoStatus::HeadersOnly),
        (b"HTTP/1.1 200 OK\r\n", NoStatus::NotSip),
        (b"200 OK\r\n", NoStatus::NotSip),
        (b"garbage", NoStatus::NotSip),
        (b"\xff\xfe\x00", NoStatus::NotSip),
    ];
    for (body, why) in corpus {
        let reading = sipfrag::read(Some(SIPFRAG), body);
        assert_eq!(reading.status, Err(*why), "{}", body.escape_ascii());
    }
}

#[test]
fn c57_the_content_type_is_known_in_any_spelling() {
    for content_type in [
        "message/sipfrag",
        "message/sipfrag;version=2.0",
        "Message/SipFrag ; version=2.0",
        " MESSAGE / SIPFRAG;charset=utf-8; x=\"y;z\"",
    ] {
        assert!(
            sipfrag::read(Some(content_type), b"SIP/2.0 200 OK").declared,
            "{content_type}"
        );
    }
}

#[test]
fn c62_an_absent_or_foreign_content_type_is_noticed_and_tolerated() {
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("message/sip"),
        Some(";;="),
    ] {
        let reading = sipfrag::read(content_type, b"SIP/2.0 486 Busy Here\r\n");
        assert_eq!(reading.status.map(|status| status.code), Ok(486));
        assert!(!reading.declared);
    }
}

#[test]
fn c59_the_reason_header_is_passed_on() {
    let read = |headers: &str| {
        let body = format!("SIP/2.0 486 Busy Here\r\n{headers}");
        sipfrag::read(Some(SIPFRAG), body.as_bytes())
            .status
            .expect("a status")
            .reason_header
    };
    assert_eq!(read(""), None);
    assert_eq!(read("Reason:\r\n"), None);
    assert_eq!(
        read("Reason: Q.850;cause=17\r\n").as_deref(),
        Some("Q.850;cause=17")
    );
    assert_eq!(
        read("reason : SIP;cause=486").as_deref(),
        Some("SIP;cause=486")
    );
    assert_eq!(
        read("To: x\r\nReason: Q.850\r\n ;cause=17\r\nFrom: y\r\n z\r\n").as_deref(),
        Some("Q.850 ;cause=17")
    );
    assert_eq!(
        read("Reason: SIP;cause=486\nReason: Q.850;cause=17\n").as_deref(),
        Some("SIP;cause=486, Q.850;cause=17")
    );
    assert_eq!(
        read("\r\nReason: Q.850;cause=17\r\n"),
        None,
        "that is the fragment's body"
    );
}

fn multipart(content_type: &str, body: &str) -> Reading {
    sipfrag::read(Some(content_type), body.replace('\n', "\r\n").as_bytes())
}

#[test]
fn c62_the_first_sipfrag_part_of_a_multipart_body_counts() {
    let body = "preamble\n--b1\nContent-Type: text/plain\n\nSIP/2.0 200 OK\n\
                --b1\nc: message/sipfrag\n\nSIP/2.0 180 Ringing\n\
                --b1\nContent-Type: message/sipfrag\n\nSIP/2.0 486 Busy\n--b1--\n";
    for content_type in [
        "multipart/mixed;boundary=b1",
        "Multipart/Mixed; x=y; Boundary=\"b1\"",
        "multipart/alternative",
    ] {
        let reading = multipart(content_type, body);
        assert_eq!(
            reading.status.map(|status| status.code),
            Ok(180),
            "{content_type}"
        );
        assert!(reading.declared);
    }
}

#[test]
fn c62_a_multipart_body_cut_short_is_read_as_far_as_it_goes() {
    let body = "--b1\nContent-Type: message/sipfrag;version=2.0\n\nSIP/2.0 200 OK";
    let reading = multipart("multipart/mixed;boundary=b1", body);
    assert_eq!(reading.status.map(|status| status.code), Ok(200));
}

#[test]
fn c62_a_multipart_body_without_fragment_has_no_status() {
    for body in [
        "",
        "SIP/2.0 200 OK\n",
        "--b1\n\nSIP/2.0 200 OK\n--b1--\n",
        "--b1\nContent-Type: text/plain\n\nSIP/2.0 200 OK\n--b1--\n",
        "--b1\nContent-Type: message/sipfrag",
        "--other\nContent-Type: message/sipfrag\n\nSIP/2.0 200 OK\n--other--\n",
    ] {
        let reading = multipart("multipart/mixed;boundary=b1", body);
        assert_eq!(reading.status, Err(NoStatus::NoFragmentPart), "{body:?}");
    }
}

#[test]
fn a_reason_phrase_of_absurd_length_is_cut_off() {
    let body = format!("SIP/2.0 200 {}", "x".repeat(100_000));
    let status = sipfrag::read(Some(SIPFRAG), body.as_bytes())
        .status
        .expect("a status");
    assert!(status.reason.len() <= 256);
}

#[test]
fn a_fragment_that_we_write_is_one_line() {
    assert_eq!(
        sipfrag::write(486, "Busy Here"),
        "SIP/2.0 486 Busy Here\r\n"
    );
    assert_eq!(
        sipfrag::write(200, "OK\r\nVia: x\0"),
        "SIP/2.0 200 OKVia: x\r\n"
    );
}

proptest! {
    #[test]
    fn what_we_write_is_read_back(code in 100u16..700, reason in "[ -~é]{0,60}") {
        let body = sipfrag::write(code, &reason);
        let status = sipfrag::read(Some(SIPFRAG), body.as_bytes()).status.expect("a status");
        prop_assert_eq!(status.code, code);
        prop_assert_eq!(status.reason, reason.trim());
    }

    #[test]
    fn any_bytes_are_read_without_harm(
        content_type in prop::option::of("(message/sipfrag|multipart/mixed;boundary=[a-]{0,2}|.{0,20})"),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(status) = sipfrag::read(content_type.as_deref(), &body).status {
            prop_assert!((100..=699).contains(&status.code));
            prop_assert!(!status.reason.contains(char::is_control));
        }
    }
}
