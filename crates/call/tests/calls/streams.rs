//! Streams of a call's audio over WebSockets of the application.

use std::rc::Rc;
use std::time::Duration;

use hookflash_audio::measure::tone_level;
use hookflash_dialects::{CallAction, Dialect, Frame};
use serde_json::{Value, json};

use crate::support::application::Page;
use crate::support::rtp::tone;
use crate::support::services::Wire;
use crate::support::world::{World, in_virtual_time};

const CONNECT: &str = r#"<Response><Connect action="/after">
    <Stream url="wss://app.example/audio" name="bot" statusCallback="/stream">
    <Parameter name="who" value="alice"/></Stream></Connect></Response>"#;

const START: &str = r#"<Response><Start>
    <Stream url="wss://app.example/audio" name="ear" statusCallback="/stream"/></Start>
    <Pause length="60"/><Redirect>/later</Redirect></Response>"#;

const HANG_UP: &str = "<Response><Hangup/></Response>";

fn world(dialect: Dialect, document: &str) -> World {
    let world = World::new(dialect);
    let application = &world.application;
    application.page("/start", Page::document(document));
    application.page("/after", Page::document(HANG_UP));
    application.page("/later", Page::document(HANG_UP));
    application.page("/stream", Page::status(200));
    application.page("/status", Page::status(200));
    world
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The messages of that kind which the call sent.
fn messages(wire: &Wire, event: &str) -> Vec<Value> {
    let texts = wire.texts().into_iter();
    texts
        .filter(|text| text["event"] == event || text["eventType"] == event)
        .collect()
}

fn media(payload: &str) -> Frame {
    Frame::Text(json!({"event": "media", "media": {"payload": payload}}).to_string())
}

fn mark(name: &str) -> Frame {
    Frame::Text(json!({"event": "mark", "mark": {"name": name}}).to_string())
}

fn clear() -> Frame {
    Frame::Text(json!({"event": "clear"}).to_string())
}

/// µ-law of full level, a multiple of three bytes long.
fn loud(length: Duration) -> String {
    "AAAA".repeat(usize::try_from(length.as_millis() * 8 / 3).unwrap())
}

/// What a path was told, by the field that names the event.
fn told(world: &World, path: &str, field: &str) -> Vec<String> {
    let asked = world.application.asked_at(path);
    asked.iter().map(|asked| asked.field(field)).collect()
}

/// Whether the call's journal says so.
fn says(world: &World, words: &str) -> bool {
    let trace = hookflash_call::view::trace(&world.record());
    trace.to_string().contains(words)
}

/// An application that sends back all it hears.
async fn echo(wire: Rc<Wire>) {
    let mut sent = messages(&wire, "media").len();
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let all = messages(&wire, "media");
        for message in &all[sent..] {
            wire.send(media(message["media"]["payload"].as_str().unwrap()));
        }
        sent = all.len();
    }
}

#[test]
fn a_connected_stream_takes_and_brings_audio_until_the_application_closes_it() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        assert_eq!(wire.url, "wss://app.example/audio");
        let texts = wire.texts();
        assert_eq!(texts[0]["event"], "connected");
        assert_eq!(texts[1]["event"], "start");
        assert_eq!(texts[1]["start"]["customParameters"]["who"], "alice");

        let echoing = tokio::task::spawn_local(echo(Rc::clone(&wire)));
        handset.play(tone(300.0, Duration::from_secs(2)));
        seconds(3).await;
        let heard = handset.heard();
        let level = tone_level(
            &heard[heard.len() - 20_000..heard.len() - 12_000],
            8_000,
            300.0,
        );
        assert!(level > -9.0, "{level} dBFS came back");
        echoing.abort();

        wire.send(media(&loud(Duration::from_millis(600))));
        wire.send(mark("said"));
        seconds(1).await;
        let marks = messages(&wire, "mark");
        assert_eq!(marks.len(), 1);
        assert_eq!(marks[0]["mark"]["name"], "said");

        handset.press("5");
        seconds(1).await;
        assert_eq!(messages(&wire, "dtmf")[0]["dtmf"]["digit"], "5");

        wire.close("the application is done");
        phone.listen(Duration::from_secs(10)).await;
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
        let events = told(&world, "/stream", "StreamEvent");
        assert_eq!(events, ["stream-started", "stream-stopped"]);
        assert_eq!(world.application.asked_at("/after").len(), 1);
    });
}

