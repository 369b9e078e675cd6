//! Calls as the APIs show them.

use hookflash_dialects::{AnsweredBy, CallFacts, CallState, Dialect, Direction, EndedBy};
use serde_json::{Map, Value, json};

use crate::example::{at, over, placed};

fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_twilio_call_has_every_key_and_dates_of_rfc_2822() {
    let call = Dialect::Twiml.call_resource(&over(Dialect::Twiml, EndedBy::Peer, true, 200));
    let path = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/\
                CA00000000000000000000000000000001";
    let wanted = json!({
        "sid": "CA00000000000000000000000000000001",
        "account_sid": "AC00000000000000000000000000000001",
        "parent_call_sid": null,
        "phone_number_sid": null,
        "to": "sip:bob@phones.example.com",
        "to_formatted": "sip:bob@phones.example.com",
        "from": "+15550001111",
        "from_formatted": "+15550001111",
        "status": "completed",
        "direction": "outbound-api",
        "start_time": "Sat, 21 Nov 2026 10:00:00 +0000",
        "end_time": "Sat, 21 Nov 2026 10:01:08 +0000",
        "duration": "65",
        "price": null,
        "price_unit": "USD",
        "answered_by": null,
        "forwarded_from": null,
        "caller_name": null,
        "group_sid": null,
        "queue_time": "20",
        "trunk_sid": null,
        "stir_verstat": null,
        "api_version": "2010-04-01",
        "date_created": "Sat, 21 Nov 2026 10:00:00 +0000",
        "date_updated": "Sat, 21 Nov 2026 10:01:08 +0000",
        "uri": format!("{path}.json"),
        "subresource_uris": {"recordings": format!("{path}/Recordings.json")},
    });
    assert_eq!(call, wanted);
}

#[test]
fn a_twilio_call_that_waits_has_no_times_yet() {
    let waiting = CallFacts {
        state: CallState::Queued,
        started_at: at(0),
        answered_at: None,
        now: at(7),
        ..placed(Dialect::Twiml)
    };
    let call = Dialect::Twiml.call_resource(&waiting);
    assert_eq!(call["status"], "queued");
    for name in ["start_time", "end_time", "duration"] {
        assert_eq!(call[name], Value::Null, "{name}");
    }
    assert_eq!(call["queue_time"], "7");
}

#[test]
fn a_signalwire_call_counts_its_duration_in_a_number() {
    let call = Dialect::Cxml.call_resource(&over(Dialect::Cxml, EndedBy::Peer, false, 486));
    assert_eq!(call["duration"], 0);
    assert_eq!(call["status"], "busy");
    assert_eq!(call["sip_result_code"], "486");
    let uri = call["uri"].as_str().unwrap();
    assert!(uri.starts_with("/api/laml/2010-04-01/Accounts/00000000-0000-0000-0000-000000000001/"));
    assert!(uri.ends_with(".json"));
    for name in [
        "annotation",
        "formatted_to",
        "formatted_from",
        "group_sid",
        "audio_in_mos",
    ] {
        assert!(call.as_object().unwrap().contains_key(name), "{name}");
    }
}

#[test]
fn who_picked_up_is_told_in_twilios_words() {
    for (by, word) in [
        (AnsweredBy::Human, "human"),
        (AnsweredBy::MachineStart, "machine_start"),
        (AnsweredBy::MachineEndBeep, "machine_end_beep"),
        (AnsweredBy::MachineEndSilence, "machine_end_silence"),
        (AnsweredBy::MachineEndOther, "machine_end_other"),
        (AnsweredBy::Fax, "fax"),
        (AnsweredBy::Unknown, "unknown"),
    ] {
        let facts = CallFacts {
            answered_by: Some(by),
            ..placed(Dialect::Twiml)
        };
        assert_eq!(Dialect::Twiml.call_resource(&facts)["answered_by"], word);
    }
}

#[test]
fn a_bandwidth_call_state_has_every_key() {
    let state = Dialect::Bxml.call_resource(&over(Dialect::Bxml, EndedBy::Peer, true, 200));
    let wanted = json!({
        "applicationId": "app-1",
        "accountId": "9900000",
        "callId": Dialect::Bxml.call_sid(1),
        "parentCallId": null,
        "to": "sip:bob@phones.example.com",
        "from": "+15550001111",
        "direction": "outbound",
        "state": "disconnected",
        "stirShaken": null,
        "identity": null,
        "enqueuedTime": "2026-11-21T10:00:00.000Z",
        "startTime": "2026-11-21T10:00:00.020Z",
        "answerTime": "2026-11-21T10:00:03.000Z",
        "endTime": "2026-11-21T10:01:08.000Z",
        "disconnectCause": "hangup",
        "errorMessage": null,
        "errorId": null,
        "lastUpdate": "2026-11-21T10:01:08.000Z",
    });
    assert_eq!(state, wanted);
}

#[test]
fn bandwidth_tells_apart_why_a_call_that_we_placed_ended() {
    for (by, answered, status, cause) in [
        (EndedBy::Peer, true, 200, "hangup"),
        (EndedBy::Document, true, 200, "hangup"),
        (EndedBy::Api, true, 200, "hangup"),
        (EndedBy::Peer, false, 486, "busy"),
        (EndedBy::Peer, false, 600, "busy"),
        (EndedBy::Peer, false, 480, "timeout"),
        (EndedBy::Server, false, 487, "timeout"),
        (EndedBy::Server, false, 408, "timeout"),
        (EndedBy::Api, false, 487, "cancel"),
        (EndedBy::Peer, false, 603, "rejected"),
        (EndedBy::Peer, false, 403, "rejected"),
        (EndedBy::Server, false, 503, "error"),
        (EndedBy::Server, true, 200, "error"),
    ] {
        let facts = over(Dialect::Bxml, by, answered, status);
        let state = Dialect::Bxml.call_resource(&facts);
        assert_eq!(state["disconnectCause"], cause, "{by:?} {status}");
    }
    let mut failed = over(Dialect::Bxml, EndedBy::Server, true, 200);
    if let CallState::Ended(end) = &mut failed.state {
        end.cause = Some("invalid-bxml".to_owned());
        end.message = Some("1:2: no".to_owned());
    }
    let state = Dialect::Bxml.call_resource(&failed);
    assert_eq!(state["disconnectCause"], "invalid-bxml");
    assert_eq!(state["errorMessage"], "1:2: no");
    assert!(state["errorId"].is_string());
}

