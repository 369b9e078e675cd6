//! The attributes of an element, with the vendor's default in place of what is missing or bad.

use std::time::Duration;

use hookflash_program::{Hook, HookMethod, Repeat};
use roxmltree::Node;

use crate::laml::schema::Element;

/// An element of a document and its entry in the vendor's tables. A name that the tables do not
/// have is an attribute that the vendor does not know, whatever the document says.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, 'input> {
    pub(crate) node: Node<'a, 'input>,
    pub(crate) element: &'static Element,
}

impl<'a> Given<'a, '_> {
    /// The value that counts: as written, else the default, else nothing.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        let known = self.element.attribute(name)?;
        let written = self.node.attribute(name);
        written
            .filter(|value| known.kind.accepts(value))
            .or(Some(known.default).filter(|default| !default.is_empty()))
    }

    /// Whether the document has it, and right.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        let known = self.element.attribute(name);
        let value = self.node.attribute(name);
        known
            .zip(value)
            .is_some_and(|(known, value)| known.kind.accepts(value))
    }

    /// The same as [`Given::text`], when it says something.
    pub(crate) fn words(&self, name: &str) -> Option<String> {
        let text = self.text(name)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A whole number; nothing for a word such as `auto`.
    pub(crate) fn whole(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }

    /// Seconds.
    pub(crate) fn seconds(&self, name: &str) -> Option<Duration> {
        self.whole(name)
            .map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// Whether this word is among those that it lists.
    pub(crate) fn lists(&self, name: &str, word: &str) -> bool {
        self.text(name)
            .is_some_and(|list| list.split_ascii_whitespace().any(|listed| listed == word))
    }

    /// `loop`, where 0 means for ever.
    pub(crate) fn repeat(&self) -> Repeat {
        match self.whole("loop") {
            Some(0) => Repeat::Forever,
            Some(times) => Repeat::Times(times),
            None => Repeat::ONCE,
        }
    }

    /// A URL and the method that goes with it.
    pub(crate) fn hook(&self, url: &str, method: &str) -> Option<Hook> {
        Some(Hook {
            method: self.method(method),
            ..Hook::post(self.text(url)?)
        })
    }

    /// `action` with `method`; without an action, the URL of the current document.
    pub(crate) fn action_or_document(&self) -> Hook {
        self.hook("action", "method").unwrap_or(Hook {
            method: self.method("method"),
            ..Hook::post("")
        })
    }

    fn method(&self, name: &str) -> HookMethod {
        match self.text(name) {
            Some(method) if method.eq_ignore_ascii_case("GET") => HookMethod::Get,
            _ => HookMethod::Post,
        }
    }

    /// The text without the blanks around it. Comments and elements are left out.
    pub(crate) fn content(&self) -> String {
        let text: String = self
            .node
            .children()
            .filter(|child| child.is_text())
            .filter_map(|child| child.text())
            .collect();
        text.trim().to_owned()
    }
}
