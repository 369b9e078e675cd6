//! Every verb that runs has a test by its name, so that the table cannot promise what nobody
//! tried.

use std::time::Duration;

use hookflash_dialects::{Dialect, cxml, twiml};
use hookflash_program::{Answering, Hook, HookMethod, Verb};

use crate::call::{refer, step};

const TESTS: &[&str] = &[
    include_str!("documents.rs"),
    include_str!("gather.rs"),
    include_str!("prompts.rs"),
    include_str!("record.rs"),
    include_str!("record_callbacks.rs"),
    include_str!("rows.rs"),
    include_str!("streams.rs"),
];

#[test]
fn every_row_that_runs_has_a_test_by_its_name() {
    let names: Vec<&str> = TESTS
        .iter()
        .flat_map(|file| file.lines())
        .filter_map(|line| line.strip_prefix("fn ")?.split('(').next())
        .collect();
    for (dialect, support) in [("twiml", twiml::support()), ("cxml", cxml::support())] {
        for (verb, state, _) in support {
            let name = format!("{dialect}_{}_", verb.to_lowercase());
            let has_one = names.iter().any(|test| test.contains(&name));
            assert_eq!(has_one, *state == "runs", "{dialect} {verb} is {state}");
        }
    }
}

fn refer_transfers_to_its_target(dialect: Dialect) {
    let refer = refer(dialect, "action=\"/done\"");
    assert_eq!(refer.target, "sip:bob@example.com");
    assert_eq!(refer.result, Some(Hook::post("/done")));
}

#[test]
fn twiml_refer_transfers_to_its_target() {
    refer_transfers_to_its_target(Dialect::Twiml);
}

#[test]
fn cxml_refer_transfers_to_its_target() {
    refer_transfers_to_its_target(Dialect::Cxml);
}

fn pause_waits(dialect: Dialect) {
    let Verb::Pause(pause) = step(dialect, "<Pause length=\"2\"/>").verb else {
        panic!()
    };
    assert_eq!(pause.length, Duration::from_secs(2));
}

#[test]
fn twiml_pause_waits() {
    pause_waits(Dialect::Twiml);
}

#[test]
fn cxml_pause_waits() {
    pause_waits(Dialect::Cxml);
}

fn hangup_ends_the_call(dialect: Dialect) {
    let step = step(dialect, "<Hangup/>");
    assert_eq!(step.answering, Answering::Answer);
    assert!(matches!(step.verb, Verb::Hangup(hangup) if hangup.headers.is_empty()));
}

#[test]
fn twiml_hangup_ends_the_call() {
    hangup_ends_the_call(Dialect::Twiml);
}

#[test]
fn cxml_hangup_ends_the_call() {
    hangup_ends_the_call(Dialect::Cxml);
}

fn reject_refuses_the_call(dialect: Dialect) {
    for (attributes, status) in [("", 404), ("reason=\"busy\"", 486)] {
        let step = step(dialect, &format!("<Reject {attributes}/>"));
        assert_eq!(step.answering, Answering::Leave);
        assert!(matches!(step.verb, Verb::Reject(reject) if reject.status == status));
    }
}

#[test]
fn twiml_reject_refuses_the_call() {
    reject_refuses_the_call(Dialect::Twiml);
}

#[test]
fn cxml_reject_refuses_the_call() {
    reject_refuses_the_call(Dialect::Cxml);
}

fn redirect_fetches_another_document(dialect: Dialect) {
    let step = step(dialect, "<Redirect method=\"GET\">/next</Redirect>");
    let Verb::Redirect(redirect) = step.verb else {
        panic!()
    };
    assert_eq!(redirect.hook.url, "/next");
    assert_eq!(redirect.hook.method, HookMethod::Get);
}

#[test]
fn twiml_redirect_fetches_another_document() {
    redirect_fetches_another_document(Dialect::Twiml);
}

#[test]
fn cxml_redirect_fetches_another_document() {
    redirect_fetches_another_document(Dialect::Cxml);
}
