//! From the INVITE to the end of the last document: answering, refusing, falling back, and never
//! leaving the caller hanging.

use std::time::Duration;

use hookflash_call::GivenDocument;
use hookflash_dialects::{Dialect, FetchErrorKind};
use serde_json::{Value, json};

use crate::support::application::Page;
use crate::support::documents::{TARGET, V, answered, document};
use crate::support::phone::{OFFER, Phone};
use crate::support::world::{World, in_virtual_time};

/// Sends an INVITE and reads for a while.
async fn invite(world: &World, time: Duration) -> Phone {
    let phone = world.phone();
    phone.send("INVITE", &[("Content-Type", "application/sdp")], OFFER);
    phone.listen(time).await;
    phone
}

fn with_first(dialect: Dialect, first: impl Into<String>) -> World {
    let world = World::new(dialect);
    world.application.page("/start", Page::document(first));
    world.application.page("/events", Page::status(200));
    world
}

fn status_of(world: &World) -> Value {
    world.view()["legs"][0]["sipStatus"].clone()
}

#[test]
fn a_caller_hears_ringing_while_the_document_is_fetched_except_in_jambonz() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = World::new(dialect);
            let slow = Page::document(document(dialect, &[V::Hangup]));
            world
                .application
                .page("/start", slow.after(Duration::from_secs(4)));
            let phone = invite(&world, Duration::from_millis(100)).await;
            assert!(phone.has_heard_status(100), "{dialect}");
            assert_eq!(
                phone.has_heard_status(180),
                dialect != Dialect::Jambonz,
                "{dialect}"
            );
            assert!(!phone.has_heard_status(200), "{dialect}");
            let first = &world.application.asked_at("/start")[0];
            let (name, word) = match dialect {
                Dialect::Twiml | Dialect::Cxml => ("CallStatus", "ringing"),
                Dialect::Bxml => ("eventType", "initiate"),
                Dialect::Jambonz => ("call_status", "trying"),
            };
            assert_eq!(first.field(name), word, "{dialect}");
            let answer = phone.response("INVITE").await;
            phone.take_dialog(&answer);
            phone.send("ACK", &[], "");
            phone.listen(Duration::from_secs(1)).await;
            world.settle().await;
        });
    }
}

#[test]
fn the_end_of_a_document_ends_an_unanswered_call_as_its_dialect_says() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let first = match dialect {
                Dialect::Jambonz => json!([{"verb": "tag", "data": {"a": 1}}]).to_string(),
                _ => document(dialect, &[]),
            };
            let world = with_first(dialect, first);
            let phone = world.phone();
            let answer = phone.call().await;
            phone.listen(Duration::from_secs(2)).await;
            world.settle().await;
            let byes = phone.count_heard("BYE");
            match answer.status() {
                200 => assert_eq!(byes, 1, "{dialect}"),
                status => {
                    assert!(status >= 400, "{dialect}: {status}");
                    assert_eq!(byes, 0, "{dialect}");
                }
            }
            if dialect == Dialect::Jambonz {
                assert_eq!(answer.status(), 603);
            }
            assert_eq!(world.view()["endedBy"], "document", "{dialect}");
            assert_eq!(
                world.view()["legs"][0]["sipStatus"],
                answer.status(),
                "{dialect}"
            );
        });
    }
}

#[test]
fn hangup_ends_an_unanswered_call_as_the_end_of_its_document_does() {
    for dialect in [Dialect::Bxml, Dialect::Jambonz] {
        in_virtual_time(async {
            let first = match dialect {
                Dialect::Jambonz => json!([{"verb": "hangup"}, {"verb": "answer"}]).to_string(),
                _ => document(dialect, &[V::Hangup, V::Pause(1)]),
            };
            let world = with_first(dialect, first);
            let phone = world.phone();
            assert_eq!(phone.call().await.status(), 603, "{dialect}");
            world.settle().await;
            // Refused by the document, not given up by this server.
            let trace = hookflash_call::view::trace(&world.record()).to_string();
            assert!(!trace.contains("not sent"), "{dialect}: {trace}");
            assert_eq!(world.view()["endedBy"], "document", "{dialect}");
        });
    }
}

