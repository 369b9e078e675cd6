//! `docs/dialects.md` says of every verb what the code says, and `docs/api` of every parameter.

use hookflash_dialects::rest::{Absent, Operation, Parameter};
use hookflash_dialects::{Dialect, bxml, cxml, jambonz, twiml};

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

/// The page of an API, and its text.
fn pages() -> [(Dialect, &'static str, &'static str); 4] {
    [
        (
            Dialect::Twiml,
            "twilio",
            include_str!("../../../docs/api/twilio.md"),
        ),
        (
            Dialect::Cxml,
            "signalwire",
            include_str!("../../../docs/api/signalwire.md"),
        ),
        (
            Dialect::Bxml,
            "bandwidth",
            include_str!("../../../docs/api/bandwidth.md"),
        ),
        (
            Dialect::Jambonz,
            "jambonz",
            include_str!("../../../docs/api/jambonz.md"),
        ),
    ]
}

fn parameters(parameters: &[Parameter]) -> String {
    let mut text = "| Parameter | State | Note |\n|---|---|---|\n".to_owned();
    for Parameter { name, state, note } in parameters {
        text.push_str(&format!("| `{name}` | {} | {note} |\n", state.as_str()));
    }
    text
}

#[test]
fn the_pages_of_the_apis_have_the_state_of_every_parameter() {
    for (dialect, name, page) in pages() {
        for operation in [
            Operation::Create,
            Operation::Update,
            Operation::List,
            Operation::ListRecordings,
            Operation::Record,
            Operation::ChangeRecording,
        ] {
            let table = dialect.parameters(operation);
            let expected = parameters(table);
            assert!(
                table.is_empty() || page.contains(&expected),
                "docs/api/{name}.md should have, for {operation:?}:\n\n{expected}"
            );
        }
    }
}

#[test]
fn the_pages_of_the_apis_have_every_resource_that_is_absent() {
    for (dialect, name, page) in pages() {
        let mut table = "| Resource | Instead |\n|---|---|\n".to_owned();
        for Absent { name, instead } in dialect.absent() {
            table.push_str(&format!("| `{name}` | {instead} |\n"));
        }
        let table = table + "\n";
        assert!(
            page.contains(&table),
            "docs/api/{name}.md should have:\n\n{table}"
        );
    }
}
