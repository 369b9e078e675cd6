//! Frames of a clip that its track has given away ahead of time.
//!
//! Most of what callers hear is one prompt and nothing else. While that plays, a beat is a range of
//! bytes that moves on: neither the queue nor the track is looked at, which at a thousand callers
//! are a thousand places in memory each.

use std::sync::Arc;

use super::Want;
use crate::{Clip, Law};

/// Frames of one clip as bytes of G.711. Every player has room for one, so it is small.
#[derive(Debug)]
pub(super) struct Lease {
    clip: Arc<Clip>,
    /// Sample of the clip that comes next.
    at: u32,
    /// How many are left.
    frames: u16,
    law: Law,
}

impl Lease {
    /// The whole frames of these samples, from `at` of the clip on, as far as they can be counted;
    /// `None` when there is not one.
    pub(super) fn new(clip: &Arc<Clip>, law: Law, at: usize, samples: usize) -> Option<Lease> {
        let frames = samples / Want::G711(law).frame();
        let frames = u16::try_from(frames).unwrap_or(u16::MAX);
        let at = u32::try_from(at).ok().filter(|_| frames > 0)?;
        Some(Lease {
            clip: Arc::clone(clip),
            at,
            frames,
            law,
        })
    }

    /// Whether it has a frame for this wish.
    pub(super) fn serves(&self, want: Want) -> bool {
        want == Want::G711(self.law) && self.frames > 0
    }

    /// The next frame.
    pub(super) fn next(&mut self) -> &[u8] {
        let (from, length) = (self.at, self.frame());
        self.at = from.saturating_add(length as u32);
        self.frames = self.frames.saturating_sub(1);
        let bytes = self.clip.encoded(self.law).get(from as usize..);
        bytes
            .and_then(|bytes| bytes.get(..length))
            .unwrap_or_default()
    }

    /// Samples that are left.
    pub(super) fn rest(&self) -> usize {
        usize::from(self.frames) * self.frame()
    }

    fn frame(&self) -> usize {
        Want::G711(self.law).frame()
    }
}
