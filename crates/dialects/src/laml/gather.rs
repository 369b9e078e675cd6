//! Gather: what is collected, and what the application is told about it.
//!
//! Source: Twilio "Gather" with `partialResultCallback`; SignalWire "Gather". Neither vendor says
//! what becomes of keys that are pressed before the verb begins; users of both find that they are
//! lost, which is why prompts are nested in Gather.

use std::time::Duration;

use hookflash_program::{
    Gather, GatherEnd, Gathered, Heard, KeyRules, OnEmpty, Recognizer, Repeat, SpeechRules,
    TypedAhead,
};

use crate::Dialect;
use crate::confidence::confidence;
use crate::laml::given::Given;
use crate::laml::parameters::{Fields, push};
use crate::laml::prompts;
use crate::laml::validate::Review;
use crate::laml::vendor::Vendor;

/// Twilio's longest speech, which `maxSpeechTime` can shorten.
const LONGEST_SPEECH: Duration = Duration::from_secs(60);

/// Reads a Gather.
pub(crate) fn gather(review: &Review<'_>, given: &Given<'_, '_>) -> Gather {
    let timeout = given.seconds("timeout").unwrap_or(Duration::from_secs(5));
    let finish = given.text("finishOnKey").unwrap_or_default();
    let keys = given.lists("input", "dtmf").then(|| KeyRules {
        least: 1,
        most: given.whole("numDigits"),
        finish: finish.chars().collect(),
        first: timeout,
        between: timeout,
    });
    let speech = given
        .lists("input", "speech")
        .then(|| speech(given, timeout));
    // cXML has no `bargeIn`: input always ends its prompts.
    let interrupts = given.text("bargeIn") != Some("false");
    Gather {
        prompts: prompts::nested(review, given),
        repeat: Repeat::ONCE,
        keys,
        speech,
        listen_during_prompt: true,
        keys_interrupt: interrupts,
        speech_interrupts: interrupts,
        typed_ahead: TypedAhead::Dropped,
        result: Some(given.action_or_document()),
        on_empty: match given.is_true("actionOnEmptyResult") {
            true => OnEmpty::Ask,
            false => OnEmpty::NextVerb,
        },
        empty_reply_goes_on: false,
        tag: None,
        id: None,
    }
}

fn speech(given: &Given<'_, '_>, timeout: Duration) -> SpeechRules {
    let end = match given.text("speechTimeout") {
        Some("auto") => None,
        Some(_) => given.seconds("speechTimeout"),
        None => Some(timeout).filter(|timeout| !timeout.is_zero()),
    };
    let partial = given.hook("partialResultCallback", "partialResultCallbackMethod");
    SpeechRules {
        recognizer: Recognizer {
            vendor: None,
            language: given.words("language"),
            model: given
                .words("speechModel")
                .filter(|model| model != "default"),
            hints: hints(given),
            profanity_filter: given.is_true("profanityFilter"),
            interim: partial.is_some(),
        },
        begin: timeout,
        end,
        most: given
            .seconds("maxSpeechTime")
            .map_or(LONGEST_SPEECH, |most| most.min(LONGEST_SPEECH)),
        least_words: 0,
        least_confidence: 0.0,
        partial,
    }
}

/// The phrases of `hints`, which commas separate.
pub(crate) fn hints(given: &Given<'_, '_>) -> Vec<String> {
    let hints = given.text("hints").unwrap_or_default().split(',');
    hints
        .map(str::trim)
        .filter(|hint| !hint.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Adds what a Gather brought. A result without input tells empty values, one for each input
/// that was asked for.
pub(crate) fn result_fields(
    vendor: &Vendor,
    fields: &mut Fields,
    verb: &Gather,
    result: &Gathered,
) {
    let twilio = vendor.dialect == Dialect::Twiml;
    let heard = result.heard.as_ref();
    let spoken = match result.reason {
        GatherEnd::Speech => true,
        GatherEnd::Keys => false,
        GatherEnd::Timeout | GatherEnd::LowConfidence | GatherEnd::Failed => {
            result.keys.is_empty() && verb.keys.is_none()
        }
    };
    if spoken {
        push(
            fields,
            "SpeechResult",
            heard.map_or("", |heard| heard.text.as_str()),
        );
        if let Some(heard) = heard {
            push(fields, "Confidence", share(heard.confidence));
        }
        if twilio && let Some(language) = language(verb, heard) {
            push(fields, "Language", language);
        }
    } else {
        push(fields, "Digits", &result.keys);
        if twilio {
            let finish = result.finish.map(String::from).unwrap_or_default();
            push(fields, "FinishedOnKey", finish);
        }
    }
}

/// Adds speech that is not complete. Applications read both texts without asking whether they
/// are there, so the one that does not apply is empty.
pub(crate) fn partial_fields(
    vendor: &Vendor,
    fields: &mut Fields,
    verb: &Gather,
    heard: &Heard,
    sequence: u32,
) {
    let (stable, unstable) = match heard.is_final {
        true => (heard.text.as_str(), ""),
        false => ("", heard.text.as_str()),
    };
    push(fields, "SequenceNumber", sequence.to_string());
    push(fields, "StableSpeechResult", stable);
    push(fields, "UnstableSpeechResult", unstable);
    push(fields, "Stability", share(heard.confidence));
    if vendor.dialect == Dialect::Twiml
        && let Some(language) = language(verb, Some(heard))
    {
        push(fields, "Language", language);
    }
}

fn language<'a>(verb: &'a Gather, heard: Option<&'a Heard>) -> Option<&'a str> {
    let heard = heard.and_then(|heard| heard.language.as_deref());
    let asked = verb.speech.as_ref();
    heard.or(asked.and_then(|speech| speech.recognizer.language.as_deref()))
}

/// A number from 0 to 1, with a decimal point as the vendors write it.
pub(crate) fn share(value: f32) -> String {
    let text = confidence(value).to_string();
    match text.contains('.') {
        true => text,
        false => format!("{text}.0"),
    }
}
