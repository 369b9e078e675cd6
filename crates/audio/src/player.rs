//! What one leg hears: playlists one after the other, live samples and dub tracks, mixed.

mod active;
mod feed;
mod lease;
mod track;

use std::time::Duration;

use crate::{BEATS, Law, Playlist};
use active::Active;
use lease::Lease;

/// Dub tracks a player holds.
pub const MAX_DUB_TRACKS: usize = 4;

/// In what form the leg sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// G.711: bytes if that is cheap, else samples at 8 kHz.
    G711(Law),
    /// Samples at this rate, which should be one of [`crate::resample::RATES`] and a multiple of
    /// 50; clips are silent at others.
    Samples(u32),
}

impl Want {
    /// Samples per second.
    pub fn rate(self) -> u32 {
        match self {
            Want::G711(_) => 8_000,
            Want::Samples(rate) => rate,
        }
    }

    /// Samples per frame.
    pub fn frame(self) -> usize {
        (self.rate() / BEATS) as usize
    }

    /// Which G.711, if any.
    pub fn law(self) -> Option<Law> {
        match self {
            Want::G711(law) => Some(law),
            Want::Samples(_) => None,
        }
    }
}

/// 20 ms of what the leg hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Nothing plays.
    Silence,
    /// G.711 bytes of the wanted law.
    Encoded(&'a [u8]),
    /// Samples of the wanted rate.
    Samples(&'a [i16]),
}

/// What happened while playing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayerEvent {
    /// A playlist's last sample has been taken.
    Finished {
        /// As given to [`Player::push`].
        id: u64,
        /// It was stopped before its end.
        stopped: bool,
    },
    /// All that was fed before the mark has been taken, or was cleared.
    Mark {
        /// As given to [`Player::feed_mark`].
        name: String,
        /// What was fed before it has been dropped.
        cleared: bool,
    },
}

/// What one leg hears. One that plays nothing is five words.
#[derive(Debug)]
pub struct Player {
    active: Option<Box<Active>>,
    /// What the first playlist has given away ahead of time. While there is any, nothing else
    /// sounds and nothing is to be told.
    lease: Option<Lease>,
    feed_limit: Duration,
}

impl Player {
    /// How much may be fed ahead unless told otherwise.
    pub const FEED_LIMIT: Duration = Duration::from_secs(30);

    /// A player of nothing.
    pub fn new() -> Player {
        Player::with_feed_limit(Player::FEED_LIMIT)
    }

    /// A player into which so much may be fed ahead.
    pub fn with_feed_limit(feed_limit: Duration) -> Player {
        Player {
            active: None,
            lease: None,
            feed_limit,
        }
    }

    /// Plays a playlist after those that wait, without a gap. An empty one is finished with the
    /// next frame.
    pub fn push(&mut self, id: u64, playlist: Playlist) {
        self.wake().push(id, playlist);
    }

    /// Fades out what plays within 8 ms and forgets what waits; all of it is told as stopped at
    /// once. Feed and dub tracks go on.
    pub fn stop(&mut self) {
        self.give_back();
        if let Some(active) = &mut self.active {
            active.stop();
        }
    }

    /// Whether a playlist plays or waits.
    pub fn is_playing(&self) -> bool {
        self.active
            .as_ref()
            .is_some_and(|active| active.is_playing())
    }

    /// Plays live samples after those fed before, beside what else plays. Returns how many were
    /// taken; the rest does not fit now.
    pub fn feed(&mut self, rate: u32, samples: &[i16]) -> usize {
        let limit = self.feed_limit;
        self.wake().feed(rate, samples, limit)
    }

    /// Asks to be told when all that was fed until now has been played.
    pub fn feed_mark(&mut self, name: String) {
        self.wake().feed_mark(name);
    }

    /// Fades out what was fed, forgets the rest and tells its marks as cleared.
    pub fn clear_feed(&mut self) {
        self.give_back();
        if let Some(active) = &mut self.active {
            active.clear_feed();
        }
    }

    /// How much was fed and not yet played.
    pub fn fed(&self) -> Duration {
        self.active
            .as_ref()
            .map_or(Duration::ZERO, |active| active.fed())
    }

    /// Has a dub track play this, or be silent, in place of what it played. Dub tracks are mixed
    /// into everything. False when there are [`MAX_DUB_TRACKS`] others.
    pub fn dub(&mut self, track: &str, playlist: Option<Playlist>, gain_db: f32) -> bool {
        self.wake().dub(track, playlist, gain_db)
    }

    /// Takes a dub track away.
    pub fn remove_dub(&mut self, track: &str) {
        self.give_back();
        if let Some(active) = &mut self.active {
            active.remove_dub(track);
        }
    }

    /// The next 20 ms.
    pub fn next(&mut self, want: Want) -> Frame<'_> {
        if self.lease.as_ref().is_none_or(|lease| !lease.serves(want)) {
            self.give_back();
            if self.active.as_ref().is_some_and(|active| active.is_idle()) {
                self.active = None;
            }
            let active = self.active.as_mut();
            self.lease = active.and_then(|active| active.lease(want));
        }
        match (&mut self.lease, &mut self.active) {
            (Some(lease), _) => Frame::Encoded(lease.next()),
            (None, Some(active)) => active.next(want),
            (None, None) => Frame::Silence,
        }
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<PlayerEvent> {
        if self.lease.is_some() {
            return None;
        }
        self.active.as_mut()?.poll_event()
    }

    fn wake(&mut self) -> &mut Active {
        self.give_back();
        self.active.get_or_insert_default()
    }

    /// Has the first playlist go on from where it really is.
    fn give_back(&mut self) {
        if let (Some(lease), Some(active)) = (self.lease.take(), &mut self.active) {
            active.give_back(&lease);
        }
    }
}

impl Default for Player {
    fn default() -> Player {
        Player::new()
    }
}

#[cfg(test)]
mod tests;
