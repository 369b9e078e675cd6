//! Holds a document against the vendor's tables.
//!
//! Everything found here is a warning: the vendors note it, skip the bad part or use its default,
//! and run the rest (Twilio error dictionary, level WARNING).

use hookflash_program::{Diagnostic, Position, Severity};
use roxmltree::Node;

use crate::hook_url::shown_url;
use crate::laml::schema::{Attribute, Element, Kind, Text};
use crate::laml::vendor::Vendor;
use crate::nearest::nearest;
use crate::place::Places;
use crate::shown::shown;

/// Twilio's "schema validation warning", also SignalWire's.
pub(crate) const SCHEMA: &str = "12200";

/// After so many remarks the rest is only counted.
const MOST_REMARKS: usize = 100;

/// A document under review.
pub(crate) struct Review<'a> {
    pub(crate) vendor: &'static Vendor,
    pub(crate) source: &'a str,
    pub(crate) places: Places<'a>,
    remarks: Vec<Diagnostic>,
    unsaid: usize,
}

impl<'a> Review<'a> {
    pub(crate) fn new(vendor: &'static Vendor, source: &'a str) -> Review<'a> {
        let places = Places::new(source);
        Review {
            vendor,
            source,
            places,
            remarks: Vec::new(),
            unsaid: 0,
        }
    }

    /// A remark that starts at this byte.
    pub(crate) fn warning(
        &mut self,
        code: &str,
        at: usize,
        message: String,
        help: Option<String>,
    ) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            code: code.to_owned(),
            message,
            help,
            position: self.places.at(at),
        }
    }

    /// Keeps a remark, or counts it when there are too many.
    pub(crate) fn keep(&mut self, remark: Diagnostic) {
        if !self.is_only_counted() {
            self.remarks.push(remark);
        }
    }

    fn remark(&mut self, code: &str, at: usize, message: String, help: Option<String>) {
        if !self.is_only_counted() {
            let remark = self.warning(code, at, message, help);
            self.remarks.push(remark);
        }
    }

    /// Counts a remark when there are too many already; then nobody needs its words.
    fn is_only_counted(&mut self) -> bool {
        let full = self.remarks.len() >= MOST_REMARKS;
        self.unsaid += usize::from(full);
        full
    }

    /// Every remark in document order.
    pub(crate) fn into_remarks(mut self) -> Vec<Diagnostic> {
        self.remarks.sort_by_key(|remark| remark.position);
        if self.unsaid > 0 {
            let position = self
                .remarks
                .last()
                .map_or(Position::default(), |remark| remark.position);
            self.remarks.push(Diagnostic {
                severity: Severity::Warning,
                code: SCHEMA.to_owned(),
                message: format!("{} more remarks are not shown", self.unsaid),
                help: None,
                position,
            });
        }
        self.remarks
    }

    /// The name of an element as written, prefix included.
    pub(crate) fn name_of(&self, node: Node<'_, '_>) -> &'a str {
        let start = node.range().start + 1;
        let rest = self.source.get(start..).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    }

    /// Reviews everything below the root. Goes down with a list of its own and not by recursion,
    /// because documents can nest deeper than a stack is.
    pub(crate) fn run(&mut self, root: Node<'_, '_>) {
        let mut open = vec![(root, self.vendor.root)];
        while let Some((node, element)) = open.pop() {
            self.attributes(node, element);
            let mut has_content = false;
            let mut children = 0;
            let deeper = open.len();
            for child in node.children() {
                if child.is_element() {
                    if let Some(known) = self.child(child, element) {
                        has_content = true;
                        children += 1;
                        self.count(child, element, children);
                        open.push((child, known));
                    }
                } else if let Some(text) = child.text().filter(|_| child.is_text()) {
                    has_content |= !text.trim().is_empty();
                }
            }
            // The first child comes next, so that remarks arise nearly in document order.
            if let Some(children) = open.get_mut(deeper..) {
                children.reverse();
            }
            self.text(node, element);
            self.content(node, element, has_content);
        }
    }

    fn child(&mut self, node: Node<'_, '_>, parent: &Element) -> Option<&'static Element> {
        let name = self.name_of(node);
        if let Some(known) = parent.child(name) {
            return Some(known);
        }
        if self.is_only_counted() {
            return None;
        }
        let at = node.range().start;
        let language = self.vendor.language;
        let near = nearest(name, parent.children.iter().map(|child| child.name));
        let top = std::ptr::eq(parent, self.vendor.root);
        let verb = self.vendor.root.child(name).is_some();
        let message = match top {
            true => format!("`<{}>` is no {language} verb; it is skipped", shown(name)),
            false => format!(
                "`<{}>` may not stand in `<{}>`; it is skipped",
                shown(name),
                parent.name
            ),
        };
        let help = match near {
            Some(near) if near.eq_ignore_ascii_case(name) => {
                Some(format!("names are case-sensitive: write `<{near}>`"))
            }
            Some(near) => Some(format!("did you mean `<{near}>`?")),
            None if !top && verb => Some(format!("put it after `</{}>`", parent.name)),
            None if parent.children.is_empty() => None,
            None if !top => {
                let names: Vec<String> = parent
                    .children
                    .iter()
                    .map(|child| format!("`<{}>`", child.name))
                    .collect();
                Some(format!("it may hold {}", names.join(", ")))
            }
            None => None,
        };
        self.remark(parent.bad_child.unwrap_or(SCHEMA), at, message, help);
        None
    }

    /// Notes the first child too many.
    fn count(&mut self, child: Node<'_, '_>, parent: &Element, children: usize) {
        if let Some((most, code)) = parent.most_children
            && children == most + 1
        {
            self.remark(
                code,
                child.range().start,
                format!(
                    "`<{}>` may hold {most} elements; this is one more",
                    parent.name
                ),
                None,
            );
        }
    }

    fn attributes(&mut self, node: Node<'_, '_>, element: &'static Element) {
        for found in node.attributes() {
            let name = self.source.get(found.range_qname()).unwrap_or(found.name());
            let Some(known) = element.attribute(name) else {
                if self.is_only_counted() {
                    continue;
                }
                let help = nearest(name, element.attribute_names())
                    .map(|near| format!("did you mean `{near}`?"));
                self.remark(
                    SCHEMA,
                    found.range().start,
                    format!(
                        "`<{}>` has no attribute `{}`; it is ignored",
                        element.name,
                        shown(name)
                    ),
                    help,
                );
                continue;
            };
            if !known.kind.accepts(found.value()) {
                self.bad_value(element, known, found.value(), found.range().start);
            }
        }
        for known in element.attributes.iter().flat_map(|group| group.iter()) {
            let there = || node.attributes().any(|found| found.name() == known.name);
            if known.required && !there() {
                self.remark(
                    known.code.unwrap_or(self.vendor.bad_value),
                    node.range().start,
                    format!("`<{}>` needs the attribute `{}`", element.name, known.name),
                    Some(format!("expected {}", known.kind.expected())),
                );
            }
        }
    }

    fn bad_value(&mut self, element: &Element, known: &Attribute, value: &str, at: usize) {
        let code = match (known.kind, self.vendor.bad_method) {
            (Kind::Method, Some(code)) => code,
            _ => known.code.unwrap_or(self.vendor.bad_value),
        };
        let instead = match known.default {
            // Opened all the same, because nobody needs a certificate to try a stream at home.
            "" if known.kind == Kind::WebSocketUrl && value.trim().starts_with("ws:") => {
                "it is used here and refused by the vendor".to_owned()
            }
            "" if known.kind == Kind::WebSocketUrl => "the stream will fail".to_owned(),
            "" => "it is ignored".to_owned(),
            default => format!("`{default}` is used"),
        };
        let found = match known.kind {
            Kind::Url | Kind::UrlOrEmpty | Kind::WebSocketUrl => shown_url(value),
            _ => shown(value),
        };
        let message = format!(
            "`{}` of `<{}>` is `{found}`, expected {}; {instead}",
            known.name,
            element.name,
            known.kind.expected()
        );
        let help = match known.kind {
            Kind::OneOf(words) | Kind::WholeOr(_, _, words) => {
                nearest(value, words.iter().copied()).map(|near| format!("did you mean `{near}`?"))
            }
            _ => None,
        };
        self.remark(code, at, message, help);
    }

    fn text(&mut self, node: Node<'_, '_>, element: &Element) {
        let said = node
            .children()
            .filter(|child| child.is_text())
            .find(|child| child.text().is_some_and(|text| !text.trim().is_empty()));
        let Some(said) = said else { return };
        let words = said.text().unwrap_or_default();
        let blanks = words.len() - words.trim_start().len();
        let at = said.range().start + blanks;
        let words = words.trim();
        match element.text {
            Text::Words | Text::MediaUrl => {}
            Text::AtMost(most, code) => {
                let texts = node.children().filter(|child| child.is_text());
                let said: usize = texts
                    .filter_map(|child| child.text())
                    .map(|text| text.chars().count())
                    .sum();
                if said > most {
                    self.remark(
                        code,
                        at,
                        format!(
                            "`<{}>` holds {said} characters; {most} are allowed",
                            element.name
                        ),
                        None,
                    );
                }
            }
            Text::None => {
                let help = element
                    .children
                    .iter()
                    .find(|child| child.text != Text::None);
                self.remark(
                    element.bad_child.unwrap_or(SCHEMA),
                    at,
                    format!(
                        "`<{}>` holds no text; `{}` is ignored",
                        element.name,
                        shown(words)
                    ),
                    help.filter(|_| !std::ptr::eq(element, self.vendor.root))
                        .map(|child| format!("put it into `<{0}>…</{0}>`", child.name)),
                );
            }
            Text::Url if !Kind::Url.accepts(words) => self.remark(
                self.vendor.bad_value,
                at,
                format!(
                    "the text of `<{}>` is `{}`, expected a URL",
                    element.name,
                    shown_url(words)
                ),
                None,
            ),
            Text::Url => {}
            Text::DialledUri => self.dialled_uri(words, at),
        }
    }

    /// Twilio "Dial: Sip": length, headers and their names.
    fn dialled_uri(&mut self, uri: &str, at: usize) {
        let (address, headers) = uri.split_once('?').unwrap_or((uri, ""));
        let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
        if !matches!(scheme.to_ascii_lowercase().as_str(), "sip" | "sips") {
            let found = shown(address);
            return self.remark(
                "13243",
                at,
                format!("`{found}` is no SIP URI"),
                Some("expected sip:user@host".to_owned()),
            );
        }
        if address.len() > 255 {
            self.remark(
                "13243",
                at,
                format!(
                    "the SIP URI has {} characters; 255 are allowed",
                    address.len()
                ),
                None,
            );
        }
        if headers.len() > 1024 {
            self.remark(
                "13253",
                at,
                format!(
                    "the URI headers have {} characters; 1024 are allowed",
                    headers.len()
                ),
                None,
            );
        }
        for header in headers.split('&').filter(|header| !header.is_empty()) {
            let name = header.split('=').next().unwrap_or(header);
            let allowed = name
                .get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case("x-"))
                || ["User-to-User", "Remote-Party-ID", "P-Preferred-Identity"]
                    .iter()
                    .chain(&["P-Called-Party-ID"])
                    .any(|known| known.eq_ignore_ascii_case(name));
            if !allowed {
                self.remark(
                    "13252",
                    at,
                    format!("the URI header `{}` is not passed on", shown(name)),
                    Some("begin the name with `X-`".to_owned()),
                );
            }
        }
    }

    fn content(&mut self, node: Node<'_, '_>, element: &Element, has_content: bool) {
        let Some(code) = element.needs_content else {
            return;
        };
        let made_up_for = element
            .content_or
            .is_some_and(|attribute| node.attribute(attribute).is_some());
        if has_content || made_up_for {
            return;
        }
        let expected = match (element.text, element.children) {
            (Text::None, children) => {
                let names: Vec<String> = children
                    .iter()
                    .map(|child| format!("`<{}>`", child.name))
                    .collect();
                format!("expected {}", names.join(" or "))
            }
            (Text::Url | Text::MediaUrl, _) => "expected a URL".to_owned(),
            (Text::DialledUri, _) => "expected a SIP URI".to_owned(),
            (Text::Words | Text::AtMost(..), _) => "expected a text".to_owned(),
        };
        self.remark(
            code,
            node.range().start,
            format!("`<{}>` is empty", element.name),
            Some(expected),
        );
    }
}
