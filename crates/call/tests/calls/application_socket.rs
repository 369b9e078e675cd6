//! Applications that talk over one WebSocket per call.

use std::time::Duration;

use hookflash_call::view;
use hookflash_dialects::{CallAction, CallUpdate, Frame};
use hookflash_program::Hook;
use serde_json::{Value, json};

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::rtp::tone;
use crate::support::talk::{Talk, URL, world, world_with};
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);
const HANG_UP: &str = r#"[{"verb":"hangup"}]"#;

fn verbs(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn journal(world: &World) -> String {
    view::trace(&world.record()).to_string()
}

async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[test]
fn a_call_asks_for_its_verbs_tells_its_status_and_parts_in_good_order() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let application = async {
            let talk = Talk::nth(&world, 0).await;
            let first = talk.heard("session:new").await;
            assert_eq!(first["data"]["call_status"], "trying");
            assert_eq!(first["data"]["sip"]["method"], "INVITE");
            assert_eq!(first["call_sid"], first["data"]["call_sid"]);
            let trying = talk.heard("call:status").await;
            assert_eq!(trying["data"]["call_status"], "trying");
            assert_ne!(trying["msgid"], first["msgid"]);
            talk.ack(
                &first,
                json!([{"verb": "answer"}, {"verb": "pause", "length": 1}]),
            );
            let answered = talk.heard("call:status").await;
            assert_eq!(answered["data"]["call_status"], "in-progress");
            talk
        };
        let (answer, talk) = tokio::join!(phone.call(), application);
        assert_eq!(answer.status(), 200);
        assert_eq!(talk.wire.url, URL);
        let protocol = &talk.wire.headers[0];
        assert_eq!(protocol.0, "Sec-WebSocket-Protocol");
        assert_eq!(protocol.1, "ws.jambonz.org");
        phone.listen(60 * SECOND).await;
        assert_eq!(
            phone.count_heard("BYE"),
            0,
            "the document is over, the talk is not"
        );
        talk.command("redirect", verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
        let texts = talk.wire.texts();
        let last = &texts.last().unwrap()["data"];
        assert_eq!(last["call_status"], "completed");
        assert_eq!(last["call_termination_by"], "jambonz");
        let finals = texts
            .iter()
            .filter(|text| text["data"]["call_status"] == "completed");
        assert_eq!(finals.count(), 1);
        talk.assert_parted("call:status").await;
        assert_eq!(world.host.services.sockets.borrow().len(), 1);
    });
}

#[test]
fn a_command_interrupts_a_prompt_at_once_and_a_queued_one_waits_for_it() {
    in_virtual_time(async {
        let world = world();
        let services = &world.host.services;
        services.speech("long", tone(600.0, 30 * SECOND), Duration::from_millis(5));
        let long = json!([{"verb": "say", "text": "long"}]);
        let (talk, (phone, _handset)) =
            tokio::join!(Talk::begun(&world, long.clone()), world.caller());
        tokio::time::sleep(2 * SECOND).await;
        talk.say(
            &json!({"type": "command", "command": "redirect", "queueCommand": true,
            "data": [{"verb": "tag", "data": {"n": 1}}]}),
        );
        talk.command(
            "redirect",
            json!([
                {"verb": "tag", "data": {"n": 2}}, {"verb": "say", "text": "long"}
            ]),
        );
        a_moment().await;
        let names = |world: &World| {
            let verbs = world.view()["verbs"].clone();
            let names = verbs.as_array().unwrap().iter().map(|verb| {
                format!(
                    "{} {}",
                    verb["verb"].as_str().unwrap(),
                    verb["state"].as_str().unwrap()
                )
            });
            names.collect::<Vec<_>>()
        };
        let interrupted = ["say interrupted", "tag done", "say running"];
        assert_eq!(
            names(&world),
            interrupted,
            "what was queued is gone with what it waited for"
        );
        talk.say(
            &json!({"type": "command", "command": "redirect", "queueCommand": true,
            "data": [{"verb": "hangup"}]}),
        );
        phone.listen(25 * SECOND).await;
        assert_eq!(phone.count_heard("BYE"), 0);
        phone.hung_up().await;
        assert_eq!(names(&world)[2], "say done");
        world.settle().await;
    });
}

