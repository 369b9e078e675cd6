//! URIs: their parts, their comparison, and what may be called.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use hookflash_sip::uri::{escape_header, escape_param, escape_user, unescape};
use hookflash_sip::{Scheme, Uri, UriRef};
use proptest::prelude::*;

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn parts_are_found_without_touching_the_text() {
    let text = "SIPS:al%69ce;day=tue:pw@[2001:db8::1]:5071;transport=tcp;lr?X-A=1&b=%20c";
    let uri = uri(text);
    assert_eq!(uri.as_str(), text);
    assert_eq!((uri.scheme(), uri.scheme_text()), (Scheme::Sips, "SIPS"));
    assert_eq!(
        (uri.user(), uri.password()),
        (Some("al%69ce;day=tue"), Some("pw"))
    );
    assert_eq!(uri.user_text().as_deref(), Some("alice;day=tue"));
    assert_eq!((uri.host(), uri.port()), ("[2001:db8::1]", Some(5071)));
    assert_eq!(uri.host_ip(), "2001:db8::1".parse().ok());
    assert_eq!(
        (uri.param("Transport"), uri.param("lr")),
        (Some("tcp"), Some(""))
    );
    assert_eq!(
        uri.headers().collect::<Vec<_>>(),
        [("X-A", "1"), ("b", "%20c")]
    );
    assert_eq!(uri.header("B").as_deref(), Some(" c"));
    let bare = "SIPS:al%69ce;day=tue:pw@[2001:db8::1]:5071;transport=tcp;lr";
    assert_eq!(uri.without_headers(), bare);
    assert_eq!(UriRef::borrowed(bare).unwrap().without_headers(), bare);
}

#[test]
fn a_host_alone_and_a_number_alone_are_uris() {
    let host = uri("sip:voice.example");
    assert_eq!(
        (host.user(), host.host(), host.port()),
        (None, "voice.example", None)
    );
    let number = uri("tel:+49-30-1234;ext=7");
    assert_eq!(
        (number.scheme(), number.user()),
        (Scheme::Tel, Some("+49-30-1234"))
    );
    assert_eq!((number.host(), number.param("ext")), ("", Some("7")));
    assert_eq!(uri("urn:service:sos").scheme(), Scheme::Other);
}

#[test]
fn c4_what_cannot_be_a_uri_is_refused_with_a_reason() {
    for text in [
        "",
        " ",
        "sip:",
        "sip",
        "sip:@host",
        "sip:a@",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@b\r\nX: y",
        "sip:a@b\0",
        "<sip:a@b>",
        "sip:a@b>",
        "sip:\"a\"@b",
        "sip:a@[::1",
        "sip:a@[nonsense]",
        "sip:a@2001:db8::1",
        "sip:a@b:0",
        "sip:a@b:65536",
        "sip:a@b:",
        "sip:a@b:5060x",
        "tel:",
        "tel:;ext=1",
        "1sip:a@b",
        ":a@b",
        "sip:a@b@c",
        "sip:a@b/c",
        "+49301234",
        "sip:a@:5060",
    ] {
        let error = Uri::parse(text).unwrap_err();
        assert_eq!(error.text, text);
        assert!(!error.problem.is_empty());
    }
}

#[test]
fn c4_targets_are_held_to_the_whole_grammar() {
    for text in [
        "sip:a@b.example",
        "sips:a@b.example;transport=tcp",
        "sip:+49301234@10.0.0.1:5070;user=phone",
        "sip:[2001:db8::1]",
        "tel:+49-(30).12-34",
        "tel:7042;phone-context=example.com",
        "tel:*21#;phone-context=x",
        "sip:a@b?X-A=1&Replaces=x%40y%3Bto-tag%3D1",
        "sip:%41@b",
        "sip:a@b?x=1?y",
    ] {
        assert_eq!(Uri::parse_target(text).unwrap().as_str(), text);
    }
    for text in [
        "sip:100%@b",
        "sip:a%2@b",
        "sip:a%zz@b",
        "http://a/b",
        "urn:service:sos",
        "mailto:a@b",
        "tel:fifteen",
        "tel:+",
        "tel:+1a",
        "tel:--",
        "sip:J\u{F6}rg@b",
        "sip:a@b?x={1}",
        "sip:a@b?Replaces=c@d",
        "sip:a#@b",
        "sip:a|b@c",
        "sip:a\\@b",
    ] {
        assert!(Uri::parse_target(text).is_err(), "{text}");
    }
}

