//! A fault of this server in one call: that call ends truthfully, and no other notices.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hookflash_call::{Turn, Updated};
use hookflash_dialects::{CallAction, CallState, Dialect, EndedBy};
use hookflash_program::{Announce, BackgroundRecording, RecordingFormat, StartRecording, Tracks};

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{TARGET, V, answered, document};
use crate::support::world::{World, in_virtual_time};

const MS: Duration = Duration::from_millis(1);

fn world(dialect: Dialect, verbs: &[V]) -> World {
    let world = World::new(dialect);
    for path in ["/status", "/events", "/done", "/progress", "/stream"] {
        world.application.page(path, Page::status(200));
    }
    world.begins_with(&answered(dialect, verbs));
    world
}

/// Breaks the only call in its own task or beside it.
fn break_it(world: &World) {
    world.host.services.breaks.set(true);
    let recording = StartRecording {
        dual: false,
        tracks: Tracks::Inbound,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce::default(),
        transcribe: None,
        name: None,
    };
    let order = BackgroundRecording::Start(Box::new(recording));
    let refused = world.tell(CallAction::Recording(order));
    assert!(!matches!(refused, Ok(Updated::Recording(_))));
}

fn assert_broken(world: &World, calls: u64) {
    let counters = &world.ledger.counters;
    assert_eq!(counters.calls_broken.load(Relaxed), calls);
    assert_eq!(counters.calls_failed.load(Relaxed), calls);
    assert_eq!(counters.calls_live(), 0);
}

#[test]
fn an_answered_call_is_hung_up_and_its_application_learns_the_end_once() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect, &[V::Pause(60)]);
            world.host.breaks_at.set(Some(Turn::Answered));
            let phone = world.phone();
            phone.call().await;
            phone.hung_up().await;
            world.settle().await;
            let end = world.record().facts(|facts| facts.state.clone());
            let CallState::Ended(end) = end else {
                panic!("{dialect}: {end:?}")
            };
            assert_eq!(end.by, EndedBy::Server);
            assert!(end.answered);
            let message = end.message.unwrap();
            assert!(message.contains("fault of this server"), "{message}");
            assert!(world.record().is_concluded());
            let told = world.application.asked_at("/status");
            let last = told.iter().filter(|told| told.is_final()).count();
            assert_eq!(last, 1, "{dialect}: {told:?}");
            let turns = world.host.turns.borrow().clone();
            let ended = turns.iter().position(|turn| *turn == Turn::Ended);
            let after = &turns[ended.expect("it is over") + 1..];
            assert!(after.iter().all(|turn| *turn == Turn::Settled), "{turns:?}");
            assert_broken(&world, 1);
        });
    }
}

#[test]
fn the_calls_beside_it_go_on() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, &[V::Pause(60)]);
        let (before, broken, after) = (world.phone(), world.phone(), world.phone());
        before.call().await;
        world.host.breaks_at.set(Some(Turn::Answered));
        broken.call().await;
        broken.hung_up().await;
        after.call().await;
        before.listen(30_000 * MS).await;
        assert_eq!(world.desk.live(), 2);
        assert_eq!(before.count_heard("BYE") + after.count_heard("BYE"), 0);
        before.hung_up().await;
        after.hung_up().await;
        world.settle().await;
        assert_broken(&world, 1);
    });
}

#[test]
fn a_call_that_was_not_answered_is_refused() {
    // Those that let the caller hear it ring while the document is fetched.
    for dialect in [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml] {
        in_virtual_time(async {
            let world = world(dialect, &[V::Pause(60)]);
            world.host.breaks_at.set(Some(Turn::Ringing));
            let phone = world.phone();
            let answer = phone.call_with(&[], "").await;
            assert_eq!(answer.status(), 500, "{dialect}");
            world.settle().await;
            let told = world.application.asked_at("/status");
            assert_eq!(told.iter().filter(|told| told.is_final()).count(), 1);
            assert_broken(&world, 1);
        });
    }
}

#[test]
fn the_phones_that_ring_are_cancelled() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, &[V::Pause(60)]);
        let (one, other) = (world.phone(), world.phone());
        world.host.breaks_at.set(Some(Turn::Ringing));
        world.place(world.order(), &[&[&one, &other]]);
        let (first, second) = (Callee::of(&one).await, Callee::of(&other).await);
        second.respond(100, "Trying", &[], "");
        first.rings();
        first.is_cancelled().await;
        second.is_cancelled().await;
        world.settle().await;
        let told = world.application.asked_at("/status");
        assert_eq!(told.last().unwrap().field("CallStatus"), "failed");
        assert_broken(&world, 1);
    });
}

#[test]
fn a_phone_that_answered_in_that_moment_is_hung_up() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml, &[V::Pause(60)]);
        let phone = world.phone();
        world.host.breaks_at.set(Some(Turn::Answered));
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.answers().await;
        phone.hung_up().await;
        world.settle().await;
        let told = world.application.asked_at("/status");
        assert_eq!(told.last().unwrap().field("cause"), "error");
        assert_broken(&world, 1);
    });
}

#[test]
fn a_transfer_under_way_still_has_one_result_and_one_callback() {
    for dialect in [Dialect::Twiml, Dialect::Bxml, Dialect::Cxml] {
        in_virtual_time(async {
            let verbs = [V::Refer(TARGET, Some("/done"))];
            let world = World::new(dialect);
            world.begins_with(&document(dialect, &verbs));
            for path in ["/status", "/done"] {
                world.application.page(path, Page::status(200));
            }
            let phone = world.phone();
            phone.call().await;
            let refer = phone.request("REFER").await;
            phone.answer(&refer, 202, "Accepted", &[]);
            phone.listen(100 * MS).await;
            break_it(&world);
            phone.hung_up().await;
            world.settle().await;
            assert_eq!(world.transfer()["outcome"], "canceled", "{dialect}");
            assert_eq!(world.application.asked_at("/done").len(), 1, "{dialect}");
            assert_broken(&world, 1);
        });
    }
}

#[test]
fn what_breaks_beside_the_document_ends_the_call_too() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, &[]);
        world.begins_with(
            r#"<Response><Start><Stream url="wss://app.example/ear" name="ear"/></Start>
            <Start><Stream url="wss://app.example/other" name="other"/></Start>
            <Pause length="600"/></Response>"#,
        );
        world.host.services.breaks.set(true);
        let (phone, _handset) = world.caller().await;
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        assert!(began.elapsed() < 1_000 * MS);
        world.settle().await;
        assert_broken(&world, 1);
    });
}

#[test]
fn a_call_that_breaks_at_its_very_end_is_let_go() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, &[V::Pause(1), V::Hangup]);
        world.host.breaks_at.set(Some(Turn::Ended));
        let phone = world.phone();
        phone.call().await;
        phone.hung_up().await;
        world.settle().await;
        assert!(world.record().is_concluded());
        assert_eq!(world.ledger.counters.calls_live(), 0);
        let told = world.application.asked_at("/status");
        assert_eq!(told.iter().filter(|told| told.is_final()).count(), 1);
    });
}

#[test]
fn a_call_that_breaks_before_it_begins_is_over_at_once() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, &[V::Pause(60)]);
        world.host.writing.set(500 * MS);
        world.host.breaks_at.set(Some(Turn::Begun));
        world.place(world.order(), &[&[&world.phone()]]);
        world.settle().await;
        assert_eq!(world.view()["legs"], serde_json::json!([]));
        world.host.breaks_at.set(Some(Turn::Begun));
        let phone = world.phone();
        phone.call_with(&[], "").await;
        world.settle().await;
        assert_broken(&world, 2);
    });
}
