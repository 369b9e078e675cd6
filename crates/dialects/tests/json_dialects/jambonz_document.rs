//! jambonz documents: what runs, what is refused and what is wrong.

use std::time::Duration;

use hookflash_dialects::{Dialect, Document, DocumentError, jambonz};
use hookflash_program::{
    Answering, Continuation, Decline, EndOfProgram, Hangup, Hook, HookMethod, Pause, Program,
    Redirect, ReferTiming, ReferredBy, Severity, Tag, TargetRule, Verb,
};
use serde_json::json;

use crate::example::{self, only_refer, only_verb};

fn verb(text: &str) -> Verb {
    only_verb(Dialect::Jambonz, text)
}

fn errors(text: &str) -> Vec<String> {
    example::errors(Dialect::Jambonz, text)
}

fn reply(body: &[u8], content_type: &str, first: bool) -> Result<Program, DocumentError> {
    Dialect::Jambonz.parse(Document {
        body,
        content_type: Some(content_type),
        first,
    })
}

#[test]
fn jambonz_sip_refer_is_read_with_all_that_it_says() {
    let refer = only_refer(
        Dialect::Jambonz,
        r#"[{"verb": "sip:refer", "referTo": " sip:a@b?X-A=b%20c ", "referredBy": "+49301",
             "referredByDisplayName": "Ada", "headers": {"X-Text": " a b ", "X-Number": 5.0},
             "actionHook": "/done", "id": "r1", "_": {"anything": [1]},
             "eventHook": {"url": "https://e/x", "method": "get",
                           "basicAuth": {"username": "u", "password": "p"}}}]"#,
    );
    assert_eq!(refer.target, "sip:a@b?X-A=b%20c");
    assert_eq!(refer.target_rule, TargetRule::UriOrUser);
    let given = ReferredBy::Given {
        value: "+49301".to_owned(),
        display_name: Some("Ada".to_owned()),
    };
    assert_eq!(refer.referred_by, given);
    let headers = [("X-Text", "a b"), ("X-Number", "5")];
    assert_eq!(
        refer.headers,
        headers.map(|(n, v)| (n.to_owned(), v.to_owned()))
    );
    assert_eq!(refer.result, Some(Hook::post("/done")));
    let progress = Hook {
        url: "https://e/x".to_owned(),
        method: HookMethod::Get,
        credentials: Some(("u".to_owned(), "p".to_owned())),
        fallback: None,
    };
    assert_eq!(refer.progress, Some(progress));
    assert_eq!(refer.id.as_deref(), Some("r1"));
    assert!(refer.outbound_allowed && refer.defect.is_none() && refer.tag.is_none());
    assert_eq!(refer.timing, ReferTiming::FromLatestNews);
    let reply = Continuation::Reply {
        empty_reply_goes_on: true,
    };
    assert_eq!((refer.on_success, refer.on_failure), (reply, reply));
}

#[test]
fn without_a_referrer_it_is_the_caller() {
    let refer = only_refer(
        Dialect::Jambonz,
        r#"[{"sip:refer": {"referTo": "4930123"}}]"#,
    );
    assert_eq!(refer.referred_by, ReferredBy::Caller { display_name: None });
    assert_eq!(refer.target, "4930123");
    let named = r#"[{"sip:refer": {"referTo": "1", "referredByDisplayName": "Ada"}}]"#;
    let refer = only_refer(Dialect::Jambonz, named);
    let wanted = ReferredBy::Caller {
        display_name: Some("Ada".to_owned()),
    };
    assert_eq!(refer.referred_by, wanted);
}

#[test]
fn jambonz_answer_answers_for_a_refer_that_needs_an_answered_call() {
    let text = r#"[{"verb":"answer"},{"verb":"sip:refer","referTo":"1"},{"verb":"pause","length":1},
                   {"verb":"hangup"}]"#;
    let program = example::parse(Dialect::Jambonz, text).unwrap();
    let answering: Vec<_> = program.steps.iter().map(|step| step.answering).collect();
    use Answering::{Leave, Skip};
    assert_eq!(answering, [Leave, Skip, Leave, Leave]);
    assert_eq!(program.steps[0].verb, Verb::Answer);
    assert_eq!(program.end, EndOfProgram::HangUpOrRefuse(603));
}

