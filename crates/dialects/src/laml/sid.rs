//! Identifiers in Twilio's form.

/// A prefix of two letters and 32 hex digits.
pub(crate) fn prefixed(prefix: &str, bits: u128) -> String {
    format!("{prefix}{bits:032x}")
}
