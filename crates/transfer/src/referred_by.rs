//! The Referred-By header field (RFC 3892 §3): on whose behalf a call is transferred.

use std::fmt;

use crate::refer_to::{BareTarget, ReferTo, ReferToError};

/// What Referred-By a REFER is to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferredBy<'a> {
    /// None at all.
    Suppressed,
    /// The local party of the dialog: the default.
    LocalParty {
        /// Its URI, as in our From or To.
        uri: &'a str,
        /// Its display name, without quotes.
        display_name: Option<&'a str>,
    },
    /// What the application gave: a URI, a complete header field value, or a bare user or number.
    Given {
        /// The application's text.
        value: &'a str,
        /// Display name to go with it, without quotes; ignored when `value` brings its own.
        display_name: Option<&'a str>,
        /// Host for a bare user or number.
        host: &'a str,
    },
}

/// The identity cannot be written into a header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredByError(pub ReferToError);

impl fmt::Display for ReferredByError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The reasons speak of a target, which here is the party that refers.
        f.write_str(
            &self
                .0
                .to_string()
                .replace("the target", "the referring party"),
        )
    }
}

impl std::error::Error for ReferredByError {}

impl ReferredBy<'_> {
    /// The header field value to send, `None` when there is to be no such header field.
    pub fn header_value(&self) -> Result<Option<String>, ReferredByError> {
        let (value, display_name, bare) = match *self {
            Self::Suppressed => return Ok(None),
            Self::LocalParty { uri, display_name } => (uri, display_name, BareTarget::Refuse),
            Self::Given {
                value,
                display_name,
                host,
            } => (value, display_name, BareTarget::AtPeerHost(host)),
        };
        let party = ReferTo::parse(value, bare).map_err(ReferredByError)?;
        if value.contains('<') {
            return Ok(Some(party.header_value()));
        }
        let name = display_name.unwrap_or_default().trim();
        let name = if name.is_empty() {
            String::new()
        } else {
            quoted(name)
        };
        Ok(Some(format!("{name}<{}>", party.uri())))
    }
}

/// A display name as quoted string (RFC 3261 §25.1). Control characters are left out: a name is
/// not worth losing the transfer.
pub fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for c in name.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}
