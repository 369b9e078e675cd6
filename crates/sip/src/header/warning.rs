//! Warning (RFC 3261 section 20.43).

use std::borrow::Cow;

use super::{BadHeader, Name, TypedHeader};
use crate::syntax::unquote;

/// More about what went wrong, with a code of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning<'a> {
    /// Three digits; 3xx concern the session description.
    pub code: u16,
    /// Who says so.
    pub agent: &'a str,
    /// The warning in words.
    pub text: Cow<'a, str>,
}

impl<'a> TypedHeader<'a> for Warning<'a> {
    const NAME: Name<'static> = Name::Warning;
    const LIST: bool = true;

    fn parse(value: &'a str) -> Result<Warning<'a>, BadHeader> {
        let mut parts = value.splitn(3, ' ').map(str::trim);
        let code = parts
            .next()
            .filter(|c| c.len() == 3)
            .and_then(|c| c.parse().ok());
        let (Some(code), Some(agent), Some(text)) = (code, parts.next(), parts.next()) else {
            let problem = "is not a code, an agent and a text";
            return Err(BadHeader::new(Name::Warning, problem, value));
        };
        Ok(Warning {
            code,
            agent,
            text: unquote(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_warnings_may_share_a_line() {
        let mut headers = crate::Headers::default();
        headers.push("Warning", r#"307 isi.edu "No, \"really\"", 399 h "x""#);
        let warnings: Vec<_> = headers
            .typed_list::<Warning>()
            .map(Result::unwrap)
            .collect();
        assert_eq!((warnings[0].code, warnings[0].agent), (307, "isi.edu"));
        assert_eq!(warnings[0].text, "No, \"really\"");
        assert_eq!(warnings[1].code, 399);
        assert!(Warning::parse("399 x").is_err());
    }
}
