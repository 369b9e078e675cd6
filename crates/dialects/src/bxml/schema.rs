//! What may stand in a BXML document: one table entry per verb of Bandwidth's BXML pages.

mod background;
mod verbs;

pub(super) use verbs::{DOCUMENT, REFER};

/// An element and what may stand in it.
#[derive(Debug)]
pub(super) struct Element {
    /// Tag name.
    pub(super) name: &'static str,
    /// Its attributes, group by group.
    pub(super) attributes: &'static [&'static [Attribute]],
    /// What stands between its tags.
    pub(super) content: Content,
    /// Whether this release carries it out.
    pub(super) state: State,
}

impl Element {
    /// Every attribute.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &'static Attribute> + use<> {
        self.attributes.iter().copied().flatten()
    }
}

/// Whether this release carries an element out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It does; the text says how.
    Runs(&'static str),
    /// It does not; the text says what is missing.
    Refused(&'static str),
    /// It has no meaning of its own: it stands inside a verb.
    Inside,
}

/// One attribute.
#[derive(Debug)]
pub(super) struct Attribute {
    /// Name.
    pub(super) name: &'static str,
    /// What its value looks like.
    pub(super) kind: Kind,
    /// What holds when it is left out. `None`: it must not be.
    pub(super) default: Option<&'static str>,
}

/// An attribute that may be left out.
pub(super) const fn optional(name: &'static str, kind: Kind, default: &'static str) -> Attribute {
    Attribute {
        name,
        kind,
        default: Some(default),
    }
}

/// An attribute that must be there.
pub(super) const fn required(name: &'static str, kind: Kind) -> Attribute {
    Attribute {
        name,
        kind,
        default: None,
    }
}

/// What the value of an attribute looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Any text of at most so many characters.
    Text(usize),
    /// `true` or `false`.
    Flag,
    /// One of these.
    Word(&'static [&'static str]),
    /// `GET` or `POST`.
    Method,
    /// An absolute http(s) URL, or one relative to that of the document.
    Url,
    /// A ws(s) URL.
    SocketUrl,
    /// Seconds with decimals, between two bounds.
    Seconds(f64, f64),
    /// Milliseconds with decimals, between two bounds.
    Milliseconds(f64, f64),
    /// A whole number between two bounds.
    Whole(u32, u32),
    /// DTMF digits.
    Digits,
    /// An E.164 number, one of the words for a withheld one, or nothing.
    CallerId,
    /// Understood elsewhere, without meaning here.
    Ignored,
}

/// What stands between the tags.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// Text that follows a rule.
    Text(TextRule),
    /// Text with SSML in it, not blank.
    Speech,
    /// Elements: which, and how many in all.
    Children {
        /// Which.
        of: &'static [&'static Element],
        /// At least so many.
        at_least: usize,
        /// At most so many.
        at_most: usize,
    },
}

/// The rule that a text follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextRule {
    /// Anything but blank, called so.
    Needed(&'static str),
    /// At most so many characters, blank included.
    AtMost(usize),
    /// A telephone number in E.164 form.
    PhoneNumber,
    /// The name of a conference.
    ConferenceName,
    /// Digits to play.
    Dtmf,
}
