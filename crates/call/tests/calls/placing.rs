//! Calls that are placed: how the called side behaves, and how each ends for the application.

use std::time::Duration;

use hookflash_call::Turn;
use hookflash_dialects::{CallAction, CallState, Dialect};
use serde_json::json;

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{V, document};
use crate::support::world::{World, in_virtual_time};

const MS: Duration = Duration::from_millis(1);

fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    for path in ["/status", "/events"] {
        world.application.page(path, Page::status(200));
    }
    world.begins_with(&document(dialect, &[V::Pause(2), V::Hangup]));
    world
}

/// The words of the status callbacks, in order.
fn told(world: &World) -> Vec<String> {
    let asked = world.application.asked_at("/status");
    let word = |name: &str, asked: &crate::support::application::Asked| {
        Some(asked.field(name)).filter(|word| word != "-")
    };
    let words = asked.iter().filter_map(|asked| {
        word("call_status", asked)
            .or_else(|| word("CallStatus", asked))
            .or_else(|| word("cause", asked))
    });
    words.collect()
}

#[test]
fn an_answered_call_runs_the_document_and_is_told_step_by_step() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            let record = world.place(world.order(), &[&[&phone]]);
            assert_eq!(record.facts(|facts| facts.state.clone()), CallState::Queued);
            assert_eq!(world.view()["legs"], json!([]));
            let callee = Callee::of(&phone).await;
            callee.respond(100, "Trying", &[], "");
            callee.waits(500 * MS).await;
            callee.rings();
            callee.waits(500 * MS).await;
            assert!(world.application.asked_at("/start").is_empty());
            callee.answers().await;
            callee.waits(1_000 * MS).await;
            let first = world.asked_once("/start");
            let direction = first.field("Direction") + &first.field("direction");
            assert!(direction.contains("outbound"), "{direction}");
            phone.hung_up().await;
            world.settle().await;
            let words: &[&str] = match dialect {
                Dialect::Jambonz => &["trying", "ringing", "in-progress", "completed"],
                Dialect::Bxml => &["hangup"],
                Dialect::Twiml | Dialect::Cxml => &["completed"],
            };
            assert_eq!(told(&world), words, "{dialect}");
            let turns = world.host.turns.borrow().clone();
            let expected = [
                Turn::Begun,
                Turn::Left,
                Turn::Ringing,
                Turn::Answered,
                Turn::Ended,
            ];
            assert_eq!(turns, expected);
            let view = world.view();
            assert_eq!(view["direction"], "outbound-api");
            assert_eq!(view["legs"][0]["trunk"], "trunk-0");
            assert_eq!(view["legs"][0]["sipStatus"], 200);
            assert_eq!(view["legs"][0]["codec"], "PCMU");
            assert_eq!(record.flow().unwrap().remote, phone.address);
        });
    }
}

#[test]
fn a_busy_phone_is_told_as_busy() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            Callee::of(&phone).await.refuses(486).await;
            world.settle().await;
            assert_eq!(told(&world).last().unwrap(), "busy", "{dialect}");
            assert_eq!(world.view()["endedBy"], "peer");
            assert_eq!(world.view()["legs"][0]["sipStatus"], 486);
            assert!(world.application.asked_at("/start").is_empty());
        });
    }
}

#[test]
fn a_phone_that_rings_for_too_long_is_cancelled() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            let callee = Callee::of(&phone).await;
            callee.rings();
            let rang = tokio::time::Instant::now();
            callee.is_cancelled().await;
            assert!(rang.elapsed().abs_diff(Duration::from_secs(30)) < 100 * MS);
            world.settle().await;
            let word = match dialect {
                Dialect::Bxml => "timeout",
                _ => "no-answer",
            };
            assert_eq!(told(&world).last().unwrap(), word, "{dialect}");
            assert_eq!(world.view()["legs"][0]["sipStatus"], 487);
            assert_eq!(
                world
                    .ledger
                    .counters
                    .calls_failed
                    .load(std::sync::atomic::Ordering::Relaxed),
                0
            );
        });
    }
}

#[test]
fn a_call_that_rings_is_cancelled_by_the_api() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            let callee = Callee::of(&phone).await;
            callee.rings();
            callee.waits(500 * MS).await;
            world.tell(CallAction::Cancel).unwrap();
            callee.is_cancelled().await;
            world.settle().await;
            let word = match dialect {
                Dialect::Bxml => "cancel",
                // jambonz tells a cancelled call by its 487.
                Dialect::Jambonz => "no-answer",
                _ => "canceled",
            };
            assert_eq!(told(&world).last().unwrap(), word, "{dialect}");
            assert_eq!(world.view()["endedBy"], "api");
        });
    }
}
