//! What a document becomes.

use std::time::Duration;

use hookflash_dialects::{Dialect, Document};
use hookflash_program::{
    Answering, Continuation, EndOfProgram, Hook, HookMethod, Position, Program, Prompt,
    ReferTiming, ReferredBy, Severity, SpeechText, TargetRule, Verb,
};

use crate::call::{BOTH, parse, refer};

fn with_type(dialect: Dialect, content_type: &str, body: &str) -> Result<Program, String> {
    let content_type = Some(content_type);
    let document = Document {
        body: body.as_bytes(),
        content_type,
        first: true,
    };
    dialect
        .parse(document)
        .map_err(|error| error.code().to_owned())
}

fn steps(program: &Program) -> Vec<(&str, Answering)> {
    program
        .steps
        .iter()
        .map(|step| (step.name.as_str(), step.answering))
        .collect()
}

#[test]
fn a_refer_is_complete() {
    let verb = refer(
        Dialect::Twiml,
        "action=\"/done?a=1&amp;b=2\" method=\"get\"",
    );
    assert_eq!(verb.target, "sip:bob@example.com");
    assert_eq!(verb.target_rule, TargetRule::Uri);
    assert_eq!(verb.defect, None);
    assert!(verb.outbound_allowed);
    assert_eq!(verb.wrong_leg_code, Some("13801"));
    let mut hook = Hook::post("/done?a=1&b=2");
    hook.method = HookMethod::Get;
    assert_eq!(verb.result, Some(hook));
    assert_eq!(verb.progress, None);
    assert_eq!(verb.referred_by, ReferredBy::LocalParty);
    assert_eq!(verb.headers, []);
    assert_eq!(verb.timing, ReferTiming::FromLatestNews);
    let goes_on = Continuation::Reply {
        empty_reply_goes_on: false,
    };
    assert_eq!((verb.on_success, verb.on_failure), (goes_on, goes_on));
    assert_eq!((verb.tag, verb.id), (None, None));
}

#[test]
fn a_cxml_refer_has_no_code_for_a_wrong_leg() {
    let verb = refer(Dialect::Cxml, "");
    assert_eq!(verb.wrong_leg_code, None);
    assert_eq!(verb.result, None);
}

#[test]
fn a_target_is_taken_as_written_but_for_the_blanks_around_it() {
    for dialect in BOTH {
        for (written, target) in [
            ("\n      sip:bob@example.com\n    ", "sip:bob@example.com"),
            (
                "sip:a@b?X-Acct=1&amp;User-to-User=123%3Bencoding%3Dhex",
                "sip:a@b?X-Acct=1&User-to-User=123%3Bencoding%3Dhex",
            ),
            (
                "<![CDATA[sip:a@b;user=phone?X-A=1&X-B=2]]>",
                "sip:a@b;user=phone?X-A=1&X-B=2",
            ),
            ("sip:a<!-- no -->@b", "sip:a@b"),
            ("SIPS:%61@B", "SIPS:%61@B"),
            ("tel:+1-415-555-0100", "tel:+1-415-555-0100"),
            ("&#115;ip:a@b", "sip:a@b"),
        ] {
            let text = format!("<Response><Refer><Sip>{written}</Sip></Refer></Response>");
            let program = parse(dialect, &text);
            assert_eq!(program.warnings, [], "{written}");
            let Verb::Refer(verb) = &program.steps[0].verb else {
                panic!()
            };
            assert_eq!(verb.target, target);
            assert_eq!(verb.defect, None);
        }
    }
}

