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
    clips: HashMap<OrderKey, (Arc<Clip>, u64)>,
    by_use: BTreeMap<u64, OrderKey>,
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
        let (clip, use_) = self.clips.get_mut(&key)?;
        self.used += 1;
        self.by_use.remove(use_);
        self.by_use.insert(self.used, key);
        *use_ = self.used;
        Some(Arc::clone(clip))
    }

    pub(crate) fn put(&mut self, key: OrderKey, clip: &Arc<Clip>) {
        let size = size(clip);
        if size > self.most || self.clips.contains_key(&key) {
            return;
        }
        self.used += 1;
        self.held += size;
        self.clips.insert(key, (Arc::clone(clip), self.used));
        self.by_use.insert(self.used, key);
        while self.held > self.most {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                break;
            };
            if let Some((clip, _)) = self.clips.remove(&oldest) {
                self.held -= self::size(&clip);
            }
        }
    }
}

/// What a clip holds before anybody asked it for another rendition, twice over for those.
fn size(clip: &Clip) -> usize {
    clip.samples().len() * 4 + 256
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
        let mut shelf = Shelf::new(3 * (400 + 256));
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
