//! A corpus of targets as applications write them, and what reaches the wire.

use hookflash_transfer::refer_to::{BareTarget, ReferTo, ReferToError, Scheme};
use proptest::prelude::*;

fn parse(text: &str) -> Result<ReferTo, ReferToError> {
    ReferTo::parse(text, BareTarget::Refuse)
}

fn jambonz(text: &str) -> Result<String, ReferToError> {
    let target = ReferTo::parse(text, BareTarget::AtPeerHost("peer.example.net"))?;
    Ok(target.header_value())
}

#[test]
fn c11_a_complete_uri_is_sent_byte_for_byte_in_brackets() {
    let corpus = [
        "sip:alice@example.com",
        "SIP:Alice@EXAMPLE.com",
        "sips:alice@example.com:5061",
        "sip:example.com",
        "sip:alice@example.com;transport=tcp;lr",
        "sip:alice@example.com:5070;user=phone",
        "sip:+49123456789@10.0.0.1;user=phone",
        "sip:alice:secret@example.com",
        "sip:+1555;npdi;rn=1@carrier.example",
        "sip:alice@[2001:db8::10]:5060;transport=udp",
        "sip:alice@[2001:DB8::10]",
        "sip:alice@example.com?X-Account=123&X-Name=a%20b",
        "sip:alice@example.com?User-to-User=123%3Bencoding%3Dhex",
        "sip:alice@example.com?User-to-User=48656c6c6f;encoding=hex",
        "sip:bob@example.com?Replaces=12%40h%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces",
        "sip:a%3Ab%2F@example.com",
        "sip:%61lice@example.com",
        "sip:*72@example.com",
        "sip:#31#123@example.com",
        "sip:alice@example.com;method=INVITE",
        "sip:alice@example.com;x=a=b;;y",
        "sip:alice@example.com?X-Mail=a@b.example",
        "sip:alice@example.com.",
        "tel:+49-170-1234",
        "tel:+441632960000;ext=12",
        "tel:112;phone-context=+44",
        "TEL:*21*1234#",
        "tel:+1(555)0100",
    ];
    for uri in corpus {
        let target = parse(uri).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(target.header_value(), format!("<{uri}>"));
        assert_eq!(target.uri(), uri);
        assert_eq!(target.stripped_method(), None);
        for around in [
            format!("  {uri}\t"),
            format!("\n    {uri}\r\n  "),
            format!("<{uri}>"),
        ] {
            assert_eq!(
                parse(&around).expect("the same target").header_value(),
                format!("<{uri}>")
            );
        }
    }
}

#[test]
fn c10_a_display_name_is_kept_if_given_and_never_made_up() {
    let corpus = [
        (
            "\"Bob\" <sip:bob@example.com>",
            "\"Bob\" <sip:bob@example.com>",
        ),
        (
            "\"Bob\"<sip:bob@example.com>",
            "\"Bob\" <sip:bob@example.com>",
        ),
        (
            "Bob Smith <sip:bob@example.com>",
            "Bob Smith <sip:bob@example.com>",
        ),
        (
            "\"A \\\"B\\\" <c>, \\\\\" <sip:bob@example.com>",
            "\"A \\\"B\\\" <c>, \\\\\" <sip:bob@example.com>",
        ),
        (
            "\"J\u{f6}rg\" <sip:j@example.com>",
            "\"J\u{f6}rg\" <sip:j@example.com>",
        ),
        (
            "J\u{f6}rg <sip:j@example.com>",
            "\"J\u{f6}rg\" <sip:j@example.com>",
        ),
        ("< sip:bob@example.com >", "<sip:bob@example.com>"),
        ("<sip:bob@example.com>;x=1", "<sip:bob@example.com>;x=1"),
        (
            "<tel:+441632960000> ; x=\"y\"",
            "<tel:+441632960000>; x=\"y\"",
        ),
    ];
    for (text, value) in corpus {
        assert_eq!(parse(text).expect(text).header_value(), value);
    }
}

#[test]
fn a_method_other_than_invite_is_taken_out_of_the_uri() {
    let corpus = [
        ("sip:a@example.com;method=BYE", "<sip:a@example.com>", "BYE"),
        (
            "sip:a@example.com;METHOD=bye;lr",
            "<sip:a@example.com;lr>",
            "bye",
        ),
        (
            "sip:a@example.com;x=1;m%65thod=%42YE?X=1",
            "<sip:a@example.com;x=1?X=1>",
            "BYE",
        ),
        (
            "sip:a@example.com;method=invite",
            "<sip:a@example.com>",
            "invite",
        ),
        ("sip:a@example.com;method", "<sip:a@example.com>", ""),
        (
            "<sip:a@example.com;method=REFER>;y",
            "<sip:a@example.com>;y",
            "REFER",
        ),
    ];
    for (text, value, method) in corpus {
        let target = parse(text).expect(text);
        assert_eq!(target.header_value(), value);
        assert_eq!(target.stripped_method(), Some(method), "{text}");
    }
    let in_user_part = parse("sip:a;method=BYE@example.com").expect("a user part");
    assert_eq!(in_user_part.uri(), "sip:a;method=BYE@example.com");
}

