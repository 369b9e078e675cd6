//! Live call control: one action on a call that runs.

use std::time::Duration;

use hookflash_program::{Announce, Program};
use hookflash_program::{
    BackgroundRecording, KeyOrPause, Keys, RecordingFormat, SipRequest, StartRecording, Tracks,
    Verb,
};
use serde_json::{Map, Value};

use super::hooks::{headers, hook};
use super::transfer::transfer;
use super::{invalid, object, parameters, program};
use crate::jambonz::reader::is_token;
use crate::rest::{ApiBody, ApiFault, ApiReason, Fields, Operation, Parameter, ParameterState};
use crate::{CallAction, CallUpdate, Dialect, Flowing};

/// Actions of which a request may have one.
const ACTIONS: [&str; 12] = [
    "call_hook",
    "call_status",
    "listen_status",
    "stream_status",
    "transcribe_status",
    "mute_status",
    "sip_request",
    "record",
    "tag",
    "dtmf",
    "dub",
    "transfer",
];

/// Reads the request; see [`Dialect::read_update`].
pub(crate) fn read_update(body: ApiBody<'_>) -> Result<Vec<CallUpdate>, ApiFault> {
    let object = object(body)?;
    let fields = &Fields::new(&object);
    let published = parameters(Operation::Update).iter();
    let mut refused = published.filter(|parameter| parameter.state == ParameterState::Refused);
    if let Some(Parameter { name, note, .. }) = refused.find(|refused| fields.has(refused.name)) {
        let message = format!("{name}: {note}");
        return Err(Dialect::Jambonz.fault(ApiReason::CannotBeDone, message));
    }
    updates(fields).map_err(invalid)
}

/// One of these actions by its name, however it came here.
pub(in crate::jambonz) fn control(name: &str, value: &Value) -> Result<Vec<CallUpdate>, String> {
    let mut object = Map::new();
    object.insert(name.to_owned(), value.clone());
    updates(&Fields::new(&object))
}

/// A whisper stands alone, or comes after another action.
fn updates(fields: &Fields<'_>) -> Result<Vec<CallUpdate>, String> {
    let mut asked = ACTIONS.into_iter().filter(|name| fields.has(name));
    let first = asked.next();
    if asked.next().is_some() {
        return Err("multiple options are not allowed in updateCall".to_owned());
    }
    let mut updates = match first {
        Some(name) => action(fields, name)?,
        None => Vec::new(),
    };
    if let Some(value) = fields.value("whisper") {
        updates.push(of(CallAction::Whisper(Box::new(whisper(value)?))));
    }
    match updates.is_empty() {
        true => Err("no valid options supplied to updateCall".to_owned()),
        false => Ok(updates),
    }
}

fn of(action: CallAction) -> CallUpdate {
    CallUpdate {
        action: Some(action),
        ..CallUpdate::default()
    }
}

fn action(fields: &Fields<'_>, name: &str) -> Result<Vec<CallUpdate>, String> {
    let action = match name {
        "call_hook" => match fields.value(name) {
            Some(Value::Array(verbs)) => CallAction::Run(Box::new(program(verbs.clone().into())?)),
            _ => CallAction::Redirect(
                hook(fields, name)?.ok_or_else(|| fields.wrong(name, "is required"))?,
            ),
        },
        "call_status" => match fields.word(name, &["completed", "no-answer"])? {
            Some("no-answer") => CallAction::Cancel,
            _ => CallAction::Complete,
        },
        "listen_status" | "stream_status" => CallAction::Streams(flowing(fields, name)?),
        "transcribe_status" => CallAction::Transcriptions(flowing(fields, name)?),
        "mute_status" => CallAction::Mute(fields.word(name, &["mute", "unmute"])? == Some("mute")),
        "sip_request" => CallAction::SipRequest(Box::new(sip_request(fields)?)),
        "record" => CallAction::Recording(record(fields)?),
        "tag" => {
            let data = fields.object(name)?.cloned().map(Value::Object);
            return Ok(vec![CallUpdate {
                tag_data: data,
                ..CallUpdate::default()
            }]);
        }
        "dtmf" => CallAction::SendKeys(keys(fields)?),
        "dub" => return dub(fields),
        _ => CallAction::Transfer(Box::new(transfer(fields)?)),
    };
    Ok(vec![of(action)])
}

