//! The jitter buffer: packets come in at any time and in any order, 20 ms go out with every beat.
//!
//! What decides is the *slack*: how much audio would be left after a beat took its 20 ms. Its
//! minimum over some seconds contains the network's jitter, the loss of newest packets and the
//! drift of the two clocks alike. It is held between [`LOW`] and [`HIGH`] by leaving out or
//! repeating a few milliseconds where the wave meets itself; packets that come after their time
//! raise both. An empty buffer is bridged, and when the missing packet comes after all, the delay
//! has grown by the bridge.

mod conceal;
mod stretch;

use std::collections::VecDeque;

use crate::codec::Codec;
use crate::decoder::Decoder;

/// Audio held back when a stream begins.
const BEGIN: u32 = 40;

/// Slack below which the delay grows.
const LOW: u32 = 15;

/// Slack above which the delay shrinks.
const HIGH: u32 = 35;

/// Slack added for every packet that came too late, and at most; and for how many watches
/// without one it is kept.
const RESERVE: u32 = 10;
const MOST_RESERVE: u32 = 120;
const KEEP_RESERVE: u32 = 15;

/// Audio held at most; the oldest goes beyond it.
const MOST: u32 = 240;

/// A gap that is bridged. A longer one is a pause of the talker, and is passed over.
const BRIDGE: u32 = 200;

/// Without audio for so long, a stream begins anew with its next packet.
const PAUSE: u32 = 100;

/// Beats over which the slack is watched.
const WATCH: u32 = 100;

/// Packets held at most, however short they are.
const MOST_PACKETS: usize = 48;

/// Buffers kept for packets to come.
const SPARES: usize = 4;

/// What a packet of the stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Audio(Codec),
    /// Comfort noise (RFC 3389): the talker is silent.
    Silence,
}

#[derive(Debug)]
struct Packet {
    sequence: u32,
    timestamp: u32,
    ticks: u32,
    content: Content,
    payload: Vec<u8>,
}

impl Packet {
    const fn end(&self) -> u32 {
        self.timestamp.wrapping_add(self.ticks)
    }
}

/// What became of packets that were not played.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Discarded {
    /// Came after their time.
    pub(crate) late: u32,
    /// Came when there was more than enough.
    pub(crate) surplus: u32,
}

/// Packets on their way to being heard.
#[derive(Debug)]
pub(crate) struct JitterBuffer {
    /// In the order of their sequence numbers.
    packets: VecDeque<Packet>,
    spare: Vec<Vec<u8>>,
    /// Decoded and not yet taken.
    samples: Vec<i16>,
    clock_rate: u32,
    /// The timestamp of what is decoded next; unknown until the stream plays.
    next: Option<u32>,
    /// Beats waited for the stream to begin.
    waited: u32,
    /// Highest sequence number taken in.
    newest: Option<u32>,
    /// Ticks bridged while nothing was there: a loss that shows later, or delay.
    bridged: u32,
    least_slack: u32,
    watched: u32,
    /// Milliseconds of slack kept for packets that come in another order.
    reserve: u32,
    /// Watches since one came too late.
    punctual: u32,
    pub(crate) discarded: Discarded,
    /// Samples made up in all.
    pub(crate) concealed: u64,
}

impl JitterBuffer {
    pub(crate) const fn new() -> Self {
        Self {
            packets: VecDeque::new(),
            spare: Vec::new(),
            samples: Vec::new(),
            clock_rate: 8_000,
            next: None,
            waited: 0,
            newest: None,
            bridged: 0,
            least_slack: u32::MAX,
            watched: 0,
            reserve: 0,
            punctual: 0,
            discarded: Discarded {
                late: 0,
                surplus: 0,
            },
            concealed: 0,
        }
    }

    /// Forgets the stream; another begins.
    pub(crate) fn restart(&mut self) {
        while let Some(packet) = self.packets.pop_front() {
            self.recycle(packet.payload);
        }
        self.newest = None;
        self.begin();
    }

    fn begin(&mut self) {
        self.next = None;
        self.waited = 0;
        self.bridged = 0;
        self.least_slack = u32::MAX;
        self.watched = 0;
    }

    /// Drops what was decoded at another sample rate.
    pub(crate) fn forget_samples(&mut self) {
        self.samples.clear();
    }

    const fn ms(&self, ms: u32) -> u32 {
        ms * (self.clock_rate / 1_000)
    }

