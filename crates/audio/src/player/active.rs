//! The part of a player that exists only while something plays.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::tone::rise;
use crate::{Clip, Playlist};

use super::feed::Feed;
use super::lease::Lease;
use super::track::Track;
use super::{Frame, MAX_DUB_TRACKS, PlayerEvent, Want};

/// How long what is stopped takes to fall silent.
const FADE_MILLIS: u32 = 8;

#[derive(Debug, Default)]
pub(super) struct Active {
    queue: VecDeque<Queued>,
    feed: Option<Box<Feed>>,
    dubs: Vec<Dub>,
    /// What was stopped and has not fallen silent yet.
    fading: Vec<Fading>,
    events: VecDeque<PlayerEvent>,
    /// The clip of the bytes lent last: its playlist may be over.
    lent: Option<Arc<Clip>>,
    mixed: Vec<i16>,
    part: Vec<i16>,
}

#[derive(Debug)]
struct Queued {
    id: u64,
    track: Track,
}

#[derive(Debug)]
struct Dub {
    name: Box<str>,
    gain: f32,
    track: Option<Track>,
}

#[derive(Debug)]
enum Fading {
    Track(Track, f32),
    Feed(Box<Feed>),
}

impl Active {
    pub(super) fn push(&mut self, id: u64, playlist: Playlist) {
        let track = Track::new(playlist);
        self.queue.push_back(Queued { id, track });
    }

    pub(super) fn stop(&mut self) {
        for Queued { id, track } in self.queue.drain(..) {
            if track.has_begun() && !track.is_done() {
                self.fading.push(Fading::Track(track, 1.0));
            }
            self.events
                .push_back(PlayerEvent::Finished { id, stopped: true });
        }
    }

