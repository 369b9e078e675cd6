//! A new call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hookflash_program::{Hook, HookMethod, Keys, StartRecording};
use serde_json::Map;

use super::form::Form;
use super::machine::machine_detection;
use super::recording::{Trim, recording};
use crate::laml::prompts;
use crate::laml::vendor::Vendor;
use crate::rest::{ApiBody, ApiFault, Callee, Directory, NewCall, callee, is_number, number};
use crate::shown::shown;
use crate::{Application, CallHooks, CallOrder, Caller, Dialect, StatusEvent, StatusEvents};

/// How long a call rings when nobody says.
const RING: Duration = Duration::from_secs(60);

/// The longest time that it may ring.
const LONGEST_RING: u32 = 600;

/// A day: the longest that a call can be limited to.
pub(super) const LONGEST_CALL: u32 = 86_400;

/// So many keys can be sent.
const MOST_KEYS: usize = 32;

/// Reads the request; see [`Dialect::read_order`].
pub(crate) fn read_order(
    vendor: &'static Vendor,
    directory: &dyn Directory,
    body: ApiBody<'_>,
) -> Result<NewCall, ApiFault> {
    let form = &Form::of(vendor, body)?;
    let Callee { to, headers } = called(form)?;
    let from = calling(form, &to)?;
    let What {
        application,
        hooks,
        document,
    } = what(form, directory)?;
    let keys = keys(form)?;
    let ring_timeout = ring_timeout(form)?;
    // Twilio does not look for machines where it sends keys.
    let machine_detection = machine_detection(form)?.filter(|_| keys.is_none());
    let credentials = form.text("SipAuthUsername").map(|user| {
        let password = form.text("SipAuthPassword").unwrap_or_default();
        (user.to_owned(), password.to_owned())
    });
    let order = CallOrder {
        to,
        from,
        application,
        hooks,
        document,
        ring_timeout,
        max_duration: form.seconds("TimeLimit", 1, LONGEST_CALL)?,
        keys,
        record: record(form)?,
        headers,
        credentials,
        trunk: None,
        machine_detection,
        tag: None,
        tag_data: None,
        voice: None,
        recognizer: None,
    };
    Ok(NewCall {
        order,
        repeated: Map::new(),
    })
}

fn called(form: &Form<'_>) -> Result<Callee, ApiFault> {
    let to = form
        .party("To")
        .ok_or_else(|| form.fault("21201", "To is required: the number or SIP URI to call"))?;
    if to.starts_with("client:") {
        let message = "To names a client; this server calls numbers and SIP URIs";
        return Err(form.fault("21211", message));
    }
    callee(&to).map_err(|why| form.fault("21211", format!("To: {why}")))
}

/// `CallerId` goes before `From`. To a number only a number can call; a SIP URI may be called by
/// a name.
fn calling(form: &Form<'_>, to: &str) -> Result<Caller, ApiFault> {
    let from = form
        .party("From")
        .ok_or_else(|| form.fault("21213", "From is required: who calls"))?;
    let mut shown_as = caller(form, "From", &from, to)?;
    if let Some(caller_id) = form.party("CallerId") {
        shown_as = caller(form, "CallerId", &caller_id, to)?;
    }
    Ok(Caller {
        value: shown_as,
        ..Caller::default()
    })
}

fn caller(form: &Form<'_>, name: &str, written: &str, to: &str) -> Result<String, ApiFault> {
    let bad = |wanted: &str| {
        let message = format!("{name}: `{}` {wanted}", shown(written));
        form.fault("21212", message)
    };
    if let Some(number) = number(written) {
        return Ok(number);
    }
    if is_number(to) {
        return Err(bad("is no number, and only a number can call a number"));
    }
    if written.contains(':') && !written.starts_with("client:") {
        return match callee(written) {
            Ok(found) if found.headers.is_empty() => Ok(found.to),
            Ok(_) => Err(bad("is a URI with headers, which a caller cannot have")),
            Err(_) => Err(bad("is neither a number, nor a name, nor a SIP URI")),
        };
    }
    let user = written.strip_prefix("client:").unwrap_or(written);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+-_.@".contains(c);
    match !user.is_empty() && user.chars().all(is_name) {
        true => Ok(user.to_owned()),
        false => Err(bad("is neither a number, nor a name, nor a SIP URI")),
    }
}

