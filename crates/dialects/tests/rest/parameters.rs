//! No parameter of the tables is dropped in silence.

use std::collections::BTreeSet;
use std::fmt::Debug;

use hookflash_dialects::Dialect;
use hookflash_dialects::rest::{ApiBody, Operation, Parameter, ParameterState};
use serde_json::{Map, Value, json};

use crate::example::{Desk, fields};

/// A parameter, what it needs beside itself, and a value that makes a difference.
type Sample<V> = (&'static str, Vec<(&'static str, V)>, V);

fn laml_samples(operation: Operation) -> Vec<Sample<&'static str>> {
    let url = "https://other.example.com/";
    let status = ("StatusCallback", url);
    let record = ("Record", "true");
    let recording = ("RecordingStatusCallback", url);
    let machine = ("MachineDetection", "Enable");
    let amd = ("AsyncAmdStatusCallback", url);
    let no_url = ("Url", "");
    match operation {
        Operation::Create => vec![
            ("To", vec![], "sip:other@b"),
            ("From", vec![], "2000"),
            ("CallerId", vec![], "2000"),
            ("Url", vec![], url),
            ("ApplicationSid", vec![], "support"),
            ("Method", vec![], "GET"),
            ("FallbackUrl", vec![], url),
            ("FallbackMethod", vec![("FallbackUrl", url)], "GET"),
            ("StatusCallback", vec![], url),
            ("StatusCallbackMethod", vec![status], "GET"),
            ("StatusCallbackEvent", vec![status], "ringing"),
            ("SendDigits", vec![], "1w2"),
            ("Timeout", vec![], "10"),
            ("TimeLimit", vec![], "10"),
            ("Record", vec![], "true"),
            ("RecordingChannels", vec![record], "dual"),
            ("RecordingTrack", vec![record], "inbound"),
            ("RecordingStatusCallback", vec![record], url),
            (
                "RecordingStatusCallbackMethod",
                vec![record, recording],
                "GET",
            ),
            (
                "RecordingStatusCallbackEvent",
                vec![record, recording],
                "absent",
            ),
            ("Trim", vec![record], "do-not-trim"),
            ("SipAuthUsername", vec![], "u"),
            ("SipAuthPassword", vec![("SipAuthUsername", "u")], "p"),
            ("MachineDetection", vec![], "Enable"),
            ("MachineDetectionTimeout", vec![machine], "10"),
            ("MachineDetectionSpeechThreshold", vec![machine], "3000"),
            ("MachineDetectionSpeechEndThreshold", vec![machine], "3000"),
            ("MachineDetectionSilenceTimeout", vec![machine], "3000"),
            ("AsyncAmd", vec![machine], "true"),
            (
                "AsyncAmdStatusCallback",
                vec![machine, ("AsyncAmd", "true")],
                url,
            ),
            (
                "AsyncAmdStatusCallbackMethod",
                vec![machine, amd, ("AsyncAmd", "true")],
                "GET",
            ),
            ("Twiml", vec![no_url], "<Response/>"),
            ("Laml", vec![no_url], "<Response/>"),
        ],
        Operation::Update => vec![
            ("Url", vec![], url),
            ("Method", vec![("Url", url)], "GET"),
            ("Twiml", vec![], "<Response/>"),
            ("Laml", vec![], "<Response/>"),
            ("Status", vec![], "completed"),
            ("FallbackUrl", vec![], url),
            ("FallbackMethod", vec![("FallbackUrl", url)], "GET"),
            ("StatusCallback", vec![], url),
            ("StatusCallbackMethod", vec![status], "GET"),
            ("TimeLimit", vec![], "10"),
        ],
        Operation::List => vec![
            ("To", vec![], "x"),
            ("From", vec![], "x"),
            ("ParentCallSid", vec![], "x"),
            ("Status", vec![], "busy"),
            ("StartTime", vec![], "2026-11-21"),
            ("StartTime<", vec![], "2026-11-21"),
            ("StartTime>", vec![], "2026-11-21"),
            ("EndTime", vec![], "2026-11-21"),
            ("EndTime<", vec![], "2026-11-21"),
            ("EndTime>", vec![], "2026-11-21"),
            ("PageSize", vec![], "7"),
            ("Page", vec![], "7"),
            ("PageToken", vec![], "PA0000000000000001CA1"),
        ],
        Operation::ListRecordings => vec![
            ("DateCreated", vec![], "2026-11-21"),
            ("DateCreated<", vec![], "2026-11-21"),
            ("DateCreated>", vec![], "2026-11-21"),
            ("CallSid", vec![], "x"),
            ("ConferenceSid", vec![], "x"),
            ("PageSize", vec![], "7"),
            ("Page", vec![], "7"),
            ("PageToken", vec![], "PA0000000000000001RE1"),
        ],
        Operation::Record => vec![
            ("RecordingChannels", vec![], "dual"),
            ("RecordingTrack", vec![], "inbound"),
            ("RecordingStatusCallback", vec![], url),
            ("RecordingStatusCallbackMethod", vec![recording], "GET"),
            ("RecordingStatusCallbackEvent", vec![recording], "absent"),
            ("Trim", vec![], "trim-silence"),
        ],
        Operation::ChangeRecording => vec![
            ("Status", vec![], "paused"),
            ("PauseBehavior", vec![("Status", "paused")], "skip"),
        ],
    }
}

