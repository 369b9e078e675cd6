//! What applications are told of recordings.

use std::time::Duration;

use hookflash_dialects::{Dialect, HttpRequest, Moment, RecordingState, ReplyUse};
use hookflash_program::{Heard, Hook, HookMethod, RecordEnd};

use crate::call::{BOTH, call, field, form, recording, request};
use crate::record::record;

fn own(dialect: Dialect, request: &HttpRequest) -> Vec<(&str, &str)> {
    let hook = Hook::post("/x");
    let plain = crate::call::request(&call(dialect), &Moment::Redirected(&hook));
    let standard = form(&plain).len();
    let fields = form(request).iter().skip(standard);
    fields
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn done(dialect: Dialect, state: RecordingState, end: RecordEnd) -> HttpRequest {
    let verb = record(dialect, "<Record action=\"/r\"/>");
    let mut facts = recording(dialect);
    facts.state = state;
    request(
        &call(dialect),
        &Moment::RecordDone {
            verb: &verb,
            recording: &facts,
            end,
        },
    )
}

#[test]
fn twiml_record_tells_its_recording() {
    let request = done(
        Dialect::Twiml,
        RecordingState::Completed,
        RecordEnd::Key('#'),
    );
    assert_eq!(request.purpose, "action");
    assert_eq!(request.reply_use, ReplyUse::Document);
    assert_eq!(request.url, "https://app.example.com/r");
    assert_eq!(
        own(Dialect::Twiml, &request),
        [
            (
                "RecordingUrl",
                "https://voice.example.com/2010-04-01/Accounts/\
                 AC00000000000000000000000000000002/Recordings/\
                 RE0000000000000000000000000000000e"
            ),
            ("RecordingSid", "RE0000000000000000000000000000000e"),
            ("RecordingDuration", "11"),
            ("Digits", "#"),
        ]
    );
}

#[test]
fn cxml_record_tells_its_recording() {
    let request = done(Dialect::Cxml, RecordingState::Completed, RecordEnd::Silence);
    assert_eq!(
        own(Dialect::Cxml, &request),
        [
            (
                "RecordingUrl",
                "https://voice.example.com/api/laml/2010-04-01/Accounts/\
                 1a2b3c4d-0000-4000-8000-000000000001/Recordings/\
                 00000000-0000-4000-8000-00000000000e.wav"
            ),
            ("RecordingSid", "00000000-0000-4000-8000-00000000000e"),
            ("RecordingDuration", "11"),
        ]
    );
}

#[test]
fn record_tells_a_hang_up_as_its_digits() {
    for dialect in BOTH {
        let request = done(dialect, RecordingState::Completed, RecordEnd::HangUp);
        assert_eq!(field(&request, "Digits"), Some("hangup"));
        for end in [RecordEnd::Limit, RecordEnd::Stopped, RecordEnd::Silence] {
            let request = done(dialect, RecordingState::Completed, end);
            assert_eq!(field(&request, "Digits"), None, "{end:?}");
        }
    }
}

#[test]
fn record_has_no_url_for_what_was_not_recorded() {
    for dialect in BOTH {
        for (state, end) in [
            (RecordingState::Absent, RecordEnd::Silence),
            (RecordingState::Failed, RecordEnd::Failed),
        ] {
            let request = done(dialect, state, end);
            assert_eq!(field(&request, "RecordingUrl"), None);
            assert!(field(&request, "RecordingSid").is_some());
        }
    }
}

#[test]
fn record_without_action_asks_the_url_of_its_document() {
    for dialect in BOTH {
        let verb = record(dialect, "<Record/>");
        let request = request(
            &call(dialect),
            &Moment::RecordDone {
                verb: &verb,
                recording: &recording(dialect),
                end: RecordEnd::Limit,
            },
        );
        assert_eq!(request.url, "https://app.example.com/voice/start?tenant=7");
        assert_eq!(request.method, HookMethod::Post);
    }
}

fn told(dialect: Dialect, events: &str, state: RecordingState) -> Option<HttpRequest> {
    let text = format!(
        "<Record recordingStatusCallback=\"/s\" recordingStatusCallbackEvent=\"{events}\"/>"
    );
    let announce = record(dialect, &text).announce;
    let mut facts = recording(dialect);
    facts.state = state;
    if state == RecordingState::InProgress {
        facts.ended_at = None;
        facts.duration = Duration::ZERO;
    }
    let moment = Moment::Recording {
        announce: &announce,
        recording: &facts,
    };
    let base = "https://app.example.com/voice";
    match dialect.request(&call(dialect), base, &moment) {
        Ok(request) => request,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_recording_callback_has_exactly_the_vendors_fields() {
    let request = told(Dialect::Twiml, "completed", RecordingState::Completed).unwrap();
    assert_eq!(request.purpose, "recording");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    assert_eq!(request.url, "https://app.example.com/s");
    let fields: Vec<(&str, &str)> = form(&request)
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("AccountSid", "AC00000000000000000000000000000002"),
            ("CallSid", "CA00000000000000000000000000000001"),
            ("RecordingSid", "RE0000000000000000000000000000000e"),
            (
                "RecordingUrl",
                "https://voice.example.com/2010-04-01/Accounts/\
                 AC00000000000000000000000000000002/Recordings/\
                 RE0000000000000000000000000000000e"
            ),
            ("RecordingStatus", "completed"),
            ("RecordingDuration", "11"),
            ("RecordingChannels", "1"),
            ("RecordingSource", "RecordVerb"),
            ("RecordingStartTime", "Sat, 21 Nov 2026 10:00:10 +0000"),
            ("RecordingTrack", "inbound"),
        ]
    );

    let request = told(Dialect::Cxml, "completed", RecordingState::Completed).unwrap();
    let names: Vec<&str> = form(&request)
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "AccountSid",
            "CallSid",
            "RecordingSid",
            "RecordingUrl",
            "RecordingStatus",
            "RecordingDuration",
            "RecordingChannels",
            "RecordingSource",
        ]
    );
}

