//! jambonz applications on a WebSocket: what they are told there, and what they can say.

use std::sync::Arc;
use std::time::Duration;

use hookflash_dialects::{
    Body, CallAction, CallFacts, CallUpdate, Dialect, EndedBy, FetchErrorKind, Flowing, Frame,
    FromApplication, HttpRequest, Moment, RetryOn, SocketMessage, StatusEvent, TalkPart, VerbNews,
};
use hookflash_program::{BackgroundRecording, Hook, KeyOrPause, Verb};
use serde_json::{Value, json};

use crate::example::{self, application, ended, only_refer};

const URL: &str = "wss://ada:s%40cret@app.example.com/voice?x=1";

fn facts() -> CallFacts {
    on_socket(example::answered(Dialect::Jambonz), URL)
}

fn on_socket(facts: CallFacts, url: &str) -> CallFacts {
    let mut application = application(Dialect::Jambonz);
    application.url = url.to_owned();
    application.status_callback = None;
    CallFacts {
        application: Arc::new(application),
        ..facts
    }
}

fn asked(facts: &CallFacts, moment: &Moment<'_>) -> HttpRequest {
    let request = Dialect::Jambonz.request(facts, "", moment).unwrap();
    request.expect("a request")
}

fn message(request: &HttpRequest) -> &SocketMessage {
    match &request.body {
        Body::Message(message) => message,
        other => panic!("no message: {other:?}"),
    }
}

fn data(message: &SocketMessage) -> Value {
    serde_json::from_str(&message.data).unwrap()
}

fn redirected(facts: &CallFacts, to: &str) -> HttpRequest {
    asked(facts, &Moment::Redirected(&Hook::post(to)))
}

fn read(text: &str) -> Result<FromApplication, SocketMessage> {
    let socket = Dialect::Jambonz.application_socket().unwrap();
    socket.read(&facts(), &Frame::Text(text.to_owned()))
}

fn update(command: &str, data: &Value) -> Result<CallUpdate, String> {
    let text = json!({"type": "command", "command": command, "data": data}).to_string();
    match read(&text) {
        Ok(FromApplication::Command(mut command)) => Ok(command.updates.remove(0)),
        Ok(other) => panic!("no command: {other:?}"),
        Err(error) => Err(self::data(&error)["details"].as_str().unwrap().to_owned()),
    }
}

fn action(command: &str, data: &Value) -> CallAction {
    match update(command, data) {
        Ok(update) => update.action.expect("an action"),
        Err(why) => panic!("{command} {data}: {why}"),
    }
}

#[test]
fn the_first_message_carries_what_the_first_request_does() {
    let facts = on_socket(example::incoming(Dialect::Jambonz), URL);
    let request = asked(&facts, &Moment::Incoming);
    let first = message(&request);
    let by_http = asked(&example::incoming(Dialect::Jambonz), &Moment::Incoming);
    assert_eq!(Body::Json(first.data.clone()), by_http.body);
    assert_eq!(
        first.text("id"),
        format!(
            r#"{{"type":"session:new","msgid":"id","call_sid":"{}","data":{}}}"#,
            facts.sid, first.data
        )
    );
    assert_eq!(first.part, TalkPart::Opens);
    assert_eq!(first.reply_within, Some(Duration::from_secs(5)));
}

#[test]
fn the_handshake_names_the_protocol_the_user_and_the_limits() {
    let request = asked(&facts(), &Moment::Incoming);
    assert_eq!(request.url, "wss://app.example.com/voice?x=1");
    let user = ("ada".to_owned(), "s@cret".to_owned());
    assert_eq!(request.credentials, Some(user));
    let protocol = (
        "Sec-WebSocket-Protocol".to_owned(),
        "ws.jambonz.org".to_owned(),
    );
    assert_eq!(request.headers, [protocol]);
    let policy = &request.policy;
    assert_eq!(policy.connect, Duration::from_millis(1_500));
    assert_eq!(policy.read, Duration::from_millis(1_500));
    assert_eq!((policy.retries, policy.redirects), (5, 2));
    assert_eq!(policy.max_reply, 24 * 1_024);
    let connect = RetryOn {
        connect: true,
        ..RetryOn::default()
    };
    assert_eq!(policy.retry_on, connect);
    let changed = on_socket(facts(), "ws://app/x#rc=1&rp=ct,5xx");
    let policy = asked(&changed, &Moment::Incoming).policy;
    assert_eq!(policy.retries, 1);
    assert!(policy.retry_on.server_errors);
    let wrong = on_socket(facts(), "ws://app/x#rc=6");
    let error = Dialect::Jambonz.request(&wrong, "", &Moment::Incoming);
    assert_eq!(error.unwrap_err().kind, FetchErrorKind::BadOverride);
}