/// What the call is to do.
struct What {
    application: Arc<Application>,
    hooks: CallHooks,
    document: Option<Bytes>,
}

/// An application goes before a URL, and a URL before a document.
fn what(form: &Form<'_>, directory: &dyn Directory) -> Result<What, ApiFault> {
    if let Some(named) = form.text("ApplicationSid") {
        let application = directory.application(named).ok_or_else(|| {
            let message = format!(
                "ApplicationSid: this account has no application `{}`",
                shown(named)
            );
            form.fault("21218", message)
        })?;
        return Ok(What {
            application,
            hooks: CallHooks::default(),
            document: None,
        });
    }
    let first = form.hook("Url", "Method")?;
    let document = match first {
        Some(_) => None,
        None => form.document()?,
    };
    if first.is_none() && document.is_none() {
        let document = match form.vendor.dialect {
            Dialect::Cxml => "Laml",
            _ => "Twiml",
        };
        let message = format!("give one of Url, {document} and ApplicationSid");
        return Err(form.fault("21205", message));
    }
    Ok(What {
        application: Arc::new(nameless(directory, first.as_ref())),
        hooks: CallHooks {
            fallback: form.hook("FallbackUrl", "FallbackMethod")?,
            status: form.hook("StatusCallback", "StatusCallbackMethod")?,
            status_events: status_events(form)?,
            first,
            ..CallHooks::default()
        },
        document,
    })
}

/// An application for a call that names none.
fn nameless(directory: &dyn Directory, first: Option<&Hook>) -> Application {
    Application {
        name: String::new(),
        sid: String::new(),
        account: directory.account().clone(),
        url: first.map(|hook| hook.url.clone()).unwrap_or_default(),
        method: first.map_or(HookMethod::Post, |hook| hook.method),
        fallback_url: None,
        status_callback: None,
        events_url: None,
    }
}

fn status_events(form: &Form<'_>) -> Result<Option<StatusEvents>, ApiFault> {
    let words = form.words("StatusCallbackEvent");
    if words.is_empty() {
        return Ok(None);
    }
    let mut events = StatusEvents::default();
    for word in words {
        let event = match word {
            "initiated" => StatusEvent::Initiated,
            "ringing" => StatusEvent::Ringing,
            "answered" => StatusEvent::Answered,
            "completed" => StatusEvent::Completed,
            // What SignalWire's switch reports of its own; there is nothing like it here.
            "ringing_forwarded" | "ringing_queued" if form.vendor.dialect == Dialect::Cxml => {
                continue;
            }
            other => {
                let message = format!(
                    "StatusCallbackEvent must be of initiated, ringing, answered and completed, \
                     not `{}`",
                    shown(other)
                );
                return Err(match form.vendor.dialect {
                    Dialect::Cxml => form.fault("10000", message),
                    _ => form.fault("21626", message),
                });
            }
        };
        events = events.with(event);
    }
    Ok(Some(events))
}

fn keys(form: &Form<'_>) -> Result<Option<Keys>, ApiFault> {
    let Some(digits) = form.text("SendDigits") else {
        return Ok(None);
    };
    let is_key = |c: char| c.is_ascii_digit() || "#*wW".contains(c);
    if digits.len() > MOST_KEYS || !digits.chars().all(is_key) {
        let message = format!("SendDigits must be up to {MOST_KEYS} of 0-9 # * w W");
        return Err(form.fault("21206", message));
    }
    Ok(Some(prompts::keys(digits)))
}

fn ring_timeout(form: &Form<'_>) -> Result<Duration, ApiFault> {
    let Some(text) = form.text("Timeout") else {
        return Ok(RING);
    };
    let seconds = text.parse().ok();
    let seconds = seconds.filter(|seconds| (1..=LONGEST_RING).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let message = format!("Timeout must be seconds from 1 to {LONGEST_RING}");
        form.fault("21208", message)
    })?;
    Ok(Duration::from_secs(seconds.into()))
}

/// What stands beside `Record` is checked even when it is `false`.
fn record(form: &Form<'_>) -> Result<Option<Box<StartRecording>>, ApiFault> {
    let wanted = form.flag("Record")?;
    let recording = recording(form, Trim::Always)?;
    Ok(wanted.then_some(recording))
}
