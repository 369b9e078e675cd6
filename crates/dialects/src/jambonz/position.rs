//! Where in a JSON text a value stands. Asked only for what has to be shown to a person: a valid
//! document is never searched.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// An item of an array.
    Index(usize),
    /// The value of a property.
    Value(String),
    /// The name of a property.
    Name(String),
}

/// The byte offset of what a path leads to, from a value of the document on; of the innermost value
/// on the way when it leads into nothing.
pub(super) fn offset(document: &str, value: &str, path: &[Segment]) -> usize {
    let mut here = value;
    for segment in path {
        let next = match segment {
            Segment::Index(index) => items(here).get(*index).copied(),
            Segment::Value(name) => property(here, name).map(|(_, value)| value),
            Segment::Name(name) => property(here, name).map(|(name, _)| name),
        };
        match next {
            Some(next) => here = next,
            None => break,
        }
    }
    start(document, here)
}

/// The texts of the items of an array.
pub(super) fn items(array: &str) -> Vec<&str> {
    let items = serde_json::from_str::<Vec<&RawValue>>(array).unwrap_or_default();
    items.into_iter().map(RawValue::get).collect()
}

/// How far into the document a slice of it begins.
pub(super) fn start(document: &str, slice: &str) -> usize {
    slice
        .as_ptr()
        .addr()
        .saturating_sub(document.as_ptr().addr())
}

/// The texts of a property's name and value. Of properties with the same name the last one
/// counts, as for every JSON parser of the web.
fn property<'a>(object: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let Properties(properties) = serde_json::from_str(object).ok()?;
    properties
        .into_iter()
        .rev()
        .map(|(key, value)| (key.get(), value.get()))
        .find(|(key, _)| is_named(key, name))
}

/// Whether the text of a name, quotes and all, says this. Few names are escaped, and there may be
/// ten thousands of others to look at.
fn is_named(text: &str, name: &str) -> bool {
    let plain = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    match plain {
        Some(plain) if !plain.contains('\\') => plain == name,
        _ => serde_json::from_str::<String>(text).is_ok_and(|found| found == name),
    }
}

struct Properties<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Properties<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Properties<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut properties = Vec::new();
                while let Some(property) = map.next_entry()? {
                    properties.push(property);
                }
                Ok(Properties(properties))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\n[{\"say\": {\"text\": 1, \"text\": [true, \"x\"]}}, 2]";

    fn value(name: &str) -> Segment {
        Segment::Value(name.to_owned())
    }

    fn at(path: &[Segment]) -> &'static str {
        DOCUMENT
            .get(offset(DOCUMENT, DOCUMENT.trim_start(), path)..)
            .unwrap()
    }

    #[test]
    fn a_path_leads_to_the_place_in_the_text() {
        assert!(at(&[]).starts_with("[{"));
        assert!(at(&[Segment::Index(1)]).starts_with("2]"));
        let text = [Segment::Index(0), value("say"), value("text")];
        assert!(at(&text).starts_with("[true"));
        let name = [Segment::Index(0), Segment::Name("say".to_owned())];
        assert!(at(&name).starts_with("\"say\""));
    }

    #[test]
    fn a_name_that_is_escaped_is_found() {
        let document = r#"{"a": 1, "t\u0065xt": 2}"#;
        let at = offset(document, document, &[value("text")]);
        assert!(document.get(at..).unwrap().starts_with("2}"));
    }

    #[test]
    fn a_path_into_nothing_leads_to_what_is_there() {
        assert!(at(&[Segment::Index(0), value("play"), value("url")]).starts_with("{\"say\""));
    }
}
