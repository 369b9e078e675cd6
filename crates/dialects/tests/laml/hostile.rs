//! Documents made to do harm, and documents made by chance.

use hookflash_dialects::{Dialect, Document, Frame, HttpRequest, Moment};
use hookflash_program::{Hook, Program, Prompt, SpeechText, Verb};
use proptest::prelude::*;

use crate::call::{BASE, BOTH, call};

fn read(dialect: Dialect, body: &[u8]) -> Option<Program> {
    dialect
        .parse(Document {
            body,
            content_type: None,
            first: true,
        })
        .ok()
}

/// What holds for every document: remarks lie inside it, and a target that could break out of
/// its header is marked.
fn check(text: &str) {
    let lines = text.lines().count().max(1) + 1;
    for dialect in BOTH {
        let document = Document {
            body: text.as_bytes(),
            content_type: None,
            first: true,
        };
        let (steps, remarks) = match dialect.parse(document) {
            Ok(program) => (program.steps, program.warnings),
            Err(error) => {
                assert!(!error.code().is_empty());
                (Vec::new(), error.diagnostics)
            }
        };
        for remark in remarks {
            assert!(
                remark.position.line >= 1 && remark.position.column >= 1,
                "{remark}"
            );
            assert!(remark.position.line as usize <= lines, "{remark}");
            assert!(!remark.message.contains(['\r', '\n']), "{remark:?}");
            assert!(remark.message.len() < 2_000);
        }
        for step in steps {
            check_verb(dialect, &step.verb);
        }
    }
}

fn check_verb(dialect: Dialect, verb: &Verb) {
    match verb {
        Verb::Refer(refer) => {
            let unsafe_target = refer.target.chars().any(char::is_control);
            assert!(
                !unsafe_target || refer.defect.is_some(),
                "{:?}",
                refer.target
            );
            assert_eq!(refer.target.trim(), refer.target);
        }
        Verb::Prompts(prompts) => {
            prompts
                .items
                .iter()
                .for_each(|prompt| check_prompt(dialect, prompt));
        }
        Verb::Gather(gather) => {
            gather
                .prompts
                .iter()
                .for_each(|prompt| check_prompt(dialect, prompt));
            check_hook(dialect, gather.result.as_ref());
        }
        Verb::Record(record) => {
            check_hook(dialect, record.result.as_ref());
            check_hook(dialect, record.announce.hook.as_ref());
        }
        Verb::StartStream(stream) | Verb::ConnectStream(stream) => {
            if let Ok(request) = dialect.stream_request(&call(dialect), BASE, stream) {
                check_request(&request);
            }
            let mut messages = dialect.stream_protocol(&call(dialect), stream, "x");
            for frame in messages.opening().iter().chain(&messages.closing()) {
                let Frame::Text(text) = frame else { panic!() };
                let message: Result<serde_json::Value, _> = serde_json::from_str(text);
                assert!(message.is_ok_and(|message| message.is_object()), "{text}");
            }
        }
        _ => {}
    }
}

fn check_prompt(dialect: Dialect, prompt: &Prompt) {
    match prompt {
        Prompt::Speech(speech) => match &speech.text {
            SpeechText::Ssml(ssml) => {
                let root = roxmltree::Document::parse(ssml)
                    .map(|tree| tree.root_element().tag_name().name().to_owned());
                assert_eq!(root.as_deref(), Ok("speak"), "{ssml}");
            }
            SpeechText::Plain(plain) => assert!(!plain.is_empty()),
        },
        Prompt::Audio(audio) => {
            if let Ok(request) = dialect.audio_request(&call(dialect), BASE, audio) {
                check_request(&request);
            }
        }
        Prompt::Silence(_) | Prompt::Keys(_) | Prompt::OneOf(_) => {}
    }
}

fn check_hook(dialect: Dialect, hook: Option<&Hook>) {
    let Some(hook) = hook else { return };
    if let Ok(Some(request)) = dialect.request(&call(dialect), BASE, &Moment::Redirected(hook)) {
        check_request(&request);
    }
}

/// A request line and its headers cannot be broken by what a document says.
fn check_request(request: &HttpRequest) {
    let url = &request.url;
    if !url.starts_with("file:") {
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
        assert!(!url.contains('#'), "{url}");
    }
    for (name, value) in request.headers_for(url, 0) {
        assert!(!value.contains(['\r', '\n']), "{name}: {value:?}");
    }
}

#[test]
fn deep_nesting_is_read_without_a_deep_stack() {
    for name in ["a", "p", "Say", "Refer"] {
        let count = 60_000 / (2 * name.len() + 5);
        let text = format!(
            "<Response><Say>{}x{}</Say></Response>",
            format!("<{name}>").repeat(count),
            format!("</{name}>").repeat(count)
        );
        check(&text);
        let open = format!(
            "<Response>{}",
            format!("<{name}>").repeat(60_000 / (name.len() + 2))
        );
        check(&open);
    }
}

