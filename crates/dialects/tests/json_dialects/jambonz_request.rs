//! jambonz requests: what an application is told, where and how.

use std::sync::Arc;
use std::time::Duration;

use hookflash_dialects::{
    Application, Body, CallFacts, CallHooks, CallState, Dialect, Direction, EndedBy, FetchError,
    FetchErrorKind, Moment, ReferNews, ReplyUse, RetryOn, Signing, StatusEvent, jambonz,
};
use hookflash_program::{Hook, HookMethod};
use hookflash_transfer::{End, Outcome};
use serde_json::{Value, json};

use crate::example::{self, application, json, names, only_refer, request, requested, result};

fn incoming() -> CallFacts {
    example::incoming(Dialect::Jambonz)
}

fn answered() -> CallFacts {
    example::answered(Dialect::Jambonz)
}

fn with_application(facts: CallFacts, change: impl FnOnce(&mut Application)) -> CallFacts {
    let mut application = application(Dialect::Jambonz);
    change(&mut application);
    CallFacts {
        application: Arc::new(application),
        ..facts
    }
}

fn to(url: &str) -> Result<hookflash_dialects::HttpRequest, FetchError> {
    let hook = Hook::post(url);
    let request = Dialect::Jambonz.request(&answered(), "", &Moment::Redirected(&hook))?;
    Ok(request.expect("a request"))
}

const BASE: [&str; 19] = [
    "direction",
    "trace_id",
    "caller_name",
    "call_sid",
    "account_sid",
    "application_sid",
    "from",
    "to",
    "call_id",
    "sbc_callid",
    "sip_status",
    "sip_reason",
    "call_status",
    "originating_sip_ip",
    "originating_sip_trunk_name",
    "local_sip_address",
    "fs_sip_address",
    "api_base_url",
    "service_provider_sid",
];

#[test]
fn the_first_request_carries_the_call_the_invite_and_the_defaults() {
    let request = request(&incoming(), &Moment::Incoming);
    let body = json(&request);
    let wanted = json!({
        "sip": {
            "headers": {
                "via": "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK1",
                "from": "\"Ada\" <sip:+4915112345678@carrier.example.com>;tag=a1",
                "to": "<sip:+49301234567@voice.example.com>",
                "call-id": "5f301279@203.0.113.9",
                "X-Customer-Id": "4711",
            },
            "raw": "INVITE sip:+49301234567@voice.example.com SIP/2.0\r\n",
            "body": "v=0\r\n",
            "method": "INVITE",
            "version": "2.0",
            "uri": "sip:+49301234567@voice.example.com",
            "payload": [{"type": "application/sdp", "content": "v=0\r\n"}],
        },
        "direction": "inbound",
        "trace_id": "9c1f453ac53cb7a337367cdceadfac31",
        "caller_name": "Ada",
        "call_sid": "01234567-89ab-4def-8123-456789abcdef",
        "account_sid": "f4cd23c1-d5c4-4fcc-8000-000000000001",
        "application_sid": "108d3a4c-cdfa-4632-8000-000000000001",
        "from": "+4915112345678",
        "to": "+49301234567",
        "call_id": "5f301279@203.0.113.9",
        "sbc_callid": "5f301279@203.0.113.9",
        "sip_status": 100,
        "sip_reason": "Trying",
        "call_status": "trying",
        "originating_sip_ip": "203.0.113.9",
        "originating_sip_trunk_name": "carrier",
        "local_sip_address": "198.51.100.1:5060",
        "fs_sip_address": "198.51.100.1:5060",
        "api_base_url": "https://voice.example.com/v1",
        "service_provider_sid": body["service_provider_sid"],
        "defaults": {
            "synthesizer": {"vendor": "default", "language": "en-US", "voice": "default"},
            "recognizer": {"vendor": "default", "language": "en-US"},
        },
        "env_vars": {},
    });
    assert_eq!(request.body, Body::Json(wanted.to_string()));
    assert_eq!(request.url, "https://app.example.com:8443/voice/first?x=1");
    assert_eq!(request.reply_use, ReplyUse::Document);
    assert_eq!(
        request.signing,
        Signing::Jambonz {
            secret: "wh_secret".to_owned()
        }
    );
    assert_eq!(request.credentials, None);
}

#[test]
fn the_first_request_tells_an_inbound_call_as_it_arrived() {
    let ringing = CallFacts {
        state: CallState::Ringing,
        ..incoming()
    };
    assert_eq!(
        json(&request(&ringing, &Moment::Incoming))["sip_status"],
        100
    );
    let ours = CallFacts {
        direction: Direction::OutboundApi,
        ..answered()
    };
    let body = json(&request(&ours, &Moment::Incoming));
    assert_eq!(body["direction"], "outbound");
    assert_eq!(body["sip_status"], 200);
    assert_eq!(body["call_status"], "in-progress");
}