    /// Takes a packet of `ticks`, with the number that it has when numbers do not wrap.
    pub(crate) fn push(
        &mut self,
        sequence: u32,
        timestamp: u32,
        ticks: u32,
        clock_rate: u32,
        content: Content,
        payload: &[u8],
    ) {
        if clock_rate != self.clock_rate {
            self.restart();
            self.clock_rate = clock_rate;
        }
        let is_newest = self.newest.is_none_or(|newest| after(sequence, newest) > 0);
        let end = timestamp.wrapping_add(ticks);
        if let Some(next) = self.next
            && after(end, next) <= 0
        {
            if !is_newest {
                self.discarded.late += 1;
                self.reserve = (self.reserve + RESERVE).min(MOST_RESERVE);
                self.punctual = 0;
                self.watched = WATCH;
                return;
            }
            // Later by number and earlier by time: the peer has set its clock anew.
            self.restart();
        }
        if is_newest {
            self.newest = Some(sequence);
        }
        if self.packets.len() >= MOST_PACKETS {
            self.drop_oldest();
        }
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.clear();
        kept.extend_from_slice(payload);
        let before = self
            .packets
            .iter()
            .rposition(|packet| after(sequence, packet.sequence) > 0)
            .map_or(0, |index| index + 1);
        let packet = Packet {
            sequence,
            timestamp,
            ticks,
            content,
            payload: kept,
        };
        self.packets.insert(before, packet);
        while self.next.is_some() && self.packets.len() > 1 && self.held() > self.ms(MOST) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.packets.pop_front() {
            self.discarded.surplus += 1;
            if self.next.is_some() {
                self.next = Some(oldest.end());
            }
            self.recycle(oldest.payload);
        }
    }

    fn recycle(&mut self, payload: Vec<u8>) {
        if self.spare.len() < SPARES {
            self.spare.push(payload);
        }
    }

    /// Ticks of audio that wait as packets, short gaps included.
    fn held(&self) -> u32 {
        let mut at = self.next;
        let mut held = 0;
        for packet in &self.packets {
            let gap = at.map_or(0, |at| after(packet.timestamp, at).max(0) as u32);
            held += packet.ticks + if gap <= self.ms(BRIDGE) { gap } else { 0 };
            at = Some(packet.end());
        }
        held
    }

    /// Fills one frame. True when some of it came from the peer.
    pub(crate) fn pull(&mut self, decoder: &mut Decoder, out: &mut [i16]) -> bool {
        if self.next.is_none() && !self.has_begun() {
            decoder.conceal(None, out);
            return false;
        }
        let frame_ticks = self.ms(20);
        let waiting = self.ticks_of(self.samples.len(), decoder);
        let slack = (self.held() + waiting).saturating_sub(frame_ticks);
        self.watch(slack);
        let mut heard = !self.samples.is_empty();
        while self.samples.len() < out.len() {
            match self.decode(decoder) {
                Decoded::Audio => heard = true,
                Decoded::Bridge => {}
                Decoded::Nothing => break,
            }
            if let Some(change) = self.change() {
                self.apply(change, decoder.rate());
            }
        }
        let ready = self.samples.len().min(out.len());
        let (front, rest) = out.split_at_mut(ready);
        front.copy_from_slice(self.samples.get(..ready).unwrap_or_default());
        self.samples.drain(..ready);
        if !rest.is_empty() {
            decoder.conceal(None, rest);
            self.concealed += rest.len() as u64;
            self.bridged += self.ticks_of(rest.len(), decoder);
            self.least_slack = 0;
            if self.bridged >= self.ms(PAUSE) {
                self.begin();
            }
        }
        heard
    }

    /// Whether there is enough, or it has been waited for long enough, to begin.
    fn has_begun(&mut self) -> bool {
        let Some(first) = self.packets.front() else {
            return false;
        };
        let first = first.timestamp;
        self.waited += 1;
        if self.held() < self.ms(BEGIN) && self.waited * 20 <= BEGIN {
            return false;
        }
        self.next = Some(first);
        true
    }

    fn ticks_of(&self, samples: usize, decoder: &Decoder) -> u32 {
        (samples as u64 * u64::from(self.clock_rate) / u64::from(decoder.rate().max(1))) as u32
    }

