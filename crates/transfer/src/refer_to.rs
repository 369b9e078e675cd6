//! From the application's words to the Refer-To header field value (RFC 3515 §2.1).
//!
//! A complete URI goes out byte for byte inside angle brackets: nothing is decoded, re-encoded,
//! added or reordered. What could not be a well-formed header field is refused here, so that it
//! never reaches the wire. One thing is taken away: a `method` parameter other than INVITE, because
//! a document must not make the far end send arbitrary requests.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

use crate::referred_by::quoted;

/// What to do with a target that is no URI, such as `+441632960000` or `alice`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareTarget<'a> {
    /// It is an error: the dialect wants a URI.
    Refuse,
    /// It becomes `sip:<target>@<host>`; the host is that of the peer's URI in the dialog.
    AtPeerHost(&'a str),
}

/// A target that can be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct ReferTo {
    /// Display name as given, quotes included; empty when there was none.
    display_name: String,
    uri: String,
    /// Header parameters after the closing bracket, with their semicolon.
    parameters: String,
    stripped_method: Option<String>,
    parts: Parts,
}

/// URI schemes that a call can be transferred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
}

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    scheme: Scheme,
    user: Option<String>,
    host: Option<String>,
    maddr: Option<String>,
    has_route_header: bool,
}

/// Why a target cannot be written into a Refer-To header field. Holds what the application gave,
/// or the offending piece of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferToError {
    /// Nothing, or only blanks.
    Empty,
    /// CR, LF, NUL or another control character at this byte.
    ControlCharacter {
        /// Offset in the trimmed text.
        at: usize,
        /// The text.
        text: String,
    },
    /// `<` without `>`, or one too many, or a quote that is not closed.
    Unbalanced(String),
    /// Not a URI, where a bare user or number is not allowed.
    NotAUri(String),
    /// A scheme that is none of sip, sips, tel.
    Scheme {
        /// The scheme found.
        scheme: String,
        /// The text.
        text: String,
    },
    /// The URI has no host, or one that cannot be.
    Host(String),
    /// A `tel:` URI without a number, or with one that cannot be.
    Number(String),
    /// A character that has to be percent-encoded in a URI.
    Character {
        /// The character.
        character: char,
        /// The text.
        text: String,
    },
    /// A `%` that two hexadecimal digits do not follow.
    Escape(String),
    /// It can be read in two ways that lead to different hosts.
    Ambiguous(String),
    /// Something beside the target that is neither its display name nor a header parameter, such as
    /// a second target.
    Trailing(String),
}

impl fmt::Display for ReferToError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the target is empty"),
            Self::ControlCharacter { at, text } => write!(
                f,
                "the target {text:?} has a control character at byte {at}; line breaks and NUL \
                 are never sent"
            ),
            Self::Unbalanced(text) => {
                write!(
                    f,
                    "the target {text:?} has an angle bracket or quote without its partner"
                )
            }
            Self::NotAUri(text) => write!(
                f,
                "the target {text:?} is not a URI; write it as sip:user@host or tel:+number"
            ),
            Self::Scheme { scheme, text } => write!(
                f,
                "the target {text:?} has the scheme {scheme:?}; a call can be transferred to sip, \
                 sips and tel"
            ),
            Self::Host(text) => write!(f, "the target {text:?} has no usable host"),
            Self::Number(text) => write!(f, "the target {text:?} has no usable telephone number"),
            Self::Character { character, text } => write!(
                f,
                "the target {text:?} contains {character:?}, which has to be percent-encoded"
            ),
            Self::Escape(text) => write!(
                f,
                "the target {text:?} has a % without two hexadecimal digits after it; a percent \
                 sign itself is written %25"
            ),
            Self::Ambiguous(text) => write!(
                f,
                "the target {text:?} can be read with two different hosts; write @ and ? in the \
                 user part as %40 and %3F, and maddr once"
            ),
            Self::Trailing(text) => {
                write!(
                    f,
                    "beside the target stands {text:?}, which cannot be there"
                )
            }
        }
    }
}

