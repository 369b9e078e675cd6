//! What the caller is to hear: one queue of playlists and keys, and what is mixed in beside it.

use std::collections::VecDeque;
use std::time::Duration;

use hookflash_audio::{Frame, Item, Player, PlayerEvent, Playlist, Want, dtmf};

use super::{DubChange, FeedMark, KeyToSend, MediaEvent, PlayEnd, PlayId, Session};
use crate::NegotiatedStream;
use crate::telephone_event::{EventSender, EventStep};

/// What the caller hears next of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// None are being sent.
    Nothing,
    /// A telephone-event, which began `since` ticks of the stream ago.
    Packet {
        payload: [u8; 4],
        since: u32,
        marker: bool,
    },
    /// The last one has been sent, and the pause after it.
    Done,
    /// Nothing is played yet.
    Wait,
}

#[derive(Debug)]
enum Queued {
    Playlist(PlayId, Playlist),
    Keys(PlayId, Vec<KeyToSend>),
}

#[derive(Debug)]
struct Sending {
    /// `None` when it was stopped and only its end is still told, and for keys sent aside.
    id: Option<PlayId>,
    /// Goes on whatever is stopped.
    aside: bool,
    sender: EventSender,
}

/// Keys that are sent beside what plays.
#[derive(Debug)]
struct Aside {
    waiting: VecDeque<Vec<KeyToSend>>,
    /// Lets them sound, for a peer that takes no telephone-events. Nothing else is heard
    /// meanwhile: a key within music is no key.
    tones: Player,
}

/// Sequences of keys that may wait to be sent aside.
const MOST_ASIDE: usize = 64;

/// What waits, and the keys that are being sent.
#[derive(Debug, Default)]
pub(super) struct PlayQueue {
    waiting: VecDeque<Queued>,
    sending: Option<Box<Sending>>,
    aside: Option<Box<Aside>>,
    /// How the peer takes keys.
    events: bool,
    event_rate: u32,
    /// Ticks of the stream for one of the events.
    ratio: u32,
}

impl PlayQueue {
    /// Takes over how the peer takes keys from now on.
    pub(super) fn agree(&mut self, stream: &NegotiatedStream) {
        let rate = stream.telephone_event_rate.max(1);
        let ratio = (stream.codec.clock_rate() / rate).max(1);
        let events = stream.telephone_event.is_some();
        let same = (events, rate, ratio) == (self.events, self.event_rate, self.ratio);
        (self.events, self.event_rate, self.ratio) = (events, rate, ratio);
        if same {
            return;
        }
        // The keys that are not down yet are sent as the peer wants them now.
        match self.sending.take().map(|boxed| *boxed) {
            Some(Sending {
                aside: true,
                sender,
                ..
            }) => {
                self.aside().waiting.push_front(sender.into_rest());
            }
            Some(Sending {
                id: Some(id),
                sender,
                ..
            }) => self
                .waiting
                .push_front(Queued::Keys(id, sender.into_rest())),
            _ => {}
        }
    }

    /// Begins with the next keys that are sent aside, when those before them are over.
    fn advance_aside(&mut self) {
        let Some(aside) = &mut self.aside else { return };
        if self.sending.is_some() || aside.tones.is_playing() {
            return;
        }
        match aside.waiting.pop_front() {
            None => self.aside = None,
            Some(keys) if self.events => {
                self.sending = Some(Box::new(Sending {
                    id: None,
                    aside: true,
                    sender: EventSender::new(keys, self.event_rate),
                }));
            }
            Some(keys) => aside.tones.push(0, tones(&keys)),
        }
    }

    /// What is heard of keys that are sent aside as tones, in place of everything else.
    pub(super) fn aside_tones(&mut self, want: Want) -> Option<Frame<'_>> {
        let aside = self.aside.as_mut()?;
        aside.tones.is_playing().then(|| aside.tones.next(want))
    }

    fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_with(|| {
            Box::new(Aside {
                waiting: VecDeque::new(),
                tones: Player::new(),
            })
        })
    }

    /// Lets a beat of the keys pass.
    pub(super) fn step(&mut self) -> Step {
        let Some(sending) = &mut self.sending else {
            return Step::Nothing;
        };
        match sending.sender.step() {
            EventStep::Packet {
                payload,
                since,
                marker,
            } => Step::Packet {
                payload,
                since: since.wrapping_mul(self.ratio),
                marker,
            },
            EventStep::Pause => Step::Nothing,
            EventStep::Done => Step::Done,
        }
    }

    /// Hands to the player what is its turn.
    fn advance(&mut self, player: &mut Player) {
        self.advance_aside();
        while self.sending.is_none() {
            match self.waiting.pop_front() {
                Some(Queued::Playlist(PlayId(id), playlist)) => player.push(id, playlist),
                Some(Queued::Keys(PlayId(id), keys)) if !self.events => {
                    player.push(id, tones(&keys));
                }
                Some(keys) if player.is_playing() => {
                    self.waiting.push_front(keys);
                    return;
                }
                Some(Queued::Keys(id, keys)) => {
                    self.sending = Some(Box::new(Sending {
                        id: Some(id),
                        aside: false,
                        sender: EventSender::new(keys, self.event_rate),
                    }));
                }
                None => return,
            }
        }
    }
}

