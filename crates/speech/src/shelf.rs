//! Clips in memory, the least used forgotten first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hookflash_audio::Clip;

use crate::synthesizer::OrderKey;

/// Clips up to a number of bytes in all.
#[derive(Debug)]
pub(crate) struct Shelf {
    most: usize,
    held: usize,
    used: u64,
    clips: HashMap<OrderKey, Kept>,
    by_use: BTreeMap<u64, OrderKey>,
}

#[derive(Debug)]
struct Kept {
    clip: Arc<Clip>,
    used: u64,
    /// What it held when it came; players may make it hold more.
    size: usize,
}

impl Shelf {
    pub(crate) fn new(most: usize) -> Shelf {
        Shelf {
            most,
            held: 0,
            used: 0,
            clips: HashMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&mut self, key: OrderKey) -> Option<Arc<Clip>> {
        let kept = self.clips.get_mut(&key)?;
        self.used += 1;
        self.by_use.remove(&kept.used);
        self.by_use.insert(self.used, key);
        kept.used = self.used;
        Some(Arc::clone(&kept.clip))
    }

    pub(crate) fn put(&mut self, key: OrderKey, clip: &Arc<Clip>) {
        let size = clip.memory();
        if size > self.most || self.clips.contains_key(&key) {
            return;
        }
        self.used += 1;
        self.held += size;
        let kept = Kept {
            clip: Arc::clone(clip),
            used: self.used,
            size,
        };
        self.clips.insert(key, kept);
        self.by_use.insert(self.used, key);
        while self.held > self.most {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                break;
            };
            if let Some(kept) = self.clips.remove(&oldest) {
                self.held -= kept.size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(samples: usize) -> Arc<Clip> {
        Arc::new(Clip::new(8_000, vec![1; samples]))
    }

    #[test]
    fn the_least_used_goes_first() {
        let key = OrderKey::of_test;
        let mut shelf = Shelf::new(3 * clip(100).memory());
        for number in 1..=3 {
            shelf.put(key(number), &clip(100));
        }
        assert!(shelf.get(key(1)).is_some());
        shelf.put(key(4), &clip(100));
        assert!(shelf.get(key(2)).is_none());
        assert!(shelf.get(key(1)).is_some());
        assert!(shelf.get(key(3)).is_some());
        assert!(shelf.get(key(4)).is_some());
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut shelf = Shelf::new(1_000);
        shelf.put(OrderKey::of_test(1), &clip(10_000));
        assert!(shelf.get(OrderKey::of_test(1)).is_none());
        assert_eq!(shelf.held, 0);
    }
}
