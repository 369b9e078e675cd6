//! Races: what crosses, what comes twice, what comes too late. Numbers are those of the protocol
//! checklist.

use std::time::Duration;

use hookflash_dialects::{CallAction, Dialect};

use crate::support::application::Page;
use crate::support::documents::{TARGET, V, document};
use crate::support::phone::{Phone, Read};
use crate::support::world::{World, in_virtual_time};

const OVER: &str = "terminated;reason=noresource";

fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    let refer = document(
        dialect,
        &[V::Refer(TARGET, Some("/done")), V::Redirect("/later")],
    );
    world.application.page("/start", Page::document(refer));
    let hangup = document(dialect, &[V::Hangup]);
    world
        .application
        .page("/done", Page::document(hangup.clone()));
    world.application.page("/later", Page::document(hangup));
    world.application.page("/progress", Page::status(200));
    world
}

async fn referred(world: &World) -> (Phone, Read) {
    let phone = world.phone();
    phone.call().await;
    let refer = phone.request("REFER").await;
    (phone, refer)
}

#[test]
fn c1_no_refer_is_sent_before_the_ack_has_come() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        phone.send(
            "INVITE",
            &[("Content-Type", "application/sdp")],
            crate::support::phone::OFFER,
        );
        let answer = phone.response("INVITE").await;
        phone.take_dialog(&answer);
        phone.listen(Duration::from_secs(3)).await;
        assert_eq!(phone.count_heard("REFER"), 0);
        phone.send("ACK", &[], "");
        phone.request("REFER").await;
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn c130_a_final_notify_before_the_202_is_success_once_and_bye_waits_for_the_answer() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let (phone, refer) = referred(&world).await;
        phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        phone.listen(Duration::from_secs(1)).await;
        assert_eq!(
            phone.count_heard("BYE"),
            0,
            "not before the answer to REFER"
        );
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.listen(Duration::from_secs(1)).await;
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
        assert_eq!(world.application.asked_at("/done").len(), 1);
    });
}

#[test]
fn c46_a_refusal_after_an_early_notify_wins() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, refer) = referred(&world).await;
        phone.notify("refer", "active;expires=60", "SIP/2.0 100 Trying\r\n");
        phone.response("NOTIFY").await;
        phone.answer(&refer, 403, "Forbidden", &[]);
        phone.listen(Duration::from_secs(2)).await;
        world.settle().await;
        let told = world.application.asked_at("/done");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field("ReferCallStatus"), "failed");
        assert_eq!(told[0].field("ReferSipResponseCode"), "403");
        assert_eq!(world.transfer()["end"], "rejected");
    });
}

#[test]
fn c132_a_bye_that_crosses_the_refer_gives_one_result() {
    for answer in [Some(481), None] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml);
            let (phone, refer) = referred(&world).await;
            phone.send("BYE", &[], "");
            if let Some(status) = answer {
                phone.answer(&refer, status, "Gone", &[]);
            }
            assert_eq!(phone.response("BYE").await.status(), 200);
            world.settle().await;
            assert_eq!(world.application.asked_at("/done").len(), 1);
            assert_eq!(world.transfer()["outcome"], "canceled");
            assert_eq!(world.application.asked_at("/status").len(), 1);
        });
    }
}

#[test]
fn c136_a_notify_after_the_result_is_answered_and_amends_the_verdict_only() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        world.change_options(|o| o.transfer.final_notify_timeout = Duration::from_secs(30));
        let pause = document(Dialect::Bxml, &[V::Pause(60)]);
        world.application.page("/done", Page::document(pause));
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.listen(Duration::from_secs(35)).await;
        assert_eq!(world.transfer()["end"], "timeout");
        phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        world.settle().await;
        let transfer = world.transfer();
        assert_eq!(transfer["end"], "timeout");
        assert_eq!(transfer["outcome"], "unknown");
        assert_eq!(transfer["lateNotifyStatuses"], serde_json::json!([200]));
        assert!(
            transfer["verdict"].as_str().unwrap().contains("did answer"),
            "{transfer}"
        );
        assert_eq!(world.application.asked_at("/done").len(), 1);
    });
}

#[test]
fn a_notify_after_the_bye_still_amends_the_verdict() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.send("BYE", &[], "");
        phone.response("BYE").await;
        phone.listen(Duration::from_secs(4)).await;
        assert_eq!(world.transfer()["end"], "leg_hangup");
        phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        world.settle().await;
        assert_eq!(
            world.transfer()["lateNotifyStatuses"],
            serde_json::json!([200])
        );
        assert_eq!(world.application.asked_at("/done").len(), 1);
    });
}

