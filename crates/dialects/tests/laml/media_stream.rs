//! The messages of a stream, word by word.

use std::time::Duration;

use hookflash_dialects::{Dialect, Frame, StreamOrder, StreamProtocol, Track};
use hookflash_program::{Stream, Verb};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::call::{BOTH, call, step};

fn stream(dialect: Dialect, inside: &str) -> Stream {
    match step(dialect, inside).verb {
        Verb::StartStream(stream) | Verb::ConnectStream(stream) => *stream,
        other => panic!("{inside}: {other:?}"),
    }
}

fn messages(dialect: Dialect, inside: &str) -> Box<dyn StreamProtocol> {
    let sid = dialect.stream_sid(5);
    dialect.stream_protocol(&call(dialect), &stream(dialect, inside), &sid)
}

const ONE_WAY: &str = "<Start><Stream url=\"wss://m.example.com/\" track=\"both_tracks\">\
                       <Parameter name=\"b\" value=\"2\"/><Parameter name=\"a\" value=\"x\"/>\
                       </Stream></Start>";
const TWO_WAY: &str = "<Connect><Stream url=\"wss://m.example.com/\"/></Connect>";

fn json_of(frame: &Frame) -> Value {
    match frame {
        Frame::Text(text) => {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
        }
        Frame::Binary(_) => panic!("binary"),
    }
}

fn read(messages: &mut dyn StreamProtocol, text: &str) -> Result<Vec<StreamOrder>, String> {
    messages.read(&Frame::Text(text.to_owned()))
}

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_twiml_stream_from_its_first_message_to_its_last() {
    let mut messages = messages(Dialect::Twiml, ONE_WAY);
    let opening = messages.opening();
    let opening: Vec<Value> = opening.iter().map(json_of).collect();
    let sid = "MZ00000000000000000000000000000005";
    assert_eq!(
        opening,
        [
            json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }),
            json!({
                "event": "start",
                "sequenceNumber": "1",
                "start": {
                    "accountSid": "AC00000000000000000000000000000002",
                    "streamSid": sid,
                    "callSid": "CA00000000000000000000000000000001",
                    "tracks": ["inbound", "outbound"],
                    "mediaFormat": {
                        "encoding": "audio/x-mulaw",
                        "sampleRate": 8000,
                        "channels": 1,
                    },
                    "customParameters": { "b": "2", "a": "x" },
                },
                "streamSid": sid,
            }),
        ]
    );
    assert_eq!(
        json_of(&messages.audio(Track::Inbound, at(0), &[0xff; 3])),
        json!({
            "event": "media",
            "sequenceNumber": "2",
            "media": { "track": "inbound", "chunk": "1", "timestamp": "0", "payload": "////" },
            "streamSid": sid,
        })
    );
    assert_eq!(
        json_of(&messages.audio(Track::Outbound, at(5), b"ab")),
        json!({
            "event": "media",
            "sequenceNumber": "3",
            "media": { "track": "outbound", "chunk": "1", "timestamp": "5", "payload": "YWI=" },
            "streamSid": sid,
        })
    );
    let third = json_of(&messages.audio(Track::Inbound, at(20), b"cd"));
    assert_eq!(third["media"]["chunk"], "2", "each track counts its own");
    assert_eq!(third["media"]["timestamp"], "20");
    assert_eq!(
        json_of(&messages.key('7', at(40)).unwrap()),
        json!({
            "event": "dtmf",
            "streamSid": sid,
            "sequenceNumber": "5",
            "dtmf": { "track": "inbound_track", "digit": "7" },
        })
    );
    assert_eq!(
        json_of(&messages.mark("my \"label\"", false).unwrap()),
        json!({
            "event": "mark",
            "sequenceNumber": "6",
            "streamSid": sid,
            "mark": { "name": "my \"label\"" },
        })
    );
    assert!(
        messages.mark("cleared", true).is_some(),
        "told when cleared, too"
    );
    assert_eq!(messages.piece_done(None), None);
    let closing: Vec<Value> = messages.closing().iter().map(json_of).collect();
    assert_eq!(
        closing,
        [json!({
            "event": "stop",
            "sequenceNumber": "8",
            "stop": {
                "accountSid": "AC00000000000000000000000000000002",
                "callSid": "CA00000000000000000000000000000001",
            },
            "streamSid": sid,
        })]
    );
}

