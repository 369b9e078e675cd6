//! Who picks up a call that we placed: the document waits for it, or the application is told.

use std::time::Duration;

use hookflash_dialects::{AnsweredBy, CallAction, CallOrder, Dialect, MachineDetection};
use hookflash_program::Hook;

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{V, document};
use crate::support::phone::Phone;
use crate::support::rtp::{Handset, tone};
use crate::support::world::{World, in_virtual_time};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    for path in ["/status", "/events", "/amd"] {
        world.application.page(path, Page::status(200));
    }
    world.begins_with(&document(dialect, &[V::Pause(20), V::Hangup]));
    world
}

/// An order that detects with the usual thresholds; the result is told at `/amd` or waited for.
fn order(world: &World, until_greeting_ends: bool, told: bool) -> CallOrder {
    let told_to = told.then(|| Hook::post("http://app.example/amd"));
    detecting(world, until_greeting_ends, told, told_to)
}

fn detecting(
    world: &World,
    until_greeting_ends: bool,
    beside: bool,
    told_to: Option<Hook>,
) -> CallOrder {
    CallOrder {
        machine_detection: Some(MachineDetection {
            until_greeting_ends,
            timeout: 30 * SECOND,
            speech_threshold: 2_400 * MS,
            speech_end_threshold: 1_200 * MS,
            silence_timeout: 5 * SECOND,
            beside,
            told_to,
        }),
        ..world.order()
    }
}

async fn answered<'a>(
    world: &World,
    phone: &'a Phone,
    handset: &Handset,
    order: CallOrder,
) -> Callee<'a> {
    world.place(order, &[&[phone]]);
    let callee = Callee::of(phone).await;
    callee.rings();
    callee.waits(500 * MS).await;
    callee.picks_up(handset).await;
    callee
}

fn answered_by(world: &World) -> Option<AnsweredBy> {
    world.record().facts(|facts| facts.answered_by)
}

#[test]
fn the_document_of_a_person_is_asked_for_once_the_person_waits() {
    for (dialect, field) in [
        (Dialect::Twiml, "AnsweredBy"),
        (Dialect::Cxml, "AnsweredBy"),
        (Dialect::Bxml, "machineDetectionResult"),
    ] {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = (world.phone(), world.handset());
            let callee = answered(&world, &phone, &handset, order(&world, false, false)).await;
            handset.speak(SECOND);
            callee.waits(1_800 * MS).await;
            assert!(world.application.asked_at("/start").is_empty());
            callee.waits(SECOND).await;
            assert_eq!(answered_by(&world), Some(AnsweredBy::Human));
            let first = world.asked_once("/start");
            assert!(first.field(field).contains("human"), "{first:?}");
            phone.hung_up().await;
            world.settle().await;
        });
    }
}

#[test]
fn a_message_is_left_after_the_beep() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, handset) = (world.phone(), world.handset());
        let callee = answered(&world, &phone, &handset, order(&world, true, false)).await;
        handset.speak(4 * SECOND);
        callee.waits(4_600 * MS).await;
        assert_eq!(answered_by(&world), Some(AnsweredBy::MachineStart));
        assert!(world.application.asked_at("/start").is_empty());
        handset.play(tone(1_000.0, 400 * MS));
        callee.waits(300 * MS).await;
        assert!(world.application.asked_at("/start").is_empty());
        callee.waits(300 * MS).await;
        let first = world.asked_once("/start");
        assert_eq!(first.field("AnsweredBy"), "machine_end_beep");
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn the_document_runs_while_the_application_is_told_who_picked_up() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = (world.phone(), world.handset());
            let callee = answered(&world, &phone, &handset, order(&world, true, true)).await;
            handset.speak(4 * SECOND);
            callee.waits(500 * MS).await;
            assert_eq!(world.application.asked_at("/start").len(), 1, "{dialect}");
            world.then("/other", &document(dialect, &[V::Pause(10), V::Hangup]));
            // Another document changes nothing about it.
            world.redirect("/other");
            callee.waits(6 * SECOND).await;
            let told = world.application.asked_at("/amd");
            let words: Vec<String> = told
                .iter()
                .map(|told| match dialect {
                    Dialect::Jambonz => told.field("type"),
                    Dialect::Bxml => {
                        told.field("eventType") + &told.field("machineDetectionResult")
                    }
                    _ => told.field("AnsweredBy"),
                })
                .collect();
            match dialect {
                Dialect::Jambonz => {
                    assert_eq!(
                        words,
                        ["amd_machine_detected", "amd_machine_stopped_speaking"]
                    );
                }
                Dialect::Bxml => {
                    assert_eq!(words.len(), 1, "{words:?}");
                    assert!(
                        words[0].starts_with("machineDetectionComplete"),
                        "{words:?}"
                    );
                    assert!(words[0].contains("answering-machine"), "{words:?}");
                }
                _ => {
                    assert_eq!(words, ["machine_end_silence"]);
                    let took: u64 = told[0].field("MachineDetectionDuration").parse().unwrap();
                    assert!(took.abs_diff(5_200) < 300, "{took}");
                }
            }
            phone.hung_up().await;
            world.settle().await;
        });
    }
}

