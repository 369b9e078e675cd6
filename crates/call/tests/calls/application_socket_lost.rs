//! Connections to applications that cannot be made, break, stall and come back.

use std::time::Duration;

use hookflash_call::view;
use hookflash_dialects::FetchErrorKind;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::talk::{Talk, world, world_with};
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);

fn hang_up() -> Value {
    json!([{"verb": "hangup"}])
}

/// An answered call that then pauses for so long.
fn pause(seconds: u32) -> Value {
    json!([{"verb": "answer"}, {"verb": "pause", "length": seconds}])
}

fn journal(world: &World) -> String {
    view::trace(&world.record()).to_string()
}

fn sockets(world: &World) -> usize {
    world.host.services.sockets.borrow().len()
}

#[test]
fn a_refused_connection_is_tried_again_and_the_call_waits() {
    in_virtual_time(async {
        let world = world();
        let failures = [FetchErrorKind::Refused, FetchErrorKind::ConnectTimeout];
        world
            .host
            .services
            .socket_failures
            .borrow_mut()
            .extend(failures);
        let phone = world.phone();
        let began = Instant::now();
        let (_, answer) = tokio::join!(Talk::begun(&world, pause(0)), phone.call());
        assert_eq!(answer.status(), 200);
        let waited = began.elapsed();
        assert!(
            waited >= Duration::from_millis(1_500) && waited < 2 * SECOND,
            "{waited:?}"
        );
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_application_that_cannot_be_reached_loses_the_call() {
    let cases = [
        // Five more attempts are the default, and none after an answer.
        ("ws://app.example/x", FetchErrorKind::Refused, 6),
        ("ws://app.example/x", FetchErrorKind::Status(404), 1),
        ("ws://app.example/x", FetchErrorKind::ReadTimeout, 1),
        ("ws://app.example/x#rc=2", FetchErrorKind::Refused, 3),
        ("ws://app.example/x#rc=0", FetchErrorKind::Refused, 1),
        (
            "ws://app.example/x#rc=1&rp=4xx",
            FetchErrorKind::Status(404),
            2,
        ),
        ("ws://app.example/x#rc=1&rp=5xx", FetchErrorKind::Refused, 1),
    ];
    for (url, failure, attempts) in cases {
        in_virtual_time(async {
            let world = world_with(|application| application.url = url.to_owned());
            let failures = std::iter::repeat_n(failure, 10);
            world
                .host
                .services
                .socket_failures
                .borrow_mut()
                .extend(failures);
            let phone = world.phone();
            assert_eq!(phone.call().await.status(), 480, "{url} {failure:?}");
            world.settle().await;
            let handshakes = world.host.services.handshakes.borrow();
            assert_eq!(handshakes.len(), attempts, "{url} {failure:?}");
            assert_eq!(handshakes[0].url, "ws://app.example/x");
        });
    }
}

#[test]
fn a_lost_connection_is_made_again_and_the_call_goes_on_meanwhile() {
    in_virtual_time(async {
        let world = world();
        let verbs = json!([
            {"verb": "gather", "timeout": 2, "actionHook": "/menu"},
            {"verb": "hangup"}
        ]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, verbs), world.caller());
        talk.wire.close("the connection broke");
        let dropped = Instant::now();
        let again = Talk::nth(&world, 1).await;
        assert!(dropped.elapsed() >= SECOND / 2);
        let reopened = again.heard("session:reconnect").await;
        let first = talk.wire.texts()[0].clone();
        assert_eq!(
            reopened["data"], first["data"],
            "what the first message said, once more"
        );
        assert_ne!(reopened["msgid"], first["msgid"]);
        phone.listen(4 * SECOND).await;
        assert_eq!(
            again.kinds(),
            ["session:reconnect"],
            "all else waits until it is acknowledged"
        );
        again.ack(&reopened, hang_up());
        let hook = again.heard("verb:hook").await;
        assert_eq!(
            phone.count_heard("BYE"),
            0,
            "verbs of that reply are not run"
        );
        again.ack(&hook, Value::Null);
        phone.hung_up().await;
        world.settle().await;
        again.assert_parted("call:status").await;
        assert!(talk.wire.dropped.get());
        assert_eq!(sockets(&world), 2);
    });
}

#[test]
fn a_question_that_was_open_when_the_connection_broke_is_answered_with_nothing() {
    in_virtual_time(async {
        let world = world();
        let verbs = json!([
            {"verb": "gather", "timeout": 1, "actionHook": "/menu"},
            {"verb": "hangup"}
        ]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, verbs), world.caller());
        talk.heard("verb:hook").await;
        talk.wire.close_with(1011);
        let dropped = Instant::now();
        phone.hung_up().await;
        assert!(dropped.elapsed() < SECOND / 2, "the next verb runs at once");
        // The call is over; what is still to be said waits for the connection.
        let again = Talk::nth(&world, 1).await;
        let reopened = again.heard("session:reconnect").await;
        again.ack(&reopened, Value::Null);
        let last = again.heard("call:status").await;
        assert_eq!(last["data"]["call_status"], "completed");
        world.settle().await;
        again.assert_parted("call:status").await;
    });
}

#[test]
fn a_connection_lost_before_the_call_was_acknowledged_takes_its_acknowledgement_later() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let application = async {
            let talk = Talk::nth(&world, 0).await;
            talk.heard("session:new").await;
            talk.wire.close("the application restarted");
            let again = Talk::nth(&world, 1).await;
            let reopened = again.heard("session:reconnect").await;
            again.ack(&reopened, json!([{"verb": "sip:decline", "status": 404}]));
        };
        let (answer, ()) = tokio::join!(phone.call(), application);
        assert_eq!(answer.status(), 404);
        world.settle().await;
    });
}

