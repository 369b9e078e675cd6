//! One leg's audio: packets in, packets out, a beat of 20 ms, and what happens meanwhile as events.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hookflash_audio::{Playlist, Tap};

use crate::NegotiatedStream;
use crate::rtp::{RtpStart, SilenceSource};

/// Names what a session was asked to play or send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u64);

/// Names a tap of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TapId(pub u64);

/// How a session begins.
#[derive(Clone, Copy, Debug)]
pub struct SessionConfig {
    /// Where our stream begins.
    pub start: RtpStart,
    /// Without any packet for so long, [`MediaEvent::NoPackets`] is told; `None` never.
    pub packet_timeout: Option<Duration>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// The caller pressed a key; told once per press, when it begins.
    Key {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        key: char,
        /// How it came.
        source: KeySource,
    },
    /// Something has been played or sent, or ended early.
    Played(PlayId, PlayEnd),
    /// The caller began (`true`) or stopped speaking, by the rules of [`VoiceWatch`].
    Voice(bool),
    /// Playing has reached a mark of the feed.
    Mark(FeedMark),
    /// Nothing comes from the caller for the configured time. Told once until something comes.
    NoPackets,
    /// The session takes packets from this address from now on.
    Latched(SocketAddr),
}

/// How a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Telephone-event (RFC 4733).
    Event,
    /// Tones in the audio.
    Tones,
    /// SIP INFO.
    Info,
}

/// How playing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayEnd {
    /// To its end.
    Complete,
    /// It was stopped.
    Stopped,
}

/// A mark that was reached, or dropped because the feed was cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedMark {
    /// Its name.
    pub name: String,
    /// It was dropped.
    pub cleared: bool,
}

/// When the caller counts as speaking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoiceWatch {
    /// So much speech is a beginning.
    pub begin: Duration,
    /// So much silence is an end.
    pub end: Duration,
}

/// A key to send, or a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyToSend {
    /// `None` for a pause.
    pub key: Option<char>,
    /// How long the tone, or the pause, lasts.
    pub length: Duration,
    /// Silence afterwards.
    pub gap: Duration,
}

/// What happens to a dub track.
#[derive(Debug)]
pub enum DubChange {
    /// It plays this, at this gain in decibels, in place of what it played.
    Play(Playlist, f32),
    /// It is silent.
    Silence,
}

/// One leg's audio.
pub struct Session {
    config: SessionConfig,
    stream: Option<NegotiatedStream>,
    silence: Option<SilenceSource>,
    events: VecDeque<MediaEvent>,
    next_id: u64,
}

impl Session {
    /// A session without a stream.
    pub fn new(config: SessionConfig) -> Session {
        Session {
            config,
            stream: None,
            silence: None,
            events: VecDeque::new(),
            next_id: 0,
        }
    }

    /// Takes over what was agreed; `None` sends nothing and hears nothing.
    pub fn agree(&mut self, _now: Instant, stream: Option<NegotiatedStream>) {
        self.stream = stream;
        if let Some(stream) = stream {
            match &mut self.silence {
                Some(silence) => silence.set_codec(stream.codec, stream.payload_type),
                None => {
                    let start = self.config.start;
                    self.silence =
                        Some(SilenceSource::new(stream.codec, stream.payload_type, start));
                }
            }
        }
    }

    /// Takes a packet of the RTP port, RTCP included when it is multiplexed.
    pub fn receive(&mut self, _now: Instant, _from: SocketAddr, _packet: &[u8]) {}

    /// Takes a packet of the RTCP port.
    pub fn receive_rtcp(&mut self, _now: Instant, _from: SocketAddr, _packet: &[u8]) {}

    /// Lets 20 ms pass: plays out what came in, writes the packet that is due and says where it
    /// goes. `buf` has room for 1,500 bytes.
    pub fn beat(&mut self, _now: Instant, buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        let remote = self.stream.and_then(|stream| stream.sends_to())?;
        let length = self.silence.as_mut()?.next_packet(buf).ok()?;
        Some((remote, length))
    }

    /// An RTCP packet that is due. To be asked after each beat.
    pub fn poll_rtcp(&mut self, _now: Instant, _buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        None
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// Samples per second of both directions.
    pub fn rate(&self) -> u32 {
        8_000
    }

    /// Plays this, after what waits to be played.
    pub fn play(&mut self, _playlist: Playlist) -> PlayId {
        let id = self.id();
        self.events
            .push_back(MediaEvent::Played(id, PlayEnd::Complete));
        id
    }

    /// Sends keys, after what waits to be played.
    pub fn send_keys(&mut self, _keys: Vec<KeyToSend>) -> PlayId {
        let id = self.id();
        self.events
            .push_back(MediaEvent::Played(id, PlayEnd::Complete));
        id
    }

    /// Fades out and forgets everything that plays or waits, keys included; each is told as
    /// [`PlayEnd::Stopped`].
    pub fn stop_playing(&mut self) {}

    /// Plays samples of a stream, after what waits of it. Returns how many were taken; the rest
    /// did not fit.
    pub fn feed(&mut self, _rate: u32, samples: &[i16]) -> usize {
        samples.len()
    }

    /// Asks to be told when everything fed so far has been played.
    pub fn feed_mark(&mut self, name: String) {
        let cleared = false;
        self.events
            .push_back(MediaEvent::Mark(FeedMark { name, cleared }));
    }

    /// Forgets what was fed and not played; its marks are told as cleared.
    pub fn clear_feed(&mut self) {}

    /// Changes what a dub track plays; `None` takes it away. False when there are too many.
    pub fn dub(&mut self, _track: &str, _change: Option<DubChange>) -> bool {
        true
    }

    /// Sends back what comes in, mixed with nothing else.
    pub fn echo(&mut self, _on: bool) {}

    /// Lets a tap hear every frame from now on.
    pub fn tap(&mut self, _tap: Box<dyn Tap>) -> TapId {
        TapId(self.id().0)
    }

    /// Takes a tap away.
    pub fn untap(&mut self, _id: TapId) -> Option<Box<dyn Tap>> {
        None
    }

    /// Watches the caller's voice, or no more.
    pub fn watch_voice(&mut self, _watch: Option<VoiceWatch>) {}

    fn id(&mut self) -> PlayId {
        self.next_id += 1;
        PlayId(self.next_id)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