    pub(super) fn is_playing(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(super) fn feed(&mut self, rate: u32, samples: &[i16], limit: Duration) -> usize {
        self.feed.get_or_insert_default().push(rate, samples, limit)
    }

    pub(super) fn feed_mark(&mut self, name: String) {
        self.feed.get_or_insert_default().mark(name);
    }

    pub(super) fn clear_feed(&mut self) {
        if let Some(mut feed) = self.feed.take() {
            self.events.extend(feed.cleared());
            if !feed.is_empty() {
                self.fading.push(Fading::Feed(feed));
            }
        }
    }

    pub(super) fn fed(&self) -> Duration {
        self.feed
            .as_ref()
            .map_or(Duration::ZERO, |feed| feed.queued())
    }

    pub(super) fn dub(&mut self, name: &str, playlist: Option<Playlist>, gain_db: f32) -> bool {
        let gain = 10f32.powf(gain_db.clamp(-120.0, 60.0) / 20.0);
        let track = playlist.map(Track::new);
        if let Some(dub) = self.dubs.iter_mut().find(|dub| &*dub.name == name) {
            if let Some(old) = std::mem::replace(&mut dub.track, track) {
                self.fading.push(Fading::Track(old, dub.gain));
            }
            dub.gain = gain;
            return true;
        }
        if self.dubs.len() >= MAX_DUB_TRACKS {
            return false;
        }
        let name = name.into();
        self.dubs.push(Dub { name, gain, track });
        true
    }

    pub(super) fn remove_dub(&mut self, name: &str) {
        if let Some(index) = self.dubs.iter().position(|dub| &*dub.name == name) {
            let dub = self.dubs.swap_remove(index);
            self.fading
                .extend(dub.track.map(|track| Fading::Track(track, dub.gain)));
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<PlayerEvent> {
        self.events.pop_front()
    }

    /// Nothing to play, to tell or to remember.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.feed.as_ref().is_none_or(|feed| feed.is_over())
            && self.dubs.is_empty()
            && self.fading.is_empty()
            && self.events.is_empty()
    }

    pub(super) fn next(&mut self, want: Want) -> Frame<'_> {
        if self.is_plain()
            && let Some(range) = self.lend(want)
        {
            let clip = self.lent.as_deref();
            let bytes = want.law().zip(clip).map(|(law, clip)| clip.encoded(law));
            return Frame::Encoded(bytes.and_then(|b| b.get(range)).unwrap_or_default());
        }
        if self.mix(want) {
            Frame::Samples(&self.mixed)
        } else {
            Frame::Silence
        }
    }

    /// The frames of the clip that plays, up to its last one, when nothing else sounds and nothing is
    /// to be told before they are over.
    pub(super) fn lease(&mut self, want: Want) -> Option<Lease> {
        let law = want.law()?;
        if !self.is_plain() || !self.events.is_empty() {
            return None;
        }
        self.queue.front_mut()?.track.lease(law)
    }

    /// Takes back what was not played of a lease.
    pub(super) fn give_back(&mut self, lease: &Lease) {
        if let Some(queued) = self.queue.front_mut() {
            queued.track.give_back(lease.rest());
        }
    }

    /// Nothing is to be mixed into the playlists.
    fn is_plain(&self) -> bool {
        self.fading.is_empty()
            && self.feed.as_ref().is_none_or(|feed| feed.is_over())
            && self.dubs.iter().all(|dub| dub.track.is_none())
    }

    /// The next frame as a range of the lent clip's bytes, if they are all in one.
    fn lend(&mut self, want: Want) -> Option<std::ops::Range<usize>> {
        want.law()?;
        let queued = self.queue.front_mut()?;
        let (clip, range) = queued.track.take_clip(want.rate(), want.frame())?;
        if self
            .lent
            .as_ref()
            .is_none_or(|lent| !Arc::ptr_eq(lent, clip))
        {
            self.lent = Some(clip.clone());
        }
        self.finish();
        Some(range)
    }

    /// Takes away the first playlist if it is over.
    fn finish(&mut self) {
        if self
            .queue
            .front()
            .is_some_and(|queued| queued.track.is_done())
            && let Some(Queued { id, .. }) = self.queue.pop_front()
        {
            let stopped = false;
            self.events.push_back(PlayerEvent::Finished { id, stopped });
        }
    }

    /// Mixes the next frame; false when nothing is in it.
    fn mix(&mut self, want: Want) -> bool {
        let (rate, length) = (want.rate(), want.frame());
        self.lent = None;
        self.mixed.clear();
        self.mixed.resize(length, 0);
        self.part.resize(length, 0);
        let mut filled = 0;
        while let Some(queued) = self.queue.front_mut() {
            let rest = self.mixed.get_mut(filled..).unwrap_or_default();
            filled += queued.track.fill(rate, rest);
            if !queued.track.is_done() {
                break;
            }
            self.finish();
        }
        let mut sounds = filled > 0;
        if let Some(feed) = &mut self.feed {
            let count = feed.fill(rate, &mut self.part);
            add(&mut self.mixed, &self.part, count, 1.0);
            sounds |= count > 0;
            while let Some(event) = feed.reached() {
                self.events.push_back(event);
            }
        }
        for dub in &mut self.dubs {
            if let Some(track) = &mut dub.track {
                let count = track.fill(rate, &mut self.part);
                add(&mut self.mixed, &self.part, count, dub.gain);
                sounds |= count > 0;
                if track.is_done() {
                    dub.track = None;
                }
            }
        }
        let fade = (rate * FADE_MILLIS / 1_000) as usize;
        for source in self.fading.drain(..) {
            let (count, gain) = match source {
                Fading::Track(mut track, gain) => (track.fill(rate, &mut self.part), gain),
                Fading::Feed(mut feed) => (feed.fill(rate, &mut self.part), 1.0),
            };
            for (position, sample) in self.part.iter_mut().enumerate() {
                let gain = 1.0 - rise(position, fade);
                *sample = (f64::from(*sample) * gain).round() as i16;
            }
            add(&mut self.mixed, &self.part, count, gain);
            sounds |= count > 0;
        }
        sounds
    }
}

/// Adds the first `count` samples of `part`, and clips what is too loud.
fn add(mix: &mut [i16], part: &[i16], count: usize, gain: f32) {
    for (sum, sample) in mix.iter_mut().zip(part).take(count) {
        let sample = if gain == 1.0 {
            *sample
        } else {
            (f32::from(*sample) * gain).round() as i16
        };
        *sum = sum.saturating_add(sample);
    }
}
