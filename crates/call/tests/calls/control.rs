//! What the API may tell a running call beside hanging up and running another document.

use std::time::Duration;

use hookflash_call::{CommandRefused, Updated};
use hookflash_dialects::{CallAction, CallHooks, CallUpdate, Dialect, Document, Flowing};
use hookflash_program::{
    Announce, BackgroundRecording, Dub, DubOrder, Hook, KeyOrPause, Keys, Program, Prompt,
    RecordingFormat, SipRequest, StartRecording, Tracks,
};

use crate::support::application::Page;
use crate::support::callee::Callee;
use crate::support::documents::{V, document};
use crate::support::hearing::{assert_about, is_tone, length, sounds};
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    for path in ["/status", "/events", "/told"] {
        world.application.page(path, Page::status(200));
    }
    world
}

fn keys(text: &str) -> Keys {
    Keys {
        keys: text.chars().map(KeyOrPause::Key).collect(),
        tone: 100 * MS,
        gap: 100 * MS,
    }
}

fn read(dialect: Dialect, text: &str) -> Box<Program> {
    let document = Document {
        body: text.as_bytes(),
        content_type: None,
        first: false,
    };
    Box::new(dialect.parse(document).unwrap())
}

fn request() -> Box<SipRequest> {
    Box::new(SipRequest {
        method: "INFO".to_owned(),
        body: Some("hello".to_owned()),
        headers: Vec::new(),
        result: None,
        id: None,
    })
}

fn recording() -> BackgroundRecording {
    BackgroundRecording::Start(Box::new(StartRecording {
        dual: false,
        tracks: Tracks::Inbound,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce::default(),
        transcribe: None,
        name: None,
    }))
}

const HOLD: &str = r#"<Response><Say loop="0">Hold</Say></Response>"#;

#[test]
fn keys_are_sent_at_once_beside_what_plays() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, handset) = world.caller_of(HOLD).await;
        phone.listen(SECOND).await;
        world.tell(CallAction::SendKeys(keys("12"))).unwrap();
        world.tell(CallAction::SendKeys(keys("3"))).unwrap();
        phone.listen(SECOND).await;
        assert_eq!(handset.keys(), "123");
        handset.forget();
        phone.listen(500 * MS).await;
        assert!(is_tone(&handset.heard(), 600.0), "the prompt goes on");
        world.tell(CallAction::Complete).unwrap();
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_request_within_the_dialog_is_answered_with_the_peers_status() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        world.begins_with(&document(Dialect::Jambonz, &[V::Pause(60)]));
        let phone = world.phone();
        phone.call().await;
        let asked = world.tell(CallAction::SipRequest(request())).unwrap();
        let Updated::Asked(answer) = asked else {
            panic!("{asked:?}");
        };
        let info = phone.request("INFO").await;
        assert_eq!(info.body, "hello");
        phone.answer(&info, 405, "No", &[]);
        assert_eq!(answer.status().await, Ok(405));
        let Updated::Asked(answer) = world.tell(CallAction::SipRequest(request())).unwrap() else {
            panic!("not asked");
        };
        phone.send("BYE", &[], "");
        phone.response("BYE").await;
        world.settle().await;
        // The transaction of the request outlives the call.
        assert!(answer.status().await.is_ok_and(|status| status >= 400));
        let over = world.tell(CallAction::SipRequest(request()));
        assert_eq!(over.unwrap_err(), CommandRefused::Over);
    });
}

