//! The last moment of a recording, kept back: when the tone of a key ends it, that tone is left out.

use std::collections::VecDeque;

use hookflash_audio::TapFrame;

/// Frames kept back. A tone is known for a key after two or three.
const FRAMES: usize = 5;

/// Passes frames on, 100 ms late.
#[derive(Debug, Default)]
pub(crate) struct KeyTail {
    held: VecDeque<Held>,
}

#[derive(Debug)]
struct Held {
    caller: Box<[i16]>,
    ours: Box<[i16]>,
    rate: u32,
    heard: bool,
}

impl KeyTail {
    /// Takes a frame; the one whose time has come goes to `write`.
    pub(crate) fn pass(&mut self, frame: &TapFrame<'_>, write: impl FnMut(&TapFrame<'_>)) {
        self.held.push_back(Held {
            caller: frame.caller.into(),
            ours: frame.ours.into(),
            rate: frame.rate,
            heard: frame.heard,
        });
        let due = self.held.len().saturating_sub(FRAMES);
        self.release(due, write);
    }

    /// Passes everything on.
    pub(crate) fn flush(&mut self, write: impl FnMut(&TapFrame<'_>)) {
        self.release(self.held.len(), write);
    }

    fn release(&mut self, due: usize, mut write: impl FnMut(&TapFrame<'_>)) {
        for held in self.held.drain(..due) {
            write(&TapFrame {
                caller: &held.caller,
                ours: &held.ours,
                rate: held.rate,
                heard: held.heard,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_in_order_and_the_last_five_only_when_they_are_wanted() {
        let mut tail = KeyTail::default();
        let mut written = Vec::new();
        for number in 0..20 {
            let frame = TapFrame {
                caller: &[number; 160],
                ours: &[0; 160],
                rate: 8_000,
                heard: true,
            };
            tail.pass(&frame, |frame| written.push(frame.caller[0]));
        }
        assert_eq!(written, (0..15).collect::<Vec<_>>());
        tail.flush(|frame| written.push(frame.caller[0]));
        assert_eq!(written, (0..20).collect::<Vec<_>>());
    }
}
