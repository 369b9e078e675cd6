//! Prompts: spoken, played, repeated, missing, interrupted, and heard without a gap.

use std::time::Duration;

use hookflash_call::ClipError;
use hookflash_dialects::Dialect;
use hookflash_program::SpeechText;

use crate::support::hearing::{
    assert_about, is_tone, largest_step, length, one_sound, samples, sounds,
};
use crate::support::rtp::tone;
use crate::support::world::{World, in_virtual_time};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn xml(verbs: &str) -> String {
    format!("<Response>{verbs}</Response>")
}

/// What says a text and what plays a file, in a dialect of XML.
fn say(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::Bxml => format!("<SpeakSentence>{text}</SpeakSentence>"),
        _ => format!("<Say>{text}</Say>"),
    }
}

fn play(dialect: Dialect, url: &str) -> String {
    match dialect {
        Dialect::Bxml => format!("<PlayAudio>{url}</PlayAudio>"),
        _ => format!("<Play>{url}</Play>"),
    }
}

const XML: [Dialect; 3] = [Dialect::Twiml, Dialect::Cxml, Dialect::Bxml];

#[test]
fn say_is_heard_to_its_end_and_then_the_document_goes_on() {
    for dialect in XML {
        in_virtual_time(async {
            let world = World::new(dialect);
            let hello = tone(600.0, 700 * MS);
            world.host.services.speech("Hello there", hello, 5 * MS);
            let document = xml(&format!("{}<Hangup/>", say(dialect, "Hello there")));
            let (phone, handset) = world.caller_of(&document).await;
            let began = tokio::time::Instant::now();
            phone.hung_up().await;
            assert_about(began.elapsed(), 700 * MS);
            let heard = handset.heard();
            let said = one_sound(&heard);
            assert_about(length(&said), 700 * MS);
            assert!(is_tone(&heard[said], 600.0));
            let spoken = world.host.services.spoken.borrow()[0].0.clone();
            assert_eq!(spoken, SpeechText::Plain("Hello there".to_owned()));
            world.settle().await;
            let verbs = &world.view()["verbs"];
            assert_eq!(verbs[0]["prompts"][0], "“Hello there”", "{verbs}");
            let ladder = hookflash_call::ladder(&world.record());
            assert!(ladder.contains("● “Hello there” (0.7 s)"), "{ladder}");
        });
    }
}

#[test]
fn say_and_play_follow_each_other_with_less_than_a_frame_of_silence() {
    for dialect in XML {
        in_virtual_time(async {
            let world = World::new(dialect);
            let services = &world.host.services;
            // All but the first take longer to come than one frame lasts, less than they sound.
            services.speech("One", tone(600.0, 733 * MS), 5 * MS);
            let there = "http://app.example/two.wav";
            services.slow_clip(there, tone(900.0, 511 * MS), 400 * MS);
            services.speech("Three", tone(1_200.0, 333 * MS), 900 * MS);
            services.slow_clip(
                "http://app.example/four.wav",
                tone(1_500.0, 400 * MS),
                SECOND,
            );
            let document = xml(&format!(
                "{}{}{}{}",
                say(dialect, "One"),
                play(dialect, "two.wav"),
                say(dialect, "Three"),
                play(dialect, "/four.wav"),
            ));
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(5 * SECOND).await;
            let heard = handset.heard();
            let all = one_sound(&heard);
            assert_about(length(&all), (733 + 511 + 333 + 400) * MS);
            let middle = |from: u32, to: u32| {
                let (from, to) = (from * MS + 100 * MS, to * MS - 100 * MS);
                heard[all.start + samples(from)..all.start + samples(to)].to_vec()
            };
            assert!(is_tone(&middle(0, 733), 600.0), "{dialect}");
            assert!(is_tone(&middle(733, 1_244), 900.0), "{dialect}");
            assert!(is_tone(&middle(1_290, 1_577), 1_200.0), "{dialect}");
            assert_eq!(
                services.clips_asked.borrow().len(),
                2,
                "each is fetched once"
            );
            world.settle().await;
        });
    }
}

