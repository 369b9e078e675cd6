//! What is to be said: plain text, or SSML (W3C SSML 1.1) read into a small tree.
//!
//! Engines do not take the document as it is: each renders the tree into what it can do. SSML
//! that cannot be read is said as its text.

mod markup;
mod pieces;
mod read;
mod said;

use std::time::Duration;

use hookflash_program::SpeechText;

pub(crate) use markup::{Flavour, escaped, markup};
pub use pieces::Piece;
pub(crate) use pieces::{pieces, plain};

/// Longest text in bytes. Twilio takes 4,096 characters, jambonz and Bandwidth a little more.
const LONGEST: usize = 64 * 1024;

/// A text to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// Language of the whole, when the document names one.
    pub language: Option<String>,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// What could not be taken as it was meant; a sentence.
    pub note: Option<String>,
}

/// One part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// Silence.
    Break(Duration),
    /// `strong`, `moderate`, `reduced` or `none`.
    Emphasis(String, Vec<Part>),
    /// A way of speaking, each as written.
    Prosody(Prosody, Vec<Part>),
    /// Something that is not read as a word.
    SayAs(SayAs),
    /// A text and what is said in its place.
    Sub {
        /// What is said.
        alias: String,
        /// What is written.
        text: String,
    },
    /// A text and how it is pronounced.
    Phoneme {
        /// `ipa`, `x-sampa`, ….
        alphabet: Option<String>,
        /// The sounds.
        ph: String,
        /// What is written.
        text: String,
    },
    /// Another language.
    Language(String, Vec<Part>),
    /// A paragraph.
    Paragraph(Vec<Part>),
    /// A sentence.
    Sentence(Vec<Part>),
}

/// A way of speaking; attributes as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prosody {
    /// `slow`, `80%`, ….
    pub rate: Option<String>,
    /// `high`, `+10%`, ….
    pub pitch: Option<String>,
    /// `loud`, `+6dB`, ….
    pub volume: Option<String>,
}

/// Something that is not read as a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SayAs {
    /// `digits`, `telephone`, `date`, …, in lower case.
    pub interpret: String,
    /// Such as `mdy`.
    pub format: Option<String>,
    /// What is written.
    pub text: String,
}

impl Script {
    /// Reads a text of a document.
    pub fn read(text: &SpeechText) -> Script {
        match text {
            SpeechText::Plain(text) => {
                let note = (text.len() > LONGEST).then(|| too_long(text.len()));
                Script {
                    parts: read::words(within(text)),
                    note,
                    ..Script::default()
                }
            }
            SpeechText::Ssml(text) if text.len() > LONGEST => Script {
                parts: read::words(&read::text_of(within(text))),
                note: Some(too_long(text.len())),
                ..Script::default()
            },
            SpeechText::Ssml(text) => read::document(text),
        }
    }

    /// Whether there is nothing to hear.
    pub fn is_silent(&self) -> bool {
        pieces(self).is_empty()
    }

    /// Whether it is words only.
    pub(crate) fn is_plain(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }
}

fn too_long(length: usize) -> String {
    format!("the text has {length} bytes; {LONGEST} are said")
}

/// The beginning of a text that is too long, whole characters only.
fn within(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
