//! ITU-T G.711: µ-law and A-law, exactly as the recommendation's tables say.

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law (PCMU), North America and Japan.
    Mu,
    /// A-law (PCMA), everywhere else.
    A,
}

impl Law {
    /// The byte that sounds like nothing.
    pub const fn silence(self) -> u8 {
        match self {
            Law::Mu => 0xff,
            Law::A => 0xd5,
        }
    }
}

/// Added to a magnitude of 14 bits before its segment is found (G.711 table 2).
const BIAS: u16 = 33;
const MU_MAX: u16 = 0x1fff;

/// The byte for a sample.
pub const fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::Mu => encode_mu(sample),
        Law::A => encode_a(sample),
    }
}

/// The sample of a byte.
pub const fn decode(law: Law, byte: u8) -> i16 {
    #[allow(
        clippy::indexing_slicing,
        reason = "a byte is always inside a table of 256"
    )]
    match law {
        Law::Mu => MU[byte as usize],
        Law::A => A[byte as usize],
    }
}

/// Appends the bytes for samples.
pub fn encode_all(law: Law, samples: &[i16], out: &mut Vec<u8>) {
    out.extend(samples.iter().map(|sample| encode(law, *sample)));
}

/// Appends the samples of bytes.
pub fn decode_all(law: Law, bytes: &[u8], out: &mut Vec<i16>) {
    out.extend(bytes.iter().map(|byte| decode(law, *byte)));
}

/// The magnitude in one's complement: the decision values are symmetric about zero.
const fn magnitude(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }) as u16
}

const fn encode_mu(sample: i16) -> u8 {
    let biased = (magnitude(sample) >> 2) + BIAS;
    let biased = if biased > MU_MAX { MU_MAX } else { biased };
    let segment = 10 - biased.leading_zeros() as u16;
    let step = (biased >> (segment + 1)) & 0x0f;
    let sign = if sample < 0 { 0 } else { 0x80 };
    let inverted = !((segment << 4) | step) as u8;
    sign | (inverted & 0x7f)
}

const fn encode_a(sample: i16) -> u8 {
    let level = magnitude(sample) >> 4;
    let code = if level < 32 {
        level
    } else {
        let segment = 11 - level.leading_zeros() as u16;
        ((segment + 1) << 4) | ((level >> segment) & 0x0f)
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (code as u8 | sign) ^ 0x55
}

const fn decode_mu(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 0x07;
    let level = (((code & 0x0f) as i16) << 3) + 0x84;
    let magnitude = (level << segment) - 0x84;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn decode_a(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 0x07;
    let level = (((code & 0x0f) as i16) << 4) + 8;
    let magnitude = match segment {
        0 => level,
        _ => (level + 0x100) << (segment - 1),
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[allow(
            clippy::indexing_slicing,
            reason = "for a constant: out of bounds cannot compile"
        )]
        {
            table[byte] = match law {
                Law::Mu => decode_mu(byte as u8),
                Law::A => decode_a(byte as u8),
            };
        }
        byte += 1;
    }
    table
}

static MU: [i16; 256] = table(Law::Mu);
static A: [i16; 256] = table(Law::A);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_of_mu_law_are_those_of_the_recommendation() {
        let known = [
            (0x80, 32_124),
            (0x00, -32_124),
            (0x8f, 16_764),
            (0x90, 15_996),
            (0xfe, 8),
            (0x7e, -8),
            (0xff, 0),
            (0x7f, 0),
        ];
        for (byte, sample) in known {
            assert_eq!(decode(Law::Mu, byte), sample, "{byte:#x}");
        }
        assert_eq!(encode(Law::Mu, 0), 0xff);
        assert_eq!(encode(Law::Mu, i16::MAX), 0x80);
        assert_eq!(encode(Law::Mu, i16::MIN), 0x00);
    }

    #[test]
    fn the_ends_and_the_middle_of_a_law_are_those_of_the_recommendation() {
        let known = [
            (0xaa, 32_256),
            (0x2a, -32_256),
            (0xd5, 8),
            (0x55, -8),
            (0xd4, 24),
            (0xc5, 264),
            (0x80, 5_504),
        ];
        for (byte, sample) in known {
            assert_eq!(decode(Law::A, byte), sample, "{byte:#x}");
        }
        assert_eq!(encode(Law::A, 0), 0xd5);
        assert_eq!(encode(Law::A, -1), 0x55);
        assert_eq!(encode(Law::A, i16::MAX), 0xaa);
        assert_eq!(encode(Law::A, i16::MIN), 0x2a);
    }

    #[test]
    fn a_byte_decoded_and_encoded_is_itself_but_for_the_two_zeros_of_mu_law() {
        for byte in 0..=255 {
            assert_eq!(encode(Law::A, decode(Law::A, byte)), byte);
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(encode(Law::Mu, decode(Law::Mu, byte)), expected);
        }
    }

    #[test]
    fn every_sample_comes_back_within_half_a_step_of_its_segment() {
        for sample in i16::MIN..=i16::MAX {
            for (law, bias) in [(Law::Mu, 160), (Law::A, 256)] {
                let back = i32::from(decode(law, encode(law, sample)));
                let off = (back - i32::from(sample)).abs();
                let clipped = back.abs() > 32_000;
                let allowed = if clipped {
                    1_024
                } else {
                    (i32::from(sample).abs() + bias) / 32
                };
                assert!(off <= allowed, "{law:?}: {sample} came back as {back}");
            }
        }
    }

    #[test]
    fn the_digital_milliwatt_of_mu_law_is_a_sine_of_0_dbm0() {
        let bytes = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e];
        let samples: Vec<i16> = bytes.iter().map(|byte| decode(Law::Mu, *byte)).collect();
        let level = crate::tone::dbm0(crate::measure::rms(&samples));
        assert!(level.abs() < 0.1, "{level} dBm0");
    }
}
