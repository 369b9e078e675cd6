use proptest::prelude::*;

use super::*;

fn ssml(text: &str) -> Script {
    Script::read(&SpeechText::Ssml(text.to_owned()))
}

fn said(text: &str) -> String {
    plain(&ssml(text))
}

fn text(text: &str, rate: u32) -> Piece {
    Piece::Text {
        text: text.to_owned(),
        rate,
    }
}

fn silence(millis: u64) -> Piece {
    Piece::Silence(Duration::from_millis(millis))
}

#[test]
fn plain_text_keeps_what_looks_like_markup() {
    let script = Script::read(&SpeechText::Plain("  5 < 6 &amp;\n <b> ".to_owned()));
    assert_eq!(plain(&script), "5 < 6 &amp; <b>");
    assert!(script.note.is_none());
}

#[test]
fn control_characters_never_reach_an_engine() {
    let script = Script::read(&SpeechText::Plain("one\u{0}two\u{1b}[2J".to_owned()));
    assert_eq!(plain(&script), "one two [2J");
    let script = Script::read(&SpeechText::Plain("one\u{ffff}two".to_owned()));
    assert_eq!(markup(&script, Flavour::Azure), "one two");
    let script = ssml(
        "<speak><sub alias='one\u{7f}two'>1</sub><prosody rate='fast\u{9b}2J'>x</prosody></speak>",
    );
    let expected = "<sub alias=\"one two\">1</sub><prosody rate=\"fast 2J\">x</prosody>";
    assert_eq!(markup(&script, Flavour::Azure), expected);
}

#[test]
fn breaks_become_pauses_between_pieces() {
    let script = ssml(
        "<speak>Hello<break time='1.5s'/>there<break strength='weak'/>\
         <break time='100ms'/>you</speak>",
    );
    let expected = [
        text("Hello", 100),
        silence(1_500),
        text("there", 100),
        silence(300),
        text("you", 100),
    ];
    assert_eq!(pieces(&script), expected);
}

#[test]
fn many_breaks_are_no_hours_of_silence() {
    let breaks = "<break time='10s'/>".repeat(3_000);
    let script = ssml(&format!("<speak>a{breaks}b{breaks}c</speak>"));
    assert!(script.note.is_some(), "longer than any text may be");
    let script = ssml(&format!("<speak>a{breaks}b</speak>"));
    let expected = [text("a", 100), silence(120_000), text("b", 100)];
    assert_eq!(pieces(&script), expected);
}

#[test]
fn a_break_lasts_ten_seconds_at_most() {
    let script = ssml("<speak>a<break time='9999s'/>b<break time='-1s'/>c</speak>");
    let expected = [
        text("a", 100),
        silence(10_000),
        text("b", 100),
        silence(400),
        text("c", 100),
    ];
    assert_eq!(pieces(&script), expected);
}

#[test]
fn rates_multiply_and_end_with_their_element() {
    let script = ssml(
        "<speak>a <prosody rate='slow'>b <prosody rate='+20%'>c</prosody></prosody> d</speak>",
    );
    let expected = [text("a", 100), text("b", 75), text("c", 90), text("d", 100)];
    assert_eq!(pieces(&script), expected);
}

#[test]
fn digits_are_said_one_by_one() {
    assert_eq!(
        said("<speak>Code <say-as interpret-as='digits'>4711</say-as>.</speak>"),
        "Code 4 7 1 1 ."
    );
    assert_eq!(
        said("<speak><say-as interpret-as='spell-out'>NATO</say-as></speak>"),
        "N A T O"
    );
}

#[test]
fn telephone_numbers_pause_between_groups() {
    assert_eq!(
        said("<speak><say-as interpret-as='telephone'>+1 (555) 010-99</say-as></speak>"),
        "plus 1, 5 5 5, 0 1 0, 9 9"
    );
}

#[test]
fn dates_and_times_become_english_words() {
    let date = |format: &str, date: &str| {
        said(&format!(
            "<speak><say-as interpret-as='date' format='{format}'>{date}</say-as></speak>"
        ))
    };
    assert_eq!(date("mdy", "1/2/2026"), "January 2nd, 2026");
    assert_eq!(date("dmy", "1.2.2026"), "February 1st, 2026");
    assert_eq!(date("yyyymmdd", "????0922"), "September 22nd");
    assert_eq!(date("md", "12/25"), "December 25th");
    assert_eq!(date("mdy", "13/45/2026"), "13/45/2026");
    assert_eq!(
        said("<speak><say-as interpret-as='time'>1'21\"</say-as></speak>"),
        "1 minute 21 seconds"
    );
    assert_eq!(
        said("<speak><say-as interpret-as='ordinal'>112</say-as></speak>"),
        "112th"
    );
    assert_eq!(
        said("<speak xml:lang='de-DE'><say-as interpret-as='date'>1/2/2026</say-as></speak>"),
        "1/2/2026"
    );
}

#[test]
fn substitutes_are_said_and_marks_are_not() {
    assert_eq!(
        said(
            "<speak><sub alias='World Wide Web Consortium'>W3C</sub><mark name='x'/> \
             <audio src='x.mp3'>beep</audio></speak>"
        ),
        "World Wide Web Consortium beep"
    );
}

