//! Which event goes where, and how.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod, RecordEnd, Refer};
use hookflash_transfer::{Outcome, TransferResult};
use url::Url;

use super::event::{self, Event};
use super::media_event::{self, TranscriptionNews};
use super::{CALLBACK_ERROR, document};
use crate::hook_url::{HookUrl, unusable};
use crate::{
    Body, CallFacts, Direction, FetchError, HttpRequest, Moment, Policy, RecordingFacts,
    RecordingState, ReplyUse, RetryOn, Signing, StatusEvent, Success,
};

/// How long Bandwidth waits for an application.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Bandwidth says nothing about redirects; following a few spares an application that moved from
/// http to https.
const REDIRECTS: u8 = 5;

/// Describes the request that a moment calls for.
pub(super) fn request(
    facts: &CallFacts,
    base: &str,
    moment: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    match moment {
        Moment::Incoming => {
            let application = &facts.application;
            let hook = facts.first_hook().cloned().unwrap_or_else(|| {
                of_application(facts, application.url.clone(), application.method)
            });
            ask(facts, base, "first", Some(&hook), first_event(facts))
        }
        Moment::Redirected(hook) => {
            ask(facts, base, "redirect", Some(hook), event::redirect(facts))
        }
        Moment::Fallback { code, failed, .. } if *code == CALLBACK_ERROR => {
            fallback(facts, base, failed)
        }
        Moment::ReferDone { verb, result } => refer_done(facts, base, verb, result),
        Moment::Status {
            event: StatusEvent::Completed,
            ..
        } => {
            let hook = facts.status_hook().cloned();
            let hook = hook.or_else(|| own_hook(facts, facts.application.status_callback.as_ref()));
            let event = event::disconnect(facts);
            tell(facts, base, "status", hook.as_ref(), event)
        }
        Moment::GatherDone { verb, result } => {
            let event = media_event::gather(facts, verb, result);
            ask(facts, base, "gather", verb.result.as_ref(), event)
        }
        Moment::GatherPartial { verb, heard, .. } => {
            let hook = verb
                .speech
                .as_ref()
                .and_then(|speech| speech.partial.as_ref());
            let event = media_event::partial_result(facts, verb, heard);
            tell(facts, base, "partial", hook, event)
        }
        Moment::Key { events, key } => {
            let event = media_event::dtmf(facts, events, *key);
            tell(facts, base, "key", Some(&events.hook), event)
        }
        // Bandwidth does not tell of a recording that ended because the caller hung up.
        Moment::RecordDone {
            end: RecordEnd::HangUp,
            ..
        } => Ok(None),
        Moment::RecordDone {
            verb, recording, ..
        } => {
            let event = media_event::record_complete(facts, verb, recording);
            ask(facts, base, "record", verb.result.as_ref(), event)
        }
        Moment::Recording {
            announce,
            recording,
        } if is_over(recording) => {
            let event = media_event::recording_available(facts, announce.tag.as_deref(), recording);
            tell(facts, base, "recording", announce.hook.as_ref(), event)
        }
        Moment::RecordingText {
            transcription,
            recording,
            announce,
            sid,
            text,
        } => {
            let hook = transcription.hook.as_ref();
            let tag = announce.tag.as_deref();
            let event = media_event::transcription_available(facts, tag, recording, sid, *text);
            tell(facts, base, "transcription", hook, event)
        }
        Moment::StreamStatus { stream, sid, event } => {
            let event = media_event::media_stream(facts, stream, sid, *event);
            tell(facts, base, "stream", stream.status.as_ref(), event)
        }
        Moment::Transcription {
            verb,
            sid,
            event,
            sequence,
        } => {
            let Some(news) = TranscriptionNews::of(*event, *sequence) else {
                return Ok(None);
            };
            let event = media_event::real_time_transcription(facts, verb, sid, news);
            tell(facts, base, "transcription", verb.hook.as_ref(), event)
        }
        Moment::MachineDetected {
            detection,
            answered_by,
            after,
            is_final: true,
        } => {
            let event = event::machine_detection_complete(facts, *answered_by, *after);
            let hook = detection.told_to.as_ref();
            tell(facts, base, "machine detection", hook, event)
        }
        // No verb of BXML has such a hook, and calls are told of when they are over only.
        Moment::Fallback { .. }
        | Moment::ReferProgress { .. }
        | Moment::PromptsDone { .. }
        | Moment::Recording { .. }
        | Moment::StreamDone { .. }
        | Moment::SipRequestDone { .. }
        | Moment::MachineDetected { .. }
        | Moment::Status { .. } => Ok(None),
    }
}

