//! BXML events: what an application is told, where and how.

use std::sync::Arc;
use std::time::Duration;

use hookflash_dialects::{
    Application, Body, CallEnd, CallFacts, CallState, Dialect, Direction, EndedBy, FetchErrorKind,
    HttpRequest, InviteFacts, Moment, Party, ReferNews, ReplyUse, RetryOn, Signing, StatusEvent,
};
use hookflash_program::{Hook, HookMethod};
use hookflash_transfer::{End, Outcome};
use serde_json::{Value, json};

use crate::example::{self, application, json, names, only_refer, request, requested, result};

fn incoming() -> CallFacts {
    example::incoming(Dialect::Bxml)
}

fn answered() -> CallFacts {
    example::answered(Dialect::Bxml)
}

fn with_application(facts: CallFacts, change: impl FnOnce(&mut Application)) -> CallFacts {
    let mut application = application(Dialect::Bxml);
    change(&mut application);
    CallFacts {
        application: Arc::new(application),
        ..facts
    }
}

fn credentials(request: &HttpRequest) -> Option<(&str, &str)> {
    request
        .credentials
        .as_ref()
        .map(|(user, password)| (user.as_str(), password.as_str()))
}

const COMPLETED: Moment<'_> = Moment::Status {
    event: StatusEvent::Completed,
    sequence: 3,
};

#[test]
fn the_first_event_is_initiate() {
    let request = request(&incoming(), &Moment::Incoming);
    let call_id = "c-3456789a-01234567-89ab-4def-8123-456789abcdef";
    let wanted = json!({
        "eventType": "initiate",
        "eventTime": "2026-11-21T10:00:00.005Z",
        "accountId": "9900000",
        "applicationId": "108d3a4c-cdfa-4632-8000-000000000001",
        "from": "+4915112345678",
        "to": "+49301234567",
        "direction": "inbound",
        "callId": call_id,
        "callUrl": format!("https://voice.example.com/api/v2/accounts/9900000/calls/{call_id}"),
        "startTime": "2026-11-21T10:00:00.000Z",
    });
    assert_eq!(request.body, Body::Json(wanted.to_string()));
    assert_eq!(request.method, HookMethod::Post);
    assert_eq!(request.url, "https://app.example.com:8443/voice/first?x=1");
    assert_eq!(request.purpose, "first");
    assert_eq!(request.reply_use, ReplyUse::Document);
    assert_eq!(request.signing, Signing::None);
    assert_eq!(credentials(&request), Some(("bw", "secret")));
}

#[test]
fn initiate_passes_on_what_the_network_said() {
    let headers = [
        ("User-to-User", "aGk=;encoding=base64"),
        (
            "Diversion",
            "<sip:+15553334444@c>;reason=unavailable;counter=1",
        ),
        (
            "P-Asserted-Identity",
            "<sip:+4915112345678@c;verstat=TN-Validation-Passed>",
        ),
        ("P-Attestation-Indicator", "A"),
    ];
    let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let invite = Arc::new(InviteFacts {
        headers,
        ..InviteFacts::default()
    });
    let facts = CallFacts {
        invite,
        ..incoming()
    };
    let body = json(&request(&facts, &Moment::Incoming));
    assert_eq!(body["uui"], "aGk=;encoding=base64");
    let diversion = json!({"reason": "unavailable", "counter": "1", "origTo": "+15553334444"});
    assert_eq!(body["diversion"], diversion);
    let verdict = json!({"verstat": "TN-Validation-Passed", "attestationIndicator": "A"});
    assert_eq!(body["stirShaken"], verdict);
    assert_eq!(
        json(&request(&facts, &Moment::Redirected(&Hook::post("/x"))))["uui"],
        Value::Null
    );
}

#[test]
fn a_call_of_ours_asks_with_answer() {
    let facts = CallFacts {
        direction: Direction::OutboundApi,
        parent_sid: Some("c-parent".to_owned()),
        ..answered()
    };
    let body = json(&request(&facts, &Moment::Incoming));
    assert_eq!(body["eventType"], "answer");
    assert_eq!(body["direction"], "outbound");
    assert_eq!(body["enqueuedTime"], "2026-11-21T10:00:00.000Z");
    assert_eq!(body["answerTime"], "2026-11-21T10:00:01.000Z");
    assert_eq!(body["parentCallId"], "c-parent");
}

