//! What is known of a call, in nobody's vocabulary.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hookflash_program::{Hook, HookMethod};

use crate::{AnsweredBy, CallHooks, Dialect};

/// Which way the call was set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Somebody called us.
    Inbound,
    /// We called somebody by request of the API.
    OutboundApi,
    /// We called somebody on behalf of another call.
    OutboundDial,
}

impl Direction {
    /// `inbound`, `outbound-api` or `outbound-dial`.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::OutboundApi => "outbound-api",
            Direction::OutboundDial => "outbound-dial",
        }
    }
}

/// One end of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The whole URI, without display name, parameters of the header and angle brackets.
    pub uri: String,
    /// User part, unescaped; empty when the URI has none. For `tel:` the number.
    pub user: String,
    /// Host part without port; empty for `tel:`.
    pub host: String,
    /// Display name without quotes; empty when there is none.
    pub display_name: String,
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallState {
    /// Asked for by the API; its INVITE has not left.
    Queued,
    /// The INVITE arrived or left; nothing rings yet.
    Trying,
    /// It rings (180 was sent or received).
    Ringing,
    /// It is answered.
    InProgress,
    /// It is over.
    Ended(CallEnd),
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndedBy {
    /// The other party.
    Peer,
    /// A document, or the end of one.
    Document,
    /// The API or the operator.
    Api,
    /// This server, because something failed.
    Server,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// Who ended it.
    pub by: EndedBy,
    /// Whether it had been answered.
    pub answered: bool,
    /// The final SIP status of the INVITE: 200 when it was answered, 487 when the caller gave up.
    pub sip_status: u16,
    /// Its reason phrase.
    pub sip_reason: String,
    /// The vendor's word for a failure (`invalid-bxml`, `callback-error`, `11200`, …), if any.
    pub cause: Option<String>,
    /// A sentence on that failure.
    pub message: Option<String>,
}

/// The INVITE as jambonz and Voice Gateway applications see it, and the headers of which every
/// dialect passes some on. Shared, because it can be large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InviteFacts {
    /// `INVITE`.
    pub method: String,
    /// Request-URI.
    pub uri: String,
    /// `2.0`.
    pub version: String,
    /// Every header line in order: name as received, value.
    pub headers: Vec<(String, String)>,
    /// Body as text.
    pub body: String,
    /// Content-Type of the body.
    pub content_type: Option<String>,
    /// The whole message as received.
    pub raw: String,
}

/// An account of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Identifier in the dialect's own form.
    pub sid: String,
    /// Its dialect.
    pub dialect: Dialect,
    /// Key that signs webhooks.
    pub signing_key: String,
    /// HTTP Basic user and password towards the application (BXML).
    pub callback_credentials: Option<(String, String)>,
}

/// An application of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Name in the configuration.
    pub name: String,
    /// Identifier in the dialect's own form.
    pub sid: String,
    /// Its account.
    pub account: Account,
    /// First document.
    pub url: String,
    /// Method of the first request.
    pub method: HookMethod,
    /// Asked when a document cannot be had.
    pub fallback_url: Option<String>,
    /// Told about the call's status.
    pub status_callback: Option<String>,
    /// Told Voice Gateway events (jambonz).
    pub events_url: Option<String>,
}

/// All that a request to the application may tell about a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallFacts {
    /// Identifier of the call in the dialect's own form.
    pub sid: String,
    /// The application that runs it.
    pub application: Arc<Application>,
    /// Which way it was set up.
    pub direction: Direction,
    /// Calling party: From of an inbound INVITE.
    pub from: Party,
    /// Called party: Request-URI of an inbound INVITE.
    pub to: Party,
    /// Call-ID of the leg.
    pub sip_call_id: String,
    /// The address that the INVITE came from.
    pub source_ip: String,
    /// The address it arrived at, `host:port`.
    pub local_address: String,
    /// Name of the trunk that the peer belongs to.
    pub trunk: Option<String>,
    /// The INVITE.
    pub invite: Arc<InviteFacts>,
    /// Identifier of the call that this one was made for.
    pub parent_sid: Option<String>,
    /// 32 hex digits that join everything which belongs to this call.
    pub trace_id: String,
    /// Base of absolute URLs that point at this server, without a trailing slash.
    pub public_url: Arc<str>,
    /// When the call came in or was asked for.
    pub created_at: SystemTime,
    /// When the INVITE arrived or left.
    pub started_at: SystemTime,
    /// When it was answered.
    pub answered_at: Option<SystemTime>,
    /// When it ended.
    pub ended_at: Option<SystemTime>,
    /// When the request is described: the time that the application is told.
    pub now: SystemTime,
    /// Where it stands.
    pub state: CallState,
    /// What stands in the place of the application's own URLs for this call.
    pub hooks: Option<Box<CallHooks>>,
    /// Who picked up a call that we placed, once detection has decided.
    pub answered_by: Option<AnsweredBy>,
    /// The recording that was ordered with the call.
    pub recording: Option<Box<OrderedRecording>>,
    /// Tag text (BXML).
    pub tag: Option<String>,
    /// Tag data (jambonz `customerData`).
    pub tag_data: Option<Box<serde_json::Value>>,
}

/// A recording that was ordered with its call, as long as it has not come to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedRecording {
    /// Its identifier.
    pub sid: String,
    /// How long it ran, pauses and trimmed silence included; none while it runs.
    pub lasted: Option<Duration>,
}

impl CallFacts {
    /// What is asked for the first document in the place of the application's own URL.
    pub fn first_hook(&self) -> Option<&Hook> {
        self.hooks.as_ref()?.first.as_ref()
    }

    /// What is asked when a document cannot be had, in the place of the application's own URL.
    pub fn fallback_hook(&self) -> Option<&Hook> {
        self.hooks.as_ref()?.fallback.as_ref()
    }

    /// How long the application may take to reply, in the place of the vendor's usual time.
    pub fn reply_timeout(&self) -> Option<Duration> {
        self.hooks.as_ref()?.reply_timeout
    }

    /// Where the application of this call is asked: its first document, and what hooks are
    /// relative to where the vendor says so.
    pub fn application_url(&self) -> &str {
        self.first_hook()
            .map_or(&self.application.url, |first| &first.url)
    }

    /// What is told about the call's status in the place of the application's own URL.
    pub fn status_hook(&self) -> Option<&Hook> {
        self.hooks.as_ref()?.status.as_ref()
    }

    /// The hooks of this call alone, to be changed.
    pub fn change_hooks(&mut self) -> &mut CallHooks {
        self.hooks.get_or_insert_default()
    }
}
