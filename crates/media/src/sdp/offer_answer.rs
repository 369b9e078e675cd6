//! Offer and answer about one audio stream (RFC 3264), from our side.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;

use super::error::{AnswerError, OfferError};
use super::formats::{Format, Formats, OpusWish};
use super::reading::{self, Audio, HIGHEST_PAYLOAD_TYPE, Stream};
use super::writing;
use crate::codec::Codec;
use crate::direction::Direction;

/// What we bring into every description of a call.
#[derive(Debug, Clone)]
pub struct LocalMedia {
    /// Address the peer is to send to, as it reaches us.
    pub address: IpAddr,
    /// RTP port.
    pub port: u16,
    /// Codecs that may be used, in our order of preference. It decides in our own offers; in
    /// answers the offerer's order does.
    pub codecs: Arc<[Codec]>,
    /// Session identifier of the o= line: any number, the same for the whole call.
    pub session_id: u64,
}

/// The stream that both sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegotiatedStream {
    /// Where our packets go. `None` while the peer has us held by address 0.0.0.0, or names a host
    /// instead of an address.
    pub remote: Option<SocketAddr>,
    /// Where RTCP would go.
    pub rtcp: Option<SocketAddr>,
    /// Whether RTCP comes in on the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// The codec in both directions.
    pub codec: Codec,
    /// Payload type of our packets.
    pub payload_type: u8,
    /// Payload type of telephone-events (RFC 4733), if the peer takes any.
    pub telephone_event: Option<u8>,
    /// Ticks per second of their durations.
    pub telephone_event_rate: u32,
    /// What else the peer may send: other codecs of its answer, and the payload types of our offer
    /// where its answer has others.
    pub accepts: Formats,
    /// How the peer wants Opus.
    pub opus: OpusWish,
    /// Direction as seen from us.
    pub direction: Direction,
}

impl NegotiatedStream {
    /// One codec with its usual payload type, both ways, without events; RTCP on the next port.
    pub fn new(remote: SocketAddr, codec: Codec) -> Self {
        let next_port = remote.port().checked_add(1);
        Self {
            remote: Some(remote),
            rtcp: next_port.map(|port| SocketAddr::new(remote.ip(), port)),
            rtcp_mux: false,
            codec,
            payload_type: codec.payload_type(),
            telephone_event: None,
            telephone_event_rate: codec.clock_rate(),
            accepts: Formats::default(),
            opus: OpusWish::default(),
            direction: Direction::SendRecv,
        }
    }

    /// What packets of this payload type carry; `None` when they were not agreed on.
    pub fn format(&self, payload_type: u8) -> Option<Format> {
        if payload_type == self.payload_type {
            Some(Format::Audio(self.codec))
        } else if Some(payload_type) == self.telephone_event {
            Some(Format::TelephoneEvent)
        } else {
            self.accepts.find(payload_type)
        }
    }

    /// Where to send packets now; `None` when we are not to send.
    pub fn sends_to(&self) -> Option<SocketAddr> {
        self.remote.filter(|_| self.direction.sends())
    }
}

/// The offer/answer state of one call leg.
///
/// The version in the o= line grows with every description that differs from the one sent before,
/// and stays with one that does not (RFC 3264 §8). A failed negotiation leaves the agreed stream as
/// it was.
#[derive(Debug)]
pub struct OfferAnswer {
    local: LocalMedia,
    version: u64,
    /// Fingerprint of the description sent last.
    sent: Option<u64>,
    lines: Vec<MediaLine>,
    wish: Direction,
    stream: Option<NegotiatedStream>,
    /// Payload types that the peer has used, one bit each: theirs stay theirs (RFC 3264 §8.3.2).
    taken: u128,
}

/// A media line of the session. Their order never changes once stated (RFC 3264 §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MediaLine {
    /// Ours.
    Audio {
        /// RTP/AVP or RTP/AVPF, as the peer spelled it.
        transport: Box<str>,
    },
    /// One that we refuse.
    Refused {
        media: Box<str>,
        transport: Box<str>,
        format: Box<str>,
    },
}

/// What our audio line says.
#[derive(Debug, Clone)]
pub(super) struct AudioLine {
    pub(super) codecs: Vec<(u8, Codec)>,
    /// Payload types and clock rates.
    pub(super) telephone_events: Vec<(u8, u32)>,
    pub(super) direction: Direction,
    pub(super) rtcp_mux: bool,
}

/// Codecs, and clock rates of telephone-events, with their payload types.
type OfferedFormats = (Vec<(u8, Codec)>, Vec<(u8, u32)>);