#[test]
fn play_of_what_cannot_be_had_is_noted_with_the_vendors_code_and_the_rest_goes_on() {
    for dialect in XML {
        in_virtual_time(async {
            let world = World::new(dialect);
            let broken = ClipError::Unreadable("not audio: it begins with <html>".to_owned());
            world
                .host
                .services
                .broken_clip("http://app.example/broken.wav", broken);
            let document = xml(&format!(
                "{}{}{}",
                play(dialect, "missing.wav"),
                play(dialect, "broken.wav"),
                say(dialect, "after")
            ));
            let (phone, handset) = world.caller_of(&document).await;
            phone.listen(3 * SECOND).await;
            let heard = handset.heard();
            assert_about(length(&one_sound(&heard)), SECOND);
            let verbs = world.view()["verbs"].to_string();
            assert!(
                verbs.contains("404") && verbs.contains("not audio"),
                "{verbs}"
            );
            if dialect == Dialect::Twiml {
                assert!(verbs.contains("[13420]"), "{verbs}");
            }
            world.settle().await;
        });
    }
}

#[test]
fn what_cannot_be_played_is_noted_once_however_often_it_is_repeated() {
    in_virtual_time(async {
        let world = World::new(Dialect::Jambonz);
        let document = r#"[{"verb": "play", "loop": 5,
            "url": ["http://app.example/missing.wav", "http://app.example/there.wav"]}]"#;
        let there = tone(600.0, SECOND);
        world
            .host
            .services
            .clip("http://app.example/there.wav", there);
        let (phone, handset) = world.caller_of(document).await;
        phone.hung_up().await;
        let all: usize = sounds(&handset.heard(), 20 * MS)
            .iter()
            .map(|s| s.len())
            .sum();
        assert_about(length(&(0..all)), 5 * SECOND);
        let verbs = world.view()["verbs"].to_string();
        assert_eq!(verbs.matches("404").count(), 1, "{verbs}");
        world.settle().await;
    });
}

#[test]
fn say_without_a_speech_engine_is_a_short_tone_and_the_call_goes_on() {
    for dialect in XML {
        in_virtual_time(async {
            let world = World::new(dialect);
            world.host.services.mute.set(true);
            let document = xml(&format!("{}<Hangup/>", say(dialect, "Hello")));
            let (phone, handset) = world.caller_of(&document).await;
            phone.hung_up().await;
            let heard = handset.heard();
            assert_about(length(&one_sound(&heard)), 300 * MS);
            let verbs = world.view()["verbs"].to_string();
            assert!(verbs.contains("no speech engine"), "{verbs}");
            world.settle().await;
            assert_eq!(world.view()["endedBy"], "document");
        });
    }
}

#[test]
fn say_repeats_as_often_as_loop_says_without_a_gap() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        world
            .host
            .services
            .speech("again", tone(600.0, 510 * MS), 5 * MS);
        let document = xml("<Say loop=\"4\">again</Say>");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(4 * SECOND).await;
        assert_about(length(&one_sound(&handset.heard())), 2_040 * MS);
        assert_eq!(world.host.services.spoken.borrow().len(), 1);
        world.settle().await;
    });
}

#[test]
fn say_for_ever_fades_out_when_another_document_takes_its_place() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        world.then("/other", &xml("<Pause length=\"2\"/><Hangup/>"));
        let document = xml("<Say loop=\"0\">again</Say>");
        let (phone, handset) = world.caller_of(&document).await;
        phone.listen(3_300 * MS).await;
        let before = handset.heard().len();
        world.redirect("/other");
        phone.hung_up().await;
        let heard = handset.heard();
        let said = sounds(&heard, 20 * MS);
        let end = said.last().unwrap().end;
        assert!(end > before - samples(200 * MS), "it was still heard");
        assert!(
            end < before + samples(200 * MS),
            "nothing is heard afterwards"
        );
        // The steps of the tone itself are the largest: no click among them.
        let own = largest_step(&heard[said[0].start + 200..before - samples(500 * MS)]);
        assert!(largest_step(&heard[before - samples(400 * MS)..]) <= own + own / 10);
        world.settle().await;
        assert_eq!(world.view()["verbs"][0]["state"], "interrupted");
    });
}

