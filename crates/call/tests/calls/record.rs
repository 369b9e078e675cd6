//! Recording the caller: what ends it, what is in the file, who is told.

use std::time::Duration;

use hookflash_dialects::{Dialect, RecordingState};

use crate::support::application::Page;
use crate::support::hearing::{assert_about, is_tone, length, one_sound, sounds};
use crate::support::services::heard;
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn world(dialect: Dialect) -> World {
    let world = World::new(dialect);
    world.then("/done", "<Response><Hangup/></Response>");
    world.application.page("/told", Page::status(200));
    world.application.page("/text", Page::status(200));
    world
}

fn twiml(attributes: &str) -> String {
    format!(
        "<Response><Record action=\"/done\" recordingStatusCallback=\"/told\" \
         recordingStatusCallbackEvent=\"in-progress completed absent\" trim=\"do-not-trim\" \
         {attributes}/></Response>"
    )
}

fn bxml(attributes: &str) -> String {
    format!(
        "<Response><Record recordCompleteUrl=\"/done\" recordingAvailableUrl=\"/told\" \
         {attributes}/></Response>"
    )
}

#[test]
fn record_beeps_and_keeps_what_the_caller_says_up_to_the_finish_key() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = world.caller_of(&twiml("finishOnKey=\"#\"")).await;
            phone.listen(500 * MS).await;
            let beep = handset.heard();
            let beep = &beep[one_sound(&beep)];
            assert!(is_tone(beep, 1_000.0));
            assert_about(length(&(0..beep.len())), 200 * MS);
            handset.speak(2 * SECOND);
            phone.listen(2_500 * MS).await;
            handset.press("5#");
            phone.hung_up().await;
            let file = world.host.services.file();
            assert!(file.complete.get());
            let channels = file.channels.borrow().clone();
            assert_eq!(channels.len(), 1);
            let said = one_sound(&channels[0]);
            assert_about(length(&said), 2 * SECOND);
            assert!(
                is_tone(&channels[0][said], 300.0),
                "the caller and nothing else"
            );
            let asked = world.asked_once("/done");
            assert_eq!(asked.field("Digits"), "#");
            let sid = asked.field("RecordingSid");
            assert_eq!(sid, file.sid);
            assert!(asked.field("RecordingUrl").contains(&sid));
            let kept = world.host.services.recording();
            assert_eq!(kept.state, RecordingState::Completed);
            assert_about(kept.duration, 3 * SECOND);
            world.settle().await;
            let states: Vec<String> = world
                .application
                .asked_at("/told")
                .iter()
                .map(|told| told.field("RecordingStatus"))
                .collect();
            assert_eq!(states, ["in-progress", "completed"], "{dialect}");
        });
    }
}

#[test]
fn record_is_not_ended_by_a_key_that_was_pressed_before_it() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let document = twiml("finishOnKey=\"5\" timeout=\"0\" maxLength=\"3\" playBeep=\"false\"");
        let document = document.replace("<Record", "<Say>Hello</Say><Record");
        let (phone, handset) = world.caller_of(&document).await;
        handset.press("5");
        phone.hung_up().await;
        assert_about(world.host.services.recording().duration, 3 * SECOND);
        world.settle().await;
    });
}

#[test]
fn record_is_not_written_down_when_it_failed() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.host.services.disk_full_after.set(Some(8_000));
        *world.host.services.transcript.borrow_mut() = Some(heard("hello", 0.9, true));
        let document = twiml("transcribe=\"true\" transcribeCallback=\"/text\"");
        let (phone, handset) = world.caller_of(&document).await;
        handset.speak(3 * SECOND);
        phone.hung_up().await;
        assert_eq!(
            world.host.services.recording().state,
            RecordingState::Failed
        );
        world.settle().await;
        assert!(world.application.asked_at("/text").is_empty());
    });
}

