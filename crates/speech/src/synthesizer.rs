//! What every engine that speaks has in common.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use hookflash_audio::Clip;
use sha2::{Digest, Sha256};

use crate::EngineError;
use crate::ssml::{Piece, Script};

/// What kind of engine; voices are named differently in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EngineKind {
    /// The program `flite`.
    Flite,
    /// The program `espeak-ng`.
    EspeakNg,
    /// `POST {base}/audio/speech`.
    OpenAi,
    /// Google Cloud Text-to-Speech.
    Google,
    /// Azure Speech.
    Azure,
    /// ElevenLabs.
    ElevenLabs,
}

impl EngineKind {
    /// The name that the configuration uses.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Flite => "flite",
            EngineKind::EspeakNg => "espeak-ng",
            EngineKind::OpenAi => "openai",
            EngineKind::Google => "google",
            EngineKind::Azure => "azure",
            EngineKind::ElevenLabs => "elevenlabs",
        }
    }
}

/// A voice by sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// Low.
    Male,
    /// High.
    Female,
}

/// Who speaks, once the document's wish is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Speaking {
    /// The engine's name of a voice; the engine chooses when absent.
    pub voice: Option<String>,
    /// Language as BCP 47 spells it.
    pub language: String,
    /// By sound.
    pub gender: Gender,
}

/// Everything that determines what is heard. Two equal orders sound alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The engine's name of a voice.
    pub voice: String,
    /// Language as BCP 47 spells it.
    pub language: String,
    /// Texts in the engine's own form, and pauses.
    pub pieces: Vec<Piece>,
    /// Model and whatever else matters.
    pub settings: String,
}

/// Names what is heard, across restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey([u8; 16]);

impl OrderKey {
    /// As 32 hexadecimal digits.
    pub fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[cfg(test)]
    pub(crate) fn of_test(number: u8) -> OrderKey {
        OrderKey([number; 16])
    }
}

impl Order {
    /// The text of an engine that takes one.
    pub(crate) fn text(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text { text, .. }) => text,
            _ => "",
        }
    }

    /// The key of this order at an engine.
    pub fn key(&self, engine: &str) -> OrderKey {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        for text in [engine, &self.voice, &self.language, &self.settings] {
            add(text);
        }
        for piece in &self.pieces {
            match piece {
                Piece::Text { text, rate } => {
                    add(&rate.to_string());
                    add(text);
                }
                Piece::Silence(length) => add(&format!("{} ms", length.as_millis())),
            }
        }
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        OrderKey(key)
    }
}

/// An engine that speaks.
pub trait Synthesizer {
    /// Its name in configuration and log.
    fn name(&self) -> &str;

    /// What kind it is.
    fn kind(&self) -> EngineKind;

    /// Whether it speaks a language at all, as BCP 47 spells it.
    fn speaks(&self, language: &str) -> bool;

    /// What it has to do for a text.
    fn order(&self, script: &Script, speaking: &Speaking) -> Order;

    /// Does it. Dropping the future ends the work.
    fn synthesize<'a>(&'a self, order: &'a Order) -> LocalBoxFuture<'a, Result<Clip, EngineError>>;
}

/// Joins clips and pauses. Clips of another rate than the first cannot come from one voice.
pub(crate) fn join(parts: Vec<Joint>) -> Result<Clip, EngineError> {
    let rate = parts.iter().find_map(|part| match part {
        Joint::Clip(clip) => Some(clip.rate()),
        Joint::Silence(_) => None,
    });
    let rate = rate.unwrap_or(8_000);
    let mut samples = Vec::new();
    for part in parts {
        match part {
            Joint::Clip(clip) if clip.rate() == rate => samples.extend_from_slice(clip.samples()),
            Joint::Clip(clip) => {
                let why = format!("audio at {} and at {rate} samples per second", clip.rate());
                return Err(EngineError::Garbage(why));
            }
            Joint::Silence(length) => {
                let more = length.as_millis() as usize * rate as usize / 1_000;
                samples.resize(samples.len() + more, 0);
            }
        }
    }
    Ok(Clip::new(rate, samples))
}

/// One part of what is joined.
pub(crate) enum Joint {
    /// Audio.
    Clip(Box<Clip>),
    /// Silence.
    Silence(Duration),
}