#[test]
fn a_clear_silences_what_waits_and_returns_its_marks() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        wire.send(media(&loud(Duration::from_secs(60))));
        wire.send(mark("one"));
        wire.send(mark("two"));
        seconds(2).await;
        assert!(messages(&wire, "mark").is_empty(), "still being heard");
        wire.send(clear());
        tokio::time::sleep(Duration::from_millis(200)).await;
        let names: Vec<Value> = messages(&wire, "mark")
            .into_iter()
            .map(|mark| mark["mark"]["name"].clone())
            .collect();
        assert_eq!(names, ["one", "two"]);
        handset.forget();
        seconds(1).await;
        let loudest = handset.heard().iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest.unwrap() < 50, "silence after the clear");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn what_is_sent_at_once_is_heard_in_its_time_and_marks_come_when_it_was() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        wire.send(media(&loud(Duration::from_secs(90))));
        wire.send(mark("end"));
        seconds(85).await;
        assert!(messages(&wire, "mark").is_empty());
        seconds(10).await;
        assert_eq!(messages(&wire, "mark").len(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_flood_of_audio_is_dropped_and_noted_once_and_the_call_goes_on() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        let minute = loud(Duration::from_secs(60));
        for _ in 0..30 {
            wire.send(media(&minute));
        }
        seconds(1).await;
        assert!(says(&world, "far more than can be played"));
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert_eq!(trace.matches("far more than can be played").count(), 1);
    });
}

#[test]
fn an_application_that_takes_nothing_loses_the_stream_and_not_the_call() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, START);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        wire.stalls.set(true);
        seconds(5).await;
        assert!(!wire.closed.get(), "a short stall is forgiven");
        wire.stalls.set(false);
        seconds(1).await;
        wire.stalls.set(true);
        seconds(12).await;
        assert!(wire.closed.get());
        assert_eq!(world.desk.live(), 1);
        assert_eq!(
            told(&world, "/stream", "StreamEvent"),
            ["stream-started", "stream-error"]
        );
        assert!(says(&world, "messages were not taken in time"));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_stream_lives_on_when_the_document_changes_and_ends_with_the_call() {
    in_virtual_time(async {
        let document = START.replace("<Pause length=\"60\"/>", "<Pause length=\"1\"/>");
        let world = world(Dialect::Twiml, &document);
        let later = Page::document("<Response><Pause length=\"60\"/></Response>");
        world.application.page("/later", later);
        let (phone, _handset) = world.caller().await;
        seconds(3).await;
        let wire = world.host.services.socket();
        let so_far = messages(&wire, "media").len();
        seconds(1).await;
        let more = messages(&wire, "media").len() - so_far;
        assert!((49..=51).contains(&more), "{more} frames in a second");
        phone.send("BYE", &[], "");
        phone.response("BYE").await;
        world.settle().await;
        assert_eq!(wire.texts().last().unwrap()["event"], "stop");
        assert_eq!(
            told(&world, "/stream", "StreamEvent"),
            ["stream-started", "stream-stopped"]
        );
    });
}

