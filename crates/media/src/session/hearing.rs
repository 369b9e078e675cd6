//! What the caller's audio says: samples for whoever listens, keys as tones, speech.

use super::{Session, VoiceWatch};

/// What listens to the caller beside taps. Both are made when they are needed.
#[derive(Debug, Default)]
pub(super) struct Hearing {}

impl Hearing {
    /// Takes over the sample rate, and whether keys come as tones.
    pub(super) fn agree(&mut self, _rate: u32, _tones: bool) {}

    /// Watches the voice, or no more.
    pub(super) fn watch_voice(&mut self, _watch: Option<VoiceWatch>, _rate: u32) {}

    fn listens(&self) -> bool {
        false
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
        self.jitter.pull(&mut self.decoder, caller)
    }
}
