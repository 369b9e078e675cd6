//! What a call that the API asked for tells its application.

use std::time::Duration;

use hookflash_dialects::{
    AnsweredBy, Body, CallFacts, CallHooks, Dialect, EndedBy, HttpRequest, Moment,
    OrderedRecording, StatusEvent, StatusEvents,
};
use hookflash_program::{Hook, HookMethod};
use serde_json::Value;

use crate::example::{over, placed};

const LAML: [Dialect; 2] = [Dialect::Twiml, Dialect::Cxml];

const STATUSES: [StatusEvent; 4] = [
    StatusEvent::Initiated,
    StatusEvent::Ringing,
    StatusEvent::Answered,
    StatusEvent::Completed,
];

fn get(url: &str) -> Hook {
    Hook {
        method: HookMethod::Get,
        credentials: Some(("u".to_owned(), "p".to_owned())),
        ..Hook::post(url)
    }
}

/// The hooks of a call of its own, all of them by GET and with credentials.
fn own() -> CallHooks {
    CallHooks {
        first: Some(get("https://own.example.com/first")),
        fallback: Some(get("https://own.example.com/fallback")),
        status: Some(get("https://own.example.com/status")),
        ..CallHooks::default()
    }
}

fn with(facts: CallFacts, hooks: CallHooks) -> CallFacts {
    CallFacts {
        hooks: Some(Box::new(hooks)),
        ..facts
    }
}

fn request(facts: &CallFacts, moment: &Moment<'_>) -> Option<HttpRequest> {
    let dialect = facts.application.account.dialect;
    dialect.request(facts, "", moment).unwrap()
}

fn field<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    match &request.body {
        Body::Form(fields) => {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.as_str())
        }
        other => panic!("{other:?}"),
    }
}

fn event(request: &HttpRequest) -> Value {
    match &request.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn status(event: StatusEvent) -> Moment<'static> {
    Moment::Status { event, sequence: 3 }
}

#[test]
fn the_hooks_of_the_call_stand_in_the_place_of_the_applications() {
    for dialect in Dialect::ALL {
        let facts = with(over(dialect, EndedBy::Peer, true, 200), own());
        let code = match dialect {
            Dialect::Bxml => "callback-error",
            _ => "11200",
        };
        let fallback = Moment::Fallback {
            failed_url: "https://own.example.com/first",
            code,
            failed: &Moment::Incoming,
        };
        for (moment, path) in [
            (Moment::Incoming, "first"),
            (fallback, "fallback"),
            (status(StatusEvent::Completed), "status"),
        ] {
            // jambonz has no fallback.
            if dialect == Dialect::Jambonz && path == "fallback" {
                assert_eq!(request(&facts, &moment), None);
                continue;
            }
            let request = request(&facts, &moment).unwrap();
            let url = format!("https://own.example.com/{path}?");
            assert!(request.url.starts_with(&url), "{dialect}: {}", request.url);
            assert_eq!(request.method, HookMethod::Get);
            assert_eq!(request.credentials, Some(("u".to_owned(), "p".to_owned())));
        }
    }
}

#[test]
fn what_the_call_does_not_name_is_the_applications() {
    for dialect in Dialect::ALL {
        let facts = over(dialect, EndedBy::Peer, true, 200);
        let first = request(&facts, &Moment::Incoming).unwrap();
        assert_eq!(first.url, "https://app.example.com/voice");
        let status = request(&facts, &status(StatusEvent::Completed)).unwrap();
        assert_eq!(status.url, "https://app.example.com/status");
    }
}

#[test]
fn bandwidth_never_tells_the_application_of_a_call_that_names_its_own_urls() {
    let hooks = CallHooks {
        first: Some(Hook::post("https://own.example.com/first")),
        ..CallHooks::default()
    };
    let facts = with(over(Dialect::Bxml, EndedBy::Peer, true, 200), hooks);
    assert_eq!(request(&facts, &status(StatusEvent::Completed)), None);
    let fallback = Moment::Fallback {
        failed_url: "https://own.example.com/first",
        code: "callback-error",
        failed: &Moment::Incoming,
    };
    assert_eq!(request(&facts, &fallback), None);
}

#[test]
fn twilio_and_signalwire_tell_the_events_that_were_asked_for() {
    for dialect in LAML {
        let told = |events: Option<StatusEvents>| {
            let hooks = CallHooks {
                status: Some(Hook::post("https://own.example.com/status")),
                status_events: events,
                ..CallHooks::default()
            };
            let facts = with(placed(dialect), hooks);
            STATUSES.map(|event| request(&facts, &status(event)).is_some())
        };
        assert_eq!(told(None), [false, false, false, true]);
        let of = |events: &[StatusEvent]| Some(events.iter().copied().collect::<StatusEvents>());
        assert_eq!(told(of(&STATUSES)), [true; 4]);
        assert_eq!(
            told(of(&[StatusEvent::Ringing])),
            [false, true, false, false]
        );
    }
}