impl std::error::Error for ReferToError {}

impl ReferTo {
    /// Reads a target as the application wrote it. White space around it is ignored.
    pub fn parse(text: &str, bare: BareTarget<'_>) -> Result<Self, ReferToError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if text.is_empty() {
            return Err(ReferToError::Empty);
        }
        if let Some(at) = text.find(|c: char| c.is_control()) {
            return Err(ReferToError::ControlCharacter {
                at,
                text: text.to_owned(),
            });
        }
        if text.contains(['<', '>']) || text.starts_with('"') {
            return Self::name_addr(text);
        }
        match scheme_of(text) {
            Some(_) => Self::from_uri(text),
            None => Self::bare(text, bare),
        }
    }

    /// The header field value to send.
    pub fn header_value(&self) -> String {
        let blank = if self.display_name.is_empty() {
            ""
        } else {
            " "
        };
        format!(
            "{}{blank}<{}>{}",
            self.display_name, self.uri, self.parameters
        )
    }

    /// The URI without brackets, as it goes out.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The scheme of the URI.
    pub fn scheme(&self) -> Scheme {
        self.parts.scheme
    }

    /// The method parameter that was taken away, if there was one.
    pub fn stripped_method(&self) -> Option<&str> {
        self.stripped_method.as_deref()
    }

    /// The user part without its parameters, percent-decoded; of a `tel:` URI its number.
    pub fn user(&self) -> Option<&str> {
        self.parts.user.as_deref()
    }

    /// The host in lower case, without port, brackets and final dot; a `tel:` URI has none.
    pub fn host(&self) -> Option<&str> {
        self.parts.host.as_deref()
    }

    /// The host of a `maddr` parameter, which the request would be sent to instead.
    pub fn maddr(&self) -> Option<&str> {
        self.parts.maddr.as_deref()
    }

    /// The user part as a telephone number without visual separators, if it is one: digits, with
    /// `*`, `#` and a leading `+`.
    pub fn number(&self) -> Option<String> {
        telephone_number(self.user()?)
    }

    /// Whether the URI's header part names a Route, which would lead the new call elsewhere.
    pub(crate) fn has_route_header(&self) -> bool {
        self.parts.has_route_header
    }

    fn name_addr(text: &str) -> Result<Self, ReferToError> {
        let unbalanced = || ReferToError::Unbalanced(text.to_owned());
        let name_end = display_name_end(text).ok_or_else(unbalanced)?;
        let (display_name, rest) = text.split_at_checked(name_end).ok_or_else(unbalanced)?;
        let inner = rest.strip_prefix('<').ok_or_else(unbalanced)?;
        let (uri, parameters) = inner.split_once('>').ok_or_else(unbalanced)?;
        if uri.contains('<') {
            return Err(unbalanced());
        }
        let display_name = checked_display_name(display_name.trim())?;
        let parameters = parameters.trim();
        check_header_parameters(parameters)?;
        let uri = uri.trim();
        if scheme_of(uri).is_none() {
            return Err(ReferToError::NotAUri(text.to_owned()));
        }
        let mut target = Self::from_uri(uri)?;
        target.display_name = display_name;
        target.parameters = parameters.to_owned();
        Ok(target)
    }

    fn from_uri(text: &str) -> Result<Self, ReferToError> {
        let (scheme, rest) =
            scheme_of(text).ok_or_else(|| ReferToError::NotAUri(text.to_owned()))?;
        let scheme = match scheme {
            s if s.eq_ignore_ascii_case("sip") => Scheme::Sip,
            s if s.eq_ignore_ascii_case("sips") => Scheme::Sips,
            s if s.eq_ignore_ascii_case("tel") => Scheme::Tel,
            other => {
                return Err(ReferToError::Scheme {
                    scheme: other.to_owned(),
                    text: text.to_owned(),
                });
            }
        };
        check_characters(text)?;
        let (uri, stripped_method, parts) = match scheme {
            Scheme::Tel => (text.to_owned(), None, tel_parts(text, rest)?),
            _ => sip_parts(scheme, text, rest)?,
        };
        Ok(Self {
            display_name: String::new(),
            uri,
            parameters: String::new(),
            stripped_method,
            parts,
        })
    }

    fn bare(text: &str, bare: BareTarget<'_>) -> Result<Self, ReferToError> {
        let BareTarget::AtPeerHost(host) = bare else {
            return Err(ReferToError::NotAUri(text.to_owned()));
        };
        if text.contains('@') {
            return Self::from_uri(&format!("sip:{text}"));
        }
        let user = telephone_number(text).unwrap_or_else(|| text.to_owned());
        let user = encoded_user(&user);
        match host.parse::<Ipv6Addr>() {
            Ok(host) => Self::from_uri(&format!("sip:{user}@[{host}]")),
            Err(_) => Self::from_uri(&format!("sip:{user}@{host}")),
        }
    }
}

