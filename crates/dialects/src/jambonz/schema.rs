//! What may stand in a document: every verb and every object inside one, with the types of their
//! properties. Source: the public verb specifications and JSON schemas of jambonz.

mod parts;
mod speech;
mod support;
mod verbs;

pub(super) use support::{missing, support};

/// An object: a verb, or a part of one.
#[derive(Debug)]
pub(super) struct Shape {
    /// Its name.
    pub(super) name: &'static str,
    /// Properties that must be there.
    pub(super) required: &'static [&'static str],
    /// Names of properties, separated by blanks, by what their value is.
    pub(super) properties: &'static [(Kind, &'static str)],
}

impl Shape {
    /// What a property's value is; `None` when there is no such property.
    pub(super) fn kind(&self, property: &str) -> Option<Kind> {
        self.properties
            .iter()
            .find(|(_, names)| names.split_ascii_whitespace().any(|name| name == property))
            .map(|(kind, _)| *kind)
    }

    /// The names of all properties.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.properties
            .iter()
            .flat_map(|(_, names)| names.split_ascii_whitespace())
    }
}

/// What the value of a property is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A value of one of these types.
    Any(&'static [Type]),
    /// A URL, or an object with URL, method and credentials.
    Hook,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An object of that shape.
    Shape(&'static str),
    /// An array of objects of that shape.
    Shapes(&'static str),
    /// A text, or an object of that shape.
    ShapeOrText(&'static str),
}

const TEXT: Kind = Kind::Any(&[Type::String]);
const NUMBER: Kind = Kind::Any(&[Type::Number]);
const FLAG: Kind = Kind::Any(&[Type::Boolean]);
const OBJECT: Kind = Kind::Any(&[Type::Object]);
const LIST: Kind = Kind::Any(&[Type::Array]);
const HOOK: Kind = Kind::Hook;

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Text.
    String,
    /// Number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Object; `null` counts as one, as it does in JavaScript.
    Object,
    /// Array.
    Array,
}

impl Type {
    /// The type of a value.
    pub(super) fn of(value: &serde_json::Value) -> Type {
        use serde_json::Value;
        match value {
            Value::String(_) => Type::String,
            Value::Number(_) => Type::Number,
            Value::Bool(_) => Type::Boolean,
            Value::Object(_) | Value::Null => Type::Object,
            Value::Array(_) => Type::Array,
        }
    }

    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::Number => "number",
            Type::Boolean => "boolean",
            Type::Object => "object",
            Type::Array => "array",
        }
    }
}

/// The shape of a verb under its canonical name.
pub(super) fn verb(name: &str) -> Option<&'static Shape> {
    verbs::VERBS.iter().find(|shape| shape.name == name)
}

/// The shape of a part of a verb; verbs may stand inside others too.
pub(super) fn part(name: &str) -> Option<&'static Shape> {
    let parts = parts::PARTS.iter().chain(speech::SPEECH);
    parts.chain(verbs::VERBS).find(|shape| shape.name == name)
}

/// The names of all verbs, aliases included.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    verbs::VERBS
        .iter()
        .map(|shape| shape.name)
        .chain(ALIASES.iter().map(|alias| alias.0))
}

/// Other names of verbs: the name, the verb, and the vendor that the name implies.
pub(super) const ALIASES: &[(&str, &str, Option<&str>)] = &[
    ("stream", "listen", None),
    ("room", "conference", None),
    ("s2s", "llm", None),
    ("openai_s2s", "llm", Some("openai")),
    ("microsoft_s2s", "llm", Some("microsoft")),
    ("google_s2s", "llm", Some("google")),
    ("elevenlabs_s2s", "llm", Some("elevenlabs")),
    ("deepgram_s2s", "llm", Some("deepgram")),
    ("voiceagent_s2s", "llm", Some("voiceagent")),
    ("ultravox_s2s", "llm", Some("ultravox")),
    ("qwen_s2s", "llm", Some("qwen")),
    ("gptlive_s2s", "llm", Some("gptlive")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static Shape> {
        parts::PARTS
            .iter()
            .chain(speech::SPEECH)
            .chain(verbs::VERBS)
    }

    #[test]
    fn every_part_that_a_table_names_is_in_a_table() {
        for shape in all() {
            for (kind, names) in shape.properties {
                if let Kind::Shape(name) | Kind::Shapes(name) | Kind::ShapeOrText(name) = kind {
                    assert!(
                        part(name).is_some() || *name == "root",
                        "{}: {names} is of the unknown shape {name}",
                        shape.name
                    );
                }
            }
        }
    }

    #[test]
    fn every_required_property_exists() {
        for shape in all() {
            for required in shape.required {
                assert!(shape.kind(required).is_some(), "{}: {required}", shape.name);
            }
        }
    }

    #[test]
    fn no_property_stands_in_a_table_twice() {
        for shape in all() {
            let mut names: Vec<_> = shape.names().collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", shape.name);
        }
    }

    #[test]
    fn every_alias_leads_to_a_verb() {
        for (alias, name, _) in ALIASES {
            assert!(verb(name).is_some(), "{alias}");
        }
    }
}
