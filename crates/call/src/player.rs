//! Lets the caller hear the prompts of a verb, one after the other without a gap.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookflash_audio::{Clip, Item, Playlist, Tone};
use hookflash_media::{KeyToSend, MediaEvent, PlayId};
use hookflash_program::{KeyOrPause, Keys, Prompt, Repeat, SpeechText};
use tokio::sync::Notify;

use crate::Host;
use crate::call::{Call, until};
use crate::journal::What;
use crate::lookahead::{Fetch, Trouble};
use crate::masking::{Masked, without_numbers};
use crate::sounds::Listener;

/// How many prompts are on their way while one is heard.
const FETCHED_AHEAD: usize = 3;

/// So much of a spoken text is shown in the journal.
const MOST_SHOWN: usize = 60;

/// What is heard in place of speech when nothing here can speak.
const NO_SPEECH: Tone = Tone {
    frequencies: (620.0, 0.0),
    level: -18.0,
    on: Duration::from_millis(300),
    off: Duration::ZERO,
    repeat_for: None,
};

/// The prompts of one verb. Dropping it stops what is still heard, with a fade.
pub(crate) struct Player<'a, H: Host> {
    call: &'a Rc<Call<H>>,
    prompts: &'a [Prompt],
    /// What was asked to be played and has not been heard yet.
    outstanding: RefCell<Vec<PlayId>>,
    /// Something has been heard.
    heard: Notify,
    is_fed: Cell<bool>,
    /// When the first piece was given to the session.
    began: Cell<Option<Instant>>,
    failure: RefCell<Option<String>>,
}

/// Clips that are there, by the place of their prompt.
type Kept = Vec<Option<Arc<Clip>>>;