/// Payload types of telephone-events in our offers; 101 is the one that everybody uses.
const fn telephone_event(clock_rate: u32) -> u8 {
    match clock_rate {
        48_000 => 102,
        16_000 => 103,
        _ => 101,
    }
}

/// Payload types from here on mean what an rtpmap says (RFC 3551 §6).
const FIRST_DYNAMIC: u8 = 96;

impl OfferAnswer {
    /// A leg without any description yet.
    pub fn new(local: LocalMedia) -> Self {
        Self {
            local,
            version: 1,
            sent: None,
            lines: Vec::new(),
            wish: Direction::SendRecv,
            stream: None,
            taken: 0,
        }
    }

    /// What was agreed last.
    pub fn stream(&self) -> Option<&NegotiatedStream> {
        self.stream.as_ref()
    }

    /// What we want of the next offer or answer: sendonly puts the peer on hold, sendrecv takes it
    /// back.
    pub fn wish_direction(&mut self, wish: Direction) {
        self.wish = wish;
    }

    /// Answers an offer, the first one or a later one. All streams but one of audio are refused by
    /// port 0.
    pub fn answer(&mut self, offer: &[u8]) -> Result<Bytes, OfferError> {
        let streams = reading::streams(offer).map_err(OfferError::Unreadable)?;
        let (index, audio, chosen) = self.choose(&streams)?;
        let stream = agreed(self.wish, audio, chosen);
        self.lines = media_lines(&streams, index);
        self.taken |= audio.payload_types;
        self.stream = Some(stream);
        let events = stream.telephone_event;
        let line = AudioLine {
            codecs: vec![chosen],
            telephone_events: events
                .map(|event| (event, stream.telephone_event_rate))
                .into_iter()
                .collect(),
            direction: stream.direction,
            rtcp_mux: stream.rtcp_mux,
        };
        Ok(self.describe(&line))
    }

    /// Makes an offer: for the 200 to an INVITE without one, for an INVITE of ours, or to change
    /// a running stream. Offers every codec we have, in our order.
    pub fn offer(&mut self) -> Bytes {
        if self.lines.is_empty() {
            self.lines.push(MediaLine::Audio {
                transport: "RTP/AVP".into(),
            });
        }
        let (codecs, telephone_events) = self.formats();
        let line = AudioLine {
            codecs,
            telephone_events,
            direction: self.wish,
            rtcp_mux: self.stream.is_some_and(|agreed| agreed.rtcp_mux),
        };
        self.describe(&line)
    }

    /// The codecs and telephone-events of an offer of ours, with their payload types.
    fn formats(&self) -> OfferedFormats {
        let agreed = self.stream;
        let mut taken = self.taken;
        let mut free = |usual: u8| {
            let choice = std::iter::once(usual)
                .chain(FIRST_DYNAMIC..=HIGHEST_PAYLOAD_TYPE)
                .find(|candidate| taken & (1 << candidate) == 0)
                .unwrap_or(usual);
            taken |= 1 << choice;
            choice
        };
        let mut codecs = Vec::with_capacity(self.local.codecs.len());
        for codec in self.local.codecs.iter().copied() {
            let payload_type = match agreed {
                Some(agreed) if agreed.codec == codec => agreed.payload_type,
                _ if codec.payload_type() < FIRST_DYNAMIC => codec.payload_type(),
                _ => free(codec.payload_type()),
            };
            codecs.push((payload_type, codec));
        }
        let mut events: Vec<(u8, u32)> = Vec::with_capacity(1);
        for codec in self.local.codecs.iter() {
            let rate = codec.clock_rate();
            if events.iter().any(|(_, known)| *known == rate) {
                continue;
            }
            let as_agreed = agreed
                .filter(|agreed| agreed.telephone_event_rate == rate)
                .and_then(|agreed| agreed.telephone_event);
            events.push((
                as_agreed.unwrap_or_else(|| free(telephone_event(rate))),
                rate,
            ));
        }
        (codecs, events)
    }

