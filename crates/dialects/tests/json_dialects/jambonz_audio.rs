//! The verbs of jambonz that play, collect and send keys: each property, default and range.

use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_program::{
    Answering, Audio, Dub, DubOrder, Gather, Hook, HookMethod, KeyOrPause, KeyRules, Keys, OnEmpty,
    Prompt, Prompts, Recognizer, Repeat, Speech, SpeechRules, SpeechText, TypedAhead, Verb, Voice,
};

use crate::example::{self, only_step};

fn step(verb: &str) -> (Answering, Verb) {
    only_step(Dialect::Jambonz, &format!("[{verb}]"))
}

fn errors(verb: &str) -> Vec<String> {
    example::errors(Dialect::Jambonz, &format!("[{verb}]"))
}

fn warnings(verb: &str) -> Vec<String> {
    let program = example::parse(Dialect::Jambonz, &format!("[{verb}]")).unwrap();
    let told = program.warnings.iter();
    told.map(|remark| format!("{} {}", remark.position, remark.message))
        .collect()
}

fn prompts(verb: &str) -> Prompts {
    match step(verb) {
        (_, Verb::Prompts(prompts)) => *prompts,
        other => panic!("{other:?}"),
    }
}

fn gather(verb: &str) -> Gather {
    match step(verb) {
        (_, Verb::Gather(gather)) => *gather,
        other => panic!("{other:?}"),
    }
}

fn spoken(text: SpeechText) -> Prompt {
    Prompt::Speech(Speech {
        text,
        voice: Voice::default(),
        repeat: Repeat::ONCE,
    })
}

fn plain(text: &str) -> Prompt {
    spoken(SpeechText::Plain(text.to_owned()))
}

