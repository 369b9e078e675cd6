//! Writing WAV: a header of 44 bytes, then samples of 16 bits.

/// Bytes of a header.
pub const HEADER: usize = 44;

/// The header before `data_len` bytes of samples. What does not fit 32 bits is said to be as long as
/// they can say, which readers take for "until the end of the file". While a recording goes on its
/// length is not known: write a header with `u64::MAX`, and the true one over it at the end.
pub fn header(channels: u16, rate: u32, data_len: u64) -> [u8; HEADER] {
    let data = u32::try_from(data_len).unwrap_or(u32::MAX);
    let riff = u32::try_from(data_len.saturating_add(HEADER as u64 - 8)).unwrap_or(u32::MAX);
    let align = channels.saturating_mul(2);
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &riff.to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16u32.to_le_bytes(),
        &1u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &rate.saturating_mul(u32::from(align)).to_le_bytes(),
        &align.to_le_bytes(),
        &16u16.to_le_bytes(),
        b"data",
        &data.to_le_bytes(),
    ];
    let mut header = [0; HEADER];
    for (slot, byte) in header.iter_mut().zip(fields.into_iter().flatten()) {
        *slot = *byte;
    }
    header
}

/// Appends samples as bytes, one of each channel in turn. Channels that are shorter than the first
/// end in silence; what they have more is left out.
pub fn interleave(channels: &[&[i16]], out: &mut Vec<u8>) {
    let frames = channels.first().map_or(0, |first| first.len());
    out.reserve(frames * channels.len() * 2);
    for frame in 0..frames {
        for channel in channels {
            let sample = channel.get(frame).copied().unwrap_or_default();
            out.extend_from_slice(&sample.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_what_follows() {
        let header = header(2, 8_000, 320);
        assert_eq!(&header[..4], b"RIFF");
        assert_eq!(header[4..8], 356u32.to_le_bytes());
        assert_eq!(header[22..24], [2, 0]);
        assert_eq!(header[24..28], 8_000u32.to_le_bytes());
        assert_eq!(header[28..32], 32_000u32.to_le_bytes());
        assert_eq!(header[32..36], [4, 0, 16, 0]);
        assert_eq!(header[40..], 320u32.to_le_bytes());
    }

    #[test]
    fn a_recording_too_long_for_its_header_says_the_most_it_can() {
        for length in [1 << 40, u64::MAX] {
            assert_eq!(header(1, 8_000, length)[4..8], [0xff; 4]);
            assert_eq!(header(1, 8_000, length)[40..], [0xff; 4]);
        }
    }

    #[test]
    fn channels_take_turns_and_a_short_one_ends_in_silence() {
        let mut bytes = Vec::new();
        interleave(&[&[1, 2], &[-1]], &mut bytes);
        assert_eq!(bytes, [1, 0, 255, 255, 2, 0, 0, 0]);
    }
}
