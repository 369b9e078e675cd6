//! Recordings as the REST API shows them.

use std::time::{Duration, UNIX_EPOCH};

use hookflash_dialects::rest::{Listing, PageMark};
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

/// A page of so many recordings, behind which there may be others.
fn page(dialect: Dialect, count: usize, query: &[(&str, &str)], is_more: bool) -> Value {
    let recordings: Vec<RecordingFacts> = (0..count)
        .map(|number| RecordingFacts {
            sid: dialect.recording_sid(number as u128),
            ..recording(dialect)
        })
        .collect();
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let Ok(wanted) = dialect.read_recording_list(&query) else {
        panic!("the query is refused");
    };
    let listing = Listing {
        path: "/2010-04-01/Accounts/AC2/Recordings",
        query: &query,
        page: &wanted.page,
        next: is_more.then(|| PageMark {
            created_at: UNIX_EPOCH,
            sid: "RE7".to_owned(),
        }),
        public_url: PUBLIC,
    };
    let list = dialect.recording_list(&recordings, listing).body;
    list.unwrap_or_default()
}

#[test]
fn a_list_has_one_key_beside_those_that_tell_of_the_page() {
    for dialect in BOTH {
        let list = page(dialect, 1, &[], false);
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
fn a_list_leads_from_page_to_page_of_the_same_filters() {
    let path = "/2010-04-01/Accounts/AC2/Recordings";
    let filters = "CallSid=CA1%26x&DateCreated%3E=2026-11-21";
    let query = [
        ("CallSid", "CA1&x"),
        ("DateCreated>", "2026-11-21"),
        ("PageSize", "2"),
        ("Page", "1"),
    ];
    let uri = |page: usize| format!("{path}?{filters}&PageSize=2&Page={page}");
    let list = page(Dialect::Twiml, 2, &query, true);
    assert_eq!(list["uri"], uri(1));
    assert_eq!(list["first_page_uri"], uri(0));
    assert_eq!(list["previous_page_uri"], uri(0));
    let next = format!("{}&PageToken=PA0000000000000000RE7", uri(2));
    assert_eq!(list["next_page_uri"], next);
    assert_eq!((&list["page"], &list["page_size"]), (&json!(1), &json!(2)));
    assert_eq!((&list["start"], &list["end"]), (&json!(2), &json!(3)));
    let last = page(Dialect::Twiml, 1, &query, false);
    assert_eq!(last["next_page_uri"], Value::Null);
}

#[test]
fn a_page_that_is_not_there_is_empty() {
    for dialect in BOTH {
        let past = page(dialect, 0, &[("Page", "9")], false);
        assert_eq!(past["recordings"], json!([]));
        assert_eq!(past["next_page_uri"], Value::Null);
    }
}
