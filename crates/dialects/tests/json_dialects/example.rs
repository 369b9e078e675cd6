//! One inbound call, as both dialects would tell of it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hookflash_dialects::{
    Account, Application, Body, CallEnd, CallFacts, CallState, Dialect, Direction, Document,
    DocumentError, EndedBy, HttpRequest, InviteFacts, Moment, Party, RecordingFacts,
    RecordingSource, RecordingState,
};
use hookflash_program::{
    Answering, Heard, HookMethod, Program, RecordingFormat, Refer, Tracks, Verb,
};
use hookflash_transfer::{End, Outcome, TransferResult};
use serde_json::Value;

/// 2026-11-21T10:00:00.000Z.
pub(crate) fn noon(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_255_200) + Duration::from_millis(milliseconds)
}

pub(crate) fn application(dialect: Dialect) -> Application {
    Application {
        name: "support".to_owned(),
        sid: "108d3a4c-cdfa-4632-8000-000000000001".to_owned(),
        account: Account {
            sid: match dialect {
                Dialect::Bxml => "9900000".to_owned(),
                _ => "f4cd23c1-d5c4-4fcc-8000-000000000001".to_owned(),
            },
            dialect,
            signing_key: "wh_secret".to_owned(),
            callback_credentials: Some(("bw".to_owned(), "secret".to_owned())),
        },
        url: "https://app.example.com:8443/voice/first?x=1".to_owned(),
        method: HookMethod::Post,
        fallback_url: Some("https://spare.example.com/fallback".to_owned()),
        status_callback: Some("https://app.example.com:8443/status".to_owned()),
        events_url: Some("https://flow.example.com/events".to_owned()),
    }
}

/// A call that arrived and is not answered yet.
pub(crate) fn incoming(dialect: Dialect) -> CallFacts {
    let headers = [
        ("Via", "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK1"),
        (
            "From",
            "\"Ada\" <sip:+4915112345678@carrier.example.com>;tag=a1",
        ),
        ("To", "<sip:+49301234567@voice.example.com>"),
        ("Call-ID", "5f301279@203.0.113.9"),
        ("X-Customer-Id", "4711"),
    ];
    CallFacts {
        sid: dialect.call_sid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        application: Arc::new(application(dialect)),
        direction: Direction::Inbound,
        from: Party {
            uri: "sip:+4915112345678@carrier.example.com".to_owned(),
            user: "+4915112345678".to_owned(),
            host: "carrier.example.com".to_owned(),
            display_name: "Ada".to_owned(),
        },
        to: Party {
            uri: "sip:+49301234567@voice.example.com".to_owned(),
            user: "+49301234567".to_owned(),
            host: "voice.example.com".to_owned(),
            display_name: String::new(),
        },
        sip_call_id: "5f301279@203.0.113.9".to_owned(),
        source_ip: "203.0.113.9".to_owned(),
        local_address: "198.51.100.1:5060".to_owned(),
        trunk: Some("carrier".to_owned()),
        invite: Arc::new(InviteFacts {
            method: "INVITE".to_owned(),
            uri: "sip:+49301234567@voice.example.com".to_owned(),
            version: "2.0".to_owned(),
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
            body: "v=0\r\n".to_owned(),
            content_type: Some("application/sdp".to_owned()),
            raw: "INVITE sip:+49301234567@voice.example.com SIP/2.0\r\n".to_owned(),
        }),
        parent_sid: None,
        trace_id: "9c1f453ac53cb7a337367cdceadfac31".to_owned(),
        public_url: "https://voice.example.com".into(),
        created_at: noon(0),
        started_at: noon(0),
        answered_at: None,
        ended_at: None,
        now: noon(5),
        state: CallState::Trying,
        hooks: None,
        answered_by: None,
        recording: None,
        tag: None,
        tag_data: None,
    }
}

/// The same call, answered after a second; told of after three.
pub(crate) fn answered(dialect: Dialect) -> CallFacts {
    CallFacts {
        answered_at: Some(noon(1000)),
        now: noon(3120),
        state: CallState::InProgress,
        ..incoming(dialect)
    }
}

/// The same call, over after a minute.
pub(crate) fn ended(dialect: Dialect, by: EndedBy, was_answered: bool, status: u16) -> CallFacts {
    let end = CallEnd {
        by,
        answered: was_answered,
        sip_status: status,
        sip_reason: "Reason".to_owned(),
        cause: None,
        message: None,
    };
    CallFacts {
        answered_at: was_answered.then(|| noon(1000)),
        ended_at: Some(noon(61_600)),
        now: noon(61_601),
        state: CallState::Ended(end),
        ..incoming(dialect)
    }
}

