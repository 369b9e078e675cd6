//! From the checked properties of a verb to what a call can run.

use std::time::Duration;

use hookflash_program::{
    Answering, Config, Continuation, Decline, Hangup, Hook, HookMethod, Pause, Redirect, Refer,
    ReferTiming, ReferredBy, Tag, TargetRule, Unrunnable, Verb,
};
use serde_json::{Map, Value};

use super::position::Segment;
use super::schema::missing;
use super::stringify;
use super::validate::Validation;
use crate::shown::shown;

/// The longest pause; a document that wants a longer one is mistaken.
const LONGEST_PAUSE: f64 = 86_400.0;

/// Builds a verb; what the tables cannot say about its values is checked here and noted. The
/// result of a verb with notes is never used.
pub(super) fn build(
    validation: &mut Validation,
    name: &str,
    properties: &Map<String, Value>,
) -> (Answering, Verb) {
    let mut reader = Reader {
        validation,
        properties,
    };
    match name {
        "answer" => (Answering::Leave, Verb::Answer),
        "sip:refer" => (Answering::Skip, Verb::Refer(Box::new(refer(&mut reader)))),
        "pause" => {
            let length = reader.seconds("length");
            (Answering::Leave, Verb::Pause(Pause { length }))
        }
        "hangup" => {
            let headers = reader.headers();
            (Answering::Leave, Verb::Hangup(Hangup { headers }))
        }
        "sip:decline" => {
            let decline = Decline {
                status: reader.refusal(),
                reason: reader.phrase("reason"),
                headers: reader.headers(),
            };
            (Answering::Leave, Verb::Decline(decline))
        }
        "redirect" => {
            let redirect = Redirect {
                hook: reader.needed_hook("actionHook"),
                status_hook: reader.hook("statusHook"),
                tag: None,
            };
            (Answering::Leave, Verb::Redirect(redirect))
        }
        "tag" => {
            let data = properties.get("data").cloned().unwrap_or_default();
            (Answering::Leave, Verb::Tag(Tag::Data(data)))
        }
        "config" => (Answering::Leave, Verb::Config(config(&mut reader))),
        other => (Answering::Leave, Verb::Unrunnable(unrunnable(other))),
    }
}

/// `sip:refer`: what runs next is the reply of the action hook, else the next verb. The referrer
/// is the calling party unless the document names another.
fn refer(reader: &mut Reader<'_>) -> Refer {
    let display_name = reader.text("referredByDisplayName");
    let referred_by = match reader.text("referredBy") {
        Some(value) => ReferredBy::Given {
            value,
            display_name,
        },
        None => ReferredBy::Caller { display_name },
    };
    let reply = Continuation::Reply {
        empty_reply_goes_on: true,
    };
    Refer {
        target: reader.text("referTo").unwrap_or_default(),
        target_rule: TargetRule::UriOrUser,
        defect: None,
        outbound_allowed: true,
        wrong_leg_code: None,
        result: reader.hook("actionHook"),
        progress: reader.hook("eventHook"),
        referred_by,
        headers: reader.headers(),
        timing: ReferTiming::FromLatestNews,
        on_success: reply,
        on_failure: reply,
        tag: None,
        id: reader.text("id"),
    }
}

/// `reset` returns speech settings to their defaults. There are none that could have been
/// changed, so it is done by doing nothing.
fn config(reader: &mut Reader<'_>) -> Config {
    let run = ["id", "_", "referHook", "notifyEvents", "reset"];
    let names = reader
        .properties
        .keys()
        .filter(|name| !run.contains(&name.as_str()));
    let not_run = names.cloned().collect();
    Config {
        not_run,
        refer_hook: reader.hook("referHook"),
        notify_events: reader
            .properties
            .get("notifyEvents")
            .and_then(Value::as_bool),
        ..Config::default()
    }
}

fn unrunnable(name: &str) -> Unrunnable {
    let missing = missing(name);
    Unrunnable {
        verb: name.to_owned(),
        reason: format!("`{name}` is a valid verb, but {missing}; take it out of the document"),
        code: "unsupported-verb".to_owned(),
    }
}

struct Reader<'a> {
    validation: &'a mut Validation,
    properties: &'a Map<String, Value>,
}

impl Reader<'_> {
    /// A text, blanks around it trimmed; blank is as good as none.
    fn text(&self, name: &str) -> Option<String> {
        let text = self.properties.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn note(&mut self, name: &str, message: String) {
        self.validation
            .inside(Segment::Value(name.to_owned()), |validation| {
                validation.note(message, None)
            });
    }

    fn seconds(&mut self, name: &str) -> Duration {
        let seconds = self
            .properties
            .get(name)
            .and_then(Value::as_f64)
            .unwrap_or_default();
        if !(0.0..=LONGEST_PAUSE).contains(&seconds) {
            let message =
                format!("pause: property {name} must be seconds from 0 to {LONGEST_PAUSE}");
            self.note(name, message);
        }
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    fn refusal(&mut self) -> u16 {
        let status = self
            .properties
            .get("status")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        let refusals = 400..=699;
        let found = refusals.clone().find(|code| f64::from(*code) == status);
        if found.is_none() {
            let message = "sip:decline: property status must be a SIP status from 400 to 699";
            self.note("status", message.to_owned());
        }
        found.unwrap_or(*refusals.start())
    }

    /// A text that goes into a SIP start line.
    fn phrase(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.contains(char::is_control) {
            self.note(
                name,
                format!("sip:decline: property {name} has a control character"),
            );
        }
        Some(text)
    }

    /// Header fields for a SIP message: texts and numbers under names that are tokens.
    fn headers(&mut self) -> Vec<(String, String)> {
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

    fn hook(&self, name: &str) -> Option<Hook> {
        hook(self.properties.get(name)?)
    }

    fn needed_hook(&mut self, name: &str) -> Hook {
        self.hook(name).unwrap_or_else(|| {
            self.note(name, format!("redirect: property {name} must not be blank"));
            Hook::post("")
        })
    }
}

/// A header's value as it goes out.
fn header_value(name: &str, value: &Value) -> Result<String, String> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!(
            "headers: \"{}\" cannot be the name of a SIP header",
            shown(name)
        ));
    }
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => stringify::number(number),
        _ => return Err(format!("headers: property {name} must be string or number")),
    };
    match text.contains(char::is_control) {
        true => Err(format!(
            "headers: property {name} has a line break or control character"
        )),
        false => Ok(text),
    }
}

/// A URL, or an object with `url`, `method` and credentials in either of two spellings.
fn hook(value: &Value) -> Option<Hook> {
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