#[test]
fn a_cxml_stream_says_its_version_and_its_codec() {
    let inside = "<Connect><Stream url=\"wss://m.example.com/\" codec=\"L16@24000h\"/></Connect>";
    let mut messages = messages(Dialect::Cxml, inside);
    let opening: Vec<Value> = messages.opening().iter().map(json_of).collect();
    assert_eq!(opening[0]["version"], "0.2.0");
    let start = &opening[1]["start"];
    assert_eq!(start["streamSid"], "00000000-0000-4000-8000-000000000005");
    assert_eq!(start["accountSid"], "1a2b3c4d-0000-4000-8000-000000000001");
    assert_eq!(start["callSid"], "b3877c40-da60-4998-90ad-b792e98472ca");
    assert_eq!(start["tracks"], json!(["inbound"]));
    assert_eq!(start["customParameters"], json!({}));
    assert_eq!(
        start["mediaFormat"],
        json!({ "encoding": "audio/x-L16", "sampleRate": 24000, "channels": 1 })
    );
    let key = json_of(&messages.key('#', at(0)).unwrap());
    assert_eq!(key["dtmf"], json!({ "digit": "#" }));
}

#[test]
fn a_start_message_lists_the_tracks_that_come() {
    for (track, listed) in [
        ("inbound_track", json!(["inbound"])),
        ("outbound_track", json!(["outbound"])),
        ("both_tracks", json!(["inbound", "outbound"])),
    ] {
        let inside =
            format!("<Start><Stream url=\"wss://m.example.com/\" track=\"{track}\"/></Start>");
        let opening = messages(Dialect::Twiml, &inside).opening();
        assert_eq!(json_of(&opening[1])["start"]["tracks"], listed);
    }
}

#[test]
fn media_mark_and_clear_are_orders() {
    for dialect in BOTH {
        let mut messages = messages(dialect, TWO_WAY);
        let sid = dialect.stream_sid(5);
        let media = json!({ "event": "media", "streamSid": sid, "media": { "payload": "AAEC" } });
        assert_eq!(
            read(&mut *messages, &media.to_string()),
            Ok(vec![StreamOrder::Play(vec![0, 1, 2])])
        );
        let mark = json!({ "event": "mark", "streamSid": sid, "mark": { "name": "end" } });
        assert_eq!(
            read(&mut *messages, &mark.to_string()),
            Ok(vec![StreamOrder::Mark("end".to_owned())])
        );
        let clear = json!({ "event": "clear", "streamSid": sid });
        assert_eq!(
            read(&mut *messages, &clear.to_string()),
            Ok(vec![StreamOrder::Clear])
        );
    }
}

