//! The header section of a message: one text buffer and a list of places in it.

use std::fmt;

use crate::header::{BadHeader, KnownNames, Name, TypedHeader};
use crate::syntax::{List, is_token};
use crate::wire_text;

const OTHER: u8 = u8::MAX;

/// A stretch of the text buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Span {
        // Messages are capped far below 4 GiB, so saturation never happens on a received message.
        let clamp = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: clamp(start),
            end: clamp(end),
        }
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }
}

/// One header line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    value: Span,
    name_start: u32,
    name_length: u16,
    field: u8,
}

impl Slot {
    /// `field` is [`Name::index`] of a known name.
    pub(crate) fn new(field: Option<u8>, name: Span, value: Span) -> Slot {
        Slot {
            value,
            name_start: name.start,
            // A head is no longer than 64 KiB, and longer names are not sent either.
            name_length: u16::try_from(name.end - name.start).unwrap_or(u16::MAX),
            field: field.unwrap_or(OTHER),
        }
    }

    fn name<'a>(&self, text: &'a str) -> &'a str {
        Span {
            start: self.name_start,
            end: self.name_start + u32::from(self.name_length),
        }
        .of(text)
    }

    pub(crate) fn value(&self) -> Span {
        self.value
    }

    pub(crate) fn set_value(&mut self, value: Span) {
        self.value = value;
    }
}

/// The headers of a message in their order, one entry per header line.
///
/// Text is held in the form described in [`wire_text`], so bytes that are not UTF-8 come back to
/// the wire unchanged. No line end can ever get into a header: the `try_` functions refuse CR, LF
/// and NUL with an error that names them (use these for text that an application supplied), the
/// others put blanks in their place.
#[derive(Clone, Default)]
pub struct Headers {
    text: String,
    slots: Vec<Slot>,
    // The Request-URI or the reason phrase; it shares the buffer to save an allocation.
    start_text: Span,
}

/// Text that must not get into a header: it holds CR, LF or NUL, or its name is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsafeText {
    /// The header's name.
    pub name: String,
    /// What is wrong, for a person.
    pub problem: &'static str,
}

impl fmt::Display for UnsafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "header {:?} cannot be sent: {}", self.name, self.problem)
    }
}

impl std::error::Error for UnsafeText {}

impl Headers {
    pub(crate) fn with_capacity(text: usize, slots: usize) -> Headers {
        Headers {
            text: String::with_capacity(text),
            slots: Vec::with_capacity(slots),
            start_text: Span::default(),
        }
    }

    pub(crate) fn from_parts(text: String, slots: Vec<Slot>, start_text: Span) -> Headers {
        Headers {
            text,
            slots,
            start_text,
        }
    }

    pub(crate) fn start_text(&self) -> &str {
        self.start_text.of(&self.text)
    }

    pub(crate) fn set_start_text(&mut self, text: &str) {
        self.start_text = self.store(text);
    }

