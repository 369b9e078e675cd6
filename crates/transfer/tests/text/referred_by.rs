//! On whose behalf we transfer.

use hookflash_transfer::referred_by::{ReferredBy, quoted};

fn given(value: &str, display_name: Option<&str>) -> Option<String> {
    ReferredBy::Given {
        value,
        display_name,
        host: "pbx.example",
    }
    .header_value()
    .expect("a party")
}

#[test]
fn c25_the_local_party_is_the_default() {
    let local = |display_name| ReferredBy::LocalParty {
        uri: "sip:1000@pbx.example",
        display_name,
    };
    assert_eq!(
        local(None).header_value(),
        Ok(Some("<sip:1000@pbx.example>".to_owned()))
    );
    assert_eq!(
        local(Some("Front Desk")).header_value(),
        Ok(Some("\"Front Desk\"<sip:1000@pbx.example>".to_owned()))
    );
}

#[test]
fn c25_it_can_be_suppressed() {
    assert_eq!(ReferredBy::Suppressed.header_value(), Ok(None));
}

#[test]
fn c25_special_characters_in_a_display_name_are_quoted() {
    assert_eq!(quoted(r#"Al "Bo" \o/"#), r#""Al \"Bo\" \\o/""#);
    assert_eq!(quoted("a\r\nVia: x\0"), "\"aVia: x\"");
    assert_eq!(
        given("1000", Some("A \"B\"")).as_deref(),
        Some(r#""A \"B\""<sip:1000@pbx.example>"#)
    );
}

#[test]
fn what_the_application_gives_is_taken_as_it_is() {
    assert_eq!(
        given("1000", None).as_deref(),
        Some("<sip:1000@pbx.example>")
    );
    assert_eq!(
        given("+44 1632", Some("Desk")).as_deref(),
        Some("\"Desk\"<sip:+441632@pbx.example>")
    );
    assert_eq!(
        given("sip:a@b.example", None).as_deref(),
        Some("<sip:a@b.example>")
    );
    assert_eq!(
        given("tel:+441632", Some(" ")).as_deref(),
        Some("<tel:+441632>")
    );
    assert_eq!(
        given("\"Me\" <sip:a@b.example>", Some("Other")).as_deref(),
        Some("\"Me\" <sip:a@b.example>")
    );
}

#[test]
fn c5_a_party_that_cannot_be_written_is_an_error() {
    let value = "sip:a@b\r\nVia: x";
    let error = ReferredBy::Given {
        value,
        display_name: None,
        host: "h",
    }
    .header_value();
    let message = error.expect_err("refused").to_string();
    assert!(
        message.contains("referring party") && !message.contains('\n'),
        "{message}"
    );
}