#[test]
fn later_requests_leave_the_invite_out() {
    let body = json(&request(
        &answered(),
        &Moment::Redirected(&Hook::post("/next")),
    ));
    assert_eq!(names(&body), BASE);
    assert_eq!(body["sip_status"], 200);
    assert_eq!(body["sip_reason"], "OK");
    assert_eq!(body["call_status"], "in-progress");
}

#[test]
fn tag_data_and_parent_call_travel_along() {
    let facts = CallFacts {
        tag_data: Some(Box::new(json!({"camelCase": {"deep_down": [1, 2.5]}}))),
        parent_sid: Some("p".to_owned()),
        trunk: None,
        ..answered()
    };
    let body = json(&request(&facts, &Moment::Redirected(&Hook::post("/next"))));
    assert_eq!(
        body["customerData"],
        json!({"camelCase": {"deep_down": [1, 2.5]}})
    );
    assert_eq!(body["parent_call_sid"], "p");
    assert_eq!(body["originating_sip_trunk_name"], "");
}

#[test]
fn the_action_hook_gets_the_codes_and_the_verbs_id() {
    let text = r#"[{"verb":"sip:refer","referTo":"sip:a@b","actionHook":"/done","id":"r1"}]"#;
    let verb = only_refer(Dialect::Jambonz, text);
    let row = result(End::Final, Outcome::Failed, Some(202), &[100, 486]);
    let body = json(&request(
        &answered(),
        &Moment::ReferDone {
            verb: &verb,
            result: &row,
        },
    ));
    let mut wanted = BASE.to_vec();
    wanted.extend(["refer_status", "final_referred_call_status", "verb_id"]);
    assert_eq!(names(&body), wanted);
    assert!(body["refer_status"].is_u64() && body["final_referred_call_status"].is_u64());
    assert_eq!(body["verb_id"], "r1");
}

#[test]
fn c158_the_event_hook_gets_each_status_as_a_number() {
    let text = r#"[{"verb":"sip:refer","referTo":"sip:a@b","id":"r1",
                    "eventHook":{"url":"https://e/x","username":"u","password":"p"}}]"#;
    let verb = only_refer(Dialect::Jambonz, text);
    let news = ReferNews { status: 180 };
    let request = request(
        &answered(),
        &Moment::ReferProgress {
            verb: &verb,
            news: &news,
        },
    );
    let wanted = "{\"event\":\"transfer-status\",\"call_status\":180,\
                  \"call_sid\":\"01234567-89ab-4def-8123-456789abcdef\"}";
    assert_eq!(request.body, Body::Json(wanted.to_owned()));
    assert_eq!(request.url, "https://e/x");
    assert_eq!(request.credentials, Some(("u".to_owned(), "p".to_owned())));
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    let silent = only_refer(Dialect::Jambonz, r#"[{"sip:refer":{"referTo":"1"}}]"#);
    let moment = Moment::ReferProgress {
        verb: &silent,
        news: &news,
    };
    assert_eq!(requested(&answered(), &moment), None);
    let row = result(End::Final, Outcome::Failed, Some(202), &[486]);
    let moment = Moment::ReferDone {
        verb: &silent,
        result: &row,
    };
    assert_eq!(requested(&answered(), &moment), None);
}

#[test]
fn each_change_of_status_is_told_with_its_own_words() {
    let told = |facts: &CallFacts, event| {
        let request = request(facts, &Moment::Status { event, sequence: 0 });
        assert_eq!(request.url, "https://app.example.com:8443/status");
        assert_eq!(request.reply_use, ReplyUse::Ignored);
        let body = json(&request);
        (
            body["sip_status"].clone(),
            body["call_status"].clone(),
            body.get("duration").cloned(),
        )
    };
    let facts = answered();
    assert_eq!(
        told(&facts, StatusEvent::Initiated),
        (json!(100), json!("trying"), None)
    );
    assert_eq!(
        told(&facts, StatusEvent::Ringing),
        (json!(180), json!("ringing"), None)
    );
    assert_eq!(
        told(&facts, StatusEvent::Answered),
        (json!(200), json!("in-progress"), None)
    );
    let facts = example::ended(Dialect::Jambonz, EndedBy::Peer, true, 200);
    let wanted = (json!(200), json!("completed"), Some(json!(61)));
    assert_eq!(told(&facts, StatusEvent::Completed), wanted);
}

