//! RTP packets (RFC 3550): silence going out.

use rtp_types::{RtpPacket, RtpPacketBuilder};

use crate::codec::Codec;

/// Samples in a packet, 20 ms at 8 kHz; also its payload's bytes in G.711.
pub const SAMPLES_PER_PACKET: u16 = 160;

/// Bytes of a packet of [`SilenceSource`].
pub const PACKET_SIZE: usize = RtpPacket::MIN_RTP_PACKET_LEN + SAMPLES_PER_PACKET as usize;

static PCMU_SILENCE: [u8; SAMPLES_PER_PACKET as usize] =
    [Codec::Pcmu.silence(); SAMPLES_PER_PACKET as usize];
static PCMA_SILENCE: [u8; SAMPLES_PER_PACKET as usize] =
    [Codec::Pcma.silence(); SAMPLES_PER_PACKET as usize];

/// Where a stream begins. All three are random (RFC 3550 §5.1, §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpStart {
    /// Synchronisation source.
    pub ssrc: u32,
    /// First sequence number.
    pub sequence: u16,
    /// First timestamp.
    pub timestamp: u32,
}

impl RtpStart {
    /// Takes the start from random bytes that the caller provides.
    pub const fn from_random(bytes: [u8; 10]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j] = bytes;
        Self {
            ssrc: u32::from_be_bytes([a, b, c, d]),
            sequence: u16::from_be_bytes([e, f]),
            timestamp: u32::from_be_bytes([g, h, i, j]),
        }
    }
}

/// Makes one packet of silence for every beat of 20 ms, so that no media timer of the peer ends the
/// call and address translators stay open.
#[derive(Debug, Clone)]
pub struct SilenceSource {
    codec: Codec,
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The next packet begins a talk spurt (RFC 3551 §4.1).
    marker: bool,
}

/// The buffer is shorter than [`PACKET_SIZE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferTooShort;

impl SilenceSource {
    /// A stream that has not begun.
    pub const fn new(codec: Codec, payload_type: u8, start: RtpStart) -> Self {
        Self {
            codec,
            payload_type,
            ssrc: start.ssrc,
            sequence: start.sequence,
            timestamp: start.timestamp,
            marker: true,
        }
    }

    /// Goes on with another codec or payload type, after a new offer and answer.
    pub const fn set_codec(&mut self, codec: Codec, payload_type: u8) {
        self.codec = codec;
        self.payload_type = payload_type;
    }

    /// Writes the next packet and returns its length.
    pub fn next_packet(&mut self, buf: &mut [u8]) -> Result<usize, BufferTooShort> {
        let silence = match self.codec {
            Codec::Pcmu => &PCMU_SILENCE,
            Codec::Pcma => &PCMA_SILENCE,
        };
        let written = RtpPacketBuilder::<&[u8], &[u8]>::new()
            .marker_bit(self.marker)
            .payload_type(self.payload_type)
            .sequence_number(self.sequence)
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(silence)
            .write_into(buf)
            .map_err(|_| BufferTooShort)?;
        self.marker = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES_PER_PACKET.into());
        Ok(written)
    }

    /// Lets a beat pass without a packet: time goes on, the sequence does not, and the next packet
    /// begins anew.
    pub const fn skip_packet(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(SAMPLES_PER_PACKET as u32);
        self.marker = true;
    }
}
