//! Finding the parts of a URI.

use std::net::{IpAddr, Ipv6Addr};

use super::{Parts, Scheme, Uri};
use crate::headers::Span;
use crate::syntax::{cut, is_host_byte};

type Problem = &'static str;

pub(super) fn parts(text: &str) -> Result<Parts, Problem> {
    let colon = memchr::memchr(b':', text.as_bytes()).ok_or("a scheme such as sip: is missing")?;
    let (name, rest) = cut(text, colon);
    let scheme = scheme(name)?;
    // Without early exit, so that many bytes are looked at together.
    if !text.bytes().fold(true, |fine, b| fine & is_allowed(b)) {
        return Err(
            match text.bytes().find(|b| !is_allowed(*b)).unwrap_or_default() {
                b' ' | b'\t' => "it contains a blank",
                b'<' | b'>' | b'"' => "it contains a quote or an angle bracket",
                _ => "it contains a control character",
            },
        );
    }
    let at = colon + 1;
    match scheme {
        Scheme::Sip | Scheme::Sips => sip(scheme, rest, at),
        Scheme::Tel => tel(rest, at),
        Scheme::Other if rest.is_empty() => Err("nothing follows the scheme"),
        Scheme::Other => Ok(Parts { scheme, ..EMPTY }),
    }
}

const EMPTY: Parts = Parts {
    scheme: Scheme::Other,
    user: None,
    password: None,
    host: Span { start: 0, end: 0 },
    port: None,
    params: Span { start: 0, end: 0 },
    headers: Span { start: 0, end: 0 },
};

fn scheme(name: &str) -> Result<Scheme, Problem> {
    let known = [
        ("sip", Scheme::Sip),
        ("sips", Scheme::Sips),
        ("tel", Scheme::Tel),
    ];
    if let Some((_, scheme)) = known.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        return Ok(*scheme);
    }
    let tail = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    match name.as_bytes() {
        [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(|b| tail(*b)) => {
            Ok(Scheme::Other)
        }
        _ => Err("a scheme such as sip: is missing"),
    }
}

fn is_allowed(byte: u8) -> bool {
    (byte > b' ') & (byte != 0x7F) & (byte != b'<') & (byte != b'>') & (byte != b'"')
}

/// `rest` is what follows the scheme and begins at byte `at` of the URI.
fn sip(scheme: Scheme, rest: &str, at: usize) -> Result<Parts, Problem> {
    let mut parts = Parts { scheme, ..EMPTY };
    let mut place = at;
    let mut tail = rest;
    // A user part may contain `?` and `;`, so the at sign comes first.
    if let Some(end) = memchr::memchr(b'@', rest.as_bytes()) {
        let (userinfo, after) = cut(rest, end);
        let (user, password) = match userinfo.bytes().position(|b| b == b':') {
            Some(end) => (userinfo.get(..end).unwrap_or(""), userinfo.get(end + 1..)),
            None => (userinfo, None),
        };
        if user.is_empty() {
            return Err("the user part before @ is empty");
        }
        parts.user = Some(Span::new(at, at + user.len()));
        let start = at + user.len() + 1;
        parts.password = password.map(|p| Span::new(start, start + p.len()));
        place = at + userinfo.len() + 1;
        tail = after;
    }
    let end = host_end(tail)?;
    parts.host = Span::new(place, place + end);
    place += end;
    let mut after = tail.get(end..).unwrap_or("");
    if let Some(port) = after.strip_prefix(':') {
        let end = port
            .bytes()
            .position(|b| matches!(b, b';' | b'?'))
            .unwrap_or(port.len());
        parts.port = Some(parse_port(port.get(..end).unwrap_or(""))?);
        place += end + 1;
        after = port.get(end..).unwrap_or("");
    }
    let params = memchr::memchr(b'?', after.as_bytes()).unwrap_or(after.len());
    if params > 0 && !after.starts_with(';') {
        return Err("something unexpected follows the host");
    }
    if params > 0 {
        parts.params = Span::new(place, place + params);
    }
    if params < after.len() {
        parts.headers = Span::new(place + params + 1, place + after.len());
    }
    Ok(parts)
}

