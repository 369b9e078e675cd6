//! What jambonz documents let a caller hear, type and say.

use std::time::Duration;

use hookflash_dialects::Dialect;
use serde_json::{Value, json};

use crate::support::application::Page;
use crate::support::hearing::{assert_about, is_tone, length, one_sound, samples, sounds};
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn world() -> World {
    let world = World::new(Dialect::Jambonz);
    world.application.page("/events", Page::status(200));
    world.then("/done", "[{\"verb\":\"hangup\"}]");
    world
}

fn document(verbs: Value) -> String {
    verbs.to_string()
}

#[test]
fn say_speaks_one_of_several_texts_each_time_it_is_repeated() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([
            {"verb": "say", "text": ["first", "second"], "loop": 8},
            {"verb": "hangup"},
        ]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        assert_about(length(&one_sound(&handset.heard())), 8 * SECOND);
        let spoken = world.host.services.spoken.borrow().len();
        assert!(spoken >= 2, "only one text in {spoken} choices");
        world.settle().await;
    });
}

#[test]
fn play_begins_where_and_ends_when_the_document_says_and_asks_what_comes_next() {
    in_virtual_time(async {
        let world = world();
        let clip = {
            let (low, high) = (tone(500.0, 2 * SECOND), tone(1_500.0, 10 * SECOND));
            let samples = [low.samples(), high.samples()].concat();
            std::sync::Arc::new(hookflash_audio::Clip::new(8_000, samples))
        };
        world
            .host
            .services
            .clip("http://app.example/long.wav", clip);
        let document = document(json!([{
            "verb": "play", "url": "/long.wav", "seekOffset": 16_000, "timeoutSecs": 3,
            "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        let heard = handset.heard();
        let played = one_sound(&heard);
        assert_about(length(&played), 3 * SECOND);
        assert!(is_tone(&heard[played], 1_500.0), "from its third second on");
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("reason"), "playCompleted");
        let millis: u64 = asked.field("playback_milliseconds").parse().unwrap();
        assert_about(Duration::from_millis(millis), 3 * SECOND);
        assert_eq!(
            asked.field("playback_seconds"),
            (millis / 1_000).to_string()
        );
        world.settle().await;
    });
}

#[test]
fn play_of_what_cannot_be_had_says_so_to_the_application() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([
            {"verb": "play", "url": "/missing.wav", "actionHook": "/done"}
        ]));
        let (phone, _handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("reason"), "playFailed");
        world.settle().await;
    });
}

#[test]
fn gather_tells_digits_and_why_it_ended() {
    for (keys, digits, reason) in [("42#", "42", "dtmfDetected"), ("", "-", "timeout")] {
        in_virtual_time(async {
            let world = world();
            let document = document(json!([{
                "verb": "gather", "input": ["digits"], "finishOnKey": "#", "timeout": 4,
                "say": {"text": "Number?"}, "actionHook": "/done"
            }]));
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(2 * SECOND).await;
            handset.press(keys);
            phone.hung_up().await;
            let asked = world.asked_once("/done");
            assert_eq!(
                (
                    asked.field("digits").as_str(),
                    asked.field("reason").as_str()
                ),
                (digits, reason)
            );
            world.settle().await;
        });
    }
}

/// `interDigitTimeout` counts once `minDigits` are there; until then `timeout` does.
#[test]
fn gather_waits_longer_for_keys_without_which_there_is_no_input() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([{
            "verb": "gather", "input": ["digits"], "minDigits": 2, "maxDigits": 4,
            "interDigitTimeout": 1, "timeout": 4, "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        handset.press("4");
        phone.listen(3 * SECOND).await;
        handset.press("2");
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        assert_about(began.elapsed(), SECOND);
        assert_eq!(world.asked_once("/done").field("digits"), "42");
        world.settle().await;
    });
}

#[test]
fn gather_tells_fewer_keys_than_it_wants_when_the_caller_says_that_they_are_all() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([{
            "verb": "gather", "input": ["digits"], "minDigits": 3, "finishOnKey": "#",
            "timeout": 4, "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        handset.press("42#");
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(
            (asked.field("digits"), asked.field("reason")),
            ("42".into(), "dtmfDetected".into())
        );
        world.settle().await;
    });
}

#[test]
fn gather_hears_nothing_during_a_prompt_that_nobody_may_interrupt() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([{
            "verb": "gather", "input": ["digits"], "numDigits": 2, "listenDuringPrompt": false,
            "say": {"text": "Number?"}, "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(200 * MS).await;
        handset.press("99");
        phone.listen(1_500 * MS).await;
        assert_about(length(&one_sound(&handset.heard())), SECOND);
        handset.press("12");
        phone.hung_up().await;
        assert_eq!(world.asked_once("/done").field("digits"), "12");
        world.settle().await;
    });
}

#[test]
fn gather_repeats_a_prompt_without_end_until_somebody_answers() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([{
            "verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 3,
            "say": {"text": "Number?", "loop": "forever"}, "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(9_500 * MS).await;
        handset.press("4");
        phone.hung_up().await;
        assert_about(length(&one_sound(&handset.heard())), 9_500 * MS);
        assert_eq!(world.asked_once("/done").field("digits"), "4");
        world.settle().await;
    });
}

