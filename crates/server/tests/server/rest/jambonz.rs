//! jambonz' Calls resource, with live call control.

use serde_json::json;

use super::*;

const HOLD: &str = r#"[{"verb":"pause","length":60}]"#;

fn calls(api: &Api) -> String {
    format!("/v1/Accounts/{}/Calls", api.sid)
}

fn order(stage: &Stage, bob: &Peer) -> Value {
    json!({
        "from": "+15550001111", "to": {"type": "sip", "sipUri": uri_of(bob)},
        "call_hook": stage.application.url("/first"),
        "call_status_hook": stage.application.url("/status"),
        "headers": {"X-Account": "1"},
    })
}

/// Places a call that is answered; gives its path and the INVITE.
fn answered(stage: &Stage, api: &Api, bob: &mut Peer) -> (String, String) {
    let created = api.json("POST", &calls(api), &order(stage, bob));
    assert_eq!(created.status, 201, "{created:?}");
    assert!(created.json()["callId"].is_string());
    let path = format!("{}/{}", calls(api), created.text("sid"));
    let invite = takes(bob);
    stands(api, &path, "call_status", "in-progress");
    until("the first document is asked for", || {
        !heard(&stage.application, "/first").is_empty()
    });
    (path, invite)
}

#[test]
fn a_call_is_created_answered_redirected_to_a_refer_and_ended() {
    let stage = Stage::new(
        r#"[{"verb":"sip:refer","referTo":"sip:carol@example.com"},{"verb":"pause","length":60}]"#,
    );
    let (api, mut bob) = (stage.jambonz(), callee());
    let (path, invite) = answered(&stage, &api, &mut bob);
    assert_eq!(header(&invite, "X-Account"), Some("1"));
    let refer = bob.take("REFER", "", "603 Decline");
    assert!(
        header(&refer, "Refer-To")
            .unwrap()
            .contains("sip:carol@example.com")
    );
    let hook = json!({"call_hook": {"url": stage.application.url("/next"), "method": "POST"}});
    let redirected = api.json("PUT", &path, &hook);
    assert_eq!((redirected.status, redirected.body.len()), (202, 0));
    until("the next document is asked for", || {
        !heard(&stage.application, "/next").is_empty()
    });
    let refer = bob.take("REFER", &refer, "603 Decline");
    for slash in ["", "/"] {
        let found = api
            .get(&format!("{}{slash}?from=%2B15550001111", calls(&api)))
            .json();
        assert_eq!(found[0]["call_status"], "in-progress", "{found}");
    }
    let count = api
        .get(&format!("/v1/Accounts/{}/CallCount", api.sid))
        .json();
    assert_eq!(count, json!({"inbound": 0, "outbound": 1}));
    assert_eq!(
        api.json("PUT", &path, &json!({"call_status": "completed"}))
            .status,
        202
    );
    bob.take("BYE", &refer, "200 OK");
    stands(&api, &path, "call_status", "completed");
    until("the end is told", || {
        let told = heard(&stage.application, "/status");
        told.last()
            .is_some_and(|told| told.contains("\"completed\""))
    });
    let late = api.json("PUT", &path, &hook);
    assert_eq!(late.status, 422);
    assert!(!late.text("msg").is_empty());
    let count = api
        .get(&format!("/v1/Accounts/{}/CallCount", api.sid))
        .json();
    assert_eq!(count, json!({"inbound": 0, "outbound": 0}));
}

#[test]
fn a_hook_that_leads_nowhere_is_refused_and_the_call_goes_on() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.jambonz(), callee());
    let (path, _) = answered(&stage, &api, &mut bob);
    for nowhere in ["next", "ftp://a.example/next", "http://", "//next"] {
        for hook in [json!(nowhere), json!({"url": nowhere})] {
            let refused = api.json("PUT", &path, &json!({"call_hook": hook}));
            assert_eq!(refused.status, 400, "{hook}");
            assert!(refused.text("msg").contains(nowhere), "{hook}");
        }
    }
    assert_eq!(api.get(&path).json()["call_status"], "in-progress");
    let next = api.json("PUT", &path, &json!({"call_hook": "/next"}));
    assert_eq!(next.status, 202);
    until("the next document is asked for", || {
        !heard(&stage.application, "/next").is_empty()
    });
    let noise = json!({"noise_isolation_status": "enable"});
    let refused = api.json("PUT", &path, &noise);
    assert_eq!(refused.status, 422);
    assert!(refused.text("msg").contains("noise"));
    assert_eq!(api.send("DELETE", &path, "", "").status, 204);
    bob.take("BYE", "", "200 OK");
}

#[test]
fn delete_ends_a_call_that_runs_and_forgets_one_that_is_over() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.jambonz(), callee());
    let (path, _) = answered(&stage, &api, &mut bob);
    assert_eq!(api.send("DELETE", &path, "", "").status, 204);
    bob.take("BYE", "", "200 OK");
    stands(&api, &path, "call_status", "completed");
    assert_eq!(api.send("DELETE", &path, "", "").status, 204);
    let gone = api.get(&path);
    assert_eq!((gone.status, gone.body.len()), (404, 0));
    assert_eq!(api.send("DELETE", &path, "", "").status, 404);
}

