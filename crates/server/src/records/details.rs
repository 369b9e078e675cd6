//! What is known of a call beside the columns of its row: enough to tell its application how it
//! ended after this process is gone, and to show it through an API. No key of an account is in it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hookflash_dialects::{
    AnsweredBy, Application, CallEnd, CallFacts, CallHooks, CallState, Direction, EndedBy,
    InviteFacts, OrderedRecording, Party, StatusEvent, StatusEvents,
};
use hookflash_program::{Hook, HookMethod};
use hookflash_store::{CallRow, system_time};
use serde::{Deserialize, Serialize};

use super::directory::Directory;

/// URI, user, host, display name.
type PartyText<'a> = (Text<'a>, Text<'a>, Text<'a>, Text<'a>);

/// Borrowed of a call that runs, read of a row.
type Text<'a> = Cow<'a, str>;

/// How long the text of most is, in bytes.
const USUAL: usize = 1_024;

/// As JSON in the row.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Details<'a> {
    from: PartyText<'a>,
    to: PartyText<'a>,
    #[serde(skip_serializing_if = "is_empty")]
    call_id: Text<'a>,
    #[serde(skip_serializing_if = "is_empty")]
    source: Text<'a>,
    #[serde(skip_serializing_if = "is_empty")]
    local: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(Text<'a>, Text<'a>)>,
    trace_id: Text<'a>,
    #[serde(skip_serializing_if = "is_empty")]
    public_url: Text<'a>,
    application: ApplicationText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<HookText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<HookText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<HookText<'a>>,
    /// Words of the status events that are told; the vendor's usual ones when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_events: Option<Vec<Text<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<Text<'a>>,
    /// Of the recording that was ordered with the call: its identifier and its length in
    /// milliseconds, once it has ended. One that runs is lost with the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<(Text<'a>, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag_data: Option<Cow<'a, serde_json::Value>>,
    /// How many changes of its status the application was told, or is owed.
    pub(crate) told: u32,
}

/// What of an application may have changed until it is told something.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct ApplicationText<'a> {
    name: Text<'a>,
    #[serde(skip_serializing_if = "is_empty")]
    url: Text<'a>,
    get: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Text<'a>>,
}

/// A hook, with the password that the API gave for it.
#[derive(Debug, Serialize, Deserialize)]
struct HookText<'a> {
    url: Text<'a>,
    #[serde(default)]
    get: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    credentials: Option<(Text<'a>, Text<'a>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fallback: Option<Box<HookText<'a>>>,
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

fn is_empty(text: &Text<'_>) -> bool {
    text.is_empty()
}

/// Text as rows borrow it.
pub(super) fn text(text: &str) -> Text<'_> {
    Cow::Borrowed(text)
}

fn pair((one, other): &(String, String)) -> (Text<'_>, Text<'_>) {
    (text(one), text(other))
}

fn owned((one, other): (Text<'_>, Text<'_>)) -> (String, String) {
    (one.into_owned(), other.into_owned())
}

fn party_text(party: &Party) -> PartyText<'_> {
    (
        text(&party.uri),
        text(&party.user),
        text(&party.host),
        text(&party.display_name),
    )
}

fn party((uri, user, host, display_name): PartyText<'_>) -> Party {
    Party {
        uri: uri.into_owned(),
        user: user.into_owned(),
        host: host.into_owned(),
        display_name: display_name.into_owned(),
    }
}

fn hook_text(hook: &Hook) -> HookText<'_> {
    HookText {
        url: text(&hook.url),
        get: hook.method == HookMethod::Get,
        credentials: hook.credentials.as_ref().map(pair),
        fallback: hook.fallback.as_deref().map(hook_text).map(Box::new),
    }
}

fn method(is_get: bool) -> HookMethod {
    match is_get {
        true => HookMethod::Get,
        false => HookMethod::Post,
    }
}

fn hook(text: HookText<'_>) -> Hook {
    Hook {
        url: text.url.into_owned(),
        method: method(text.get),
        credentials: text.credentials.map(owned),
        fallback: text.fallback.map(|text| Box::new(hook(*text))),
    }
}

