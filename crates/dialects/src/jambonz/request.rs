//! Which payload goes where.

use hookflash_program::{Heard, Hook, HookMethod, Recognizer, Refer};
use hookflash_transfer::TransferResult;
use serde_json::{Map, Value, json};

use super::call_info::{self, Payload, put};
use super::hook::Way;
use super::session::{self, Occasion};
use super::{hook, speech, stringify};
use crate::{
    AnsweredBy, Body, CallFacts, CallState, FetchError, HttpRequest, Moment, ReplyUse, Signing,
    StatusEvent, TranscriptionEvent,
};

/// Describes the request that a moment calls for.
pub(super) fn request(
    facts: &CallFacts,
    moment: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    match moment {
        Moment::Incoming => first(facts).map(Some),
        Moment::Redirected(hook) => {
            let asked = Asked {
                purpose: "redirect",
                occasion: Occasion::Redirect,
                reply_use: ReplyUse::Document,
            };
            send(facts, asked, hook, about_call(facts)).map(Some)
        }
        Moment::ReferDone { verb, result } => {
            let Some(hook) = verb.result.as_ref().filter(|_| result.owes_callback()) else {
                return Ok(None);
            };
            let mut payload = about_call(facts);
            add_refer(&mut payload, verb, result);
            let reply_use = if result.dialog_alive {
                ReplyUse::Document
            } else {
                ReplyUse::Ignored
            };
            send(facts, Asked::hook("refer", reply_use), hook, payload).map(Some)
        }
        Moment::ReferProgress { verb, news } => {
            let mut payload = Map::new();
            put(&mut payload, "event", "transfer-status");
            put(&mut payload, "call_status", news.status);
            put(&mut payload, "call_sid", facts.sid.as_str());
            tell(facts, "refer progress", verb.progress.as_ref(), payload)
        }
        Moment::Status { event, .. } => status(facts, *event),
        Moment::PromptsDone {
            verb,
            played,
            failure,
        } => {
            let outcome = match failure {
                None => json!({
                    "playback_seconds": played.as_secs(),
                    "playback_milliseconds": u64::try_from(played.as_millis()).unwrap_or(u64::MAX),
                    "reason": "playCompleted",
                }),
                Some(_) => json!({"status": "fail", "reason": "playFailed"}),
            };
            let result = verb.result.as_ref();
            action(facts, "prompt", result, verb.id.as_deref(), outcome)
        }
        Moment::GatherDone { verb, result } => {
            let mut outcome = Map::new();
            speech::add_gathered(&mut outcome, verb, result);
            let hook = verb.result.as_ref();
            action(facts, "gather", hook, verb.id.as_deref(), outcome.into())
        }
        Moment::GatherPartial { verb, heard, .. } => {
            let rules = verb.speech.as_ref();
            let hook = rules.and_then(|rules| rules.partial.as_ref());
            let payload = about_speech(facts, heard, speech::asked(verb), verb.id.as_deref());
            tell(facts, "partial", hook, payload)
        }
        Moment::StreamDone { stream, end, .. } => {
            let mut outcome = Map::new();
            put(&mut outcome, "dial_call_duration", end.duration.as_secs());
            if !end.keys.is_empty() {
                put(&mut outcome, "digits", end.keys.as_str());
            }
            let hook = stream.result.as_ref();
            action(facts, "stream", hook, stream.id.as_deref(), outcome.into())
        }
        Moment::Transcription {
            verb,
            event: TranscriptionEvent::Heard(_, heard),
            ..
        } => {
            let asked = Some(&verb.recognizer);
            let payload = about_speech(facts, heard, asked, verb.id.as_deref());
            tell(facts, "transcription", verb.hook.as_ref(), payload)
        }
        Moment::SipRequestDone { verb, answer } => {
            let outcome = match answer {
                Ok(status) => json!({"result": "success", "sip_status": status}),
                Err(why) => json!({"result": "failed", "err": why}),
            };
            let result = verb.result.as_ref();
            action(facts, "sip request", result, verb.id.as_deref(), outcome)
        }
        Moment::MachineDetected {
            detection,
            answered_by,
            ..
        } => {
            let Some((word, reason)) = amd_event(*answered_by) else {
                return Ok(None);
            };
            let mut outcome = Map::new();
            put(&mut outcome, "type", word);
            if let Some(reason) = reason {
                put(&mut outcome, "reason", reason);
            }
            // The verbs of the reply take the place of those that run, as after any hook
            // (jambonz-feature-server, `performHook` in `lib/tasks/task.js`).
            let hook = detection.told_to.as_ref();
            action(facts, "amd", hook, None, outcome.into())
        }
        // jambonz has no fallback URL, and no hook for any of the others.
        Moment::Fallback { .. }
        | Moment::Key { .. }
        | Moment::RecordDone { .. }
        | Moment::Recording { .. }
        | Moment::RecordingText { .. }
        | Moment::StreamStatus { .. }
        | Moment::Transcription { .. } => Ok(None),
    }
}

