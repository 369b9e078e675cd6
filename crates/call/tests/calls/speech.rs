//! Collecting speech: results, partial results, barge-in, both kinds of input at once.

use std::time::Duration;

use hookflash_dialects::Dialect;

use crate::support::hearing::{assert_about, samples, sounds};
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn world() -> World {
    let world = World::new(Dialect::Twiml);
    world.then("/done", "<Response><Hangup/></Response>");
    world
}

fn gather(attributes: &str) -> String {
    format!(
        "<Response><Gather action=\"/done\" {attributes}><Say>Say it</Say></Gather>\
         <Hangup/></Response>"
    )
}

#[test]
fn gather_speech_is_told_with_its_confidence_when_the_caller_falls_silent() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"speech\" speechTimeout=\"1\" language=\"en-GB\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.speak(2 * SECOND);
        let recognition = world.host.services.recognition();
        recognition.result_at_end("to the account department", 0.875);
        let spoke = tokio::time::Instant::now().into_std();
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("SpeechResult"), "to the account department");
        assert_eq!(asked.field("Confidence"), "0.875");
        assert_about(asked.at - spoke, 3 * SECOND + 60 * MS);
        assert_eq!(recognition.recognizer.language.as_deref(), Some("en-GB"));
        assert_eq!(recognition.rate, 8_000);
        let heard = Duration::from_secs_f64(recognition.samples.get() as f64 / 8_000.0);
        assert_about(heard, 5 * SECOND);
        world.settle().await;
    });
}

#[test]
fn gather_speech_ends_when_the_recognizer_says_so() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"speech\" speechTimeout=\"auto\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.speak(SECOND);
        phone.listen(1_200 * MS).await;
        world.host.services.recognition().result("yes", 0.5, true);
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("SpeechResult"), "yes");
        world.settle().await;
    });
}

#[test]
fn gather_speech_tells_partial_results_in_order() {
    in_virtual_time(async {
        let world = world();
        world
            .application
            .page("/partial", crate::support::application::Page::status(200));
        let document = gather("input=\"speech\" partialResultCallback=\"/partial\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.speak(3 * SECOND);
        let recognition = world.host.services.recognition();
        assert!(recognition.recognizer.interim);
        let words = ["i", "i want", "i want to pay"];
        for text in words {
            phone.listen(500 * MS).await;
            recognition.result(text, 0.25, false);
        }
        recognition.result_at_end("I want to pay.", 0.9);
        phone.hung_up().await;
        let partial = world.application.asked_at("/partial");
        let told: Vec<_> = partial
            .iter()
            .map(|asked| {
                (
                    asked.field("SequenceNumber"),
                    asked.field("UnstableSpeechResult"),
                )
            })
            .collect();
        let expected: Vec<_> = words
            .iter()
            .enumerate()
            .map(|(number, text)| (number.to_string(), (*text).to_owned()))
            .collect();
        assert_eq!(told, expected);
        assert_eq!(
            world.asked_once("/done").field("SpeechResult"),
            "I want to pay."
        );
        world.settle().await;
    });
}

#[test]
fn gather_speech_ends_the_prompt_within_a_few_frames() {
    in_virtual_time(async {
        let world = world();
        world
            .host
            .services
            .speech("Say it", tone(600.0, 20 * SECOND), 5 * MS);
        let document = gather("input=\"speech\" speechTimeout=\"1\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        let before = handset.heard().len();
        handset.speak(SECOND);
        world.host.services.recognition().result_at_end("stop", 0.9);
        phone.hung_up().await;
        let heard = handset.heard();
        let said = sounds(&heard, 20 * MS);
        let after = said.last().unwrap().end.saturating_sub(before);
        assert!(
            after < samples(500 * MS),
            "{after} samples after speech began"
        );
        assert_eq!(world.asked_once("/done").field("SpeechResult"), "stop");
        world.settle().await;
    });
}

#[test]
fn gather_speech_goes_on_after_a_cough() {
    for input in ["speech", "dtmf speech"] {
        in_virtual_time(async {
            let world = world();
            let document = gather(&format!(
                "input=\"{input}\" speechTimeout=\"1\" timeout=\"10\""
            ));
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(2 * SECOND).await;
            handset.speak(300 * MS);
            let nothing = world.host.services.recognition();
            phone.listen(2 * SECOND).await;
            assert!(nothing.dropped.get(), "{input}");
            handset.speak(SECOND);
            world.host.services.recognition().result_at_end("yes", 0.9);
            phone.hung_up().await;
            assert_eq!(world.asked_once("/done").field("SpeechResult"), "yes");
            world.settle().await;
        });
    }
}

#[test]
fn gather_speech_waits_no_longer_for_who_only_coughs() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"speech\" speechTimeout=\"1\" timeout=\"5\"");
        let (phone, handset) = world.caller_of(&document).await;
        let began = tokio::time::Instant::now();
        phone.listen(2 * SECOND).await;
        handset.speak(300 * MS);
        phone.hung_up().await;
        assert_about(began.elapsed(), 6 * SECOND);
        assert!(world.application.asked_at("/done").is_empty());
        world.settle().await;
    });
}

