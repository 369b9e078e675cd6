//! The SSML that may stand in Say (Twilio "Say: SSML").

use crate::laml::schema::{Element, Kind, Text, attribute};

/// What may stand in Say and, deeper, in most of these.
pub(crate) static SPEECH: [&Element; 10] = [
    &BREAK, &EMPHASIS, &LANG, &PARAGRAPH, &PHONEME, &PROSODY, &SENTENCE, &SAY_AS, &SUB, &WORD,
];

const STRENGTHS: &[&str] = &["none", "x-weak", "weak", "medium", "strong", "x-strong"];

static BREAK: Element = Element::new("break").attributes(&[&[
    attribute("strength", Kind::OneOf(STRENGTHS)).default("medium"),
    attribute("time", Kind::Any),
]]);

static EMPHASIS: Element = Element::new("emphasis")
    .attributes(&[&[attribute(
        "level",
        Kind::OneOf(&["strong", "moderate", "reduced"]),
    )]])
    .text(Text::Words)
    .children(&SPEECH);

static LANG: Element = Element::new("lang")
    .attributes(&[&[attribute("xml:lang", Kind::Any)]])
    .text(Text::Words)
    .children(&SPEECH);

static PARAGRAPH: Element = Element::new("p").text(Text::Words).children(&SPEECH);

static PHONEME: Element = Element::new("phoneme")
    .attributes(&[&[
        attribute(
            "alphabet",
            Kind::OneOf(&["ipa", "x-sampa", "x-amazon-jyutping"]),
        ),
        attribute("ph", Kind::Any),
    ]])
    .text(Text::Words);

static PROSODY: Element = Element::new("prosody")
    .attributes(&[&[
        attribute("volume", Kind::Any),
        attribute("rate", Kind::Any),
        attribute("pitch", Kind::Any),
    ]])
    .text(Text::Words)
    .children(&SPEECH);

static SENTENCE: Element = Element::new("s").text(Text::Words).children(&SPEECH);

static SAY_AS: Element = Element::new("say-as")
    .attributes(&[&[
        attribute("interpret-as", Kind::Any),
        attribute("format", Kind::Any),
    ]])
    .text(Text::Words);

static SUB: Element = Element::new("sub")
    .attributes(&[&[attribute("alias", Kind::Any)]])
    .text(Text::Words);

static WORD: Element = Element::new("w")
    .attributes(&[&[attribute("role", Kind::Any)]])
    .text(Text::Words);