#[test]
fn reject_refuses_with_its_status_and_ends_an_answered_call() {
    let reject = |reason| format!("<Response><Reject reason=\"{reason}\"/></Response>");
    for (reason, status) in [("busy", 486), ("rejected", 404)] {
        in_virtual_time(async {
            let world = with_first(Dialect::Twiml, reject(reason));
            let phone = world.phone();
            assert_eq!(phone.call().await.status(), status);
            world.settle().await;
            assert_eq!(status_of(&world), status);
            assert_eq!(world.view()["answeredAt"], Value::Null);
            let told = world.application.asked_at("/status");
            assert_eq!(told.len(), 1, "one final status");
        });
    }
}

#[test]
fn decline_refuses_with_status_reason_and_headers_of_the_document() {
    in_virtual_time(async {
        let decline = json!([{
            "verb": "sip:decline", "status": 480, "reason": "Gone Fishing",
            "headers": {"X-Why": "holiday", "Contact": "<sip:evil@example.com>"}
        }]);
        let world = with_first(Dialect::Jambonz, decline.to_string());
        let phone = world.phone();
        let answer = phone.call().await;
        assert_eq!(answer.first_line, "SIP/2.0 480 Gone Fishing");
        assert_eq!(answer.header("X-Why"), Some("holiday"));
        assert!(!format!("{:?}", answer.headers).contains("evil"));
        world.settle().await;
        let notes = world.view()["verbs"][0]["notes"].to_string();
        assert!(notes.contains("Contact"), "{notes}");
    });
}

#[test]
fn a_first_document_that_cannot_be_had_is_sought_at_the_fallback() {
    for dialect in [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml] {
        in_virtual_time(async {
            let world = World::new(dialect);
            world
                .application
                .page("/start", Page::failing(FetchErrorKind::Refused));
            let fallback = Page::document(document(dialect, &[V::Pause(1)]));
            world.application.page("/fallback", fallback);
            let phone = world.phone();
            assert_eq!(phone.call().await.status(), 200, "{dialect}");
            phone.listen(Duration::from_secs(3)).await;
            world.settle().await;
            assert_eq!(
                world.application.asked_at("/fallback").len(),
                1,
                "{dialect}"
            );
        });
    }
}

#[test]
fn without_a_usable_fallback_the_caller_gets_a_defined_answer() {
    for dialect in Dialect::ALL {
        for page in [
            Page::failing(FetchErrorKind::Dns),
            Page::status(500),
            Page::document("<Response><Refer>").after(Duration::from_millis(10)),
            Page::document("nonsense"),
            Page::document("").after(Duration::from_secs(60)),
        ] {
            in_virtual_time(async {
                let world = World::new(dialect);
                world.application.page("/start", page.clone());
                world.application.page("/fallback", Page::status(503));
                let phone = world.phone();
                let answer = phone.call().await;
                assert_eq!(
                    answer.status(),
                    dialect.refusal_without_document(),
                    "{dialect}"
                );
                let has_reason = answer.header("X-Reason").is_some();
                assert_eq!(has_reason, dialect == Dialect::Jambonz, "{dialect}");
                world.settle().await;
                let told = world.application.asked_at("/status");
                let finals = told.iter().filter(|asked| asked.is_final());
                assert_eq!(finals.count(), 1, "{dialect}");
                assert_eq!(world.view()["endedBy"], "server", "{dialect}");
            });
        }
    }
}

#[test]
fn a_bad_document_is_journalled_with_line_and_column() {
    in_virtual_time(async {
        let world = with_first(Dialect::Bxml, "<Response>\n  <Refer/>\n</Response>");
        let phone = world.phone();
        assert_eq!(phone.call().await.status(), 480);
        world.settle().await;
        let trace = hookflash_call::view::trace(&world.record());
        let remark = trace
            .as_array()
            .unwrap()
            .iter()
            .find(|event| event["details"]["code"] == "invalid-bxml")
            .expect("a remark");
        assert_eq!(remark["details"]["line"], 2, "{remark}");
        assert_eq!(
            world.application.asked_at("/status")[0].field("cause"),
            "invalid-bxml"
        );
    });
}

