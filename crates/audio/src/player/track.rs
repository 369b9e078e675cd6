//! A playlist on its way.

use std::ops::Range;
use std::sync::Arc;

use crate::tone::{Generator, samples_in};
use crate::{Clip, Item, Law, Playlist};

use super::Want;
use super::lease::Lease;

/// Where in a playlist we are. There is always a next sample unless it is done.
#[derive(Debug)]
pub(super) struct Track {
    items: Vec<Item>,
    /// Passes left, this one included.
    times: Option<u32>,
    /// The piece that plays.
    index: usize,
    /// Samples of the piece that are over, and all it has, at `rate`.
    position: usize,
    length: usize,
    rate: u32,
    /// Makes the piece if it is a tone.
    tone: Option<Box<Generator>>,
    /// This pass has had a sample.
    sounded: bool,
    begun: bool,
    done: bool,
}

impl Track {
    pub(super) fn new(playlist: Playlist) -> Track {
        Track {
            done: playlist.items.is_empty() || playlist.times == Some(0),
            items: playlist.items,
            times: playlist.times,
            index: 0,
            position: 0,
            length: 0,
            rate: 0,
            tone: None,
            sounded: false,
            begun: false,
        }
    }

    /// Whether its last sample is over.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether any of it has been heard.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Fills `out` as far as the playlist goes.
    pub(super) fn fill(&mut self, rate: u32, out: &mut [i16]) -> usize {
        self.change_rate(rate);
        let mut filled = 0;
        while !self.done && filled < out.len() {
            let left = self.length - self.position;
            let rest = out.get_mut(filled..).unwrap_or_default();
            let count = rest.len().min(left);
            let Some(part) = rest.get_mut(..count) else {
                break;
            };
            self.copy(part);
            filled += count;
            self.advance(count);
        }
        filled
    }

    /// Takes the next `count` samples as a range of a clip's, if one clip has them all.
    pub(super) fn take_clip(
        &mut self,
        rate: u32,
        count: usize,
    ) -> Option<(&Arc<Clip>, Range<usize>)> {
        self.change_rate(rate);
        if self.done || self.length - self.position < count {
            return None;
        }
        let index = self.index;
        let Some(Item::Clip(..)) = self.items.get(index) else {
            return None;
        };
        let range = self.position..self.position + count;
        self.advance(count);
        match self.items.get(index) {
            Some(Item::Clip(clip, _)) => Some((clip, range)),
            _ => None,
        }
    }

    /// Gives away what plays of a clip, but for its last samples.
    pub(super) fn lease(&mut self, law: Law) -> Option<Lease> {
        self.change_rate(Want::G711(law).rate());
        if self.done {
            return None;
        }
        let Some(Item::Clip(clip, _)) = self.items.get(self.index) else {
            return None;
        };
        let before_last = (self.length - self.position).saturating_sub(1);
        let lease = Lease::new(clip, law, self.position, before_last)?;
        self.sounded = true;
        self.begun = true;
        self.position += lease.rest();
        Some(lease)
    }

    /// So many samples that were given away have not been played.
    pub(super) fn give_back(&mut self, samples: usize) {
        self.position = self.position.saturating_sub(samples);
    }

    fn copy(&mut self, out: &mut [i16]) {
        match self.items.get(self.index) {
            Some(Item::Clip(clip, _)) => {
                let samples = clip.at(self.rate).unwrap_or_default();
                let from = samples.get(self.position..).unwrap_or_default();
                for (slot, sample) in out.iter_mut().zip(from) {
                    *slot = *sample;
                }
            }
            Some(Item::Tone(_)) => {
                if let Some(tone) = &mut self.tone {
                    tone.fill(out);
                }
            }
            Some(Item::Silence(_)) | None => out.fill(0),
        }
    }

    fn advance(&mut self, count: usize) {
        self.position += count;
        self.sounded = true;
        self.begun = true;
        self.settle();
    }

    /// Goes to the piece that has the next sample.
    fn settle(&mut self) {
        while !self.done && self.position >= self.length {
            self.index += 1;
            if self.index >= self.items.len() {
                self.index = 0;
                self.times = self.times.map(|times| times.saturating_sub(1));
                // A pass without a sample would be followed by as many more.
                self.done = self.times == Some(0) || !self.sounded;
                self.sounded = false;
            }
            if !self.done {
                self.enter();
            }
        }
    }

    /// Stands before the first sample of the piece.
    fn enter(&mut self) {
        let rate = self.rate;
        self.tone = None;
        (self.position, self.length) = match self.items.get(self.index) {
            Some(Item::Clip(clip, from)) => {
                let length = clip.at(rate).map_or(0, <[i16]>::len);
                (samples_in(*from, rate), length)
            }
            Some(Item::Silence(length)) => (0, samples_in(*length, rate)),
            Some(Item::Tone(tone)) => {
                let generator = Generator::new(tone, rate);
                let length = generator.length();
                self.tone = Some(Box::new(generator));
                (0, length)
            }
            None => (0, 0),
        };
    }

    /// The first rate, or another codec in the middle of the playlist.
    fn change_rate(&mut self, rate: u32) {
        if rate == self.rate || self.done {
            return;
        }
        let before = u64::from(self.rate);
        self.rate = rate;
        let position = self.position as u64;
        self.enter();
        if before != 0 {
            let scaled = u128::from(position) * u128::from(rate) / u128::from(before);
            self.position = (scaled as usize).min(self.length);
            if let Some(Item::Tone(tone)) = self.items.get(self.index) {
                self.tone = Some(Box::new(Generator::from(tone, rate, self.position)));
            }
        }
        self.settle();
    }
}
