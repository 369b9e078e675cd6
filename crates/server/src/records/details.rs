//! What is known of a call beside the columns of its row: enough to tell its application how it
//! ended after this process is gone, and to show it through an API. No key of an account is in it.

use std::sync::Arc;
use std::time::SystemTime;

use hookflash_dialects::{
    AnsweredBy, Application, CallEnd, CallFacts, CallHooks, CallState, Direction, EndedBy,
    InviteFacts, Party, StatusEvent, StatusEvents,
};
use hookflash_program::{Hook, HookMethod};
use hookflash_store::{CallRow, system_time};
use serde::{Deserialize, Serialize};

use super::directory::Directory;

/// URI, user, host, display name.
type PartyText = (String, String, String, String);

/// As JSON in the row.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Details {
    from: PartyText,
    to: PartyText,
    #[serde(skip_serializing_if = "String::is_empty")]
    call_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    local: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    trace_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    public_url: String,
    application: ApplicationText,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<HookText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<HookText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<HookText>,
    /// Words of the status events that are told; the vendor's usual ones when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_events: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag_data: Option<serde_json::Value>,
    /// How many changes of its status the application was told, or is owed.
    pub(crate) told: u32,
}

/// What of an application may have changed until it is told something.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct ApplicationText {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    get: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// A hook, with the password that the API gave for it.
#[derive(Debug, Serialize, Deserialize)]
struct HookText {
    url: String,
    #[serde(default)]
    get: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fallback: Option<Box<HookText>>,
}

const EVENTS: [(&str, StatusEvent); 4] = [
    ("initiated", StatusEvent::Initiated),
    ("ringing", StatusEvent::Ringing),
    ("answered", StatusEvent::Answered),
    ("completed", StatusEvent::Completed),
];
const ANSWERED_BY: [(&str, AnsweredBy); 7] = [
    ("human", AnsweredBy::Human),
    ("machine-start", AnsweredBy::MachineStart),
    ("machine-end-beep", AnsweredBy::MachineEndBeep),
    ("machine-end-silence", AnsweredBy::MachineEndSilence),
    ("machine-end-other", AnsweredBy::MachineEndOther),
    ("fax", AnsweredBy::Fax),
    ("unknown", AnsweredBy::Unknown),
];

fn party_text(party: &Party) -> PartyText {
    (
        party.uri.clone(),
        party.user.clone(),
        party.host.clone(),
        party.display_name.clone(),
    )
}

fn party((uri, user, host, display_name): PartyText) -> Party {
    Party {
        uri,
        user,
        host,
        display_name,
    }
}

fn hook_text(hook: &Hook) -> HookText {
    HookText {
        url: hook.url.clone(),
        get: hook.method == HookMethod::Get,
        credentials: hook.credentials.clone(),
        fallback: hook.fallback.as_deref().map(hook_text).map(Box::new),
    }
}

fn method(is_get: bool) -> HookMethod {
    match is_get {
        true => HookMethod::Get,
        false => HookMethod::Post,
    }
}

fn hook(text: HookText) -> Hook {
    Hook {
        url: text.url,
        method: method(text.get),
        credentials: text.credentials,
        fallback: text.fallback.map(|text| Box::new(hook(*text))),
    }
}

impl Details {
    /// Those of a call, of whose status so many changes were told.
    pub(crate) fn of(facts: &CallFacts, told: u32) -> Details {
        let application = &facts.application;
        let dialect = application.account.dialect;
        let hooks = facts.hooks.as_deref();
        let events = hooks.and_then(|hooks| hooks.status_events);
        let headers = facts.invite.headers.iter();
        Details {
            from: party_text(&facts.from),
            to: party_text(&facts.to),
            call_id: facts.sip_call_id.clone(),
            source: facts.source_ip.clone(),
            local: facts.local_address.clone(),
            trunk: facts.trunk.clone(),
            headers: headers
                .filter(|(name, _)| dialect.tells_header_again(name))
                .cloned()
                .collect(),
            trace_id: facts.trace_id.clone(),
            public_url: facts.public_url.clone(),
            application: ApplicationText {
                name: application.name.clone(),
                url: application.url.clone(),
                get: application.method == HookMethod::Get,
                fallback: application.fallback_url.clone(),
                status: application.status_callback.clone(),
            },
            first: facts.first_hook().map(hook_text),
            fallback: facts.fallback_hook().map(hook_text),
            status: facts.status_hook().map(hook_text),
            status_events: events.map(|events| {
                let told = EVENTS.iter().filter(|(_, event)| events.has(*event));
                told.map(|(word, _)| (*word).to_owned()).collect()
            }),
            answered_by: facts.answered_by.and_then(|by| {
                let found = ANSWERED_BY.iter().find(|(_, other)| *other == by);
                found.map(|(word, _)| (*word).to_owned())
            }),
            tag: facts.tag.clone(),
            tag_data: facts.tag_data.clone(),
            told,
        }
    }

