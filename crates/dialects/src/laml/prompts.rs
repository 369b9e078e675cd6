//! What the caller hears: Say, Play and Pause, alone and in a Gather.
//!
//! Source: Twilio "Say", "Say: SSML", "Play", "Pause"; SignalWire's pages of the same name.

use std::time::Duration;

use hookflash_program::{
    Audio, KeyOrPause, Keys, Prompt, Prompts, Repeat, Speech, SpeechText, Voice,
};
use roxmltree::Node;

use crate::laml::given::Given;
use crate::laml::schema::{Element, Text};
use crate::laml::validate::Review;

/// Both vendors' code for audio that cannot be played.
const UNPLAYABLE: &str = "13420";

/// `w` (Twilio "Play", SignalWire "Play").
const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// Neither vendor says how long its tones are; this is what most switches send.
const TONE: Duration = Duration::from_millis(100);

/// Prompts that are a verb of their own.
pub(crate) fn verb(items: Vec<Prompt>, repeat: Repeat) -> Prompts {
    Prompts {
        items,
        repeat,
        at_most: None,
        result: None,
        id: None,
    }
}

/// What Say speaks; nothing when it is empty.
pub(crate) fn say(review: &Review<'_>, given: &Given<'_, '_>, repeat: Repeat) -> Vec<Prompt> {
    let text = match marked_up(review, given) {
        Some(ssml) => SpeechText::Ssml(ssml),
        None => SpeechText::Plain(given.content()),
    };
    if matches!(&text, SpeechText::Plain(plain) if plain.is_empty()) {
        return Vec::new();
    }
    vec![Prompt::Speech(Speech {
        text,
        voice: voice(given),
        repeat,
    })]
}

/// A text that is read aloud although nobody wrote Say around it.
pub(crate) fn plain(text: &str) -> Prompt {
    Prompt::Speech(Speech {
        text: SpeechText::Plain(text.trim().to_owned()),
        voice: Voice::default(),
        repeat: Repeat::ONCE,
    })
}

fn voice(given: &Given<'_, '_>) -> Voice {
    // A voice that the document does not choose is the operator's to choose, also where the
    // vendor has one by default.
    let name = given.node.attribute("voice").map(str::trim);
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    let gender = match name.as_deref() {
        Some("man") => Some("male"),
        Some("woman" | "alice") => Some("female"),
        _ => None,
    };
    Voice {
        gender: gender.map(str::to_owned),
        name,
        vendor: None,
        language: given.words("language").map(|name| name.replace('_', "-")),
    }
}

/// What Play plays. Digits come before the sound, where it has both.
pub(crate) fn play(given: &Given<'_, '_>, repeat: Repeat) -> Vec<Prompt> {
    let mut items = Vec::new();
    if let Some(digits) = given.text("digits") {
        items.push(Prompt::Keys(keys(digits)));
    }
    let url = given.content();
    if !url.is_empty() {
        items.push(Prompt::Audio(audio(url, repeat)));
    }
    items
}

/// A sound; an empty URL is that of the current document.
pub(crate) fn audio(url: String, repeat: Repeat) -> Audio {
    Audio {
        url,
        credentials: None,
        repeat,
        from: Duration::ZERO,
        failure_code: UNPLAYABLE,
    }
}

/// Keys to send, `w` and `W` for pauses.
pub(crate) fn keys(digits: &str) -> Keys {
    let keys = digits.chars().map(|digit| match digit {
        'w' => KeyOrPause::Pause(HALF_A_SECOND),
        'W' => KeyOrPause::Pause(2 * HALF_A_SECOND),
        key => KeyOrPause::Key(key),
    });
    Keys {
        keys: keys.collect(),
        tone: TONE,
        gap: TONE,
    }
}

/// `length` of Pause.
pub(crate) fn pause(given: &Given<'_, '_>) -> Duration {
    given.seconds("length").unwrap_or(Duration::from_secs(1))
}

/// The prompts of a Gather.
pub(crate) fn nested(review: &Review<'_>, gather: &Given<'_, '_>) -> Vec<Prompt> {
    let mut prompts = Vec::new();
    for node in gather.node.children().filter(Node::is_element) {
        let Some(element) = gather.element.child(review.name_of(node)) else {
            continue;
        };
        let given = Given { node, element };
        match element.name {
            "Say" => prompts.extend(say(review, &given, given.repeat())),
            "Play" => prompts.extend(play(&given, given.repeat())),
            "Pause" => prompts.push(Prompt::Silence(pause(&given))),
            _ => {}
        }
    }
    prompts
}

/// The SSML of a Say as a document of its own; `None` when there is nothing but text. What the
/// vendor does not know is left out with all that is in it, as everywhere in a document.
///
/// Goes down with a list of its own and not by recursion, because documents can nest deeper than
/// a stack is.
fn marked_up(review: &Review<'_>, say: &Given<'_, '_>) -> Option<String> {
    enum Piece<'a, 'input> {
        Node(Node<'a, 'input>, &'static Element),
        End(&'static str),
    }
    let mut ssml = String::from("<speak>");
    let mut has_markup = false;
    let mut open = Vec::new();
    let children = say.node.children().rev();
    open.extend(children.map(|child| Piece::Node(child, say.element)));
    while let Some(piece) = open.pop() {
        let (node, parent) = match piece {
            Piece::End(name) => {
                ssml.push_str("</");
                ssml.push_str(name);
                ssml.push('>');
                continue;
            }
            Piece::Node(node, parent) => (node, parent),
        };
        if node.is_text() {
            if parent.text != Text::None {
                escape(node.text().unwrap_or_default(), &mut ssml);
            }
            continue;
        }
        let known = match node.is_element() {
            true => parent.child(review.name_of(node)),
            false => None,
        };
        let Some(element) = known else { continue };
        has_markup = true;
        start(review, node, element, &mut ssml);
        if node.has_children() {
            ssml.push('>');
            open.push(Piece::End(element.name));
            let children = node.children().rev();
            open.extend(children.map(|child| Piece::Node(child, element)));
        } else {
            ssml.push_str("/>");
        }
    }
    ssml.push_str("</speak>");
    has_markup.then_some(ssml)
}

/// The start of a tag with the attributes that are right, short of its end.
fn start(review: &Review<'_>, node: Node<'_, '_>, element: &Element, ssml: &mut String) {
    ssml.push('<');
    ssml.push_str(element.name);
    for found in node.attributes() {
        let name = review.source.get(found.range_qname());
        let known = name.and_then(|name| element.attribute(name));
        if let Some(known) = known.filter(|known| known.kind.accepts(found.value())) {
            ssml.push(' ');
            ssml.push_str(known.name);
            ssml.push_str("=\"");
            escape(found.value(), ssml);
            ssml.push('"');
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}
