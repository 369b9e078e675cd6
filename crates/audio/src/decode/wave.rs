//! WAV files with sizes that are not true (written to a pipe, or cut off), or with a description of
//! their samples that is longer or shorter than its rules say.

use std::borrow::Cow;

const RIFF_HEADER: usize = 12;
const CHUNK_HEADER: usize = 8;
/// What every description of samples has.
const FORMAT: usize = 16;

/// The file with sizes that end where it ends, so that its last samples are read too, and with a
/// description as its reader wants it. One that is in order is left alone.
pub(super) fn mend(bytes: &[u8]) -> Cow<'_, [u8]> {
    match with_plain_format(bytes) {
        Some(plain) => Cow::Owned(with_true_sizes(&plain).unwrap_or(plain)),
        None => with_true_sizes(bytes).map_or(Cow::Borrowed(bytes), Cow::Owned),
    }
}

/// Linear and floating samples are described in 16 bytes, G.711 in 18, of which many writers leave
/// the last two out. What some write beyond that says nothing.
fn with_plain_format(bytes: &[u8]) -> Option<Vec<u8>> {
    let (at, size) = chunk(bytes, b"fmt ")?;
    let format = bytes.get(at..at + FORMAT.min(size))?;
    let wanted = match format.first_chunk() {
        Some([1 | 3, 0]) => FORMAT,
        Some([6 | 7, 0]) => FORMAT + 2,
        _ => return None,
    };
    if size == wanted || format.len() < FORMAT {
        return None;
    }
    let mut plain = Vec::with_capacity(bytes.len() + 2);
    plain.extend(bytes.get(..at)?);
    plain.extend(format);
    plain.resize(at + wanted, 0);
    plain.extend(bytes.get(at + size + size % 2..)?);
    write_size(&mut plain, at - 4, wanted);
    let whole = plain.len() - CHUNK_HEADER;
    write_size(&mut plain, 4, whole);
    Some(plain)
}

fn with_true_sizes(bytes: &[u8]) -> Option<Vec<u8>> {
    let (at, claimed) = chunk(bytes, b"data")?;
    let there = bytes.len() - at;
    // Who writes to a pipe does not know the size, and may leave it at 0.
    let is_unknown = claimed == 0 && there > CHUNK_HEADER && !is_chunk(bytes, at);
    // Some writers leave the outer size at 0 or say the inner one there.
    let is_outer_short = read_size(bytes, 4) < at - CHUNK_HEADER + claimed;
    if claimed <= there && !is_unknown && !is_outer_short {
        return None;
    }
    let mut mended = bytes.to_vec();
    if claimed > there || is_unknown {
        write_size(&mut mended, at - 4, there);
    }
    write_size(&mut mended, 4, bytes.len() - CHUNK_HEADER);
    Some(mended)
}

/// Where a chunk of this name begins, behind its header, and how many bytes it is said to have.
fn chunk(bytes: &[u8], wanted: &[u8; 4]) -> Option<(usize, usize)> {
    let mut at = RIFF_HEADER;
    loop {
        let name = bytes.get(at..at + 4)?;
        let size = read_size(bytes, at + 4);
        at += CHUNK_HEADER;
        if name == wanted {
            return (at <= bytes.len()).then_some((at, size));
        }
        at = at.checked_add(size)?.checked_add(size % 2)?;
    }
}

/// Whether a chunk begins there, and not audio.
fn is_chunk(bytes: &[u8], at: usize) -> bool {
    let name = bytes.get(at..at + 4).unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    name.iter().all(is_name) && read_size(bytes, at + 4) <= bytes.len() - at - CHUNK_HEADER
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
