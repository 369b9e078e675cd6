//! What operators see of a call.

use std::time::Duration;

use hookflash_call::{GivenDocument, ladder, view};
use hookflash_dialects::Dialect;
use serde_json::{Value, json};

use crate::support::application::Page;
use crate::support::documents::{TARGET, V, document};
use crate::support::world::{World, in_virtual_time};

/// A call whose target is busy, seen from its INVITE to its BYE.
async fn busy_target(world: &World) {
    let refer = document(Dialect::Twiml, &[V::Refer(TARGET, Some("/done"))]);
    world.application.page("/start", Page::document(refer));
    let hangup = Page::document(document(Dialect::Twiml, &[V::Hangup]));
    world
        .application
        .page("/done", hangup.after(Duration::from_millis(12)));
    world.application.page("/status", Page::status(200));
    let phone = world.phone();
    phone.call().await;
    let refer = phone.request("REFER").await;
    phone.answer(&refer, 202, "Accepted", &[]);
    phone.notify("refer", "active;expires=60", "SIP/2.0 180 Ringing\r\n");
    phone.response("NOTIFY").await;
    phone.listen(Duration::from_secs(3)).await;
    phone.notify(
        "refer",
        "terminated;reason=noresource",
        "SIP/2.0 486 Busy Here\r\n",
    );
    phone.response("NOTIFY").await;
    phone.listen(Duration::from_secs(1)).await;
    world.settle().await;
}

#[test]
fn a_call_is_shown_with_legs_verbs_webhooks_and_transfers() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        busy_target(&world).await;
        let call = world.view();
        let keys: Vec<&str> = call
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            keys,
            [
                "sid",
                "account",
                "application",
                "dialect",
                "direction",
                "from",
                "to",
                "status",
                "startedAt",
                "answeredAt",
                "endedAt",
                "endedBy",
                "legs",
                "verbs",
                "webhooks",
                "transfers"
            ]
        );
        assert_eq!(call["status"], "completed");
        assert_eq!(call["endedBy"], "document");
        assert_eq!(call["from"], "sip:+441632960001@phone.example");
        assert_eq!(
            call["startedAt"].as_str().unwrap().len(),
            "2026-11-21T10:00:00.000Z".len()
        );
        let verbs = call["verbs"].as_array().unwrap();
        let names: Vec<_> = verbs.iter().map(|v| (&v["verb"], &v["state"])).collect();
        assert_eq!(
            names,
            [
                (&json!("Refer"), &json!("done")),
                (&json!("Hangup"), &json!("done"))
            ]
        );
        let webhooks = call["webhooks"].as_array().unwrap();
        let asked: Vec<_> = webhooks
            .iter()
            .map(|w| (&w["purpose"], &w["status"]))
            .collect();
        assert_eq!(
            asked,
            [
                (&json!("first"), &json!(200)),
                (&json!("action"), &json!(200)),
                (&json!("status"), &json!(200))
            ]
        );
        let transfer = &call["transfers"][0];
        assert_eq!(transfer["kind"], "blind");
        assert_eq!(transfer["target"], TARGET);
        assert_eq!(transfer["referStatus"], 202);
        assert_eq!(transfer["notifyStatuses"], json!([180, 486]));
        assert_eq!(transfer["finalNotifyStatus"], 486);
        assert_eq!(transfer["end"], "final");
        assert_eq!(transfer["outcome"], "failed");
        assert_eq!(transfer["endedBy"], "notify");
        assert_eq!(transfer["lateNotifyStatuses"], json!([]));
        assert!(
            transfer["verdict"]
                .as_str()
                .unwrap()
                .contains("486 Busy Here")
        );
        assert!(transfer["startedAt"].as_str() < transfer["endedAt"].as_str());
    });
}

#[test]
fn a_trace_has_every_event_in_order_with_its_kind_and_details() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        busy_target(&world).await;
        let trace = view::trace(&world.record());
        let trace = trace.as_array().unwrap();
        let kinds = ["sip", "webhook", "verb", "media", "transfer", "call"];
        for event in trace {
            assert!(kinds.contains(&event["kind"].as_str().unwrap()), "{event}");
            assert!(!event["summary"].as_str().unwrap().is_empty(), "{event}");
            assert!(event["details"].is_object(), "{event}");
        }
        for kind in kinds {
            assert!(
                trace.iter().any(|event| event["kind"] == kind),
                "no {kind} event"
            );
        }
        let times: Vec<_> = trace
            .iter()
            .map(|event| event["at"].as_str().unwrap())
            .collect();
        assert!(times.is_sorted());
        let transfer: Vec<_> = trace
            .iter()
            .filter(|event| event["kind"] == "transfer")
            .map(|event| event["summary"].as_str().unwrap())
            .collect();
        assert_eq!(
            transfer,
            [
                "transfer 1 began",
                "the far end reports 180",
                "the far end reports 486",
                "transfer 1 failed (final)"
            ]
        );
        let sip: Vec<String> = trace
            .iter()
            .filter(|event| event["kind"] == "sip")
            .map(|e| {
                format!(
                    "{} {}",
                    e["direction"].as_str().unwrap(),
                    e["summary"].as_str().unwrap()
                )
            })
            .collect();
        let wanted = [
            "in INVITE",
            "out 200 OK",
            "in ACK",
            "out REFER",
            "in 202 Accepted",
            "in NOTIFY",
            "out BYE",
            "in 200 OK",
        ];
        let mut at = 0;
        for line in wanted {
            let found = sip[at..].iter().position(|event| event.starts_with(line));
            at += found.unwrap_or_else(|| panic!("no {line} in {sip:#?}"));
        }
    });
}