#[test]
fn an_application_that_does_not_take_the_call_up_again_loses_it() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let (talk, _) = tokio::join!(Talk::begun(&world, pause(1_000)), phone.call());
        talk.wire.close("the connection broke");
        let dropped = Instant::now();
        phone.hung_up().await;
        assert!(dropped.elapsed() >= 5 * SECOND && dropped.elapsed() < 7 * SECOND);
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "server");
        assert!(journal(&world).contains("did not acknowledge session:reconnect"));
    });
}

#[test]
fn an_application_that_is_gone_for_good_ends_the_call_and_the_last_status_is_journalled() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let (talk, _) = tokio::join!(Talk::begun(&world, pause(1_000)), phone.call());
        world.host.services.no_sockets.set(true);
        talk.wire.close("the connection broke");
        phone.hung_up().await;
        world.settle().await;
        let view = world.view();
        assert_eq!(view["endedBy"], "server");
        let last = view["webhooks"].as_array().unwrap().last().unwrap();
        assert_eq!(last["purpose"], "status");
        assert!(
            last["error"].is_object() || last["error"].is_string(),
            "{last}"
        );
        assert!(
            !talk
                .wire
                .texts()
                .iter()
                .any(|text| text["data"]["call_status"] == "completed")
        );
    });
}

#[test]
fn connections_that_break_one_after_the_other_are_given_up() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let application = async {
            let talk = Talk::begun(&world, pause(10_000)).await;
            talk.wire.close("1");
            let mut pauses = Vec::new();
            for place in 1..=5 {
                let dropped = Instant::now();
                let again = Talk::nth(&world, place).await;
                pauses.push(dropped.elapsed().as_millis() / 100);
                let reopened = again.heard("session:reconnect").await;
                again.ack(&reopened, Value::Null);
                tokio::time::sleep(Duration::from_millis(10)).await;
                again.wire.close("again");
            }
            pauses
        };
        let (pauses, _) = tokio::join!(application, phone.call());
        assert_eq!(pauses, [5, 10, 20, 40, 60]);
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(sockets(&world), 6);
        assert_eq!(world.view()["endedBy"], "server");
    });
}

#[test]
fn connections_that_hold_for_a_while_are_made_again_without_end() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let (talk, _) = tokio::join!(Talk::begun(&world, pause(10_000)), phone.call());
        let mut wire = talk.wire;
        for place in 1..=20 {
            phone.listen(70 * SECOND).await;
            wire.close("a deployment");
            let again = Talk::nth(&world, place).await;
            let reopened = again.heard("session:reconnect").await;
            again.ack(&reopened, Value::Null);
            wire = again.wire;
        }
        assert_eq!(phone.count_heard("BYE"), 0);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_application_that_takes_nothing_is_one_whose_connection_broke() {
    in_virtual_time(async {
        let world = world();
        let verbs = json!([{"verb": "gather", "timeout": 1, "actionHook": "/menu"}]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, verbs), world.caller());
        talk.wire.stalls.set(true);
        let again = Talk::nth(&world, 1).await;
        assert!(talk.wire.closed.get());
        let reopened = again.heard("session:reconnect").await;
        again.ack(&reopened, Value::Null);
        again.command("redirect", hang_up());
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn after_a_normal_farewell_the_document_runs_to_its_end_and_ends_the_call() {
    in_virtual_time(async {
        let world = world();
        let verbs = json!([
            {"verb": "gather", "timeout": 3, "actionHook": "/menu"},
            {"verb": "pause", "length": 2}
        ]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, verbs), world.caller());
        talk.wire.close_with(1000);
        let parted = Instant::now();
        phone.hung_up().await;
        assert!(parted.elapsed() >= 4 * SECOND, "{:?}", parted.elapsed());
        world.settle().await;
        assert_eq!(sockets(&world), 1, "a farewell is no accident");
        assert_eq!(world.view()["endedBy"], "document");
        assert!(journal(&world).contains("the application finished the WebSocket"));
    });
}

#[test]
fn a_call_that_waits_for_an_application_that_says_farewell_ends() {
    for (verbs, answered) in [
        (json!([{"verb": "answer"}]), true),
        (json!([{"verb": "tag", "data": {}}]), false),
    ] {
        in_virtual_time(async {
            let world = world();
            let phone = world.phone();
            let application = async {
                let talk = Talk::begun(&world, verbs.clone()).await;
                tokio::time::sleep(10 * SECOND).await;
                talk.wire.close_with(1000);
            };
            let (answer, ()) = tokio::join!(phone.call(), application);
            match answered {
                true => phone.hung_up().await,
                false => assert_eq!(answer.status(), 603),
            }
            assert_eq!(answer.status() == 200, answered);
            world.settle().await;
        });
    }
}

#[test]
fn a_farewell_in_the_place_of_verbs_refuses_the_call() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let application = async {
            let talk = Talk::nth(&world, 0).await;
            talk.heard("session:new").await;
            talk.wire.close_with(1000);
        };
        let (answer, ()) = tokio::join!(phone.call(), application);
        assert_eq!(answer.status(), 480);
        world.settle().await;
    });
}

#[test]
fn a_caller_that_gives_up_before_the_connection_is_there_leaves_nothing_behind() {
    in_virtual_time(async {
        let world = world();
        world.host.services.no_sockets.set(true);
        let phone = world.phone();
        phone.send("INVITE", &[], "");
        phone.listen(SECOND).await;
        phone.send("CANCEL", &[], "");
        world.settle().await;
        assert_eq!(world.view()["status"], "no-answer");
        assert_eq!(sockets(&world), 0);
    });
}
