//! Fields of forms and queries, as they come in.

use std::fmt;

use percent_encoding::percent_decode;

/// The most fields that are read.
const MOST_FIELDS: usize = 1000;

/// Why fields cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadForm {
    /// A name or a value is not UTF-8.
    NotUtf8,
    /// There are too many.
    TooMany,
}

impl fmt::Display for BadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadForm::NotUtf8 => f.write_str("a field is not UTF-8"),
            BadForm::TooMany => write!(f, "there are more than {MOST_FIELDS} fields"),
        }
    }
}

impl std::error::Error for BadForm {}

/// Decodes `application/x-www-form-urlencoded`, in the body of a request or the query of a URL.
/// Order and repeated names are kept; a `%` that begins no escape stands for itself.
///
/// # Errors
/// When it is not UTF-8, or too long.
pub fn form_fields(text: &[u8]) -> Result<Vec<(String, String)>, BadForm> {
    let mut fields = Vec::new();
    for pair in text.split(|byte| *byte == b'&') {
        if pair.is_empty() {
            continue;
        }
        if fields.len() == MOST_FIELDS {
            return Err(BadForm::TooMany);
        }
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(parts.next().unwrap_or_default())?;
        let value = decoded(parts.next().unwrap_or_default())?;
        fields.push((name, value));
    }
    Ok(fields)
}

/// A field without the blanks around it; the last one of its name counts, and a blank one is as
/// good as none.
pub(crate) fn given<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = fields.iter().rev();
    let (_, value) = values.find(|(field, _)| field == name)?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

fn decoded(part: &[u8]) -> Result<String, BadForm> {
    let spaced: Vec<u8> = part
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    String::from_utf8(percent_decode(&spaced).collect()).map_err(|_| BadForm::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_their_repeats() {
        let fields = form_fields(b"To=%2B1+555&Event=a&Event=b&Twiml=%3CResponse%2F%3E&=x&flag&&");
        let fields = fields.unwrap();
        let fields: Vec<_> = fields
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let wanted = [
            ("To", "+1 555"),
            ("Event", "a"),
            ("Event", "b"),
            ("Twiml", "<Response/>"),
            ("", "x"),
            ("flag", ""),
        ];
        assert_eq!(fields, wanted);
        assert_eq!(form_fields(b""), Ok(Vec::new()));
    }

    #[test]
    fn what_was_encoded_comes_back() {
        let fields = vec![("Ä&=".to_owned(), "a+b c%\r\n€".to_owned())];
        let text = crate::laml::form::encode(&fields);
        assert_eq!(form_fields(text.as_bytes()), Ok(fields));
    }

    #[test]
    fn a_percent_sign_without_digits_stands_for_itself() {
        let fields = form_fields(b"a=100%&b=%zz&c=%4").unwrap();
        let values: Vec<_> = fields.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["100%", "%zz", "%4"]);
    }

    #[test]
    fn what_is_not_utf_8_or_too_much_is_refused() {
        assert_eq!(form_fields(b"a=%ff"), Err(BadForm::NotUtf8));
        assert_eq!(form_fields(b"\xff=a"), Err(BadForm::NotUtf8));
        assert!(form_fields("a&".repeat(1000).as_bytes()).is_ok());
        let many = "a&".repeat(1001);
        assert_eq!(form_fields(many.as_bytes()), Err(BadForm::TooMany));
    }
}
