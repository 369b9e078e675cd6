//! Cuts what is heard into utterances, for recognizers that take whole files.

use std::collections::VecDeque;
use std::time::Duration;

use hookflash_audio::voice_activity::Detector;

/// Frames per second.
const FRAMES: usize = 50;
/// Silence that ends an utterance.
const SILENCE: Duration = Duration::from_millis(800);
/// Speech that begins one; a click is shorter.
const ONSET: Duration = Duration::from_millis(60);
/// What is kept from before its beginning: 0.3 s.
const BEFORE: usize = 15;
/// Longest utterance: 30 s; speech that goes on is cut there.
const LONGEST: usize = 30 * FRAMES;

/// Collects utterances.
#[derive(Debug)]
pub(crate) struct Utterances {
    frame: usize,
    rest: Vec<i16>,
    before: VecDeque<Vec<i16>>,
    detector: Detector,
    /// Frames since the beginning of an utterance; empty between them.
    current: Vec<Vec<i16>>,
}

impl Utterances {
    pub(crate) fn new(rate: u32) -> Utterances {
        Utterances {
            frame: (rate as usize / FRAMES).max(1),
            rest: Vec::new(),
            before: VecDeque::with_capacity(BEFORE + 1),
            detector: Detector::new(rate, ONSET, SILENCE),
            current: Vec::new(),
        }
    }

    /// Takes samples; gives the utterances that they end.
    pub(crate) fn push(&mut self, samples: &[i16]) -> Vec<Vec<i16>> {
        let mut done = Vec::new();
        self.rest.extend_from_slice(samples);
        while self.rest.len() >= self.frame {
            let later = self.rest.split_off(self.frame);
            let frame = std::mem::replace(&mut self.rest, later);
            done.extend(self.frame(frame));
        }
        done
    }

    /// The utterance that has not ended.
    pub(crate) fn finish(&mut self) -> Option<Vec<i16>> {
        let frames = std::mem::take(&mut self.current);
        (!frames.is_empty()).then(|| frames.concat())
    }

    fn frame(&mut self, frame: Vec<i16>) -> Option<Vec<i16>> {
        self.detector.push(&frame);
        let speaking = self.detector.is_speaking();
        if self.current.is_empty() {
            self.before.push_back(frame);
            if self.before.len() > BEFORE {
                self.before.pop_front();
            }
            if speaking {
                self.current.extend(self.before.drain(..));
            }
            return None;
        }
        self.current.push(frame);
        let ended = !speaking || self.current.len() >= LONGEST;
        if ended { self.finish() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(millis: usize) -> Vec<i16> {
        let samples = 0..millis * 8;
        samples
            .map(|at| if at / 8 % 2 == 0 { 5_000 } else { -5_000 })
            .collect()
    }

    fn quiet(millis: usize) -> Vec<i16> {
        (0..millis * 8).map(|at| (at % 7) as i16 * 5).collect()
    }

    #[test]
    fn speech_between_silences_is_one_utterance() {
        let mut utterances = Utterances::new(8_000);
        assert!(utterances.push(&quiet(1_000)).is_empty());
        assert!(utterances.push(&tone(500)).is_empty());
        assert!(utterances.push(&quiet(400)).is_empty());
        assert!(utterances.push(&tone(500)).is_empty());
        let done = utterances.push(&quiet(900));
        assert_eq!(done.len(), 1);
        let millis = done[0].len() / 8;
        assert!((2_300..2_600).contains(&millis), "{millis} ms");
        assert_eq!(utterances.finish(), None);
    }

    #[test]
    fn silence_and_clicks_are_no_utterance() {
        let mut utterances = Utterances::new(8_000);
        for _ in 0..20 {
            assert!(utterances.push(&quiet(300)).is_empty());
            assert!(utterances.push(&tone(20)).is_empty());
        }
        assert_eq!(utterances.finish(), None);
    }

    #[test]
    fn endless_speech_is_cut() {
        let mut utterances = Utterances::new(8_000);
        let mut count = 0;
        for _ in 0..130 {
            count += utterances.push(&tone(400)).len();
            count += utterances.push(&quiet(100)).len();
        }
        assert_eq!(count, 2);
        assert!(utterances.finish().is_some());
    }

    #[test]
    fn odd_pieces_are_put_together() {
        let mut utterances = Utterances::new(8_000);
        let mut done = Vec::new();
        let all = [tone(500), quiet(1_000)].concat();
        for piece in all.chunks(33) {
            done.extend(utterances.push(piece));
        }
        assert_eq!(done.len(), 1);
    }
}
