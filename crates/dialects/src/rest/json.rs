//! The fields of a JSON body, with a sentence about each that is not what it should be.

use serde_json::{Map, Value};

use crate::shown::shown;

/// The fields of an object. `null` is as good as nothing.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    fields: &'a Map<String, Value>,
    /// Stands before names in messages, such as `machineDetection.`.
    prefix: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(fields: &'a Map<String, Value>) -> Fields<'a> {
        Fields { fields, prefix: "" }
    }

    /// The same, for an object inside another.
    pub(crate) fn inside(fields: &'a Map<String, Value>, prefix: &'a str) -> Fields<'a> {
        Fields { fields, prefix }
    }

    /// Parses a body that has to be an object.
    ///
    /// # Errors
    /// A sentence on what it is instead.
    pub(crate) fn parse(body: &[u8]) -> Result<Map<String, Value>, String> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err("the body must be a JSON object".to_owned()),
            Err(error) => Err(format!("the body is no JSON: {error}")),
        }
    }

    /// A value as it is.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Whether it is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A sentence about a field.
    pub(crate) fn wrong(&self, name: &str, wanted: &str) -> String {
        format!("{}{name} {wanted}", self.prefix)
    }

    /// A text, empty ones included.
    pub(crate) fn raw_text(&self, name: &str) -> Result<Option<&'a str>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, &format!("must be a string, not {}", kind(other)))),
        }
    }

    /// A text without the blanks around it; a blank one is as good as none.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        let text = self.raw_text(name)?.map(str::trim);
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// A text of at most so many characters, in one line.
    pub(crate) fn line(&self, name: &str, most: usize) -> Result<Option<&'a str>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        if text.chars().count() > most {
            return Err(self.wrong(name, &format!("may have {most} characters at most")));
        }
        if text.contains(char::is_control) {
            return Err(self.wrong(name, "must not hold control characters"));
        }
        Ok(Some(text))
    }

    /// A text that has to be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&'a str, String> {
        self.text(name)?
            .ok_or_else(|| self.wrong(name, "is required"))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// A number within bounds. A text that holds one will do, as it does in JavaScript.
    pub(crate) fn number(&self, name: &str, least: f64, most: f64) -> Result<Option<f64>, String> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(name, &format!("must be a number from {least} to {most}"))),
        }
    }

    /// An object.
    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    /// One of these words.
    pub(crate) fn word(&self, name: &str, words: &[&str]) -> Result<Option<&'a str>, String> {
        let Some(word) = self.text(name)? else {
            return Ok(None);
        };
        if words.contains(&word) {
            return Ok(Some(word));
        }
        let wanted = format!("must be one of {}, not `{}`", words.join(", "), shown(word));
        Err(self.wrong(name, &wanted))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
