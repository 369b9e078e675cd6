//! A call as a ladder diagram for the terminal: the phone, this server, the application.

use std::fmt::Write;

use crate::journal::{Entry, What};
use crate::line::Line;
use crate::record::{CallRecord, TransferRecord};
use crate::view::method_word;

/// Characters between two of the three columns.
const GAP: usize = 34;
/// Where the first column stands.
const FIRST: usize = 11;

/// The ladder of a call as it stands, with time since its beginning in seconds, and the verdict on
/// each of its transfers. Lines end with a line feed.
pub fn ladder(record: &CallRecord) -> String {
    let mut text = String::new();
    let title = format!("{:>FIRST$}{:GAP$}{:GAP$}", "", "phone", "hookflash");
    line(&mut text, &format!("{title}application"));
    record.entries(|entries| {
        let mut asked = Vec::new();
        for entry in entries {
            if let What::Asked { purpose, .. } = &entry.what {
                asked.push((entry.at, &**purpose));
            }
            if let Some(row) = row_of(entry, &asked) {
                line(&mut text, &row);
            }
        }
    });
    record.transfers(|transfers| {
        for transfer in transfers {
            line(&mut text, "");
            wrap(&mut text, &verdict_on(transfer), 96);
        }
    });
    text
}

/// The row of an entry that has one. `asked` are the requests so far, when and what for.
fn row_of(entry: &Entry, asked: &[(u32, &str)]) -> Option<String> {
    let at = format!("{:>9.3}", entry.since_start().as_secs_f64());
    Some(match &entry.what {
        What::Sip(message) => {
            let note = message.note().unwrap_or_default();
            let note = note.strip_prefix("SIP/2.0 ").unwrap_or(note);
            let label = format!("{} {note}", message.summary());
            row(&at, &arrow(label.trim_end(), !message.sent), &blank())
        }
        What::Asked {
            purpose,
            method,
            url,
            ..
        } => {
            let label = format!("{} {} ({purpose})", method_word(*method, url), path(url));
            row(&at, &blank(), &arrow(&label, true))
        }
        What::Replied { number, status, .. } => {
            let label = match asked.get(usize::from(*number)) {
                Some((since, purpose)) => {
                    let took = entry.at.saturating_sub(*since);
                    format!("{status} ({purpose}, {took} ms)")
                }
                None => status.to_string(),
            };
            row(&at, &blank(), &arrow(&label, false))
        }
        What::Unanswered { failure, .. } => {
            row(&at, &blank(), &remark(&format!("✗ {}", failure.1.message)))
        }
        What::VerbDone(_)
        | What::TransferBegan { .. }
        | What::TransferProgress { .. }
        | What::Ringing
        | What::Answered => return None,
        other => {
            let summary = Line::of(other).summary;
            row(&at, &blank(), &remark(&format!("● {summary}")))
        }
    })
}

fn verdict_on(transfer: &TransferRecord) -> String {
    let amended = transfer
        .amendment
        .as_ref()
        .map(|amendment| &amendment.verdict);
    let verdict = amended.or(transfer.result.as_ref().map(|result| &result.verdict));
    let verdict = verdict.map_or("The transfer is under way.", String::as_str);
    format!("Transfer to {}: {verdict}", transfer.target)
}

fn line(text: &mut String, content: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{}", content.trim_end());
}

fn row(at: &str, left: &str, right: &str) -> String {
    if right.starts_with('●') || right.starts_with('✗') {
        return format!("{at}  │{left}{right}");
    }
    format!("{at}  │{left}│{right}│")
}

fn blank() -> String {
    " ".repeat(GAP - 1)
}

/// A remark at the middle column; it runs on to the right.
fn remark(text: &str) -> String {
    let (mark, words) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    format!("{mark}{}", shorten(words, 70))
}

/// A labelled arrow that fills the space between two columns.
fn arrow(label: &str, to_the_right: bool) -> String {
    let label = shorten(label, GAP - 7);
    let used = label.chars().count() + 2;
    let rest = "─".repeat((GAP - 2).saturating_sub(used + 2));
    if to_the_right {
        format!("── {label} {rest}>")
    } else {
        format!("<{rest} {label} ──")
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The path of a URL; its host says nothing that the column does not.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    path.split('?').next().unwrap_or(path)
}

fn wrap(text: &mut String, words: &str, width: usize) {
    let mut row = String::from(" ");
    for word in words.split_whitespace() {
        if row.chars().count() + 1 + word.chars().count() > width && row.len() > 2 {
            line(text, &row);
            row = String::from("   ");
        }
        row.push(' ');
        row.push_str(word);
    }
    line(text, &row);
}