#[test]
fn c138_the_first_final_notify_counts() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let pause = document(Dialect::Twiml, &[V::Pause(5)]);
        world.application.page("/done", Page::document(pause));
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.notify("refer", "active;expires=60", "SIP/2.0 486 Busy Here\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        world.settle().await;
        assert_eq!(world.transfer()["finalNotifyStatus"], 486);
        assert_eq!(world.transfer()["outcome"], "failed");
        assert_eq!(world.application.asked_at("/done").len(), 1);
    });
}

#[test]
fn c139_a_notify_for_an_older_refer_is_credited_to_that_one() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        world.change_options(|o| o.transfer.final_notify_timeout = Duration::from_secs(5));
        let again = document(Dialect::Bxml, &[V::Refer(TARGET, Some("/done2"))]);
        world.application.page("/done", Page::document(again));
        let hangup = document(Dialect::Bxml, &[V::Hangup]);
        world.application.page("/done2", Page::document(hangup));
        let id = |refer: &Read| {
            format!(
                "refer;id={}",
                refer.header("CSeq").unwrap().split(' ').next().unwrap()
            )
        };
        let (phone, first) = referred(&world).await;
        phone.answer(&first, 202, "Accepted", &[]);
        let second = phone.request("REFER").await;
        phone.answer(&second, 202, "Accepted", &[]);
        phone.notify(&id(&first), OVER, "SIP/2.0 486 Busy Here\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        phone.notify(&id(&second), OVER, "SIP/2.0 200 OK\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        world.settle().await;
        let transfers = world.view()["transfers"].clone();
        assert_eq!(transfers[0]["end"], "timeout");
        assert_eq!(transfers[0]["lateNotifyStatuses"], serde_json::json!([486]));
        assert_eq!(transfers[1]["outcome"], "succeeded");
        assert_eq!(transfers[1]["notifyStatuses"], serde_json::json!([200]));
        assert_eq!(world.application.asked_at("/done").len(), 1);
        assert_eq!(world.application.asked_at("/done2").len(), 1);
    });
}

#[test]
fn c158_notifys_without_a_status_are_no_progress() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        for fragment in ["SIP/2.0 99 Low", "To: <sip:bob@x>", "SIP/2.0 2000 High"] {
            phone.notify("refer", "active;expires=60", fragment);
            assert_eq!(phone.response("NOTIFY").await.status(), 200);
        }
        phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        world.settle().await;
        let progress = world.application.asked_at("/progress");
        let statuses: Vec<_> = progress.iter().map(|p| p.field("call_status")).collect();
        assert_eq!(statuses, ["200"]);
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert_eq!(trace.matches("brings no status").count(), 3);
    });
}

#[test]
fn c141_a_final_notify_and_a_bye_in_one_burst_are_success_in_either_order() {
    for bye_first in [false, true] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml);
            let (phone, refer) = referred(&world).await;
            phone.answer(&refer, 202, "Accepted", &[]);
            if bye_first {
                // The subscription outlives the call (RFC 6665 §4.5.2).
                phone.notify("refer", "active;expires=60", "SIP/2.0 180 Ringing\r\n");
                phone.response("NOTIFY").await;
                phone.send("BYE", &[], "");
                phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
            } else {
                phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
                phone.send("BYE", &[], "");
            }
            assert_eq!(phone.response("BYE").await.status(), 200);
            assert_eq!(phone.response("NOTIFY").await.status(), 200);
            world.settle().await;
            let told = world.application.asked_at("/done");
            assert_eq!(told.len(), 1, "bye first: {bye_first}");
            assert_eq!(
                told[0].field("ReferCallStatus"),
                "in-progress",
                "bye first: {bye_first}"
            );
            assert_eq!(world.transfer()["outcome"], "succeeded");
        });
    }
}

#[test]
fn c142_byes_that_cross_after_success_are_both_answered() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
        phone.response("NOTIFY").await;
        phone.send("BYE", &[], "");
        assert_eq!(phone.response("BYE").await.status(), 200);
        world.settle().await;
        assert_eq!(world.application.asked_at("/done").len(), 1);
        assert_eq!(world.application.asked_at("/status").len(), 1);
    });
}

#[test]
fn c143_an_api_hang_up_during_a_transfer_is_a_canceled_transfer_with_its_callback() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, refer) = referred(&world).await;
            phone.answer(&refer, 202, "Accepted", &[]);
            phone.notify("refer", "active;expires=60", "SIP/2.0 180 Ringing\r\n");
            phone.response("NOTIFY").await;
            world.tell(CallAction::HangUp).unwrap();
            phone.listen(Duration::from_secs(1)).await;
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            world.settle().await;
            assert_eq!(world.application.asked_at("/done").len(), 1, "{dialect}");
            assert_eq!(world.transfer()["outcome"], "canceled", "{dialect}");
            assert_eq!(world.transfer()["endedBy"], "local_hangup", "{dialect}");
            assert_eq!(world.view()["endedBy"], "api", "{dialect}");
            assert!(world.tell(CallAction::HangUp).is_err());
        });
    }
}

