//! Calls that are placed: how the called side behaves, and how each ends for the application.

use std::time::Duration;

use hookflash_call::{Turn, Way};
use hookflash_dialects::{CallAction, CallHooks, CallState, Dialect, StatusEvent, StatusEvents};
use hookflash_program::{
    Announce, Hook, KeyOrPause, Keys, RecordingFormat, StartRecording, Tracks,
};
use hookflash_sip::LegEnd;
use hookflash_transfer::AllowList;
use serde_json::json;

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{V, document};
use crate::support::phone::OFFER;
use crate::support::world::{World, in_virtual_time, way};

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
                // The event of its end is told beside what is owed.
                Turn::Settled,
            ];
            let settled = usize::from(dialect == Dialect::Jambonz);
            assert_eq!(turns, expected[..5 + settled], "{dialect}");
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
fn jambonz_is_told_that_the_called_side_is_heard_before_its_answer() {
    for rings_first in [true, false] {
        in_virtual_time(async {
            let world = world(Dialect::Jambonz);
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            let callee = Callee::of(&phone).await;
            if rings_first {
                callee.respond(183, "Session Progress", &[], "");
                callee.waits(500 * MS).await;
            }
            for _ in 0..2 {
                callee.respond(183, "Session Progress", &[], OFFER);
                callee.waits(500 * MS).await;
            }
            callee.rings();
            callee.waits(500 * MS).await;
            assert_eq!(world.view()["status"], "ringing");
            callee.answers().await;
            phone.hung_up().await;
            world.settle().await;
            let told = world.application.asked_at("/status");
            let told: Vec<_> = told
                .iter()
                .map(|told| told.field("call_status") + " " + &told.field("sip_status"))
                .collect();
            let mut expected = vec![
                "trying 100",
                "ringing 180",
                "early-media 183",
                "in-progress 200",
                "completed 200",
            ];
            if !rings_first {
                expected.remove(1);
            }
            assert_eq!(told, expected);
        });
    }
}

#[test]
fn the_hook_of_an_order_is_told_the_changes_that_it_asks_for_with_their_numbers() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.application.page("/mine", Page::status(200));
        let phone = world.phone();
        let mut order = world.order();
        order.hooks = CallHooks {
            status: Some(Hook::post("http://app.example/mine")),
            status_events: Some(StatusEvents::from_iter([
                StatusEvent::Initiated,
                StatusEvent::Ringing,
                StatusEvent::Answered,
                StatusEvent::Completed,
            ])),
            ..CallHooks::default()
        };
        world.place(order, &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        callee.waits(500 * MS).await;
        callee.rings();
        callee.respond(183, "Session Progress", &[], OFFER);
        callee.waits(500 * MS).await;
        callee.answers().await;
        phone.hung_up().await;
        world.settle().await;
        let told = world.application.asked_at("/mine");
        let told: Vec<_> = told
            .iter()
            .map(|told| told.field("SequenceNumber") + &told.field("CallStatus"))
            .collect();
        let expected = ["0initiated", "1ringing", "2in-progress", "3completed"];
        assert_eq!(told, expected);
        assert!(world.application.asked_at("/status").is_empty());
    });
}

#[test]
fn a_phone_may_change_the_session_before_it_answers() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        let reliable = [("Require", "100rel"), ("RSeq", "1")];
        callee.respond(183, "Session Progress", &reliable, OFFER);
        let prack = phone.request("PRACK").await;
        callee.respond_to(&prack, 200, "OK", &[], "");
        callee.send("UPDATE", &[("Content-Type", "application/sdp")], OFFER);
        let answer = phone.response("UPDATE").await;
        assert_eq!(answer.status(), 200);
        assert!(answer.body.contains("m=audio"));
        callee.answers_with("").await;
        callee.waits(100 * MS).await;
        assert_eq!(world.view()["legs"][0]["codec"], "PCMU");
        phone.hung_up().await;
        world.settle().await;
    });
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

#[test]
fn an_api_that_cancels_before_the_invite_has_left_calls_nobody() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.host.writing.set(Duration::from_secs(1));
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        tokio::time::sleep(500 * MS).await;
        world.tell(CallAction::HangUp).unwrap();
        phone.listen(Duration::from_secs(2)).await;
        assert_eq!(phone.count_heard("INVITE"), 0);
        world.settle().await;
        assert_eq!(told(&world), ["canceled"]);
        assert_eq!(world.view()["legs"], json!([]));
    });
}

