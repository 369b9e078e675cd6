//! Cuts what is heard into utterances, for recognizers that take whole files: a gate on loudness
//! above the line's noise.

use std::collections::VecDeque;

/// Frames per second.
const FRAMES: usize = 50;
/// Silence that ends an utterance: 0.8 s.
const SILENCE: usize = 40;
/// Sound that begins one: 60 ms.
const ONSET: usize = 3;
/// What is kept from before its beginning: 0.3 s.
const BEFORE: usize = 15;
/// Longest utterance: 30 s; speech that goes on is cut there.
const LONGEST: usize = 30 * FRAMES;
/// Louder than this is sound, however quiet the line is (about -44 dBFS).
const FLOOR: f32 = 200.0;
/// How far above the noise speech is.
const ABOVE: f32 = 3.0;

/// Collects utterances.
#[derive(Debug)]
pub(crate) struct Utterances {
    frame: usize,
    rest: Vec<i16>,
    before: VecDeque<Vec<i16>>,
    noise: f32,
    loud: usize,
    quiet: usize,
    /// Frames since the beginning of an utterance; empty between them.
    current: Vec<Vec<i16>>,
}

impl Utterances {
    pub(crate) fn new(rate: u32) -> Utterances {
        Utterances {
            frame: (rate as usize / FRAMES).max(1),
            rest: Vec::new(),
            before: VecDeque::with_capacity(BEFORE + 1),
            noise: FLOOR / ABOVE,
            loud: 0,
            quiet: 0,
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
        let level = hookflash_audio::measure::rms(&frame);
        let is_loud = level > FLOOR.max(self.noise * ABOVE);
        if !is_loud {
            // Noise that grows is believed slowly, silence at once.
            let weight = if level < self.noise { 0.2 } else { 0.02 };
            self.noise += (level - self.noise) * weight;
        }
        self.loud = if is_loud { self.loud + 1 } else { 0 };
        self.quiet = if is_loud { 0 } else { self.quiet + 1 };
        if self.current.is_empty() {
            self.before.push_back(frame);
            if self.before.len() > BEFORE {
                self.before.pop_front();
            }
            if self.loud >= ONSET {
                self.current.extend(self.before.drain(..));
            }
            return None;
        }
        self.current.push(frame);
        let ended = self.quiet >= SILENCE || self.current.len() >= LONGEST;
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
    fn endless_sound_is_cut() {
        let mut utterances = Utterances::new(8_000);
        let mut count = 0;
        for _ in 0..65 {
            count += utterances.push(&tone(1_000)).len();
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