#[test]
fn say_leaves_nothing_behind_when_the_caller_hangs_up() {
    in_virtual_time(async {
        let world = World::new(Dialect::Bxml);
        let slow = tone(600.0, 10 * SECOND);
        world.host.services.speech("long", slow, 30 * SECOND);
        let document = xml(
            "<SpeakSentence>short</SpeakSentence><SpeakSentence>long</SpeakSentence><Pause duration=\"60\"/>",
        );
        for patience in [100 * MS, 5 * SECOND, 33 * SECOND] {
            let (phone, _handset) = world.caller_of(&document).await;
            phone.listen(patience).await;
            phone.send("BYE", &[], "");
            world.settle().await;
        }
    });
}

#[test]
fn say_goes_on_while_the_caller_puts_it_on_hold_and_back() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        world
            .host
            .services
            .speech("long", tone(600.0, 6 * SECOND), 5 * MS);
        let (phone, handset) = world.caller_of(&xml("<Say>long</Say><Hangup/>")).await;
        let sdp = [("Content-Type", "application/sdp")];
        phone.listen(SECOND).await;
        let offer = handset.offer();
        let held = offer.replace("a=sendrecv", "a=sendonly");
        assert_ne!(held, offer);
        phone.send("INVITE", &sdp, &held);
        assert_eq!(phone.response("INVITE").await.status(), 200);
        phone.send("ACK", &[], "");
        phone.listen(100 * MS).await;
        let held_from = handset.heard().len();
        phone.listen(SECOND).await;
        assert!(
            sounds(&handset.heard()[held_from + 400..], 20 * MS).is_empty(),
            "on hold"
        );
        phone.send("INVITE", &sdp, &handset.offer());
        let answer = phone.response("INVITE").await;
        phone.send("ACK", &[], "");
        handset.accept(&answer.body);
        let back_from = handset.heard().len();
        phone.hung_up().await;
        let heard = handset.heard();
        assert!(is_tone(&heard[back_from + 800..back_from + 8_000], 600.0));
        world.settle().await;
    });
}

#[test]
fn say_goes_on_in_another_codec_when_the_caller_changes_it_in_the_middle() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let services = &world.host.services;
        services.speech("long", tone(600.0, 4 * SECOND), 5 * MS);
        let (phone, handset) = world.caller_of(&xml("<Say>long</Say><Hangup/>")).await;
        assert_eq!(world.host.rtp.sends(30_001).map(|(_, format)| format), None);
        phone.listen(2 * SECOND).await;
        assert_eq!(
            world.host.rtp.sends(30_001).map(|(_, format)| format),
            Some(0)
        );
        let sdp = [("Content-Type", "application/sdp")];
        let offer = handset.offer();
        let offer = offer.replace("RTP/AVP 0 8", "RTP/AVP 8 0");
        phone.send("INVITE", &sdp, &offer);
        let answer = phone.response("INVITE").await;
        phone.send("ACK", &[], "");
        assert!(answer.body.contains("RTP/AVP 8"), "{}", answer.body);
        handset.accept(&answer.body);
        phone.listen(SECOND).await;
        assert_eq!(
            world.host.rtp.sends(30_001).map(|(_, format)| format),
            Some(8)
        );
        phone.hung_up().await;
        let heard = handset.heard();
        let said = sounds(&heard, 60 * MS);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_about(length(&said[0]), 4 * SECOND);
        assert!(is_tone(&heard[said[0].clone()], 600.0));
        world.settle().await;
    });
}