#[test]
fn gather_repeats_a_prompt_and_waits_once_after_it() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([{
            "verb": "gather", "input": ["digits"], "numDigits": 1, "timeout": 3,
            "say": {"text": "Number?", "loop": 3}, "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        assert_about(length(&one_sound(&handset.heard())), 3 * SECOND);
        assert_about(began.elapsed(), 6 * SECOND);
        assert_eq!(world.asked_once("/done").field("reason"), "timeout");
        world.settle().await;
    });
}

#[test]
fn transcribe_recognises_with_the_settings_of_the_call() {
    in_virtual_time(async {
        let world = world();
        world.application.page("/heard", Page::status(200));
        let document = document(json!([
            {"verb": "config", "recognizer": {"vendor": "google", "language": "cy-GB"}},
            {"verb": "transcribe", "transcriptionHook": "/heard"}
        ]));
        let (phone, _handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        let recognizer = world.host.services.recognition().recognizer.clone();
        assert_eq!(recognizer.language.as_deref(), Some("cy-GB"));
        world
            .host
            .services
            .recognition()
            .result("da iawn", 0.9, true);
        phone.listen(SECOND).await;
        assert_recognizer(
            &world.asked_once("/heard").field("speech"),
            "google",
            "cy-GB",
        );
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

/// A result names the recognizer that it is of.
fn assert_recognizer(speech: &str, vendor: &str, language: &str) {
    let speech: Value = serde_json::from_str(speech).unwrap();
    assert_eq!(
        (&speech["vendor"]["name"], &speech["language_code"]),
        (&json!(vendor), &json!(language))
    );
}

#[test]
fn gather_tells_of_the_recognizer_that_the_settings_of_the_call_name() {
    in_virtual_time(async {
        let world = world();
        world.application.page("/partial", Page::status(200));
        let document = document(json!([
            {"verb": "config", "recognizer": {"vendor": "google", "language": "cy-GB"}},
            {"verb": "gather", "input": ["speech"], "actionHook": "/done",
                "partialResultHook": "/partial"}
        ]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        handset.speak(SECOND);
        phone.listen(500 * MS).await;
        let recognition = world.host.services.recognition();
        recognition.result("da", 0.5, false);
        phone.listen(SECOND).await;
        recognition.result("da iawn", 0.9, true);
        phone.hung_up().await;
        for path in ["/partial", "/done"] {
            assert_recognizer(&world.asked_once(path).field("speech"), "google", "cy-GB");
        }
        world.settle().await;
    });
}

#[test]
fn gather_speech_interrupts_after_as_many_words_as_the_document_says() {
    in_virtual_time(async {
        let world = world();
        world
            .host
            .services
            .speech("Say it", tone(600.0, 20 * SECOND), 5 * MS);
        let document = document(json!([{
            "verb": "gather", "input": ["speech"], "bargein": true, "minBargeinWordCount": 2,
            "say": {"text": "Say it"}, "actionHook": "/done"
        }]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        handset.speak(2 * SECOND);
        let recognition = world.host.services.recognition();
        phone.listen(500 * MS).await;
        recognition.result("to", 0.5, false);
        phone.listen(500 * MS).await;
        let still = handset.heard().len() - samples(100 * MS);
        assert!(
            !sounds(&handset.heard()[still..], 20 * MS).is_empty(),
            "one word is not enough"
        );
        recognition.result("to sales", 0.5, false);
        phone.listen(500 * MS).await;
        let quiet = handset.heard().len() - samples(100 * MS);
        assert!(
            sounds(&handset.heard()[quiet..], 20 * MS).is_empty(),
            "two words are"
        );
        recognition.result("to sales please", 0.9, true);
        phone.hung_up().await;
        let asked = world.asked_once("/done");
        assert_eq!(asked.field("reason"), "speechDetected");
        assert!(asked.field("speech").contains("to sales please"));
        world.settle().await;
    });
}

#[test]
fn gather_whose_application_says_nothing_goes_on_with_the_next_verb() {
    in_virtual_time(async {
        let world = world();
        world.then("/done", "[]");
        let document = document(json!([
            {"verb": "gather", "input": ["digits"], "numDigits": 1, "actionHook": "/done"},
            {"verb": "say", "text": "Thank you"},
        ]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(SECOND).await;
        handset.press("1");
        phone.hung_up().await;
        assert_about(length(&one_sound(&handset.heard())), SECOND);
        world.settle().await;
    });
}

#[test]
fn dtmf_sends_keys_for_as_long_as_the_document_says() {
    in_virtual_time(async {
        let world = world();
        let document = document(json!([
            {"verb": "answer"},
            {"verb": "dtmf", "dtmf": "19#", "duration": 200},
            {"verb": "hangup"},
        ]));
        let (phone, handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        assert_eq!(handset.keys(), "19#");
        world.settle().await;
    });
}

#[test]
fn how_a_call_ended_is_known_also_when_its_journal_is_full() {
    in_virtual_time(async {
        let world = world();
        let tags = vec![json!({"verb": "tag", "data": {"a": 1}}); 1_200];
        let mut verbs = vec![json!({"verb": "answer"})];
        verbs.extend(tags);
        let (phone, _handset) = world.caller_of(&document(Value::Array(verbs))).await;
        phone.hung_up().await;
        world.settle().await;
        let record = world.record();
        assert!(record.entries_not_kept() > 0);
        let trace = hookflash_call::view::trace(&record).to_string();
        assert!(
            trace.contains("ended by document"),
            "{}",
            &trace[trace.len() - 900..]
        );
    });
}
