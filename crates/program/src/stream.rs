//! Audio to and from the application over a WebSocket, and running transcription.

use std::time::Duration;

use crate::{Hook, Recognizer, Tracks};

/// A stream of the call's audio to a WebSocket of the application.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// `ws://` or `wss://`, as written.
    pub url: String,
    /// Name by which it can be stopped.
    pub name: Option<String>,
    /// What is sent.
    pub tracks: Tracks,
    /// Whether audio that comes back is played to the caller.
    pub bidirectional: bool,
    /// How audio is encoded on the socket.
    pub format: StreamFormat,
    /// Samples per second of linear audio that comes back as bare samples beside `format`
    /// (jambonz); `None` when no such audio is taken.
    pub bare_rate: Option<u32>,
    /// Told to the application when the stream begins, in this order.
    pub parameters: Vec<(String, String)>,
    /// Told as a JSON value when the stream begins (jambonz).
    pub metadata: Option<serde_json::Value>,
    /// HTTP Basic user and password of the handshake.
    pub credentials: Option<(String, String)>,
    /// Bearer token of the handshake.
    pub bearer: Option<String>,
    /// Told when the stream begins, ends and fails.
    pub status: Option<Hook>,
    /// Keys that end it (jambonz).
    pub finish: Vec<char>,
    /// Longest stream.
    pub most: Option<Duration>,
    /// A beep first.
    pub beep: bool,
    /// Whether keys are told over the socket.
    pub pass_keys: bool,
    /// Asked when it has ended; only for a stream that the document waits for.
    pub result: Option<Hook>,
    /// An empty reply means "carry on" and not "end of document".
    pub empty_reply_goes_on: bool,
    /// The application's name for this verb.
    pub id: Option<String>,
}

/// How audio is encoded on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Encoding.
    pub encoding: StreamEncoding,
    /// Samples per second.
    pub rate: u32,
    /// 1, or 2 with the caller first.
    pub channels: u8,
}

/// Encoding of samples on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEncoding {
    /// G.711 µ-law.
    Mulaw,
    /// 16 bit, little endian.
    Linear,
}

/// Which streams or transcriptions a stop verb means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one with this name.
    Named(String),
    /// All of the call.
    All,
}

/// Turns what is said into text while the call goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcription {
    /// Name by which it can be stopped.
    pub name: Option<String>,
    /// Whose words.
    pub tracks: Tracks,
    /// What to recognise with.
    pub recognizer: Recognizer,
    /// Told each result.
    pub hook: Option<Hook>,
    /// WebSocket that is told each result (BXML `destination`).
    pub destination: Option<String>,
    /// Told to the application with each result, in this order.
    pub parameters: Vec<(String, String)>,
    /// Whether the document waits until the call ends.
    pub waits: bool,
    /// The application's name for this verb.
    pub id: Option<String>,
}
