//! Personal data in logs: enough to tell two parties apart, too little to call them.

use std::fmt;

/// A text that shows with every party masked, for logs.
///
/// In each run of characters that can make up a number, a user name or a host's user part, all but
/// the last two characters become `…`; URI schemes, hosts and short words stay readable.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while !rest.is_empty() {
            let start = rest.find(is_party_character).unwrap_or(rest.len());
            let (before, run_on) = rest.split_at(start);
            f.write_str(before)?;
            let end = run_on
                .find(|c| !is_party_character(c))
                .unwrap_or(run_on.len());
            let (run, after) = run_on.split_at(end);
            if after.starts_with('@') || looks_like_number(run) {
                mask(run, f)?;
            } else {
                f.write_str(run)?;
            }
            rest = after;
        }
        Ok(())
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

fn is_party_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '-' | '_' | '.' | '%' | '~' | '!' | '*' | '\'')
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

fn mask(run: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("…")?;
    let characters = run.chars().count();
    let shown = if characters > 4 { 2 } else { 0 };
    run.chars()
        .skip(characters - shown)
        .try_for_each(|c| fmt::Write::write_char(f, c))
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
            ("REFER", "REFER"),
            ("192.168.100.200", "192.168.100.200"),
            ("", ""),
        ];
        for (text, masked) in cases {
            assert_eq!(Masked(text).to_string(), masked);
        }
    }

    #[test]
    fn debug_output_is_masked_too() {
        assert_eq!(format!("{:?}", Masked("tel:+441632960123")), "\"tel:…23\"");
    }
}
