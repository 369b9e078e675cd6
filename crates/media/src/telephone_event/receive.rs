//! Keys heard: once per press, with the first of its packets that arrives (RFC 4733 §2.5.2).

use super::{END, LONGEST, key_of};

/// Milliseconds of pause that make another press of the same key when neither its marker nor the
/// end of the press before came through. People and machines leave 40 ms at least.
const PAUSE: u32 = 40;

/// Presses remembered, so that a late packet of one is not taken for another.
const REMEMBERED: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Press {
    code: u8,
    /// Timestamp at which it, or its present segment, began.
    began: u32,
    /// Where it stands by the newest packet.
    until: u32,
    ended: bool,
}

/// What one stream's events have told so far.
#[derive(Debug, Default)]
pub(crate) struct EventReceiver {
    presses: [Option<Press>; REMEMBERED],
}

impl EventReceiver {
    /// Forgets all: the stream has another clock now.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Takes a packet. Gives the key when it is pressed now.
    pub(crate) fn receive(
        &mut self,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
        clock_rate: u32,
    ) -> Option<char> {
        let [code, flags, duration @ ..] = *payload.first_chunk::<4>()?;
        let key = key_of(code)?;
        let until = timestamp.wrapping_add(u16::from_be_bytes(duration).into());
        let ended = flags & END != 0;
        let same = |press: &&mut Press| press.began == timestamp && press.code == code;
        if let Some(press) = self.presses.iter_mut().flatten().find(same) {
            if until.wrapping_sub(press.until) as i32 > 0 {
                press.until = until;
            }
            press.ended |= ended;
            return None;
        }
        if let Some(latest) = self.presses.first_mut().and_then(Option::as_mut) {
            let since = timestamp.wrapping_sub(latest.began) as i32;
            // From before the presses that are remembered: told long ago, or too late to tell.
            if since < 0 && since > -(clock_rate as i32) {
                return None;
            }
            // A press too long for one event goes on in another (RFC 4733 §2.5.1.3); some senders
            // move the timestamp with every packet.
            let gap = timestamp.wrapping_sub(latest.until) as i32;
            let goes_on = latest.code == code
                && !latest.ended
                && !marker
                && since >= 0
                && (gap < (clock_rate / 1_000 * PAUSE) as i32 || since == LONGEST as i32);
            if goes_on {
                *latest = Press {
                    code,
                    began: timestamp,
                    until,
                    ended,
                };
                return None;
            }
        }
        self.presses.rotate_right(1);
        if let Some(slot) = self.presses.first_mut() {
            *slot = Some(Press {
                code,
                began: timestamp,
                until,
                ended,
            });
        }
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(code: u8, duration: u16, end: bool) -> [u8; 4] {
        let [a, b] = duration.to_be_bytes();
        [code, if end { 0x80 | 10 } else { 10 }, a, b]
    }

    /// Five packets of a press and three of its end.
    fn press(code: u8, timestamp: u32) -> Vec<(u32, bool, [u8; 4])> {
        let mut packets: Vec<_> = (1..=5_u16)
            .map(|n| (timestamp, n == 1, packet(code, n * 160, false)))
            .collect();
        packets.extend([(timestamp, false, packet(code, 960, true)); 3]);
        packets
    }

    fn told(packets: &[(u32, bool, [u8; 4])]) -> String {
        let mut receiver = EventReceiver::default();
        packets
            .iter()
            .filter_map(|(t, marker, payload)| receiver.receive(*t, *marker, payload, 8_000))
            .collect()
    }

    #[test]
    fn a_press_is_told_once_whichever_of_its_packets_are_lost() {
        let both: Vec<_> = [press(1, 8_000), press(1, 9_600)].concat();
        for lost in 0_u32..1 << 16 {
            let kept: Vec<_> = both
                .iter()
                .enumerate()
                .filter(|(index, _)| lost & (1 << index) == 0)
                .map(|(_, packet)| *packet)
                .collect();
            let presses = [0xFF, 0xFF00].into_iter().filter(|all| lost & all != *all);
            assert_eq!(told(&kept).len(), presses.count(), "{lost:016b}");
        }
    }

    #[test]
    fn every_key_has_its_code_and_other_events_are_none() {
        for code in 0..16 {
            let all: Vec<_> = press(code, 4_000_000_000);
            let key = told(&all);
            assert_eq!(
                key.chars().next().and_then(super::super::code_of),
                Some(code)
            );
        }
        assert_eq!(told(&press(16, 0)), "");
        assert_eq!(told(&press(255, 0)), "");
    }

    #[test]
    fn a_long_press_in_segments_is_one() {
        let mut packets = vec![(100, true, packet(9, 160, false))];
        packets.push((100, false, packet(9, 0xFFFF, false)));
        packets.push((100 + 0xFFFF, false, packet(9, 160, false)));
        packets.push((100 + 2 * 0xFFFF, false, packet(9, 160, true)));
        assert_eq!(told(&packets), "9");
    }

    #[test]
    fn packets_out_of_order_and_from_long_ago_tell_nothing_twice() {
        let mut packets = [press(1, 1_000), press(2, 3_000)].concat();
        packets.swap(3, 9);
        packets.extend(press(1, 1_000));
        assert_eq!(told(&packets), "12");
    }

    #[test]
    fn a_sender_that_moves_the_timestamp_presses_once() {
        let packets: Vec<_> = (0..6_u16)
            .map(|n| (u32::from(n) * 160, n == 0, packet(5, 160, n == 5)))
            .collect();
        assert_eq!(told(&packets), "5");
    }
}
