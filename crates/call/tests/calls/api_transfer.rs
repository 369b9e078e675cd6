//! Transfers that the API asks for in the middle of a call, without a document.

use std::time::Duration;

use hookflash_call::CommandRefused;
use hookflash_dialects::rest::ApiBody;
use hookflash_dialects::{CallAction, Dialect};
use serde_json::json;

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{TARGET, V, document};
use crate::support::world::{World, in_virtual_time};

const MINUTE: Duration = Duration::from_secs(60);
const OVER: &str = "terminated;reason=noresource";

fn world() -> World {
    let world = World::new(Dialect::Jambonz);
    for path in ["/status", "/events"] {
        world.application.page(path, Page::status(200));
    }
    world.begins_with(&document(Dialect::Jambonz, &[V::Pause(5)]));
    world
}

/// As `@jambonz/sdk` asks for it.
fn transfer(hook: Option<&str>) -> CallAction {
    let mut transfer = json!({
        "mode": "blind", "blindMethod": "refer",
        "target": [{"type": "sip", "sipUri": TARGET}],
    });
    if let Some(hook) = hook {
        transfer["actionHook"] = hook.into();
    }
    let body = json!({ "transfer": transfer }).to_string();
    let updates = Dialect::Jambonz.read_update(ApiBody::Json(body.as_bytes()));
    updates.unwrap().remove(0).action.unwrap()
}

#[test]
fn a_transfer_that_fails_leaves_the_call_waiting_and_the_next_one_can_succeed() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.answers().await;
        for _ in 0..2 {
            world.tell(transfer(None)).unwrap();
            let refer = phone.request("REFER").await;
            callee.respond_to(&refer, 603, "Decline", &[], "");
            callee.waits(MINUTE).await;
            assert_eq!(phone.count_heard("BYE"), 0);
            phone.forget();
        }
        world.tell(transfer(None)).unwrap();
        let refer = phone.request("REFER").await;
        callee.respond_to(&refer, 202, "Accepted", &[], "");
        callee.notify(OVER, "SIP/2.0 200 OK\r\n");
        callee.waits(MINUTE).await;
        // Whom it was transferred to is nobody's to hang up but the other party's.
        assert_eq!(phone.count_heard("BYE"), 0);
        callee.send("BYE", &[], "");
        world.settle().await;
        let view = world.view();
        let outcomes = view["transfers"].as_array().unwrap().iter();
        let outcomes: Vec<_> = outcomes.map(|t| t["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["failed", "failed", "succeeded"]);
        assert_eq!(view["endedBy"], "peer");
    });
}

#[test]
fn what_the_hook_says_comes_next_and_its_end_is_the_end() {
    in_virtual_time(async {
        let world = world();
        world.then("/done", &document(Dialect::Jambonz, &[V::Pause(1)]));
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.answers().await;
        world.tell(transfer(Some("/done"))).unwrap();
        let refer = phone.request("REFER").await;
        callee.respond_to(&refer, 202, "Accepted", &[], "");
        callee.notify(OVER, "SIP/2.0 486 Busy Here\r\n");
        phone.hung_up().await;
        world.settle().await;
        let done = world.asked_once("/done");
        assert_eq!(done.field("final_referred_call_status"), "486");
        assert_eq!(world.view()["endedBy"], "document");
    });
}

#[test]
fn a_call_that_waits_does_what_it_is_told_next() {
    in_virtual_time(async {
        let world = world();
        let next = document(Dialect::Jambonz, &[V::Refer(TARGET, None), V::Hangup]);
        world.then("/next", &next);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.answers().await;
        world.tell(transfer(None)).unwrap();
        let refer = phone.request("REFER").await;
        callee.respond_to(&refer, 603, "Decline", &[], "");
        callee.waits(MINUTE).await;
        phone.forget();
        world.redirect("/next");
        let refer = phone.request("REFER").await;
        callee.respond_to(&refer, 603, "Decline", &[], "");
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_call_that_is_not_answered_cannot_be_transferred() {
    in_virtual_time(async {
        let world = world();
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        callee.waits(Duration::from_secs(1)).await;
        let refused = world.tell(transfer(None));
        assert_eq!(refused.unwrap_err(), CommandRefused::NotAnswered);
        callee.answers().await;
        phone.hung_up().await;
        world.settle().await;
    });
}
