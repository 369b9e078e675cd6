//! Documents that no vendor runs, each with its code, its place and words that help.

use hookflash_dialects::Document;
use hookflash_program::{Diagnostic, Severity};

use crate::call::BOTH;

/// The error of a document in either dialect; they must agree.
fn error(body: &[u8]) -> Diagnostic {
    let mut found = BOTH.map(|dialect| {
        let document = Document {
            body,
            content_type: None,
            first: true,
        };
        match dialect.parse(document) {
            Err(error) => error.diagnostics,
            Ok(program) => panic!("{} ran: {program:?}", String::from_utf8_lossy(body)),
        }
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0].len(), 1);
    let error = found[0].remove(0);
    assert_eq!(error.severity, Severity::Error);
    error
}

const CORPUS: &[(&str, &str, &str, &str)] = &[
    ("", "11770", "1:1", "empty"),
    (" \n\t ", "11770", "1:1", "empty"),
    ("\u{feff}", "11770", "1:1", "empty"),
    ("\u{b}\u{a0}", "11770", "1:1", "empty"),
    (
        "\n<?xml version=\"1.0\"?><Response/>",
        "12100",
        "1:1",
        "before the XML declaration",
    ),
    (
        " <?xml version='1.0'?>\n<Response/>",
        "12100",
        "1:1",
        "before the XML declaration",
    ),
    (
        "<?xml version=\"1.1\"?><Response/>",
        "12101",
        "1:1",
        "version `1.1`",
    ),
    (
        "<?xml version=\"2.0\"?><Response/>",
        "12101",
        "1:1",
        "version `2.0`",
    ),
    ("<response/>", "12102", "1:1", "`response`"),
    (
        "<!-- a -->\n  <Refer><Sip>sip:a@b</Sip></Refer>",
        "12102",
        "2:3",
        "`Refer`",
    ),
    ("<Bxml/>", "12102", "1:1", "`Bxml`"),
    (
        "<html><body>502 Bad Gateway</body></html>",
        "12102",
        "1:1",
        "`html`",
    ),
    (
        "<Response>\n  <Refer>\n</Response>",
        "12100",
        "3:1",
        "`</Response>` closes",
    ),
    (
        "<Response><Refer><Sip>sip:a@b</Refer></Sip></Response>",
        "12100",
        "1:30",
        "`Sip` is open",
    ),
    (
        "<Response><Hangup/>",
        "12100",
        "1:20",
        "ends before `</Response>`",
    ),
    (
        "<Response>\n<Hangup/>\n",
        "12100",
        "2:10",
        "ends before `</Response>`",
    ),
    ("<Response><Hangup", "12100", "1:18", "ends before"),
    (
        "<Response><Pause length=3/></Response>",
        "12100",
        "1:25",
        "quote",
    ),
    (
        "<Response><Pause length=\"3/></Response>",
        "12100",
        "1:29",
        "`<`",
    ),
    (
        "<Response><Redirect>/a?b=1&c=2</Redirect></Response>",
        "12100",
        "1:27",
        "`&`",
    ),
    (
        "<Response><Say>&nbsp;</Say></Response>",
        "12100",
        "1:16",
        "`&nbsp;`",
    ),
    (
        "<Response><Pause length=\"1\" length=\"2\"/></Response>",
        "12100",
        "1:29",
        "stands twice",
    ),
    ("<Response><x:Refer/></Response>", "12100", "1:12", "`x:`"),
    (
        "<!DOCTYPE r [<!ENTITY a 'b'>]>\n<Response>&a;</Response>",
        "12100",
        "1:1",
        "type declaration",
    ),
    ("<Response/><Response/>", "12100", "1:12", "well-formed"),
    ("<Response/>trailing", "12100", "1:12", "well-formed"),
    ("Internal Server Error", "12100", "1:1", "well-formed"),
    ("{\"verb\":\"hangup\"}", "12100", "1:1", "well-formed"),
    ("<", "12100", "1:2", "well-formed"),
    ("<!-- only a comment -->", "12100", "1:1", "no root"),
    ("<Response>&#0;</Response>", "12100", "1:11", "`&`"),
    (
        "<Response><Hangup/\n></Response>",
        "12100",
        "1:19",
        "not '\\n'",
    ),
    ("<Response>\u{1}</Response>", "12100", "1:11", "well-formed"),
    (
        "<Response><!-- a -- b --></Response>",
        "12100",
        "1:11",
        "well-formed",
    ),
];

#[test]
fn each_malformed_document_has_its_code_and_place() {
    let mut wrong = Vec::new();
    for (text, code, position, words) in CORPUS {
        let error = error(text.as_bytes());
        let as_expected = error.code == *code
            && error.position.to_string() == *position
            && error.message.contains(words)
            // The place is said apart from the message.
            && !error.message.contains(" at ");
        if !as_expected {
            wrong.push(format!("{text:?}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_no_utf_8_are_named_with_their_place() {
    let error = error(b"<Response>\n  <Say>\xff</Say></Response>");
    assert_eq!(
        (error.code.as_str(), error.position.to_string().as_str()),
        ("12100", "2:8")
    );
    assert!(error.message.contains("UTF-8"));
}

#[test]
fn utf_16_is_not_read() {
    let utf_16: Vec<u8> = "\u{feff}<Response/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(error(&utf_16).code, "12100");
}

#[test]
fn a_document_over_64_kb_is_refused_and_one_of_64_kb_is_read() {
    let of = |size: usize| {
        let padding = " ".repeat(size - "<Response></Response>".len());
        format!("<Response>{padding}</Response>")
    };
    let error = error(of(65_537).as_bytes());
    assert_eq!(error.code, "11750");
    assert!(error.message.contains("65537"), "{error}");
    for dialect in BOTH {
        let body = of(65_536);
        let document = Document {
            body: body.as_bytes(),
            content_type: None,
            first: true,
        };
        assert!(dialect.parse(document).is_ok());
    }
}
