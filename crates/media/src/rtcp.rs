//! Reports to the peer and from it (RFC 3550 §6).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk,
    SdesItem, SenderReport,
};

use crate::rtp::{Outgoing, ReceptionReport, RtpStart};

/// The least interval between reports, before it is randomised (RFC 3550 §6.2). Two parties at a
/// telephone's bandwidth never need a longer one.
const INTERVAL: Duration = Duration::from_secs(5);

/// Makes up for the timer's reconsideration: e - 3/2 (RFC 3550 §6.3.1).
const COMPENSATION: f64 = 1.218_28;

/// Where our clock begins. The wall clock is nobody's business here: elapsed time will do (RFC 3550
/// §6.4.1), and zero would read as "never".
const EPOCH: Duration = Duration::from_secs(3_600);

/// A round trip beyond this is a mistake of the peer's.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(30);

/// What the peer says of our stream.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct PeerReport {
    pub(crate) lost: i32,
    /// In ticks of our stream.
    pub(crate) jitter: u32,
    pub(crate) round_trip: Option<Duration>,
}

/// The reports of one stream.
#[derive(Debug)]
pub(crate) struct Reports {
    random: u64,
    cname: u64,
    began: Option<Instant>,
    due: Option<Instant>,
    /// Packets that we had sent when we last reported, and the time before.
    sent_before: [u32; 2],
    /// Source and middle of the NTP time of the peer's last sender report, and when it came.
    last_report: Option<(u32, u32, Instant)>,
    pub(crate) peer: Option<PeerReport>,
    /// Where the peer's reports come from.
    pub(crate) source: Option<SocketAddr>,
}

impl Reports {
    /// The numbers of the stream's start are the seed of what is random.
    pub(crate) fn new(start: RtpStart) -> Self {
        let seed = u64::from(start.ssrc) << 32 | u64::from(start.timestamp);
        let mut random = seed ^ u64::from(start.sequence).rotate_left(23) ^ 0x9E37_79B9_7F4A_7C15;
        next_random(&mut random);
        Self {
            random,
            cname: next_random(&mut random.clone()),
            began: None,
            due: None,
            sent_before: [0; 2],
            last_report: None,
            peer: None,
            source: None,
        }
    }

    /// Reports from now on.
    pub(crate) fn begin(&mut self, now: Instant) {
        if self.began.is_none() {
            self.began = Some(now);
            // The first one comes after half the time (RFC 3550 §6.2).
            self.due = Some(now + self.interval() / 2);
        }
    }

    /// A source in place of one that somebody else has too.
    pub(crate) fn other_source(&mut self, than: u32) -> u32 {
        let other = (next_random(&mut self.random) >> 32) as u32;
        if other == than { !other } else { other }
    }

    fn interval(&mut self) -> Duration {
        let random = next_random(&mut self.random) >> 11;
        let fraction = random as f64 / (1_u64 << 53) as f64;
        INTERVAL.mul_f64((0.5 + fraction) / COMPENSATION)
    }

