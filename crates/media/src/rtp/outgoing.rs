//! Our stream as the peer sees it: one source, a sequence without holes, a clock that runs on.

use super::RtpStart;

/// Bytes of the fixed header (RFC 3550 §5.1); we add no extension and no contributing source.
pub(crate) const HEADER: usize = 12;

/// Numbers the packets of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The next packet of audio begins a talk spurt (RFC 3551 §4.1).
    marker: bool,
    packets: u32,
    /// Payload bytes.
    octets: u32,
}

impl Outgoing {
    pub(crate) const fn new(start: RtpStart) -> Self {
        Self {
            ssrc: start.ssrc,
            sequence: start.sequence,
            timestamp: start.timestamp,
            marker: true,
            packets: 0,
            octets: 0,
        }
    }

    /// Writes a packet of audio that begins now. `None` when it does not fit.
    pub(crate) fn audio(
        &mut self,
        buf: &mut [u8],
        payload_type: u8,
        payload: &[u8],
    ) -> Option<usize> {
        buf.get_mut(HEADER..)?
            .get_mut(..payload.len())?
            .copy_from_slice(payload);
        self.header(buf, payload_type, payload.len())
    }

    /// Writes the header before a payload of audio that is in `buf` already.
    pub(crate) fn header(
        &mut self,
        buf: &mut [u8],
        payload_type: u8,
        payload: usize,
    ) -> Option<usize> {
        let marker = self.marker;
        let written = self.any(buf, payload_type, marker, self.timestamp, payload)?;
        self.marker = false;
        Some(written)
    }

    /// Writes the header of a telephone-event that began at `timestamp`, before its payload.
    pub(crate) fn event(
        &mut self,
        buf: &mut [u8],
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: [u8; 4],
    ) -> Option<usize> {
        buf.get_mut(HEADER..)?
            .get_mut(..payload.len())?
            .copy_from_slice(&payload);
        self.marker = true;
        self.any(buf, payload_type, marker, timestamp, payload.len())
    }

    fn any(
        &mut self,
        buf: &mut [u8],
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: usize,
    ) -> Option<usize> {
        let header = buf.first_chunk_mut::<HEADER>()?;
        let [version, kind, fields @ ..] = header;
        *version = 2 << 6;
        *kind = (payload_type & 0x7F) | u8::from(marker) << 7;
        let numbers = self
            .sequence
            .to_be_bytes()
            .into_iter()
            .chain(timestamp.to_be_bytes())
            .chain(self.ssrc.to_be_bytes());
        for (field, byte) in fields.iter_mut().zip(numbers) {
            *field = byte;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload as u32);
        Some(HEADER + payload)
    }

    /// Lets time pass, with or without a packet.
    pub(crate) const fn advance(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// What comes next begins anew.
    pub(crate) const fn pause(&mut self) {
        self.marker = true;
    }

    /// Goes on as another source.
    pub(crate) const fn set_ssrc(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
        self.marker = true;
    }

    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp of what is sent next.
    pub(crate) const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    pub(crate) const fn packets(&self) -> u32 {
        self.packets
    }

    pub(crate) const fn octets(&self) -> u32 {
        self.octets
    }
}