#[test]
fn a_sip_uri_stays_a_uri() {
    let to = Party {
        uri: "sip:support@voice.example.com;x=1".to_owned(),
        user: "support".to_owned(),
        ..Party::default()
    };
    let body = json(&request(&CallFacts { to, ..incoming() }, &Moment::Incoming));
    assert_eq!(body["to"], "sip:support@voice.example.com;x=1");
}

#[test]
fn by_get_the_event_travels_in_the_query() {
    let facts = with_application(incoming(), |application| {
        application.method = HookMethod::Get
    });
    let headers = vec![(
        "Diversion".to_owned(),
        "<sip:+1555@c>;reason=unknown".to_owned(),
    )];
    let invite = Arc::new(InviteFacts {
        headers,
        ..InviteFacts::default()
    });
    let request = request(&CallFacts { invite, ..facts }, &Moment::Incoming);
    assert_eq!(request.body, Body::None);
    assert_eq!(request.method, HookMethod::Get);
    let query = request
        .url
        .strip_prefix("https://app.example.com:8443/voice/first?x=1&");
    let query = query.expect("the URL's own query stays in front");
    assert!(query.starts_with("eventType=initiate&eventTime=2026-11-21T10%3A00%3A00.005Z&"));
    assert!(query.contains("&from=%2B4915112345678&"));
    assert!(query.ends_with("&diversion.reason=unknown&diversion.origTo=%2B1555"));
}

#[test]
fn a_redirect_is_told_to_the_url_of_the_verb_with_its_credentials() {
    let hook = Hook {
        credentials: Some(("u".to_owned(), "p".to_owned())),
        ..Hook::post("../next?a=b")
    };
    let facts = CallFacts {
        tag: Some("sticky".to_owned()),
        ..answered()
    };
    let request = request(&facts, &Moment::Redirected(&hook));
    assert_eq!(request.url, "https://app.example.com:8443/next?a=b");
    assert_eq!(credentials(&request), Some(("u", "p")));
    let wanted = [
        "eventType",
        "eventTime",
        "accountId",
        "applicationId",
        "from",
        "to",
        "direction",
        "callId",
        "callUrl",
        "startTime",
        "answerTime",
        "tag",
    ];
    assert_eq!(names(&json(&request)), wanted);
    assert_eq!(json(&request)["eventType"], "redirect");
    assert_eq!(json(&request)["tag"], "sticky");
}

#[test]
fn credentials_are_those_of_the_verb_or_of_its_url_and_never_the_applications() {
    let bare = request(&answered(), &Moment::Redirected(&Hook::post("/next")));
    assert_eq!(credentials(&bare), None);
    let in_url = Hook::post("https://us%65r:pa%3Ass@other.example.com/next#frag");
    let in_url = request(&answered(), &Moment::Redirected(&in_url));
    assert_eq!(credentials(&in_url), Some(("user", "pa:ss")));
    assert_eq!(in_url.url, "https://other.example.com/next");
}

#[test]
fn refer_complete_has_these_fields_in_this_order() {
    let text = "<Response><Refer referCompleteUrl='/done' tag='from-verb'>\
                <SipUri>sip:a@b</SipUri></Refer></Response>";
    let verb = only_refer(Dialect::Bxml, text);
    let facts = CallFacts {
        tag: Some("older".to_owned()),
        ..answered()
    };
    let row = result(End::Final, Outcome::Failed, Some(202), &[100, 404]);
    let request = request(
        &facts,
        &Moment::ReferDone {
            verb: &verb,
            result: &row,
        },
    );
    let body = json(&request);
    let wanted = [
        "eventType",
        "eventTime",
        "accountId",
        "applicationId",
        "from",
        "to",
        "direction",
        "callId",
        "callUrl",
        "startTime",
        "answerTime",
        "tag",
        "referCallStatus",
        "referSipResponseCode",
        "notifySipResponseCode",
    ];
    assert_eq!(names(&body), wanted);
    assert_eq!(body["eventType"], "referComplete");
    assert_eq!(body["eventTime"], "2026-11-21T10:00:03.120Z");
    assert_eq!(body["tag"], "from-verb");
    assert!(body["referSipResponseCode"].is_u64() && body["notifySipResponseCode"].is_u64());
    assert_eq!(request.url, "https://app.example.com:8443/done");
    assert_eq!(credentials(&request), None);
}

