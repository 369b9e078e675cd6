//! `SpeakSentence`: plain text, or SSML that is passed on as it was written.

use std::ops::Range;

use hookflash_program::{Repeat, Speech, SpeechText, Voice};
use roxmltree::Node;

use crate::bxml::attribute::given;
use crate::bxml::document::content;

/// What `SpeakSentence` speaks, and who does. A voice outweighs gender and locale (Bandwidth's
/// page on the verb), which otherwise have defaults.
pub(in crate::bxml) fn speech(node: Node<'_, '_>) -> Speech {
    let name = given(node, "voice");
    let voice = match name {
        Some(_) => Voice {
            name,
            ..Voice::default()
        },
        None => Voice {
            gender: Some(given(node, "gender").unwrap_or_else(|| "female".to_owned())),
            language: Some(match given(node, "locale") {
                Some(locale) => locale.replace('_', "-"),
                None => "en-US".to_owned(),
            }),
            ..Voice::default()
        },
    };
    Speech {
        text: text(node),
        voice,
        repeat: Repeat::ONCE,
    }
}

fn text(node: Node<'_, '_>) -> SpeechText {
    let mut elements = node.children().filter(Node::is_element);
    let Some(first) = elements.next() else {
        return SpeechText::Plain(content(node));
    };
    let stands_alone = elements.next().is_none()
        && node
            .children()
            .filter(Node::is_text)
            .all(|text| text.text().unwrap_or_default().trim().is_empty());
    if first.tag_name().name() == "speak" && stands_alone {
        let attributes = first.attributes().map(|attribute| attribute.range());
        return SpeechText::Ssml(document(first, attributes, inner(first)));
    }
    SpeechText::Ssml(document(node, [], inner(node)))
}

/// An SSML document around a piece of BXML, with the prefixes that the piece uses and with these
/// attributes, as they were written.
fn document(
    node: Node<'_, '_>,
    attributes: impl IntoIterator<Item = Range<usize>>,
    inner: &str,
) -> String {
    let text = node.document().input_text();
    let mut ssml = "<speak".to_owned();
    let mut own = String::new();
    for attribute in attributes {
        own.push(' ');
        own.push_str(text.get(attribute).unwrap_or_default());
    }
    for namespace in node.namespaces() {
        // A document can declare thousands and hold hundreds of sentences.
        let is_used = |prefix: &&str| inner.contains(prefix) || own.contains(prefix);
        let prefix = namespace.name().filter(|prefix| *prefix != "xml");
        if let Some(prefix) = prefix.filter(is_used) {
            ssml.push_str(&format!(" xmlns:{prefix}=\"{}\"", escaped(namespace.uri())));
        }
    }
    ssml.push_str(&own);
    ssml.push('>');
    ssml.push_str(inner.trim());
    ssml.push_str("</speak>");
    ssml
}

/// What stands between the tags of an element, as it was written.
fn inner<'a>(node: Node<'a, '_>) -> &'a str {
    let (Some(first), Some(last)) = (node.first_child(), node.last_child()) else {
        return "";
    };
    let text = node.document().input_text();
    text.get(first.range().start..last.range().end)
        .unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('"', "&quot;")
}
