//! What else runs beside the verbs of a call: key events, transcriptions, input at any time.

use std::time::Duration;

use hookflash_dialects::{Dialect, FetchErrorKind, Frame};

use crate::support::application::Page;
use crate::support::world::{World, in_virtual_time};

fn world(dialect: Dialect, document: &str) -> World {
    let world = World::new(dialect);
    let application = &world.application;
    application.page("/start", Page::document(document));
    for path in ["/keys", "/heard", "/status", "/events"] {
        application.page(path, Page::status(200));
    }
    world
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn told(world: &World, path: &str, field: &str) -> Vec<String> {
    let asked = world.application.asked_at(path);
    asked.iter().map(|asked| asked.field(field)).collect()
}

fn says(world: &World, words: &str) -> bool {
    let trace = hookflash_call::view::trace(&world.record());
    trace.to_string().contains(words)
}

#[test]
fn each_key_is_told_in_order_until_key_events_are_over() {
    in_virtual_time(async {
        let document = r#"<Response><StartGather dtmfUrl="/keys" tag="menu"/>
            <Pause duration="5"/><Redirect redirectUrl="/later"/></Response>"#;
        let world = world(Dialect::Bxml, document);
        let later = r#"<Response><Pause duration="5"/><StopGather/>
            <Pause duration="60"/></Response>"#;
        world.application.page("/later", Page::document(later));
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        handset.press("12*");
        seconds(6).await;
        handset.press("3#");
        seconds(6).await;
        handset.press("4");
        seconds(2).await;
        assert_eq!(told(&world, "/keys", "digit"), ["1", "2", "*", "3", "#"]);
        assert_eq!(told(&world, "/keys", "tag")[0], "menu");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_gather_has_the_keys_for_itself() {
    in_virtual_time(async {
        let document = r#"<Response><StartGather dtmfUrl="/keys"/>
            <Gather gatherUrl="/gathered" maxDigits="2"/></Response>"#;
        let world = world(Dialect::Bxml, document);
        let later = r#"<Response><Pause duration="60"/></Response>"#;
        world.application.page("/gathered", Page::document(later));
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        handset.press("12");
        seconds(2).await;
        handset.press("3");
        seconds(2).await;
        assert_eq!(told(&world, "/gathered", "digits"), ["12"]);
        assert_eq!(told(&world, "/keys", "digit"), ["3"]);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

const TRANSCRIBE: &str = r#"<Response><Start><Transcription name="t" track="both_tracks"
    partialResults="true" statusCallbackUrl="/heard"/></Start>
    <Pause length="5"/><Stop><Transcription name="t"/></Stop><Pause length="60"/></Response>"#;

#[test]
fn results_of_both_tracks_are_told_in_order_and_the_last_after_the_stop() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, TRANSCRIBE);
        let (phone, handset) = world.caller().await;
        handset.speak(Duration::from_millis(900));
        seconds(1).await;
        let listening = world.host.services.recognitions.borrow().clone();
        assert_eq!(listening.len(), 2);
        assert_eq!(listening[0].rate, 8_000);
        let loudest = [&listening[0].loudest, &listening[1].loudest].map(std::cell::Cell::get);
        assert!(loudest[0] > 5_000 && loudest[1] < 300, "{loudest:?}");
        listening[0].result("good", 0.5, false);
        listening[0].result("good morning", 0.9, true);
        listening[1].result("hello", 0.8, true);
        listening[0].result_at_end("bye", 0.7);
        seconds(3).await;
        let samples = listening[0].samples.get();
        assert!(
            (28_000..36_000).contains(&samples),
            "{samples} samples in 4 s"
        );
        seconds(3).await;
        let events = told(&world, "/heard", "TranscriptionEvent");
        assert_eq!(
            events,
            [
                "transcription-started",
                "transcription-content",
                "transcription-content",
                "transcription-content",
                "transcription-content",
                "transcription-stopped"
            ]
        );
        assert_eq!(
            told(&world, "/heard", "SequenceId"),
            ["1", "2", "3", "4", "5", "6"]
        );
        let tracks = told(&world, "/heard", "Track");
        assert_eq!(
            tracks[1..5],
            [
                "inbound_track",
                "inbound_track",
                "outbound_track",
                "inbound_track"
            ]
        );
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_transcription_without_recognizer_fails_and_the_call_goes_on() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, TRANSCRIBE);
        world.host.services.deaf.set(true);
        let (phone, _handset) = world.caller().await;
        seconds(2).await;
        let events = told(&world, "/heard", "TranscriptionEvent");
        assert_eq!(events, ["transcription-error"]);
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_recognizer_that_crashes_ends_its_track_and_the_call_goes_on() {
    in_virtual_time(async {
        let world = world(
            Dialect::Twiml,
            &TRANSCRIBE.replace("both_tracks", "inbound_track"),
        );
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        world.host.services.recognition().fail();
        seconds(1).await;
        let events = told(&world, "/heard", "TranscriptionEvent");
        assert_eq!(
            events,
            [
                "transcription-started",
                "transcription-error",
                "transcription-stopped"
            ]
        );
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn the_end_of_the_call_lets_the_last_words_be_told_and_waits_no_longer_than_that() {
    in_virtual_time(async {
        let world = world(
            Dialect::Twiml,
            &TRANSCRIBE.replace("both_tracks", "inbound_track"),
        );
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        world.host.services.recognition().result_at_end("bye", 0.7);
        phone.send("BYE", &[], "");
        world.settle().await;
        let events = told(&world, "/heard", "TranscriptionEvent");
        assert_eq!(
            events,
            [
                "transcription-started",
                "transcription-content",
                "transcription-stopped"
            ]
        );
    });
}

#[test]
fn a_transcription_is_told_over_the_socket_that_the_document_names() {
    in_virtual_time(async {
        let document = r#"<Response><StartTranscription name="t" tracks="inbound"
            destination="wss://app.example/text" transcriptionEventUrl="/heard"/>
            <Pause duration="3"/><StopTranscription name="t"/><Pause duration="60"/></Response>"#;
        let world = world(Dialect::Bxml, document);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        world
            .host
            .services
            .recognition()
            .result("good morning", 0.9, true);
        seconds(4).await;
        let wire = world.host.services.socket();
        assert_eq!(wire.url, "wss://app.example/text");
        let said =
            |frame: &Frame| matches!(frame, Frame::Text(text) if text.contains("good morning"));
        let times = wire
            .sent
            .borrow()
            .iter()
            .filter(|frame| said(frame))
            .count();
        assert_eq!(times, 1);
        assert!(wire.closed.get());
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

const BARGE_IN: &str = r#"[
    {"verb": "config", "bargeIn": {"enable": true, "input": ["digits"], "numDigits": 1,
        "actionHook": "/answered"}},
    {"verb": "say", "text": "long"},
    {"verb": "redirect", "actionHook": "/later"}]"#;

/// A call that hears a text of 20 seconds and may answer it at any time.
async fn answered_prompt(answer: Page) -> World {
    let world = world(Dialect::Jambonz, BARGE_IN);
    world.application.page("/answered", answer);
    let later = r#"[{"verb": "pause", "length": 60}]"#;
    world.application.page("/later", Page::document(later));
    let long = crate::support::rtp::tone(600.0, Duration::from_secs(20));
    world.host.services.speech("long", long, Duration::ZERO);
    world
}

#[test]
fn a_key_beside_the_verbs_stops_the_prompt_and_its_answer_replaces_the_document() {
    in_virtual_time(async {
        let reply = r#"[{"verb": "pause", "length": 30}]"#;
        let world = answered_prompt(Page::document(reply)).await;
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.press("5");
        seconds(1).await;
        assert_eq!(told(&world, "/answered", "digits"), ["5"]);
        assert!(told(&world, "/events", "event").contains(&"RECOGNIZED_DTMF".to_owned()));
        handset.forget();
        seconds(1).await;
        let loudest = handset.heard().iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest.unwrap() < 50, "the prompt has stopped");
        seconds(20).await;
        assert!(world.application.asked_at("/later").is_empty());
        assert!(says(&world, "brought another document"));
        phone.listen(Duration::from_secs(10)).await;
        assert_eq!(phone.count_heard("BYE"), 1, "at the end of the reply");
        world.settle().await;
    });
}

#[test]
fn an_answer_to_which_the_application_says_nothing_lets_the_document_go_on() {
    for answer in [
        Page::document("[]"),
        Page::status(500),
        Page::failing(FetchErrorKind::Refused),
    ] {
        in_virtual_time(async {
            let world = answered_prompt(answer).await;
            let (phone, handset) = world.caller().await;
            seconds(3).await;
            handset.press("5");
            seconds(4).await;
            assert_eq!(world.application.asked_at("/answered").len(), 1);
            assert_eq!(world.application.asked_at("/later").len(), 1);
            phone.send("BYE", &[], "");
            world.settle().await;
        });
    }
}

#[test]
fn who_hangs_up_while_the_application_thinks_of_a_reply_is_let_go() {
    in_virtual_time(async {
        let slow = Page::document(r#"[{"verb": "hangup"}]"#).after(Duration::from_secs(4));
        let world = answered_prompt(slow).await;
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.press("5");
        seconds(1).await;
        phone.send("BYE", &[], "");
        assert_eq!(phone.response("BYE").await.status(), 200);
        world.settle().await;
    });
}

#[test]
fn speech_beside_the_verbs_stops_the_prompt_and_its_answer_replaces_the_document() {
    in_virtual_time(async {
        let reply = Page::document(r#"[{"verb": "pause", "length": 30}]"#);
        let world = answered_prompt(reply).await;
        let speech = BARGE_IN.replace("digits", "speech");
        world.application.page("/start", Page::document(speech));
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.speak(Duration::from_secs(1));
        let listening = world.host.services.recognition();
        listening.result("a person", 0.6, false);
        tokio::time::sleep(Duration::from_millis(800)).await;
        handset.forget();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let loudest = handset.heard().iter().map(|s| s.unsigned_abs()).max();
        assert!(
            loudest.unwrap() < 50,
            "the prompt stops while the caller speaks"
        );
        listening.result("a person please", 0.9, true);
        seconds(3).await;
        assert_eq!(world.application.asked_at("/answered").len(), 1);
        assert!(says(&world, "brought another document"));
        assert!(world.application.asked_at("/later").is_empty());
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn sticky_input_is_collected_again_and_a_verb_that_collects_has_it_for_itself() {
    in_virtual_time(async {
        let document = BARGE_IN.replace("\"enable\": true", "\"enable\": true, \"sticky\": true");
        let reply = r#"[{"verb": "gather", "input": ["digits"], "numDigits": 2,
            "timeout": 10, "actionHook": "/gathered"}, {"verb": "pause", "length": 60}]"#;
        let world = answered_prompt(Page::document(reply)).await;
        world.application.page("/start", Page::document(document));
        let after = r#"[{"verb": "pause", "length": 60}]"#;
        world.application.page("/gathered", Page::document(after));
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.press("1");
        seconds(1).await;
        handset.press("23");
        seconds(2).await;
        handset.press("4");
        seconds(2).await;
        assert_eq!(told(&world, "/answered", "digits"), ["1", "4"]);
        assert_eq!(told(&world, "/gathered", "digits"), ["23"]);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_gather_hears_the_caller_also_where_speech_was_listened_for_beside_the_verbs() {
    in_virtual_time(async {
        let document = BARGE_IN.replace("digits", "speech").replace(
            r#"{"verb": "say", "text": "long"}"#,
            r#"{"verb": "pause", "length": 1}, {"verb": "gather",
                "input": ["speech"], "timeout": 20, "actionHook": "/gathered"}"#,
        );
        let world = answered_prompt(Page::document("[]")).await;
        world.application.page("/start", Page::document(document));
        let after = r#"[{"verb": "pause", "length": 60}]"#;
        world.application.page("/gathered", Page::document(after));
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.speak(Duration::from_secs(1));
        let listening = world.host.services.recognition();
        listening.result_at_end("a person", 0.9);
        seconds(5).await;
        assert!(listening.finished.get(), "the silence after it was heard");
        assert_eq!(world.application.asked_at("/gathered").len(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn too_few_keys_beside_the_verbs_let_the_document_go_on() {
    in_virtual_time(async {
        let document = BARGE_IN.replace(
            "\"numDigits\": 1",
            "\"minDigits\": 2, \"interDigitTimeout\": 1",
        );
        let world = answered_prompt(Page::document("[]")).await;
        world.application.page("/start", Page::document(document));
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.press("5");
        seconds(3).await;
        assert!(world.application.asked_at("/answered").is_empty());
        assert_eq!(world.application.asked_at("/later").len(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn input_beside_the_verbs_is_over_when_the_document_says_so() {
    in_virtual_time(async {
        let document = BARGE_IN.replace(
            r#"{"verb": "say", "text": "long"}"#,
            r#"{"verb": "config", "bargeIn": {"enable": false}}, {"verb": "say", "text": "long"}"#,
        );
        let world = answered_prompt(Page::document("[]")).await;
        world.application.page("/start", Page::document(document));
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.press("5");
        seconds(3).await;
        assert!(world.application.asked_at("/answered").is_empty());
        assert!(
            world.application.asked_at("/later").is_empty(),
            "still spoken"
        );
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_document_that_waits_for_its_transcription_waits_until_the_call_is_over() {
    in_virtual_time(async {
        let document = r#"[{"verb": "transcribe", "transcriptionHook": "/heard"},
            {"verb": "redirect", "actionHook": "/later"}]"#;
        let world = world(Dialect::Jambonz, document);
        let (phone, _handset) = world.caller().await;
        seconds(60).await;
        world
            .host
            .services
            .recognition()
            .result("still here", 0.9, true);
        seconds(1).await;
        assert_eq!(world.application.asked_at("/heard").len(), 1);
        assert!(world.application.asked_at("/later").is_empty());
        phone.send("BYE", &[], "");
        world.settle().await;
        assert!(world.application.asked_at("/later").is_empty());
    });
}

#[test]
fn a_recognizer_that_comes_to_no_end_is_waited_for_ten_seconds() {
    in_virtual_time(async {
        let world = world(
            Dialect::Twiml,
            &TRANSCRIBE.replace("both_tracks", "inbound_track"),
        );
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        world.host.services.recognition().hangs.set(true);
        seconds(13).await;
        assert_eq!(told(&world, "/heard", "TranscriptionEvent").len(), 1);
        seconds(2).await;
        assert!(says(&world, "the last results took too long"));
        let events = told(&world, "/heard", "TranscriptionEvent");
        assert_eq!(events, ["transcription-started", "transcription-stopped"]);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_transcription_that_the_document_waits_for_ends_when_another_takes_its_place() {
    in_virtual_time(async {
        let document = r#"[{"verb": "transcribe", "transcriptionHook": "/heard"}]"#;
        let world = world(Dialect::Jambonz, document);
        let other = r#"[{"verb": "pause", "length": 60}]"#;
        world.application.page("/other", Page::document(other));
        let (phone, _handset) = world.caller().await;
        seconds(2).await;
        world.redirect("/other");
        seconds(1).await;
        assert!(world.host.services.recognition().finished.get());
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn hanging_up_at_any_moment_leaves_nothing_of_what_ran_beside_the_verbs() {
    let everything = r#"[
        {"verb": "config", "record": {"action": "startCallRecording"},
            "listen": {"enable": true, "url": "wss://app.example/audio"},
            "transcribe": {"enable": true, "transcriptionHook": "/heard"},
            "bargeIn": {"enable": true, "input": ["digits", "speech"], "actionHook": "/answered"}},
        {"verb": "listen", "url": "wss://app.example/more", "actionHook": "/after"},
        {"verb": "say", "text": "hello"}]"#;
    for tenths in 0..20 {
        in_virtual_time(async {
            let world = world(Dialect::Jambonz, everything);
            let slow = Page::document("[]").after(Duration::from_millis(300));
            world.application.page("/answered", slow.clone());
            world.application.page("/after", slow);
            let (phone, handset) = world.caller().await;
            handset.press("123456#");
            tokio::time::sleep(Duration::from_millis(tenths * 100)).await;
            phone.send("BYE", &[], "");
            assert_eq!(phone.response("BYE").await.status(), 200);
            world.settle().await;
        });
    }
}

#[test]
fn settings_end_the_stream_and_the_transcription_that_settings_began() {
    in_virtual_time(async {
        let document = r#"[
            {"verb": "config", "listen": {"enable": true, "url": "wss://app.example/audio"},
                "transcribe": {"enable": true, "transcriptionHook": "/heard"}},
            {"verb": "pause", "length": 2},
            {"verb": "config", "listen": {"enable": false}, "transcribe": {"enable": false}},
            {"verb": "pause", "length": 60}]"#;
        let world = world(Dialect::Jambonz, document);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let (wire, recognition) = (
            world.host.services.socket(),
            world.host.services.recognition(),
        );
        assert!(!wire.closed.get() && !recognition.finished.get());
        seconds(2).await;
        assert!(wire.closed.get() && recognition.finished.get());
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_recognizer_that_crashes_beside_the_verbs_lets_the_document_go_on() {
    in_virtual_time(async {
        let world = answered_prompt(Page::document("[]")).await;
        let speech = BARGE_IN.replace("digits", "speech");
        world.application.page("/start", Page::document(speech));
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.speak(Duration::from_secs(1));
        world
            .host
            .services
            .recognition()
            .result("a person", 0.6, false);
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.host.services.recognition().fail();
        seconds(1).await;
        assert_eq!(world.application.asked_at("/later").len(), 1);
        assert!(world.application.asked_at("/answered").is_empty());
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}
