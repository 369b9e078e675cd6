//! Keys that come as SIP INFO: `application/dtmf-relay` as Cisco defined it, and the bare
//! `application/dtmf`.

use hookflash_sip::{Method, Name, Request};

/// The key that a request of the peer tells of.
pub(crate) fn key(request: &Request) -> Option<char> {
    if *request.method() != Method::Info {
        return None;
    }
    let content_type = request.headers().get(Name::ContentType)?;
    let media_type = content_type.split(';').next()?.trim();
    let body = std::str::from_utf8(request.body()).ok()?;
    let signal = if media_type.eq_ignore_ascii_case("application/dtmf-relay") {
        body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("Signal").then_some(value)
        })?
    } else if media_type.eq_ignore_ascii_case("application/dtmf") {
        body
    } else {
        return None;
    };
    named(signal.trim())
}

/// A key by its sign or by its telephone-event number (RFC 4733 §3.2).
fn named(signal: &str) -> Option<char> {
    match signal {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut characters = signal.chars();
    let key = characters.next()?.to_ascii_uppercase();
    let is_key = key.is_ascii_digit() || matches!(key, '*' | '#' | 'A'..='D');
    (is_key && characters.next().is_none()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_by_sign_or_number() {
        let cases = [
            ("5", Some('5')),
            ("*", Some('*')),
            ("10", Some('*')),
            ("11", Some('#')),
            ("b", Some('B')),
            ("12", None),
            ("", None),
            ("é", None),
        ];
        for (signal, key) in cases {
            assert_eq!(named(signal), key, "{signal:?}");
        }
    }
}
