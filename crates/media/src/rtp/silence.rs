//! Silence for a leg that nothing else is done with.

use rtp_types::RtpPacket;

use super::{Outgoing, RtpStart};
use crate::codec::Codec;

/// Samples in a packet of G.711, 20 ms at 8 kHz; also its payload's bytes.
pub const SAMPLES_PER_PACKET: u16 = 160;

/// Bytes of a packet of [`SilenceSource`] in G.711.
pub const PACKET_SIZE: usize = RtpPacket::MIN_RTP_PACKET_LEN + SAMPLES_PER_PACKET as usize;

/// Makes one packet of silence for every beat of 20 ms, so that no media timer of the peer ends the
/// call and address translators stay open.
#[derive(Debug, Clone)]
pub struct SilenceSource {
    codec: Codec,
    payload_type: u8,
    outgoing: Outgoing,
}

/// The buffer is shorter than the packet: [`PACKET_SIZE`] in G.711.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferTooShort;

impl SilenceSource {
    /// A stream that has not begun.
    pub const fn new(codec: Codec, payload_type: u8, start: RtpStart) -> Self {
        Self {
            codec,
            payload_type,
            outgoing: Outgoing::new(start),
        }
    }

    /// Goes on with another codec or payload type, after a new offer and answer.
    pub const fn set_codec(&mut self, codec: Codec, payload_type: u8) {
        self.codec = codec;
        self.payload_type = payload_type;
    }

    /// Writes the next packet and returns its length.
    pub fn next_packet(&mut self, buf: &mut [u8]) -> Result<usize, BufferTooShort> {
        let written = self
            .outgoing
            .audio(buf, self.payload_type, self.codec.silence())
            .ok_or(BufferTooShort)?;
        self.outgoing.advance(self.codec.packet_ticks());
        Ok(written)
    }

    /// Lets a beat pass without a packet: time goes on, the sequence does not, and the next packet
    /// begins anew.
    pub const fn skip_packet(&mut self) {
        self.outgoing.pause();
        self.outgoing.advance(self.codec.packet_ticks());
    }
}
