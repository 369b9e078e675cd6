//! How sure a recognizer is, as people write it.

/// From 0 to 1 with the digits of the `f32` and no more: 0.9, not 0.8999999761581421. What is no
/// number is no confidence.
pub(crate) fn confidence(found: f32) -> f64 {
    let found = if found.is_nan() { 0.0 } else { found };
    found.clamp(0.0, 1.0).to_string().parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::confidence;

    #[test]
    fn a_confidence_has_its_own_digits_and_stays_in_its_bounds() {
        for (found, told) in [
            (0.9, 0.9),
            (1.0, 1.0),
            (7.5, 1.0),
            (-1.0, 0.0),
            (f32::NAN, 0.0),
        ] {
            assert_eq!(confidence(found), told);
        }
    }
}