#[test]
fn the_document_runs_while_the_call_itself_learns_who_picked_up() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = (world.phone(), world.handset());
            let order = detecting(&world, false, true, None);
            let callee = answered(&world, &phone, &handset, order).await;
            handset.speak(4 * SECOND);
            callee.waits(500 * MS).await;
            let first = world.asked_once("/start");
            assert_eq!(first.field("AnsweredBy"), "-");
            assert_eq!(answered_by(&world), None);
            callee.waits(4 * SECOND).await;
            let found = world
                .record()
                .facts(|facts| dialect.call_resource(facts)["answered_by"].clone());
            assert_eq!(found, "machine_start", "{dialect}");
            phone.hung_up().await;
            world.settle().await;
            assert!(world.application.asked_at("/amd").is_empty());
        });
    }
}

#[test]
fn who_says_nothing_is_not_known_and_the_document_is_asked_for_all_the_same() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, handset) = (world.phone(), world.handset());
        let callee = answered(&world, &phone, &handset, order(&world, false, false)).await;
        callee.waits(6 * SECOND).await;
        assert_eq!(world.asked_once("/start").field("AnsweredBy"), "unknown");
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn detection_is_cut_short_by_the_end_of_the_call_and_by_another_document() {
    for told in [true, false] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml);
            let (phone, handset) = (world.phone(), world.handset());
            let callee = answered(&world, &phone, &handset, order(&world, false, told)).await;
            callee.waits(SECOND).await;
            callee.send("BYE", &[], "");
            world.settle().await;
            assert!(world.application.asked_at("/amd").is_empty());
            assert_eq!(answered_by(&world), None);
            assert_eq!(world.asked_once("/status").field("CallStatus"), "completed");
        });
    }
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, handset) = (world.phone(), world.handset());
        let callee = answered(&world, &phone, &handset, order(&world, false, false)).await;
        callee.waits(SECOND).await;
        let hang_up = document(Dialect::Twiml, &[V::Hangup]);
        world.tell(CallAction::Document(hang_up.into())).unwrap();
        phone.hung_up().await;
        world.settle().await;
        assert!(world.application.asked_at("/start").is_empty());
    });
}

/// As jambonz has it: its other hooks bring documents, too.
#[test]
fn what_jambonz_is_told_to_do_about_who_picked_up_takes_the_place_of_the_document() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        let verbs = r#"[{"verb":"pause","length":1},{"verb":"hangup"}]"#;
        world.application.page("/amd", Page::document(verbs));
        let (phone, handset) = (world.phone(), world.handset());
        let callee = answered(&world, &phone, &handset, order(&world, false, true)).await;
        handset.speak(SECOND);
        callee.waits(2_600 * MS).await;
        assert_eq!(world.asked_once("/amd").field("type"), "amd_human_detected");
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        assert!(
            began.elapsed() < 2 * SECOND,
            "the first document pauses for 20 s"
        );
        world.settle().await;
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert!(trace.contains("answered who picked up with another document"));
    });
}

#[test]
fn the_document_goes_on_when_there_is_nothing_to_do_about_who_picked_up() {
    for page in [
        Page::document("[]"),
        Page::status(500),
        Page::document(r#"[{"verb":"sing"}]"#),
    ] {
        in_virtual_time(async {
            let world = world(Dialect::Jambonz);
            world.application.page("/amd", page);
            let (phone, handset) = (world.phone(), world.handset());
            let began = tokio::time::Instant::now();
            let callee = answered(&world, &phone, &handset, order(&world, false, true)).await;
            handset.speak(SECOND);
            callee.waits(3 * SECOND).await;
            assert!(!world.application.asked_at("/amd").is_empty());
            phone.hung_up().await;
            assert!(began.elapsed() > 19 * SECOND);
            world.settle().await;
        });
    }
}

/// Of the dialects that tell who picked up, only jambonz runs what is replied.
#[test]
fn others_are_told_and_what_they_reply_does_not_matter() {
    for dialect in [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml] {
        in_virtual_time(async {
            let world = world(dialect);
            let hang_up = document(dialect, &[V::Hangup]);
            world.application.page("/amd", Page::document(hang_up));
            let (phone, handset) = (world.phone(), world.handset());
            let began = tokio::time::Instant::now();
            let callee = answered(&world, &phone, &handset, order(&world, false, true)).await;
            handset.speak(SECOND);
            callee.waits(3 * SECOND).await;
            world.asked_once("/amd");
            phone.hung_up().await;
            assert!(began.elapsed() > 19 * SECOND, "{dialect}");
            world.settle().await;
        });
    }
}
