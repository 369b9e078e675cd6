//! Recordings as the REST API shows them.

use std::time::Duration;

use hookflash_dialects::laml::{RecordingPage, recording_list};
use hookflash_dialects::{Dialect, RecordingFacts, RecordingSource, RecordingState};
use hookflash_program::{RecordingFormat, Tracks};
use serde_json::{Value, json};

use crate::call::{BOTH, recording};

const PUBLIC: &str = "https://voice.example.com";

#[test]
fn a_twiml_recording_has_every_documented_field() {
    let resource = Dialect::Twiml.recording_resource(&recording(Dialect::Twiml), PUBLIC);
    let path = "/2010-04-01/Accounts/AC00000000000000000000000000000002/Recordings/\
                RE0000000000000000000000000000000e";
    assert_eq!(
        resource,
        json!({
            "account_sid": "AC00000000000000000000000000000002",
            "api_version": "2010-04-01",
            "call_sid": "CA00000000000000000000000000000001",
            "conference_sid": null,
            "channels": 1,
            "date_created": "Sat, 21 Nov 2026 10:00:10 +0000",
            "date_updated": "Sat, 21 Nov 2026 10:00:21 +0000",
            "start_time": "Sat, 21 Nov 2026 10:00:10 +0000",
            "price": null,
            "price_unit": "USD",
            "duration": "11",
            "sid": "RE0000000000000000000000000000000e",
            "source": "RecordVerb",
            "status": "completed",
            "error_code": null,
            "track": "inbound",
            "uri": format!("{path}.json"),
            "subresource_uris": { "transcriptions": format!("{path}/Transcriptions.json") },
            "encryption_details": null,
            "media_url": format!("{PUBLIC}{path}"),
        })
    );
}

#[test]
fn a_cxml_recording_has_every_documented_field() {
    let resource = Dialect::Cxml.recording_resource(&recording(Dialect::Cxml), PUBLIC);
    let path = "/api/laml/2010-04-01/Accounts/1a2b3c4d-0000-4000-8000-000000000001/Recordings/\
                00000000-0000-4000-8000-00000000000e";
    assert_eq!(
        resource,
        json!({
            "account_sid": "1a2b3c4d-0000-4000-8000-000000000001",
            "api_version": "2010-04-01",
            "call_sid": "b3877c40-da60-4998-90ad-b792e98472ca",
            "conference_sid": null,
            "channels": 1,
            "date_created": "Sat, 21 Nov 2026 10:00:10 +0000",
            "date_updated": "Sat, 21 Nov 2026 10:00:21 +0000",
            "start_time": "Sat, 21 Nov 2026 10:00:10 +0000",
            "end_time": "Sat, 21 Nov 2026 10:00:21 +0000",
            "price": null,
            "price_unit": "USD",
            "duration": "11",
            "sid": "00000000-0000-4000-8000-00000000000e",
            "source": "RecordVerb",
            "status": "completed",
            "error_code": null,
            "track": "inbound",
            "uri": format!("{path}.json"),
            "subresource_uris": { "transcriptions": format!("{path}/Transcriptions.json") },
        })
    );
}

#[test]
fn a_recording_that_runs_has_no_length_yet() {
    for dialect in BOTH {
        let facts = RecordingFacts {
            state: RecordingState::InProgress,
            source: RecordingSource::Background,
            ended_at: None,
            channels: 2,
            tracks: Tracks::Both,
            ..recording(dialect)
        };
        let resource = dialect.recording_resource(&facts, PUBLIC);
        assert_eq!(resource["duration"], Value::Null);
        assert_eq!(resource["status"], "in-progress");
        assert_eq!(resource["source"], "StartCallRecordingTwiML");
        assert_eq!(
            (&resource["channels"], &resource["track"]),
            (&json!(2), &json!("both"))
        );
        assert_eq!(resource["date_updated"], "Sat, 21 Nov 2026 10:00:10 +0000");
    }
}

#[test]
fn a_recording_tells_its_state_and_who_asked_for_it() {
    for dialect in BOTH {
        for (state, word, code) in [
            (RecordingState::Paused, "paused", Value::Null),
            (RecordingState::Absent, "absent", Value::Null),
            (RecordingState::Failed, "failed", json!(12400)),
        ] {
            let facts = RecordingFacts {
                state,
                source: RecordingSource::Api,
                ..recording(dialect)
            };
            let resource = dialect.recording_resource(&facts, PUBLIC);
            assert_eq!(resource["status"], word);
            assert_eq!(resource["error_code"], code);
            assert_eq!(resource["source"], "StartCallRecordingAPI");
        }
    }
}

