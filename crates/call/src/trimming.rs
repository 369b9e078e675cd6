//! Cutting silence off both ends of a recording while it is made.
//!
//! What was said last is known only at the end, so silence is held back until sound follows it.
//! Only the newest of it is kept as it was: older silence is remembered by its length, which keeps
//! the memory of an hour of silence at that of a second.

use std::collections::VecDeque;

/// Frames kept before the first sound and after the last, so that no consonant is cut.
const MARGIN: usize = 5;

/// Frames of silence that are kept as they were.
const MOST_HELD: usize = 50;

/// Takes the frames of a recording and passes on those between its first and its last sound.
#[derive(Debug, Default)]
pub(crate) struct Trimming {
    began: bool,
    /// Frames of silence since the last sound that were passed on.
    margin: usize,
    held: VecDeque<Held>,
    /// Silence before what is held: its length in samples and their rate.
    older: Option<(u64, u32)>,
}

#[derive(Debug)]
struct Held {
    channels: Vec<Box<[i16]>>,
    rate: u32,
}

impl Trimming {
    /// Takes one frame; what can be written now goes to `write`.
    pub(crate) fn pass(
        &mut self,
        channels: &[&[i16]],
        rate: u32,
        is_sound: bool,
        mut write: impl FnMut(&[&[i16]], u32),
    ) {
        if is_sound {
            self.began = true;
            self.margin = 0;
            self.release(channels.len(), &mut write);
            write(channels, rate);
            return;
        }
        if self.began && self.margin < MARGIN {
            self.margin += 1;
            write(channels, rate);
            return;
        }
        let channels = channels.iter().map(|&samples| samples.into()).collect();
        self.held.push_back(Held { channels, rate });
        let most = if self.began { MOST_HELD } else { MARGIN };
        if self.held.len() <= most {
            return;
        }
        if let Some(oldest) = self.held.pop_front()
            && self.began
        {
            let samples = oldest.channels.first().map_or(0, |samples| samples.len());
            let before = self.older.map_or(0, |(samples, _)| samples);
            self.older = Some((before + samples as u64, oldest.rate));
        }
    }

    fn release(&mut self, channels: usize, write: &mut impl FnMut(&[&[i16]], u32)) {
        if let Some((mut samples, rate)) = self.older.take() {
            let silence = [0; 480];
            while samples > 0 {
                let length = usize::try_from(samples).map_or(480, |samples| samples.min(480));
                let piece = silence.get(..length).unwrap_or_default();
                write(&vec![piece; channels], rate);
                samples -= length as u64;
            }
        }
        for held in self.held.drain(..) {
            let channels: Vec<&[i16]> = held.channels.iter().map(|samples| &**samples).collect();
            write(&channels, held.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes frames of 160 samples, silent (0) or not, and gives what is written.
    fn trimmed(frames: &[(i16, usize)]) -> Vec<i16> {
        let mut trimming = Trimming::default();
        let mut written = Vec::new();
        for &(level, count) in frames {
            for _ in 0..count {
                let frame = [level; 160];
                trimming.pass(&[&frame], 8_000, level != 0, |channels, rate| {
                    assert_eq!((channels.len(), rate), (1, 8_000));
                    written.extend_from_slice(channels[0]);
                });
                assert!(trimming.held.len() <= MOST_HELD);
            }
        }
        written
    }

    #[test]
    fn silence_at_both_ends_is_cut_to_a_margin() {
        let written = trimmed(&[(0, 100), (7, 10), (0, 200)]);
        assert_eq!(written.len(), (MARGIN + 10 + MARGIN) * 160);
        let written = trimmed(&[(0, 2), (7, 10), (0, 3)]);
        assert_eq!(written.len(), 15 * 160);
    }

    #[test]
    fn silence_between_words_stays_whole_however_long_it_is() {
        let written = trimmed(&[(7, 1), (0, 3_000), (9, 1)]);
        assert_eq!(written.len(), 3_002 * 160);
        assert_eq!((written[0], written[3_001 * 160]), (7, 9));
    }

    #[test]
    fn nothing_but_silence_leaves_nothing() {
        assert!(trimmed(&[(0, 500)]).is_empty());
    }
}
