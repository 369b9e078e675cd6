//! The little of SQL that both databases share: statements with `$1, $2 …`, values, rows.
//!
//! Both are used from threads of the store, one statement after the other, so that what is said
//! of one holds for the other. SQLite numbers `$n` as they first appear; every statement uses them
//! in ascending order.

use std::borrow::Cow;

use crate::error::{ErrorKind, StoreError};
use crate::options::{Options, Place};

mod identity;
mod migration;
mod postgres;
mod postgres_tls;
mod sqlite;

/// The longest text that an index holds; PostgreSQL refuses rows with more than some 2,700 bytes.
const SHORT: usize = 1_000;

/// A value of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

/// Text as every database can keep it.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// What of a text a column with an index has.
pub(crate) fn short(text: &str) -> &str {
    let end = (0..=SHORT.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

impl<'a> Value<'a> {
    /// Text of whatever origin. PostgreSQL knows no NUL in text, so it is replaced everywhere.
    pub(crate) fn text(text: &'a str) -> Value<'a> {
        Value::Text(without_nul(text))
    }

    /// Text that was made for the statement.
    pub(crate) fn owned(text: String) -> Value<'static> {
        let text = match without_nul(&text) {
            Cow::Owned(other) => other,
            Cow::Borrowed(_) => text,
        };
        Value::Text(Cow::Owned(text))
    }

    /// A word of ours, or other text in which there is no NUL.
    pub(crate) fn plain(text: &'a str) -> Value<'a> {
        Value::Text(Cow::Borrowed(text))
    }

    /// Text of a column with an index: its first thousand bytes.
    pub(crate) fn short(text: &'a str) -> Value<'a> {
        Value::text(short(text))
    }

    /// Text, or none.
    pub(crate) fn optional(text: Option<&'a str>) -> Value<'a> {
        text.map_or(Value::Null, Value::text)
    }

    /// A number, or none.
    pub(crate) fn number<N: Into<i64>>(number: Option<N>) -> Value<'static> {
        number.map_or(Value::Null, |number| Value::Int(number.into()))
    }
}

/// A value of a result.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of a result, read from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Cell>);

impl Row {
    fn new(cells: Vec<Cell>) -> Row {
        Row(cells.into_iter())
    }

    fn next(&mut self) -> Cell {
        self.0.next().unwrap_or(Cell::Null)
    }

    pub(crate) fn optional_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.next() {
            Cell::Int(number) => Ok(Some(number)),
            Cell::Null => Ok(None),
            other => Err(unexpected("a number", &other)),
        }
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        let number = self.optional_int()?;
        number.ok_or_else(|| unexpected("a number", &Cell::Null))
    }

    pub(crate) fn optional_number<N: TryFrom<i64>>(&mut self) -> Result<Option<N>, StoreError> {
        let number = self.optional_int()?;
        let read = |number| {
            N::try_from(number).map_err(|_| unexpected("a small number", &Cell::Int(number)))
        };
        number.map(read).transpose()
    }

    pub(crate) fn number<N: TryFrom<i64>>(&mut self) -> Result<N, StoreError> {
        let number = self.optional_number()?;
        number.ok_or_else(|| unexpected("a number", &Cell::Null))
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next() {
            Cell::Text(text) => Ok(Some(text)),
            Cell::Null => Ok(None),
            other => Err(unexpected("text", &other)),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        let text = self.optional_text()?;
        text.ok_or_else(|| unexpected("text", &Cell::Null))
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next() {
            Cell::Bytes(bytes) => Ok(bytes),
            other => Err(unexpected("bytes", &other)),
        }
    }

    pub(crate) fn optional_word<W>(
        &mut self,
        of_word: impl Fn(&str) -> Option<W>,
    ) -> Result<Option<W>, StoreError> {
        let Some(word) = self.optional_text()? else {
            return Ok(None);
        };
        match of_word(&word) {
            Some(value) => Ok(Some(value)),
            None => Err(unexpected("a known word", &Cell::Text(word))),
        }
    }

    pub(crate) fn word<W>(&mut self, of_word: impl Fn(&str) -> Option<W>) -> Result<W, StoreError> {
        let value = self.optional_word(of_word)?;
        value.ok_or_else(|| unexpected("a word", &Cell::Null))
    }
}

fn unexpected(wanted: &str, found: &Cell) -> StoreError {
    let found = match found {
        Cell::Null => "nothing".to_owned(),
        Cell::Int(number) => number.to_string(),
        // Not shown: it may be somebody's number.
        Cell::Text(_) => "other text".to_owned(),
        Cell::Bytes(_) => "bytes".to_owned(),
    };
    StoreError::new(
        ErrorKind::Operator,
        format!("the database holds {found} where {wanted} should be"),
    )
}

/// The values of a statement, each time that it is run.
pub(crate) type Values<'a, 'v> = &'a mut dyn Iterator<Item = Vec<Value<'v>>>;

/// A connection to a database.
pub(crate) trait Database: Send {
    /// Whether what is written still goes to where it will be found.
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Begins a transaction. One that is `durable` is on disk when it is committed; another may
    /// be lost when the machine (not the process) dies, and leaves the database whole.
    fn begin(&mut self, durable: bool) -> Result<(), StoreError>;

    /// Ends a transaction.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Gives a transaction up.
    fn rollback(&mut self);

    /// Runs one statement with each of the values, which are made as they are needed, and gives
    /// what each returned.
    fn run(&mut self, sql: &str, all: Values<'_, '_>) -> Result<Vec<Vec<Row>>, StoreError>;

    /// Runs statements without values.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Within a transaction, keeps other servers from changing the schema.
    fn lock_schema(&mut self) -> Result<(), StoreError>;

    /// The statements that bring the schema to each version, the first to version 1.
    fn migrations(&self) -> &'static [&'static str];

    /// Whether it looks as if nothing could be asked any more.
    fn is_gone(&self) -> bool;

    /// Runs one statement.
    fn query(&mut self, sql: &str, values: Vec<Value<'_>>) -> Result<Vec<Row>, StoreError> {
        let results = self.run(sql, &mut [values].into_iter())?;
        Ok(results.into_iter().next().unwrap_or_default())
    }

    /// Runs one statement that returns a number, such as a count.
    fn number(&mut self, sql: &str, values: Vec<Value<'_>>) -> Result<Option<i64>, StoreError> {
        let mut rows = self.query(sql, values)?;
        rows.first_mut().map_or(Ok(None), Row::optional_int)
    }
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Writing,
    Reading,
}

/// Connects.
pub(crate) fn connect(options: &Options, purpose: Use) -> Result<Box<dyn Database>, StoreError> {
    Ok(match options.place()? {
        Place::Memory => Box::new(sqlite::Sqlite::in_memory(options)?),
        Place::File(path) => Box::new(sqlite::Sqlite::open(&path, options, purpose)?),
        Place::Postgres(url) => Box::new(postgres::Postgres::connect(&url, purpose)?),
    })
}

pub(crate) use identity::Identity;
pub(crate) use migration::migrate;
