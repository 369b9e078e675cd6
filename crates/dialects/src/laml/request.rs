//! Requests to the application: which are made, where to, with what in them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hookflash_program::{Hook, HookMethod};
use hookflash_transfer::End;
use sha1::{Digest, Sha1};

use crate::laml::parameters::{Fields, push, standard};
use crate::laml::rest::answered_by_word;
use crate::laml::vendor::{Vendor, Webhooks};
use crate::laml::webhook_url::{Overrides, WebhookUrl, document_url, resolve, with_query};
use crate::laml::{MAX_DOCUMENT, gather, recordings, refer, status, streams};
use crate::{
    AnsweredBy, Body, CallFacts, FetchError, HttpRequest, Moment, Policy, ReplyUse, Signing,
    StatusEvent, Success,
};

/// What is asked at a moment, before URL, policy and fields.
struct Question<'a> {
    purpose: &'static str,
    url: &'a str,
    method: HookMethod,
    credentials: Option<&'a (String, String)>,
    reply_use: ReplyUse,
}

/// The request for a moment; see [`crate::Dialect::request`].
pub(crate) fn request(
    vendor: &Vendor,
    facts: &CallFacts,
    base: &str,
    moment: &Moment<'_>,
) -> Result<Option<HttpRequest>, FetchError> {
    let Some(question) = question(facts, moment) else {
        return Ok(None);
    };
    let Question {
        purpose,
        url,
        method,
        credentials: own_credentials,
        reply_use,
    } = question;

    let webhooks = &vendor.webhooks;
    let owner = &facts.application.url;
    let base = match url.trim().is_empty() {
        true => document_url(base, &facts.sid),
        false => base,
    };
    let WebhookUrl {
        url,
        credentials,
        overrides,
    } = resolve(url, base, owner, webhooks)?;
    let overrides = Overrides {
        read: overrides.read.or(facts.reply_timeout()),
        total: overrides.total.or(facts.reply_timeout()),
        ..overrides
    };
    let policy = policy(webhooks, &overrides, reply_use);
    let fields = told_about(vendor, facts, moment);
    let (url, body) = match method {
        HookMethod::Get => (with_query(&url, &fields), Body::None),
        HookMethod::Post => (url, Body::Form(fields)),
    };
    Ok(Some(HttpRequest {
        purpose,
        method,
        url,
        credentials: own_credentials.cloned().or(credentials),
        headers: headers(webhooks, facts, repeats(moment)),
        body,
        signing: Signing::Laml {
            key: facts.application.account.signing_key.clone(),
            signalwire: webhooks.signalwire_signature,
        },
        policy,
        reply_use,
    }))
}

fn question<'a>(facts: &'a CallFacts, moment: &Moment<'a>) -> Option<Question<'a>> {
    let application = &*facts.application;
    let ask = |purpose, hook: &'a Hook, reply_use| Question {
        purpose,
        url: &hook.url,
        method: hook.method,
        credentials: hook.credentials.as_ref(),
        reply_use,
    };
    let document = |purpose, hook| ask(purpose, hook, ReplyUse::Document);
    let tell = |purpose, hook| ask(purpose, hook, ReplyUse::Ignored);
    // A URL of the application in the configuration.
    let own = |purpose, url, method, reply_use| Question {
        purpose,
        url,
        method,
        credentials: None,
        reply_use,
    };
    match moment {
        Moment::Incoming => Some(match facts.first_hook() {
            Some(hook) => document("first", hook),
            None => own(
                "first",
                &application.url,
                application.method,
                ReplyUse::Document,
            ),
        }),
        Moment::Redirected(hook) => Some(document("redirect", hook)),
        Moment::ReferDone { result, .. } if result.end == End::Superseded => None,
        Moment::ReferDone { verb, .. } => Some(document("action", verb.result.as_ref()?)),
        Moment::GatherDone { verb, .. } => Some(document("action", verb.result.as_ref()?)),
        Moment::RecordDone { verb, .. } => Some(document("action", verb.result.as_ref()?)),
        Moment::StreamDone { stream, .. } => Some(document("action", stream.result.as_ref()?)),
        Moment::GatherPartial { verb, .. } => {
            let partial = verb.speech.as_ref()?.partial.as_ref()?;
            Some(tell("partial", partial))
        }
        Moment::Recording {
            announce,
            recording,
        } => recordings::is_told(announce, recording.state)
            .then_some(announce.hook.as_ref())?
            .map(|hook| tell("recording", hook)),
        Moment::RecordingText { transcription, .. } => {
            Some(tell("transcription", transcription.hook.as_ref()?))
        }
        Moment::StreamStatus { stream, .. } => Some(tell("stream", stream.status.as_ref()?)),
        // A machine whose greeting is still waited for is not told.
        Moment::MachineDetected {
            detection,
            is_final: true,
            ..
        } => Some(tell("machine detection", detection.told_to.as_ref()?)),
        Moment::MachineDetected { .. } => None,
        Moment::Transcription { verb, .. } => Some(tell("transcription", verb.hook.as_ref()?)),
        // Neither vendor reports the steps of a transfer, the end of a prompt and single keys;
        // neither has a verb for requests within the dialog.
        Moment::ReferProgress { .. }
        | Moment::PromptsDone { .. }
        | Moment::Key { .. }
        | Moment::SipRequestDone { .. } => None,
        Moment::Fallback { failed, .. } if !is_waited_for(failed) => None,
        Moment::Fallback { .. } => Some(match facts.fallback_hook() {
            Some(hook) => document("fallback", hook),
            None => {
                let url = application.fallback_url.as_deref()?;
                own("fallback", url, HookMethod::Post, ReplyUse::Document)
            }
        }),
        Moment::Status { event, .. } if !is_reported(facts, *event) => None,
        Moment::Status { .. } => Some(match facts.status_hook() {
            Some(hook) => tell("status", hook),
            None => {
                let url = application.status_callback.as_deref()?;
                own("status", url, HookMethod::Post, ReplyUse::Ignored)
            }
        }),
    }
}