#[test]
fn a_refer_without_a_usable_target_keeps_its_place_and_its_action() {
    for dialect in BOTH {
        for (inside, at, words) in [
            ("", 11, "no target"),
            ("<Sip/>", 30, "is empty"),
            ("<Sip>  </Sip>", 30, "is empty"),
            ("<Sip>sip:a@b</Sip><Sip>sip:c@d</Sip>", 48, "2 targets"),
            ("<Sip>sip:a&#13;&#10;X: y@b</Sip>", 30, "control character"),
            ("<Sip>sip:a\n@b</Sip>", 30, "control character"),
            ("<Sip>http://example.com/</Sip>", 30, "no SIP URI"),
            ("<Sip>+14155550100</Sip>", 30, "no SIP URI"),
            ("<sip>sip:a@b</sip>", 11, "no target"),
            ("sip:a@b", 11, "no target"),
        ] {
            let text = format!("<Response><Refer action=\"/x\">{inside}</Refer></Response>");
            let program = parse(dialect, &text);
            let Verb::Refer(verb) = &program.steps[0].verb else {
                panic!()
            };
            let defect = verb
                .defect
                .as_ref()
                .unwrap_or_else(|| panic!("{inside:?} has no defect"));
            assert_eq!(defect.code, "12200");
            assert_eq!(defect.severity, Severity::Warning);
            assert_eq!(
                defect.position,
                Position {
                    line: 1,
                    column: at
                },
                "{inside}"
            );
            assert!(defect.message.contains(words), "{}", defect.message);
            assert!(
                program.warnings.contains(defect),
                "a check would not show it"
            );
            assert_eq!(verb.result, Some(Hook::post("/x")));
        }
    }
}

#[test]
fn an_unusable_action_is_no_action() {
    for action in ["", " ", "ftp://app.example.com/"] {
        let text =
            format!("<Response><Refer action=\"{action}\"><Sip>sip:a@b</Sip></Refer></Response>");
        let program = parse(Dialect::Twiml, &text);
        let Verb::Refer(verb) = &program.steps[0].verb else {
            panic!()
        };
        assert_eq!(
            verb.result, None,
            "an empty URL would mean this document, without end"
        );
        assert_eq!(program.warnings.len(), 1);
        assert_eq!(
            program.warnings[0].position,
            Position {
                line: 1,
                column: 18
            }
        );
    }
}

#[test]
fn verbs_run_in_order_and_treat_an_unanswered_call_as_twilio_does() {
    for dialect in BOTH {
        let program = parse(
            dialect,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Pause length=\"3\"/>\n  \
             <Refer><Sip>sip:a@b</Sip></Refer>\n  <Redirect method=\"GET\"> next </Redirect>\n  \
             <Reject reason=\"busy\"/>\n  <Hangup/>\n</Response>",
        );
        assert_eq!(
            steps(&program),
            [
                ("Pause", Answering::Leave),
                ("Refer", Answering::Answer),
                ("Redirect", Answering::Leave),
                ("Reject", Answering::Leave),
                ("Hangup", Answering::Answer),
            ]
        );
        assert_eq!(program.end, EndOfProgram::AnswerAndHangUp);
        assert_eq!(program.warnings, []);
        let lines: Vec<u32> = program
            .steps
            .iter()
            .map(|step| step.position.line)
            .collect();
        assert_eq!(lines, [3, 4, 5, 6, 7]);
        assert!(program.steps.iter().all(|step| step.position.column == 3));

        let Verb::Pause(pause) = &program.steps[0].verb else {
            panic!()
        };
        assert_eq!(pause.length, Duration::from_secs(3));
        let Verb::Redirect(redirect) = &program.steps[2].verb else {
            panic!()
        };
        assert_eq!(
            (redirect.hook.url.as_str(), redirect.hook.method),
            ("next", HookMethod::Get)
        );
        let Verb::Reject(reject) = &program.steps[3].verb else {
            panic!()
        };
        assert_eq!(reject.status, 486);
    }
}

