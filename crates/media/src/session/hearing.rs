//! What the caller's audio says: samples for whoever listens, keys as tones, speech.

use hookflash_audio::dtmf::{Detector, Edge};

use super::{KeySource, MOST_EVENTS, MediaEvent, Session, VoiceWatch};

/// What listens to the caller beside taps. Both are made when they are needed.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// Listens for keys, when the peer has no other way to tell them.
    tones: Option<Box<Detector>>,
}

impl Hearing {
    /// Takes over the sample rate, and whether keys come as tones.
    pub(super) fn agree(&mut self, rate: u32, rate_changed: bool, tones: bool) {
        if !tones {
            self.tones = None;
        } else if self.tones.is_none() || rate_changed {
            self.tones = Some(Box::new(Detector::new(rate)));
        }
    }

    /// Watches the voice, or no more.
    pub(super) fn watch_voice(&mut self, _watch: Option<VoiceWatch>, _rate: u32) {}

    fn listens(&self) -> bool {
        self.tones.is_some()
    }
}

impl Session {
    /// Fills the caller's frame. True when some of it came from the caller.
    pub(super) fn hear(&mut self, caller: &mut [i16]) -> bool {
        let may_send = self
            .stream
            .is_some_and(|stream| stream.direction.receives());
        if !may_send {
            return false;
        }
        let wanted = self.echo || !self.taps.is_empty() || self.hearing.listens();
        self.decoder.set_wanted(wanted);
        let heard = self.jitter.pull(&mut self.decoder, caller);
        if let Some(tones) = &mut self.hearing.tones {
            for edge in tones.push(caller) {
                if let Edge::Down(key) = edge
                    && self.events.len() < MOST_EVENTS
                {
                    let source = KeySource::Tones;
                    self.events.push_back(MediaEvent::Key { key, source });
                }
            }
        }
        heard
    }
}
