//! A new call.

use std::sync::Arc;
use std::time::Duration;

use hookflash_program::Hook;
use serde_json::{Map, Value};

use super::{HookNames, hook, invalid, object, tag};
use crate::bxml::value::is_e164;
use crate::rest::{ApiBody, ApiFault, Callee, Directory, Fields, NewCall, callee};
use crate::shown::shown;
use crate::{Application, CallHooks, CallOrder, Caller, MachineDetection};

/// Words for a caller who is not to be shown.
const WITHHELD: [&str; 4] = ["Restricted", "Anonymous", "Private", "Unavailable"];

/// The longest `User-To-User` value, all of them together.
const LONGEST_UUI: usize = 350;

const ANSWER: HookNames = HookNames {
    url: "answerUrl",
    method: "answerMethod",
    username: "username",
    password: "password",
};
const ANSWER_FALLBACK: HookNames = HookNames {
    url: "answerFallbackUrl",
    method: "answerFallbackMethod",
    username: "fallbackUsername",
    password: "fallbackPassword",
};
const DISCONNECT: HookNames = HookNames {
    url: "disconnectUrl",
    method: "disconnectMethod",
    username: "username",
    password: "password",
};
const DETECTED: HookNames = HookNames {
    url: "callbackUrl",
    method: "callbackMethod",
    username: "username",
    password: "password",
};
const DETECTED_FALLBACK: HookNames = HookNames {
    url: "fallbackUrl",
    method: "fallbackMethod",
    username: "fallbackUsername",
    password: "fallbackPassword",
};

/// What the reply repeats of the request.
const REPEATED: [&str; 17] = [
    "callTimeout",
    "callbackTimeout",
    "tag",
    "answerMethod",
    "answerUrl",
    "answerFallbackMethod",
    "answerFallbackUrl",
    "disconnectMethod",
    "disconnectUrl",
    "username",
    "password",
    "fallbackUsername",
    "fallbackPassword",
    "priority",
    "displayName",
    "privacy",
    "uui",
];

/// Reads the request; see [`crate::Dialect::read_order`].
pub(crate) fn read_order(
    directory: &dyn Directory,
    body: ApiBody<'_>,
) -> Result<NewCall, ApiFault> {
    let object = object(body)?;
    let fields = Fields::new(&object);
    let order = order(directory, &fields).map_err(invalid)?;
    let repeated = REPEATED
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), fields.value(name)?.clone())));
    Ok(NewCall {
        order,
        repeated: repeated.collect(),
    })
}

fn order(directory: &dyn Directory, fields: &Fields<'_>) -> Result<CallOrder, String> {
    let to = fields.needed("to")?;
    let Callee { to, mut headers } = callee(to).map_err(|why| fields.wrong("to", &why))?;
    let from = caller(fields)?;
    let application = application(directory, fields)?;
    let first = hook(fields, &ANSWER)?.ok_or_else(|| fields.wrong("answerUrl", "is required"))?;
    headers.extend(uui(fields)?);
    // How long Bandwidth's own queue makes a call wait.
    fields.number("priority", 1.0, 5.0)?;
    let hooks = CallHooks {
        first: Some(first),
        fallback: hook(fields, &ANSWER_FALLBACK)?,
        status: hook(fields, &DISCONNECT)?,
        reply_timeout: Some(seconds(fields, "callbackTimeout", 1.0, 25.0, 15.0)?),
        ..CallHooks::default()
    };
    Ok(CallOrder {
        to,
        from,
        application,
        hooks,
        document: None,
        ring_timeout: seconds(fields, "callTimeout", 1.0, 300.0, 30.0)?,
        max_duration: None,
        keys: None,
        record: None,
        headers,
        credentials: None,
        trunk: None,
        machine_detection: machine_detection(fields)?,
        tag: tag(fields)?.filter(|tag| !tag.is_empty()),
        tag_data: None,
        voice: None,
        recognizer: None,
    })
}