/// Both vendors report the end alone unless more is asked for.
fn is_reported(facts: &CallFacts, event: StatusEvent) -> bool {
    let asked = facts.hooks.as_ref().and_then(|hooks| hooks.status_events);
    asked.map_or(event == StatusEvent::Completed, |events| events.has(event))
}

/// Whether the call waits for the reply, so that a failure has a fallback. A fallback itself has
/// none, and nobody waits for the reply to what an application is only told.
fn is_waited_for(moment: &Moment<'_>) -> bool {
    match moment {
        Moment::Incoming
        | Moment::Redirected(_)
        | Moment::ReferDone { .. }
        | Moment::GatherDone { .. }
        | Moment::RecordDone { .. }
        | Moment::StreamDone { .. } => true,
        Moment::Fallback { .. }
        | Moment::ReferProgress { .. }
        | Moment::PromptsDone { .. }
        | Moment::GatherPartial { .. }
        | Moment::Key { .. }
        | Moment::Recording { .. }
        | Moment::RecordingText { .. }
        | Moment::StreamStatus { .. }
        | Moment::Transcription { .. }
        | Moment::SipRequestDone { .. }
        | Moment::MachineDetected { .. }
        | Moment::Status { .. } => false,
    }
}

/// The fields for a moment. A fallback is told everything that the failed request told.
fn told_about(vendor: &Vendor, facts: &CallFacts, moment: &Moment<'_>) -> Fields {
    let dialect = vendor.dialect;
    let public_url = &facts.public_url;
    let standard = || standard(vendor, facts, status::webhook_word(facts));
    let with = |add: &dyn Fn(&mut Fields)| {
        let mut fields = standard();
        add(&mut fields);
        fields
    };
    match *moment {
        Moment::Status { event, sequence } => status::callback(vendor, facts, event, sequence),
        Moment::Fallback {
            failed_url,
            code,
            failed,
        } => {
            let mut fields = match failed {
                // Bounds the recursion whatever is passed in.
                Moment::Fallback { .. } => Fields::new(),
                _ => told_about(vendor, facts, failed),
            };
            push(&mut fields, "ErrorCode", code);
            push(&mut fields, "ErrorUrl", failed_url);
            fields
        }
        Moment::ReferDone { result, .. } => with(&|fields| refer::result_fields(fields, result)),
        Moment::GatherDone { verb, result } => {
            with(&|fields| gather::result_fields(vendor, fields, verb, result))
        }
        Moment::GatherPartial {
            verb,
            heard,
            sequence,
        } => with(&|fields| gather::partial_fields(vendor, fields, verb, heard, sequence)),
        Moment::RecordDone { recording, end, .. } => with(&|fields| {
            recordings::result_fields(dialect, fields, recording, end, public_url);
        }),
        Moment::Recording { recording, .. } => {
            recordings::status_fields(dialect, recording, public_url)
        }
        Moment::RecordingText {
            recording,
            sid,
            text,
            ..
        } => with(&|fields| {
            recordings::text_fields(dialect, fields, recording, sid, text, public_url);
        }),
        Moment::StreamStatus { stream, sid, event } => {
            streams::status_fields(vendor, facts, stream, sid, event)
        }
        Moment::StreamDone { stream, sid, end } => {
            with(&|fields| streams::end_fields(fields, stream, sid, end))
        }
        Moment::Transcription {
            verb,
            sid,
            event,
            sequence,
        } => streams::transcription_fields(facts, verb, sid, event, sequence),
        Moment::Incoming => with(&|fields| add_answered_by(fields, facts)),
        Moment::MachineDetected {
            answered_by, after, ..
        } => machine_detected_fields(facts, answered_by, after),
        Moment::Redirected(_)
        | Moment::ReferProgress { .. }
        | Moment::PromptsDone { .. }
        | Moment::Key { .. }
        | Moment::SipRequestDone { .. } => standard(),
    }
}

