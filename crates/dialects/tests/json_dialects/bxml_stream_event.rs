//! BXML events about streams and running transcriptions.

use hookflash_dialects::{Moment, StreamEvent, Track, TranscriptionEvent};
use hookflash_program::{Stream, Transcription, Verb};
use serde_json::json;

use crate::bxml_audio_event::{answered, assert_told, event, verb};
use crate::example::{heard, json, request, requested};

fn stream(text: &str) -> Stream {
    match verb(text) {
        Verb::StartStream(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

fn transcription(text: &str) -> Transcription {
    match verb(text) {
        Verb::Transcribe(transcription) => *transcription,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bxml_stream_events_tell_how_a_stream_fares() {
    let verb = stream(
        "<StartStream destination='wss://a/b' name='s' tracks='both' streamEventUrl='/e' \
         username='u' password='p'/>",
    );
    let told = |event| {
        let moment = Moment::StreamStatus {
            stream: &verb,
            sid: "s-1",
            event,
        };
        let request = request(&answered(), &moment);
        assert_told(&request, "/e");
        assert!(request.credentials.is_some());
        json(&request)
    };
    let mut about = json!({
        "destination": "wss://a/b",
        "id": "s-1",
        "name": "s",
        "tracks": ["inbound", "outbound"],
        "type": "WebSocket",
    });
    assert_eq!(
        told(StreamEvent::Stopped("the call is over")),
        event(
            "mediaStreamStopped",
            json!({"cause": "closed", "mediaStream": about})
        )
    );
    assert_eq!(
        told(StreamEvent::Failed("refused")),
        event(
            "mediaStreamStopped",
            json!({"cause": "connection-error", "errorMessage": "refused", "mediaStream": about})
        )
    );
    assert_eq!(
        told(StreamEvent::Rejected("Duplicate Stream")),
        event(
            "mediaStreamRejected",
            json!({"reason": "Duplicate Stream", "mediaStream": about})
        )
    );
    about["startTime"] = json!("2026-11-21T10:00:03.120Z");
    assert_eq!(
        told(StreamEvent::Started),
        event("mediaStreamStarted", json!({"mediaStream": about}))
    );
}

#[test]
fn bxml_a_stream_without_a_name_goes_by_its_identifier() {
    let verb = stream("<StartStream destination='wss://a/b' streamEventUrl='/e'/>");
    let moment = Moment::StreamStatus {
        stream: &verb,
        sid: "s-1",
        event: StreamEvent::Started,
    };
    let body = json(&request(&answered(), &moment));
    assert_eq!(body["mediaStream"]["name"], "s-1");
    assert_eq!(body["mediaStream"]["tracks"], json!(["inbound"]));
    let silent = stream("<StartStream destination='wss://a/b'/>");
    let moment = Moment::StreamStatus {
        stream: &silent,
        sid: "s-1",
        event: StreamEvent::Started,
    };
    assert_eq!(requested(&answered(), &moment), None);
}

#[test]
fn bxml_transcription_events_tell_how_a_transcription_fares() {
    let verb = transcription(
        "<StartTranscription transcriptionEventUrl='/e' destination='wss://a' name='t'/>",
    );
    let told = |event, sequence| {
        let moment = Moment::Transcription {
            verb: &verb,
            sid: "t-1",
            event,
            sequence,
        };
        requested(&answered(), &moment).map(|request| {
            assert_told(&request, "/e");
            json(&request)
        })
    };
    let about = json!({"id": "t-1", "name": "t", "tracks": ["inbound"], "destination": "wss://a",
                       "stabilized": "true"});
    let stopped = event(
        "realTimeTranscriptionStopped",
        json!({"cause": "closed", "realTimeTranscription": about}),
    );
    assert_eq!(told(TranscriptionEvent::Stopped, 1), Some(stopped));
    let rejected = event(
        "realTimeTranscriptionRejected",
        json!({"cause": "error", "errorMessage": "no engine", "realTimeTranscription": about}),
    );
    assert_eq!(
        told(TranscriptionEvent::Failed("no engine"), 0),
        Some(rejected)
    );
    let broken = told(TranscriptionEvent::Failed("gone"), 1).unwrap();
    assert_eq!(broken["eventType"], "realTimeTranscriptionStopped");
    assert_eq!(broken["cause"], "error");
    let started = told(TranscriptionEvent::Started, 0).unwrap();
    assert_eq!(started["eventType"], "realTimeTranscriptionStarted");
    assert_eq!(
        started["realTimeTranscription"]["startTime"],
        "2026-11-21T10:00:03.120Z"
    );
    let said = heard("hi", 1.0, true);
    assert_eq!(
        told(TranscriptionEvent::Heard(Track::Inbound, &said), 1),
        None
    );
}

#[test]
fn bxml_by_get_the_objects_of_an_event_are_flattened() {
    let verb =
        stream("<StartStream destination='wss://a' streamEventUrl='/e' streamEventMethod='GET'/>");
    let moment = Moment::StreamStatus {
        stream: &verb,
        sid: "s-1",
        event: StreamEvent::Started,
    };
    let url = request(&answered(), &moment).url;
    assert!(url.contains("&mediaStream.id=s-1&"), "{url}");
    assert!(
        url.contains("&mediaStream.tracks=%5B%22inbound%22%5D&"),
        "{url}"
    );
}
