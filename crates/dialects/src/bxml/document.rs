//! From the bytes of a BXML document to elements that are known to follow the schema.
//!
//! Bandwidth runs a document as a whole or not at all: one error anywhere ends the call with the
//! cause `invalid-bxml`. All errors are collected, so that they can be mended in one go.

use std::collections::HashSet;

use hookflash_program::{Diagnostic, Position, Severity};
use roxmltree::{Document, Node, NodeType};

use super::schema::{Content, DOCUMENT, Element, REFER};
use super::value;
use crate::DocumentError;
use crate::malformed::Malformed;
use crate::nearest::nearest;
use crate::place::{Places, START, utf8};
use crate::shown::shown;
use crate::too_many::too_many;

/// The most that Bandwidth takes.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// So many errors are told; a document with more of them is no BXML at all.
const MAX_DIAGNOSTICS: usize = 50;

/// Bandwidth's word for a document it does not run.
pub(super) const INVALID: &str = "invalid-bxml";

/// Reads a document's text.
///
/// # Errors
/// When it is too long, empty, or not UTF-8.
pub(super) fn text(body: &[u8]) -> Result<&str, DocumentError> {
    if body.len() > MAX_BYTES {
        let message = format!(
            "the document has {} bytes; BXML may have at most {MAX_BYTES}",
            body.len()
        );
        return Err(error(START, message, None).into());
    }
    let text = utf8(body).map_err(|position| {
        let help = Some("send it as UTF-8".to_owned());
        error(position, "the document is not UTF-8".to_owned(), help)
    })?;
    if text.trim().is_empty() {
        let help = Some("`<Response/>` is the shortest document; it hangs up".to_owned());
        return Err(error(START, "the document is empty".to_owned(), help).into());
    }
    Ok(text)
}

/// Parses XML.
///
/// # Errors
/// Where it is not well-formed, and when it has a document type, too many namespaces or too many attributes.
pub(super) fn xml(text: &str) -> Result<Document<'_>, DocumentError> {
    if let Some(found) = too_many(text) {
        let message = format!("the document has more than {}", found.most);
        let help = found.help.map(str::to_owned);
        return Err(error(Places::new(text).at(found.at), message, help).into());
    }
    Document::parse(text).map_err(|found| {
        let Malformed {
            position,
            message,
            help,
        } = Malformed::new(text, &found);
        error(position, message, help.map(str::to_owned)).into()
    })
}

/// Checks a document against the schema.
///
/// # Errors
/// Every violation, in document order.
pub(super) fn check(document: &Document<'_>) -> Result<(), DocumentError> {
    let mut check = Check {
        places: Places::new(document.input_text()),
        diagnostics: Vec::new(),
    };
    let root = document.root_element();
    match root.tag_name().name() {
        "Response" | "Bxml" => check.element(root, &DOCUMENT),
        other => {
            let help = nearest(other, ["Response", "Bxml"]);
            check.error(
                start(root),
                format!(
                    "the root element is <{}>; it has to be <Response>",
                    shown(other)
                ),
                help.map(|name| format!("did you mean <{name}>?")),
            );
        }
    }
    if check.diagnostics.is_empty() {
        Ok(())
    } else {
        Err(DocumentError {
            diagnostics: check.diagnostics,
        })
    }
}

/// The text directly and indirectly in an element, blanks around it trimmed.
pub(super) fn content(node: Node<'_, '_>) -> String {
    let mut content = String::new();
    for text in node.descendants().filter(Node::is_text) {
        content.push_str(text.text().unwrap_or_default());
    }
    content.trim().to_owned()
}

/// Where an element begins.
pub(super) fn start(node: Node<'_, '_>) -> usize {
    node.range().start
}

fn error(position: Position, message: String, help: Option<String>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: INVALID.to_owned(),
        message,
        help,
        position,
    }
}

struct Check<'a> {
    places: Places<'a>,
    diagnostics: Vec<Diagnostic>,
}

