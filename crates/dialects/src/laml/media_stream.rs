//! The messages on a stream's WebSocket.
//!
//! Source: Twilio "Media Streams: WebSocket messages"; SignalWire "Stream: WebSocket connection".
//! The two differ in the version that they name, in where the call is named, and in keys. What
//! SignalWire leaves away and Twilio has (`streamSid` on every message) is there for both, because
//! applications are written for either. SignalWire's `duration` of a key is not known in time.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use hookflash_program::{Stream, StreamEncoding, Tracks};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shown::shown;
use crate::{CallFacts, Dialect, Frame, StreamOrder, StreamProtocol, Track};

/// Takes base64 with and without padding, since applications cut audio themselves.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One stream's messages.
pub(crate) struct MediaStream {
    signalwire: bool,
    sid: String,
    call_sid: String,
    account_sid: String,
    tracks: Tracks,
    linear: bool,
    rate: u32,
    parameters: Value,
    bidirectional: bool,
    /// Messages sent, the first one apart.
    messages: u64,
    /// Chunks sent of what the caller says and hears.
    chunks: [u64; 2],
    /// Whether the application was told once that nobody listens to it.
    told_one_way: bool,
}

impl MediaStream {
    /// The messages of this stream from the beginning.
    pub(crate) fn new(facts: &CallFacts, stream: &Stream, sid: &str) -> MediaStream {
        let parameters = stream.parameters.iter();
        MediaStream {
            signalwire: facts.application.account.dialect == Dialect::Cxml,
            sid: sid.to_owned(),
            call_sid: facts.sid.clone(),
            account_sid: facts.application.account.sid.clone(),
            tracks: stream.tracks,
            linear: stream.format.encoding == StreamEncoding::Linear,
            rate: stream.format.rate,
            parameters: parameters
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect(),
            bidirectional: stream.bidirectional,
            messages: 0,
            chunks: [0; 2],
            told_one_way: false,
        }
    }

    fn next_number(&mut self) -> String {
        self.messages += 1;
        self.messages.to_string()
    }

    fn start(&mut self) -> Frame {
        let number = self.next_number();
        let tracks = match self.tracks {
            Tracks::Inbound => json!(["inbound"]),
            Tracks::Outbound => json!(["outbound"]),
            Tracks::Both => json!(["inbound", "outbound"]),
        };
        let encoding = match self.linear {
            true => "audio/x-L16",
            false => "audio/x-mulaw",
        };
        text(&json!({
            "event": "start",
            "sequenceNumber": number,
            "start": {
                "accountSid": self.account_sid,
                "streamSid": self.sid,
                "callSid": self.call_sid,
                "tracks": tracks,
                "mediaFormat": {
                    "encoding": encoding,
                    "sampleRate": self.rate,
                    "channels": 1,
                },
                "customParameters": self.parameters,
            },
            "streamSid": self.sid,
        }))
    }

    fn order(&self, message: Message) -> Result<Option<StreamOrder>, String> {
        if let Some(sid) = &message.stream_sid
            && *sid != self.sid
        {
            return Err(format!(
                "a message is for the stream `{}`; this one is `{}`",
                shown(sid),
                self.sid
            ));
        }
        match message.event.as_str() {
            "media" => {
                let payload = message.media.map(|media| media.payload);
                let payload = payload.ok_or("a `media` message has no `media.payload`")?;
                let audio = self.audio_of(&payload)?;
                Ok((!audio.is_empty()).then_some(StreamOrder::Play(audio)))
            }
            "mark" => {
                let name = message.mark.map(|mark| mark.name);
                let name = name.ok_or("a `mark` message has no `mark.name`")?;
                Ok(Some(StreamOrder::Mark(name)))
            }
            "clear" => Ok(Some(StreamOrder::Clear)),
            "dtmf" if self.signalwire => {
                let digit = message.dtmf.map(|dtmf| dtmf.digit);
                let digit = digit.ok_or("a `dtmf` message has no `dtmf.digit`")?;
                let mut keys = digit.chars();
                let (Some(key), None) = (keys.next(), keys.next()) else {
                    return Err(no_key(&digit));
                };
                let key = key.to_ascii_uppercase();
                match key {
                    '0'..='9' | '*' | '#' | 'A'..='D' => Ok(Some(StreamOrder::SendKey(key))),
                    _ => Err(no_key(&digit)),
                }
            }
            other => Err(format!(
                "a message has the event `{}`; `media`, `mark` and `clear` are known",
                shown(other)
            )),
        }
    }