#[test]
fn an_unanswered_call_waits_for_commands_too() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let application = async {
            let talk = Talk::begun(&world, json!([{"verb": "tag", "data": {"a": 1}}])).await;
            tokio::time::sleep(40 * SECOND).await;
            talk.command("redirect", json!([{"verb": "sip:decline", "status": 486}]));
            talk
        };
        let (answer, talk) = tokio::join!(phone.call(), application);
        assert_eq!(answer.status(), 486);
        world.settle().await;
        let last = talk.wire.texts().last().unwrap()["data"].clone();
        assert_eq!(
            (&last["call_status"], &last["sip_status"]),
            (&json!("failed"), &json!(486))
        );
        assert_eq!(last["customerData"], json!({"a": 1}));
    });
}

#[test]
fn verbs_queued_for_a_call_that_waits_run_at_once() {
    in_virtual_time(async {
        let world = world();
        let (talk, answer) = {
            let phone = world.phone();
            let begun = Talk::begun(&world, json!([{"verb": "answer"}]));
            let (talk, answer) = tokio::join!(begun, phone.call());
            phone.listen(SECOND).await;
            talk.say(
                &json!({"type": "command", "command": "redirect", "queueCommand": true,
                "data": [{"verb": "hangup"}]}),
            );
            phone.hung_up().await;
            (talk, answer)
        };
        assert_eq!(answer.status(), 200);
        world.settle().await;
        talk.assert_parted("call:status").await;
    });
}

#[test]
fn a_hook_is_a_message_and_what_comes_with_its_acknowledgement_runs() {
    in_virtual_time(async {
        let world = world();
        let gather = json!([
            {"verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 5,
             "actionHook": "/done", "id": "menu"},
            {"verb": "pause", "length": 100}
        ]);
        let (talk, (phone, handset)) = tokio::join!(Talk::begun(&world, gather), world.caller());
        handset.press("7");
        let hook = talk.heard("verb:hook").await;
        assert_eq!(hook["hook"], "/done");
        assert_eq!(hook["data"]["digits"], "7");
        assert_eq!(hook["data"]["verb_id"], "menu");
        talk.ack(&hook, verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
        let webhooks = world.view()["webhooks"].clone();
        let asked = webhooks
            .as_array()
            .unwrap()
            .iter()
            .find(|webhook| webhook["purpose"] == "gather");
        let asked = asked.unwrap();
        assert_eq!(
            (&asked["method"], &asked["status"]),
            (&json!("WS"), &json!(200))
        );
        assert_eq!(asked["url"], format!("{URL} /done"));
    });
}

#[test]
fn without_verbs_and_without_an_acknowledgement_the_next_verb_runs() {
    for acknowledged in [true, false] {
        in_virtual_time(async {
            let world = world();
            let gather = json!([
                {"verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 1,
                 "actionHook": "/done"},
                {"verb": "hangup"}
            ]);
            let (talk, (phone, _handset)) =
                tokio::join!(Talk::begun(&world, gather), world.caller());
            let hook = talk.heard("verb:hook").await;
            let asked = tokio::time::Instant::now();
            if acknowledged {
                talk.ack(&hook, Value::Null);
            }
            phone.hung_up().await;
            let waited = asked.elapsed();
            assert_eq!(waited < SECOND, acknowledged, "{waited:?}");
            assert!(waited < 6 * SECOND, "{waited:?}");
            world.settle().await;
        });
    }
}

#[test]
fn a_command_that_names_a_message_acknowledges_it() {
    in_virtual_time(async {
        let world = world();
        let gather = json!([{"verb": "gather", "input": ["digits"], "timeout": 1,
            "actionHook": "/done"}]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, gather), world.caller());
        let hook = talk.heard("verb:hook").await;
        talk.say(
            &json!({"type": "command", "command": "redirect", "queueCommand": true,
            "msgid": hook["msgid"], "data": [{"verb": "hangup"}]}),
        );
        let asked = tokio::time::Instant::now();
        phone.hung_up().await;
        assert!(asked.elapsed() < SECOND);
        world.settle().await;
    });
}

