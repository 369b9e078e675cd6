//! Commands: what each asks of the call, and why some cannot be had.

use hookflash_program::Verb;
use serde_json::{Map, Value};

use crate::jambonz::{document, rest};
use crate::shown::shown;
use crate::{CallAction, CallUpdate, Document, SocketCommand};

/// Commands that are live call control under another name, with the name that they have there.
const CONTROL: [(&str, &str); 11] = [
    ("call:status", "call_status"),
    ("mute:status", "mute_status"),
    ("listen:status", "listen_status"),
    ("stream:status", "stream_status"),
    ("transcribe:status", "transcribe_status"),
    ("record", "record"),
    ("dub", "dub"),
    ("dtmf", "dtmf"),
    ("whisper", "whisper"),
    ("sip:request", "sip_request"),
    ("tag", "tag"),
];

/// Commands of jambonz that this release cannot carry out, and why.
const MISSING: [(&str, &str); 17] = [
    ("dial", BRIDGE),
    ("conf:mute-status", CONFERENCE),
    ("conf:hold-status", CONFERENCE),
    ("conf:participant-action", CONFERENCE),
    ("room:say", CONFERENCE),
    ("room:play", CONFERENCE),
    ("boostAudioSignal", "the level of a call cannot be changed"),
    ("media:path", "audio always goes through this server"),
    (
        "noiseIsolation:status",
        "noise cannot be taken out of a call",
    ),
    ("stt:reconfigure", "a running recognizer cannot be changed"),
    ("llm:tool-output", LLM),
    ("llm:update", LLM),
    ("agent:tool-output", LLM),
    ("agent:update", LLM),
    ("tts:tokens", STREAMED),
    ("tts:flush", STREAMED),
    ("tts:clear", STREAMED),
];

const BRIDGE: &str = "calls cannot be bridged";
const CONFERENCE: &str = "there are no conferences";
const LLM: &str = "there is no language model";
const STREAMED: &str = "text cannot be spoken while it is still being written";

/// Reads a command. `data` is JSON, since the message was.
///
/// # Errors
/// A sentence on what is wrong with it, or on why it cannot be carried out.
pub(super) fn read(
    name: &str,
    is_queued: bool,
    data: Option<&str>,
) -> Result<SocketCommand, String> {
    if let Some((name, why)) = MISSING.iter().find(|(missing, _)| *missing == name) {
        return Err(format!("{name}: this release cannot do that: {why}"));
    }
    let data = data.ok_or("data property not supplied")?;
    let value: Value = serde_json::from_str(data).map_err(|error| error.to_string())?;
    let (name, updates) = match name {
        "redirect" => ("redirect", vec![of(redirect(data, &value, is_queued)?)]),
        "config" => ("config", vec![of(config(&value)?)]),
        _ => {
            let control = CONTROL.iter().find(|(command, _)| *command == name);
            let Some((command, action)) = control else {
                return Err(format!("the command {} is unknown", shown(name)));
            };
            let property = property(&value, action);
            (*command, rest::control(action, property)?)
        }
    };
    Ok(SocketCommand {
        name,
        updates,
        replies_to: None,
    })
}

/// What stands under the action's own name inside, when it does: clients send both `"pause"` and
/// `{"listen_status": "pause"}`.
fn property<'a>(data: &'a Value, action: &str) -> &'a Value {
    let found = data.get(action).or_else(|| match action {
        "stream_status" => data.get("listen_status"),
        _ => None,
    });
    found.unwrap_or(data)
}

fn of(action: CallAction) -> CallUpdate {
    CallUpdate {
        action: Some(action),
        ..CallUpdate::default()
    }
}

/// Verbs to go on with or to append, or a hook to ask for them.
fn redirect(data: &str, value: &Value, is_queued: bool) -> Result<CallAction, String> {
    let object = match value {
        Value::Array(_) => return verbs(data, is_queued),
        Value::Object(object) => object,
        _ => {
            let wanted = "an array of verbs, or an object with call_hook wanted";
            return Err(format!("redirect: {wanted}"));
        }
    };
    for name in ["child_call_hook", "child_call"] {
        if object.contains_key(name) {
            return Err(format!("redirect: {name}: the call has no child: {BRIDGE}"));
        }
    }
    match (object.get("call_hook"), object.get("parent_call")) {
        (Some(hook), None) => call_hook(hook),
        (None, Some(parent)) => match parent.get("call_hook") {
            Some(hook) => call_hook(hook),
            None if parent.is_array() => verbs(&parent.to_string(), false),
            None => Err("redirect: parent_call: call_hook or an array of verbs wanted".to_owned()),
        },
        (Some(_), Some(_)) => Err("redirect: either call_hook or parent_call wanted".to_owned()),
        (None, None) => Err("redirect: call_hook wanted".to_owned()),
    }
}

fn call_hook(hook: &Value) -> Result<CallAction, String> {
    let updates = rest::control("call_hook", hook)?;
    let action = updates.into_iter().find_map(|update| update.action);
    action.ok_or_else(|| "redirect: call_hook wanted".to_owned())
}

/// An array of verbs, taken as a whole or not at all.
fn verbs(data: &str, is_queued: bool) -> Result<CallAction, String> {
    let document = Document {
        body: data.as_bytes(),
        content_type: None,
        first: false,
    };
    let program = document::parse(document).map_err(|error| error.to_string())?;
    if program.steps.is_empty() {
        return Err("redirect: there are no verbs to go on with".to_owned());
    }
    Ok(match is_queued {
        true => CallAction::Append(Box::new(program)),
        false => CallAction::Run(Box::new(program)),
    })
}

/// The properties of the verb `config`.
fn config(properties: &Value) -> Result<CallAction, String> {
    let Value::Object(properties) = properties else {
        return Err("config: an object wanted".to_owned());
    };
    let mut verb = Map::new();
    verb.insert("config".to_owned(), Value::Object(properties.clone()));
    let text = Value::Array(vec![Value::Object(verb)]).to_string();
    let document = Document {
        body: text.as_bytes(),
        content_type: None,
        first: false,
    };
    let program = document::parse(document).map_err(|error| {
        // Where it stands in a text that nobody wrote helps nobody.
        let messages = error.diagnostics.iter().map(|found| found.message.as_str());
        messages.collect::<Vec<_>>().join("; ")
    })?;
    match program.steps.into_iter().next().map(|step| step.verb) {
        Some(Verb::Config(config)) => Ok(CallAction::Configure(config)),
        _ => Err("config: there is nothing to change".to_owned()),
    }
}
