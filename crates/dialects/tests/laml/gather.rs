//! Gather: its rules, and what the application is told.

use std::time::Duration;

use hookflash_dialects::{Dialect, HttpRequest, Moment, ReplyUse};
use hookflash_program::{
    Answering, Gather, GatherEnd, Gathered, Heard, Hook, HookMethod, KeyRules, OnEmpty, Prompt,
    Recognizer, Repeat, SpeechRules, SpeechText, TypedAhead, Verb,
};

use crate::call::{BOTH, call, field, form, request, step, steps};

fn gather(dialect: Dialect, inside: &str) -> Gather {
    let step = step(dialect, inside);
    assert_eq!(step.answering, Answering::Answer);
    match step.verb {
        Verb::Gather(gather) => *gather,
        other => panic!("{inside}: {other:?}"),
    }
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn get(url: &str) -> Hook {
    Hook {
        method: HookMethod::Get,
        ..Hook::post(url)
    }
}

fn gather_without_attributes(dialect: Dialect) {
    let expected = Gather {
        prompts: Vec::new(),
        repeat: Repeat::ONCE,
        keys: Some(KeyRules {
            least: 1,
            most: None,
            finish: vec!['#'],
            first: seconds(5),
            between: seconds(5),
        }),
        speech: None,
        listen_during_prompt: true,
        keys_interrupt: true,
        speech_interrupts: true,
        typed_ahead: TypedAhead::Dropped,
        result: Some(Hook::post("")),
        on_empty: OnEmpty::NextVerb,
        empty_reply_goes_on: false,
        tag: None,
        id: None,
    };
    assert_eq!(gather(dialect, "<Gather/>"), expected);
}

#[test]
fn twiml_gather_without_attributes_takes_keys_and_asks_the_document_again() {
    gather_without_attributes(Dialect::Twiml);
}

#[test]
fn cxml_gather_without_attributes_takes_keys_and_asks_the_document_again() {
    gather_without_attributes(Dialect::Cxml);
}

#[test]
fn twiml_gather_takes_every_attribute() {
    let text = "<Gather action=\"/g?x=1\" method=\"GET\" input=\"dtmf speech\" finishOnKey=\"*\" \
                numDigits=\"4\" timeout=\"10\" speechTimeout=\"3\" maxSpeechTime=\"30\" \
                language=\"en-GB\" hints=\"this is a phrase, keyword ,,\" speechModel=\"phone_call\" \
                enhanced=\"true\" profanityFilter=\"false\" bargeIn=\"false\" \
                actionOnEmptyResult=\"true\" partialResultCallback=\"/p\" \
                partialResultCallbackMethod=\"GET\"/>";
    assert_eq!(steps(Dialect::Twiml, text).len(), 1);
    let gather = gather(Dialect::Twiml, text);
    assert_eq!(
        gather.keys,
        Some(KeyRules {
            least: 1,
            most: Some(4),
            finish: vec!['*'],
            first: seconds(10),
            between: seconds(10),
        })
    );
    assert_eq!(
        gather.speech,
        Some(SpeechRules {
            recognizer: Recognizer {
                vendor: None,
                language: Some("en-GB".to_owned()),
                model: Some("phone_call".to_owned()),
                hints: vec!["this is a phrase".to_owned(), "keyword".to_owned()],
                profanity_filter: false,
                interim: true,
            },
            begin: seconds(10),
            end: Some(seconds(3)),
            most: seconds(30),
            least_words: 0,
            least_confidence: 0.0,
            partial: Some(get("/p")),
        })
    );
    assert!(!gather.keys_interrupt && !gather.speech_interrupts);
    assert!(gather.listen_during_prompt);
    assert_eq!(gather.result, Some(get("/g?x=1")));
    assert_eq!(gather.on_empty, OnEmpty::Ask);
}

#[test]
fn cxml_gather_takes_every_attribute() {
    let text = "<Gather action=\"/g\" actionOnEmptyResult=\"true\" enhanced=\"true\" \
                finishOnKey=\"0\" hints=\"a\" input=\"speech\" language=\"de-DE\" method=\"GET\" \
                numDigits=\"2\" partialResultCallback=\"/p\" partialResultCallbackMethod=\"POST\" \
                profanityFilter=\"true\" speechModel=\"video\" speechTimeout=\"auto\" \
                timeout=\"8\"/>";
    assert_eq!(steps(Dialect::Cxml, text).len(), 1);
    let gather = gather(Dialect::Cxml, text);
    assert_eq!(gather.keys, None, "keys were not asked for");
    let speech = gather.speech.unwrap();
    assert_eq!(speech.end, None, "auto leaves it to the recognizer");
    assert_eq!((speech.begin, speech.most), (seconds(8), seconds(60)));
    assert_eq!(speech.recognizer.model.as_deref(), Some("video"));
    assert_eq!(speech.recognizer.language.as_deref(), Some("de-DE"));
    assert!(speech.recognizer.profanity_filter);
    assert_eq!(speech.partial, Some(Hook::post("/p")));
    assert!(gather.keys_interrupt && gather.speech_interrupts);
    assert_eq!(gather.on_empty, OnEmpty::Ask);
}

#[test]
fn an_empty_finish_on_key_is_none_and_a_bad_one_is_the_default() {
    for dialect in BOTH {
        for (value, finish) in [
            ("", vec![]),
            ("5", vec!['5']),
            ("##", vec!['#']),
            ("x", vec!['#']),
        ] {
            let gather = gather(dialect, &format!("<Gather finishOnKey=\"{value}\"/>"));
            assert_eq!(gather.keys.unwrap().finish, finish, "{value:?}");
        }
    }
}

#[test]
fn speech_has_the_vendors_defaults() {
    for dialect in BOTH {
        let gather = gather(dialect, "<Gather input=\"speech dtmf\" timeout=\"4\"/>");
        let speech = gather.speech.unwrap();
        assert_eq!((speech.begin, speech.end), (seconds(4), Some(seconds(4))));
        assert_eq!(speech.most, seconds(60));
        assert_eq!(
            speech.recognizer,
            Recognizer {
                language: Some("en-US".to_owned()),
                profanity_filter: true,
                ..Recognizer::default()
            }
        );
        assert_eq!(speech.partial, None);
        assert!(gather.keys.is_some());
    }
}

#[test]
fn speech_never_outlasts_the_vendors_minute() {
    let gather = gather(
        Dialect::Twiml,
        "<Gather input=\"speech\" maxSpeechTime=\"600\" timeout=\"0\"/>",
    );
    let speech = gather.speech.unwrap();
    assert_eq!(speech.most, seconds(60));
    assert_eq!(speech.end, None, "no silence at all would end every speech");
}

#[test]
fn gather_nests_prompts_in_their_order() {
    for dialect in BOTH {
        let gather = gather(
            dialect,
            "<Gather><Say loop=\"2\">One <break/></Say><Pause length=\"3\"/>\
             <Play loop=\"0\">/two.mp3</Play><Hangup/><Say>Three</Say></Gather>",
        );
        let [
            Prompt::Speech(one),
            Prompt::Silence(pause),
            Prompt::Audio(two),
            Prompt::Speech(three),
        ] = &gather.prompts[..]
        else {
            panic!("{:?}", gather.prompts)
        };
        assert_eq!(
            one.text,
            SpeechText::Ssml("<speak>One <break/></speak>".to_owned())
        );
        assert_eq!(one.repeat, Repeat::Times(2));
        assert_eq!(*pause, seconds(3));
        assert_eq!(
            (two.url.as_str(), two.repeat),
            ("/two.mp3", Repeat::Forever)
        );
        assert_eq!(three.text, SpeechText::Plain("Three".to_owned()));
    }
}

fn done(dialect: Dialect, inside: &str, result: &Gathered) -> HttpRequest {
    let verb = gather(dialect, inside);
    request(
        &call(dialect),
        &Moment::GatherDone {
            verb: &verb,
            result,
        },
    )
}

fn keys(keys: &str, finish: Option<char>) -> Gathered {
    Gathered {
        reason: GatherEnd::Keys,
        keys: keys.to_owned(),
        finish,
        heard: None,
    }
}

fn heard(text: &str, confidence: f32) -> Heard {
    Heard {
        text: text.to_owned(),
        confidence,
        language: None,
        is_final: true,
    }
}

fn said(text: &str, confidence: f32) -> Gathered {
    Gathered {
        reason: GatherEnd::Speech,
        keys: String::new(),
        finish: None,
        heard: Some(heard(text, confidence)),
    }
}

fn nothing(reason: GatherEnd) -> Gathered {
    Gathered {
        reason,
        keys: String::new(),
        finish: None,
        heard: None,
    }
}

/// What a request tells beyond the standard parameters.
fn own(dialect: Dialect, request: &HttpRequest) -> Vec<(&str, &str)> {
    let last = request_of_a_redirect(dialect);
    let standard = form(&last).len();
    form(request)
        .iter()
        .skip(standard)
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn request_of_a_redirect(dialect: Dialect) -> HttpRequest {
    request(&call(dialect), &Moment::Redirected(&Hook::post("/x")))
}

#[test]
fn twiml_gather_tells_keys_and_the_key_that_finished_them() {
    let request = done(
        Dialect::Twiml,
        "<Gather action=\"/g\"/>",
        &keys("123", Some('#')),
    );
    assert_eq!(request.purpose, "action");
    assert_eq!(request.url, "https://app.example.com/g");
    assert_eq!(request.method, HookMethod::Post);
    assert_eq!(request.reply_use, ReplyUse::Document);
    assert_eq!(field(&request, "CallStatus"), Some("in-progress"));
    assert_eq!(
        own(Dialect::Twiml, &request),
        [("Digits", "123"), ("FinishedOnKey", "#")]
    );
    let request = done(Dialect::Twiml, "<Gather action=\"/g\"/>", &keys("1", None));
    assert_eq!(
        own(Dialect::Twiml, &request),
        [("Digits", "1"), ("FinishedOnKey", "")]
    );
}

#[test]
fn cxml_gather_tells_keys_alone() {
    let request = done(
        Dialect::Cxml,
        "<Gather action=\"/g\"/>",
        &keys("0*#", Some('1')),
    );
    assert_eq!(own(Dialect::Cxml, &request), [("Digits", "0*#")]);
}

#[test]
fn gather_tells_speech_and_how_sure_it_is() {
    for (confidence, text) in [
        (0.928_314_2, "0.9283142"),
        (1.0, "1.0"),
        (0.0, "0.0"),
        (1.5, "1.0"),
        (f32::NAN, "0.0"),
        (0.000_001, "0.000001"),
    ] {
        let result = said("I'd like billing & cake", confidence);
        let inside = "<Gather input=\"dtmf speech\" action=\"/g\"/>";
        let request = done(Dialect::Twiml, inside, &result);
        assert_eq!(
            own(Dialect::Twiml, &request),
            [
                ("SpeechResult", "I'd like billing & cake"),
                ("Confidence", text),
                ("Language", "en-US"),
            ]
        );
        let request = done(Dialect::Cxml, inside, &result);
        assert_eq!(
            own(Dialect::Cxml, &request),
            [
                ("SpeechResult", "I'd like billing & cake"),
                ("Confidence", text)
            ]
        );
    }
}

#[test]
fn gather_without_input_tells_an_empty_value() {
    for reason in [
        GatherEnd::Timeout,
        GatherEnd::Failed,
        GatherEnd::LowConfidence,
    ] {
        for dialect in BOTH {
            let both = "<Gather input=\"dtmf speech\" actionOnEmptyResult=\"true\" action=\"/g\"/>";
            let request = done(dialect, both, &nothing(reason));
            assert_eq!(field(&request, "Digits"), Some(""));
            assert_eq!(field(&request, "SpeechResult"), None);
            let speech = "<Gather input=\"speech\" actionOnEmptyResult=\"true\" action=\"/g\"/>";
            let request = done(dialect, speech, &nothing(reason));
            assert_eq!(field(&request, "SpeechResult"), Some(""));
            assert_eq!(field(&request, "Digits"), None);
            assert_eq!(field(&request, "Confidence"), None);
        }
    }
}

#[test]
fn gather_without_action_asks_the_url_of_its_document() {
    for dialect in BOTH {
        let request = done(dialect, "<Gather/>", &keys("1", None));
        assert_eq!(request.url, "https://app.example.com/voice/start?tenant=7");
        assert_eq!(request.method, HookMethod::Post);
        let request = done(dialect, "<Gather method=\"GET\"/>", &keys("1", None));
        let start = "https://app.example.com/voice/start?tenant=7&CallSid=";
        assert!(request.url.starts_with(start), "{}", request.url);
        assert!(request.url.contains("&Digits=1"), "{}", request.url);
    }
}

#[test]
fn a_document_got_by_get_is_asked_again_without_the_parameters_of_the_first_time() {
    for dialect in BOTH {
        let verb = gather(dialect, "<Gather/>");
        let result = keys("1", None);
        let moment = Moment::GatherDone {
            verb: &verb,
            result: &result,
        };
        let facts = call(dialect);
        for (document, query) in [
            ("https://app.example.com/voice", "?"),
            ("https://app.example.com/voice?tenant=7", "&"),
            ("https://app.example.com/voice?a=1&xCallSid=2", "&"),
        ] {
            let asked = format!("{document}{query}CallSid={}&AccountSid=x&To=y", facts.sid);
            let request = dialect.request(&facts, &asked, &moment).unwrap().unwrap();
            assert_eq!(request.url, document);
        }
    }
}

#[test]
fn a_relative_action_needs_a_document_with_a_url() {
    for dialect in BOTH {
        let verb = gather(dialect, "<Gather/>");
        let result = keys("1", None);
        let moment = Moment::GatherDone {
            verb: &verb,
            result: &result,
        };
        let error = dialect.request(&call(dialect), "", &moment).unwrap_err();
        assert_eq!(dialect.fetch_error_code(&error), "11100");
        assert!(error.message.contains("relative"), "{error}");
    }
}

fn partial(dialect: Dialect, heard: &Heard, sequence: u32) -> HttpRequest {
    let inside = "<Gather input=\"speech\" partialResultCallback=\"/p\"/>";
    let verb = gather(dialect, inside);
    request(
        &call(dialect),
        &Moment::GatherPartial {
            verb: &verb,
            heard,
            sequence,
        },
    )
}

#[test]
fn gather_tells_partial_results_as_they_come() {
    let mut hearing = heard("I want", 0.9);
    hearing.is_final = false;
    let request = partial(Dialect::Twiml, &hearing, 3);
    assert_eq!(request.purpose, "partial");
    assert_eq!(request.reply_use, ReplyUse::Ignored);
    assert_eq!(request.url, "https://app.example.com/p");
    assert_eq!(
        own(Dialect::Twiml, &request),
        [
            ("SequenceNumber", "3"),
            ("StableSpeechResult", ""),
            ("UnstableSpeechResult", "I want"),
            ("Stability", "0.9"),
            ("Language", "en-US"),
        ]
    );
    let request = partial(Dialect::Cxml, &heard("I want cake", 0.5), 4);
    assert_eq!(
        own(Dialect::Cxml, &request),
        [
            ("SequenceNumber", "4"),
            ("StableSpeechResult", "I want cake"),
            ("UnstableSpeechResult", ""),
            ("Stability", "0.5"),
        ]
    );
}

#[test]
fn nobody_is_told_partial_results_who_did_not_ask() {
    for dialect in BOTH {
        for inside in ["<Gather/>", "<Gather input=\"speech\"/>"] {
            let verb = gather(dialect, inside);
            let moment = Moment::GatherPartial {
                verb: &verb,
                heard: &heard("x", 1.0),
                sequence: 0,
            };
            assert_eq!(dialect.request(&call(dialect), "", &moment), Ok(None));
        }
    }
}

#[test]
fn a_failed_gather_action_has_a_fallback_that_is_told_the_keys() {
    for dialect in BOTH {
        let verb = gather(dialect, "<Gather action=\"/g\"/>");
        let result = keys("42", Some('#'));
        let failed = Moment::GatherDone {
            verb: &verb,
            result: &result,
        };
        let request = request(
            &call(dialect),
            &Moment::Fallback {
                failed_url: "https://app.example.com/g",
                code: "11200",
                failed: &failed,
            },
        );
        assert_eq!(request.purpose, "fallback");
        assert_eq!(field(&request, "Digits"), Some("42"));
        assert_eq!(field(&request, "ErrorCode"), Some("11200"));
    }
}
