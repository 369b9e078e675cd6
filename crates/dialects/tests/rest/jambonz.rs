//! Requests of jambonz' API, beyond what the libraries were seen to send.

use std::time::Duration;

use hookflash_dialects::{CallAction, Dialect, Flowing};
use hookflash_program::{BackgroundRecording, KeyOrPause};
use serde_json::{Value, json};

use crate::example::{json as read, json_order, json_update};

fn order(changes: Value) -> Value {
    let mut order = json!({
        "from": "+15550001111", "to": {"type": "phone", "number": "+15551112222"},
        "call_hook": "https://app.example.com/hook",
    });
    if let (Value::Object(order), Value::Object(changes)) = (&mut order, changes) {
        order.extend(changes);
    }
    order
}

#[test]
fn each_wrong_property_is_named() {
    for (changes, named) in [
        (json!({"from": null}), "from is required"),
        (json!({"from": "a b"}), "from must be"),
        (json!({"to": null}), "to is required"),
        (json!({"to": "+15551112222"}), "to must be an object"),
        (json!({"to": {}}), "to.type is required"),
        (json!({"to": {"type": "fax"}}), "to.type must be one of"),
        (
            json!({"to": {"type": "teams", "number": "1"}}),
            "to.type is teams",
        ),
        (json!({"to": {"type": "phone"}}), "to.number is required"),
        (
            json!({"to": {"type": "sip", "sipUri": "bob"}}),
            "to.sipUri `bob`",
        ),
        (
            json!({"to": {"type": "user", "name": "alice"}}),
            "to.name must be the whole address",
        ),
        (
            json!({"to": {"type": "phone", "number": "1", "confirmHook": "/c"}}),
            "to.confirmHook",
        ),
        (
            json!({"call_hook": null}),
            "either call_hook or application_sid",
        ),
        (
            json!({"call_hook": "/hook"}),
            "call_hook must be an absolute",
        ),
        (
            json!({"call_hook": {"method": "GET"}}),
            "call_hook must be a URL",
        ),
        (
            json!({"call_hook": {"url": "https://a/", "method": "PUT"}}),
            "call_hook has a method",
        ),
        (
            json!({"call_status_hook": 1}),
            "call_status_hook must be a URL",
        ),
        (
            json!({"application_sid": "none"}),
            "application_sid not found none",
        ),
        (
            json!({"timeout": 0}),
            "timeout must be a number from 1 to 600",
        ),
        (json!({"timeLimit": -1}), "timeLimit must be a number"),
        (json!({"fromHost": "a b"}), "fromHost must be"),
        (json!({"tag": "x"}), "tag must be an object"),
        (
            json!({"headers": {"X-A": "1\r\nVia: x"}}),
            "headers: property X-A has a line break",
        ),
        (
            json!({"headers": {"X A": "1"}}),
            "headers: \"X A\" cannot be the name",
        ),
        (json!({"amd": {}}), "amd.actionHook is required"),
        (json!({"referHook": "/r"}), "referHook cannot be set"),
        (
            json!({"sipRequestWithinDialogHook": "/r"}),
            "sipRequestWithinDialogHook cannot",
        ),
    ] {
        let fault = read(Dialect::Jambonz, &order(changes)).unwrap_err();
        assert_eq!(fault.status, 400);
        assert!(fault.message.starts_with(named), "{}", fault.message);
    }
}

#[test]
fn a_target_is_a_phone_a_uri_or_a_registered_user() {
    for (to, wanted) in [
        (
            json!({"type": "phone", "number": "+15551112222"}),
            "+15551112222",
        ),
        (
            json!({"type": "sip", "sipUri": "sip:bob@b;transport=tcp"}),
            "sip:bob@b;transport=tcp",
        ),
        (
            json!({"type": "user", "name": "alice@voice.example.com"}),
            "sip:alice@voice.example.com",
        ),
    ] {
        let read = json_order(Dialect::Jambonz, &order(json!({"to": to})));
        assert_eq!(read.to, wanted);
    }
    let to = json!({
        "type": "sip", "sipUri": "sip:bob@b", "auth": {"username": "u", "password": "p"},
        "headers": {"X-A": 1}, "trunk": "carrier",
    });
    let read = json_order(
        Dialect::Jambonz,
        &order(json!({"to": to, "headers": {"X-B": "2"}})),
    );
    assert_eq!(read.credentials, Some(("u".to_owned(), "p".to_owned())));
    assert_eq!(read.trunk.as_deref(), Some("carrier"));
    let headers: Vec<_> = read
        .headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(headers, [("X-A", "1"), ("X-B", "2")]);
}

#[test]
fn an_application_goes_before_the_hooks_of_the_request() {
    let named = json!({"application_sid": "support", "call_status_hook": "https://b.example/"});
    let read = json_order(Dialect::Jambonz, &order(named));
    assert_eq!(read.application.name, "support");
    assert_eq!(read.hooks, Default::default());
}

#[test]
fn a_hook_may_be_a_web_socket() {
    let read = json_order(
        Dialect::Jambonz,
        &order(json!({"call_hook": "wss://app.example.com/ws"})),
    );
    assert_eq!(read.application.url, "wss://app.example.com/ws");
}

