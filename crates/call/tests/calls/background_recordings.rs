//! Recordings that run beside the verbs of a call.

use std::time::Duration;

use hookflash_audio::measure::tone_level;
use hookflash_dialects::{Dialect, RecordingState};
use hookflash_program::RecordingFormat;

use crate::support::application::Page;
use crate::support::rtp::tone;
use crate::support::services::heard;
use crate::support::world::{World, in_virtual_time};

const START: &str = r#"<StartRecording multiChannel="true" recordingAvailableUrl="/recorded"/>"#;

fn world(dialect: Dialect, verbs: &str) -> World {
    let world = World::new(dialect);
    let document = match dialect {
        Dialect::Jambonz => verbs.to_owned(),
        _ => format!("<Response>{verbs}</Response>"),
    };
    world.application.page("/start", Page::document(document));
    for path in ["/recorded", "/text", "/status"] {
        world.application.page(path, Page::status(200));
    }
    world
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The loudest of one frequency in any half second of a channel.
fn loudest(channel: &[i16], hertz: f32) -> f32 {
    let parts = channel.chunks_exact(4_000);
    let levels = parts.map(|part| tone_level(part, 8_000, hertz));
    levels.fold(-120.0, f32::max)
}

#[test]
fn two_channels_have_the_caller_on_the_first_and_us_on_the_second() {
    in_virtual_time(async {
        let verbs = format!("{START}<SpeakSentence>Hello</SpeakSentence><Pause duration=\"60\"/>");
        let world = world(Dialect::Bxml, &verbs);
        let (phone, handset) = world.caller().await;
        handset.play(tone(300.0, Duration::from_secs(2)));
        seconds(4).await;
        phone.send("BYE", &[], "");
        phone.response("BYE").await;
        world.settle().await;
        let file = world.host.services.file();
        assert!(file.complete.get());
        let channels = file.channels.borrow();
        let [caller, ours] = channels.as_slice() else {
            panic!("{} channels", channels.len());
        };
        assert_eq!(caller.len(), ours.len());
        // The caller is heard at 300 Hz, the speech of the tests at 600 Hz.
        let of_caller = (loudest(caller, 300.0), loudest(caller, 600.0));
        let of_ours = (loudest(ours, 300.0), loudest(ours, 600.0));
        assert!(of_caller.0 > -9.0 && of_caller.1 < -40.0, "{of_caller:?}");
        assert!(of_ours.0 < -40.0 && of_ours.1 > -9.0, "{of_ours:?}");
        let told = world.application.asked_at("/recorded");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field("eventType"), "recordingAvailable");
        assert_eq!(told[0].field("channels"), "2");
        let kept = world.host.services.recording();
        assert_eq!(kept.state, RecordingState::Completed);
        assert_eq!(kept.duration, file.duration());
    });
}

#[test]
fn one_channel_has_both_mixed() {
    in_virtual_time(async {
        let verbs = "<StartRecording/><SpeakSentence>Hello</SpeakSentence><Pause duration=\"60\"/>";
        let world = world(Dialect::Bxml, verbs);
        let (phone, handset) = world.caller().await;
        handset.play(tone(300.0, Duration::from_secs(2)));
        seconds(4).await;
        phone.send("BYE", &[], "");
        world.settle().await;
        let file = world.host.services.file();
        let channels = file.channels.borrow();
        assert_eq!(channels.len(), 1);
        assert!(loudest(&channels[0], 300.0) > -9.0);
        assert!(loudest(&channels[0], 600.0) > -9.0);
    });
}

