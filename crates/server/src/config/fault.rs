//! What is wrong with a configuration, said to the operator: where, which key, and the remedy.

use std::cell::RefCell;
use std::fmt;

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the configuration file; line and column count from 1.
    File {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
    /// In this environment variable.
    Environment(String),
    /// In this option of the command line.
    Option(String),
    /// Nowhere: it is the built-in default or missing.
    Nowhere,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the configuration file, or where else the setting was written.
    pub source: String,
    /// Where in it.
    pub origin: Origin,
    /// The key, such as `sip.listen[1]`; empty when the file itself is the trouble.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::File { line, column } => write!(f, "{}:{line}:{column}: ", self.source)?,
            Origin::Environment(name) => write!(f, "environment variable {name}: ")?,
            Origin::Option(name) => write!(f, "option {name}: ")?,
            Origin::Nowhere if self.source.is_empty() => {}
            Origin::Nowhere => write!(f, "{}: ", self.source)?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration, in the order of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Collects what is wrong while a configuration is read, so that one run shows everything.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) source: String,
    errors: RefCell<Vec<ConfigError>>,
    warnings: RefCell<Vec<String>>,
}

impl Faults {
    pub(crate) fn new(source: &str) -> Faults {
        Faults {
            source: source.to_owned(),
            ..Faults::default()
        }
    }

    pub(crate) fn error(
        &self,
        origin: &Origin,
        key: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.errors
            .borrow_mut()
            .push(self.compose(origin, key, message, remedy));
    }

    pub(crate) fn warning(
        &self,
        origin: &Origin,
        key: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let text = self.compose(origin, key, message, remedy).to_string();
        self.warnings.borrow_mut().push(text);
    }

    fn compose(
        &self,
        origin: &Origin,
        key: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            source: self.source.clone(),
            origin: origin.clone(),
            key: key.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// The warnings, or every error.
    pub(crate) fn settle(self) -> Result<Vec<String>, ConfigErrors> {
        let errors = self.errors.into_inner();
        if errors.is_empty() {
            Ok(self.warnings.into_inner())
        } else {
            Err(ConfigErrors(errors))
        }
    }
}

/// The candidate that a mistyped word most likely means, if any is near enough.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, counted in characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        let mut before = i + 1;
        for (&b, pair) in right.iter().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            before = (before + 1)
                .min(above + 1)
                .min(diagonal + usize::from(a != b));
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_finds_its_neighbour_and_a_foreign_word_finds_none() {
        let known = ["listen", "advertise", "domains"];
        assert_eq!(nearest("lisen", known), Some("listen"));
        assert_eq!(nearest("adverties", known), Some("advertise"));
        assert_eq!(nearest("banana", known), None);
    }
}