#[test]
fn a_cancel_before_any_answer_leaves_once_the_phone_is_heard() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        world.tell(CallAction::Cancel).unwrap();
        // RFC 3261 §9.1: not before a provisional response.
        callee.waits(300 * MS).await;
        assert_eq!(phone.count_heard("CANCEL"), 0);
        assert_eq!(told(&world), ["canceled"]);
        callee.rings();
        callee.is_cancelled().await;
        world.settle().await;
        assert_eq!(told(&world), ["canceled"]);
    });
}

#[test]
fn a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            let callee = Callee::of(&phone).await;
            callee.rings();
            callee.waits(100 * MS).await;
            world.tell(CallAction::HangUp).unwrap();
            callee.respond(200, "OK", &[], OFFER);
            let cancel = phone.request("CANCEL").await;
            callee.respond_to(&cancel, 200, "OK", &[], "");
            phone.request("ACK").await;
            phone.hung_up().await;
            world.settle().await;
            let view = world.view();
            assert_eq!(view["endedBy"], "api", "{dialect}");
            assert_eq!(view["answeredAt"], serde_json::Value::Null, "{dialect}");
            let finals = world.application.asked();
            let finals = finals.iter().filter(|asked| asked.is_final());
            assert_eq!(finals.filter(|asked| asked.path == "/status").count(), 1);
            assert!(world.application.asked_at("/start").is_empty());
        });
    }
}

#[test]
fn a_200_that_crosses_the_ring_timeout_is_hung_up_and_told_as_no_answer() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        phone.request("CANCEL").await;
        callee.answers().await;
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(told(&world), ["no-answer"]);
    });
}

#[test]
fn a_phone_that_says_nothing_at_all_is_given_up_at_the_ring_timeout() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let mut order = world.order();
        order.ring_timeout = Duration::from_secs(10);
        world.place(order, &[&[&phone]]);
        let _callee = Callee::of(&phone).await;
        phone.listen(Duration::from_secs(9)).await;
        assert!(told(&world).is_empty());
        phone.listen(Duration::from_secs(2)).await;
        assert_eq!(told(&world), ["no-answer"]);
        world.settle().await;
        assert_eq!(world.asked_once("/status").field("SipResponseCode"), "408");
        let ways = world.host.ways.borrow();
        assert_eq!(*ways, [("trunk-0".to_owned(), LegEnd::NoAnswer, false)]);
    });
}

#[test]
fn a_server_that_answers_nothing_is_a_call_that_nobody_answered() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let mut order = world.order();
        order.ring_timeout = Duration::from_secs(120);
        world.place(order, &[&[&phone]]);
        let _callee = Callee::of(&phone).await;
        world.settle().await;
        assert_eq!(told(&world), ["no-answer"]);
        assert_eq!(world.view()["endedBy"], "server");
    });
}

#[test]
fn a_trunk_that_fails_makes_room_for_the_next() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let (first, second, third) = (world.phone(), world.phone(), world.phone());
        world.place(world.order(), &[&[&first], &[&second], &[&third]]);
        let refuses = Callee::of(&first).await;
        refuses.refuses(503).await;
        // The second says nothing.
        let _silent = Callee::of(&second).await;
        let began = tokio::time::Instant::now();
        let callee = Callee::of(&third).await;
        assert!(began.elapsed() < Duration::from_secs(6));
        callee.rings();
        callee.answers().await;
        callee.waits(100 * MS).await;
        assert_eq!(world.view()["legs"][2]["trunk"], "trunk-2");
        phone_is_told_of_trunk(&world, "trunk-2");
        third.hung_up().await;
        world.settle().await;
        let words = ["trying", "ringing", "in-progress", "completed"];
        assert_eq!(told(&world), words);
        let ways = world.host.ways.borrow();
        let ways: Vec<_> = ways
            .iter()
            .map(|(trunk, _, rang)| (&**trunk, *rang))
            .collect();
        assert_eq!(
            ways,
            [("trunk-0", false), ("trunk-1", false), ("trunk-2", true)]
        );
        let legs = world.view()["legs"].clone();
        assert_eq!(legs[0]["sipStatus"], 503);
        assert_eq!(legs[1]["sipStatus"], 408);
        assert_eq!(legs[2]["sipStatus"], 200);
    });
}

