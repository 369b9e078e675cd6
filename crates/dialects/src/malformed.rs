//! Why a document is no well-formed XML, in words for the person who wrote it.

use hookflash_program::Position;
use roxmltree::Error;

use crate::place::{Places, START};
use crate::shown::{on_one_line, shown};

/// What the XML parser found.
pub(crate) struct Malformed {
    /// Where.
    pub(crate) position: Position,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<&'static str>,
}

impl Malformed {
    /// Puts a parser's error about this text into words.
    pub(crate) fn new(text: &str, error: &Error) -> Malformed {
        let pos = error.pos();
        let mut position = Position {
            line: pos.row,
            column: pos.col,
        };
        let end = || Places::new(text).at(text.trim_end().len());
        let (message, help) = match error {
            Error::DtdDetected => {
                position = text
                    .find("<!DOCTYPE")
                    .map_or(START, |at| Places::new(text).at(at));
                (
                    "a document type declaration is not allowed".to_owned(),
                    Some("remove <!DOCTYPE …>"),
                )
            }
            Error::NoRootNode => (
                "there is no root element".to_owned(),
                Some("the document must be one <Response>"),
            ),
            Error::UnclosedRootNode => {
                position = end();
                (
                    "the document ends before `</Response>`".to_owned(),
                    Some("close every element"),
                )
            }
            Error::UnexpectedEndOfStream => {
                position = end();
                (
                    "the document ends in the middle of a tag or text".to_owned(),
                    None,
                )
            }
            Error::UnexpectedCloseTag(expected, found, _) => (
                format!(
                    "`</{}>` closes an element, but `{}` is open",
                    shown(found),
                    shown(expected)
                ),
                Some("close elements in the reverse order of opening them"),
            ),
            Error::UnknownEntityReference(name, _) => (
                format!("`&{};` is not known", shown(name)),
                Some("write `&` as `&amp;`; known are amp, lt, gt, quot and apos"),
            ),
            Error::MalformedEntityReference(_) => (
                "`&` starts a reference, and none follows".to_owned(),
                Some("write `&` as `&amp;`, in URLs too"),
            ),
            Error::InvalidAttributeValue(_) | Error::InvalidChar(b'"' | b'\'', b'<', _) => (
                "an attribute value holds `<`".to_owned(),
                Some("write it as `&lt;`, and look for a missing quote before it"),
            ),
            Error::DuplicatedAttribute(name, _) => (
                format!("the attribute `{}` stands twice", shown(name)),
                None,
            ),
            Error::UnknownNamespace(name, _) => (
                format!("the prefix `{}:` is not declared", shown(name)),
                None,
            ),
            Error::InvalidChar2("a quote", found, _) => (
                format!(
                    "expected a quote, found `{}`",
                    char::from(*found).escape_debug()
                ),
                Some("put attribute values in quotes"),
            ),
            other => {
                // The library ends its messages with the place, which is told apart here.
                let words = other.to_string();
                let words = words
                    .rsplit_once(" at ")
                    .map_or(words.as_str(), |(words, _)| words);
                (
                    format!("the document is not well-formed: {}", on_one_line(words)),
                    None,
                )
            }
        };
        Malformed {
            position,
            message,
            help,
        }
    }
}