#[test]
fn paragraphs_and_sentences_are_apart() {
    let script = ssml("<speak><p><s>One.</s><s>Two.</s></p><p>Three.</p></speak>");
    let expected = [
        text("One.", 100),
        silence(300),
        text("Two.", 100),
        silence(600),
        text("Three.", 100),
    ];
    assert_eq!(pieces(&script), expected);
}

#[test]
fn undeclared_prefixes_of_vendors_are_read() {
    let script = ssml(
        "<speak><amazon:effect name='whispered'>hush</amazon:effect> \
         <google:style name='lively'>now</google:style></speak>",
    );
    assert_eq!(plain(&script), "hush now");
    assert!(script.note.is_none());
}

#[test]
fn broken_markup_is_said_as_its_text() {
    let script = ssml("<speak>Hello <emphasis>world &amp; <break/> moon</speak>");
    assert_eq!(plain(&script), "Hello world & moon");
    assert!(
        script
            .note
            .is_some_and(|note| note.contains("cannot be read"))
    );
    assert_eq!(said("no markup at all"), "no markup at all");
    assert_eq!(said("<speak>cut <bre"), "cut");
}

#[test]
fn entities_of_a_dtd_are_never_expanded() {
    let script = ssml("<!DOCTYPE speak [<!ENTITY a 'aaaaaaaa'>]><speak>&a;&a; hello</speak>");
    assert!(script.note.is_some());
    assert!(!plain(&script).contains("aaaaaaaaaaaaaaaa"));
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = format!(
        "<speak>{}deep{}</speak>",
        "<emphasis>".repeat(2_000),
        "</emphasis>".repeat(2_000)
    );
    assert_eq!(said(&deep), "deep");
    let long = format!("<speak>{}</speak>", "äbc ".repeat(40_000));
    let script = ssml(&long);
    assert!(script.note.is_some());
    assert!(plain(&script).len() <= LONGEST);
    let many = format!("<speak>{}</speak>", "a<break/>".repeat(7_000));
    assert!(pieces(&ssml(&many)).len() <= 64);
}

#[test]
fn silence_only_is_no_text_but_something_to_hear() {
    assert!(ssml("<speak> <mark name='a'/> </speak>").is_silent());
    assert!(Script::read(&SpeechText::Plain(" . ".to_owned())).is_silent());
    assert!(!ssml("<speak><break time='1s'/></speak>").is_silent());
}

#[test]
fn each_engine_gets_the_markup_that_it_knows() {
    let script = ssml(
        "<speak>A &amp; B <say-as interpret-as='telephone'>555-01</say-as> \
         <say-as interpret-as='digits'>12</say-as> <sub alias='x &lt; y'>z</sub> \
         <phoneme alphabet='ipa' ph='pɪˈkɑːn'>pecan</phoneme> <lang xml:lang='fr_FR'>oui</lang> \
         <w role='amazon:VB'>read</w></speak>",
    );
    assert_eq!(
        markup(&script, Flavour::Espeak),
        "A &amp; B 5 5 5, 0 1 <say-as interpret-as=\"digits\">12</say-as> x &lt; y pecan \
         <voice xml:lang=\"fr-FR\">oui</voice> read"
    );
    assert_eq!(
        markup(&script, Flavour::Google),
        "A &amp; B <say-as interpret-as=\"telephone\">555-01</say-as> \
         <say-as interpret-as=\"characters\">12</say-as> <sub alias=\"x &lt; y\">z</sub> \
         <phoneme alphabet=\"ipa\" ph=\"pɪˈkɑːn\">pecan</phoneme> \
         <lang xml:lang=\"fr-FR\">oui</lang> read"
    );
    assert!(
        markup(&script, Flavour::Azure)
            .contains("<say-as interpret-as=\"number_digit\">12</say-as>")
    );
}

/// Anything between a document and noise.
fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,8}",
        "[0-9/:.' +()-]{0,12}",
        Just("<break time='1e9s'/>".to_owned()),
        Just("<say-as interpret-as='date' format='yyyymmdd'>".to_owned()),
        Just("<say-as interpret-as='telephone'>".to_owned()),
        Just("<say-as interpret-as='time'>".to_owned()),
        Just("</say-as>".to_owned()),
        Just("<prosody rate='-99999%'>".to_owned()),
        Just("</prosody>".to_owned()),
        Just("<x:y>".to_owned()),
        Just("</x:y>".to_owned()),
        Just("<sub alias='&#0;'>".to_owned()),
        Just("&#xd800;<!--".to_owned()),
    ];
    proptest::collection::vec(piece, 0..24)
        .prop_map(|pieces| format!("<speak>{}</speak>", pieces.concat()))
}

proptest! {
    #[test]
    fn whatever_stands_there_is_rendered_within_bounds(text in anything(), cut in 0usize..400) {
        let end = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
        for text in [text.as_str(), &text[..end]] {
            let script = ssml(text);
            prop_assert!(pieces(&script).len() <= 65);
            prop_assert!(!plain(&script).contains(char::is_control));
            for flavour in [Flavour::Espeak, Flavour::Google, Flavour::Azure] {
                let inside = markup(&script, flavour);
                let whole = format!("<speak xmlns:x='y'>{inside}</speak>");
                // What was taken for a document gives a document again.
                prop_assert!(roxmltree::Document::parse(&whole).is_ok(), "{}", whole);
            }
        }
    }
}