fn phone_is_told_of_trunk(world: &World, trunk: &str) {
    let first = world.asked_once("/start");
    assert_eq!(first.field("originating_sip_trunk_name"), trunk);
}

#[test]
fn a_phone_that_has_rung_and_what_the_called_party_says_ends_the_search() {
    in_virtual_time(async {
        for (rings, status, word) in [
            (true, 503, "failed"),
            (false, 486, "busy"),
            (false, 404, "failed"),
        ] {
            let world = world(Dialect::Twiml);
            let (first, second) = (world.phone(), world.phone());
            world.place(world.order(), &[&[&first], &[&second]]);
            let callee = Callee::of(&first).await;
            if rings {
                callee.rings();
                callee.waits(100 * MS).await;
            }
            callee.refuses(status).await;
            world.settle().await;
            assert_eq!(told(&world), [word]);
            assert!(!second.has_request("INVITE").await, "{status}");
        }
    });
}

#[test]
fn two_phones_ring_at_once_and_the_first_to_answer_has_the_call() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let (kitchen, desk) = (world.phone(), world.phone());
        world.place(world.order(), &[&[&kitchen, &desk]]);
        let (at_desk, in_kitchen) = (Callee::of(&desk).await, Callee::of(&kitchen).await);
        assert_eq!(world.host.open_ports.get(), 2);
        in_kitchen.rings();
        at_desk.rings();
        at_desk.waits(300 * MS).await;
        let handset = world.handset();
        at_desk.picks_up(&handset).await;
        in_kitchen.is_cancelled().await;
        assert_eq!(world.host.open_ports.get(), 1);
        let legs = world.view()["legs"].clone();
        assert_eq!(
            (&legs[0]["sipStatus"], &legs[1]["sipStatus"]),
            (&json!(487), &json!(200))
        );
        assert_eq!(legs[0]["codec"], serde_json::Value::Null);
        assert_eq!(legs[1]["codec"], "PCMU");
        desk.hung_up().await;
        world.settle().await;
        assert_eq!(kitchen.count_heard("BYE"), 0);
        assert_eq!(
            told(&world),
            ["trying", "ringing", "in-progress", "completed"]
        );
    });
}

#[test]
fn two_phones_that_answer_at_once_make_one_call() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let (kitchen, desk) = (world.phone(), world.phone());
        world.place(world.order(), &[&[&kitchen, &desk]]);
        let (at_desk, in_kitchen) = (Callee::of(&desk).await, Callee::of(&kitchen).await);
        at_desk.respond(200, "OK", &[], OFFER);
        in_kitchen.respond(200, "OK", &[], OFFER);
        at_desk.waits(500 * MS).await;
        kitchen.request("ACK").await;
        desk.request("ACK").await;
        kitchen.listen(100 * MS).await;
        let hung_up = [desk.count_heard("BYE"), kitchen.count_heard("BYE")];
        assert_eq!(hung_up.iter().sum::<usize>(), 1);
        world.settle().await;
        kitchen.listen(100 * MS).await;
        desk.listen(100 * MS).await;
        assert_eq!(desk.count_heard("BYE") + kitchen.count_heard("BYE"), 2);
        assert_eq!(told(&world), ["trying", "in-progress", "completed"]);
    });
}

#[test]
fn all_phones_that_are_busy_make_a_busy_call_and_a_decline_is_for_all() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (kitchen, desk) = (world.phone(), world.phone());
        world.place(world.order(), &[&[&kitchen, &desk]]);
        let (at_desk, in_kitchen) = (Callee::of(&desk).await, Callee::of(&kitchen).await);
        at_desk.refuses(486).await;
        in_kitchen.rings();
        in_kitchen.waits(100 * MS).await;
        assert!(told(&world).is_empty());
        in_kitchen.refuses(480).await;
        world.settle().await;
        assert_eq!(told(&world), ["busy"]);
    });
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let (kitchen, desk) = (world.phone(), world.phone());
        world.place(world.order(), &[&[&kitchen, &desk]]);
        let (at_desk, in_kitchen) = (Callee::of(&desk).await, Callee::of(&kitchen).await);
        in_kitchen.rings();
        in_kitchen.waits(100 * MS).await;
        at_desk.refuses(603).await;
        in_kitchen.is_cancelled().await;
        world.settle().await;
        assert_eq!(told(&world), ["trying", "ringing", "busy"]);
    });
}

