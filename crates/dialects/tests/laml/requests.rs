//! The requests of a call, field by field.

use hookflash_dialects::{
    CallFacts, CallState, Dialect, Direction, Moment, Party, ReplyUse, StatusEvent,
};
use hookflash_program::HookMethod;

use crate::call::{BOTH, call, field, form, party, redirect_to, refer, request, transferred};

fn fresh(dialect: Dialect) -> CallFacts {
    CallFacts {
        state: CallState::Ringing,
        answered_at: None,
        ..call(dialect)
    }
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn the_first_request_of_a_twiml_call() {
    let request = request(&fresh(Dialect::Twiml), &Moment::Incoming);
    assert_eq!(request.purpose, "first");
    assert_eq!(request.method, HookMethod::Post);
    assert_eq!(request.url, "https://app.example.com/voice/start?tenant=7");
    assert_eq!(request.reply_use, ReplyUse::Document);
    assert_eq!(
        pairs(form(&request)),
        [
            ("CallSid", "CA00000000000000000000000000000001"),
            ("AccountSid", "AC00000000000000000000000000000002"),
            ("ApiVersion", "2010-04-01"),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", "sip:alice@phones.example.com"),
            ("To", "sip:support@voice.example.com"),
            ("Caller", "sip:alice@phones.example.com"),
            ("Called", "sip:support@voice.example.com"),
            ("SipDomain", "voice.example.com"),
            ("SipCallId", "3848276298220188511@phones.example.com"),
            ("SipSourceIp", "192.0.2.7"),
            ("SipHeader_X-Account", "4711, 4712"),
            ("SipHeader_User-to-User", "313233;encoding=hex"),
        ]
    );
}

#[test]
fn the_first_request_of_a_cxml_call() {
    let request = request(&fresh(Dialect::Cxml), &Moment::Incoming);
    assert_eq!(
        pairs(form(&request)),
        [
            ("CallSid", "b3877c40-da60-4998-90ad-b792e98472ca"),
            ("AccountSid", "1a2b3c4d-0000-4000-8000-000000000001"),
            ("ApiVersion", "2010-04-01"),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", "sip:alice@phones.example.com"),
            ("To", "sip:support@voice.example.com"),
            ("SipDomain", "voice.example.com"),
            ("SipCallId", "3848276298220188511@phones.example.com"),
            ("SipSourceIp", "192.0.2.7"),
            ("SipUser", "support"),
            ("SipHeader_X-Account", "4711, 4712"),
            ("SipHeader_User-to-User", "313233;encoding=hex"),
        ]
    );
}

#[test]
fn a_form_is_encoded_as_browsers_do() {
    let mut facts = fresh(Dialect::Twiml);
    facts.from.display_name = "Zoë & Söhne 100%+".to_owned();
    let request = request(&facts, &Moment::Incoming);
    let (content_type, body) = request.encoded_body().unwrap();
    assert_eq!(content_type, "application/x-www-form-urlencoded");
    assert!(
        body.contains("&From=sip%3Aalice%40phones.example.com&"),
        "{body}"
    );
    assert!(
        body.contains("&CallerName=Zo%C3%AB+%26+S%C3%B6hne+100%25%2B&"),
        "{body}"
    );
}

#[test]
fn a_get_application_is_asked_with_a_query() {
    for dialect in BOTH {
        let mut facts = fresh(dialect);
        let mut application = (*facts.application).clone();
        application.method = HookMethod::Get;
        facts.application = application.into();
        let request = request(&facts, &Moment::Incoming);
        let start = format!(
            "https://app.example.com/voice/start?tenant=7&CallSid={}",
            facts.sid
        );
        assert!(request.url.starts_with(&start), "{}", request.url);
        assert_eq!(request.encoded_body(), None);
        let headers = request.headers_for(&request.url, 0);
        assert!(headers.iter().all(|(name, _)| name != "Content-Type"));
    }
}

#[test]
fn twilio_names_itself_and_marks_each_request() {
    let facts = fresh(Dialect::Twiml);
    let header = |name: &str| {
        let request = request(&facts, &Moment::Incoming);
        request
            .headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(header("User-Agent").as_deref(), Some("TwilioProxy/1.1"));
    let one = header("I-Twilio-Idempotency-Token").unwrap();
    let other = header("I-Twilio-Idempotency-Token").unwrap();
    assert_ne!(
        one, other,
        "two requests, alike in every fact, are two requests"
    );

    let request = request(&facts, &Moment::Incoming);
    let token = |headers: &[(String, String)]| {
        headers
            .iter()
            .find(|(name, _)| name.starts_with("I-Twilio"))
            .cloned()
    };
    assert_eq!(
        token(&request.headers_for(&request.url, 1)),
        token(&request.headers_for(&request.url, 2)),
        "two tries of one request have one token"
    );
}

#[test]
fn a_number_from_a_trunk_is_a_number() {
    let mut facts = fresh(Dialect::Twiml);
    facts.from = party("+14155550100", "carrier.example");
    facts.to = party("+18005550199", "voice.example.com");
    let number =
        |facts: &CallFacts| field(&request(facts, &Moment::Incoming), "From").map(str::to_owned);
    assert_eq!(
        number(&facts).as_deref(),
        Some("sip:+14155550100@carrier.example")
    );
    facts.trunk = Some("carrier".to_owned());
    assert_eq!(number(&facts).as_deref(), Some("+14155550100"));
    facts.from = party("alice", "carrier.example");
    assert_eq!(number(&facts).as_deref(), Some("sip:alice@carrier.example"));
}

#[test]
fn cxml_prefers_numbers_and_falls_back_to_the_raw_caller() {
    let mut facts = fresh(Dialect::Cxml);
    facts.from = party("+14155550100", "carrier.example");
    assert_eq!(
        field(&request(&facts, &Moment::Incoming), "From"),
        Some("+14155550100")
    );
    facts.from = party("14155550100", "carrier.example");
    assert_eq!(
        field(&request(&facts, &Moment::Incoming), "From"),
        Some("sip:14155550100@carrier.example")
    );
}

#[test]
fn a_withheld_caller_is_anonymous_and_a_tel_uri_is_its_number() {
    for dialect in BOTH {
        let mut facts = fresh(dialect);
        facts.from = party("anonymous", "anonymous.invalid");
        assert_eq!(
            field(&request(&facts, &Moment::Incoming), "From"),
            Some("anonymous")
        );
        facts.from = Party {
            uri: "tel:+14155550100".to_owned(),
            user: "+14155550100".to_owned(),
            ..Party::default()
        };
        assert_eq!(
            field(&request(&facts, &Moment::Incoming), "From"),
            Some("+14155550100")
        );
    }
}

#[test]
fn optional_facts_are_told_when_known() {
    let mut facts = fresh(Dialect::Twiml);
    facts.parent_sid = Some("CA00000000000000000000000000000009".to_owned());
    facts.from.display_name = "Alice".to_owned();
    let mut invite = (*facts.invite).clone();
    invite.headers.push((
        "Diversion".to_owned(),
        "\"Desk\" <sip:+14155550123@pbx.example;user=phone>;reason=no-answer".to_owned(),
    ));
    facts.invite = invite.into();
    let request = request(&facts, &Moment::Incoming);
    assert_eq!(
        field(&request, "ParentCallSid"),
        Some("CA00000000000000000000000000000009")
    );
    assert_eq!(field(&request, "CallerName"), Some("Alice"));
    assert_eq!(field(&request, "ForwardedFrom"), Some("+14155550123"));
}

#[test]
fn an_outbound_call_tells_nothing_of_our_own_invite() {
    for dialect in BOTH {
        let facts = CallFacts {
            direction: Direction::OutboundApi,
            ..fresh(dialect)
        };
        let request = request(&facts, &Moment::Redirected(&redirect_to("/x")));
        assert_eq!(field(&request, "Direction"), Some("outbound-api"));
        assert_eq!(field(&request, "SipDomain"), None);
        assert!(
            form(&request)
                .iter()
                .all(|(name, _)| !name.starts_with("SipHeader_"))
        );
    }
}

#[test]
fn a_redirect_asks_its_url_by_its_method() {
    for dialect in BOTH {
        let mut hook = redirect_to("next");
        hook.method = HookMethod::Get;
        let request = request(&call(dialect), &Moment::Redirected(&hook));
        assert_eq!(request.purpose, "redirect");
        assert_eq!(request.method, HookMethod::Get);
        assert!(
            request
                .url
                .starts_with("https://app.example.com/voice/next?CallSid=")
        );
    }
}

#[test]
fn a_fallback_is_told_what_failed_and_all_that_was_told_then() {
    for dialect in BOTH {
        let verb = refer(dialect, "action=\"/done\"");
        let result = transferred(hookflash_transfer::End::Final, Some(202), &[486]);
        let failed = Moment::ReferDone {
            verb: &verb,
            result: &result,
        };
        let request = request(
            &call(dialect),
            &Moment::Fallback {
                failed_url: "https://app.example.com/done",
                code: "11200",
                failed: &failed,
            },
        );
        assert_eq!(request.purpose, "fallback");
        assert_eq!(request.url, "https://app.example.com/fallback");
        assert_eq!(request.method, HookMethod::Post);
        assert_eq!(field(&request, "ErrorCode"), Some("11200"));
        assert_eq!(
            field(&request, "ErrorUrl"),
            Some("https://app.example.com/done")
        );
        assert_eq!(field(&request, "ReferCallStatus"), Some("busy"));
    }
}

#[test]
fn a_fallback_has_no_fallback_and_a_status_callback_has_none() {
    for dialect in BOTH {
        let facts = call(dialect);
        let first = Moment::Fallback {
            failed_url: "x",
            code: "11200",
            failed: &Moment::Incoming,
        };
        let second = Moment::Fallback {
            failed_url: "y",
            code: "11200",
            failed: &first,
        };
        assert_eq!(dialect.request(&facts, "", &second), Ok(None));
        let status = Moment::Status {
            event: StatusEvent::Completed,
            sequence: 0,
        };
        let of_status = Moment::Fallback {
            failed_url: "z",
            code: "11200",
            failed: &status,
        };
        assert_eq!(dialect.request(&facts, "", &of_status), Ok(None));
    }
}

#[test]
fn without_a_fallback_url_there_is_no_fallback() {
    for dialect in BOTH {
        let mut facts = call(dialect);
        let mut application = (*facts.application).clone();
        application.fallback_url = None;
        facts.application = application.into();
        let moment = Moment::Fallback {
            failed_url: "x",
            code: "11200",
            failed: &Moment::Incoming,
        };
        assert_eq!(dialect.request(&facts, "", &moment), Ok(None));
    }
}

#[test]
fn identifiers_have_the_vendors_form() {
    assert_eq!(
        Dialect::Twiml.call_sid(0xab),
        "CA000000000000000000000000000000ab"
    );
    assert_eq!(
        Dialect::Twiml.application_sid(1),
        "AP00000000000000000000000000000001"
    );
    assert_eq!(
        Dialect::Cxml.call_sid(u128::MAX),
        "ffffffff-ffff-4fff-bfff-ffffffffffff"
    );
    assert_eq!(
        Dialect::Cxml.application_sid(0),
        "00000000-0000-5000-8000-000000000000"
    );
}
