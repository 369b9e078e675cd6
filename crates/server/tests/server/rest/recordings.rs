//! Recordings of running calls through the API.

use std::time::Duration;

use serde_json::json;

use super::*;

const PAUSE: &str = "<Response><Pause length=\"60\"/></Response>";

fn answered(api: &Api, bob: &mut Peer, more: &[(&str, &str)]) -> String {
    let to = uri_of(bob);
    let mut order = vec![("To", &*to), ("From", "+15550001111"), ("Twiml", PAUSE)];
    order.extend(more);
    let list = format!("/2010-04-01/Accounts/{}/Calls", api.sid);
    let created = api.form(&list, &order);
    assert!(matches!(created.status, 200 | 201), "{created:?}");
    let path = format!("{list}/{}", created.text("sid"));
    takes(bob);
    stands(api, &path, "status", "in-progress");
    path
}

/// A recording needs 20 ms to have anything in it; one that has nothing is absent.
fn some_sound() {
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn a_recording_is_begun_paused_resumed_and_stopped() {
    let top = format!("[recordings]\nfolder = \"{}\"\n", folder().display());
    let stage = Stage::with(&top, PAUSE);
    for api in [stage.twilio(), stage.signalwire()] {
        let mut bob = callee();
        let call = answered(&api, &mut bob, &[]);
        let list = format!("{call}/Recordings.json");
        let none = api.form(
            &format!("{call}/Recordings/Twilio.CURRENT.json"),
            &[("Status", "paused")],
        );
        assert_eq!(
            (none.status, none.json()["code"].clone()),
            (400, json!(21220))
        );
        let told = stage.application.url(&format!("/told/{}", api.sid));
        let begun = api.form(
            &list,
            &[
                ("RecordingChannels", "dual"),
                ("RecordingStatusCallback", &told),
                ("RecordingStatusCallbackEvent", "in-progress completed"),
            ],
        );
        assert_eq!(begun.status, 201, "{begun:?}");
        let recording = begun.json();
        assert_eq!(recording["status"], "in-progress");
        assert_eq!(recording["source"], "StartCallRecordingAPI");
        assert_eq!(recording["channels"], 2);
        some_sound();
        let second = api.form(&list, &[]);
        assert_eq!(
            (second.status, second.json()["code"].clone()),
            (400, json!(21220))
        );
        let path = format!("{call}/Recordings/{}", begun.text("sid"));
        for (by, status) in [
            (format!("{path}.json"), "paused"),
            (
                format!("{call}/Recordings/Twilio.CURRENT.json"),
                "in-progress",
            ),
            (path.clone(), "stopped"),
        ] {
            let changed = api.form(&by, &[("Status", status)]);
            assert_eq!(
                (changed.status, changed.text("status")),
                (200, status.to_owned()),
                "{by}"
            );
        }
        assert_eq!(
            api.get(&list).json()["recordings"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        for (filter, count) in [
            ("DateCreated%3E=2000-01-01", 1),
            ("DateCreated%3C=2000-01-01", 0),
            ("ConferenceSid=CF1", 0),
            ("PageSize=1&Page=1", 0),
        ] {
            let found = api.get(&format!("{list}?{filter}")).json();
            assert_eq!(
                found["recordings"].as_array().unwrap().len(),
                count,
                "{filter}"
            );
        }
        assert_eq!(api.get(&format!("{list}?DateCreated=today")).status, 400);
        stands(&api, &format!("{path}.json"), "status", "completed");
        let late = api.form(&path, &[("Status", "paused")]);
        assert_eq!(
            (late.status, late.json()["code"].clone()),
            (400, json!(21220))
        );
        for (status, fields) in [(400, vec![("Status", "x")]), (400, vec![])] {
            let refused = api.form(&format!("{call}/Recordings/Twilio.CURRENT"), &fields);
            assert_eq!(refused.status, status);
        }
        let unknown = api.form(
            &format!("{call}/Recordings/RE1.json"),
            &[("Status", "stopped")],
        );
        assert_eq!(unknown.status, 404);
        let path = format!("/told/{}", api.sid);
        until("its end is told", || {
            heard(&stage.application, &path).len() == 2
        });
    }
}

#[test]
fn a_call_that_is_recorded_from_its_answer_on_has_one_recording() {
    let top = format!("[recordings]\nfolder = \"{}\"\n", folder().display());
    let stage = Stage::with(&top, PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let more = [("Record", "true"), ("Trim", "do-not-trim")];
    let call = answered(&api, &mut bob, &more);
    until("it is recorded", || {
        let list = api.get(&format!("{call}/Recordings.json")).json();
        list["recordings"].as_array().unwrap().len() == 1
    });
    some_sound();
    assert_eq!(api.form(&call, &[("Status", "completed")]).status, 200);
    bob.take("BYE", "", "200 OK");
    until("it is complete", || {
        let list = api.get(&format!("{call}/Recordings.json")).json();
        list["recordings"][0]["status"] == "completed"
    });
}

#[test]
fn bandwidth_pauses_and_resumes_the_recording_that_a_document_began() {
    let top = format!("[recordings]\nfolder = \"{}\"\n", folder().display());
    let document = "<Response><StartRecording/><Pause duration=\"60\"/></Response>";
    let stage = Stage::with(&top, document);
    let (api, mut bob) = (stage.bandwidth(), callee());
    let order = json!({
        "to": uri_of(&bob), "from": "+15550001111", "applicationId": "bxml-app",
        "answerUrl": stage.application.url("/answer"),
    });
    let calls = format!("/api/v2/accounts/{}/calls", api.sid);
    let created = api.json("POST", &calls, &order);
    let call = format!("{calls}/{}", created.text("callId"));
    takes(&mut bob);
    until("it is recorded", || {
        let list = api.get(&format!("{call}/recordings")).json();
        list.as_array().unwrap().len() == 1
    });
    let all = format!("/api/v2/accounts/{}/recordings", api.sid);
    for (filter, count) in [
        ("from=%2B15550001111", 1),
        ("from=%2B15550002222", 0),
        ("minStartTime=2000-01-01T00:00:00.000Z", 1),
        ("maxStartTime=2000-01-01T00:00:00.000Z", 0),
    ] {
        let found = api.get(&format!("{all}?{filter}")).json();
        assert_eq!(found.as_array().unwrap().len(), count, "{filter}");
    }
    let path = format!("{call}/recording");
    for state in ["paused", "recording"] {
        let changed = api.json("PUT", &path, &json!({"state": state}));
        assert_eq!((changed.status, changed.body.len()), (200, 0));
    }
    for wrong in [json!({"state": "stopped"}), json!({}), json!({"state": 1})] {
        assert_eq!(api.json("PUT", &path, &wrong).status, 400, "{wrong}");
    }
    let stop = "<Response><StopRecording/><Pause duration=\"60\"/></Response>";
    assert_eq!(
        api.send("PUT", &format!("{call}/bxml"), "application/xml", stop)
            .status,
        204
    );
    until("nothing is recorded any more", || {
        api.json("PUT", &path, &json!({"state": "paused"})).status == 409
    });
}

#[test]
fn the_final_status_names_the_recording_unless_nothing_was_heard() {
    let top = format!("[recordings]\nfolder = \"{}\"\n", folder().display());
    let stage = Stage::with(&top, PAUSE);
    let api = stage.twilio();
    // Nobody says anything, and silence is trimmed unless the order says otherwise.
    for (trim, is_named) in [("do-not-trim", true), ("trim-silence", false)] {
        let mut bob = callee();
        let told = stage.application.url(&format!("/told/{trim}"));
        let more = [
            ("Record", "true"),
            ("Trim", trim),
            ("StatusCallback", &*told),
        ];
        let call = answered(&api, &mut bob, &more);
        let list = api.get(&format!("{call}/Recordings.json")).json();
        let recording = list["recordings"][0]["sid"].as_str().unwrap().to_owned();
        some_sound();
        assert_eq!(api.form(&call, &[("Status", "completed")]).status, 200);
        bob.take("BYE", "", "200 OK");
        let path = format!("/told/{trim}");
        until("its end is told", || {
            heard(&stage.application, &path).len() == 1
        });
        let told = heard(&stage.application, &path).remove(0);
        let named = format!("RecordingSid={recording}");
        assert_eq!(told.contains(&named), is_named, "{trim}: {told}");
        assert_eq!(told.contains("RecordingUrl="), is_named, "{trim}: {told}");
    }
}