#[test]
fn without_a_url_no_result_is_told() {
    let text = "<Response><Refer><SipUri>sip:a@b</SipUri></Refer></Response>";
    let verb = only_refer(Dialect::Bxml, text);
    let row = result(End::Final, Outcome::Failed, Some(202), &[404]);
    let moment = Moment::ReferDone {
        verb: &verb,
        result: &row,
    };
    assert_eq!(requested(&answered(), &moment), None);
    let news = ReferNews { status: 180 };
    assert_eq!(
        requested(
            &answered(),
            &Moment::ReferProgress {
                verb: &verb,
                news: &news
            }
        ),
        None
    );
}

#[test]
fn only_the_end_of_a_call_is_a_status_event() {
    for event in [
        StatusEvent::Initiated,
        StatusEvent::Ringing,
        StatusEvent::Answered,
    ] {
        assert_eq!(
            requested(&answered(), &Moment::Status { event, sequence: 0 }),
            None
        );
    }
    let facts = example::ended(Dialect::Bxml, EndedBy::Peer, true, 200);
    let request = request(&facts, &COMPLETED);
    let body = json(&request);
    assert_eq!(body["eventType"], "disconnect");
    assert_eq!(body["endTime"], "2026-11-21T10:01:01.600Z");
    assert_eq!(body["cause"], "hangup");
    assert_eq!(body.get("errorMessage"), None);
    assert_eq!(request.url, "https://app.example.com:8443/status");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    assert_eq!(credentials(&request), Some(("bw", "secret")));
    let silent = with_application(facts, |application| application.status_callback = None);
    assert_eq!(requested(&silent, &COMPLETED), None);
}

#[test]
fn the_cause_says_how_the_call_ended() {
    let cause = |direction, by, was_answered, status| {
        let facts = example::ended(Dialect::Bxml, by, was_answered, status);
        let facts = CallFacts { direction, ..facts };
        json(&request(&facts, &COMPLETED))["cause"].clone()
    };
    use Direction::{Inbound, OutboundApi};
    for by in [EndedBy::Peer, EndedBy::Document, EndedBy::Api] {
        assert_eq!(cause(Inbound, by, true, 200), "hangup");
    }
    assert_eq!(cause(Inbound, EndedBy::Peer, false, 487), "cancel");
    assert_eq!(cause(Inbound, EndedBy::Document, false, 603), "rejected");
    assert_eq!(cause(Inbound, EndedBy::Server, false, 503), "error");
    assert_eq!(cause(OutboundApi, EndedBy::Peer, false, 486), "busy");
    assert_eq!(cause(OutboundApi, EndedBy::Peer, false, 408), "timeout");
    assert_eq!(cause(OutboundApi, EndedBy::Peer, false, 403), "rejected");
    assert_eq!(cause(OutboundApi, EndedBy::Api, false, 487), "cancel");
}

#[test]
fn a_failure_is_told_with_its_word_a_sentence_and_an_id() {
    let end = CallEnd {
        by: EndedBy::Server,
        answered: true,
        sip_status: 200,
        sip_reason: "OK".to_owned(),
        cause: Some("invalid-bxml".to_owned()),
        message: Some("1:11 <Say> is no BXML verb".to_owned()),
    };
    let facts = CallFacts {
        state: CallState::Ended(end),
        ..answered()
    };
    let body = json(&request(&facts, &COMPLETED));
    assert_eq!(body["cause"], "invalid-bxml");
    assert_eq!(body["errorMessage"], "1:11 <Say> is no BXML verb");
    assert_eq!(body["errorId"], "9c1f453a-c53c-47a3-b736-7cdceadfac31");
}

fn fallback(facts: &CallFacts, code: &str, failed: &Moment<'_>) -> Option<HttpRequest> {
    requested(
        facts,
        &Moment::Fallback {
            failed_url: "https://x/",
            code,
            failed,
        },
    )
}

#[test]
fn a_failed_first_request_goes_to_the_fallback_with_the_same_event() {
    let request = fallback(&incoming(), "callback-error", &Moment::Incoming).unwrap();
    assert_eq!(request.url, "https://spare.example.com/fallback");
    assert_eq!(json(&request)["eventType"], "initiate");
    assert_eq!(credentials(&request), Some(("bw", "secret")));
    assert_eq!(request.reply_use, ReplyUse::Document);
    let without = with_application(incoming(), |application| application.fallback_url = None);
    assert_eq!(
        fallback(&without, "callback-error", &Moment::Incoming),
        None
    );
}