/// Who picked up, when the call waited for that (Twilio "Answering Machine Detection").
fn add_answered_by(fields: &mut Fields, facts: &CallFacts) {
    if let Some(by) = facts.answered_by {
        push(fields, "AnsweredBy", answered_by_word(by));
    }
}

/// The fields of the callback of asynchronous detection (Twilio `AsyncAmdStatusCallback`).
fn machine_detected_fields(facts: &CallFacts, by: AnsweredBy, after: Duration) -> Fields {
    let mut fields = Fields::with_capacity(4);
    push(&mut fields, "CallSid", &facts.sid);
    push(&mut fields, "AccountSid", &facts.application.account.sid);
    push(&mut fields, "AnsweredBy", answered_by_word(by));
    let millis = after.as_millis().to_string();
    push(&mut fields, "MachineDetectionDuration", millis);
    fields
}

pub(crate) fn policy(webhooks: &Webhooks, overrides: &Overrides, reply_use: ReplyUse) -> Policy {
    let own = match reply_use {
        ReplyUse::Ignored => webhooks.status.retries,
        ReplyUse::Document => None,
    };
    let (retries, retry_on) = own.unwrap_or((webhooks.retries, webhooks.retry_on));
    let (backoff, success) = match reply_use {
        ReplyUse::Ignored => (webhooks.status.backoff.to_vec(), webhooks.status.success),
        ReplyUse::Document => (Vec::new(), Success::Any2xx),
    };
    let retries = overrides.retries.unwrap_or(retries);
    let mut total = overrides.total.unwrap_or(webhooks.total);
    if own.is_some() {
        // The limit is one for each attempt here; the policy's is for all of them.
        let pauses: Duration = backoff.iter().cycle().take(usize::from(retries)).sum();
        total = total * (u32::from(retries) + 1) + pauses;
    }
    Policy {
        connect: overrides.connect.unwrap_or(webhooks.connect),
        read: overrides.read.unwrap_or(webhooks.read),
        total,
        retries,
        retry_on: overrides.retry_on.unwrap_or(retry_on),
        backoff,
        redirects: webhooks.redirects,
        max_reply: MAX_DOCUMENT,
        success,
        cookies: true,
        digest: webhooks.digest,
    }
}

/// The number by which a moment can be told again as the same, also by another process.
fn repeats(moment: &Moment<'_>) -> Option<u32> {
    match moment {
        Moment::Status { sequence, .. } => Some(*sequence),
        _ => None,
    }
}

pub(crate) fn headers(
    webhooks: &Webhooks,
    facts: &CallFacts,
    repeats: Option<u32>,
) -> Vec<(String, String)> {
    let mut headers = vec![("Accept".to_owned(), "*/*".to_owned())];
    if let Some(agent) = webhooks.user_agent {
        headers.push(("User-Agent".to_owned(), agent.to_owned()));
    }
    if let Some(name) = webhooks.idempotency_header {
        headers.push((name.to_owned(), idempotency_token(facts, repeats)));
    }
    headers
}

/// A UUID that no other request has. Two requests of a call can be alike in every fact (a document
/// that redirects to itself), so the facts alone cannot make it; a status can be told twice, and is
/// the same then.
fn idempotency_token(facts: &CallFacts, repeats: Option<u32>) -> String {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let call = Sha1::new()
        .chain_update(facts.sid.as_bytes())
        .chain_update(facts.trace_id.as_bytes());
    let digest = match repeats {
        Some(number) => call
            .chain_update(b"status")
            .chain_update(number.to_be_bytes()),
        None => call.chain_update(REQUESTS.fetch_add(1, Ordering::Relaxed).to_be_bytes()),
    };
    let digest = digest.finalize();
    let bits = digest
        .first_chunk()
        .map_or(0, |bits| u128::from_be_bytes(*bits));
    crate::uuid::uuid(bits, 5)
}