#[test]
fn record_leaves_the_tone_of_the_finish_key_out() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let (phone, handset) = world.tone_caller_of(&bxml("")).await;
        phone.listen(SECOND).await;
        handset.speak(SECOND);
        phone.listen(2 * SECOND).await;
        handset.press("#");
        phone.hung_up().await;
        let file = world.host.services.file();
        let channels = file.channels.borrow().clone();
        let said = sounds(&channels[0], 100 * MS);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(is_tone(&channels[0][said[0].clone()], 300.0));
        assert_about(file.duration(), 3 * SECOND);
        world.settle().await;
    });
}

#[test]
fn record_ends_after_silence_whether_anything_was_said_or_not() {
    for speaks in [true, false] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml);
            let (phone, handset) = world.caller_of(&twiml("timeout=\"3\"")).await;
            phone.listen(SECOND).await;
            if speaks {
                handset.speak(4 * SECOND);
            }
            phone.hung_up().await;
            let asked = world.asked_once("/done");
            assert_eq!(asked.field("Digits"), "-");
            let said = match speaks {
                // From the end of the beep, which lasts for 200 ms.
                true => 7_800 * MS,
                false => 3 * SECOND,
            };
            assert_about(world.host.services.file().duration(), said);
            world.settle().await;
        });
    }
}

#[test]
fn record_ends_at_its_limit() {
    for (dialect, document) in [
        (
            Dialect::Twiml,
            twiml("maxLength=\"4\" playBeep=\"false\" timeout=\"0\""),
        ),
        (Dialect::Bxml, bxml("maxDuration=\"4\"")),
    ] {
        in_virtual_time(async {
            let world = world(dialect);
            let (phone, handset) = world.caller_of(&document).await;
            handset.speak(10 * SECOND);
            phone.hung_up().await;
            assert_about(world.host.services.file().duration(), 4 * SECOND);
            assert_eq!(world.application.asked_at("/done").len(), 1);
            assert!(sounds(&handset.heard(), SECOND).is_empty(), "no beep");
            world.settle().await;
        });
    }
}

#[test]
fn record_on_a_full_disk_ends_with_a_failure_and_the_call_goes_on() {
    for dialect in [Dialect::Twiml, Dialect::Bxml] {
        for (opens, room) in [(true, Some(16_000)), (false, None)] {
            in_virtual_time(async {
                let world = world(dialect);
                world.host.services.disk_full_after.set(room);
                world.host.services.read_only.set(!opens);
                let document = match dialect {
                    Dialect::Bxml => bxml(""),
                    _ => twiml(""),
                };
                let document = document.replace("</Response>", "<Hangup/></Response>");
                let (phone, handset) = world.caller_of(&document).await;
                handset.speak(10 * SECOND);
                phone.hung_up().await;
                world.settle().await;
                let kept = world.host.services.recording();
                assert_eq!(kept.state, RecordingState::Failed, "{dialect}");
                assert!(kept.error.is_some());
                let told = world.application.asked_at("/told");
                let last = told.last().expect("an error callback");
                let status = match dialect {
                    Dialect::Bxml => last.field("status"),
                    _ => last.field("RecordingStatus"),
                };
                assert!(
                    ["failed", "error", "absent"].contains(&status.as_str()),
                    "{status}"
                );
                assert_eq!(world.view()["endedBy"], "document");
            });
        }
    }
}

#[test]
fn record_is_completed_when_the_caller_hangs_up_and_who_is_due_is_told() {
    for dialect in [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml] {
        in_virtual_time(async {
            let world = world(dialect);
            let document = match dialect {
                Dialect::Bxml => bxml(""),
                _ => twiml(""),
            };
            let (phone, handset) = world.caller_of(&document).await;
            handset.speak(3 * SECOND);
            phone.listen(3 * SECOND).await;
            phone.send("BYE", &[], "");
            world.settle().await;
            let file = world.host.services.file();
            assert!(file.complete.get(), "{dialect}");
            assert_about(file.duration(), 2_900 * MS);
            assert!(!world.application.asked_at("/told").is_empty(), "{dialect}");
            let asked = world.application.asked_at("/done");
            match dialect {
                Dialect::Bxml => assert!(asked.is_empty(), "{dialect}"),
                _ => {
                    assert_eq!(asked.len(), 1, "{dialect}");
                    assert_eq!(asked[0].field("Digits"), "hangup");
                }
            }
        });
    }
}

