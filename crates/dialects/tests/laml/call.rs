//! A call to try things on: Alice calls the support line.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hookflash_dialects::{
    Account, Application, Body, CallEnd, CallFacts, CallState, Dialect, Direction, Document,
    EndedBy, HttpRequest, InviteFacts, Moment, Party, RecordingFacts, RecordingSource,
    RecordingState,
};
use hookflash_program::{Hook, HookMethod, Program, RecordingFormat, Refer, Step, Tracks, Verb};
use hookflash_transfer::{End, Outcome, TransferResult};

/// The two dialects under test.
pub(crate) const BOTH: [Dialect; 2] = [Dialect::Twiml, Dialect::Cxml];

/// The document that all relative URLs resolve against.
pub(crate) const BASE: &str = "https://app.example.com/voice/start?tenant=7";

/// Saturday, 21 November 2026, 10:00:00 UTC, and so many seconds.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_255_200 + seconds)
}

pub(crate) fn party(user: &str, host: &str) -> Party {
    Party {
        uri: format!("sip:{user}@{host}"),
        user: user.to_owned(),
        host: host.to_owned(),
        display_name: String::new(),
    }
}

fn sids(dialect: Dialect) -> (&'static str, &'static str, &'static str) {
    match dialect {
        Dialect::Cxml => (
            "b3877c40-da60-4998-90ad-b792e98472ca",
            "1a2b3c4d-0000-4000-8000-000000000001",
            "5e6f7a8b-0000-5000-8000-000000000002",
        ),
        _ => (
            "CA00000000000000000000000000000001",
            "AC00000000000000000000000000000002",
            "AP00000000000000000000000000000003",
        ),
    }
}

/// An inbound call from `sip:alice@phones.example.com` to `sip:support@voice.example.com` that
/// has been answered.
pub(crate) fn call(dialect: Dialect) -> CallFacts {
    let (sid, account, application) = sids(dialect);
    CallFacts {
        sid: sid.to_owned(),
        application: Arc::new(Application {
            name: "support".to_owned(),
            sid: application.to_owned(),
            account: Account {
                sid: account.to_owned(),
                dialect,
                signing_key: "secret".to_owned(),
                callback_credentials: None,
            },
            url: "https://app.example.com/voice/start?tenant=7".to_owned(),
            method: HookMethod::Post,
            fallback_url: Some("https://app.example.com/fallback".to_owned()),
            status_callback: Some("https://app.example.com/status".to_owned()),
            events_url: None,
        }),
        direction: Direction::Inbound,
        from: party("alice", "phones.example.com"),
        to: party("support", "voice.example.com"),
        sip_call_id: "3848276298220188511@phones.example.com".to_owned(),
        source_ip: "192.0.2.7".to_owned(),
        local_address: "192.0.2.1:5060".to_owned(),
        trunk: None,
        invite: Arc::new(InviteFacts {
            method: "INVITE".to_owned(),
            uri: "sip:support@voice.example.com".to_owned(),
            version: "2.0".to_owned(),
            headers: vec![
                (
                    "Via".to_owned(),
                    "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1".to_owned(),
                ),
                ("X-Account".to_owned(), "4711".to_owned()),
                ("user-to-user".to_owned(), "313233;encoding=hex".to_owned()),
                ("x-account".to_owned(), "4712".to_owned()),
                ("Max-Forwards".to_owned(), "70".to_owned()),
            ],
            ..InviteFacts::default()
        }),
        parent_sid: None,
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        public_url: "https://voice.example.com".into(),
        created_at: at(0),
        started_at: at(0),
        answered_at: Some(at(2)),
        ended_at: None,
        now: at(30),
        state: CallState::InProgress,
        hooks: None,
        answered_by: None,
        recording: None,
        tag: None,
        tag_data: None,
    }
}

/// The same call after it ended, 65 seconds after its answer.
pub(crate) fn ended(dialect: Dialect, by: EndedBy) -> CallFacts {
    CallFacts {
        ended_at: Some(at(67)),
        now: at(67),
        state: CallState::Ended(CallEnd {
            by,
            answered: true,
            sip_status: 200,
            sip_reason: "OK".to_owned(),
            cause: None,
            message: None,
        }),
        ..call(dialect)
    }
}

