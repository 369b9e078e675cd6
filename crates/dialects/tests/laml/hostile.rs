//! Documents made to do harm, and documents made by chance.

use hookflash_dialects::{Dialect, Document};
use hookflash_program::{Program, Verb};
use proptest::prelude::*;

use crate::call::BOTH;

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
            if let Verb::Refer(refer) = step.verb {
                let unsafe_target = refer.target.chars().any(char::is_control);
                assert!(
                    !unsafe_target || refer.defect.is_some(),
                    "{:?}",
                    refer.target
                );
                assert_eq!(refer.target.trim(), refer.target);
            }
        }
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
        "</Gather>",
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
        for verb in ["Refer", "Pause", "Reject", "Redirect", "Dial", "Gather"] {
            check(&format!("<Response><{verb} {name}=\"{value}\"/></Response>"));
        }
    }
}
