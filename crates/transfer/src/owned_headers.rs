//! Which header fields a document may add to a request, and which belong to the SIP stack.
//!
//! Documents of some dialects name header fields for REFER, BYE and other requests. What routes,
//! identifies or authenticates a request, describes its body or states what we support cannot come
//! from there, in long or compact form.

use std::fmt;

/// Long and compact names of the header fields that the stack writes itself.
const OWNED: &[(&str, Option<&str>)] = &[
    ("Accept", None),
    ("Accept-Encoding", None),
    ("Accept-Language", None),
    ("Allow", None),
    ("Allow-Events", Some("u")),
    ("Authentication-Info", None),
    ("Authorization", None),
    ("Call-ID", Some("i")),
    ("Contact", Some("m")),
    ("CSeq", None),
    ("Event", Some("o")),
    ("Expires", None),
    ("From", Some("f")),
    ("Identity", Some("y")),
    ("Identity-Info", Some("n")),
    ("Join", None),
    ("Max-Forwards", None),
    ("MIME-Version", None),
    ("Min-Expires", None),
    ("Min-SE", None),
    ("Path", None),
    ("Proxy-Authenticate", None),
    ("Proxy-Authorization", None),
    ("Proxy-Require", None),
    ("RAck", None),
    ("Record-Route", None),
    ("Refer-Events-At", None),
    ("Refer-Sub", None),
    ("Refer-To", Some("r")),
    ("Referred-By", Some("b")),
    ("Replaces", None),
    ("Require", None),
    ("Retry-After", None),
    ("Route", None),
    ("RSeq", None),
    ("Security-Client", None),
    ("Security-Server", None),
    ("Security-Verify", None),
    ("Server", None),
    ("Service-Route", None),
    ("Session-Expires", Some("x")),
    ("Subscription-State", None),
    ("Supported", Some("k")),
    ("Target-Dialog", None),
    ("Timestamp", None),
    ("To", Some("t")),
    ("Unsupported", None),
    ("User-Agent", None),
    ("Via", Some("v")),
    ("WWW-Authenticate", None),
];

/// Compact names of the header fields whose long name begins with `Content-`, all of them owned.
const OWNED_CONTENT: &[(&str, &str)] = &[
    ("c", "Content-Type"),
    ("e", "Content-Encoding"),
    ("l", "Content-Length"),
];

/// Why a header field of a document is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderError {
    /// It belongs to the stack.
    Owned {
        /// The name as the document has it.
        name: String,
        /// The header field that it means.
        meaning: &'static str,
    },
    /// The name is not a token (RFC 3261 §25.1).
    Name(String),
    /// The value has a line break, NUL or another control character at this byte.
    Value {
        /// Name of the header field.
        name: String,
        /// Offset in the value.
        at: usize,
    },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owned { name, meaning } if name.eq_ignore_ascii_case(meaning) => {
                write!(
                    f,
                    "the header {meaning} is set by the SIP stack and cannot be given here"
                )
            }
            Self::Owned { name, meaning } => write!(
                f,
                "the header {name} means {meaning}, which is set by the SIP stack and cannot be \
                 given here"
            ),
            Self::Name(name) => write!(f, "{name:?} is not a header name"),
            Self::Value { name, at } => write!(
                f,
                "the value of the header {name} has a control character at byte {at}; line breaks \
                 and NUL are never sent"
            ),
        }
    }
}

impl std::error::Error for HeaderError {}

/// Whether a document may send this header field, name and value taken as they are.
pub fn check(name: &str, value: &str) -> Result<(), HeaderError> {
    let is_token = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
    if !is_token {
        return Err(HeaderError::Name(name.to_owned()));
    }
    if let Some(meaning) = owner(name) {
        return Err(HeaderError::Owned {
            name: name.to_owned(),
            meaning,
        });
    }
    match value.find(|c: char| c.is_control() && c != '\t') {
        Some(at) => Err(HeaderError::Value {
            name: name.to_owned(),
            at,
        }),
        None => Ok(()),
    }
}

/// The stack's header field that a name means, in any case and in long or compact form.
pub fn owner(name: &str) -> Option<&'static str> {
    let content = OWNED_CONTENT
        .iter()
        .find(|(compact, long)| {
            name.eq_ignore_ascii_case(compact) || name.eq_ignore_ascii_case(long)
        })
        .map(|(_, long)| *long);
    let other_content = || {
        name.get(..8)
            .filter(|start| start.eq_ignore_ascii_case("content-"))
            .map(|_| "Content-*")
    };
    let is_meant = |(long, compact): &&(&'static str, Option<&str>)| {
        name.eq_ignore_ascii_case(long)
            || compact.is_some_and(|compact| name.eq_ignore_ascii_case(compact))
    };
    let listed = || OWNED.iter().find(is_meant).map(|(long, _)| *long);
    content.or_else(other_content).or_else(listed)
}
