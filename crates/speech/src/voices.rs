//! From the voice that a document asks for to the voice that an engine has.

use std::collections::HashMap;

use hookflash_program::Voice;

use crate::persona::Persona;
use crate::persona::vendor_kind;
use crate::synthesizer::{EngineKind, Gender, Speaking};

/// What the operator put in a voice's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoiceEntry {
    /// Name of the engine; any that has the voice's language when absent.
    pub engine: Option<String>,
    /// The engine's name of the voice.
    pub voice: Option<String>,
    /// Language; that of the document when absent.
    pub language: Option<String>,
    /// By sound.
    pub gender: Option<Gender>,
}

/// The operator's table, and what is spoken when nothing is asked for.
#[derive(Clone, Debug)]
pub struct VoiceTable {
    entries: HashMap<String, VoiceEntry>,
    default: VoiceEntry,
}

impl Default for VoiceTable {
    fn default() -> VoiceTable {
        VoiceTable::new([], VoiceEntry::default())
    }
}

/// Who shall speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Casting {
    /// The engine that the operator named.
    pub(crate) engine: Option<String>,
    /// The engine whose voice the document named.
    pub(crate) kind: Option<EngineKind>,
    /// Its own name of the voice; means nothing to another engine.
    pub(crate) voice: Option<String>,
    pub(crate) language: String,
    pub(crate) gender: Gender,
    /// The name that means nothing here.
    pub(crate) unknown: Option<String>,
}

impl Casting {
    /// What an engine is told; a voice's name only when it is the engine's own.
    pub(crate) fn speaking(&self, own: bool) -> Speaking {
        Speaking {
            voice: self.voice.clone().filter(|_| own),
            language: self.language.clone(),
            gender: self.gender,
        }
    }
}

impl VoiceTable {
    /// A table whose keys are what documents ask for, in any case: `Polly.Joanna`, `woman`,
    /// `google.en-US-Wavenet-C` (jambonz' vendor and voice), or a language as `de-DE` or `de`.
    /// `default` is spoken when nothing is asked for.
    pub fn new(
        entries: impl IntoIterator<Item = (String, VoiceEntry)>,
        default: VoiceEntry,
    ) -> VoiceTable {
        let entries = entries.into_iter();
        VoiceTable {
            entries: entries
                .map(|(name, entry)| (name.to_lowercase(), entry))
                .collect(),
            default,
        }
    }

    /// Who speaks for a wish; `language` is that of the text when it names one.
    pub(crate) fn cast(&self, wish: &Voice, language: Option<&str>) -> Casting {
        let name = wish.name.as_deref().filter(|name| !name.trim().is_empty());
        let vendor = wish.vendor.as_deref();
        let persona = name.map(|name| Persona::of(name.trim(), vendor));
        let asked = wish.language.as_deref().or(language);
        let asked = asked.filter(|language| !language.is_empty());
        let gender = |text: &str| match text.to_ascii_lowercase().as_str() {
            "male" | "man" => Some(Gender::Male),
            "female" | "woman" => Some(Gender::Female),
            _ => None,
        };
        let persona_gender = persona.as_ref().and_then(|persona| persona.gender);
        let persona_language = persona
            .as_ref()
            .and_then(|persona| persona.language.clone());
        let entry = self.entry(name, vendor, asked.or(persona_language.as_deref()));
        let nothing_asked = name.is_none() && asked.is_none() && wish.gender.is_none();
        let placed = entry.or_else(|| nothing_asked.then_some(&self.default));

        let usual = || self.default.language.clone();
        let language = placed
            .and_then(|entry| entry.language.clone())
            .or_else(|| asked.map(str::to_owned))
            .or(persona_language)
            .or_else(usual)
            .unwrap_or_else(|| "en-US".to_owned())
            .replace('_', "-");
        let gender = placed
            .and_then(|entry| entry.gender)
            .or(persona_gender)
            .or_else(|| wish.gender.as_deref().and_then(gender))
            .or(self.default.gender)
            .unwrap_or(Gender::Female);
        let unknown = persona
            .as_ref()
            .filter(|persona| entry.is_none() && !persona.known)
            .map(|persona| persona.name.clone());
        let (kind, voice) = match (placed, persona) {
            (Some(entry), _) => (None, entry.voice.clone()),
            (None, Some(persona)) if persona.kind.is_some() => (persona.kind, Some(persona.name)),
            (None, _) => (vendor.and_then(vendor_kind), None),
        };
        Casting {
            engine: placed.and_then(|entry| entry.engine.clone()),
            kind,
            voice,
            language,
            gender,
            unknown,
        }
    }