#[test]
fn a_ladder_shows_three_parties_and_ends_with_the_verdict() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        busy_target(&world).await;
        let text = ladder(&world.record());
        let has = |parts: &[&str]| {
            let line = text
                .lines()
                .find(|line| parts.iter().all(|part| line.contains(part)));
            assert!(line.is_some(), "no line with {parts:?} in\n{text}");
        };
        has(&["phone", "hookflash", "application"]);
        has(&["── INVITE ", ">│"]);
        has(&["│<", " 200 OK ──│"]);
        has(&["── POST /start (first) ", ">│"]);
        has(&["│<", "200 (action, 12 ms)"]);
        has(&["● Refer (1:"]);
        has(&["── NOTIFY 486 Busy Here ", ">│"]);
        has(&["Transfer to sip:bob@target.example", "accepted the REFER"]);
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    });
}

#[test]
fn watchers_see_every_entry_as_it_is_written() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let mut watcher = world.ledger.watch();
        busy_target(&world).await;
        let entries = world.record().entries(<[_]>::len);
        let mut seen = Vec::new();
        while let Ok(published) = watcher.try_recv() {
            seen.push(view::watched(&published.call, published.index).unwrap());
        }
        assert_eq!(seen.len(), entries);
        assert!(
            seen.iter()
                .all(|event| event["call"] == world.view()["sid"])
        );
    });
}

#[test]
fn the_ledger_lists_newest_first_with_a_cursor_and_forgets_the_oldest_ended() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let hangup = document(Dialect::Twiml, &[V::Hangup]);
        world.application.page("/start", Page::document(hangup));
        for _ in 0..5 {
            let phone = world.phone();
            phone.call().await;
            phone.listen(Duration::from_secs(1)).await;
        }
        let newest = world.ledger.newest(2, None, |_| true);
        assert!(newest[0].key > newest[1].key);
        let cursor = newest[1].facts(|facts| facts.sid.clone());
        let rest = world.ledger.newest(9, Some(&cursor), |_| true);
        assert_eq!(rest.len(), 3);
        assert!(rest[0].key < newest[1].key);
        assert!(world.ledger.newest(9, None, |_| false).is_empty());
        assert!(world.ledger.find(&cursor).is_some());
        world.settle().await;
        assert_eq!(world.ledger.counters.calls_live(), 0);
    });
}

#[test]
fn a_running_transfer_is_shown_without_a_result() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let refer = document(Dialect::Twiml, &[V::Refer(TARGET, None)]);
        world.application.page("/start", Page::document(refer));
        let phone = world.phone();
        phone.call().await;
        let refer = phone.request("REFER").await;
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.notify("refer", "active;expires=60", "SIP/2.0 180 Ringing\r\n");
        phone.response("NOTIFY").await;
        let transfer = world.transfer();
        assert_eq!(transfer["end"], Value::Null);
        assert_eq!(transfer["notifyStatuses"], json!([180]));
        assert!(ladder(&world.record()).contains("under way"));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_url_that_cannot_be_asked_does_not_shift_the_replies_of_others() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        // A document from nowhere has nothing that its relative URL could stand relative to.
        let redirect = document(Dialect::Twiml, &[V::Redirect("/later")]);
        world.change_options(|options| {
            options.document = Some(GivenDocument {
                body: redirect.into(),
                name: "night.xml".to_owned(),
                base: String::new(),
            });
        });
        let hangup = Page::document(document(Dialect::Twiml, &[V::Hangup]));
        world.application.page("/fallback", hangup);
        world.application.page("/status", Page::status(204));
        let phone = world.phone();
        phone.call().await;
        phone.listen(Duration::from_secs(1)).await;
        world.settle().await;
        let call = world.view();
        let webhooks = call["webhooks"].as_array().unwrap();
        let asked: Vec<_> = webhooks
            .iter()
            .map(|w| (&w["purpose"], &w["status"], w["error"].is_null()))
            .collect();
        assert_eq!(
            asked,
            [
                (&Value::Null, &Value::Null, false),
                (&json!("fallback"), &json!(200), true),
                (&json!("status"), &json!(204), true)
            ]
        );
        let text = ladder(&world.record());
        assert!(text.contains("200 (fallback, "), "{text}");
        assert!(text.contains("204 (status, "), "{text}");
    });
}

#[test]
fn a_peer_that_sends_without_end_fills_no_journal_and_the_trace_says_what_is_missing() {
    in_virtual_time(async {
        let world = World::new(Dialect::Bxml);
        let pause = document(Dialect::Bxml, &[V::Pause(600)]);
        world.application.page("/start", Page::document(pause));
        let phone = world.phone();
        phone.call().await;
        for _ in 0..1_000 {
            phone.send("OPTIONS", &[], "");
            assert_eq!(phone.response("OPTIONS").await.status(), 200);
        }
        phone.send("BYE", &[], "");
        world.settle().await;
        let trace = view::trace(&world.record());
        let trace = trace.as_array().unwrap();
        assert!(trace.len() < 2_000, "{}", trace.len());
        assert!(
            trace
                .iter()
                .any(|event| event["details"]["state"] == "ended"),
            "there is room for the end of the call"
        );
        let last = trace.last().unwrap();
        assert!(last["details"]["missing"].as_u64() > Some(400), "{last}");
    });
}
