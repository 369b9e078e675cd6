//! Every verb and noun: a sample with all its attributes is clean, and one strange attribute on
//! any of its elements is noted at its place.

mod cxml;
mod twiml;

use hookflash_dialects::Dialect;
use hookflash_program::{Diagnostic, Position, Severity};

use crate::call::{BOTH, parse};

/// What is inside `Response`: name of the sample, text.
type Sample = (&'static str, &'static str);

fn samples() -> impl Iterator<Item = (Dialect, &'static str, String)> {
    let twiml = twiml::SAMPLES
        .iter()
        .map(|(name, text)| (Dialect::Twiml, *name, *text));
    let cxml = cxml::SAMPLES
        .iter()
        .map(|(name, text)| (Dialect::Cxml, *name, *text));
    twiml
        .chain(cxml)
        .map(|(dialect, name, text)| (dialect, name, format!("<Response>\n{text}\n</Response>")))
}

fn remarks(dialect: Dialect, text: &str) -> Vec<Diagnostic> {
    parse(dialect, text).warnings
}

#[test]
fn each_sample_with_every_attribute_is_clean() {
    for (dialect, name, text) in samples() {
        assert_eq!(remarks(dialect, &text), [], "{dialect} {name}\n{text}");
    }
}

#[test]
fn a_strange_attribute_is_noted_at_its_place_on_every_element_of_every_sample() {
    for (dialect, name, text) in samples() {
        let starts = text.match_indices('<').map(|(at, _)| at + 1);
        let names = starts.filter(|at| text[*at..].starts_with(|c: char| c.is_ascii_alphabetic()));
        for at in names {
            let end = at + text[at..].find([' ', '/', '>', '\n']).unwrap();
            let mut changed = text.clone();
            changed.insert_str(end, " xyzzy=\"1\"");
            let before = &text[..=end - 1];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 2;
            let expected = Position {
                line: line as u32,
                column: column as u32,
            };

            let remarks = remarks(dialect, &changed);
            let [remark] = &remarks[..] else {
                panic!("{dialect} {name}: {remarks:?}\n{changed}");
            };
            assert_eq!(remark.code, "12200", "{remark}");
            assert_eq!(remark.severity, Severity::Warning);
            assert_eq!(
                remark.position, expected,
                "{dialect} {name}: {remark}\n{changed}"
            );
            let element = &text[at..end];
            assert!(
                remark
                    .message
                    .contains(&format!("`<{element}>` has no attribute `xyzzy`")),
                "{remark}"
            );
        }
    }
}

#[test]
fn a_strange_element_is_noted_at_its_place_in_every_sample() {
    for (dialect, name, text) in samples() {
        // Inside the first element of the sample, before everything it holds.
        let Some(end) = text.find("\n</Response>") else {
            panic!()
        };
        let Some(close) = text[..end].rfind("</") else {
            continue;
        };
        let mut changed = text.clone();
        changed.insert_str(close, "<Xyzzy><Deep/></Xyzzy>");
        let remarks = remarks(dialect, &changed);
        let noted = remarks
            .iter()
            .filter(|remark| remark.message.contains("`<Xyzzy>`"))
            .count();
        assert_eq!(noted, 1, "{dialect} {name}: {remarks:?}");
        assert!(
            remarks
                .iter()
                .all(|remark| !remark.message.contains("Deep")),
            "{remarks:?}"
        );
    }
}