#[test]
fn the_last_status_says_who_ended_the_call() {
    let by = |by| {
        let facts = example::ended(Dialect::Jambonz, by, true, 200);
        let moment = Moment::Status {
            event: StatusEvent::Completed,
            sequence: 0,
        };
        json(&request(&facts, &moment))["call_termination_by"].clone()
    };
    assert_eq!(by(EndedBy::Peer), "caller");
    for ours in [EndedBy::Document, EndedBy::Api, EndedBy::Server] {
        assert_eq!(by(ours), "jambonz");
    }
}

#[test]
fn a_redirect_moves_the_status_hook() {
    let facts = CallFacts {
        hooks: Some(Box::new(CallHooks {
            status: Some(Hook::post("/moved")),
            ..CallHooks::default()
        })),
        ..answered()
    };
    let moment = Moment::Status {
        event: StatusEvent::Answered,
        sequence: 0,
    };
    assert_eq!(
        request(&facts, &moment).url,
        "https://app.example.com:8443/moved"
    );
    let silent = with_application(answered(), |application| application.status_callback = None);
    assert_eq!(requested(&silent, &moment), None);
}

#[test]
fn statuses_are_those_of_the_feature_server() {
    let word = |direction, by, was_answered, status| {
        let facts = example::ended(Dialect::Jambonz, by, was_answered, status);
        Dialect::Jambonz.status_word(&CallFacts { direction, ..facts })
    };
    use Direction::{Inbound, OutboundApi, OutboundDial};
    assert_eq!(word(Inbound, EndedBy::Peer, true, 200), "completed");
    assert_eq!(word(Inbound, EndedBy::Peer, false, 487), "no-answer");
    assert_eq!(word(Inbound, EndedBy::Document, false, 486), "failed");
    assert_eq!(word(Inbound, EndedBy::Document, false, 603), "failed");
    assert_eq!(word(OutboundDial, EndedBy::Peer, false, 487), "no-answer");
    assert_eq!(word(OutboundDial, EndedBy::Peer, false, 600), "busy");
    assert_eq!(word(OutboundDial, EndedBy::Peer, false, 603), "failed");
    assert_eq!(word(OutboundApi, EndedBy::Peer, false, 486), "busy");
    assert_eq!(word(OutboundApi, EndedBy::Peer, false, 603), "busy");
    assert_eq!(word(OutboundApi, EndedBy::Peer, false, 404), "failed");
    assert_eq!(Dialect::Jambonz.status_word(&incoming()), "trying");
}

#[test]
fn by_get_the_flat_fields_travel_in_the_query_and_the_invite_does_not() {
    let facts = with_application(incoming(), |application| {
        application.method = HookMethod::Get
    });
    let request = request(&facts, &Moment::Incoming);
    assert_eq!(request.body, Body::None);
    let query = request.url.split_once("first?x=1&").unwrap().1;
    let fields: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap().0)
        .collect();
    assert_eq!(fields, BASE);
    assert!(query.contains("&from=%2B4915112345678&"));
    assert!(query.contains("&sip_status=100&"));
}

#[test]
fn only_a_path_is_relative_and_the_documents_own_path_does_not_count() {
    assert_eq!(
        to("/x?y#rc=1").unwrap().url,
        "https://app.example.com:8443/x?y"
    );
    assert_eq!(to("http://other/x").unwrap().url, "http://other/x");
    for wrong in ["refer", "x/y", "./x", "//other/x", "", "?x"] {
        let error = to(wrong).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::InvalidUrl, "{wrong}");
        assert!(
            error.message.contains("begins with `/`"),
            "{wrong}: {error}"
        );
    }
}

#[test]
fn a_hook_is_asked_once_within_ten_seconds_and_never_redirected() {
    let policy = to("/x").unwrap().policy;
    let ten = Duration::from_secs(10);
    assert_eq!((policy.connect, policy.read, policy.total), (ten, ten, ten));
    assert_eq!((policy.retries, policy.redirects), (0, 0));
    for (status, success) in [
        (200, true),
        (201, false),
        (202, true),
        (204, true),
        (302, false),
    ] {
        assert_eq!(policy.success.covers(status), success, "{status}");
    }
    assert!(!policy.cookies && !policy.digest);
}

