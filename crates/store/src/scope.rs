//! Whose rows a question is about. There is no question without a scope.

use crate::sql::Value;

/// Whose rows a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Those of one account. What a request of an API asks is always about these.
    Account(&'a str),
    /// All. For the operator's own view and tools.
    Operator,
}

impl Scope<'_> {
    /// The condition on a column with the account, whose value is number `number`.
    pub(crate) fn clause<'v>(self, column: &str, number: usize) -> (String, Vec<Value<'v>>) {
        match self {
            Scope::Account(account) => (
                format!("{column} = ${number}"),
                vec![Value::owned(account.to_owned())],
            ),
            Scope::Operator => ("1 = 1".to_owned(), Vec::new()),
        }
    }

    pub(crate) fn owned(self) -> OwnedScope {
        OwnedScope(match self {
            Scope::Account(account) => Some(account.to_owned()),
            Scope::Operator => None,
        })
    }
}

/// A scope that goes to another thread.
#[derive(Clone, Debug)]
pub(crate) struct OwnedScope(Option<String>);

impl OwnedScope {
    pub(crate) fn as_scope(&self) -> Scope<'_> {
        self.0.as_deref().map_or(Scope::Operator, Scope::Account)
    }
}

/// A condition in the making.
#[derive(Debug)]
pub(crate) struct Conditions<'a> {
    pub(crate) text: String,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    /// No condition yet.
    pub(crate) fn none() -> Conditions<'a> {
        Conditions {
            text: "1 = 1".to_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn of(scope: Scope<'_>, column: &str) -> Conditions<'a> {
        let (text, values) = scope.clause(column, 1);
        Conditions { text, values }
    }

    /// Adds a value and gives its mark.
    pub(crate) fn mark(&mut self, value: Value<'a>) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Adds a condition.
    pub(crate) fn and(&mut self, condition: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
    }

    /// Adds a comparison with a value.
    pub(crate) fn compare(&mut self, left: &str, value: Value<'a>) {
        let mark = self.mark(value);
        self.and(&format!("{left} {mark}"));
    }
}