/// Dialect, what is inside `Response`, code, column of the remark.
const BAD_VALUES: &[(&[Dialect], &str, &str, u32)] = &[
    (&BOTH, "<Pause length='0'/>", "13910", 8),
    (&BOTH, "<Reject reason='away'/>", "13810", 9),
    (
        &[Dialect::Twiml],
        "<Redirect method='PUT'>/x</Redirect>",
        "13710",
        11,
    ),
    (
        &[Dialect::Cxml],
        "<Redirect method='PUT'>/x</Redirect>",
        "13221",
        11,
    ),
    (
        &[Dialect::Twiml],
        "<Redirect>ftp://a/</Redirect>",
        "12200",
        11,
    ),
    (
        &[Dialect::Cxml],
        "<Redirect>ftp://a/</Redirect>",
        "20422",
        11,
    ),
    (
        &[Dialect::Twiml],
        "<Refer method='PUT'><Sip>sip:a@b</Sip></Refer>",
        "12200",
        8,
    ),
    (
        &[Dialect::Cxml],
        "<Refer method='PUT'><Sip>sip:a@b</Sip></Refer>",
        "13221",
        8,
    ),
    (&BOTH, "<Say loop='-1'>a</Say>", "13510", 6),
    (&BOTH, "<Say/>", "13520", 1),
    (&BOTH, "<Play loop='x'>/a.mp3</Play>", "13410", 7),
    (&BOTH, "<Play digits='1a'/>", "13430", 7),
    (&[Dialect::Twiml], "<Play/>", "12200", 1),
    (&[Dialect::Twiml], "<Gather method='PUT'/>", "13312", 9),
    (&BOTH, "<Gather finishOnKey='##'/>", "13310", 9),
    (&BOTH, "<Gather timeout='soon'/>", "13313", 9),
    (&BOTH, "<Gather numDigits='0'/>", "13314", 9),
    (&BOTH, "<Gather input='voice'/>", "13326", 9),
    (&BOTH, "<Gather speechTimeout='0'/>", "13327", 9),
    (&[Dialect::Twiml], "<Gather bargeIn='yes'/>", "13332", 9),
    (&BOTH, "<Gather profanityFilter='yes'/>", "13333", 9),
    (&BOTH, "<Gather actionOnEmptyResult='1'/>", "13338", 9),
    (&BOTH, "<Gather><Hangup/></Gather>", "13320", 9),
    (
        &[Dialect::Twiml],
        "<Gather><Say loop='x'>a</Say></Gather>",
        "13322",
        14,
    ),
    (&[Dialect::Twiml], "<Record method='PUT'/>", "13610", 9),
    (&BOTH, "<Record timeout='-1'/>", "13611", 9),
    (&BOTH, "<Record maxLength='x'/>", "13612", 9),
    (&BOTH, "<Record finishOnKey='x'/>", "13613", 9),
    (&BOTH, "<Record transcribe='maybe'/>", "13614", 9),
    (&BOTH, "<Record playBeep='loud'/>", "13616", 9),
    (&BOTH, "<Record trim='both'/>", "13699", 9),
    (
        &BOTH,
        "<Record recordingStatusCallbackEvent='done'/>",
        "13621",
        9,
    ),
    (
        &[Dialect::Twiml],
        "<Dial method='PUT'>+15550100</Dial>",
        "13210",
        7,
    ),
    (&BOTH, "<Dial timeout='601'>+15550100</Dial>", "13212", 7),
    (&BOTH, "<Dial hangupOnStar='1'>+15550100</Dial>", "13213", 7),
    (&BOTH, "<Dial timeLimit='0'>+15550100</Dial>", "13216", 7),
    (&BOTH, "<Dial record='always'>+15550100</Dial>", "13217", 7),
    (
        &[Dialect::Twiml],
        "<Dial sequential='1'>+15550100</Dial>",
        "13218",
        7,
    ),
    (
        &BOTH,
        "<Dial answerOnBridge='1'>+15550100</Dial>",
        "13219",
        7,
    ),
    (
        &[Dialect::Twiml],
        "<Dial ringTone='xx'>+15550100</Dial>",
        "13220",
        7,
    ),
    (&BOTH, "<Dial>+15550100<Say>a</Say></Dial>", "13215", 16),
    (&BOTH, "<Dial/>", "13223", 1),
    (
        &BOTH,
        "<Dial><Number method='PUT'>1</Number></Dial>",
        "13221",
        15,
    ),
    (
        &BOTH,
        "<Dial><Number sendDigits='x'>1</Number></Dial>",
        "13222",
        15,
    ),
    (
        &[Dialect::Twiml],
        "<Dial><Sip method='PUT'>sip:a@b</Sip></Dial>",
        "13241",
        12,
    ),
    (&BOTH, "<Dial><Sip>a@b</Sip></Dial>", "13243", 12),
    (
        &BOTH,
        "<Dial><Sip>sip:a@b?Subject=x</Sip></Dial>",
        "13252",
        12,
    ),
    (
        &[Dialect::Twiml],
        "<Dial><Conference muted='1'>r</Conference></Dial>",
        "13230",
        19,
    ),
    (
        &[Dialect::Twiml],
        "<Dial><Conference beep='on'>r</Conference></Dial>",
        "13235",
        19,
    ),
    (
        &[Dialect::Twiml],
        "<Dial><Conference trim='on'>r</Conference></Dial>",
        "13239",
        19,
    ),
    (
        &[Dialect::Cxml],
        "<Dial><Conference muted='1'>r</Conference></Dial>",
        "16002",
        19,
    ),
    (&BOTH, "<Dial><Conference/></Dial>", "13237", 7),
    (&[Dialect::Cxml], "<Echo timeout='4'/>", "20422", 7),
    (
        &[Dialect::Cxml],
        "<Pay paymentConnectorUrl='/x'/>",
        "20422",
        1,
    ),
    (&BOTH, "<Start><Stream url='ws://a/'/></Start>", "", 16),
    (&BOTH, "text<Hangup/>", "12200", 1),
    (&BOTH, "<Hangup>now</Hangup>", "12200", 9),
    (
        &BOTH,
        "<Refer><Sip><b>sip:a@b</b></Sip></Refer>",
        "12200",
        13,
    ),
];

#[test]
fn each_bad_value_has_the_vendors_code_at_its_own_place() {
    for (dialects, text, code, column) in BAD_VALUES {
        for dialect in *dialects {
            let code = match (*code, dialect) {
                ("", Dialect::Twiml) => "12200",
                ("", _) => "20422",
                (code, _) => code,
            };
            let remarks = remarks(*dialect, &format!("<Response>{text}</Response>"));
            let remark = remarks
                .first()
                .unwrap_or_else(|| panic!("{dialect} {text} is clean"));
            assert_eq!(remark.code, code, "{dialect} {text}: {remark}");
            let expected = Position {
                line: 1,
                column: column + 10,
            };
            assert!(
                remarks.iter().any(|r| r.position == expected),
                "{dialect} {text}: {remarks:?}"
            );
        }
    }
}