/// The callback of `Refer`. Nothing runs after a transfer that succeeded or took the dialog with
/// it, so it is told and not asked.
fn refer_done(
    facts: &CallFacts,
    base: &str,
    verb: &Refer,
    result: &TransferResult,
) -> Result<Option<HttpRequest>, FetchError> {
    let Some(hook) = verb.result.as_ref().filter(|_| result.owes_callback()) else {
        return Ok(None);
    };
    let event = event::refer_complete(facts, verb, result);
    let succeeded = result.outcome == Outcome::Succeeded;
    if succeeded || !result.dialog_alive {
        tell(facts, base, "refer", Some(hook), event)
    } else {
        ask(facts, base, "refer", Some(hook), event)
    }
}

/// Whether there is a recording, or will be none.
fn is_over(recording: &RecordingFacts) -> bool {
    matches!(
        recording.state,
        RecordingState::Completed | RecordingState::Failed
    )
}

/// A synchronous event, when there is a hook for it: its reply is a document.
fn ask(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: Option<&Hook>,
    event: Event,
) -> Result<Option<HttpRequest>, FetchError> {
    build(facts, base, purpose, hook, event, ReplyUse::Document)
}

/// An asynchronous event, when there is a hook for it: its reply is ignored.
fn tell(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: Option<&Hook>,
    event: Event,
) -> Result<Option<HttpRequest>, FetchError> {
    build(facts, base, purpose, hook, event, ReplyUse::Ignored)
}

/// Synchronous events have fallback URLs, but for that of `Refer`.
fn fallback(
    facts: &CallFacts,
    base: &str,
    failed: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    match failed {
        Moment::Incoming => {
            let hook = facts.fallback_hook().cloned();
            let hook = hook.or_else(|| own_hook(facts, facts.application.fallback_url.as_ref()));
            ask(facts, base, "fallback", hook.as_ref(), first_event(facts))
        }
        Moment::Redirected(Hook {
            fallback: Some(hook),
            ..
        }) => ask(facts, base, "fallback", Some(hook), event::redirect(facts)),
        Moment::GatherDone { verb, result } => {
            let event = media_event::gather(facts, verb, result);
            spare(facts, base, verb.result.as_ref(), event)
        }
        Moment::RecordDone {
            verb, recording, ..
        } => {
            let event = media_event::record_complete(facts, verb, recording);
            spare(facts, base, verb.result.as_ref(), event)
        }
        Moment::Redirected(_)
        | Moment::Fallback { .. }
        | Moment::ReferDone { .. }
        | Moment::ReferProgress { .. }
        | Moment::PromptsDone { .. }
        | Moment::GatherPartial { .. }
        | Moment::Key { .. }
        | Moment::Recording { .. }
        | Moment::RecordingText { .. }
        | Moment::StreamStatus { .. }
        | Moment::StreamDone { .. }
        | Moment::Transcription { .. }
        | Moment::SipRequestDone { .. }
        | Moment::MachineDetected { .. }
        | Moment::Status { .. } => Ok(None),
    }
}

/// Asks the fallback of a verb's hook.
fn spare(
    facts: &CallFacts,
    base: &str,
    hook: Option<&Hook>,
    event: Event,
) -> Result<Option<HttpRequest>, FetchError> {
    let hook = hook.and_then(|hook| hook.fallback.as_deref());
    ask(facts, base, "fallback", hook, event)
}

