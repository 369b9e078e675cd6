//! What the caller says to a verb that listens: a tap that feeds a recognizer, and its results.

use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::{Resampler, Tap, TapFrame};
use hookflash_media::VoiceWatch;
use hookflash_program::{Gather, Heard, Recognizer, SpeechRules};

use crate::background::Tapped;
use crate::call::Call;
use crate::voice_watch::Watching;
use crate::{Host, Recognition, SpeechError};

/// So much speech is a beginning: long enough to leave out a click or a breath.
const BEGINNING: Duration = Duration::from_millis(120);

/// The silence that ends speech when the document leaves that to the recognizer, for those that
/// never end anything by themselves.
pub(crate) const END: Duration = Duration::from_secs(2);

/// Recognises what the caller says. Dropping it leaves nothing behind.
pub(crate) struct SpeechInput<H: Host> {
    recognition: Rc<H::Recognition>,
    listening: Option<(Tapped<H>, Watching<H>)>,
}

impl<H: Host> SpeechInput<H> {
    /// Begins to listen.
    ///
    /// # Errors
    /// When no recognizer can be had; [`SpeechError::NoEngine`] also when the call has no audio.
    pub(crate) fn begin(
        call: &Rc<Call<H>>,
        rules: &SpeechRules,
    ) -> Result<SpeechInput<H>, SpeechError> {
        let rate = call.session(|session| session.rate());
        let rate = rate.ok_or(SpeechError::NoEngine)?;
        let recognition = Rc::new(call.host.recognize(&rules.recognizer, rate)?);
        let ear = Box::new(Ear {
            recognition: Rc::clone(&recognition),
            rate,
            converting: None,
        });
        let watch = VoiceWatch {
            begin: BEGINNING,
            end: rules.end.unwrap_or(END),
        };
        let tapped = Tapped::new(call, ear).ok_or(SpeechError::NoEngine)?;
        Ok(SpeechInput {
            recognition,
            listening: Some((tapped, Watching::begin(call, watch))),
        })
    }

    /// The next result; `None` when there is none left. Dropping the future loses nothing.
    pub(crate) async fn next(&self) -> Option<Result<Heard, SpeechError>> {
        self.recognition.next().await
    }

    /// No more speech comes: the last results do.
    pub(crate) fn finish(&mut self) {
        if self.listening.take().is_some() {
            self.recognition.finish();
        }
    }
}

/// A gather with what the call's settings add to it: the application is told of the recognizer that
/// was used, and not only of what the verb says of it.
pub(crate) fn add_settings<H: Host>(call: &Call<H>, gather: &mut Gather) {
    if let Some(rules) = &mut gather.speech {
        rules.recognizer = with_settings(call, &rules.recognizer);
    }
}

/// What the document asks for, with what the call's settings add to it.
pub(crate) fn with_settings<H: Host>(call: &Call<H>, asked: &Recognizer) -> Recognizer {
    let mut recognizer = asked.clone();
    let settings = call.recognizer_defaults.borrow();
    let Some(settings) = settings.as_deref() else {
        return recognizer;
    };
    if asked.vendor.is_some() && asked.vendor != settings.vendor {
        // The models of one vendor mean nothing to another.
        return recognizer;
    }
    let or = |own: Option<String>, set: &Option<String>| own.or_else(|| set.clone());
    recognizer.vendor = or(recognizer.vendor, &settings.vendor);
    recognizer.language = or(recognizer.language, &settings.language);
    recognizer.model = or(recognizer.model, &settings.model);
    recognizer.profanity_filter |= settings.profanity_filter;
    if recognizer.hints.is_empty() {
        recognizer.hints.clone_from(&settings.hints);
    }
    recognizer
}

/// Hands the caller's voice to a recognizer, at the rate that this was begun with.
struct Ear<R> {
    recognition: Rc<R>,
    rate: u32,
    /// The codec changed its rate meanwhile: the rate it has now, and what converts it.
    converting: Option<Box<(u32, Resampler, Vec<i16>)>>,
}

impl<R: Recognition> Tap for Ear<R> {
    fn hear(&mut self, frame: &TapFrame<'_>) {
        if frame.rate == self.rate {
            self.converting = None;
            return self.recognition.hear(frame.caller);
        }
        let converting = self.converting.take().filter(|known| known.0 == frame.rate);
        let converting = self.converting.insert(converting.unwrap_or_else(|| {
            Box::new((
                frame.rate,
                Resampler::new(frame.rate, self.rate),
                Vec::new(),
            ))
        }));
        let (_, resampler, converted) = &mut **converting;
        converted.clear();
        resampler.push(frame.caller, converted);
        self.recognition.hear(converted);
    }
}