#[test]
fn both_spellings_and_the_free_property_are_understood() {
    let long = r#"[{"verb":"pause","length":1.5,"_":"mine"}]"#;
    let short = r#"[{"pause":{"length":1.5,"id":"p"}}]"#;
    let wanted = Verb::Pause(Pause {
        length: Duration::from_millis(1500),
    });
    assert_eq!(verb(long), wanted);
    assert_eq!(verb(short), wanted);
    assert_eq!(
        verb(r#"[{"hangup":null}]"#),
        Verb::Hangup(Hangup::default())
    );
}

#[test]
fn jambonz_hangup_may_carry_headers() {
    let headers = vec![("X-Reason".to_owned(), "done".to_owned())];
    let text = r#"[{"verb":"hangup","headers":{"X-Reason":"done"}}]"#;
    assert_eq!(verb(text), Verb::Hangup(Hangup { headers }));
}

#[test]
fn jambonz_sip_decline_carries_status_reason_and_headers() {
    let text = r#"[{"verb":"sip:decline","status":486,"reason":"Away","headers":{"X-A":1}}]"#;
    let wanted = Decline {
        status: 486,
        reason: Some("Away".to_owned()),
        headers: vec![("X-A".to_owned(), "1".to_owned())],
    };
    assert_eq!(verb(text), Verb::Decline(wanted));
    for wrong in ["200", "399", "700", "486.5", "-1"] {
        let found = errors(&format!(r#"[{{"verb":"sip:decline","status":{wrong}}}]"#));
        let wanted = "1:33 sip:decline: property status must be a SIP status from 400 to 699";
        assert_eq!(found, [wanted]);
    }
}

#[test]
fn jambonz_redirect_names_the_next_application() {
    let text = r#"[{"verb":"redirect","actionHook":"/next","statusHook":{"url":"/s"}}]"#;
    let wanted = Redirect {
        hook: Hook::post("/next"),
        status_hook: Some(Hook::post("/s")),
        tag: None,
    };
    assert_eq!(verb(text), Verb::Redirect(Box::new(wanted)));
    assert_eq!(
        errors(r#"[{"verb":"redirect","actionHook":" "}]"#),
        ["1:34 redirect: property actionHook must not be blank"]
    );
}

#[test]
fn jambonz_tag_keeps_its_data_as_it_is() {
    let text = r#"[{"verb":"tag","data":{"camelCase":[1,{"b":null}]}}]"#;
    assert_eq!(
        verb(text),
        Verb::Tag(Tag::Data(json!({"camelCase": [1, {"b": null}]})))
    );
}

/// One valid document per verb that this release understands and refuses.
#[test]
fn every_other_verb_is_understood_and_refused_when_it_runs() {
    let documents = [
        r#"{"verb":"dial","target":[{"type":"phone","number":"+1","trunk":"t"},
            {"type":"sip","sipUri":"sip:a@b","auth":{"username":"u","password":"p"},
            "headers":{"X":"1"}},{"type":"user","name":"u@d"},{"type":"teams","number":"+1",
            "vmail":true,"tenant":"t"}],"answerOnBridge":true,"callerId":"+2","headers":{"a":"b"},
            "listen":{"url":"wss://x"},"transcribe":{"transcriptionHook":"/t"},"timeLimit":10,
            "amd":{"actionHook":"/a","timers":{"toneTimeoutMs":1}},"referHook":"/r",
            "dub":[{"action":"silenceTrack","track":"t"}],"srtpEncryption":"sdes","codecs":["PCMU"],
            "dialMusic":"m","anchorMedia":true,"tag":{"a":1},"timeout":30,"actionHook":"/d"}"#,
        r#"{"verb":"transfer","mode":"blind","target":[{"type":"phone","number":"+1"}]}"#,
        r#"{"verb":"conference","name":"c","beep":true,"maxParticipants":3,"waitHook":"/w",
            "statusEvents":["join"],"record":{"path":"p"},"actionHook":"/c"}"#,
        r#"{"verb":"enqueue","name":"q","priority":1,"waitHook":"/w","_":{"a":1}}"#,
        r#"{"verb":"dequeue","name":"q","timeout":5,"beep":true,"callSid":"c"}"#,
        r#"{"verb":"leave"}"#,
        r#"{"verb":"message","to":"+1","from":"+2","text":"hi","media":["m"]}"#,
        r#"{"verb":"dialogflow","project":"p","credentials":"c","lang":"en","model":"cx"}"#,
        r#"{"verb":"llm","vendor":"openai","llmOptions":{},"mcpServers":[{"url":"x","roots":[{}]}]}"#,
        r#"{"verb":"agent","llm":{},"greeting":true}"#,
        r#"{"verb":"pipeline","llm":{"vendor":"v","llmOptions":{}},"noiseIsolation":"krisp"}"#,
        r#"{"verb":"lex","botId":"b","botAlias":"a","region":"r","credentials":{}}"#,
        r#"{"verb":"rasa","url":"https://r","prompt":"hi"}"#,
        r#"{"verb":"rest:dial","call_hook":"/c","from":"+1","to":{"type":"phone","number":"+2"}}"#,
    ];
    let mut refused = Vec::new();
    for document in documents {
        let text = format!("[{document}]");
        match verb(&text) {
            Verb::Unrunnable(unrunnable) => {
                assert_eq!(unrunnable.code, "unsupported-verb");
                refused.push(unrunnable.verb);
            }
            other => panic!("{document}: {other:?}"),
        }
    }
    let support = jambonz::support();
    let listed = support
        .iter()
        .filter(|(_, state, _)| *state == "refused")
        .map(|entry| entry.0);
    assert_eq!(refused, listed.collect::<Vec<_>>());
}

#[test]
fn aliases_stand_for_their_verbs_and_imply_a_vendor() {
    let of = |text: &str| match verb(text) {
        Verb::Unrunnable(unrunnable) => unrunnable.verb,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(r#"[{"room":{"name":"r"}}]"#), "conference");
    assert_eq!(
        of(r#"[{"verb":"s2s","vendor":"v","llmOptions":{}}]"#),
        "llm"
    );
    assert_eq!(of(r#"[{"verb":"openai_s2s","llmOptions":{}}]"#), "llm");
    assert_eq!(of(r#"[{"ultravox_s2s":{"llmOptions":{}}}]"#), "llm");
    assert_eq!(
        errors(r#"[{"verb":"s2s","llmOptions":{}}]"#),
        ["1:2 llm: missing value for vendor"]
    );
    let program = example::parse(Dialect::Jambonz, r#"[{"stream":{"url":"wss://x"}}]"#).unwrap();
    assert_eq!(program.steps[0].name, "stream");
}

#[test]
fn one_bad_element_rejects_the_whole_array() {
    let text = r#"[{"verb":"answer"},{"verb":"sip:refer","referTo":5},{"verb":"hangup"}]"#;
    let error = example::parse(Dialect::Jambonz, text).unwrap_err();
    assert_eq!(error.code(), "invalid-app-payload");
    assert_eq!(error.diagnostics.len(), 1);
}

#[test]
fn messages_are_those_that_people_know_with_the_place_added() {
    let text = "[\n  {\"verb\": \"sy\", \"text\": \"é\"},\n  {\"say\": {\"txt\": \"hi\"}},\n  \
                {\"verb\": \"say\", \"text\": 5, \"loop\": true},\n  {\"verb\": \"sip:refer\"},\n  \
                {\"verb\": \"dial\", \"target\": [{\"type\": \"phne\"}, {}]}\n]";
    assert_eq!(
        errors(text),
        [
            "2:12 invalid instruction: sy (did you mean `say`?)",
            "3:12 say: unknown property txt (did you mean `text`?)",
            "4:27 say: property text has invalid data type number, must be string or array",
            "4:38 say: property loop has invalid data type boolean, must be number or string",
            "5:3 sip:refer: missing value for referTo",
            "6:40 target: property type has the invalid value \"phne\", \
             must be one of phone,sip,user,teams (did you mean `phone`?)",
            "6:49 target: missing value for type",
        ]
    );
}

#[test]
fn malformed_elements_are_told_apart() {
    assert_eq!(
        errors("[5]"),
        ["1:2 malformed jambonz payload: must be array of objects"]
    );
    assert_eq!(
        errors("[null]"),
        ["1:2 malformed jambonz payload: must be array of objects"]
    );
    assert_eq!(
        errors("[[]]"),
        ["1:2 malformed jambonz payload: must be array of objects"]
    );
    assert_eq!(
        errors("[{}]"),
        ["1:2 malformed jambonz payload: missing verb property"]
    );
    assert_eq!(
        errors(r#"[{"say":{},"play":{}}]"#),
        ["1:2 malformed jambonz payload: missing verb property"]
    );
    assert_eq!(errors(r#"[{"verb":5}]"#), ["1:10 invalid instruction: 5"]);
    assert_eq!(
        errors(r#"[{"say":"hi"}]"#),
        ["1:9 say: must be an object, found \"hi\""]
    );
    assert_eq!(
        errors(r#"[{"target":{"type":"sip"}}]"#),
        ["1:3 invalid instruction: target"]
    );
    assert_eq!(
        errors(r#"[{"verb":"dial","target":{"type":"sip"}}]"#),
        ["1:26 dial: property target is not an array"]
    );
}

#[test]
fn what_a_message_shows_of_a_document_is_short_and_without_control_characters() {
    let escape = r"\u001b[2J\u009b";
    let long = "x".repeat(70);
    for text in [
        format!(r#"[{{"verb":"{escape}{long}"}}]"#),
        format!(r#"[{{"{escape}{long}":5}}]"#),
        format!(r#"[{{"{escape}{long}":{{}}}}]"#),
        format!(r#"[{{"verb":["{escape}{long}"]}}]"#),
        format!(r#"[{{"verb":"say","{escape}{long}":1}}]"#),
        format!(r#"[{{"verb":"dial","target":[{{"type":"{escape}{long}"}}]}}]"#),
        format!(r#"[{{"verb":"hangup","headers":{{"{escape}{long}":"1"}}}}]"#),
    ] {
        let [message] = errors(&text).try_into().expect("one error");
        assert!(message.contains('…') && message.len() < 200, "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn a_hook_object_needs_a_url_and_a_method_that_exists() {
    let refer =
        |hook: &str| format!(r#"[{{"verb":"sip:refer","referTo":"1","actionHook":{hook}}}]"#);
    assert_eq!(
        errors(&refer(r#"{"method":"PUT"}"#)),
        [
            "1:49 sip:refer: property actionHook has no url (an object names its URL as `url`)",
            "1:59 sip:refer: property actionHook has the invalid method \"PUT\", \
             must be GET or POST",
        ]
    );
    assert_eq!(
        errors(&refer("5")),
        [
            "1:49 sip:refer: property actionHook has invalid data type number, \
          must be object or string"
        ]
    );
    for none in ["\"\"", "null"] {
        assert_eq!(only_refer(Dialect::Jambonz, &refer(none)).result, None);
    }
}

#[test]
fn no_header_can_break_out_of_its_line() {
    let found = errors(
        "[{\"verb\":\"sip:refer\",\"referTo\":\"1\",\"headers\":{\"X-A\":\"a\\r\\nBcc: b\",\
         \"Bad Name\":\"x\",\"X-B\":true,\"\":\"x\",\"X-C\":\"tab\\tin\"}}]",
    );
    assert_eq!(
        found,
        [
            "1:53 headers: property X-A has a line break or control character",
            "1:78 headers: \"Bad Name\" cannot be the name of a SIP header",
            "1:88 headers: property X-B must be string or number",
            "1:96 headers: \"\" cannot be the name of a SIP header",
            "1:106 headers: property X-C has a line break or control character",
        ]
    );
    let reason = "[{\"verb\":\"sip:decline\",\"status\":486,\"reason\":\"a\\nb\"}]";
    assert_eq!(
        errors(reason),
        ["1:46 sip:decline: property reason has a control character"]
    );
}

#[test]
fn jambonz_pause_has_a_length_that_makes_sense() {
    assert_eq!(
        errors(r#"[{"verb":"pause"}]"#),
        ["1:2 pause: missing value for length"]
    );
    for wrong in ["-1", "86401", "1e300"] {
        let found = errors(&format!(r#"[{{"verb":"pause","length":{wrong}}}]"#));
        assert_eq!(
            found,
            ["1:27 pause: property length must be seconds from 0 to 86400"]
        );
    }
}

#[test]
fn an_empty_reply_carries_on_except_as_the_first() {
    let json = "application/json; charset=utf-8";
    let empty: [(&[u8], &str); 6] = [
        (b"", json),
        (b" \n", json),
        (b"[]", json),
        (b"[ ]", json),
        (b"<Response/>", "text/xml"),
        (b"[{\"verb\":\"hangup\"}]", ""),
    ];
    for (body, content_type) in empty {
        let program = reply(body, content_type, false).unwrap();
        assert_eq!((program.steps.len(), program.warnings.len()), (0, 0));
        let error = reply(body, content_type, true).unwrap_err();
        assert!(
            error.to_string().contains("the first reply holds no verbs"),
            "{error}"
        );
    }
}

#[test]
fn anything_but_an_array_carries_on_with_a_remark_except_as_the_first() {
    let json = "Application/JSON";
    for body in [&b"{\"verb\":\"hangup\"}"[..], b"null", b"5", b"\"x\""] {
        let program = reply(body, json, false).unwrap();
        assert_eq!(program.steps, []);
        assert_eq!(program.warnings[0].severity, Severity::Warning);
        let error = reply(body, json, true).unwrap_err();
        assert_eq!(error.code(), "invalid-app-payload");
        assert!(error.to_string().contains("must be array"));
    }
}

#[test]
fn what_is_no_json_gets_an_error_with_its_place() {
    let unquoted = "[{\"verb\": \"é\",\n  \"referTo\": +49}]";
    let found = errors(unquoted);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("2:14 malformed jambonz payload: not JSON: "),
        "{found:?}"
    );
    assert!(errors("[")[0].starts_with("1:1 "), "{:?}", errors("["));
    assert!(errors("[{\"verb\":\"say\",}]")[0].contains("not JSON"));
    assert!(errors("\"\\ud800\"")[0].contains("not JSON"));
    let error = reply(b"[\n\xff]", "application/json", false).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("2:1: error[invalid-app-payload]"),
        "{error}"
    );
    let marked = "\u{feff}[{\"verb\":\"hangup\"}]";
    assert_eq!(
        example::parse(Dialect::Jambonz, marked)
            .unwrap()
            .steps
            .len(),
        1
    );
}

#[test]
fn of_properties_with_one_name_the_last_counts_and_is_the_one_shown() {
    let text = r#"[{"verb":"pause","length":"x","length":2}]"#;
    assert_eq!(
        verb(text),
        Verb::Pause(Pause {
            length: Duration::from_secs(2)
        })
    );
    let text = r#"[{"verb":"pause","length":2,"length":"x"}]"#;
    assert!(errors(text)[0].starts_with("1:38 pause: property length has invalid data type"));
}

#[test]
fn deep_nesting_and_floods_are_survived() {
    let deep = "[".repeat(100_000);
    assert!(errors(&deep)[0].contains("not JSON"));
    let deep = format!(
        "[{{\"tag\":{}1{}}}]",
        "{\"data\":".repeat(120),
        "}".repeat(120)
    );
    let _ = example::parse(Dialect::Jambonz, &deep);
    let flood = format!("[{}5]", "{\"a\":1},".repeat(20_000));
    assert_eq!(errors(&flood).len(), 50);
    let long = format!("[{}]", " ".repeat(600 * 1024));
    assert!(errors(&long)[0].contains("at most 524288 are read"));
}

#[test]
fn a_step_knows_its_name_and_place() {
    let text = "[\n  {\"verb\": \"answer\"},\n  {\"pause\": {\"length\": 1}}, {\"hangup\": {}}\n]";
    let program = example::parse(Dialect::Jambonz, text).unwrap();
    let places: Vec<_> = program
        .steps
        .iter()
        .map(|step| format!("{} {}", step.name, step.position))
        .collect();
    assert_eq!(places, ["answer 2:3", "pause 3:3", "hangup 3:29"]);
}
