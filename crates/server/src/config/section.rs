//! Reads one table of the tree: typed values with defaults, and at the end a remark for every
//! key that nobody asked for.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use super::duration;
use super::fault::{Faults, Origin, nearest};
use super::secret::Secret;
use super::tree::{Node, Table, Value, parse_value};

/// One table while it is read. Call [`Section::finish`] when every key has been asked for.
pub(crate) struct Section<'a> {
    table: Option<&'a Table>,
    origin: Origin,
    path: String,
    known: RefCell<Vec<&'static str>>,
    pub(crate) faults: &'a Faults,
}

impl<'a> Section<'a> {
    pub(crate) fn root(table: &'a Table, faults: &'a Faults) -> Section<'a> {
        Section {
            table: Some(table),
            origin: Origin::Nowhere,
            path: String::new(),
            known: RefCell::default(),
            faults,
        }
    }

    fn node(&self, key: &'static str) -> Option<&'a Node> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table.and_then(|table| table.get(key))
    }

    /// The full name of a key, such as `sip.listen`.
    pub(crate) fn name(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{key}", self.path),
        }
    }

    fn origin_of(&self, key: &str) -> &Origin {
        self.table
            .and_then(|t| t.get(key))
            .map_or(&self.origin, |node| &node.origin)
    }

    /// Whether the key is written at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.get(key).is_some())
    }

    /// Records that the value of `key` cannot be used.
    pub(crate) fn error(&self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.faults
            .error(self.origin_of(key), self.name(key), message, remedy);
    }

    /// Records something about `key` that the operator should know.
    pub(crate) fn warn(&self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.faults
            .warning(self.origin_of(key), self.name(key), message, remedy);
    }

    fn mismatch(&self, key: &str, node: &Node, wanted: &str) {
        let remedy = match (wanted, &node.value) {
            ("a string", Value::Integer(_) | Value::Float | Value::Flag(_) | Value::Date) => {
                "put it in quotes"
            }
            ("true or false", _) => "write true or false, without quotes",
            ("an integer", _) => "write a number without fraction and quotes",
            _ => "",
        };
        self.faults.error(
            &node.origin,
            self.name(key),
            format!("{} was given where {wanted} belongs", node.value.kind()),
            remedy,
        );
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        let text = text_of(node);
        if text.is_none() {
            self.mismatch(key, node, "a string");
        }
        text
    }

    /// A text that must be there.
    pub(crate) fn required(&self, key: &'static str, remedy: &str) -> String {
        let written = self.has(key);
        let text = self.text(key).unwrap_or_default();
        if !written {
            self.error(key, "is missing", remedy);
        } else if text.is_empty() {
            self.error(key, "is empty", remedy);
        }
        text
    }

    /// A text that `parse` makes something of; its error becomes ours.
    pub(crate) fn parsed<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.error(key, message, "");
                None
            }
        }
    }

    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        let flag = match &node.value {
            Value::Flag(flag) => Some(*flag),
            Value::Raw(raw) => raw.trim().parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.mismatch(key, node, "true or false");
        }
        flag
    }

    pub(crate) fn integer(&self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let node = self.node(key)?;
        let number = match &node.value {
            Value::Integer(number) => Some(*number),
            Value::Raw(raw) => raw.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(number) => {
                self.error(key, format!("{number} is out of range"), range(least, most));
                None
            }
            None => {
                self.mismatch(key, node, "an integer");
                None
            }
        }
    }

    pub(crate) fn duration(&self, key: &'static str) -> Option<Duration> {
        if let Some(Value::Integer(number)) = self.node(key).map(|node| &node.value) {
            let remedy = format!("write \"{number}ms\" or \"{number}s\"; m, h and d are units too");
            self.error(key, format!("{number} has no unit"), remedy);
            return None;
        }
        self.parsed(key, duration::parse)
    }

    /// An IP address, or `localhost`, with its port.
    pub(crate) fn address(&self, key: &'static str) -> Option<SocketAddr> {
        self.parsed(key, |text| {
            let local = text.strip_prefix("localhost:");
            let local = local.and_then(|port| port.parse::<u16>().ok());
            local
                .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
                .or_else(|| text.parse().ok())
                .ok_or_else(|| {
                    format!(
                        "`{text}` is no address; write HOST:PORT with an IP address, \
                         such as \"127.0.0.1:8080\" or \"[::1]:8080\""
                    )
                })
        })
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(key, |text| {
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
                .ok_or_else(|| {
                    let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    let hint = nearest(text, list.iter().copied())
                        .map_or_else(String::new, |word| format!(" (did you mean `{word}`?)"));
                    format!("`{text}` is not one of {}{hint}", list.join(", "))
                })
        })
    }

    /// A secret that guards something, so it cannot be empty.
    pub(crate) fn secret(&self, key: &'static str) -> Option<Secret> {
        let secret = self.secret_or_nothing(key)?;
        if secret.reveal().is_empty() {
            self.error(key, "is empty", "give one, or env:NAME or file:PATH");
            return None;
        }
        Some(secret)
    }

    /// A secret that is shown to others, who may have chosen an empty one.
    pub(crate) fn secret_or_nothing(&self, key: &'static str) -> Option<Secret> {
        self.parsed(key, Secret::resolve)
    }

    /// A list of texts; `parse` makes something of each. One text alone stands for a list of it,
    /// and in an environment variable commas do without brackets. Nothing when one is wrong.
    pub(crate) fn list<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let node = self.node(key)?;
        let from_environment = match &node.value {
            Value::Raw(raw) => Some(raw_list(raw, &node.origin)),
            _ => None,
        };
        let nodes: Vec<&Node> = match (&from_environment, &node.value) {
            (Some(list), _) | (None, Value::List(list)) => list.iter().collect(),
            _ => vec![node],
        };
        let several = nodes.len() > 1;
        let mut is_whole = true;
        let mut values = Vec::with_capacity(nodes.len());
        for (i, element) in nodes.into_iter().enumerate() {
            let name = if several {
                format!("{key}[{i}]")
            } else {
                key.to_owned()
            };
            match text_of(element).map(|text| parse(&text)) {
                Some(Ok(value)) => values.push(value),
                Some(Err(message)) => {
                    is_whole = false;
                    self.faults
                        .error(&element.origin, self.name(&name), message, "");
                }
                None => {
                    is_whole = false;
                    self.mismatch(&name, element, "a string");
                }
            }
        }
        is_whole.then_some(values)
    }

    /// A table below this one; an empty one when it is not written.
    pub(crate) fn section(&self, key: &'static str) -> Section<'a> {
        let node = self.node(key);
        let table = match node.map(|node| &node.value) {
            Some(Value::Table(table)) => Some(table),
            Some(_) => {
                if let Some(node) = node {
                    self.mismatch(key, node, "a table");
                }
                None
            }
            None => None,
        };
        Section {
            table,
            origin: node.map_or(Origin::Nowhere, |node| node.origin.clone()),
            path: self.name(key),
            known: RefCell::default(),
            faults: self.faults,
        }
    }

    /// The tables of a table whose keys are the operator's own names.
    pub(crate) fn named_sections(&self, key: &'static str) -> Vec<(String, Section<'a>)> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Value::Table(table) = &node.value else {
            self.mismatch(key, node, "a table");
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(table.0.len());
        for (name, element) in &table.0 {
            let path = format!("{}.\"{name}\"", self.name(key));
            match &element.value {
                Value::Table(table) => {
                    let section = Section {
                        table: Some(table),
                        origin: element.origin.clone(),
                        path,
                        known: RefCell::default(),
                        faults: self.faults,
                    };
                    sections.push((name.clone(), section));
                }
                _ => self.mismatch(&format!("{key}.\"{name}\""), element, "a table"),
            }
        }
        sections
    }

    /// The tables of an array of tables.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Value::List(list) = &node.value else {
            self.mismatch(key, node, &format!("an array of tables ([[{key}]])"));
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(list.len());
        for (i, element) in list.iter().enumerate() {
            match &element.value {
                Value::Table(table) => sections.push(Section {
                    table: Some(table),
                    origin: element.origin.clone(),
                    path: format!("{}[{i}]", self.name(key)),
                    known: RefCell::default(),
                    faults: self.faults,
                }),
                _ => self.mismatch(key, element, "a table"),
            }
        }
        sections
    }

    /// Complains about every key that nobody asked for.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for (key, node) in self
            .table
            .map(|table| table.0.as_slice())
            .unwrap_or_default()
        {
            if known.contains(&key.as_str()) {
                continue;
            }
            let remedy = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.faults
                .error(&node.origin, self.name(key), "there is no such key", remedy);
        }
    }
}

/// The elements of a list that an environment variable holds: as in TOML, or between commas.
fn raw_list(raw: &str, origin: &Origin) -> Vec<Node> {
    match parse_value(raw, origin) {
        Some(Value::List(list)) => list,
        Some(text @ Value::Text(_)) => vec![Node {
            value: text,
            origin: origin.clone(),
        }],
        _ => raw
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| Node {
                value: Value::Text(text.to_owned()),
                origin: origin.clone(),
            })
            .collect(),
    }
}

fn text_of(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Raw(raw) => match parse_value(raw, &node.origin) {
            Some(Value::Text(text)) => Some(text),
            _ => Some(raw.clone()),
        },
        _ => None,
    }
}

fn range(least: i64, most: i64) -> String {
    if most == i64::MAX {
        format!("use {least} or more")
    } else {
        format!("use a number from {least} to {most}")
    }
}
