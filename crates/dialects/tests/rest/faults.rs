//! Refusals in the shape that each vendor's libraries read.

use hookflash_dialects::Dialect;
use hookflash_dialects::rest::ApiReason;
use serde_json::json;

const REASONS: [(ApiReason, [u16; 4]); 19] = [
    (ApiReason::Unauthenticated, [401, 401, 401, 401]),
    (ApiReason::Forbidden, [401, 401, 403, 403]),
    (ApiReason::NotFound, [404, 404, 404, 404]),
    (ApiReason::Method, [405, 405, 405, 405]),
    (ApiReason::Invalid, [400, 400, 400, 400]),
    (ApiReason::Malformed, [400, 400, 400, 400]),
    (ApiReason::TooLarge, [413, 413, 413, 413]),
    (ApiReason::MediaType, [415, 415, 415, 415]),
    (ApiReason::Target, [400, 400, 400, 400]),
    (ApiReason::Caller, [400, 400, 400, 400]),
    (ApiReason::TargetForbidden, [400, 400, 403, 403]),
    (ApiReason::NoRoute, [400, 400, 400, 400]),
    (ApiReason::CallOver, [400, 400, 409, 422]),
    (ApiReason::CallRuns, [409, 409, 409, 422]),
    (ApiReason::CallState, [400, 400, 409, 422]),
    (ApiReason::CannotBeDone, [400, 400, 400, 422]),
    (ApiReason::TooMany, [429, 429, 429, 429]),
    (ApiReason::Busy, [503, 503, 503, 480]),
    (ApiReason::Broken, [500, 500, 500, 500]),
];

#[test]
fn every_reason_has_a_status_and_a_body_that_the_libraries_read() {
    for (reason, statuses) in REASONS {
        for (dialect, status) in Dialect::ALL.into_iter().zip(statuses) {
            let reply = dialect.fault_reply(&dialect.fault(reason, "why"));
            assert_eq!(reply.status, status, "{dialect} {reason:?}");
            match dialect {
                Dialect::Twiml | Dialect::Cxml => {
                    let body = reply.body.unwrap();
                    let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
                    names.sort();
                    assert_eq!(names, ["code", "message", "more_info", "status"]);
                    assert!(body["code"].as_u64().unwrap() >= 10_000);
                    assert_eq!(body["status"], status);
                }
                Dialect::Bxml => {
                    let body = reply.body.unwrap();
                    assert_eq!(body["description"], "why");
                    assert!(!body["type"].as_str().unwrap().is_empty());
                    assert!(body.as_object().unwrap().contains_key("id"));
                }
                Dialect::Jambonz if status == 404 => assert_eq!(reply.body, None),
                Dialect::Jambonz => assert_eq!(reply.body, Some(json!({"msg": "why"}))),
            }
        }
    }
}

#[test]
fn twilio_and_signalwire_have_their_codes() {
    let code = |dialect: Dialect, reason| dialect.fault(reason, "").code.into_owned();
    for (reason, twilio, signalwire) in [
        (ApiReason::Unauthenticated, "20003", "20003"),
        (ApiReason::NotFound, "20404", "20404"),
        (ApiReason::TooMany, "20429", "20429"),
        (ApiReason::Invalid, "20001", "10000"),
        (ApiReason::CallOver, "21220", "21220"),
        (ApiReason::CallRuns, "20009", "20009"),
    ] {
        assert_eq!(code(Dialect::Twiml, reason), twilio);
        assert_eq!(code(Dialect::Cxml, reason), signalwire);
    }
}
