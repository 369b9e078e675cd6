//! OGG files, before a decoder believes what they say of themselves.
//!
//! A Vorbis stream brings its own codebooks, and a few bytes can ask for gigabytes of them (Vorbis
//! I specification, section 3.2.1). So they are added up first.

use std::collections::BTreeMap;

use super::DecodeError;

/// Values of all codebooks together: forty times what the largest encoder preset needs.
const MOST_VALUES: u64 = 1 << 22;
/// What a decoder refuses by itself.
const MOST_DIMENSIONS: u64 = 32;
const MOST_ENTRIES: u64 = 128 * 1_024;

const PAGE_HEADER: usize = 27;
const CHECKSUM: std::ops::Range<usize> = 22..26;

/// The pages from the beginning on that are whole, if their codebooks are of a sane size.
pub(super) fn sane(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let mut streams: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    let mut whole = 0;
    while let Some(page) = bytes.get(whole..).and_then(Page::read) {
        streams.entry(page.serial).or_default().extend(page.payload);
        whole += page.length;
    }
    let values: u64 = streams
        .values()
        .map(|payload| codebook_values(payload))
        .sum();
    if values > MOST_VALUES {
        let what = format!("{values} values in Vorbis codebooks");
        return Err(DecodeError::Unsupported(what));
    }
    Ok(bytes.get(..whole).unwrap_or_default())
}

/// A page (RFC 3533, section 6).
struct Page<'a> {
    serial: u32,
    payload: &'a [u8],
    length: usize,
}

impl Page<'_> {
    /// The page at the beginning of the bytes; `None` if it is cut off or damaged.
    fn read(bytes: &[u8]) -> Option<Page<'_>> {
        let header = bytes.get(..PAGE_HEADER)?;
        let segments = usize::from(*header.last()?);
        let table = bytes.get(PAGE_HEADER..PAGE_HEADER + segments)?;
        let begin = PAGE_HEADER + segments;
        let length = begin + table.iter().map(|size| usize::from(*size)).sum::<usize>();
        let page = bytes.get(..length)?;
        let number = |at: usize| Some(u32::from_le_bytes(*page.get(at..)?.first_chunk()?));
        let genuine = page.starts_with(b"OggS") && number(CHECKSUM.start)? == checksum(page);
        genuine.then_some(Page {
            serial: number(14)?,
            payload: page.get(begin..)?,
            length,
        })
    }
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            let carry = rest & 0x8000_0000 != 0;
            rest <<= 1;
            if carry {
                rest ^= 0x04c1_1db7;
            }
            bit += 1;
        }
        #[allow(
            clippy::indexing_slicing,
            reason = "for a constant: out of bounds cannot compile"
        )]
        {
            table[byte] = rest;
        }
        byte += 1;
    }
    table
}

/// The CRC of a page, its own field taken as zero.
fn checksum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0, |sum, (at, byte)| {
        let byte = if CHECKSUM.contains(&at) { 0 } else { *byte };
        let index = (sum >> 24) as u8 ^ byte;
        sum << 8 ^ TABLE.get(usize::from(index)).copied().unwrap_or_default()
    })
}

/// The values of all codebooks that begin anywhere in the payload, at whatever bit. A codebook
/// begins with 24 bits that nothing else has, then its dimensions and its entries.
fn codebook_values(payload: &[u8]) -> u64 {
    const SYNC: u64 = 0x56_4342;
    let mut sum = 0;
    for at in 0..payload.len() {
        let rest = payload.get(at..).unwrap_or_default();
        let mut bytes = [0; 16];
        for (slot, byte) in bytes.iter_mut().zip(rest) {
            *slot = *byte;
        }
        let bits = u128::from_le_bytes(bytes);
        for shift in 0..8 {
            let bits = bits >> shift;
            if bits as u64 & 0xff_ffff == SYNC {
                let dimensions = (bits >> 24) as u64 & 0xffff;
                let entries = (bits >> 40) as u64 & 0xff_ffff;
                if dimensions <= MOST_DIMENSIONS && entries <= MOST_ENTRIES {
                    sum += dimensions * entries;
                }
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONE: &[u8] = include_bytes!("../../tests/data/tone.ogg");

    /// A page of one stream around this payload.
    fn page(serial: u32, payload: &[u8]) -> Vec<u8> {
        let mut page = b"OggS\0\0\0\0\0\0\0\0\0\0".to_vec();
        page.extend(serial.to_le_bytes());
        page.extend([0; 8]);
        let table: Vec<u8> = payload.chunks(255).map(|chunk| chunk.len() as u8).collect();
        page.push(table.len() as u8);
        page.extend(table);
        page.extend(payload);
        let sum = checksum(&page);
        page[CHECKSUM].copy_from_slice(&sum.to_le_bytes());
        page
    }

    /// The beginning of a codebook, behind some bits.
    fn codebook(shift: u32, dimensions: u64, entries: u64) -> Vec<u8> {
        let bits = (0x56_4342 | u128::from(dimensions) << 24 | u128::from(entries) << 40) << shift;
        bits.to_le_bytes().to_vec()
    }

    #[test]
    fn what_an_encoder_wrote_is_whole_and_small() {
        assert_eq!(sane(TONE).unwrap().len(), TONE.len());
        let serial = u32::from_le_bytes(*TONE[14..].first_chunk().unwrap());
        let mut payload = Vec::new();
        let mut rest = TONE;
        while let Some(page) = Page::read(rest) {
            assert_eq!(page.serial, serial);
            payload.extend(page.payload);
            rest = &rest[page.length..];
        }
        let values = codebook_values(&payload);
        assert!((1_000..MOST_VALUES / 10).contains(&values), "{values}");
    }

    #[test]
    fn codebooks_that_ask_for_too_much_are_refused_at_any_bit_and_over_pages() {
        for shift in 0..8 {
            let greedy: Vec<u8> = (0..2)
                .flat_map(|_| codebook(shift, 32, 128 * 1_024))
                .collect();
            assert!(matches!(
                sane(&page(1, &greedy)),
                Err(DecodeError::Unsupported(_))
            ));
            // A page of somebody else between the halves of a codebook hides nothing.
            let (first, second) = greedy.split_at(2);
            let hidden = [page(1, first), page(2, b"!!"), page(1, second)].concat();
            assert!(sane(&hidden).is_err(), "{shift}");
        }
        assert!(sane(&page(1, &codebook(3, 8, 4_096))).is_ok());
    }

    #[test]
    fn a_damaged_or_cut_page_ends_the_file() {
        let first = page(1, b"first");
        let mut file = [first.clone(), page(1, b"second")].concat();
        assert_eq!(sane(&file).unwrap().len(), file.len());
        assert_eq!(sane(&file[..file.len() - 1]).unwrap(), first);
        *file.last_mut().unwrap() ^= 1;
        assert_eq!(sane(&file).unwrap(), first);
        assert_eq!(sane(b"OggS").unwrap(), b"");
    }
}
