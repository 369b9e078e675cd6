//! What runs after a transfer without a result URL, and after replies of every kind
//! (rows 30 to 34 of the comparison of the dialects).

use std::time::Duration;

use hookflash_dialects::{Dialect, FetchErrorKind};

use crate::support::application::Page;
use crate::support::documents::{TARGET, V, document};
use crate::support::phone::Phone;
use crate::support::world::{World, in_virtual_time};

fn world(dialect: Dialect, result: Option<&'static str>) -> World {
    let world = World::new(dialect);
    let refer = document(dialect, &[V::Refer(TARGET, result), V::Redirect("/later")]);
    world.application.page("/start", Page::document(refer));
    world
        .application
        .page("/later", Page::document(document(dialect, &[V::Hangup])));
    world
        .application
        .page("/reply", Page::document(document(dialect, &[V::Hangup])));
    world
}

/// Calls, and lets the transfer succeed or fail.
async fn transfer(world: &World, final_status: &str) -> Phone {
    let phone = world.phone();
    phone.call().await;
    let refer = phone.request("REFER").await;
    phone.answer(&refer, 202, "Accepted", &[]);
    phone.notify(
        "refer",
        "terminated;reason=noresource",
        &format!("SIP/2.0 {final_status}\r\n"),
    );
    assert_eq!(phone.response("NOTIFY").await.status(), 200);
    phone
}

#[test]
fn without_a_result_url_the_next_verb_runs_except_after_success_in_bxml() {
    for dialect in Dialect::ALL {
        for (status, succeeded) in [("200 OK", true), ("486 Busy Here", false)] {
            in_virtual_time(async {
                let world = world(dialect, None);
                let phone = transfer(&world, status).await;
                phone.listen(Duration::from_secs(10)).await;
                let runs = !(dialect == Dialect::Bxml && succeeded);
                let asked = world.application.asked_at("/later").len();
                assert_eq!(asked, usize::from(runs), "{dialect} after {status}");
                assert_eq!(phone.count_heard("BYE"), 1, "{dialect} after {status}");
                world.settle().await;
            });
        }
    }
}

#[test]
fn c77_after_success_bxml_hangs_up_at_once_and_its_callback_may_take_its_time() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml, Some("/done"));
        let slow = Page::document(document(Dialect::Bxml, &[V::Redirect("/reply")]));
        world
            .application
            .page("/done", slow.after(Duration::from_secs(10)));
        let phone = transfer(&world, "200 OK").await;
        phone.listen(Duration::from_millis(100)).await;
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
        assert_eq!(world.application.asked_at("/done").len(), 1);
        assert!(world.application.asked_at("/reply").is_empty());
        let paths = world.application.paths();
        assert_eq!(
            paths,
            ["/start", "/done", "/status"],
            "the end is told after the result"
        );
    });
}

#[test]
fn the_grace_after_success_delays_the_reply_and_never_the_callback() {
    for dialect in [Dialect::Twiml, Dialect::Cxml, Dialect::Jambonz] {
        in_virtual_time(async {
            let world = world(dialect, Some("/done"));
            let reply = document(dialect, &[V::Redirect("/reply")]);
            world.application.page("/done", Page::document(reply));
            let phone = transfer(&world, "200 OK").await;
            phone.listen(Duration::from_millis(500)).await;
            assert_eq!(
                world.application.asked_at("/done").len(),
                1,
                "{dialect}: told at once"
            );
            assert!(
                world.application.asked_at("/reply").is_empty(),
                "{dialect}: waits"
            );
            phone.listen(Duration::from_secs(3)).await;
            assert_eq!(
                world.application.asked_at("/reply").len(),
                1,
                "{dialect}: runs then"
            );
            world.settle().await;
        });
    }
}

#[test]
fn who_hangs_up_in_the_grace_time_is_left_alone() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, Some("/done"));
        let reply = document(Dialect::Twiml, &[V::Redirect("/reply")]);
        world.application.page("/done", Page::document(reply));
        let phone = transfer(&world, "200 OK").await;
        phone.listen(Duration::from_millis(800)).await;
        phone.send("BYE", &[], "");
        assert_eq!(phone.response("BYE").await.status(), 200);
        world.settle().await;
        assert_eq!(world.application.asked_at("/done").len(), 1);
        assert!(world.application.asked_at("/reply").is_empty());
        assert_eq!(world.view()["endedBy"], "peer");
    });
}

#[test]
fn an_empty_reply_ends_the_document_or_means_carry_on() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect, Some("/done"));
            let empty = match dialect {
                Dialect::Jambonz => "[]".to_owned(),
                _ => document(dialect, &[]),
            };
            world.application.page("/done", Page::document(empty));
            let phone = transfer(&world, "486 Busy Here").await;
            phone.listen(Duration::from_secs(5)).await;
            let carries_on = dialect == Dialect::Jambonz;
            let later = world.application.asked_at("/later").len();
            assert_eq!(later, usize::from(carries_on), "{dialect}");
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            world.settle().await;
        });
    }
}