#[test]
fn defaults_stand_in_for_what_is_missing_or_bad() {
    for dialect in BOTH {
        for pause in [
            "<Pause/>",
            "<Pause length=\"0\"/>",
            "<Pause length=\"-4\"/>",
            "<Pause length=\"long\"/>",
            "<Pause length=\"+5\"/>",
        ] {
            let program = parse(dialect, &format!("<Response>{pause}</Response>"));
            let Verb::Pause(pause) = &program.steps[0].verb else {
                panic!()
            };
            assert_eq!(pause.length, Duration::from_secs(1));
        }
        for reject in [
            "<Reject/>",
            "<Reject reason=\"rejected\"/>",
            "<Reject reason=\"Busy\"/>",
        ] {
            let program = parse(dialect, &format!("<Response>{reject}</Response>"));
            let Verb::Reject(reject) = &program.steps[0].verb else {
                panic!()
            };
            assert_eq!(reject.status, 404);
        }
        let program = parse(
            dialect,
            "<Response><Redirect method=\"PUT\">/x</Redirect></Response>",
        );
        let Verb::Redirect(redirect) = &program.steps[0].verb else {
            panic!()
        };
        assert_eq!(redirect.hook.method, HookMethod::Post);
    }
}

#[test]
fn an_empty_response_is_a_program_without_steps() {
    for dialect in BOTH {
        for text in [
            "<Response/>",
            "<Response>\n</Response>",
            "\u{feff}<Response><!-- a --></Response>",
        ] {
            let program = parse(dialect, text);
            assert_eq!((program.steps.len(), program.warnings.len()), (0, 0));
            assert_eq!(program.end, EndOfProgram::AnswerAndHangUp);
        }
    }
}

#[test]
fn a_valid_verb_that_does_not_run_says_why() {
    let program = parse(
        Dialect::Twiml,
        "<Response><Dial>+15550100</Dial><Hangup/></Response>",
    );
    assert_eq!(program.warnings, []);
    assert_eq!(program.steps[0].answering, Answering::Leave);
    let Verb::Unrunnable(verb) = &program.steps[0].verb else {
        panic!()
    };
    assert_eq!((verb.verb.as_str(), verb.code.as_str()), ("Dial", "13750"));
    assert_eq!(verb.reason, "a second leg is needed");
}

/// As the official Python library (9.13) writes it.
const WRITTEN_BY_THE_LIBRARY: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?><Response><Gather action="/g" "#,
    r#"actionOnEmptyResult="true" bargeIn="true" finishOnKey="" hints="a,b" "#,
    r#"input="dtmf speech" numDigits="4" partialResultCallback="/p">"#,
    r#"<Say loop="2" voice="Polly.Joanna">Hi <break strength="x-weak" time="100ms" />"#,
    r#"<emphasis level="moderate">x</emphasis><lang xml:lang="en-US">y</lang>"#,
    r#"<say-as interpret-as="cardinal">1</say-as></Say><Pause length="2" />"#,
    r#"<Play>/a.mp3</Play></Gather><Record maxLength="20" recordingStatusCallback="/s" "#,
    r#"recordingStatusCallbackEvent="completed absent" transcribe="true" /><Start>"#,
    r#"<Stream name="n" track="both_tracks" url="wss://a.example.com/" />"#,
    r#"<Transcription languageCode="en-US" partialResults="true" statusCallbackUrl="/t" />"#,
    r#"<Recording channels="dual" /></Start><Connect action="/done">"#,
    r#"<Stream url="wss://a.example.com/"><Parameter name="a" value="b" /></Stream></Connect>"#,
    r#"<Stop><Stream name="n" /><Transcription name="t" /></Stop><Echo /></Response>"#,
);

#[test]
fn what_the_official_library_writes_is_clean_and_runs() {
    let program = parse(Dialect::Twiml, WRITTEN_BY_THE_LIBRARY);
    assert_eq!(program.warnings, []);
    let names: Vec<&str> = program.steps.iter().map(|step| &*step.name).collect();
    assert_eq!(
        names,
        [
            "Gather", "Record", "Start", "Start", "Start", "Connect", "Stop", "Stop", "Echo"
        ]
    );
    for step in &program.steps {
        let runs = !matches!(step.verb, Verb::Unrunnable(_) | Verb::Noted(_));
        assert!(runs, "{}", step.name);
    }
}

