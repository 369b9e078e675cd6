//! Which event goes where, and how.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod};
use url::Url;

use super::event::{self, Event};
use super::{CALLBACK_ERROR, document};
use crate::hook_url::{HookUrl, unusable};
use crate::{
    Body, CallFacts, Direction, FetchError, HttpRequest, Moment, Policy, ReplyUse, RetryOn,
    Signing, StatusEvent, Success,
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
            let hook = of_application(facts, application.url.clone(), application.method);
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
            let hook = facts.status_hook.clone().or_else(|| {
                let url = application.status_callback.clone()?;
                Some(of_application(facts, url, HookMethod::Post))
            });
            match hook {
                Some(hook) => {
                    told(facts, base, "status", &hook, event::disconnect(facts)).map(Some)
                }
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// `initiate` and `redirect` have fallback URLs; `Refer` has none.
fn fallback(
    facts: &CallFacts,
    base: &str,
    failed: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    match failed {
        Moment::Incoming => match &facts.application.fallback_url {
            Some(url) => {
                let hook = of_application(facts, url.clone(), HookMethod::Post);
                asked(facts, base, "fallback", &hook, first_event(facts)).map(Some)
            }
            None => Ok(None),
        },
        Moment::Redirected(Hook {
            fallback: Some(hook),
            ..
        }) => asked(facts, base, "fallback", hook, event::redirect(facts)).map(Some),
        _ => Ok(None),
    }
}

fn first_event(facts: &CallFacts) -> Event {
    match facts.direction {
        Direction::Inbound => event::initiate(facts),
        Direction::OutboundApi | Direction::OutboundDial => event::answer(facts),
    }
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
        policy: policy(reply_use),
        reply_use,
    })
}

/// Relative URLs resolve against that of the document; against the application's when the
/// document has none because the API gave it.
fn resolve(facts: &CallFacts, base: &str, written: &str) -> Result<HookUrl, FetchError> {
    let base = Url::parse(base)
        .or_else(|_| Url::parse(&facts.application.url))
        .ok();
    let url = Url::options().base_url(base.as_ref()).parse(written);
    HookUrl::absolute(
        url.map_err(|error| unusable(written, &error.to_string()))?,
        written,
    )
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
fn policy(reply_use: ReplyUse) -> Policy {
    let again = reply_use == ReplyUse::Ignored;
    Policy {
        connect: TIMEOUT,
        read: TIMEOUT,
        total: if again { TIMEOUT * 2 } else { TIMEOUT },
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
