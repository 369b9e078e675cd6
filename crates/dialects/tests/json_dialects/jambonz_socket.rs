//! The WebSocket of `listen`, as its far end sees it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_dialects::{Application, Dialect, Frame, StreamOrder, StreamProtocol, Track};
use hookflash_program::{Stream, Verb};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::example::{answered, only_verb};

fn stream(more: &str) -> Stream {
    let text = format!(r#"[{{"verb":"listen","url":"wss://x"{more}}}]"#);
    match only_verb(Dialect::Jambonz, &text) {
        Verb::ConnectStream(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

fn protocol(more: &str) -> Box<dyn StreamProtocol> {
    Dialect::Jambonz.stream_protocol(&answered(Dialect::Jambonz), &stream(more), "s")
}

fn read(protocol: &mut dyn StreamProtocol, message: Value) -> Result<Vec<StreamOrder>, String> {
    protocol.read(&Frame::Text(message.to_string()))
}

fn text(message: Value) -> Frame {
    Frame::Text(message.to_string())
}

const STREAMING: &str = r#","bidirectionalAudio":{"streaming":true,"sampleRate":8000}"#;

#[test]
fn jambonz_listen_asks_for_the_audio_sub_protocol() {
    let facts = answered(Dialect::Jambonz);
    let request = |stream: &Stream| Dialect::Jambonz.stream_request(&facts, "", stream);
    let verb = stream(r#","wsAuth":{"username":"u","password":"p"}"#);
    let found = request(&verb).unwrap();
    assert_eq!(found.url, "wss://x/");
    let header = ("Sec-WebSocket-Protocol", "audio.jambonz.org");
    assert_eq!(found.headers, [(header.0.to_owned(), header.1.to_owned())]);
    assert_eq!(found.credentials, Some(("u".to_owned(), "p".to_owned())));
}

#[test]
fn jambonz_listen_can_be_a_path_of_the_application() {
    let mut facts = answered(Dialect::Jambonz);
    let here = Stream {
        url: "/audio?x=1".to_owned(),
        ..stream("")
    };
    for (application, wanted) in [
        (
            "https://app.example.com:8443/voice",
            "wss://app.example.com:8443/audio?x=1",
        ),
        (
            "http://127.0.0.1:3000/voice",
            "ws://127.0.0.1:3000/audio?x=1",
        ),
        ("ws://127.0.0.1:3000/voice", "ws://127.0.0.1:3000/audio?x=1"),
    ] {
        facts.application = Arc::new(Application {
            url: application.to_owned(),
            ..(*facts.application).clone()
        });
        let found = Dialect::Jambonz.stream_request(&facts, "", &here).unwrap();
        assert_eq!(found.url, wanted);
    }
    let http = Stream {
        url: "https://x/audio".to_owned(),
        ..here
    };
    let error = Dialect::Jambonz
        .stream_request(&facts, "", &http)
        .unwrap_err();
    assert!(error.message.contains("ws://"), "{error}");
}

#[test]
fn jambonz_listen_tells_of_the_call_first_in_camel_case() {
    let mut protocol = protocol(
        r#","mixType":"stereo","sampleRate":16000,"metadata":{"own_name":1,"callSid":"mine"}"#,
    );
    let [Frame::Text(opening)] = &protocol.opening()[..] else {
        panic!("one text")
    };
    assert!(opening.starts_with(r#"{"sampleRate":16000,"mixType":"stereo","direction":"inbound""#));
    let opening: Value = serde_json::from_str(opening).unwrap();
    assert_eq!(opening["traceId"], "9c1f453ac53cb7a337367cdceadfac31");
    assert_eq!(opening["callerName"], "Ada");
    assert_eq!(opening["sipStatus"], 200);
    assert_eq!(opening["fsSipAddress"], "198.51.100.1:5060");
    assert_eq!(opening["own_name"], 1);
    assert_eq!(opening["callSid"], "mine");
    assert_eq!(opening.get("call_sid"), None);
    assert_eq!(protocol.closing(), []);
}

#[test]
fn jambonz_listen_names_its_mix() {
    for (more, wanted) in [
        ("", "mono"),
        (r#","mixType":"mono""#, "mono"),
        (r#","mixType":"mixed""#, "mixed"),
        (r#","mixType":"stereo""#, "stereo"),
    ] {
        let [Frame::Text(opening)] = &protocol(more).opening()[..] else {
            panic!("one text")
        };
        let opening: Value = serde_json::from_str(opening).unwrap();
        assert_eq!(opening["mixType"], wanted);
    }
}

#[test]
fn jambonz_listen_sends_bare_samples_and_keys_when_they_are_wanted() {
    let mut silent = protocol("");
    assert_eq!(
        silent.audio(Track::Mixed, Duration::ZERO, &[1, 2]),
        Frame::Binary(vec![1, 2])
    );
    assert_eq!(silent.key('2', Duration::ZERO), None);
    let mut telling = protocol(r#","passDtmf":true"#);
    let wanted = text(json!({"event": "dtmf", "dtmf": "2", "duration": "1600"}));
    assert_eq!(telling.key('2', Duration::ZERO), Some(wanted));
}

#[test]
fn jambonz_listen_plays_files_that_come_back() {
    let mut protocol = protocol("");
    let content = STANDARD.encode([1, 2, 3, 4]);
    let piece = |rate, id: &str, queue| {
        Ok(vec![StreamOrder::PlayPiece {
            bytes: vec![1, 2, 3, 4],
            rate,
            id: Some(id.to_owned()),
            queue,
        }])
    };
    let mut play = |data: Value| read(&mut *protocol, json!({"type": "playAudio", "data": data}));
    assert_eq!(
        play(
            json!({"audioContent": content, "audioContentType": "raw", "sampleRate": "16000",
                    "id": "a", "queuePlay": true})
        ),
        piece(Some(16_000), "a", true)
    );
    assert_eq!(
        play(json!({"audioContent": content})),
        piece(Some(8000), "", false)
    );
    for kind in ["wav", "wave", "mp3"] {
        assert_eq!(
            play(json!({"audioContent": content, "audioContentType": kind, "sampleRate": 24000})),
            piece(None, "", false)
        );
    }
    for (rate, taken) in [(7999, false), (8000, true), (64_000, true), (64_001, false)] {
        let data = json!({"audioContent": content, "sampleRate": rate});
        assert_eq!(play(data).is_ok(), taken, "{rate}");
    }
}

#[test]
fn jambonz_listen_says_when_a_piece_was_heard_and_a_mark_reached() {
    let mut protocol = protocol("");
    let done = |data: Value| Some(text(json!({"type": "playDone", "data": data})));
    assert_eq!(protocol.piece_done(Some("a")), done(json!({"id": "a"})));
    assert_eq!(protocol.piece_done(Some("")), done(json!({})));
    assert_eq!(protocol.piece_done(None), None);
    let mark = |event: &str| {
        Some(text(
            json!({"type": "mark", "data": {"name": "m", "event": event}}),
        ))
    };
    assert_eq!(protocol.mark("m", false), mark("playout"));
    assert_eq!(protocol.mark("m", true), mark("cleared"));
}

#[test]
fn jambonz_listen_takes_commands() {
    let mut protocol = protocol("");
    for (message, wanted) in [
        (json!({"type": "killAudio"}), StreamOrder::Clear),
        (json!({"type": "disconnect"}), StreamOrder::Disconnect),
        (json!({"type": "clearMarks"}), StreamOrder::ClearMarks),
        (
            json!({"type": "mark", "data": {"name": "m"}}),
            StreamOrder::Mark("m".to_owned()),
        ),
    ] {
        assert_eq!(read(&mut *protocol, message), Ok(vec![wanted]));
    }
}

#[test]
fn jambonz_listen_streams_bare_samples_back_whole() {
    let mut protocol = protocol(STREAMING);
    let mut play = |bytes: &[u8]| protocol.read(&Frame::Binary(bytes.to_vec()));
    assert_eq!(play(&[1, 2]), Ok(vec![StreamOrder::Play(vec![1, 2])]));
    assert_eq!(play(&[3]), Ok(vec![]));
    assert_eq!(
        play(&[4, 5, 6, 7]),
        Ok(vec![StreamOrder::Play(vec![3, 4, 5, 6])])
    );
    assert_eq!(play(&[8]), Ok(vec![StreamOrder::Play(vec![7, 8])]));
    let mut other = self::protocol(
        r#","mixType":"stereo","bidirectionalAudio":{"streaming":true,"sampleRate":24000}"#,
    );
    let played = other.read(&Frame::Binary(vec![1, 2]));
    assert_eq!(played, Ok(vec![StreamOrder::Play(vec![1, 2])]));
}

#[test]
fn jambonz_listen_says_what_is_wrong_with_a_message() {
    let mut protocol = protocol("");
    let play = |data: Value| json!({"type": "playAudio", "data": data});
    for (wrong, part) in [
        (json!(5), "no type"),
        (json!({"type": "\u{9b}x"}), "unknown"),
        (json!({"type": "mark"}), "data.name"),
        (play(json!({})), "audioContent is missing"),
        (play(json!({"audioContent": "%"})), "not Base64"),
        (
            play(json!({"audioContent": "", "audioContentType": "ogg"})),
            "ogg",
        ),
        (
            play(json!({"audioContent": "", "sampleRate": -1})),
            "sampleRate",
        ),
        (
            play(json!({"audioContent": "", "sampleRate": 1e300})),
            "sampleRate",
        ),
    ] {
        let error = read(&mut *protocol, wrong.clone()).unwrap_err();
        assert!(error.contains(part), "{wrong}: {error}");
        assert!(!error.contains(char::is_control), "{error:?}");
    }
    let not_streaming = protocol.read(&Frame::Binary(vec![1, 2])).unwrap_err();
    assert!(not_streaming.contains("streaming"), "{not_streaming}");
    let mut off = self::protocol(r#","bidirectionalAudio":{"enabled":false}"#);
    assert!(read(&mut *off, play(json!({"audioContent": ""}))).is_err());
    assert_eq!(
        read(&mut *off, json!({"type": "disconnect"})),
        Ok(vec![StreamOrder::Disconnect])
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn jambonz_listen_survives_any_message(text in "\\PC{0,80}", kind in 0..3_u8) {
        let message = match kind {
            0 => text,
            1 => json!({"type": text, "data": {"name": text}}).to_string(),
            _ => json!({"type": "playAudio", "data": {"audioContent": "AAAA", "sampleRate": text}})
                .to_string(),
        };
        let _ = protocol("").read(&Frame::Text(message));
    }

    #[test]
    fn jambonz_listen_loses_no_sample_however_they_are_cut(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..7), 0..9)
    ) {
        let mut protocol = protocol(STREAMING);
        let mut played = Vec::new();
        for piece in &pieces {
            for order in protocol.read(&Frame::Binary(piece.clone())).unwrap() {
                match order {
                    StreamOrder::Play(bytes) => {
                        assert!(bytes.len().is_multiple_of(2));
                        played.extend(bytes);
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        let sent = pieces.concat();
        assert_eq!(played, sent[..sent.len() / 2 * 2]);
    }
}
