//! The order of the peer's packets and what became of them (RFC 3550 appendices A.1, A.3, A.8).

use std::time::{Duration, Instant};

/// A sequence number that is ahead of the last one by less is new; the peer may have lost so many.
const MAX_DROPOUT: u16 = 3_000;

/// A sequence number behind the last one by less is late and not the beginning of a restart.
const MAX_MISORDER: u16 = 100;

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// In order, or late. Its number goes on past 65,535.
    Counted(u32),
    /// It was there before.
    Duplicate,
    /// The source numbers anew, from this number: what was before says nothing any more.
    Restarted(u32),
    /// Far from the others: from a restart, or from long ago. Only the next packet shows which.
    Stale,
}

/// Numbers and statistics of one source.
#[derive(Debug, Clone)]
pub(crate) struct Reception {
    ssrc: u32,
    /// Highest number seen, and how often the numbers wrapped, as one.
    highest: u32,
    base: u32,
    /// The last 64 numbers up to the highest: a bit for each that came.
    seen: u64,
    /// The number that would prove a restart.
    restart: Option<u16>,
    received: u32,
    expected_before: u32,
    received_before: u32,
    transit: Option<(Instant, u32)>,
    /// In sixteenths of a tick, as the RFC's integer algorithm has it.
    jitter: u32,
}

/// What a report block says of a source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReceptionReport {
    /// Lost since the last report, in parts of 256.
    pub(crate) fraction_lost: u8,
    /// Lost in all; negative when duplicates outnumber losses.
    pub(crate) cumulative_lost: i32,
    pub(crate) highest: u32,
    /// In RTP ticks.
    pub(crate) jitter: u32,
}

impl Reception {
    /// A source whose first packet has this number.
    pub(crate) fn new(ssrc: u32, sequence: u16) -> Self {
        let mut new = Self {
            ssrc,
            highest: 0,
            base: 0,
            seen: 0,
            restart: None,
            received: 0,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter: 0,
        };
        new.begin(sequence);
        new
    }

    fn begin(&mut self, sequence: u16) {
        // One turn ahead, so that a packet from before the first one has a number as well.
        self.highest = 0x1_0000 | u32::from(sequence);
        self.base = self.highest;
        self.seen = 0;
        self.restart = None;
        self.received = 0;
        self.expected_before = 0;
        self.received_before = 0;
        self.transit = None;
    }

    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Counts a packet.
    pub(crate) fn count(&mut self, sequence: u16) -> Arrival {
        let last = self.highest as u16;
        let ahead = sequence.wrapping_sub(last);
        let behind = last.wrapping_sub(sequence);
        let arrival = if ahead < MAX_DROPOUT {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
            self.seen = self.seen.checked_shl(ahead.into()).unwrap_or(0);
            self.mark(0, self.highest)
        } else if behind < MAX_MISORDER {
            self.mark(behind, self.highest.wrapping_sub(u32::from(behind)))
        } else if self.restart == Some(sequence) {
            self.begin(sequence);
            self.seen = 1;
            Arrival::Restarted(self.highest)
        } else {
            self.restart = Some(sequence.wrapping_add(1));
            return Arrival::Stale;
        };
        self.restart = None;
        self.received = self.received.wrapping_add(1);
        arrival
    }

    fn mark(&mut self, behind: u16, number: u32) -> Arrival {
        // Beyond 64 it is too late to be played, once or twice.
        let bit = 1_u64.checked_shl(behind.into()).unwrap_or(0);
        let seen = self.seen & bit != 0;
        self.seen |= bit;
        match seen {
            true => Arrival::Duplicate,
            false => Arrival::Counted(number),
        }
    }

    /// Measures the jitter, from packets of audio only: those of an event share one timestamp.
    pub(crate) fn measure(&mut self, now: Instant, timestamp: u32, clock_rate: u32) {
        let Some((then, timestamp_then)) = self.transit.replace((now, timestamp)) else {
            return;
        };
        let elapsed = ticks(now.saturating_duration_since(then), clock_rate);
        let sent = i64::from(timestamp.wrapping_sub(timestamp_then) as i32);
        let difference = (elapsed as i64 - sent).unsigned_abs();
        // A pause of the peer's clock is no jitter.
        if difference > u64::from(clock_rate) {
            return;
        }
        let jitter = self.jitter;
        self.jitter = (jitter + difference as u32).saturating_sub((jitter + 8) >> 4);
    }

