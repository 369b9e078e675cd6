//! Signatures, against values that another implementation made.

use hookflash_dialects::laml::signature::signature;
use hookflash_dialects::{Body, Dialect, Moment};

use crate::call::{call, request};

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_form_is_signed_with_its_fields_in_name_order() {
    let form = fields(&[
        ("To", "+18005551212"),
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("Caller", "+14158675310"),
        ("From", "+14158675310"),
    ]);
    assert_eq!(
        signature(
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            &form
        ),
        "GvWf1cFY/Q7PnoempGyD5oXAezc="
    );
}

#[test]
fn a_query_is_signed_as_part_of_the_url() {
    let url = "http://127.0.0.1:3000/voice?CallSid=CA00&From=sip%3Aalice%40example.com";
    assert_eq!(
        signature("secret", url, &[]),
        "m/QXkwSRQnMtmkko0OKUPSDBb1M="
    );
}

#[test]
fn names_sort_by_their_bytes() {
    let form = fields(&[("b", "2"), ("B", "1"), ("a_b", "4"), ("aB", "3"), ("a", "")]);
    let url = "https://app.example.com/refer?tenant=7";
    assert_eq!(
        signature("secret", url, &form),
        "nHjBvrVleMXgiNfnuVr2TkqCBzc="
    );
}

#[test]
fn values_are_signed_as_utf_8_and_not_encoded() {
    let form = fields(&[
        ("CallerName", "Zoë Müller ✓"),
        ("SipHeader_X-Note", "a=b&c d+e"),
    ]);
    let url = "https://app.example.com/übung?x=ä";
    assert_eq!(signature("clé", url, &form), "HszRWbxuk8bGFqPiovme8SG7zlE=");
}

#[test]
fn a_repeated_field_counts_each_value_once_in_order() {
    let form = fields(&[
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "ringing"),
    ]);
    let url = "https://app.example.com/status";
    assert_eq!(
        signature("secret", url, &form),
        "Kr98x3LZ+j6pT6GddGrCcr/FXrU="
    );
}

#[test]
fn an_empty_key_still_signs() {
    let form = fields(&[("CallSid", "CA1")]);
    assert_eq!(
        signature("", "https://app.example.com/", &form),
        "+lZTYt+zb9gekrt0FCfB7PtjzDo="
    );
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn a_twiml_request_carries_twilios_header_alone() {
    let request = request(&call(Dialect::Twiml), &Moment::Incoming);
    let Body::Form(form) = &request.body else {
        panic!("no form")
    };
    let headers = request.headers_for(&request.url, 0);
    let expected = signature("secret", &request.url, form);
    assert_eq!(
        header(&headers, "X-Twilio-Signature"),
        Some(expected.as_str())
    );
    assert_eq!(header(&headers, "X-SignalWire-Signature"), None);
    assert_eq!(
        header(&headers, "Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[test]
fn a_cxml_request_carries_the_signature_under_both_names() {
    let request = request(&call(Dialect::Cxml), &Moment::Incoming);
    let headers = request.headers_for(&request.url, 0);
    let signature = header(&headers, "X-SignalWire-Signature");
    assert!(signature.is_some());
    assert_eq!(signature, header(&headers, "X-Twilio-Signature"));
}

#[test]
fn after_a_redirect_the_new_url_is_signed() {
    let request = request(&call(Dialect::Twiml), &Moment::Incoming);
    let Body::Form(form) = &request.body else {
        panic!("no form")
    };
    let elsewhere = "https://other.example.com/voice";
    let headers = request.headers_for(elsewhere, 0);
    let expected = signature("secret", elsewhere, form);
    assert_eq!(
        header(&headers, "X-Twilio-Signature"),
        Some(expected.as_str())
    );
}
