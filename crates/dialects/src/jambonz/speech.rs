//! What was typed or said, as hooks and events tell it (jambonz' schemas of the callbacks of
//! `gather` and `transcribe`).

use hookflash_program::{Gather, GatherEnd, Gathered, Heard, Recognizer};
use serde_json::{Value, json};

use super::call_info::{Payload, put};
use crate::confidence::confidence;

/// The result of `gather`.
pub(super) fn add_gathered(payload: &mut Payload, verb: &Gather, result: &Gathered) {
    let reason = match result.reason {
        GatherEnd::Keys => {
            put(payload, "digits", result.keys.as_str());
            "dtmfDetected"
        }
        GatherEnd::Speech => "speechDetected",
        GatherEnd::Timeout => "timeout",
        GatherEnd::LowConfidence => "stt-low-confidence",
        GatherEnd::Failed => {
            let details = json!({"error": "speech cannot be recognised"});
            put(payload, "details", details);
            "error"
        }
    };
    let is_speech = matches!(result.reason, GatherEnd::Speech | GatherEnd::LowConfidence);
    if let Some(heard) = result.heard.as_ref().filter(|_| is_speech) {
        put(payload, "speech", speech(heard, asked(verb)));
    }
    put(payload, "reason", reason);
}

/// The recognizer that a gather asks for.
pub(super) fn asked(verb: &Gather) -> Option<&Recognizer> {
    verb.speech.as_ref().map(|speech| &speech.recognizer)
}

/// A result of a recognizer, which may not say its language itself.
pub(super) fn speech(heard: &Heard, asked: Option<&Recognizer>) -> Value {
    let language = heard.language.as_deref();
    let language = language.or(asked.and_then(|asked| asked.language.as_deref()));
    let vendor = asked.and_then(|asked| asked.vendor.as_deref());
    json!({
        "language_code": language.unwrap_or("en-US"),
        "channel_tag": 1,
        "is_final": heard.is_final,
        "alternatives": [{
            "confidence": confidence(heard.confidence),
            "transcript": heard.text,
        }],
        "vendor": {"name": vendor.unwrap_or("default")},
    })
}