#[test]
fn what_applications_write_besides_is_no_obstacle() {
    let mut messages = messages(Dialect::Twiml, TWO_WAY);
    for (text, order) in [
        // No padding, no identifier, fields of our own messages sent back.
        (
            r#"{"event":"media","media":{"payload":"AAE","track":"outbound","chunk":"1"}}"#,
            Some(StreamOrder::Play(vec![0, 1])),
        ),
        (r#"{"event":"media","media":{"payload":""}}"#, None),
        (
            "{\n \"event\": \"clear\",\n \"sequenceNumber\": 3 }",
            Some(StreamOrder::Clear),
        ),
    ] {
        let orders = read(&mut *messages, text).unwrap();
        assert_eq!(orders, Vec::from_iter(order), "{text}");
    }
}

#[test]
fn malformed_messages_are_named_and_do_no_harm() {
    for (text, said) in [
        ("", "not what was expected"),
        ("[]", "not what was expected"),
        ("{}", "missing field `event`"),
        (r#"{"event":"media"}"#, "no `media.payload`"),
        (r#"{"event":"media","media":{}}"#, "missing field `payload`"),
        (r#"{"event":"media","media":{"payload":7}}"#, "invalid type"),
        (r#"{"event":"media","media":{"payload":"*"}}"#, "no base64"),
        (
            r#"{"event":"media","media":{"payload":"UklGRiQAAABXQVZF"}}"#,
            "WAV",
        ),
        (r#"{"event":"mark","mark":null}"#, "no `mark.name`"),
        (r#"{"event":"clear","streamSid":"MZ9"}"#, "`MZ9`"),
        (r#"{"event":"dtmf","dtmf":{"digit":"1"}}"#, "`dtmf`"),
        (r#"{"event":"\u0007bell"}"#, r"\u{7}bell"),
    ] {
        let mut messages = messages(Dialect::Twiml, TWO_WAY);
        let error = read(&mut *messages, text).unwrap_err();
        assert!(error.contains(said), "{text}: {error}");
        assert!(!error.contains(char::is_control), "{error:?}");
        let clear = read(&mut *messages, r#"{"event":"clear"}"#);
        assert_eq!(clear, Ok(vec![StreamOrder::Clear]), "the stream goes on");
    }
    let mut messages = messages(Dialect::Twiml, TWO_WAY);
    assert!(messages.read(&Frame::Binary(vec![1])).is_err());
    let sound = format!(r#"{{"event":"media","media":"{}"}}"#, "A".repeat(30_000));
    let error = read(&mut *messages, &sound).unwrap_err();
    assert!(
        error.contains("invalid type") && error.len() < 200,
        "{error}"
    );
}

#[test]
fn half_a_sample_is_no_sample() {
    let inside = "<Connect><Stream url=\"wss://m.example.com/\" codec=\"L16@16000h\"/></Connect>";
    let mut messages = messages(Dialect::Cxml, inside);
    let error = read(
        &mut *messages,
        r#"{"event":"media","media":{"payload":"AAEC"}}"#,
    );
    assert!(error.unwrap_err().contains("3 bytes"));
    assert_eq!(
        read(
            &mut *messages,
            r#"{"event":"media","media":{"payload":"AAECAwQF"}}"#
        ),
        Ok(vec![StreamOrder::Play(vec![0, 1, 2, 3, 4, 5])])
    );
}

#[test]
fn a_cxml_application_may_press_keys() {
    let mut messages = messages(Dialect::Cxml, TWO_WAY);
    for (digit, key) in [("5", '5'), ("#", '#'), ("a", 'A'), ("D", 'D')] {
        let text = json!({ "event": "dtmf", "dtmf": { "digit": digit } }).to_string();
        assert_eq!(
            read(&mut *messages, &text),
            Ok(vec![StreamOrder::SendKey(key)])
        );
    }
    for digit in ["", "12", "e", "w", "\u{660}"] {
        let text = json!({ "event": "dtmf", "dtmf": { "digit": digit } }).to_string();
        let error = read(&mut *messages, &text).unwrap_err();
        assert!(error.contains("`dtmf.digit`"), "{error}");
    }
}

#[test]
fn a_one_way_stream_says_once_that_it_listens_to_nobody() {
    for dialect in BOTH {
        let inside = "<Start><Stream url=\"wss://m.example.com/\"/></Start>";
        let mut messages = messages(dialect, inside);
        let error = read(&mut *messages, r#"{"event":"clear"}"#).unwrap_err();
        assert!(error.contains("`<Connect>`"), "{error}");
        for _ in 0..3 {
            assert_eq!(read(&mut *messages, r#"{"event":"clear"}"#), Ok(vec![]));
        }
    }
}

proptest! {
    #[test]
    fn no_message_panics(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        for dialect in BOTH {
            let mut messages = messages(dialect, TWO_WAY);
            let _ = messages.read(&Frame::Text(text.clone()));
            let _ = messages.read(&Frame::Binary(bytes.clone()));
            for event in ["media", "mark", "clear", "dtmf"] {
                let text = json!({ "event": event, "media": { "payload": text },
                    "mark": { "name": text }, "dtmf": { "digit": text } });
                if let Err(error) = messages.read(&Frame::Text(text.to_string())) {
                    prop_assert!(!error.contains(['\r', '\n']), "{error:?}");
                }
            }
        }
    }

    #[test]
    fn audio_comes_back_as_it_was_sent(payload in proptest::collection::vec(any::<u8>(), 1..400)) {
        prop_assume!(!payload.starts_with(b"RIFF"));
        for dialect in BOTH {
            let mut messages = messages(dialect, TWO_WAY);
            let frame = messages.audio(Track::Inbound, at(20), &payload);
            prop_assert_eq!(messages.read(&frame), Ok(vec![StreamOrder::Play(payload.clone())]));
        }
    }

    #[test]
    fn a_mark_is_told_as_it_was_asked_for(name in ".{0,40}") {
        let mut messages = messages(Dialect::Twiml, TWO_WAY);
        let frame = messages.mark(&name, false).unwrap();
        prop_assert_eq!(messages.read(&frame), Ok(vec![StreamOrder::Mark(name)]));
    }
}
