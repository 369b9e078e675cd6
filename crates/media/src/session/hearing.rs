//! What the caller's audio says: samples for whoever listens, keys as tones, speech.

use hookflash_audio::{dtmf, voice_activity};

use super::{KeySource, MediaEvent, Session, VoiceWatch};

/// What listens to the caller beside taps. Each is made when it is needed.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// Listens for keys, when the peer has no other way to tell them.
    tones: Option<Box<dtmf::Detector>>,
    voice: Option<Box<Voice>>,
}

#[derive(Debug)]
struct Voice {
    watch: VoiceWatch,
    detector: voice_activity::Detector,
}

impl Hearing {
    /// Takes over the sample rate, and whether keys come as tones. True when the caller spoke and
    /// has to begin anew.
    pub(super) fn agree(&mut self, rate: u32, rate_changed: bool, tones: bool) -> bool {
        if !tones {
            self.tones = None;
        } else if self.tones.is_none() || rate_changed {
            self.tones = Some(Box::new(dtmf::Detector::new(rate)));
        }
        let spoke = self
            .voice
            .as_ref()
            .is_some_and(|voice| voice.detector.is_speaking());
        if rate_changed && let Some(voice) = &self.voice {
            self.watch_voice(Some(voice.watch), rate);
        }
        rate_changed && spoke
    }

    /// Watches the voice, or no more.
    pub(super) fn watch_voice(&mut self, watch: Option<VoiceWatch>, rate: u32) {
        self.voice = watch.map(|watch| {
            let detector = voice_activity::Detector::new(rate, watch.begin, watch.end);
            Box::new(Voice { watch, detector })
        });
    }

    const fn listens(&self) -> bool {
        self.tones.is_some() || self.voice.is_some()
    }
}

impl Session {
    /// Fills the caller's frame. True when some of it came from the caller.
    pub(super) fn hear(&mut self, caller: &mut [i16]) -> bool {
        let may_send = self
            .stream
            .is_some_and(|stream| stream.direction.receives());
        let listens = self.hearing.listens();
        let heard = may_send && {
            let wanted = self.echo || !self.taps.is_empty() || listens;
            self.decoder.set_wanted(wanted);
            self.jitter.pull(&mut self.decoder, caller)
        };
        if listens {
            self.listen_for_keys(caller);
        }
        if self.muted {
            caller.fill(0);
        }
        if listens {
            self.listen_for_voice(caller);
        }
        heard && !self.muted
    }

    fn listen_for_keys(&mut self, caller: &[i16]) {
        let Some(mut tones) = self.hearing.tones.take() else {
            return;
        };
        for edge in tones.push(caller) {
            if let dtmf::Edge::Down(key) = edge {
                self.tell_key(key, KeySource::Tones);
            }
        }
        self.hearing.tones = Some(tones);
    }

    fn listen_for_voice(&mut self, caller: &[i16]) {
        let voice = self.hearing.voice.as_mut();
        if let Some(speaks) = voice.and_then(|voice| voice.detector.push(caller)) {
            self.tell(MediaEvent::Voice(speaks));
        }
    }
}
