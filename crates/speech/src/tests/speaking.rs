//! The speaker: choice of engines, sharing, caches.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hookflash_audio::{Law, Want};
use hookflash_program::{SpeechText, Voice};

use super::Scratch;
use super::stage::Counting;
use crate::{
    DiskCache, EngineError, EngineKind, SpeakError, Speaker, SpeakerSettings, Synthesizer,
    VoiceEntry, VoiceTable,
};

fn plain(text: &str) -> SpeechText {
    SpeechText::Plain(text.to_owned())
}

fn named(name: &str) -> Voice {
    Voice {
        name: Some(name.to_owned()),
        ..Voice::default()
    }
}

fn speaker(engines: &[&Rc<Counting>]) -> Speaker {
    let engines = engines
        .iter()
        .map(|engine| Rc::clone(engine) as Rc<dyn Synthesizer>)
        .collect();
    Speaker::new(SpeakerSettings {
        engines,
        memory: 1 << 20,
        ..SpeakerSettings::default()
    })
}

fn counting(name: &'static str, kind: EngineKind) -> Rc<Counting> {
    Rc::new(Counting::new(name, kind))
}

fn failing(name: &'static str, error: EngineError) -> Rc<Counting> {
    Rc::new(Counting {
        outcome: Err(error),
        ..Counting::new(name, EngineKind::OpenAi)
    })
}