#[test]
fn a_stream_is_stopped_by_its_name() {
    in_virtual_time(async {
        let document = r#"<Response>
            <Start><Stream url="wss://app.example/one" name="one"/></Start>
            <Start><Stream url="wss://app.example/two" name="two"/></Start>
            <Pause length="2"/>
            <Stop><Stream name="one"/></Stop>
            <Stop><Stream name="three"/></Stop>
            <Pause length="60"/></Response>"#;
        let world = world(Dialect::Twiml, document);
        let (phone, _handset) = world.caller().await;
        seconds(4).await;
        let closed: Vec<bool> = world
            .host
            .services
            .sockets
            .borrow()
            .iter()
            .map(|wire| wire.closed.get())
            .collect();
        assert_eq!(closed, [true, false]);
        assert!(says(&world, "no such stream"));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_name_in_use_and_a_fifth_stream_are_refused() {
    in_virtual_time(async {
        let streams: String = ["a", "b", "b", "c", "d", "e"]
            .iter()
            .map(|name| {
                format!(
                    r#"<Start><Stream url="wss://app.example/{name}" name="{name}"
                        statusCallback="/stream"/></Start>"#
                )
            })
            .collect();
        let document = format!("<Response>{streams}<Pause length=\"60\"/></Response>");
        let world = world(Dialect::Twiml, &document);
        let (phone, _handset) = world.caller().await;
        seconds(2).await;
        assert_eq!(world.host.services.sockets.borrow().len(), 4);
        let errors = told(&world, "/stream", "StreamError");
        let errors: Vec<_> = errors.iter().filter(|error| *error != "-").collect();
        assert_eq!(errors.len(), 2);
        assert!(errors[0].contains("`b`"), "{}", errors[0]);
        assert!(errors[1].contains('4'), "{}", errors[1]);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn without_a_socket_a_started_stream_fails_and_a_connected_one_is_over() {
    for document in [START, CONNECT] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml, document);
            world.host.services.no_sockets.set(true);
            let (phone, _handset) = world.caller().await;
            seconds(2).await;
            assert_eq!(told(&world, "/stream", "StreamEvent"), ["stream-error"]);
            let waits = document == CONNECT;
            let asked = world.application.asked_at("/after").len();
            assert_eq!(asked, usize::from(waits));
            phone.listen(Duration::from_secs(1)).await;
            assert_eq!(phone.count_heard("BYE"), usize::from(waits));
            phone.send("BYE", &[], "");
            world.settle().await;
        });
    }
}

#[test]
fn both_tracks_are_told_apart_with_the_right_sound_on_each() {
    in_virtual_time(async {
        let document = r#"<Response>
            <StartStream destination="wss://app.example/audio" name="ear" tracks="both"
                streamEventUrl="/stream"><StreamParam name="who" value="alice"/></StartStream>
            <SpeakSentence>Good morning</SpeakSentence>
            <StopStream name="ear"/><Pause duration="60"/></Response>"#;
        let world = world(Dialect::Bxml, document);
        let (phone, _handset) = world.caller().await;
        seconds(3).await;
        let wire = world.host.services.socket();
        let media = messages(&wire, "media");
        let loud = |track: &str| {
            let of = media.iter().filter(|message| message["track"] == track);
            // The tone of the spoken text is never the same frame of silence.
            of.filter(|message| !message["payload"].as_str().unwrap().starts_with("////"))
                .count()
        };
        assert!(
            loud("outbound") >= 45,
            "{} frames of speech",
            loud("outbound")
        );
        assert_eq!(loud("inbound"), 0);
        assert_eq!(messages(&wire, "stop").len(), 1);
        assert!(wire.closed.get());
        let events = told(&world, "/stream", "eventType");
        assert_eq!(events, ["mediaStreamStarted", "mediaStreamStopped"]);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_redirect_by_the_api_ends_the_stream_that_the_document_waits_for() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let given = "<Response><Pause length=\"5\"/></Response>";
        world.tell(CallAction::Document(given.into())).unwrap();
        seconds(1).await;
        assert!(world.host.services.socket().closed.get());
        assert!(says(&world, "stopped by the document"));
        assert!(world.application.asked_at("/after").is_empty());
        phone.listen(Duration::from_secs(10)).await;
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
    });
}

/// A jambonz call whose document is a `listen` with these properties.
fn listening(properties: &str) -> World {
    let document = format!(
        r#"[{{"verb": "listen", "url": "wss://app.example/audio", "actionHook": "/after",
            {properties}}}, {{"verb": "hangup"}}]"#
    );
    let world = world(Dialect::Jambonz, &document);
    world.application.page("/after", Page::document("[]"));
    world.application.page("/events", Page::status(200));
    world
}

fn binary(wire: &Wire) -> Vec<Vec<u8>> {
    let sent = wire.sent.borrow();
    let frames = sent.iter().filter_map(|frame| match frame {
        Frame::Binary(bytes) => Some(bytes.clone()),
        Frame::Text(_) => None,
    });
    frames.collect()
}

