//! Messages out of a byte stream (RFC 3261 section 18.3, keep-alives of RFC 5626 section 4.4.1).
//!
//! On a stream only Content-Length tells where a message ends. Once it cannot be trusted, every
//! later byte is a guess, so the first error is also the last thing a [`Framer`] gives.

use bytes::{Buf, BytesMut};

use crate::message::{Head, MAX_BODY, MAX_HEAD, Message, ParseError, Problem};

/// Cuts a byte stream into messages.
///
/// Feed what was read with [`Framer::push`], then call [`Framer::poll`] until it returns `None`.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    /// Bytes of the buffer that were already searched for the end of a head.
    searched: usize,
    waiting: Option<Head>,
    /// The last thing was a line end alone, perhaps the first half of a ping that was cut in two.
    half_ping: bool,
    broken: bool,
    max_body: usize,
}

/// What a stream carries.
#[derive(Debug)]
pub enum Frame {
    /// A message.
    Message(Message),
    /// A keep-alive that wants [`PONG`] as answer.
    Ping,
    /// The answer to a keep-alive of ours.
    Pong,
    /// The stream makes no sense any more: answer what [`ParseError::answer`] gives, then close.
    Broken(ParseError),
}

/// What to send to be sure that the connection is alive.
pub const PING: &[u8] = b"\r\n\r\n";
/// The answer to a ping.
pub const PONG: &[u8] = b"\r\n";

impl Default for Framer {
    fn default() -> Framer {
        Framer::new()
    }
}

impl Framer {
    /// A framer at the beginning of a stream.
    pub fn new() -> Framer {
        Framer {
            buffer: BytesMut::new(),
            searched: 0,
            waiting: None,
            half_ping: false,
            broken: false,
            max_body: MAX_BODY,
        }
    }

    /// Changes the longest body that is accepted, in bytes; never above 1 MiB.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Framer {
        self.max_body = bytes.min(MAX_BODY);
        self
    }

    /// Takes what was read from the stream. After a broken frame nothing is kept any more.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether a message has begun and is not complete: a stream that stays so is a slow sender,
    /// and closing it after a while is right.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some() || !self.buffer.is_empty()
    }

    /// Bytes held back until their message is complete.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The next frame; `None` when more bytes are needed.
    pub fn poll(&mut self) -> Option<Frame> {
        if self.broken {
            return None;
        }
        if self.waiting.is_none() {
            if let Some(keep_alive) = self.keep_alive()? {
                return Some(keep_alive);
            }
            if self
                .buffer
                .first()
                .is_some_and(|byte| !byte.is_ascii_graphic())
            {
                return Some(self.fail(ParseError::new(Problem::StartLine, 0)));
            }
            let length = self.head_length()?;
            match self.read_head(length) {
                Ok(head) => self.waiting = Some(head),
                Err(error) => return Some(self.fail(error)),
            }
        }
        let length = self
            .waiting
            .as_ref()
            .and_then(Head::content_length)
            .unwrap_or(0);
        if self.buffer.len() < length {
            return None;
        }
        let head = self.waiting.take()?;
        // A copy, so that a small body does not keep a large buffer alive.
        let body = self.buffer.get(..length).unwrap_or_default();
        let message = head.complete(bytes::Bytes::copy_from_slice(body));
        self.buffer.advance(length);
        Some(Frame::Message(message))
    }

    /// A keep-alive at the beginning of the buffer. The outer `None` says that it cannot be told
    /// yet, the inner one that there is none.
    fn keep_alive(&mut self) -> Option<Option<Frame>> {
        let lone_return = matches!(self.buffer.as_ref(), [b'\r'] | [b'\r', b'\n', b'\r']);
        match self.buffer.as_ref() {
            [] => None,
            _ if lone_return => None,
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                self.buffer.advance(PING.len());
                self.half_ping = false;
                Some(Some(Frame::Ping))
            }
            // A pong must not wait for what may never come. When another line end does come, both
            // together were a ping; should they have been two pongs, one pong too many is sent.
            [b'\r', b'\n', ..] | [b'\n', ..] => {
                let length = if self.buffer.first() == Some(&b'\n') {
                    1
                } else {
                    PONG.len()
                };
                self.buffer.advance(length);
                self.half_ping = !self.half_ping;
                Some(Some(if self.half_ping {
                    Frame::Pong
                } else {
                    Frame::Ping
                }))
            }
            _ => {
                self.half_ping = false;
                Some(None)
            }
        }
    }

    /// The length of the head when its end has arrived, or of everything when it is too
    /// long.
    fn head_length(&mut self) -> Option<usize> {
        let bytes = self.buffer.as_ref();
        let mut at = self.searched;
        while let Some(found) = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()) {
            let line_end = at + found + 1;
            let rest = bytes.get(line_end..).unwrap_or_default();
            match rest {
                [b'\n', ..] => return Some(line_end + 1),
                [b'\r', b'\n', ..] => return Some(line_end + 2),
                // The empty line may still be on its way; search from this line end again.
                [] | [b'\r'] => {
                    self.searched = line_end - 1;
                    return self.is_too_long().then_some(self.buffer.len());
                }
                _ => at = line_end,
            }
        }
        self.searched = bytes.len();
        self.is_too_long().then_some(self.buffer.len())
    }

    /// Whether waiting for the end of the head is pointless.
    fn is_too_long(&self) -> bool {
        self.buffer.len() > MAX_HEAD
    }

    fn read_head(&mut self, length: usize) -> Result<Head, ParseError> {
        let head = Message::parse_head(self.buffer.get(..length).unwrap_or_default())?;
        match head.content_length() {
            None => return Err(head.refuse(Problem::NoContentLength)),
            Some(body) if body > self.max_body => return Err(head.refuse(Problem::BodyLength)),
            Some(_) => {}
        }
        self.buffer.advance(length);
        self.searched = 0;
        Ok(head)
    }

    fn fail(&mut self, error: ParseError) -> Frame {
        self.broken = true;
        self.buffer = BytesMut::new();
        Frame::Broken(error)
    }
}
