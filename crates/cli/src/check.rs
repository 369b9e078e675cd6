//! `hookflash check`: is this call document valid, and if not, where?

use std::fmt::Write as _;
use std::path::Path;

use hookflash_dialects::{Dialect, Document};
use hookflash_program::{Diagnostic, Severity, Step, Verb};

/// What a check found.
pub(crate) struct Checked {
    /// What goes to standard output.
    pub(crate) report: String,
    /// Whether the vendor would refuse to run the document.
    pub(crate) failed: bool,
}

/// Checks the bytes of a document. Without a dialect it is guessed from what the document looks
/// like.
pub(crate) fn check(path: &Path, bytes: &[u8], dialect: Option<Dialect>) -> Checked {
    let dialect = dialect.unwrap_or_else(|| guess(bytes));
    let document = Document {
        body: bytes,
        content_type: None,
        first: true,
    };
    let (diagnostics, verbs) = match dialect.parse(document) {
        Ok(program) => {
            let mut remarks = program.warnings;
            remarks.extend(program.steps.iter().filter_map(unrunnable));
            remarks.sort_by_key(|remark| (remark.position.line, remark.position.column));
            (remarks, Some(program.steps.len()))
        }
        Err(error) => (error.diagnostics, None),
    };
    let source = String::from_utf8_lossy(bytes);
    let mut report = String::new();
    for diagnostic in &diagnostics {
        describe(&mut report, path, &source, diagnostic);
    }
    let errors = diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count();
    let warnings = diagnostics.len() - errors;
    let name = path.display();
    let _ = match verbs {
        Some(verbs) if warnings == 0 => writeln!(report, "{name}: valid {dialect}, verbs: {verbs}"),
        Some(verbs) => writeln!(
            report,
            "{name}: {dialect} that runs with remarks, verbs: {verbs}, warnings: {warnings}"
        ),
        None => writeln!(
            report,
            "{name}: invalid {dialect}, errors: {errors}, warnings: {warnings}"
        ),
    };
    Checked {
        report,
        failed: verbs.is_none(),
    }
}

/// What is valid and will not run here is better known before the first call.
fn unrunnable(step: &Step) -> Option<Diagnostic> {
    let Verb::Unrunnable(unrunnable) = &step.verb else {
        return None;
    };
    Some(Diagnostic {
        severity: Severity::Warning,
        code: unrunnable.code.clone(),
        message: format!("`{}` is valid, and this server does not run it", step.name),
        help: Some(unrunnable.reason.clone()),
        position: step.position,
    })
}

/// The dialect that a document most likely is: JSON is jambonz, XML with BXML's own element
/// names is BXML, any other XML TwiML.
fn guess(bytes: &[u8]) -> Dialect {
    const BXML_ONLY: [&str; 8] = [
        "<Bxml",
        "<SipUri",
        "referCompleteUrl",
        "<SpeakSentence",
        "<PlayAudio",
        "<Transfer",
        "redirectUrl",
        "<Forward",
    ];
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['[', '{']) {
        Dialect::Jambonz
    } else if BXML_ONLY.iter().any(|mark| text.contains(mark)) {
        Dialect::Bxml
    } else {
        Dialect::Twiml
    }
}

/// One remark in the manner of a compiler, with the offending line and a caret below it.
fn describe(report: &mut String, path: &Path, source: &str, diagnostic: &Diagnostic) {
    let word = match diagnostic.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let position = diagnostic.position;
    let _ = writeln!(
        report,
        "{}:{}: {word}[{}]: {}",
        path.display(),
        position,
        diagnostic.code,
        diagnostic.message
    );
    let line = (position.line as usize)
        .checked_sub(1)
        .and_then(|index| source.lines().nth(index));
    if let Some(line) = line {
        let shown: String = line
            .chars()
            .take(160)
            // A document must not steer the terminal.
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let number = position.line.to_string();
        let _ = writeln!(report, " {number} | {shown}");
        let before = position.column.saturating_sub(1).min(160) as usize;
        let _ = writeln!(
            report,
            " {:width$} | {:before$}^",
            "",
            "",
            width = number.len()
        );
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(report, "   help: {help}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, text: &str) -> Checked {
        check(Path::new(name), text.as_bytes(), None)
    }

    #[test]
    fn a_clean_document_is_counted_and_passes() {
        let checked = run(
            "a.xml",
            "<Response><Refer><Sip>sip:a@example.com</Sip></Refer></Response>",
        );
        assert!(!checked.failed, "{}", checked.report);
        assert!(
            checked.report.contains("valid twiml, verbs: 1"),
            "{}",
            checked.report
        );
    }

    #[test]
    fn an_error_names_file_line_column_and_shows_the_line() {
        let checked = run("b.xml", "<Response>\n  <Refer>\n</Response>");
        assert!(checked.failed);
        assert!(checked.report.contains("b.xml:3:"), "{}", checked.report);
        assert!(
            checked.report.contains("error[12100]"),
            "{}",
            checked.report
        );
        assert!(
            checked.report.contains("3 | </Response>"),
            "{}",
            checked.report
        );
    }

    #[test]
    fn a_line_is_shown_without_what_would_steer_the_terminal() {
        let checked = run("e.xml", "<Response>\u{1b}[2J<Refer></Response>");
        assert!(checked.failed && !checked.report.contains('\u{1b}'));
        assert!(
            checked.report.contains("1 | <Response> [2J"),
            "{}",
            checked.report
        );
    }

    #[test]
    fn a_twiml_warning_does_not_fail_and_a_bxml_one_does() {
        let unknown = "<Response><Hangup colour=\"red\"/></Response>";
        let twiml = check(Path::new("c"), unknown.as_bytes(), Some(Dialect::Twiml));
        assert!(
            !twiml.failed && twiml.report.contains("warning[12200]"),
            "{}",
            twiml.report
        );
        let bxml = check(Path::new("c"), unknown.as_bytes(), Some(Dialect::Bxml));
        assert!(
            bxml.failed && bxml.report.contains("error[invalid-bxml]"),
            "{}",
            bxml.report
        );
    }

    #[test]
    fn a_valid_verb_that_does_not_run_here_is_a_warning_with_its_reason() {
        let document = "<Response>\n  <Dial>+15550001111</Dial>\n  <Hangup/>\n</Response>";
        let checked = run("dial.xml", document);
        assert!(!checked.failed, "{}", checked.report);
        for part in [
            "dial.xml:2:3: warning[",
            "`Dial` is valid, and this server does not run it",
            "help: ",
            "verbs: 2, warnings: 1",
        ] {
            assert!(checked.report.contains(part), "{part}: {}", checked.report);
        }
    }

    #[test]
    fn the_dialect_is_guessed_from_the_look_of_the_document() {
        assert_eq!(guess(b" [{\"verb\":\"hangup\"}]"), Dialect::Jambonz);
        assert_eq!(guess(b"<Bxml><Hangup/></Bxml>"), Dialect::Bxml);
        assert_eq!(guess(b"<Response><Hangup/></Response>"), Dialect::Twiml);
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_and_no_panic() {
        let checked = check(Path::new("d"), &[0xff, 0xfe, 0, 1, 2], Some(Dialect::Twiml));
        assert!(checked.failed);
    }
}