#[test]
fn a_remark_says_what_was_found_what_is_expected_and_what_happens() {
    let said = |text: &str| {
        remarks(Dialect::Twiml, &format!("<Response>{text}</Response>"))[0].to_string()
    };
    assert_eq!(
        said("<Dial timeout='soon'>1</Dial>"),
        "1:17: warning[13212]: `timeout` of `<Dial>` is `soon`, expected a whole number from 5 to \
         600; `30` is used"
    );
    assert_eq!(
        said("<Reject reason='bussy'/>"),
        "1:19: warning[13810]: `reason` of `<Reject>` is `bussy`, expected one of `rejected`, \
         `busy`; `rejected` is used (did you mean `busy`?)"
    );
    assert_eq!(
        said("<Refer Action='/x'><Sip>sip:a@b</Sip></Refer>"),
        "1:18: warning[12200]: `<Refer>` has no attribute `Action`; it is ignored (did you mean \
         `action`?)"
    );
    assert_eq!(
        said("<Dail>1</Dail>"),
        "1:11: warning[12200]: `<Dail>` is no TwiML verb; it is skipped (did you mean `<Dial>`?)"
    );
    assert_eq!(
        said("<Hangup><Say>Bye</Say></Hangup>"),
        "1:19: warning[12200]: `<Say>` may not stand in `<Hangup>`; it is skipped (put it after \
         `</Hangup>`)"
    );
    assert_eq!(
        said("<Refer>sip:a@b<Sip>sip:a@b</Sip></Refer>"),
        "1:18: warning[12200]: `<Refer>` holds no text; `sip:a@b` is ignored (put it into \
         `<Sip>…</Sip>`)"
    );
}

#[test]
fn a_remark_on_a_stream_says_whether_it_will_open() {
    for (url, end) in [
        (
            "ws://127.0.0.1/x",
            "it is used here and refused by the vendor",
        ),
        ("/x", "the stream will fail"),
        ("https://a.example.com/", "the stream will fail"),
    ] {
        let text = format!("<Response><Start><Stream url='{url}'/></Start></Response>");
        for dialect in BOTH {
            let remark = &remarks(dialect, &text)[0];
            assert!(remark.message.ends_with(end), "{remark}");
        }
    }
}

#[test]
fn a_sip_uri_that_is_too_long_is_noted() {
    for dialect in BOTH {
        let of = |user: usize, headers: usize| {
            let uri = format!("sip:{}@b?X-A={}", "u".repeat(user), "h".repeat(headers));
            let text = format!("<Response><Dial><Sip>{uri}</Sip></Dial></Response>");
            let codes: Vec<String> = remarks(dialect, &text)
                .into_iter()
                .map(|r| r.code)
                .collect();
            codes
        };
        assert_eq!(of(249, 1020), [] as [&str; 0]);
        assert_eq!(of(250, 1), ["13243"]);
        assert_eq!(of(1, 1021), ["13253"]);
    }
}

#[test]
fn the_eleventh_noun_of_a_dial_is_noted() {
    for dialect in BOTH {
        let of = |count: usize| {
            let nouns = "<Number>1</Number>".repeat(count);
            remarks(
                dialect,
                &format!("<Response><Dial>{nouns}</Dial></Response>"),
            )
        };
        assert_eq!(of(10), []);
        let noted = of(12);
        assert_eq!(noted.len(), 1);
        assert_eq!(noted[0].code, "13250");
        assert_eq!(
            noted[0].position,
            Position {
                line: 1,
                column: 17 + 10 * 18
            }
        );
    }
}

#[test]
fn more_words_than_can_be_spoken_or_sent_are_noted() {
    let codes = |dialect, verb: &str, count: usize| -> Vec<String> {
        let text = format!(
            "<Response><{verb}>{}</{verb}></Response>",
            "ö".repeat(count)
        );
        remarks(dialect, &text)
            .into_iter()
            .map(|remark| remark.code)
            .collect()
    };
    for dialect in BOTH {
        assert_eq!(codes(dialect, "Say", 4096), [] as [&str; 0]);
        assert_eq!(codes(dialect, "Say", 4097), ["13521"]);
    }
    assert_eq!(codes(Dialect::Cxml, "Sms", 1599), [] as [&str; 0]);
    assert_eq!(codes(Dialect::Cxml, "Sms", 1600), ["20422"]);
}

#[test]
fn remarks_come_in_the_order_of_the_document() {
    let text = "<Response>\n<x/><Dial a='1'><Number b='1'>1</Number><y/></Dial>\n<Pause length='x'/>\n\
                <Refer/></Response>";
    let places: Vec<Position> = remarks(Dialect::Twiml, text)
        .into_iter()
        .map(|remark| remark.position)
        .collect();
    assert_eq!(places.len(), 6);
    assert!(places.is_sorted(), "{places:?}");
}