#[test]
fn lengths_are_rounded_to_seconds() {
    for (milliseconds, text) in [(0, "0"), (499, "0"), (500, "1"), (61_499, "61")] {
        let facts = RecordingFacts {
            duration: Duration::from_millis(milliseconds),
            format: RecordingFormat::Mp3,
            ..recording(Dialect::Twiml)
        };
        let resource = Dialect::Twiml.recording_resource(&facts, PUBLIC);
        assert_eq!(resource["duration"], text);
    }
}

#[test]
fn identifiers_have_the_vendors_form() {
    for (made, form) in [
        (Dialect::Twiml.recording_sid(1), "RE"),
        (Dialect::Twiml.stream_sid(1), "MZ"),
        (Dialect::Twiml.transcription_sid(1), "TR"),
    ] {
        assert_eq!(made, format!("{form}{:032x}", 1));
    }
    let uuid = "00000000-0000-4000-8000-000000000001";
    assert_eq!(Dialect::Cxml.recording_sid(1), uuid);
    assert_eq!(Dialect::Cxml.stream_sid(1), uuid);
    assert_eq!(Dialect::Cxml.transcription_sid(1), uuid);
}

/// The keys that the official Python library knows beside the list itself.
const ABOUT_THE_PAGE: &[&str] = &[
    "end",
    "first_page_uri",
    "next_page_uri",
    "last_page_uri",
    "page",
    "page_size",
    "previous_page_uri",
    "total",
    "num_pages",
    "start",
    "uri",
];

fn page(dialect: Dialect, count: usize, page: usize, page_size: usize) -> Value {
    // Those of the page, and one more if there is.
    let recordings: Vec<RecordingFacts> = (0..count)
        .skip(page.saturating_mul(page_size.max(1)))
        .map(|number| RecordingFacts {
            sid: dialect.recording_sid(number as u128),
            ..recording(dialect)
        })
        .collect();
    let path = "/2010-04-01/Accounts/AC2/Calls/CA1/Recordings.json";
    let page = RecordingPage {
        path,
        call_sid: None,
        page,
        page_size,
    };
    recording_list(dialect, &recordings, page, PUBLIC)
}

#[test]
fn a_list_has_one_key_beside_those_that_tell_of_the_page() {
    for dialect in BOTH {
        let list = page(dialect, 1, 0, 50);
        let own: Vec<&String> = list
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| !ABOUT_THE_PAGE.contains(&key.as_str()))
            .collect();
        assert_eq!(own, ["recordings"]);
        let recordings = list["recordings"].as_array().unwrap();
        assert_eq!(recordings.len(), 1);
        assert_eq!(recordings[0]["sid"], dialect.recording_sid(0));
    }
}

#[test]
fn a_list_leads_from_page_to_page() {
    let uri = |page: usize| {
        json!(format!(
            "/2010-04-01/Accounts/AC2/Calls/CA1/Recordings.json?PageSize=2&Page={page}"
        ))
    };
    let first = page(Dialect::Twiml, 5, 0, 2);
    assert_eq!(first["previous_page_uri"], Value::Null);
    assert_eq!(
        (&first["uri"], &first["first_page_uri"]),
        (&uri(0), &uri(0))
    );
    assert_eq!(first["next_page_uri"], uri(1));
    assert_eq!((&first["start"], &first["end"]), (&json!(0), &json!(1)));
    let last = page(Dialect::Twiml, 5, 2, 2);
    assert_eq!(last["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(last["previous_page_uri"], uri(1));
    assert_eq!(last["next_page_uri"], Value::Null);
    assert_eq!((&last["page"], &last["page_size"]), (&json!(2), &json!(2)));
    assert_eq!((&last["start"], &last["end"]), (&json!(4), &json!(4)));
}

#[test]
fn a_list_of_one_call_leads_to_more_of_that_call() {
    let page = RecordingPage {
        path: "/2010-04-01/Accounts/AC2/Recordings",
        call_sid: Some("CA1&x"),
        page: 0,
        page_size: 1,
    };
    let recordings = [recording(Dialect::Cxml), recording(Dialect::Cxml)];
    let list = recording_list(Dialect::Cxml, &recordings, page, PUBLIC);
    assert_eq!(
        list["next_page_uri"],
        "/2010-04-01/Accounts/AC2/Recordings?CallSid=CA1%26x&PageSize=1&Page=1"
    );
}

#[test]
fn a_page_that_is_not_there_is_empty() {
    for dialect in BOTH {
        for (count, number, size) in [(0, 0, 50), (3, 9, 2), (3, usize::MAX, 2), (3, 0, 0)] {
            let list = page(dialect, count, number, size);
            assert!(list["recordings"].is_array());
        }
        assert_eq!(page(dialect, 3, 9, 2)["recordings"], json!([]));
        assert_eq!(page(dialect, 3, 9, 2)["next_page_uri"], Value::Null);
    }
}