#[test]
fn a_recording_callback_comes_for_what_was_asked_for() {
    use RecordingState::{Absent, Completed, Failed, InProgress, Paused};
    for dialect in BOTH {
        for (events, states) in [
            ("completed", &[Completed, Failed][..]),
            ("in-progress", &[InProgress]),
            ("absent", &[Absent]),
            ("failed", &[Completed, Failed]),
            (
                "in-progress completed absent",
                &[InProgress, Completed, Absent, Failed],
            ),
        ] {
            for state in [InProgress, Paused, Completed, Absent, Failed] {
                let request = told(dialect, events, state);
                assert_eq!(
                    request.is_some(),
                    states.contains(&state),
                    "{events} {state:?}"
                );
            }
        }
        let begun = told(dialect, "in-progress", InProgress).unwrap();
        assert_eq!(field(&begun, "RecordingStatus"), Some("in-progress"));
        assert_eq!(field(&begun, "RecordingDuration"), None);
        let failed = told(dialect, "completed", Failed).unwrap();
        assert_eq!(field(&failed, "RecordingStatus"), Some("failed"));
        let code = (dialect == Dialect::Twiml).then_some("12400");
        assert_eq!(field(&failed, "ErrorCode"), code);
    }
}

#[test]
fn nobody_is_told_of_a_recording_who_gave_no_url() {
    for dialect in BOTH {
        let announce = record(dialect, "<Record/>").announce;
        let moment = Moment::Recording {
            announce: &announce,
            recording: &recording(dialect),
        };
        assert_eq!(dialect.request(&call(dialect), "", &moment), Ok(None));
    }
}

fn text(dialect: Dialect, text: Result<&Heard, &str>) -> HttpRequest {
    let record = record(dialect, "<Record transcribeCallback=\"/t\"/>");
    let Some(transcription) = &record.transcribe else {
        panic!()
    };
    let facts = recording(dialect);
    request(
        &call(dialect),
        &Moment::RecordingText {
            transcription,
            recording: &facts,
            announce: &record.announce,
            sid: &dialect.transcription_sid(7),
            text,
        },
    )
}

#[test]
fn a_transcribe_callback_tells_the_text() {
    let heard = Heard {
        text: "Call me back.".to_owned(),
        is_final: true,
        ..Heard::default()
    };
    let request = text(Dialect::Twiml, Ok(&heard));
    assert_eq!(request.purpose, "transcription");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    assert_eq!(
        field(&request, "From"),
        Some("sip:alice@phones.example.com")
    );
    let base = "https://voice.example.com/2010-04-01/Accounts/AC00000000000000000000000000000002/\
                Recordings/RE0000000000000000000000000000000e";
    let transcription = format!("{base}/Transcriptions/TR00000000000000000000000000000007");
    assert_eq!(
        own(Dialect::Twiml, &request),
        [
            ("TranscriptionSid", "TR00000000000000000000000000000007"),
            ("TranscriptionText", "Call me back."),
            ("TranscriptionStatus", "completed"),
            ("TranscriptionUrl", &*transcription),
            ("TranscriptionType", "fast"),
            ("RecordingSid", "RE0000000000000000000000000000000e"),
            ("RecordingUrl", base),
        ]
    );

    let request = text(Dialect::Cxml, Err("the recognizer is gone"));
    assert_eq!(field(&request, "TranscriptionStatus"), Some("failed"));
    assert_eq!(field(&request, "TranscriptionText"), Some(""));
    assert_eq!(
        field(&request, "TranscriptionSid"),
        Some("00000000-0000-4000-8000-000000000007")
    );
}