/// The same call, never answered, refused with this status.
pub(crate) fn refused(dialect: Dialect, by: EndedBy, sip_status: u16) -> CallFacts {
    CallFacts {
        answered_at: None,
        ended_at: Some(at(5)),
        now: at(5),
        state: CallState::Ended(CallEnd {
            by,
            answered: false,
            sip_status,
            sip_reason: "Refused".to_owned(),
            cause: None,
            message: None,
        }),
        ..call(dialect)
    }
}

/// A program from a document without Content-Type.
pub(crate) fn parse(dialect: Dialect, text: &str) -> Program {
    let document = Document {
        body: text.as_bytes(),
        content_type: None,
        first: true,
    };
    dialect
        .parse(document)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The steps of what stands inside `Response`, which must be clean.
pub(crate) fn steps(dialect: Dialect, inside: &str) -> Vec<Step> {
    let program = parse(dialect, &format!("<Response>{inside}</Response>"));
    assert_eq!(program.warnings, [], "{dialect} {inside}");
    program.steps
}

/// The only step of what stands inside `Response`, with or without remarks.
pub(crate) fn step(dialect: Dialect, inside: &str) -> Step {
    let program = parse(dialect, &format!("<Response>{inside}</Response>"));
    let mut steps = program.steps.into_iter();
    match (steps.next(), steps.next()) {
        (Some(step), None) => step,
        other => panic!("{dialect} {inside}: {other:?}"),
    }
}

/// A recording of ten seconds and a half of this call, as this dialect names it.
pub(crate) fn recording(dialect: Dialect) -> RecordingFacts {
    let facts = call(dialect);
    RecordingFacts {
        sid: dialect.recording_sid(0xe),
        call_sid: facts.sid.clone(),
        account_sid: facts.application.account.sid.clone(),
        application_sid: facts.application.sid.clone(),
        from: "sip:alice@phones.example.com".to_owned(),
        to: "sip:support@voice.example.com".to_owned(),
        inbound: true,
        parent_sid: None,
        source: RecordingSource::Verb,
        started_at: at(10),
        ended_at: Some(at(21)),
        duration: Duration::from_millis(10_500),
        channels: 1,
        tracks: Tracks::Inbound,
        format: RecordingFormat::Wav,
        bytes: 168_044,
        state: RecordingState::Completed,
        error: None,
        name: None,
    }
}

/// The Refer verb of `<Response><Refer …>`.
pub(crate) fn refer(dialect: Dialect, attributes: &str) -> Refer {
    let text =
        format!("<Response><Refer {attributes}><Sip>sip:bob@example.com</Sip></Refer></Response>");
    match parse(dialect, &text)
        .steps
        .into_iter()
        .next()
        .map(|step| step.verb)
    {
        Some(Verb::Refer(refer)) => *refer,
        other => panic!("no Refer: {other:?}"),
    }
}

/// A transfer that ended so, with what the wire said.
pub(crate) fn transferred(end: End, refer_code: Option<u16>, notify: &[u16]) -> TransferResult {
    let now = Instant::now();
    TransferResult {
        target: "sip:bob@example.com".to_owned(),
        refer_code,
        refer_reason: String::new(),
        answered: refer_code.is_some(),
        notify_codes: notify.to_vec(),
        last_notify_code: notify.last().copied(),
        final_notify_code: notify.iter().copied().find(|code| *code >= 200),
        notify_reason: String::new(),
        reason_header: None,
        subscription_reason: None,
        end,
        outcome: Outcome::Unknown,
        ended_by: hookflash_transfer::EndedBy::Notify,
        dialog_alive: true,
        verdict: String::new(),
        started: now,
        accepted: None,
        ended: now,
    }
}

/// The request of a moment, which must be one.
pub(crate) fn request(facts: &CallFacts, moment: &Moment<'_>) -> HttpRequest {
    let dialect = facts.application.account.dialect;
    match dialect.request(facts, BASE, moment) {
        Ok(Some(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

/// The fields of a form.
pub(crate) fn form(request: &HttpRequest) -> &[(String, String)] {
    match &request.body {
        Body::Form(fields) => fields,
        other => panic!("no form: {other:?}"),
    }
}

/// The value of a field.
pub(crate) fn field<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut values = form(request).iter().filter(|(field, _)| field == name);
    let first = values.next().map(|(_, value)| value.as_str());
    assert!(values.next().is_none(), "{name} is said twice");
    first
}

pub(crate) fn redirect_to(url: &str) -> Hook {
    Hook::post(url)
}
