//! `docs/dialects.md` says of every verb what the code says.

use hookflash_dialects::{bxml, cxml, jambonz, twiml};

/// A dialect's heading in the page, and its verbs with state and note.
type Table = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

fn tables() -> [Table; 4] {
    [
        ("TwiML", twiml::support()),
        ("cXML", cxml::support()),
        ("BXML", bxml::support()),
        ("jambonz", jambonz::support()),
    ]
}

fn section(heading: &str, verbs: &[(&str, &str, &str)]) -> String {
    let mut text = format!("## {heading}\n\n| Verb | State | Note |\n|---|---|---|\n");
    for (verb, state, note) in verbs {
        text.push_str(&format!("| `{verb}` | {state} | {note} |\n"));
    }
    text
}

#[test]
fn the_page_has_the_state_of_every_verb() {
    let page = include_str!("../../../docs/dialects.md");
    for (heading, verbs) in tables() {
        let expected = section(heading, verbs);
        assert!(
            page.contains(&expected),
            "docs/dialects.md should have:\n\n{expected}"
        );
    }
}

#[test]
fn every_verb_either_runs_or_is_refused() {
    for (heading, verbs) in tables() {
        assert!(
            verbs.iter().any(|(_, state, _)| *state == "runs"),
            "{heading}"
        );
        for (verb, state, note) in verbs {
            assert!(
                ["runs", "refused"].contains(state),
                "{heading} {verb}: {state}"
            );
            assert!(!note.is_empty(), "{heading} {verb} has no note");
        }
    }
}
