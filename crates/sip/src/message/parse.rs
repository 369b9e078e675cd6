//! From bytes to messages.
//!
//! One pass over the head finds lines and names; values are only looked into when asked for. A
//! message whose bytes are plain UTF-8 (nearly all are) costs the copy of its head, the list of
//! header lines and the copy of its body.

use bytes::Bytes;

use super::{Message, ParseError, Problem, Request, Response};
use crate::Method;
use crate::header::Name;
use crate::headers::{Headers, Slot, Span};
use crate::syntax::{cut, is_token, is_token_byte};
use crate::wire_text;

/// The most header lines a message may have beside its Content-Length, which is written to each
/// message that goes out, also to one that came without.
const MAX_HEADERS: usize = 256;
/// The longest start line and headers together, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// The longest body, in bytes.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// Start line and headers of a message whose body is still to come.
#[derive(Clone, Debug)]
pub struct Head {
    message: Message,
    length: usize,
    content_length: Option<usize>,
}

impl Head {
    /// The length of the head in bytes, the empty line included.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The body's length as the message declares it.
    pub fn content_length(&self) -> Option<usize> {
        self.content_length
    }

    /// The message without its body.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The error for a message that cannot be taken although its head is readable.
    pub(crate) fn refuse(self, problem: Problem) -> ParseError {
        refuse(problem, self.length, self.message)
    }

    /// The whole message.
    pub fn complete(mut self, body: Bytes) -> Message {
        self.message.set_raw_body(body);
        self.message
    }
}

pub(super) fn datagram(bytes: &[u8]) -> Result<Message, ParseError> {
    let mut head = head(bytes)?;
    let rest = bytes.get(head.length..).unwrap_or_default();
    let body = match head.content_length {
        None => rest,
        Some(length) => match rest.get(..length) {
            Some(body) => body,
            None => return Err(refuse(Problem::BodyLength, head.length, head.message)),
        },
    };
    if !body.is_empty() {
        head.message.set_raw_body(Bytes::copy_from_slice(body));
    }
    Ok(head.message)
}

pub(super) fn head(bytes: &[u8]) -> Result<Head, ParseError> {
    let start = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    if Message::is_keep_alive(bytes) {
        return Err(ParseError::new(Problem::Empty, start));
    }
    let (text, lines) = lines_of(bytes, Section::Message);
    let length = lines.length;
    let error = lines.error;
    let (message, flaw) = assemble(text, lines).map_err(|mut e| {
        e.offset += start;
        e
    })?;
    if let Some((problem, offset)) = error.or(flaw) {
        return Err(refuse(problem, start + offset, message));
    }
    match content_length(message.headers()) {
        Ok(content_length) => Ok(Head {
            message,
            length: start + length,
            content_length,
        }),
        Err(problem) => Err(refuse(problem, start, message)),
    }
}