#[test]
fn a_muted_party_is_recorded_as_silence() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let pause = document(Dialect::Bxml, &[V::Pause(60)]);
        let (phone, handset) = world.caller_of(&pause).await;
        world.tell(CallAction::Mute(true)).unwrap();
        let begun = world.tell(CallAction::Recording(recording())).unwrap();
        let Updated::Recording(sid) = begun else {
            panic!("{begun:?}");
        };
        handset.speak(SECOND);
        phone.listen(SECOND).await;
        let loudest = |world: &World| {
            let file = world.host.services.file();
            let channels = file.channels.borrow();
            channels.concat().iter().map(|s| s.unsigned_abs()).max()
        };
        assert!(loudest(&world).unwrap_or(0) < 100);
        world.tell(CallAction::Mute(false)).unwrap();
        handset.speak(SECOND);
        phone.listen(SECOND).await;
        assert!(loudest(&world).unwrap_or(0) > 1_000);
        let again = world.tell(CallAction::Recording(recording()));
        assert!(
            matches!(again, Err(CommandRefused::CannotBeDone(_))),
            "{again:?}"
        );
        for change in [
            BackgroundRecording::Pause,
            BackgroundRecording::Silence,
            BackgroundRecording::Resume,
            BackgroundRecording::Stop,
        ] {
            let changed = world.tell(CallAction::Recording(change)).unwrap();
            assert!(matches!(changed, Updated::Recording(of) if of == sid));
        }
        let stopped = world.tell(CallAction::Recording(BackgroundRecording::Stop));
        assert!(matches!(stopped, Err(CommandRefused::CannotBeDone(_))));
        world.tell(CallAction::HangUp).unwrap();
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_pause_with_silence_leaves_a_recording_as_long_as_the_call() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let (phone, handset) = world
            .caller_of(&document(Dialect::Bxml, &[V::Pause(60)]))
            .await;
        world.tell(CallAction::Recording(recording())).unwrap();
        handset.speak(8 * SECOND);
        phone.listen(2 * SECOND).await;
        let change = |change| world.tell(CallAction::Recording(change)).unwrap();
        change(BackgroundRecording::Silence);
        phone.listen(3 * SECOND).await;
        change(BackgroundRecording::Resume);
        phone.listen(SECOND).await;
        change(BackgroundRecording::Pause);
        phone.listen(SECOND).await;
        change(BackgroundRecording::Stop);
        phone.listen(SECOND).await;
        let file = world.host.services.file();
        assert!(file.complete.get());
        assert_about(file.duration(), 6 * SECOND);
        let said = sounds(&file.channels.borrow()[0], 100 * MS);
        let [before, after] = said.as_slice() else {
            panic!("{said:?}");
        };
        assert_about(length(before), 2 * SECOND);
        assert_about(length(&(before.end..after.start)), 3 * SECOND);
        assert_about(length(after), SECOND);
        world.tell(CallAction::HangUp).unwrap();
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn streams_are_paused_silenced_resumed_and_stopped() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let none = "<Response><Pause length=\"1\"/><Say>Hi</Say><Pause length=\"60\"/></Response>";
        let start = r#"<Response><Start><Stream url="wss://app.example/a"/></Start>
            <Pause length="60"/></Response>"#;
        let (phone, handset) = world.caller_of(none).await;
        let refused = world.tell(CallAction::Streams(Flowing::Paused));
        assert!(matches!(refused, Err(CommandRefused::CannotBeDone(_))));
        world.tell(CallAction::Document(start.into())).unwrap();
        handset.speak(Duration::from_secs(30));
        phone.listen(SECOND).await;
        let wire = world.host.services.socket();
        let media = || {
            let texts = wire.texts();
            texts
                .into_iter()
                .filter(|text| text["event"] == "media")
                .count()
        };
        let before = media();
        assert!(before > 40);
        world.tell(CallAction::Streams(Flowing::Paused)).unwrap();
        phone.listen(SECOND).await;
        assert!(media() <= before + 1);
        world.tell(CallAction::Streams(Flowing::Silenced)).unwrap();
        phone.listen(SECOND).await;
        let texts = wire.texts();
        let last = texts.iter().rfind(|text| text["event"] == "media").unwrap();
        let payload = last["media"]["payload"].as_str().unwrap();
        let silent = payload.trim_end_matches('=').trim_end_matches('w');
        assert!(silent.chars().all(|c| c == '/'), "{payload}");
        world.tell(CallAction::Streams(Flowing::Resumed)).unwrap();
        phone.listen(SECOND).await;
        let texts = wire.texts();
        let last = texts.iter().rfind(|text| text["event"] == "media").unwrap();
        let payload = last["media"]["payload"].as_str().unwrap();
        assert!(payload.chars().any(|c| c != '/'));
        world.tell(CallAction::Streams(Flowing::Stopped)).unwrap();
        phone.listen(SECOND).await;
        assert!(wire.closed.get());
        world.tell(CallAction::HangUp).unwrap();
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn transcriptions_are_paused_and_resumed() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let start = r#"<Response><Start><Transcription statusCallbackUrl="/told"/></Start>
            <Pause length="60"/></Response>"#;
        let (phone, _handset) = world.caller_of(start).await;
        phone.listen(SECOND).await;
        let listening = world.host.services.recognition();
        world
            .tell(CallAction::Transcriptions(Flowing::Paused))
            .unwrap();
        phone.listen(100 * MS).await;
        let before = listening.samples.get();
        phone.listen(SECOND).await;
        assert_eq!(listening.samples.get(), before);
        world
            .tell(CallAction::Transcriptions(Flowing::Resumed))
            .unwrap();
        phone.listen(SECOND).await;
        assert!(listening.samples.get() >= before + 7_000);
        world
            .tell(CallAction::Transcriptions(Flowing::Stopped))
            .unwrap();
        phone.listen(100 * MS).await;
        assert!(listening.finished.get());
        world.tell(CallAction::HangUp).unwrap();
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn a_whisper_and_a_dub_are_mixed_into_what_is_heard() {
    in_virtual_time(async {
        let world = world(Dialect::Jambonz);
        world.begins_with(&document(Dialect::Jambonz, &[V::Pause(60)]));
        let (phone, handset) = world.caller().await;
        let whisper = read(Dialect::Jambonz, r#"[{"verb": "say", "text": "Psst"}]"#);
        world.tell(CallAction::Whisper(whisper)).unwrap();
        phone.listen(2 * SECOND).await;
        let heard = handset.heard();
        assert!(heard.iter().any(|sample| sample.unsigned_abs() > 1_000));
        let not = read(Dialect::Jambonz, r#"[{"verb": "hangup"}]"#);
        let refused = world.tell(CallAction::Whisper(not));
        assert!(matches!(refused, Err(CommandRefused::CannotBeDone(_))));
        let url = "http://app.example/a.wav";
        world.host.services.clip(url, tone(600.0, SECOND));
        let play = Dub {
            track: "m".to_owned(),
            order: DubOrder::Play {
                prompt: read(
                    Dialect::Jambonz,
                    r#"[{"verb": "play", "url": "http://app.example/a.wav"}]"#,
                )
                .steps
                .into_iter()
                .find_map(|step| match step.verb {
                    hookflash_program::Verb::Prompts(prompts) => prompts.items.into_iter().next(),
                    _ => None,
                })
                .unwrap_or(Prompt::Silence(SECOND)),
                forever: false,
            },
            gain: 0.0,
        };
        handset.forget();
        world.tell(CallAction::Dub(Box::new(play))).unwrap();
        phone.listen(500 * MS).await;
        assert!(
            handset
                .heard()
                .iter()
                .any(|sample| sample.unsigned_abs() > 1_000)
        );
        assert_eq!(world.desk.live(), 1);
        world.tell(CallAction::HangUp).unwrap();
        phone.hung_up().await;
        world.settle().await;
    });
}

#[test]
fn appended_verbs_run_after_those_that_are_there_and_go_with_their_document() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.then("/appended", &document(Dialect::Twiml, &[V::Hangup]));
        let append = |path| {
            let redirect = format!("<Response><Redirect>{path}</Redirect></Response>");
            CallAction::Append(read(Dialect::Twiml, &redirect))
        };
        let (phone, _handset) = world
            .caller_of(r#"<Response><Say>Hi</Say><Pause length="2"/></Response>"#)
            .await;
        world.tell(append("http://app.example/forgotten")).unwrap();
        let pause = r#"<Response><Pause length="2"/></Response>"#;
        world.tell(CallAction::Document(pause.into())).unwrap();
        world.tell(append("http://app.example/appended")).unwrap();
        phone.listen(SECOND).await;
        assert!(world.application.asked_at("/appended").is_empty());
        phone.hung_up().await;
        world.settle().await;
        world.asked_once("/appended");
        assert!(world.application.asked_at("/forgotten").is_empty());
    });
}

