//! From the checked properties of a verb to what a call can run.

mod call;
mod config;
mod gather;
mod listen;
mod prompt;
mod speech;

use hookflash_program::{
    Alert, Answering, Decline, Hangup, KeyOrPause, Keys, Noted, Pause, Redirect, Tag, Unrunnable,
    Verb, Which,
};
use serde_json::{Map, Value};
use std::time::Duration;

use super::reader::Reader;
use super::schema::missing;
use super::validate::Validation;

/// Builds a verb; what the tables cannot say about its values is checked here and noted. The
/// result of a verb with notes is never used. `dub` can be two verbs, every other one is one.
pub(super) fn build(
    validation: &mut Validation,
    name: &str,
    properties: &Map<String, Value>,
) -> (Answering, Vec<Verb>) {
    let mut reader = Reader::new(validation, name, properties);
    let reader = &mut reader;
    if name == "dub" {
        return (Answering::Answer, prompt::dub(reader));
    }
    let (answering, verb) = match name {
        "answer" => (Answering::Leave, Verb::Answer),
        "alert" => {
            let message = reader.phrase("message").unwrap_or_else(|| {
                reader.note("message", "must not be blank");
                String::new()
            });
            (Answering::Leave, Verb::Alert(Alert { message }))
        }
        "sip:refer" => (Answering::Skip, call::refer(reader)),
        "sip:request" => (Answering::Skip, call::sip_request(reader)),
        "pause" => {
            let length = reader.seconds("length").unwrap_or_default();
            (Answering::Leave, Verb::Pause(Pause { length }))
        }
        "hangup" => {
            let headers = reader.headers();
            (Answering::Leave, Verb::Hangup(Hangup { headers }))
        }
        "sip:decline" => {
            let decline = Decline {
                status: reader.refusal("status"),
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
            (Answering::Leave, Verb::Redirect(Box::new(redirect)))
        }
        "tag" => {
            let data = properties.get("data").cloned().unwrap_or_default();
            (Answering::Leave, Verb::Tag(Tag::Data(data)))
        }
        "config" => config::config(reader),
        "say" => (early(reader), prompt::say(reader)),
        "play" => (early(reader), prompt::play(reader)),
        "gather" => gather::gather(reader),
        "dtmf" => (Answering::Answer, send_keys(reader)),
        "listen" => {
            let stream = listen::listen(reader);
            (early(reader), Verb::ConnectStream(Box::new(stream)))
        }
        "transcribe" if reader.flag("enable") == Some(false) => {
            (Answering::Leave, Verb::StopTranscription(Which::All))
        }
        "transcribe" => {
            let transcription = listen::transcribe(reader, true);
            (early(reader), Verb::Transcribe(Box::new(transcription)))
        }
        other => (Answering::Leave, Verb::Unrunnable(unrunnable(other))),
    };
    (answering, vec![verb])
}

/// A verb that needs audio answers the call, unless it says that it makes do without
/// (jambonz' feature server: the precondition "endpoint").
fn early(reader: &Reader<'_>) -> Answering {
    match reader.flag("earlyMedia") {
        Some(true) => Answering::EarlyMedia,
        _ => Answering::Answer,
    }
}

/// `dtmf`. The gap between two tones is the one that jambonz reckons with.
fn send_keys(reader: &mut Reader<'_>) -> Verb {
    let mut keys = Vec::new();
    for key in reader.text("dtmf").unwrap_or_default().chars() {
        match key.to_ascii_uppercase() {
            'W' if key == 'w' => keys.push(KeyOrPause::Pause(Duration::from_millis(500))),
            'W' => keys.push(KeyOrPause::Pause(Duration::from_secs(1))),
            key if key.is_ascii_digit() || matches!(key, '*' | '#' | 'A'..='D') => {
                keys.push(KeyOrPause::Key(key));
            }
            _ => {
                reader.note("dtmf", "must be keys of 0-9 * # A-D and pauses w W");
                break;
            }
        }
    }
    let tone = reader.whole("duration", 1, 60_000).unwrap_or(500);
    Verb::SendKeys(Keys {
        keys,
        tone: Duration::from_millis(tone.into()),
        gap: Duration::from_millis(250),
    })
}

fn noted(why: &str) -> Verb {
    Verb::Noted(Noted {
        why: why.to_owned(),
    })
}

fn unrunnable(name: &str) -> Unrunnable {
    let missing = missing(name);
    Unrunnable {
        verb: name.to_owned(),
        reason: format!("`{name}` is a valid verb, but {missing}; take it out of the document"),
        code: "unsupported-verb".to_owned(),
    }
}
