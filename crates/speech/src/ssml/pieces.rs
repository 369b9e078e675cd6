//! The tree as plain texts and pauses, for engines that know no SSML.

use std::time::Duration;

use super::{Part, Script, said};

/// One piece of what an engine is asked to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A text in the engine's own form.
    Text {
        /// The text.
        text: String,
        /// Speed in percent of the usual.
        rate: u32,
    },
    /// Silence.
    Silence(Duration),
}

/// Silence between paragraphs.
const PARAGRAPH: Duration = Duration::from_millis(600);
/// Silence between sentences.
const SENTENCE: Duration = Duration::from_millis(300);
/// Pieces of one text; what follows goes into the last.
const MOST: usize = 64;
/// Pauses of one text in all: a document of a few kilobytes must not ask for hours.
const LONGEST_SILENCE: Duration = Duration::from_secs(120);

/// The texts and pauses. No two texts with the same rate follow each other; silence at the very
/// end is left out unless it was asked for.
pub(crate) fn pieces(script: &Script) -> Vec<Piece> {
    let english = script
        .language
        .as_deref()
        .is_none_or(|language| language.to_ascii_lowercase().starts_with("en"));
    let mut cutter = Cutter {
        english,
        rate: 100,
        done: Vec::new(),
        owed: Duration::ZERO,
        left: LONGEST_SILENCE,
    };
    cutter.parts(&script.parts);
    let mut done = cutter.done;
    for piece in &mut done {
        if let Piece::Text { text, .. } = piece {
            *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    }
    done.retain(|piece| match piece {
        Piece::Text { text, .. } => text.chars().any(char::is_alphanumeric),
        Piece::Silence(length) => !length.is_zero(),
    });
    done
}

/// The whole as one plain text. Pauses become what engines pause at.
pub(crate) fn plain(script: &Script) -> String {
    let mut out = String::new();
    for piece in pieces(script) {
        match piece {
            Piece::Text { text, .. } => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                out.push_str(&text);
            }
            Piece::Silence(_) if out.ends_with(['.', ',', '!', '?', ':', ';', '…']) => {}
            Piece::Silence(length) if length < Duration::from_millis(250) => out.push(','),
            Piece::Silence(_) => out.push_str(" …"),
        }
    }
    out.trim().to_owned()
}

struct Cutter {
    english: bool,
    rate: u32,
    done: Vec<Piece>,
    /// Silence that is heard if anything follows.
    owed: Duration,
    /// Silence that may still be asked for.
    left: Duration,
}

impl Cutter {
    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            self.part(part);
        }
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text(text) => self.text(text),
            Part::Break(length) => self.silence(*length),
            Part::Emphasis(_, parts) | Part::Language(_, parts) => self.parts(parts),
            Part::Prosody(prosody, parts) => {
                let before = self.rate;
                if let Some(rate) = prosody.rate.as_deref() {
                    self.rate = (before * percent(rate) / 100).clamp(20, 400);
                }
                self.parts(parts);
                self.rate = before;
            }
            Part::SayAs(say) => {
                let words = said::in_words(say, self.english);
                self.text(&format!(" {words} "));
            }
            Part::Sub { alias, .. } => self.text(&format!(" {alias} ")),
            Part::Phoneme { text, .. } => self.text(text),
            Part::Paragraph(parts) => {
                self.parts(parts);
                self.owed = self.owed.max(PARAGRAPH);
            }
            Part::Sentence(parts) => {
                self.parts(parts);
                self.owed = self.owed.max(SENTENCE);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if text.trim().is_empty() {
            if let Some(Piece::Text { text, .. }) = self.done.last_mut() {
                text.push(' ');
            }
            return;
        }
        if !self.owed.is_zero() {
            let owed = std::mem::take(&mut self.owed);
            self.silence(owed);
        }
        let full = self.done.len() >= MOST;
        match self.done.last_mut() {
            Some(Piece::Text { text: last, rate }) if full || *rate == self.rate => {
                last.push_str(text);
            }
            _ => self.done.push(Piece::Text {
                text: text.to_owned(),
                rate: self.rate,
            }),
        }
    }

    fn silence(&mut self, length: Duration) {
        self.owed = Duration::ZERO;
        let length = length.min(self.left);
        self.left = self.left.saturating_sub(length);
        let full = self.done.len() >= MOST;
        match self.done.last_mut() {
            _ if length.is_zero() => {}
            Some(Piece::Silence(last)) => *last = last.saturating_add(length),
            Some(Piece::Text { text, .. }) if full => text.push_str(", "),
            _ => self.done.push(Piece::Silence(length)),
        }
    }
}

/// A rate as `prosody` writes it, in percent of the usual: names as in Amazon Polly, `80%`,
/// `+10%`, or a factor.
fn percent(rate: &str) -> u32 {
    let rate = rate.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let percent = match rate {
        "x-slow" => Some(50.0),
        "slow" => Some(75.0),
        "medium" | "default" => Some(100.0),
        "fast" => Some(125.0),
        "x-fast" => Some(160.0),
        _ => match rate.strip_suffix('%') {
            Some(change) if rate.starts_with(['+', '-']) => number(change).map(|by| 100.0 + by),
            Some(absolute) => number(absolute),
            None => number(rate).map(|factor| factor * 100.0),
        },
    };
    percent.map_or(100, |percent| percent.clamp(20.0, 400.0) as u32)
}