#[test]
fn gather_of_both_kinds_takes_the_keys_when_keys_come_first() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"dtmf speech\" numDigits=\"2\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.press("42");
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("Digits"), "42");
        assert_eq!(asked.field("SpeechResult"), "-");
        world.settle().await;
    });
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"dtmf speech\" numDigits=\"2\" speechTimeout=\"1\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.speak(SECOND);
        world
            .host
            .services
            .recognition()
            .result_at_end("forty two", 0.9);
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("SpeechResult"), "forty two");
        assert_eq!(asked.field("Digits"), "-");
        world.settle().await;
    });
}

#[test]
fn gather_speech_without_a_word_goes_on_with_the_next_verb() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"speech\" timeout=\"3\"");
        let (phone, _handset) = world.caller_of(&document).await;
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        assert_about(began.elapsed(), 4 * SECOND);
        assert!(world.application.asked_at("/done").is_empty());
        world.settle().await;
    });
}

#[test]
fn gather_speech_without_a_recognizer_still_takes_keys() {
    in_virtual_time(async {
        let world = world();
        world.host.services.deaf.set(true);
        let document = gather("input=\"dtmf speech\" numDigits=\"2\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.press("42");
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("Digits"), "42");
        let verbs = world.view()["verbs"].to_string();
        assert!(verbs.contains("speech is not recognised"), "{verbs}");
        world.settle().await;
    });
    in_virtual_time(async {
        let world = world();
        world.host.services.deaf.set(true);
        let document = gather("input=\"speech\"");
        let (phone, _handset) = world.caller_of(&document).await;
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        // The prompt is heard; there is nothing to wait for then.
        assert_about(began.elapsed(), SECOND);
        assert!(world.application.asked_at("/done").is_empty());
        world.settle().await;
    });
}

#[test]
fn gather_speech_survives_a_recognizer_that_crashes_or_never_ends() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"dtmf speech\" numDigits=\"2\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        world.host.services.recognition().fail();
        phone.listen(100 * MS).await;
        handset.press("42");
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("Digits"), "42");
        world.settle().await;
    });
}

#[test]
fn gather_speech_keeps_what_was_understood_before_the_recognizer_crashed() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"speech\" speechTimeout=\"5\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        handset.speak(3 * SECOND);
        phone.listen(SECOND).await;
        let recognition = world.host.services.recognition();
        recognition.result("billing please", 0.5, true);
        phone.listen(SECOND).await;
        recognition.fail();
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("SpeechResult"), "billing please");
        world.settle().await;
    });
}

#[test]
fn gather_speech_waits_ten_seconds_for_a_recognizer_that_comes_to_no_end() {
    in_virtual_time(async {
        let world = world();
        let document = gather("input=\"speech\" speechTimeout=\"1\"");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        world.host.services.recognition().hangs.set(true);
        let began = tokio::time::Instant::now();
        handset.speak(SECOND);
        phone.hung_up().await;
        assert_about(began.elapsed(), 12 * SECOND + 60 * MS);
        world.settle().await;
    });
}

#[test]
fn gather_speech_leaves_nothing_behind_when_it_is_interrupted() {
    for hangs_up in [true, false] {
        in_virtual_time(async {
            let world = world();
            world.then("/other", "<Response><Hangup/></Response>");
            let document = gather("input=\"dtmf speech\"");
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(2 * SECOND).await;
            handset.speak(SECOND);
            phone.listen(500 * MS).await;
            match hangs_up {
                true => {
                    phone.send("BYE", &[], "");
                }
                false => {
                    world.redirect("/other");
                    phone.hung_up().await;
                }
            }
            world.settle().await;
            assert!(world.application.asked_at("/done").is_empty());
        });
    }
}
