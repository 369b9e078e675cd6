//! Bodies made of several parts (RFC 2046 section 5.1, RFC 5621).

use std::fmt;

use crate::header::{ContentType, TypedHeader};
use crate::headers::Headers;
use crate::message::part_headers;

/// One part of a multipart body.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The part's own headers.
    pub headers: Headers,
    /// The part's content.
    pub body: &'a [u8],
}

/// Why a multipart body cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMultipart {
    /// The content type is not multipart or names no boundary.
    NoBoundary,
    /// The boundary never stands in the body.
    NoParts,
    /// The last boundary is missing.
    Unfinished,
    /// A part's headers cannot be read.
    PartHeaders,
    /// More than 64 parts.
    TooManyParts,
}

impl fmt::Display for BadMultipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadMultipart::NoBoundary => "the content type names no multipart boundary",
            BadMultipart::NoParts => "the boundary does not occur in the body",
            BadMultipart::Unfinished => "the closing boundary is missing",
            BadMultipart::PartHeaders => "a part has unreadable headers",
            BadMultipart::TooManyParts => "there are more than 64 parts",
        })
    }
}

impl std::error::Error for BadMultipart {}

const MAX_PARTS: usize = 64;

/// Takes a multipart body apart. `content_type` is the value of the message's Content-Type.
pub fn multipart_parts<'a>(
    content_type: &str,
    body: &'a [u8],
) -> Result<Vec<Part<'a>>, BadMultipart> {
    let kind = ContentType::parse(content_type).map_err(|_| BadMultipart::NoBoundary)?;
    if !kind.kind.eq_ignore_ascii_case("multipart") {
        return Err(BadMultipart::NoBoundary);
    }
    let boundary = kind.params.find("boundary").map(|b| b.text().into_owned());
    let boundary = boundary
        .filter(|b| !b.is_empty())
        .ok_or(BadMultipart::NoBoundary)?;
    let mut mark = b"--".to_vec();
    crate::wire_text::write_to(&boundary, &mut mark);

    let mut parts = Vec::new();
    let mut begin = None;
    let mut at = 0;
    while at < body.len() {
        let line_end = memchr::memchr(b'\n', body.get(at..).unwrap_or_default());
        let next = line_end.map_or(body.len(), |length| at + length + 1);
        let line = body.get(at..next).unwrap_or_default();
        if let Some(closes) = boundary_line(line, &mark) {
            if let Some(begin) = begin {
                let content = without_line_end(body.get(begin..at).unwrap_or_default());
                if parts.len() == MAX_PARTS {
                    return Err(BadMultipart::TooManyParts);
                }
                parts.push(part(content)?);
            }
            if closes {
                return if parts.is_empty() {
                    Err(BadMultipart::NoParts)
                } else {
                    Ok(parts)
                };
            }
            begin = Some(next);
        }
        at = next;
    }
    Err(if begin.is_some() {
        BadMultipart::Unfinished
    } else {
        BadMultipart::NoParts
    })
}

/// Whether a line is a boundary, and if so, whether it is the closing one.
fn boundary_line(line: &[u8], mark: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(mark)?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(content: &[u8]) -> &[u8] {
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    content.strip_suffix(b"\r").unwrap_or(content)
}

fn part(content: &[u8]) -> Result<Part<'_>, BadMultipart> {
    let empty_first = content
        .strip_prefix(b"\r\n")
        .or_else(|| content.strip_prefix(b"\n"));
    if let Some(body) = empty_first {
        return Ok(Part {
            headers: Headers::default(),
            body,
        });
    }
    let (headers, length) = part_headers(content).map_err(|_| BadMultipart::PartHeaders)?;
    Ok(Part {
        headers,
        body: content.get(length..).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/mixed; boundary=\"a b\"";

    #[test]
    fn parts_are_found_between_the_boundaries() {
        let body = b"preamble\r\n--a b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n\
            --a b  \r\n\r\nno headers\r\n--a bc\r\nstill\r\n--a b\nX: 1\n\n--a b--\r\nepilogue";
        let parts = multipart_parts(TYPE, body).unwrap();
        assert_eq!(parts[0].headers.get("c"), Some("application/sdp"));
        assert_eq!(parts[0].body, b"v=0\r\n");
        assert_eq!(parts[1].body, b"no headers\r\n--a bc\r\nstill");
        assert_eq!(
            (parts[2].headers.get("X"), parts[2].body),
            (Some("1"), &b""[..])
        );
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn broken_bodies_are_refused_with_a_reason() {
        let error = |kind, body: &[u8]| multipart_parts(kind, body).unwrap_err();
        assert_eq!(error("text/plain", b""), BadMultipart::NoBoundary);
        assert_eq!(error("multipart/mixed", b""), BadMultipart::NoBoundary);
        assert_eq!(error(TYPE, b"nothing"), BadMultipart::NoParts);
        assert_eq!(error(TYPE, b"--a b\r\n\r\nx"), BadMultipart::Unfinished);
        assert_eq!(
            error(TYPE, b"--a b\r\nno colon\r\n\r\nx\r\n--a b--"),
            BadMultipart::PartHeaders
        );
        let many = "--a b\r\n\r\n".repeat(70) + "--a b--";
        assert_eq!(error(TYPE, many.as_bytes()), BadMultipart::TooManyParts);
    }
}
