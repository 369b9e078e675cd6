//! One leg's audio: packets in, packets out, a beat of 20 ms, and what happens meanwhile as events.

mod beat;
mod hearing;
mod play;
mod receive;
mod statistics;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use hookflash_audio::{Player, Playlist, Tap};

use crate::codec::Codec;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::jitter::JitterBuffer;
use crate::latch::Latch;
use crate::rtcp::Reports;
use crate::rtp::{Outgoing, Reception, RtpStart};
use crate::telephone_event::EventReceiver;
use crate::{Format, Formats, NegotiatedStream};
use hearing::Hearing;
use play::PlayQueue;
use statistics::Counters;
pub use statistics::{Ignored, Statistics};

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

/// Whether the peer has the number of our source (RFC 3550 §8.2). We give way once: a peer that
/// still has our number after that sends back what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collision {
    None,
    Found,
    Over,
}

/// What happens to a dub track.
#[derive(Debug)]
pub enum DubChange {
    /// It plays this, at this gain in decibels, in place of what it played.
    Play(Playlist, f32),
    /// It is silent.
    Silence,
}

/// Samples per second before anything is agreed.
const FIRST_RATE: u32 = 8_000;

/// Events kept for somebody who does not ask; keys beyond it are lost, the end of a prompt is not.
const MOST_EVENTS: usize = 256;

/// One leg's audio.
///
/// [`Session::agree`] tells it what the peers agreed on; [`Session::receive`] and
/// [`Session::receive_rtcp`] give it packets; [`Session::beat`], every 20 ms, and
/// [`Session::poll_rtcp`] after it, give packets to send; [`Session::poll_event`] tells what
/// happened. It reads no clock: `now` comes from the caller and never goes back.
pub struct Session {
    config: SessionConfig,
    stream: Option<NegotiatedStream>,
    /// What came before the last agreement and may still be under way.
    before: Formats,
    outgoing: Outgoing,
    encoder: Encoder,
    player: Player,
    queue: PlayQueue,
    echo: bool,
    muted: bool,
    latch: Latch,
    reports: Reports,
    collision: Collision,
    reception: Option<Reception>,
    /// The source that the present one took over from.
    former: Option<(u32, Instant)>,
    keys: EventReceiver,
    jitter: JitterBuffer,
    decoder: Decoder,
    hearing: Hearing,
    taps: Vec<(TapId, Box<dyn Tap>)>,
    counters: Counters,
    last_packet: Option<Instant>,
    silence_told: bool,
    /// Beats without an agreement.
    waited: u32,
    events: VecDeque<MediaEvent>,
    next_id: u64,
}

impl Session {
    /// A session without a stream.
    pub fn new(config: SessionConfig) -> Session {
        Session {
            config,
            stream: None,
            before: Formats::default(),
            outgoing: Outgoing::new(config.start),
            encoder: Encoder::default(),
            player: Player::new(),
            queue: PlayQueue::default(),
            echo: false,
            muted: false,
            latch: Latch::default(),
            reports: Reports::new(config.start),
            collision: Collision::None,
            reception: None,
            former: None,
            keys: EventReceiver::default(),
            jitter: JitterBuffer::new(),
            decoder: Decoder::new(FIRST_RATE),
            hearing: Hearing::default(),
            taps: Vec::new(),
            counters: Counters::default(),
            last_packet: None,
            silence_told: false,
            waited: 0,
            events: VecDeque::new(),
            next_id: 0,
        }
    }

    /// Vouches for the IP address that the peer's signalling comes from: media from there is
    /// believed sooner, should it come from elsewhere than the peer described.
    pub fn trust(&mut self, signalling: IpAddr) {
        self.latch.trust(signalling);
    }

    /// Takes over what was agreed; `None` sends nothing and hears nothing. What plays goes on
    /// where it is, and our stream keeps its source, its numbers and its clock.
    pub fn agree(&mut self, now: Instant, stream: Option<NegotiatedStream>) {
        if let Some(old) = self.stream {
            self.before = Formats::default();
            self.before.add(old.payload_type, Format::Audio(old.codec));
            if let Some(event) = old.telephone_event {
                self.before.add(event, Format::TelephoneEvent);
            }
            for (payload_type, format) in old.accepts.iter() {
                self.before.add(payload_type, format);
            }
        }
        self.stream = stream;
        self.last_packet = Some(now);
        self.silence_told = false;
        let Some(stream) = stream else {
            return;
        };
        self.latch.agree(now, stream.remote);
        self.reports.begin(now);
        self.encoder.set_wish(stream.opus);
        if stream.codec != Codec::Opus {
            self.encoder.forget();
        }
        let rate = stream.codec.sample_rate();
        let rate_changed = self.decoder.set_rate(rate);
        if rate_changed {
            self.jitter.forget_samples();
        }
        if !stream.direction.receives() {
            // What was said before a hold is not to be heard after it.
            self.jitter.restart();
            self.jitter.forget_samples();
            self.decoder.forget();
        }
        let tones = stream.telephone_event.is_none();
        if self.hearing.agree(rate, rate_changed, tones) {
            self.tell(MediaEvent::Voice(false));
        }
        self.queue.agree(&stream);
    }

