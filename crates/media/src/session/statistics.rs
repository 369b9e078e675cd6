//! Numbers of a session, for call records and for whoever looks for a fault.

use std::time::Duration;

use super::Session;

/// Packets that were not taken, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Neither RTP nor RTCP, or not the payload that the type announces.
    pub malformed: u64,
    /// From a source that is not the peer's.
    pub stranger: u64,
    /// Of a payload type that was not agreed on.
    pub unknown_payload: u64,
    /// From before a change of source, or far from the others in number.
    pub stale: u64,
    /// Before anything was agreed.
    pub unexpected: u64,
}

/// What has passed through a session so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statistics {
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Their payload bytes.
    pub bytes_sent: u64,
    /// RTP packets taken.
    pub packets_received: u64,
    /// Their payload bytes.
    pub bytes_received: u64,
    /// Packets of the peer that never came (RFC 3550 appendix A.3); duplicates count against them.
    pub packets_lost: i64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Packets left out because far too many waited.
    pub surplus: u64,
    /// Audio of the caller that had to be made up.
    pub concealed: Duration,
    /// What the jitter buffer holds now.
    pub delay: Duration,
    /// Interarrival jitter of the peer's packets (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// Our packets that the peer has not received, by its last report.
    pub peer_lost: Option<i64>,
    /// Interarrival jitter of our packets, by its last report.
    pub peer_jitter: Option<Duration>,
    /// Time to the peer and back, by its last report.
    pub round_trip: Option<Duration>,
    /// Packets not taken.
    pub ignored: Ignored,
}

/// What is counted as it happens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) packets_received: u64,
    pub(super) bytes_received: u64,
    pub(super) duplicates: u64,
    pub(super) ignored: Ignored,
    /// Lost of sources before the present one.
    pub(super) lost_before: i64,
}

impl Session {
    /// What has passed through so far.
    pub fn statistics(&self) -> Statistics {
        let clock_rate = self
            .stream
            .map_or(8_000, |stream| stream.codec.clock_rate());
        let time = |ticks: u32| {
            Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(clock_rate))
        };
        let reception = self.reception.as_ref();
        let peer = self.reports.peer;
        let rate = u64::from(self.decoder.rate().max(1));
        Statistics {
            packets_sent: self.outgoing.packets().into(),
            bytes_sent: self.outgoing.octets().into(),
            packets_received: self.counters.packets_received,
            bytes_received: self.counters.bytes_received,
            packets_lost: self.counters.lost_before
                + reception.map_or(0, |reception| reception.lost().into()),
            duplicates: self.counters.duplicates,
            late: self.jitter.discarded.late.into(),
            surplus: self.jitter.discarded.surplus.into(),
            concealed: Duration::from_micros(self.jitter.concealed * 1_000_000 / rate),
            delay: Duration::from_millis(self.jitter.delay(&self.decoder).into()),
            jitter: reception.map_or(Duration::ZERO, |reception| time(reception.jitter())),
            peer_lost: peer.map(|peer| peer.lost.into()),
            peer_jitter: peer.map(|peer| time(peer.jitter)),
            round_trip: peer.and_then(|peer| peer.round_trip),
            ignored: self.counters.ignored,
        }
    }
}
