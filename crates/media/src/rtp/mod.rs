//! RTP packets (RFC 3550): what goes out, and in what order it came in.

mod outgoing;
mod reception;

pub(crate) use outgoing::{HEADER, Outgoing};
pub(crate) use reception::{Arrival, Reception, ReceptionReport, ticks};

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
