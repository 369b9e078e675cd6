//! The order in which equals are tried.

use std::net::IpAddr;

use super::Srv;

/// Random numbers that the same seed gives again (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number from 0 to `most`.
    fn up_to(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most.saturating_add(1)
    }
}

/// By priority, and within one priority at random by weight (RFC 2782, "Usage rules").
pub(super) fn by_priority(mut records: Vec<Srv>, dice: &mut Dice) -> Vec<Srv> {
    // Records without weight stand first in each round, so that they have their small chance.
    records.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let group = records.partition_point(|record| record.priority == priority);
        let weights = records.iter().take(group).map(|r| u64::from(r.weight));
        let chosen = dice.up_to(weights.clone().sum());
        let sums = weights.scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let at = sums.into_iter().position(|sum| sum >= chosen).unwrap_or(0);
        ordered.push(records.remove(at));
    }
    ordered
}

/// One of each list in turn: a family that does not work costs one attempt, not all of them.
pub(super) fn alternate<'a>(lists: &'a [&'a [IpAddr]]) -> impl Iterator<Item = IpAddr> + 'a {
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    (0..longest).flat_map(move |at| lists.iter().filter_map(move |list| list.get(at)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> Srv {
        Srv {
            priority,
            weight,
            port: 5060,
            target: target.to_owned(),
        }
    }

    #[test]
    fn a_lower_priority_comes_first_whatever_the_weights() {
        for seed in 0..50 {
            let records = vec![record(20, 65535, "late"), record(10, 0, "first")];
            let ordered = by_priority(records, &mut Dice::new(seed));
            assert_eq!(ordered[0].target, "first");
        }
    }

    #[test]
    fn within_a_priority_the_share_follows_the_weight() {
        let mut first = 0;
        for seed in 0..4000 {
            let records = vec![record(1, 10, "small"), record(1, 30, "large")];
            let ordered = by_priority(records, &mut Dice::new(seed));
            assert_eq!(ordered.len(), 2);
            first += u32::from(ordered[0].target == "large");
        }
        assert!((2800..3200).contains(&first), "{first} of 4000");
    }

    #[test]
    fn a_record_without_weight_is_still_tried_first_now_and_then() {
        let first = (0..4000).filter(|seed| {
            let records = vec![record(1, 9, "large"), record(1, 0, "none")];
            by_priority(records, &mut Dice::new(*seed))[0].target == "none"
        });
        assert!((200..600).contains(&first.count()));
    }
}