impl<'a, H: Host> Player<'a, H> {
    pub(crate) fn new(call: &'a Rc<Call<H>>, prompts: &'a [Prompt]) -> Player<'a, H> {
        Player {
            call,
            prompts,
            outstanding: RefCell::default(),
            heard: Notify::new(),
            is_fed: Cell::new(false),
            began: Cell::new(None),
            failure: RefCell::default(),
        }
    }

    /// Lets the prompts be heard to their end, or until the deadline.
    pub(crate) async fn play(
        &self,
        repeat: Repeat,
        listener: &Listener<H>,
        deadline: Option<Instant>,
    ) {
        let mut feeding = pin!(self.feed(repeat));
        while !self.is_done() {
            tokio::select! {
                biased;
                event = listener.next() => self.take(&event),
                () = &mut feeding, if !self.is_fed.get() => {}
                () = until(deadline) => return self.stop(),
            }
        }
    }

    /// Fetches the prompts and has them played as they come. Comes back when there is nothing more
    /// to be asked for; what was asked for may still be heard then.
    pub(crate) async fn feed(&self, repeat: Repeat) {
        let mut kept = vec![None; self.prompts.len()];
        let mut passes = match repeat {
            Repeat::Times(times) => Some(times),
            Repeat::Forever => None,
        };
        let mut is_first = true;
        while passes != Some(0) {
            if !is_first {
                if let Some(items) = self.all_plain(&kept) {
                    let times = passes.take();
                    self.queue(Playlist { items, times });
                    break;
                }
                self.last_pass_began().await;
            }
            if self.feed_once(&mut kept, is_first).await == 0 {
                break;
            }
            is_first = false;
            passes = passes.map(|passes| passes - 1);
        }
        self.is_fed.set(true);
    }

    /// Takes note of what has been heard.
    pub(crate) fn take(&self, event: &MediaEvent) {
        if let MediaEvent::Played(id, _) = event {
            self.outstanding
                .borrow_mut()
                .retain(|waiting| waiting != id);
            self.heard.notify_one();
        }
    }

    /// Whether everything has been heard.
    pub(crate) fn is_done(&self) -> bool {
        self.is_fed.get() && self.outstanding.borrow().is_empty()
    }

    /// Whether everything was asked for that is to be heard.
    pub(crate) fn is_fed(&self) -> bool {
        self.is_fed.get()
    }

    /// Stops with a fade; nothing more is played.
    pub(crate) fn stop(&self) {
        self.is_fed.set(true);
        if !self.outstanding.take().is_empty() {
            self.call.session(|session| session.stop_playing());
        }
    }

    /// How long it is since something was heard first.
    pub(crate) fn played(&self) -> Duration {
        let began = self.began.get();
        began.map_or(Duration::ZERO, |began| self.call.host.now() - began)
    }

    /// What could not be played, and why.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// Has every prompt played once; says how many there were to hear.
    async fn feed_once(&self, kept: &mut Kept, is_first: bool) -> usize {
        let chosen: Vec<(usize, &Prompt)> = self
            .prompts
            .iter()
            .enumerate()
            .filter_map(|(place, prompt)| Some((place, self.choose(prompt)?)))
            .collect();
        let mut fetches = VecDeque::new();
        let mut next = 0;
        let mut queued = 0;
        for (number, (place, prompt)) in chosen.iter().enumerate() {
            while let Some((place, prompt)) = chosen.get(next) {
                if next > number + FETCHED_AHEAD {
                    break;
                }
                let is_kept = kept.get(*place).is_some_and(Option::is_some);
                fetches.push_back(match is_kept {
                    true => None,
                    false => self.call.fetch_prompt(prompt),
                });
                next += 1;
            }
            let fetch = fetches.pop_front().flatten();
            let is_fixed = self.prompts.get(*place).is_some_and(|own| own == *prompt);
            let mut own = kept.get_mut(*place).filter(|_| is_fixed);
            let clip = match own.as_deref() {
                Some(Some(clip)) => Some(Ok(Arc::clone(clip))),
                _ => self.there(fetch).await,
            };
            if let (Some(own), Some(Ok(clip))) = (&mut own, &clip) {
                **own = Some(Arc::clone(clip));
            }
            queued += usize::from(self.queue_prompt(prompt, clip, is_first));
        }
        queued
    }

    async fn there(
        &self,
        fetch: Option<Result<Fetch, Trouble>>,
    ) -> Option<Result<Arc<Clip>, Trouble>> {
        Some(match fetch? {
            Ok(fetch) => fetch.done().await,
            Err(trouble) => Err(trouble),
        })
    }

    fn choose<'b>(&self, prompt: &'b Prompt) -> Option<&'b Prompt> {
        let mut prompt = prompt;
        while let Prompt::OneOf(choices) = prompt {
            let among = u128::try_from(choices.len()).unwrap_or(u128::MAX).max(1);
            let number = usize::try_from(self.call.host.random() % among).unwrap_or(0);
            prompt = choices.get(number)?;
        }
        Some(prompt)
    }

    /// Has one prompt played; says whether there is anything to hear.
    fn queue_prompt(
        &self,
        prompt: &Prompt,
        clip: Option<Result<Arc<Clip>, Trouble>>,
        is_first: bool,
    ) -> bool {
        let (item, repeat) = match (prompt, clip) {
            (Prompt::Keys(keys), _) => return self.send_keys(keys),
            (Prompt::Silence(length), _) => (Item::Silence(*length), Repeat::ONCE),
            (Prompt::Speech(speech), Some(Ok(clip))) => {
                if is_first {
                    self.note(&shown(&speech.text), clip.duration());
                }
                (Item::Clip(clip, Duration::ZERO), speech.repeat)
            }
            (Prompt::Audio(audio), Some(Ok(clip))) => {
                if is_first {
                    self.note(&audio.url, clip.duration().saturating_sub(audio.from));
                }
                (Item::Clip(clip, audio.from), audio.repeat)
            }
            (Prompt::Speech(_), Some(Err(trouble))) => {
                self.fail("", &trouble, is_first);
                (Item::Tone(NO_SPEECH), Repeat::ONCE)
            }
            (Prompt::Audio(audio), Some(Err(trouble))) => {
                self.fail(audio.failure_code, &trouble, is_first);
                return false;
            }
            (Prompt::Speech(_) | Prompt::Audio(_) | Prompt::OneOf(_), _) => return false,
        };
        let times = match repeat {
            Repeat::Times(0) => return false,
            Repeat::Times(times) => Some(times),
            Repeat::Forever => None,
        };
        self.queue(Playlist {
            items: vec![item],
            times,
        })
    }

    fn queue(&self, playlist: Playlist) -> bool {
        self.begins();
        let id = self.call.session(|session| session.play(playlist));
        self.outstanding.borrow_mut().extend(id);
        id.is_some()
    }

    fn begins(&self) {
        let began = self.began.get();
        self.began.set(began.or_else(|| Some(self.call.host.now())));
    }

    fn send_keys(&self, keys: &Keys) -> bool {
        self.begins();
        let keys = keys_to_send(keys);
        let id = self.call.session(|session| session.send_keys(keys));
        self.outstanding.borrow_mut().extend(id);
        id.is_some()
    }

    /// Waits until no more than the prompts of one pass are still to be heard.
    async fn last_pass_began(&self) {
        while self.outstanding.borrow().len() >= self.prompts.len().max(1) {
            self.heard.notified().await;
        }
    }

    /// The prompts as one list, when each is a clip or silence, heard once, that is there.
    fn all_plain(&self, kept: &Kept) -> Option<Vec<Item>> {
        let items = self.prompts.iter().zip(kept).map(|(prompt, clip)| {
            Some(match (prompt, clip) {
                (Prompt::Silence(length), _) => Item::Silence(*length),
                (Prompt::Speech(speech), Some(clip)) if speech.repeat == Repeat::ONCE => {
                    Item::Clip(Arc::clone(clip), Duration::ZERO)
                }
                (Prompt::Audio(audio), Some(clip)) if audio.repeat == Repeat::ONCE => {
                    Item::Clip(Arc::clone(clip), audio.from)
                }
                _ => return None,
            })
        });
        items.collect()
    }

    fn note(&self, what: &str, length: Duration) {
        self.call.note(What::Prompt {
            what: what.into(),
            millis: u32::try_from(length.as_millis()).unwrap_or(u32::MAX),
        });
    }

    /// Keeps why something is not heard, once. The rest goes on.
    fn fail(&self, code: &str, trouble: &Trouble, is_first: bool) {
        if !is_first {
            return;
        }
        let why = trouble.to_string();
        let note = match code {
            "" => why.clone(),
            code => format!("{why} [{code}]"),
        };
        self.call.note(What::VerbNote(note.into()));
        self.failure.borrow_mut().get_or_insert(why);
    }
}

