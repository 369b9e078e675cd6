//! Packets of the peer: whose they are, what they carry, and when none come.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtp_types::RtpPacket;

use super::{Collision, KeySource, MediaEvent, Session};
use crate::Format;
use crate::decoder::payload_ticks;
use crate::jitter::Content;
use crate::latch::Verdict;
use crate::rtp::{Arrival, Reception};

/// Comfort noise at 8 kHz (RFC 3389), static and never negotiated in words.
const COMFORT_NOISE: u8 = 13;

/// For so long, packets of the source before are stragglers and not a change back.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// RTCP packet types that cannot be RTP of ours (RFC 5761 §4).
fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

impl Session {
    /// Takes a packet of the RTP port, RTCP included when it is multiplexed.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        if is_rtcp(packet) {
            return self.receive_rtcp(now, from, packet);
        }
        let Ok(rtp) = RtpPacket::parse(packet) else {
            self.counters.ignored.malformed += 1;
            return;
        };
        let Some(stream) = self.stream else {
            self.counters.ignored.unexpected += 1;
            return;
        };
        let payload_type = rtp.payload_type();
        let agreed = stream.format(payload_type);
        let format = agreed.or_else(|| self.before.find(payload_type));
        if format.is_none() && payload_type != COMFORT_NOISE {
            self.counters.ignored.unknown_payload += 1;
            return;
        }
        match self
            .latch
            .judge(now, from, rtp.ssrc(), rtp.sequence_number())
        {
            Verdict::Take => {}
            Verdict::TakeFromNow => self.tell(MediaEvent::Latched(from)),
            Verdict::Ignore => {
                self.counters.ignored.stranger += 1;
                return;
            }
        }
        if agreed.is_some() {
            // The peer has changed over.
            self.before = crate::Formats::default();
        }
        if rtp.ssrc() == self.outgoing.ssrc() && self.collision == Collision::None {
            self.collision = Collision::Found;
        }
        self.last_packet = Some(now);
        self.silence_told = false;
        self.counters.packets_received += 1;
        self.counters.bytes_received += rtp.payload_len() as u64;
        if !stream.direction.receives() {
            return;
        }
        if format == Some(Format::TelephoneEvent) {
            self.receive_event(&rtp);
        } else {
            self.receive_audio(now, &rtp, format);
        }
    }

    fn receive_event(&mut self, rtp: &RtpPacket<'_>) {
        let ssrc = rtp.ssrc();
        // Some gateways give events a source of their own.
        if let Some(reception) = &mut self.reception
            && reception.ssrc() == ssrc
        {
            reception.count(rtp.sequence_number());
        }
        let clock_rate = self
            .stream
            .map_or(8_000, |stream| stream.telephone_event_rate);
        let (timestamp, marker) = (rtp.timestamp(), rtp.marker_bit());
        let key = self
            .keys
            .receive(ssrc, timestamp, marker, rtp.payload(), clock_rate);
        if let Some(key) = key {
            self.tell_key(key, KeySource::Event);
        }
    }

    fn receive_audio(&mut self, now: Instant, rtp: &RtpPacket<'_>, format: Option<Format>) {
        let (content, clock_rate, ticks) = match format {
            Some(Format::Audio(codec)) => {
                let Some(ticks) = payload_ticks(codec, rtp.payload()) else {
                    self.counters.ignored.malformed += 1;
                    return;
                };
                (Content::Audio(codec), codec.clock_rate(), ticks)
            }
            _ => (Content::Silence, 8_000, 160),
        };
        let sequence = rtp.sequence_number();
        if !self.is_source(now, rtp.ssrc(), sequence) {
            self.counters.ignored.stale += 1;
            return;
        }
        let Some(reception) = &mut self.reception else {
            return;
        };
        let number = match reception.count(sequence) {
            Arrival::Counted(number) => number,
            Arrival::Restarted(number) => {
                self.jitter.restart();
                number
            }
            Arrival::Duplicate => {
                self.counters.duplicates += 1;
                return;
            }
            Arrival::Stale => {
                self.counters.ignored.stale += 1;
                return;
            }
        };
        reception.measure(now, rtp.timestamp(), clock_rate);
        let timestamp = rtp.timestamp();
        self.jitter
            .push(number, timestamp, ticks, clock_rate, content, rtp.payload());
    }

    /// Whether this source is the one that is heard. A new one takes over at once.
    fn is_source(&mut self, now: Instant, ssrc: u32, sequence: u16) -> bool {
        match &self.reception {
            Some(reception) if reception.ssrc() == ssrc => return true,
            Some(reception) => {
                if let Some((former, since)) = self.former
                    && former == ssrc
                    && now.saturating_duration_since(since) < STRAGGLERS
                {
                    return false;
                }
                self.former = Some((reception.ssrc(), now));
                self.counters.lost_before += i64::from(reception.lost());
                self.jitter.restart();
            }
            None => {}
        }
        self.reception = Some(Reception::new(ssrc, sequence));
        true
    }

    /// Takes a packet of the RTCP port.
    pub fn receive_rtcp(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        if self.stream.is_none() {
            self.counters.ignored.unexpected += 1;
            return;
        }
        let described = self.stream.and_then(|stream| stream.rtcp);
        let known =
            self.latch.knows(from.ip()) || described.is_some_and(|rtcp| rtcp.ip() == from.ip());
        if !known {
            self.counters.ignored.stranger += 1;
        } else if !self.reports.read(now, packet, self.outgoing.ssrc()) {
            self.counters.ignored.malformed += 1;
        } else {
            self.reports.source = Some(from);
        }
    }

    /// Tells once when nothing comes from a peer that may send.
    pub(super) fn watch_packets(&mut self, now: Instant) {
        let may_send = self
            .stream
            .is_some_and(|stream| stream.direction.receives());
        if !may_send {
            self.last_packet = Some(now);
            return;
        }
        let (Some(timeout), Some(last)) = (self.config.packet_timeout, self.last_packet) else {
            return;
        };
        if !self.silence_told && now.saturating_duration_since(last) >= timeout {
            self.silence_told = true;
            self.events.push_back(MediaEvent::NoPackets);
        }
    }
}
