//! Identifiers in the vendors' forms.

/// A prefix of two letters and 32 hex digits, as Twilio has them.
pub(crate) fn prefixed(prefix: &str, bits: u128) -> String {
    format!("{prefix}{bits:032x}")
}

/// A version 4 UUID (RFC 9562), as SignalWire has them.
pub(crate) fn uuid(bits: u128) -> String {
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let mut out = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}
