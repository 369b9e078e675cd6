//! Say, Play, Pause, Echo and Denoise.

use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_program::{
    Answering, Audio, Echo, KeyOrPause, Keys, Pause, Prompt, Prompts, Repeat, Speech, SpeechText,
    Verb, Voice,
};

use crate::call::{BOTH, step, steps};

fn prompts(dialect: Dialect, inside: &str) -> Prompts {
    let step = step(dialect, inside);
    assert_eq!(step.answering, Answering::Answer, "{inside}");
    match step.verb {
        Verb::Prompts(prompts) => *prompts,
        other => panic!("{inside}: {other:?}"),
    }
}

fn speech(dialect: Dialect, inside: &str) -> Speech {
    match &prompts(dialect, inside).items[..] {
        [Prompt::Speech(speech)] => speech.clone(),
        other => panic!("{inside}: {other:?}"),
    }
}

fn ssml(dialect: Dialect, inside: &str) -> String {
    match speech(dialect, inside).text {
        SpeechText::Ssml(ssml) => ssml,
        SpeechText::Plain(plain) => panic!("{inside}: {plain}"),
    }
}

fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn say_speaks_words_once_in_the_operators_voice(dialect: Dialect) {
    let said = prompts(dialect, "<Say>\n  Fish &amp; chips &lt;now&gt;\n</Say>");
    let expected = Prompts {
        items: vec![Prompt::Speech(Speech {
            text: SpeechText::Plain("Fish & chips <now>".to_owned()),
            voice: Voice::default(),
            repeat: Repeat::ONCE,
        })],
        repeat: Repeat::ONCE,
        at_most: None,
        result: None,
        id: None,
    };
    assert_eq!(said, expected);
}

fn say_takes_every_attribute(dialect: Dialect) {
    let said = prompts(
        dialect,
        "<Say voice=\"Polly.Amy\" language=\"en-GB\" loop=\"3\">Hi</Say>",
    );
    assert_eq!(said.repeat, Repeat::Times(3));
    let [Prompt::Speech(speech)] = &said.items[..] else {
        panic!("{said:?}")
    };
    assert_eq!(speech.voice.name.as_deref(), Some("Polly.Amy"));
    assert_eq!(speech.voice.language.as_deref(), Some("en-GB"));
    assert_eq!((&speech.voice.vendor, &speech.voice.gender), (&None, &None));
}

#[test]
fn twiml_say_speaks_words_once_in_the_operators_voice() {
    say_speaks_words_once_in_the_operators_voice(Dialect::Twiml);
}

#[test]
fn cxml_say_speaks_words_once_in_the_operators_voice() {
    say_speaks_words_once_in_the_operators_voice(Dialect::Cxml);
}

#[test]
fn twiml_say_takes_every_attribute() {
    say_takes_every_attribute(Dialect::Twiml);
}

#[test]
fn cxml_say_takes_every_attribute() {
    say_takes_every_attribute(Dialect::Cxml);
}

#[test]
fn say_names_the_gender_of_the_old_voices_and_mends_underscores() {
    for dialect in BOTH {
        for (voice, gender) in [
            ("man", Some("male")),
            ("woman", Some("female")),
            ("alice", Some("female")),
            ("Google.en-US-Standard-A", None),
        ] {
            let text = format!("<Say voice=\"{voice}\" language=\"de_DE\">Hi</Say>");
            let speech = speech(dialect, &text);
            assert_eq!(speech.voice.gender.as_deref(), gender, "{voice}");
            assert_eq!(speech.voice.name.as_deref(), Some(voice));
            assert_eq!(speech.voice.language.as_deref(), Some("de-DE"));
        }
    }
}

#[test]
fn say_repeats_for_ever_with_0_and_once_with_nonsense() {
    for dialect in BOTH {
        for (loops, repeat) in [
            ("0", Repeat::Forever),
            ("2", Repeat::Times(2)),
            ("-1", Repeat::ONCE),
            ("x", Repeat::ONCE),
            ("", Repeat::ONCE),
            ("99999999999", Repeat::ONCE),
        ] {
            let said = prompts(dialect, &format!("<Say loop=\"{loops}\">Hi</Say>"));
            assert_eq!(said.repeat, repeat, "{loops:?}");
        }
    }
}

#[test]
fn say_makes_markup_a_complete_document() {
    for dialect in BOTH {
        assert_eq!(
            ssml(
                dialect,
                "<Say>Hello <break time=\"200ms\"/>Mr &amp; Mrs <emphasis level='strong'>Q<s>!</s>\
                 </emphasis>, <![CDATA[<b>]]><sub alias=\"a&quot;b\">x</sub></Say>"
            ),
            "<speak>Hello <break time=\"200ms\"/>Mr &amp; Mrs <emphasis level=\"strong\">Q<s>!</s>\
             </emphasis>, &lt;b&gt;<sub alias=\"a&quot;b\">x</sub></speak>"
        );
        assert_eq!(
            ssml(dialect, "<Say><lang xml:lang=\"de-DE\">Hallo</lang></Say>"),
            "<speak><lang xml:lang=\"de-DE\">Hallo</lang></speak>"
        );
    }
}