#[test]
fn a_ringing_call_is_given_up_and_an_answered_one_cannot_be() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.jambonz(), callee());
    let created = api.json("POST", &calls(&api), &order(&stage, &bob));
    let path = format!("{}/{}", calls(&api), created.text("sid"));
    let invite = bob.request("INVITE");
    bob.answer(&invite, "180 Ringing");
    stands(&api, &path, "call_status", "ringing");
    for not_yet in [
        json!({"call_status": "completed"}),
        json!({"mute_status": "mute"}),
        json!({"transfer": {"target": {"type": "sip", "sipUri": "sip:carol@example.com"}}}),
    ] {
        assert_eq!(api.json("PUT", &path, &not_yet).status, 422, "{not_yet}");
    }
    assert_eq!(
        api.json("PUT", &path, &json!({"call_status": "no-answer"}))
            .status,
        202
    );
    bob.take("CANCEL", &invite, "200 OK");
    bob.answer(&invite, "487 Request Terminated");
    stands(&api, &path, "call_status", "no-answer");
    let mut bob = callee();
    let (path, _) = answered(&stage, &api, &mut bob);
    assert_eq!(
        api.json("PUT", &path, &json!({"call_status": "no-answer"}))
            .status,
        422
    );
}

#[test]
fn a_transfer_of_the_api_that_fails_leaves_the_call_waiting_for_what_comes_next() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.jambonz(), callee());
    let (path, invite) = answered(&stage, &api, &mut bob);
    let transfer = json!({"transfer": {
        "mode": "blind", "blindMethod": "refer",
        "target": [{"type": "sip", "sipUri": "sip:carol@example.com?X-A=1"}],
    }});
    for number in [1, 2] {
        assert_eq!(api.json("PUT", &path, &transfer).status, 202);
        let refer = bob.request("REFER");
        assert_eq!(
            header(&refer, "Refer-To"),
            Some("<sip:carol@example.com?X-A=1>")
        );
        bob.answer(&refer, "202 Accepted");
        notify(
            &bob,
            &invite,
            number,
            "terminated;reason=noresource",
            "SIP/2.0 486 Busy Here\r\n",
        );
        let sid = path.rsplit('/').next().unwrap();
        until("the transfer has failed", || {
            let view = stage.server_view(sid);
            let transfers = view["transfers"].as_array().unwrap();
            transfers.len() == number as usize
                && transfers
                    .iter()
                    .all(|transfer| transfer["outcome"] == "failed")
        });
    }
    // Nothing has ended the call, and it still does what it is told.
    assert_eq!(api.get(&path).text("call_status"), "in-progress");
    let hook = json!({"call_hook": stage.application.url("/next")});
    assert_eq!(api.json("PUT", &path, &hook).status, 202);
    until("the next document is asked for", || {
        !heard(&stage.application, "/next").is_empty()
    });
}

#[test]
fn a_request_within_the_dialog_is_replied_to_with_the_answer_of_the_other_party() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.jambonz(), callee());
    let (path, _) = answered(&stage, &api, &mut bob);
    let asked = std::thread::spawn({
        let (api, path) = (api.clone(), path.clone());
        let info = json!({"sip_request": {
            "method": "INFO", "content_type": "text/plain", "content": "x",
            "headers": {"X-A": "1"},
        }});
        move || api.json("PUT", &path, &info)
    });
    let info = bob.take("INFO", "", "415 Unsupported Media Type");
    assert_eq!(header(&info, "X-A"), Some("1"));
    let reply = asked.join().unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"status": 415, "reason": "Unsupported Media Type"})
    );
}

#[test]
fn requests_that_make_no_sense_are_refused_with_a_sentence() {
    let stage = Stage::new(HOLD);
    let (api, mut bob) = (stage.jambonz(), callee());
    let (path, _) = answered(&stage, &api, &mut bob);
    for (body, status) in [
        (json!({}), 400),
        (
            json!({"call_status": "completed", "mute_status": "mute"}),
            400,
        ),
        (json!({"call_status": "busy"}), 400),
        (json!({"conf_mute_status": "mute"}), 422),
        (json!({"listen_status": "pause"}), 422),
    ] {
        let refused = api.json("PUT", &path, &body);
        assert_eq!(refused.status, status, "{body}");
        assert!(!refused.text("msg").is_empty());
    }
    for order in [
        json!({"from": "1", "to": {"type": "sip"}, "call_hook": "http://127.0.0.1:9/"}),
        json!({"from": "1", "to": {"type": "sip", "sipUri": "sip:a@127.0.0.1"}}),
        json!({"from": "1", "to": {"type": "sip", "sipUri": "sip:a@127.0.0.1"}, "application_sid": "bxml-app"}),
        json!({"from": "1", "to": {"type": "phone", "number": "+4420"}, "call_hook": "http://127.0.0.1:9/"}),
    ] {
        let refused = api.json("POST", &calls(&api), &order);
        assert_eq!(refused.status, 400, "{order}");
        assert!(!refused.text("msg").is_empty());
    }
    assert_eq!(
        api.get(&path).text("call_status"),
        "in-progress",
        "none of it did anything"
    );
}