#[test]
fn c145_a_result_url_that_fails_leads_to_the_fallback_or_a_defined_end() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect, Some("/done"));
            world
                .application
                .page("/done", Page::failing(FetchErrorKind::Refused));
            let fallback = document(dialect, &[V::Redirect("/reply")]);
            world
                .application
                .page("/fallback", Page::document(fallback));
            let phone = transfer(&world, "486 Busy Here").await;
            phone.listen(Duration::from_secs(5)).await;
            world.settle().await;
            let asked = |path: &str| world.application.asked_at(path);
            let counts = (
                asked("/fallback").len(),
                asked("/reply").len(),
                asked("/later").len(),
            );
            let wanted = match dialect {
                // The fallback is told what failed, and its reply runs.
                Dialect::Twiml | Dialect::Cxml => (1, 1, 0),
                // There is none for this verb: the call ends with callback-error.
                Dialect::Bxml => (0, 0, 0),
                // The verb swallows it and goes on.
                Dialect::Jambonz => (0, 0, 1),
            };
            assert_eq!(counts, wanted, "{dialect}");
            if let Some(fallback) = asked("/fallback").first() {
                assert_ne!(fallback.field("ErrorCode"), "-");
                assert_eq!(fallback.field("ErrorUrl"), "http://app.example/done");
                assert_eq!(fallback.field("ReferCallStatus"), "busy");
            }
            if dialect == Dialect::Bxml {
                assert_eq!(asked("/status")[0].field("cause"), "callback-error");
            }
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
        });
    }
}

#[test]
fn c140_a_second_refer_after_a_failed_first_one_works() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect, Some("/done"));
            let again = document(
                dialect,
                &[V::Refer("sip:carol@target.example", Some("/done2"))],
            );
            world.application.page("/done", Page::document(again));
            world
                .application
                .page("/done2", Page::document(document(dialect, &[V::Hangup])));
            let phone = transfer(&world, "486 Busy Here").await;
            let second = phone.request("REFER").await;
            assert_eq!(
                second.header("Refer-To"),
                Some("<sip:carol@target.example>")
            );
            phone.answer(&second, 202, "Accepted", &[]);
            let cseq = second.header("CSeq").unwrap().split(' ').next().unwrap();
            let event = format!("refer;id={cseq}");
            phone.notify(&event, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
            assert_eq!(phone.response("NOTIFY").await.status(), 200);
            phone.listen(Duration::from_secs(5)).await;
            world.settle().await;
            assert_eq!(world.application.asked_at("/done").len(), 1, "{dialect}");
            assert_eq!(world.application.asked_at("/done2").len(), 1, "{dialect}");
            let transfers = world.view()["transfers"].clone();
            assert_eq!(transfers[0]["finalNotifyStatus"], 486, "{dialect}");
            assert_eq!(transfers[1]["finalNotifyStatus"], 200, "{dialect}");
        });
    }
}

#[test]
fn a_transfer_in_the_middle_of_a_recording_and_a_stream_ends_both_with_the_call() {
    for status in ["200 OK", "486 Busy Here"] {
        in_virtual_time(async {
            let world = World::new(Dialect::Jambonz);
            for path in ["/status", "/events"] {
                world.application.page(path, Page::status(200));
            }
            let refer = document(Dialect::Jambonz, &[V::Refer(TARGET, Some("/done"))]);
            let refer = refer.trim_start_matches('[');
            let document = format!(
                r#"[{{"verb": "config", "record": {{"action": "startCallRecording"}},
                    "listen": {{"enable": true, "url": "wss://app.example/ear"}}}}, {refer}"#
            );
            world.begins_with(&document);
            world.then("/done", r#"[{"verb": "pause", "length": 2}]"#);
            let (phone, _handset) = world.caller().await;
            let request = phone.request("REFER").await;
            phone.answer(&request, 202, "Accepted", &[]);
            tokio::time::sleep(Duration::from_secs(3)).await;
            let final_status = format!("SIP/2.0 {status}\r\n");
            phone.notify("refer", "terminated;reason=noresource", &final_status);
            assert_eq!(phone.response("NOTIFY").await.status(), 200);
            phone.send("BYE", &[], "");
            world.settle().await;
            assert_eq!(
                world.asked_once("/done").fields["final_referred_call_status"]
                    .to_string()
                    .trim_matches('"'),
                &status[..3],
                "{status}"
            );
            let recording = world.host.services.recording();
            assert!(
                recording.duration >= Duration::from_secs(3),
                "{recording:?}"
            );
        });
    }
}
