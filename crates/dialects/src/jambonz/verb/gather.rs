//! `gather`, and the input that `config.bargeIn` collects beside other verbs.

use std::time::Duration;

use hookflash_program::{
    Answering, BackgroundGather, Gather, KeyRules, OnEmpty, Prompt, Repeat, SpeechRules,
    TypedAhead, Verb,
};
use serde_json::Value;

use super::prompt::{self, Heard};
use super::{early, speech};
use crate::jambonz::reader::{LONGEST, Reader};

/// How long input is waited for when the document does not say.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The longest speech that is heard; jambonz leaves that to the recognizer.
const LONGEST_SPEECH: Duration = Duration::from_secs(60);

/// More keys than anybody presses.
const MOST_KEYS: u32 = 1000;

/// `gather`.
pub(super) fn gather(reader: &mut Reader<'_>) -> (Answering, Verb) {
    let mut answering = Answering::Answer;
    let mut heard = None;
    for name in ["say", "play"] {
        let nested = reader.part(name, |nested| {
            if early(nested) == Answering::EarlyMedia {
                answering = Answering::EarlyMedia;
            }
            nested.without_effect(&["timeoutSecs", "actionHook"]);
            match name {
                "say" => prompt::said(nested),
                _ => prompt::played(nested),
            }
        });
        // With both, jambonz lets only `say` be heard.
        heard = heard.or(nested);
    }
    let Heard { items, repeat } = heard.unwrap_or(Heard {
        items: Vec::new(),
        repeat: Repeat::ONCE,
    });
    reader.without_effect(&["fillerNoise", "actionHookDelayAction"]);
    let timeout = reader.seconds("timeout").unwrap_or(TIMEOUT);
    let rules = Rules {
        input: &["digits"],
        timeout: if timeout.is_zero() { LONGEST } else { timeout },
        bargein: false,
    };
    let gather = collect(reader, rules, items, repeat);
    (answering, Verb::Gather(Box::new(gather)))
}

/// `config.bargeIn` that is enabled: speech, unless it asks for keys, and without end.
pub(super) fn background(reader: &mut Reader<'_>) -> BackgroundGather {
    let rules = Rules {
        input: &["speech"],
        timeout: LONGEST,
        bargein: true,
    };
    BackgroundGather {
        gather: collect(reader, rules, Vec::new(), Repeat::ONCE),
        sticky: reader.flag("sticky") == Some(true),
    }
}

/// In which `gather` and `bargeIn` differ.
struct Rules {
    input: &'static [&'static str],
    timeout: Duration,
    bargein: bool,
}

fn collect(reader: &mut Reader<'_>, rules: Rules, prompts: Vec<Prompt>, repeat: Repeat) -> Gather {
    let input = match reader.value("input") {
        Some(Value::Array(_)) => reader.texts("input"),
        _ => rules.input.iter().map(|word| (*word).to_owned()).collect(),
    };
    if input
        .iter()
        .any(|word| word != "digits" && word != "speech")
    {
        reader.note("input", "must hold digits and speech only");
    }
    let asks_for = |word: &str| input.iter().any(|found| found == word);
    let keys = key_rules(reader, rules.timeout);
    let speech = speech_rules(reader, rules.timeout);
    let speech_interrupts = reader.flag("bargein").unwrap_or(rules.bargein);
    let keys_interrupt = reader.flag("dtmfBargein").unwrap_or(asks_for("digits"));
    Gather {
        prompts,
        repeat,
        keys: keys.filter(|_| asks_for("digits")),
        speech: asks_for("speech").then(|| {
            let mut speech = speech;
            speech.recognizer.interim |= speech_interrupts || speech.partial.is_some();
            speech
        }),
        listen_during_prompt: reader.flag("listenDuringPrompt").unwrap_or(true),
        keys_interrupt,
        speech_interrupts,
        typed_ahead: TypedAhead::Dropped,
        result: reader.hook("actionHook"),
        on_empty: OnEmpty::Ask,
        empty_reply_goes_on: true,
        tag: None,
        id: reader.text("id"),
    }
}

/// Without `interDigitTimeout` every key is waited for as long as for the first.
fn key_rules(reader: &mut Reader<'_>, timeout: Duration) -> Option<KeyRules> {
    let least = reader.whole("minDigits", 0, MOST_KEYS);
    let exact = reader.whole("numDigits", 0, MOST_KEYS);
    let most = reader.whole("maxDigits", 0, MOST_KEYS);
    let most = exact.into_iter().chain(most).filter(|most| *most > 0).min();
    let between = reader.seconds("interDigitTimeout");
    Some(KeyRules {
        least: least.unwrap_or_default().max(1),
        most,
        finish: reader.keys("finishOnKey"),
        first: timeout,
        between: between
            .filter(|between| !between.is_zero())
            .unwrap_or(timeout),
    })
}

fn speech_rules(reader: &mut Reader<'_>, timeout: Duration) -> SpeechRules {
    let recognizer = speech::recognizer(reader).unwrap_or_default();
    let of_recognizer = reader.part("recognizer", |reader| {
        let confidence = reader.number("minConfidence").unwrap_or_default() as f32;
        (reader.seconds("asrTimeout"), confidence.clamp(0.0, 1.0))
    });
    let (silence, least_confidence) = of_recognizer.unwrap_or_default();
    let end = reader.seconds("speechTimeout").or(silence);
    SpeechRules {
        recognizer,
        begin: timeout,
        end: end.filter(|end| !end.is_zero()),
        most: LONGEST_SPEECH,
        least_words: reader.whole("minBargeinWordCount", 0, 100).unwrap_or(1),
        least_confidence,
        partial: reader.hook("partialResultHook"),
    }
}
