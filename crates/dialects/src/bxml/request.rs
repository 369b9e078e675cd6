//! Which event goes where, and how.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod, RecordEnd};
use url::Url;

use super::event::{self, Event};
use super::media_event::{self, TranscriptionNews};
use super::{CALLBACK_ERROR, document};
use crate::hook_url::{HookUrl, unusable};
use crate::{
    Body, CallFacts, Direction, FetchError, HttpRequest, Moment, Policy, RecordingState, ReplyUse,
    RetryOn, Signing, StatusEvent, Success, TranscriptionEvent,
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
    let application = &facts.application;
    match moment {
        Moment::Incoming => {
            let hook = facts.first_hook().cloned().unwrap_or_else(|| {
                of_application(facts, application.url.clone(), application.method)
            });
            asked(facts, base, "first", &hook, first_event(facts)).map(Some)
        }
        Moment::Redirected(hook) => {
            asked(facts, base, "redirect", hook, event::redirect(facts)).map(Some)
        }
        Moment::Fallback { code, failed, .. } if *code == CALLBACK_ERROR => {
            fallback(facts, base, failed)
        }
        Moment::ReferDone { verb, result } => {
            let Some(hook) = verb.result.as_ref().filter(|_| result.owes_callback()) else {
                return Ok(None);
            };
            let event = event::refer_complete(facts, verb, result);
            let succeeded = result.outcome == hookflash_transfer::Outcome::Succeeded;
            if succeeded || !result.dialog_alive {
                told(facts, base, "refer", hook, event).map(Some)
            } else {
                asked(facts, base, "refer", hook, event).map(Some)
            }
        }
        Moment::Status {
            event: StatusEvent::Completed,
            ..
        } => {
            let of_application = || {
                let url = application.status_callback.clone()?;
                Some(of_application(facts, url, HookMethod::Post))
            };
            let hook = facts.status_hook().cloned();
            match hook.or_else(|| speaks_for(facts).then(of_application).flatten()) {
                Some(hook) => {
                    told(facts, base, "status", &hook, event::disconnect(facts)).map(Some)
                }
                None => Ok(None),
            }
        }
        Moment::GatherDone { verb, result } => {
            let event = media_event::gather(facts, verb, result);
            verb.result
                .as_ref()
                .map(|hook| asked(facts, base, "gather", hook, event))
                .transpose()
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
            verb.result
                .as_ref()
                .map(|hook| asked(facts, base, "record", hook, event))
                .transpose()
        }
        Moment::Recording {
            announce,
            recording,
        } => {
            let is_over = matches!(
                recording.state,
                RecordingState::Completed | RecordingState::Failed
            );
            let hook = announce.hook.as_ref().filter(|_| is_over);
            let event = media_event::recording_available(facts, announce.tag.as_deref(), recording);
            tell(facts, base, "recording", hook, event)
        }
        Moment::RecordingText {
            transcription,
            recording,
            announce,
            sid,
            text,
        } => {
            let tag = announce.tag.as_deref();
            let event = media_event::transcription_available(facts, tag, recording, sid, *text);
            tell(
                facts,
                base,
                "transcription",
                transcription.hook.as_ref(),
                event,
            )
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
            let news = match event {
                TranscriptionEvent::Started => TranscriptionNews::Started,
                TranscriptionEvent::Failed(why) if *sequence == 0 => {
                    TranscriptionNews::Rejected(why)
                }
                TranscriptionEvent::Failed(why) => TranscriptionNews::Broken(why),
                TranscriptionEvent::Stopped => TranscriptionNews::Stopped,
                // What was said goes to the socket that the verb names.
                TranscriptionEvent::Heard(..) => return Ok(None),
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
        | Moment::StreamDone { .. }
        | Moment::SipRequestDone { .. }
        | Moment::MachineDetected { .. }
        | Moment::Status { .. } => Ok(None),
    }
}

/// An asynchronous event, when there is a hook for it.
fn tell(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: Option<&Hook>,
    event: Event,
) -> Result<Option<HttpRequest>, FetchError> {
    hook.map(|hook| told(facts, base, purpose, hook, event))
        .transpose()
}

/// Synchronous events have fallback URLs, but for that of `Refer`.
fn fallback(
    facts: &CallFacts,
    base: &str,
    failed: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    match failed {
        Moment::Incoming => {
            let of_application = || {
                let url = facts.application.fallback_url.clone()?;
                Some(of_application(facts, url, HookMethod::Post))
            };
            let hook = facts.fallback_hook().cloned();
            match hook.or_else(|| speaks_for(facts).then(of_application).flatten()) {
                Some(hook) => asked(facts, base, "fallback", &hook, first_event(facts)).map(Some),
                None => Ok(None),
            }
        }
        Moment::Redirected(Hook {
            fallback: Some(hook),
            ..
        }) => asked(facts, base, "fallback", hook, event::redirect(facts)).map(Some),
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

fn spare(
    facts: &CallFacts,
    base: &str,
    hook: Option<&Hook>,
    event: Event,
) -> Result<Option<HttpRequest>, FetchError> {
    hook.and_then(|hook| hook.fallback.as_deref())
        .map(|hook| asked(facts, base, "fallback", hook, event))
        .transpose()
}

fn first_event(facts: &CallFacts) -> Event {
    match facts.direction {
        Direction::Inbound => event::initiate(facts),
        Direction::OutboundApi | Direction::OutboundDial => event::answer(facts),
    }
}

/// Whether the application's own URLs count: Bandwidth calls those of an application for inbound
/// calls alone, and for others what the request for the call names.
fn speaks_for(facts: &CallFacts) -> bool {
    facts.direction == Direction::Inbound || facts.hooks.is_none()
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

/// A synchronous event: its reply is a document.
fn asked(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: &Hook,
    event: Event,
) -> Result<HttpRequest, FetchError> {
    build(facts, base, purpose, hook, event, ReplyUse::Document)
}

/// An asynchronous event: its reply is ignored.
fn told(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: &Hook,
    event: Event,
) -> Result<HttpRequest, FetchError> {
    build(facts, base, purpose, hook, event, ReplyUse::Ignored)
}

fn build(
    facts: &CallFacts,
    base: &str,
    purpose: &'static str,
    hook: &Hook,
    event: Event,
    reply_use: ReplyUse,
) -> Result<HttpRequest, FetchError> {
    let target = resolve(facts, base, &hook.url)?;
    let (target, body) = match hook.method {
        HookMethod::Get => (target.with_query(&flat(&event)), Body::None),
        HookMethod::Post => (
            target,
            Body::Json(serde_json::Value::Object(event).to_string()),
        ),
    };
    Ok(HttpRequest {
        purpose,
        method: hook.method,
        url: target.url.into(),
        credentials: hook.credentials.clone().or(target.credentials),
        headers: Vec::new(),
        body,
        signing: Signing::None,
        policy: policy(reply_use, facts.reply_timeout().unwrap_or(TIMEOUT)),
        reply_use,
    })
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