    /// The value of the first header line of that name.
    #[inline]
    pub fn get<'n>(&self, name: impl Into<Name<'n>>) -> Option<&str> {
        let found = match Key::new(name.into()) {
            Key::Known(field) => self.slots.iter().find(|s| s.field == field),
            key => self.slots.iter().find(|s| key.fits(s, &self.text)),
        };
        found.map(|s| s.value.of(&self.text))
    }

    /// The values of all header lines of that name, in their order.
    pub fn get_all<'a>(&'a self, name: impl Into<Name<'a>>) -> impl Iterator<Item = &'a str> {
        let key = Key::new(name.into());
        self.slots
            .iter()
            .filter(move |s| key.fits(s, &self.text))
            .map(|s| s.value.of(&self.text))
    }

    /// The comma-separated values of all header lines of that name, in their order. Commas inside
    /// quotes and angle brackets do not separate (RFC 3261 section 7.3.1).
    pub fn get_list<'a>(&'a self, name: impl Into<Name<'a>>) -> impl Iterator<Item = &'a str> {
        self.get_all(name).flat_map(List::new)
    }

    /// The first value of a header in its typed form; an error when it is missing or malformed.
    ///
    /// For headers that may be given as comma-separated lists, the first item is read.
    pub fn typed<'a, T: TypedHeader<'a>>(&'a self) -> Result<T, BadHeader> {
        self.typed_opt()?.ok_or(BadHeader {
            name: T::NAME,
            problem: "is missing",
            value: String::new(),
        })
    }

    /// As [`Headers::typed`], `None` when the header is missing.
    pub fn typed_opt<'a, T: TypedHeader<'a>>(&'a self) -> Result<Option<T>, BadHeader> {
        let Some(value) = self.get(T::NAME) else {
            return Ok(None);
        };
        let value = if T::LIST {
            List::new(value).next().unwrap_or("")
        } else {
            value
        };
        T::parse(value).map(Some)
    }

    /// All values of a header that may be repeated or comma-joined, in typed form.
    pub fn typed_list<'a, T: TypedHeader<'a> + 'a>(
        &'a self,
    ) -> impl Iterator<Item = Result<T, BadHeader>> + 'a {
        self.get_all(T::NAME).flat_map(|line| {
            let (list, single) = if T::LIST {
                (line, None)
            } else {
                ("", Some(line))
            };
            List::new(list).chain(single).map(T::parse)
        })
    }

    /// Whether there is a header line of that name.
    pub fn contains<'n>(&self, name: impl Into<Name<'n>>) -> bool {
        self.get(name).is_some()
    }

    /// All header lines in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Name<'_>, &str)> {
        self.slots
            .iter()
            .map(|s| (self.name_of(s), s.value.of(&self.text)))
    }

    /// The number of header lines.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no header line at all.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Adds a header line at the end.
    pub fn push<'n>(&mut self, name: impl Into<Name<'n>>, value: &str) {
        let slot = self.make(name.into(), value);
        self.slots.push(slot);
    }

    /// Adds a header line before all others.
    pub fn push_front<'n>(&mut self, name: impl Into<Name<'n>>, value: &str) {
        let slot = self.make(name.into(), value);
        self.slots.insert(0, slot);
    }

    /// Gives the header this one value: the first line of that name keeps its place, further ones
    /// are removed.
    pub fn set<'n>(&mut self, name: impl Into<Name<'n>>, value: &str) {
        let name = name.into();
        let key = Key::new(name);
        let Some(at) = self.slots.iter().position(|s| key.fits(s, &self.text)) else {
            return self.push(name, value);
        };
        let slot = self.make(name, value);
        if let Some(place) = self.slots.get_mut(at) {
            *place = slot;
        }
        let mut index = 0;
        let text = &self.text;
        self.slots.retain(|s| {
            index += 1;
            index - 1 <= at || !key.fits(s, text)
        });
    }

    /// Changes the value of the first line of that name and leaves further ones alone.
    pub fn set_first<'n>(&mut self, name: impl Into<Name<'n>>, value: &str) {
        let name = name.into();
        let key = Key::new(name);
        let Some(at) = self.slots.iter().position(|s| key.fits(s, &self.text)) else {
            return self.push(name, value);
        };
        let value = self.store_value(value);
        if let Some(place) = self.slots.get_mut(at) {
            place.value = value;
        }
    }

    /// Removes every line of that name.
    pub fn remove<'n>(&mut self, name: impl Into<Name<'n>>) {
        let key = Key::new(name.into());
        let text = &self.text;
        self.slots.retain(|s| !key.fits(s, text));
    }

    /// Removes the first line of that name.
    pub fn remove_first<'n>(&mut self, name: impl Into<Name<'n>>) {
        let key = Key::new(name.into());
        if let Some(at) = self.slots.iter().position(|s| key.fits(s, &self.text)) {
            self.slots.remove(at);
        }
    }

    /// As [`Headers::push`], for text from an application.
    pub fn try_push<'n>(
        &mut self,
        name: impl Into<Name<'n>>,
        value: &str,
    ) -> Result<(), UnsafeText> {
        let name = name.into();
        check(name, value)?;
        self.push(name, value);
        Ok(())
    }

    /// As [`Headers::set`], for text from an application.
    pub fn try_set<'n>(
        &mut self,
        name: impl Into<Name<'n>>,
        value: &str,
    ) -> Result<(), UnsafeText> {
        let name = name.into();
        check(name, value)?;
        self.set(name, value);
        Ok(())
    }

    /// Appends all lines of that name from another message as they are.
    pub fn copy_all<'n>(&mut self, from: &Headers, name: impl Into<Name<'n>>) {
        let name = name.into();
        let key = Key::new(name);
        for slot in from.slots.iter().filter(|s| key.fits(s, &from.text)) {
            // A received value has no line end; a NUL in it is a peer's own quoted pair and goes
            // back as it came.
            let start = self.text.len();
            self.text.push_str(slot.value.of(&from.text));
            let value = Span::new(start, self.text.len());
            let copy = self.make(name, "");
            self.slots.push(Slot { value, ..copy });
        }
    }

    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        for slot in &self.slots {
            if Name::ContentLength.index() == Some(slot.field) {
                continue;
            }
            out.extend_from_slice(self.name_of(slot).as_str().as_bytes());
            out.extend_from_slice(b": ");
            wire_text::write_to(slot.value.of(&self.text), out);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// How many bytes the lines take on the wire, beyond the start line; fewer when they carry bytes
    /// that are not UTF-8.
    pub(crate) fn wire_length(&self) -> usize {
        let line = |slot: &Slot| {
            let value = slot.value.of(&self.text);
            self.name_of(slot).as_str().len() + value.len() + ": \r\n".len()
        };
        self.slots.iter().map(line).sum()
    }

    /// The first of these names that more than one line has.
    pub(crate) fn repeated(&self, names: KnownNames) -> Option<Name<'static>> {
        let mut seen = KnownNames::NONE;
        let again = self.slots.iter().find(|slot| {
            let is_again = seen.has(slot.field);
            seen = seen.with(slot.field);
            is_again && names.has(slot.field)
        })?;
        Name::from_index(again.field)
    }

    fn name_of(&self, slot: &Slot) -> Name<'_> {
        Name::from_index(slot.field).unwrap_or(Name::Other(slot.name(&self.text)))
    }

    fn make(&mut self, name: Name<'_>, value: &str) -> Slot {
        let (known, span) = match Key::new(name) {
            Key::Known(field) => (Some(field), Span::default()),
            Key::Other(name) => (None, self.store_name(name)),
        };
        let value = self.store_value(value);
        Slot::new(known, span, value)
    }

    fn store_value(&mut self, value: &str) -> Span {
        self.store(value.trim_matches([' ', '\t', '\r', '\n', '\0']))
    }

    fn store(&mut self, value: &str) -> Span {
        let start = self.text.len();
        if value.bytes().any(is_forbidden) {
            self.text
                .extend(value.chars().map(|c| match u8::try_from(c) {
                    Ok(b) if is_forbidden(b) => ' ',
                    _ => c,
                }));
        } else {
            self.text.push_str(value);
        }
        Span::new(start, self.text.len())
    }

    fn store_name(&mut self, name: &str) -> Span {
        let start = self.text.len();
        if is_token(name) {
            self.text.push_str(name);
        } else {
            self.text.extend(
                name.chars()
                    .filter(|c| u8::try_from(*c).is_ok_and(crate::syntax::is_token_byte)),
            );
            if self.text.len() == start {
                self.text.push_str("X-Unnamed");
            }
        }
        Span::new(start, self.text.len())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(n, v)| (n.as_str(), v)))
            .finish()
    }
}