#[test]
fn a_verb_that_cannot_be_run_takes_the_vendors_path() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let first = match dialect {
                Dialect::Twiml | Dialect::Cxml => {
                    "<Response><Pause length=\"1\"/><Enqueue>q</Enqueue></Response>".to_owned()
                }
                Dialect::Bxml => {
                    "<Response><Pause duration=\"1\"/><Conference>c</Conference></Response>".into()
                }
                Dialect::Jambonz => json!([
                    {"verb": "answer"}, {"verb": "pause", "length": 1},
                    {"verb": "enqueue", "name": "q"}
                ])
                .to_string(),
            };
            let world = with_first(dialect, first);
            let fallback = document(dialect, &[V::Redirect("/reply")]);
            world
                .application
                .page("/fallback", Page::document(fallback));
            world
                .application
                .page("/reply", Page::document(document(dialect, &[V::Hangup])));
            let phone = world.phone();
            assert_eq!(phone.call().await.status(), 200, "{dialect}");
            phone.listen(Duration::from_secs(5)).await;
            world.settle().await;
            let falls_back = matches!(dialect, Dialect::Twiml | Dialect::Cxml);
            let fallback = world.application.asked_at("/fallback");
            assert_eq!(fallback.len(), usize::from(falls_back), "{dialect}");
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            if dialect == Dialect::Bxml {
                let told = &world.application.asked_at("/status")[0];
                assert_eq!(told.field("cause"), "application-error");
            }
            let verbs = world.view()["verbs"].to_string();
            assert!(
                verbs.contains("cannot be run by this release"),
                "{dialect}: {verbs}"
            );
        });
    }
}

#[test]
fn documents_that_redirect_in_a_circle_are_stopped() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let circle = document(dialect, &[V::Redirect("/start")]);
            let world = with_first(dialect, circle);
            let phone = world.phone();
            let answer = phone.call().await;
            phone.listen(Duration::from_secs(2)).await;
            world.settle().await;
            assert!(
                answer.status() != 200 || phone.count_heard("BYE") == 1,
                "{dialect}"
            );
            let asked = world.application.asked_at("/start").len();
            assert!((50..=101).contains(&asked), "{dialect}: {asked}");
            assert_eq!(world.view()["endedBy"], "server", "{dialect}");
        });
    }
}

#[test]
fn a_circle_of_transfers_that_are_never_sent_is_stopped() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let circle = document(dialect, &[V::Refer("sip:", Some("/start"))]);
            let world = with_first(dialect, circle);
            let phone = world.phone();
            assert_eq!(phone.call().await.status(), 200, "{dialect}");
            phone.listen(Duration::from_secs(2)).await;
            world.settle().await;
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            assert_eq!(world.view()["endedBy"], "server", "{dialect}");
        });
    }
}

#[test]
fn a_circle_of_transfers_that_are_refused_at_once_is_stopped() {
    in_virtual_time(async {
        let circle = document(Dialect::Twiml, &[V::Refer(TARGET, Some("/start"))]);
        let world = with_first(Dialect::Twiml, circle);
        let phone = world.phone();
        phone.call().await;
        for _ in 0..256 {
            let refer = phone.request("REFER").await;
            phone.answer(&refer, 405, "Method Not Allowed", &[]);
        }
        phone.listen(Duration::from_secs(2)).await;
        world.settle().await;
        assert_eq!(phone.count_heard("BYE"), 1);
        assert_eq!(world.view()["endedBy"], "server");
        assert_eq!(world.view()["transfers"].as_array().unwrap().len(), 256);
    });
}

#[test]
fn headers_of_the_invite_are_told_as_long_as_the_dialect_tells_them() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let refer = document(
                dialect,
                &[V::Refer("sip:bob@target.example", Some("/done"))],
            );
            let world = with_first(dialect, refer);
            world
                .application
                .page("/done", Page::document(document(dialect, &[V::Hangup])));
            let phone = world.phone();
            let headers = [
                ("Content-Type", "application/sdp"),
                ("X-Case", "77"),
                ("User-to-User", "abc;encoding=hex"),
            ];
            phone.call_with(&headers, OFFER).await;
            let refer = phone.request("REFER").await;
            phone.answer(&refer, 603, "Decline", &[]);
            phone.listen(Duration::from_secs(2)).await;
            world.settle().await;
            let first = &world.application.asked_at("/start")[0];
            let done = &world.application.asked_at("/done")[0];
            match dialect {
                Dialect::Twiml | Dialect::Cxml => {
                    for told in [first, done] {
                        assert_eq!(told.field("SipHeader_X-Case"), "77", "{dialect}");
                    }
                }
                Dialect::Bxml => assert!(first.field("uui").contains("abc")),
                Dialect::Jambonz => {
                    assert_eq!(first.fields["sip"]["headers"]["X-Case"], "77");
                    assert!(first.fields["sip"]["raw"].as_str().unwrap().contains("v=0"));
                    assert!(!done.fields.contains_key("sip"));
                    let events = world.application.asked_at("/events");
                    let refused = events
                        .iter()
                        .find(|event| event.field("event").contains("REFER"));
                    let payload = &refused.unwrap().fields["payload"];
                    assert_eq!(payload["sip"]["headers"]["X-Case"], "77");
                }
            }
        });
    }
}

