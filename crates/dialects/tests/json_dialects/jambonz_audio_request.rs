//! What jambonz applications are told of audio: exact payloads, where they go, and the events of
//! Voice Gateway.

use std::time::Duration;

use hookflash_dialects::{
    CallFacts, Dialect, EndedBy, GatewayMoment, Moment, RecordingFacts, RecordingState, ReplyUse,
    StreamEvent, Track, TranscriptionEvent,
};
use hookflash_program::{
    Audio, Gather, GatherEnd, Gathered, Prompts, Repeat, SipRequest, Stream, StreamEnd,
    Transcription, Verb,
};
use serde_json::{Value, json};

use crate::example::{self, heard, json, only_verb, recording, request, requested};

fn answered() -> CallFacts {
    example::answered(Dialect::Jambonz)
}

fn verb(text: &str) -> Verb {
    only_verb(Dialect::Jambonz, &format!("[{text}]"))
}

fn prompts(text: &str) -> Prompts {
    match verb(text) {
        Verb::Prompts(prompts) => *prompts,
        other => panic!("{other:?}"),
    }
}

fn gather(text: &str) -> Gather {
    match verb(text) {
        Verb::Gather(gather) => *gather,
        other => panic!("{other:?}"),
    }
}

fn stream(text: &str) -> Stream {
    match verb(text) {
        Verb::ConnectStream(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

fn transcription(text: &str) -> Transcription {
    match verb(text) {
        Verb::Transcribe(transcription) => *transcription,
        other => panic!("{other:?}"),
    }
}

fn sip_request(text: &str) -> SipRequest {
    match verb(text) {
        Verb::SipRequest(request) => *request,
        other => panic!("{other:?}"),
    }
}

/// What a request says beyond the fields that every request about the call has.
fn beyond_the_call(body: &Value) -> Value {
    let base = Moment::Redirected(&hookflash_program::Hook::post("/x"));
    let base = json(&request(&answered(), &base));
    let fields = body.as_object().unwrap().iter();
    let more = fields.filter(|(name, _)| base.get(*name).is_none());
    Value::Object(more.map(|(n, v)| (n.clone(), v.clone())).collect())
}

/// The same of the request of a moment, whose reply is the next document.
fn asked(moment: &Moment<'_>) -> Value {
    let request = request(&answered(), moment);
    assert_eq!(request.reply_use, ReplyUse::Document);
    beyond_the_call(&json(&request))
}

/// The same of a request whose reply is ignored.
fn told(moment: &Moment<'_>) -> Value {
    let request = request(&answered(), moment);
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    beyond_the_call(&json(&request))
}

fn gathered(reason: GatherEnd) -> Gathered {
    Gathered {
        reason,
        keys: String::new(),
        finish: None,
        heard: None,
    }
}

#[test]
fn jambonz_play_tells_how_it_ended() {
    let verb = prompts(r#"{"verb":"play","url":"/a.wav","actionHook":"/p","id":"p"}"#);
    let done = |failure| Moment::PromptsDone {
        verb: &verb,
        played: Duration::from_millis(2_980),
        failure,
    };
    assert_eq!(
        asked(&done(None)),
        json!({
            "playback_seconds": 2, "playback_milliseconds": 2980, "reason": "playCompleted",
            "verb_id": "p"
        })
    );
    assert_eq!(
        asked(&done(Some("404"))),
        json!({"status": "fail", "reason": "playFailed", "verb_id": "p"})
    );
    let silent = prompts(r#"{"verb":"say","text":"hi"}"#);
    let moment = Moment::PromptsDone {
        verb: &silent,
        played: Duration::from_secs(1),
        failure: None,
    };
    assert_eq!(requested(&answered(), &moment), None);
}

#[test]
fn jambonz_gather_tells_the_digits() {
    let verb = gather(r#"{"verb":"gather","actionHook":"/g","id":"g"}"#);
    let result = Gathered {
        keys: "0276".to_owned(),
        finish: Some('#'),
        ..gathered(GatherEnd::Keys)
    };
    let moment = Moment::GatherDone {
        verb: &verb,
        result: &result,
    };
    let wanted = json!({"digits": "0276", "reason": "dtmfDetected", "verb_id": "g"});
    assert_eq!(asked(&moment), wanted);
    assert_eq!(
        request(&answered(), &moment).url,
        "https://app.example.com:8443/g"
    );
}

#[test]
fn jambonz_gather_tells_what_was_said() {
    let verb = gather(
        r#"{"verb":"gather","input":["speech"],"actionHook":"/g","partialResultHook":"/p",
            "recognizer":{"vendor":"google"}}"#,
    );
    let said = heard("sales please", 0.858_155, true);
    let speech = |is_final: bool| {
        json!({
            "language_code": "en-US",
            "channel_tag": 1,
            "is_final": is_final,
            "alternatives": [{"confidence": 0.858155, "transcript": "sales please"}],
            "vendor": {"name": "google"},
        })
    };
    for (reason, word) in [
        (GatherEnd::Speech, "speechDetected"),
        (GatherEnd::LowConfidence, "stt-low-confidence"),
    ] {
        let result = Gathered {
            heard: Some(said.clone()),
            ..gathered(reason)
        };
        let moment = Moment::GatherDone {
            verb: &verb,
            result: &result,
        };
        assert_eq!(
            asked(&moment),
            json!({"speech": speech(true), "reason": word})
        );
    }
    let so_far = heard("sales please", 0.858_155, false);
    let partial = Moment::GatherPartial {
        verb: &verb,
        heard: &so_far,
        sequence: 3,
    };
    assert_eq!(told(&partial), json!({"speech": speech(false)}));
}

#[test]
fn jambonz_gather_tells_that_nothing_came_or_could_be_understood() {
    let verb = gather(r#"{"verb":"gather","actionHook":"/g"}"#);
    let done = |result: &Gathered| {
        asked(&Moment::GatherDone {
            verb: &verb,
            result,
        })
    };
    let too_few = Gathered {
        keys: "1".to_owned(),
        ..gathered(GatherEnd::Timeout)
    };
    assert_eq!(done(&too_few), json!({"reason": "timeout"}));
    let details = json!({"error": "speech cannot be recognised"});
    assert_eq!(
        done(&gathered(GatherEnd::Failed)),
        json!({"details": details, "reason": "error"})
    );
    let mute = gather(r#"{"verb":"gather"}"#);
    let moment = Moment::GatherDone {
        verb: &mute,
        result: &too_few,
    };
    assert_eq!(requested(&answered(), &moment), None);
}

#[test]
fn jambonz_listen_tells_how_long_it_was_and_what_ended_it() {
    let verb = stream(r#"{"verb":"listen","url":"wss://x","actionHook":"/l","id":"l"}"#);
    let done = |keys: &str| {
        let end = StreamEnd {
            duration: Duration::from_millis(12_900),
            keys: keys.to_owned(),
            failure: None,
        };
        asked(&Moment::StreamDone {
            stream: &verb,
            sid: "s",
            end: &end,
        })
    };
    assert_eq!(done(""), json!({"dial_call_duration": 12, "verb_id": "l"}));
    assert_eq!(
        done("#"),
        json!({"dial_call_duration": 12, "digits": "#", "verb_id": "l"})
    );
    let status = Moment::StreamStatus {
        stream: &verb,
        sid: "s",
        event: StreamEvent::Started,
    };
    assert_eq!(requested(&answered(), &status), None);
}

#[test]
fn jambonz_transcribe_tells_each_result() {
    let verb = transcription(r#"{"verb":"transcribe","transcriptionHook":"/t","id":"t"}"#);
    let said = heard("hi", 0.5, true);
    let news = |event| Moment::Transcription {
        verb: &verb,
        sid: "t-1",
        event,
        sequence: 1,
    };
    let body = told(&news(TranscriptionEvent::Heard(Track::Inbound, &said)));
    assert_eq!(body["speech"]["alternatives"][0]["transcript"], "hi");
    assert_eq!(body["speech"]["vendor"]["name"], "default");
    assert_eq!(body["verb_id"], "t");
    for event in [
        TranscriptionEvent::Started,
        TranscriptionEvent::Stopped,
        TranscriptionEvent::Failed("x"),
    ] {
        assert_eq!(requested(&answered(), &news(event)), None);
    }
}

#[test]
fn jambonz_sip_request_tells_the_answer() {
    let verb = sip_request(r#"{"verb":"sip:request","method":"INFO","actionHook":"/r","id":"r"}"#);
    let done = |answer| {
        asked(&Moment::SipRequestDone {
            verb: &verb,
            answer,
        })
    };
    // Whatever the other party answered, the request was carried out; its status takes the place
    // of that of the call.
    for status in [200, 405] {
        let moment = Moment::SipRequestDone {
            verb: &verb,
            answer: Ok(status),
        };
        let body = json(&request(&answered(), &moment));
        assert_eq!(
            (&body["sip_status"], &body["result"]),
            (&json!(status), &json!("success"))
        );
    }
    assert_eq!(
        done(Err("nobody answered")),
        json!({"result": "failed", "err": "nobody answered", "verb_id": "r"})
    );
}

#[test]
fn jambonz_hooks_after_the_end_of_the_call_are_told_and_not_asked() {
    let verb = gather(r#"{"verb":"gather","actionHook":"/g"}"#);
    let over = example::ended(Dialect::Jambonz, EndedBy::Peer, true, 200);
    let moment = Moment::GatherDone {
        verb: &verb,
        result: &gathered(GatherEnd::Timeout),
    };
    assert_eq!(request(&over, &moment).reply_use, ReplyUse::Ignored);
}

#[test]
fn jambonz_tells_nothing_of_recordings() {
    let recording = recording(Dialect::Jambonz);
    let announce = hookflash_program::Announce {
        hook: Some(hookflash_program::Hook::post("/x")),
        ..hookflash_program::Announce::default()
    };
    let moment = Moment::Recording {
        announce: &announce,
        recording: &recording,
    };
    assert_eq!(requested(&answered(), &moment), None);
}

#[test]
fn jambonz_a_recording_in_the_api_has_the_names_of_its_other_resources() {
    let facts = RecordingFacts {
        name: Some("mine".to_owned()),
        ..recording(Dialect::Jambonz)
    };
    let sid = "00000000-0000-4000-8000-000000000007";
    let url = format!(
        "https://v/v1/Accounts/{}/Recordings/{sid}.wav",
        facts.account_sid
    );
    let wanted = json!({
        "recording_sid": sid,
        "recording_id": "mine",
        "account_sid": facts.account_sid,
        "application_sid": facts.application_sid,
        "call_sid": facts.call_sid,
        "direction": "inbound",
        "from": "+4915112345678",
        "to": "+49301234567",
        "status": "completed",
        "started_at": "2026-11-21T10:00:01.500Z",
        "ended_at": "2026-11-21T10:00:15.170Z",
        "duration": 13,
        "channels": 1,
        "format": "wav",
        "bytes": 218_764,
        "recording_url": url,
    });
    assert_eq!(
        Dialect::Jambonz.recording_resource(&facts, "https://v"),
        wanted
    );
    let failed = RecordingFacts {
        state: RecordingState::Failed,
        error: Some("the disk is full".to_owned()),
        ..facts
    };
    let found = Dialect::Jambonz.recording_resource(&failed, "");
    assert_eq!(found["status"], "failed");
    assert_eq!(found["error"], "the disk is full");
    assert_eq!(found.get("recording_url"), None);
}

#[test]
fn jambonz_play_asks_for_its_file_at_the_application() {
    let ask = |url: &str| {
        let audio = Audio {
            url: url.to_owned(),
            credentials: None,
            repeat: Repeat::ONCE,
            from: Duration::ZERO,
            failure_code: "play-url-notfound",
        };
        Dialect::Jambonz.audio_request(&answered(), "https://elsewhere/doc", &audio)
    };
    assert_eq!(
        ask("/a.wav").unwrap().url,
        "https://app.example.com:8443/a.wav"
    );
    let request = ask("https://u:p@cdn/a.wav#x").unwrap();
    assert_eq!(request.url, "https://cdn/a.wav");
    assert_eq!(request.credentials, Some(("u".to_owned(), "p".to_owned())));
    assert!(
        ask("a.wav")
            .unwrap_err()
            .message
            .contains("begins with `/`")
    );
    assert!(ask("tone_stream://%(500,0,1500)").is_err());
}

#[test]
fn jambonz_gateway_tells_what_was_typed_or_said() {
    let verb = gather(r#"{"verb":"gather","input":["digits","speech"]}"#);
    let event = |result: &Gathered| {
        let moment = GatewayMoment::GatherDone {
            verb: &verb,
            result,
        };
        let request = Dialect::Jambonz.gateway_event(&answered(), moment).unwrap();
        request.map(|request| json(&request))
    };
    let typed = Gathered {
        keys: "9791108569".to_owned(),
        ..gathered(GatherEnd::Keys)
    };
    let body = event(&typed).unwrap();
    assert_eq!(body["event"], "RECOGNIZED_DTMF");
    assert_eq!(
        beyond_the_call(&body["payload"]),
        json!({"digits": "9791108569", "reason": "dtmfDetected"})
    );
    assert_eq!(body["payload"]["call_status"], "in-progress");
    let said = Gathered {
        heard: Some(heard("yes", 1.0, true)),
        ..gathered(GatherEnd::Speech)
    };
    let body = event(&said).unwrap();
    assert_eq!(body["event"], "RECOGNIZED_SPEECH");
    assert_eq!(
        body["payload"]["speech"]["alternatives"][0]["transcript"],
        "yes"
    );
    let body = event(&gathered(GatherEnd::Timeout)).unwrap();
    assert_eq!(body["event"], "USER_INPUT_TIMEOUT");
    assert_eq!(
        beyond_the_call(&body["payload"]),
        json!({"reason": "timeout"})
    );
    assert_eq!(event(&gathered(GatherEnd::Failed)), None);
    assert_eq!(event(&gathered(GatherEnd::LowConfidence)), None);
}