impl<'a> Details<'a> {
    /// Those of a call, of whose status so many changes were told.
    pub(crate) fn of(facts: &'a CallFacts, told: u32) -> Details<'a> {
        let application = &facts.application;
        let dialect = application.account.dialect;
        let hooks = facts.hooks.as_deref();
        let events = hooks.and_then(|hooks| hooks.status_events);
        let headers = facts.invite.headers.iter();
        Details {
            from: party_text(&facts.from),
            to: party_text(&facts.to),
            call_id: text(&facts.sip_call_id),
            source: text(&facts.source_ip),
            local: text(&facts.local_address),
            trunk: facts.trunk.as_deref().map(text),
            headers: headers
                .filter(|(name, _)| dialect.tells_header_again(name))
                .map(pair)
                .collect(),
            trace_id: text(&facts.trace_id),
            public_url: text(&facts.public_url),
            application: ApplicationText {
                name: text(&application.name),
                url: text(&application.url),
                get: application.method == HookMethod::Get,
                fallback: application.fallback_url.as_deref().map(text),
                status: application.status_callback.as_deref().map(text),
            },
            first: facts.first_hook().map(hook_text),
            fallback: facts.fallback_hook().map(hook_text),
            status: facts.status_hook().map(hook_text),
            status_events: events.map(|events| {
                let told = EVENTS.iter().filter(|(_, event)| events.has(*event));
                told.map(|(word, _)| text(word)).collect()
            }),
            answered_by: facts.answered_by.and_then(|by| {
                let found = ANSWERED_BY.iter().find(|(_, other)| *other == by);
                found.map(|(word, _)| text(word))
            }),
            recording: facts.recording.as_deref().and_then(|recording| {
                let lasted = recording.lasted?.as_millis();
                Some((text(&recording.sid), u64::try_from(lasted).ok()?))
            }),
            tag: facts.tag.as_deref().map(text),
            tag_data: facts.tag_data.as_deref().map(Cow::Borrowed),
            told,
        }
    }

    /// As JSON. Only text and numbers: there is nothing in it that JSON could not say.
    pub(crate) fn written(&self) -> Option<String> {
        let mut text = Vec::with_capacity(USUAL);
        serde_json::to_writer(&mut text, self).ok()?;
        String::from_utf8(text).ok()
    }

    /// Reads those of a row; a row without any has empty ones.
    pub(crate) fn read(row: &'a CallRow<'_>) -> Details<'a> {
        let text = row.details.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn hooks(&mut self) -> Option<Box<CallHooks>> {
        let events = self.status_events.take().map(|words| {
            let known = |word: Text<'_>| EVENTS.iter().find(|(other, _)| *other == word);
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
pub(crate) fn facts(
    row: &CallRow<'_>,
    directory: &Directory,
    now: SystemTime,
) -> Option<CallFacts> {
    let mut details = Details::read(row);
    let account = directory.account(&row.account)?;
    let own = std::mem::take(&mut details.application);
    let application = Arc::new(Application {
        name: own.name.into_owned(),
        sid: row.application.to_string(),
        account: account.clone(),
        url: own.url.into_owned(),
        method: method(own.get),
        fallback_url: own.fallback.map(Cow::into_owned),
        status_callback: own.status.map(Cow::into_owned),
        events_url: None,
    });
    let hooks = details.hooks();
    let answered_by = details.answered_by.and_then(|word| {
        let found = ANSWERED_BY.iter().find(|(other, _)| *other == word);
        found.map(|(_, by)| *by)
    });
    let created_at = system_time(row.created_at);
    Some(CallFacts {
        sid: row.sid.to_string(),
        application,
        direction: direction(row.direction),
        from: party(details.from),
        to: party(details.to),
        sip_call_id: details.call_id.into_owned(),
        source_ip: details.source.into_owned(),
        local_address: details.local.into_owned(),
        trunk: details.trunk.map(Cow::into_owned),
        invite: Arc::new(InviteFacts {
            headers: details.headers.into_iter().map(owned).collect(),
            ..InviteFacts::default()
        }),
        parent_sid: row.parent.as_deref().map(str::to_owned),
        trace_id: details.trace_id.into_owned(),
        public_url: details.public_url.into(),
        created_at,
        started_at: row.started_at.map_or(created_at, system_time),
        answered_at: row.answered_at.map(system_time),
        ended_at: row.ended_at.map(system_time),
        now,
        state: state(row),
        hooks,
        answered_by,
        recording: details.recording.map(|(sid, lasted)| {
            Box::new(OrderedRecording {
                sid: sid.into_owned(),
                lasted: Some(Duration::from_millis(lasted)),
            })
        }),
        tag: details.tag.map(Cow::into_owned),
        tag_data: details.tag_data.map(|data| Box::new(data.into_owned())),
    })
}

fn direction(direction: hookflash_store::Direction) -> Direction {
    match direction {
        hookflash_store::Direction::Inbound => Direction::Inbound,
        hookflash_store::Direction::OutboundApi => Direction::OutboundApi,
        hookflash_store::Direction::OutboundDial => Direction::OutboundDial,
    }
}

fn state(row: &CallRow<'_>) -> CallState {
    use hookflash_store::CallState as Kept;
    match (row.state, &row.end) {
        (Kept::Queued, _) => CallState::Queued,
        (Kept::Trying, _) => CallState::Trying,
        (Kept::Ringing, _) => CallState::Ringing,
        (Kept::InProgress, _) => CallState::InProgress,
        (Kept::Ended, end) => CallState::Ended(end.as_ref().map_or_else(unknown_end, end_of)),
    }
}

fn end_of(end: &hookflash_store::CallEnd<'_>) -> CallEnd {
    CallEnd {
        by: match end.by {
            hookflash_store::EndedBy::Peer => EndedBy::Peer,
            hookflash_store::EndedBy::Document => EndedBy::Document,
            hookflash_store::EndedBy::Api => EndedBy::Api,
            hookflash_store::EndedBy::Server => EndedBy::Server,
        },
        answered: end.answered,
        sip_status: end.sip_status,
        sip_reason: end.sip_reason.to_string(),
        cause: end.cause.as_deref().map(str::to_owned),
        message: end.message.as_deref().map(str::to_owned),
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
