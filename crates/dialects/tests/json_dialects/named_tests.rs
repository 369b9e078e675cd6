//! Every verb that runs has a test which begins with its name.

use hookflash_dialects::{bxml, jambonz};

const SOURCES: &str = concat!(
    include_str!("bxml_audio.rs"),
    include_str!("bxml_document.rs"),
    include_str!("bxml_stream.rs"),
    include_str!("jambonz_audio.rs"),
    include_str!("jambonz_config.rs"),
    include_str!("jambonz_document.rs"),
    include_str!("jambonz_listen.rs"),
);

/// `SpeakSentence` and `sip:refer` as they stand in the name of a test.
fn snake_case(verb: &str) -> String {
    let mut name = String::new();
    for character in verb.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        match character {
            ':' => name.push('_'),
            other => name.push(other.to_ascii_lowercase()),
        }
    }
    name
}

#[test]
fn every_verb_that_runs_has_a_test_by_its_name() {
    for (dialect, support) in [("bxml", bxml::support()), ("jambonz", jambonz::support())] {
        for (verb, state, _) in support {
            let test = format!("\nfn {dialect}_{}_", snake_case(verb));
            assert!(
                *state != "runs" || SOURCES.contains(&test),
                "{dialect} {verb} has no test: {test}"
            );
        }
    }
}