fn bxml_samples(operation: Operation) -> Vec<Sample<Value>> {
    let url = || json!("https://other.example.com/");
    match operation {
        Operation::Create => vec![
            ("to", vec![], json!("+15550009999")),
            ("from", vec![], json!("+15550009999")),
            ("applicationId", vec![], json!("none")),
            ("answerUrl", vec![], url()),
            ("answerMethod", vec![], json!("GET")),
            ("username", vec![], json!("u")),
            ("password", vec![], json!("p")),
            ("answerFallbackUrl", vec![], url()),
            (
                "answerFallbackMethod",
                vec![("answerFallbackUrl", url())],
                json!("GET"),
            ),
            (
                "fallbackUsername",
                vec![("answerFallbackUrl", url())],
                json!("u"),
            ),
            (
                "fallbackPassword",
                vec![("answerFallbackUrl", url())],
                json!("p"),
            ),
            ("disconnectUrl", vec![], url()),
            (
                "disconnectMethod",
                vec![("disconnectUrl", url())],
                json!("GET"),
            ),
            ("callTimeout", vec![], json!(10)),
            ("callbackTimeout", vec![], json!(10)),
            ("privacy", vec![], json!(true)),
            ("displayName", vec![], json!("Ada")),
            ("uui", vec![], json!("61;encoding=hex")),
            ("machineDetection", vec![], json!({"mode": "sync"})),
            ("tag", vec![], json!("t")),
        ],
        Operation::Update => vec![
            ("state", vec![], json!("completed")),
            ("redirectUrl", vec![], url()),
            ("redirectMethod", vec![("redirectUrl", url())], json!("GET")),
            ("redirectFallbackUrl", vec![("redirectUrl", url())], url()),
            (
                "redirectFallbackMethod",
                vec![("redirectUrl", url()), ("redirectFallbackUrl", url())],
                json!("GET"),
            ),
            ("username", vec![("redirectUrl", url())], json!("u")),
            ("password", vec![("redirectUrl", url())], json!("p")),
            (
                "fallbackUsername",
                vec![("redirectUrl", url()), ("redirectFallbackUrl", url())],
                json!("u"),
            ),
            (
                "fallbackPassword",
                vec![("redirectUrl", url()), ("redirectFallbackUrl", url())],
                json!("p"),
            ),
            ("tag", vec![("redirectUrl", url())], json!("t")),
        ],
        Operation::ChangeRecording => vec![("state", vec![], json!("paused"))],
        Operation::List | Operation::ListRecordings | Operation::Record => Vec::new(),
    }
}