    fn entry(
        &self,
        name: Option<&str>,
        vendor: Option<&str>,
        language: Option<&str>,
    ) -> Option<&VoiceEntry> {
        let get = |key: &str| self.entries.get(&key.to_lowercase());
        let by_name = name.and_then(|name| {
            let full = vendor.and_then(|vendor| get(&format!("{vendor}.{name}")));
            full.or_else(|| get(name))
        });
        by_name.or_else(|| {
            let language = language?.replace('_', "-");
            get(&language).or_else(|| get(language.split('-').next()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Voice {
        Voice {
            name: Some(name.to_owned()),
            ..Voice::default()
        }
    }

    fn cast(wish: &Voice) -> Casting {
        VoiceTable::default().cast(wish, None)
    }

    #[test]
    fn nothing_asked_for_is_american_english() {
        let casting = cast(&Voice::default());
        assert_eq!(casting.language, "en-US");
        assert_eq!(casting.gender, Gender::Female);
        assert_eq!(casting.unknown, None);
    }

    #[test]
    fn twilio_voices_are_known_by_sound_and_language() {
        assert_eq!(cast(&named("man")).gender, Gender::Male);
        assert_eq!(cast(&named("alice")).gender, Gender::Female);
        let casting = cast(&named("Polly.Hans"));
        assert_eq!(
            (casting.gender, &*casting.language),
            (Gender::Male, "de-DE")
        );
        let casting = cast(&named("Polly.Amy-Neural"));
        assert_eq!(
            (casting.gender, &*casting.language),
            (Gender::Female, "en-GB")
        );
        let casting = cast(&named("Google.fr-FR-Wavenet-B"));
        assert_eq!(
            (casting.gender, &*casting.language),
            (Gender::Male, "fr-FR")
        );
        assert_eq!(casting.kind, Some(EngineKind::Google));
        assert_eq!(casting.voice.as_deref(), Some("fr-FR-Wavenet-B"));
    }

    #[test]
    fn a_voice_that_only_sounds_takes_the_documents_language() {
        let wish = Voice {
            language: Some("de_DE".to_owned()),
            ..named("man")
        };
        let casting = cast(&wish);
        assert_eq!(
            (casting.gender, &*casting.language),
            (Gender::Male, "de-DE")
        );
    }

    #[test]
    fn bandwidth_voices_and_genders_are_known() {
        assert_eq!(cast(&named("paul")).gender, Gender::Male);
        assert_eq!(cast(&named("julie")).unknown, None);
        let wish = Voice {
            gender: Some("male".to_owned()),
            language: Some("it_IT".to_owned()),
            ..Voice::default()
        };
        let casting = cast(&wish);
        assert_eq!(
            (casting.gender, &*casting.language),
            (Gender::Male, "it-IT")
        );
    }

    #[test]
    fn signalwire_and_jambonz_voices_name_their_engine() {
        let casting = cast(&named("gcloud.en-GB-Neural2-A"));
        assert_eq!(casting.kind, Some(EngineKind::Google));
        let casting = cast(&named("polly.Matthew"));
        assert_eq!((casting.gender, casting.kind), (Gender::Male, None));
        let wish = Voice {
            vendor: Some("microsoft".to_owned()),
            language: Some("en-US".to_owned()),
            ..named("en-US-GuyNeural")
        };
        let casting = cast(&wish);
        assert_eq!(casting.kind, Some(EngineKind::Azure));
        assert_eq!(casting.voice.as_deref(), Some("en-US-GuyNeural"));
        assert_eq!(casting.gender, Gender::Male);
        let wish = Voice {
            vendor: Some("elevenlabs".to_owned()),
            ..named("EXAVITQu4vr4xnSDxMaL")
        };
        let casting = cast(&wish);
        assert_eq!(casting.kind, Some(EngineKind::ElevenLabs));
        assert_eq!(casting.unknown, None);
    }

    #[test]
    fn a_name_that_means_nothing_is_told() {
        let casting = cast(&named("zorbatron"));
        assert_eq!(casting.unknown.as_deref(), Some("zorbatron"));
        assert_eq!(casting.gender, Gender::Female);
    }

    #[test]
    fn the_operators_table_comes_first() {
        let entry = |engine: &str, voice: &str| VoiceEntry {
            engine: Some(engine.to_owned()),
            voice: Some(voice.to_owned()),
            ..VoiceEntry::default()
        };
        let table = VoiceTable::new(
            [
                ("Polly.Joanna".to_owned(), entry("local", "slt")),
                (
                    "google.en-US-Wavenet-C".to_owned(),
                    entry("kokoro", "af_sky"),
                ),
                ("de".to_owned(), entry("espeak-ng", "de+f2")),
            ],
            entry("local", "awb"),
        );
        let casting = table.cast(&named("polly.joanna"), None);
        assert_eq!(casting.engine.as_deref(), Some("local"));
        assert_eq!(casting.voice.as_deref(), Some("slt"));
        let wish = Voice {
            vendor: Some("google".to_owned()),
            ..named("en-US-Wavenet-C")
        };
        assert_eq!(table.cast(&wish, None).engine.as_deref(), Some("kokoro"));
        let wish = Voice {
            language: Some("de-AT".to_owned()),
            ..Voice::default()
        };
        let casting = table.cast(&wish, None);
        assert_eq!(casting.voice.as_deref(), Some("de+f2"));
        assert_eq!(casting.language, "de-AT");
        let casting = table.cast(&named("Polly.Hans"), None);
        assert_eq!(casting.voice.as_deref(), Some("de+f2"));
        assert_eq!(casting.language, "de-DE");
        let casting = table.cast(&Voice::default(), None);
        assert_eq!(casting.voice.as_deref(), Some("awb"));
        // The default is for those who ask for nothing.
        assert_eq!(table.cast(&named("man"), None).voice, None);
    }

    #[test]
    fn the_texts_own_language_counts_when_the_wish_has_none() {
        let table = VoiceTable::default();
        let casting = table.cast(&Voice::default(), Some("nl-NL"));
        assert_eq!(casting.language, "nl-NL");
    }
}
