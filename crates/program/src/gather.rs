//! Collecting keys and speech from the caller.

use std::time::Duration;

use crate::{Hook, Prompt, Repeat};

/// Collect what the caller types or says.
#[derive(Clone, Debug, PartialEq)]
pub struct Gather {
    /// Heard meanwhile.
    pub prompts: Vec<Prompt>,
    /// How often the prompts are heard.
    pub repeat: Repeat,
    /// Rules for keys; `None` when keys are not asked for.
    pub keys: Option<KeyRules>,
    /// Rules for speech; `None` when speech is not asked for.
    pub speech: Option<SpeechRules>,
    /// Whether input is taken while the prompts are heard.
    pub listen_during_prompt: bool,
    /// Whether a key ends the prompts.
    pub keys_interrupt: bool,
    /// Whether speech ends the prompts.
    pub speech_interrupts: bool,
    /// What becomes of keys that were pressed before the verb began.
    pub typed_ahead: TypedAhead,
    /// Asked with the result; an empty URL is that of the current document.
    pub result: Option<Hook>,
    /// What happens when there was no input.
    pub on_empty: OnEmpty,
    /// An empty reply means "carry on" and not "end of document".
    pub empty_reply_goes_on: bool,
    /// Becomes the tag of later requests, when given.
    pub tag: Option<String>,
    /// The application's name for this verb.
    pub id: Option<String>,
}

/// How keys are collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRules {
    /// Fewer than these are no input, unless a finish key says that they are all.
    pub least: u32,
    /// Complete at so many.
    pub most: Option<u32>,
    /// Keys that complete the input and are not part of it.
    pub finish: Vec<char>,
    /// How long to wait for the first key once the prompts have been heard, and for the next one
    /// while there are too few.
    pub first: Duration,
    /// How long to wait for each key after those.
    pub between: Duration,
}

/// How speech is collected.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechRules {
    /// What to recognise with.
    pub recognizer: Recognizer,
    /// How long to wait for speech to begin once the prompts have been heard.
    pub begin: Duration,
    /// How long the silence is that ends it; `None` leaves that to the recognizer.
    pub end: Option<Duration>,
    /// Longest speech.
    pub most: Duration,
    /// Words that must have been heard before speech ends the prompts.
    pub least_words: u32,
    /// Results below this are as good as none (0 to 1).
    pub least_confidence: f32,
    /// Told of partial results.
    pub partial: Option<Hook>,
}

/// What the document wants of a speech recognizer; what is absent is the default of the
/// configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recognizer {
    /// The speech vendor (jambonz).
    pub vendor: Option<String>,
    /// Language as BCP 47 spells it.
    pub language: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Words and phrases that are likely.
    pub hints: Vec<String>,
    /// Whether swear words are masked.
    pub profanity_filter: bool,
    /// Whether partial results are wanted.
    pub interim: bool,
}

/// What becomes of keys that were pressed before anybody asked for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedAhead {
    /// They count.
    Kept,
    /// They are forgotten.
    Dropped,
}

/// What happens when nothing was typed or said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEmpty {
    /// The next verb runs; nobody is asked.
    NextVerb,
    /// The result is asked for all the same.
    Ask,
}

/// Tells the application each key as it is pressed, while other verbs run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvents {
    /// Told.
    pub hook: Hook,
    /// Becomes the tag of later requests, when given.
    pub tag: Option<String>,
}