/// Refused in both dialects as not well-formed, for this reason.
fn assert_not_read(text: &str, reason: &str) {
    for dialect in BOTH {
        let document = Document {
            body: text.as_bytes(),
            content_type: None,
            first: true,
        };
        let Err(error) = dialect.parse(document) else {
            panic!("it was read, without {reason}");
        };
        assert_eq!(error.code(), "12100");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_document_that_declares_namespaces_by_the_thousand_is_refused_at_once() {
    let count = 2_400;
    let deep: String = (0..count).map(|i| format!("<p xmlns:a{i}='b'>")).collect();
    let text = format!(
        "<Response><Say>{deep}{}</Say></Response>",
        "</p>".repeat(count)
    );
    assert_not_read(&text, "namespaces");
}

#[test]
fn a_document_with_attributes_by_the_thousand_on_one_element_is_refused_at_once() {
    let many: String = (0..7_000).map(|i| format!(" a{i}=''")).collect();
    let text = format!("<Response><Say{many}>x</Say></Response>");
    assert_not_read(&text, "100 attributes");
}

#[test]
fn thousands_of_mistakes_make_a_hundred_remarks_and_a_count() {
    for (mistake, count) in [
        ("<x/>", 16_000),
        ("<Refer/>", 8_000),
        ("<Pause a='1' b='2'/>", 3_200),
    ] {
        let text = format!("<Response>{}</Response>", mistake.repeat(count));
        check(&text);
        for dialect in BOTH {
            let program = read(dialect, text.as_bytes()).unwrap();
            assert_eq!(program.warnings.len(), 101);
            let last = program.warnings.last().unwrap();
            assert!(last.message.contains("more remarks"), "{last}");
        }
    }
}

#[test]
fn long_names_and_values_are_cut_in_remarks() {
    let long = "x".repeat(20_000);
    check(&format!(
        "<Response><{long} {long}='{long}'/><Pause length='{long}'/></Response>"
    ));
}

/// Pieces of documents, right and wrong.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "<Response>",
        "</Response>",
        "<Refer>",
        "<Refer action='/x'>",
        "</Refer>",
        "<Sip>",
        "</Sip>",
        "<Sip/>",
        "sip:a@b",
        "\r\n",
        "&#13;",
        "&#10;",
        "&amp;",
        "&",
        "<",
        ">",
        "\"",
        "'",
        "<Pause length='",
        "1'/>",
        "<Hangup/>",
        "<Say>",
        "</Say>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?xml version='1.0'?>",
        "<Dial>",
        "</Dial>",
        "<Gather>",
        "<Gather input='speech dtmf' action='",
        "</Gather>",
        "<Play loop='0' digits='1w'>",
        "<Play>",
        "</Play>",
        "<Record action='",
        "<Start>",
        "</Start>",
        "<Connect action='/a'>",
        "</Connect>",
        "<Stop>",
        "</Stop>",
        "<Stream url='wss://a.example.com/",
        "'/>",
        "<Stream url='wss://a/' authBearerToken='",
        "<Recording/>",
        "<Transcription/>",
        "<break time='1s'/>",
        "<p>",
        "</p>",
        "<Echo timeout='",
        " x='1'",
        "é",
        "\u{feff}",
        "\t",
        "xmlns:a='b'",
        "<a:b/>",
    ];
    prop_oneof![
        8 => proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for dialect in BOTH {
            for content_type in [None, Some(""), Some("text/plain"), Some("text/xml;charset=latin1")] {
                let _ = dialect.parse(Document { body: &bytes, content_type, first: true });
            }
        }
    }

    #[test]
    fn no_heap_of_pieces_panics(pieces in proptest::collection::vec(piece(), 0..40)) {
        check(&pieces.concat());
    }

    #[test]
    fn no_target_breaks_out_of_its_header(target in "[ -~\\r\\n\\t\u{80}-\u{a0}]{0,40}") {
        let escaped = target
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('\r', "&#13;")
            .replace("]]>", "");
        check(&format!("<Response><Refer><Sip>sip:{escaped}</Sip></Refer></Response>"));
    }

    #[test]
    fn attribute_values_are_never_trusted(
        name in "(action|method|length|reason|x)",
        value in "[ -~]{0,30}",
    ) {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        for verb in ["Refer", "Pause", "Reject", "Redirect", "Dial", "Gather", "Record"] {
            check(&format!("<Response><{verb} {name}=\"{value}\"/></Response>"));
        }
        for inside in ["Play", "Redirect"] {
            check(&format!("<Response><{inside}>{value}</{inside}></Response>"));
        }
    }

    #[test]
    fn streams_are_never_trusted(
        name in "(url|name|track|codec|authBearerToken|statusCallback)",
        value in "[ -~é\\r\\n]{0,30}",
    ) {
        let value = value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
            .replace('\r', "&#13;")
            .replace('\n', "&#10;");
        let url = match &*name {
            "url" => "",
            _ => "url=\"wss://a.example.com/\"",
        };
        for verb in ["Start", "Connect", "Stop"] {
            check(&format!(
                "<Response><{verb}><Stream {url} {name}=\"{value}\"/></{verb}></Response>"
            ));
        }
    }

    #[test]
    fn speech_is_never_trusted(text in "[ -~é]{0,40}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        check(&format!(
            "<Response><Say>{escaped}<sub alias=\"{escaped}\">{escaped}</sub></Say></Response>"
        ));
    }
}
