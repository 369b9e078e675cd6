//! How keys come: as telephone-events, as INFO, and what the journal says of them.

use std::time::Duration;

use hookflash_call::view;
use hookflash_dialects::Dialect;

use crate::support::world::{World, in_virtual_time};

const GATHER: &str = "<Response><Gather action=\"/done\" numDigits=\"4\"/></Response>";

fn world() -> World {
    let world = World::new(Dialect::Twiml);
    world.then("/done", "<Response><Hangup/></Response>");
    world
}

#[test]
fn keys_that_come_as_info_are_collected_and_answered_with_200() {
    in_virtual_time(async {
        let world = world();
        let (phone, _handset) = world.caller_of(GATHER).await;
        let relay = [("Content-Type", "application/dtmf-relay")];
        for body in [
            "Signal=1\r\nDuration=160\r\n",
            "Signal= 2\r\nDuration=100",
            "signal=*\r\n",
        ] {
            phone.send("INFO", &relay, body);
            assert_eq!(phone.response("INFO").await.status(), 200);
        }
        phone.send("INFO", &[("Content-Type", "application/dtmf")], "11");
        phone.hung_up().await;
        world.settle().await;
        // `#` finishes the input and is no part of it.
        assert_eq!(world.asked_once("/done").field("Digits"), "12*");
        assert_eq!(world.asked_once("/done").field("FinishedOnKey"), "#");
    });
}

#[test]
fn a_caller_who_never_stops_typing_is_stopped() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        world.then("/done", "<Response><Hangup/></Response>");
        let document = "<Response><Gather action=\"/done\"/></Response>";
        let (phone, _handset) = world.caller_of(document).await;
        let dtmf = [("Content-Type", "application/dtmf")];
        for _ in 0..1_001 {
            phone.send("INFO", &dtmf, "7");
            phone.listen(Duration::from_millis(20)).await;
        }
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("Digits"), "7".repeat(1_000));
        world.settle().await;
    });
}

#[test]
fn keys_that_come_as_tones_are_collected() {
    in_virtual_time(async {
        let world = world();
        let (phone, handset) = world.tone_caller_of(GATHER).await;
        phone.listen(Duration::from_secs(1)).await;
        handset.press("47*1");
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("Digits"), "47*1");
        world.settle().await;
    });
}

#[test]
fn keys_that_come_both_as_events_and_as_info_count_once() {
    for info_first in [false, true] {
        in_virtual_time(async {
            let world = world();
            let document = GATHER.replace("\"4\"", "\"20\"");
            let (phone, handset) = world.caller_of(&document).await;
            let pause = Duration::from_millis(60);
            for key in "11223#".chars() {
                let tell = || {
                    let body = format!("Signal={key}\r\nDuration=100\r\n");
                    phone.send("INFO", &[("Content-Type", "application/dtmf-relay")], &body);
                };
                if info_first {
                    tell();
                    phone.listen(pause).await;
                }
                handset.press_fast(&key.to_string(), pause, pause);
                phone.listen(pause).await;
                if !info_first {
                    tell();
                }
                phone.listen(pause).await;
            }
            phone.hung_up().await;
            assert_eq!(world.asked_once("/done").field("Digits"), "11223");
            world.settle().await;
        });
    }
}

#[test]
fn keys_of_an_info_that_says_nothing_are_no_keys() {
    in_virtual_time(async {
        let world = world();
        let (phone, _handset) = world.caller_of(GATHER).await;
        for (content_type, body) in [
            ("application/dtmf-relay", "Duration=160\r\n"),
            ("application/dtmf-relay", "Signal=99\r\n"),
            ("application/dtmf", ""),
            ("text/plain", "Signal=1\r\n"),
        ] {
            phone.send("INFO", &[("Content-Type", content_type)], body);
            assert_eq!(phone.response("INFO").await.status(), 200);
        }
        phone.listen(Duration::from_secs(8)).await;
        world.settle().await;
        assert!(world.application.asked_at("/done").is_empty());
    });
}

#[test]
fn keys_are_in_the_journal_without_what_they_were_unless_that_is_allowed() {
    for shown in [false, true] {
        in_virtual_time(async {
            let world = world();
            world.change_options(|options| options.show_keys = shown);
            let (phone, handset) = world.caller_of(GATHER).await;
            handset.press("4711");
            phone.hung_up().await;
            world.settle().await;
            let trace = view::trace(&world.record());
            let events = trace.as_array().unwrap();
            let keys: Vec<&str> = events
                .iter()
                .filter_map(|event| event["summary"].as_str())
                .filter(|summary| summary.contains("pressed"))
                .collect();
            assert_eq!(keys.len(), 4);
            let first = match shown {
                true => "key 4 pressed (telephone-event)",
                false => "key pressed (telephone-event)",
            };
            assert_eq!(keys[0], first);
            assert!(!trace.to_string().contains("4711"));
        });
    }
}
