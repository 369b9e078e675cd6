//! `config`: what it sets, what it begins beside other verbs, and what it only names.

use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_program::{
    Announce, Answering, BackgroundRecording, Config, Hook, Recognizer, RecordingFormat, Setting,
    StartRecording, Tracks, Verb, Voice,
};

use crate::example::{self, only_step};

fn step(properties: &str) -> (Answering, Config) {
    let text = format!(r#"[{{"verb":"config",{properties}}}]"#);
    match only_step(Dialect::Jambonz, &text) {
        (answering, Verb::Config(config)) => (answering, *config),
        other => panic!("{other:?}"),
    }
}

fn config(properties: &str) -> Config {
    step(properties).1
}

fn errors(properties: &str) -> Vec<String> {
    let text = format!(r#"[{{"verb":"config",{properties}}}]"#);
    example::errors(Dialect::Jambonz, &text)
}

#[test]
fn jambonz_config_without_properties_changes_nothing() {
    assert_eq!(config(r#""id":"c","_":{"mine":1}"#), Config::default());
}

#[test]
fn jambonz_config_sets_voice_and_recognizer_of_the_call() {
    let (answering, found) = step(
        r#""referHook":"/refer","notifyEvents":true,
           "synthesizer":{"vendor":"microsoft","language":"de-DE","voice":"v"},
           "recognizer":{"vendor":"google","language":"de-DE","hints":["a"]}"#,
    );
    let voice = Voice {
        name: Some("v".to_owned()),
        vendor: Some("microsoft".to_owned()),
        language: Some("de-DE".to_owned()),
        gender: None,
    };
    let recognizer = Recognizer {
        vendor: Some("google".to_owned()),
        language: Some("de-DE".to_owned()),
        hints: vec!["a".to_owned()],
        ..Recognizer::default()
    };
    let wanted = Config {
        refer_hook: Some(Hook::post("/refer")),
        notify_events: Some(true),
        voice: Setting::Set(voice),
        recognizer: Setting::Set(recognizer),
        ..Config::default()
    };
    assert_eq!((answering, found), (Answering::Leave, wanted));
}

#[test]
fn jambonz_config_resets_before_it_sets() {
    let both = config(r#""reset":["synthesizer","recognizer","other"]"#);
    assert_eq!(both.voice, Setting::Reset);
    assert_eq!(both.recognizer, Setting::Reset);
    let one = config(r#""reset":"recognizer""#);
    assert_eq!(one.voice, Setting::Kept);
    assert_eq!(one.recognizer, Setting::Reset);
    let set = config(r#""reset":["synthesizer"],"synthesizer":{"vendor":"x"}"#);
    assert!(matches!(set.voice, Setting::Set(_)));
}

#[test]
fn jambonz_config_names_what_has_no_effect() {
    let found = config(
        r#""amd":{"actionHook":"/a"},"vad":{},"earlyMedia":true,"onHoldMusic":"m",
           "ttsStream":{"enable":true},"boostAudioSignal":3,"actionHookDelayAction":{}"#,
    );
    let wanted = [
        "amd",
        "vad",
        "earlyMedia",
        "onHoldMusic",
        "ttsStream",
        "boostAudioSignal",
        "actionHookDelayAction",
    ];
    assert_eq!(found.not_run, wanted);
}

#[test]
fn jambonz_config_collects_speech_beside_other_verbs() {
    let (answering, found) = step(
        r#""bargeIn":{"enable":true,"sticky":true,"actionHook":"/b","minBargeinWordCount":2}"#,
    );
    assert_eq!(answering, Answering::Answer);
    let background = found.background_gather.unwrap().unwrap();
    assert!(background.sticky);
    let gather = background.gather;
    assert!(gather.keys.is_none() && gather.prompts.is_empty());
    assert!(gather.speech_interrupts && gather.listen_during_prompt && !gather.keys_interrupt);
    assert_eq!(gather.result, Some(Hook::post("/b")));
    let speech = gather.speech.unwrap();
    assert_eq!(speech.begin, Duration::from_secs(86_400));
    assert_eq!(speech.least_words, 2);
    assert!(speech.recognizer.interim);
}

#[test]
fn jambonz_config_collects_keys_beside_other_verbs() {
    let found = config(
        r##""bargeIn":{"enable":true,"input":["digits"],"numDigits":1,"finishOnKey":"#",
            "interDigitTimeout":2}"##,
    );
    let background = found.background_gather.unwrap().unwrap();
    assert!(!background.sticky);
    let gather = background.gather;
    assert!(gather.speech.is_none() && gather.keys_interrupt);
    let keys = gather.keys.unwrap();
    assert_eq!((keys.most, keys.finish), (Some(1), vec!['#']));
    assert_eq!(keys.between, Duration::from_secs(2));
    let off = config(r#""bargeIn":{"enable":false}"#);
    assert_eq!(off.background_gather, Some(None));
    assert_eq!(
        errors(r#""bargeIn":{"enable":true,"input":["x"]}"#),
        ["1:52 bargeIn: property input must hold digits and speech only"]
    );
}

#[test]
fn jambonz_config_records_the_call_here() {
    let (answering, found) = step(
        r#""record":{"action":"startCallRecording","recordingID":"r-9",
           "siprecServerURL":"sip:r@s","headers":{"a":"b"}}"#,
    );
    assert_eq!(answering, Answering::Answer);
    let start = StartRecording {
        dual: true,
        tracks: Tracks::Both,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce::default(),
        transcribe: None,
        name: Some("r-9".to_owned()),
    };
    let start = BackgroundRecording::Start(Box::new(start));
    assert_eq!(found.recording, Some(start));
    assert_eq!(found.not_run, ["record.siprecServerURL", "record.headers"]);
    for (action, wanted) in [
        ("pauseCallRecording", BackgroundRecording::Pause),
        ("resumeCallRecording", BackgroundRecording::Resume),
        ("stopCallRecording", BackgroundRecording::Stop),
    ] {
        let (answering, found) = step(&format!(r#""record":{{"action":"{action}"}}"#));
        assert_eq!(answering, Answering::Leave);
        assert_eq!(found.recording, Some(wanted));
    }
}

#[test]
fn jambonz_config_streams_beside_other_verbs() {
    for name in ["listen", "stream"] {
        let (answering, found) = step(&format!(
            r#""{name}":{{"enable":true,"url":"wss://x","mixType":"mixed","passDtmf":true}}"#
        ));
        assert_eq!(answering, Answering::Answer);
        let stream = found.stream.unwrap().unwrap();
        assert_eq!(
            (stream.url.as_str(), stream.tracks),
            ("wss://x", Tracks::Both)
        );
        assert!(stream.pass_keys && stream.result.is_none());
    }
    let off = config(r#""listen":{"enable":false}"#);
    assert_eq!(off.stream, Some(None));
    let nowhere = config(r#""listen":{"enable":true}"#);
    assert_eq!(nowhere.stream, None);
    assert_eq!(nowhere.not_run, ["listen"]);
}

#[test]
fn jambonz_config_transcribes_beside_other_verbs() {
    let (answering, found) = step(r#""transcribe":{"enable":true,"transcriptionHook":"/t"}"#);
    assert_eq!(answering, Answering::Answer);
    let transcription = found.transcription.unwrap().unwrap();
    assert!(!transcription.waits);
    assert_eq!(transcription.hook, Some(Hook::post("/t")));
    let off = config(r#""transcribe":{"enable":false}"#);
    assert_eq!(off.transcription, Some(None));
}