#[test]
fn a_tag_goes_with_every_later_request() {
    in_virtual_time(async {
        let first = "<Response><Tag>one</Tag><Redirect redirectUrl=\"/two\"/></Response>";
        let world = with_first(Dialect::Bxml, first);
        let second = "<Response><Redirect redirectUrl=\"/three\" tag=\"2\"/></Response>";
        world.application.page("/two", Page::document(second));
        let third = "<Response><Tag></Tag><Hangup/></Response>";
        world.application.page("/three", Page::document(third));
        let phone = world.phone();
        phone.call().await;
        world.settle().await;
        let tag_at = |path: &str| world.application.asked_at(path)[0].field("tag");
        let tags = ["/start", "/two", "/three", "/status"].map(tag_at);
        assert_eq!(tags, ["-", "one", "2", "-"]);
    });
    in_virtual_time(async {
        let first = json!([
            {"verb": "tag", "data": {"case": 7}}, {"verb": "redirect", "actionHook": "/two"}
        ]);
        let world = with_first(Dialect::Jambonz, first.to_string());
        world.application.page(
            "/two",
            Page::document(json!([{"verb": "hangup"}]).to_string()),
        );
        let phone = world.phone();
        assert_eq!(phone.call().await.status(), 603);
        world.settle().await;
        assert_eq!(
            world.application.asked_at("/two")[0].fields["customerData"]["case"],
            7
        );
    });
}

#[test]
fn a_status_hook_of_a_redirect_is_told_from_then_on() {
    in_virtual_time(async {
        let first =
            json!([{"verb": "redirect", "actionHook": "/two", "statusHook": "/new-status"}]);
        let world = with_first(Dialect::Jambonz, first.to_string());
        let second = json!([{"verb": "answer"}, {"verb": "hangup"}]);
        world
            .application
            .page("/two", Page::document(second.to_string()));
        let phone = world.phone();
        phone.call().await;
        phone.listen(Duration::from_secs(1)).await;
        world.settle().await;
        let words = |path: &str| -> Vec<String> {
            let asked = world.application.asked_at(path);
            asked
                .iter()
                .map(|asked| asked.field("call_status"))
                .collect()
        };
        assert_eq!(words("/status"), ["trying"]);
        assert_eq!(words("/new-status"), ["in-progress", "completed"]);
    });
}

#[test]
fn hangup_puts_the_documents_headers_on_the_bye() {
    in_virtual_time(async {
        let first = json!([
            {"verb": "answer"}, {"verb": "hangup", "headers": {"X-Reason": "done", "Route": "<sip:e>"}}
        ]);
        let world = with_first(Dialect::Jambonz, first.to_string());
        let phone = world.phone();
        phone.polite.set(false);
        phone.call().await;
        let bye = phone.request("BYE").await;
        assert_eq!(bye.header("X-Reason"), Some("done"));
        assert_eq!(bye.header("Route"), None);
        phone.answer(&bye, 200, "OK", &[]);
        world.settle().await;
    });
}

#[test]
fn settings_without_effect_are_named_in_the_journal() {
    in_virtual_time(async {
        let first = json!([{"verb": "config", "notifyEvents": true, "referHook": "/r"}]);
        let world = with_first(Dialect::Jambonz, first.to_string());
        let phone = world.phone();
        assert_eq!(phone.call().await.status(), 603);
        world.settle().await;
        let notes = world.view()["verbs"][0]["notes"].to_string();
        assert!(
            notes.contains("referHook") && notes.contains("notifyEvents"),
            "{notes}"
        );
    });
}

