//! Reads the properties of a verb that the tables have found well-formed, and notes what they
//! could not know: values out of range, texts that cannot go into a SIP message.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod};
use serde_json::{Map, Value};

use super::position::Segment;
use super::stringify;
use super::validate::Validation;
use crate::shown::shown;

/// A day: the longest that anything may last, and what "for ever" means where a time is asked.
pub(super) const LONGEST: Duration = Duration::from_secs(86_400);

/// The properties of a verb, or of a part of one.
pub(super) struct Reader<'a> {
    validation: &'a mut Validation,
    properties: &'a Map<String, Value>,
    /// The name of the verb or the part, for messages.
    name: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        validation: &'a mut Validation,
        name: &'a str,
        properties: &'a Map<String, Value>,
    ) -> Reader<'a> {
        Reader {
            validation,
            properties,
            name,
        }
    }

    /// Reads an object inside; `None` when there is none.
    pub(super) fn part<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        let properties = self.properties.get(name)?.as_object()?;
        let result = self
            .validation
            .inside(Segment::Value(name.to_owned()), |validation| {
                work(&mut Reader::new(validation, name, properties))
            });
        Some(result)
    }

    /// A property as it is.
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.properties.get(name)
    }

    /// The names of all properties.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a String> + use<'a> {
        self.properties.keys()
    }

    /// Notes an error; the document is not run.
    pub(super) fn note(&mut self, property: &str, wanted: &str) {
        let message = format!("{}: property {property} {wanted}", self.name);
        self.note_message(property, message);
    }

    fn note_message(&mut self, property: &str, message: String) {
        self.validation
            .inside(Segment::Value(property.to_owned()), |validation| {
                validation.note(message, None);
            });
    }

    /// Remarks on each of these properties that asks for something that it changes nothing.
    pub(super) fn without_effect(&mut self, names: &[&str]) {
        for name in names {
            let value = self.properties.get(*name);
            if value.is_some_and(|value| *value != Value::Bool(false)) {
                let message = format!("{}: property {name} has no effect here", self.name);
                self.validation
                    .inside(Segment::Name((*name).to_owned()), |validation| {
                        validation.remark(message);
                    });
            }
        }
    }

    /// A text, blanks around it trimmed; blank is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = self.properties.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The same, unless it is `default`, jambonz' word for the setting of the call.
    pub(super) fn setting(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| text != "default")
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.properties.get(name).and_then(Value::as_bool)
    }

    /// A text or a list of texts, blanks around them trimmed and blank ones left out.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let found = match self.properties.get(name) {
            Some(Value::String(text)) => vec![text.as_str()],
            Some(Value::Array(items)) => {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                if texts.len() < items.len() {
                    self.note(name, "must hold strings only");
                }
                texts
            }
            _ => Vec::new(),
        };
        let trimmed = found.into_iter().map(str::trim);
        trimmed
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Seconds, up to a day. A number in a text will do, as it does in JavaScript.
    pub(super) fn seconds(&mut self, name: &str) -> Option<Duration> {
        let seconds = self.number(name)?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(seconds) if seconds <= LONGEST => Some(seconds),
            _ => {
                let wanted = format!("must be seconds from 0 to {}", LONGEST.as_secs());
                self.note(name, &wanted);
                None
            }
        }
    }

    /// A whole number between two bounds.
    pub(super) fn whole(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let number = self.number(name)?;
        let fits = number.fract() == 0.0 && (f64::from(least)..=f64::from(most)).contains(&number);
        if !fits {
            let wanted = format!("must be a whole number from {least} to {most}");
            self.note(name, &wanted);
            return None;
        }
        // In bounds and whole, so nothing is lost.
        Some(number as u32)
    }

    /// A number, or a text that holds one.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let number = match self.properties.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            _ => return None,
        };
        if number.is_none() {
            self.note(name, "must be a number");
        }
        number
    }

    /// Keys of a telephone, letters in upper case.
    pub(super) fn keys(&mut self, name: &str) -> Vec<char> {
        let text = self.text(name).unwrap_or_default().to_ascii_uppercase();
        let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
        if !text.chars().all(is_key) {
            self.note(name, "must be keys of 0-9 * # A-D");
            return Vec::new();
        }
        text.chars().collect()
    }

    /// A status with which a call can be refused.
    pub(super) fn refusal(&mut self, name: &str) -> u16 {
        let status = self.number(name).unwrap_or_default();
        let refusals = 400..=699;
        let found = refusals.clone().find(|code| f64::from(*code) == status);
        if found.is_none() {
            self.note(name, "must be a SIP status from 400 to 699");
        }
        found.unwrap_or(*refusals.start())
    }

    /// A text that goes into one line of a SIP message.
    pub(super) fn phrase(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.contains(char::is_control) {
            self.note(name, "has a control character");
        }
        Some(text)
    }

    /// Header fields for a SIP message: texts and numbers under names that are tokens.
    pub(super) fn headers(&mut self) -> Vec<(String, String)> {
        let Some(Value::Object(headers)) = self.properties.get("headers") else {
            return Vec::new();
        };
        let mut fields = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            match header_value(name, value) {
                Ok(value) => fields.push((name.clone(), value)),
                Err(why) => self
                    .validation
                    .inside(Segment::Value("headers".to_owned()), |v| {
                        v.inside(Segment::Value(name.clone()), |v| v.note(why, None));
                    }),
            }
        }
        fields
    }

    /// A hook; blank is as good as none.
    pub(super) fn hook(&self, name: &str) -> Option<Hook> {
        read_hook(self.properties.get(name)?)
    }

    /// A hook that must be there.
    pub(super) fn needed_hook(&mut self, name: &str) -> Hook {
        self.hook(name).unwrap_or_else(|| {
            self.note(name, "must not be blank");
            Hook::post("")
        })
    }

    /// User and password of an object such as `wsAuth`.
    pub(super) fn credentials(&mut self, name: &str) -> Option<(String, String)> {
        self.part(name, |auth| {
            let of = |name: &str| {
                let text = auth.value(name).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            (of("username"), of("password"))
        })
    }
}