fn asked(engine: &Rc<Counting>) -> usize {
    engine.asked.borrow().len()
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_for_the_same_share_one_run() {
    let engine = counting("a", EngineKind::EspeakNg);
    let speaker = speaker(&[&engine]);
    let (text, voice) = (plain("Welcome."), Voice::default());
    let all = (0..50).map(|_| speaker.speak(&text, &voice));
    let clips = futures_util::future::join_all(all).await;
    let first = clips[0].clone().unwrap();
    assert!(
        clips
            .iter()
            .all(|clip| Arc::ptr_eq(clip.as_ref().unwrap(), &first))
    );
    assert_eq!(asked(&engine), 1);
    speaker.speak(&text, &voice).await.unwrap();
    assert_eq!(asked(&engine), 1);
    speaker.speak(&text, &named("man")).await.unwrap();
    assert_eq!(asked(&engine), 2);
}

#[tokio::test(start_paused = true)]
async fn the_run_goes_on_while_anybody_waits_and_ends_when_nobody_does() {
    let engine = counting("a", EngineKind::EspeakNg);
    let speaker = speaker(&[&engine]);
    let (text, voice) = (plain("Welcome."), Voice::default());
    let wait = Duration::from_millis(500);
    {
        let first = tokio::time::timeout(wait, speaker.speak(&text, &voice));
        let second = speaker.speak(&text, &voice);
        let (first, second) = tokio::join!(first, second);
        assert!(first.is_err());
        assert!(second.is_ok());
        assert_eq!((asked(&engine), *engine.dropped.borrow()), (1, 0));
    }
    let other = plain("Goodbye.");
    assert!(
        tokio::time::timeout(wait, speaker.speak(&other, &voice))
            .await
            .is_err()
    );
    assert_eq!((asked(&engine), *engine.dropped.borrow()), (2, 1));
    assert!(speaker.speak(&other, &voice).await.is_ok());
    assert_eq!(asked(&engine), 3);
}

#[tokio::test]
async fn clips_outlive_the_process_on_disk() {
    let scratch = Scratch::new();
    let text = plain("Welcome.");
    let counts = [1, 0];
    for count in counts {
        let engine = Rc::new(Counting {
            takes: Duration::ZERO,
            ..Counting::new("a", EngineKind::EspeakNg)
        });
        let disk = DiskCache::open(scratch.path(), 1 << 20).unwrap();
        let disk = Arc::new(disk);
        let speaker = Speaker::new(SpeakerSettings {
            engines: vec![Rc::clone(&engine) as Rc<dyn Synthesizer>],
            disk: Some(Arc::clone(&disk)),
            ..SpeakerSettings::default()
        });
        let clip = speaker.speak(&text, &Voice::default()).await.unwrap();
        assert_eq!(clip.samples().len(), 800);
        assert_eq!(asked(&engine), count);
        // Written behind the listener's back.
        while Arc::strong_count(&disk) > 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_speak_the_language_is_asked_last() {
    let flite = counting("flite", EngineKind::Flite);
    let espeak = counting("espeak-ng", EngineKind::EspeakNg);
    let speaker = speaker(&[&flite, &espeak]);
    speaker
        .speak(&plain("Hello"), &Voice::default())
        .await
        .unwrap();
    speaker
        .speak(&plain("Hallo"), &named("Polly.Vicki"))
        .await
        .unwrap();
    assert_eq!((asked(&flite), asked(&espeak)), (1, 1));
    assert_eq!(espeak.asked.borrow()[0].language, "de-DE");
}

#[tokio::test(start_paused = true)]
async fn an_engines_own_voice_goes_to_it_and_to_no_other() {
    let local = counting("espeak-ng", EngineKind::EspeakNg);
    let google = Rc::new(Counting {
        outcome: Err(EngineError::Unreachable("no network".to_owned())),
        ..Counting::new("google", EngineKind::Google)
    });
    let speaker = speaker(&[&local, &google]);
    let voice = named("Google.de-DE-Wavenet-B");
    speaker.speak(&plain("Hallo"), &voice).await.unwrap();
    assert!(google.asked.borrow()[0].voice.contains("de-DE-Wavenet-B"));
    assert_eq!(local.asked.borrow()[0].voice, "None Male");
    assert_eq!(local.asked.borrow()[0].language, "de-DE");
}

#[tokio::test(start_paused = true)]
async fn the_operators_table_decides_the_engine() {
    let first = counting("first", EngineKind::EspeakNg);
    let second = counting("second", EngineKind::OpenAi);
    let entry = VoiceEntry {
        engine: Some("second".to_owned()),
        voice: Some("af_sky".to_owned()),
        ..VoiceEntry::default()
    };
    let speaker = Speaker::new(SpeakerSettings {
        engines: vec![Rc::clone(&first) as _, Rc::clone(&second) as _],
        voices: VoiceTable::new([("Polly.Joanna".to_owned(), entry)], VoiceEntry::default()),
        ..SpeakerSettings::default()
    });
    speaker
        .speak(&plain("Hello"), &named("Polly.Joanna"))
        .await
        .unwrap();
    assert_eq!((asked(&first), asked(&second)), (0, 1));
    assert!(second.asked.borrow()[0].voice.contains("af_sky"));
}

#[tokio::test(start_paused = true)]
async fn when_one_engine_fails_the_next_speaks_and_it_rests_for_a_while() {
    let down = failing("down", EngineError::Late);
    let up = counting("up", EngineKind::EspeakNg);
    let speaker = speaker(&[&down, &up]);
    let say = |text: &str| {
        let text = plain(text);
        let speaker = &speaker;
        async move { speaker.speak(&text, &Voice::default()).await }
    };
    say("one").await.unwrap();
    say("two").await.unwrap();
    assert_eq!((asked(&down), asked(&up)), (1, 2));
    tokio::time::advance(Duration::from_secs(31)).await;
    say("three").await.unwrap();
    assert_eq!((asked(&down), asked(&up)), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_each_is_named() {
    let one = failing("one", EngineError::Late);
    let two = failing("two", EngineError::Crashed("status 3".to_owned()));
    let speaker = speaker(&[&one, &two]);
    let error = speaker
        .speak(&plain("x"), &Voice::default())
        .await
        .unwrap_err();
    let words = error.to_string();
    assert!(words.contains("one: it took too long"), "{words}");
    assert!(
        words.contains("two: it ended with an error: status 3"),
        "{words}"
    );
    // A failure is not remembered.
    speaker
        .speak(&plain("x"), &Voice::default())
        .await
        .unwrap_err();
    assert_eq!(asked(&two), 2);
}

#[tokio::test]
async fn without_any_engine_nothing_is_said() {
    let speaker = speaker(&[]);
    let outcome = speaker.speak(&plain("x"), &Voice::default()).await;
    assert_eq!(outcome.unwrap_err(), SpeakError::NoEngine);
}

#[tokio::test]
async fn silence_needs_no_engine() {
    let speaker = speaker(&[]);
    let text = SpeechText::Ssml("<speak><break time='500ms'/></speak>".to_owned());
    let clip = speaker.speak(&text, &Voice::default()).await.unwrap();
    assert_eq!(clip.duration(), Duration::from_millis(500));
    assert!(
        speaker
            .speak(&plain(" "), &Voice::default())
            .await
            .unwrap()
            .samples()
            .is_empty()
    );
}

#[tokio::test]
async fn a_clip_comes_with_what_players_will_ask_for() {
    let engine = Rc::new(Counting {
        takes: Duration::ZERO,
        ..Counting::new("a", EngineKind::EspeakNg)
    });
    let speaker = Speaker::new(SpeakerSettings {
        engines: vec![Rc::clone(&engine) as Rc<dyn Synthesizer>],
        wants: vec![Want::G711(Law::Mu), Want::Samples(16_000)],
        ..SpeakerSettings::default()
    });
    let clip = speaker.speak(&plain("x"), &Voice::default()).await.unwrap();
    let prepared = clip.memory();
    clip.encoded(Law::Mu);
    clip.at(16_000);
    assert_eq!(clip.memory(), prepared);
    assert!(prepared >= 800 * 2 + 800 + 1_600 * 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_different_texts_at_a_time_are_refused() {
    let engine = counting("a", EngineKind::EspeakNg);
    let speaker = speaker(&[&engine]);
    let texts: Vec<_> = (0..300)
        .map(|number| plain(&format!("n {number}")))
        .collect();
    let voice = Voice::default();
    let all = texts.iter().map(|text| speaker.speak(text, &voice));
    let all = futures_util::future::join_all(all).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 256);
    assert!(speaker.speak(&texts[299], &voice).await.is_ok());
}
