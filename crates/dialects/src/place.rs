//! Lines and columns of byte offsets in a document.

use hookflash_program::Position;

/// Where every document begins.
pub(crate) const START: Position = Position { line: 1, column: 1 };

/// The text of a document.
///
/// # Errors
/// The position of the first byte that is not UTF-8.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Position> {
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        Places::new(valid).at(valid.len())
    })
}

/// Finds the positions of offsets. Asked in rising order, as a walk through a document does, all
/// answers together cost one pass over the text.
pub(crate) struct Places<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Places<'a> {
        Places {
            text,
            offset: 0,
            position: START,
        }
    }

    /// The position of a byte offset; of the end when it lies behind it.
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        if offset < self.offset {
            *self = Places::new(self.text);
        }
        let rest = self.text.get(self.offset..).unwrap_or_default();
        for (at, character) in rest.char_indices() {
            if self.offset + at >= offset {
                self.offset += at;
                return self.position;
            }
            if character == '\n' {
                self.position.line += 1;
                self.position.column = 1;
            } else {
                self.position.column += 1;
            }
        }
        self.offset += rest.len();
        self.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let mut places = Places::new("é<a>\n  <b/>");
        assert_eq!(places.at(0), position(1, 1));
        assert_eq!(places.at(2), position(1, 2));
        assert_eq!(places.at(8), position(2, 3));
        assert_eq!(places.at(99), position(2, 7));
    }

    #[test]
    fn an_earlier_offset_is_found_after_a_later_one() {
        let mut places = Places::new("ab\ncd");
        assert_eq!(places.at(4), position(2, 2));
        assert_eq!(places.at(1), position(1, 2));
    }
}
