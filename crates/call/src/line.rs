//! What an entry of a journal reads like: a line for people, details for machines.

use hookflash_dialects::{CallEnd, FetchError};
use hookflash_media::{KeySource, Statistics};
use hookflash_program::{Diagnostic, HookMethod};
use serde_json::{Map, Value, json};

use crate::journal::{SipMessage, What};
use crate::view::{ended_by, media, method_word};

/// What an entry reads like.
pub(crate) struct Line {
    pub(crate) kind: &'static str,
    /// `in`, `out` or none, seen from this server.
    pub(crate) direction: Option<&'static str>,
    pub(crate) summary: String,
    pub(crate) details: Map<String, Value>,
}

impl Line {
    #[rustfmt::skip]
    pub(crate) fn of(what: &What) -> Line {
        match what {
            What::Sip(message) => sip(message),
            What::Asked { number, purpose, method, url } => asked(*number, purpose, *method, url),
            What::Replied { number, status, bytes } => replied(*number, *status, *bytes),
            What::Unanswered { number, failure } => unanswered(*number, &failure.0, &failure.1),
            What::Document { steps, source } => document(*steps, source),
            What::Remark(remark) => remarked(&remark.0, &remark.1),
            What::Verb { name, position } => Line::new(
                "verb",
                format!("{name} ({position})"),
                json!({ "verb": name, "line": position.line, "column": position.column }),
            ),
            What::VerbDone(how) => Line::new("verb", how.as_str(), json!({ "state": how.as_str() })),
            What::VerbNote(text) => Line::note("verb", text),
            What::Ringing => Line::new("call", "ringing", json!({ "state": "ringing" })),
            What::Answered => Line::new("call", "answered", json!({ "state": "answered" })),
            What::Ended(end) => ended(end),
            What::CallNote(text) => Line::note("call", text),
            What::Media(text) => Line::note("media", text),
            What::Agreed(agreed) => Line::new("media", agreed.to_string(), json!({})),
            What::Statistics(statistics) => counted(statistics),
            What::Prompt { what, millis } => prompt(what, *millis),
            What::Key { key, source } => pressed(*key, *source),
            What::TransferBegan { transfer } => Line::new(
                "transfer",
                format!("transfer {} began", transfer + 1),
                json!({ "transfer": transfer + 1 }),
            ),
            What::TransferProgress { transfer, status } => Line::new(
                "transfer",
                format!("the far end reports {status}"),
                json!({ "transfer": transfer + 1, "status": status }),
            )
            .going("in"),
            What::TransferEnded { transfer, end, outcome } => Line::new(
                "transfer",
                format!("transfer {} {} ({})", transfer + 1, outcome.as_str(), end.as_str()),
                json!({ "transfer": transfer + 1, "end": end.as_str(), "outcome": outcome.as_str() }),
            ),
            What::TransferNote(text) => Line::note("transfer", text),
        }
    }

    fn new(kind: &'static str, summary: impl Into<String>, details: Value) -> Line {
        Line {
            kind,
            direction: None,
            summary: summary.into(),
            details: match details {
                Value::Object(details) => details,
                _ => Map::new(),
            },
        }
    }

    fn note(kind: &'static str, text: &str) -> Line {
        Line::new(kind, text, json!({}))
    }

    fn going(self, direction: &'static str) -> Line {
        Line {
            direction: Some(direction),
            ..self
        }
    }
}

fn sip(message: &SipMessage) -> Line {
    let summary = match message.note() {
        Some(note) => format!("{} ({note})", message.summary()),
        None => message.summary(),
    };
    let details = json!({
        "cseq": format!("{} {}", message.cseq, message.method()),
        "status": Some(message.status).filter(|status| *status != 0),
        "note": message.note(),
        "local": message.flow().map(|flow| flow.local.to_string()),
        "remote": message.flow().map(|flow| flow.remote.to_string()),
    });
    Line::new("sip", summary, details).going(if message.sent { "out" } else { "in" })
}

fn asked(number: u16, purpose: &str, method: HookMethod, url: &str) -> Line {
    let method = method_word(method, url);
    let details = json!({ "number": number, "purpose": purpose, "method": method, "url": url });
    Line::new("webhook", format!("{method} {url} ({purpose})"), details).going("out")
}

fn replied(number: u16, status: u16, bytes: Option<u32>) -> Line {
    let summary = match bytes {
        Some(bytes) => format!("{status}, {bytes} bytes"),
        None => status.to_string(),
    };
    let details = json!({ "number": number, "status": status, "bytes": bytes });
    Line::new("webhook", summary, details).going("in")
}

fn unanswered(number: Option<u16>, code: &str, error: &FetchError) -> Line {
    let details = json!({
        "number": number,
        "code": code,
        "url": error.url,
        "message": error.message,
        "body": error.body,
    });
    let summary = format!("no usable reply: {} [{code}]", error.message);
    Line::new("webhook", summary, details).going("in")
}

fn document(steps: u16, source: &str) -> Line {
    let summary = match steps {
        1 => "document with 1 verb".to_owned(),
        _ => format!("document with {steps} verbs"),
    };
    Line::new("verb", summary, json!({ "verbs": steps, "source": source }))
}

fn remarked(source: &str, diagnostic: &Diagnostic) -> Line {
    let details = json!({
        "source": source,
        "line": diagnostic.position.line,
        "column": diagnostic.position.column,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "help": diagnostic.help,
    });
    Line::new("verb", diagnostic.to_string(), details)
}

fn ended(end: &CallEnd) -> Line {
    let by = ended_by(end.by);
    let mut summary = format!("ended by {by} ({} {})", end.sip_status, end.sip_reason);
    if let Some(message) = &end.message {
        summary.push_str(": ");
        summary.push_str(message);
    }
    let details = json!({
        "state": "ended",
        "endedBy": by,
        "sipStatus": end.sip_status,
        "cause": end.cause,
        "message": end.message,
    });
    Line::new("call", summary, details)
}

fn counted(statistics: &Statistics) -> Line {
    let summary = format!(
        "{} packets sent, {} received, {} lost",
        statistics.packets_sent, statistics.packets_received, statistics.packets_lost
    );
    Line::new("media", summary, media(statistics))
}

fn prompt(what: &str, millis: u32) -> Line {
    let seconds = f64::from(millis) / 1_000.0;
    let details = json!({ "prompt": what, "seconds": seconds });
    Line::new("media", format!("{what} ({seconds:.1} s)"), details).going("out")
}

fn pressed(key: Option<char>, source: KeySource) -> Line {
    let source = match source {
        KeySource::Event => "telephone-event",
        KeySource::Tones => "tones",
        KeySource::Info => "INFO",
    };
    let shown = key.map(|key| format!(" {key}")).unwrap_or_default();
    let details = json!({ "key": key, "source": source });
    Line::new("media", format!("key{shown} pressed ({source})"), details).going("in")
}