    /// An RTCP packet that is due. To be asked after each beat.
    pub fn poll_rtcp(&mut self, now: Instant, buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        self.stream?;
        if self.collision == Collision::Found {
            self.collision = Collision::Over;
            let farewell = self.report(now, buf, true);
            let other = self.reports.other_source(self.outgoing.ssrc());
            self.outgoing.set_ssrc(other);
            return farewell;
        }
        if !self.reports.is_due(now) {
            return None;
        }
        self.report(now, buf, false)
    }

    /// The last RTCP packet, a farewell. To be asked when the call ends.
    pub fn end(&mut self, now: Instant, buf: &mut [u8]) -> Option<(SocketAddr, usize)> {
        self.stream?;
        self.report(now, buf, true)
    }

    fn report(
        &mut self,
        now: Instant,
        buf: &mut [u8],
        farewell: bool,
    ) -> Option<(SocketAddr, usize)> {
        let remote = self.reports_go_to()?;
        let received = self
            .reception
            .as_mut()
            .map(|reception| (reception.ssrc(), reception.report()));
        let length = self
            .reports
            .write(now, buf, &self.outgoing, received, farewell)?;
        Some((remote, length))
    }

    /// With the peer's packets when multiplexed; else from where its reports come, or beside where
    /// it was found to be, or as it said.
    fn reports_go_to(&self) -> Option<SocketAddr> {
        let stream = self.stream?;
        if stream.rtcp_mux {
            return self.latch.remote();
        }
        let beside = |found: SocketAddr| {
            let port = found.port().checked_add(1)?;
            Some(SocketAddr::new(found.ip(), port))
        };
        self.reports
            .source
            .or_else(|| self.latch.learned().and_then(beside))
            .or(stream.rtcp)
    }

    /// Whether RTCP travels on a port of its own, beside that of RTP.
    pub fn has_rtcp_port(&self) -> bool {
        self.stream.is_some_and(|stream| !stream.rtcp_mux)
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// Samples per second of both directions.
    pub fn rate(&self) -> u32 {
        self.stream
            .map_or(FIRST_RATE, |stream| stream.codec.sample_rate())
    }

    /// Sends back what comes in, mixed with nothing else.
    pub fn echo(&mut self, on: bool) {
        self.echo = on;
    }

    /// The caller is not heard any more, but for its keys; or is heard again.
    pub fn mute(&mut self, on: bool) {
        self.muted = on;
    }

    /// Lets a tap hear every frame from now on.
    pub fn tap(&mut self, tap: Box<dyn Tap>) -> TapId {
        let id = TapId(self.id().0);
        self.taps.push((id, tap));
        id
    }

    /// Takes a tap away.
    pub fn untap(&mut self, id: TapId) -> Option<Box<dyn Tap>> {
        let index = self.taps.iter().position(|(known, _)| *known == id)?;
        Some(self.taps.remove(index).1)
    }

    /// Watches the caller's voice, or no more.
    pub fn watch_voice(&mut self, watch: Option<VoiceWatch>) {
        self.hearing.watch_voice(watch, self.rate());
    }

    /// Takes a key that came by SIP INFO. What is none is ignored.
    pub fn hear_key(&mut self, key: char) {
        let key = key.to_ascii_uppercase();
        if crate::telephone_event::code_of(key).is_some() {
            self.tell_key(key, KeySource::Info);
        }
    }

    fn tell_key(&mut self, key: char, source: KeySource) {
        self.tell(MediaEvent::Key { key, source });
    }

    /// Tells what the peer could make happen as often as it likes.
    fn tell(&mut self, event: MediaEvent) {
        if self.events.len() < MOST_EVENTS {
            self.events.push_back(event);
        }
    }

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
