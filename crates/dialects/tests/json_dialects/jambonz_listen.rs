//! `listen`, `transcribe` and the verbs that send SIP messages: each property, default and range.

use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_program::{
    Alert, Answering, Hook, Recognizer, SipRequest, Stream, StreamEncoding, StreamFormat, Tracks,
    Transcription, Verb, Which,
};
use serde_json::json;

use crate::example::{self, only_step};

fn step(verb: &str) -> (Answering, Verb) {
    only_step(Dialect::Jambonz, &format!("[{verb}]"))
}

fn errors(verb: &str) -> Vec<String> {
    example::errors(Dialect::Jambonz, &format!("[{verb}]"))
}

fn warnings(verb: &str) -> Vec<String> {
    let program = example::parse(Dialect::Jambonz, &format!("[{verb}]")).unwrap();
    let told = program.warnings.iter();
    told.map(|remark| format!("{} {}", remark.position, remark.message))
        .collect()
}

fn stream(verb: &str) -> Stream {
    match step(verb) {
        (_, Verb::ConnectStream(stream)) => *stream,
        other => panic!("{other:?}"),
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn jambonz_listen_sends_the_caller_at_8_khz_and_plays_files_by_default() {
    let wanted = Stream {
        url: "wss://x".to_owned(),
        name: None,
        tracks: Tracks::Inbound,
        bidirectional: true,
        format: StreamFormat {
            encoding: StreamEncoding::Linear,
            rate: 8000,
            channels: 1,
        },
        bare_rate: None,
        parameters: Vec::new(),
        metadata: None,
        credentials: None,
        bearer: None,
        status: None,
        finish: Vec::new(),
        most: None,
        beep: false,
        pass_keys: false,
        result: None,
        empty_reply_goes_on: true,
        id: None,
    };
    assert_eq!(stream(r#"{"verb":"listen","url":"wss://x"}"#), wanted);
    assert_eq!(stream(r#"{"verb":"stream","url":"wss://x"}"#), wanted);
}

#[test]
fn jambonz_listen_is_read_with_all_that_it_says() {
    let found = stream(
        r##"{"verb":"listen","url":"/audio","mixType":"stereo","sampleRate":16000,"id":"l",
            "metadata":{"a":[1]},"wsAuth":{"username":"u","password":"p"},"finishOnKey":"#1",
            "maxLength":30,"playBeep":true,"passDtmf":true,"actionHook":"/l",
            "bidirectionalAudio":{"enabled":true,"streaming":true,"sampleRate":24000}}"##,
    );
    assert_eq!(found.url, "/audio");
    assert_eq!(found.tracks, Tracks::Both);
    assert_eq!((found.format.rate, found.format.channels), (16_000, 2));
    assert_eq!(found.bare_rate, Some(24_000));
    assert_eq!(found.metadata, Some(json!({"a": [1]})));
    assert_eq!(found.credentials, Some(("u".to_owned(), "p".to_owned())));
    assert_eq!(found.finish, ['#', '1']);
    assert_eq!(found.most, Some(30 * SECOND));
    assert!(found.beep && found.pass_keys);
    assert_eq!(found.result, Some(Hook::post("/l")));
    assert_eq!(found.id.as_deref(), Some("l"));
}

#[test]
fn jambonz_listen_mixes_and_takes_audio_back_as_it_is_told() {
    let of = |more: &str| stream(&format!(r#"{{"verb":"listen","url":"wss://x",{more}}}"#));
    let mixed = of(r#""mixType":"mixed""#);
    assert_eq!((mixed.tracks, mixed.format.channels), (Tracks::Both, 1));
    let streaming = of(r#""bidirectionalAudio":{"streaming":true},"sampleRate":48000"#);
    assert_eq!(streaming.bare_rate, Some(48_000));
    for off in [
        r#""bidirectionalAudio":{"enabled":false,"streaming":true}"#,
        r#""disableBidirectionalAudio":true"#,
    ] {
        let found = of(off);
        assert!(!found.bidirectional && found.bare_rate.is_none(), "{off}");
    }
    let old = of(r#""auth":{"username":"u","password":"p"}"#);
    assert_eq!(old.credentials, Some(("u".to_owned(), "p".to_owned())));
    assert_eq!(
        errors(r#"{"verb":"listen","url":"wss://x","sampleRate":44100}"#),
        ["1:48 listen: property sampleRate must be one of 8000, 16000, 24000, 32000, 48000, 64000"]
    );
}

#[test]
fn jambonz_listen_remarks_on_a_nested_transcribe() {
    let text = r#"{"verb":"listen","url":"wss://x","transcribe":{"transcriptionHook":"/t"}}"#;
    assert_eq!(
        warnings(text),
        ["1:35 listen: property transcribe has no effect here"]
    );
}

#[test]
fn jambonz_transcribe_waits_until_the_call_ends_unless_it_stops_another() {
    let text = r#"{"verb":"transcribe","transcriptionHook":"/t","id":"t",
        "recognizer":{"vendor":"aws","language":"de-DE","interim":true}}"#;
    let wanted = Transcription {
        name: None,
        tracks: Tracks::Inbound,
        recognizer: Recognizer {
            vendor: Some("aws".to_owned()),
            language: Some("de-DE".to_owned()),
            interim: true,
            ..Recognizer::default()
        },
        hook: Some(Hook::post("/t")),
        destination: None,
        parameters: Vec::new(),
        waits: true,
        id: Some("t".to_owned()),
    };
    assert_eq!(step(text).1, Verb::Transcribe(Box::new(wanted)));
    let stop = step(r#"{"verb":"transcribe","enable":false}"#).1;
    assert_eq!(stop, Verb::StopTranscription(Which::All));
}

#[test]
fn jambonz_alert_rings_with_a_message() {
    let message = "info=alert-internal".to_owned();
    let wanted = Verb::Alert(Alert { message });
    let text = r#"{"verb":"alert","message":"info=alert-internal"}"#;
    assert_eq!(step(text), (Answering::Leave, wanted));
    assert_eq!(
        errors(r#"{"verb":"alert","message":"a\r\nb"}"#),
        ["1:28 alert: property message has a control character"]
    );
    assert_eq!(
        errors(r#"{"verb":"alert","message":" "}"#),
        ["1:28 alert: property message must not be blank"]
    );
}

#[test]
fn jambonz_sip_request_sends_what_the_document_says() {
    let text = r#"{"verb":"sip:request","method":"info","body":" a\r\nb ","id":"r",
        "headers":{"Content-Type":"application/x","X-N":5.0},"actionHook":"/r"}"#;
    let wanted = SipRequest {
        method: "INFO".to_owned(),
        body: Some(" a\r\nb ".to_owned()),
        headers: vec![
            ("Content-Type".to_owned(), "application/x".to_owned()),
            ("X-N".to_owned(), "5".to_owned()),
        ],
        result: Some(Hook::post("/r")),
        id: Some("r".to_owned()),
    };
    assert_eq!(
        step(text),
        (Answering::Skip, Verb::SipRequest(Box::new(wanted)))
    );
}

#[test]
fn jambonz_sip_request_leaves_the_dialog_alone() {
    for method in ["BYE", "invite", "REFER", "SUBSCRIBE", "X"] {
        let (_, verb) = step(&format!(r#"{{"verb":"sip:request","method":"{method}"}}"#));
        let Verb::Unrunnable(unrunnable) = verb else {
            panic!("{verb:?}")
        };
        assert_eq!(unrunnable.code, "unsupported-verb");
        assert!(unrunnable.reason.contains("INFO, MESSAGE, NOTIFY, OPTIONS"));
    }
    for method in ["", "IN FO", "INFO\\r\\nX"] {
        let found = errors(&format!(r#"{{"verb":"sip:request","method":"{method}"}}"#));
        assert_eq!(
            found,
            ["1:33 sip:request: property method must be the name of a SIP method"]
        );
    }
}

#[test]
fn jambonz_message_is_refused_with_a_reason() {
    let (_, verb) = step(r#"{"verb":"message","to":"+1","from":"+2","text":"hi"}"#);
    let Verb::Unrunnable(unrunnable) = verb else {
        panic!("{verb:?}")
    };
    assert_eq!(
        unrunnable.reason,
        "`message` is a valid verb, but there are no text messages here, only calls; \
         take it out of the document"
    );
}
