//! BXML documents: never a panic; every error has a place inside the document and a word.

#![no_main]

use hookflash_dialects::{Dialect, Document};
use hookflash_program::Severity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let lines = body.split(|byte| *byte == b'\n').count();
    match Dialect::Bxml.parse(Document {
        body,
        content_type: None,
        first: true,
    }) {
        Ok(program) => {
            for warning in &program.warnings {
                assert_eq!(warning.severity, Severity::Warning);
                assert!((1..=lines).contains(&(warning.position.line as usize)));
            }
            for step in &program.steps {
                assert!(!step.name.is_empty());
                assert!((1..=lines).contains(&(step.position.line as usize)));
            }
        }
        Err(error) => {
            assert_eq!(error.code(), "invalid-bxml");
            for diagnostic in &error.diagnostics {
                assert!((1..=lines).contains(&(diagnostic.position.line as usize)));
                assert!(diagnostic.position.column > 0);
            }
        }
    }
});
