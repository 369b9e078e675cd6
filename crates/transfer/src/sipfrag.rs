//! `message/sipfrag` (RFC 3420): reading the status that a NOTIFY reports, and writing one.
//!
//! A fragment is data. Only its status line and its Reason header field are looked at; nothing in
//! it is ever executed or taken for a message of its own (RFC 3515 §5.3).

use std::fmt;

/// The status that a fragment reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// 100–699.
    pub code: u16,
    /// As received, without control characters; empty when there is none.
    pub reason: String,
    /// Value of the fragment's Reason header field (RFC 3326), as received.
    pub reason_header: Option<String>,
}

/// What a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The status, or why there is none. Without a status progress is unknown, never success.
    pub status: Result<Status, NoStatus>,
    /// Whether the body was declared as a fragment, or as a multipart body with one inside.
    pub declared: bool,
}

/// Why a body has no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoStatus {
    /// There is no body, or only blank lines.
    Empty,
    /// A fragment that begins with header fields.
    HeadersOnly,
    /// A fragment of a request.
    Request,
    /// A status line of another protocol version.
    OtherVersion,
    /// The status code is not a number from 100 to 699.
    BadCode,
    /// A multipart body without a sipfrag part.
    NoFragmentPart,
    /// Not recognisable as any part of a SIP message.
    NotSip,
}

impl fmt::Display for NoStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the body is empty",
            Self::HeadersOnly => "the fragment has header fields only",
            Self::Request => "the fragment is one of a request",
            Self::OtherVersion => "the status line is not of SIP/2.0",
            Self::BadCode => "the status code is not a number from 100 to 699",
            Self::NoFragmentPart => "the multipart body has no message/sipfrag part",
            Self::NotSip => "the body is not a fragment of a SIP message",
        })
    }
}

/// Longest reason phrase or Reason value kept, in characters; the rest is cut off.
const LONGEST_TEXT: usize = 256;

/// Reads the body of a NOTIFY.
///
/// Tolerates what is met in the field: any line end or none, blank lines in front, lower case, no
/// reason phrase, and a status line under an absent or foreign Content-Type.
pub fn read(content_type: Option<&str>, body: &[u8]) -> Reading {
    let media_type = content_type.map(media_type).unwrap_or_default();
    if media_type.starts_with("multipart/") {
        let boundary = content_type.and_then(boundary_parameter);
        return match fragment_part(body, boundary) {
            Some(part) => Reading {
                status: read_fragment(part),
                declared: true,
            },
            None => Reading {
                status: Err(NoStatus::NoFragmentPart),
                declared: true,
            },
        };
    }
    Reading {
        status: read_fragment(body),
        declared: media_type == "message/sipfrag",
    }
}

/// Writes a fragment of one status line, as a transferee reports it (RFC 3515 §2.4.5).
///
/// Control characters in the reason phrase are left out, so that it cannot break the line.
pub fn write(code: u16, reason: &str) -> String {
    format!("SIP/2.0 {code} {}\r\n", printable(reason))
}

/// `type/subtype` in lower case, without parameters and blanks.
fn media_type(content_type: &str) -> String {
    let (full_type, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    full_type
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase()
}

fn boundary_parameter(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case("boundary") && !value.is_empty()).then_some(value)
    })
}

/// The content of the first sipfrag part (RFC 2046 §5.1.1). A missing boundary parameter is read
/// off the first delimiter line.
fn fragment_part<'a>(body: &'a [u8], boundary: Option<&str>) -> Option<&'a [u8]> {
    let delimiter: Vec<u8> = match boundary {
        Some(boundary) => format!("--{boundary}").into_bytes(),
        None => lines(body)
            .map(|line| line.text)
            .find(|text| text.starts_with(b"--"))?
            .to_vec(),
    };
    let mut start = None;
    for line in lines(body) {
        if !line.text.starts_with(&delimiter) {
            continue;
        }
        if let Some(found) = start.and_then(|start| as_fragment(body.get(start..line.start)?)) {
            return Some(found);
        }
        start = Some(line.end);
    }
    // The closing delimiter may have been cut off.
    start.and_then(|start| as_fragment(body.get(start..)?))
}

