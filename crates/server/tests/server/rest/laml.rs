//! Twilio's and SignalWire's Calls resource.

use serde_json::json;

use super::*;

const PAUSE: &str = "<Response><Pause length=\"60\"/></Response>";

fn calls(api: &Api) -> String {
    format!("/2010-04-01/Accounts/{}/Calls", api.sid)
}

/// The path of the call that was just created.
fn path_of(api: &Api, created: &Reply) -> String {
    assert!(matches!(created.status, 200 | 201), "{created:?}");
    format!("{}/{}.json", calls(api), created.text("sid"))
}

#[test]
fn a_call_is_created_answered_referred_in_its_middle_and_ended() {
    let stage = Stage::new(PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let list = format!("{}.json", calls(&api));
    let created = api.form(
        &list,
        &[
            ("To", &format!("{}?X-Account=1%3B2", uri_of(&bob))),
            ("From", "+15550001111"),
            ("Url", &stage.application.url("/first")),
            ("StatusCallback", &stage.application.url("/status")),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
        ],
    );
    assert_eq!(created.status, 201, "{created:?}");
    let call = created.json();
    assert!(call["sid"].as_str().unwrap().starts_with("CA"));
    assert_eq!(call["account_sid"], TWILIO);
    assert_eq!(call["direction"], "outbound-api");
    assert_eq!(call["to"], uri_of(&bob));
    assert!(is_rfc_2822(&call["date_created"]), "{call}");
    let path = path_of(&api, &created);
    assert_eq!(call["uri"], path);

    let invite = takes(&mut bob);
    assert_eq!(header(&invite, "X-Account"), Some("1;2"));
    stands(&api, &path, "status", "in-progress");
    until("the document is asked for", || {
        !heard(&stage.application, "/first").is_empty()
    });
    let found = api
        .get(&format!("{list}?Status=in-progress&PageSize=20"))
        .json();
    assert_eq!(found["calls"][0]["sid"], call["sid"], "{found}");

    let document = format!(
        "<Response><Refer action=\"{}\"><Sip>sip:carol@example.com?X-A=1</Sip></Refer></Response>",
        stage.application.url("/done")
    );
    let referred = api.form(&path, &[("Twiml", &document)]);
    assert_eq!(
        (referred.status, referred.text("status")),
        (200, "in-progress".to_owned())
    );
    let refer = bob.request("REFER");
    let target = header(&refer, "Refer-To").unwrap();
    assert_eq!(target, "<sip:carol@example.com?X-A=1>");
    bob.answer(&refer, "202 Accepted");
    notify(
        &bob,
        &invite,
        1,
        "active;expires=60",
        "SIP/2.0 100 Trying\r\n",
    );
    notify(
        &bob,
        &invite,
        2,
        "terminated;reason=noresource",
        "SIP/2.0 486 Busy Here\r\n",
    );
    until("the result is told", || {
        !heard(&stage.application, "/done").is_empty()
    });
    let done = heard(&stage.application, "/done");
    for field in [
        "ReferCallStatus=busy",
        "ReferSipResponseCode=202",
        "NotifySipResponseCode=486",
    ] {
        assert!(done[0].contains(field), "{field}: {done:?}");
    }

    assert_eq!(api.form(&path, &[("Status", "completed")]).status, 200);
    bob.request("BYE");
    // Whether the BYE was answered is nothing to the record.
    stands(&api, &path, "status", "completed");
    let over = api.get(&path).json();
    assert!(is_rfc_2822(&over["end_time"]), "{over}");
    assert!(over["duration"].is_string(), "{over}");
    until("the end is told", || {
        heard(&stage.application, "/status").len() == 3
    });
    let told = heard(&stage.application, "/status");
    for (number, (word, told)) in ["queued", "in-progress", "completed"]
        .iter()
        .zip(&told)
        .enumerate()
    {
        assert!(told.contains(&format!("SequenceNumber={number}")), "{told}");
        let word = word.replace("queued", "initiated");
        assert!(told.contains(&format!("CallStatus={word}")), "{told}");
    }
    let late = api.form(&path, &[("Url", &stage.application.url("/late"))]);
    assert_eq!(
        (late.status, late.json()["code"].clone()),
        (400, json!(21220))
    );
    let late = api.form(&path, &[("Status", "completed")]);
    assert_eq!(
        (late.status, late.json()["code"].clone()),
        (400, json!(21220))
    );
    let found = api.get(&format!("{list}?Status=completed")).json();
    assert_eq!(found["calls"][0]["sid"], call["sid"]);
    assert_eq!(api.send("DELETE", &path, "", "").status, 204);
    let gone = api.get(&path);
    assert_eq!(
        (gone.status, gone.json()["code"].clone()),
        (404, json!(20404))
    );
    assert_eq!(api.send("DELETE", &path, "", "").status, 404);
    assert_eq!(api.get(&list).json()["calls"], json!([]));
}

#[test]
fn a_call_is_canceled_while_it_rings() {
    let stage = Stage::new(PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let order = [
        ("To", &*uri_of(&bob)),
        ("From", "+15550001111"),
        ("Twiml", PAUSE),
    ];
    let created = api.form(&format!("{}.json", calls(&api)), &order);
    let path = path_of(&api, &created);
    let invite = bob.request("INVITE");
    bob.answer(&invite, "180 Ringing");
    stands(&api, &path, "status", "ringing");
    assert_eq!(
        api.send("DELETE", &path, "", "").status,
        409,
        "it is not over"
    );
    assert_eq!(api.form(&path, &[("Status", "canceled")]).status, 200);
    bob.take("CANCEL", &invite, "200 OK");
    bob.answer(&invite, "487 Request Terminated");
    stands(&api, &path, "status", "canceled");
}

#[test]
fn an_answered_call_cannot_be_canceled() {
    let stage = Stage::new(PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let order = [
        ("To", &*uri_of(&bob)),
        ("From", "+15550001111"),
        ("Twiml", PAUSE),
    ];
    let created = api.form(&format!("{}.json", calls(&api)), &order);
    let path = path_of(&api, &created);
    takes(&mut bob);
    stands(&api, &path, "status", "in-progress");
    let refused = api.form(&path, &[("Status", "canceled")]);
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (400, json!(21220))
    );
    assert_eq!(api.get(&path).text("status"), "in-progress");
}

#[test]
fn of_two_updates_at_once_both_are_taken_and_the_later_one_stays() {
    let stage = Stage::with("shards = 2", PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let order = [
        ("To", &*uri_of(&bob)),
        ("From", "+15550001111"),
        ("Twiml", PAUSE),
    ];
    let created = api.form(&format!("{}.json", calls(&api)), &order);
    let path = path_of(&api, &created);
    takes(&mut bob);
    stands(&api, &path, "status", "in-progress");
    let ask = |target: &'static str| {
        let (api, path, url) = (api.clone(), path.clone(), stage.application.url(target));
        std::thread::spawn(move || api.form(&path, &[("Url", &url)]).status)
    };
    let asked = [ask("/one"), ask("/two")];
    assert_eq!(asked.map(|thread| thread.join().unwrap()), [200, 200]);
    until("a document is asked for", || {
        stage
            .application
            .heard()
            .iter()
            .any(|request| request.contains("/one") || request.contains("/two"))
    });
    assert_eq!(api.get(&path).text("status"), "in-progress");
    let end = || {
        let (api, path) = (api.clone(), path.clone());
        std::thread::spawn(move || api.form(&path, &[("Status", "completed")]).status)
    };
    let ended = [end(), end()].map(|thread| thread.join().unwrap());
    assert!(ended.contains(&200), "{ended:?}");
    assert!(
        ended.iter().all(|status| [200, 400].contains(status)),
        "{ended:?}"
    );
    bob.take("BYE", "", "200 OK");
    stands(&api, &path, "status", "completed");
}

#[test]
fn an_application_is_called_by_its_name_and_by_its_identifier() {
    let stage = Stage::new(PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let list = format!("{}.json", calls(&api));
    let order = |named: &str| {
        let order = [
            ("To", &*uri_of(&bob)),
            ("From", "+15550001111"),
            ("ApplicationSid", named),
        ];
        api.form(&list, &order)
    };
    assert_eq!(order("twiml-app").status, 201);
    for unknown in ["nobody", "cxml-app", "AP00000000000000000000000000000009"] {
        let refused = order(unknown);
        let code = refused.json()["code"].clone();
        assert_eq!((refused.status, code), (400, json!(21218)), "{unknown}");
    }
    takes(&mut bob);
    until("the application is asked", || {
        !heard(&stage.application, "/twiml/voice").is_empty()
    });
}

#[test]
fn pages_lead_from_the_first_to_past_the_end() {
    let stage = Stage::new(PAUSE);
    let (api, mut bob) = (stage.twilio(), callee());
    let list = format!("{}.json", calls(&api));
    let mut sids = Vec::new();
    for _ in 0..5 {
        let order = [
            ("To", &*uri_of(&bob)),
            ("From", "+15550001111"),
            ("Twiml", PAUSE),
        ];
        let created = api.form(&list, &order);
        let invite = bob.request("INVITE");
        bob.answer(&invite, "486 Busy Here");
        stands(&api, &path_of(&api, &created), "status", "busy");
        sids.insert(0, created.text("sid"));
    }
    let mut next = format!("{list}?PageSize=2&Status=busy");
    let mut pages: Vec<Vec<String>> = Vec::new();
    loop {
        let page = api.get(&next).json();
        assert_eq!(page["page"], pages.len(), "{page}");
        assert_eq!(page["page_size"], 2);
        let calls = page["calls"].as_array().unwrap();
        let sids = calls
            .iter()
            .map(|call| call["sid"].as_str().unwrap().to_owned());
        pages.push(sids.collect());
        match page["next_page_uri"].as_str() {
            Some(uri) => uri.clone_into(&mut next),
            None => break,
        }
    }
    let wanted: Vec<Vec<String>> = sids.chunks(2).map(<[String]>::to_vec).collect();
    assert_eq!(pages, wanted);
    let past = api.get(&format!("{list}?PageSize=2&Page=7"));
    assert_eq!(
        (past.status, past.json()["calls"].clone()),
        (200, json!([]))
    );
    for (query, wanted) in [
        ("Status=completed", 0),
        ("To=sip:nobody@example.com", 0),
        ("From=%2B15550001111", 5),
        ("ParentCallSid=CA1", 0),
        ("StartTime%3E=2020-01-01&StartTime%3C=2020-01-02", 0),
        ("StartTime%3E=2020-01-01", 5),
    ] {
        let found = api.get(&format!("{list}?{query}")).json();
        assert_eq!(found["calls"].as_array().unwrap().len(), wanted, "{query}");
    }
    for query in [
        "Status=nonsense",
        "StartTime=yesterday",
        "PageToken=x",
        "To=%ff",
    ] {
        assert_eq!(api.get(&format!("{list}?{query}")).status, 400, "{query}");
    }
}

#[test]
fn signalwire_has_its_documented_paths_its_words_and_its_status() {
    let stage = Stage::new(PAUSE);
    let (api, mut bob) = (stage.signalwire(), callee());
    let list = format!("/api/laml/2010-04-01/Accounts/{}/Calls", api.sid);
    let order = [
        ("To", &*uri_of(&bob)),
        ("From", "+15550001111"),
        ("Laml", PAUSE),
    ];
    let created = api.form(&list, &order);
    assert_eq!(created.status, 200, "{created:?}");
    let sid = created.text("sid");
    assert_eq!(sid.len(), 36, "a UUID");
    takes(&mut bob);
    let path = format!("{list}/{sid}");
    stands(&api, &path, "status", "in-progress");
    for path in [
        path.clone(),
        format!("{path}.json"),
        format!("{}/{sid}", calls(&api)),
        format!("{}/{sid}.json", calls(&api)),
    ] {
        let found = api.get(&path);
        assert_eq!(
            (found.status, found.text("sid")),
            (200, sid.clone()),
            "{path}"
        );
    }
    let redirected = api.form(&path, &[("Url", &stage.application.url("/next"))]);
    assert_eq!(redirected.status, 200);
    until("the next document is asked for", || {
        !heard(&stage.application, "/next").is_empty()
    });
    assert_eq!(api.form(&path, &[("Status", "completed")]).status, 200);
    bob.take("BYE", "", "200 OK");
    stands(&api, &path, "status", "completed");
    assert!(api.get(&path).json()["duration"].is_number());
    let found = api.get(&format!("{list}?PageSize=1")).json();
    assert!(found.get("start").is_none(), "not SignalWire's: {found}");
    assert_eq!(api.send("DELETE", &path, "", "").status, 204);
}

#[test]
fn what_cannot_be_called_is_refused_with_the_code_that_says_why() {
    let rest = "[transfer]\nallow_targets = [\"127.0.0.1\", \"+44*\"]\n\
                [[users]]\nname = \"alice\"\ndomain = \"127.0.0.1\"\npassword = \"p\"\n";
    let stage = Stage::with(rest, PAUSE);
    let api = stage.twilio();
    let list = format!("{}.json", calls(&api));
    for (to, code) in [
        ("", 21201),
        ("nonsense", 21211),
        ("sip:nobody@127.0.0.1", 21211),
        ("+4420", 21214),
        ("sip:alice@127.0.0.1", 21214),
        ("+4930", 21215),
        ("sip:x@other.example", 21215),
    ] {
        let refused = api.form(
            &list,
            &[("To", to), ("From", "+15550001111"), ("Twiml", PAUSE)],
        );
        let error = refused.json();
        assert_eq!(
            (refused.status, &error["code"]),
            (400, &json!(code)),
            "{to}: {error}"
        );
        assert_eq!(error["status"], 400);
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(
            error.get("type").is_none() && error.get("title").is_none(),
            "{error}"
        );
    }
    assert_eq!(
        api.get(&list).json()["calls"],
        json!([]),
        "nothing is left of them"
    );
}