#[test]
fn a_jambonz_call_has_its_status_in_words_and_numbers() {
    let call = Dialect::Jambonz.call_resource(&over(Dialect::Jambonz, EndedBy::Peer, true, 200));
    assert_eq!(
        names(&call),
        [
            "account_sid",
            "application_sid",
            "call_id",
            "call_sid",
            "call_status",
            "caller_name",
            "customerData",
            "direction",
            "duration",
            "from",
            "originating_sip_ip",
            "originating_sip_trunk_name",
            "service_url",
            "sip_reason",
            "sip_status",
            "to",
            "trace_id",
        ]
        .into_iter()
        .filter(|name| *name != "customerData")
        .collect::<Vec<_>>()
    );
    assert_eq!(call["call_status"], "completed");
    assert_eq!(
        (&call["sip_status"], &call["duration"]),
        (&json!(200), &json!(65))
    );
    assert_eq!(
        (&call["from"], &call["to"]),
        (&json!("+15550001111"), &json!("bob"))
    );
    let running = Dialect::Jambonz.call_resource(&placed(Dialect::Jambonz));
    assert_eq!(running.get("duration"), None);
}

#[test]
fn a_new_call_is_replied_to_as_each_vendor_does() {
    let reply = Dialect::Twiml.call_created(&placed(Dialect::Twiml), Map::new());
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.body,
        Some(Dialect::Twiml.call_resource(&placed(Dialect::Twiml)))
    );
    assert_eq!(
        Dialect::Cxml
            .call_created(&placed(Dialect::Cxml), Map::new())
            .status,
        200
    );

    let Value::Object(repeated) = json!({"tag": "t1", "answerUrl": "https://a/", "priority": 1})
    else {
        panic!()
    };
    let reply = Dialect::Bxml.call_created(&placed(Dialect::Bxml), repeated);
    let url = format!(
        "https://voice.example.com/api/v2/accounts/9900000/calls/{}",
        Dialect::Bxml.call_sid(1)
    );
    assert_eq!(reply.status, 201);
    assert_eq!(reply.headers, [("Location", url.clone())]);
    let body = reply.body.unwrap();
    assert_eq!(body["callUrl"], url);
    assert_eq!((&body["tag"], &body["priority"]), (&json!("t1"), &json!(1)));
    assert_eq!(
        (&body["callTimeout"], &body["answerMethod"]),
        (&json!(30), &json!("POST"))
    );
    assert_eq!(body["enqueuedTime"], "2026-11-21T10:00:00.000Z");

    let reply = Dialect::Jambonz.call_created(&placed(Dialect::Jambonz), Map::new());
    let sid = Dialect::Jambonz.call_sid(1);
    assert_eq!(reply.status, 201);
    assert_eq!(
        reply.body,
        Some(json!({"sid": sid, "callId": "1@voice.example.com"}))
    );
}

#[test]
fn a_change_is_replied_to_as_each_vendor_does() {
    let reply = Dialect::Twiml.call_updated(&placed(Dialect::Twiml), None);
    assert_eq!(reply.status, 200);
    assert!(reply.body.is_some());
    let reply = Dialect::Bxml.call_updated(&placed(Dialect::Bxml), None);
    assert_eq!((reply.status, reply.body), (200, None));
    let reply = Dialect::Jambonz.call_updated(&placed(Dialect::Jambonz), None);
    assert_eq!((reply.status, reply.body), (202, None));
    let reply = Dialect::Jambonz.call_updated(&placed(Dialect::Jambonz), Some((200, "OK")));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, Some(json!({"status": 200, "reason": "OK"})));
}

#[test]
fn parties_are_told_as_they_were_given() {
    let by_trunk = CallFacts {
        trunk: Some("carrier".to_owned()),
        to: crate::example::party("2000", "carrier.example"),
        ..placed(Dialect::Twiml)
    };
    let told = |dialect: Dialect, facts: &CallFacts| dialect.parties_told(facts);
    let number = "+15550001111".to_owned();
    assert_eq!(
        told(Dialect::Twiml, &by_trunk),
        (number.clone(), "2000".to_owned())
    );
    let direct = placed(Dialect::Twiml);
    let uri = "sip:bob@phones.example.com".to_owned();
    assert_eq!(told(Dialect::Twiml, &direct), (number.clone(), uri.clone()));
    assert_eq!(
        told(Dialect::Cxml, &placed(Dialect::Cxml)),
        (number.clone(), uri.clone())
    );
    assert_eq!(
        told(Dialect::Bxml, &placed(Dialect::Bxml)),
        (number.clone(), uri)
    );
    assert_eq!(
        told(Dialect::Jambonz, &placed(Dialect::Jambonz)),
        (number, "bob".to_owned())
    );
    let inbound = CallFacts {
        direction: Direction::Inbound,
        from: crate::example::party("+15550001111", "phones.example.com"),
        ..direct
    };
    assert_eq!(
        told(Dialect::Twiml, &inbound).0,
        "sip:+15550001111@phones.example.com"
    );
}