/// The content of a part, if its own Content-Type says sipfrag.
fn as_fragment(part: &[u8]) -> Option<&[u8]> {
    let mut is_fragment = false;
    for line in lines(part) {
        if line.text.is_empty() {
            return is_fragment.then(|| part.get(line.end..)).flatten();
        }
        if let Some((name, value)) = header_field(line.text) {
            is_fragment |= (name.eq_ignore_ascii_case("content-type")
                || name.eq_ignore_ascii_case("c"))
                && media_type(value) == "message/sipfrag";
        }
    }
    None
}

fn read_fragment(body: &[u8]) -> Result<Status, NoStatus> {
    let mut lines = lines(body).skip_while(|line| line.text.trim_ascii().is_empty());
    let first = lines.next().ok_or(NoStatus::Empty)?;
    let (code, reason) = status_line(first.text)?;
    let reason_header = reason_header(lines.map(|line| line.text));
    Ok(Status {
        code,
        reason,
        reason_header,
    })
}

fn status_line(line: &[u8]) -> Result<(u16, String), NoStatus> {
    let line = line.trim_ascii();
    let (first_word, rest) = split_at_blank(line);
    if !first_word
        .get(..4)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"sip/"))
    {
        return Err(not_a_status_line(line));
    }
    if !first_word.eq_ignore_ascii_case(b"sip/2.0") {
        return Err(NoStatus::OtherVersion);
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (code, reason) = rest.split_at_checked(digits).unwrap_or((rest, b""));
    let code = match code {
        [_, _, _] => std::str::from_utf8(code)
            .ok()
            .and_then(|code| code.parse().ok()),
        _ => None,
    };
    match code {
        Some(code @ 100..=699) => Ok((code, printable(&String::from_utf8_lossy(reason)))),
        _ => Err(NoStatus::BadCode),
    }
}

fn not_a_status_line(line: &[u8]) -> NoStatus {
    let is_request = line
        .get(line.len().saturating_sub(8)..)
        .is_some_and(|end| end.eq_ignore_ascii_case(b" sip/2.0"));
    if is_request {
        NoStatus::Request
    } else if header_field(line).is_some() {
        NoStatus::HeadersOnly
    } else {
        NoStatus::NotSip
    }
}

/// All Reason values up to the empty line, folded lines joined (RFC 3261 §7.3.1).
fn reason_header<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let mut values: Vec<String> = Vec::new();
    let mut in_reason = false;
    for line in lines.take_while(|line| !line.is_empty()) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let (true, Some(value)) = (in_reason, values.last_mut()) {
                value.push(' ');
                value.push_str(String::from_utf8_lossy(line).trim());
            }
            continue;
        }
        in_reason = false;
        if let Some((name, value)) = header_field(line)
            && name.eq_ignore_ascii_case("reason")
        {
            in_reason = true;
            values.push(value.to_owned());
        }
    }
    let joined = printable(&values.join(", "));
    (!joined.is_empty()).then_some(joined)
}

fn header_field(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    let name = name.trim_end();
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte));
    is_name.then(|| (name, value.trim()))
}

fn split_at_blank(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line
        .iter()
        .position(|byte| matches!(byte, b' ' | b'\t'))
        .unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, b""));
    (word, rest.trim_ascii_start())
}

/// Without control characters, trimmed, and of bounded length.
pub(crate) fn printable(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_TEXT)
        .collect()
}

/// A line without its end, and where it lies in the body.
struct Line<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
}

/// Lines that end with CRLF, LF, CR or the body.
fn lines(body: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = body.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let text = rest.get(..length.unwrap_or(rest.len()))?;
        let line_end = match rest.get(text.len()..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => 1,
            _ => 0,
        };
        let line = Line {
            text,
            start,
            end: start + text.len() + line_end,
        };
        start = line.end;
        Some(line)
    })
}