#[test]
fn each_event_tells_where_the_call_stood_and_its_number() {
    for dialect in LAML {
        let hooks = CallHooks {
            status: Some(Hook::post("https://own.example.com/status")),
            status_events: Some(STATUSES.into_iter().collect()),
            ..CallHooks::default()
        };
        let facts = with(placed(dialect), hooks.clone());
        for (event, word) in STATUSES
            .into_iter()
            .zip(["initiated", "ringing", "in-progress"])
        {
            let request = request(&facts, &status(event)).unwrap();
            assert_eq!(field(&request, "CallStatus"), Some(word));
            assert_eq!(field(&request, "SequenceNumber"), Some("3"));
            assert_eq!(field(&request, "Direction"), Some("outbound-api"));
            assert_eq!(field(&request, "CallDuration"), None);
        }
        for (by, answered, code, word) in [
            (EndedBy::Peer, true, 200, "completed"),
            (EndedBy::Peer, false, 486, "busy"),
            (EndedBy::Peer, false, 480, "no-answer"),
            (EndedBy::Server, false, 487, "no-answer"),
            (EndedBy::Api, false, 487, "canceled"),
            (EndedBy::Peer, false, 404, "failed"),
            (EndedBy::Server, false, 503, "failed"),
        ] {
            let facts = with(over(dialect, by, answered, code), hooks.clone());
            let request = request(&facts, &status(StatusEvent::Completed)).unwrap();
            assert_eq!(field(&request, "CallStatus"), Some(word), "{by:?} {code}");
            let seconds = if answered { "65" } else { "0" };
            assert_eq!(field(&request, "CallDuration"), Some(seconds));
            let name = match dialect {
                Dialect::Cxml => "SipResultCode",
                _ => "SipResponseCode",
            };
            assert_eq!(field(&request, name), Some(code.to_string().as_str()));
        }
    }
}

#[test]
fn jambonz_tells_every_change_to_the_hook_of_the_call() {
    let hooks = CallHooks {
        status: Some(Hook::post("https://own.example.com/status")),
        ..CallHooks::default()
    };
    let facts = with(over(Dialect::Jambonz, EndedBy::Peer, false, 486), hooks);
    for (moment, word) in STATUSES
        .into_iter()
        .zip(["trying", "ringing", "in-progress", "busy"])
    {
        let request = request(&facts, &status(moment)).unwrap();
        assert_eq!(request.url, "https://own.example.com/status");
        assert_eq!(event(&request)["call_status"], word);
        assert_eq!(event(&request)["direction"], "outbound");
    }
}

#[test]
fn bandwidth_asks_with_an_answer_event_that_tells_the_times_of_the_call() {
    let facts = placed(Dialect::Bxml);
    let event = event(&request(&facts, &Moment::Incoming).unwrap());
    assert_eq!(event["eventType"], "answer");
    assert_eq!(event["direction"], "outbound");
    assert_eq!(
        (&event["from"], &event["to"]),
        (&"+15550001111".into(), &"sip:bob@phones.example.com".into())
    );
    assert_eq!(event["enqueuedTime"], "2026-11-21T10:00:00.000Z");
    assert_eq!(event["startTime"], "2026-11-21T10:00:00.020Z");
    assert_eq!(event["answerTime"], "2026-11-21T10:00:03.000Z");
    assert_eq!(event.get("machineDetectionResult"), None);
}

#[test]
fn who_picked_up_is_told_with_the_first_request() {
    for dialect in LAML {
        let facts = CallFacts {
            answered_by: Some(AnsweredBy::MachineEndBeep),
            ..placed(dialect)
        };
        let first = request(&facts, &Moment::Incoming).unwrap();
        assert_eq!(field(&first, "AnsweredBy"), Some("machine_end_beep"));
        let hook = Hook::post("https://own.example.com/next");
        let next = request(&facts, &Moment::Redirected(&hook)).unwrap();
        assert_eq!(field(&next, "AnsweredBy"), None);
    }
    for (by, value) in [
        (AnsweredBy::Human, "human"),
        (AnsweredBy::MachineStart, "answering-machine"),
        (AnsweredBy::Unknown, "timeout"),
    ] {
        let facts = CallFacts {
            answered_by: Some(by),
            ..placed(Dialect::Bxml)
        };
        let event = event(&request(&facts, &Moment::Incoming).unwrap());
        assert_eq!(event["machineDetectionResult"]["value"], value);
    }
}

#[test]
fn the_application_has_as_long_as_the_request_for_the_call_gave_it() {
    for dialect in Dialect::ALL {
        let hooks = CallHooks {
            reply_timeout: Some(Duration::from_millis(2500)),
            ..own()
        };
        let request = request(&with(placed(dialect), hooks), &Moment::Incoming).unwrap();
        assert_eq!(
            request.policy.read,
            Duration::from_millis(2500),
            "{dialect}"
        );
        assert_eq!(
            request.policy.total,
            Duration::from_millis(2500),
            "{dialect}"
        );
    }
}

#[test]
fn relative_urls_of_a_document_without_a_place_stand_relative_to_the_first_one() {
    let hooks = CallHooks {
        first: Some(Hook::post("https://own.example.com/a/first")),
        ..CallHooks::default()
    };
    let facts = with(placed(Dialect::Bxml), hooks);
    let hook = Hook::post("next");
    let request = request(&facts, &Moment::Redirected(&hook)).unwrap();
    assert_eq!(request.url, "https://own.example.com/a/next");
}

#[test]
fn the_final_status_names_the_recording_that_was_ordered_with_the_call() {
    for (dialect, url) in [
        (Dialect::Twiml, "/Recordings/RE1"),
        (Dialect::Cxml, "/Recordings/RE1.wav"),
    ] {
        let recorded = |lasted| CallFacts {
            recording: Some(Box::new(OrderedRecording {
                sid: "RE1".to_owned(),
                lasted,
            })),
            ..over(dialect, EndedBy::Peer, true, 200)
        };
        let facts = recorded(Some(Duration::from_millis(6_500)));
        let last = request(&facts, &status(StatusEvent::Completed)).unwrap();
        assert!(field(&last, "RecordingUrl").unwrap().ends_with(url));
        assert_eq!(field(&last, "RecordingSid"), Some("RE1"));
        assert_eq!(field(&last, "RecordingDuration"), Some("7"));
        // One that was lost with the process is not named.
        let last = request(&recorded(None), &status(StatusEvent::Completed)).unwrap();
        assert_eq!(field(&last, "RecordingSid"), None);
    }
}
