//! Commands to running calls, and the end of the process.

use std::time::Duration;

use hookflash_call::CommandRefused;
use hookflash_dialects::{CallAction, Dialect};

use crate::support::application::Page;
use crate::support::documents::{V, answered, document};
use crate::support::world::{World, in_virtual_time};

fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    let pause = answered(dialect, &[V::Pause(600), V::Redirect("/later")]);
    world.application.page("/start", Page::document(pause));
    world
}

#[test]
fn a_hang_up_interrupts_the_running_verb() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            phone.call().await;
            world.tell(CallAction::HangUp).unwrap();
            phone.listen(Duration::from_secs(1)).await;
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            world.settle().await;
            assert_eq!(world.view()["endedBy"], "api", "{dialect}");
            let verbs = world.view()["verbs"].clone();
            let last = verbs.as_array().unwrap().last().unwrap();
            assert_eq!(last["state"], "interrupted", "{dialect}");
            assert!(world.application.asked_at("/later").is_empty(), "{dialect}");
            let gone = world.tell(CallAction::HangUp);
            assert_eq!(gone.unwrap_err(), CommandRefused::Over);
        });
    }
}

#[test]
fn a_redirect_replaces_the_document() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            world
                .application
                .page("/new", Page::document(document(dialect, &[V::Hangup])));
            let phone = world.phone();
            phone.call().await;
            world.redirect("http://app.example/new");
            phone.listen(Duration::from_secs(1)).await;
            assert_eq!(world.application.asked_at("/new").len(), 1, "{dialect}");
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            world.settle().await;
            assert!(world.application.asked_at("/later").is_empty(), "{dialect}");
        });
    }
}

#[test]
fn a_document_can_be_given_with_the_command() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        phone.call().await;
        let given = document(Dialect::Twiml, &[V::Hangup]);
        world.tell(CallAction::Document(given.into())).unwrap();
        phone.listen(Duration::from_secs(1)).await;
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
    });
}

#[test]
fn a_hang_up_while_the_first_document_is_fetched_refuses_the_call() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let slow = Page::document(document(Dialect::Twiml, &[V::Pause(1)]));
        world
            .application
            .page("/start", slow.after(Duration::from_secs(10)));
        let phone = world.phone();
        phone.send(
            "INVITE",
            &[("Content-Type", "application/sdp")],
            crate::support::phone::OFFER,
        );
        phone.listen(Duration::from_secs(1)).await;
        world.tell(CallAction::HangUp).unwrap();
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 603);
        phone.take_dialog(&answer);
        phone.send("ACK", &[], "");
        world.settle().await;
        assert_eq!(world.view()["status"], "canceled");
        assert_eq!(world.application.asked_at("/status").len(), 1);
    });
}

#[test]
fn when_the_process_stops_every_call_is_ended_and_told() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phones: Vec<_> = (0..20).map(|_| world.phone()).collect();
        for phone in &phones {
            assert_eq!(phone.call().await.status(), 200);
        }
        assert_eq!(world.desk.live(), 20);
        world.desk.hang_up_all();
        for phone in &phones {
            phone.listen(Duration::from_secs(1)).await;
            assert_eq!(phone.count_heard("BYE"), 1);
        }
        assert_eq!(world.desk.live(), 0);
        world.settle().await;
        assert_eq!(world.application.asked_at("/status").len(), 20);
        assert_eq!(world.ledger.counters.calls_live(), 0);
    });
}