    fn audio_of(&self, payload: &str) -> Result<Vec<u8>, String> {
        let audio = BASE64
            .decode(payload)
            .map_err(|error| format!("`media.payload` is no base64: {error}"))?;
        if audio.starts_with(b"RIFF") {
            return Err(
                "`media.payload` is a WAV file; send the samples alone, without its header"
                    .to_owned(),
            );
        }
        if self.linear && audio.len() % 2 != 0 {
            return Err(format!(
                "`media.payload` has {} bytes, which are no 16-bit samples",
                audio.len()
            ));
        }
        Ok(audio)
    }
}

fn no_key(digit: &str) -> String {
    format!(
        "`dtmf.digit` is `{}`; it is one of 0–9, *, # and A–D",
        shown(digit)
    )
}

fn text(message: &Value) -> Frame {
    Frame::Text(message.to_string())
}

impl StreamProtocol for MediaStream {
    fn opening(&mut self) -> Vec<Frame> {
        let version = match self.signalwire {
            true => "0.2.0",
            false => "1.0.0",
        };
        let connected = json!({ "event": "connected", "protocol": "Call", "version": version });
        vec![text(&connected), self.start()]
    }

    fn audio(&mut self, track: Track, at: Duration, payload: &[u8]) -> Frame {
        let number = self.next_number();
        let [heard, said] = &mut self.chunks;
        let (word, chunk) = match track {
            Track::Inbound | Track::Mixed => ("inbound", heard),
            Track::Outbound => ("outbound", said),
        };
        *chunk += 1;
        // Written out and not built up: there are a hundred of these a second for each call, and
        // nothing in them needs to be escaped.
        Frame::Text(format!(
            concat!(
                r#"{{"event":"media","sequenceNumber":"{}","media":{{"track":"{}","#,
                r#""chunk":"{}","timestamp":"{}","payload":"{}"}},"streamSid":"{}"}}"#,
            ),
            number,
            word,
            chunk,
            at.as_millis(),
            general_purpose::STANDARD.encode(payload),
            self.sid,
        ))
    }

    fn key(&mut self, key: char, _at: Duration) -> Option<Frame> {
        let number = self.next_number();
        let dtmf = match self.signalwire {
            true => json!({ "digit": key }),
            false => json!({ "track": "inbound_track", "digit": key }),
        };
        Some(text(&json!({
            "event": "dtmf",
            "streamSid": self.sid,
            "sequenceNumber": number,
            "dtmf": dtmf,
        })))
    }

    fn mark(&mut self, name: &str, _cleared: bool) -> Option<Frame> {
        let number = self.next_number();
        Some(text(&json!({
            "event": "mark",
            "sequenceNumber": number,
            "streamSid": self.sid,
            "mark": { "name": name },
        })))
    }

    fn piece_done(&mut self, _id: Option<&str>) -> Option<Frame> {
        None
    }

    fn closing(&mut self) -> Vec<Frame> {
        let number = self.next_number();
        vec![text(&json!({
            "event": "stop",
            "sequenceNumber": number,
            "stop": { "accountSid": self.account_sid, "callSid": self.call_sid },
            "streamSid": self.sid,
        }))]
    }

    fn read(&mut self, frame: &Frame) -> Result<Vec<StreamOrder>, String> {
        if !self.bidirectional {
            // Once, and not for each of fifty messages a second.
            return match std::mem::replace(&mut self.told_one_way, true) {
                true => Ok(Vec::new()),
                false => Err(
                    "the application sent a message, but the stream only goes to it; \
                              use `<Connect>` in place of `<Start>`"
                        .to_owned(),
                ),
            };
        }
        let Frame::Text(json) = frame else {
            return Err("a message is binary; messages are JSON in text frames".to_owned());
        };
        let message = serde_json::from_str(json).map_err(|error| {
            // It quotes what it found, which can be a second of sound.
            let error = shown(&error.to_string());
            format!("a message is not what was expected: {error}")
        })?;
        Ok(self.order(message)?.into_iter().collect())
    }
}

/// What an application sends. Parts that belong to another event are read and not looked at.
#[derive(Deserialize)]
struct Message {
    event: String,
    #[serde(rename = "streamSid")]
    stream_sid: Option<String>,
    media: Option<Media>,
    mark: Option<Mark>,
    dtmf: Option<Dtmf>,
}

#[derive(Deserialize)]
struct Media {
    payload: String,
}

#[derive(Deserialize)]
struct Mark {
    name: String,
}

#[derive(Deserialize)]
struct Dtmf {
    digit: String,
}
