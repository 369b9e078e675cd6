//! The verbs of BXML that play, collect, record and stream: each attribute, default and range.

use std::time::Duration;

use hookflash_dialects::Dialect;
use hookflash_program::{
    Announce, Answering, Audio, BackgroundRecording, Gather, Hook, HookMethod, KeyEvents,
    KeyOrPause, KeyRules, Keys, OnEmpty, Prompt, Prompts, Recognizer, Record, RecordTranscription,
    RecordingFormat, Repeat, Ring, Speech, SpeechRules, SpeechText, StartRecording, Tracks,
    TypedAhead, Verb, Voice,
};

use crate::example::{self, only_step};

pub(crate) fn step(verb: &str) -> (Answering, Verb) {
    only_step(Dialect::Bxml, &format!("<Response>{verb}</Response>"))
}

pub(crate) fn errors(verb: &str) -> Vec<String> {
    example::errors(Dialect::Bxml, &format!("<Response>{verb}</Response>"))
}

fn prompts(verb: &str) -> Prompts {
    match step(verb) {
        (Answering::Answer, Verb::Prompts(prompts)) => *prompts,
        other => panic!("{other:?}"),
    }
}

fn speech(verb: &str) -> Speech {
    match prompts(verb).items.as_slice() {
        [Prompt::Speech(speech)] => speech.clone(),
        other => panic!("{other:?}"),
    }
}

fn gather(verb: &str) -> Gather {
    match step(verb) {
        (Answering::Answer, Verb::Gather(gather)) => *gather,
        other => panic!("{other:?}"),
    }
}

fn ssml(content: &str) -> SpeechText {
    SpeechText::Ssml(content.to_owned())
}

