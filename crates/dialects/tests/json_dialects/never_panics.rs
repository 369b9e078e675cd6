//! Whatever comes, the answer is a program or an error.

use hookflash_dialects::{Dialect, Document, Moment};
use hookflash_program::{Hook, HookMethod, Program, Prompt, SpeechText, Stream, Verb};
use proptest::prelude::*;

use crate::example::{answered, errors};

/// Parses and checks what every caller relies on.
fn feed(dialect: Dialect, body: &[u8]) {
    for content_type in [None, Some("application/json"), Some("text/xml")] {
        for first in [true, false] {
            match dialect.parse(Document {
                body,
                content_type,
                first,
            }) {
                Ok(program) => ask_all_hooks(dialect, &program),
                Err(error) => {
                    assert!(!error.code().is_empty());
                    assert!(error.diagnostics.iter().all(|d| d.position.line > 0));
                }
            }
        }
    }
}

/// A valid document may still name URLs that cannot be asked.
fn ask_all_hooks(dialect: Dialect, program: &Program) {
    let facts = answered(dialect);
    for step in &program.steps {
        let hooks: Vec<&Hook> = match &step.verb {
            Verb::Refer(refer) => refer.result.iter().chain(&refer.progress).collect(),
            Verb::Redirect(redirect) => vec![&redirect.hook],
            Verb::Prompts(prompts) => {
                ask_all_files(dialect, &prompts.items);
                prompts.result.iter().collect()
            }
            Verb::Gather(gather) => {
                ask_all_files(dialect, &gather.prompts);
                gather.result.iter().collect()
            }
            Verb::Record(record) => record.result.iter().collect(),
            Verb::StartStream(stream) | Verb::ConnectStream(stream) => {
                open(dialect, stream);
                stream.result.iter().chain(&stream.status).collect()
            }
            Verb::Transcribe(transcription) => {
                let _ = dialect.transcription_request(transcription);
                transcription.hook.iter().collect()
            }
            Verb::Config(config) => {
                if let Some(Some(stream)) = &config.stream {
                    open(dialect, stream);
                }
                config.refer_hook.iter().collect()
            }
            Verb::SipRequest(request) => request.result.iter().collect(),
            _ => Vec::new(),
        };
        for hook in hooks {
            let _ = dialect.request(&facts, "http://a/b", &Moment::Redirected(hook));
        }
    }
}

fn ask_all_files(dialect: Dialect, prompts: &[Prompt]) {
    for prompt in prompts {
        match prompt {
            Prompt::Audio(audio) => {
                let _ = dialect.audio_request(&answered(dialect), "http://a/b", audio);
            }
            Prompt::OneOf(prompts) => ask_all_files(dialect, prompts),
            Prompt::Speech(speech) => {
                // jambonz passes on a text that nobody has read; a piece of BXML is well-formed.
                if let (Dialect::Bxml, SpeechText::Ssml(ssml)) = (dialect, &speech.text) {
                    let tree = roxmltree::Document::parse(ssml);
                    assert!(tree.is_ok_and(|tree| tree.root_element().has_tag_name("speak")));
                }
            }
            Prompt::Silence(_) | Prompt::Keys(_) => {}
        }
    }
}

fn open(dialect: Dialect, stream: &Stream) {
    let facts = answered(dialect);
    let _ = dialect.stream_request(&facts, "http://a/b", stream);
    assert_eq!(
        dialect.stream_protocol(&facts, stream, "s").opening().len(),
        1
    );
}

/// Pieces from which documents that are nearly right are made.
fn bxml_piece() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<Response>",
        "</Response>",
        "<Bxml>",
        "<Refer",
        "<SipUri>",
        "</SipUri>",
        "</Refer>",
        ">",
        "/>",
        " referCompleteUrl=",
        "'/x'",
        "\"",
        "'",
        "sip:a@b",
        "<Pause duration='1'/>",
        "<SpeakSentence xmlns:a='b'>x<speak",
        "<SpeakSentence>",
        "<speak a:c='&lt;&quot;' xmlns:a='b'",
        "</speak>",
        "</SpeakSentence>",
        "<a:p/>",
        "&amp;",
        "&#0;",
        "&x;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<!DOCTYPE",
        "\u{feff}",
        "é",
        "<Gather repeatCount='9999999999'>",
        "<Gather repeatCount='2'>",
        "</Gather>",
        "<SpeakSentence>",
        "</SpeakSentence>",
        "<break time='1s'/>",
        "<PlayAudio>http://[</PlayAudio>",
        "<SendDtmf>1wW,</SendDtmf>",
        "<StartStream destination='wss://[::1]:99/'/>",
        "<StartStream destination='wss://a' name='",
        "<Tag>",
        " xmlns:a='b'",
        "<a:b/>",
        "\r\n",
        " ",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