#[test]
fn machines_are_detected_beside_the_verbs() {
    let amd = json!({"actionHook": "/amd", "timers": {"noSpeechTimeoutMs": 4000}});
    let read = json_order(Dialect::Jambonz, &order(json!({"amd": amd})));
    let detection = read.machine_detection.unwrap();
    assert_eq!(detection.told_to.unwrap().url, "/amd");
    assert_eq!(detection.silence_timeout, Duration::from_secs(4));
    assert_eq!(detection.timeout, Duration::from_secs(15));
}

fn actions(value: Value) -> Vec<CallAction> {
    let updates = json_update(Dialect::Jambonz, &value).unwrap();
    updates
        .into_iter()
        .filter_map(|update| update.action)
        .collect()
}

#[test]
fn each_action_is_read() {
    assert_eq!(
        actions(json!({"call_status": "no-answer"})),
        [CallAction::Cancel]
    );
    assert_eq!(
        actions(json!({"mute_status": "unmute"})),
        [CallAction::Mute(false)]
    );
    assert_eq!(
        actions(json!({"listen_status": "silence"})),
        [CallAction::Streams(Flowing::Silenced)]
    );
    assert_eq!(
        actions(json!({"stream_status": "stop"})),
        [CallAction::Streams(Flowing::Stopped)]
    );
    assert_eq!(
        actions(json!({"transcribe_status": "pause"})),
        [CallAction::Transcriptions(Flowing::Paused)]
    );
    assert_eq!(
        actions(json!({"record": {"action": "pauseCallRecording"}})),
        [CallAction::Recording(BackgroundRecording::Pause)]
    );
    let keys = actions(json!({"dtmf": {"digit": "1#", "duration": 100}}));
    assert!(matches!(
        &keys[0],
        CallAction::SendKeys(keys)
            if keys.keys == [KeyOrPause::Key('1'), KeyOrPause::Key('#')]
                && keys.tone == Duration::from_millis(100)
    ));
    let verbs = actions(json!({"call_hook": [{"verb": "hangup"}]}));
    assert!(matches!(&verbs[0], CallAction::Run(program) if program.steps.len() == 1));
    let updates = json_update(Dialect::Jambonz, &json!({"tag": {"a": 1}})).unwrap();
    assert_eq!(updates[0].tag_data, Some(json!({"a": 1})));
}

#[test]
fn a_whisper_stands_alone_or_comes_after_another_action() {
    let say = json!({"verb": "say", "text": "psst"});
    assert!(matches!(
        actions(json!({"whisper": say}))[..],
        [CallAction::Whisper(_)]
    ));
    assert!(matches!(
        actions(json!({"whisper": [say], "mute_status": "mute"}))[..],
        [CallAction::Mute(true), CallAction::Whisper(_)]
    ));
    let gather = json!({"whisper": {"verb": "hangup"}});
    let fault = json_update(Dialect::Jambonz, &gather).unwrap_err();
    assert!(fault.message.starts_with("whisper: only say and play"));
}

#[test]
fn a_track_that_plays_at_once_is_added_and_then_plays() {
    let dub = json!({"dub": {"action": "addTrack", "track": "t", "play": "https://a/x.mp3"}});
    assert!(matches!(
        actions(dub)[..],
        [CallAction::Dub(_), CallAction::Dub(_)]
    ));
}

#[test]
fn one_action_at_a_time_and_none_is_too_few() {
    for (value, status, named) in [
        (json!({}), 400, "no valid options"),
        (json!({"call_hook": null}), 400, "no valid options"),
        (
            json!({"call_hook": "https://a/", "call_status": "completed"}),
            400,
            "multiple options",
        ),
        (
            json!({"call_status": "busy"}),
            400,
            "call_status must be one of",
        ),
        (
            json!({"mute_status": "maybe"}),
            400,
            "mute_status must be one of",
        ),
        (json!({"dtmf": "1"}), 400, "dtmf must be an object"),
        (json!({"dtmf": {"digit": "x"}}), 400, "dtmf.digit must be"),
        (json!({"record": {}}), 400, "record.action is required"),
        (
            json!({"record": {"action": "startCallRecording", "siprecServerURL": "sip:x"}}),
            400,
            "record.siprecServerURL",
        ),
        (
            json!({"sip_request": {"method": "BYE"}}),
            400,
            "sip_request.method must be one of",
        ),
        (
            json!({"sip_request": {"method": "INFO", "content": "x"}}),
            400,
            "sip_request.content_type",
        ),
        (
            json!({"transfer": {"mode": "warm", "target": {}}}),
            400,
            "transfer.mode is warm",
        ),
        (
            json!({"transfer": {"blindMethod": "dial"}}),
            400,
            "transfer.blindMethod is dial",
        ),
        (
            json!({"transfer": {"target": [{}, {}]}}),
            400,
            "transfer.target must be one target",
        ),
        (
            json!({"child_call_hook": "https://a/"}),
            422,
            "child_call_hook: ",
        ),
        (
            json!({"conf_mute_status": "mute"}),
            422,
            "conf_mute_status: ",
        ),
        (json!({"media_path": "no-media"}), 422, "media_path: "),
    ] {
        let fault = json_update(Dialect::Jambonz, &value).unwrap_err();
        assert_eq!(fault.status, status, "{value}");
        assert!(fault.message.starts_with(named), "{}", fault.message);
    }
}