/// Shows no party: a target is personal data, and debug output ends up in logs.
impl fmt::Debug for ReferTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReferTo")
            .field("scheme", &self.parts.scheme)
            .field("uri_bytes", &self.uri.len())
            .finish_non_exhaustive()
    }
}

/// The part before the first colon, if it is written like a scheme (RFC 3986 §3.1), and the rest.
fn scheme_of(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    is_scheme.then_some((scheme, rest))
}

/// Where the display name ends and the bracket is expected; `None` when a quote is not closed.
fn display_name_end(text: &str) -> Option<usize> {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.find('<');
    };
    let mut escaped = false;
    for (at, c) in quoted.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let after = quoted.get(at + 1..)?;
                let blanks = after.len() - after.trim_start().len();
                return Some(at + 2 + blanks);
            }
            _ => {}
        }
    }
    None
}

/// Refuses what would start a second header field value or break the first (RFC 3261 §7.3.1).
fn check_header_parameters(parameters: &str) -> Result<(), ReferToError> {
    if parameters.is_empty() {
        return Ok(());
    }
    if parameters.contains(['<', '>']) || parameters.matches('"').count() % 2 == 1 {
        return Err(ReferToError::Unbalanced(parameters.to_owned()));
    }
    if !parameters.starts_with(';') || parameters.contains(',') || !parameters.is_ascii() {
        return Err(ReferToError::Trailing(parameters.to_owned()));
    }
    Ok(())
}

/// A display name as given, or in quotes where the grammar wants them (RFC 3261 §25.1).
fn checked_display_name(name: &str) -> Result<String, ReferToError> {
    let is_bare = |c: char| c == ' ' || c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if name.starts_with('"') || name.chars().all(is_bare) {
        Ok(name.to_owned())
    } else if name.contains([',', ':', '@', '"']) {
        Err(ReferToError::Trailing(name.to_owned()))
    } else {
        Ok(quoted(name))
    }
}

/// Refuses what no URI may contain unescaped (RFC 3986 §2, RFC 3261 §25.1). `#` is let through:
/// it is not allowed either, but service codes are written with it and understood.
fn check_characters(uri: &str) -> Result<(), ReferToError> {
    let allowed = |c: char| c.is_ascii_graphic() && !"<>\"\\^`{|}".contains(c);
    if let Some(character) = uri.chars().find(|c| !allowed(*c)) {
        return Err(ReferToError::Character {
            character,
            text: uri.to_owned(),
        });
    }
    let escapes_are_whole = uri.split('%').skip(1).all(|after| {
        after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    });
    if escapes_are_whole {
        Ok(())
    } else {
        Err(ReferToError::Escape(uri.to_owned()))
    }
}

fn tel_parts(text: &str, rest: &str) -> Result<Parts, ReferToError> {
    let (number, _) = rest.split_once(';').unwrap_or((rest, ""));
    let number = percent_decoded(number);
    let is_number = number
        .bytes()
        .any(|b| b.is_ascii_digit() || b"*#".contains(&b))
        && number
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || b"+-.()*#".contains(&b));
    if !is_number {
        return Err(ReferToError::Number(text.to_owned()));
    }
    Ok(Parts {
        scheme: Scheme::Tel,
        user: Some(number.into_owned()),
        host: None,
        maddr: None,
        has_route_header: false,
    })
}

