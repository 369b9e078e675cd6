//! Authorization and Proxy-Authorization (RFC 3261 sections 20.7 and 20.28, RFC 7616 section 3.4).

use std::borrow::Cow;
use std::fmt::Write;

use super::challenge::AuthParams;
use super::{Algorithm, Hash, Qop};
use crate::syntax::quote;

/// A digest response: the parameters of an Authorization header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestResponse<'a> {
    /// The user's name.
    pub username: Cow<'a, str>,
    /// The protection domain.
    pub realm: Cow<'a, str>,
    /// The server's nonce.
    pub nonce: Cow<'a, str>,
    /// The URI that the proof is for.
    pub uri: Cow<'a, str>,
    /// The proof.
    pub response: Cow<'a, str>,
    /// MD5 when not named.
    pub algorithm: Algorithm,
    /// What is protected, and how often the nonce was used, as eight hexadecimal digits.
    pub qop: Option<(Qop, Cow<'a, str>)>,
    /// The client's nonce.
    pub cnonce: Option<Cow<'a, str>>,
    /// Given back as the server gave it.
    pub opaque: Option<Cow<'a, str>>,
}

impl<'a> DigestResponse<'a> {
    /// Reads the value of an Authorization header; `None` when it is not a complete digest
    /// response that can be checked.
    pub fn parse(value: &'a str) -> Option<DigestResponse<'a>> {
        let params = AuthParams::parse(value)?;
        if !params.scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let algorithm = match params.get("algorithm") {
            Some(name) => Algorithm::parse(&name)?,
            None => Algorithm {
                hash: Hash::Md5,
                session: false,
            },
        };
        let qop = match params.get("qop") {
            None => None,
            Some(name) => {
                let known = [Qop::Auth, Qop::AuthInt];
                let qop = known
                    .into_iter()
                    .find(|qop| qop.name().eq_ignore_ascii_case(&name))?;
                Some((qop, params.get("nc")?))
            }
        };
        Some(DigestResponse {
            username: params.get("username")?,
            realm: params.get("realm")?,
            nonce: params.get("nonce")?,
            uri: params.get("uri")?,
            response: params.get("response")?,
            algorithm,
            qop,
            cnonce: params.get("cnonce"),
            opaque: params.get("opaque"),
        })
    }

    /// The value of the Authorization header.
    pub fn to_header(&self) -> String {
        let mut value = String::with_capacity(384);
        let quoted = [
            ("username", Some(&self.username)),
            ("realm", Some(&self.realm)),
            ("nonce", Some(&self.nonce)),
            ("uri", Some(&self.uri)),
            ("response", Some(&self.response)),
            ("cnonce", self.cnonce.as_ref()),
            ("opaque", self.opaque.as_ref()),
        ];
        // Writing to a String cannot fail.
        value.push_str("Digest ");
        for (name, text) in quoted {
            if let Some(text) = text {
                let _ = write!(value, "{name}={}, ", quote(text));
            }
        }
        let _ = write!(value, "algorithm={}", self.algorithm.name());
        if let Some((qop, count)) = &self.qop {
            let _ = write!(value, ", qop={}, nc={count}", qop.name());
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let response = DigestResponse {
            username: r#"al"ice\"#.into(),
            realm: "a, b".into(),
            nonce: "n".into(),
            uri: "sip:h;x=\"1\"".into(),
            response: "00ff".into(),
            algorithm: Algorithm {
                hash: Hash::Sha512Trunc256,
                session: true,
            },
            qop: Some((Qop::AuthInt, "00000001".into())),
            cnonce: Some("c".into()),
            opaque: Some("".into()),
        };
        assert_eq!(DigestResponse::parse(&response.to_header()), Some(response));
    }

    #[test]
    fn incomplete_ones_are_not_read() {
        for value in [
            "",
            "Digest",
            "Basic dXNlcg==",
            "Digest username=\"a\", realm=\"b\"",
        ] {
            assert_eq!(DigestResponse::parse(value), None);
        }
    }
}
