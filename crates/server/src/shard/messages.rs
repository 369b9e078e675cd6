//! How many SIP messages a shard has read and sent, for metrics.

use std::cell::Cell;

/// How a response begins; a request never does.
pub(super) const RESPONSE: &[u8] = b"SIP/2.0 ";

/// Longer than this is no keep-alive (RFC 5626 section 3.5.1).
const KEEP_ALIVE: usize = 4;

/// The messages of one shard.
#[derive(Debug, Default)]
pub(super) struct Messages(Cell<Counted>);

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) requests_in: u64,
    pub(crate) responses_in: u64,
    pub(crate) requests_out: u64,
    pub(crate) responses_out: u64,
}

impl Messages {
    pub(super) fn read(&self, is_response: bool, length: usize) {
        if length <= KEEP_ALIVE {
            return;
        }
        self.count(|counted| match is_response {
            true => &mut counted.responses_in,
            false => &mut counted.requests_in,
        });
    }

    pub(super) fn sent(&self, is_response: bool) {
        self.count(|counted| match is_response {
            true => &mut counted.responses_out,
            false => &mut counted.requests_out,
        });
    }

    pub(super) fn counted(&self) -> Counted {
        self.0.get()
    }

    fn count(&self, which: impl FnOnce(&mut Counted) -> &mut u64) {
        let mut counted = self.0.get();
        *which(&mut counted) += 1;
        self.0.set(counted);
    }
}
