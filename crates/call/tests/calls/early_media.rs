//! Audio before the answer.

use std::time::Duration;

use hookflash_dialects::{Dialect, MachineDetection};
use hookflash_program::{Announce, RecordingFormat, StartRecording, Tracks};
use serde_json::json;

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::hearing::{assert_about, is_tone, length, one_sound};
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

const MS: Duration = Duration::from_millis(1);

const SDP: &[(&str, &str)] = &[("Content-Type", "application/sdp")];

fn world() -> World {
    let world = World::new(Dialect::Jambonz);
    world.application.page("/events", Page::status(200));
    world
}

#[test]
fn early_media_is_heard_before_the_answer_which_keeps_port_and_description() {
    in_virtual_time(async {
        let world = world();
        let document = json!([
            {"verb": "say", "text": "Please hold the line", "earlyMedia": true},
            {"verb": "answer"},
            {"verb": "say", "text": "Hello"},
        ]);
        world.begins_with(&document.to_string());
        let (phone, handset) = (world.phone(), world.handset());
        phone.send("INVITE", SDP, &handset.offer());
        phone.listen(Duration::from_millis(100)).await;
        let early = phone.provisional(183).expect("183");
        handset.accept(&early.body);
        phone.listen(Duration::from_millis(600)).await;
        assert!(!phone.has_heard_status(200));
        let heard = handset.heard();
        assert!(is_tone(&heard[one_sound(&heard)], 600.0));
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.body, early.body);
        phone.take_dialog(&answer);
        phone.send("ACK", &[], "");
        phone.hung_up().await;
        one_sound(&handset.heard());
        assert_eq!(world.host.open_ports.get(), 0);
        world.settle().await;
    });
}

#[test]
fn early_media_of_a_call_that_is_refused_then_leaves_nothing() {
    in_virtual_time(async {
        let world = world();
        let document = json!([
            {"verb": "say", "text": "We are closed", "earlyMedia": true},
            {"verb": "sip:decline", "status": 480},
        ]);
        world.begins_with(&document.to_string());
        let (phone, handset) = (world.phone(), world.handset());
        phone.send("INVITE", SDP, &handset.offer());
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 480);
        phone.take_dialog(&answer);
        phone.send("ACK", &[], "");
        world.settle().await;
        assert_eq!(world.view()["answeredAt"], serde_json::Value::Null);
    });
}

#[test]
fn early_media_needs_an_offer_so_a_call_without_one_is_answered() {
    in_virtual_time(async {
        let world = world();
        let document = json!([{"verb": "say", "text": "Hello", "earlyMedia": true}]);
        world.begins_with(&document.to_string());
        let phone = world.phone();
        phone.send("INVITE", &[], "");
        let answer = phone.response("INVITE").await;
        assert_eq!(answer.status(), 200);
        phone.take_dialog(&answer);
        phone.send("ACK", SDP, &world.handset().offer());
        phone.hung_up().await;
        world.settle().await;
    });
}

/// A call to a phone that lets its ringing tone be heard, as 183 with a session description.
fn placed(world: &World) {
    world.application.page("/status", Page::status(200));
    let say = json!([{"verb": "say", "text": "Hello"}, {"verb": "pause", "length": 1}]);
    world.begins_with(&say.to_string());
}

#[test]
fn what_the_called_side_sends_before_it_answers_is_taken_and_its_network_learns_where_we_are() {
    in_virtual_time(async {
        let world = world();
        placed(&world);
        let (phone, handset) = (world.phone(), world.handset());
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        let answer = handset.answer(&callee.invite.borrow().body);
        callee.respond(183, "Session Progress", &[], &answer);
        handset.play(tone(425.0, 1_000 * MS));
        callee.waits(1_500 * MS).await;
        let silence = handset.heard();
        assert_about(length(&(0..silence.len())), 1_500 * MS);
        assert!(silence.iter().all(|sample| sample.abs() < 100), "silence");
        // Said again, as phones do, it begins nothing anew.
        callee.respond(183, "Session Progress", &[], &answer);
        callee.waits(500 * MS).await;
        handset.forget();
        callee.answers_with(&answer).await;
        phone.hung_up().await;
        let heard = handset.heard();
        let hello = one_sound(&heard);
        assert!(is_tone(&heard[hello.clone()], 600.0));
        assert_about(length(&hello), 1_000 * MS);
        world.settle().await;
        let received = world.view()["legs"][0]["media"]["packetsReceived"].clone();
        assert!(
            received.as_u64().unwrap() > 150,
            "those of 2 s before the answer: {received}"
        );
    });
}

#[test]
fn a_recording_and_the_question_who_picked_up_begin_at_the_answer() {
    in_virtual_time(async {
        let world = world();
        placed(&world);
        let pause = json!([{"verb": "pause", "length": 5}]);
        world.begins_with(&pause.to_string());
        world.application.page("/amd", Page::status(200));
        let (phone, handset) = (world.phone(), world.handset());
        let mut order = world.order();
        order.record = Some(Box::new(StartRecording {
            dual: false,
            tracks: Tracks::Inbound,
            trim: false,
            format: RecordingFormat::Wav,
            announce: Announce::default(),
            transcribe: None,
            name: None,
        }));
        order.machine_detection = Some(MachineDetection {
            until_greeting_ends: false,
            timeout: 30_000 * MS,
            speech_threshold: 2_400 * MS,
            speech_end_threshold: 1_200 * MS,
            silence_timeout: 5_000 * MS,
            beside: true,
            told_to: Some(hookflash_program::Hook::post("http://app.example/amd")),
        });
        world.place(order, &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        let answer = handset.answer(&callee.invite.borrow().body);
        callee.respond(183, "Session Progress", &[], &answer);
        // Four seconds of a voice would be a machine's, if they counted.
        handset.speak(4_000 * MS);
        callee.waits(4_500 * MS).await;
        callee.answers_with(&answer).await;
        handset.speak(1_000 * MS);
        phone.hung_up().await;
        let told = world.asked_once("/amd");
        assert_eq!(told.field("type"), "amd_human_detected");
        world.settle().await;
        assert_about(world.host.services.file().duration(), 5_000 * MS);
    });
}

#[test]
fn a_phone_that_sends_nothing_while_it_rings_is_not_taken_for_dead() {
    in_virtual_time(async {
        let world = world();
        placed(&world);
        world.host.packet_timeout.set(Some(3_000 * MS));
        let (phone, handset) = (world.phone(), world.handset());
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        // The port of a media server that plays nothing yet.
        callee.respond(183, "Session Progress", &[], crate::support::phone::OFFER);
        callee.waits(20_000 * MS).await;
        callee.picks_up(&handset).await;
        phone.hung_up().await;
        let heard = handset.heard();
        assert_about(length(&one_sound(&heard)), 1_000 * MS);
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "document");
    });
}

#[test]
fn early_media_that_cannot_be_used_harms_nothing() {
    in_virtual_time(async {
        let world = world();
        placed(&world);
        let (phone, handset) = (world.phone(), world.handset());
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        let other = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 9\r\n";
        callee.respond(183, "Session Progress", &[], other);
        callee.waits(500 * MS).await;
        callee.picks_up(&handset).await;
        phone.hung_up().await;
        one_sound(&handset.heard());
        world.settle().await;
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert!(trace.contains("early media of the called side cannot be used"));
    });
}
