//! What was typed or said, as hooks and events tell it (jambonz' schemas of the callbacks of
//! `gather` and `transcribe`).

use hookflash_program::{Gather, GatherEnd, Gathered, Heard};
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
        put(payload, "speech", speech(heard, vendor(verb)));
    }
    put(payload, "reason", reason);
}

/// The recognizer that a gather asks for.
pub(super) fn vendor(verb: &Gather) -> Option<&str> {
    let speech = verb.speech.as_ref()?;
    speech.recognizer.vendor.as_deref()
}

/// A result of a recognizer.
pub(super) fn speech(heard: &Heard, vendor: Option<&str>) -> Value {
    json!({
        "language_code": heard.language.as_deref().unwrap_or("en-US"),
        "channel_tag": 1,
        "is_final": heard.is_final,
        "alternatives": [{
            "confidence": confidence(heard.confidence),
            "transcript": heard.text,
        }],
        "vendor": {"name": vendor.unwrap_or("default")},
    })
}