#[test]
fn an_unknown_verb_is_skipped_with_all_that_is_in_it() {
    for dialect in BOTH {
        let text = "<Response>\n  <refer action=\"/x\"><Sip>sip:a@b</Sip></refer>\n  <Hangup/>\n</Response>";
        let program = parse(dialect, text);
        assert_eq!(steps(&program), [("Hangup", Answering::Answer)]);
        assert_eq!(program.warnings.len(), 1, "{:?}", program.warnings);
        let warning = &program.warnings[0];
        assert_eq!(
            (warning.severity, warning.code.as_str()),
            (Severity::Warning, "12200")
        );
        assert_eq!(warning.position, Position { line: 2, column: 3 });
        assert_eq!(
            warning.help.as_deref(),
            Some("names are case-sensitive: write `<Refer>`")
        );
    }
}

#[test]
fn the_content_type_says_how_a_reply_is_read() {
    let document = "<Response><Hangup/></Response>";
    for dialect in BOTH {
        for known in [
            "text/xml",
            "application/xml; charset=utf-8",
            "TEXT/HTML",
            "text/plain",
        ] {
            let program = with_type(dialect, known, document).unwrap();
            assert_eq!(steps(&program), [("Hangup", Answering::Answer)], "{known}");
        }
        for unknown in [
            "application/json",
            "image/png",
            "xml",
            "application/octet-stream",
        ] {
            assert_eq!(
                with_type(dialect, unknown, document),
                Err("12300".to_owned()),
                "{unknown}"
            );
        }
        let program = with_type(dialect, "text/plain", "Hello there\n").unwrap();
        assert_eq!(
            steps(&program),
            [("Say", Answering::Answer), ("Hangup", Answering::Answer)]
        );
        let Verb::Prompts(prompts) = &program.steps[0].verb else {
            panic!()
        };
        let [Prompt::Speech(speech)] = &prompts.items[..] else {
            panic!()
        };
        assert_eq!(speech.text, SpeechText::Plain("Hello there".to_owned()));
        let program = with_type(dialect, "audio/mpeg", "\u{1}\u{2}").unwrap();
        assert_eq!(
            steps(&program),
            [("Play", Answering::Answer), ("Hangup", Answering::Answer)]
        );
        let Verb::Prompts(prompts) = &program.steps[0].verb else {
            panic!()
        };
        let [Prompt::Audio(sound)] = &prompts.items[..] else {
            panic!()
        };
        assert_eq!(sound.url, "", "the URL of the document itself");
        for nothing in ["  ", "\u{b}", "\u{2003}\n"] {
            let read = with_type(dialect, "text/plain", nothing);
            assert_eq!(read, Err("11770".to_owned()), "{nothing:?}");
        }
    }
}

#[test]
fn a_reply_without_content_type_is_an_error_for_signalwire_alone() {
    let document = "<Response/>";
    assert!(with_type(Dialect::Twiml, "", document).is_ok());
    assert_eq!(
        with_type(Dialect::Cxml, "", document),
        Err("20422".to_owned())
    );
}

#[test]
fn latin_1_is_read_where_it_is_announced() {
    let body =
        b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Response><Say>\xfc</Say></Response>";
    let document = Document {
        body,
        content_type: None,
        first: true,
    };
    assert!(Dialect::Twiml.parse(document).is_ok());
    let body = b"<Response><Say>\xfc</Say></Response>";
    let document = Document {
        body,
        content_type: Some("text/xml; charset=\"latin1\""),
        first: true,
    };
    assert!(Dialect::Twiml.parse(document).is_ok());
}

#[test]
fn every_verb_is_in_the_support_table_and_runs_as_it_says() {
    for (dialect, support) in [
        (Dialect::Twiml, hookflash_dialects::twiml::support()),
        (Dialect::Cxml, hookflash_dialects::cxml::support()),
    ] {
        for (verb, state, note) in support {
            let program = parse(dialect, &format!("<Response><{verb}/></Response>"));
            let [step] = &program.steps[..] else {
                panic!("{dialect} does not know {verb}")
            };
            let runs = !matches!(step.verb, Verb::Unrunnable(_));
            assert_eq!(runs, *state == "runs", "{dialect} {verb}");
            assert!(runs || *state == "refused");
            assert!(!note.is_empty());
        }
    }
}