#[test]
fn say_passes_the_voice_of_the_document_on() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let document = xml("<Say voice=\"Polly.Joanna\" language=\"en-GB\">Hello</Say>");
        let (phone, _handset) = world.caller_of(&document).await;
        phone.listen(2 * SECOND).await;
        let voice = world.host.services.spoken.borrow()[0].1.clone();
        assert_eq!(voice.name.as_deref(), Some("Polly.Joanna"));
        assert_eq!(voice.language.as_deref(), Some("en-GB"));
        world.settle().await;
    });
}

#[test]
fn play_sends_digits_to_the_caller_as_real_keys() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let document = xml("<Play digits=\"1w234#\"/><Hangup/>");
        let (phone, handset) = world.caller_of(&document).await;
        phone.hung_up().await;
        assert_eq!(handset.keys(), "1234#");
        world.settle().await;
    });
}

#[test]
fn send_dtmf_sends_keys_at_the_pace_of_the_document() {
    in_virtual_time(async {
        let world = World::new(Dialect::Bxml);
        let document =
            xml("<SendDtmf toneDuration=\"100\" toneInterval=\"300\">12w*d</SendDtmf><Hangup/>");
        let (phone, handset) = world.caller_of(&document).await;
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        // The pause replaces the interval after the `2`.
        assert_about(began.elapsed(), (3 * 400 + 100 + 500) * MS);
        assert_eq!(handset.keys(), "12*D");
        world.settle().await;
    });
}

#[test]
fn ring_plays_a_ringing_tone_or_tells_the_caller_to_ring() {
    in_virtual_time(async {
        let world = World::new(Dialect::Bxml);
        let document = xml("<Ring duration=\"5\"/><Hangup/>");
        let (phone, handset) = world.caller_of(&document).await;
        let began = tokio::time::Instant::now();
        phone.hung_up().await;
        assert_about(began.elapsed(), 5 * SECOND);
        assert_about(length(&one_sound(&handset.heard())), 2 * SECOND);
        world.settle().await;
    });
    in_virtual_time(async {
        let world = World::new(Dialect::Bxml);
        world.begins_with(&xml("<Ring duration=\"3\" answerCall=\"false\"/><Hangup/>"));
        let phone = world.phone();
        let began = tokio::time::Instant::now();
        assert_eq!(phone.call().await.status(), 603);
        assert_about(began.elapsed(), 3 * SECOND);
        assert!(phone.has_heard_status(180));
        world.settle().await;
    });
}

#[test]
fn play_of_an_empty_file_for_ever_ends_with_the_call() {
    for dialect in [Dialect::Twiml, Dialect::Cxml] {
        in_virtual_time(async {
            let world = World::new(dialect);
            let empty = tone(600.0, Duration::ZERO);
            world
                .host
                .services
                .clip("http://app.example/empty.wav", empty);
            let document = xml("<Play loop=\"0\">empty.wav</Play><Hangup/>");
            let (phone, _handset) = world.caller_of(&document).await;
            phone.listen(5 * SECOND).await;
            phone.send("BYE", &[], "");
            phone.listen(SECOND).await;
            world.settle().await;
        });
    }
}

#[test]
fn echo_sends_the_callers_voice_back_until_the_call_ends() {
    in_virtual_time(async {
        let world = World::new(Dialect::Twiml);
        let (phone, handset) = world.caller_of(&xml("<Echo/>")).await;
        phone.listen(200 * MS).await;
        handset.play(tone(850.0, SECOND));
        phone.listen(2 * SECOND).await;
        let heard = handset.heard();
        let echo = one_sound(&heard);
        assert_about(length(&echo), SECOND);
        assert!(is_tone(&heard[echo], 850.0));
        phone.send("BYE", &[], "");
        world.settle().await;
    });
}