/// A name made ready for comparing it with many lines.
#[derive(Clone, Copy)]
enum Key<'n> {
    Known(u8),
    Other(&'n str),
}

impl<'n> Key<'n> {
    #[inline]
    fn new(name: Name<'n>) -> Key<'n> {
        // `Name::Other` may hold the spelling of a known name when it was built by hand.
        match (name, name.index()) {
            (_, Some(field)) => Key::Known(field),
            (Name::Other(text), None) => Name::known(text)
                .and_then(Name::index)
                .map_or(Key::Other(text), Key::Known),
            (_, None) => Key::Other(name.as_str()),
        }
    }

    fn fits(self, slot: &Slot, text: &str) -> bool {
        match self {
            Key::Known(field) => slot.field == field,
            Key::Other(name) => slot.field == OTHER && slot.name(text).eq_ignore_ascii_case(name),
        }
    }
}

fn is_forbidden(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

fn check(name: Name<'_>, value: &str) -> Result<(), UnsafeText> {
    let problem = if !is_token(name.as_str()) {
        "the name must be a token"
    } else if value.bytes().any(is_forbidden) {
        "the value must not contain CR, LF or NUL"
    } else {
        return Ok(());
    };
    Err(UnsafeText {
        name: name.as_str().to_owned(),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(headers: &Headers) -> String {
        let mut out = Vec::new();
        headers.write_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_keep_their_order_and_known_names_their_registered_spelling() {
        let mut headers = Headers::default();
        headers.push("v", "SIP/2.0/UDP b");
        headers.push_front(Name::Via, "SIP/2.0/UDP a");
        headers.push("x-MINE", "1");
        assert_eq!(
            wire(&headers),
            "Via: SIP/2.0/UDP a\r\nVia: SIP/2.0/UDP b\r\nx-MINE: 1\r\n"
        );
        assert_eq!(headers.get("X-Mine"), Some("1"));
    }

    #[test]
    fn set_replaces_the_first_line_and_removes_the_others() {
        let mut headers = Headers::default();
        for value in ["1", "2", "3"] {
            headers.push("X-A", value);
            headers.push("X-B", value);
        }
        headers.set("x-a", "new");
        headers.remove_first("X-B");
        assert_eq!(headers.get_all("X-A").collect::<Vec<_>>(), ["new"]);
        assert_eq!(headers.get_all("X-B").collect::<Vec<_>>(), ["2", "3"]);
        headers.remove("X-B");
        assert!(!headers.contains("X-B"));
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn c5_line_ends_from_an_application_are_refused() {
        let mut headers = Headers::default();
        for value in ["a\r\nX: y", "a\nb", "a\rb", "a\0b"] {
            assert!(headers.try_push("X-A", value).is_err(), "{value:?}");
            assert!(headers.try_set("X-A", value).is_err(), "{value:?}");
        }
        for name in ["", "X A", "X:A", "X\r\nA", "Ä"] {
            assert!(headers.try_push(name, "v").is_err(), "{name:?}");
        }
        assert!(headers.is_empty());
    }

    #[test]
    fn c5_line_ends_from_the_stack_itself_become_blanks() {
        let mut headers = Headers::default();
        headers.push("X-A", "a\r\nX-Evil: y\0");
        headers.push("X-\r\nEvil: ", "v");
        headers.set_first("X-A", "b\nc");
        assert_eq!(wire(&headers), "X-A: b c\r\nX-Evil: v\r\n");
    }

    #[test]
    fn lists_run_over_repeated_and_joined_lines() {
        let mut headers = Headers::default();
        headers.push("Supported", "100rel, timer");
        headers.push("k", "tdialog,,norefersub");
        assert_eq!(
            headers.get_list(Name::Supported).collect::<Vec<_>>(),
            ["100rel", "timer", "tdialog", "norefersub"]
        );
    }
}
