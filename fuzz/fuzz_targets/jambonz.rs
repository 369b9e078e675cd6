//! jambonz documents: never a panic, errors with a place, and no header that a document gives
//! can leave its line.

#![no_main]

use hookflash_dialects::{Dialect, Document};
use hookflash_program::Verb;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let lines = body.split(|byte| *byte == b'\n').count();
    for first in [true, false] {
        match Dialect::Jambonz.parse(Document {
            body,
            content_type: None,
            first,
        }) {
            Ok(program) => {
                assert!(!first || !program.steps.is_empty());
                for step in &program.steps {
                    assert!((1..=lines).contains(&(step.position.line as usize)));
                    for (name, value) in headers(&step.verb) {
                        assert!(!name.is_empty() && !name.contains([':', '\r', '\n']));
                        assert!(!value.contains(['\r', '\n', '\0']));
                    }
                }
            }
            Err(error) => {
                assert_eq!(error.code(), "invalid-app-payload");
                for diagnostic in &error.diagnostics {
                    assert!((1..=lines).contains(&(diagnostic.position.line as usize)));
                    assert!(diagnostic.position.column > 0);
                }
            }
        }
    }
});

fn headers(verb: &Verb) -> &[(String, String)] {
    match verb {
        Verb::Refer(refer) => &refer.headers,
        Verb::Hangup(hangup) => &hangup.headers,
        Verb::Decline(decline) => &decline.headers,
        Verb::SipRequest(request) => &request.headers,
        _ => &[],
    }
}