#[test]
fn a_circle_with_a_pause_in_it_goes_on() {
    in_virtual_time(async {
        let circle = document(Dialect::Bxml, &[V::Pause(1), V::Redirect("/start")]);
        let world = with_first(Dialect::Bxml, circle);
        let phone = world.phone();
        phone.call().await;
        phone.listen(Duration::from_secs(200)).await;
        assert_eq!(world.desk.live(), 1);
        assert!(world.application.asked_at("/start").len() > 150);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_caller_who_gives_up_while_the_document_is_fetched_is_told_of_once() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = World::new(dialect);
            let slow = Page::document(document(dialect, &[V::Pause(1)]));
            world
                .application
                .page("/start", slow.after(Duration::from_secs(9)));
            world.application.page("/events", Page::status(200));
            let phone = invite(&world, Duration::from_secs(1)).await;
            phone.send("CANCEL", &[], "");
            assert_eq!(phone.response("CANCEL").await.status(), 200, "{dialect}");
            let answer = phone.response("INVITE").await;
            assert_eq!(answer.status(), 487, "{dialect}");
            phone.take_dialog(&answer);
            phone.send("ACK", &[], "");
            phone.listen(Duration::from_secs(15)).await;
            world.settle().await;
            assert_eq!(world.view()["endedBy"], "peer", "{dialect}");
            assert_eq!(status_of(&world), 487, "{dialect}");
            let finals = world.application.asked_at("/status");
            let finals = finals.iter().filter(|asked| asked.is_final());
            assert_eq!(finals.count(), 1, "{dialect}");
            assert_eq!(world.application.asked_at("/start").len(), 1, "{dialect}");
        });
    }
}

#[test]
fn a_static_document_needs_no_application() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        world.change_options(|options| {
            options.document = Some(GivenDocument {
                body: answered(Dialect::Twiml, &[V::Pause(2)]).into(),
                name: "night.xml".to_owned(),
                base: String::new(),
            });
        });
        let phone = world.phone();
        assert_eq!(phone.call().await.status(), 200);
        assert!(!phone.has_heard_status(180), "nothing to wait for");
        phone.listen(Duration::from_secs(5)).await;
        world.settle().await;
        assert_eq!(world.application.paths(), ["/status"]);
    });
}

#[test]
fn the_longest_call_is_ended_and_told() {
    in_virtual_time(async {
        let world = with_first(Dialect::Twiml, answered(Dialect::Twiml, &[V::Pause(3600)]));
        world.change_options(|options| options.max_duration = Some(Duration::from_secs(60)));
        let phone = world.phone();
        phone.call().await;
        phone.listen(Duration::from_secs(59)).await;
        assert_eq!(phone.count_heard("BYE"), 0);
        phone.listen(Duration::from_secs(2)).await;
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "server");
    });
}

#[test]
fn jambonz_skips_a_transfer_of_an_unanswered_call_without_its_hook() {
    in_virtual_time(async {
        let first = json!([
            {"verb": "sip:refer", "referTo": "sip:bob@target.example", "actionHook": "/done"},
            {"verb": "sip:decline", "status": 486}
        ]);
        let world = with_first(Dialect::Jambonz, first.to_string());
        let phone = world.phone();
        assert_eq!(phone.call().await.status(), 486);
        world.settle().await;
        assert!(world.application.asked_at("/done").is_empty());
        assert_eq!(world.transfer()["end"], "not_applicable");
        assert_eq!(phone.count_heard("REFER"), 0);
        assert_eq!(world.view()["verbs"][0]["state"], "skipped");
    });
}

#[test]
fn c4_a_target_that_cannot_be_sent_is_no_refer_and_a_failure_without_codes() {
    let targets = [
        "http://bob@target.example",
        "sip:",
        "<sip:bob@target.example",
        "sip:bob@[::1",
    ];
    for dialect in Dialect::ALL {
        for target in targets {
            in_virtual_time(async {
                let xml = target.replace('<', "&lt;");
                let target = if dialect == Dialect::Jambonz {
                    target
                } else {
                    &xml
                };
                let refer = document(dialect, &[V::Refer(leak(target), Some("/done"))]);
                let world = with_first(dialect, refer);
                world
                    .application
                    .page("/done", Page::document(document(dialect, &[V::Hangup])));
                let phone = world.phone();
                assert_eq!(phone.call().await.status(), 200, "{dialect} {target}");
                phone.listen(Duration::from_secs(3)).await;
                world.settle().await;
                assert_eq!(phone.count_heard("REFER"), 0, "{dialect} {target}");
                let told = world.application.asked_at("/done");
                assert_eq!(told.len(), 1, "{dialect} {target}");
                for code in [
                    "ReferSipResponseCode",
                    "referSipResponseCode",
                    "refer_status",
                ] {
                    assert_eq!(told[0].field(code), "-", "{dialect} {target}");
                }
                assert_eq!(
                    world.transfer()["end"],
                    "not_applicable",
                    "{dialect} {target}"
                );
            });
        }
    }
}

