//! WAV files whose sizes are not true: written to a pipe, or cut off.

use std::borrow::Cow;

const RIFF_HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;

/// The file with sizes that end where it ends, so that its last samples are read too. One with
/// true sizes is left alone.
pub(super) fn mend(bytes: &[u8]) -> Cow<'_, [u8]> {
    match data_chunk(bytes) {
        Some((at, claimed)) if claimed > bytes.len() - at => {
            let mut mended = bytes.to_vec();
            write_size(&mut mended, at - 4, bytes.len() - at);
            write_size(&mut mended, 4, bytes.len() - CHUNK_HEADER);
            Cow::Owned(mended)
        }
        // Some writers leave the outer size at 0 or say the inner one there.
        Some((at, claimed)) if read_size(bytes, 4) < at - CHUNK_HEADER + claimed => {
            let mut mended = bytes.to_vec();
            write_size(&mut mended, 4, bytes.len() - CHUNK_HEADER);
            Cow::Owned(mended)
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// Where the audio begins, and how many bytes it is said to have.
fn data_chunk(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut at = RIFF_HEADER;
    loop {
        let name = bytes.get(at..at + 4)?;
        let size = read_size(bytes, at + 4);
        at += CHUNK_HEADER;
        if name == b"data" {
            return (at <= bytes.len()).then_some((at, size));
        }
        at = at.checked_add(size)?.checked_add(size % 2)?;
    }
}

fn read_size(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(size) => u32::from_le_bytes(*size) as usize,
        None => 0,
    }
}

fn write_size(bytes: &mut [u8], at: usize, size: usize) {
    if let Some(slot) = bytes.get_mut(at..at + 4) {
        slot.copy_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    }
}
