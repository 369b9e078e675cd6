//! What a caller can be made to hear.

use std::time::Duration;

use crate::Hook;

/// Something to hear.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// Spoken text.
    Speech(Speech),
    /// An audio file.
    Audio(Audio),
    /// Silence.
    Silence(Duration),
    /// The tones of keys.
    Keys(Keys),
    /// One of these, chosen at random each time.
    OneOf(Vec<Prompt>),
}

/// Text to speak.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Speech {
    /// The text.
    pub text: SpeechText,
    /// Who speaks it.
    pub voice: Voice,
    /// How often.
    pub repeat: Repeat,
}

/// A text as the document gave it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SpeechText {
    /// Plain text, references resolved.
    Plain(String),
    /// A complete SSML document with `<speak>` as its root.
    Ssml(String),
}

/// Which voice the document asked for; what is absent is the default of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Voice {
    /// The vendor's name of a voice, such as `Polly.Joanna`, `woman`, `julie`, `en-US-Wavenet-C`.
    pub name: Option<String>,
    /// The speech vendor, such as `google` (jambonz).
    pub vendor: Option<String>,
    /// Language as BCP 47 spells it, such as `en-GB`; `en_GB` is turned into that.
    pub language: Option<String>,
    /// `male` or `female`.
    pub gender: Option<String>,
}

/// An audio file to play.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// URL as written: maybe relative.
    pub url: String,
    /// HTTP Basic user and password.
    pub credentials: Option<(String, String)>,
    /// How often.
    pub repeat: Repeat,
    /// Where in the file to begin.
    pub from: Duration,
    /// The vendor's error when it cannot be had or read, such as `13420`; noted in the journal.
    pub failure_code: &'static str,
}

/// How often something is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// So many times; 0 is not at all.
    Times(u32),
    /// Until something else ends it.
    Forever,
}

impl Repeat {
    /// Once.
    pub const ONCE: Repeat = Repeat::Times(1);
}

/// Keys to send, as telephone-events where the peer takes them, else as tones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// What to send, in order.
    pub keys: Vec<KeyOrPause>,
    /// How long each tone lasts.
    pub tone: Duration,
    /// How long it is silent after each.
    pub gap: Duration,
}

/// One element of a sequence of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrPause {
    /// `0`–`9`, `*`, `#`, `A`–`D` in upper case.
    Key(char),
    /// A pause.
    Pause(Duration),
}

/// A verb that lets the caller hear something (`Say`, `Play`, `SpeakSentence`, `PlayAudio`,
/// `say`, `play`). What cannot be had is noted, and the rest goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompts {
    /// What, in order.
    pub items: Vec<Prompt>,
    /// How often the whole is heard.
    pub repeat: Repeat,
    /// Cut off after this.
    pub at_most: Option<Duration>,
    /// Asked when it has been heard, or could not be.
    pub result: Option<Hook>,
    /// The application's name for this verb.
    pub id: Option<String>,
}

/// Ringing for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// How long.
    pub length: Duration,
    /// Answer first and play a ringing tone; else the unanswered call is told to ring (180).
    pub answer: bool,
}

/// The caller hears itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// For how long; until the call ends when absent.
    pub length: Option<Duration>,
}

/// An unanswered call is told to ring (180) with Alert-Info.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Value of Alert-Info.
    pub message: String,
}

/// Audio that is mixed into what the caller hears, beside everything else (jambonz `dub`).
#[derive(Clone, Debug, PartialEq)]
pub struct Dub {
    /// Name of the track.
    pub track: String,
    /// What to do with it.
    pub order: DubOrder,
    /// Gain in decibels.
    pub gain: f32,
}

/// What happens to a dub track.
#[derive(Clone, Debug, PartialEq)]
pub enum DubOrder {
    /// It is made.
    Add,
    /// It is taken away.
    Remove,
    /// It falls silent.
    Silence,
    /// It plays this.
    Play {
        /// What.
        prompt: Prompt,
        /// Until something else is played on it.
        forever: bool,
    },
}