/// Reads the headers of a body part; they end at an empty line or with the part.
pub(crate) fn part_headers(bytes: &[u8]) -> Result<(Headers, usize), ParseError> {
    let (text, lines) = lines_of(bytes, Section::Part);
    match lines.error {
        Some((problem, offset)) => Err(ParseError::new(problem, offset)),
        None => Ok((
            Headers::from_parts(text, lines.slots, Span::default()),
            lines.length,
        )),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Message,
    Part,
}

struct Lines {
    first: Span,
    slots: Vec<Slot>,
    has_content_length: bool,
    folds: bool,
    bare_returns: bool,
    length: usize,
    error: Option<(Problem, usize)>,
}

/// The head as text, and its lines. Length and error are in bytes of what was given.
fn lines_of(bytes: &[u8], section: Section) -> (String, Lines) {
    let lines = scan(bytes, section, MAX_HEAD);
    let raw = bytes.get(..lines.length).unwrap_or_default();
    match plain_text(raw, &lines) {
        Ok(text) => (text, lines),
        Err(raw) => {
            // Rare: the text gets longer than the bytes, so the places of all lines change.
            let text = wire_text::from_wire(&raw).into_owned();
            let slots = scan(text.as_bytes(), section, usize::MAX);
            (
                text,
                Lines {
                    first: slots.first,
                    slots: slots.slots,
                    ..lines
                },
            )
        }
    }
}

/// Finds the lines of the head. After the first broken line it reads on, so that the rest can be
/// used to answer.
fn scan(bytes: &[u8], section: Section, limit: usize) -> Lines {
    let mut lines = Lines {
        first: Span::default(),
        slots: Vec::with_capacity(32),
        has_content_length: false,
        folds: false,
        bare_returns: false,
        length: bytes.len(),
        error: None,
    };
    let mut at = 0;
    let mut is_first = section == Section::Message;
    let mut follows_header = false;
    loop {
        let (end, next) = match lines.line_end(bytes, at) {
            Some(found) => found,
            None if section == Section::Part && at < bytes.len() => (bytes.len(), bytes.len()),
            None => {
                if section == Section::Message {
                    lines.fail(Problem::Unfinished, bytes.len());
                }
                break;
            }
        };
        let line = bytes.get(at..end).unwrap_or_default();
        if next > limit {
            lines.fail(Problem::HeadTooLong, at);
            lines.length = at;
            break;
        }
        if is_first {
            lines.first = Span::new(at, at + line.len());
            is_first = false;
        } else if let Some(first) = line.first() {
            if matches!(first, b' ' | b'\t') {
                lines.fold(line, at, follows_header);
            } else {
                follows_header = lines.header(line, at);
            }
        } else {
            lines.length = next;
            break;
        }
        at = next;
    }
    lines
}

impl Lines {
    fn fail(&mut self, problem: Problem, offset: usize) {
        self.error.get_or_insert((problem, offset));
    }

    /// Where the line that begins at `at` ends, and where the next one begins.
    fn line_end(&mut self, bytes: &[u8], at: usize) -> Option<(usize, usize)> {
        let mut from = at;
        loop {
            let end = from + memchr::memchr2(b'\n', b'\r', bytes.get(from..)?)?;
            match (bytes.get(end), bytes.get(end + 1)) {
                (Some(b'\n'), _) => return Some((end, end + 1)),
                (_, Some(b'\n')) => return Some((end, end + 2)),
                // A carriage return alone could be taken for a line end by others.
                _ => {
                    self.bare_returns = true;
                    self.fail(Problem::BareCarriageReturn, end);
                    from = end + 1;
                }
            }
        }
    }

    fn header(&mut self, line: &[u8], at: usize) -> bool {
        let Some(colon) = colon(line) else {
            self.fail(Problem::HeaderWithoutColon, at);
            return false;
        };
        let mut name = line.get(..colon).unwrap_or_default();
        let mut field = Name::index_of(name);
        if field.is_none() {
            name = name.trim_ascii_end();
            field = Name::index_of(name);
            if name.is_empty() || !name.iter().all(|b| is_token_byte(*b)) {
                self.fail(Problem::HeaderName, at);
                return false;
            }
        }
        let is_first_length = field == Name::ContentLength.index() && !self.has_content_length;
        let counted = self.slots.len() - usize::from(self.has_content_length);
        if counted == MAX_HEADERS && !is_first_length {
            self.fail(Problem::TooManyHeaders, at);
            return false;
        }
        self.has_content_length |= is_first_length;
        let value = trimmed(line, colon + 1);
        self.slots.push(Slot::new(
            field,
            Span::new(at, at + name.len()),
            Span::new(at + value.0, at + value.1),
        ));
        true
    }

    fn fold(&mut self, line: &[u8], at: usize, follows_header: bool) {
        let (start, end) = trimmed(line, 0);
        let Some(slot) = self.slots.last_mut().filter(|_| follows_header) else {
            // A line of blanks after the start line is noise; text there belongs to no header.
            if start != end {
                self.fail(Problem::HeaderWithoutColon, at);
            }
            return;
        };
        if start == end {
            return;
        }
        let value = slot.value();
        if value.start == value.end {
            slot.set_value(Span::new(at + start, at + end));
        } else {
            slot.set_value(Span::new(value.start as usize, at + end));
            self.folds = true;
        }
    }
}

/// The first colon, looked for a word at a time: it is never far.
#[inline]
fn colon(line: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let mut at = 0;
    while let Some(chunk) = line.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // Colons become zero bytes; the lowest zero byte is the lowest one that gets its top bit.
        let word = u64::from_le_bytes(*chunk) ^ (ONES * u64::from(b':'));
        let zeros = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if zeros != 0 {
            return Some(at + (zeros.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = line.get(at..)?.iter().position(|b| *b == b':');
    rest.map(|found| at + found)
}

/// The part of `line` from `start` on without blanks at either end.
fn trimmed(line: &[u8], start: usize) -> (usize, usize) {
    let blank = |at: usize| matches!(line.get(at), Some(b' ' | b'\t'));
    let (mut start, mut end) = (start, line.len());
    while start < end && blank(start) {
        start += 1;
    }
    while start < end && blank(end - 1) {
        end -= 1;
    }
    (start, end)
}

/// The head as text, with the line ends inside folded values turned into blanks; the bytes
/// themselves when they cannot be taken as they are.
fn plain_text(raw: &[u8], lines: &Lines) -> Result<String, Vec<u8>> {
    let mut bytes = raw.to_vec();
    if lines.folds {
        for slot in &lines.slots {
            let value = slot.value();
            let value = bytes.get_mut(value.start as usize..value.end as usize);
            unfold(value.unwrap_or_default());
        }
    }
    if lines.bare_returns {
        // The message is refused; what is used for the answer must not carry them on.
        for at in 0..bytes.len() {
            if bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) != Some(&b'\n') {
                bytes.get_mut(at..=at).unwrap_or_default().fill(b' ');
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) if !wire_text::has_carried_bytes(&text) => Ok(text),
        Ok(text) => Err(text.into_bytes()),
        Err(error) => Err(error.into_bytes()),
    }
}

fn unfold(value: &mut [u8]) {
    let mut next_is_line_end = false;
    for byte in value.iter_mut().rev() {
        match *byte {
            b'\n' => *byte = b' ',
            b'\r' if next_is_line_end => *byte = b' ',
            _ => {
                next_is_line_end = false;
                continue;
            }
        }
        next_is_line_end = true;
    }
}

type Flaw = Option<(Problem, usize)>;

fn assemble(text: String, lines: Lines) -> Result<(Message, Flaw), ParseError> {
    let mut flaw = None;
    let first = lines.first.of(&text).trim_ascii_end();
    if let Some((version, rest)) = after_version(first) {
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = match code.parse::<u16>() {
            Ok(status @ 100..=699) if code.len() == 3 => status,
            _ => return Err(ParseError::new(Problem::StatusCode, version.len())),
        };
        if !is_our_version(version) {
            return Err(ParseError::new(Problem::Version, 0));
        }
        let start = lines.first.start as usize + first.len() - reason.len();
        let reason = Span::new(start, start + reason.len());
        let headers = Headers::from_parts(text, lines.slots, reason);
        return Ok((
            Message::Response(Response::from_parts(status, headers)),
            flaw,
        ));
    }
    let bad = || ParseError::new(Problem::StartLine, 0);
    let blank = memchr::memchr2(b' ', b'\t', first.as_bytes()).ok_or_else(bad)?;
    let (method, rest) = cut(first, blank);
    let blank = memchr::memrchr2(b' ', b'\t', rest.as_bytes()).ok_or_else(bad)?;
    let (before, version) = cut(rest, blank);
    if !is_token(method) || !is_version(version) {
        return Err(bad());
    }
    let uri = before.trim_ascii_start();
    let lead = before.len() - uri.len();
    let uri = uri.trim_ascii_end();
    let start = method.len() + 1 + lead;
    if uri.is_empty()
        || uri
            .bytes()
            .fold(false, |bad, b| bad | (b <= b' ') | (b == 0x7F))
    {
        flaw = Some((Problem::RequestUri, start));
    }
    let (method, known) = (Method::from(method), is_our_version(version));
    let uri = Span::new(start, start + uri.len());
    let headers = Headers::from_parts(text, lines.slots, uri);
    Ok((
        Message::Request(Request::from_parts(method, known, headers)),
        flaw,
    ))
}

/// Version and remainder when the line begins with a version, as status lines do.
fn after_version(line: &str) -> Option<(&str, &str)> {
    let blank = memchr::memchr(b' ', line.as_bytes())?;
    let (version, rest) = cut(line, blank);
    is_version(version).then_some((version, rest.trim_start_matches(' ')))
}

fn is_version(text: &str) -> bool {
    if text == "SIP/2.0" {
        return true;
    }
    let Some((protocol, number)) = text.split_once('/') else {
        return false;
    };
    let digits = |d: &str| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit());
    protocol.eq_ignore_ascii_case("SIP")
        && number
            .split_once('.')
            .is_some_and(|(major, minor)| digits(major) && digits(minor))
}

fn is_our_version(text: &str) -> bool {
    text.eq_ignore_ascii_case("SIP/2.0")
}

fn content_length(headers: &Headers) -> Result<Option<usize>, Problem> {
    let mut length = None;
    for value in headers.get_all(Name::ContentLength) {
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Problem::ContentLength);
        }
        let this: usize = value.parse().map_err(|_| Problem::BodyLength)?;
        if length.is_some_and(|other| other != this) {
            return Err(Problem::ContentLength);
        }
        length = Some(this);
    }
    match length {
        Some(length) if length > MAX_BODY => Err(Problem::BodyLength),
        length => Ok(length),
    }
}

/// The error, with what was readable of the request when that is enough to answer it.
fn refuse(problem: Problem, offset: usize, message: Message) -> ParseError {
    let error = ParseError::new(problem, offset);
    let needed = [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq];
    match message {
        Message::Request(request)
            if needed
                .iter()
                .all(|n| request.headers().get(*n).is_some_and(|v| !v.is_empty())) =>
        {
            error.with_request(request)
        }
        _ => error,
    }
}
