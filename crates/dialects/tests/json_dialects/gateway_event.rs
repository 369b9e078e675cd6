//! Voice Gateway events: the envelope, the payload, and what is said about the caller's number.

use std::sync::Arc;

use hookflash_dialects::{
    Body, CallFacts, Dialect, Direction, EndedBy, GatewayMoment, HttpRequest, Moment, Party,
    ReplyUse, Signing,
};
use hookflash_program::HookMethod;
use hookflash_transfer::{End, Outcome};
use serde_json::{Value, json};

use crate::example::{self, answered, application, ended, incoming, json, names, request, result};

const JAMBONZ: Dialect = Dialect::Jambonz;

fn event(facts: &CallFacts, moment: GatewayMoment<'_>) -> HttpRequest {
    JAMBONZ
        .gateway_event(facts, moment)
        .unwrap()
        .expect("an event")
}

fn name(facts: &CallFacts, moment: GatewayMoment<'_>) -> Value {
    json(&event(facts, moment))["event"].clone()
}

#[test]
fn an_event_is_a_signed_post_to_the_events_url() {
    let request = event(&incoming(JAMBONZ), GatewayMoment::Created);
    assert_eq!(request.method, HookMethod::Post);
    assert_eq!(request.url, "https://flow.example.com/events");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    assert_eq!(
        request.signing,
        Signing::Jambonz {
            secret: "wh_secret".to_owned()
        }
    );
    assert_eq!(
        names(&json(&request)),
        ["event", "payload", "numberMetaData"]
    );
}

#[test]
fn call_created_carries_what_the_first_request_carries() {
    let facts = incoming(JAMBONZ);
    let body = json(&event(&facts, GatewayMoment::Created));
    assert_eq!(body["event"], "CALL_CREATED");
    assert_eq!(body["payload"], json(&request(&facts, &Moment::Incoming)));
}

#[test]
fn a_transfer_event_carries_the_first_request_the_codes_and_the_verdict() {
    let facts = answered(JAMBONZ);
    let row = result(End::Final, Outcome::Failed, Some(202), &[100, 486]);
    let body = json(&event(&facts, GatewayMoment::ReferDone(&row)));
    assert_eq!(body["event"], "TRANSFER_REFER_ERROR");
    let mut wanted = json(&request(&facts, &Moment::Incoming));
    wanted["refer_status"] = json!(202);
    wanted["final_referred_call_status"] = json!(486);
    wanted["verdict"] = json!("The far end did as it was told.");
    assert_eq!(body["payload"], wanted);
    assert_eq!(body["payload"]["sip_status"], 100);
    assert_eq!(body["payload"]["call_status"], "trying");
    let row = result(End::Rejected, Outcome::Failed, Some(405), &[]);
    let body = json(&event(&facts, GatewayMoment::ReferDone(&row)));
    assert_eq!(body["payload"]["refer_status"], 405);
    assert_eq!(body["payload"].get("final_referred_call_status"), None);
}

#[test]
fn the_course_of_a_call_has_its_events() {
    assert_eq!(
        name(&answered(JAMBONZ), GatewayMoment::InProgress),
        "CALL_IN_PROGRESS"
    );
    let completed = ended(JAMBONZ, EndedBy::Peer, true, 200);
    let body = json(&event(&completed, GatewayMoment::Ended));
    assert_eq!(body["event"], "CALL_COMPLETED");
    assert_eq!(body["payload"]["duration"], 61);
    assert_eq!(body["payload"]["call_termination_by"], "caller");
    assert_eq!(body["payload"].get("sip"), None);
    let end = |facts: CallFacts| name(&facts, GatewayMoment::Ended);
    assert_eq!(
        end(ended(JAMBONZ, EndedBy::Document, false, 603)),
        "CALL_FAILED"
    );
    assert_eq!(
        end(ended(JAMBONZ, EndedBy::Peer, false, 487)),
        "CALL_FAILED"
    );
    let ours = |status| CallFacts {
        direction: Direction::OutboundApi,
        ..ended(JAMBONZ, EndedBy::Peer, false, status)
    };
    assert_eq!(end(ours(603)), "USER_BUSY");
    assert_eq!(end(ours(487)), "NO_ANSWER");
    assert_eq!(end(ours(500)), "CALL_FAILED");
}

fn number(user: &str) -> Option<Value> {
    let from = Party {
        user: user.to_owned(),
        ..Party::default()
    };
    let body = json(&event(
        &CallFacts {
            from,
            ..incoming(JAMBONZ)
        },
        GatewayMoment::Created,
    ));
    body.get("numberMetaData").cloned()
}

#[test]
fn a_callers_number_is_described() {
    let wanted = json!({
        "number": "+4915112345678",
        "country": "DE",
        "countryCallingCode": "49",
        "nationalNumber": "15112345678",
        "valid": true,
        "type": "MOBILE",
        "uri": "tel:+4915112345678",
    });
    assert_eq!(number("+4915112345678"), Some(wanted));
    let number = |user| number(user).unwrap();
    assert_eq!(number("+49 30 1234-567")["type"], "FIXED_LINE");
    assert_eq!(number("+12125551234")["type"], "FIXED_LINE_OR_MOBILE");
    assert_eq!(number("+12125551234")["country"], "US");
    assert_eq!(number("+390612345678")["nationalNumber"], "0612345678");
}

#[test]
fn a_caller_without_a_number_is_not_described() {
    for user in [
        "",
        "alice",
        "2000",
        "anonymous",
        "+",
        "+49abc",
        "030123456",
        "+1+2",
        "+999123456789",
    ] {
        assert_eq!(number(user), None, "{user}");
    }
    assert_eq!(number(&format!("+{}", "1".repeat(5000))), None);
}

#[test]
fn without_an_events_url_and_for_other_dialects_there_are_no_events() {
    let mut silent = application(JAMBONZ);
    silent.events_url = None;
    let facts = CallFacts {
        application: Arc::new(silent),
        ..incoming(JAMBONZ)
    };
    assert_eq!(
        JAMBONZ
            .gateway_event(&facts, GatewayMoment::Created)
            .unwrap(),
        None
    );
    let facts = incoming(Dialect::Bxml);
    assert_eq!(
        Dialect::Bxml
            .gateway_event(&facts, GatewayMoment::Created)
            .unwrap(),
        None
    );
}

#[test]
fn an_events_url_that_cannot_be_asked_is_named() {
    let mut wrong = application(JAMBONZ);
    wrong.events_url = Some("flow.example.com".to_owned());
    let facts = CallFacts {
        application: Arc::new(wrong),
        ..incoming(JAMBONZ)
    };
    let error = JAMBONZ
        .gateway_event(&facts, GatewayMoment::Created)
        .unwrap_err();
    assert_eq!(error.url, "flow.example.com");
}

#[test]
fn the_bytes_are_those_of_javascript() {
    let request = event(&example::answered(JAMBONZ), GatewayMoment::InProgress);
    let Body::Json(text) = &request.body else {
        panic!("JSON body")
    };
    assert!(text.starts_with("{\"event\":\"CALL_IN_PROGRESS\",\"payload\":{\"direction\":"));
}
