//! A new call.

use std::sync::Arc;
use std::time::Duration;

use hookflash_program::{Recognizer, Voice};
use serde_json::{Map, Value};

use super::hooks::{absolute_hook, headers, hook};
use super::{invalid, object};
use crate::rest::{ApiBody, ApiFault, Callee, Directory, Fields, NewCall, callee};
use crate::shown::shown;
use crate::{Application, CallHooks, CallOrder, Caller, MachineDetection};

/// How long a call rings when nobody says.
const RING: f64 = 60.0;

/// The longest time that it may ring.
const LONGEST_RING: f64 = 600.0;

/// A day: the longest that a call can be limited to.
const LONGEST_CALL: f64 = 86_400.0;

/// What cannot be asked for, and what to do instead.
const REFUSED: [(&str, &str); 2] = [
    (
        "referHook",
        "cannot be set for a new call; set it with `config` in its first verbs",
    ),
    (
        "sipRequestWithinDialogHook",
        "cannot be set: requests of the other party are answered by the server",
    ),
];

/// Reads the request; see [`crate::Dialect::read_order`].
pub(crate) fn read_order(
    directory: &dyn Directory,
    body: ApiBody<'_>,
) -> Result<NewCall, ApiFault> {
    let object = object(body)?;
    let order = order(directory, &Fields::new(&object)).map_err(invalid)?;
    Ok(NewCall {
        order,
        repeated: Map::new(),
    })
}

fn order(directory: &dyn Directory, fields: &Fields<'_>) -> Result<CallOrder, String> {
    for (name, why) in REFUSED {
        if fields.has(name) {
            return Err(fields.wrong(name, why));
        }
    }
    let from = caller(fields)?;
    let target = target(fields)?;
    let (application, hooks) = application(directory, fields)?;
    let mut all = target.headers;
    all.extend(headers(fields)?);
    let trunk = fields.text("trunk")?.map(str::to_owned).or(target.trunk);
    let seconds = |name, least, most| {
        let seconds = fields.number(name, least, most)?;
        // Within bounds that a duration can hold.
        let seconds = seconds.map(|s| Duration::try_from_secs_f64(s).unwrap_or_default());
        Ok::<_, String>(seconds)
    };
    let ring = seconds("timeout", 1.0, LONGEST_RING)?;
    Ok(CallOrder {
        to: target.to,
        from,
        application,
        hooks,
        document: None,
        ring_timeout: ring.unwrap_or(Duration::from_secs(RING as u64)),
        max_duration: seconds("timeLimit", 1.0, LONGEST_CALL)?,
        keys: None,
        record: None,
        headers: all,
        credentials: target.credentials,
        trunk,
        machine_detection: machine_detection(fields)?,
        tag: None,
        tag_data: fields.object("tag")?.cloned().map(Value::Object),
        voice: voice(fields)?,
        recognizer: recognizer(fields)?,
    })
}

fn caller(fields: &Fields<'_>) -> Result<Caller, String> {
    let value = fields.needed("from")?;
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c);
    if value.contains(unfit) {
        return Err(fields.wrong("from", "must be a number, a user or a SIP URI"));
    }
    let host = fields.text("fromHost")?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if host.is_some_and(|host| !host.chars().all(is_host)) {
        return Err(fields.wrong("fromHost", "must be a host name or address"));
    }
    Ok(Caller {
        value: value.to_owned(),
        display_name: fields.line("callerName", 256)?.map(str::to_owned),
        host: host.map(str::to_owned),
        is_private: false,
    })
}

/// `to`.
struct Target {
    to: String,
    headers: Vec<(String, String)>,
    trunk: Option<String>,
    credentials: Option<(String, String)>,
}

fn target(fields: &Fields<'_>) -> Result<Target, String> {
    let wanted = "is required: {\"type\":\"phone\",\"number\":…}, \
                  {\"type\":\"sip\",\"sipUri\":…} or {\"type\":\"user\",\"name\":…}";
    let object = fields
        .object("to")?
        .ok_or_else(|| fields.wrong("to", wanted))?;
    let to = &Fields::inside(object, "to.");
    if to.has("confirmHook") {
        let why = "cannot be set: only a call that dials another confirms it";
        return Err(to.wrong("confirmHook", why));
    }
    let (name, written) = match to.word("type", &["phone", "sip", "user", "teams"])? {
        Some("phone") => ("number", to.needed("number")?.to_owned()),
        Some("sip") => ("sipUri", to.needed("sipUri")?.to_owned()),
        Some("user") => ("name", user(to)?),
        Some(_) => return Err(to.wrong("type", "is teams, which this server is not connected to")),
        None => return Err(to.wrong("type", "is required")),
    };
    let Callee {
        to: uri,
        headers: of_uri,
    } = callee(&written).map_err(|why| to.wrong(name, &why))?;
    let mut all = of_uri;
    all.extend(headers(to)?);
    let credentials = match to.object("auth")? {
        None => None,
        Some(auth) => {
            let auth = Fields::inside(auth, "to.auth.");
            let password = auth.raw_text("password")?.unwrap_or_default();
            Some((auth.needed("username")?.to_owned(), password.to_owned()))
        }
    };
    Ok(Target {
        to: uri,
        headers: all,
        trunk: to.text("trunk")?.map(str::to_owned),
        credentials,
    })
}

