//! Which even ports of the configured range are free.

use std::collections::VecDeque;

use crate::config::Ports;

/// The share of one shard. Ports are used in turn, so that a packet that comes late does not
/// meet the next call on its port.
pub(crate) struct PortPool {
    free: VecDeque<u16>,
    all: usize,
}

impl PortPool {
    /// Every `count`th even port, beginning with the `index`th. `start` is random: a restarted
    /// server does not begin with the ports that its predecessor used last.
    pub(crate) fn new(range: Ports, index: usize, count: usize, start: u32) -> PortPool {
        let first = range.first.saturating_add(range.first % 2);
        let mut free: VecDeque<u16> = (first..=range.last)
            .step_by(2)
            .skip(index)
            .step_by(count.max(1))
            .collect();
        if !free.is_empty() {
            let by = usize::try_from(start).unwrap_or_default() % free.len();
            free.rotate_left(by);
        }
        PortPool {
            all: free.len(),
            free,
        }
    }

    pub(crate) fn take(&mut self) -> Option<u16> {
        self.free.pop_front()
    }

    pub(crate) fn give_back(&mut self, port: u16) {
        self.free.push_back(port);
    }

    pub(crate) fn free(&self) -> usize {
        self.free.len()
    }

    pub(crate) fn in_use(&self) -> usize {
        self.all - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_the_range_without_overlap() {
        let range = Ports {
            first: 30_001,
            last: 30_012,
        };
        let mut all: Vec<u16> = Vec::new();
        for index in 0..3 {
            let mut pool = PortPool::new(range, index, 3, 7);
            assert_eq!(pool.free(), 2);
            while let Some(port) = pool.take() {
                all.push(port);
            }
        }
        all.sort_unstable();
        assert_eq!(all, [30_002, 30_004, 30_006, 30_008, 30_010, 30_012]);
    }

    #[test]
    fn a_freed_port_is_used_last() {
        let mut pool = PortPool::new(Ports { first: 2, last: 6 }, 0, 1, 0);
        let first = pool.take().unwrap();
        pool.give_back(first);
        assert_ne!(pool.take(), Some(first));
        assert_eq!(pool.in_use(), 1);
    }
}
