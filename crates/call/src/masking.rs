//! Personal data in logs: enough to tell two parties apart, too little to call them.

use std::fmt::{self, Write};

/// A text that shows with every party masked, for logs.
///
/// Of a user part and of a number all but the last two characters become `…`, and what stands in
/// double quotes (display names, texts of applications and far ends) does so as a whole. URI
/// schemes, hosts and other words stay readable.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(c) = rest.chars().next() {
            let (word, after) = split_while(rest, is_user_information);
            if c == '"' {
                f.write_str("\"…\"")?;
                rest = after_quoted(rest);
            } else if word.is_empty() {
                f.write_char(c)?;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            } else if after.starts_with('@') {
                let (scheme, user) = split_scheme(word);
                f.write_str(scheme)?;
                // Parameters of the user part, and passwords, are not worth showing.
                mask(user.split([';', ':']).next().unwrap_or(user), f)?;
                rest = after;
            } else {
                mask_numbers(word, f)?;
                rest = after;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// What may stand before the `@` of a SIP URI, as the field writes it (RFC 3261 §25.1).
fn is_user_information(c: char) -> bool {
    is_party_character(c)
        || matches!(
            c,
            ';' | ':' | '=' | '&' | '$' | ',' | '/' | '?' | '(' | ')' | '#'
        )
}

fn is_party_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '-' | '_' | '.' | '%' | '~' | '!' | '*' | '\'')
}

fn split_while(text: &str, of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !of(c)).unwrap_or(text.len()))
}

fn split_scheme(word: &str) -> (&str, &str) {
    ["sip:", "sips:", "tel:", "mailto:"]
        .iter()
        .find_map(|known| {
            let (scheme, rest) = word.split_at_checked(known.len())?;
            scheme.eq_ignore_ascii_case(known).then_some((scheme, rest))
        })
        .unwrap_or(("", word))
}

/// What follows the quoted string that the text begins with; nothing when it is not closed.
fn after_quoted(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    let mut escaped = false;
    for c in characters.by_ref() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => break,
            _ => {}
        }
    }
    characters.as_str()
}

fn mask_numbers(word: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = word;
    while !rest.is_empty() {
        let (between, run_on) = split_while(rest, |c| !is_party_character(c));
        let (run, after) = split_while(run_on, is_party_character);
        f.write_str(between)?;
        if looks_like_number(run) {
            mask(run, f)?;
        } else {
            f.write_str(run)?;
        }
        rest = after;
    }
    Ok(())
}

/// Six digits and more (a port has five), and nothing that an address or a host name would have.
fn looks_like_number(run: &str) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    digits >= 6
        && run
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'))
        && run.parse::<std::net::IpAddr>().is_err()
}

/// A URL with `…` in place of what the caller typed or said: a dialect puts it into the query of
/// a GET, and it may be a card number.
pub(crate) fn without_input(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let parameters = query.split('&').map(|parameter| {
        let (name, _) = parameter.split_once('=')?;
        let lowercase = name.to_ascii_lowercase();
        let words = ["digit", "dtmf", "speech", "transcriptiontext", "errorurl"];
        let is_input = words.iter().any(|word| lowercase.contains(word));
        is_input.then(|| format!("{name}=…"))
    });
    let parameters: Vec<String> = parameters
        .zip(query.split('&'))
        .map(|(hidden, parameter)| hidden.unwrap_or_else(|| parameter.to_owned()))
        .collect();
    format!("{path}?{}", parameters.join("&"))
}

/// A spoken text without its numbers: those of six digits and more, also where the digits stand
/// apart so that each is spoken by itself.
pub(crate) fn without_numbers(text: &str) -> String {
    let is_apart = |c: char| matches!(c, ' ' | '-' | ',' | '.' | '/');
    let mut shown = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(begin);
        shown.push_str(before);
        let (run, _) = split_while(from, |c| c.is_ascii_digit() || is_apart(c));
        let run = run.trim_end_matches(is_apart);
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        shown.push_str(if digits >= 6 { "…" } else { run });
        rest = from.get(run.len()..).unwrap_or_default();
    }
    shown + rest
}

fn mask(run: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("…")?;
    let characters = run.chars().count();
    let shown = if characters > 4 { 2 } else { 0 };
    run.chars()
        .skip(characters - shown)
        .try_for_each(|c| f.write_char(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_users_are_masked_and_hosts_are_not() {
        let cases = [
            (
                "sip:+441632960123@carrier.example;user=phone",
                "sip:…23@carrier.example;user=phone",
            ),
            ("tel:+441632960123", "tel:…23"),
            ("<sip:alice@example.com>", "<sip:…ce@example.com>"),
            ("sip:bob@10.0.0.1:5070", "sip:…@10.0.0.1:5070"),
            ("sips:alice;x=y@example.com", "sips:…ce@example.com"),
            ("SIP:alice:secret@example.com", "SIP:…ce@example.com"),
            ("sip:(020)79460000@b.example", "sip:…00@b.example"),
            ("\"Alice \\\"A\\\" B\" <sip:al@b>", "\"…\" <sip:…@b>"),
            ("the target \"alice", "the target \"…\""),
            (
                "accepted the REFER (202): 486 Busy, see tel:+441632960123",
                "accepted the REFER (202): 486 Busy, see tel:…23",
            ),
            ("REFER", "REFER"),
            ("192.168.100.200", "192.168.100.200"),
            ("", ""),
        ];
        for (text, masked) in cases {
            assert_eq!(Masked(text).to_string(), masked);
        }
    }

    #[test]
    fn what_the_caller_typed_or_said_is_not_in_a_url() {
        let url = "http://app/x?From=%2B44&Digits=4111&SpeechResult=my+name&msg=Gather+End&a";
        assert_eq!(
            without_input(url),
            "http://app/x?From=%2B44&Digits=…&SpeechResult=…&msg=Gather+End&a"
        );
        assert_eq!(without_input("http://app/digits"), "http://app/digits");
    }

    #[test]
    fn a_spoken_text_keeps_its_words_and_loses_its_numbers() {
        let cases = [
            ("Press 1 or 2, 3 for help", "Press 1 or 2, 3 for help"),
            ("Card 4111 1111 1111 1111.", "Card …."),
            ("1, 2, 3, 4, 5, 6 is your code", "… is your code"),
            ("Room 12345", "Room 12345"),
            ("", ""),
        ];
        for (text, shown) in cases {
            assert_eq!(without_numbers(text), shown);
        }
    }

    #[test]
    fn debug_output_is_masked_too() {
        assert_eq!(format!("{:?}", Masked("tel:+441632960123")), "\"tel:…23\"");
    }
}