#[test]
fn retries_are_asked_for_behind_the_hash() {
    let policy = to("/x#rc=3&rp=ct,5xx&other=1").unwrap().policy;
    assert_eq!(policy.retries, 3);
    let wanted = RetryOn {
        connect: true,
        server_errors: true,
        ..RetryOn::default()
    };
    assert_eq!(policy.retry_on, wanted);
    let pauses: Vec<_> = policy.backoff.iter().map(Duration::as_millis).collect();
    assert_eq!(pauses, [500, 1000, 2000, 4000, 6000]);
    assert_eq!(policy.total, Duration::from_millis(43_500));
    let policy = to("/x#rc=1").unwrap().policy;
    assert_eq!(
        policy.retry_on,
        RetryOn {
            connect: true,
            ..RetryOn::default()
        }
    );
    let policy = to("/x#rc=5&rp=all&ct=500&rt=1000&tt=9000").unwrap().policy;
    let all = RetryOn {
        connect: true,
        read: true,
        client_errors: true,
        server_errors: true,
    };
    assert_eq!(policy.retry_on, all);
    assert_eq!(policy.connect, Duration::from_millis(500));
    assert_eq!(policy.read, Duration::from_millis(1000));
    assert_eq!(policy.total, Duration::from_millis(9000));
}

#[test]
fn overrides_that_make_no_sense_are_an_error() {
    for wrong in [
        "rc=6", "rc=-1", "rc=x", "rp=7xx", "rp=", "ct=99", "tt=15001", "rt=1s",
    ] {
        let error = to(&format!("/x#{wrong}")).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::BadOverride, "{wrong}");
        assert!(error.message.contains(wrong), "{error}");
    }
    assert!(to("/x#top").is_ok() && to("/x#").is_ok());
}

#[test]
fn there_is_no_fallback() {
    let moment = Moment::Fallback {
        failed_url: "x",
        code: "webhook-failure",
        failed: &Moment::Incoming,
    };
    assert_eq!(requested(&incoming(), &moment), None);
}

#[test]
fn a_failed_request_has_the_name_of_an_alert() {
    let code = |kind| {
        let error = FetchError {
            kind,
            url: String::new(),
            message: String::new(),
            body: None,
        };
        Dialect::Jambonz.fetch_error_code(&error)
    };
    assert_eq!(code(FetchErrorKind::Status(500)), "webhook-failure");
    assert_eq!(code(FetchErrorKind::Status(401)), "webhook-auth-failure");
    assert_eq!(code(FetchErrorKind::Status(404)), "webhook-url-notfound");
    assert_eq!(code(FetchErrorKind::Refused), "webhook-connection-failure");
}

#[test]
fn identifiers_are_uuids() {
    assert_eq!(
        Dialect::Jambonz.call_sid(0),
        "00000000-0000-4000-8000-000000000000"
    );
    assert_eq!(
        Dialect::Jambonz.application_sid(0),
        "00000000-0000-5000-8000-000000000000"
    );
}

/// Computed with Node.js: `crypto.createHmac('sha256', secret).update(t + '.' + body)`.
#[test]
fn the_signature_is_an_hmac_over_time_and_body() {
    assert_eq!(
        jambonz::signature::header("wh_secret", 1_795_255_200, "{\"a\":\"ü\u{2028}\"}"),
        "t=1795255200,v1=1d859f7de99739afebc364c3eca9ae4452f1e4c4dfc7ecf59f8c383104260e41"
    );
    assert_eq!(
        jambonz::signature::header("", 0, ""),
        jambonz::signature::header("", 0, "{}")
    );
    assert_eq!(
        jambonz::signature::header("", 0, "{}"),
        "t=0,v1=4fa6c2486692767ff3eb0ad23d9638df613add15a49b8ffc0a606879b90a6f25"
    );
}

#[test]
fn what_the_application_gave_comes_back_as_javascript_would_write_it() {
    let data: Value = serde_json::from_str(
        "{\"b\":1.0,\"10\":\"ten\",\"2\":1e21,\"a\":\"\\u2028\\/\\u00e9\\u0007\",\"01\":-0.0}",
    )
    .unwrap();
    let facts = CallFacts {
        tag_data: Some(Box::new(data)),
        ..answered()
    };
    let Body::Json(body) = request(&facts, &Moment::Redirected(&Hook::post("/x"))).body else {
        panic!("JSON body");
    };
    let (_, data) = body.split_once("\"customerData\":").unwrap();
    assert_eq!(
        data,
        "{\"2\":1e+21,\"10\":\"ten\",\"b\":1,\"a\":\"\u{2028}/é\\u0007\",\"01\":0}}"
    );
}

#[test]
fn an_error_never_tells_the_password_of_a_url() {
    for wrong in [
        "https://ada:secret@app.example.com/x#rc=9",
        "wss://ada:secret@app.example.com/x#rc=9",
        "https://ada:secret@app.example.com:port/x",
    ] {
        let error = to(wrong).unwrap_err();
        assert!(error.url.contains("app.example.com"), "{error}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}
