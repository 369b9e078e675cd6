//! What goes over the WebSockets of `StartStream` and `StartTranscription` (Bandwidth's pages on
//! the two verbs; the messages of bidirectional streams as its libraries know them).

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_program::{Heard, Stream, Transcription};
use serde_json::{Map, Value, json};

use super::event::{put, time};
use super::media_event::names;
use crate::confidence::confidence;
use crate::shown::shown;
use crate::{CallFacts, Frame, StreamOrder, StreamProtocol, Track, TranscriptionProtocol};

/// The messages of one stream.
pub(super) struct StreamMessages {
    metadata: Value,
    parameters: Map<String, Value>,
    bidirectional: bool,
}

impl StreamMessages {
    pub(super) fn new(facts: &CallFacts, stream: &Stream, sid: &str) -> StreamMessages {
        let format = json!({"encoding": "audio/PCMU", "sampleRate": stream.format.rate});
        let tracks: Vec<Value> = names(stream.tracks)
            .iter()
            .map(|name| json!({"name": name, "mediaFormat": format}))
            .collect();
        StreamMessages {
            metadata: json!({
                "accountId": facts.application.account.sid,
                "callId": facts.sid,
                "streamId": sid,
                "streamName": stream.name.as_deref().unwrap_or(sid),
                "tracks": tracks,
            }),
            parameters: parameters(&stream.parameters),
            bidirectional: stream.bidirectional,
        }
    }
}

impl StreamProtocol for StreamMessages {
    fn opening(&mut self) -> Vec<Frame> {
        vec![opening(&self.metadata, "streamParams", &self.parameters)]
    }

    fn audio(&mut self, track: Track, _at: Duration, payload: &[u8]) -> Frame {
        text(&json!({
            "eventType": "media",
            "track": track_name(track),
            "payload": STANDARD.encode(payload),
        }))
    }

    /// Keys are told by `Gather` and `StartGather` only.
    fn key(&mut self, _key: char, _at: Duration) -> Option<Frame> {
        None
    }

    fn mark(&mut self, _name: &str, _cleared: bool) -> Option<Frame> {
        None
    }

    fn piece_done(&mut self, _id: Option<&str>) -> Option<Frame> {
        None
    }

    fn closing(&mut self) -> Vec<Frame> {
        vec![text(
            &json!({"eventType": "stop", "metadata": self.metadata}),
        )]
    }

    fn read(&mut self, frame: &Frame) -> Result<Vec<StreamOrder>, String> {
        let Frame::Text(message) = frame else {
            return Err("a binary message came; BXML streams take JSON texts".to_owned());
        };
        let message: Value = serde_json::from_str(message)
            .map_err(|error| format!("the message is not JSON: {error}"))?;
        if !self.bidirectional {
            return Err("the stream is one-way; give `mode=\"bidirectional\"`".to_owned());
        }
        match message.get("eventType").and_then(Value::as_str) {
            Some("playAudio") => play(message.get("media").unwrap_or(&Value::Null)),
            Some("clear") => Ok(vec![StreamOrder::Clear]),
            Some(other) => Err(format!(
                "the eventType `{}` is neither `playAudio` nor `clear`",
                shown(other)
            )),
            None => Err("the message has no eventType".to_owned()),
        }
    }
}

/// `media` of `playAudio`: µ-law, or linear samples at a rate of their own.
fn play(media: &Value) -> Result<Vec<StreamOrder>, String> {
    let of = |name: &str| media.get(name).and_then(Value::as_str);
    let payload = of("payload").ok_or("playAudio: media.payload is missing")?;
    let bytes = STANDARD
        .decode(payload)
        .map_err(|error| format!("playAudio: media.payload is not Base64: {error}"))?;
    let content_type = of("contentType")
        .unwrap_or("audio/pcmu")
        .to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    match kind {
        "audio/pcmu" => Ok(vec![StreamOrder::Play(bytes)]),
        "audio/pcm" => {
            let rate = linear_rate(parts)?;
            Ok(vec![StreamOrder::PlayPiece {
                bytes,
                rate: Some(rate),
                id: None,
                queue: true,
            }])
        }
        _ => Err(format!(
            "playAudio: the contentType `{}` is neither audio/pcmu nor audio/pcm",
            shown(kind)
        )),
    }
}