#[test]
fn every_hook_that_is_no_http_url_is_a_message_that_names_it() {
    let facts = facts();
    let refer = |hook: &str| {
        let document = json!([{"verb": "sip:refer", "referTo": "sip:a@b", "actionHook": hook}]);
        only_refer(Dialect::Jambonz, &document.to_string())
    };
    let result = example::result(
        hookflash_transfer::End::Final,
        hookflash_transfer::Outcome::Failed,
        Some(202),
        &[486],
    );
    for hook in ["/refer-done", "refer", "wss://elsewhere/x"] {
        let verb = refer(hook);
        let request = asked(
            &facts,
            &Moment::ReferDone {
                verb: &verb,
                result: &result,
            },
        );
        let message = message(&request);
        assert_eq!(
            (message.kind, message.part),
            ("verb:hook", TalkPart::Within)
        );
        assert_eq!(message.hook.as_deref(), Some(hook));
        assert_eq!(data(message)["final_referred_call_status"], 486);
        assert_eq!(request.url, "wss://app.example.com/voice?x=1");
        let text: Value = serde_json::from_str(&message.text("1")).unwrap();
        let keys: Vec<&String> = text.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["type", "msgid", "call_sid", "hook", "data"]);
    }
    let verb = refer("http://other/x");
    let request = asked(
        &facts,
        &Moment::ReferDone {
            verb: &verb,
            result: &result,
        },
    );
    assert_eq!(request.url, "http://other/x");
    assert!(matches!(request.body, Body::Json(_)));
}

#[test]
fn the_status_goes_over_the_socket_unless_a_url_is_named_for_it() {
    let over = on_socket(ended(Dialect::Jambonz, EndedBy::Peer, true, 200), URL);
    let moment = Moment::Status {
        event: StatusEvent::Completed,
        sequence: 3,
    };
    let request = asked(&over, &moment);
    let status = message(&request);
    assert_eq!((status.kind, status.reply_within), ("call:status", None));
    assert_eq!(status.hook, None);
    assert_eq!(data(status)["call_status"], "completed");
    assert_eq!(data(status)["call_termination_by"], "caller");
    let mut named = over.clone();
    named.change_hooks().status = Some(Hook::post("https://other/status"));
    assert_eq!(asked(&named, &moment).url, "https://other/status");
    named.change_hooks().status = Some(Hook::post("wss://app.example.com/voice?x=1"));
    assert_eq!(message(&asked(&named, &moment)).kind, "call:status");
}

#[test]
fn a_redirect_to_another_socket_moves_the_talk_and_any_other_stays() {
    let facts = facts();
    for (to, part, url) in [
        (
            "/other",
            TalkPart::Within,
            "wss://app.example.com/voice?x=1",
        ),
        (
            "survey",
            TalkPart::Within,
            "wss://app.example.com/voice?x=1",
        ),
        (URL, TalkPart::Within, "wss://app.example.com/voice?x=1"),
        (
            "ws://other.example/x#rc=1",
            TalkPart::Moves,
            "ws://other.example/x",
        ),
    ] {
        let request = redirected(&facts, to);
        let message = message(&request);
        assert_eq!(message.kind, "session:redirect", "{to}");
        assert_eq!((message.part, request.url.as_str()), (part, url), "{to}");
        assert_eq!(message.hook.as_deref(), Some(to));
        assert_eq!(data(message)["sip"], Value::Null);
    }
    assert_eq!(redirected(&facts, "http://other/x").url, "http://other/x");
}

#[test]
fn what_is_relative_is_relative_to_where_the_call_moved() {
    let mut moved = facts();
    moved.change_hooks().first = Some(Hook::post("http://third.example/a/b"));
    assert_eq!(redirected(&moved, "/c").url, "http://third.example/c");
    moved.change_hooks().first = Some(Hook::post("ws://third.example/a"));
    let request = redirected(&moved, "/c");
    assert_eq!(message(&request).kind, "session:redirect");
    assert_eq!(request.url, "ws://third.example/a");
    let audio = hookflash_program::Audio {
        url: "/hi.wav".to_owned(),
        ..example_audio()
    };
    let file = Dialect::Jambonz.audio_request(&moved, "", &audio).unwrap();
    assert_eq!(file.url, "http://third.example/hi.wav");
}