    /// Whether a report is due; the next one is set.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        self.due = Some(now + self.interval());
        true
    }

    /// Time since our epoch in 1/2^32 seconds.
    fn ntp(&self, now: Instant) -> u64 {
        let began = self.began.unwrap_or(now);
        let elapsed = now.saturating_duration_since(began) + EPOCH;
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        elapsed.as_secs() << 32 | fraction
    }

    /// Writes a report on what we sent and received, and a farewell if it is the last.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        buf: &mut [u8],
        outgoing: &Outgoing,
        received: Option<(u32, ReceptionReport)>,
        farewell: bool,
    ) -> Option<usize> {
        let ssrc = outgoing.ssrc();
        // Since the last report or the one before (RFC 3550 §6.4).
        let [last, before_last] = self.sent_before;
        let sends = outgoing.packets() != before_last;
        self.sent_before = [outgoing.packets(), last];
        let block = received.map(|(source, report)| self.block(now, source, report));
        let cname = format!("{:016x}", self.cname);
        let mut compound = Compound::builder();
        if sends {
            let mut report = SenderReport::builder(ssrc)
                .ntp_timestamp(self.ntp(now))
                .rtp_timestamp(outgoing.timestamp())
                .packet_count(outgoing.packets())
                .octet_count(outgoing.octets());
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            compound = compound.add_packet(report);
        } else {
            let mut report = ReceiverReport::builder(ssrc);
            if let Some(block) = block {
                report = report.add_report_block(block);
            }
            compound = compound.add_packet(report);
        }
        let chunk = SdesChunk::builder(ssrc).add_item(SdesItem::builder(SdesItem::CNAME, &cname));
        compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
        if farewell {
            compound = compound.add_packet(Bye::builder().add_source(ssrc));
        }
        compound.write_into(buf).ok()
    }

    fn block(&self, now: Instant, source: u32, report: ReceptionReport) -> ReportBlockBuilder {
        let block = ReportBlock::builder(source)
            .fraction_lost(report.fraction_lost)
            .cumulative_lost(lost_field(report.cumulative_lost))
            .extended_sequence_number(report.highest)
            .interarrival_jitter(report.jitter);
        match self.last_report {
            Some((reporter, time, came)) if reporter == source => block
                .last_sender_report_timestamp(time)
                .delay_since_last_sender_report_timestamp(short(
                    now.saturating_duration_since(came),
                )),
            _ => block,
        }
    }

    /// Reads a packet of the peer's. False when it is not one that RFC 3550 appendix A.2 lets pass.
    pub(crate) fn read(&mut self, now: Instant, packet: &[u8], ours: u32) -> bool {
        let Ok(compound) = Compound::parse(packet) else {
            return false;
        };
        for (index, part) in compound.enumerate() {
            match part {
                Ok(Packet::Sr(report)) => {
                    let middle = (report.ntp_timestamp() >> 16) as u32;
                    self.last_report = Some((report.ssrc(), middle, now));
                    report
                        .report_blocks()
                        .for_each(|block| self.take(now, &block, ours));
                }
                Ok(Packet::Rr(report)) => {
                    report
                        .report_blocks()
                        .for_each(|block| self.take(now, &block, ours));
                }
                // A compound packet begins with a report.
                Ok(_) if index > 0 => {}
                _ => return index > 0,
            }
        }
        true
    }

    fn take(&mut self, now: Instant, block: &ReportBlock<'_>, ours: u32) {
        if block.ssrc() != ours {
            return;
        }
        let asked = block.last_sender_report_timestamp();
        let delay = block.delay_since_last_sender_report_timestamp();
        let here = (self.ntp(now) >> 16) as u32;
        let round_trip = here.wrapping_sub(asked).wrapping_sub(delay);
        let round_trip = Duration::from_micros((u64::from(round_trip) * 1_000_000) >> 16);
        let known = asked != 0 && round_trip <= LONGEST_ROUND_TRIP;
        let before = self.peer.and_then(|peer| peer.round_trip);
        self.peer = Some(PeerReport {
            // 24 bits with a sign.
            lost: ((block.cumulative_lost() << 8) as i32) >> 8,
            jitter: block.interarrival_jitter(),
            round_trip: if known { Some(round_trip) } else { before },
        });
    }
}

/// The 24 bits of a cumulative loss (RFC 3550 §6.4.1).
fn lost_field(lost: i32) -> u32 {
    (lost.clamp(-0x80_0000, 0x7F_FFFF) as u32) & 0xFF_FFFF
}

/// A time in 1/65,536 seconds.
fn short(time: Duration) -> u32 {
    u32::try_from((time.as_micros() << 16) / 1_000_000).unwrap_or(u32::MAX)
}

/// One step of xorshift64*; a seed of 0 cannot happen, for it is mixed with a constant.
fn next_random(state: &mut u64) -> u64 {
    *state |= u64::from(*state == 0);
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}