/// A phone that has registered here, by its address of record.
fn user(to: &Fields<'_>) -> Result<String, String> {
    let name = to.needed("name")?;
    match name.contains('@') {
        true => Ok(format!("sip:{}", name.strip_prefix("sip:").unwrap_or(name))),
        false => {
            let wanted = "must be the whole address of the user, such as alice@voice.example.com";
            Err(to.wrong("name", wanted))
        }
    }
}

/// An application goes before the hooks of the request, as it does in jambonz.
fn application(
    directory: &dyn Directory,
    fields: &Fields<'_>,
) -> Result<(Arc<Application>, CallHooks), String> {
    let status = absolute_hook(fields, "call_status_hook")?;
    let first = absolute_hook(fields, "call_hook")?;
    if let Some(named) = fields.text("application_sid")? {
        let application = directory
            .application(named)
            .ok_or_else(|| format!("application_sid not found {}", shown(named)))?;
        let hooks = CallHooks {
            status: status.filter(|_| application.status_callback.is_none()),
            ..CallHooks::default()
        };
        return Ok((application, hooks));
    }
    let first = first.ok_or_else(|| "either call_hook or application_sid required".to_owned())?;
    let application = Application {
        name: String::new(),
        sid: String::new(),
        account: directory.account().clone(),
        url: first.url.clone(),
        method: first.method,
        fallback_url: None,
        status_callback: None,
        events_url: None,
    };
    let hooks = CallHooks {
        first: Some(first),
        status,
        ..CallHooks::default()
    };
    Ok((Arc::new(application), hooks))
}

/// The same without `default`, jambonz' word for the setting of the account.
fn setting(fields: &Fields<'_>, name: &str) -> Result<Option<String>, String> {
    let text = fields.text(name)?.filter(|text| *text != "default");
    Ok(text.map(str::to_owned))
}

fn voice(fields: &Fields<'_>) -> Result<Option<Voice>, String> {
    let voice = Voice {
        name: setting(fields, "speech_synthesis_voice")?,
        vendor: setting(fields, "speech_synthesis_vendor")?,
        language: setting(fields, "speech_synthesis_language")?.map(|tag| tag.replace('_', "-")),
        gender: None,
    };
    Ok(Some(voice).filter(|voice| *voice != Voice::default()))
}

fn recognizer(fields: &Fields<'_>) -> Result<Option<Recognizer>, String> {
    let recognizer = Recognizer {
        vendor: setting(fields, "speech_recognizer_vendor")?,
        language: setting(fields, "speech_recognizer_language")?.map(|tag| tag.replace('_', "-")),
        ..Recognizer::default()
    };
    Ok(Some(recognizer).filter(|recognizer| *recognizer != Recognizer::default()))
}

/// jambonz listens beside the verbs and tells `actionHook`. Its defaults are those of its feature
/// server; what decides there by words decides here by the length of speech.
fn machine_detection(fields: &Fields<'_>) -> Result<Option<MachineDetection>, String> {
    let Some(object) = fields.object("amd")? else {
        return Ok(None);
    };
    let amd = &Fields::inside(object, "amd.");
    let told_to = hook(amd, "actionHook")?.ok_or_else(|| amd.wrong("actionHook", "is required"))?;
    let none = Map::new();
    let timers = amd.object("timers")?.unwrap_or(&none);
    let timers = &Fields::inside(timers, "amd.timers.");
    let milliseconds = |name, default| {
        let given = timers.number(name, 100.0, 300_000.0)?;
        let given = given.map(|ms| Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default());
        Ok::<_, String>(given.unwrap_or(Duration::from_millis(default)))
    };
    Ok(Some(MachineDetection {
        until_greeting_ends: true,
        timeout: milliseconds("decisionTimeoutMs", 15_000)?,
        speech_threshold: Duration::from_millis(2400),
        speech_end_threshold: milliseconds("greetingCompletionTimeoutMs", 2000)?,
        silence_timeout: milliseconds("noSpeechTimeoutMs", 5000)?,
        beside: true,
        told_to: Some(told_to),
    }))
}
