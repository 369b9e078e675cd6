//! What can go wrong with a store, and whose matter it is.

use std::fmt;

/// Why the store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    kind: ErrorKind,
    message: String,
}

/// Whose matter an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The database cannot be reached, is locked, read-only or full. Later it may work again.
    Unavailable,
    /// The database refused this row or statement, and would again.
    Refused,
    /// Too much waits already.
    Busy,
    /// The store was closed.
    Closed,
    /// The configuration or the database itself: the operator has to do something.
    Operator,
}

impl StoreError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> StoreError {
        StoreError {
            kind,
            message: message.into(),
        }
    }

    /// The operator has to do something about it.
    pub fn operator(message: impl Into<String>) -> StoreError {
        StoreError::new(ErrorKind::Operator, message)
    }

    pub(crate) fn closed() -> StoreError {
        StoreError::new(ErrorKind::Closed, "the store is closed")
    }

    /// Whose matter it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same may work later.
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, ErrorKind::Unavailable | ErrorKind::Busy)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {}