/// The parameters of `audio/pcm;rate=24000;channels=1;bit-depth=16;endian=little;encoding=signed`.
fn linear_rate<'a>(parameters: impl Iterator<Item = &'a str>) -> Result<u32, String> {
    let mut rate = 8000;
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let fits = match name {
            "rate" => {
                rate = value.parse().unwrap_or_default();
                matches!(rate, 8000 | 16_000 | 24_000)
            }
            "channels" => value == "1",
            "bit-depth" => value == "16",
            "endian" => value == "little",
            "encoding" => value == "signed",
            _ => true,
        };
        if !fits {
            return Err(format!("playAudio: audio/pcm with `{}`", shown(parameter)));
        }
    }
    Ok(rate)
}

/// The messages of one transcription.
pub(super) struct TranscriptionMessages {
    metadata: Value,
    parameters: Map<String, Value>,
    partial: bool,
}

impl TranscriptionMessages {
    pub(super) fn new(facts: &CallFacts, verb: &Transcription, sid: &str) -> TranscriptionMessages {
        let tracks: Vec<Value> = names(verb.tracks)
            .iter()
            .map(|name| json!({"name": name}))
            .collect();
        TranscriptionMessages {
            metadata: json!({
                "accountId": facts.application.account.sid,
                "callId": facts.sid,
                "realtimeTranscriptionId": sid,
                "transcriptionName": verb.name.as_deref().unwrap_or(sid),
                "tracks": tracks,
                "stabilized": !verb.recognizer.interim,
            }),
            parameters: parameters(&verb.parameters),
            partial: verb.recognizer.interim,
        }
    }
}

impl TranscriptionProtocol for TranscriptionMessages {
    fn opening(&mut self) -> Vec<Frame> {
        vec![opening(&self.metadata, "customParams", &self.parameters)]
    }

    fn heard(
        &mut self,
        track: Track,
        begun: SystemTime,
        ended: SystemTime,
        heard: &Heard,
    ) -> Option<Frame> {
        if !heard.is_final && !self.partial {
            return None;
        }
        let mut message = Map::new();
        put(&mut message, "eventType", "transcription");
        put(&mut message, "track", track_name(track));
        put(&mut message, "startTime", time(begun));
        put(&mut message, "endTime", time(ended));
        put(&mut message, "isPartial", !heard.is_final);
        if let Some(language) = &heard.language {
            put(&mut message, "language", language.as_str());
        }
        put(&mut message, "transcript", heard.text.as_str());
        put(&mut message, "confidence", confidence(heard.confidence));
        Some(Frame::Text(Value::Object(message).to_string()))
    }

    fn closing(&mut self) -> Vec<Frame> {
        vec![text(
            &json!({"eventType": "stop", "metadata": self.metadata}),
        )]
    }
}

/// `start`, with the parameters of the verb when it has any.
fn opening(metadata: &Value, name: &str, parameters: &Map<String, Value>) -> Frame {
    let mut start = Map::new();
    put(&mut start, "eventType", "start");
    put(&mut start, "metadata", metadata.clone());
    if !parameters.is_empty() {
        put(&mut start, name, parameters.clone());
    }
    Frame::Text(Value::Object(start).to_string())
}

fn parameters(parameters: &[(String, String)]) -> Map<String, Value> {
    parameters
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect()
}

fn track_name(track: Track) -> &'static str {
    match track {
        Track::Inbound | Track::Mixed => "inbound",
        Track::Outbound => "outbound",
    }
}

fn text(message: &Value) -> Frame {
    Frame::Text(message.to_string())
}
