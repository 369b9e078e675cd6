//! Identifiers in the form of RFC 9562.

/// The text form of 128 bits, of which version and variant are overwritten: 4 for random bits,
/// 5 for bits derived from a name.
pub(crate) fn uuid(bits: u128, version: u8) -> String {
    let bits = bits & !(0xf << 76) & !(0b11 << 62);
    let bits = bits | (u128::from(version & 0xf) << 76) | (0b10 << 62);
    let mut uuid = String::with_capacity(36);
    for at in 0..32 {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        let digit = (bits >> (124 - 4 * at)) as u32 & 0xf;
        uuid.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn version_and_variant_stand_where_the_rfc_wants_them() {
        assert_eq!(uuid(0, 4), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX, 5), "ffffffff-ffff-5fff-bfff-ffffffffffff");
    }
}