pub(crate) fn with_credentials(url: &str, user: &str, password: &str) -> Hook {
    Hook {
        credentials: Some((user.to_owned(), password.to_owned())),
        ..Hook::post(url)
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn bxml_speak_sentence_has_a_female_voice_of_the_united_states_by_default() {
    let wanted = Speech {
        text: SpeechText::Plain("Hello & welcome".to_owned()),
        voice: Voice {
            gender: Some("female".to_owned()),
            language: Some("en-US".to_owned()),
            ..Voice::default()
        },
        repeat: Repeat::ONCE,
    };
    let found = speech("<SpeakSentence>\n Hello &amp; welcome </SpeakSentence>");
    assert_eq!(found, wanted);
    let alone = prompts("<SpeakSentence>x</SpeakSentence>");
    assert_eq!((alone.repeat, alone.at_most), (Repeat::ONCE, None));
    assert!(alone.result.is_none() && alone.id.is_none());
}

#[test]
fn bxml_speak_sentence_takes_gender_and_locale_unless_a_voice_outweighs_them() {
    let voice =
        |attributes: &str| speech(&format!("<SpeakSentence {attributes}>x</SpeakSentence>")).voice;
    let wanted = Voice {
        gender: Some("male".to_owned()),
        language: Some("fr-CA".to_owned()),
        ..Voice::default()
    };
    assert_eq!(voice("gender='male' locale='fr_CA'"), wanted);
    let wanted = Voice {
        name: Some("bridget".to_owned()),
        ..Voice::default()
    };
    assert_eq!(
        voice("voice='bridget' gender='male' locale='fr_CA'"),
        wanted
    );
}

#[test]
fn bxml_speak_sentence_passes_ssml_on_as_it_was_written() {
    let text = |content: &str| speech(&format!("<SpeakSentence>{content}</SpeakSentence>")).text;
    assert_eq!(
        text(" Your <say-as interpret-as='digits'>1&amp;2</say-as><break time=\"1s\"/> "),
        ssml(
            "<speak>Your <say-as interpret-as='digits'>1&amp;2</say-as><break time=\"1s\"/></speak>"
        )
    );
    assert_eq!(
        text(" <speak>Hi <break/></speak> "),
        ssml("<speak>Hi <break/></speak>")
    );
    assert_eq!(
        text("<speak version='1.0' xml:lang=\"de-DE\">Guten Tag</speak>"),
        ssml("<speak version='1.0' xml:lang=\"de-DE\">Guten Tag</speak>")
    );
    assert_eq!(
        text("<![CDATA[a < b]]><break/>"),
        ssml("<speak><![CDATA[a < b]]><break/></speak>")
    );
    let document = "<Response xmlns:amazon='urn:a&amp;\"b' xmlns:unused='c'><SpeakSentence><amazon:effect name='whispered'>psst\
                    </amazon:effect></SpeakSentence></Response>";
    let (_, verb) = only_step(Dialect::Bxml, document);
    let Verb::Prompts(prompts) = verb else {
        panic!("{verb:?}")
    };
    let [Prompt::Speech(speech)] = prompts.items.as_slice() else {
        panic!("{prompts:?}")
    };
    let wanted = "<speak xmlns:amazon=\"urn:a&amp;&quot;b\">\
                  <amazon:effect name='whispered'>psst</amazon:effect></speak>";
    assert_eq!(speech.text, ssml(wanted));
}

#[test]
fn bxml_play_audio_takes_a_url_and_credentials() {
    let wanted = Audio {
        url: "../a b.wav".to_owned(),
        credentials: Some(("u".to_owned(), "p".to_owned())),
        repeat: Repeat::ONCE,
        from: Duration::ZERO,
        failure_code: "application-error",
    };
    let found = prompts("<PlayAudio username='u' password='p'> ../a b.wav </PlayAudio>");
    assert_eq!(found.items, [Prompt::Audio(wanted)]);
    assert_eq!(
        errors("<PlayAudio/>"),
        ["1:11 <PlayAudio>: the URL of the audio file is missing"]
    );
}

#[test]
fn bxml_ring_answers_and_rings_for_five_seconds_by_default() {
    let ring = |length, answer| Verb::Ring(Ring { length, answer });
    assert_eq!(step("<Ring/>"), (Answering::Answer, ring(5 * SECOND, true)));
    assert_eq!(
        step("<Ring duration='2.5' answerCall='FALSE'/>"),
        (Answering::Leave, ring(Duration::from_millis(2500), false))
    );
    for wrong in ["<Ring duration='0'/>", "<Ring duration='86400.1'/>"] {
        assert_eq!(errors(wrong).len(), 1, "{wrong}");
    }
}

#[test]
fn bxml_gather_has_bandwidths_defaults_and_drops_its_digits_without_a_url() {
    let wanted = Gather {
        prompts: Vec::new(),
        repeat: Repeat::ONCE,
        keys: Some(KeyRules {
            least: 0,
            most: Some(50),
            finish: Vec::new(),
            first: 5 * SECOND,
            between: 5 * SECOND,
        }),
        speech: None,
        listen_during_prompt: true,
        keys_interrupt: true,
        speech_interrupts: false,
        typed_ahead: TypedAhead::Dropped,
        result: None,
        on_empty: OnEmpty::NextVerb,
        empty_reply_goes_on: false,
        tag: None,
        id: None,
    };
    assert_eq!(gather("<Gather/>"), wanted);
}

#[test]
fn bxml_gather_is_read_with_all_that_it_says() {
    let found = gather(
        "<Gather gatherUrl='/g' gatherMethod='GET' gatherFallbackUrl='/f' gatherFallbackMethod='GET' \
         username='u' password='p' fallbackUsername='fu' fallbackPassword='fp' tag='t' \
         terminatingDigits='#a' maxDigits='4' interDigitTimeout='2.5' firstDigitTimeout='0.5'/>",
    );
    let fallback = Hook {
        method: HookMethod::Get,
        ..with_credentials("/f", "fu", "fp")
    };
    let hook = Hook {
        method: HookMethod::Get,
        fallback: Some(Box::new(fallback)),
        ..with_credentials("/g", "u", "p")
    };
    assert_eq!(found.result, Some(hook));
    assert_eq!(found.on_empty, OnEmpty::Ask);
    assert_eq!(found.tag.as_deref(), Some("t"));
    let keys = KeyRules {
        least: 0,
        most: Some(4),
        finish: vec!['#', 'A'],
        first: Duration::from_millis(500),
        between: Duration::from_millis(2500),
    };
    assert_eq!(found.keys, Some(keys));
}

#[test]
fn bxml_gather_waits_for_the_first_digit_between_two_rounds_of_its_prompts() {
    let text = "<Gather repeatCount='3' firstDigitTimeout='2'><SpeakSentence>a</SpeakSentence>\
                <PlayAudio>/b</PlayAudio></Gather>";
    let found = gather(text);
    let heard: Vec<String> = found
        .prompts
        .iter()
        .map(|prompt| match prompt {
            Prompt::Speech(_) => "a".to_owned(),
            Prompt::Audio(audio) => audio.url.clone(),
            Prompt::Silence(length) => format!("{length:?}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(heard, ["a", "/b", "2s", "a", "/b", "2s", "a", "/b"]);
    assert_eq!(found.repeat, Repeat::ONCE);
    let at_once =
        gather("<Gather repeatCount='2' firstDigitTimeout='0'><PlayAudio>/b</PlayAudio></Gather>");
    assert_eq!(at_once.prompts.len(), 2);
    let silent = gather("<Gather repeatCount='20'/>");
    assert_eq!(silent.prompts, []);
}

#[test]
fn bxml_gather_can_listen_to_speech() {
    let found = gather(
        "<Gather input='dtmf_speech' hints='sales, , support' language='en-GB' speechModel='m' \
         profanityFilter='false' speechTimeout='3' partialResultCallback='/p' username='u' \
         password='p' partialResultCallbackMethod='GET'/>",
    );
    let partial = Hook {
        method: HookMethod::Get,
        ..with_credentials("/p", "u", "p")
    };
    let wanted = SpeechRules {
        recognizer: Recognizer {
            vendor: None,
            language: Some("en-GB".to_owned()),
            model: Some("m".to_owned()),
            hints: vec!["sales".to_owned(), "support".to_owned()],
            profanity_filter: false,
            interim: true,
        },
        begin: 3 * SECOND,
        end: None,
        most: 60 * SECOND,
        least_words: 1,
        least_confidence: 0.0,
        partial: Some(partial),
    };
    assert_eq!(found.speech, Some(wanted));
    assert!(found.keys.is_some() && found.speech_interrupts);
    let only = gather("<Gather input='speech'/>");
    assert!(only.keys.is_none());
    let speech = only.speech.unwrap();
    assert!(speech.recognizer.profanity_filter && !speech.recognizer.interim);
    assert_eq!(speech.begin, 5 * SECOND);
}

#[test]
fn bxml_start_gather_names_who_is_told_each_digit() {
    let events = KeyEvents {
        hook: Hook {
            method: HookMethod::Get,
            ..with_credentials("/d", "u", "p")
        },
        tag: Some("t".to_owned()),
    };
    let text = "<StartGather dtmfUrl='/d' dtmfMethod='GET' username='u' password='p' tag='t'/>";
    let wanted = Verb::KeyEvents(Some(Box::new(events)));
    assert_eq!(step(text), (Answering::Answer, wanted));
    assert_eq!(
        errors("<StartGather/>"),
        ["1:11 <StartGather> needs the attribute `dtmfUrl`"]
    );
}

#[test]
fn bxml_stop_gather_takes_nothing() {
    let wanted = (Answering::Leave, Verb::KeyEvents(None));
    assert_eq!(step("<StopGather/>"), wanted);
    assert_eq!(
        errors("<StopGather tag='t'/>"),
        ["1:23 <StopGather> has no attribute `tag`"]
    );
}

#[test]
fn bxml_record_has_bandwidths_defaults() {
    let wanted = Record {
        beep: false,
        finish: vec!['#'],
        silence: None,
        most: 60 * SECOND,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce {
            completed: true,
            ..Announce::default()
        },
        transcribe: None,
        result: None,
        empty_goes_on: false,
        empty_reply_goes_on: false,
        tag: None,
        name: None,
        id: None,
    };
    assert_eq!(
        step("<Record/>"),
        (Answering::Answer, Verb::Record(Box::new(wanted)))
    );
}

#[test]
fn bxml_record_is_read_with_all_that_it_says() {
    let text = "<Record recordCompleteUrl='/r' recordCompleteFallbackUrl='/f' \
         recordingAvailableUrl='/a' recordingAvailableMethod='GET' transcribe='true' \
         transcriptionAvailableUrl='/t' username='u' password='p' fallbackUsername='fu' \
         terminatingDigits='' maxDuration='10800' silenceTimeout='3' fileFormat='mp3' tag='g' \
         recordingName='n'/>";
    let (_, verb) = step(text);
    let Verb::Record(found) = verb else {
        panic!("{verb:?}")
    };
    assert!(found.finish.is_empty());
    assert_eq!(found.silence, Some(3 * SECOND));
    assert_eq!(found.most, 10_800 * SECOND);
    assert_eq!(found.format, RecordingFormat::Mp3);
    assert_eq!(found.name.as_deref(), Some("n"));
    assert_eq!(found.tag.as_deref(), Some("g"));
    let result = Hook {
        fallback: Some(Box::new(with_credentials("/f", "fu", ""))),
        ..with_credentials("/r", "u", "p")
    };
    assert_eq!(found.result, Some(result));
    let announce = Announce {
        hook: Some(Hook {
            method: HookMethod::Get,
            ..with_credentials("/a", "u", "p")
        }),
        begun: false,
        completed: true,
        absent: false,
        tag: Some("g".to_owned()),
    };
    assert_eq!(found.announce, announce);
    let transcribe = RecordTranscription {
        hook: Some(with_credentials("/t", "u", "p")),
        recognizer: Recognizer {
            language: Some("en-US".to_owned()),
            ..Recognizer::default()
        },
    };
    assert_eq!(found.transcribe, Some(transcribe));
}

#[test]
fn bxml_start_recording_records_both_directions_until_it_is_stopped() {
    let start = |verb: &str| match step(verb) {
        (Answering::Answer, Verb::Recording(BackgroundRecording::Start(start))) => *start,
        other => panic!("{other:?}"),
    };
    let wanted = StartRecording {
        dual: false,
        tracks: Tracks::Both,
        trim: false,
        format: RecordingFormat::Wav,
        announce: Announce {
            completed: true,
            ..Announce::default()
        },
        transcribe: None,
        name: None,
    };
    assert_eq!(start("<StartRecording/>"), wanted);
    let found = start(
        "<StartRecording multiChannel='true' fileFormat='mp3' recordingName='n' transcribe='true' \
         detectLanguage='true' recordingAvailableUrl='/a' tag=''/>",
    );
    assert!(found.dual);
    assert_eq!(found.format, RecordingFormat::Mp3);
    assert_eq!(found.name.as_deref(), Some("n"));
    assert_eq!(found.announce.tag.as_deref(), Some(""));
    assert_eq!(found.announce.hook, Some(Hook::post("/a")));
    assert_eq!(found.transcribe.unwrap().recognizer, Recognizer::default());
}

#[test]
fn bxml_pause_recording_leaves_an_unanswered_call_alone() {
    let wanted = Verb::Recording(BackgroundRecording::Pause);
    assert_eq!(step("<PauseRecording/>"), (Answering::Leave, wanted));
}

#[test]
fn bxml_resume_recording_leaves_an_unanswered_call_alone() {
    let wanted = Verb::Recording(BackgroundRecording::Resume);
    assert_eq!(step("<ResumeRecording/>"), (Answering::Leave, wanted));
}

#[test]
fn bxml_stop_recording_leaves_an_unanswered_call_alone() {
    let wanted = Verb::Recording(BackgroundRecording::Stop);
    assert_eq!(step("<StopRecording/>"), (Answering::Leave, wanted));
}

#[test]
fn bxml_send_dtmf_knows_tones_and_two_pauses() {
    let half = KeyOrPause::Pause(Duration::from_millis(500));
    let whole = KeyOrPause::Pause(SECOND);
    let keys = Keys {
        keys: vec![
            KeyOrPause::Key('1'),
            half,
            KeyOrPause::Key('*'),
            half,
            KeyOrPause::Key('D'),
            whole,
            KeyOrPause::Key('#'),
        ],
        tone: Duration::from_millis(200),
        gap: Duration::from_millis(400),
    };
    assert_eq!(
        step("<SendDtmf>1w*,dW#</SendDtmf>"),
        (Answering::Answer, Verb::SendKeys(keys))
    );
    let (_, verb) = step("<SendDtmf toneDuration='50.5' toneInterval='5000'>1</SendDtmf>");
    let Verb::SendKeys(keys) = verb else {
        panic!("{verb:?}")
    };
    assert_eq!(
        (keys.tone, keys.gap),
        (Duration::from_micros(50_500), 5 * SECOND)
    );
    let long = format!("<SendDtmf>{}</SendDtmf>", "1".repeat(51));
    assert_eq!(errors(&long).len(), 1);
}