    /// In RTP ticks.
    pub(crate) const fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    const fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.base).wrapping_add(1)
    }

    /// Packets that never came.
    pub(crate) fn lost(&self) -> i32 {
        self.expected().wrapping_sub(self.received) as i32
    }

    /// What the next report says; the following one starts from here.
    pub(crate) fn report(&mut self) -> ReceptionReport {
        let expected = self.expected();
        let expected_now = expected.wrapping_sub(self.expected_before);
        let received_now = self.received.wrapping_sub(self.received_before);
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = i64::from(expected_now) - i64::from(received_now);
        let fraction_lost = match u8::try_from(lost_now * 256 / i64::from(expected_now.max(1))) {
            Ok(fraction) => fraction,
            Err(_) if lost_now > 0 => u8::MAX,
            Err(_) => 0,
        };
        ReceptionReport {
            fraction_lost,
            cumulative_lost: self.lost(),
            highest: self.highest.wrapping_sub(0x1_0000),
            jitter: self.jitter(),
        }
    }
}

/// A time in ticks of a clock.
pub(crate) fn ticks(time: Duration, clock_rate: u32) -> u64 {
    let ticks = time.as_micros() * u128::from(clock_rate) / 1_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_past_their_end_and_late_packets_keep_theirs() {
        let mut reception = Reception::new(1, 65_534);
        let first = reception.count(65_534);
        let Arrival::Counted(first) = first else {
            panic!("{first:?}")
        };
        assert_eq!(reception.count(0), Arrival::Counted(first + 2));
        assert_eq!(reception.count(65_535), Arrival::Counted(first + 1));
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn a_leap_is_a_restart_only_when_the_next_packet_follows_it() {
        let mut reception = Reception::new(1, 10);
        reception.count(10);
        assert_eq!(reception.count(40_000), Arrival::Stale);
        assert!(matches!(reception.count(11), Arrival::Counted(_)));
        assert_eq!(reception.count(40_000), Arrival::Stale);
        assert!(matches!(reception.count(40_001), Arrival::Restarted(_)));
        assert!(matches!(reception.count(40_002), Arrival::Counted(_)));
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn every_fifth_packet_lost_is_a_fifth() {
        let mut reception = Reception::new(1, 0);
        for sequence in (0..100_u16).filter(|n| n % 5 != 2) {
            reception.count(sequence);
        }
        let report = reception.report();
        assert_eq!((report.fraction_lost, report.cumulative_lost), (51, 20));
        assert_eq!(report.highest, 99);
        for sequence in 100..200 {
            reception.count(sequence);
        }
        let report = reception.report();
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, 20));
    }

    #[test]
    fn more_duplicates_than_losses_are_a_negative_loss_and_no_fraction() {
        let mut reception = Reception::new(1, 7);
        for sequence in [7, 7, 8, 8, 9] {
            reception.count(sequence);
        }
        let report = reception.report();
        assert_eq!((report.fraction_lost, report.cumulative_lost), (0, -2));
    }

    #[test]
    fn what_comes_after_many_others_is_late_and_no_restart() {
        let mut reception = Reception::new(1, 1_000);
        reception.count(1_000);
        reception.count(1_090);
        for late in [1_001, 1_002] {
            assert!(matches!(reception.count(late), Arrival::Counted(_)));
        }
    }

    #[test]
    fn a_pause_of_the_peers_clock_is_no_jitter() {
        let mut reception = Reception::new(1, 0);
        let began = Instant::now();
        reception.measure(began, 0, 8_000);
        reception.measure(began + Duration::from_secs(5), 160, 8_000);
        assert_eq!(reception.jitter(), 0);
        reception.measure(began + Duration::from_millis(5_120), 320, 8_000);
        assert_eq!(reception.jitter(), 50, "a sixteenth of 100 ms");
    }
}