/// The samples of a channel of bare audio.
fn channel(wire: &Wire, channel: usize, of: usize) -> Vec<i16> {
    let bytes = binary(wire).concat();
    let samples: Vec<i16> = bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    samples.into_iter().skip(channel).step_by(of).collect()
}

#[test]
fn a_key_ends_the_stream_that_names_it_and_is_its_result() {
    in_virtual_time(async {
        let properties = r##""finishOnKey": "#", "passDtmf": true, "playBeep": true,
            "metadata": {"case": 7}"##;
        let world = listening(properties);
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        let heard = handset.heard();
        assert!(tone_level(&heard, 8_000, 1_000.0) > -40.0, "a beep");
        let wire = world.host.services.socket();
        assert_eq!(wire.texts()[0]["case"], 7);
        let protocol = wire
            .headers
            .iter()
            .find(|(_, value)| value == "audio.jambonz.org");
        assert!(protocol.is_some(), "{:?}", wire.headers);
        handset.press("12#");
        seconds(2).await;
        let pressed = messages(&wire, "dtmf").into_iter();
        let pressed: Vec<Value> = pressed.map(|message| message["dtmf"].clone()).collect();
        assert_eq!(pressed, ["1", "2", "#"]);
        assert!(wire.closed.get());
        let told = world.application.asked_at("/after");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field("digits"), "#");
        phone.listen(Duration::from_secs(2)).await;
        assert_eq!(phone.count_heard("BYE"), 1, "the next verb hangs up");
        world.settle().await;
    });
}

