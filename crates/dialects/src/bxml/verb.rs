//! The verbs that let the caller hear something and that listen to the caller's keys.

pub(super) mod record;
pub(super) mod speech;
pub(super) mod stream;

use std::time::Duration;

use hookflash_program::{
    Audio, Gather, Hook, KeyEvents, KeyOrPause, KeyRules, Keys, OnEmpty, Prompt, Prompts,
    Recognizer, Repeat, Ring, SpeechRules, TypedAhead,
};
use roxmltree::Node;

use super::attribute::{
    credentials, flag, given, hook, keys, method, milliseconds, seconds, tag, whole,
};
use super::{APPLICATION_ERROR, document};

/// The longest speech that is heard.
const LONGEST_SPEECH: Duration = Duration::from_secs(60);

/// `SpeakSentence` or `PlayAudio` on its own.
pub(super) fn prompts(node: Node<'_, '_>) -> Prompts {
    Prompts {
        items: vec![prompt(node)],
        repeat: Repeat::ONCE,
        at_most: None,
        result: None,
        id: None,
    }
}

/// `SpeakSentence` or `PlayAudio`, on its own or in `Gather`.
fn prompt(node: Node<'_, '_>) -> Prompt {
    match node.tag_name().name() {
        "PlayAudio" => Prompt::Audio(Audio {
            url: document::content(node),
            credentials: credentials(node, "username", "password"),
            repeat: Repeat::ONCE,
            from: Duration::ZERO,
            failure_code: APPLICATION_ERROR,
        }),
        _ => Prompt::Speech(speech::speech(node)),
    }
}

/// `Ring`.
pub(super) fn ring(node: Node<'_, '_>) -> Ring {
    Ring {
        length: seconds(node, "duration", "5"),
        answer: flag(node, "answerCall", true),
    }
}

/// `Gather`. Bandwidth waits for the first digit between two rounds of prompts as long as after
/// the last, so the rounds are written out with silence between them. It says nothing of digits
/// that were pressed before: they are dropped, as the pressed key of the last menu should be.
pub(super) fn gather(node: Node<'_, '_>) -> Gather {
    let first = seconds(node, "firstDigitTimeout", "5");
    let round: Vec<Prompt> = node
        .children()
        .filter(Node::is_element)
        .map(prompt)
        .collect();
    let mut prompts = round.clone();
    if !round.is_empty() {
        for _ in 1..whole(node, "repeatCount", 1) {
            if !first.is_zero() {
                prompts.push(Prompt::Silence(first));
            }
            prompts.extend_from_slice(&round);
        }
    }
    let result = hook(node, "gather");
    let input = given(node, "input");
    let input = input.as_deref().unwrap_or("dtmf");
    let speech = (input != "dtmf").then(|| speech_rules(node));
    Gather {
        prompts,
        repeat: Repeat::ONCE,
        keys: (input != "speech").then(|| KeyRules {
            least: 0,
            most: Some(whole(node, "maxDigits", 50)),
            finish: keys(node, "terminatingDigits", ""),
            first,
            between: seconds(node, "interDigitTimeout", "5"),
        }),
        listen_during_prompt: true,
        keys_interrupt: true,
        speech_interrupts: speech.is_some(),
        speech,
        typed_ahead: TypedAhead::Dropped,
        on_empty: match result {
            Some(_) => OnEmpty::Ask,
            None => OnEmpty::NextVerb,
        },
        result,
        empty_reply_goes_on: false,
        tag: tag(node),
        id: None,
    }
}

/// The attributes of `Gather` for speech. Bandwidth names no limit for its length.
fn speech_rules(node: Node<'_, '_>) -> SpeechRules {
    let hints = given(node, "hints").unwrap_or_default();
    let hints = hints.split(',').map(str::trim);
    let partial = given(node, "partialResultCallback").map(|url| Hook {
        method: method(node, "partialResultCallbackMethod"),
        credentials: credentials(node, "username", "password"),
        ..Hook::post(url)
    });
    SpeechRules {
        recognizer: Recognizer {
            language: given(node, "language"),
            model: given(node, "speechModel"),
            hints: hints
                .filter(|hint| !hint.is_empty())
                .map(str::to_owned)
                .collect(),
            profanity_filter: flag(node, "profanityFilter", true),
            interim: partial.is_some(),
            ..Recognizer::default()
        },
        begin: seconds(node, "speechTimeout", "5"),
        end: None,
        most: LONGEST_SPEECH,
        least_words: 1,
        least_confidence: 0.0,
        partial,
    }
}

/// `StartGather`.
pub(super) fn key_events(node: Node<'_, '_>) -> Option<KeyEvents> {
    Some(KeyEvents {
        hook: hook(node, "dtmf")?,
        tag: tag(node),
    })
}

/// `SendDtmf`.
pub(super) fn send_keys(node: Node<'_, '_>) -> Keys {
    let keys = document::content(node)
        .chars()
        .map(|key| match key {
            'w' | ',' => KeyOrPause::Pause(Duration::from_millis(500)),
            'W' => KeyOrPause::Pause(Duration::from_secs(1)),
            key => KeyOrPause::Key(key.to_ascii_uppercase()),
        })
        .collect();
    Keys {
        keys,
        tone: milliseconds(node, "toneDuration", "200"),
        gap: milliseconds(node, "toneInterval", "400"),
    }
}