fn jambonz_samples(operation: Operation) -> Vec<Sample<Value>> {
    let url = || json!("https://other.example.com/");
    match operation {
        Operation::Create => vec![
            ("from", vec![], json!("2000")),
            ("to", vec![], json!({"type": "phone", "number": "2000"})),
            ("application_sid", vec![], json!("support")),
            ("call_hook", vec![], url()),
            ("call_status_hook", vec![], url()),
            ("tag", vec![], json!({"a": 1})),
            ("timeout", vec![], json!(10)),
            ("timeLimit", vec![], json!(10)),
            ("headers", vec![], json!({"X-A": "1"})),
            ("fromHost", vec![], json!("a.example")),
            ("callerName", vec![], json!("Ada")),
            ("trunk", vec![], json!("carrier")),
            ("amd", vec![], json!({"actionHook": "/amd"})),
            ("speech_synthesis_vendor", vec![], json!("v")),
            ("speech_synthesis_language", vec![], json!("de-DE")),
            ("speech_synthesis_voice", vec![], json!("v")),
            ("speech_recognizer_vendor", vec![], json!("v")),
            ("speech_recognizer_language", vec![], json!("de-DE")),
        ],
        Operation::Update => vec![
            ("call_hook", vec![], url()),
            ("call_status", vec![], json!("completed")),
            ("listen_status", vec![], json!("pause")),
            ("stream_status", vec![], json!("pause")),
            ("transcribe_status", vec![], json!("pause")),
            ("mute_status", vec![], json!("mute")),
            ("sip_request", vec![], json!({"method": "INFO"})),
            ("record", vec![], json!({"action": "stopCallRecording"})),
            ("tag", vec![], json!({"a": 1})),
            ("dtmf", vec![], json!({"digit": "1"})),
            (
                "dub",
                vec![],
                json!({"action": "removeTrack", "track": "t"}),
            ),
            (
                "transfer",
                vec![],
                json!({"target": {"type": "sip", "sipUri": "sip:a@b"}}),
            ),
            ("whisper", vec![], json!({"verb": "say", "text": "x"})),
        ],
        Operation::List
        | Operation::ListRecordings
        | Operation::Record
        | Operation::ChangeRecording => Vec::new(),
    }
}

fn text_samples(names: &[(&'static str, &'static str)]) -> Vec<Sample<&'static str>> {
    names
        .iter()
        .map(|(name, value)| (*name, vec![], *value))
        .collect()
}

/// Every parameter of a table makes the difference that the table says, and has a sample.
fn check<V: Clone, T: PartialEq + Debug>(
    table: &[Parameter],
    samples: Vec<Sample<V>>,
    any: V,
    read: impl Fn(Vec<(&'static str, V)>) -> Result<T, u16>,
) {
    let names: BTreeSet<_> = table.iter().map(|parameter| parameter.name).collect();
    assert_eq!(names.len(), table.len(), "a name stands in a table twice");
    for parameter in table {
        let name = parameter.name;
        if parameter.state != ParameterState::Runs {
            let without = read(vec![]);
            let with = read(vec![(name, any.clone())]);
            match parameter.state {
                ParameterState::Refused => assert!(with.is_err(), "{name} is taken"),
                _ => assert_eq!(with, without, "{name} changes something"),
            }
            continue;
        }
        let (_, beside, value) = samples
            .iter()
            .find(|(sample, _, _)| *sample == name)
            .unwrap_or_else(|| panic!("{name} has no sample"));
        let without = read(beside.clone());
        let mut fields = beside.clone();
        fields.push((name, value.clone()));
        let with = read(fields);
        assert_ne!(with, without, "{name} is dropped");
    }
}

const OPERATIONS: [Operation; 6] = [
    Operation::Create,
    Operation::Update,
    Operation::List,
    Operation::ListRecordings,
    Operation::Record,
    Operation::ChangeRecording,
];

#[test]
fn every_parameter_of_twilio_and_signalwire_does_what_its_table_says() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        for operation in OPERATIONS {
            let samples = laml_samples(operation);
            check(dialect.parameters(operation), samples, "x", |pairs| {
                let mut all = match operation {
                    Operation::Create => {
                        fields(&[("To", "sip:a@b"), ("From", "1000"), ("Url", "https://a/")])
                    }
                    _ => Vec::new(),
                };
                // A blank `Url` takes the first one away.
                if pairs.iter().any(|(name, _)| *name == "Url") {
                    all.retain(|(name, _)| name != "Url");
                }
                all.extend(fields(&pairs));
                let body = ApiBody::Form(&all);
                let read = match operation {
                    Operation::Create => dialect
                        .read_order(&Desk::of(dialect), body)
                        .map(|new| format!("{new:?}")),
                    Operation::Update => dialect.read_update(body).map(|u| format!("{u:?}")),
                    Operation::List => dialect.read_list(&all).map(|l| format!("{l:?}")),
                    Operation::ListRecordings => {
                        dialect.read_recording_list(&all).map(|l| format!("{l:?}"))
                    }
                    Operation::Record => dialect.read_recording(body).map(|r| format!("{r:?}")),
                    Operation::ChangeRecording => dialect
                        .read_recording_change(body)
                        .map(|change| format!("{change:?}")),
                };
                read.map_err(|fault| fault.status)
            });
        }
    }
}