fn file(url: &str, from: Duration) -> Prompt {
    Prompt::Audio(Audio {
        url: url.to_owned(),
        credentials: None,
        repeat: Repeat::ONCE,
        from,
        failure_code: "play-url-notfound",
    })
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn jambonz_verbs_that_need_audio_answer_the_call_and_others_do_not() {
    use Answering::{Answer, EarlyMedia, Leave, Skip};
    for (verb, wanted) in [
        (r#"{"verb":"say","text":"hi"}"#, Answer),
        (
            r#"{"verb":"say","text":"hi","earlyMedia":true}"#,
            EarlyMedia,
        ),
        (r#"{"verb":"play","url":"/a.wav"}"#, Answer),
        (
            r#"{"verb":"play","url":"/a.wav","earlyMedia":true}"#,
            EarlyMedia,
        ),
        (r#"{"verb":"gather"}"#, Answer),
        (
            r#"{"verb":"gather","say":{"text":"hi","earlyMedia":true}}"#,
            EarlyMedia,
        ),
        (
            r#"{"verb":"gather","play":{"url":"/a","earlyMedia":true}}"#,
            EarlyMedia,
        ),
        (r#"{"verb":"dtmf","dtmf":"1"}"#, Answer),
        (r#"{"verb":"dub","action":"addTrack","track":"t"}"#, Answer),
        (r#"{"verb":"listen","url":"wss://x"}"#, Answer),
        (
            r#"{"verb":"listen","url":"wss://x","earlyMedia":true}"#,
            EarlyMedia,
        ),
        (r#"{"verb":"transcribe"}"#, Answer),
        (r#"{"verb":"transcribe","enable":false}"#, Leave),
        (r#"{"verb":"alert","message":"x"}"#, Leave),
        (r#"{"verb":"pause","length":1}"#, Leave),
        (r#"{"verb":"tag","data":{}}"#, Leave),
        (
            r#"{"verb":"config","synthesizer":{"vendor":"google"}}"#,
            Leave,
        ),
        (r#"{"verb":"sip:request","method":"INFO"}"#, Skip),
    ] {
        assert_eq!(step(verb).0, wanted, "{verb}");
    }
}

#[test]
fn jambonz_say_speaks_a_text_once() {
    let wanted = Prompts {
        items: vec![plain("Hello")],
        repeat: Repeat::ONCE,
        at_most: None,
        result: None,
        id: Some("s".to_owned()),
    };
    assert_eq!(
        prompts(r#"{"verb":"say","text":" Hello ","id":"s"}"#),
        wanted
    );
}

#[test]
fn jambonz_say_picks_one_of_several_texts() {
    let found = prompts(r#"{"say":{"text":["Hello","","Hi"],"loop":2}}"#);
    assert_eq!(
        found.items,
        [Prompt::OneOf(vec![plain("Hello"), plain("Hi")])]
    );
    assert_eq!(found.repeat, Repeat::Times(2));
    assert_eq!(
        prompts(r#"{"say":{"text":["Hello"]}}"#).items,
        [plain("Hello")]
    );
    assert_eq!(
        errors(r#"{"say":{"text":["Hello",5]}}"#),
        ["1:17 say: property text must hold strings only"]
    );
}

#[test]
fn jambonz_say_passes_ssml_on_and_knows_silence() {
    let ssml = "<speak>Hi <break time='1s'/></speak>";
    let found = prompts(&format!(r#"{{"say":{{"text":"{ssml}"}}}}"#));
    assert_eq!(found.items, [spoken(SpeechText::Ssml(ssml.to_owned()))]);
    for (written, length) in [
        ("silence_stream://1500", Duration::from_millis(1500)),
        ("silence_stream://1000,1400", SECOND),
        ("silence_stream://-1", DAY),
    ] {
        let found = prompts(&format!(r#"{{"say":{{"text":"{written}"}}}}"#));
        assert_eq!(found.items, [Prompt::Silence(length)]);
    }
    let broken = prompts(r#"{"say":{"text":"silence_stream://x"}}"#);
    assert_eq!(broken.items, [plain("silence_stream://x")]);
}

#[test]
fn jambonz_say_is_spoken_by_its_synthesizer() {
    let voice = |synthesizer: &str| {
        let text = format!(r#"{{"say":{{"text":"x","synthesizer":{synthesizer}}}}}"#);
        match prompts(&text).items.as_slice() {
            [Prompt::Speech(speech)] => speech.voice.clone(),
            other => panic!("{other:?}"),
        }
    };
    let wanted = Voice {
        name: Some("en-US-Wavenet-C".to_owned()),
        vendor: Some("google".to_owned()),
        language: Some("en-US".to_owned()),
        gender: Some("female".to_owned()),
    };
    let all =
        r#"{"vendor":"google","language":"en_US","voice":"en-US-Wavenet-C","gender":"FEMALE"}"#;
    assert_eq!(voice(all), wanted);
    let default =
        r#"{"vendor":"default","language":"default","voice":"default","gender":"NEUTRAL"}"#;
    assert_eq!(voice(default), Voice::default());
    let object = voice(r#"{"vendor":"custom","voice":{"voice_id":"v-1"}}"#);
    assert_eq!(object.name.as_deref(), Some("v-1"));
}

#[test]
fn jambonz_say_without_a_text_is_noted_and_not_an_error() {
    let (_, verb) = step(r#"{"verb":"say","stream":true}"#);
    assert!(matches!(&verb, Verb::Noted(_)), "{verb:?}");
    assert_eq!(
        warnings(r#"{"verb":"say","stream":true,"disableTtsCache":false}"#),
        ["1:16 say: property stream has no effect here"]
    );
}

#[test]
fn jambonz_loops_are_numbers_of_times_or_without_end() {
    let repeat =
        |value: &str| prompts(&format!(r#"{{"say":{{"text":"x","loop":{value}}}}}"#)).repeat;
    assert_eq!(repeat("3"), Repeat::Times(3));
    assert_eq!(repeat("\"4\""), Repeat::Times(4));
    for forever in ["\"forever\"", "\" Forever\"", "0"] {
        assert_eq!(repeat(forever), Repeat::Forever, "{forever}");
    }
    for (wrong, told) in [
        ("-1", "must be a whole number from 0 to 4294967295"),
        ("1.5", "must be a whole number from 0 to 4294967295"),
        ("1e300", "must be a whole number from 0 to 4294967295"),
        ("\"often\"", "must be a number"),
        ("\"inf\"", "must be a number"),
    ] {
        let found = errors(&format!(r#"{{"say":{{"text":"x","loop":{wrong}}}}}"#));
        assert_eq!(found, [format!("1:28 say: property loop {told}")]);
    }
}

#[test]
fn jambonz_play_plays_urls_one_after_the_other() {
    let found = prompts(
        r#"{"verb":"play","url":["https://a/1.wav","silence_stream://500","/2.mp3"],
            "loop":"forever","seekOffset":"12000","timeoutSecs":2.5,"actionHook":"/p","id":"p"}"#,
    );
    let items = vec![
        file("https://a/1.wav", Duration::from_millis(1500)),
        Prompt::Silence(Duration::from_millis(500)),
        file("/2.mp3", Duration::ZERO),
    ];
    let wanted = Prompts {
        items,
        repeat: Repeat::Forever,
        at_most: Some(Duration::from_millis(2500)),
        result: Some(Hook::post("/p")),
        id: Some("p".to_owned()),
    };
    assert_eq!(found, wanted);
    let plain = prompts(r#"{"play":{"url":"/a.wav","timeoutSecs":0,"seekOffset":-1}}"#);
    assert_eq!(plain.items, [file("/a.wav", Duration::ZERO)]);
    assert_eq!((plain.at_most, plain.repeat), (None, Repeat::ONCE));
}

#[test]
fn jambonz_play_needs_a_url() {
    assert_eq!(
        errors(r#"{"verb":"play","url":" "}"#),
        ["1:23 play: property url must not be blank"]
    );
    assert_eq!(
        errors(r#"{"verb":"play","url":[]}"#),
        ["1:23 play: property url must not be blank"]
    );
    assert_eq!(
        errors(r#"{"verb":"play","url":"/a","timeoutSecs":"soon"}"#),
        ["1:42 play: property timeoutSecs must be a number"]
    );
}

#[test]
fn jambonz_gather_collects_digits_for_fifteen_seconds_by_default() {
    let wanted = Gather {
        prompts: Vec::new(),
        repeat: Repeat::ONCE,
        keys: Some(KeyRules {
            least: 1,
            most: None,
            finish: Vec::new(),
            first: 15 * SECOND,
            between: 15 * SECOND,
        }),
        speech: None,
        listen_during_prompt: true,
        keys_interrupt: true,
        speech_interrupts: false,
        typed_ahead: TypedAhead::Dropped,
        result: None,
        on_empty: OnEmpty::Ask,
        empty_reply_goes_on: true,
        tag: None,
        id: None,
    };
    assert_eq!(gather(r#"{"verb":"gather"}"#), wanted);
}

#[test]
fn jambonz_gather_is_read_with_all_that_it_says() {
    let found = gather(
        r##"{"verb":"gather","id":"g","input":["digits","speech"],"numDigits":6,"maxDigits":4,
            "minDigits":2,"finishOnKey":"#*","interDigitTimeout":1.5,"timeout":8,"speechTimeout":2,
            "listenDuringPrompt":false,"bargein":true,"dtmfBargein":false,"minBargeinWordCount":2,
            "partialResultHook":{"url":"/p","method":"GET"},"actionHook":"/g",
            "say":{"text":"PIN","loop":3},"play":{"url":"/never"},
            "recognizer":{"vendor":"deepgram","language":"en-GB","model":"nova","minConfidence":0.5,
            "hints":["sales",{"phrase":"support","boost":5},""],"profanityFilter":true}}"##,
    );
    assert_eq!(found.prompts, [plain("PIN")]);
    assert_eq!(found.repeat, Repeat::Times(3));
    let keys = KeyRules {
        least: 2,
        most: Some(4),
        finish: vec!['#', '*'],
        first: 8 * SECOND,
        between: Duration::from_millis(1500),
    };
    assert_eq!(found.keys, Some(keys));
    let speech = SpeechRules {
        recognizer: Recognizer {
            vendor: Some("deepgram".to_owned()),
            language: Some("en-GB".to_owned()),
            model: Some("nova".to_owned()),
            hints: vec!["sales".to_owned(), "support".to_owned()],
            profanity_filter: true,
            interim: true,
        },
        begin: 8 * SECOND,
        end: Some(2 * SECOND),
        most: 60 * SECOND,
        least_words: 2,
        least_confidence: 0.5,
        partial: Some(Hook {
            method: HookMethod::Get,
            ..Hook::post("/p")
        }),
    };
    assert_eq!(found.speech, Some(speech));
    assert!(!found.listen_during_prompt && !found.keys_interrupt && found.speech_interrupts);
    assert_eq!(found.result, Some(Hook::post("/g")));
    assert_eq!(found.id.as_deref(), Some("g"));
}

#[test]
fn jambonz_gather_of_speech_alone_takes_no_keys() {
    let found = gather(
        r#"{"verb":"gather","input":["speech"],"timeout":0,"play":{"url":"/a.wav"},
            "recognizer":{"vendor":"default","language":"default","asrTimeout":3}}"#,
    );
    assert_eq!(found.prompts, [file("/a.wav", Duration::ZERO)]);
    assert!(found.keys.is_none() && !found.keys_interrupt);
    let speech = found.speech.unwrap();
    assert_eq!(speech.recognizer, Recognizer::default());
    assert_eq!((speech.begin, speech.end), (DAY, Some(3 * SECOND)));
    assert_eq!(speech.least_words, 1);
}

#[test]
fn jambonz_gather_refuses_what_nobody_can_press_or_say() {
    for (wrong, told) in [
        (
            r#""input":["voice"]"#,
            "1:27 gather: property input must hold digits and speech only",
        ),
        (
            r#""numDigits":-1"#,
            "1:31 gather: property numDigits must be a whole number from 0 to 1000",
        ),
        (
            r#""timeout":1e9"#,
            "1:29 gather: property timeout must be seconds from 0 to 86400",
        ),
        (
            r#""finishOnKey":"x""#,
            "1:33 gather: property finishOnKey must be keys of 0-9 * # A-D",
        ),
        (
            r#""say":{"text":[1]}"#,
            "1:33 say: property text must hold strings only",
        ),
    ] {
        assert_eq!(errors(&format!(r#"{{"verb":"gather",{wrong}}}"#)), [told]);
    }
}

#[test]
fn jambonz_gather_remarks_on_what_has_no_effect() {
    let text =
        r#"{"gather":{"fillerNoise":{"enable":true},"play":{"url":"/a","actionHook":"/b"}}}"#;
    assert_eq!(
        warnings(text),
        [
            "1:13 gather: property fillerNoise has no effect here",
            "1:62 play: property actionHook has no effect here",
        ]
    );
}

#[test]
fn jambonz_dtmf_sends_keys_of_half_a_second() {
    let keys = |tone| Keys {
        keys: vec![
            KeyOrPause::Key('1'),
            KeyOrPause::Pause(Duration::from_millis(500)),
            KeyOrPause::Key('D'),
            KeyOrPause::Pause(SECOND),
            KeyOrPause::Key('#'),
        ],
        tone: Duration::from_millis(tone),
        gap: Duration::from_millis(250),
    };
    let sent = |text: &str| match step(text).1 {
        Verb::SendKeys(keys) => keys,
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(r##"{"verb":"dtmf","dtmf":"1wdW#"}"##), keys(500));
    assert_eq!(
        sent(r##"{"verb":"dtmf","dtmf":"1wdW#","duration":250}"##),
        keys(250)
    );
    assert_eq!(
        errors(r#"{"verb":"dtmf","dtmf":"12x"}"#),
        ["1:24 dtmf: property dtmf must be keys of 0-9 * # A-D and pauses w W"]
    );
    assert_eq!(
        errors(r#"{"verb":"dtmf","dtmf":"1","duration":0}"#),
        ["1:39 dtmf: property duration must be a whole number from 1 to 60000"]
    );
}

fn dub(text: &str) -> Vec<Dub> {
    let program = example::parse(Dialect::Jambonz, &format!("[{text}]")).unwrap();
    let steps = program.steps.into_iter();
    steps
        .map(|step| match step.verb {
            Verb::Dub(dub) => *dub,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn on(track: &str, order: DubOrder, gain: f32) -> Dub {
    Dub {
        track: track.to_owned(),
        order,
        gain,
    }
}

#[test]
fn jambonz_dub_adds_silences_and_removes_tracks() {
    let of = |action: &str| {
        dub(&format!(
            r#"{{"verb":"dub","action":"{action}","track":"t"}}"#
        ))
    };
    assert_eq!(of("addTrack"), [on("t", DubOrder::Add, 0.0)]);
    assert_eq!(of("silenceTrack"), [on("t", DubOrder::Silence, 0.0)]);
    assert_eq!(of("removeTrack"), [on("t", DubOrder::Remove, 0.0)]);
    assert_eq!(
        errors(r#"{"verb":"dub","action":"addTrack","track":" "}"#),
        ["1:44 dub: property track must not be blank"]
    );
}

#[test]
fn jambonz_dub_plays_and_speaks_on_a_track() {
    let play = |prompt, forever| DubOrder::Play { prompt, forever };
    assert_eq!(
        dub(
            r#"{"dub":{"action":"playOnTrack","track":"t","play":"/a.mp3","loop":true,"gain":-15}}"#
        ),
        [on("t", play(file("/a.mp3", Duration::ZERO), true), -15.0)]
    );
    assert_eq!(
        dub(r#"{"dub":{"action":"sayOnTrack","track":"t","say":"hi"}}"#),
        [on("t", play(plain("hi"), false), 0.0)]
    );
    assert_eq!(
        dub(r#"{"dub":{"action":"sayOnTrack","track":"t","say":{"text":"hi"}}}"#),
        [on("t", play(plain("hi"), false), 0.0)]
    );
    assert_eq!(
        dub(r#"{"dub":{"action":"addTrack","track":"t","play":"/a.mp3","gain":"+6 dB"}}"#),
        [
            on("t", DubOrder::Add, 6.0),
            on("t", play(file("/a.mp3", Duration::ZERO), false), 6.0),
        ]
    );
    let (_, nothing) = step(r#"{"dub":{"action":"playOnTrack","track":"t"}}"#);
    assert!(matches!(&nothing, Verb::Noted(_)), "{nothing:?}");
}

#[test]
fn jambonz_dub_understands_decibels() {
    for (written, wanted) in [
        ("-10", -10.0),
        ("2.5", 2.5),
        ("\"-10 dB\"", -10.0),
        ("\"+6dB\"", 6.0),
        ("\"3\"", 3.0),
        ("\"loud\"", 0.0),
        ("\"inf dB\"", 0.0),
        ("1e300", 50.0),
        ("-900", -50.0),
    ] {
        let text = format!(r#"{{"dub":{{"action":"addTrack","track":"t","gain":{written}}}}}"#);
        assert_eq!(dub(&text), [on("t", DubOrder::Add, wanted)], "{written}");
    }
}