#[test]
fn c143_an_api_redirect_during_a_transfer_supersedes_it_without_a_callback() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            world
                .application
                .page("/new", Page::document(document(dialect, &[V::Pause(3)])));
            let (phone, refer) = referred(&world).await;
            phone.answer(&refer, 202, "Accepted", &[]);
            phone.listen(Duration::from_millis(100)).await;
            world.redirect("/new");
            phone.listen(Duration::from_secs(1)).await;
            assert_eq!(world.application.asked_at("/new").len(), 1, "{dialect}");
            phone.notify("refer", OVER, "SIP/2.0 200 OK\r\n");
            assert_eq!(phone.response("NOTIFY").await.status(), 200);
            phone.listen(Duration::from_secs(6)).await;
            world.settle().await;
            assert!(world.application.asked_at("/done").is_empty(), "{dialect}");
            assert!(world.application.asked_at("/later").is_empty(), "{dialect}");
            assert_eq!(world.transfer()["end"], "superseded", "{dialect}");
            let events = world.application.asked_at("/events");
            let events = events
                .iter()
                .filter(|event| event.field("event").contains("REFER"));
            assert_eq!(
                events.count(),
                usize::from(dialect == Dialect::Jambonz),
                "{dialect}"
            );
            assert_eq!(world.view()["endedBy"], "document", "{dialect}");
        });
    }
}

#[test]
fn c146_a_slow_progress_hook_keeps_its_order_and_is_not_overtaken_by_the_result() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let slow = Page::status(200).after(Duration::from_secs(2));
        world.application.page("/progress", slow);
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        for status in ["100 Trying", "180 Ringing", "183 Session Progress"] {
            phone.notify(
                "refer",
                "active;expires=60",
                &format!("SIP/2.0 {status}\r\n"),
            );
            assert_eq!(phone.response("NOTIFY").await.status(), 200);
        }
        phone.notify("refer", OVER, "SIP/2.0 486 Busy Here\r\n");
        assert_eq!(phone.response("NOTIFY").await.status(), 200);
        phone.listen(Duration::from_secs(20)).await;
        world.settle().await;
        let asked: Vec<String> = world
            .application
            .asked()
            .iter()
            .filter(|asked| ["/progress", "/done"].contains(&asked.path.as_str()))
            .map(|asked| format!("{} {}", asked.path, asked.field("call_status")))
            .collect();
        assert_eq!(
            asked,
            [
                "/progress 100",
                "/progress 180",
                "/progress 183",
                "/progress 486",
                "/done in-progress"
            ]
        );
    });
}

#[test]
fn c52_sip_never_waits_for_a_webhook() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let answer = Page::document(document(Dialect::Twiml, &[V::Hangup]));
        world
            .application
            .page("/done", answer.after(Duration::from_secs(14)));
        let (phone, refer) = referred(&world).await;
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.notify("refer", "active;expires=60", "SIP/2.0 486 Busy Here\r\n");
        let quick = Duration::from_millis(50);
        let answered = tokio::time::timeout(quick, phone.response("NOTIFY")).await;
        assert_eq!(answered.expect("a quick answer").status(), 200);
        phone.listen(Duration::from_secs(1)).await;
        phone.send("UPDATE", &[], "");
        let answered = tokio::time::timeout(quick, phone.response("UPDATE")).await;
        assert_eq!(answered.expect("a quick answer").status(), 200);
        phone.send("BYE", &[], "");
        let answered = tokio::time::timeout(quick, phone.response("BYE")).await;
        assert_eq!(answered.expect("a quick answer").status(), 200);
        world.settle().await;
        assert_eq!(world.application.asked_at("/done").len(), 1);
        assert_eq!(world.application.asked_at("/status").len(), 1);
    });
}

#[test]
fn c131_c51_loss_and_duplication_of_datagrams_change_nothing() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, refer) = referred(&world).await;
        // The 202 is lost: the REFER comes again and is answered again.
        phone.listen(Duration::from_secs(1)).await;
        assert_eq!(
            phone.count_heard("REFER"),
            1,
            "retransmissions are the same REFER"
        );
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.answer(&refer, 202, "Accepted", &[]);
        phone.notify("refer", OVER, "SIP/2.0 486 Busy Here\r\n");
        phone.response("NOTIFY").await;
        world.settle().await;
        assert_eq!(world.application.asked_at("/done").len(), 1);
        assert_eq!(world.transfer()["notifyStatuses"], serde_json::json!([486]));
    });
}
