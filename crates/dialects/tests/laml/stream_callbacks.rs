//! What applications are told of streams and transcriptions.

use std::time::Duration;

use hookflash_dialects::{Dialect, Moment, ReplyUse, StreamEvent, Track, TranscriptionEvent};
use hookflash_program::{Heard, StreamEnd};

use crate::call::{BOTH, at, call, field, form, request};
use crate::streams::{connected, started, transcription};

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn status(dialect: Dialect, inside: &str, event: StreamEvent<'_>) -> Vec<(String, String)> {
    let stream = started(dialect, inside);
    let sid = dialect.stream_sid(5);
    let moment = Moment::StreamStatus {
        stream: &stream,
        sid: &sid,
        event,
    };
    let request = request(&call(dialect), &moment);
    assert_eq!(request.purpose, "stream");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    form(&request).to_vec()
}

#[test]
fn a_stream_callback_has_exactly_the_vendors_fields() {
    let text =
        "<Start><Stream url=\"wss://m.example.com/\" name=\"n\" statusCallback=\"/s\"/></Start>";
    assert_eq!(
        pairs(&status(Dialect::Twiml, text, StreamEvent::Started)),
        [
            ("AccountSid", "AC00000000000000000000000000000002"),
            ("CallSid", "CA00000000000000000000000000000001"),
            ("StreamSid", "MZ00000000000000000000000000000005"),
            ("StreamName", "n"),
            ("StreamEvent", "stream-started"),
            ("Timestamp", "2026-11-21T10:00:30.000000Z"),
        ]
    );
    let text = "<Start><Stream url=\"wss://m.example.com/\" statusCallback=\"/s\" \
                track=\"both_tracks\"/></Start>";
    assert_eq!(
        pairs(&status(
            Dialect::Cxml,
            text,
            StreamEvent::Failed("the server said 403")
        )),
        [
            ("AccountSid", "1a2b3c4d-0000-4000-8000-000000000001"),
            ("CallSid", "b3877c40-da60-4998-90ad-b792e98472ca"),
            ("StreamSid", "00000000-0000-4000-8000-000000000005"),
            ("StreamName", "00000000-0000-4000-8000-000000000005"),
            ("StreamEvent", "stream-error"),
            ("StreamError", "the server said 403"),
            ("StreamTrack", "both_tracks"),
            ("Timestamp", "2026-11-21T10:00:30.000000Z"),
        ]
    );
    let fields = status(
        Dialect::Twiml,
        text,
        StreamEvent::Stopped("by the document"),
    );
    assert_eq!(pairs(&fields)[4], ("StreamEvent", "stream-stopped"));
    assert!(fields.iter().all(|(name, _)| name != "StreamError"));
}

#[test]
fn the_action_of_connect_is_asked_when_the_stream_is_over() {
    for dialect in BOTH {
        let text = "<Connect action=\"/done\"><Stream url=\"wss://m.example.com/\" name=\"n\"/>\
                    </Connect>";
        let stream = connected(dialect, text);
        let sid = dialect.stream_sid(5);
        let mut end = StreamEnd {
            duration: Duration::from_secs(9),
            keys: "#".to_owned(),
            failure: None,
        };
        let done = |end: &StreamEnd| {
            request(
                &call(dialect),
                &Moment::StreamDone {
                    stream: &stream,
                    sid: &sid,
                    end,
                },
            )
        };
        let well = done(&end);
        assert_eq!(well.purpose, "action");
        assert_eq!(well.url, "https://app.example.com/done");
        assert_eq!(well.reply_use, ReplyUse::Document);
        assert_eq!(field(&well, "StreamSid"), Some(&*sid));
        assert_eq!(field(&well, "StreamName"), Some("n"));
        assert_eq!(field(&well, "StreamError"), None);
        assert!(field(&well, "From").is_some());
        end.failure = Some("it was refused".to_owned());
        assert_eq!(field(&done(&end), "StreamError"), Some("it was refused"));
    }
}