#[test]
fn equivalent_uris_are_recognised() {
    for (one, two) in [
        (
            "sip:%61lice@atlanta.example;transport=TCP",
            "sip:alice@AtlantA.example;Transport=tcp",
        ),
        ("sip:carol@c.example", "sip:carol@c.example;newparam=5"),
        (
            "sip:carol@c.example;security=on",
            "sip:carol@c.example;newparam=5",
        ),
        (
            "sip:b.example;transport=tcp;method=REGISTER?to=sip:bob%40b.example",
            "sip:b.example;method=REGISTER;transport=tcp?to=sip:bob%40b.example",
        ),
        (
            "sip:a@h?subject=x&priority=y",
            "sip:a@h?priority=y&subject=x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
        ("sip:a@h;user=p;user=phone", "sip:a@h;user=p;user=phone"),
        ("tel:+49-30-1234", "tel:+49301234"),
        (
            "tel:7042;phone-context=A.example",
            "tel:70-42;Phone-Context=a.example",
        ),
    ] {
        assert!(uri(one).is_equivalent(&uri(two)), "{one} {two}");
        assert!(uri(two).is_equivalent(&uri(one)), "{two} {one}");
    }
}

#[test]
fn different_uris_are_told_apart() {
    for (one, two) in [
        ("sip:ALICE@h", "sip:alice@h"),
        ("sip:bob@h", "sip:bob@h:5060"),
        ("sip:bob@h", "sip:bob@h;transport=udp"),
        ("sip:bob@h:6000", "sip:bob@h"),
        ("sip:carol@c;security=on", "sip:carol@c;security=off"),
        ("sip:bob@h;user=phone", "sip:bob@h"),
        ("sip:bob@h;maddr=1.2.3.4", "sip:bob@h"),
        ("sip:a@h", "sip:a@h?subject=x"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a:x@h", "sip:a@h"),
        ("sip:h", "sip:a@h"),
        ("tel:+4930", "tel:+4931"),
        ("tel:30;phone-context=+49", "tel:30;phone-context=+44"),
        ("tel:+4930", "sip:+4930@h"),
    ] {
        assert!(!uri(one).is_equivalent(&uri(two)), "{one} {two}");
        assert!(!uri(two).is_equivalent(&uri(one)), "{two} {one}");
    }
}

proptest! {
    #[test]
    fn any_user_parameter_and_header_survives_being_escaped(
        user in ".{1,20}", param in ".{1,20}", header in ".{0,20}"
    ) {
        let text = format!(
            "sip:{}@h.example;p={}?x={}",
            escape_user(&user), escape_param(&param), escape_header(&header)
        );
        let uri = Uri::parse_target(&text).unwrap();
        prop_assert_eq!(uri.user_text().unwrap(), user);
        prop_assert_eq!(unescape(uri.param("p").unwrap()), param);
        prop_assert_eq!(uri.header("x").unwrap(), header);
        prop_assert!(uri.is_equivalent(&uri));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(sip:|sips:|tel:|)[a-z@:;=?&%\\[\\]0-9.<>\" ]{0,40}") {
        if let Ok(uri) = Uri::parse(&text) {
            prop_assert_eq!(uri.as_str(), text);
            prop_assert!(uri.is_equivalent(&uri.as_ref()));
            let _ = (uri.user_text(), uri.headers().count(), uri.params().iter().count());
        }
    }
}