fn jambonz_piece() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "\"verb\"",
        "\"sip:refer\"",
        "\"referTo\"",
        "\"headers\"",
        "\"actionHook\"",
        "\"dial\"",
        "\"target\"",
        "\"_\"",
        "null",
        "true",
        "-0.0",
        "1e400",
        "5",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"é\"",
        "\"/x#rc=9\"",
        "\"url\"",
        "\"data\"",
        " ",
        "\n",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// JSON that is well-formed, so that validation is reached.
fn jambonz_document() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "verb",
        "sip:refer",
        "referTo",
        "referredBy",
        "headers",
        "actionHook",
        "eventHook",
        "url",
        "method",
        "dial",
        "target",
        "type",
        "config",
        "synthesizer",
        "pause",
        "length",
        "status",
        "sip:decline",
        "tag",
        "data",
        "redirect",
        "gather",
        "say",
        "play",
        "text",
        "loop",
        "forever",
        "input",
        "digits",
        "numDigits",
        "finishOnKey",
        "timeout",
        "recognizer",
        "hints",
        "listen",
        "sampleRate",
        "metadata",
        "bidirectionalAudio",
        "streaming",
        "dub",
        "action",
        "addTrack",
        "track",
        "gain",
        "dtmf",
        "alert",
        "message",
        "sip:request",
        "bargeIn",
        "enable",
        "transcribe",
        "silence_stream://9",
        "x",
        "_",
        "10",
        "",
    ]);
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-1e9..1e9).prop_map(|number: f64| number.to_string()),
        name.clone().prop_map(|name| format!("\"{name}\"")),
        "[ -~]{0,12}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    let value = leaf.prop_recursive(4, 40, 6, move |inner| {
        let property = (name.clone(), inner.clone()).prop_map(|(n, v)| format!("\"{n}\":{v}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(property, 0..6)
                .prop_map(|properties| format!("{{{}}}", properties.join(","))),
        ]
    });
    prop::collection::vec(value, 0..4).prop_map(|items| format!("[{}]", items.join(",")))
}

/// One verb with known properties of any value.
fn jambonz_verb() -> impl Strategy<Value = String> {
    let verbs = prop::sample::select(vec![
        ("say", vec!["text", "loop", "synthesizer", "earlyMedia"]),
        (
            "play",
            vec!["url", "loop", "seekOffset", "timeoutSecs", "actionHook"],
        ),
        (
            "gather",
            vec![
                "input",
                "numDigits",
                "minDigits",
                "finishOnKey",
                "timeout",
                "interDigitTimeout",
                "recognizer",
                "say",
            ],
        ),
        ("dtmf", vec!["dtmf", "duration"]),
        (
            "dub",
            vec!["action", "track", "play", "say", "gain", "loop"],
        ),
        (
            "listen",
            vec!["url", "sampleRate", "metadata", "finishOnKey", "maxLength"],
        ),
        ("config", vec!["bargeIn", "listen", "record", "reset"]),
        ("sip:request", vec!["method", "body", "headers"]),
    ]);
    let value = prop::sample::select(vec![
        "0",
        "-1",
        "1e308",
        "-0.5",
        "4294967296",
        "true",
        "null",
        "\"\"",
        "\"1\"",
        "\"NaN\"",
        "\"forever\"",
        "\"#*\"",
        "\"addTrack\"",
        "\"/x\"",
        "\"wss://[\"",
        "\"http://a:b@[\"",
        "\"silence_stream://99999999999999999999\"",
        "\"<speak>\"",
        "[]",
        "[\"digits\",\"speech\"]",
        "[\"/a\",\"/b\"]",
        "{}",
        "{\"vendor\":\"x\",\"hints\":[{},1,\"a\"],\"minConfidence\":1e300}",
        "{\"enable\":true,\"url\":\"//\"}",
        "{\"action\":\"startCallRecording\"}",
        "{\"text\":\"hi\",\"loop\":\"2\"}",
    ]);
    (
        verbs,
        prop::collection::vec((any::<prop::sample::Index>(), value), 0..6),
    )
        .prop_map(|((verb, properties), chosen)| {
            let chosen = chosen.iter().map(|(at, value)| {
                let name = at.get(&properties);
                format!(",\"{name}\":{value}")
            });
            format!("[{{\"verb\":\"{verb}\"{}}}]", chosen.collect::<String>())
        })
}