impl<H: Host> Drop for Player<'_, H> {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One piece that is no prompt of a document, such as a beep. Dropping it stops it with a fade.
pub(crate) struct Sounding<'a, H: Host> {
    call: &'a Rc<Call<H>>,
    id: Cell<Option<PlayId>>,
}

impl<'a, H: Host> Sounding<'a, H> {
    pub(crate) fn begin(call: &'a Rc<Call<H>>, item: Item) -> Sounding<'a, H> {
        let items = vec![item];
        let times = Some(1);
        let id = call.session(|session| session.play(Playlist { items, times }));
        Sounding {
            call,
            id: Cell::new(id),
        }
    }

    /// Waits until it has been heard.
    pub(crate) async fn heard(&self, listener: &Listener<H>) {
        while let Some(id) = self.id.get() {
            if matches!(listener.next().await, MediaEvent::Played(heard, _) if heard == id) {
                self.id.set(None);
            }
        }
    }
}

impl<H: Host> Drop for Sounding<'_, H> {
    fn drop(&mut self) {
        if self.id.get().is_some() {
            self.call.session(|session| session.stop_playing());
        }
    }
}

/// The keys of a document as a session sends them. A pause stands in place of the silence after
/// the key before it, as Bandwidth's page on `SendDtmf` has it.
pub(crate) fn keys_to_send(keys: &Keys) -> Vec<KeyToSend> {
    let mut sent = Vec::<KeyToSend>::with_capacity(keys.keys.len());
    let mut paused = false;
    for one in &keys.keys {
        match one {
            KeyOrPause::Key(key) => sent.push(KeyToSend {
                key: Some(*key),
                length: keys.tone,
                gap: keys.gap,
            }),
            KeyOrPause::Pause(length) => match sent.last_mut() {
                Some(before) if !paused => before.gap = *length,
                _ => sent.push(KeyToSend {
                    key: None,
                    length: *length,
                    gap: Duration::ZERO,
                }),
            },
        }
        paused = matches!(one, KeyOrPause::Pause(_));
    }
    sent
}

fn shown(text: &SpeechText) -> String {
    let (SpeechText::Plain(words) | SpeechText::Ssml(words)) = text;
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = without_numbers(&Masked(&words).to_string());
    let mut shown: String = words.chars().take(MOST_SHOWN).collect();
    if shown.len() < words.len() {
        shown.push('…');
    }
    format!("“{shown}”")
}
