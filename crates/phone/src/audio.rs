//! The audio side of one leg: what was agreed, and silence to send.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use hookflash_media::rtp::{PACKET_SIZE, RtpStart, SilenceSource};
use hookflash_media::{Codec, LocalMedia, OfferAnswer, OfferError};

/// Offer and answer of a leg, and its silence.
pub(crate) struct Audio {
    session: OfferAnswer,
    silence: SilenceSource,
}

impl Audio {
    /// A leg whose RTP port is `address`. `random` is different for each leg.
    pub(crate) fn new(address: SocketAddr, random: u64) -> Audio {
        let [a, b, c, d, e, f, g, h] = random.to_be_bytes();
        let start = RtpStart::from_random([a, b, c, d, e, f, g, h, a ^ e, b ^ f]);
        Audio {
            session: OfferAnswer::new(LocalMedia {
                address: address.ip(),
                port: address.port(),
                codecs: Arc::new([Codec::Pcmu, Codec::Pcma]),
                session_id: random >> 1,
            }),
            silence: SilenceSource::new(Codec::Pcmu, 0, start),
        }
    }

    pub(crate) fn offer(&mut self) -> Bytes {
        self.session.offer()
    }

    /// Our answer, or the status that refuses the offer.
    pub(crate) fn answer(&mut self, offer: &[u8]) -> Result<Bytes, u16> {
        let answer = self.session.answer(offer).map_err(|error| match error {
            OfferError::Unreadable(_) => 400_u16,
            OfferError::NoAudio { .. } | OfferError::NoCommonCodec { .. } => 488,
        })?;
        self.follow_codec();
        Ok(answer)
    }

    /// The peer's answer to our offer. One that gives no stream leaves the leg silent.
    pub(crate) fn settled(&mut self, answer: &[u8]) {
        if self.session.accept_answer(answer).is_ok() {
            self.follow_codec();
        }
    }

    /// The packet of this beat, and where it goes.
    pub(crate) fn next_packet(&mut self) -> Option<([u8; PACKET_SIZE], SocketAddr)> {
        let to = self.session.stream()?.sends_to()?;
        let mut packet = [0; PACKET_SIZE];
        self.silence.next_packet(&mut packet).ok()?;
        Some((packet, to))
    }

    fn follow_codec(&mut self) {
        if let Some(stream) = self.session.stream() {
            self.silence.set_codec(stream.codec, stream.payload_type);
        }
    }
}