    fn samples_of(&self, ticks: u32, decoder: &Decoder) -> usize {
        (u64::from(ticks) * u64::from(decoder.rate()) / u64::from(self.clock_rate)) as usize
    }

    fn decode(&mut self, decoder: &mut Decoder) -> Decoded {
        loop {
            let (Some(next), Some(first)) = (self.next, self.packets.front()) else {
                return Decoded::Nothing;
            };
            let gap = after(first.timestamp, next);
            if after(first.end(), next) <= 0 {
                self.discarded.late += 1;
                self.forget_first();
                continue;
            }
            if gap <= 0 {
                self.decode_first(decoder, gap.unsigned_abs());
                return Decoded::Audio;
            }
            let gap = gap as u32;
            if gap > self.ms(BRIDGE) {
                self.next = Some(first.timestamp);
                continue;
            }
            // What was bridged when nothing was there turns out to have been this loss.
            let paid = gap.min(self.bridged);
            if paid > 0 {
                self.bridged -= paid;
                self.next = Some(next.wrapping_add(paid));
                continue;
            }
            let part = gap.min(self.ms(20));
            let samples = self.samples_of(part, decoder);
            let successor = match first.content {
                Content::Audio(codec) if part == gap => Some((codec, first.payload.as_slice())),
                _ => None,
            };
            let from = self.samples.len();
            self.samples.resize(from + samples, 0);
            let room = self.samples.get_mut(from..).unwrap_or_default();
            decoder.conceal(successor, room);
            self.concealed += samples as u64;
            self.next = Some(next.wrapping_add(part));
            return Decoded::Bridge;
        }
    }

    /// Decodes the first packet without the part that is too late.
    fn decode_first(&mut self, decoder: &mut Decoder, late: u32) {
        let Some(packet) = self.packets.pop_front() else {
            return;
        };
        let from = self.samples.len();
        let length = self.samples_of(packet.ticks, decoder);
        match packet.content {
            Content::Audio(codec) => {
                decoder.decode(codec, &packet.payload, length, &mut self.samples);
            }
            Content::Silence => self.samples.resize(from + length, 0),
        }
        let skipped = self
            .samples_of(late, decoder)
            .min(self.samples.len() - from);
        self.samples.drain(from..from + skipped);
        let decoded = self.samples.get_mut(from..).unwrap_or_default();
        decoder.resume(decoded);
        decoder.remember(decoded);
        self.next = Some(packet.end());
        self.bridged = 0;
        self.recycle(packet.payload);
    }

    fn forget_first(&mut self) {
        if let Some(packet) = self.packets.pop_front() {
            self.recycle(packet.payload);
        }
    }

    fn watch(&mut self, slack: u32) {
        self.least_slack = self.least_slack.min(slack);
        self.watched += 1;
    }

    /// What is to be done about the slack, once per watch; sooner when there is far too much.
    fn change(&mut self) -> Option<Change> {
        let high = self.ms(HIGH + self.reserve);
        let far_too_much = self.watched >= WATCH / 4 && self.least_slack > 2 * high;
        if self.watched < WATCH && !far_too_much {
            return None;
        }
        let least = std::mem::replace(&mut self.least_slack, u32::MAX);
        self.watched = 0;
        self.punctual += 1;
        if self.punctual.is_multiple_of(KEEP_RESERVE) {
            self.reserve = self.reserve.saturating_sub(RESERVE);
        }
        if least > high {
            Some(Change::Shorten)
        } else if least < self.ms(LOW + self.reserve) && self.held() < self.ms(MOST - 40) {
            Some(Change::Lengthen)
        } else {
            None
        }
    }

    fn apply(&mut self, change: Change, rate: u32) {
        match change {
            Change::Shorten => stretch::shorten(&mut self.samples, rate),
            Change::Lengthen => stretch::lengthen(&mut self.samples, rate),
        }
    }

    /// The delay that the buffer adds now, in milliseconds.
    pub(crate) fn delay(&self, decoder: &Decoder) -> u32 {
        let ticks = self.held() + self.ticks_of(self.samples.len(), decoder);
        ticks / (self.clock_rate / 1_000)
    }
}

enum Decoded {
    Audio,
    Bridge,
    Nothing,
}

#[derive(Clone, Copy)]
enum Change {
    Shorten,
    Lengthen,
}

/// How far `a` is after `b` on a circle of 32 bits; negative before.
const fn after(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b) as i32
}

pub(crate) use conceal::Concealment;
