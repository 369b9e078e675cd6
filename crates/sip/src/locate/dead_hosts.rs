//! Memory of what did not answer (RFC 3263 section 4.3, RFC 3261 section 21.5.4).

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

/// How many are remembered; beyond, those that come back first give way.
const MOST: usize = 1024;

/// What failed not long ago, and until when it is tried last. Keys are addresses, trunks or
/// whatever else can be dead. Nothing is ever left out because of it: when all are dead, the
/// first is tried as before.
#[derive(Clone, Debug)]
pub struct DeadHosts<K> {
    until: HashMap<K, Instant>,
}

impl<K> Default for DeadHosts<K> {
    fn default() -> DeadHosts<K> {
        DeadHosts {
            until: HashMap::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> DeadHosts<K> {
    /// Nothing came back from it, or a refusal to take any calls. A longer time that is known
    /// already stays.
    pub fn bury(&mut self, now: Instant, host: K, until: Instant) {
        if self.until.len() >= MOST && !self.until.contains_key(&host) {
            self.until.retain(|_, until| *until > now);
            let first = self.until.iter().min_by_key(|(_, until)| **until);
            let first = first.map(|(host, _)| *host);
            if let Some(first) = first.filter(|_| self.until.len() >= MOST) {
                self.until.remove(&first);
            }
        }
        let known = self.until.entry(host).or_insert(until);
        *known = until.max(*known);
    }

    /// It answered.
    pub fn revive(&mut self, host: K) {
        if !self.until.is_empty() {
            self.until.remove(&host);
        }
    }

    /// Whether it failed not long ago.
    pub fn is_dead(&self, now: Instant, host: K) -> bool {
        self.until.get(&host).is_some_and(|until| *until > now)
    }

    /// Moves the dead behind the living, each group in its order.
    pub fn put_last<T>(&self, now: Instant, list: &mut [T], key: impl Fn(&T) -> K) {
        if !self.until.is_empty() {
            list.sort_by_key(|item| self.is_dead(now, key(item)));
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_dead_are_tried_last_until_their_time_is_over() {
        let now = Instant::now();
        let mut hosts = DeadHosts::default();
        hosts.bury(now, 1, now + MINUTE);
        let mut list = [1, 2, 3];
        hosts.put_last(now, &mut list, |host| *host);
        assert_eq!(list, [2, 3, 1]);
        let mut list = [1, 2, 3];
        hosts.put_last(now + MINUTE, &mut list, |host| *host);
        assert_eq!(list, [1, 2, 3]);
        hosts.revive(1);
        assert!(!hosts.is_dead(now, 1) && hosts.is_empty());
    }

    #[test]
    fn a_shorter_time_does_not_shorten_a_longer_one() {
        let now = Instant::now();
        let mut hosts = DeadHosts::default();
        hosts.bury(now, 1, now + MINUTE * 10);
        hosts.bury(now, 1, now + MINUTE);
        assert!(hosts.is_dead(now + MINUTE * 5, 1));
    }

    #[test]
    fn ever_more_dead_hosts_do_not_take_ever_more_room() {
        let now = Instant::now();
        let mut hosts = DeadHosts::default();
        for host in 0..10_000_u32 {
            hosts.bury(
                now,
                host,
                now + MINUTE + Duration::from_secs(u64::from(host)),
            );
        }
        assert_eq!(hosts.len(), MOST);
        assert!(hosts.is_dead(now, 9_999) && !hosts.is_dead(now, 0));
    }
}