/// A header's value as it goes out.
pub(super) fn header_value(name: &str, value: &Value) -> Result<String, String> {
    if !is_token(name) {
        return Err(format!(
            "headers: \"{}\" cannot be the name of a SIP header",
            shown(name)
        ));
    }
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => stringify::number(number),
        _ => {
            return Err(format!(
                "headers: property {} must be string or number",
                shown(name)
            ));
        }
    };
    match text.contains(char::is_control) {
        true => Err(format!(
            "headers: property {} has a line break or control character",
            shown(name)
        )),
        false => Ok(text),
    }
}

/// Whether a text is a token of SIP (RFC 3261, section 25.1).
pub(super) fn is_token(text: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    !text.is_empty() && text.chars().all(is_token)
}

/// A URL, or an object with `url`, `method` and credentials in either of two spellings.
pub(super) fn read_hook(value: &Value) -> Option<Hook> {
    let object = match value {
        Value::String(url) => return blank_is_none(url).map(Hook::post),
        Value::Object(object) => object,
        _ => return None,
    };
    let url = blank_is_none(object.get("url")?.as_str()?)?;
    let method = match object.get("method").and_then(Value::as_str) {
        Some(method) if method.eq_ignore_ascii_case("GET") => HookMethod::Get,
        _ => HookMethod::Post,
    };
    let basic = object
        .get("basicAuth")
        .and_then(Value::as_object)
        .unwrap_or(object);
    let part = |name: &str| basic.get(name).and_then(Value::as_str);
    let credentials = match (part("username"), part("password")) {
        (None, None) => None,
        (user, password) => Some((
            user.unwrap_or_default().to_owned(),
            password.unwrap_or_default().to_owned(),
        )),
    };
    Some(Hook {
        url: url.to_owned(),
        method,
        credentials,
        fallback: None,
    })
}

fn blank_is_none(url: &str) -> Option<&str> {
    let url = url.trim();
    (!url.is_empty()).then_some(url)
}
