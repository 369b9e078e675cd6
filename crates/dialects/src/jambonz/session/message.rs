//! Messages to the application.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod};
use serde_json::{Map, Value};

use crate::hook_url::{HookUrl, unusable};
use crate::jambonz::call_info::{Payload, put};
use crate::jambonz::request::Asked;
use crate::jambonz::{hook, stringify};
use crate::{
    Body, CallFacts, FetchError, HttpRequest, ReplyUse, Signing, SocketMessage, TalkPart, VerbNews,
};

/// The name of the protocol, asked for in the handshake.
const SUB_PROTOCOL: &str = "ws.jambonz.org";

/// How long an application may take to acknowledge a message (jambonz' page on `session:new`).
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(5);

/// Why an application is asked or told something, as far as the type of the message shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jambonz) enum Occasion {
    /// A call wants its first verbs.
    First,
    /// The call goes on with another application, or with another part of this one.
    Redirect,
    /// A hook of a verb.
    Hook,
    /// The call's status changed.
    Status,
}

/// The URL of the application, when it is a WebSocket.
pub(in crate::jambonz) fn root(facts: &CallFacts) -> Option<&str> {
    let url = facts.application_url();
    hook::has_scheme(url, &["ws", "wss"]).then_some(url)
}

/// Describes a message. `target` is the WebSocket that the hook led to; every hook but a redirect
/// stays on the one that the application has. An application that is asked by HTTP changes over
/// to the WebSocket that one of its hooks names.
pub(in crate::jambonz) fn request(
    facts: &CallFacts,
    asked: Asked,
    hook: &Hook,
    target: HookUrl,
    payload: Payload,
) -> Result<HttpRequest, FetchError> {
    let of_call = facts.hooks.as_ref().and_then(|hooks| hooks.first.as_ref());
    let present = match root(facts) {
        Some(url) => Some(HookUrl::socket(hook::absolute(facts, url)?, url)?),
        None => None,
    };
    let kind = match (asked.occasion, &present) {
        (Occasion::First, _) => "session:new",
        (Occasion::Status, Some(_)) => "call:status",
        (Occasion::Redirect, Some(_)) => "session:redirect",
        (Occasion::Hook, Some(_)) => "verb:hook",
        (Occasion::Redirect, None) => "session:new",
        (Occasion::Hook, None) if asked.reply_use == ReplyUse::Document => "session:new",
        (Occasion::Hook | Occasion::Status, None) => {
            let why = "the application is no WebSocket, and this only tells it something; give an \
                       http:// or https:// URL";
            return Err(unusable(&hook.url, why));
        }
    };
    let moves = asked.occasion == Occasion::Redirect
        && present
            .as_ref()
            .is_some_and(|present| present.url != target.url);
    let part = match (kind, &present) {
        _ if moves => TalkPart::Moves,
        ("session:new", None) if asked.occasion != Occasion::First => TalkPart::Moves,
        ("session:new", _) => TalkPart::Opens,
        _ => TalkPart::Within,
    };
    let (target, credentials) = match present {
        Some(present) if !moves => (present, of_call.and_then(|first| first.credentials.clone())),
        _ => (target, hook.credentials.clone()),
    };
    let names_hook = matches!(kind, "session:redirect" | "verb:hook");
    let message = SocketMessage {
        kind,
        call_sid: facts.sid.clone(),
        hook: names_hook.then(|| hook.url.clone()),
        data: stringify::stringify(&Value::Object(payload)),
        reply_within: (asked.occasion != Occasion::Status).then_some(ACKNOWLEDGED_WITHIN),
        part,
    };
    Ok(HttpRequest {
        purpose: asked.purpose,
        method: HookMethod::Get,
        policy: hook::socket_policy(&target)?,
        url: target.url.into(),
        credentials: credentials.or(target.credentials),
        headers: vec![("Sec-WebSocket-Protocol".to_owned(), SUB_PROTOCOL.to_owned())],
        body: Body::Message(Box::new(message)),
        signing: Signing::None,
        reply_use: asked.reply_use,
    })
}

/// `session:reconnect`: what the first message said, once more.
pub(super) fn reconnect(first: &SocketMessage) -> SocketMessage {
    SocketMessage {
        kind: "session:reconnect",
        hook: None,
        ..first.clone()
    }
}

/// `jambonz:error` for what is no message, or none that can be used.
pub(super) fn invalid(facts: &CallFacts, details: &str, content: &str) -> SocketMessage {
    error(facts, "InvalidMessage", details, content)
}

/// `jambonz:error`. `content` is what the application had sent.
pub(super) fn error(facts: &CallFacts, msg: &str, details: &str, content: &str) -> SocketMessage {
    let mut data = Map::new();
    put(&mut data, "msg", msg);
    put(&mut data, "details", details);
    put(&mut data, "content", content);
    told(facts, "jambonz:error", data)
}

/// `verb:status`.
pub(super) fn verb_news(
    facts: &CallFacts,
    verb: &str,
    id: Option<&str>,
    news: VerbNews,
) -> SocketMessage {
    let event = match news {
        VerbNews::Began => "starting",
        VerbNews::Ended => "finished",
    };
    let mut data = Map::new();
    put(&mut data, "event", event);
    if let Some(id) = id {
        put(&mut data, "id", id);
    }
    put(&mut data, "name", verb);
    told(facts, "verb:status", data)
}

/// A message that is not acknowledged.
fn told(facts: &CallFacts, kind: &'static str, data: Map<String, Value>) -> SocketMessage {
    SocketMessage {
        kind,
        call_sid: facts.sid.clone(),
        hook: None,
        data: stringify::stringify(&Value::Object(data)),
        reply_within: None,
        part: TalkPart::Within,
    }
}

impl SocketMessage {
    /// The message as it is sent, under this identifier.
    pub fn text(&self, id: &str) -> String {
        let quoted = |text: &str| stringify::stringify(&Value::from(text));
        let hook = match &self.hook {
            Some(hook) => format!(",\"hook\":{}", quoted(hook)),
            None => String::new(),
        };
        format!(
            "{{\"type\":{},\"msgid\":{},\"call_sid\":{}{hook},\"data\":{}}}",
            quoted(self.kind),
            quoted(id),
            quoted(&self.call_sid),
            self.data
        )
    }
}