/// The first request of a call: the hook that was named for it, or that of the application.
fn first(facts: &CallFacts) -> Result<HttpRequest, FetchError> {
    let application = &facts.application;
    let hook = facts.first_hook().cloned().unwrap_or_else(|| Hook {
        method: application.method,
        ..Hook::post(&application.url)
    });
    let asked = Asked {
        purpose: "first",
        occasion: Occasion::First,
        reply_use: ReplyUse::Document,
    };
    send(facts, asked, &hook, call_info::first(facts))
}

/// Tells the call's status hook, that of the application, or the WebSocket of the call.
fn status(facts: &CallFacts, event: StatusEvent) -> Result<Option<HttpRequest>, FetchError> {
    let of_application = || facts.application.status_callback.as_ref().map(Hook::post);
    let of_socket = || session::root(facts).map(Hook::post);
    let hook = facts.status_hook().cloned().or_else(of_application);
    let Some(hook) = hook.or_else(of_socket) else {
        return Ok(None);
    };
    let mut payload = call_info::base(facts, call_info::status_at(facts, event));
    if event == StatusEvent::Completed {
        call_info::add_end(&mut payload, facts);
    }
    let asked = Asked {
        purpose: "status",
        occasion: Occasion::Status,
        reply_use: ReplyUse::Ignored,
    };
    send(facts, asked, &hook, payload).map(Some)
}

/// The call as it stands.
fn about_call(facts: &CallFacts) -> Payload {
    call_info::base(facts, call_info::status(facts))
}

/// The call as it stands, and what was said.
fn about_speech(
    facts: &CallFacts,
    heard: &Heard,
    asked: Option<&Recognizer>,
    id: Option<&str>,
) -> Payload {
    let mut payload = about_call(facts);
    put(&mut payload, "speech", speech::speech(heard, asked));
    add_id(&mut payload, id);
    payload
}

/// Tells a hook of a verb, when it has one. The reply does not matter.
fn tell(
    facts: &CallFacts,
    purpose: &'static str,
    hook: Option<&Hook>,
    payload: Payload,
) -> Result<Option<HttpRequest>, FetchError> {
    hook.map(|hook| send(facts, Asked::tell(purpose), hook, payload))
        .transpose()
}

/// Asks the action hook of a verb, when it has one, with what the verb came to.
fn action(
    facts: &CallFacts,
    purpose: &'static str,
    hook: Option<&Hook>,
    id: Option<&str>,
    outcome: Value,
) -> Result<Option<HttpRequest>, FetchError> {
    let Some(hook) = hook else {
        return Ok(None);
    };
    let mut payload = about_call(facts);
    if let Value::Object(outcome) = outcome {
        payload.extend(outcome);
    }
    add_id(&mut payload, id);
    let reply_use = match facts.state {
        CallState::Ended(_) => ReplyUse::Ignored,
        CallState::Queued | CallState::Trying | CallState::Ringing | CallState::InProgress => {
            ReplyUse::Document
        }
    };
    send(facts, Asked::hook(purpose, reply_use), hook, payload).map(Some)
}

