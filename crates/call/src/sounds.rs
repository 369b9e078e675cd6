//! What a call hears: keys and whatever else happens on its audio, told to everybody who listens.
//!
//! Keys that nobody asks for are typed ahead: they wait, up to a limit, for a verb that does.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use hookflash_media::{KeySource, MediaEvent, Session};
use tokio::sync::Notify;

use crate::call::{Call, Finish, Reason};
use crate::journal::What;
use crate::{Host, MediaPort};

/// How many keys wait for a verb that asks for them. Who types more is not answering anything.
const MOST_TYPED_AHEAD: usize = 128;

/// How many events wait for a listener. What a peer can cause at will is dropped beyond that.
const MOST_WAITING: usize = 256;

/// Within this time the same key by another way is the same press: some phones tell each both as
/// telephone-event and as INFO.
const SAME_PRESS: Duration = Duration::from_millis(500);

/// How many presses of the last moment are remembered: more than a hand can make.
const MOST_RECENT: usize = 32;

/// What a listener does with keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// They are not for it.
    Ignores,
    /// It is told those that no verb takes.
    OverhearsUntaken,
    /// It is told every one.
    OverhearsAll,
    /// They are its own: nobody else collects them, and they do not count as typed ahead. What it
    /// has not read when it goes is typed ahead for the next.
    Takes,
}

/// Those who listen to a call, and the keys that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Sounds {
    listeners: RefCell<Vec<Weak<Queue>>>,
    typed: RefCell<VecDeque<Pressed>>,
    /// Keys of the last moment that may come a second time by another way.
    recent: RefCell<Vec<(Instant, Pressed)>>,
}

/// A key that the caller pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pressed {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub(crate) key: char,
    /// How it came.
    pub(crate) source: KeySource,
}

#[derive(Debug)]
struct Queue {
    keys: Cell<Keys>,
    waiting: RefCell<VecDeque<MediaEvent>>,
    arrived: Notify,
}

impl Queue {
    fn put(&self, event: &MediaEvent) {
        let mut waiting = self.waiting.borrow_mut();
        let bounded_by_nature = matches!(event, MediaEvent::Played(..) | MediaEvent::Mark(_));
        if waiting.len() < MOST_WAITING || bounded_by_nature {
            waiting.push_back(event.clone());
            self.arrived.notify_one();
        }
    }
}

/// Hears what happens from when it was made until it is dropped.
pub(crate) struct Listener<H: Host> {
    call: Rc<Call<H>>,
    queue: Rc<Queue>,
}

impl<H: Host> Listener<H> {
    /// Takes the keys from now on; those that were typed ahead come first, or are forgotten.
    pub(crate) fn take_keys(&self, typed_ahead: bool) {
        self.queue.keys.set(Keys::Takes);
        let typed = self.call.sounds.typed.take();
        for Pressed { key, source } in typed.into_iter().filter(|_| typed_ahead) {
            self.queue.put(&MediaEvent::Key { key, source });
        }
    }

    /// The next thing that happens. Dropping the future loses nothing.
    pub(crate) async fn next(&self) -> MediaEvent {
        loop {
            if let Some(event) = self.queue.waiting.borrow_mut().pop_front() {
                return event;
            }
            self.queue.arrived.notified().await;
        }
    }
}

impl<H: Host> Drop for Listener<H> {
    fn drop(&mut self) {
        if self.queue.keys.get() != Keys::Takes {
            return;
        }
        for event in self.queue.waiting.take() {
            if let MediaEvent::Key { key, source } = event {
                self.call.sounds.type_ahead(Pressed { key, source });
            }
        }
    }
}