#[test]
fn of_two_forks_that_answer_one_invite_the_first_has_the_call() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let one = Callee::of(&phone).await;
        let other = Callee::fork(&phone, one.invite.borrow().clone(), "other");
        one.rings();
        other.rings();
        one.answers().await;
        other.answers().await;
        phone.hung_up().await;
        let bye = phone.count_heard("BYE");
        assert_eq!(bye, 1);
        one.waits(1_000 * MS).await;
        assert_eq!(world.desk.live(), 1);
        world.settle().await;
        phone.listen(100 * MS).await;
        assert_eq!(phone.count_heard("BYE"), 2);
        assert_eq!(told(&world), ["completed"]);
    });
}

#[test]
fn a_redirection_is_followed_where_the_operator_allows_it() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (moved, forbidden, there) = (world.phone(), world.phone(), world.phone());
        let allowed = format!("bob@{}", there.address.ip());
        world.change_options(|options| {
            options.transfer.allow_targets = AllowList::new([allowed]);
        });
        world.place(world.order(), &[&[&moved]]);
        let callee = Callee::of(&moved).await;
        let contact = format!(
            "<sip:eve@{}>;q=0.9, <sip:bob@{}>;q=0.1",
            forbidden.address, there.address
        );
        callee.respond(302, "Moved", &[("Contact", &contact)], "");
        moved.request("ACK").await;
        let callee = Callee::of(&there).await;
        callee.answers().await;
        there.hung_up().await;
        world.settle().await;
        assert!(!forbidden.has_request("INVITE").await);
        assert_eq!(told(&world), ["completed"]);
    });
}

#[test]
fn a_circle_of_redirections_is_left() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (one, other) = (world.phone(), world.phone());
        world.place(world.order(), &[&[&one]]);
        for round in 0..20 {
            let (here, there) = if round % 2 == 0 {
                (&one, &other)
            } else {
                (&other, &one)
            };
            let invited = tokio::time::timeout(Duration::from_secs(40), Callee::of(here)).await;
            let Ok(callee) = invited else { break };
            let contact = format!("<sip:hop{round}@{}>", there.address);
            callee.respond(302, "Moved", &[("Contact", &contact)], "");
            here.request("ACK").await;
        }
        world.settle().await;
        assert_eq!(one.count_heard("INVITE") + other.count_heard("INVITE"), 6);
        assert_eq!(told(&world), ["failed"]);
        assert_eq!(world.asked_once("/status").field("SipResponseCode"), "302");
    });
}

const CHALLENGE: (&str, &str) = (
    "WWW-Authenticate",
    "Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"",
);

#[test]
fn a_challenge_is_answered_with_the_credentials_of_the_order_or_else_of_the_way() {
    in_virtual_time(async {
        for own in [true, false] {
            let world = world(Dialect::Twiml);
            let phone = world.phone();
            let mut order = world.order();
            order.credentials = own.then(|| ("mine".to_owned(), "secret".to_owned()));
            let mut way = way("carrier", &phone);
            way.credentials = vec![hookflash_sip::Credentials {
                username: "trunk".to_owned(),
                password: "secret".to_owned(),
                realm: None,
            }];
            world.place_by(order, vec![vec![way]]);
            let callee = Callee::of(&phone).await;
            callee.respond(401, "Unauthorized", &[CHALLENGE], "");
            callee.invited_again().await;
            let answer = callee
                .invite
                .borrow()
                .header("Authorization")
                .unwrap()
                .to_owned();
            let user = if own { "mine" } else { "trunk" };
            assert!(answer.contains(&format!("username=\"{user}\"")), "{answer}");
            callee.answers().await;
            phone.hung_up().await;
            world.settle().await;
            assert_eq!(told(&world), ["completed"]);
        }
    });
}

