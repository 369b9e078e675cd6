//! Checks verbs against the tables. The order of the checks and the words of the messages are
//! those of jambonz' own validator, so that what people find on the web about them helps here.

use serde_json::{Map, Value};

use super::position::Segment;
use super::schema::{self, Kind, Shape, Type};
use crate::nearest::nearest;
use crate::shown::shown;

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The path to it.
    pub(super) path: Vec<Segment>,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
}

/// So many findings are enough to mend a document in one go.
pub(super) const MAX_FINDINGS: usize = 50;

/// Walks a document and collects findings.
#[derive(Debug, Default)]
pub(super) struct Validation {
    path: Vec<Segment>,
    findings: Vec<Finding>,
    remarks: Vec<Finding>,
}

impl Validation {
    /// What was found wrong, and what was remarked, in the order of the document.
    pub(super) fn into_findings(self) -> (Vec<Finding>, Vec<Finding>) {
        (self.findings, self.remarks)
    }

    /// Remarks on the present place; the document runs all the same.
    pub(super) fn remark(&mut self, message: String) {
        if self.remarks.len() < MAX_FINDINGS {
            self.remarks.push(Finding {
                path: self.path.clone(),
                message,
                help: None,
            });
        }
    }

    /// How much was found so far.
    pub(super) fn count(&self) -> usize {
        self.findings.len()
    }

    /// Notes a finding at the present place.
    pub(super) fn note(&mut self, message: String, help: Option<String>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding {
                path: self.path.clone(),
                message,
                help,
            });
        }
    }

    /// Does something one step deeper.
    pub(super) fn inside<T>(&mut self, segment: Segment, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(segment);
        let result = work(self);
        self.path.pop();
        result
    }

    /// Checks the properties of a verb or a part. Depth is bounded by that of the document, which
    /// the JSON parser has limited.
    pub(super) fn shape(&mut self, shape: &'static Shape, properties: &Map<String, Value>) {
        for (property, value) in properties {
            if self.findings.len() >= MAX_FINDINGS {
                return;
            }
            // jambonz lets applications carry anything there.
            if property == "_" {
                continue;
            }
            match shape.kind(property) {
                Some(kind) => self.inside(Segment::Value(property.clone()), |validation| {
                    validation.value(shape, property, kind, value);
                }),
                None => self.inside(Segment::Name(property.clone()), |validation| {
                    let message = format!("{}: unknown property {}", shape.name, shown(property));
                    let meant = nearest(property, shape.names());
                    let help = meant.map(|meant| format!("did you mean `{meant}`?"));
                    validation.note(message, help);
                }),
            }
        }
        let missing: Vec<&str> = shape
            .required
            .iter()
            .copied()
            .filter(|required| !properties.contains_key(*required))
            .collect();
        if !missing.is_empty() {
            self.note(
                format!("{}: missing value for {}", shape.name, missing.join(",")),
                None,
            );
        }
    }

    fn value(&mut self, shape: &'static Shape, property: &str, kind: Kind, value: &Value) {
        let found = Type::of(value);
        match kind {
            Kind::Any(types) if types.contains(&found) => {}
            Kind::Any(types) => {
                let names: Vec<_> = types.iter().map(|of| of.name()).collect();
                self.wrong_type(shape, property, &names.join(" or "), found);
            }
            Kind::Hook => self.hook(shape, property, value),
            Kind::Word(words) => {
                if !value.as_str().is_some_and(|word| words.contains(&word)) {
                    let shown = shortened(value);
                    let message = format!(
                        "{}: property {property} has the invalid value {shown}, must be one of {}",
                        shape.name,
                        words.join(",")
                    );
                    let meant = value
                        .as_str()
                        .and_then(|v| nearest(v, words.iter().copied()));
                    self.note(
                        message,
                        meant.map(|meant| format!("did you mean `{meant}`?")),
                    );
                }
            }
            Kind::Shape(name) => self.part(shape, property, name, value),
            Kind::ShapeOrText(_) if found == Type::String => {}
            Kind::ShapeOrText(name) => self.part(shape, property, name, value),
            Kind::Shapes(name) => match value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        if self.findings.len() >= MAX_FINDINGS {
                            return;
                        }
                        self.inside(Segment::Index(index), |validation| {
                            validation.part(shape, property, name, item);
                        });
                    }
                }
                _ => self.note(
                    format!("{}: property {property} is not an array", shape.name),
                    None,
                ),
            },
        }
    }

    fn part(&mut self, parent: &'static Shape, property: &str, name: &str, value: &Value) {
        match (value, schema::part(name)) {
            (Value::Object(properties), Some(shape)) => self.shape(shape, properties),
            (Value::Object(_) | Value::Null, _) => {}
            _ => self.wrong_type(parent, property, "object", Type::of(value)),
        }
    }

    /// Objects need a URL; their method and credentials have to be of use.
    fn hook(&mut self, shape: &'static Shape, property: &str, value: &Value) {
        let hook = match value {
            Value::String(_) | Value::Null => return,
            Value::Object(hook) => hook,
            _ => return self.wrong_type(shape, property, "object or string", Type::of(value)),
        };
        if !hook.get("url").is_some_and(Value::is_string) {
            let message = format!("{}: property {property} has no url", shape.name);
            self.note(message, Some("an object names its URL as `url`".to_owned()));
        }
        let is_method =
            |word: &str| word.eq_ignore_ascii_case("GET") || word.eq_ignore_ascii_case("POST");
        if let Some(method) = hook.get("method").filter(|method| !method.is_null())
            && !method.as_str().is_some_and(is_method)
        {
            self.inside(Segment::Value("method".to_owned()), |validation| {
                let message = format!(
                    "{}: property {property} has the invalid method {}, must be GET or POST",
                    shape.name,
                    shortened(method)
                );
                validation.note(message, None);
            });
        }
    }

    fn wrong_type(&mut self, shape: &'static Shape, property: &str, wanted: &str, found: Type) {
        let message = format!(
            "{}: property {property} has invalid data type {}, must be {wanted}",
            shape.name,
            found.name()
        );
        self.note(message, None);
    }
}

/// A value as far as it fits into a message.
pub(super) fn shortened(value: &Value) -> String {
    shown(&value.to_string())
}