fn example_audio() -> hookflash_program::Audio {
    let document = json!([{"verb": "play", "url": "x"}]).to_string();
    let Verb::Prompts(prompts) = example::only_verb(Dialect::Jambonz, &document) else {
        panic!("no prompts");
    };
    match &prompts.items[0] {
        hookflash_program::Prompt::Audio(audio) => audio.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_application_that_is_asked_by_http_moves_to_the_socket_that_a_question_names() {
    let facts = example::answered(Dialect::Jambonz);
    let request = redirected(&facts, "ws://other.example/x");
    let moved = message(&request);
    assert_eq!((moved.kind, moved.part), ("session:new", TalkPart::Moves));
    let mut telling = facts;
    telling.change_hooks().status = Some(Hook::post("ws://other.example/x"));
    let moment = Moment::Status {
        event: StatusEvent::Answered,
        sequence: 0,
    };
    let error = Dialect::Jambonz.request(&telling, "", &moment).unwrap_err();
    assert!(error.message.contains("no WebSocket"), "{error}");
}

#[test]
fn a_reconnection_says_the_first_message_once_more() {
    let socket = Dialect::Jambonz.application_socket().unwrap();
    let request = asked(&facts(), &Moment::Incoming);
    let first = message(&request);
    let again = socket.again(first);
    assert_eq!(again.kind, "session:reconnect");
    assert_eq!(
        (&again.data, again.reply_within),
        (&first.data, first.reply_within)
    );
}

#[test]
fn news_of_verbs_and_refusals_expect_no_reply() {
    let socket = Dialect::Jambonz.application_socket().unwrap();
    let news = socket.verb_news(&facts(), "say", Some("7"), VerbNews::Began);
    assert_eq!(news.kind, "verb:status");
    assert_eq!(news.data, r#"{"event":"starting","id":"7","name":"say"}"#);
    let refusal = socket.refusal(&facts(), "no \"why\"", "{\"a\":1}");
    assert_eq!(
        (refusal.kind, refusal.reply_within),
        ("jambonz:error", None)
    );
    assert_eq!(
        data(&refusal),
        json!({"msg": "CommandRefused", "details": "no \"why\"", "content": "{\"a\":1}"})
    );
}

#[test]
fn an_acknowledgement_may_bring_verbs_as_they_were_written() {
    let with = r#"{"type":"ack","msgid":"a","data":[ {"verb" :"answer"} ],"more":1}"#;
    let Ok(FromApplication::Reply { to, document }) = read(with) else {
        panic!("no reply");
    };
    assert_eq!(to, "a");
    assert_eq!(document.as_deref(), Some(r#"[ {"verb" :"answer"} ]"#));
    for without in [
        r#"{"type":"ack","msgid":"a"}"#,
        r#"{"type":"ack","msgid":"a","data":null}"#,
    ] {
        let reply = read(without);
        assert!(
            matches!(reply, Ok(FromApplication::Reply { document: None, .. })),
            "{reply:?}"
        );
    }
}

#[test]
fn verbs_replace_what_runs_or_wait_behind_it() {
    let verbs = json!([{"verb": "say", "text": "hi"}, {"verb": "hangup"}]);
    match action("redirect", &verbs) {
        CallAction::Run(program) => assert_eq!(program.steps.len(), 2),
        other => panic!("{other:?}"),
    }
    let queued = json!({"type": "command", "command": "redirect", "queueCommand": true,
        "msgid": "m", "data": verbs});
    match read(&queued.to_string()) {
        Ok(FromApplication::Command(command)) => {
            assert!(matches!(
                command.updates[0].action,
                Some(CallAction::Append(_))
            ));
            assert_eq!(command.replies_to.as_deref(), Some("m"));
        }
        other => panic!("{other:?}"),
    }
    match action("redirect", &json!({"parent_call": verbs})) {
        CallAction::Run(program) => assert_eq!(program.steps.len(), 2),
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_are_read_with_and_without_their_own_name_inside() {
    let same = [
        (
            "call:status",
            json!("completed"),
            json!({"call_status": "completed"}),
        ),
        (
            "call:status",
            json!("no-answer"),
            json!({"call_status": "no-answer"}),
        ),
        ("mute:status", json!("mute"), json!({"mute_status": "mute"})),
        (
            "listen:status",
            json!("pause"),
            json!({"listen_status": "pause"}),
        ),
        (
            "stream:status",
            json!("resume"),
            json!({"stream_status": "resume"}),
        ),
        (
            "stream:status",
            json!("resume"),
            json!({"listen_status": "resume"}),
        ),
        (
            "transcribe:status",
            json!("silence"),
            json!({"transcribe_status": "silence"}),
        ),
        (
            "dtmf",
            json!({"digit": "5"}),
            json!({"dtmf": {"digit": "5"}}),
        ),
        (
            "sip:request",
            json!({"method": "INFO"}),
            json!({"sip_request": {"method": "INFO"}}),
        ),
        (
            "whisper",
            json!({"verb": "say", "text": "a"}),
            json!({"whisper": [{"verb": "say", "text": "a"}]}),
        ),
        (
            "record",
            json!({"action": "stopCallRecording"}),
            json!({"record": {"action": "stopCallRecording"}}),
        ),
        (
            "dub",
            json!({"action": "removeTrack", "track": "a"}),
            json!({"dub": {"action": "removeTrack", "track": "a"}}),
        ),
    ];
    for (command, flat, nested) in same {
        assert_eq!(
            action(command, &flat),
            action(command, &nested),
            "{command}"
        );
    }
}

#[test]
fn each_command_asks_for_what_its_page_says() {
    let hook = Hook::post("/x");
    assert_eq!(
        action("redirect", &json!({"call_hook": "/x"})),
        CallAction::Redirect(hook.clone())
    );
    let parent = json!({"parent_call": {"call_hook": "/x"}});
    assert_eq!(action("redirect", &parent), CallAction::Redirect(hook));
    assert_eq!(
        action("call:status", &json!("completed")),
        CallAction::Complete
    );
    assert_eq!(
        action("call:status", &json!("no-answer")),
        CallAction::Cancel
    );
    assert_eq!(
        action("mute:status", &json!("unmute")),
        CallAction::Mute(false)
    );
    assert_eq!(
        action("listen:status", &json!("silence")),
        CallAction::Streams(Flowing::Silenced)
    );
    let transcriptions = action("transcribe:status", &json!("pause"));
    assert_eq!(transcriptions, CallAction::Transcriptions(Flowing::Paused));
    let stop = json!({"action": "pauseCallRecording"});
    assert_eq!(
        action("record", &stop),
        CallAction::Recording(BackgroundRecording::Pause)
    );
    match action("dtmf", &json!({"digit": "#", "duration": 300})) {
        CallAction::SendKeys(keys) => {
            assert_eq!(keys.keys, [KeyOrPause::Key('#')]);
            assert_eq!(keys.tone, Duration::from_millis(300));
        }
        other => panic!("{other:?}"),
    }
    let request = json!({"method": "info", "content_type": "text/x", "content": "hi",
        "headers": {"X-A": 1}});
    match action("sip:request", &request) {
        CallAction::SipRequest(request) => {
            assert_eq!(
                (request.method.as_str(), request.body.as_deref()),
                ("INFO", Some("hi"))
            );
            let headers = [("X-A", "1"), ("Content-Type", "text/x")];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(request.headers, headers);
        }
        other => panic!("{other:?}"),
    }
    match action("config", &json!({"notifyEvents": true})) {
        CallAction::Configure(config) => assert_eq!(config.notify_events, Some(true)),
        other => panic!("{other:?}"),
    }
    let tag = update("tag", &json!({"a": [1]})).unwrap();
    assert_eq!((tag.action, tag.tag_data), (None, Some(json!({"a": [1]}))));
}

#[test]
fn a_command_that_cannot_be_had_says_why() {
    for (command, data, why) in [
        ("redirect", json!([]), "no verbs to go on with"),
        ("redirect", json!({}), "call_hook wanted"),
        ("redirect", json!("x"), "array of verbs"),
        (
            "redirect",
            json!([{"verb": "say"}, {"verb": "nope"}]),
            "invalid instruction: nope",
        ),
        ("redirect", json!({"child_call_hook": "/x"}), "no child"),
        ("redirect", json!({"call_hook": {"method": "GET"}}), "a URL"),
        ("call:status", json!("gone"), "one of completed, no-answer"),
        ("mute:status", json!(true), "must be a string"),
        (
            "listen:status",
            json!({"listen_status": "x"}),
            "pause, silence, resume",
        ),
        ("dtmf", json!({"digit": "x"}), "keys of 0-9"),
        ("dtmf", json!({}), "digit"),
        ("whisper", json!([{"verb": "hangup"}]), "only say and play"),
        ("whisper", json!([]), "holds no verbs"),
        ("sip:request", json!({}), "method"),
        (
            "sip:request",
            json!({"method": "BYE"}),
            "one of INFO, MESSAGE",
        ),
        (
            "sip:request",
            json!({"method": "INFO", "headers": {"X": "a\r\nb"}}),
            "line break",
        ),
        ("record", json!({"action": "x"}), "startCallRecording"),
        (
            "record",
            json!({"action": "startCallRecording", "siprecServerURL": "sip:x"}),
            "siprec",
        ),
        (
            "dub",
            json!({"action": "fly", "track": "a"}),
            "invalid value",
        ),
        ("config", json!({"nope": 1}), "unknown property nope"),
        ("tag", json!(1), "an object"),
        ("dial", json!({}), "bridged"),
        ("conf:mute-status", json!({}), "conferences"),
        ("llm:update", json!({}), "language model"),
        ("tts:tokens", json!({}), "still being written"),
        ("fly\r\n", json!({}), r"fly\r\n is unknown"),
    ] {
        let said = update(command, &data).expect_err(command);
        assert!(said.contains(why), "{command} {data}: {said}");
    }
    // These carry no data, and are refused for what they are.
    let flush = read(r#"{"type":"command","command":"tts:flush"}"#).unwrap_err();
    assert!(flush.data.contains("still being written"), "{}", flush.data);
}

#[test]
fn what_is_no_message_is_sent_back_with_what_is_wrong() {
    for (text, why) in [
        ("", "no JSON object"),
        ("x", "no JSON object"),
        ("[]", "no JSON object"),
        (r#"{"type":1}"#, "cannot be read"),
        (r#"{"type":""}"#, "type property not supplied"),
        (r#"{"type":"ack","msgid":""}"#, "msgid not supplied"),
        (
            r#"{"type":"command","command":""}"#,
            "command property not supplied",
        ),
        (
            r#"{"type":"command","command":"redirect","data":null}"#,
            "data property not supplied",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind, "jambonz:error");
        let data = data(&error);
        assert_eq!(
            (&data["msg"], &data["content"]),
            (&json!("InvalidMessage"), &json!(text))
        );
        assert!(
            data["details"].as_str().unwrap().contains(why),
            "{text}: {data}"
        );
    }
    let deep = format!("{}1{}", "[".repeat(9_000), "]".repeat(9_000));
    let deep = format!(r#"{{"type":"command","command":"redirect","data":{deep}}}"#);
    let error = read(&deep).unwrap_err();
    assert!(
        error.data.contains("recursion limit"),
        "nobody's stack is run over"
    );
    let socket = Dialect::Jambonz.application_socket().unwrap();
    let error = socket
        .read(&facts(), &Frame::Binary(b"\xff{}".to_vec()))
        .unwrap_err();
    assert!(error.data.contains("binary"), "{}", error.data);
}

#[test]
fn only_the_call_of_the_socket_can_be_commanded() {
    let to = |sid: &str| {
        let text = json!({"type": "command", "command": "call:status", "callSid": sid,
            "data": "completed"});
        read(&text.to_string())
    };
    assert!(to(&facts().sid).is_ok());
    let error = to("f4cd23c1-d5c4-4fcc-8000-000000000009").unwrap_err();
    assert!(
        error.data.contains("is not the call of this WebSocket"),
        "{}",
        error.data
    );
}

#[test]
fn the_other_dialects_have_no_such_socket() {
    for dialect in [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml] {
        assert!(dialect.application_socket().is_none());
        let facts = on_socket(example::answered(dialect), URL);
        assert!(dialect.request(&facts, "", &Moment::Incoming).is_err());
    }
}
