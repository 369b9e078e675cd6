//! Requests of Bandwidth's API, beyond what the libraries were seen to send.

use std::time::Duration;

use hookflash_dialects::{CallAction, Dialect};
use hookflash_program::HookMethod;
use serde_json::{Value, json};

use crate::example::{json as read, json_order, json_update};

fn order(changes: Value) -> Value {
    let mut order = json!({
        "to": "sip:bob@phones.example.com", "from": "+15552223333", "applicationId": "app-1",
        "answerUrl": "https://app.example.com/a",
    });
    if let (Value::Object(order), Value::Object(changes)) = (&mut order, changes) {
        order.extend(changes);
    }
    order
}

#[test]
fn each_wrong_field_is_named() {
    let long = "x".repeat(4097);
    for (changes, named) in [
        (json!({"to": null}), "to is required"),
        (json!({"to": 15}), "to must be a string"),
        (json!({"to": "bob"}), "to `bob` cannot be called"),
        (json!({"from": ""}), "from is required"),
        (json!({"from": "a b"}), "from must be a number"),
        (json!({"applicationId": "none"}), "applicationId is `none`"),
        (json!({"answerUrl": null}), "answerUrl is required"),
        (json!({"answerUrl": "/a"}), "answerUrl must be an absolute"),
        (
            json!({"answerUrl": format!("https://a/{}", "a".repeat(2048))}),
            "answerUrl may have",
        ),
        (
            json!({"answerMethod": "PUT"}),
            "answerMethod must be GET or POST",
        ),
        (
            json!({"disconnectUrl": "x"}),
            "disconnectUrl must be an absolute",
        ),
        (
            json!({"answerFallbackUrl": "x"}),
            "answerFallbackUrl must be an absolute",
        ),
        (
            json!({"username": "a\nb"}),
            "username must not hold control",
        ),
        (
            json!({"callTimeout": 0.5}),
            "callTimeout must be a number from 1 to 300",
        ),
        (
            json!({"callTimeout": 301}),
            "callTimeout must be a number from 1 to 300",
        ),
        (
            json!({"callbackTimeout": 25.5}),
            "callbackTimeout must be a number from 1 to 25",
        ),
        (
            json!({"priority": 6}),
            "priority must be a number from 1 to 5",
        ),
        (json!({"privacy": "yes"}), "privacy must be true or false"),
        (
            json!({"displayName": "x".repeat(257)}),
            "displayName may have 256",
        ),
        (
            json!({"displayName": "Ada", "privacy": true}),
            "displayName must be one of Restricted",
        ),
        (json!({"tag": long}), "tag may have 4096"),
        (json!({"uui": "abc"}), "uui must end with"),
        (
            json!({"uui": format!("{};encoding=hex", "a".repeat(350))}),
            "uui may have 350",
        ),
        (
            json!({"machineDetection": true}),
            "machineDetection must be an object",
        ),
        (
            json!({"machineDetection": {"mode": "later"}}),
            "machineDetection.mode must be one of",
        ),
        (
            json!({"machineDetection": {}}),
            "machineDetection.callbackUrl is required in async mode",
        ),
    ] {
        let fault = read(Dialect::Bxml, &order(changes)).unwrap_err();
        assert_eq!((fault.status, &*fault.code), (400, "validation"));
        assert!(fault.message.starts_with(named), "{}", fault.message);
    }
}

#[test]
fn hooks_have_their_own_credentials() {
    let order = json_order(
        Dialect::Bxml,
        &order(json!({
            "username": "u", "password": "p", "answerMethod": "GET",
            "answerFallbackUrl": "https://spare.example.com/", "answerFallbackMethod": "GET",
            "fallbackUsername": "fu", "fallbackPassword": "fp",
            "disconnectUrl": "https://app.example.com/d", "disconnectMethod": "GET",
        })),
    );
    let of = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
    let hooks = order.hooks;
    let (first, fallback, status) = (
        hooks.first.unwrap(),
        hooks.fallback.unwrap(),
        hooks.status.unwrap(),
    );
    assert_eq!(first.credentials, of("u", "p"));
    assert_eq!(fallback.credentials, of("fu", "fp"));
    assert_eq!(status.credentials, of("u", "p"));
    for hook in [first, fallback, status] {
        assert_eq!(hook.method, HookMethod::Get);
    }
}