    /// Takes the answer to our latest offer.
    pub fn accept_answer(&mut self, answer: &[u8]) -> Result<NegotiatedStream, AnswerError> {
        let streams = reading::streams(answer).map_err(AnswerError::Unreadable)?;
        let ours = self
            .lines
            .iter()
            .position(|line| matches!(line, MediaLine::Audio { .. }));
        let answered = ours
            .and_then(|index| streams.get(index))
            .ok_or(AnswerError::Refused)?;
        let audio = answered.audio.as_ref().ok_or(AnswerError::Refused)?;
        let chosen = self
            .first_allowed(audio)
            .ok_or_else(|| AnswerError::NoCommonCodec {
                answered: answered.formats.clone(),
            })?;
        let mut stream = agreed(self.wish, audio, chosen);
        // The peer may change between the codecs of its answer without another word, and it may
        // keep to the numbers of our offer.
        let (offered, offered_events) = self.formats();
        let allowed = |(_, codec): &&(u8, Codec)| self.local.codecs.contains(codec);
        for (payload_type, codec) in audio.codecs.iter().filter(allowed).chain(&offered) {
            if stream.format(*payload_type).is_none() {
                stream.accepts.add(*payload_type, Format::Audio(*codec));
            }
        }
        for (payload_type, _) in audio.telephone_events.iter().chain(&offered_events) {
            if stream.format(*payload_type).is_none() {
                stream.accepts.add(*payload_type, Format::TelephoneEvent);
            }
        }
        self.taken |= audio.payload_types;
        self.stream = Some(stream);
        Ok(stream)
    }

    /// The first audio stream with a codec that we may use, and that codec.
    fn choose<'a>(
        &self,
        streams: &'a [Stream],
    ) -> Result<(usize, &'a Audio, (u8, Codec)), OfferError> {
        let mut without_codec = None;
        for (index, stream) in streams.iter().enumerate() {
            let Some(audio) = &stream.audio else { continue };
            match self.first_allowed(audio) {
                Some(chosen) => return Ok((index, audio, chosen)),
                None => without_codec = without_codec.or(Some(stream)),
            }
        }
        Err(match without_codec {
            Some(stream) => OfferError::NoCommonCodec {
                offered: stream.formats.clone(),
            },
            None => OfferError::NoAudio {
                offered: streams
                    .iter()
                    .map(|s| format!("{} {}", s.media, s.transport))
                    .collect(),
            },
        })
    }

    fn first_allowed(&self, audio: &Audio) -> Option<(u8, Codec)> {
        audio
            .codecs
            .iter()
            .find(|(_, codec)| self.local.codecs.contains(codec))
            .copied()
    }

    /// Writes our description with the version of the last one, and with the next version if that
    /// makes it differ from the last one.
    fn describe(&mut self, audio: &AudioLine) -> Bytes {
        let mut text = writing::description(&self.local, self.version, &self.lines, audio);
        if self.sent.is_some_and(|sent| sent != fingerprint(&text)) {
            self.version += 1;
            text = writing::description(&self.local, self.version, &self.lines, audio);
        }
        self.sent = Some(fingerprint(&text));
        // It is kept for as long as the call lasts.
        text.shrink_to_fit();
        Bytes::from(text)
    }
}

/// The stream of a peer's audio line with the codec that was chosen of it.
fn agreed(wish: Direction, audio: &Audio, (payload_type, codec): (u8, Codec)) -> NegotiatedStream {
    let events = || audio.telephone_events.iter();
    let event = events()
        .find(|(_, rate)| *rate == codec.clock_rate())
        // RFC 4733 §2.1 wants the audio's clock rate. Beside Opus many a gateway has 8,000 only,
        // and means durations by it.
        .or_else(|| events().find(|(_, rate)| codec == Codec::Opus && *rate == 8_000));
    NegotiatedStream {
        remote: audio.remote,
        rtcp: audio.rtcp,
        rtcp_mux: audio.rtcp_mux,
        codec,
        payload_type,
        telephone_event: event.map(|(payload_type, _)| *payload_type),
        telephone_event_rate: event.map_or(codec.clock_rate(), |(_, rate)| *rate),
        accepts: Formats::default(),
        opus: audio.opus,
        direction: wish.meeting(audio.direction),
    }
}

fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn media_lines(streams: &[Stream], ours: usize) -> Vec<MediaLine> {
    let line = |(index, stream): (usize, &Stream)| {
        if index == ours {
            return MediaLine::Audio {
                transport: stream.transport.as_str().into(),
            };
        }
        // A refused stream still needs a format; which one does not matter (RFC 3264 §6).
        let format = stream
            .formats
            .split_ascii_whitespace()
            .next()
            .unwrap_or("0");
        MediaLine::Refused {
            media: stream.media.as_str().into(),
            transport: stream.transport.as_str().into(),
            format: format.into(),
        }
    };
    streams.iter().enumerate().map(line).collect()
}
