//! Which targets the operator's patterns reach.

use hookflash_transfer::refer_to::{BareTarget, ReferTo, ReferToError};
use hookflash_transfer::{AllowList, Refusal};

fn check(patterns: &[&str], target: &str) -> Result<(), Refusal> {
    let target = ReferTo::parse(target, BareTarget::Refuse).expect(target);
    AllowList::new(patterns).check(&target)
}

#[test]
fn a_star_reaches_everything_and_an_empty_list_nothing() {
    for target in [
        "sip:a@example.com",
        "tel:+1900",
        "sip:a@b;maddr=c?Route=%3Csip%3Ax%3E",
    ] {
        assert_eq!(check(&["*"], target), Ok(()));
        assert_eq!(check(&["x.example", "**"], target), Ok(()));
    }
    for patterns in [&[][..], &[""], &[" "]] {
        assert_eq!(
            check(patterns, "sip:a@example.com"),
            Err(Refusal::NotListed)
        );
    }
    assert_eq!(AllowList::everything(), AllowList::new(["*"]));
}

#[test]
fn c103_host_patterns_reach_the_targets_at_those_hosts() {
    for (pattern, target, reached) in [
        ("pbx.example.com", "sip:alice@pbx.example.com", true),
        (
            "PBX.example.com.",
            "sip:alice@pbx.EXAMPLE.com:5070;lr",
            true,
        ),
        ("pbx.example.com", "sips:pbx.example.com", true),
        ("pbx.example.com", "sip:alice@xpbx.example.com", false),
        ("pbx.example.com", "sip:pbx.example.com@evil.example", false),
        (
            "pbx.example.com",
            "sip:a@evil.example?X=pbx.example.com",
            false,
        ),
        ("pbx.example.com", "tel:+441632960000", false),
        ("*.example.com", "sip:a@gw1.example.com", true),
        ("*.example.com", "sip:a@example.com", false),
        ("*.example.com", "sip:a@gw.example.com.evil.example", false),
        ("gw?.example.com", "sip:a@gw1.example.com", true),
        ("gw?.example.com", "sip:a@gw12.example.com", false),
        ("10.0.0.*", "sip:a@10.0.0.7", true),
        ("10.0.0.*", "sip:a@10.0.1.7", false),
        ("[2001:db8::1]", "sip:a@[2001:DB8:0::1]", true),
        ("2001:db8:*", "sip:a@[2001:db8::7]", true),
    ] {
        assert_eq!(
            check(&[pattern], target).is_ok(),
            reached,
            "{pattern} {target}"
        );
    }
}

#[test]
fn number_patterns_reach_numbers_however_they_are_written() {
    for (pattern, target, reached) in [
        ("+44*", "tel:+44-1632-960000", true),
        ("+44*", "sip:+441632960000@carrier.example", true),
        (
            "+44*",
            "sip:%2B441632960000@carrier.example;user=phone",
            true,
        ),
        ("+44*", "sip:+44%2D1632@carrier.example", true),
        ("+44*", "tel:+49170", false),
        ("+44*", "sip:+44alice@carrier.example", false),
        ("+44*", "sip:alice@44.example", false),
        ("tel:+44*", "tel:+441", true),
        ("2???", "sip:2001@pbx.example", true),
        ("2???", "sip:20011@pbx.example", false),
        ("*99", "tel:12399", true),
    ] {
        assert_eq!(
            check(&[pattern], target).is_ok(),
            reached,
            "{pattern} {target}"
        );
    }
}

#[test]
fn user_at_host_patterns_need_both() {
    for (target, reached) in [
        ("sip:sales-1@pbx.example.com", true),
        ("sip:sales-1@other.example.com", false),
        ("sip:support@pbx.example.com", false),
        ("sip:pbx.example.com", false),
    ] {
        assert_eq!(
            check(&["sales-*@pbx.example.com"], target).is_ok(),
            reached,
            "{target}"
        );
    }
    assert_eq!(
        check(&["sip:+44*@gw.example"], "sip:+44-1632@gw.example"),
        Ok(())
    );
}

#[test]
fn parameters_and_headers_do_not_lead_past_the_list() {
    let list = &["pbx.example.com"][..];
    assert_eq!(
        check(list, "sip:a@pbx.example.com;maddr=evil.example"),
        Err(Refusal::Maddr)
    );
    assert_eq!(
        check(list, "sip:a@pbx.example.com;m%61ddr=evil.example"),
        Err(Refusal::Maddr)
    );
    assert_eq!(
        check(list, "sip:a@pbx.example.com;maddr=pbx.example.com"),
        Ok(())
    );
    for order in [
        "maddr=evil.example;maddr=pbx.example.com",
        "maddr=pbx.example.com;MADDR=x.y",
    ] {
        let target = format!("sip:a@pbx.example.com;{order}");
        let error = ReferTo::parse(&target, BareTarget::Refuse).expect_err("two hosts");
        assert!(matches!(error, ReferToError::Ambiguous(_)), "{error}");
    }
    for name in ["Route", "route", "Rout%65", "Route%20", "%09Route"] {
        let target = format!("sip:a@pbx.example.com?X=1&{name}=%3Csip%3Aevil.example%3Blr%3E");
        assert_eq!(check(list, &target), Err(Refusal::Route), "{target}");
    }
}

#[test]
fn a_pattern_full_of_stars_is_matched_in_time() {
    let pattern = format!("{}b.example", "a*".repeat(60));
    let host = "a".repeat(250);
    assert_eq!(
        check(&[&pattern], &format!("sip:x@{host}")),
        Err(Refusal::NotListed)
    );
}

#[test]
fn a_refusal_says_where_to_look_and_names_no_party() {
    for refusal in [Refusal::NotListed, Refusal::Maddr, Refusal::Route] {
        assert!(refusal.to_string().contains("transfer.allow_targets"));
    }
}