#[test]
fn a_failed_redirect_goes_to_the_fallback_of_its_verb() {
    let spare = Hook {
        url: "spare".to_owned(),
        method: HookMethod::Get,
        credentials: Some(("fu".to_owned(), "fp".to_owned())),
        fallback: None,
    };
    let hook = Hook {
        fallback: Some(Box::new(spare)),
        ..Hook::post("/next")
    };
    let request = fallback(&answered(), "callback-error", &Moment::Redirected(&hook)).unwrap();
    assert!(
        request
            .url
            .starts_with("https://app.example.com:8443/voice/spare?eventType=redirect&")
    );
    assert_eq!(credentials(&request), Some(("fu", "fp")));
    let none = fallback(
        &answered(),
        "callback-error",
        &Moment::Redirected(&Hook::post("/next")),
    );
    assert_eq!(none, None);
}

#[test]
fn invalid_bxml_a_failed_refer_callback_and_a_failed_fallback_have_no_fallback() {
    assert_eq!(
        fallback(&incoming(), "invalid-bxml", &Moment::Incoming),
        None
    );
    let text = "<Response><Refer referCompleteUrl='/d'><SipUri>sip:a@b</SipUri></Refer></Response>";
    let verb = only_refer(Dialect::Bxml, text);
    let row = result(End::Rejected, Outcome::Failed, Some(405), &[]);
    let failed = Moment::ReferDone {
        verb: &verb,
        result: &row,
    };
    assert_eq!(fallback(&answered(), "callback-error", &failed), None);
    let again = Moment::Fallback {
        failed_url: "x",
        code: "y",
        failed: &Moment::Incoming,
    };
    assert_eq!(fallback(&answered(), "callback-error", &again), None);
}

#[test]
fn an_application_has_fifteen_seconds_and_only_asynchronous_events_are_tried_twice() {
    let asked = request(&incoming(), &Moment::Incoming).policy;
    assert_eq!(asked.total, Duration::from_secs(15));
    assert_eq!((asked.retries, asked.retry_on), (0, RetryOn::default()));
    let facts = example::ended(Dialect::Bxml, EndedBy::Peer, true, 200);
    let told = request(&facts, &COMPLETED).policy;
    assert_eq!(
        (told.connect, told.read),
        (Duration::from_secs(15), Duration::from_secs(15))
    );
    assert_eq!(told.retries, 1);
    assert_eq!(
        told.retry_on,
        RetryOn {
            connect: true,
            ..RetryOn::default()
        }
    );
    assert!(told.success.covers(201) && !told.cookies && !told.digest);
}

#[test]
fn a_url_that_cannot_be_asked_is_named_in_the_error() {
    let base = "https://app.example.com/";
    let facts = incoming();
    for url in ["http://", "ftp://a/b", "wss://a/b", "http://[::1"] {
        let hook = Hook::post(url);
        let error = Dialect::Bxml
            .request(&facts, base, &Moment::Redirected(&hook))
            .unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::InvalidUrl, "{url}");
        assert_eq!(error.url, url);
        assert_eq!(Dialect::Bxml.fetch_error_code(&error), "callback-error");
    }
}

#[test]
fn a_relative_url_in_a_document_of_the_api_resolves_against_the_application() {
    let hook = Hook::post("next");
    let moment = Moment::Redirected(&hook);
    let request = Dialect::Bxml
        .request(&answered(), "", &moment)
        .unwrap()
        .unwrap();
    assert_eq!(request.url, "https://app.example.com:8443/voice/next");
}

#[test]
fn states_and_identifiers_have_bandwidths_form() {
    let word = |facts: &CallFacts| Dialect::Bxml.status_word(facts);
    assert_eq!(word(&incoming()), "initiated");
    assert_eq!(
        word(&CallFacts {
            state: CallState::Ringing,
            ..incoming()
        }),
        "initiated"
    );
    assert_eq!(word(&answered()), "answered");
    assert_eq!(
        word(&example::ended(Dialect::Bxml, EndedBy::Peer, true, 200)),
        "disconnected"
    );
    let sid = Dialect::Bxml.call_sid(u128::MAX / 3);
    let lengths: Vec<_> = sid.split('-').map(str::len).collect();
    assert_eq!(lengths, [1, 8, 8, 4, 4, 4, 12]);
    assert_ne!(Dialect::Bxml.call_sid(1), Dialect::Bxml.call_sid(2));
    assert_eq!(
        Dialect::Bxml.application_sid(5),
        "00000000-0000-5000-8000-000000000005"
    );
}