#[test]
fn c4_a_bad_target_is_refused_with_its_kind() {
    let own = str::to_owned;
    let corpus = [
        ("", ReferToError::Empty),
        (" \t\r\n", ReferToError::Empty),
        ("alice", ReferToError::NotAUri(own("alice"))),
        ("+441632960000", ReferToError::NotAUri(own("+441632960000"))),
        (
            "alice@example.com",
            ReferToError::NotAUri(own("alice@example.com")),
        ),
        ("<>", ReferToError::NotAUri(own("<>"))),
        ("<alice>", ReferToError::NotAUri(own("<alice>"))),
        ("sip:", ReferToError::Host(own("sip:"))),
        ("sip:alice@", ReferToError::Host(own("sip:alice@"))),
        ("sip:@;x", ReferToError::Host(own("sip:@;x"))),
        ("sip:a@b:0", ReferToError::Host(own("sip:a@b:0"))),
        ("sip:a@b:port", ReferToError::Host(own("sip:a@b:port"))),
        ("sip:a@b:99999", ReferToError::Host(own("sip:a@b:99999"))),
        (
            "sip:a@[2001:db8::1",
            ReferToError::Host(own("sip:a@[2001:db8::1")),
        ),
        (
            "sip:a@[nonsense]",
            ReferToError::Host(own("sip:a@[nonsense]")),
        ),
        (
            "sip:a@[::1]5060",
            ReferToError::Host(own("sip:a@[::1]5060")),
        ),
        (
            "sip:a@exa,mple.com",
            ReferToError::Host(own("sip:a@exa,mple.com")),
        ),
        ("sip:a@h;maddr=", ReferToError::Host(own("sip:a@h;maddr="))),
        ("tel:", ReferToError::Number(own("tel:"))),
        ("tel:+", ReferToError::Number(own("tel:+"))),
        ("tel:alice", ReferToError::Number(own("tel:alice"))),
        ("<sip:a@b", ReferToError::Unbalanced(own("<sip:a@b"))),
        ("sip:a@b>", ReferToError::Unbalanced(own("sip:a@b>"))),
        ("<<sip:a@b>>", ReferToError::Unbalanced(own("<<sip:a@b>>"))),
        (
            "\"Bob <sip:a@b>",
            ReferToError::Unbalanced(own("\"Bob <sip:a@b>")),
        ),
        ("\"sip:a@b\"", ReferToError::Unbalanced(own("\"sip:a@b\""))),
        ("<sip:a@b>;x=\"y", ReferToError::Unbalanced(own(";x=\"y"))),
        (
            "<sip:a@b>, sip:c@d",
            ReferToError::Trailing(own(", sip:c@d")),
        ),
        ("<sip:a@b>;x=1,y", ReferToError::Trailing(own(";x=1,y"))),
        (
            "sip:a@b, <sip:c@d>",
            ReferToError::Trailing(own("sip:a@b,")),
        ),
        ("sip:a@b@c", ReferToError::Ambiguous(own("sip:a@b@c"))),
        ("sip:a@b;x=@c", ReferToError::Ambiguous(own("sip:a@b;x=@c"))),
        ("sip:h?X=a@b", ReferToError::Ambiguous(own("sip:h?X=a@b"))),
        ("sip:50%@b", ReferToError::Escape(own("sip:50%@b"))),
        ("sip:a@b?X=%4", ReferToError::Escape(own("sip:a@b?X=%4"))),
    ];
    for (text, error) in corpus {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_scheme_that_no_call_can_follow_is_refused() {
    for (text, scheme) in [
        ("http://example.com/", "http"),
        ("HTTPS://example.com", "HTTPS"),
        ("mailto:alice@example.com", "mailto"),
        ("im:alice@example.com", "im"),
        ("<javascript:alert(1)>", "javascript"),
    ] {
        for rule in [
            BareTarget::Refuse,
            BareTarget::AtPeerHost("peer.example.net"),
        ] {
            match ReferTo::parse(text, rule) {
                Err(ReferToError::Scheme { scheme: found, .. }) => assert_eq!(found, scheme),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}

#[test]
fn c5_no_line_break_or_nul_gets_through_anywhere() {
    for evil in ["\r", "\n", "\r\n", "\0", "\u{b}", "\u{7f}", "\u{85}"] {
        for text in [
            format!("sip:a{evil}@example.com"),
            format!("sip:a@example.com{evil}Via: x"),
            format!("sip:a@example.com?X={evil}Y"),
            format!("\"Bo{evil}b\" <sip:a@example.com>"),
            format!("<sip:a@example.com>;x{evil}=1"),
            format!("ali{evil}ce"),
        ] {
            for rule in [BareTarget::Refuse, BareTarget::AtPeerHost("h.example")] {
                let error = ReferTo::parse(&text, rule).expect_err("refused");
                assert!(
                    matches!(error, ReferToError::ControlCharacter { .. }),
                    "{text:?}"
                );
                assert!(
                    !error.to_string().contains(evil),
                    "the message itself is one line"
                );
            }
        }
    }
}

#[test]
fn characters_that_no_uri_has_are_refused() {
    for character in [
        ' ', '"', '\\', '^', '`', '{', '|', '}', '\u{f6}', '\u{4e2d}',
    ] {
        let error = parse(&format!("sip:al{character}ice@example.com")).expect_err("refused");
        assert!(matches!(error, ReferToError::Character { character: c, .. } if c == character));
    }
}

#[test]
fn c12_a_bare_target_becomes_a_user_at_the_peers_host() {
    let corpus = [
        ("+441632960000", "<sip:+441632960000@peer.example.net>"),
        (" 1234 ", "<sip:1234@peer.example.net>"),
        ("+49 (170) 123-45.6", "<sip:+49170123456@peer.example.net>"),
        ("alice", "<sip:alice@peer.example.net>"),
        ("alice smith", "<sip:alice%20smith@peer.example.net>"),
        ("j\u{f6}rg", "<sip:j%C3%B6rg@peer.example.net>"),
        ("#31#12", "<sip:%2331%2312@peer.example.net>"),
        ("*72", "<sip:*72@peer.example.net>"),
        ("50%", "<sip:50%25@peer.example.net>"),
        ("what?", "<sip:what%3F@peer.example.net>"),
        ("alice@example.com", "<sip:alice@example.com>"),
        ("sip:alice@example.com", "<sip:alice@example.com>"),
        ("sips:alice@example.com", "<sips:alice@example.com>"),
        ("tel:+441632960000", "<tel:+441632960000>"),
        ("<sip:alice@example.com>", "<sip:alice@example.com>"),
        (
            "\"Al\" <sip:alice@example.com>",
            "\"Al\" <sip:alice@example.com>",
        ),
    ];
    for (text, value) in corpus {
        assert_eq!(jambonz(text).as_deref(), Ok(value));
    }
    let v6 = ReferTo::parse("12", BareTarget::AtPeerHost("2001:db8::1")).expect("a target");
    assert_eq!(v6.header_value(), "<sip:12@[2001:db8::1]>");
}

#[test]
fn the_parts_of_a_target_are_known_for_policy() {
    let parts = |text: &str| {
        let target = parse(text).expect(text);
        (
            target.scheme(),
            target.user().map(str::to_owned),
            target.host().map(str::to_owned),
            target.number(),
        )
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        parts("sip:%2B44-1632;x=y:pw@Gw.Example.COM.:5060;lr?X=1"),
        (
            Scheme::Sip,
            some("+44-1632"),
            some("gw.example.com"),
            some("+441632")
        )
    );
    assert_eq!(
        parts("sips:alice@[2001:DB8:0::1]:5061"),
        (Scheme::Sips, some("alice"), some("2001:db8::1"), None)
    );
    assert_eq!(
        parts("tel:+44-1632-960000;ext=1"),
        (
            Scheme::Tel,
            some("+44-1632-960000"),
            None,
            some("+441632960000")
        )
    );
    assert_eq!(
        parts("sip:example.com"),
        (Scheme::Sip, None, some("example.com"), None)
    );
    let maddr = parse("sip:a@example.com;maddr=Evil.example").expect("a target");
    assert_eq!(maddr.maddr(), Some("evil.example"));
}

#[test]
fn c151_a_long_target_is_not_cut() {
    let uri = format!("sip:a@example.com?X-Long={}", "x".repeat(64 * 1024));
    assert_eq!(parse(&uri).expect("a target").uri(), uri);
}

#[test]
fn debug_output_shows_no_party() {
    let target = parse("\"Alice\" <sip:+441632960000@example.com>").expect("a target");
    let shown = format!("{target:?}");
    assert!(!shown.contains("Alice") && !shown.contains("1632") && !shown.contains("example"));
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_one_well_formed_header_value(
        text in "(sip:|tel:|<|\"|)?[a-z0-9+@;:?=&%<>\" \\\\\r\n\u{0}\u{f6},.\\[\\]-]{0,40}",
    ) {
        for rule in [BareTarget::Refuse, BareTarget::AtPeerHost("h.example")] {
            let Ok(target) = ReferTo::parse(&text, rule) else { continue };
            let value = target.header_value();
            prop_assert!(!value.contains(char::is_control), "{:?}", value);
            prop_assert!(target.uri().is_ascii());
            prop_assert!(!target.uri().contains(['<', '>', '"', ' ', '\\']));
            prop_assert_eq!(value.matches(&format!("<{}>", target.uri())).count(), 1);
            let again = ReferTo::parse(&value, BareTarget::Refuse).expect("what we send, we read");
            prop_assert_eq!(again.header_value(), value);
        }
    }
}