#[test]
fn a_document_that_declares_namespaces_by_the_thousand_is_refused_at_once() {
    let count = 2_400;
    let deep: String = (0..count).map(|i| format!("<p xmlns:a{i}='b'>")).collect();
    let sentence = format!(
        "<SpeakSentence>x{deep}{}</SpeakSentence>",
        "</p>".repeat(count)
    );
    let [message] = errors(Dialect::Bxml, &format!("<Response>{sentence}</Response>"))
        .try_into()
        .expect("one error");
    assert!(message.contains("namespaces"), "{message}");
    let text = format!("<speak>{deep}</speak>");
    for verb in [
        format!("{{\"say\":{{\"text\":\"{text}\"}}}}"),
        format!("{{\"dub\":{{\"action\":\"sayOnTrack\",\"track\":\"t\",\"say\":\"{text}\"}}}}"),
    ] {
        let [message] = errors(Dialect::Jambonz, &format!("[{verb}]"))
            .try_into()
            .expect("one error");
        assert!(message.contains("namespaces"), "{message}");
    }
}

#[test]
fn a_document_with_attributes_by_the_thousand_on_one_element_is_refused_at_once() {
    let many: String = (0..6_000).map(|i| format!(" a{i}=''")).collect();
    let documents = [
        (
            Dialect::Bxml,
            format!("<Response><SpeakSentence{many}>x</SpeakSentence></Response>"),
        ),
        (
            Dialect::Jambonz,
            format!("[{{\"say\":{{\"text\":\"<speak><p{many}>x</p></speak>\"}}}}]"),
        ),
    ];
    for (dialect, document) in documents {
        let [message] = errors(dialect, &document).try_into().expect("one error");
        assert!(message.contains("100 attributes"), "{message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..400)) {
        feed(Dialect::Bxml, &body);
        feed(Dialect::Jambonz, &body);
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        feed(Dialect::Bxml, text.as_bytes());
        feed(Dialect::Jambonz, text.as_bytes());
    }

    #[test]
    fn ssml_in_bxml(
        outer in "( xmlns:a='b')?( xmlns='c')?",
        speak in "( a:x='1')?( xml:lang=\"&lt;\")?( xmlns:a='&amp;\"')?( xmlns='d')?",
        inner in "(<a:p/>| |x|<p xmlns:a='z'/>|&gt;|<!--a:-->|<p a:y='1'/>){0,4}",
        own in any::<bool>(),
    ) {
        let inside = match own {
            true => format!("<speak{speak}>x{inner}</speak>"),
            false => format!("x{inner}"),
        };
        let text = format!("<Response{outer}><SpeakSentence>{inside}</SpeakSentence></Response>");
        feed(Dialect::Bxml, text.as_bytes());
    }

    #[test]
    fn nearly_bxml(text in bxml_piece()) {
        feed(Dialect::Bxml, text.as_bytes());
    }

    #[test]
    fn nearly_jambonz(text in jambonz_piece()) {
        feed(Dialect::Jambonz, text.as_bytes());
    }

    #[test]
    fn well_formed_json(text in jambonz_document()) {
        feed(Dialect::Jambonz, text.as_bytes());
    }

    #[test]
    fn known_verbs_with_any_values(text in jambonz_verb()) {
        feed(Dialect::Jambonz, text.as_bytes());
    }

    #[test]
    fn any_hook(url in "\\PC{0,60}", get in any::<bool>()) {
        let method = if get { HookMethod::Get } else { HookMethod::Post };
        let hook = Hook { method, ..Hook::post(url) };
        for dialect in [Dialect::Bxml, Dialect::Jambonz] {
            let _ = dialect.request(&answered(dialect), "", &Moment::Redirected(&hook));
        }
    }
}