#[test]
fn a_withheld_caller_is_private() {
    let private = json!({"privacy": true, "displayName": "Anonymous"});
    let caller = json_order(Dialect::Bxml, &order(private)).from;
    assert!(caller.is_private);
    assert_eq!(caller.value, "+15552223333");
    assert_eq!(caller.display_name.as_deref(), Some("Anonymous"));
    let caller = json_order(Dialect::Bxml, &order(json!({"from": "Restricted"}))).from;
    assert!(caller.is_private && caller.value.is_empty());
}

#[test]
fn times_may_have_decimals() {
    let order = json_order(
        Dialect::Bxml,
        &order(json!({"callTimeout": 12.5, "callbackTimeout": 1.5})),
    );
    assert_eq!(order.ring_timeout, Duration::from_millis(12_500));
    assert_eq!(order.hooks.reply_timeout, Some(Duration::from_millis(1500)));
}

#[test]
fn each_value_of_uui_is_a_header() {
    let order = json_order(
        Dialect::Bxml,
        &order(json!({"uui": "YQ==;encoding=base64, 62;encoding=hex"})),
    );
    let values: Vec<&str> = order
        .headers
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(values, ["YQ==;encoding=base64", "62;encoding=hex"]);
}

#[test]
fn machines_are_detected_before_the_answer_event_or_beside_the_document() {
    let sync =
        json!({"machineDetection": {"mode": "sync", "delayResult": true, "silenceTimeout": 3}});
    let detection = json_order(Dialect::Bxml, &order(sync))
        .machine_detection
        .unwrap();
    assert!(detection.until_greeting_ends && detection.told_to.is_none());
    assert_eq!(detection.silence_timeout, Duration::from_secs(3));
    assert_eq!(detection.timeout, Duration::from_secs(15));
    let beside = json!({"machineDetection": {
        "callbackUrl": "https://app.example.com/m", "fallbackUrl": "https://spare.example.com/m",
        "fallbackUsername": "u",
    }});
    let told = json_order(Dialect::Bxml, &order(beside))
        .machine_detection
        .unwrap()
        .told_to
        .unwrap();
    assert_eq!(told.url, "https://app.example.com/m");
    assert!(told.fallback.unwrap().credentials.is_some());
}

#[test]
fn a_change_is_a_redirect_or_the_end() {
    let redirect = json!({
        "redirectUrl": "https://app.example.com/r", "redirectFallbackUrl": "https://spare.example.com/",
        "redirectFallbackMethod": "GET", "tag": "",
    });
    let update = json_update(Dialect::Bxml, &redirect).unwrap().remove(0);
    assert_eq!(update.tag.as_deref(), Some(""));
    let Some(CallAction::Redirect(hook)) = update.action else {
        panic!("no redirect")
    };
    assert_eq!(hook.fallback.unwrap().method, HookMethod::Get);
    for (wrong, named) in [
        (json!({}), "redirectUrl is required"),
        (json!({"state": "active"}), "redirectUrl is required"),
        (
            json!({"state": "completed", "redirectUrl": "https://a/"}),
            "redirectUrl must not",
        ),
        (json!({"state": "gone"}), "state must be one of"),
        (
            json!({"redirectUrl": "/r"}),
            "redirectUrl must be an absolute",
        ),
    ] {
        let fault = json_update(Dialect::Bxml, &wrong).unwrap_err();
        assert!(fault.message.starts_with(named), "{}", fault.message);
    }
}

#[test]
fn a_document_that_would_not_run_is_refused_with_its_place() {
    let fault = Dialect::Bxml
        .read_document(b"<Response>\n<Say/></Response>")
        .unwrap_err();
    assert_eq!((fault.status, &*fault.code), (400, "validation"));
    assert!(fault.message.contains("2:"), "{}", fault.message);
}