#[test]
fn a_challenge_without_credentials_and_one_that_never_ends_fail_the_call() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.respond(407, "Proxy Authentication Required", &[CHALLENGE], "");
        phone.request("ACK").await;
        world.settle().await;
        assert_eq!(told(&world), ["failed"]);
    });
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let mut order = world.order();
        order.credentials = Some(("mine".to_owned(), "wrong".to_owned()));
        world.place(order, &[&[&phone]]);
        for round in 0..20 {
            let invited = tokio::time::timeout(Duration::from_secs(40), Callee::of(&phone)).await;
            let Ok(callee) = invited else { break };
            let nonce = format!("Digest realm=\"carrier\", nonce=\"n{round}\", stale=true");
            callee.respond(401, "No", &[("WWW-Authenticate", &nonce)], "");
            phone.request("ACK").await;
        }
        world.settle().await;
        assert!(phone.count_heard("INVITE") < 10);
        assert_eq!(told(&world), ["failed"]);
    });
}

#[test]
fn a_name_that_leads_nowhere_fails_the_call_and_tells_the_way() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let phone = world.phone();
        let lost = Way {
            uri: "sip:+441632960099@nowhere.invalid".to_owned(),
            ..way("lost", &phone)
        };
        world.place_by(world.order(), vec![vec![lost]]);
        world.settle().await;
        assert_eq!(told(&world), ["error"]);
        let ways = world.host.ways.borrow();
        let [(trunk, LegEnd::TransportLost(_), false)] = &ways[..] else {
            panic!("{ways:?}");
        };
        assert_eq!(trunk, "lost");
        assert_eq!(world.view()["legs"][0]["sipStatus"], 503);
    });
}

#[test]
fn a_way_that_cannot_be_written_is_passed_over() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let broken = Way {
            uri: "sip:bob@\r\nVia: x".to_owned(),
            ..way("broken", &phone)
        };
        world.place_by(
            world.order(),
            vec![vec![broken], vec![way("whole", &phone)]],
        );
        Callee::of(&phone).await.answers().await;
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(told(&world), ["completed"]);
    });
}

#[test]
fn without_a_port_for_audio_nobody_is_called() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.host.ports_left.set(0);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        world.settle().await;
        assert!(!phone.has_request("INVITE").await);
        assert_eq!(told(&world), ["failed"]);
        assert_eq!(world.asked_once("/status").field("SipResponseCode"), "503");
    });
}

#[test]
fn header_fields_of_the_order_and_of_the_way_reach_the_wire_and_no_others() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut order = world.order();
        order.headers = vec![
            field("X-Account", "17"),
            field("User-to-User", "3a01;encoding=hex"),
            field("Via", "SIP/2.0/UDP evil"),
            field("Contact", "<sip:evil@example.com>"),
            field("X-Bad", "1\r\nRoute: <sip:evil>"),
        ];
        let mut way = way("carrier", &phone);
        way.headers = vec![field(
            "P-Asserted-Identity",
            "<sip:+441632960011@voice.example>",
        )];
        world.place_by(order, vec![vec![way]]);
        let callee = Callee::of(&phone).await;
        let invite = callee.invite.borrow().clone();
        assert_eq!(invite.header("X-Account"), Some("17"));
        assert_eq!(invite.header("User-to-User"), Some("3a01;encoding=hex"));
        assert!(invite.header("P-Asserted-Identity").is_some());
        assert_eq!(invite.header("X-Bad"), None);
        assert_eq!(invite.header("Route"), None);
        assert!(
            invite
                .header("From")
                .unwrap()
                .starts_with("\"Support\" <sip:+441632960011@")
        );
        assert!(!format!("{invite:?}").contains("evil"));
        callee.refuses(486).await;
        world.settle().await;
        let ladder = hookflash_call::ladder(&world.record());
        assert_eq!(ladder.matches("header not sent").count(), 3, "{ladder}");
    });
}

#[test]
fn an_answer_without_usable_audio_is_hung_up_and_a_failure() {
    in_virtual_time(async {
        for body in [
            "",
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 9\r\n",
        ] {
            let world = world(Dialect::Twiml);
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            let callee = Callee::of(&phone).await;
            callee.answers_with(body).await;
            phone.hung_up().await;
            world.settle().await;
            assert_eq!(told(&world), ["failed"]);
            assert!(world.application.asked_at("/start").is_empty());
        }
    });
}