#[test]
fn a_transfer_tells_its_progress_and_its_result_over_the_socket() {
    in_virtual_time(async {
        let world = world();
        let refer = json!([
            {"verb": "answer"},
            {"verb": "sip:refer", "referTo": "sip:bob@example.com", "actionHook": "/refer-done",
             "eventHook": "/refer-event"}
        ]);
        let phone = world.phone();
        let (talk, answer) = tokio::join!(Talk::begun(&world, refer), phone.call());
        assert_eq!(answer.status(), 200);
        let asked = phone.request("REFER").await;
        phone.answer(&asked, 202, "Accepted", &[]);
        phone.notify("refer", "active;expires=60", "SIP/2.0 180 Ringing");
        let news = talk.heard("verb:hook").await;
        assert_eq!(news["hook"], "/refer-event");
        assert_eq!(news["data"]["call_status"], 180);
        // Nobody acknowledges that: the result does not wait for it.
        phone.notify(
            "refer",
            "terminated;reason=noresource",
            "SIP/2.0 486 Busy Here",
        );
        let news = talk.heard("verb:hook").await;
        assert_eq!(news["data"]["call_status"], 486);
        let result = talk.heard("verb:hook").await;
        assert_eq!(result["hook"], "/refer-done");
        assert_eq!(result["data"]["refer_status"], 202);
        assert_eq!(result["data"]["final_referred_call_status"], 486);
        talk.ack(&result, verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.transfer()["outcome"], "failed");
    });
}

#[test]
fn absolute_http_hooks_stay_http() {
    in_virtual_time(async {
        let world = world_with(|application| {
            application.status_callback = Some("http://app.example/status".to_owned());
        });
        world.application.page("/status", Page::status(200));
        world.application.page("/done", Page::document(HANG_UP));
        let gather = json!([{"verb": "gather", "input": ["digits"], "timeout": 1,
            "actionHook": "http://app.example/done"}]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, gather), world.caller());
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.asked_once("/done").field("reason"), "timeout");
        assert_eq!(world.application.asked_at("/status").len(), 3);
        assert_eq!(talk.kinds(), ["session:new"]);
        assert!(talk.wire.closed.get());
    });
}

#[test]
fn an_application_that_does_not_acknowledge_the_call_loses_it() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let began = tokio::time::Instant::now();
        let answer = phone.call().await;
        assert_eq!(answer.status(), 480);
        assert!(began.elapsed() >= 5 * SECOND && began.elapsed() < 6 * SECOND);
        let reason = answer.header("X-Reason").unwrap();
        assert!(
            reason.contains("did not acknowledge session:new"),
            "{reason}"
        );
        world.settle().await;
        assert_eq!(world.host.services.sockets.borrow().len(), 1);
    });
}

#[test]
fn verbs_that_cannot_run_are_refused_as_a_whole_with_the_reason() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let application = async {
            let wrong = json!([{"verb": "answer"}, {"verb": "say", "txt": "hi"}]);
            let talk = Talk::begun(&world, wrong.clone()).await;
            let error = talk.heard("jambonz:error").await;
            assert_eq!(error["data"]["msg"], "InvalidMessage");
            let details = error["data"]["details"].as_str().unwrap();
            assert!(details.contains("unknown property txt"), "{details}");
            assert_eq!(error["data"]["content"], wrong.to_string());
        };
        let (answer, ()) = tokio::join!(phone.call(), application);
        assert_eq!(answer.status(), 480);
        world.settle().await;
    });
}