impl Check<'_> {
    fn error(&mut self, offset: usize, message: String, help: Option<String>) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let position = self.places.at(offset);
            self.diagnostics.push(error(position, message, help));
        }
    }

    fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// Goes only where the schema goes, so its depth is that of the schema.
    fn element(&mut self, node: Node<'_, '_>, element: &'static Element) {
        self.attributes(node, element);
        match element.content {
            Content::Speech => {
                if content(node).is_empty() {
                    self.error(start(node), format!("<{}> has no text", element.name), None);
                }
            }
            Content::Nothing => self.children(node, element, &[]),
            Content::Text(rule) => {
                self.children(node, element, &[]);
                if let Err(message) = value::check_text(rule, &content(node)) {
                    self.error(start(node), format!("<{}>: {message}", element.name), None);
                }
            }
            Content::Children {
                of,
                at_least,
                at_most,
            } => {
                self.children(node, element, of);
                self.count(node, element, (of, at_least, at_most));
            }
        }
        if element.name == "Gather" {
            self.gather(node);
        }
    }

    fn attributes(&mut self, node: Node<'_, '_>, element: &'static Element) {
        let mut found = HashSet::new();
        for attribute in node.attributes() {
            if self.is_full() {
                return;
            }
            if attribute.namespace().is_some() {
                continue;
            }
            let name = attribute.name();
            let offset = attribute.range().start;
            let Some(known) = element.attributes().find(|known| known.name == name) else {
                let help = match nearest(name, element.attributes().map(|known| known.name)) {
                    Some(meant) => Some(format!("did you mean `{meant}`?")),
                    None if element.attributes.is_empty() => None,
                    None => Some(format!("it has {}", listed(element))),
                };
                let message = format!("<{}> has no attribute `{}`", element.name, shown(name));
                self.error(offset, message, help);
                continue;
            };
            found.insert(known.name);
            if let Err(message) = value::check(known.kind, attribute.value()) {
                let message = format!("<{}> {name}: {message}", element.name);
                self.error(offset, message, None);
            } else if known.default.is_none() && attribute.value().trim().is_empty() {
                self.error(
                    offset,
                    format!("<{}> {name}: must not be blank", element.name),
                    None,
                );
            }
        }
        for needed in element.attributes().filter(|known| known.default.is_none()) {
            if !found.contains(needed.name) {
                let message = format!("<{}> needs the attribute `{}`", element.name, needed.name);
                self.error(start(node), message, None);
            }
        }
    }

    fn children(
        &mut self,
        node: Node<'_, '_>,
        element: &'static Element,
        of: &'static [&'static Element],
    ) {
        let takes_text = matches!(element.content, Content::Text(_));
        for child in node.children() {
            if self.is_full() {
                return;
            }
            match child.node_type() {
                NodeType::Element => self.child(child, element, of),
                NodeType::Text
                    if !takes_text && !child.text().unwrap_or_default().trim().is_empty() =>
                {
                    let text = child.text().unwrap_or_default();
                    let blanks = text.len() - text.trim_start().len();
                    let message = format!("<{}> takes no text", element.name);
                    self.error(start(child) + blanks, message, None);
                }
                _ => {}
            }
        }
    }

    fn child(
        &mut self,
        child: Node<'_, '_>,
        parent: &'static Element,
        of: &'static [&'static Element],
    ) {
        let name = child.tag_name().name();
        if let Some(element) = of.iter().find(|element| element.name == name) {
            return self.element(child, element);
        }
        let known = of.iter().map(|element| element.name);
        let message = match parent.name {
            "Response" => format!("<{}> is no BXML verb", shown(name)),
            _ => format!("<{}> must not stand in <{}>", shown(name), parent.name),
        };
        let help = match nearest(name, known.clone()) {
            Some(meant) => Some(format!("did you mean <{meant}>?")),
            None if of.is_empty() || parent.name == "Response" => None,
            None => Some(format!(
                "it takes {}",
                of.iter().map(|e| e.name).collect::<Vec<_>>().join(", ")
            )),
        };
        self.error(start(child), message, help);
    }

    fn count(
        &mut self,
        node: Node<'_, '_>,
        element: &'static Element,
        (of, at_least, at_most): (&'static [&'static Element], usize, usize),
    ) {
        let found = node.children().filter(Node::is_element).count();
        if (at_least..=at_most).contains(&found) {
            return;
        }
        let names: Vec<_> = of.iter().map(|child| format!("<{}>", child.name)).collect();
        let names = names.join(" or ");
        let bounds = if std::ptr::eq(element, &REFER) {
            format!("exactly one {names}")
        } else if found < at_least {
            format!("at least {at_least} {names}")
        } else {
            format!("at most {at_most} {names}")
        };
        self.error(
            start(node),
            format!("<{}> needs {bounds}, found {found}", element.name),
            None,
        );
    }

    /// Nested verbs times `repeatCount` must not exceed 20.
    fn gather(&mut self, node: Node<'_, '_>) {
        let repeats = node
            .attribute("repeatCount")
            .and_then(|text| text.trim().parse().ok());
        let verbs = node.children().filter(Node::is_element).count();
        let played = verbs.saturating_mul(repeats.unwrap_or(1));
        if verbs <= 20 && played > 20 {
            let message = format!("<Gather> would play {played} verbs; at most 20 are allowed");
            self.error(start(node), message, None);
        }
    }
}

fn listed(element: &'static Element) -> String {
    let names: Vec<_> = element.attributes().map(|known| known.name).collect();
    names.join(", ")
}