#[test]
fn an_answer_that_came_with_a_progress_stands_for_the_200() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.respond(183, "Session Progress", &[], OFFER);
        callee.waits(300 * MS).await;
        assert_eq!(told(&world), ["trying", "early-media"]);
        callee.answers_with("").await;
        callee.waits(300 * MS).await;
        assert_eq!(world.view()["legs"][0]["codec"], "PCMU");
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_peer_that_never_answers_our_bye_is_let_go() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        phone.polite.set(false);
        world.place(world.order(), &[&[&phone]]);
        Callee::of(&phone).await.answers().await;
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(told(&world), ["completed"]);
    });
}

#[test]
fn keys_of_the_order_are_heard_before_the_document_is_asked_for() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        let handset = world.handset();
        let mut order = world.order();
        let pause = KeyOrPause::Pause(500 * MS);
        order.keys = Some(Keys {
            keys: vec![pause, KeyOrPause::Key('1'), KeyOrPause::Key('#')],
            tone: 100 * MS,
            gap: 100 * MS,
        });
        world.place(order, &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.picks_up(&handset).await;
        callee.waits(300 * MS).await;
        assert!(world.application.asked_at("/start").is_empty());
        callee.waits(1_000 * MS).await;
        assert_eq!(handset.keys(), "1#");
        assert_eq!(world.application.asked_at("/start").len(), 1);
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_document_that_came_with_the_order_is_run_and_nobody_is_asked() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let phone = world.phone();
            let mut order = world.order();
            order.document = Some(document(dialect, &[V::Pause(1), V::Redirect("/next")]).into());
            world.then("/next", &document(dialect, &[V::Hangup]));
            world.place(order, &[&[&phone]]);
            Callee::of(&phone).await.answers().await;
            phone.hung_up().await;
            world.settle().await;
            assert!(world.application.asked_at("/start").is_empty(), "{dialect}");
            world.asked_once("/next");
        });
    }
}

#[test]
fn a_redirect_while_it_rings_replaces_the_document_that_runs_at_the_answer() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let phone = world.phone();
        world.then("/other", &document(Dialect::Twiml, &[V::Hangup]));
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        callee.waits(200 * MS).await;
        world.redirect("/never");
        world.redirect("/other");
        callee.waits(200 * MS).await;
        assert!(world.application.asked_at("/other").is_empty());
        callee.answers().await;
        phone.hung_up().await;
        world.settle().await;
        world.asked_once("/other");
        assert!(world.application.asked_at("/start").is_empty());
        assert!(world.application.asked_at("/never").is_empty());
    });
}

#[test]
fn a_recording_of_the_order_runs_from_the_answer_to_the_end() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, handset) = (world.phone(), world.handset());
        let mut order = world.order();
        order.record = Some(Box::new(StartRecording {
            dual: false,
            tracks: Tracks::Both,
            trim: false,
            format: RecordingFormat::Wav,
            announce: Announce::default(),
            transcribe: None,
            name: None,
        }));
        world.place(order, &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        callee.waits(1_000 * MS).await;
        assert!(world.host.services.files.borrow().is_empty());
        callee.picks_up(&handset).await;
        phone.hung_up().await;
        world.settle().await;
        let kept = world.host.services.kept.borrow();
        let length = kept.last().unwrap().duration;
        assert!(
            length.abs_diff(Duration::from_secs(2)) < 200 * MS,
            "{length:?}"
        );
    });
}

#[test]
fn the_longest_time_of_a_call_counts_from_its_answer() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.begins_with(&document(Dialect::Twiml, &[V::Pause(600)]));
        let phone = world.phone();
        let mut order = world.order();
        order.max_duration = Some(Duration::from_secs(20));
        world.place(order, &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        callee.waits(Duration::from_secs(15)).await;
        callee.answers().await;
        let answered = tokio::time::Instant::now();
        phone.hung_up().await;
        assert!(answered.elapsed().abs_diff(Duration::from_secs(20)) < 200 * MS);
        world.settle().await;
    });
}
