//! From bytes to an XML tree, or to the vendor's parse error.
//!
//! Source: Twilio error dictionary, 11750, 11770, 12100, 12101, 12102.

use std::borrow::Cow;

use hookflash_program::{Diagnostic, Position, Severity};
use roxmltree::{Document as Tree, ParsingOptions};

use crate::laml::MAX_DOCUMENT;
use crate::malformed::Malformed;
use crate::place::{Places, START, utf8};
use crate::shown::shown;
use crate::too_many::too_many;

/// An error for which the vendor does not run the document.
pub(crate) fn fatal(
    code: &str,
    position: Position,
    message: impl Into<String>,
    help: Option<&str>,
) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: code.to_owned(),
        message: message.into(),
        help: help.map(str::to_owned),
        position,
    }
}

/// Decodes a document: UTF-8, or ISO-8859-1 where the Content-Type or the XML declaration says
/// so.
///
/// # Errors
/// 11750 over 64 kB, 11770 when nothing is there, 12100 for bytes that are no text.
pub(crate) fn decode<'a>(
    body: &'a [u8],
    charset: Option<&str>,
) -> Result<Cow<'a, str>, Diagnostic> {
    if body.len() > MAX_DOCUMENT {
        return Err(fatal(
            "11750",
            START,
            format!(
                "the document has {} bytes; at most {MAX_DOCUMENT} are read",
                body.len()
            ),
            Some("split it and continue with <Redirect>"),
        ));
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let text = match utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if says_latin_1(body, charset) => {
            Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect())
        }
        Err(position) => {
            return Err(fatal(
                "12100",
                position,
                "the document is not UTF-8 from here on",
                Some("send it as UTF-8"),
            ));
        }
    };
    if text.trim().is_empty() {
        return Err(fatal(
            "11770",
            START,
            "the document is empty",
            Some("answer with <Response/> when there is nothing to do"),
        ));
    }
    Ok(text)
}

fn says_latin_1(body: &[u8], charset: Option<&str>) -> bool {
    let declared = || {
        let head = String::from_utf8_lossy(body.get(..200).unwrap_or(body)).into_owned();
        let declaration = head.split_once("?>")?.0.to_owned();
        pseudo_attribute(&declaration, "encoding").map(str::to_owned)
    };
    charset
        .map(str::to_owned)
        .or_else(declared)
        .is_some_and(|name| {
            [
                "iso-8859-1",
                "latin1",
                "latin-1",
                "us-ascii",
                "windows-1252",
            ]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        })
}

/// The value of `version` or `encoding` in an XML declaration.
fn pseudo_attribute<'a>(declaration: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = declaration.split_once(name)?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''))?;
    rest.get(1..)?.split(quote).next()
}

/// Reads the tree.
///
/// # Errors
/// 12100 when it is not well-formed, 12101 for another XML version, 12102 for another root.
pub(crate) fn tree(text: &str) -> Result<Tree<'_>, Diagnostic> {
    check_declaration(text)?;
    if let Some(found) = too_many(text) {
        return Err(fatal(
            "12100",
            Places::new(text).at(found.at),
            format!("the document has more than {}", found.most),
            found.help,
        ));
    }
    let options = ParsingOptions {
        allow_dtd: false,
        ..ParsingOptions::default()
    };
    let tree = Tree::parse_with_options(text, options).map_err(|error| {
        let Malformed {
            position,
            message,
            help,
        } = Malformed::new(text, &error);
        fatal("12100", position, message, help)
    })?;
    let root = tree.root_element();
    let name = root.tag_name().name();
    if name != "Response" {
        let help = name
            .eq_ignore_ascii_case("Response")
            .then_some("names are case-sensitive: write `Response`");
        return Err(fatal(
            "12102",
            Places::new(text).at(root.range().start),
            format!(
                "the root element is `{}`; it must be `Response`",
                shown(name)
            ),
            help.or(Some("put every verb into <Response>…</Response>")),
        ));
    }
    Ok(tree)
}

fn check_declaration(text: &str) -> Result<(), Diagnostic> {
    let blanks = text.len() - text.trim_start().len();
    let Some(declaration) = text.trim_start().strip_prefix("<?xml ") else {
        return Ok(());
    };
    if blanks > 0 {
        return Err(fatal(
            "12100",
            START,
            "there is blank space before the XML declaration",
            Some("`<?xml` must be the very first characters of the document"),
        ));
    }
    let declaration = declaration.split("?>").next().unwrap_or(declaration);
    match pseudo_attribute(declaration, "version") {
        Some("1.0") | None => Ok(()),
        Some(version) => Err(fatal(
            "12101",
            START,
            format!(
                "the document says XML version `{}`; only 1.0 is read",
                shown(version)
            ),
            None,
        )),
    }
}