#[test]
fn a_stream_ends_at_its_longest() {
    in_virtual_time(async {
        let world = listening(r#""maxLength": 5"#);
        let (phone, _handset) = world.caller().await;
        seconds(4).await;
        assert!(!world.host.services.socket().closed.get());
        phone.listen(Duration::from_secs(3)).await;
        assert!(world.host.services.socket().closed.get());
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
    });
}

#[test]
fn a_stereo_stream_has_the_caller_on_its_first_channel_at_the_rate_that_was_asked_for() {
    in_virtual_time(async {
        let world = listening(r#""mixType": "stereo", "sampleRate": 16000"#);
        let (phone, handset) = world.caller().await;
        handset.play(tone(300.0, Duration::from_secs(2)));
        seconds(3).await;
        let wire = world.host.services.socket();
        let (caller, ours) = (channel(&wire, 0, 2), channel(&wire, 1, 2));
        assert!(
            (46_000..=49_000).contains(&caller.len()),
            "{}",
            caller.len()
        );
        let level = tone_level(&caller[8_000..24_000], 16_000, 300.0);
        assert!(level > -9.0, "{level} dBFS");
        assert!(ours.iter().all(|sample| sample.unsigned_abs() < 50));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_mixed_stream_has_one_channel() {
    in_virtual_time(async {
        let world = listening(r#""mixType": "mixed""#);
        let (phone, handset) = world.caller().await;
        handset.play(tone(300.0, Duration::from_secs(1)));
        seconds(2).await;
        let wire = world.host.services.socket();
        let frames = binary(&wire);
        assert!(frames.iter().all(|frame| frame.len() == 320));
        assert!((95..=100).contains(&frames.len()), "{}", frames.len());
        let level = tone_level(&channel(&wire, 0, 1)[..8_000], 8_000, 300.0);
        assert!(level > -12.0, "{level} dBFS");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_recorded_piece_is_heard_and_then_told_as_done() {
    in_virtual_time(async {
        let world = listening(r#""maxLength": 30"#);
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        let piece = json!({"type": "playAudio", "data": {"id": "a", "audioContentType": "raw",
            "sampleRate": 8000, "audioContent": "/38A".repeat(10_000)}});
        wire.send(Frame::Text(piece.to_string()));
        tokio::time::sleep(Duration::from_millis(600)).await;
        let done = || {
            let texts = wire.texts().into_iter();
            texts.filter(|text| text["type"] == "playDone").count()
        };
        assert_eq!(done(), 0, "still heard");
        seconds(2).await;
        assert_eq!(done(), 1);
        let loudest = handset.heard().iter().map(|s| s.unsigned_abs()).max();
        assert!(loudest.unwrap() > 10_000);
        let broken = json!({"type": "playAudio", "data": {"id": "b",
            "audioContentType": "wav", "audioContent": "AAAA"}});
        wire.send(Frame::Text(broken.to_string()));
        seconds(1).await;
        assert!(says(&world, "a piece cannot be played"));
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn the_application_disconnects_and_what_it_cannot_mean_is_noted_once() {
    in_virtual_time(async {
        let world = listening(r#""maxLength": 30"#);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        for _ in 0..50 {
            wire.send(Frame::Text("what?".to_owned()));
        }
        seconds(1).await;
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert_eq!(trace.matches("cannot be read").count(), 1);
        wire.send(Frame::Text(json!({"type": "disconnect"}).to_string()));
        phone.listen(Duration::from_secs(2)).await;
        assert!(wire.closed.get());
        assert_eq!(world.application.asked_at("/after").len(), 1);
        assert_eq!(phone.count_heard("BYE"), 1);
        world.settle().await;
    });
}

#[test]
fn more_marks_than_anybody_needs_are_dropped_and_noted_once() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        wire.send(media(&loud(Duration::from_secs(10))));
        for number in 0..5_000 {
            wire.send(mark(&number.to_string()));
        }
        seconds(12).await;
        assert_eq!(messages(&wire, "mark").len(), 1_000);
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert_eq!(trace.matches("too many marks").count(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn marks_with_longer_names_than_anybody_needs_are_dropped_and_noted_once() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, CONNECT);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        wire.send(media(&loud(Duration::from_secs(2))));
        for _ in 0..100 {
            wire.send(mark(&"m".repeat(6_000)));
        }
        seconds(4).await;
        assert_eq!(messages(&wire, "mark").len(), 64 * 1024 / 6_000);
        wire.send(mark("last"));
        seconds(1).await;
        let told = messages(&wire, "mark");
        assert_eq!(told.last().unwrap()["mark"]["name"], "last");
        let trace = hookflash_call::view::trace(&world.record()).to_string();
        assert_eq!(trace.matches("too many marks").count(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_stream_that_only_listens_ends_without_silencing_the_one_that_speaks() {
    in_virtual_time(async {
        let document = r#"[
            {"verb": "config", "listen": {"enable": true, "url": "wss://app.example/ear"}},
            {"verb": "listen", "url": "wss://app.example/voice", "actionHook": "/after",
             "bidirectionalAudio": {"enabled": true, "streaming": true, "sampleRate": 8000}}]"#;
        let world = world(Dialect::Jambonz, document);
        let (phone, handset) = world.caller().await;
        seconds(1).await;
        let sockets = world.host.services.sockets.borrow().clone();
        assert_eq!(sockets.len(), 2);
        let spoken = tone(600.0, Duration::from_secs(3));
        let bytes: Vec<u8> = spoken
            .samples()
            .iter()
            .flat_map(|s| s.to_le_bytes())
            .collect();
        sockets[1].send(Frame::Binary(bytes));
        seconds(1).await;
        sockets[0].close("the ear is full");
        handset.forget();
        seconds(1).await;
        let heard = handset.heard();
        let level = tone_level(&heard[800..heard.len() - 800], 8_000, 600.0);
        assert!(level > -12.0, "{level} dBFS");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn audio_is_stamped_with_its_time() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, START);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let sent = messages(&world.host.services.socket(), "media");
        let stamp = |at: usize| {
            let text = sent[at]["media"]["timestamp"].as_str().unwrap();
            text.parse::<u64>().unwrap()
        };
        assert_eq!(stamp(20) - stamp(10), 200);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn an_application_that_pauses_now_and_then_keeps_its_stream() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml, START);
        let (phone, _handset) = world.caller().await;
        seconds(1).await;
        let wire = world.host.services.socket();
        for _ in 0..3 {
            wire.stalls.set(true);
            seconds(6).await;
            wire.stalls.set(false);
            seconds(1).await;
        }
        assert!(!wire.closed.get());
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}