fn read_json(
    dialect: Dialect,
    operation: Operation,
    base: &Value,
    fields: Vec<(&'static str, Value)>,
) -> Result<String, u16> {
    let mut object: Map<String, Value> = base.as_object().unwrap().clone();
    object.extend(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    let text = Value::Object(object).to_string();
    let body = ApiBody::Json(text.as_bytes());
    let read = match operation {
        Operation::Create => dialect
            .read_order(&Desk::of(dialect), body)
            .map(|new| format!("{:?}", new.order)),
        Operation::ChangeRecording => dialect
            .read_recording_change(body)
            .map(|change| format!("{change:?}")),
        _ => dialect
            .read_update(body)
            .map(|updates| format!("{updates:?}")),
    };
    read.map_err(|fault| fault.status)
}

#[test]
fn every_field_of_bandwidth_does_what_its_table_says() {
    let create = json!({
        "to": "sip:a@b", "from": "+15551112222", "applicationId": "app-1",
        "answerUrl": "https://a/",
    });
    for (operation, base) in [
        (Operation::Create, create),
        (Operation::Update, json!({})),
        (Operation::ChangeRecording, json!({})),
    ] {
        let table = Dialect::Bxml.parameters(operation);
        check(table, bxml_samples(operation), json!(1), |fields| {
            read_json(Dialect::Bxml, operation, &base, fields)
        });
    }
    let samples = text_samples(&[
        ("to", "x"),
        ("from", "x"),
        ("minStartTime", "2026-11-21"),
        ("maxStartTime", "2026-11-21"),
        ("disconnectCause", "busy"),
        ("pageSize", "7"),
        ("pageToken", "PA0000000000000001c-1"),
    ]);
    check(
        Dialect::Bxml.parameters(Operation::List),
        samples,
        "x",
        |pairs| {
            Dialect::Bxml
                .read_list(&fields(&pairs))
                .map_err(|fault| fault.status)
        },
    );
    let samples = text_samples(&[
        ("to", "x"),
        ("from", "x"),
        ("minStartTime", "2026-11-21"),
        ("maxStartTime", "2026-11-21"),
    ]);
    let table = Dialect::Bxml.parameters(Operation::ListRecordings);
    check(table, samples, "x", |pairs| {
        Dialect::Bxml
            .read_recording_list(&fields(&pairs))
            .map_err(|fault| fault.status)
    });
}

#[test]
fn every_property_of_jambonz_does_what_its_table_says() {
    let create = json!({
        "from": "1000", "to": {"type": "sip", "sipUri": "sip:a@b"}, "call_hook": "https://a/",
    });
    for (operation, base) in [(Operation::Create, create), (Operation::Update, json!({}))] {
        let table = Dialect::Jambonz.parameters(operation);
        check(table, jambonz_samples(operation), json!("x"), |fields| {
            read_json(Dialect::Jambonz, operation, &base, fields)
        });
    }
    let samples = text_samples(&[
        ("direction", "inbound"),
        ("from", "x"),
        ("to", "x"),
        ("callStatus", "busy"),
    ]);
    check(
        Dialect::Jambonz.parameters(Operation::List),
        samples,
        "x",
        |pairs| {
            Dialect::Jambonz
                .read_list(&fields(&pairs))
                .map_err(|fault| fault.status)
        },
    );
}
