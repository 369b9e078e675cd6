//! Keys heard: once per press, with the first of its packets that arrives (RFC 4733 §2.5.2).

use super::{END, LONGEST, key_of};

/// Milliseconds of pause that make another press of the same key when neither its marker nor the
/// end of the press before came through. People and machines leave 40 ms at least.
const PAUSE: u32 = 40;

/// Presses remembered, so that a late packet of one is not taken for another.
const REMEMBERED: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Press {
    ssrc: u32,
    code: u8,
    /// Timestamp at which it, or its present segment, began.
    began: u32,
    /// Where it stands by the newest packet.
    until: u32,
    ended: bool,
}

/// What the peer's events have told so far, whichever of its sources they came from.
#[derive(Debug, Default)]
pub(crate) struct EventReceiver {
    presses: [Option<Press>; REMEMBERED],
}

impl EventReceiver {
    /// Takes a packet. Gives the key when it is pressed now.
    pub(crate) fn receive(
        &mut self,
        ssrc: u32,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
        clock_rate: u32,
    ) -> Option<char> {
        let [code, flags, duration @ ..] = *payload.first_chunk::<4>()?;
        let key = key_of(code)?;
        let until = timestamp.wrapping_add(u16::from_be_bytes(duration).into());
        let ended = flags & END != 0;
        let now = Press {
            ssrc,
            code,
            began: timestamp,
            until,
            ended,
        };
        let same =
            |press: &&mut Press| (press.ssrc, press.began, press.code) == (ssrc, timestamp, code);
        if let Some(press) = self.presses.iter_mut().flatten().find(same) {
            if until.wrapping_sub(press.until) as i32 > 0 {
                press.until = until;
            }
            press.ended |= ended;
            return None;
        }
        if let Some(latest) = self.presses.first_mut().and_then(Option::as_mut) {
            let of_source = latest.ssrc == ssrc;
            let since = timestamp.wrapping_sub(latest.began) as i32;
            // From before the presses that are remembered: told long ago, or too late to tell.
            if of_source && since < 0 && since > -(clock_rate as i32) {
                return None;
            }
            if latest.code == code && !marker && now.continues(latest, clock_rate) {
                *latest = now;
                return None;
            }
        }
        self.presses.rotate_right(1);
        if let Some(slot) = self.presses.first_mut() {
            *slot = Some(now);
        }
        Some(key)
    }
}

impl Press {
    /// Whether this, with another timestamp or source and no mark of a beginning, is still the
    /// press before, of the same key.
    fn continues(&self, before: &Press, clock_rate: u32) -> bool {
        if self.ssrc != before.ssrc {
            // The path of the peer's media changed while the key was down.
            return !before.ended;
        }
        let since = self.began.wrapping_sub(before.began) as i32;
        let gap = self.began.wrapping_sub(before.until) as i32;
        // Some senders move the timestamp with every packet, those of the end included.
        let moved = gap < (clock_rate / 1_000 * PAUSE) as i32 && (!before.ended || self.ended);
        // A press too long for one event goes on in another (RFC 4733 §2.5.1.3).
        let next_segment = since == LONGEST as i32 && !before.ended;
        since >= 0 && (moved || next_segment)
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
            .filter_map(|(t, marker, payload)| receiver.receive(1, *t, *marker, payload, 8_000))
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
    fn a_straggler_of_a_press_that_is_remembered_no_more_tells_nothing() {
        let quick = |n: u32| (1_000 + n * 1_000, true, packet(n as u8, 320, true));
        let mut packets: Vec<_> = (0..6).map(quick).collect();
        packets.push(quick(0));
        assert_eq!(told(&packets), "012345");
    }

    #[test]
    fn a_sender_that_moves_the_timestamp_presses_once() {
        let packets: Vec<_> = (0..6_u16)
            .map(|n| (u32::from(n) * 160, n == 0, packet(5, 160, n >= 3)))
            .collect();
        assert_eq!(told(&packets), "5");
        // The next press of the key is another one, even if only its end comes through.
        let next = (5 * 160 + 160 + 480, false, packet(5, 480, true));
        assert_eq!(told(&[packets, vec![next]].concat()), "55");
    }

    #[test]
    fn a_press_is_told_once_when_the_peer_changes_its_source_and_stragglers_follow() {
        let mut receiver = EventReceiver::default();
        let mut take = |ssrc, (timestamp, marker, payload): (u32, bool, [u8; 4])| {
            receiver.receive(ssrc, timestamp, marker, &payload, 8_000)
        };
        let (old, new) = (press(1, 8_000), press(2, 700));
        assert_eq!(take(0xA, old[0]), Some('1'));
        assert_eq!(take(0xB, new[0]), Some('2'));
        for packet in &old[1..] {
            assert_eq!(take(0xA, *packet), None, "a straggler");
        }
        for packet in &new[1..] {
            assert_eq!(take(0xB, *packet), None);
        }
        // The same key under way while the source changes: its beginning has no mark.
        let held: Vec<_> = press(3, 40_000);
        assert_eq!(take(0xB, held[0]), Some('3'));
        for packet in press(3, 900).into_iter().skip(2) {
            assert_eq!(take(0xC, packet), None, "still down");
        }
        assert_eq!(take(0xC, press(3, 5_000)[0]), Some('3'), "pressed again");
        for packet in &press(3, 5_000)[1..] {
            assert_eq!(take(0xC, *packet), None);
        }
        assert_eq!(take(0xD, press(3, 77)[3]), Some('3'), "it had come up");
    }
}