#[test]
fn a_wrong_command_changes_nothing_and_is_answered() {
    in_virtual_time(async {
        let world = world();
        let answer = json!([{"verb": "answer"}, {"verb": "pause", "length": 1000}]);
        let phone = world.phone();
        let (talk, _) = tokio::join!(Talk::begun(&world, answer), phone.call());
        let other = json!({"type": "command", "command": "redirect", "callSid": "another",
            "data": [{"verb": "hangup"}]});
        let wrong = [
            (Frame::Text("{".into()), "cannot be read"),
            (Frame::Text("[1]".into()), "no JSON object"),
            (Frame::Binary(vec![0xff, 1]), "binary"),
            (text(json!({"msgid": "1"})), "type property not supplied"),
            (
                text(json!({"type": "hello"})),
                "invalid type property: hello",
            ),
            (text(json!({"type": "ack"})), "msgid not supplied"),
            (
                text(json!({"type": "command"})),
                "command property not supplied",
            ),
            (
                text(json!({"type": "command", "command": "redirect"})),
                "data property not supplied",
            ),
            (
                text(json!({"type": "command", "command": "fly", "data": {}})),
                "fly is unknown",
            ),
            (
                text(json!({"type": "command", "command": "dial", "data": {}})),
                "bridged",
            ),
            (
                text(json!({"type": "command", "command": "redirect",
                "data": [{"verb": "hangup"}, {"verb": "nope"}]})),
                "invalid instruction: nope",
            ),
            (
                text(json!({"type": "command", "command": "call:status",
                "data": {"call_status": "gone"}})),
                "one of completed, no-answer",
            ),
            (
                text(other),
                "callSid another is not the call of this WebSocket",
            ),
        ];
        for (frame, reason) in wrong {
            talk.wire.send(frame);
            let error = talk.heard("jambonz:error").await;
            assert_eq!(error["data"]["msg"], "InvalidMessage");
            let details = error["data"]["details"].as_str().unwrap();
            assert!(details.contains(reason), "{details}, not {reason}");
        }
        // Understood, and impossible now.
        talk.command("call:status", json!({"call_status": "no-answer"}));
        let error = talk.heard("jambonz:error").await;
        assert_eq!(error["data"]["msg"], "CommandRefused");
        phone.listen(SECOND).await;
        assert_eq!(phone.count_heard("BYE"), 0);
        let verbs = world.view()["verbs"].clone();
        assert_eq!(
            verbs.as_array().unwrap().last().unwrap()["state"],
            "running"
        );
        talk.command("call:status", json!("completed"));
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "api");
    });
}

fn text(message: Value) -> Frame {
    Frame::Text(message.to_string())
}

#[test]
fn an_acknowledgement_that_nobody_waits_for_runs_nothing() {
    in_virtual_time(async {
        let world = world();
        let answer = json!([{"verb": "answer"}, {"verb": "pause", "length": 1000}]);
        let phone = world.phone();
        let (talk, _) = tokio::join!(Talk::begun(&world, answer), phone.call());
        let first = talk.wire.texts()[0].clone();
        talk.ack(&first, verbs(HANG_UP));
        talk.ack(&json!({"msgid": "made up"}), verbs(HANG_UP));
        phone.listen(SECOND).await;
        assert_eq!(phone.count_heard("BYE"), 0);
        assert!(journal(&world).contains("waits for nothing"));
        phone.send("BYE", &[], "");
        world.settle().await;
        assert!(!talk.kinds().contains(&"jambonz:error".to_owned()));
    });
}

#[test]
fn verb_status_is_told_once_the_application_asked_for_it() {
    in_virtual_time(async {
        let world = world();
        let document = json!([
            {"verb": "config", "notifyEvents": true},
            {"verb": "say", "text": "hi", "id": "greeting"},
            {"verb": "config", "notifyEvents": false},
            {"verb": "hangup"}
        ]);
        let (talk, (phone, _handset)) = tokio::join!(Talk::begun(&world, document), world.caller());
        phone.hung_up().await;
        world.settle().await;
        let texts = talk.wire.texts();
        let news = texts.iter().filter(|text| text["type"] == "verb:status");
        let news: Vec<String> = news.map(|text| text["data"].to_string()).collect();
        let told = [
            r#"{"event":"finished","name":"config"}"#,
            r#"{"event":"starting","id":"greeting","name":"say"}"#,
            r#"{"event":"finished","id":"greeting","name":"say"}"#,
            r#"{"event":"starting","name":"config"}"#,
        ];
        assert_eq!(news, told);
        assert!(!journal(&world).contains("without effect"));
    });
}

