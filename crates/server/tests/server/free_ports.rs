//! Ranges of UDP ports that nobody else has.

use std::net::{TcpListener, UdpSocket};

/// Ports come in blocks of so many.
const BLOCK: u16 = 32;
/// The blocks that are used: below the ports of RTP by default, and of those who ask for any.
const BLOCKS: std::ops::Range<u16> = 320..930;

/// A range for one test. Whoever reserves ports in this way, in this process or another, gets others
/// as long as this lives: each block is marked by listening at its first port with TCP, which is
/// another space of ports than UDP's.
pub(crate) struct FreePorts {
    pub(crate) first: u16,
    pub(crate) last: u16,
    _marks: Vec<TcpListener>,
}

impl FreePorts {
    /// So many ports in a row, from an even one on.
    pub(crate) fn reserve(count: u16) -> FreePorts {
        let blocks = count.div_ceil(BLOCK);
        let starts = BLOCKS.end - BLOCKS.start - blocks;
        let begin = rand::random_range(0..starts);
        (0..starts)
            .map(|number| BLOCKS.start + (begin + number) % starts)
            .find_map(|block| FreePorts::at(block * BLOCK, blocks, count))
            .expect("no ports are free")
    }

    fn at(first: u16, blocks: u16, count: u16) -> Option<FreePorts> {
        let marks =
            (0..blocks).map(|block| TcpListener::bind(("127.0.0.1", first + block * BLOCK)));
        let marks = marks.collect::<Result<Vec<_>, _>>().ok()?;
        let last = first + count - 1;
        let is_free = |port| UdpSocket::bind(("0.0.0.0", port)).is_ok();
        (first..=last).all(is_free).then_some(FreePorts {
            first,
            last,
            _marks: marks,
        })
    }
}