fn tel(rest: &str, at: usize) -> Result<Parts, Problem> {
    let end = rest.find([';', '?']).unwrap_or(rest.len());
    if end == 0 {
        return Err("the number is missing");
    }
    let params = match rest.len() {
        length if length > end => Span::new(at + end, at + length),
        _ => Span::default(),
    };
    Ok(Parts {
        scheme: Scheme::Tel,
        user: Some(Span::new(at, at + end)),
        params,
        ..EMPTY
    })
}

/// Where the host ends; a host name or IPv4 address is checked on the way.
fn host_end(text: &str) -> Result<usize, Problem> {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b'[') {
        let end = memchr::memchr(b']', bytes);
        let end = end.ok_or("the bracket of the IPv6 address is not closed")?;
        return match text.get(1..end).map(str::parse::<Ipv6Addr>) {
            Some(Ok(_)) => Ok(end + 1),
            _ => Err("the text in brackets is no IPv6 address"),
        };
    }
    let end = bytes
        .iter()
        .position(|b| !is_host_byte(*b))
        .unwrap_or(bytes.len());
    match bytes.get(end) {
        Some(b':' | b';' | b'?' | b' ' | b'\t') | None if end > 0 => Ok(end),
        Some(b':' | b';' | b'?') | None => Err("the host is missing"),
        Some(_) => Err("the host contains a character that host names do not have"),
    }
}

fn parse_port(digits: &str) -> Result<u16, Problem> {
    const BAD: Problem = "the port is no number from 1 to 65535";
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BAD);
    }
    digits.parse().ok().filter(|port| *port != 0).ok_or(BAD)
}

/// A host as written, when it is an IP address.
pub(crate) fn host_ip(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// Host and port of a Via's sent-by; as [`parts`] reads them in a URI.
pub(crate) fn host_port(text: &str) -> Result<(&str, Option<u16>), Problem> {
    let end = host_end(text)?;
    let (host, after) = text.split_at_checked(end).unwrap_or((text, ""));
    match after.trim_start().strip_prefix(':') {
        Some(port) => Ok((host, Some(parse_port(port.trim())?))),
        None if after.trim().is_empty() => Ok((host, None)),
        None => Err("something unexpected follows the host"),
    }
}

impl Uri<&str> {
    /// The strict rules for URIs that we are asked to call.
    pub(super) fn check_target(&self) -> Result<(), Problem> {
        let text = self.as_str();
        let bytes = text.as_bytes();
        for at in memchr::memchr_iter(b'%', bytes) {
            let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
            if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
                return Err("a percent sign is not followed by two hexadecimal digits");
            }
        }
        if text
            .bytes()
            .any(|b| !b.is_ascii() || matches!(b, b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'))
        {
            return Err("it contains a character that must be percent-encoded");
        }
        match self.scheme() {
            Scheme::Other => Err("only sip:, sips: and tel: can be called"),
            Scheme::Tel => self.check_number(),
            Scheme::Sip | Scheme::Sips => {
                let after_user = text.split_once('@').map_or(text, |(_, after)| after);
                let user = self.user().unwrap_or("");
                if after_user.contains('@') {
                    Err("an @ after the host must be percent-encoded")
                } else if user.contains(['[', ']', '#']) || self.header_part().contains('#') {
                    Err("it contains a character that must be percent-encoded")
                } else {
                    Ok(())
                }
            }
        }
    }

    fn check_number(&self) -> Result<(), Problem> {
        let number = self.user().unwrap_or("");
        let digits = number.strip_prefix('+');
        let visual = |c: char| matches!(c, '-' | '.' | '(' | ')');
        match digits {
            Some(global) => {
                let fine = global.chars().all(|c| c.is_ascii_digit() || visual(c));
                if fine && global.contains(|c: char| c.is_ascii_digit()) {
                    return Ok(());
                }
                Err("a number after + consists of digits and the signs - . ( )")
            }
            None => {
                let local = |c: char| c.is_ascii_hexdigit() || matches!(c, '*' | '#');
                if number.chars().all(|c| local(c) || visual(c)) && number.contains(local) {
                    return Ok(());
                }
                Err("a number consists of digits, * # and the signs - . ( )")
            }
        }
    }
}
