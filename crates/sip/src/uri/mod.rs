//! SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966), kept byte for byte.

mod compare;
mod escape;
mod parse;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

pub(crate) use parse::{host_ip, host_port};

pub use escape::{escape_header, escape_param, escape_user, unescape};

use crate::headers::Span;
use crate::syntax::{Param, Params};

/// The schemes this program can call, and all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Anything else; such a URI is kept but not looked into.
    Other,
}

/// A URI together with the places of its parts. The text is never changed.
///
/// `Uri` owns its text; [`UriRef`] borrows it. Parsing forgives what the field sends (characters
/// that ought to be escaped, for one); [`Uri::parse_target`] does not.
#[derive(Clone, Copy)]
pub struct Uri<T = Box<str>> {
    text: T,
    parts: Parts,
}

/// A URI inside a longer text.
pub type UriRef<'a> = Uri<&'a str>;

#[derive(Clone, Copy, Debug)]
struct Parts {
    scheme: Scheme,
    user: Option<Span>,
    password: Option<Span>,
    host: Span,
    port: Option<u16>,
    params: Span,
    headers: Span,
}

/// Why a text is no URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadUri {
    /// What is wrong, for a person.
    pub problem: &'static str,
    /// The offending text.
    pub text: String,
}

impl fmt::Display for BadUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a usable URI: {}", self.problem)
    }
}

impl std::error::Error for BadUri {}

impl Uri {
    /// Reads a URI, forgiving unescaped characters as long as the structure is clear.
    pub fn parse(text: &str) -> Result<Uri, BadUri> {
        Ok(UriRef::borrowed(text)?.to_owned())
    }

    /// Reads a URI that is to be called: `sip:`, `sips:` or `tel:`, with a destination and with
    /// nothing in it that RFC 3261 section 25.1 or RFC 3966 section 3 would not allow.
    pub fn parse_target(text: &str) -> Result<Uri, BadUri> {
        let uri = UriRef::borrowed(text)?;
        uri.check_target().map_err(|problem| BadUri {
            problem,
            text: text.to_owned(),
        })?;
        Ok(uri.to_owned())
    }
}

impl<'a> Uri<&'a str> {
    /// Reads a URI without copying it; as forgiving as [`Uri::parse`].
    pub fn borrowed(text: &'a str) -> Result<UriRef<'a>, BadUri> {
        match parse::parts(text) {
            Ok(parts) => Ok(Uri { text, parts }),
            Err(problem) => Err(BadUri {
                problem,
                text: text.to_owned(),
            }),
        }
    }
}

impl<T: AsRef<str>> Uri<T> {
    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        self.text.as_ref()
    }

    /// A copy that owns its text.
    pub fn to_owned(&self) -> Uri {
        Uri {
            text: self.as_str().into(),
            parts: self.parts,
        }
    }

    /// The same URI, borrowed.
    pub fn as_ref(&self) -> UriRef<'_> {
        Uri {
            text: self.as_str(),
            parts: self.parts,
        }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.parts.scheme
    }

    /// The scheme as it was written.
    pub fn scheme_text(&self) -> &str {
        self.as_str().split(':').next().unwrap_or("")
    }

    /// The user part as written, without password; the number of a tel URI.
    pub fn user(&self) -> Option<&str> {
        self.parts.user.map(|span| span.of(self.as_str()))
    }

    /// The user part with escapes undone.
    pub fn user_text(&self) -> Option<Cow<'_, str>> {
        self.user().map(unescape)
    }

    /// The password, an old habit that RFC 3261 advises against.
    pub fn password(&self) -> Option<&str> {
        self.parts.password.map(|span| span.of(self.as_str()))
    }

    /// The host as written, IPv6 addresses with their brackets; empty for schemes without one.
    pub fn host(&self) -> &str {
        self.parts.host.of(self.as_str())
    }

    /// The host when it is an IP address.
    pub fn host_ip(&self) -> Option<IpAddr> {
        parse::host_ip(self.host())
    }

    /// The port, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The URI's own parameters, as written.
    pub fn params(&self) -> Params<'_> {
        Params::new(self.parts.params.of(self.as_str()))
    }

    /// A URI parameter as written; empty when it has no value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().get(name)
    }

    /// The header part as written, without its question mark; empty when there is none.
    pub fn header_part(&self) -> &str {
        self.parts.headers.of(self.as_str())
    }

    /// Names and values of the header part, as written (still escaped).
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header_part()
            .split('&')
            .filter(|item| !item.is_empty())
            .map(|item| item.split_once('=').unwrap_or((item, "")))
    }

    /// The unescaped value of a header in the header part.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers()
            .find(|(n, _)| unescape(n).eq_ignore_ascii_case(name))
            .map(|(_, v)| unescape(v))
    }

    /// The URI without its header part: what may stand in a request line (RFC 3261 section
    /// 19.1.5).
    pub fn without_headers(&self) -> &str {
        match self.parts.headers {
            Span { start: 0, .. } => self.as_str(),
            span => self.as_str().get(..span.start as usize - 1).unwrap_or(""),
        }
    }

    /// Whether both name the same resource (RFC 3261 section 19.1.4, RFC 3966 section 4).
    pub fn is_equivalent<U: AsRef<str>>(&self, other: &Uri<U>) -> bool {
        compare::equivalent(self.as_ref(), other.as_ref())
    }

    fn all_params(&self) -> impl Iterator<Item = Param<'_>> {
        self.params().iter()
    }
}

impl<T: AsRef<str>> fmt::Display for Uri<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<T: AsRef<str>> fmt::Debug for Uri<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({:?})", self.as_str())
    }
}

impl<T: AsRef<str>, U: AsRef<str>> PartialEq<Uri<U>> for Uri<T> {
    /// Byte for byte; [`Uri::is_equivalent`] is the comparison of RFC 3261.
    fn eq(&self, other: &Uri<U>) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<T: AsRef<str>> Eq for Uri<T> {}

impl std::str::FromStr for Uri {
    type Err = BadUri;

    fn from_str(text: &str) -> Result<Uri, BadUri> {
        Uri::parse(text)
    }
}
