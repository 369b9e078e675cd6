//! `synthesizer` and `recognizer`: who speaks, and who listens.

use hookflash_program::{Recognizer, Voice};
use serde_json::Value;

use crate::jambonz::reader::Reader;

/// `synthesizer`. A voice can be an object; its identifier names it then.
pub(super) fn voice(reader: &mut Reader<'_>) -> Option<Voice> {
    reader.part("synthesizer", |reader| {
        let name = match reader.value("voice") {
            Some(Value::Object(voice)) => ["id", "voice_id", "name", "value"]
                .into_iter()
                .find_map(|key| voice.get(key)?.as_str())
                .map(str::to_owned),
            _ => reader.setting("voice"),
        };
        Voice {
            name,
            vendor: reader.setting("vendor"),
            language: reader.setting("language").map(|tag| tag.replace('_', "-")),
            gender: reader
                .text("gender")
                .map(|word| word.to_ascii_lowercase())
                .filter(|word| word != "neutral"),
        }
    })
}

/// `recognizer`.
pub(super) fn recognizer(reader: &mut Reader<'_>) -> Option<Recognizer> {
    reader.part("recognizer", |reader| Recognizer {
        vendor: reader.setting("vendor"),
        language: reader.setting("language").map(|tag| tag.replace('_', "-")),
        model: reader.text("model"),
        hints: hints(reader),
        profanity_filter: reader.flag("profanityFilter").unwrap_or(false),
        interim: reader.flag("interim").unwrap_or(false),
    })
}

/// Texts, or objects with a `phrase`.
fn hints(reader: &Reader<'_>) -> Vec<String> {
    let hints = reader.value("hints").and_then(Value::as_array);
    let phrases = hints.into_iter().flatten().filter_map(|hint| match hint {
        Value::Object(hint) => hint.get("phrase").and_then(Value::as_str),
        other => other.as_str(),
    });
    phrases
        .map(str::trim)
        .filter(|phrase| !phrase.is_empty())
        .map(str::to_owned)
        .collect()
}