#[test]
fn a_target_that_the_operator_does_not_allow_is_refused_and_reported() {
    in_virtual_time(async {
        let refer = document(
            Dialect::Twiml,
            &[V::Refer("sip:bob@forbidden.example", Some("/done"))],
        );
        let world = with_first(Dialect::Twiml, refer);
        let hangup = document(Dialect::Twiml, &[V::Hangup]);
        world.application.page("/done", Page::document(hangup));
        world.change_options(|options| {
            options.transfer.allow_targets = hookflash_transfer::AllowList::new(["target.example"]);
        });
        let phone = world.phone();
        phone.call().await;
        phone.listen(Duration::from_secs(3)).await;
        world.settle().await;
        assert_eq!(phone.count_heard("REFER"), 0);
        assert_eq!(
            world.application.asked_at("/done")[0].field("ReferCallStatus"),
            "failed"
        );
    });
}

#[test]
fn c6_headers_of_the_stack_are_not_taken_from_a_document() {
    in_virtual_time(async {
        let refer = json!([
            {"verb": "answer"},
            {"verb": "sip:refer", "referTo": "+441632960999", "referredBy": "+441632960000",
             "headers": {"X-Case": "7", "Via": "SIP/2.0/UDP evil", "r": "<sip:evil@example.com>"}}
        ]);
        let world = with_first(Dialect::Jambonz, refer.to_string());
        let phone = world.phone();
        phone.call().await;
        let refer = phone.request("REFER").await;
        assert_eq!(refer.header("X-Case"), Some("7"));
        assert_eq!(
            refer.header("Refer-To"),
            Some("<sip:+441632960999@phone.example>")
        );
        let referred_by = refer.header("Referred-By").unwrap();
        assert!(
            referred_by.contains("<sip:+441632960000@phone.example>"),
            "{referred_by}"
        );
        assert!(!format!("{:?}", refer.headers).contains("evil"));
        phone.answer(&refer, 603, "Decline", &[]);
        phone.listen(Duration::from_secs(1)).await;
        world.settle().await;
        let notes = world.view()["verbs"][1]["notes"].to_string();
        assert!(notes.contains("Via"), "{notes}");
    });
}

#[test]
fn c12_a_bare_number_for_a_caller_without_a_host_goes_to_where_it_calls_from() {
    in_virtual_time(async {
        let refer = json!([
            {"verb": "answer"},
            {"verb": "sip:refer", "referTo": "+441632960999"}
        ]);
        let world = with_first(Dialect::Jambonz, refer.to_string());
        let mut phone = world.phone();
        phone.from = "<tel:+441632960123>;tag=a1".to_owned();
        phone.call().await;
        let refer = phone.request("REFER").await;
        assert_eq!(
            refer.header("Refer-To"),
            Some("<sip:+441632960999@127.0.0.1>")
        );
        phone.answer(&refer, 603, "Decline", &[]);
        phone.listen(Duration::from_secs(1)).await;
        world.settle().await;
    });
}

#[test]
fn c25_the_local_party_is_the_referrer_unless_switched_off() {
    for named in [true, false] {
        in_virtual_time(async {
            let refer = document(Dialect::Bxml, &[V::Refer("sip:bob@target.example", None)]);
            let world = with_first(Dialect::Bxml, refer);
            world.change_options(|options| options.transfer.referred_by = named);
            let phone = world.phone();
            phone.call().await;
            let refer = phone.request("REFER").await;
            let wanted = named.then_some("<sip:support@127.0.0.1:5060>");
            assert_eq!(refer.header("Referred-By"), wanted);
            phone.answer(&refer, 603, "Decline", &[]);
            phone.listen(Duration::from_secs(1)).await;
            world.settle().await;
        });
    }
}

/// The documents of these tests want texts that live for ever.
fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}