impl Session {
    /// Plays this, after what waits to be played.
    pub fn play(&mut self, playlist: Playlist) -> PlayId {
        let id = self.id();
        self.queue.waiting.push_back(Queued::Playlist(id, playlist));
        id
    }

    /// Sends keys, after what waits to be played: as telephone-events when the peer takes them,
    /// as tones otherwise. What is no key is a pause.
    pub fn send_keys(&mut self, keys: Vec<KeyToSend>) -> PlayId {
        let id = self.id();
        self.queue.waiting.push_back(Queued::Keys(id, keys));
        id
    }

    /// Sends keys at once, beside what plays and whatever is stopped; nothing is told of them.
    /// False when too many wait already.
    pub fn send_keys_aside(&mut self, keys: Vec<KeyToSend>) -> bool {
        let aside = self.queue.aside();
        let has_room = aside.waiting.len() < MOST_ASIDE;
        if has_room {
            aside.waiting.push_back(keys);
        }
        has_room
    }

    /// Fades out and forgets everything that plays or waits, keys included but for those that are
    /// sent aside; each is told as [`PlayEnd::Stopped`].
    pub fn stop_playing(&mut self) {
        let mut stopped = Vec::new();
        if let Some(sending) = self.queue.sending.as_mut().filter(|sending| !sending.aside) {
            stopped.extend(sending.id.take());
            if !sending.sender.stop() {
                self.queue.sending = None;
            }
        }
        self.player.stop();
        self.tell_played();
        for waiting in self.queue.waiting.drain(..) {
            let (Queued::Playlist(id, _) | Queued::Keys(id, _)) = waiting;
            stopped.push(id);
        }
        let told = |id| MediaEvent::Played(id, PlayEnd::Stopped);
        self.events.extend(stopped.into_iter().map(told));
    }

    /// Plays samples of a stream, after what waits of it. Returns how many were taken; the rest
    /// did not fit.
    pub fn feed(&mut self, rate: u32, samples: &[i16]) -> usize {
        self.player.feed(rate, samples)
    }

    /// How much of the feed waits to be played.
    pub fn fed(&self) -> Duration {
        self.player.fed()
    }

    /// Asks to be told when everything fed so far has been played.
    pub fn feed_mark(&mut self, name: String) {
        self.player.feed_mark(name);
    }

    /// Forgets what was fed and not played; its marks are told as cleared.
    pub fn clear_feed(&mut self) {
        self.player.clear_feed();
        self.tell_played();
    }

    /// Changes what a dub track plays; `None` takes it away. False when there are too many.
    pub fn dub(&mut self, track: &str, change: Option<DubChange>) -> bool {
        match change {
            Some(DubChange::Play(playlist, gain)) => self.player.dub(track, Some(playlist), gain),
            Some(DubChange::Silence) => self.player.dub(track, None, 0.0),
            None => {
                self.player.remove_dub(track);
                true
            }
        }
    }

    pub(super) fn advance_queue(&mut self) {
        self.queue.advance(&mut self.player);
    }

    /// The keys have been sent.
    pub(super) fn tell_keys_sent(&mut self) {
        if let Some(id) = self.queue.sending.take().and_then(|sending| sending.id) {
            self.events
                .push_back(MediaEvent::Played(id, PlayEnd::Complete));
        }
    }

    /// Passes on what the player tells.
    pub(super) fn tell_played(&mut self) {
        while let Some(event) = self.player.poll_event() {
            self.events.push_back(match event {
                PlayerEvent::Finished { id, stopped } => MediaEvent::Played(
                    PlayId(id),
                    match stopped {
                        true => PlayEnd::Stopped,
                        false => PlayEnd::Complete,
                    },
                ),
                PlayerEvent::Mark { name, cleared } => MediaEvent::Mark(FeedMark { name, cleared }),
            });
        }
    }
}

/// Keys as tones, for a peer that takes no telephone-events.
fn tones(keys: &[KeyToSend]) -> Playlist {
    let item = |key: &KeyToSend| {
        let tone = key.key.and_then(|k| dtmf::tone(k, key.length, key.gap));
        match tone {
            Some(tone) => Item::Tone(tone),
            None => Item::Silence(key.length.saturating_add(key.gap)),
        }
    };
    Playlist {
        items: keys.iter().map(item).collect(),
        times: Some(1),
    }
}