/// What a transfer came to, by its codes.
pub(crate) fn result(
    end: End,
    outcome: Outcome,
    refer_code: Option<u16>,
    notify_codes: &[u16],
) -> TransferResult {
    let now = Instant::now();
    TransferResult {
        target: "sip:alice@example.com".to_owned(),
        refer_code,
        refer_reason: String::new(),
        answered: refer_code.is_some(),
        notify_codes: notify_codes.to_vec(),
        last_notify_code: notify_codes.last().copied(),
        final_notify_code: notify_codes.iter().copied().find(|code| *code >= 200),
        notify_reason: String::new(),
        reason_header: None,
        subscription_reason: None,
        end,
        outcome,
        ended_by: hookflash_transfer::EndedBy::Notify,
        dialog_alive: end != End::LegHangup,
        verdict: "The far end did as it was told.".to_owned(),
        started: now,
        accepted: Some(now),
        ended: now,
    }
}

/// Parses what stands on disk: no content type, no first request.
pub(crate) fn parse(dialect: Dialect, text: &str) -> Result<Program, DocumentError> {
    dialect.parse(Document {
        body: text.as_bytes(),
        content_type: None,
        first: false,
    })
}

/// The single verb of a valid document.
pub(crate) fn only_verb(dialect: Dialect, text: &str) -> Verb {
    let program = parse(dialect, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(program.steps.len(), 1, "{text}");
    program.steps.into_iter().next().unwrap().verb
}

/// The single verb of a valid document, and what it does to an unanswered call.
pub(crate) fn only_step(dialect: Dialect, text: &str) -> (Answering, Verb) {
    let program = parse(dialect, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(program.steps.len(), 1, "{text}");
    let step = program.steps.into_iter().next().unwrap();
    (step.answering, step.verb)
}

/// A recording of 13.67 seconds that can be fetched.
pub(crate) fn recording(dialect: Dialect) -> RecordingFacts {
    let facts = answered(dialect);
    RecordingFacts {
        sid: dialect.recording_sid(7),
        call_sid: facts.sid.clone(),
        account_sid: facts.application.account.sid.clone(),
        application_sid: facts.application.sid.clone(),
        from: facts.from.user.clone(),
        to: facts.to.user.clone(),
        inbound: true,
        parent_sid: None,
        source: RecordingSource::Verb,
        started_at: noon(1500),
        ended_at: Some(noon(15_170)),
        duration: Duration::from_millis(13_670),
        channels: 1,
        tracks: Tracks::Inbound,
        format: RecordingFormat::Wav,
        bytes: 218_764,
        state: RecordingState::Completed,
        error: None,
        name: None,
    }
}

/// What a recognizer heard.
pub(crate) fn heard(text: &str, confidence: f32, is_final: bool) -> Heard {
    Heard {
        text: text.to_owned(),
        confidence,
        language: Some("en-US".to_owned()),
        is_final,
    }
}

pub(crate) fn only_refer(dialect: Dialect, text: &str) -> Refer {
    match only_verb(dialect, text) {
        Verb::Refer(refer) => *refer,
        other => panic!("{other:?}"),
    }
}

/// The errors of an invalid document, each as `line:column message`, with help in brackets.
pub(crate) fn errors(dialect: Dialect, text: &str) -> Vec<String> {
    let error = parse(dialect, text).expect_err(text);
    let told = error.diagnostics.iter().map(|d| {
        let help = d
            .help
            .as_ref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        format!("{} {}{help}", d.position, d.message)
    });
    told.collect()
}

/// The request of a moment; every call site knows that there is one.
pub(crate) fn request(facts: &CallFacts, moment: &Moment<'_>) -> HttpRequest {
    requested(facts, moment).expect("a request")
}

pub(crate) fn requested(facts: &CallFacts, moment: &Moment<'_>) -> Option<HttpRequest> {
    let base = "https://app.example.com:8443/voice/first?x=1";
    facts
        .application
        .account
        .dialect
        .request(facts, base, moment)
        .unwrap()
}

/// The JSON body of a request.
pub(crate) fn json(request: &HttpRequest) -> Value {
    match &request.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The names of the properties of a JSON object, in order.
pub(crate) fn names(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}
