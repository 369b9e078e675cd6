//! Requests of the document's choice within the dialog, ringing with Alert-Info, and tracks that
//! are mixed into what the caller hears.

use std::time::Duration;

use hookflash_audio::measure::tone_level;
use hookflash_dialects::Dialect;

use crate::support::application::Page;
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

fn world(document: &str) -> World {
    let world = World::new(Dialect::Jambonz);
    let application = &world.application;
    application.page("/start", Page::document(document));
    let later = r#"[{"verb": "pause", "length": 60}]"#;
    application.page("/done", Page::document(later));
    application.page("/status", Page::status(200));
    application.page("/events", Page::status(200));
    world
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn says(world: &World, words: &str) -> bool {
    let trace = hookflash_call::view::trace(&world.record());
    trace.to_string().contains(words)
}

const INFO: &str = r#"[{"verb": "answer"}, {"verb": "sip:request", "method": "INFO",
    "headers": {"Content-Type": "application/json", "X-Case": "7"}, "body": "{\"a\":1}",
    "actionHook": "/done"}, {"verb": "pause", "length": 60}]"#;

#[test]
fn the_answer_to_a_request_within_the_dialog_is_reported() {
    for (status, reason) in [(200, "OK"), (415, "Unsupported Media Type")] {
        in_virtual_time(async {
            let world = world(INFO);
            let (phone, _handset) = world.caller().await;
            let info = phone.request("INFO").await;
            assert_eq!(info.header("Content-Type"), Some("application/json"));
            assert_eq!(info.header("X-Case"), Some("7"));
            assert_eq!(info.body, "{\"a\":1}");
            phone.answer(&info, status, reason, &[]);
            seconds(1).await;
            let told = world.application.asked_at("/done");
            assert_eq!(told.len(), 1);
            assert_eq!(told[0].field("sip_status"), status.to_string());
            assert_eq!(told[0].field("result"), "success");
            phone.send("BYE", &[], "");
            world.settle().await;
        });
    }
}

#[test]
fn a_request_that_nobody_answers_is_reported_as_408() {
    in_virtual_time(async {
        let world = world(INFO);
        let (phone, _handset) = world.caller().await;
        phone.request("INFO").await;
        phone.listen(Duration::from_secs(40)).await;
        let told = world.application.asked_at("/done");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field("sip_status"), "408");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_request_that_cannot_be_sent_has_failed() {
    in_virtual_time(async {
        let world = world(&INFO.replace("\"INFO\"", "\"NOTIFY\""));
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let told = world.application.asked_at("/done");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field("result"), "failed");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn who_hangs_up_before_the_answer_ends_the_verb() {
    in_virtual_time(async {
        let world = world(INFO);
        let (phone, _handset) = world.caller().await;
        phone.request("INFO").await;
        phone.send("BYE", &[], "");
        phone.response("BYE").await;
        world.settle().await;
        assert!(world.application.asked_at("/done").is_empty());
    });
}

#[test]
fn an_unanswered_call_rings_as_the_document_says() {
    in_virtual_time(async {
        let world = world(
            r#"[{"verb": "alert", "message": "info=alert-internal"},
                {"verb": "pause", "length": 2}, {"verb": "answer"},
                {"verb": "alert", "message": "info=late"}, {"verb": "pause", "length": 60}]"#,
        );
        let (phone, _handset) = world.caller().await;
        let ringing = phone.provisional(180).expect("180");
        assert_eq!(ringing.header("Alert-Info"), Some("info=alert-internal"));
        seconds(1).await;
        assert!(says(&world, "an answered call does not ring"));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_dub_track_sounds_beside_what_is_spoken_and_falls_silent() {
    in_virtual_time(async {
        let world = world(
            r#"[{"verb": "dub", "action": "addTrack", "track": "music"},
                {"verb": "dub", "action": "playOnTrack", "track": "music", "loop": true,
                    "play": "http://app.example/music.wav"},
                {"verb": "say", "text": "hello"},
                {"verb": "dub", "action": "silenceTrack", "track": "music"},
                {"verb": "pause", "length": 60}]"#,
        );
        let services = &world.host.services;
        services.clip(
            "http://app.example/music.wav",
            tone(400.0, Duration::from_secs(1)),
        );
        services.speech(
            "hello",
            tone(1_000.0, Duration::from_secs(3)),
            Duration::ZERO,
        );
        let (phone, handset) = world.caller().await;
        seconds(2).await;
        let heard = handset.heard();
        let latest = &heard[heard.len() - 8_000..];
        for hertz in [400.0, 1_000.0] {
            let level = tone_level(latest, 8_000, hertz);
            assert!(level > -15.0, "{hertz} Hz at {level} dBFS");
        }
        seconds(4).await;
        handset.forget();
        seconds(1).await;
        let loudest = handset.heard().iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest.unwrap() < 50, "silence");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_dub_track_that_cannot_be_fetched_is_noted_and_the_call_goes_on() {
    in_virtual_time(async {
        let world = world(
            r#"[{"verb": "dub", "action": "playOnTrack", "track": "music",
                    "play": "http://app.example/nothing.wav"},
                {"verb": "pause", "length": 60}]"#,
        );
        let (phone, _handset) = world.caller().await;
        seconds(2).await;
        assert!(says(&world, "the track stays as it is"));
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn more_dub_tracks_than_can_be_mixed_are_refused_and_noted() {
    in_virtual_time(async {
        let track = |number: u32| {
            format!(r#"{{"verb": "dub", "action": "addTrack", "track": "t{number}"}}"#)
        };
        let tracks: Vec<String> = (0..100).map(track).collect();
        let document = format!(
            r#"[{{"verb": "answer"}}, {}, {{"verb": "pause", "length": 60}}]"#,
            tracks.join(", ")
        );
        let world = world(&document);
        let (phone, _handset) = world.caller().await;
        assert!(says(&world, "no more tracks can be mixed"));
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
    in_virtual_time(async {
        let track = |number: u32| {
            format!(
                r#"{{"verb": "dub", "action": "addTrack", "track": "t{number}"}},
                    {{"verb": "dub", "action": "removeTrack", "track": "t{number}"}}"#
            )
        };
        let tracks: Vec<String> = (0..50).map(track).collect();
        let world = world(&format!(
            r#"[{{"verb": "answer"}}, {}, {{"verb": "pause", "length": 60}}]"#,
            tracks.join(", ")
        ));
        let (phone, _handset) = world.caller().await;
        assert!(
            !says(&world, "no more tracks"),
            "those that are taken away leave room"
        );
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}