#[test]
fn without_action_or_callback_nobody_is_asked_or_told() {
    for dialect in BOTH {
        let facts = call(dialect);
        let stream = connected(
            dialect,
            "<Connect><Stream url=\"wss://m.example.com/\"/></Connect>",
        );
        let end = StreamEnd {
            duration: Duration::ZERO,
            keys: String::new(),
            failure: None,
        };
        let done = Moment::StreamDone {
            stream: &stream,
            sid: "x",
            end: &end,
        };
        assert_eq!(dialect.request(&facts, "", &done), Ok(None));
        let status = Moment::StreamStatus {
            stream: &stream,
            sid: "x",
            event: StreamEvent::Started,
        };
        assert_eq!(dialect.request(&facts, "", &status), Ok(None));
    }
}

fn told(event: TranscriptionEvent<'_>, sequence: u32) -> Vec<(String, String)> {
    let verb = transcription(
        "<Start><Transcription name=\"n\" statusCallbackUrl=\"/s\" partialResults=\"true\">\
         <Parameter name=\"p\" value=\"v\"/><Parameter name=\"CallSid\" value=\"mine\"/>\
         <Parameter name=\"p\" value=\"again\"/></Transcription></Start>",
    );
    let sid = Dialect::Twiml.transcription_sid(6);
    let moment = Moment::Transcription {
        verb: &verb,
        sid: &sid,
        event,
        sequence,
    };
    let request = request(&call(Dialect::Twiml), &moment);
    assert_eq!(request.purpose, "transcription");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    form(&request).to_vec()
}

#[test]
fn a_transcription_tells_that_it_runs() {
    assert_eq!(
        pairs(&told(TranscriptionEvent::Started, 0)),
        [
            ("AccountSid", "AC00000000000000000000000000000002"),
            ("CallSid", "CA00000000000000000000000000000001"),
            ("TranscriptionSid", "GT00000000000000000000000000000006"),
            ("Name", "n"),
            ("Timestamp", "2026-11-21T10:00:30.000000Z"),
            ("SequenceId", "1"),
            ("TranscriptionEvent", "transcription-started"),
            ("Track", "both_tracks"),
            ("PartialResults", "true"),
            ("LanguageCode", "en-US"),
            ("p", "v"),
        ]
    );
}

#[test]
fn a_transcription_tells_what_was_heard_as_json() {
    let mut heard = Heard {
        text: "to be \"or\" not".to_owned(),
        confidence: 0.9,
        language: Some("en-GB".to_owned()),
        is_final: true,
    };
    let fields = told(TranscriptionEvent::Heard(Track::Outbound, &heard), 1);
    assert_eq!(
        pairs(&fields)[5..],
        [
            ("SequenceId", "2"),
            ("TranscriptionEvent", "transcription-content"),
            ("Track", "outbound_track"),
            ("LanguageCode", "en-GB"),
            (
                "TranscriptionData",
                r#"{"transcript":"to be \"or\" not","confidence":0.9}"#
            ),
            ("Final", "true"),
            ("p", "v"),
        ]
    );
    heard.is_final = false;
    let fields = told(TranscriptionEvent::Heard(Track::Inbound, &heard), 2);
    assert!(pairs(&fields).contains(&("Final", "false")));
    assert!(pairs(&fields).contains(&("Stability", "0.9")));
    assert!(pairs(&fields).contains(&("Track", "inbound_track")));
}

#[test]
fn a_transcription_tells_its_end_and_its_failure() {
    let fields = told(TranscriptionEvent::Stopped, 8);
    assert!(pairs(&fields).contains(&("TranscriptionEvent", "transcription-stopped")));
    let fields = told(TranscriptionEvent::Failed("no recognizer"), 9);
    assert!(pairs(&fields).contains(&("TranscriptionEvent", "transcription-error")));
    assert!(pairs(&fields).contains(&("TranscriptionError", "no recognizer")));
}

#[test]
fn a_clock_that_was_never_set_harms_nothing() {
    let mut facts = call(Dialect::Twiml);
    facts.now = at(0) - Duration::from_secs(60 * 365 * 86_400);
    let stream = started(
        Dialect::Twiml,
        "<Start><Stream url=\"wss://m.example.com/\" statusCallback=\"/s\"/></Start>",
    );
    let moment = Moment::StreamStatus {
        stream: &stream,
        sid: "MZ1",
        event: StreamEvent::Started,
    };
    let request = request(&facts, &moment);
    assert_eq!(
        field(&request, "Timestamp"),
        Some("1970-01-01T00:00:00.000000Z")
    );
}