/// Takes a SIP URI apart (RFC 3261 §19.1.1), and `method` out of its parameters.
fn sip_parts(
    scheme: Scheme,
    text: &str,
    rest: &str,
) -> Result<(String, Option<String>, Parts), ReferToError> {
    let (userinfo, after_user) = match rest.split_once('@') {
        Some((userinfo, after)) => (Some(userinfo), after),
        None => (None, rest),
    };
    let address = after_user.split('?').next().unwrap_or_default();
    let headers = after_user.get(address.len()..).unwrap_or_default();
    if userinfo.is_some_and(|userinfo| userinfo.contains('?')) || address.contains('@') {
        return Err(ReferToError::Ambiguous(text.to_owned()));
    }
    let mut pieces = address.split(';');
    let host_port = pieces.next().unwrap_or_default();
    let host = host_of(host_port).ok_or_else(|| ReferToError::Host(text.to_owned()))?;
    let mut uri = text.strip_suffix(after_user).unwrap_or_default().to_owned();
    uri.push_str(host_port);
    let mut maddr = None;
    let mut stripped_method = None;
    for parameter in pieces {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (name, value) = (percent_decoded(name), percent_decoded(value));
        if name.eq_ignore_ascii_case("method") && value != "INVITE" {
            stripped_method = Some(value.into_owned());
            continue;
        }
        if name.eq_ignore_ascii_case("maddr") {
            let host = host_of(&value).ok_or_else(|| ReferToError::Host(text.to_owned()))?;
            if maddr.replace(host).is_some() {
                return Err(ReferToError::Ambiguous(text.to_owned()));
            }
        }
        uri.push(';');
        uri.push_str(parameter);
    }
    uri.push_str(headers);
    let user = userinfo
        .and_then(|userinfo| userinfo.split([';', ':']).next())
        .map(|user| percent_decoded(user).into_owned());
    let has_route_header = headers.split(['?', '&']).any(|header| {
        let name = header.split('=').next().unwrap_or_default();
        // Blanks before the colon are part of no header name (RFC 3261 §7.3.1).
        percent_decoded(name).trim().eq_ignore_ascii_case("route")
    });
    let parts = Parts {
        scheme,
        user,
        host: Some(host),
        maddr,
        has_route_header,
    };
    Ok((uri, stripped_method, parts))
}

/// Host of `host[:port]` in the form it is compared in; `None` when there can be no such host.
fn host_of(host_port: &str) -> Option<String> {
    let (host, port) = match host_port.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']')?;
            let host: Ipv6Addr = host.parse().ok()?;
            let port = if rest.is_empty() {
                None
            } else {
                Some(rest.strip_prefix(':')?)
            };
            (host.to_string(), port)
        }
        None => {
            let (host, port) = match host_port.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (host_port, None),
            };
            let host = host.strip_suffix('.').unwrap_or(host);
            let is_host = !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
            (is_host.then(|| host.to_ascii_lowercase())?, port)
        }
    };
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0)
    };
    port.is_none_or(is_port).then_some(host)
}

/// Digits, `*`, `#` and a leading `+`, without visual separators (RFC 3966 §5.1.1).
fn telephone_number(text: &str) -> Option<String> {
    let number: String = text.chars().filter(|c| !"-.() ".contains(*c)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_number = !digits.is_empty()
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || b"*#".contains(&b));
    is_number.then_some(number)
}

fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let escaped = (byte == b'%')
            .then(|| Some(hex_value(ahead.next()?)? * 16 + hex_value(ahead.next()?)?))
            .flatten();
        if escaped.is_some() {
            bytes = ahead;
        }
        decoded.push(escaped.unwrap_or(byte));
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A bare user as the user part of a SIP URI (RFC 3261 §25.1 `user`).
fn encoded_user(user: &str) -> String {
    let mut encoded = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
