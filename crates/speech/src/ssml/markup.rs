//! The tree as SSML again, as far as an engine knows it.

use std::fmt::Write as _;

use super::{Part, Script, said};

/// Whose SSML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// espeak-ng: of `say-as` only characters and digits, no phonemes.
    Espeak,
    /// Google Cloud Text-to-Speech.
    Google,
    /// Azure Speech.
    Azure,
}

impl Flavour {
    /// The engine's own word for an interpretation, when it has one.
    fn interpretation(self, written: &str) -> Option<&'static str> {
        match (self, written) {
            (Flavour::Espeak, "digits" | "digit" | "number_digit") => Some("digits"),
            (Flavour::Espeak, "characters" | "spell-out" | "verbatim" | "letters") => {
                Some("characters")
            }
            (Flavour::Espeak, _) => None,
            (Flavour::Google, "digits" | "digit" | "number_digit" | "characters" | "spell-out") => {
                Some("characters")
            }
            (Flavour::Google, "verbatim" | "letters") => Some("verbatim"),
            (Flavour::Google, "fraction") => Some("fraction"),
            (Flavour::Google, "unit") => Some("unit"),
            (Flavour::Google, "expletive" | "bleep") => Some("expletive"),
            (Flavour::Azure, "digits" | "digit" | "number_digit") => Some("number_digit"),
            (Flavour::Azure, "characters" | "verbatim" | "letters") => Some("characters"),
            (Flavour::Azure, "spell-out") => Some("spell-out"),
            (Flavour::Azure, "address") => Some("address"),
            (Flavour::Azure, "fraction") => Some("fraction"),
            (_, "telephone" | "phone") => Some("telephone"),
            (_, "cardinal" | "number") => Some("cardinal"),
            (_, "ordinal" | "number_ordinal") => Some("ordinal"),
            (_, "date") => Some("date"),
            (_, "time") => Some("time"),
            (_, "currency") => Some("currency"),
            _ => None,
        }
    }
}

/// The content of `<speak>`; its tags are the engine's business.
pub(crate) fn markup(script: &Script, flavour: Flavour) -> String {
    let english = script
        .language
        .as_deref()
        .is_none_or(|language| language.to_ascii_lowercase().starts_with("en"));
    let mut out = String::new();
    write_parts(&mut out, &script.parts, flavour, english);
    out.trim().to_owned()
}

fn write_parts(out: &mut String, parts: &[Part], flavour: Flavour, english: bool) {
    for part in parts {
        write_part(out, part, flavour, english);
    }
}

fn write_part(out: &mut String, part: &Part, flavour: Flavour, english: bool) {
    match part {
        Part::Text(text) => push_escaped(out, text),
        Part::Break(length) => {
            let _ = write!(out, "<break time=\"{}ms\"/>", length.as_millis());
        }
        Part::Emphasis(level, parts) => {
            let attributes = [("level", Some(level.as_str()))];
            wrap(out, "emphasis", &attributes, parts, flavour, english);
        }
        Part::Prosody(prosody, parts) => {
            let attributes = [
                ("rate", prosody.rate.as_deref()),
                ("pitch", prosody.pitch.as_deref()),
                ("volume", prosody.volume.as_deref()),
            ];
            wrap(out, "prosody", &attributes, parts, flavour, english);
        }
        Part::SayAs(say) => match flavour.interpretation(&say.interpret) {
            Some(own) => {
                let format = say.format.as_deref();
                open(
                    out,
                    "say-as",
                    &[("interpret-as", Some(own)), ("format", format)],
                );
                push_escaped(out, &say.text);
                out.push_str("</say-as>");
            }
            None => push_escaped(out, &said::in_words(say, english)),
        },
        Part::Sub { alias, text } => {
            // espeak-ng says both.
            if flavour == Flavour::Espeak {
                push_escaped(out, alias);
            } else {
                open(out, "sub", &[("alias", Some(alias))]);
                push_escaped(out, text);
                out.push_str("</sub>");
            }
        }
        Part::Phoneme { alphabet, ph, text } => {
            if flavour == Flavour::Espeak {
                push_escaped(out, text);
            } else {
                let attributes = [("alphabet", alphabet.as_deref()), ("ph", Some(ph))];
                open(out, "phoneme", &attributes);
                push_escaped(out, text);
                out.push_str("</phoneme>");
            }
        }
        Part::Language(language, parts) => {
            // espeak-ng changes its voice by the language of an element.
            let name = match flavour {
                Flavour::Espeak => "voice",
                Flavour::Google | Flavour::Azure => "lang",
            };
            let attributes = [("xml:lang", Some(language.as_str()))];
            wrap(out, name, &attributes, parts, flavour, english);
        }
        Part::Paragraph(parts) => wrap(out, "p", &[], parts, flavour, english),
        Part::Sentence(parts) => wrap(out, "s", &[], parts, flavour, english),
    }
}

fn wrap(
    out: &mut String,
    name: &str,
    attributes: &[(&str, Option<&str>)],
    parts: &[Part],
    flavour: Flavour,
    english: bool,
) {
    open(out, name, attributes);
    write_parts(out, parts, flavour, english);
    let _ = write!(out, "</{name}>");
}

fn open(out: &mut String, name: &str, attributes: &[(&str, Option<&str>)]) {
    let _ = write!(out, "<{name}");
    for (key, value) in attributes {
        if let Some(value) = value {
            let _ = write!(out, " {key}=\"");
            push_escaped(out, value);
            out.push('"');
        }
    }
    out.push('>');
}

/// Text that is safe within an element and within quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(&mut out, text);
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            character => out.push(character),
        }
    }
}