fn first_event(facts: &CallFacts) -> Event {
    match facts.direction {
        Direction::Inbound => event::initiate(facts),
        Direction::OutboundApi | Direction::OutboundDial => event::answer(facts),
    }
}

/// A hook of the application itself. Bandwidth calls its URLs for inbound calls alone, and for
/// others what the request for the call names.
fn own_hook(facts: &CallFacts, url: Option<&String>) -> Option<Hook> {
    let counts = facts.direction == Direction::Inbound || facts.hooks.is_none();
    let url = url.filter(|_| counts)?;
    Some(of_application(facts, url.clone(), HookMethod::Post))
}

/// URLs of the application are asked with its own credentials; those of verbs bring theirs.
fn of_application(facts: &CallFacts, url: String, method: HookMethod) -> Hook {
    let credentials = facts.application.account.callback_credentials.clone();
    Hook {
        url,
        method,
        credentials,
        fallback: None,
    }
}

fn build(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: Option<&Hook>,
    event: Event,
    reply_use: ReplyUse,
) -> Result<Option<HttpRequest>, FetchError> {
    let Some(hook) = hook else { return Ok(None) };
    let target = resolve(facts, base, &hook.url)?;
    let (target, body) = match hook.method {
        HookMethod::Get => (target.with_query(&flat(&event)), Body::None),
        HookMethod::Post => (
            target,
            Body::Json(serde_json::Value::Object(event).to_string()),
        ),
    };
    Ok(Some(HttpRequest {
        purpose,
        method: hook.method,
        url: target.url.into(),
        credentials: hook.credentials.clone().or(target.credentials),
        headers: Vec::new(),
        body,
        signing: Signing::None,
        policy: policy(reply_use, facts.reply_timeout().unwrap_or(TIMEOUT)),
        reply_use,
    }))
}

fn resolve(facts: &CallFacts, base: &str, written: &str) -> Result<HookUrl, FetchError> {
    HookUrl::absolute(absolute(facts, base, written)?, written)
}

/// Relative URLs resolve against that of the document; against that of the first one when the
/// document has none because the API gave it.
pub(super) fn absolute(facts: &CallFacts, base: &str, written: &str) -> Result<Url, FetchError> {
    let first = facts.first_hook().map(|hook| hook.url.as_str());
    let base = Url::parse(base)
        .or_else(|_| Url::parse(first.unwrap_or(&facts.application.url)))
        .ok();
    let url = Url::options().base_url(base.as_ref()).parse(written);
    url.map_err(|error| unusable(written, &error.to_string()))
}

/// The properties of an event as query parameters; a property of an object is named with a point,
/// such as `diversion.origTo`.
fn flat(event: &Event) -> Vec<(String, String)> {
    use serde_json::Value;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut fields = Vec::new();
    for (name, value) in event {
        match value {
            Value::Object(inner) => {
                let inner = inner
                    .iter()
                    .map(|(key, value)| (format!("{name}.{key}"), text(value)));
                fields.extend(inner);
            }
            other => fields.push((name.clone(), text(other))),
        }
    }
    fields
}

/// Asynchronous events get one more try on the same URL, and only when no connection was made.
fn policy(reply_use: ReplyUse, timeout: Duration) -> Policy {
    let again = reply_use == ReplyUse::Ignored;
    Policy {
        connect: timeout,
        read: timeout,
        total: if again { timeout * 2 } else { timeout },
        retries: u8::from(again),
        retry_on: RetryOn {
            connect: again,
            ..RetryOn::default()
        },
        backoff: Vec::new(),
        redirects: REDIRECTS,
        // More than a document may have, so that a longer one gets its own error.
        max_reply: 4 * document::MAX_BYTES,
        success: Success::Any2xx,
        cookies: false,
        digest: false,
    }
}