/// The event of the `amd` hook, after jambonz' `AmdEvents`, and its reason. It has none for a fax
/// and for a greeting that does not end.
fn amd_event(answered_by: AnsweredBy) -> Option<(&'static str, Option<&'static str>)> {
    Some(match answered_by {
        AnsweredBy::Human => ("amd_human_detected", Some("short greeting")),
        AnsweredBy::MachineStart => ("amd_machine_detected", Some("long greeting")),
        AnsweredBy::MachineEndBeep => ("amd_tone_detected", None),
        AnsweredBy::MachineEndSilence => ("amd_machine_stopped_speaking", None),
        AnsweredBy::Silence => ("amd_no_speech_detected", None),
        AnsweredBy::Unknown => ("amd_decision_timeout", None),
        AnsweredBy::MachineEndOther | AnsweredBy::Fax => return None,
    })
}

fn add_id(payload: &mut Payload, id: Option<&str>) {
    if let Some(id) = id {
        put(payload, "verb_id", id);
    }
}

/// The result of a transfer. Codes are integers and those of the wire; what never came is left
/// out.
pub(super) fn add_refer(payload: &mut Payload, verb: &Refer, result: &TransferResult) {
    add_refer_codes(payload, result);
    add_id(payload, verb.id.as_deref());
}

/// The codes of a transfer.
pub(super) fn add_refer_codes(payload: &mut Payload, result: &TransferResult) {
    if let Some(code) = result.refer_code {
        put(payload, "refer_status", code);
    }
    if let Some(code) = result.final_notify_code {
        put(payload, "final_referred_call_status", code);
    }
}

/// What a request is, beside where it goes and what it says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// For the journal.
    pub(super) purpose: &'static str,
    /// Which message it is on a WebSocket.
    pub(super) occasion: Occasion,
    /// What the reply is good for.
    pub(super) reply_use: ReplyUse,
}

impl Asked {
    /// A hook of a verb.
    fn hook(purpose: &'static str, reply_use: ReplyUse) -> Asked {
        Asked {
            purpose,
            occasion: Occasion::Hook,
            reply_use,
        }
    }

    /// A hook of a verb whose reply does not matter.
    pub(super) fn tell(purpose: &'static str) -> Asked {
        Asked::hook(purpose, ReplyUse::Ignored)
    }
}

/// Describes one request with a payload.
pub(super) fn send(
    facts: &CallFacts,
    asked: Asked,
    hook: &Hook,
    payload: Payload,
) -> Result<HttpRequest, FetchError> {
    let target = match hook::resolve(facts, &hook.url)? {
        Way::Http(target) => target,
        Way::Socket(target) => return session::request(facts, asked, hook, target, payload),
    };
    let policy = hook::policy(&target, facts.reply_timeout())?;
    let (target, body) = match hook.method {
        HookMethod::Get => (target.with_query(&flat(&payload)), Body::None),
        HookMethod::Post => (
            target,
            Body::Json(stringify::stringify(&Value::Object(payload))),
        ),
    };
    Ok(HttpRequest {
        purpose: asked.purpose,
        method: hook.method,
        url: target.url.into(),
        credentials: hook.credentials.clone().or(target.credentials),
        headers: Vec::new(),
        body,
        signing: Signing::Jambonz {
            secret: facts.application.account.signing_key.clone(),
        },
        policy,
        reply_use: asked.reply_use,
    })
}

/// The scalar fields as query parameters; objects such as `sip` do not travel that way.
fn flat(payload: &Payload) -> Vec<(String, String)> {
    payload
        .iter()
        .filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => stringify::number(number),
                Value::Bool(flag) => flag.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            };
            Some((name.clone(), text))
        })
        .collect()
}
