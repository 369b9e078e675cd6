//! Record, and recordings that Start and Stop begin and end.

use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_program::{
    Announce, Answering, BackgroundRecording, Hook, HookMethod, Recognizer, Record,
    RecordTranscription, RecordingFormat, StartRecording, Tracks, Verb,
};

use crate::call::{BOTH, parse, step, steps};

pub(crate) fn record(dialect: Dialect, inside: &str) -> Record {
    let step = step(dialect, inside);
    assert_eq!(step.answering, Answering::Answer);
    match step.verb {
        Verb::Record(record) => *record,
        other => panic!("{inside}: {other:?}"),
    }
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn get(url: &str) -> Hook {
    Hook {
        method: HookMethod::Get,
        ..Hook::post(url)
    }
}

fn record_without_attributes(dialect: Dialect) {
    let expected = Record {
        beep: true,
        finish: "1234567890*#".chars().collect(),
        silence: Some(seconds(5)),
        most: seconds(3600),
        trim: true,
        format: RecordingFormat::Wav,
        announce: Announce {
            completed: true,
            ..Announce::default()
        },
        transcribe: None,
        result: Some(Hook::post("")),
        empty_goes_on: false,
        empty_reply_goes_on: false,
        tag: None,
        name: None,
        id: None,
    };
    assert_eq!(record(dialect, "<Record/>"), expected);
}

#[test]
fn twiml_record_without_attributes_has_the_vendors_defaults() {
    record_without_attributes(Dialect::Twiml);
}

#[test]
fn cxml_record_without_attributes_has_the_vendors_defaults() {
    record_without_attributes(Dialect::Cxml);
}

fn english() -> Recognizer {
    Recognizer {
        language: Some("en-US".to_owned()),
        ..Recognizer::default()
    }
}

fn record_takes_every_attribute(dialect: Dialect, more: &str) {
    let text = format!(
        "<Record action=\"/r\" method=\"GET\" timeout=\"3\" finishOnKey=\"*#\" maxLength=\"60\" \
         playBeep=\"false\" trim=\"do-not-trim\" transcribe=\"true\" transcribeCallback=\"/t\" \
         recordingStatusCallback=\"/s\" recordingStatusCallbackMethod=\"GET\" \
         recordingStatusCallbackEvent=\"in-progress absent\" {more}/>"
    );
    assert_eq!(steps(dialect, &text).len(), 1);
    let expected = Record {
        beep: false,
        finish: vec!['*', '#'],
        silence: Some(seconds(3)),
        most: seconds(60),
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce {
            hook: Some(get("/s")),
            begun: true,
            completed: false,
            absent: true,
            tag: None,
        },
        transcribe: Some(RecordTranscription {
            hook: Some(Hook::post("/t")),
            recognizer: english(),
        }),
        result: Some(get("/r")),
        empty_goes_on: false,
        empty_reply_goes_on: false,
        tag: None,
        name: None,
        id: None,
    };
    assert_eq!(record(dialect, &text), expected);
}

#[test]
fn twiml_record_takes_every_attribute() {
    let more = "recordingTrack=\"inbound\" recordingConfigurationId=\"x\"";
    record_takes_every_attribute(Dialect::Twiml, more);
}

#[test]
fn cxml_record_takes_every_attribute() {
    let more = "storageUrl=\"https://s.example.com/\" storageUrlMethod=\"PUT\"";
    record_takes_every_attribute(Dialect::Cxml, more);
}

#[test]
fn a_timeout_of_0_means_that_silence_ends_nothing() {
    for dialect in BOTH {
        assert_eq!(record(dialect, "<Record timeout=\"0\"/>").silence, None);
        assert_eq!(
            record(dialect, "<Record timeout=\"x\"/>").silence,
            Some(seconds(5))
        );
    }
}

#[test]
fn no_key_ends_a_recording_that_names_none() {
    for dialect in BOTH {
        let record = record(dialect, "<Record finishOnKey=\"\"/>");
        assert!(record.finish.is_empty());
    }
}

#[test]
fn the_longest_recording_depends_on_the_vendor_and_on_transcription() {
    for (dialect, attributes, most) in [
        (Dialect::Cxml, "maxLength=\"0\"", 3600),
        (Dialect::Cxml, "maxLength=\"90\"", 90),
        (Dialect::Twiml, "maxLength=\"0\"", 3600),
        (Dialect::Twiml, "maxLength=\"7200\"", 7200),
        (Dialect::Twiml, "transcribe=\"true\"", 120),
        (Dialect::Cxml, "transcribe=\"true\"", 120),
        (Dialect::Twiml, "transcribe=\"true\" maxLength=\"30\"", 30),
        (Dialect::Twiml, "transcribe=\"true\" maxLength=\"x\"", 120),
    ] {
        let record = record(dialect, &format!("<Record {attributes}/>"));
        assert_eq!(record.most, seconds(most), "{dialect} {attributes}");
    }
}

#[test]
fn a_recording_of_no_length_is_a_mistake_for_twilio_alone() {
    let text = "<Response><Record maxLength=\"0\"/></Response>";
    let [remark] = parse(Dialect::Twiml, text).warnings.try_into().unwrap();
    assert_eq!(remark.code, "13612");
    assert_eq!(parse(Dialect::Cxml, text).warnings, []);
}

#[test]
fn a_transcribe_callback_alone_asks_for_the_text_unless_it_is_forbidden() {
    for dialect in BOTH {
        let text = record(dialect, "<Record transcribeCallback=\"/t\"/>").transcribe;
        assert_eq!(text.unwrap().hook, Some(Hook::post("/t")));
        let text = record(dialect, "<Record transcribe=\"true\"/>").transcribe;
        assert_eq!(text.unwrap().hook, None);
        let forbidden = "<Record transcribe=\"false\" transcribeCallback=\"/t\"/>";
        assert_eq!(record(dialect, forbidden).transcribe, None);
    }
}

fn background(inside: &str) -> BackgroundRecording {
    match step(Dialect::Twiml, inside).verb {
        Verb::Recording(recording) => recording,
        other => panic!("{inside}: {other:?}"),
    }
}

#[test]
fn twiml_start_recording_has_the_vendors_defaults() {
    let expected = StartRecording {
        dual: true,
        tracks: Tracks::Both,
        trim: true,
        format: RecordingFormat::Wav,
        announce: Announce {
            completed: true,
            ..Announce::default()
        },
        transcribe: None,
        name: None,
    };
    assert_eq!(
        background("<Start><Recording/></Start>"),
        BackgroundRecording::Start(Box::new(expected))
    );
}

#[test]
fn twiml_start_recording_takes_every_attribute() {
    let text = "<Start><Recording name=\"n\" channels=\"mono\" track=\"outbound\" \
                trim=\"do-not-trim\" recordingStatusCallback=\"/s\" \
                recordingStatusCallbackMethod=\"GET\" \
                recordingStatusCallbackEvent=\"in-progress completed absent\"/></Start>";
    assert_eq!(steps(Dialect::Twiml, text).len(), 1);
    let expected = StartRecording {
        dual: false,
        tracks: Tracks::Outbound,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce {
            hook: Some(get("/s")),
            begun: true,
            completed: true,
            absent: true,
            tag: None,
        },
        transcribe: None,
        name: Some("n".to_owned()),
    };
    assert_eq!(
        background(text),
        BackgroundRecording::Start(Box::new(expected))
    );
}

#[test]
fn twiml_stop_recording_ends_it() {
    let stop = "<Stop><Recording name=\"n\"/></Stop>";
    assert_eq!(background(stop), BackgroundRecording::Stop);
    assert_eq!(step(Dialect::Twiml, stop).answering, Answering::Leave);
}
