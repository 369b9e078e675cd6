//! Keys sent: one packet per beat while a key is down, its end three times (RFC 4733 §2.5.1).

use std::collections::VecDeque;
use std::time::Duration;

use super::{END, LONGEST, code_of};
use crate::rtp::ticks;
use crate::session::KeyToSend;

/// -10 dBm0, as loud as tones are.
const VOLUME: u8 = 10;

/// The shortest tone that receivers must know, and the pause that they need (ITU-T Q.24).
const SHORTEST: Duration = Duration::from_millis(40);

/// The longest tone, or pause, in beats.
const LONGEST_BEATS: u32 = 3_600 * 50;

/// How often the end is told.
const ENDS: u8 = 3;

/// What a beat is to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventStep {
    /// A telephone-event that began `since` ticks of the event clock ago.
    Packet {
        payload: [u8; 4],
        since: u32,
        marker: bool,
    },
    /// No key is down.
    Pause,
    /// All keys have been sent; this beat is free.
    Done,
}

#[derive(Debug)]
enum State {
    /// A key is down.
    Down {
        code: u8,
        /// Beats until now.
        beats: u32,
        /// Beats in all.
        of: u32,
        /// Beats of silence afterwards.
        gap: u32,
        /// Ticks from the beginning of the key to that of the present segment.
        segment: u32,
    },
    /// Its end is told.
    Ending {
        payload: [u8; 4],
        /// Ticks since the present segment began.
        since: u32,
        /// How often it is still told.
        left: u8,
        /// Beats of silence afterwards; the repeated ends fall into them.
        gap: u32,
    },
    /// No key is down, for so many beats.
    Up(u32),
}

impl State {
    /// The beginning of a key or a pause.
    fn of(next: &KeyToSend) -> State {
        match next.key.and_then(code_of) {
            Some(code) => State::Down {
                code,
                beats: 0,
                of: beats(next.length, SHORTEST),
                gap: beats(next.gap, SHORTEST),
                segment: 0,
            },
            None => State::Up(beats(next.length.saturating_add(next.gap), Duration::ZERO)),
        }
    }
}

/// Sends a row of keys.
#[derive(Debug)]
pub(crate) struct EventSender {
    keys: VecDeque<KeyToSend>,
    state: State,
    clock_rate: u32,
}

/// Beats that a time takes, at least `least`.
fn beats(time: Duration, least: Duration) -> u32 {
    let beats = u32::try_from(time.max(least).as_millis().div_ceil(20));
    beats.unwrap_or(u32::MAX).min(LONGEST_BEATS)
}

impl EventSender {
    /// Durations are in ticks of this clock.
    pub(crate) fn new(keys: Vec<KeyToSend>, clock_rate: u32) -> Self {
        Self {
            keys: keys.into(),
            state: State::Up(0),
            clock_rate,
        }
    }

    /// Lets a key that is down come up now and forgets the others. True when its end is still to
    /// be told.
    pub(crate) fn stop(&mut self) -> bool {
        self.keys.clear();
        if let State::Down { beats, of, .. } = &mut self.state {
            *of = *beats;
        }
        match &mut self.state {
            State::Up(_) => false,
            State::Down { gap, .. } | State::Ending { gap, .. } => {
                *gap = 0;
                true
            }
        }
    }

    /// The keys that are not down yet, for another way of sending.
    pub(crate) fn into_rest(self) -> Vec<KeyToSend> {
        self.keys.into()
    }

    /// Lets a beat pass.
    pub(crate) fn step(&mut self) -> EventStep {
        loop {
            match &mut self.state {
                State::Up(left) if *left > 0 => {
                    *left -= 1;
                    return EventStep::Pause;
                }
                State::Up(_) => match self.keys.pop_front() {
                    Some(next) => self.state = State::of(&next),
                    None => return EventStep::Done,
                },
                State::Down { beats, of, gap, .. } if *beats > 0 && *beats >= *of => {
                    // Stopped between two beats.
                    let (beats, gap) = (*beats, *gap);
                    self.end(beats, beats, gap);
                }
                State::Down {
                    code,
                    beats,
                    of,
                    gap,
                    segment,
                } => {
                    *beats += 1;
                    let elapsed = in_ticks(*beats, self.clock_rate);
                    let since = *segment;
                    if elapsed - since > LONGEST {
                        *segment += LONGEST;
                        return EventStep::Packet {
                            payload: payload(*code, 0, LONGEST),
                            since: in_ticks(*beats - 1, self.clock_rate) - since,
                            marker: false,
                        };
                    }
                    if *beats >= *of {
                        let (beats, gap) = (*beats, *gap);
                        self.end(beats, beats - 1, gap);
                        continue;
                    }
                    return EventStep::Packet {
                        payload: payload(*code, 0, elapsed - since),
                        since: in_ticks(*beats - 1, self.clock_rate) - since,
                        marker: *beats == 1,
                    };
                }
                State::Ending { left: 0, gap, .. } => {
                    // The ends have taken up some of the gap.
                    self.state = State::Up(gap.saturating_sub(u32::from(ENDS) - 1));
                }
                State::Ending {
                    payload,
                    since,
                    left,
                    ..
                } => {
                    *left -= 1;
                    let step = EventStep::Packet {
                        payload: *payload,
                        since: *since,
                        marker: false,
                    };
                    *since += in_ticks(1, self.clock_rate);
                    return step;
                }
            }
        }
    }

    /// The key comes up after so many beats; it is told in the beat that begins after `at`.
    fn end(&mut self, beats: u32, at: u32, gap: u32) {
        if let State::Down { code, segment, .. } = self.state {
            let duration = in_ticks(beats, self.clock_rate) - segment;
            self.state = State::Ending {
                payload: payload(code, END, duration.min(LONGEST)),
                since: in_ticks(at, self.clock_rate) - segment,
                left: ENDS,
                gap,
            };
        }
    }
}

fn in_ticks(beats: u32, clock_rate: u32) -> u32 {
    ticks(Duration::from_millis(20) * beats, clock_rate) as u32
}

fn payload(code: u8, flags: u8, duration: u32) -> [u8; 4] {
    let [.., high, low] = duration.to_be_bytes();
    [code, flags | VOLUME, high, low]
}