#[test]
fn verbs_that_are_read_already_take_the_place_of_the_document() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, _handset) = world.caller_of(HOLD).await;
        let run = read(Dialect::Twiml, "<Response><Hangup/></Response>");
        world.tell(CallAction::Run(run)).unwrap();
        phone.hung_up().await;
        world.settle().await;
        assert_eq!(world.view()["endedBy"], "document");
    });
}

#[test]
fn of_two_documents_at_once_both_are_asked_for_and_the_last_one_runs() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.then("/one", &document(Dialect::Twiml, &[V::Redirect("/never")]));
        world.then("/two", &document(Dialect::Twiml, &[V::Pause(1), V::Hangup]));
        let (phone, _handset) = world.caller_of(HOLD).await;
        world.redirect("/one");
        world.redirect("/two");
        phone.hung_up().await;
        world.settle().await;
        world.asked_once("/one");
        world.asked_once("/two");
        assert!(world.application.asked_at("/never").is_empty());
    });
}

#[test]
fn a_hang_up_after_a_document_is_not_lost() {
    for dialect in Dialect::ALL {
        in_virtual_time(async {
            let world = world(dialect);
            world.then("/other", &document(dialect, &[V::Pause(60)]));
            world.begins_with(&document(dialect, &[V::Pause(60)]));
            let phone = world.phone();
            world.place(world.order(), &[&[&phone]]);
            Callee::of(&phone).await.answers().await;
            phone.listen(SECOND).await;
            world.redirect("/other");
            world.tell(CallAction::HangUp).unwrap();
            world.tell(CallAction::HangUp).unwrap();
            world.redirect("/other");
            phone.hung_up().await;
            world.settle().await;
            phone.listen(SECOND).await;
            assert_eq!(phone.count_heard("BYE"), 1, "{dialect}");
            assert_eq!(world.view()["endedBy"], "api", "{dialect}");
        });
    }
}

