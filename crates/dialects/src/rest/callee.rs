//! The party that an API asks to call.
//!
//! Header fields in a SIP URI become fields of the INVITE (RFC 3261 §19.1.5); those that an
//! application may set are the ones of Twilio's and SignalWire's page on `Sip`.

use percent_encoding::percent_decode_str;

use crate::shown::shown;

/// The longest URI, headers included.
const LONGEST_URI: usize = 2048;

/// The most that headers of a URI may come to.
const LONGEST_HEADERS: usize = 1024;

/// The longest number. Longer ones are no numbers of any network.
const LONGEST_NUMBER: usize = 32;

/// Headers beside `X-…` that a URI may give.
const HEADERS: [&str; 5] = [
    "User-to-User",
    "Remote-Party-ID",
    "P-Preferred-Identity",
    "P-Called-Party-ID",
    "Diversion",
];

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callee {
    /// A number, or a URI without its headers.
    pub(crate) to: String,
    /// What the URI's headers ask to be put into the INVITE.
    pub(crate) headers: Vec<(String, String)>,
}

/// Reads a number or a `sip:`, `sips:` or `tel:` URI.
///
/// # Errors
/// A sentence on what is wrong with it.
pub(crate) fn callee(written: &str) -> Result<Callee, String> {
    let written = written.trim();
    if let Some(number) = number(written) {
        return Ok(Callee {
            to: number,
            headers: Vec::new(),
        });
    }
    let wanted = "give a number such as +15551234567, or a sip:, sips: or tel: URI";
    let (scheme, rest) = written
        .split_once(':')
        .ok_or_else(|| format!("`{}` cannot be called; {wanted}", shown(written)))?;
    if !["sip", "sips", "tel"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
    {
        return Err(format!("`{}` cannot be called; {wanted}", shown(written)));
    }
    let unfit = |c: char| c.is_whitespace() || c.is_control() || "<>\"".contains(c);
    if let Some(found) = written.chars().find(|c| unfit(*c)) {
        let found = found.escape_debug();
        return Err(format!("the URI holds `{found}`; escape it with %"));
    }
    if written.len() > LONGEST_URI {
        return Err(format!("the URI has more than {LONGEST_URI} characters"));
    }
    let (uri, headers) = written.split_once('?').unwrap_or((written, ""));
    let of_uri = rest.split('?').next().unwrap_or_default();
    let is_whole = match scheme.eq_ignore_ascii_case("tel") {
        true => is_number(of_uri.split(';').next().unwrap_or_default()),
        false => host(of_uri).is_some_and(is_host),
    };
    if !is_whole {
        return Err(format!("`{}` names nobody; {wanted}", shown(uri)));
    }
    Ok(Callee {
        to: uri.to_owned(),
        headers: uri_headers(headers)?,
    })
}

/// The host of what follows the scheme of a SIP URI, with its port.
fn host(rest: &str) -> Option<&str> {
    let host = match rest.rsplit_once('@') {
        Some(("", _)) => return None,
        Some((_, host)) => host,
        None => rest,
    };
    host.split(';').next()
}

fn is_host(host: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    !host.is_empty() && host.chars().all(is_part)
}

/// A number without what people put between its digits; `None` when it is none.
pub(crate) fn number(written: &str) -> Option<String> {
    let number: String = written.chars().filter(|c| !" -.()".contains(*c)).collect();
    is_number(&number).then_some(number)
}

/// Whether this is a number that a telephone could dial.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_key = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
    (1..=LONGEST_NUMBER).contains(&digits.len()) && digits.bytes().all(is_key)
}

fn uri_headers(written: &str) -> Result<Vec<(String, String)>, String> {
    if written.len() > LONGEST_HEADERS {
        return Err(format!(
            "the headers of the URI have more than {LONGEST_HEADERS} characters"
        ));
    }
    let mut headers = Vec::new();
    for pair in written.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_custom = name
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("x-"));
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
        let known = HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !(known || (is_custom && name.chars().all(is_token))) {
            return Err(format!(
                "the header `{}` of the URI cannot be set; X-… can, and {}",
                shown(name),
                HEADERS.join(", ")
            ));
        }
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| format!("the header `{}` of the URI is not UTF-8", shown(name)))?;
        if value.contains(char::is_control) {
            return Err(format!(
                "the header `{}` of the URI holds a control character",
                shown(name)
            ));
        }
        headers.push((name.to_owned(), value.into_owned()));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_what_people_put_between_their_digits() {
        for (written, wanted) in [
            ("+1 (555) 123-4567", "+15551234567"),
            ("2000", "2000"),
            ("*97#", "*97#"),
        ] {
            assert_eq!(callee(written).unwrap().to, wanted);
        }
    }

    #[test]
    fn a_uri_stays_as_it_is_and_its_headers_become_fields() {
        let read = callee(
            "sip:Bob%20B@b.example:5070;transport=tcp?X-Foo=1%3B2&User-to-User=a%3Bencoding%3Dhex",
        )
        .unwrap();
        assert_eq!(read.to, "sip:Bob%20B@b.example:5070;transport=tcp");
        assert_eq!(
            read.headers,
            [
                ("X-Foo".to_owned(), "1;2".to_owned()),
                ("User-to-User".to_owned(), "a;encoding=hex".to_owned()),
            ]
        );
        assert_eq!(callee("sip:[::1]:5060").unwrap().to, "sip:[::1]:5060");
        assert_eq!(
            callee("tel:+15551234567;ext=1").unwrap().to,
            "tel:+15551234567;ext=1"
        );
    }

    #[test]
    fn what_cannot_be_called_is_named() {
        for (written, named) in [
            ("", "cannot be called"),
            ("bob", "cannot be called"),
            ("client:bob", "cannot be called"),
            ("https://b.example", "cannot be called"),
            ("sip:", "names nobody"),
            ("sip:@b", "names nobody"),
            ("sip:bob@", "names nobody"),
            ("tel:bob", "names nobody"),
            ("sip:a b@c", "holds ` `"),
            ("sip:a@b\r\nX: y", "holds `\\r`"),
            ("sip:a@b>", "holds `>`"),
            ("sip:a@b?Via=x", "`Via`"),
            ("sip:a@b?X-A=%0d%0aVia:x", "control character"),
            ("sip:a@b?X-A=%ff", "not UTF-8"),
            ("sip:a@b?X-A:B=1", "`X-A:B`"),
            ("+", "cannot be called"),
        ] {
            let error = callee(written).unwrap_err();
            assert!(error.contains(named), "{written}: {error}");
        }
        assert!(callee(&format!("sip:a@b?X-A={}", "1".repeat(1024))).is_err());
        assert!(callee(&format!("sip:{}@b", "1".repeat(2048))).is_err());
        assert!(callee(&"1".repeat(33)).is_err());
    }
}
