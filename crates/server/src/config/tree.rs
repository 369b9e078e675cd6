//! The settings as written, before anyone asks what they mean: a tree in which every value
//! remembers where it came from.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};

use super::fault::{ConfigError, Origin};

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A value as written.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// A number with a fraction; no key takes one.
    Float,
    Flag(bool),
    /// A TOML date or time; no key takes one.
    Date,
    List(Vec<Node>),
    Table(Table),
    /// The text of an environment variable; its reader decides what it is.
    Raw(String),
}

impl Value {
    /// What a person calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float => "a number",
            Value::Flag(_) => "a boolean",
            Value::Date => "a date",
            Value::List(_) => "an array",
            Value::Table(_) => "a table",
            Value::Raw(_) => "a text",
        }
    }
}

/// Keys in the order in which they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(pub(crate) Vec<(String, Node)>);

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0
            .iter_mut()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node)
    }

    /// Reads TOML. `source` names the file in errors.
    pub(crate) fn parse(source: &str, text: &str) -> Result<Table, Box<ConfigError>> {
        match DeTable::parse(text) {
            Ok(table) => Ok(convert_table(table.get_ref(), text)),
            Err(error) => Err(Box::new(ConfigError {
                source: source.to_owned(),
                origin: origin_at(text, error.span().map_or(0, |span| span.start)),
                key: String::new(),
                message: format!("this is no TOML: {}", error.message().trim()),
                remedy: String::new(),
            })),
        }
    }

    /// Writes a value over what stands at `path`, making tables on the way. A numeric segment
    /// names an element of an array.
    pub(crate) fn overlay(&mut self, path: &[&str], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        if rest.is_empty() {
            match self.get_mut(first) {
                Some(existing) => *existing = node,
                None => self.0.push(((*first).to_owned(), node)),
            }
            return;
        }
        if self.get(first).is_none() {
            let empty = if rest
                .first()
                .is_some_and(|next| next.parse::<usize>().is_ok())
            {
                Value::List(Vec::new())
            } else {
                Value::Table(Table::default())
            };
            self.0.push((
                (*first).to_owned(),
                Node {
                    value: empty,
                    origin: node.origin.clone(),
                },
            ));
        }
        if let Some(child) = self.get_mut(first) {
            child.overlay(rest, node);
        }
    }
}

impl Node {
    fn overlay(&mut self, path: &[&str], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        match (&mut self.value, first.parse::<usize>()) {
            (Value::Table(table), _) => table.overlay(path, node),
            (Value::List(list), Ok(index)) => {
                if index >= list.len() {
                    let value = Value::Table(Table::default());
                    list.push(Node {
                        value,
                        origin: node.origin.clone(),
                    });
                }
                let last = list.len().saturating_sub(1);
                if let Some(element) = list.get_mut(index.min(last)) {
                    element.overlay(rest, node);
                }
            }
            _ => {
                let mut table = Table::default();
                let origin = node.origin.clone();
                table.overlay(path, node);
                *self = Node {
                    value: Value::Table(table),
                    origin,
                };
            }
        }
    }
}

/// Reads a lone TOML value, such as the text of an environment variable.
pub(crate) fn parse_value(text: &str, origin: &Origin) -> Option<Value> {
    let document = format!("value = {text}");
    let table = DeTable::parse(&document).ok()?;
    let mut converted = convert_table(table.get_ref(), &document);
    let (_, mut node) = converted.0.pop()?;
    stamp(&mut node, origin);
    converted.0.is_empty().then_some(node.value)
}

fn stamp(node: &mut Node, origin: &Origin) {
    node.origin = origin.clone();
    match &mut node.value {
        Value::List(list) => list.iter_mut().for_each(|child| stamp(child, origin)),
        Value::Table(table) => table
            .0
            .iter_mut()
            .for_each(|(_, child)| stamp(child, origin)),
        _ => {}
    }
}

fn convert_table(table: &DeTable<'_>, text: &str) -> Table {
    let mut entries: Vec<(usize, String, Node)> = table
        .iter()
        .map(|(key, value)| {
            let at = key.span().start;
            let name: &Cow<'_, str> = key.get_ref();
            let node = Node {
                value: convert(value.get_ref(), text),
                origin: origin_at(text, at),
            };
            (at, name.clone().into_owned(), node)
        })
        .collect();
    entries.sort_by_key(|(at, _, _)| *at);
    Table(
        entries
            .into_iter()
            .map(|(_, name, node)| (name, node))
            .collect(),
    )
}

fn convert(value: &DeValue<'_>, text: &str) -> Value {
    match value {
        DeValue::String(string) => Value::Text(string.clone().into_owned()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Text(integer.as_str().to_owned()),
        },
        DeValue::Float(_) => Value::Float,
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(array) => Value::List(
            array
                .iter()
                .map(|element| Node {
                    value: convert(element.get_ref(), text),
                    origin: origin_at(text, element.span().start),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, text)),
    }
}

fn origin_at(text: &str, offset: usize) -> Origin {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    Origin::File {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}
