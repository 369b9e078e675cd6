//! Messages on a stream's WebSocket, as each vendor words them.

use std::time::{Duration, SystemTime};

use hookflash_program::Heard;

/// A WebSocket message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Text.
    Text(String),
    /// Binary.
    Binary(Vec<u8>),
}

/// Whose audio a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Track {
    /// What the caller says.
    Inbound,
    /// What the caller hears.
    Outbound,
    /// Both, as the stream's format lays them out.
    Mixed,
}

/// What the application asks for over the socket.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamOrder {
    /// Play this after what waits to be played. It is encoded as the stream's format says, or,
    /// where the stream has a `bare_rate`, it is linear samples at that rate in one channel.
    Play(Vec<u8>),
    /// Play this recorded piece (jambonz `playAudio`): a WAV or MP3 file, or samples.
    PlayPiece {
        /// The bytes.
        bytes: Vec<u8>,
        /// `None` for a file with a header of its own, else 16-bit samples at this rate.
        rate: Option<u32>,
        /// Echoed when it has been heard.
        id: Option<String>,
        /// Behind what waits, or at once in its place.
        queue: bool,
    },
    /// Tell when everything up to here has been heard.
    Mark(String),
    /// Forget marks that are due (jambonz `clearMarks`).
    ClearMarks,
    /// Forget what waits to be played; marks among it are told at once where the vendor does so.
    Clear,
    /// Send this key to the caller (cXML `dtmf`): `0`–`9`, `*`, `#`, `A`–`D`.
    SendKey(char),
    /// End the stream.
    Disconnect,
}

/// One stream's messages. Made by [`crate::Dialect::stream_protocol`].
pub trait StreamProtocol {
    /// Whether both tracks go into one channel, and not into messages of their own.
    fn mixes(&self) -> bool {
        false
    }
    /// What is sent once the socket is open.
    fn opening(&mut self) -> Vec<Frame>;
    /// A piece of audio, encoded as the stream's format says. `at` counts from the beginning of
    /// the stream.
    fn audio(&mut self, track: Track, at: Duration, payload: &[u8]) -> Frame;
    /// The caller pressed a key.
    fn key(&mut self, key: char, at: Duration) -> Option<Frame>;
    /// A mark was reached, or dropped by a clear.
    fn mark(&mut self, name: &str, cleared: bool) -> Option<Frame>;
    /// A piece has been heard.
    fn piece_done(&mut self, id: Option<&str>) -> Option<Frame>;
    /// What is sent before the socket is closed.
    fn closing(&mut self) -> Vec<Frame>;
    /// Reads a message of the application.
    ///
    /// # Errors
    /// A sentence on what is wrong with it, for the journal; the stream goes on.
    fn read(&mut self, frame: &Frame) -> Result<Vec<StreamOrder>, String>;
}

/// One transcription's messages on the WebSocket that its verb names. Made by
/// [`crate::Dialect::transcription_protocol`].
pub trait TranscriptionProtocol {
    /// What is sent once the socket is open.
    fn opening(&mut self) -> Vec<Frame>;
    /// A result, spoken between these two times; `None` when the document did not ask for it.
    fn heard(
        &mut self,
        track: Track,
        begun: SystemTime,
        ended: SystemTime,
        heard: &Heard,
    ) -> Option<Frame>;
    /// What is sent before the socket is closed.
    fn closing(&mut self) -> Vec<Frame>;
}
