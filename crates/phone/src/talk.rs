//! What the phone does with the sound of one call, beat by beat.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hookflash_audio::Playlist;
use hookflash_media::{KeySource, KeyToSend, MediaEvent, PlayId};

use crate::audio::Audio;
use crate::ear::Heard;
use crate::news::News;
use crate::sound::{Keys, KeysBy, Moment, Sound};

/// One call's sound.
pub(crate) struct Talk {
    pub(crate) audio: Audio,
    keys: VecDeque<Keys>,
    /// When the keys before were over, or the call was answered.
    since: Option<Instant>,
    sending: Option<Sending>,
}

/// Keys on their way.
enum Sending {
    /// The session sends them.
    Session(PlayId),
    /// They go by INFO, the next one at this time.
    Info(VecDeque<KeyToSend>, Instant),
}

/// What a beat brings forth.
#[derive(Default)]
pub(crate) struct Beat {
    pub(crate) packets: Vec<(Vec<u8>, SocketAddr)>,
    pub(crate) news: Vec<News>,
    /// A key to send by INFO, and for how long it is pressed.
    pub(crate) info: Option<(char, Duration)>,
}

impl Talk {
    pub(crate) fn new(audio: Audio) -> Talk {
        Talk {
            audio,
            keys: VecDeque::new(),
            since: None,
            sending: None,
        }
    }

    /// The call was answered.
    pub(crate) fn begin(&mut self, now: Instant, sound: &Sound, keys: bool) {
        if let Some(clip) = &sound.play {
            self.audio.play(Playlist::clip(clip.clone()));
        }
        if keys {
            self.keys = sound.keys.iter().cloned().collect();
        }
        self.since = Some(now);
        self.audio.ear().keys_sent();
    }

    /// Lets 20 ms pass. `listens` tells what is heard besides keys.
    pub(crate) fn beat(&mut self, now: Instant, sound: &Sound, listens: bool) -> Beat {
        let mut beat = Beat {
            packets: self.audio.beat(now),
            ..Beat::default()
        };
        while let Some(event) = self.audio.poll_event() {
            match event {
                MediaEvent::Key { key, source } => {
                    let how = match source {
                        KeySource::Event => "as an event",
                        KeySource::Tones => "as tones",
                        KeySource::Info => "by INFO",
                    };
                    beat.news.push(News::Key(key, how));
                }
                MediaEvent::Played(id, _) => self.played(now, id),
                MediaEvent::Voice(_)
                | MediaEvent::Mark(_)
                | MediaEvent::NoPackets
                | MediaEvent::Latched(_) => {}
            }
        }
        let told = self.audio.ear().told();
        if listens {
            beat.news.extend(told.into_iter().map(|heard| match heard {
                Heard::Sound => News::Sound,
                Heard::Quiet => News::Quiet,
                Heard::Tone(hz) => News::Tone(hz),
            }));
        }
        self.press(now, sound, &mut beat);
        beat
    }

    fn played(&mut self, now: Instant, id: PlayId) {
        if matches!(self.sending, Some(Sending::Session(sent)) if sent == id) {
            self.sending = None;
            self.since = Some(now);
        }
    }

    fn press(&mut self, now: Instant, sound: &Sound, beat: &mut Beat) {
        if self.sending.is_none() && self.is_time(now, sound.keys_at) {
            self.next_keys(now, sound, beat);
        }
        let Some(Sending::Info(rest, next)) = &mut self.sending else {
            return;
        };
        if *next > now {
            return;
        }
        match rest.pop_front() {
            Some(step) => {
                *next = now + step.length + step.gap;
                beat.info = step.key.map(|key| (key, step.length));
            }
            None => {
                self.sending = None;
                self.since = Some(now);
            }
        }
    }

    fn is_time(&mut self, now: Instant, moment: Moment) -> bool {
        let Some(since) = self.since.filter(|_| !self.keys.is_empty()) else {
            return false;
        };
        match moment {
            Moment::After(delay) => now.saturating_duration_since(since) >= delay,
            Moment::Quiet(quiet) => self.audio.ear().turn_has_come(quiet),
        }
    }

    fn next_keys(&mut self, now: Instant, sound: &Sound, beat: &mut Beat) {
        let Some(keys) = self.keys.pop_front() else {
            return;
        };
        self.audio.ear().keys_sent();
        beat.news.push(News::Pressing(keys.text().to_owned()));
        self.sending = Some(match sound.keys_by {
            KeysBy::Rfc4733 => Sending::Session(self.audio.send_keys(keys.to_send())),
            KeysBy::Inband => Sending::Session(self.audio.play_keys(keys.to_send())),
            KeysBy::Info => Sending::Info(keys.to_send().iter().copied().collect(), now),
        });
    }
}