#[test]
fn what_a_call_cannot_do_as_it_stands_is_refused_and_changes_nothing() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.begins_with(&document(Dialect::Twiml, &[V::Pause(60)]));
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.rings();
        callee.waits(100 * MS).await;
        let complete = CallUpdate {
            action: Some(CallAction::Complete),
            tag: Some("changed".to_owned()),
            ..CallUpdate::default()
        };
        let refused = world.update(complete);
        assert_eq!(refused.unwrap_err(), CommandRefused::NotAnswered);
        assert_eq!(world.record().facts(|facts| facts.tag.clone()), None);
        for action in [
            CallAction::SendKeys(keys("1")),
            CallAction::SipRequest(request()),
            CallAction::Mute(true),
            CallAction::Recording(recording()),
        ] {
            let refused = world.tell(action);
            assert_eq!(refused.unwrap_err(), CommandRefused::NotAnswered);
        }
        callee.answers().await;
        callee.waits(100 * MS).await;
        let refused = world.tell(CallAction::Cancel);
        assert_eq!(refused.unwrap_err(), CommandRefused::Answered);
        world.tell(CallAction::Complete).unwrap();
        phone.hung_up().await;
        world.settle().await;
        let over = world.update(CallUpdate::default());
        assert_eq!(over.unwrap_err(), CommandRefused::Over);
        let unknown = world.desk.update("CA0", CallUpdate::default());
        assert_eq!(unknown.unwrap_err(), CommandRefused::Unknown);
    });
}

#[test]
fn a_call_is_forgotten_only_when_it_is_over_and_then_for_good() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let (phone, _handset) = world.caller_of(HOLD).await;
        let record = world.record();
        let sid = record.facts(|facts| facts.sid.clone());
        assert!(!world.ledger.forget(&sid) && !record.keep(|is_forgotten| is_forgotten));
        world.tell(CallAction::HangUp).unwrap();
        phone.hung_up().await;
        world.settle().await;
        assert!(world.ledger.forget(&sid) && record.keep(|is_forgotten| is_forgotten));
        assert!(!world.ledger.forget(&sid));
        assert!(world.ledger.find(&sid).is_none());
        assert!(world.ledger.newest(9, None, |_| true).is_empty());
    });
}

#[test]
fn hooks_tag_and_longest_time_change_while_the_call_goes_on() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        world.begins_with(&document(Dialect::Bxml, &[V::Pause(60)]));
        world.application.page("/mine", Page::status(200));
        let phone = world.phone();
        world.place(world.order(), &[&[&phone]]);
        let callee = Callee::of(&phone).await;
        callee.answers().await;
        let answered = tokio::time::Instant::now();
        callee.waits(5 * SECOND).await;
        world
            .update(CallUpdate {
                hooks: CallHooks {
                    status: Some(Hook::post("http://app.example/mine")),
                    ..CallHooks::default()
                },
                max_duration: Some(8 * SECOND),
                tag: Some("late".to_owned()),
                ..CallUpdate::default()
            })
            .unwrap();
        phone.hung_up().await;
        assert!(answered.elapsed().abs_diff(8 * SECOND) < 100 * MS);
        world.settle().await;
        let told = world.asked_once("/mine");
        assert_eq!(told.field("tag"), "late");
        assert!(world.application.asked_at("/status").is_empty());
    });
}