fn flowing(fields: &Fields<'_>, name: &str) -> Result<Flowing, String> {
    let words = ["pause", "silence", "resume", "stop"];
    Ok(match fields.word(name, &words)? {
        Some("pause") => Flowing::Paused,
        Some("silence") => Flowing::Silenced,
        Some("stop") => Flowing::Stopped,
        _ => Flowing::Resumed,
    })
}

/// An object that has to be there; `null` and the like were told apart before.
fn part<'a>(fields: &Fields<'a>, name: &str) -> Result<&'a Map<String, Value>, String> {
    fields
        .object(name)?
        .ok_or_else(|| fields.wrong(name, "must be an object"))
}

/// The verb's rules hold: requests that would change the call behind its back are refused.
fn sip_request(fields: &Fields<'_>) -> Result<SipRequest, String> {
    let request = &Fields::inside(part(fields, "sip_request")?, "sip_request.");
    let method = request.needed("method")?.to_ascii_uppercase();
    let methods = ["INFO", "MESSAGE", "NOTIFY", "OPTIONS"];
    if !is_token(&method) || !methods.contains(&method.as_str()) {
        return Err(request.wrong("method", &format!("must be one of {}", methods.join(", "))));
    }
    let body = request.raw_text("content")?.filter(|body| !body.is_empty());
    let content_type = request.line("content_type", 256)?;
    if body.is_some() && content_type.is_none() {
        return Err(request.wrong("content_type", "is required with content"));
    }
    let mut headers = headers(request)?;
    if let Some(content_type) = content_type {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    Ok(SipRequest {
        method,
        body: body.map(str::to_owned),
        headers,
        result: None,
        id: None,
    })
}

fn record(fields: &Fields<'_>) -> Result<BackgroundRecording, String> {
    let record = &Fields::inside(part(fields, "record")?, "record.");
    let actions = [
        "startCallRecording",
        "stopCallRecording",
        "pauseCallRecording",
        "resumeCallRecording",
    ];
    if record.has("siprecServerURL") {
        let why = "cannot be used: SIPREC is not spoken; leave it out to record on this server";
        return Err(record.wrong("siprecServerURL", why));
    }
    let name = record.line("recordingID", 256)?.map(str::to_owned);
    match record.word("action", &actions)? {
        None => Err(record.wrong("action", "is required")),
        Some("stopCallRecording") => Ok(BackgroundRecording::Stop),
        Some("pauseCallRecording") => Ok(BackgroundRecording::Pause),
        Some("resumeCallRecording") => Ok(BackgroundRecording::Resume),
        Some(_) => Ok(BackgroundRecording::Start(Box::new(StartRecording {
            dual: true,
            tracks: Tracks::Both,
            trim: false,
            format: RecordingFormat::Wav,
            announce: Announce::default(),
            transcribe: None,
            name,
        }))),
    }
}

fn keys(fields: &Fields<'_>) -> Result<Keys, String> {
    let dtmf = &Fields::inside(part(fields, "dtmf")?, "dtmf.");
    let digits = dtmf.needed("digit")?.to_ascii_uppercase();
    let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
    if digits.len() > 32 || !digits.chars().all(is_key) {
        return Err(dtmf.wrong("digit", "must be up to 32 keys of 0-9 * # A-D"));
    }
    let tone = dtmf.number("duration", 1.0, 60_000.0)?.unwrap_or(500.0);
    Ok(Keys {
        keys: digits.chars().map(KeyOrPause::Key).collect(),
        tone: Duration::try_from_secs_f64(tone / 1000.0).unwrap_or_default(),
        gap: Duration::from_millis(250),
    })
}

/// The verb under the same name; adding a track that plays at once is two steps.
fn dub(fields: &Fields<'_>) -> Result<Vec<CallUpdate>, String> {
    let mut verb = part(fields, "dub")?.clone();
    verb.insert("verb".to_owned(), Value::from("dub"));
    let steps = program(Value::Object(verb))?.steps.into_iter();
    steps
        .map(|step| match step.verb {
            Verb::Dub(dub) => Ok(of(CallAction::Dub(dub))),
            _ => Err("dub: there is nothing to play on the track".to_owned()),
        })
        .collect()
}

fn whisper(value: &Value) -> Result<Program, String> {
    let program = program(value.clone())?;
    match program
        .steps
        .iter()
        .all(|step| ["say", "play"].contains(&step.name.as_str()))
    {
        true => Ok(program),
        false => Err("whisper: only say and play can be heard beside what runs".to_owned()),
    }
}
