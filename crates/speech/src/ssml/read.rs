//! SSML into a tree. Elements that say nothing about how a text is said count as their content.

use std::borrow::Cow;
use std::time::Duration;

use roxmltree::{Document, Error, Node, ParsingOptions};

use super::{Part, Prosody, SayAs, Script};

/// Elements within elements; what is deeper counts as its text.
const DEEPEST: usize = 32;
/// Elements, attributes' owners and texts of a document.
const MOST_NODES: u32 = 10_000;
/// Prefixes that are used without being declared, as vendors' documentation does.
const MOST_PREFIXES: usize = 4;
/// Longest pause; Amazon Polly's and Google's limit.
const LONGEST_BREAK: Duration = Duration::from_secs(10);

/// Reads a document with `<speak>` as its root, or whatever else stands there.
pub(super) fn document(text: &str) -> Script {
    let mut source = Cow::Borrowed(text);
    for _ in 0..=MOST_PREFIXES {
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MOST_NODES,
            ..ParsingOptions::default()
        };
        let error = match Document::parse_with_options(&source, options) {
            Ok(document) => return script(&document),
            Err(error) => error,
        };
        if let Error::UnknownNamespace(prefix, _) = &error
            && let Some(mended) = declared(&source, prefix)
        {
            source = Cow::Owned(mended);
            continue;
        }
        return spoken_as_text(text, &error.to_string());
    }
    spoken_as_text(text, "it uses too many undeclared prefixes")
}

fn spoken_as_text(text: &str, why: &str) -> Script {
    Script {
        parts: words(&text_of(text)),
        note: Some(format!("the SSML cannot be read: {why}; its text is said")),
        language: None,
    }
}

/// The document with a prefix declared on its root.
fn declared(source: &str, prefix: &str) -> Option<String> {
    let start = source
        .match_indices('<')
        .find(|(at, _)| {
            source
                .get(at + 1..)
                .is_some_and(|rest| rest.starts_with(|first: char| first.is_alphabetic()))
        })?
        .0;
    let rest = source.get(start..)?;
    let name = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    let (before, after) = source.split_at_checked(start + name)?;
    Some(format!("{before} xmlns:{prefix}=\"urn:{prefix}\"{after}"))
}

fn script(document: &Document<'_>) -> Script {
    let root = document.root_element();
    let mut parts = Vec::new();
    content(root, 0, &mut parts);
    tidy(&mut parts);
    Script {
        language: language(root),
        parts,
        note: None,
    }
}

fn content(node: Node<'_, '_>, depth: usize, into: &mut Vec<Part>) {
    for child in node.children() {
        if let Some(text) = child.text().filter(|_| child.is_text()) {
            push_text(into, text);
        } else if child.is_element() {
            element(child, depth + 1, into);
        }
    }
}

fn element(node: Node<'_, '_>, depth: usize, into: &mut Vec<Part>) {
    if depth > DEEPEST {
        push_text(into, &all_text(node));
        return;
    }
    let inside = |node| {
        let mut parts = Vec::new();
        content(node, depth, &mut parts);
        parts
    };
    let attribute = |name: &str| node.attribute(name).map(collapsed);
    let part = match node.tag_name().name() {
        "break" => Part::Break(pause(node.attribute("time"), node.attribute("strength"))),
        "emphasis" => {
            let level = attribute("level").unwrap_or_else(|| "moderate".to_owned());
            Part::Emphasis(level, inside(node))
        }
        "prosody" => {
            let prosody = Prosody {
                rate: attribute("rate"),
                pitch: attribute("pitch"),
                volume: attribute("volume"),
            };
            Part::Prosody(prosody, inside(node))
        }
        "say-as" => Part::SayAs(SayAs {
            interpret: attribute("interpret-as")
                .unwrap_or_default()
                .to_ascii_lowercase(),
            format: attribute("format"),
            text: all_text(node),
        }),
        "sub" => match attribute("alias") {
            Some(alias) => Part::Sub {
                alias,
                text: all_text(node),
            },
            None => return content(node, depth, into),
        },
        "phoneme" => match attribute("ph") {
            Some(ph) => Part::Phoneme {
                alphabet: attribute("alphabet"),
                ph,
                text: all_text(node),
            },
            None => return content(node, depth, into),
        },
        "lang" | "voice" => match language(node) {
            Some(language) => Part::Language(language, inside(node)),
            None => return content(node, depth, into),
        },
        "p" => Part::Paragraph(inside(node)),
        "s" => Part::Sentence(inside(node)),
        // They carry no words.
        "mark" | "metadata" | "meta" | "lexicon" | "desc" | "bookmark" => return,
        _ => return content(node, depth, into),
    };
    into.push(part);
}

fn language(node: Node<'_, '_>) -> Option<String> {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    node.attribute((XML, "lang"))
        .map(|language| collapsed(language).replace('_', "-"))
        .filter(|language| !language.is_empty())
}

fn all_text(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(|node| node.is_text());
    let joined: String = texts.filter_map(|node| node.text()).collect();
    collapsed(&joined)
}

/// How long a break lasts. The strengths are Amazon Polly's.
fn pause(time: Option<&str>, strength: Option<&str>) -> Duration {
    if let Some(time) = time.and_then(duration) {
        return time.min(LONGEST_BREAK);
    }
    Duration::from_millis(match strength {
        Some("none" | "x-weak") => 0,
        Some("weak") => 200,
        Some("strong") => 700,
        Some("x-strong") => 1_200,
        _ => 400,
    })
}

/// `500ms`, `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim().trim_start_matches('+');
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The text of something that is no XML: tags cut away, the usual references resolved.
pub(super) fn text_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        if !after.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?')) {
            out.push('<');
            rest = after;
            continue;
        }
        // Words on both sides of a tag stay apart.
        out.push(' ');
        rest = match from.find('>') {
            Some(end) => from.get(end + 1..).unwrap_or_default(),
            None => "",
        };
    }
    out.push_str(rest);
    for (reference, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(reference, character);
    }
    out
}

/// Plain words as parts.
pub(super) fn words(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    push_text(&mut parts, text);
    tidy(&mut parts);
    parts
}

/// Text with each run of white space as one space, and none at either end.
fn collapsed(text: &str) -> String {
    let words = text.split(is_blank).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// White space, and what no engine could say: controls, which a terminal or a pipe might act upon,
/// and the two characters that XML allows nowhere.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// Adds text with each run of white space as one space.
fn push_text(into: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    if !matches!(into.last(), Some(Part::Text(_))) {
        into.push(Part::Text(String::new()));
    }
    let Some(Part::Text(out)) = into.last_mut() else {
        return;
    };
    for character in text.chars() {
        if !is_blank(character) {
            out.push(character);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

/// No blanks at either end.
fn tidy(parts: &mut Vec<Part>) {
    if let Some(Part::Text(text)) = parts.first_mut() {
        *text = text.trim_start().to_owned();
    }
    if let Some(Part::Text(text)) = parts.last_mut() {
        *text = text.trim_end().to_owned();
    }
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
}