#[test]
fn say_leaves_out_what_the_vendor_does_not_know() {
    for dialect in BOTH {
        assert_eq!(
            ssml(
                dialect,
                "<Say>a<blink>b<p>c</p></blink><p x=\"1\">d</p><break time=\"1s\">e</break>\
                 <emphasis level=\"huge\">f</emphasis><!-- g --></Say>"
            ),
            "<speak>a<p>d</p><break time=\"1s\"></break><emphasis>f</emphasis></speak>"
        );
        // What is left are words, and so they are words.
        let speech = speech(dialect, "<Say>a<blink>b</blink> c</Say>");
        assert_eq!(speech.text, SpeechText::Plain("a c".to_owned()));
    }
}

#[test]
fn the_markup_of_every_say_is_well_formed() {
    for dialect in BOTH {
        let text = "<Say xmlns:z='urn:z'>&#x26;&#60;p&#62; <p z:a='1'><z:b/>\u{e9}&apos;</p></Say>";
        let ssml = ssml(dialect, text);
        let tree = roxmltree::Document::parse(&ssml).unwrap();
        assert_eq!(tree.root_element().tag_name().name(), "speak");
        assert_eq!(ssml, "<speak>&amp;&lt;p&gt; <p>\u{e9}'</p></speak>");
    }
}

#[test]
fn say_without_words_is_heard_as_nothing_and_answers() {
    for dialect in BOTH {
        assert_eq!(prompts(dialect, "<Say> \n </Say>").items, []);
        assert_eq!(prompts(dialect, "<Play></Play>").items, []);
    }
}

fn play_plays_a_file(dialect: Dialect) {
    let played = prompts(
        dialect,
        "<Play loop=\"5\">\n ../a.mp3?x=1&amp;y=2 \n</Play>",
    );
    let expected = Prompts {
        items: vec![Prompt::Audio(Audio {
            url: "../a.mp3?x=1&y=2".to_owned(),
            credentials: None,
            repeat: Repeat::ONCE,
            from: Duration::ZERO,
            failure_code: "13420",
        })],
        repeat: Repeat::Times(5),
        at_most: None,
        result: None,
        id: None,
    };
    assert_eq!(played, expected);
    let forever = prompts(dialect, "<Play loop=\"0\">/a.mp3</Play>");
    assert_eq!(forever.repeat, Repeat::Forever);
}

fn play_sends_keys_with_their_pauses(dialect: Dialect) {
    let played = prompts(dialect, "<Play digits=\"w1W*#\"/>");
    let expected = Keys {
        keys: vec![
            KeyOrPause::Pause(milliseconds(500)),
            KeyOrPause::Key('1'),
            KeyOrPause::Pause(milliseconds(1000)),
            KeyOrPause::Key('*'),
            KeyOrPause::Key('#'),
        ],
        tone: milliseconds(100),
        gap: milliseconds(100),
    };
    assert_eq!(played.items, [Prompt::Keys(expected)]);
}

#[test]
fn twiml_play_plays_a_file_as_often_as_it_says() {
    play_plays_a_file(Dialect::Twiml);
}

#[test]
fn cxml_play_plays_a_file_as_often_as_it_says() {
    play_plays_a_file(Dialect::Cxml);
}

#[test]
fn twiml_play_sends_keys_with_their_pauses() {
    play_sends_keys_with_their_pauses(Dialect::Twiml);
}

#[test]
fn cxml_play_sends_keys_with_their_pauses() {
    play_sends_keys_with_their_pauses(Dialect::Cxml);
}

#[test]
fn play_with_digits_and_a_file_does_both_and_drops_bad_digits() {
    for dialect in BOTH {
        let both = prompts(dialect, "<Play digits=\"1\">/a.wav</Play>");
        assert!(matches!(
            &both.items[..],
            [Prompt::Keys(_), Prompt::Audio(_)]
        ));
        let one = prompts(dialect, "<Play digits=\"1,2\">/a.wav</Play>");
        assert!(matches!(&one.items[..], [Prompt::Audio(_)]));
    }
}

#[test]
fn pause_waits_without_answering() {
    for dialect in BOTH {
        let step = step(dialect, "<Pause length=\"7\"/>");
        assert_eq!(step.answering, Answering::Leave);
        let length = Duration::from_secs(7);
        assert_eq!(step.verb, Verb::Pause(Pause { length }));
    }
}

#[test]
fn twiml_echo_has_no_end_of_its_own() {
    let step = step(Dialect::Twiml, "<Echo/>");
    assert_eq!(step.answering, Answering::Answer);
    assert_eq!(step.verb, Verb::Echo(Echo { length: None }));
}

#[test]
fn cxml_echo_ends_after_its_timeout() {
    for (attributes, seconds) in [
        ("", 60),
        ("timeout=\"5\"", 5),
        ("timeout=\"120\"", 120),
        ("timeout=\"121\"", 60),
    ] {
        let step = step(Dialect::Cxml, &format!("<Echo {attributes}/>"));
        assert_eq!(step.answering, Answering::Answer);
        let length = Some(Duration::from_secs(seconds));
        assert_eq!(step.verb, Verb::Echo(Echo { length }), "{attributes}");
    }
}

#[test]
fn cxml_denoise_is_noted_and_the_document_goes_on() {
    let steps = steps(Dialect::Cxml, "<Denoise>on</Denoise><Hangup/>");
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0].answering, Answering::Leave);
    let Verb::Noted(noted) = &steps[0].verb else {
        panic!("{:?}", steps[0])
    };
    assert!(noted.why.contains("noise"), "{}", noted.why);
}
