//! What goes over the WebSocket of `listen`: a text about the call, then bare samples (jambonz'
//! page on the verb).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookflash_program::{Stream, Tracks};
use serde_json::{Map, Value, json};

use super::{call_info, stringify};
use crate::shown::shown;
use crate::{CallFacts, Frame, StreamOrder, StreamProtocol, Track};

/// The name of the protocol, asked for in the handshake.
pub(super) const SUB_PROTOCOL: &str = "audio.jambonz.org";

/// How long a key is said to last, in samples of RFC 4733: 200 ms.
const KEY_DURATION: &str = "1600";

/// The messages of one stream.
pub(super) struct AudioMessages {
    opening: String,
    bidirectional: bool,
    takes_samples: bool,
    pass_keys: bool,
    /// The first half of a sample whose second half is in the next message.
    half: Option<u8>,
}

impl AudioMessages {
    pub(super) fn new(facts: &CallFacts, stream: &Stream) -> AudioMessages {
        AudioMessages {
            opening: opening(facts, stream),
            bidirectional: stream.bidirectional,
            takes_samples: stream.bare_rate.is_some(),
            pass_keys: stream.pass_keys,
            half: None,
        }
    }

    /// Bare samples: whole ones only, whatever the messages are cut into.
    fn samples(&mut self, bytes: &[u8]) -> Result<Vec<StreamOrder>, String> {
        if !self.takes_samples {
            return Err(
                "a binary message came; `bidirectionalAudio.streaming` is not true".to_owned(),
            );
        }
        let mut samples = Vec::with_capacity(bytes.len() + 1);
        samples.extend(self.half.take());
        samples.extend_from_slice(bytes);
        if samples.len() % 2 == 1 {
            self.half = samples.pop();
        }
        if samples.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![StreamOrder::Play(samples)])
    }
}

impl StreamProtocol for AudioMessages {
    fn mixes(&self) -> bool {
        true
    }

    fn opening(&mut self) -> Vec<Frame> {
        vec![Frame::Text(self.opening.clone())]
    }

    fn audio(&mut self, _track: Track, _at: Duration, payload: &[u8]) -> Frame {
        Frame::Binary(payload.to_vec())
    }

    fn key(&mut self, key: char, _at: Duration) -> Option<Frame> {
        let message = json!({"event": "dtmf", "dtmf": String::from(key), "duration": KEY_DURATION});
        self.pass_keys.then(|| text(&message))
    }

    fn mark(&mut self, name: &str, cleared: bool) -> Option<Frame> {
        let event = if cleared { "cleared" } else { "playout" };
        let message = json!({"type": "mark", "data": {"name": name, "event": event}});
        Some(text(&message))
    }

    /// A piece without a name of its own has the empty one here.
    fn piece_done(&mut self, id: Option<&str>) -> Option<Frame> {
        let data = match id? {
            "" => json!({}),
            id => json!({"id": id}),
        };
        Some(text(&json!({"type": "playDone", "data": data})))
    }

    fn closing(&mut self) -> Vec<Frame> {
        Vec::new()
    }

    fn read(&mut self, frame: &Frame) -> Result<Vec<StreamOrder>, String> {
        let message = match frame {
            Frame::Binary(bytes) => return self.samples(bytes),
            Frame::Text(message) => message,
        };
        let message: Value = serde_json::from_str(message)
            .map_err(|error| format!("the message is not JSON: {error}"))?;
        let data = message.get("data").unwrap_or(&Value::Null);
        match message.get("type").and_then(Value::as_str) {
            Some("playAudio") if self.bidirectional => play(data),
            Some("playAudio") => Err("playAudio: `bidirectionalAudio.enabled` is false".to_owned()),
            Some("killAudio") => Ok(vec![StreamOrder::Clear]),
            Some("disconnect") => Ok(vec![StreamOrder::Disconnect]),
            Some("mark") => match data.get("name").and_then(Value::as_str) {
                Some(name) => Ok(vec![StreamOrder::Mark(name.to_owned())]),
                None => Err("mark: data.name is missing".to_owned()),
            },
            Some("clearMarks") => Ok(vec![StreamOrder::ClearMarks]),
            Some(other) => Err(format!("the type `{}` is unknown", shown(other))),
            None => Err("the message has no type".to_owned()),
        }
    }
}

/// `playAudio`: a file, or bare samples at a rate of their own.
fn play(data: &Value) -> Result<Vec<StreamOrder>, String> {
    let of = |name: &str| data.get(name).and_then(Value::as_str);
    let content = of("audioContent").ok_or("playAudio: data.audioContent is missing")?;
    let bytes = STANDARD
        .decode(content)
        .map_err(|error| format!("playAudio: data.audioContent is not Base64: {error}"))?;
    let rate = match of("audioContentType").unwrap_or("raw") {
        "raw" => Some(rate(data.get("sampleRate"))?),
        "wav" | "wave" | "mp3" => None,
        other => {
            return Err(format!(
                "playAudio: the audioContentType `{}` is none of raw, wav, mp3",
                shown(other)
            ));
        }
    };
    Ok(vec![StreamOrder::PlayPiece {
        bytes,
        rate,
        id: Some(of("id").unwrap_or_default().to_owned()),
        queue: data.get("queuePlay").and_then(Value::as_bool) == Some(true),
    }])
}

/// `sampleRate`: a number, or a text that holds one.
fn rate(value: Option<&Value>) -> Result<u32, String> {
    let rate = match value {
        None | Some(Value::Null) => Some(8000),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_u64(),
    };
    rate.and_then(|rate: u64| u32::try_from(rate).ok())
        .filter(|rate| (8000..=64_000).contains(rate))
        .ok_or_else(|| "playAudio: data.sampleRate must be from 8000 to 64000".to_owned())
}

/// The call as its webhooks tell it, but in camel case; the document's `metadata` outweighs it.
fn opening(facts: &CallFacts, stream: &Stream) -> String {
    let mix = match (stream.tracks, stream.format.channels) {
        (_, 2) => "stereo",
        (Tracks::Both, _) => "mixed",
        _ => "mono",
    };
    let mut opening = Map::new();
    opening.insert("sampleRate".to_owned(), Value::from(stream.format.rate));
    opening.insert("mixType".to_owned(), Value::from(mix));
    for (name, value) in call_info::base(facts, call_info::status(facts)) {
        opening.insert(camel_case(&name), value);
    }
    if let Some(Value::Object(metadata)) = &stream.metadata {
        opening.extend(metadata.clone());
    }
    stringify::stringify(&Value::Object(opening))
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn text(message: &Value) -> Frame {
    Frame::Text(message.to_string())
}