#[test]
fn record_is_completed_when_another_document_takes_its_place() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        world.then("/other", "<Response><Hangup/></Response>");
        let (phone, handset) = world.caller_of(&twiml("")).await;
        handset.speak(3 * SECOND);
        phone.listen(2 * SECOND).await;
        world.redirect("/other");
        phone.hung_up().await;
        world.settle().await;
        assert!(world.host.services.file().complete.get());
        assert!(
            world.application.asked_at("/done").is_empty(),
            "the API said what comes next"
        );
        let told = world.application.asked_at("/told");
        assert_eq!(told.last().unwrap().field("RecordingStatus"), "completed");
    });
}

#[test]
fn record_cuts_silence_off_both_ends_where_the_document_wants_that() {
    in_virtual_time(async {
        let world = world(Dialect::Twiml);
        let document = twiml("timeout=\"4\"").replace("do-not-trim", "trim-silence");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(3 * SECOND).await;
        handset.speak(2 * SECOND);
        phone.hung_up().await;
        let kept = world.host.services.recording();
        assert!(
            kept.duration >= 2 * SECOND && kept.duration <= 2_400 * MS,
            "{kept:?}"
        );
        world.settle().await;
    });
}

#[test]
fn record_is_written_down_where_the_document_wants_that() {
    for text in [Some("call me back"), None] {
        in_virtual_time(async {
            let world = world(Dialect::Twiml);
            *world.host.services.transcript.borrow_mut() = text.map(|text| heard(text, 0.9, true));
            let document = twiml("transcribe=\"true\" transcribeCallback=\"/text\"");
            let (phone, handset) = world.caller_of(&document).await;
            handset.speak(2 * SECOND);
            phone.listen(3 * SECOND).await;
            handset.press("#");
            phone.hung_up().await;
            world.settle().await;
            let told = world.asked_once("/text");
            let status = told.field("TranscriptionStatus");
            match text {
                Some(text) => {
                    assert_eq!(
                        (status.as_str(), told.field("TranscriptionText").as_str()),
                        ("completed", text)
                    );
                }
                None => assert_eq!(status, "failed"),
            }
            assert_eq!(world.application.asked_at("/done").len(), 1);
        });
    }
}

#[test]
fn record_keeps_what_was_said_while_codec_and_address_of_the_caller_change() {
    in_virtual_time(async {
        let world = world(Dialect::Bxml);
        let (phone, handset) = world.caller_of(&bxml("")).await;
        handset.speak(4 * SECOND);
        phone.listen(2 * SECOND).await;
        let sdp = [("Content-Type", "application/sdp")];
        phone.send("INVITE", &sdp, &handset.offer());
        let answer = phone.response("INVITE").await;
        phone.send("ACK", &[], "");
        handset.accept(&answer.body);
        phone.listen(3 * SECOND).await;
        handset.press("#");
        phone.hung_up().await;
        let file = world.host.services.file();
        let channels = file.channels.borrow().clone();
        let said = sounds(&channels[0], 100 * MS);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_about(length(&said[0]), 4 * SECOND);
        world.settle().await;
    });
}

#[test]
fn record_of_nothing_but_trimmed_silence_is_announced_as_absent_and_has_no_url() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        in_virtual_time(async {
            let world = world(dialect);
            let document = twiml("timeout=\"2\"").replace("do-not-trim", "trim-silence");
            let (phone, _handset) = world.caller_of(&document).await;
            phone.hung_up().await;
            world.settle().await;
            let told = world.application.asked_at("/told");
            let last = told.last().expect("a status callback");
            assert_eq!(last.field("RecordingStatus"), "absent", "{dialect}");
            let done = world.application.asked_at("/done");
            assert_eq!(done.len(), 1);
            assert_eq!(done[0].field("RecordingUrl"), "-");
        });
    }
}
