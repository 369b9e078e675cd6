//! WWW-Authenticate and Proxy-Authenticate (RFC 3261 sections 20.27 and 20.44, RFC 7616 section
//! 3.3).

use std::borrow::Cow;

use super::Algorithm;
use crate::header::Name;
use crate::headers::Headers;
use crate::syntax::{List, is_token, trim, unquote};

/// What a digest protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// The request line.
    Auth,
    /// The request line and the body.
    AuthInt,
}

impl Qop {
    /// The name as written in headers.
    pub fn name(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }
}

/// A digest challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// The header it came in: WWW-Authenticate or Proxy-Authenticate.
    pub header: Name<'static>,
    /// The protection domain.
    pub realm: Cow<'a, str>,
    /// The server's nonce.
    pub nonce: Cow<'a, str>,
    /// To be given back unchanged.
    pub opaque: Option<Cow<'a, str>>,
    /// MD5 when the challenge names none.
    pub algorithm: Algorithm,
    /// The protection to be used; `None` is the form without qop of RFC 2069.
    pub qop: Option<Qop>,
    /// Whether only the nonce was refused, not the password.
    pub stale: bool,
}

impl<'a> Challenge<'a> {
    /// The challenges in `headers` that can be answered, topmost first. Others are skipped: other
    /// schemes, unknown algorithms, unknown protections, no realm or nonce.
    pub fn all_in(headers: &'a Headers, header: Name<'static>) -> Vec<Challenge<'a>> {
        let mut found = Vec::new();
        for line in headers.get_all(header) {
            // One line may hold several challenges, and parameters are separated by commas too:
            // a challenge begins where a scheme stands before a parameter.
            let mut params: Option<AuthParams<'a>> = None;
            for item in List::new(line) {
                let (scheme, param) = split_scheme(item);
                if let Some(scheme) = scheme {
                    found.extend(
                        params
                            .take()
                            .and_then(|p| Challenge::from_params(header, &p)),
                    );
                    params = Some(AuthParams {
                        scheme,
                        items: Vec::with_capacity(8),
                    });
                }
                if let Some(params) = &mut params {
                    params.add(param);
                }
            }
            found.extend(params.and_then(|p| Challenge::from_params(header, &p)));
        }
        found
    }

    fn from_params(header: Name<'static>, params: &AuthParams<'a>) -> Option<Challenge<'a>> {
        if !params.scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let algorithm = match params.get("algorithm") {
            Some(name) => Algorithm::parse(&name)?,
            None => Algorithm {
                hash: super::Hash::Md5,
                session: false,
            },
        };
        let qop = match params.get("qop") {
            None => None,
            Some(list) => {
                let has = |qop: Qop| {
                    list.split(',')
                        .any(|item| item.trim().eq_ignore_ascii_case(qop.name()))
                };
                Some(
                    [Qop::Auth, Qop::AuthInt]
                        .into_iter()
                        .find(|qop| has(*qop))?,
                )
            }
        };
        Some(Challenge {
            header,
            realm: params.get("realm")?,
            nonce: params.get("nonce")?,
            opaque: params.get("opaque"),
            algorithm,
            qop,
            stale: params
                .get("stale")
                .is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

/// Scheme and parameters of a challenge or of credentials.
pub(super) struct AuthParams<'a> {
    pub(super) scheme: &'a str,
    items: Vec<(&'a str, &'a str)>,
}

impl<'a> AuthParams<'a> {
    /// Reads one set of credentials: a scheme and its parameters.
    pub(super) fn parse(value: &'a str) -> Option<AuthParams<'a>> {
        let (scheme, rest) = trim(value).split_once([' ', '\t'])?;
        let mut params = AuthParams {
            scheme,
            items: Vec::with_capacity(12),
        };
        for item in List::new(rest) {
            params.add(item);
        }
        Some(params)
    }

    fn add(&mut self, item: &'a str) {
        if let Some((name, value)) = item.split_once('=') {
            self.items.push((trim(name), trim(value)));
        }
    }

    /// The first parameter of that name, without quotes.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.items
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| unquote(v))
    }
}

/// `Digest realm="x"` is a scheme and a parameter, `nonce="y"` a parameter alone.
fn split_scheme(item: &str) -> (Option<&str>, &str) {
    let before_value = item.split('=').next().unwrap_or("").trim_end();
    match before_value.split_once([' ', '\t']) {
        Some((scheme, _)) if is_token(scheme) => (
            Some(scheme),
            item.get(scheme.len()..).unwrap_or("").trim_start(),
        ),
        _ => (None, item),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Hash;
    use super::*;

    fn challenges(values: &[&str]) -> Vec<(String, Algorithm)> {
        let mut headers = Headers::default();
        for value in values {
            headers.push(Name::WwwAuthenticate, value);
        }
        Challenge::all_in(&headers, Name::WwwAuthenticate)
            .iter()
            .map(|c| (c.realm.to_string(), c.algorithm))
            .collect()
    }

    const MD5: Algorithm = Algorithm {
        hash: Hash::Md5,
        session: false,
    };

    #[test]
    fn c32_what_is_not_understood_is_skipped() {
        let found = challenges(&[
            r#"Basic realm="basic""#,
            r#"Digest realm="aka", nonce="1", algorithm=AKAv1-MD5"#,
            r#"Digest realm="qop", nonce="1", qop="auth-conf""#,
            r#"Digest realm="no nonce""#,
            r#"Bearer"#,
            r#"dIgEsT Realm="good",nonce="1",x-new="a,b=\"c\"",algorithm="md5""#,
        ]);
        assert_eq!(found, [("good".to_owned(), MD5)]);
    }

    #[test]
    fn several_challenges_may_share_a_line() {
        let line = r#"Digest realm="a, Digest b", nonce="1", qop="auth,auth-int", Basic realm="z",
            Digest nonce = "2" , realm = "c", algorithm=SHA-256-sess"#
            .replace('\n', " ");
        let found = challenges(&[&line]);
        let sha = Algorithm {
            hash: Hash::Sha256,
            session: true,
        };
        assert_eq!(
            found,
            [("a, Digest b".to_owned(), MD5), ("c".to_owned(), sha)]
        );
    }

    #[test]
    fn auth_is_preferred_to_auth_int_and_stale_is_read() {
        let mut headers = Headers::default();
        for (qop, stale) in [("auth-int, AUTH", "TRUE"), ("auth-int", "false")] {
            let value = format!("Digest realm=\"r\",nonce=\"n\",qop=\"{qop}\",stale={stale}");
            headers.push(Name::ProxyAuthenticate, &value);
        }
        let found = Challenge::all_in(&headers, Name::ProxyAuthenticate);
        assert_eq!((found[0].qop, found[0].stale), (Some(Qop::Auth), true));
        assert_eq!((found[1].qop, found[1].stale), (Some(Qop::AuthInt), false));
    }
}