    /// Reads those of a row; a row without any has empty ones.
    pub(crate) fn read(row: &CallRow) -> Details {
        let text = row.details.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn hooks(&mut self) -> Option<Box<CallHooks>> {
        let events = self.status_events.take().map(|words| {
            let known = |word: String| EVENTS.iter().find(|(other, _)| *other == word);
            let events = words.into_iter().filter_map(known);
            events.map(|(_, event)| *event).collect::<StatusEvents>()
        });
        let hooks = CallHooks {
            first: self.first.take().map(hook),
            fallback: self.fallback.take().map(hook),
            status: self.status.take().map(hook),
            status_events: events,
            ..CallHooks::default()
        };
        (hooks != CallHooks::default()).then(|| Box::new(hooks))
    }
}

/// The facts of a call that is kept. `None` when its account is not configured any more.
pub(crate) fn facts(row: &CallRow, directory: &Directory, now: SystemTime) -> Option<CallFacts> {
    let mut details = Details::read(row);
    let account = directory.account(&row.account)?;
    let own = std::mem::take(&mut details.application);
    let application = Arc::new(Application {
        name: own.name,
        sid: row.application.clone(),
        account: account.clone(),
        url: own.url,
        method: method(own.get),
        fallback_url: own.fallback,
        status_callback: own.status,
        events_url: None,
    });
    let hooks = details.hooks();
    let answered_by = details.answered_by.and_then(|word| {
        let found = ANSWERED_BY.iter().find(|(other, _)| *other == word);
        found.map(|(_, by)| *by)
    });
    let created_at = system_time(row.created_at);
    Some(CallFacts {
        sid: row.sid.clone(),
        application,
        direction: direction(row.direction),
        from: party(details.from),
        to: party(details.to),
        sip_call_id: details.call_id,
        source_ip: details.source,
        local_address: details.local,
        trunk: details.trunk,
        invite: Arc::new(InviteFacts {
            headers: details.headers,
            ..InviteFacts::default()
        }),
        parent_sid: row.parent.clone(),
        trace_id: details.trace_id,
        public_url: details.public_url,
        created_at,
        started_at: row.started_at.map_or(created_at, system_time),
        answered_at: row.answered_at.map(system_time),
        ended_at: row.ended_at.map(system_time),
        now,
        state: state(row),
        hooks,
        answered_by,
        tag: details.tag,
        tag_data: details.tag_data,
    })
}

fn direction(direction: hookflash_store::Direction) -> Direction {
    match direction {
        hookflash_store::Direction::Inbound => Direction::Inbound,
        hookflash_store::Direction::OutboundApi => Direction::OutboundApi,
        hookflash_store::Direction::OutboundDial => Direction::OutboundDial,
    }
}

fn state(row: &CallRow) -> CallState {
    use hookflash_store::CallState as Kept;
    match (row.state, &row.end) {
        (Kept::Queued, _) => CallState::Queued,
        (Kept::Trying, _) => CallState::Trying,
        (Kept::Ringing, _) => CallState::Ringing,
        (Kept::InProgress, _) => CallState::InProgress,
        (Kept::Ended, end) => CallState::Ended(end.as_ref().map_or_else(unknown_end, end_of)),
    }
}

fn end_of(end: &hookflash_store::CallEnd) -> CallEnd {
    CallEnd {
        by: match end.by {
            hookflash_store::EndedBy::Peer => EndedBy::Peer,
            hookflash_store::EndedBy::Document => EndedBy::Document,
            hookflash_store::EndedBy::Api => EndedBy::Api,
            hookflash_store::EndedBy::Server => EndedBy::Server,
        },
        answered: end.answered,
        sip_status: end.sip_status,
        sip_reason: end.sip_reason.clone(),
        cause: end.cause.clone(),
        message: end.message.clone(),
    }
}

/// Of a row that a hand has changed.
fn unknown_end() -> CallEnd {
    CallEnd {
        by: EndedBy::Server,
        answered: false,
        sip_status: 0,
        sip_reason: String::new(),
        cause: None,
        message: None,
    }
}
