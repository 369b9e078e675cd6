//! The WebSockets of `StartStream` and `StartTranscription`, as their far ends see them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_dialects::{
    Dialect, Frame, StreamOrder, StreamProtocol, Track, TranscriptionProtocol,
};
use hookflash_program::{Stream, Transcription, Verb};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::example::{answered, heard, noon, only_verb};

const CALL: &str = "c-3456789a-01234567-89ab-4def-8123-456789abcdef";

fn stream(text: &str) -> Stream {
    match only_verb(Dialect::Bxml, &format!("<Response>{text}</Response>")) {
        Verb::StartStream(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

fn transcription(text: &str) -> Transcription {
    match only_verb(Dialect::Bxml, &format!("<Response>{text}</Response>")) {
        Verb::Transcribe(transcription) => *transcription,
        other => panic!("{other:?}"),
    }
}

fn protocol(text: &str) -> Box<dyn StreamProtocol> {
    Dialect::Bxml.stream_protocol(&answered(Dialect::Bxml), &stream(text), "s-1")
}

fn both_ways() -> Box<dyn StreamProtocol> {
    protocol("<StartStream destination='wss://a' mode='bidirectional'/>")
}

fn message(frame: &Frame) -> Value {
    match frame {
        Frame::Text(text) => serde_json::from_str(text).unwrap(),
        Frame::Binary(_) => panic!("a text"),
    }
}

fn read(protocol: &mut dyn StreamProtocol, message: &Value) -> Result<Vec<StreamOrder>, String> {
    protocol.read(&Frame::Text(message.to_string()))
}

#[test]
fn bxml_start_stream_opens_a_web_socket_with_credentials_of_its_own() {
    let verb = stream(
        "<StartStream destination='wss://a.example.com/s?x=1' destinationUsername='u' \
         destinationPassword='p' username='eu' password='ep'/>",
    );
    let request = Dialect::Bxml
        .stream_request(&answered(Dialect::Bxml), "https://app/doc", &verb)
        .unwrap();
    assert_eq!(request.url, "wss://a.example.com/s?x=1");
    assert_eq!(request.credentials, Some(("u".to_owned(), "p".to_owned())));
    assert_eq!(request.purpose, "stream");
    let http = Stream {
        url: "https://u:secret@a/".to_owned(),
        ..verb
    };
    let error = Dialect::Bxml
        .stream_request(&answered(Dialect::Bxml), "", &http)
        .unwrap_err();
    assert!(error.message.contains("ws://"), "{error}");
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn bxml_start_stream_begins_with_start_and_ends_with_stop() {
    let mut protocol = protocol(
        "<StartStream destination='wss://a' name='live' tracks='both'>\
         <StreamParam name='internal_id' value='call_ABC'/></StartStream>",
    );
    let format = json!({"encoding": "audio/PCMU", "sampleRate": 8000});
    let metadata = json!({
        "accountId": "9900000",
        "callId": CALL,
        "streamId": "s-1",
        "streamName": "live",
        "tracks": [
            {"name": "inbound", "mediaFormat": format},
            {"name": "outbound", "mediaFormat": format},
        ],
    });
    let start = json!({
        "eventType": "start",
        "metadata": metadata,
        "streamParams": {"internal_id": "call_ABC"},
    });
    assert_eq!(protocol.opening(), [Frame::Text(start.to_string())]);
    let stop = json!({"eventType": "stop", "metadata": metadata});
    assert_eq!(protocol.closing(), [Frame::Text(stop.to_string())]);
    let plain = protocol_start("<StartStream destination='wss://a'/>");
    assert_eq!(plain.get("streamParams"), None);
    assert_eq!(plain["metadata"]["streamName"], "s-1");
}

fn protocol_start(text: &str) -> Value {
    message(&protocol(text).opening()[0])
}

#[test]
fn bxml_start_stream_sends_each_track_under_its_name() {
    let mut protocol = both_ways();
    let frame = protocol.audio(Track::Outbound, Duration::ZERO, &[0xff, 0x7f]);
    let wanted = json!({"eventType": "media", "track": "outbound", "payload": "/38="});
    assert_eq!(frame, Frame::Text(wanted.to_string()));
    let frame = protocol.audio(Track::Inbound, Duration::ZERO, &[]);
    assert_eq!(message(&frame)["track"], "inbound");
    assert_eq!(protocol.key('1', Duration::ZERO), None);
    assert_eq!(protocol.mark("m", false), None);
    assert_eq!(protocol.piece_done(Some("p")), None);
}

#[test]
fn bxml_start_stream_plays_what_comes_back() {
    let mut protocol = both_ways();
    let play = |media: Value| json!({"eventType": "playAudio", "media": media});
    let payload = STANDARD.encode([1, 2, 3, 4]);
    let mulaw = play(json!({"contentType": "audio/pcmu", "payload": payload}));
    assert_eq!(
        read(&mut *protocol, &mulaw),
        Ok(vec![StreamOrder::Play(vec![1, 2, 3, 4])])
    );
    let linear = "audio/PCM; rate=24000; channels=1; bit-depth=16; endian=little; encoding=signed";
    let linear = play(json!({"contentType": linear, "payload": payload}));
    let piece = StreamOrder::PlayPiece {
        bytes: vec![1, 2, 3, 4],
        rate: Some(24_000),
        id: None,
        queue: true,
    };
    assert_eq!(read(&mut *protocol, &linear), Ok(vec![piece]));
    assert_eq!(
        read(&mut *protocol, &json!({"eventType": "clear"})),
        Ok(vec![StreamOrder::Clear])
    );
}

#[test]
fn bxml_start_stream_says_what_is_wrong_with_a_message() {
    let mut protocol = both_ways();
    let media = |media: Value| json!({"eventType": "playAudio", "media": media});
    for (wrong, part) in [
        (json!([]), "no eventType"),
        (json!({"eventType": 5}), "no eventType"),
        (json!({"eventType": "\u{1b}[2J"}), "neither"),
        (json!({"eventType": "playAudio"}), "payload is missing"),
        (media(json!({"payload": "%"})), "not Base64"),
        (
            media(json!({"payload": "", "contentType": "audio/ogg"})),
            "audio/ogg",
        ),
        (
            media(json!({"payload": "", "contentType": "audio/pcm;rate=1"})),
            "rate=1",
        ),
        (
            media(json!({"payload": "", "contentType": "audio/pcm;channels=2"})),
            "channels=2",
        ),
    ] {
        let error = read(&mut *protocol, &wrong).unwrap_err();
        assert!(error.contains(part), "{wrong}: {error}");
        assert!(!error.contains(char::is_control), "{error:?}");
    }
    assert!(protocol.read(&Frame::Binary(vec![1])).is_err());
    assert!(protocol.read(&Frame::Text("{".to_owned())).is_err());
    let mut one_way = self::protocol("<StartStream destination='wss://a'/>");
    let clear = json!({"eventType": "clear"});
    assert!(read(&mut *one_way, &clear).unwrap_err().contains("one-way"));
}

#[test]
fn bxml_start_transcription_tells_its_destination_what_was_said() {
    let facts = answered(Dialect::Bxml);
    let verb = transcription(
        "<StartTranscription destination='wss://u:p@a/t' name='live' tracks='both'>\
         <CustomParam name='foo' value='bar'/></StartTranscription>",
    );
    let request = Dialect::Bxml.transcription_request(&verb).unwrap().unwrap();
    assert_eq!(request.url, "wss://a/t");
    assert_eq!(request.credentials, Some(("u".to_owned(), "p".to_owned())));
    let mut protocol = Dialect::Bxml
        .transcription_protocol(&facts, &verb, "t-1")
        .unwrap();
    let metadata = json!({
        "accountId": "9900000",
        "callId": CALL,
        "realtimeTranscriptionId": "t-1",
        "transcriptionName": "live",
        "tracks": [{"name": "inbound"}, {"name": "outbound"}],
        "stabilized": true,
    });
    let start = json!({"eventType": "start", "metadata": metadata, "customParams": {"foo": "bar"}});
    assert_eq!(protocol.opening(), [Frame::Text(start.to_string())]);
    let said = heard("hello world!", 0.5, true);
    let frame = protocol.heard(Track::Inbound, noon(0), noon(1200), &said);
    let wanted = json!({
        "eventType": "transcription",
        "track": "inbound",
        "startTime": "2026-11-21T10:00:00.000Z",
        "endTime": "2026-11-21T10:00:01.200Z",
        "isPartial": false,
        "language": "en-US",
        "transcript": "hello world!",
        "confidence": 0.5,
    });
    assert_eq!(frame, Some(Frame::Text(wanted.to_string())));
    let stop = json!({"eventType": "stop", "metadata": metadata});
    assert_eq!(protocol.closing(), [Frame::Text(stop.to_string())]);
}

#[test]
fn bxml_start_transcription_tells_partial_results_only_when_they_need_not_be_stable() {
    let facts = answered(Dialect::Bxml);
    let partial = heard("hel", 0.5, false);
    let told = |text: &str| {
        let verb = transcription(text);
        let mut protocol: Box<dyn TranscriptionProtocol> = Dialect::Bxml
            .transcription_protocol(&facts, &verb, "t-1")
            .unwrap();
        protocol.heard(Track::Outbound, noon(0), noon(1), &partial)
    };
    assert_eq!(told("<StartTranscription destination='wss://a'/>"), None);
    let frame = told("<StartTranscription destination='wss://a' stabilized='false'/>").unwrap();
    assert_eq!(message(&frame)["isPartial"], true);
    let without = transcription("<StartTranscription/>");
    assert_eq!(Dialect::Bxml.transcription_request(&without), Ok(None));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bxml_start_stream_survives_any_message(text in "\\PC{0,80}", kind in 0..3_u8) {
        let message = match kind {
            0 => text,
            1 => json!({"eventType": text}).to_string(),
            _ => json!({"eventType": "playAudio", "media": {"contentType": text, "payload": "AAAA"}})
                .to_string(),
        };
        let _ = both_ways().read(&Frame::Text(message));
    }
}