#[test]
fn a_recording_lives_on_when_the_document_changes() {
    in_virtual_time(async {
        let verbs = format!("{START}<Pause duration=\"2\"/><Redirect redirectUrl=\"/later\"/>");
        let world = world(Dialect::Bxml, &verbs);
        let later =
            "<Response><Pause duration=\"3\"/><StopRecording/><Pause duration=\"9\"/></Response>";
        world.application.page("/later", Page::document(later));
        let (phone, _handset) = world.caller().await;
        seconds(4).await;
        assert!(world.application.asked_at("/recorded").is_empty());
        seconds(3).await;
        assert_eq!(world.application.asked_at("/recorded").len(), 1);
        let length = world.host.services.recording().duration;
        assert!((Duration::from_millis(4_900)..Duration::from_millis(5_100)).contains(&length));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_pause_leaves_no_gap_in_the_file() {
    in_virtual_time(async {
        let verbs = format!(
            "{START}<Pause duration=\"2\"/><PauseRecording/><Pause duration=\"5\"/>\
             <ResumeRecording/><Pause duration=\"1\"/><StopRecording/><Pause duration=\"9\"/>"
        );
        let world = world(Dialect::Bxml, &verbs);
        let (phone, _handset) = world.caller().await;
        seconds(10).await;
        let length = world.host.services.recording().duration;
        assert!((Duration::from_millis(2_900)..Duration::from_millis(3_100)).contains(&length));
        let states: Vec<_> = world
            .host
            .services
            .kept
            .borrow()
            .iter()
            .map(|recording| recording.state)
            .collect();
        use RecordingState::{Completed, InProgress, Paused};
        assert_eq!(states, [InProgress, Paused, InProgress, Completed]);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_recording_that_no_sound_came_into_is_a_failure_where_the_vendor_has_no_word_for_it() {
    in_virtual_time(async {
        let verbs = format!("{START}<PauseRecording/><Pause duration=\"30\"/>");
        let world = world(Dialect::Bxml, &verbs);
        let (phone, handset) = world.caller().await;
        handset.play(tone(300.0, Duration::from_secs(2)));
        seconds(3).await;
        phone.send("BYE", &[], "");
        world.settle().await;
        let kept = world.host.services.recording();
        assert_eq!(kept.state, RecordingState::Failed);
        assert!(kept.error.unwrap().contains("before any sound"));
        let told = world.application.asked_at("/recorded");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field("status"), "error");
    });
}

#[test]
fn a_recording_that_was_over_before_any_sound_came_is_absent() {
    for (events, told) in [("completed", 0), ("completed absent", 1)] {
        in_virtual_time(async {
            let verbs = format!(
                "<Start><Recording recordingStatusCallback=\"/recorded\" \
                 recordingStatusCallbackEvent=\"{events}\"/></Start><Hangup/>"
            );
            let world = world(Dialect::Twiml, &verbs);
            let (_phone, _handset) = world.caller().await;
            world.settle().await;
            let kept = world.host.services.recording();
            assert_eq!(kept.state, RecordingState::Absent, "{events}");
            let asked = world.application.asked_at("/recorded");
            assert_eq!(asked.len(), told, "{events}");
        });
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_call() {
    in_virtual_time(async {
        let verbs = r#"<Start><Recording recordingStatusCallback="/recorded"/></Start>
            <Pause length="30"/>"#;
        let world = world(Dialect::Twiml, verbs);
        world.host.services.disk_full_after.set(Some(8_000));
        let (phone, handset) = world.caller().await;
        handset.play(tone(300.0, Duration::from_secs(3)));
        seconds(3).await;
        let kept = world.host.services.recording();
        assert_eq!(kept.state, RecordingState::Failed);
        assert_eq!(kept.error.as_deref(), Some("no space is left on the disk"));
        let told = world.application.asked_at("/recorded");
        assert_eq!(told.last().unwrap().field("RecordingStatus"), "failed");
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_folder_that_cannot_be_written_is_announced_and_the_call_goes_on() {
    in_virtual_time(async {
        let verbs = format!("{START}<Pause duration=\"30\"/>");
        let world = world(Dialect::Bxml, &verbs);
        world.host.services.read_only.set(true);
        let (phone, _handset) = world.caller().await;
        seconds(2).await;
        assert_eq!(
            world.host.services.recording().state,
            RecordingState::Failed
        );
        assert_eq!(world.application.asked_at("/recorded").len(), 1);
        assert_eq!(world.desk.live(), 1);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn silence_is_trimmed_from_both_ends() {
    in_virtual_time(async {
        let verbs = r#"<Start><Recording trim="trim-silence" track="inbound"/></Start>
            <Pause length="60"/>"#;
        let world = world(Dialect::Twiml, verbs);
        let (phone, handset) = world.caller().await;
        seconds(3).await;
        handset.play(tone(300.0, Duration::from_secs(2)));
        seconds(10).await;
        phone.send("BYE", &[], "");
        world.settle().await;
        let length = world.host.services.recording().duration;
        assert!((Duration::from_millis(1_900)..Duration::from_millis(2_400)).contains(&length));
    });
}

#[test]
fn what_was_recorded_is_written_down_and_told_after_the_recording() {
    in_virtual_time(async {
        let verbs = r#"<StartRecording recordingAvailableUrl="/recorded" transcribe="true"
            transcriptionAvailableUrl="/text"/><Pause duration="2"/><StopRecording/>
            <Pause duration="60"/>"#;
        let world = world(Dialect::Bxml, verbs);
        *world.host.services.transcript.borrow_mut() = Some(heard("good morning", 0.9, true));
        let (phone, _handset) = world.caller().await;
        seconds(5).await;
        let paths = world.application.paths();
        assert_eq!(paths.last().map(String::as_str), Some("/text"));
        assert_eq!(world.application.asked_at("/recorded").len(), 1);
        let told = &world.application.asked_at("/text")[0];
        let text = told.field("transcription");
        assert!(text.contains("good morning"), "{text}");
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}

#[test]
fn a_second_recording_is_refused_while_one_runs() {
    in_virtual_time(async {
        let verbs = format!("{START}{START}<Pause duration=\"2\"/>");
        let world = world(Dialect::Bxml, &verbs);
        let (phone, _handset) = world.caller().await;
        phone.listen(Duration::from_secs(5)).await;
        assert_eq!(world.host.services.files.borrow().len(), 1);
        world.settle().await;
        assert_eq!(world.application.asked_at("/recorded").len(), 1);
    });
}

#[test]
fn a_setting_of_the_call_begins_and_ends_a_recording_by_a_name_of_its_own() {
    in_virtual_time(async {
        let verbs = r#"[
            {"verb": "config", "record": {"action": "startCallRecording", "recordingID": "r-1"}},
            {"verb": "pause", "length": 2},
            {"verb": "config", "record": {"action": "stopCallRecording"}},
            {"verb": "pause", "length": 9}]"#;
        let world = world(Dialect::Jambonz, verbs);
        let (phone, _handset) = world.caller().await;
        seconds(4).await;
        let kept = world.host.services.recording();
        assert_eq!(kept.name.as_deref(), Some("r-1"));
        assert_eq!((kept.state, kept.channels), (RecordingState::Completed, 2));
        assert_eq!(kept.format, RecordingFormat::Wav);
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}
