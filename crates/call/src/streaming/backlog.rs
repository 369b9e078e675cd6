//! What the application sent to be played and the session has no room for yet.

use std::collections::VecDeque;
use std::time::Duration;

use hookflash_media::Session;

/// How much may wait. An application may send a long answer at once, faster than it is heard.
pub(crate) const MOST_WAITING: Duration = Duration::from_secs(180);

/// Samples that are kept together at least, where more follow.
const PIECE: usize = 8_000;

/// Audio and marks in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<Waiting>,
    /// How long all of it sounds.
    length: Duration,
}

#[derive(Debug)]
enum Waiting {
    Audio {
        rate: u32,
        samples: Vec<i16>,
        taken: usize,
    },
    Mark(String),
}

impl Backlog {
    /// Takes audio behind what waits. False when there is no room: it is dropped.
    pub(crate) fn play(&mut self, rate: u32, samples: Vec<i16>) -> bool {
        if samples.is_empty() {
            return true;
        }
        let length = sounds(samples.len(), rate);
        if self.length + length > MOST_WAITING {
            return false;
        }
        self.length += length;
        if let Some(Waiting::Audio {
            rate: last_rate,
            samples: last,
            ..
        }) = self.waiting.back_mut()
            && *last_rate == rate
            && last.len() < PIECE
        {
            // Many small messages cost no more than a few large ones.
            last.extend_from_slice(&samples);
            return true;
        }
        self.waiting.push_back(Waiting::Audio {
            rate,
            samples,
            taken: 0,
        });
        true
    }

    /// Takes a mark behind what waits.
    pub(crate) fn mark(&mut self, name: String) {
        self.waiting.push_back(Waiting::Mark(name));
    }

    /// Forgets the marks, and nothing else.
    pub(crate) fn clear_marks(&mut self) {
        self.waiting
            .retain(|waiting| matches!(waiting, Waiting::Audio { .. }));
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Backlog::default();
    }

    /// Hands on what the session has room for; says whether something still waits.
    pub(crate) fn hand_on(&mut self, session: &mut Session) -> bool {
        while let Some(front) = self.waiting.front_mut() {
            match front {
                Waiting::Audio {
                    rate,
                    samples,
                    taken,
                } => {
                    let rest = samples.get(*taken..).unwrap_or_default();
                    let fed = session.feed(*rate, rest);
                    *taken += fed;
                    self.length = self.length.saturating_sub(sounds(fed, *rate));
                    if fed < rest.len() {
                        return true;
                    }
                }
                Waiting::Mark(name) => session.feed_mark(std::mem::take(name)),
            }
            self.waiting.pop_front();
        }
        self.waiting = VecDeque::new();
        self.length = Duration::ZERO;
        false
    }
}

fn sounds(samples: usize, rate: u32) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(rate.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_may_wait_is_dropped_until_there_is_room_again() {
        let mut backlog = Backlog::default();
        let minute = vec![0; 8_000 * 60];
        for _ in 0..3 {
            assert!(backlog.play(8_000, minute.clone()));
        }
        assert!(!backlog.play(8_000, vec![0; 160]));
        backlog.clear();
        assert!(backlog.play(8_000, minute));
    }

    #[test]
    fn a_flood_of_tiny_or_empty_messages_is_kept_in_a_few_pieces() {
        let mut backlog = Backlog::default();
        for _ in 0..80_000 {
            assert!(backlog.play(8_000, vec![1]));
            assert!(backlog.play(8_000, Vec::new()));
        }
        assert!(backlog.waiting.len() <= 11, "{}", backlog.waiting.len());
        assert_eq!(backlog.length, Duration::from_secs(10));
    }

    #[test]
    fn marks_that_are_cleared_leave_nothing_behind() {
        let mut backlog = Backlog::default();
        backlog.play(8_000, vec![0; 160]);
        backlog.mark("1".to_owned());
        backlog.clear_marks();
        assert_eq!(backlog.waiting.len(), 1);
    }
}
