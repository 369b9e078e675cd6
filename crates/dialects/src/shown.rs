//! What a document holds, made fit for a message that people read on a terminal or in a log.

/// So much of it is shown.
const MOST: usize = 60;

/// A short piece of a document on one line, its control characters written out.
pub(crate) fn shown(text: &str) -> String {
    let start = text
        .char_indices()
        .nth(MOST)
        .and_then(|(end, _)| text.get(..end));
    match start {
        Some(start) => format!("{}…", on_one_line(start)),
        None => on_one_line(text),
    }
}

/// The same text with its control characters written out.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => out.extend(character.escape_debug()),
            false => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_long_text_is_cut_between_characters_and_no_control_character_gets_out() {
        assert_eq!(shown(&"é".repeat(60)), "é".repeat(60));
        assert_eq!(shown(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
        assert_eq!(shown("a\r\n\u{1b}[2J\u{9b}"), r"a\r\n\u{1b}[2J\u{9b}");
    }
}
