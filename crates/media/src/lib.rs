//! Media of a call, as far as it needs no socket and no clock.
//!
//! [`sdp`] agrees on a stream with the peer (offer and answer, RFC 3264). A [`Session`] is one
//! leg's audio: packets and beats of 20 ms go in, packets and events come out. On the way in it
//! finds the peer (symmetric RTP), puts packets in order, bridges losses and hears keys and speech;
//! on the way out it plays, sends keys and reports (RTP and RTCP, RFC 3550; keys, RFC 4733).
//!
//! Promises: no panic on any input; a stranger neither hears nor is heard; one packet with every
//! beat; no allocation per beat while G.711 plays; a few KB per leg. Leaves out: SRTP, RED,
//! sending other than 20 ms per packet (`a=ptime` and `a=maxptime` are wishes; packets of any
//! length up to 200 ms are played), stereo.

pub mod codec;
mod decoder;
pub mod direction;
mod encoder;
mod jitter;
mod latch;
mod opus;
mod rtcp;
pub mod rtp;
pub mod sdp;
mod session;
mod telephone_event;

pub use codec::{Codec, UnknownCodec};
pub use direction::Direction;
pub use sdp::{
    AnswerError, Format, Formats, LocalMedia, NegotiatedStream, OfferAnswer, OfferError, OpusWish,
};
pub use session::{
    DubChange, FeedMark, Ignored, KeySource, KeyToSend, MediaEvent, PlayEnd, PlayId, Session,
    SessionConfig, Statistics, TapId, VoiceWatch,
};