#[test]
fn a_redirect_stays_on_the_socket_or_moves_to_where_it_leads() {
    in_virtual_time(async {
        let world = world();
        world.application.page(
            "/http",
            Page::document(r#"[{"verb":"gather","timeout":1,"actionHook":"/over"}]"#),
        );
        world.application.page("/over", Page::document(HANG_UP));
        let redirect = |to: &str| json!([{"verb": "redirect", "actionHook": to}]);
        let gather = json!([{"verb": "gather", "timeout": 1, "actionHook": "/again"}]);
        let (talk, (phone, _handset)) = tokio::join!(
            async {
                let talk = Talk::begun(&world, redirect("survey")).await;
                let asked = talk.heard("session:redirect").await;
                assert_eq!(asked["hook"], "survey");
                assert_eq!(asked["data"]["sip"], Value::Null);
                talk.ack(&asked, gather.clone());
                talk
            },
            world.caller()
        );
        let hook = talk.heard("verb:hook").await;
        talk.ack(&hook, redirect("wss://other.example/app#rc=1"));
        let other = Talk::nth(&world, 1).await;
        assert_eq!(other.wire.url, "wss://other.example/app");
        let asked = other.heard("session:redirect").await;
        a_moment().await;
        assert!(talk.wire.closed.get(), "the talk with the first is over");
        other.ack(&asked, gather);
        let hook = other.heard("verb:hook").await;
        assert_eq!(hook["hook"], "/again");
        other.ack(&hook, redirect("http://app.example/http"));
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.asked_once("/over").field("reason"), "timeout");
        assert_eq!(world.host.services.sockets.borrow().len(), 2);
        assert!(!other.kinds().contains(&"call:status".to_owned()));
    });
}

#[test]
fn an_application_that_is_asked_by_http_can_hand_over_to_a_socket() {
    in_virtual_time(async {
        let world = world_with(|application| {
            application.url = "http://app.example/start".to_owned();
        });
        world.begins_with(r#"[{"verb":"redirect","actionHook":"ws://other.example/app"}]"#);
        let phone = world.phone();
        let application = async {
            let talk = Talk::begun(&world, json!([{"verb": "answer"}])).await;
            let status = talk.heard("call:status").await;
            assert_eq!(status["data"]["call_status"], "in-progress");
            talk
        };
        let (talk, answer) = tokio::join!(application, phone.call());
        assert_eq!(answer.status(), 200);
        assert_eq!(talk.wire.url, "ws://other.example/app");
        talk.command("redirect", json!({"call_hook": "/more"}));
        let asked = talk.heard("session:redirect").await;
        assert_eq!(asked["hook"], "/more");
        talk.ack(&asked, verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
        talk.assert_parted("call:status").await;
    });
}

#[test]
fn a_redirect_through_the_api_reaches_the_application_over_its_socket() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let (talk, _) = tokio::join!(
            Talk::begun(
                &world,
                json!([{"verb": "answer"}, {"verb": "pause", "length": 99}])
            ),
            phone.call()
        );
        let sid = world.view()["sid"].as_str().unwrap().to_owned();
        let redirect = CallUpdate {
            action: Some(CallAction::Redirect(Hook::post("/other"))),
            ..CallUpdate::default()
        };
        world.desk.update(&sid, redirect).unwrap();
        let asked = talk.heard("session:redirect").await;
        assert_eq!(asked["hook"], "/other");
        talk.ack(&asked, verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_caller_that_gives_up_is_told_over_the_socket() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let invite = phone.send("INVITE", &[], "");
        let talk = Talk::begun(&world, json!([{"verb": "tag", "data": {}}])).await;
        a_moment().await;
        assert!(invite > 0);
        phone.send("CANCEL", &[], "");
        world.settle().await;
        let last = talk.wire.texts().last().unwrap()["data"].clone();
        assert_eq!(last["call_status"], "no-answer");
        assert_eq!(last["call_termination_by"], "caller");
        talk.assert_parted("call:status").await;
    });
}

