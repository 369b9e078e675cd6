//! What holds for every request, whichever moment it is made at.

use hookflash_dialects::{
    Dialect, Moment, RecordingState, StatusEvent, StreamEvent, TranscriptionEvent,
};
use hookflash_program::{
    GatherEnd, Gathered, Heard, Hook, KeyEvents, Prompts, RecordEnd, Repeat, SipRequest, Step,
    StreamEnd, Verb,
};
use std::time::Duration;

use crate::call::{BOTH, call, recording, step};

fn verb(dialect: Dialect, inside: &str) -> Verb {
    let Step { verb, .. } = step(dialect, inside);
    verb
}

/// Every moment that an application is only told of, made from verbs that want to tell it.
fn told(dialect: Dialect, look: &mut dyn FnMut(&Moment<'_>)) {
    let facts = recording(dialect);
    let Verb::Record(record) = verb(
        dialect,
        "<Record recordingStatusCallback=\"/s\" transcribeCallback=\"/t\"/>",
    ) else {
        panic!()
    };
    look(&Moment::Recording {
        announce: &record.announce,
        recording: &facts,
    });
    let Some(transcription) = &record.transcribe else {
        panic!()
    };
    look(&Moment::RecordingText {
        transcription,
        recording: &facts,
        announce: &record.announce,
        sid: "TR1",
        text: Err("no"),
    });
    let Verb::Gather(gather) = verb(
        dialect,
        "<Gather input=\"speech\" partialResultCallback=\"/p\"/>",
    ) else {
        panic!()
    };
    look(&Moment::GatherPartial {
        verb: &gather,
        heard: &Heard::default(),
        sequence: 0,
    });
    let Verb::StartStream(stream) = verb(
        dialect,
        "<Start><Stream url=\"wss://a.example.com\" statusCallback=\"/s\"/></Start>",
    ) else {
        panic!()
    };
    look(&Moment::StreamStatus {
        stream: &stream,
        sid: "MZ1",
        event: StreamEvent::Started,
    });
    if dialect == Dialect::Twiml {
        let Verb::Transcribe(transcription) = verb(
            dialect,
            "<Start><Transcription statusCallbackUrl=\"/s\"/></Start>",
        ) else {
            panic!()
        };
        look(&Moment::Transcription {
            verb: &transcription,
            sid: "TR1",
            event: TranscriptionEvent::Started,
            sequence: 0,
        });
    }
    look(&Moment::Status {
        event: StatusEvent::Completed,
        sequence: 0,
    });
}

#[test]
fn what_an_application_is_told_has_no_fallback_and_keeps_the_callbacks_policy() {
    for dialect in BOTH {
        told(dialect, &mut |moment| {
            let facts = call(dialect);
            let base = "https://app.example.com/";
            let request = dialect.request(&facts, base, moment).unwrap().unwrap();
            let retries = match dialect {
                Dialect::Cxml => 2,
                _ => 1,
            };
            assert_eq!(request.policy.retries, retries, "{moment:?}");
            let fallback = Moment::Fallback {
                failed_url: &request.url,
                code: "11200",
                failed: moment,
            };
            assert_eq!(dialect.request(&facts, base, &fallback), Ok(None));
        });
    }
}

#[test]
fn every_result_that_a_call_waits_for_has_a_fallback() {
    for dialect in BOTH {
        let facts = call(dialect);
        let Verb::Gather(gather) = verb(dialect, "<Gather/>") else {
            panic!()
        };
        let gathered = Gathered {
            reason: GatherEnd::Keys,
            keys: "1".to_owned(),
            finish: None,
            heard: None,
        };
        let Verb::Record(record) = verb(dialect, "<Record/>") else {
            panic!()
        };
        let recording = recording(dialect);
        let Verb::ConnectStream(stream) = verb(
            dialect,
            "<Connect action=\"/d\"><Stream url=\"wss://a.example.com\"/></Connect>",
        ) else {
            panic!()
        };
        let end = StreamEnd {
            duration: Duration::ZERO,
            keys: String::new(),
            failure: None,
        };
        for failed in [
            Moment::GatherDone {
                verb: &gather,
                result: &gathered,
            },
            Moment::RecordDone {
                verb: &record,
                recording: &recording,
                end: RecordEnd::Limit,
            },
            Moment::StreamDone {
                stream: &stream,
                sid: "MZ1",
                end: &end,
            },
        ] {
            let fallback = Moment::Fallback {
                failed_url: "https://app.example.com/x",
                code: "11200",
                failed: &failed,
            };
            let request = dialect.request(&facts, "", &fallback).unwrap().unwrap();
            assert_eq!(request.url, "https://app.example.com/fallback");
        }
    }
}

#[test]
fn moments_of_other_dialects_make_no_request() {
    for dialect in BOTH {
        let facts = call(dialect);
        let hook = Hook::post("https://app.example.com/x");
        let prompts = Prompts {
            items: Vec::new(),
            repeat: Repeat::ONCE,
            at_most: None,
            result: Some(hook.clone()),
            id: None,
        };
        let events = KeyEvents {
            hook: hook.clone(),
            tag: None,
        };
        let sip = SipRequest {
            method: "INFO".to_owned(),
            body: None,
            headers: Vec::new(),
            result: Some(hook),
            id: None,
        };
        for moment in [
            Moment::PromptsDone {
                verb: &prompts,
                played: Duration::from_secs(1),
                failure: None,
            },
            Moment::Key {
                events: &events,
                key: '1',
            },
            Moment::SipRequestDone {
                verb: &sip,
                answer: Ok(200),
            },
        ] {
            assert_eq!(dialect.request(&facts, "", &moment), Ok(None));
        }
    }
}

#[test]
fn a_callback_by_get_carries_its_fields_in_the_query() {
    for dialect in BOTH {
        let Verb::Record(record) = verb(
            dialect,
            "<Record recordingStatusCallback=\"/s?x=1\" recordingStatusCallbackMethod=\"GET\" \
             recordingStatusCallbackEvent=\"absent\"/>",
        ) else {
            panic!()
        };
        let mut facts = recording(dialect);
        facts.state = RecordingState::Absent;
        let moment = Moment::Recording {
            announce: &record.announce,
            recording: &facts,
        };
        let request = dialect
            .request(&call(dialect), "https://app.example.com/", &moment)
            .unwrap()
            .unwrap();
        let start = "https://app.example.com/s?x=1&AccountSid=";
        assert!(request.url.starts_with(start), "{}", request.url);
        assert!(
            request.url.contains("&RecordingStatus=absent&"),
            "{}",
            request.url
        );
    }
}
