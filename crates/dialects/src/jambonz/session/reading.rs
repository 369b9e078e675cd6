//! Messages of the application.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::command;
use super::message::invalid;
use crate::shown::shown;
use crate::{CallFacts, Frame, FromApplication, SocketMessage};

/// What may stand in a message; anything else is let pass.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    msgid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    command: Option<Cow<'a, str>>,
    #[serde(default, rename = "queueCommand")]
    queue_command: Option<bool>,
    #[serde(borrow, default, rename = "callSid")]
    call_sid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Reads a message, or describes the one that says what is wrong with it.
pub(super) fn read(facts: &CallFacts, frame: &Frame) -> Result<FromApplication, SocketMessage> {
    match frame {
        Frame::Text(text) => understand(facts, text).map_err(|why| invalid(facts, &why, text)),
        Frame::Binary(bytes) => {
            let why = "the message is binary; text wanted";
            Err(invalid(facts, why, &String::from_utf8_lossy(bytes)))
        }
    }
}

fn understand(facts: &CallFacts, text: &str) -> Result<FromApplication, String> {
    if !text.trim_start().starts_with('{') {
        return Err("the message is no JSON object".to_owned());
    }
    let message: Message<'_> = serde_json::from_str(text)
        .map_err(|error| format!("the message cannot be read: {error}"))?;
    let data = message.data.map(RawValue::get);
    let kind = message.kind.filter(|kind| !kind.is_empty());
    let msgid = message.msgid.filter(|msgid| !msgid.is_empty());
    match kind.as_deref() {
        None => Err("type property not supplied".to_owned()),
        Some("ack") => {
            let to = msgid.ok_or("msgid not supplied")?.into_owned();
            let document = data.map(str::to_owned);
            Ok(FromApplication::Reply { to, document })
        }
        Some("command") => {
            let name = message.command.filter(|name| !name.is_empty());
            let name = name.ok_or("command property not supplied")?;
            if let Some(other) = message.call_sid.filter(|sid| **sid != *facts.sid) {
                let other = shown(&other);
                return Err(format!(
                    "callSid {other} is not the call of this WebSocket; no other can be commanded \
                     here"
                ));
            }
            let is_queued = message.queue_command == Some(true);
            let mut command = command::read(&name, is_queued, data)?;
            command.replies_to = msgid.map(Cow::into_owned);
            Ok(FromApplication::Command(Box::new(command)))
        }
        Some(other) => Err(format!("invalid type property: {}", shown(other))),
    }
}