impl Sounds {
    /// Whether this press was heard before, by another way.
    fn is_heard_twice(&self, now: Instant, pressed: Pressed) -> bool {
        let mut recent = self.recent.borrow_mut();
        recent.retain(|(at, _)| now.saturating_duration_since(*at) < SAME_PRESS);
        let twin = recent
            .iter()
            .position(|(_, known)| known.key == pressed.key && known.source != pressed.source);
        match twin {
            Some(twin) => {
                recent.remove(twin);
                true
            }
            None => {
                if recent.len() == MOST_RECENT {
                    recent.remove(0);
                }
                recent.push((now, pressed));
                false
            }
        }
    }

    fn type_ahead(&self, pressed: Pressed) {
        let mut typed = self.typed.borrow_mut();
        if typed.len() < MOST_TYPED_AHEAD {
            typed.push_back(pressed);
        }
    }

    fn tell(&self, event: &MediaEvent) {
        let mut listeners: Vec<Rc<Queue>> = Vec::new();
        self.listeners.borrow_mut().retain(|listener| {
            listeners.extend(listener.upgrade());
            listener.strong_count() > 0
        });
        let MediaEvent::Key { key, source } = *event else {
            listeners.iter().for_each(|listener| listener.put(event));
            return;
        };
        // The latest verb that asked for keys is the one that the caller answers.
        let taker = listeners
            .iter()
            .rfind(|listener| listener.keys.get() == Keys::Takes);
        let overhearing = listeners
            .iter()
            .filter(|listener| match listener.keys.get() {
                Keys::OverhearsAll => true,
                Keys::OverhearsUntaken => taker.is_none(),
                Keys::Takes | Keys::Ignores => false,
            });
        overhearing.for_each(|listener| listener.put(event));
        match taker {
            Some(taker) => taker.put(event),
            None => self.type_ahead(Pressed { key, source }),
        }
    }
}

impl<H: Host> Call<H> {
    /// Works with the session of the call's audio; `None` when the call has none.
    pub(crate) fn session<R>(&self, work: impl FnOnce(&mut Session) -> R) -> Option<R> {
        let port = self.audio_port()?;
        Some(port.session(|session, _| work(session)))
    }

    /// Listens from now on.
    pub(crate) fn listen(self: &Rc<Self>, keys: Keys) -> Listener<H> {
        let queue = Rc::new(Queue {
            keys: Cell::new(keys),
            waiting: RefCell::default(),
            arrived: Notify::new(),
        });
        let mut listeners = self.sounds.listeners.borrow_mut();
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Rc::downgrade(&queue));
        drop(listeners);
        Listener {
            call: Rc::clone(self),
            queue,
        }
    }

    /// The next thing that happens on the call's audio, which may not even be there yet. Dropping
    /// the future loses nothing.
    pub(crate) async fn media_event(&self) -> MediaEvent {
        loop {
            match self.audio_port() {
                Some(port) => return port.event().await,
                None => self.phase_changed().await,
            }
        }
    }

    /// Takes note of what happened on the audio and tells whoever listens. Says how the call ends,
    /// when it does by that.
    pub(crate) fn take_media_event(self: &Rc<Self>, event: MediaEvent) -> Option<Finish> {
        match &event {
            MediaEvent::Key { key, source } => {
                let pressed = Pressed {
                    key: *key,
                    source: *source,
                };
                if self.sounds.is_heard_twice(self.host.now(), pressed) {
                    return None;
                }
                let key = self.options.show_keys.then_some(*key);
                self.note(What::Key {
                    key,
                    source: *source,
                });
            }
            MediaEvent::NoPackets => {
                self.note(What::Media("no audio comes from the caller".into()));
                if self.options.hang_up_without_packets {
                    let why = "no audio came from the caller for too long (RTP timeout)";
                    return Some(Finish::HangUp {
                        headers: Vec::new(),
                        why: Reason::failure(None, why),
                    });
                }
            }
            MediaEvent::Latched(address) => {
                let note = format!("the caller's audio comes from {address}");
                self.note(What::Media(note.into()));
            }
            MediaEvent::Played(..) | MediaEvent::Voice(_) | MediaEvent::Mark(_) => {}
        }
        self.sounds.tell(&event);
        None
    }
}