#[test]
fn of_a_flood_of_commands_the_last_one_counts() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        let answer = json!([{"verb": "answer"}, {"verb": "pause", "length": 1000}]);
        let (talk, _) = tokio::join!(Talk::begun(&world, answer), phone.call());
        for number in 0..2_000 {
            talk.command(
                "redirect",
                json!([
                    {"verb": "tag", "data": {"n": number}}, {"verb": "pause", "length": 1000}
                ]),
            );
        }
        talk.command("redirect", verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "document");
        talk.assert_parted("call:status").await;
        let notes = journal(&world).matches("sent the command").count();
        assert!(notes <= 20, "{notes} notes");
    });
}

#[test]
fn a_call_that_is_placed_is_told_from_the_beginning_and_asks_when_it_is_answered() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        let talk = Talk::nth(&world, 0).await;
        let status = talk.heard("call:status").await;
        assert_eq!(status["data"]["call_status"], "trying");
        callee.rings();
        let status = talk.heard("call:status").await;
        assert_eq!(status["data"]["call_status"], "ringing");
        callee.answers().await;
        let first = talk.heard("session:new").await;
        assert_eq!(first["data"]["direction"], "outbound");
        assert_eq!(first["data"]["call_status"], "in-progress");
        talk.ack(&first, verbs(HANG_UP));
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.host.services.sockets.borrow().len(), 1);
        let statuses = ["trying", "ringing", "in-progress", "completed"];
        let texts = talk.wire.texts();
        let told = texts.iter().filter(|text| text["type"] == "call:status");
        let told: Vec<&str> = told
            .map(|text| text["data"]["call_status"].as_str().unwrap())
            .collect();
        assert_eq!(told, statuses);
    });
}

#[test]
fn a_call_that_is_placed_in_vain_is_told_over_the_socket() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        Callee::of(&phone).await.refuses(486).await;
        world.settle().await;
        let talk = Talk::nth(&world, 0).await;
        let last = talk.wire.texts().last().unwrap()["data"].clone();
        assert_eq!(last["call_status"], "busy");
        assert!(!talk.kinds().contains(&"session:new".to_owned()));
        talk.assert_parted("call:status").await;
    });
}

#[test]
fn commands_beside_what_runs_are_carried_out_and_leave_it_alone() {
    in_virtual_time(async {
        let world = world();
        let long = json!([{"verb": "answer"}, {"verb": "pause", "length": 1000}]);
        let (talk, (phone, handset)) = tokio::join!(Talk::begun(&world, long), world.caller());
        talk.command("config", json!({"notifyEvents": true}));
        talk.command("mute:status", json!("mute"));
        talk.command("mute:status", json!({"mute_status": "unmute"}));
        talk.command(
            "whisper",
            json!({"whisper": {"verb": "say", "text": "psst"}}),
        );
        talk.command("record", json!({"action": "startCallRecording"}));
        talk.command("tag", json!({"a": 1}));
        talk.command("sip:request", json!({"method": "INFO"}));
        phone.request("INFO").await;
        phone.listen(2 * SECOND).await;
        let errors = talk
            .kinds()
            .iter()
            .filter(|kind| *kind == "jambonz:error")
            .count();
        assert_eq!(errors, 0);
        talk.command("listen:status", json!("pause"));
        let refused = talk.heard("jambonz:error").await;
        assert_eq!(
            refused["data"]["details"],
            "listen:status: the call has no stream"
        );
        assert_eq!(world.host.services.spoken.borrow().len(), 1);
        assert!(!handset.heard().is_empty());
        let verbs = world.view()["verbs"].clone();
        let last = verbs.as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&last["verb"], &last["state"]),
            (&json!("pause"), &json!("running"))
        );
        phone.send("BYE", &[], "");
        world.settle().await;
        let texts = talk.wire.texts();
        let news = texts.iter().find(|text| text["type"] == "verb:status");
        assert_eq!(
            news.unwrap()["data"]["event"],
            "finished",
            "settings hold from then on"
        );
        assert_eq!(
            texts.last().unwrap()["data"]["customerData"],
            json!({"a": 1})
        );
        assert!(!world.host.services.kept.borrow().is_empty(), "a recording");
    });
}
