//! BXML events about audio: exact payloads, where they go, and which of them are answered.

use std::time::Duration;

use hookflash_dialects::{
    CallFacts, Dialect, HttpRequest, Moment, RecordingFacts, RecordingState, ReplyUse,
};
use hookflash_program::{Audio, Gather, GatherEnd, Gathered, Record, RecordEnd, Repeat, Verb};
use serde_json::{Value, json};

use crate::example::{self, heard, json, only_verb, recording, request, requested};

const CALL: &str = "c-3456789a-01234567-89ab-4def-8123-456789abcdef";

pub(crate) fn answered() -> CallFacts {
    example::answered(Dialect::Bxml)
}

pub(crate) fn verb(text: &str) -> Verb {
    only_verb(Dialect::Bxml, &format!("<Response>{text}</Response>"))
}

fn gather(text: &str) -> Gather {
    match verb(text) {
        Verb::Gather(gather) => *gather,
        other => panic!("{other:?}"),
    }
}

fn record(text: &str) -> Record {
    match verb(text) {
        Verb::Record(record) => *record,
        other => panic!("{other:?}"),
    }
}

/// The fields that every event of the example call has, with those of one event behind them.
pub(crate) fn event(name: &str, more: Value) -> Value {
    let mut event = json!({
        "eventType": name,
        "eventTime": "2026-11-21T10:00:03.120Z",
        "accountId": "9900000",
        "applicationId": "108d3a4c-cdfa-4632-8000-000000000001",
        "from": "+4915112345678",
        "to": "+49301234567",
        "direction": "inbound",
        "callId": CALL,
        "callUrl": format!("https://voice.example.com/api/v2/accounts/9900000/calls/{CALL}"),
        "startTime": "2026-11-21T10:00:00.000Z",
        "answerTime": "2026-11-21T10:00:01.000Z",
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

pub(crate) fn assert_told(request: &HttpRequest, path: &str) {
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    assert_eq!(request.url, format!("https://app.example.com:8443{path}"));
}

fn gathered(reason: GatherEnd, keys: &str, finish: Option<char>) -> Gathered {
    Gathered {
        reason,
        keys: keys.to_owned(),
        finish,
        heard: None,
    }
}

#[test]
fn bxml_gather_tells_the_digits_and_the_digit_that_ended_them() {
    let verb = gather("<Gather gatherUrl='/g' username='u' password='p' tag='t'/>");
    let result = gathered(GatherEnd::Keys, "123", Some('#'));
    let request = request(
        &answered(),
        &Moment::GatherDone {
            verb: &verb,
            result: &result,
        },
    );
    let more = json!({"tag": "t", "digits": "123", "terminatingDigit": "#"});
    assert_eq!(json(&request), event("gather", more));
    assert_eq!(request.reply_use, ReplyUse::Document);
    assert_eq!(request.url, "https://app.example.com:8443/g");
    assert_eq!(request.credentials, Some(("u".to_owned(), "p".to_owned())));
}

#[test]
fn bxml_gather_tells_empty_texts_when_nothing_was_pressed() {
    let verb = gather("<Gather gatherUrl='/g'/>");
    let result = gathered(GatherEnd::Timeout, "", None);
    let moment = Moment::GatherDone {
        verb: &verb,
        result: &result,
    };
    let more = json!({"digits": "", "terminatingDigit": ""});
    assert_eq!(json(&request(&answered(), &moment)), event("gather", more));
    let mute = gather("<Gather/>");
    let moment = Moment::GatherDone {
        verb: &mute,
        result: &result,
    };
    assert_eq!(requested(&answered(), &moment), None);
}

#[test]
fn bxml_gather_tells_what_was_said_and_what_was_said_so_far() {
    let verb = gather("<Gather input='speech' gatherUrl='/g' partialResultCallback='/p'/>");
    let said = heard("sales please", 0.9, true);
    let result = Gathered {
        heard: Some(said.clone()),
        ..gathered(GatherEnd::Speech, "", None)
    };
    let moment = Moment::GatherDone {
        verb: &verb,
        result: &result,
    };
    let speech = json!({"transcript": "sales please", "confidence": 0.9, "language": "en-US"});
    let body = json(&request(&answered(), &moment));
    assert_eq!(body["speech"], speech);
    let partial = request(
        &answered(),
        &Moment::GatherPartial {
            verb: &verb,
            heard: &said,
            sequence: 0,
        },
    );
    assert_told(&partial, "/p");
    assert_eq!(
        json(&partial),
        event("partialResult", json!({"speech": speech}))
    );
}

#[test]
fn bxml_gather_and_record_ask_their_fallback_with_the_same_event() {
    let verb =
        gather("<Gather gatherUrl='/g' gatherFallbackUrl='https://b/f' fallbackUsername='fu'/>");
    let result = gathered(GatherEnd::Keys, "1", None);
    let failed = Moment::GatherDone {
        verb: &verb,
        result: &result,
    };
    let fallback = |failed, code| Moment::Fallback {
        failed_url: "https://app.example.com:8443/g",
        code,
        failed,
    };
    let spare = request(&answered(), &fallback(&failed, "callback-error"));
    assert_eq!(spare.url, "https://b/f");
    assert_eq!(spare.purpose, "fallback");
    assert_eq!(spare.reply_use, ReplyUse::Document);
    assert_eq!(spare.credentials, Some(("fu".to_owned(), String::new())));
    assert_eq!(json(&spare), json(&request(&answered(), &failed)));
    assert_eq!(
        requested(&answered(), &fallback(&failed, "invalid-bxml")),
        None
    );
    let verb = record("<Record recordCompleteUrl='/r' recordCompleteFallbackUrl='/f'/>");
    let recording = recording(Dialect::Bxml);
    let failed = Moment::RecordDone {
        verb: &verb,
        recording: &recording,
        end: RecordEnd::Silence,
    };
    let spare = request(&answered(), &fallback(&failed, "callback-error"));
    assert_eq!(spare.url, "https://app.example.com:8443/f");
    let without = record("<Record recordCompleteUrl='/r'/>");
    let failed = Moment::RecordDone {
        verb: &without,
        recording: &recording,
        end: RecordEnd::Silence,
    };
    assert_eq!(
        requested(&answered(), &fallback(&failed, "callback-error")),
        None
    );
}

#[test]
fn bxml_start_gather_tells_each_digit_and_takes_no_answer() {
    let Verb::KeyEvents(Some(events)) = verb("<StartGather dtmfUrl='/d' tag=''/>") else {
        panic!("key events")
    };
    let facts = CallFacts {
        tag: Some("older".to_owned()),
        ..answered()
    };
    let request = request(
        &facts,
        &Moment::Key {
            events: &events,
            key: '*',
        },
    );
    assert_told(&request, "/d");
    assert_eq!(json(&request), event("dtmf", json!({"digit": "*"})));
    assert_eq!(request.policy.retries, 1);
}

fn recorded(more: Value) -> Value {
    let mut fields = json!({
        "recordingId": recording(Dialect::Bxml).sid,
        "channels": 1,
        "startTime": "2026-11-21T10:00:01.500Z",
        "endTime": "2026-11-21T10:00:15.170Z",
        "duration": "PT13.67S",
        "fileFormat": "wav",
        "mediaUrl": format!(
            "https://voice.example.com/api/v2/accounts/9900000/calls/{CALL}/recordings/{}/media",
            recording(Dialect::Bxml).sid
        ),
    });
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    fields
}

#[test]
fn bxml_record_complete_asks_for_the_next_document() {
    let verb = record("<Record recordCompleteUrl='/r' tag='t'/>");
    let recording = recording(Dialect::Bxml);
    let done = |end| Moment::RecordDone {
        verb: &verb,
        recording: &recording,
        end,
    };
    for end in [
        RecordEnd::Key('#'),
        RecordEnd::Silence,
        RecordEnd::Limit,
        RecordEnd::Stopped,
    ] {
        let request = request(&answered(), &done(end));
        assert_eq!(request.reply_use, ReplyUse::Document);
        assert_eq!(
            json(&request),
            event("recordComplete", recorded(json!({"tag": "t"})))
        );
    }
    assert_eq!(requested(&answered(), &done(RecordEnd::HangUp)), None);
    assert!(recording.sid.starts_with("r-") && recording.sid.len() == 47);
}

#[test]
fn bxml_recording_available_is_told_once_it_is_over() {
    let verb = record("<Record recordingAvailableUrl='/a'/>");
    let announced = |recording: &RecordingFacts| {
        let moment = Moment::Recording {
            announce: &verb.announce,
            recording,
        };
        requested(&answered(), &moment)
    };
    let complete = RecordingFacts {
        name: Some("n".to_owned()),
        ..recording(Dialect::Bxml)
    };
    let request = announced(&complete).unwrap();
    assert_told(&request, "/a");
    let more = recorded(json!({"recordingName": "n", "status": "complete"}));
    let mut wanted = event("recordingAvailable", more);
    wanted.as_object_mut().unwrap().shift_remove("answerTime");
    assert_eq!(json(&request), wanted);
    let failed = RecordingFacts {
        state: RecordingState::Failed,
        ..recording(Dialect::Bxml)
    };
    let body = json(&announced(&failed).unwrap());
    assert_eq!(body["status"], "error");
    assert_eq!(body.get("mediaUrl"), None);
    for state in [
        RecordingState::InProgress,
        RecordingState::Paused,
        RecordingState::Absent,
    ] {
        let other = RecordingFacts {
            state,
            ..recording(Dialect::Bxml)
        };
        assert_eq!(announced(&other), None, "{state:?}");
    }
}

#[test]
fn bxml_transcription_available_tells_where_the_text_is_and_the_text() {
    let verb = record("<Record transcribe='true' transcriptionAvailableUrl='/t'/>");
    let recording = recording(Dialect::Bxml);
    let said = heard("hello", 0.75, true);
    let told = |text| {
        let moment = Moment::RecordingText {
            transcription: verb.transcribe.as_ref().unwrap(),
            recording: &recording,
            announce: &verb.announce,
            sid: "t-1",
            text,
        };
        request(&answered(), &moment)
    };
    let request = told(Ok(&said));
    assert_told(&request, "/t");
    let url = format!(
        "https://voice.example.com/api/v2/accounts/9900000/calls/{CALL}/recordings/{}/transcription",
        recording.sid
    );
    let wanted = json!({
        "id": "t-1",
        "url": url,
        "status": "available",
        "completedTime": "2026-11-21T10:00:03.120Z",
        "transcripts": [{"text": "hello", "confidence": 0.75}],
    });
    let body = json(&request);
    assert_eq!(body["eventType"], "transcriptionAvailable");
    assert_eq!(body["transcription"], wanted);
    assert_eq!(body["duration"], "PT13.67S");
    let body = json(&told(Err("no engine")));
    assert_eq!(body["transcription"]["status"], "error");
    assert_eq!(body["transcription"].get("transcripts"), None);
}

#[test]
fn bxml_durations_are_written_as_java_writes_them() {
    let verb = record("<Record recordCompleteUrl='/r'/>");
    for (milliseconds, wanted) in [
        (0, "PT0S"),
        (5, "PT0.005S"),
        (20_056, "PT20.056S"),
        (60_000, "PT1M"),
        (112_217, "PT1M52.217S"),
        (3_600_100, "PT1H0.1S"),
        (10_800_000, "PT3H"),
    ] {
        let recording = RecordingFacts {
            duration: Duration::from_millis(milliseconds),
            ..recording(Dialect::Bxml)
        };
        let moment = Moment::RecordDone {
            verb: &verb,
            recording: &recording,
            end: RecordEnd::Limit,
        };
        assert_eq!(json(&request(&answered(), &moment))["duration"], wanted);
    }
}

#[test]
fn bxml_a_recording_in_the_api_has_bandwidths_fields() {
    let facts = RecordingFacts {
        parent_sid: Some("c-parent".to_owned()),
        channels: 2,
        ..recording(Dialect::Bxml)
    };
    let url = format!(
        "https://v.example.com/api/v2/accounts/9900000/calls/{CALL}/recordings/{}/media",
        facts.sid
    );
    let wanted = json!({
        "applicationId": "108d3a4c-cdfa-4632-8000-000000000001",
        "accountId": "9900000",
        "callId": CALL,
        "parentCallId": "c-parent",
        "recordingId": facts.sid,
        "to": "+49301234567",
        "from": "+4915112345678",
        "duration": "PT13.67S",
        "direction": "inbound",
        "channels": 2,
        "startTime": "2026-11-21T10:00:01.500Z",
        "endTime": "2026-11-21T10:00:15.170Z",
        "fileFormat": "wav",
        "status": "complete",
        "mediaUrl": url,
    });
    let found = Dialect::Bxml.recording_resource(&facts, "https://v.example.com");
    assert_eq!(found.to_string(), wanted.to_string());
    let running = RecordingFacts {
        state: RecordingState::InProgress,
        ended_at: None,
        inbound: false,
        ..facts
    };
    let found = Dialect::Bxml.recording_resource(&running, "");
    assert_eq!(found["status"], "processing");
    assert_eq!(found["direction"], "outbound");
    assert_eq!((found.get("endTime"), found.get("mediaUrl")), (None, None));
}

fn audio(url: &str, credentials: Option<(String, String)>) -> Audio {
    Audio {
        url: url.to_owned(),
        credentials,
        repeat: Repeat::ONCE,
        from: Duration::ZERO,
        failure_code: "application-error",
    }
}

#[test]
fn bxml_play_audio_asks_for_its_file_relative_to_the_document() {
    let ask = |base: &str, audio: &Audio| Dialect::Bxml.audio_request(&answered(), base, audio);
    let base = "https://app.example.com/a/doc.xml?x=1";
    let request = ask(base, &audio("../b.wav#t", None)).unwrap();
    assert_eq!(request.url, "https://app.example.com/b.wav");
    assert_eq!(request.purpose, "audio");
    assert_eq!(request.policy.redirects, 5);
    assert_eq!(request.policy.max_reply, 64 << 20);
    assert_eq!(request.policy.total, Duration::from_secs(60));
    let given = Some(("u".to_owned(), "p".to_owned()));
    let request = ask(base, &audio("https://x:y@cdn/b.mp3", given.clone())).unwrap();
    assert_eq!(request.url, "https://cdn/b.mp3");
    assert_eq!(request.credentials, given);
    let request = ask("", &audio("/b.wav", None)).unwrap();
    assert_eq!(request.url, "https://app.example.com:8443/b.wav");
    let request = ask(base, &audio("file:///srv/b.wav", None)).unwrap();
    assert_eq!(request.url, "file:///srv/b.wav");
    for wrong in ["ftp://a/b.wav", "data:audio/wav;base64,AA", "http://a:b:c/"] {
        let error = ask(base, &audio(wrong, None)).unwrap_err();
        assert!(!error.message.is_empty(), "{wrong}");
    }
    let error = ask(base, &audio("ftp://u:secret@a/b", None)).unwrap_err();
    assert!(!format!("{error:?}").contains("secret"));
}