fn application(directory: &dyn Directory, fields: &Fields<'_>) -> Result<Arc<Application>, String> {
    let named = fields.needed("applicationId")?;
    directory.application(named).ok_or_else(|| {
        let found = shown(named);
        let wanted = format!("is `{found}`, and this account has no such application");
        fields.wrong("applicationId", &wanted)
    })
}

/// `from` is a number even where it is not shown. A SIP URI and a plain user are taken too, for
/// networks without numbers.
fn caller(fields: &Fields<'_>) -> Result<Caller, String> {
    let from = fields.needed("from")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+-_.".contains(c);
    let is_withheld = WITHHELD.contains(&from);
    let is_uri = from.contains(':') && callee(from).is_ok_and(|found| found.headers.is_empty());
    if !(is_e164(from) || is_uri || from.chars().all(is_name)) {
        let wanted = format!(
            "must be a number such as +15551234567, not `{}`",
            shown(from)
        );
        return Err(fields.wrong("from", &wanted));
    }
    let is_private = fields.flag("privacy")?.unwrap_or(false);
    let display_name = fields.line("displayName", 256)?;
    if is_private && display_name.is_some_and(|name| !WITHHELD.contains(&name)) {
        let wanted = format!("must be one of {} with privacy", WITHHELD.join(", "));
        return Err(fields.wrong("displayName", &wanted));
    }
    Ok(Caller {
        value: match is_withheld {
            true => String::new(),
            false => from.to_owned(),
        },
        display_name: display_name.map(str::to_owned),
        host: None,
        is_private: is_private || is_withheld,
    })
}

/// Each value is a header of its own (RFC 7433), and says how it is encoded.
fn uui(fields: &Fields<'_>) -> Result<Vec<(String, String)>, String> {
    let Some(written) = fields.line("uui", LONGEST_UUI)? else {
        return Ok(Vec::new());
    };
    let values = written.split(',').map(str::trim);
    values
        .map(|value| {
            let lower = value.to_ascii_lowercase();
            let is_encoded = ["jwt", "base64", "hex"]
                .iter()
                .any(|encoding| lower.ends_with(&format!(";encoding={encoding}")));
            match is_encoded {
                true => Ok(("User-to-User".to_owned(), value.to_owned())),
                false => {
                    let wanted = "must end with ;encoding=jwt, ;encoding=base64 or ;encoding=hex";
                    Err(fields.wrong("uui", wanted))
                }
            }
        })
        .collect()
}

fn machine_detection(fields: &Fields<'_>) -> Result<Option<MachineDetection>, String> {
    let Some(object) = fields.object("machineDetection")? else {
        return Ok(None);
    };
    machine(object).map(Some)
}

fn machine(object: &Map<String, Value>) -> Result<MachineDetection, String> {
    let fields = &Fields::inside(object, "machineDetection.");
    let is_async = fields.word("mode", &["sync", "async"])? != Some("sync");
    let of = |name, default| seconds(fields, name, 0.1, 300.0, default);
    let fallback = hook(fields, &DETECTED_FALLBACK)?;
    let told_to = hook(fields, &DETECTED)?.map(|hook| Hook {
        fallback: fallback.map(Box::new),
        ..hook
    });
    if is_async && told_to.is_none() {
        return Err(fields.wrong("callbackUrl", "is required in async mode"));
    }
    // The limits of a machine's own speech are those of a person's here.
    fields.number("machineSpeechEndThreshold", 0.1, 300.0)?;
    Ok(MachineDetection {
        until_greeting_ends: fields.flag("delayResult")?.unwrap_or(false),
        timeout: of("detectionTimeout", 15.0)?,
        speech_threshold: of("speechThreshold", 10.0)?,
        speech_end_threshold: of("speechEndThreshold", 5.0)?,
        silence_timeout: of("silenceTimeout", 10.0)?,
        beside: is_async,
        told_to: told_to.filter(|_| is_async),
    })
}

fn seconds(
    fields: &Fields<'_>,
    name: &str,
    least: f64,
    most: f64,
    default: f64,
) -> Result<Duration, String> {
    let seconds = fields.number(name, least, most)?.unwrap_or(default);
    // Within bounds that a duration can hold.
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
